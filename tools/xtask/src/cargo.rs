//! Cargo, as the house calls it from within a program that cargo itself runs.

use std::process::Command;

/// What `cargo run` tells a program of its own package. Build scripts that ask for one of these
/// names would be run again whenever it is called from here, and all that stands on them be built
/// again: minutes, each time a developer goes from `cargo` to `cargo xtask` and back.
const OF_THIS_PACKAGE: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// Cargo with these arguments, told nothing of the package whose program this is.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        if OF_THIS_PACKAGE.iter().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_told_nothing_of_this_package() {
        // The test itself is run by cargo, which told it.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let command = cargo(&["--version"]);
        let kept = |name: &str| !command.get_envs().any(|(gone, to)| gone == name && to.is_none());
        assert!(!kept("CARGO_MANIFEST_DIR") && !kept("CARGO_PKG_NAME"));
        assert!(kept("CARGO_HOME") && kept("CARGO_TARGET_DIR") && kept("PATH"));
    }
}
