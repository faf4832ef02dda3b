//! What the tests need from the machine: PostgreSQL, Chromium, Node.
//!
//! On Debian as root they are installed as packages; anywhere else the run stops and says what is
//! missing, by the name under which it is to be had.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{postgres, say, watch};

/// How often an installation is tried: the first attempt of a new machine can stop half-way.
const INSTALL_ATTEMPTS_MAX: u32 = 3;

/// Names under which Chromium is installed.
const CHROMIUM: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// One thing the tests need.
struct Need {
    what: &'static str,
    package: &'static str,
    is_met: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        what: "PostgreSQL 15 or later, the server",
        package: "postgresql",
        is_met: || postgres::binaries().is_some(),
    },
    Need { what: "Chromium", package: "chromium", is_met: || chromium().is_some() },
    Need { what: "Node", package: "nodejs", is_met: || command("node").is_some() },
    Need { what: "npm", package: "npm", is_met: || command("npm").is_some() },
];

/// Makes sure that everything is there, installing it where that is ours to do.
pub(crate) fn meet() -> Result<()> {
    if missing().is_empty() {
        return Ok(());
    }
    if command("apt-get").is_none() || !is_root() {
        bail!(
            "the tests need what this machine lacks:\n{}\nInstall it, or run as root on Debian.",
            list(&missing())
        );
    }
    for attempt in 1..=INSTALL_ATTEMPTS_MAX {
        let packages: Vec<&str> = missing().iter().map(|need| need.package).collect();
        say::line(&format!("installing {} (attempt {attempt})", packages.join(", ")));
        install(&packages)?;
        if missing().is_empty() {
            return Ok(());
        }
    }
    bail!("could not install what the tests need:\n{}", list(&missing()))
}

fn missing() -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| !(need.is_met)()).collect()
}

fn list(needs: &[&Need]) -> String {
    let line = |need: &&Need| format!("  {} (Debian package {})", need.what, need.package);
    needs.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// One attempt; what is still missing afterwards decides whether there is another.
fn install(packages: &[&str]) -> Result<()> {
    let steps: [(&str, &[&str], &[&str]); 3] = [
        ("dpkg", &["--configure", "-a"], &[]),
        ("apt-get", &["update"], &[]),
        ("apt-get", &["install", "--yes", "--no-install-recommends"], packages),
    ];
    for (program, arguments, more) in steps {
        let status = Command::new(program)
            .args(arguments)
            .args(more)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .status()
            .with_context(|| format!("could not start {program}"))?;
        if !status.success() {
            say::line(&format!("{program} {} ended with {status}", arguments.join(" ")));
        }
    }
    Ok(())
}

/// Where a command is found, if it is.
pub(crate) fn command(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&watch::command_path())
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// The Chromium to drive.
pub(crate) fn chromium() -> Option<PathBuf> {
    CHROMIUM.iter().find_map(|name| command(name))
}

/// Whether this is the superuser, who may install and must not run PostgreSQL.
pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_by_name() {
        assert!(command("sh").is_some());
        assert!(command("no-such-command-here").is_none());
    }

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        let all: Vec<&Need> = NEEDS.iter().collect();
        let text = list(&all);
        assert!(text.contains("Chromium (Debian package chromium)"), "{text}");
        assert_eq!(text.lines().count(), NEEDS.len());
    }
}
