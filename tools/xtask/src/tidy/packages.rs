//! What comes from elsewhere: said in `docs/dependencies.md`, used where declared, and bounded.
//!
//! Source: the house style, point 29. Every package is attack surface and build time.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::manifest::{self, Member};
use super::table;
use crate::tree::{Tree, crate_of};

const DOCUMENT: &str = "docs/dependencies.md";
const RULE: &str = "package";

/// Ceiling on the lock file's entries: house policy, 450 after the first full build (386), and two
/// more for files of columns (ADR 49).
const LOCKED_MAX: usize = 454;

/// Packages used by being linked or through a setting, never named in a crate's code.
const UNNAMED: &[(&str, &str)] = &[];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let (members, _) = manifest::members(tree);
    let ours: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let mut found = documented(tree, &members, &ours);
    found.extend(members.iter().flat_map(|member| unused(tree, member)));
    found.extend(unclaimed(tree, &members));
    if let Some(lock) = tree.find("Cargo.lock") {
        let locked = lock.text.lines().filter(|line| *line == "[[package]]").count();
        if locked >= LOCKED_MAX {
            let what = format!("{locked} packages, must stay under {LOCKED_MAX}");
            found.push(Finding::new("Cargo.lock", 0, RULE, what));
        }
    }
    found
}

fn documented(tree: &Tree, members: &[Member<'_>], ours: &BTreeSet<&str>) -> Vec<Finding> {
    let rows = match table::rows(tree, DOCUMENT, "dependencies") {
        Ok(rows) => rows,
        Err(why) => return vec![Finding::new(DOCUMENT, 0, RULE, why)],
    };
    let mut used: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for member in members {
        for one in member.uses.iter().filter(|one| !ours.contains(one.name.as_str())) {
            used.entry(&one.name).or_insert((member.path, one.line));
        }
    }
    let said: BTreeMap<&str, usize> = rows.iter().map(|row| (row.cell(0), row.line)).collect();
    let mut found = Vec::new();
    for (name, (path, line)) in used.iter().filter(|(name, _)| !said.contains_key(*name)) {
        let what = format!("`{name}` has no line in {DOCUMENT}");
        found.push(Finding::new(path, *line, RULE, what));
    }
    for (name, line) in said.iter().filter(|(name, _)| !used.contains_key(*name)) {
        let what = format!("`{name}` is used by no crate");
        found.push(Finding::new(DOCUMENT, *line, RULE, what));
    }
    for row in rows.iter().filter(|row| row.cells.iter().any(String::is_empty)) {
        found.push(Finding::new(DOCUMENT, row.line, RULE, "has an empty cell"));
    }
    found
}

/// Dependencies that no file of the crate names.
fn unused(tree: &Tree, member: &Member<'_>) -> Vec<Finding> {
    let mine = |path: &str| crate_of(path) == Some(member.name.as_str());
    let mut found = Vec::new();
    for one in &member.uses {
        let word = one.name.replace('-', "_");
        let named = tree.sources.iter().any(|s| mine(&s.path) && s.words.contains(&word));
        if !named && !UNNAMED.iter().any(|(name, _)| *name == one.name) {
            let what = format!("`{}` is declared and named nowhere in the crate", one.name);
            found.push(Finding::new(member.path, one.line, RULE, what));
        }
    }
    found
}

/// Workspace dependencies that no member takes.
fn unclaimed(tree: &Tree, members: &[Member<'_>]) -> Vec<Finding> {
    let Some(root) = tree.find("Cargo.toml") else { return Vec::new() };
    let Ok(manifest) = root.text.parse::<toml::Table>() else {
        return vec![Finding::new("Cargo.toml", 0, RULE, "is not TOML")];
    };
    let declared = manifest.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let declared = declared.and_then(toml::Value::as_table).into_iter().flat_map(|t| t.keys());
    let used = |name: &str| members.iter().any(|m| m.uses.iter().any(|one| one.name == name));
    declared
        .filter(|name| !used(name))
        .map(|name| {
            let what = format!("`{name}` is declared and no member uses it");
            Finding::new("Cargo.toml", manifest::line_of(&root.text, name), RULE, what)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::expect;
    use super::*;

    const CRATE: &str = "crates/language/ken-x/Cargo.toml";
    const CODE: (&str, &str) =
        ("crates/language/ken-x/src/lib.rs", "//! X.\nuse serde_json::Value;\n");
    const USES: &str = "[package]\nname = \"ken-x\"\n[dependencies]\nserde_json = \"1\"\n";

    fn document(rows: &str) -> String {
        format!("<!-- tidy:dependencies -->\n| a | b |\n|---|---|\n{rows}<!-- /tidy -->\n")
    }

    #[test]
    fn a_package_with_its_line_passes() {
        let said = document("| `serde_json` | JSON |\n");
        expect(check, &[(CRATE, USES), CODE, (DOCUMENT, &said)], &[]);
    }

    #[test]
    fn a_package_without_a_line_and_a_line_without_a_package_fail() {
        let said = document("| `left-pad` | why |\n| `serde_json` |  |\n");
        expect(
            check,
            &[(CRATE, USES), CODE, (DOCUMENT, &said)],
            &[(DOCUMENT, 4, "used by no crate"), (DOCUMENT, 5, "empty cell")],
        );
        expect(check, &[(CRATE, USES), CODE, (DOCUMENT, &document(""))], &[(CRATE, 4, "no line")]);
    }

    #[test]
    fn a_package_that_no_code_names_fails() {
        let said = document("| `serde_json` | JSON |\n");
        let code = (CODE.0, "//! X.\n// serde_json\n");
        expect(check, &[(CRATE, USES), code, (DOCUMENT, &said)], &[(CRATE, 4, "named nowhere")]);
    }

    #[test]
    fn a_workspace_dependency_that_nobody_takes_fails() {
        let said = document("| `serde_json` | JSON |\n");
        let root = ("Cargo.toml", "[workspace.dependencies]\nserde_json = \"1\"\ntoml = \"1\"\n");
        let files = [(CRATE, USES), CODE, (DOCUMENT, said.as_str()), root];
        expect(check, &files, &[("Cargo.toml", 3, "`toml`")]);
    }

    #[test]
    fn the_lock_file_stays_under_its_ceiling() {
        let said = document("| `serde_json` | JSON |\n");
        let lock = "[[package]]\n".repeat(LOCKED_MAX - 1);
        let files =
            |lock| vec![(CRATE, USES), CODE, (DOCUMENT, said.as_str()), ("Cargo.lock", lock)];
        expect(check, &files(lock.as_str()), &[]);
        let over = "[[package]]\n".repeat(LOCKED_MAX);
        expect(check, &files(over.as_str()), &[("Cargo.lock", 0, "under 454")]);
    }
}
