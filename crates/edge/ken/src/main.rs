//! The binary: configuration, wiring and commands.
//!
//! # Invariants
//!
//! - The environment, the arguments and the standard streams are touched in this crate alone.
//! - Standard output carries what was asked for; everything else goes to standard error.

mod accounts;
mod agreement;
mod background;
mod cli;
mod config;
mod control;
mod demo;
mod forms;
mod house;
mod ledger;
mod listen;
mod matching;
mod organisations;
mod portal;
mod probe;
mod progress;
mod ready;
mod run;
mod say;
mod serve;
mod services;
mod standards;
mod steady;
mod stop;
mod telemetry;
mod trouble;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::trouble::{NOTHING_DONE, Trouble};

/// Pages are made of many small texts, which the C library's allocator gives out slowly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            say::err(&format!("ken: {trouble}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        let next = "Check the limits of this account.";
        Trouble::new("ken.runtime", "Ken could not start its threads.", NOTHING_DONE, next)
            .because(error)
    })?;
    runtime.block_on(async {
        match command {
            Command::Demo(of) => Box::pin(demo::run(of)).await,
            Command::Serve(of) => Box::pin(serve::run(of)).await,
            Command::CheckConfig(of) => serve::check_config(&of).await,
            Command::Migrate(of) => serve::migrate(&of).await,
            Command::Agreement(of) => Box::pin(agreement::run(of)).await,
            Command::Organisations(of) => organisations::run(of).await,
            Command::Services(of) => Box::pin(services::run(of)).await,
            Command::Accounts(of) => Box::pin(accounts::run(of)).await,
            Command::Ledger(of) => Box::pin(ledger::run(of)).await,
            Command::Match(of) => matching::run(of),
            Command::Standards(of) => standards::run(&of),
        }
    })
}
