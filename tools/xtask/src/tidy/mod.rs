//! The house rules that neither the compiler nor clippy can see.
//!
//! Every rule is a function from the tree to findings, so that each can be shown on a made-up
//! tree to find what it should and to pass what it should.
//! There is no list of exceptions: what is found is mended.

mod bought;
mod calls;
mod catalogue;
mod errors;
mod layers;
mod manifest;
mod packages;
mod prose;
mod size;
mod sql;
mod table;
mod tables;
mod words;

use std::process::ExitCode;

use anyhow::Result;

use crate::say;
use crate::tree::{self, Tree};

/// Something that breaks a rule, at a place. Line 0 means the file as a whole.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, rule: &'static str, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, what: what.into() }
    }
}

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    size::check,
    words::check,
    words::rust,
    sql::check,
    calls::check,
    layers::check,
    packages::check,
    errors::check,
    tables::check,
    catalogue::check,
    prose::check,
];

/// Runs every rule on the checkout and prints what was found, one line each.
pub(crate) fn run() -> Result<ExitCode> {
    let tree = Tree::read(&tree::root()?)?;
    let mut findings = check(&tree);
    match bought::ask(&tree) {
        Ok(said) => findings.extend(bought::check(&tree, &said)),
        Err(why) => findings.push(Finding::new("Cargo.toml", 0, "bought", format!("{why:#}"))),
    }
    for found in &findings {
        say::line(&format!("{}:{}: {}: {}", found.path, found.line, found.rule, found.what));
    }
    let (files, sources) = (tree.files.len(), tree.sources.len());
    if findings.is_empty() {
        say::line(&format!("tidy: {files} files, {sources} of them Rust, nothing found"));
        return Ok(ExitCode::SUCCESS);
    }
    say::line(&format!("tidy: {} findings in {files} files", findings.len()));
    Ok(ExitCode::FAILURE)
}

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    for (path, why) in &tree.broken {
        findings.push(Finding::new(path, 0, "rust", why.clone()));
    }
    findings.sort();
    findings.dedup();
    findings
}

/// Checks one rule against a made-up tree: `expected` are `path:line: what it says in part`.
#[cfg(test)]
fn expect(rule: Rule, files: &[(&str, &str)], expected: &[(&str, usize, &str)]) {
    let mut found = rule(&tree::made_of(files));
    found.sort();
    let places: Vec<_> = found.iter().map(|f| (f.path.as_str(), f.line)).collect();
    let wanted: Vec<_> = expected.iter().map(|(path, line, _)| (*path, *line)).collect();
    assert_eq!(places, wanted, "{found:#?}");
    for (finding, (_, _, part)) in found.iter().zip(expected) {
        assert!(finding.what.contains(part), "{:?} does not say {part:?}", finding.what);
    }
}
