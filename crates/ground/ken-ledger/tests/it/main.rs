//! The ledger over a database, on every engine there is.
#![cfg(test)]

mod append;
mod audit;
mod erase;
mod export;
mod head;
mod prove;
mod receipts;
mod seal;
mod setup;
mod sql;
mod witness;
