//! `cargo xtask bench`: what Ken does in a second, as a table, beside the disk's own rate.
//!
//! Invariants: every durable figure stands beside the fsync rate that was measured next to it,
//! because a disk does between 200 and 9,000 a second and a client that waits for each answer
//! cannot beat connections times that rate; every loop is bounded in count and in time; no
//! address but loopback is ever a target.

mod disk;
mod program;
mod sample;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::{say, tree};

/// Where the figures' data lies while they are taken: on the disk that is measured.
const FOLDER: &str = "target/bench";

/// How long the disk is measured: long enough for a rate, short enough to stand beside others.
const DISK_TIME: Duration = Duration::from_secs(2);

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Only these parts; all of them when none is named
    #[arg(value_parser = PARTS)]
    parts: Vec<String>,
}

/// The parts by name, in their order.
const PARTS: [&str; 4] = ["disk", "store", "hl7", "gate"];

/// Programs of the crates that measure themselves: part, crate, example.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("store", "ken-store", "commit_rate"),
    ("hl7", "ken-hl7", "throughput"),
    ("gate", "ken-sharing", "decide_rate"),
];

impl Wanted {
    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

/// Measures the parts that exist and prints what each said.
pub(crate) fn run(wanted: &Wanted) -> Result<ExitCode> {
    let root = tree::root()?;
    let folder = root.join(FOLDER);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("could not make {}", folder.display()))?;
    if wanted.wants("disk") {
        disk(&folder, "before")?;
    }
    for (part, owner, example) in PROGRAMS {
        if wanted.wants(part) {
            program::run(&root, owner, example)?;
        }
    }
    if wanted.wants("disk") && wanted.parts.len() != 1 {
        disk(&folder, "after")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn disk(folder: &Path, when: &str) -> Result<()> {
    let syncs = disk::fsync(folder, DISK_TIME)?;
    say::line(&format!("== disk, {when}: fsync of 4 KiB appended, one at a time: {syncs}"));
    Ok(())
}
