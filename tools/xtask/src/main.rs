//! The project's own commands: tidy, test, bench, soak and mutants.
//!
//! Everything that a developer or the CI runs is one of these; `.ci/run` calls `test` alone.
//! The environment is read here, in `ken`, and nowhere else.

mod bench;
mod cargo;
mod mutants;
mod needs;
mod postgres;
mod say;
mod server;
mod soak;
mod source;
mod test;
mod tidy;
mod tree;
mod watch;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The commands of the house.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the house rules that neither the compiler nor clippy can see
    Tidy,
    /// Install what the tests need and run everything that CI runs
    Test(test::Wanted),
    /// Make each known wrong change in a copy and see that its test fails
    Mutants(mutants::Wanted),
    /// Fuzz and simulate for longer than CI does
    Soak(soak::Wanted),
    /// Measure what Ken does in a second, beside the disk's own rate
    Bench(bench::Wanted),
}

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            say::line(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Tidy => tidy::run(),
        Command::Test(wanted) => test::run(wanted),
        Command::Mutants(wanted) => mutants::run(wanted),
        Command::Soak(wanted) => soak::run(wanted),
        Command::Bench(wanted) => bench::run(wanted),
    }
}
