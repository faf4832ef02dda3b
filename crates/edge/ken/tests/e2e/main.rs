//! The binary from outside: real processes, real sockets, a real disk.
#![cfg(test)]

mod accounts;
mod agreement;
mod browser;
mod canary;
mod command;
mod ledger;
mod matching;
mod process;
mod serve;
mod story;
mod wire;
