//! Mutants: small wrong changes that a named test must notice.
//!
//! `docs/mutants.toml` keeps them. A row of `docs/catalogue.md` that calls itself proven names one,
//! because a test that no wrong change can fail proves nothing.

use anyhow::{Context, Result, ensure};
use toml::{Table, Value};

use crate::tree::Tree;

/// Where the mutants are kept.
pub(crate) const LIST: &str = "docs/mutants.toml";

/// One wrong change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mutant {
    pub(crate) id: String,
    /// The file that it changes, from the root.
    pub(crate) file: String,
    /// The text that stands there exactly once.
    pub(crate) find: String,
    pub(crate) replace: String,
    /// The test that must fail, as `crate: function`.
    pub(crate) test: String,
}

/// Reads the list; an absent list holds none.
pub(crate) fn read(tree: &Tree) -> Result<Vec<Mutant>> {
    let Some(file) = tree.find(LIST) else { return Ok(Vec::new()) };
    let table: Table = file.text.parse().context("is not TOML")?;
    let entries = table.get("mutant").and_then(Value::as_array).cloned().unwrap_or_default();
    entries.iter().map(mutant).collect()
}

fn mutant(entry: &Value) -> Result<Mutant> {
    let text = |key: &str| {
        let value = entry.get(key).and_then(Value::as_str).map(str::to_owned);
        value.with_context(|| format!("a mutant has no `{key}`"))
    };
    let mutant = Mutant {
        id: text("id")?,
        file: text("file")?,
        find: text("find")?,
        replace: text("replace")?,
        test: text("test")?,
    };
    ensure!(mutant.find != mutant.replace, "`{}` changes nothing", mutant.id);
    Ok(mutant)
}
