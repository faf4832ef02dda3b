//! Runs the programs by which a crate measures itself: examples, built for release.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::cargo::cargo;
use crate::watch::Watch;
use crate::{postgres, say};

/// Runs an example and passes its table on; one that is not there yet is said.
///
/// An example that reads the command line is given the folder to measure in and the address of a
/// PostgreSQL; one that asks the environment finds the same address there.
pub(super) fn run(
    root: &Path,
    (owner, example): (&str, &str),
    folder: &Path,
    address: Option<&str>,
) -> Result<()> {
    let Some(source) = source(root, owner, example) else {
        say::line(&format!("== {owner}: it has no example `{example}` yet"));
        return Ok(());
    };
    let watch = Watch::start();
    build(root, &["--package", owner, "--example", example])?;
    say::line(&format!("== {owner}: {example} (built in {:.0} s)", watch.seconds()));
    let mut command = Command::new(root.join("target/release/examples").join(example));
    let text = std::fs::read_to_string(&source).context("the example cannot be read")?;
    if text.contains("DIRECTORY") {
        command.arg(folder).args(address);
    }
    command.envs(address.map(|address| (postgres::SETTING, address)));
    let ran = command.current_dir(root).stdin(Stdio::null()).status();
    ensure!(ran.context("could not start the example")?.success(), "{example} failed");
    Ok(())
}

/// Builds something for release.
pub(super) fn build(root: &Path, what: &[&str]) -> Result<()> {
    let mut command = cargo(&["build", "--release", "--quiet", "--locked"]);
    command.args(what).current_dir(root);
    let outcome = command.status().context("could not start cargo")?;
    ensure!(outcome.success(), "{} does not build", what.join(" "));
    Ok(())
}

fn source(root: &Path, owner: &str, example: &str) -> Option<PathBuf> {
    let floors = ["language", "ground", "domain", "edge"];
    let folders = floors.iter().map(|floor| root.join("crates").join(floor).join(owner));
    let file = |folder: PathBuf| folder.join("examples").join(format!("{example}.rs"));
    folders.map(file).find(|path| path.exists())
}
