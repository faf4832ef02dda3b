//! Runs the programs by which a crate measures itself: examples, built for release.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::say;
use crate::watch::Watch;

/// Runs an example and passes its table on; one that is not there yet is said.
pub(super) fn run(root: &Path, owner: &str, example: &str) -> Result<()> {
    if source(root, owner, example).is_none() {
        say::line(&format!("== {owner}: it has no example `{example}` yet"));
        return Ok(());
    }
    let example_of = ["--release", "--quiet", "--package", owner, "--example", example];
    let watch = Watch::start();
    let built = Command::new("cargo").arg("build").args(example_of).current_dir(root).status();
    anyhow::ensure!(built.context("could not start cargo")?.success(), "{example} does not build");
    say::line(&format!("== {owner}: {example} (built in {:.0} s)", watch.seconds()));
    let ran = Command::new("cargo")
        .arg("run")
        .args(example_of)
        .current_dir(root)
        .stdin(Stdio::null())
        .status();
    anyhow::ensure!(ran.context("could not start cargo")?.success(), "{example} failed");
    Ok(())
}

fn source(root: &Path, owner: &str, example: &str) -> Option<PathBuf> {
    let floors = ["language", "ground", "domain", "edge"];
    let folders = floors.iter().map(|floor| root.join("crates").join(floor).join(owner));
    folders
        .map(|folder| folder.join("examples"))
        .flat_map(|folder| [folder.join(format!("{example}.rs")), folder.join(example)])
        .find(|path| path.exists())
}
