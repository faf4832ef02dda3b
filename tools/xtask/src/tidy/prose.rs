//! What our documents name in code marks exists: items, tests, files.
//!
//! `ken_store::Db::write` must be words of that crate's code, `ken-store: a_test` a test of it,
//! `docs/errors.md` and the target of a link a file. So a document that describes what is gone
//! fails in the change that removed it.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::tree::{File, Tree, crate_of, has_extension};

const RULE: &str = "prose";

/// Folders at the root that a path in our documents may begin with.
const FOLDERS: &[&str] =
    &["crates/", "tools/", "docs/", "changes/", "tests/ui/", ".ci/", ".config/"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let known = Known::of(tree);
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| has_extension(&file.path, "md")) {
        let mut fenced = false;
        for (at, line) in file.text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            if !fenced {
                let wrong = codes(line).filter_map(|code| known.missing(code));
                let links = links(line).filter_map(|link| known.broken(file, link));
                let all = wrong.chain(links);
                found.extend(all.map(|what| Finding::new(&file.path, at + 1, RULE, what)));
            }
        }
    }
    found
}

/// What there is to be named.
struct Known<'a> {
    /// The words of each crate's code, by its name in Rust.
    words: BTreeMap<String, BTreeSet<&'a str>>,
    /// Tests as `crate: name`.
    tests: BTreeSet<String>,
    paths: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(tree: &'a Tree) -> Self {
        let mut words: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let mut tests = BTreeSet::new();
        for source in &tree.sources {
            let Some(owner) = crate_of(&source.path) else { continue };
            let all = words.entry(owner.replace('-', "_")).or_default();
            all.extend(source.words.iter().map(String::as_str));
            let named = source.functions.iter().filter(|function| function.is_test);
            tests.extend(named.map(|function| format!("{owner}: {}", function.name)));
        }
        Self { words, tests, paths: tree.files.iter().map(|file| file.path.as_str()).collect() }
    }

    /// What is wrong with a piece of code in prose, if anything is.
    fn missing(&self, code: &str) -> Option<String> {
        if let Some((owner, rest)) = code.split_once("::") {
            let words = self.words.get(owner)?;
            let parts = rest.split("::").map(|part| part.trim_end_matches("()"));
            let lost = parts.into_iter().find(|part| !words.contains(part))?;
            return Some(format!("`{code}`: {owner} has no `{lost}`"));
        }
        if let Some((owner, _)) = code.split_once(": ") {
            let ours = self.words.contains_key(&owner.replace('-', "_"));
            return (ours && !self.tests.contains(code)).then(|| format!("no test `{code}`"));
        }
        let path = FOLDERS.iter().any(|folder| code.starts_with(folder)) && !code.contains(' ');
        (path && !self.exists(code)).then(|| format!("`{code}` does not exist"))
    }

    /// A file, or a folder of files; a pattern is no path.
    fn exists(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.contains('*')
            || path.contains("NNNN")
            || self.paths.contains(path)
            || self.paths.iter().any(|known| known.starts_with(&folder))
    }

    fn broken(&self, file: &File, link: &str) -> Option<String> {
        let target = link.split('#').next().unwrap_or_default();
        if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
            return None;
        }
        let mut parts: Vec<&str> = file.path.split('/').collect();
        parts.pop();
        for part in target.split('/') {
            match part {
                "." | "" => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        (!self.exists(&parts.join("/"))).then(|| format!("the link to {link} leads nowhere"))
    }
}

/// What stands between code marks on a line.
fn codes(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The targets of a line's links.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

#[cfg(test)]
mod tests {
    use super::super::expect;
    use super::*;

    const CODE: (&str, &str) = (
        "crates/ground/ken-store/src/db.rs",
        "//! D.\nimpl Db { fn write(&self) {} }\n#[test]\nfn it_holds() {}\n",
    );

    fn expect_of(text: &str, expected: &[(&str, usize, &str)]) {
        expect(check, &[CODE, ("docs/a.md", text)], expected);
    }

    #[test]
    fn items_that_exist_may_be_named() {
        expect_of("See `ken_store::Db::write` and `std::fs::read` and `a::b`.\n", &[]);
        expect_of("See `ken_store::Db::wrote`.\n", &[("docs/a.md", 1, "no `wrote`")]);
        expect_of("```\n`ken_store::Db::wrote`\n```\n", &[]);
    }

    #[test]
    fn tests_that_exist_may_be_named() {
        expect_of("Shown by `ken-store: it_holds`; `store: never`.\n", &[]);
        expect_of("Shown by `ken-store: it_held`.\n", &[("docs/a.md", 1, "no test")]);
        expect_of("Shown by `ken-store: write`.\n", &[("docs/a.md", 1, "no test")]);
    }

    #[test]
    fn files_and_links_lead_somewhere() {
        expect_of("In `crates/ground/ken-store` and `docs/a.md`, [b](../docs/a.md#c).\n", &[]);
        expect_of("[web](https://example.org/x) and `changes/NNNN-title.md`\n", &[]);
        expect_of("In `docs/b.md`.\n", &[("docs/a.md", 1, "does not exist")]);
        expect_of("[b](b.md)\n", &[("docs/a.md", 1, "leads nowhere")]);
    }
}
