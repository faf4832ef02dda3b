//! Mutants: small wrong changes that a named test must notice.
//!
//! `docs/mutants.toml` keeps them. A row of `docs/catalogue.md` that calls itself proven names one,
//! because a test that no wrong change can fail proves nothing.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use toml::{Table, Value};

use crate::cargo::cargo;
use crate::say;
use crate::tree::{self, Tree};

/// A copy of the checkout is changed, never the checkout itself: others may be building in it.
const COPY: &str = "target/mutants";

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

/// Which mutants to try.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Only these mutants; all of them when none is named
    ids: Vec<String>,
}

/// What became of a mutant.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// The test failed, as it must.
    Killed,
    /// The test passed: it does not see this change.
    Survived,
    /// The changed code does not compile, so it shows nothing.
    Unbuildable,
    /// No test of that name ran.
    Untested,
}

/// Makes each change in a copy of the checkout and sees whether its test fails.
pub(crate) fn run(wanted: &Wanted) -> Result<ExitCode> {
    let root = tree::root()?;
    let tree = Tree::read(&root)?;
    let copy = root.join(COPY);
    write_copy(&tree, &copy)?;
    let mutants = read(&tree)?;
    let known = |id: &String| mutants.iter().any(|mutant| mutant.id == *id);
    if let Some(id) = wanted.ids.iter().find(|id| !known(id)) {
        bail!("{LIST} has no mutant `{id}`");
    }
    let mut sound = true;
    for mutant in &mutants {
        if !wanted.ids.is_empty() && !wanted.ids.contains(&mutant.id) {
            continue;
        }
        let fate = try_one(&copy, mutant)?;
        say::line(&format!("{fate:?}: {} by `{}`", mutant.id, mutant.test));
        sound &= fate == Fate::Killed;
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Brings the copy up to date; a file that did not change keeps its time, so that little is
/// built again.
fn write_copy(tree: &Tree, copy: &Path) -> Result<()> {
    for file in &tree.files {
        let path = copy.join(&file.path);
        if std::fs::read_to_string(&path).is_ok_and(|there| there == file.text) {
            continue;
        }
        let folder = path.parent().map_or_else(|| copy.to_path_buf(), Path::to_path_buf);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
        write(&path, &file.text)?;
    }
    Ok(())
}

fn write(path: &PathBuf, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}

fn try_one(copy: &Path, mutant: &Mutant) -> Result<Fate> {
    let path = copy.join(&mutant.file);
    let sound = std::fs::read_to_string(&path)
        .with_context(|| format!("could not read {}", path.display()))?;
    ensure!(sound.matches(&mutant.find).count() == 1, "`{}` fits not one place", mutant.id);
    write(&path, &sound.replace(&mutant.find, &mutant.replace))?;
    let fate = judge(copy, mutant);
    write(&path, &sound)?;
    fate
}

fn judge(copy: &Path, mutant: &Mutant) -> Result<Fate> {
    let (owner, test) = mutant.test.split_once(": ").context("a test is `crate: function`")?;
    let test_command = |more: &[&str]| -> Result<Output> {
        let mut command = cargo(&["test", "--package", owner]);
        command.args(more).current_dir(copy);
        // A folder of its own: cargo tells the copy's crates from the checkout's by time alone, and
        // would take what was built of a mutant for the checkout's own.
        command.env("CARGO_TARGET_DIR", copy.join("target"));
        command.output().context("could not start cargo")
    };
    if !test_command(&["--tests", "--no-run"])?.status.success() {
        return Ok(Fate::Unbuildable);
    }
    let ran = test_command(&["--tests", "--no-fail-fast", "--", test])?;
    Ok(fate(ran.status.success(), &String::from_utf8_lossy(&ran.stdout), test))
}

/// Judges by what the runner said of the test itself, so that another test that fails, or none
/// that ran, is not taken for it.
fn fate(passed: bool, output: &str, test: &str) -> Fate {
    let named = |line: &&str| {
        let name = line.strip_prefix("test ").and_then(|rest| rest.split(" ... ").next());
        name.is_some_and(|name| name == test || name.ends_with(&format!("::{test}")))
    };
    let outcomes: Vec<&str> = output.lines().filter(named).collect();
    match outcomes.as_slice() {
        [] => Fate::Untested,
        lines if !passed && lines.iter().any(|line| line.ends_with("FAILED")) => Fate::Killed,
        _ => Fate::Survived,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::made_of;

    const ONE: &str = "[[mutant]]\nid = \"a\"\nfile = \"f\"\nfind = \"x\"\nreplace = \"y\"\n\
                       test = \"ken-x: t\"\n";

    #[test]
    fn a_list_is_read_or_refused_with_a_reason() {
        let read_of = |text: &str| read(&made_of(&[(LIST, text)]));
        assert_eq!(read_of(ONE).expect("sound").len(), 1);
        assert_eq!(read(&made_of(&[])).expect("none").len(), 0);
        let same = ONE.replace("\"y\"", "\"x\"");
        assert!(read_of(&same).expect_err("no change").to_string().contains("changes nothing"));
        let short = ONE.replace("replace", "instead");
        assert!(read_of(&short).expect_err("a key").to_string().contains("`replace`"));
    }

    #[test]
    fn only_the_named_test_that_fails_kills() {
        let check = |passed, output, expected| assert_eq!(fate(passed, output, "t"), expected);
        check(false, "test a::t ... FAILED\n", Fate::Killed);
        check(false, "test t ... FAILED\ntest u ... ok\n", Fate::Killed);
        check(true, "test a::t ... ok\n", Fate::Survived);
        check(false, "test a::t ... ok\ntest a::u ... FAILED\n", Fate::Survived);
        check(true, "test a::tt ... ok\n", Fate::Untested);
    }
}
