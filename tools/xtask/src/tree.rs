//! The repository's files as the rules see them: tracked or about to be, text only.
//!
//! Invariant: paths are relative to the root and use `/`, whatever the machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::source::Source;

/// One text file.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every text file of the repository, with the Rust ones read as tokens.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    pub(crate) sources: Vec<Source>,
    /// Rust files that are not Rust: path and what the lexer said.
    pub(crate) broken: Vec<(String, String)>,
}

impl Tree {
    /// Reads what git tracks or would track; ignored files are no part of the house.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("git is needed to list the files")?;
        if !listed.status.success() {
            bail!("git could not list the files: {}", String::from_utf8_lossy(&listed.stderr));
        }
        let names = String::from_utf8(listed.stdout).context("a file name is not UTF-8")?;
        let mut files = Vec::new();
        for path in names.split('\0').filter(|name| !name.is_empty()) {
            // Deleted in the work tree but still tracked, or not text: nothing to check.
            if let Ok(text) = std::fs::read_to_string(root.join(path)) {
                files.push(File { path: path.to_owned(), text });
            }
        }
        Ok(Self::of(files))
    }

    pub(crate) fn of(files: Vec<File>) -> Self {
        let mut sources = Vec::new();
        let mut broken = Vec::new();
        for file in files.iter().filter(|file| has_extension(&file.path, "rs")) {
            match Source::read(&file.path, &file.text) {
                Ok(source) => sources.push(source),
                Err(why) => broken.push((file.path.clone(), why)),
            }
        }
        Self { files, sources, broken }
    }

    pub(crate) fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The manifests of the workspace's members.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| {
            (file.path.starts_with("crates/") || file.path.starts_with("tools/"))
                && file.path.ends_with("/Cargo.toml")
        })
    }
}

/// Whether a path ends in this extension, as the house writes them (lower case).
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

/// The crate that a path belongs to: the folder of its manifest, by name.
pub(crate) fn crate_of(path: &str) -> Option<&str> {
    let mut parts = path.split('/');
    match parts.next() {
        Some("crates") => parts.nth(1),
        Some("tools") => parts.next(),
        _ => None,
    }
}

/// The repository's root, wherever in it the command was called.
pub(crate) fn root() -> Result<PathBuf> {
    // `cargo xtask` compiles this tool in the checkout that it serves.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(Path::to_path_buf).context("xtask is not under tools/ any more")
}

/// A tree for the rules' own tests.
#[cfg(test)]
pub(crate) fn made_of(files: &[(&str, &str)]) -> Tree {
    let file = |(path, text): &(&str, &str)| File { path: (*path).into(), text: (*text).into() };
    let tree = Tree::of(files.iter().map(file).collect());
    assert_eq!(tree.broken, []);
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_crate() {
        let check = |path, named| assert_eq!(crate_of(path), named, "{path}");
        check("crates/ground/ken-store/src/sql.rs", Some("ken-store"));
        check("tools/xtask/Cargo.toml", Some("xtask"));
        check("docs/errors.md", None);
    }

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().expect("a root").join("Cargo.lock").exists());
    }
}
