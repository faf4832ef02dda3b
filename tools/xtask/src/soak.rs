//! `cargo xtask soak`: the fuzz targets and the simulation, for longer than CI runs them.
//!
//! Bounded by the minutes and seeds that are asked for. A target that fails prints the input or
//! the seed that did it, which belongs into a test of its own.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::cargo::cargo;
use crate::say;
use crate::tree::{self, Tree, crate_of};

/// The setting by which bolero ends a target.
const FUZZ_TIME: &str = "BOLERO_RANDOM_TEST_TIME_MS";
/// The setting by which the simulation takes more seeds than CI does.
const SEEDS: &str = "KEN_SIM_SEEDS";
/// The setting by which the deciders are compared on more cases than CI does.
const GATE_CASES: &str = "KEN_GATE_CASES";

/// What to soak alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    /// The three deciders of the gate, on random agreements and requests
    Gate,
}

/// How long to soak.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// One thing alone; everything but the deciders if absent
    #[arg(value_enum)]
    only: Option<Only>,
    /// Cases on which the deciders are compared
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    cases: u64,
    /// Minutes for all fuzz targets together
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    minutes: u64,
    /// Seeds for each simulation
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    seeds: u64,
}

/// A test by its crate and name.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    owner: String,
    name: String,
}

/// Runs every target to its end and says which failed.
pub(crate) fn run(wanted: &Wanted) -> Result<ExitCode> {
    let root = tree::root()?;
    let tree = Tree::read(&root)?;
    let mut failed = 0;
    let mut soak = |target: &Target, setting: &str, value: u64| -> Result<()> {
        say::line(&format!("== {}: {} with {setting}={value}", target.owner, target.name));
        let mut command = cargo(&["test", "--release", "--package", &target.owner]);
        command.args(["--tests", "--", "--nocapture", &target.name]);
        let status = command.env(setting, value.to_string()).current_dir(&root).status();
        if !status.context("could not start cargo")?.success() {
            failed += 1;
        }
        Ok(())
    };
    if wanted.only == Some(Only::Gate) {
        let deciders = reading(&tree, GATE_CASES);
        for target in &deciders {
            soak(target, GATE_CASES, wanted.cases)?;
        }
        return Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let fuzz = fuzz_targets(&tree);
    for target in &fuzz {
        soak(target, FUZZ_TIME, share_ms(wanted.minutes * 60, fuzz.len()))?;
    }
    let simulations = reading(&tree, SEEDS);
    for target in &simulations {
        soak(target, SEEDS, wanted.seeds)?;
    }
    let passed = fuzz.len() + simulations.len() - failed;
    say::line(&format!("{passed} passed, {failed} failed"));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Gives the fuzz targets of a test run this many seconds between them.
pub(crate) fn set_fuzz_time(command: &mut Command, tree: &Tree, seconds: u64) {
    let targets = fuzz_targets(tree).len();
    if targets > 0 {
        command.env(FUZZ_TIME, share_ms(seconds, targets).to_string());
    }
}

fn share_ms(seconds: u64, targets: usize) -> u64 {
    seconds * 1000 / u64::try_from(targets).unwrap_or(1).max(1)
}

/// Tests that call bolero's `check!`.
fn fuzz_targets(tree: &Tree) -> Vec<Target> {
    targets(tree, |source, function| {
        let calls = |at: &crate::source::At| at.text == "bolero::check";
        let mut paths = source.paths.iter();
        paths.any(|path| calls(path) && function.lines.contains(&path.line))
    })
}

/// Tests of files that read a setting.
fn reading(tree: &Tree, setting: &str) -> Vec<Target> {
    targets(tree, |source, _| source.texts.iter().any(|text| text.text == setting))
}

fn targets(
    tree: &Tree,
    wanted: impl Fn(&crate::source::Source, &crate::source::Function) -> bool,
) -> Vec<Target> {
    let mut found = Vec::new();
    for source in &tree.sources {
        let Some(owner) = crate_of(&source.path) else { continue };
        for function in source.functions.iter().filter(|function| function.is_test) {
            if owner != "xtask" && wanted(source, function) {
                found.push(Target { owner: owner.to_owned(), name: function.name.clone() });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::made_of;

    #[test]
    fn targets_are_the_tests_that_fuzz_or_simulate() {
        let text = "//! T.\n#[test]\nfn any_bytes() { bolero::check!().for_each(|_| {}); }\n\
                    #[test]\nfn plain() {}\n";
        let seeded = "//! T.\n#[tokio::test]\nasync fn it_holds() {}\n\
                      fn seeds() { std::env::var(\"KEN_SIM_SEEDS\"); }\n";
        let simulation = "crates/edge/ken-y/tests/it/simulation.rs";
        let tree = made_of(&[("crates/language/ken-x/src/a.rs", text), (simulation, seeded)]);
        let names = |targets: Vec<Target>| -> Vec<String> {
            targets.into_iter().map(|t| format!("{}: {}", t.owner, t.name)).collect()
        };
        assert_eq!(names(fuzz_targets(&tree)), ["ken-x: any_bytes"]);
        assert_eq!(names(reading(&tree, SEEDS)), ["ken-y: it_holds"]);
    }

    #[test]
    fn the_time_is_shared() {
        assert_eq!(share_ms(60, 4), 15_000);
        assert_eq!(share_ms(60, 0), 60_000);
    }
}
