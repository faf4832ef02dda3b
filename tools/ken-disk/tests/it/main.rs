//! The store over a disk whose power fails.
#![cfg(test)]

mod power;
