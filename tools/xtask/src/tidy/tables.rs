//! Every table has one owner and a line in the retention schedule.
//!
//! Source: the architecture, "each table is owned by one crate". The schedule in
//! `docs/retention.md` says what a table holds, how long, and how it is erased, because whoever
//! adds a table must answer that before there is anything in it.

use std::collections::BTreeMap;

use super::Finding;
use super::table;
use crate::tree::{Tree, crate_of, has_extension};

const DOCUMENT: &str = "docs/retention.md";
const RULE: &str = "table";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let rows = match table::rows(tree, DOCUMENT, "retention") {
        Ok(rows) => rows,
        Err(why) => return vec![Finding::new(DOCUMENT, 0, RULE, why)],
    };
    let owners = owners(tree);
    let mut found = Vec::new();
    for (name, crates) in &owners {
        if crates.len() > 1 {
            let what = format!("`{name}` is made by {}: a table has one owner", crates.join(", "));
            found.push(Finding::new(DOCUMENT, 0, RULE, what));
        }
        if !rows.iter().any(|row| row.cell(0) == name) {
            let what = format!("`{name}` of {} has no line here", crates.join(", "));
            found.push(Finding::new(DOCUMENT, 0, RULE, what));
        }
    }
    for row in &rows {
        let name = row.cell(0);
        let what = match owners.get(name) {
            None => format!("`{name}` is made by no migration"),
            Some(crates) if !crates.iter().any(|owner| owner == row.cell(1)) => {
                format!("`{name}` belongs to {}", crates.join(", "))
            }
            Some(_) if row.cells.len() < 5 || row.cells.iter().any(String::is_empty) => {
                format!("`{name}`: say what it holds, how long, and how it is erased")
            }
            Some(_) => continue,
        };
        found.push(Finding::new(DOCUMENT, row.line, RULE, what));
    }
    found
}

/// The crates that make each table, by the statements outside tests.
pub(super) fn owners(tree: &Tree) -> BTreeMap<String, Vec<String>> {
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut note = |path: &str, text: &str| {
        for name in made(text) {
            let owner = crate_of(path).unwrap_or("no crate").to_owned();
            let crates = owners.entry(name).or_default();
            if !crates.contains(&owner) {
                crates.push(owner);
            }
        }
    };
    for source in tree.sources.iter().filter(|source| source.path.starts_with("crates/")) {
        for text in source.texts.iter().filter(|text| !source.is_test(text.line)) {
            note(&source.path, &text.text);
        }
    }
    for file in tree.files.iter().filter(|file| file.path.starts_with("crates/")) {
        if has_extension(&file.path, "sql") && !file.path.contains("/tests/") {
            note(&file.path, &file.text);
        }
    }
    owners
}

/// The tables that a text makes, virtual ones included.
fn made(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut made = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        if *word != "TABLE" || !before.is_some_and(|w| matches!(*w, "CREATE" | "VIRTUAL")) {
            continue;
        }
        let named = words.iter().skip(at + 1).find(|w| !matches!(**w, "IF" | "NOT" | "EXISTS"));
        let letter = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let name: String = named.map_or("", |name| name).chars().take_while(letter).collect();
        if !name.is_empty() {
            made.push(name);
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::super::expect;
    use super::*;

    const PATH: &str = "crates/ground/ken-x/src/sql.rs";
    const MADE: &str = "//! S.\nconst A: &str = \"CREATE TABLE a (id TEXT); \
                        CREATE TABLE IF NOT EXISTS b(id TEXT)\";\n";
    const A: &str = "| `a` | `ken-x` | things | a year | by hand |\n";
    const B: &str = "| `b` | `ken-x` | things | a year | by hand |\n";

    fn document(rows: &str) -> String {
        let head = "| t | o | h | l | e |\n|---|---|---|---|---|\n";
        format!("<!-- tidy:retention -->\n{head}{rows}<!-- /tidy -->\n")
    }

    #[test]
    fn scheduled_tables_pass() {
        expect(check, &[(PATH, MADE), (DOCUMENT, &document(&format!("{A}{B}")))], &[]);
    }

    #[test]
    fn an_unscheduled_table_fails() {
        expect(check, &[(PATH, MADE), (DOCUMENT, &document(A))], &[(DOCUMENT, 0, "`b` of ken-x")]);
    }

    #[test]
    fn a_line_without_a_table_or_with_another_owner_fails() {
        let other = "| `b` | `ken-y` | things | a year | by hand |\n";
        let gone = "| `c` | `ken-x` | things | a year | by hand |\n";
        let rows = document(&format!("{A}{other}{gone}"));
        expect(
            check,
            &[(PATH, MADE), (DOCUMENT, &rows)],
            &[(DOCUMENT, 5, "belongs to ken-x"), (DOCUMENT, 6, "no migration")],
        );
        let short = document(&format!("{A}| `b` | `ken-x` | things | | |\n"));
        expect(check, &[(PATH, MADE), (DOCUMENT, &short)], &[(DOCUMENT, 5, "how long")]);
    }

    #[test]
    fn a_table_owned_twice_fails() {
        let again = (
            "crates/domain/ken-y/src/sql.rs",
            "//! S.\nconst A: &str = \"CREATE TABLE a (id TEXT)\";\n",
        );
        let rows = document(&format!("{A}{B}"));
        expect(check, &[(PATH, MADE), again, (DOCUMENT, &rows)], &[(DOCUMENT, 0, "one owner")]);
    }

    #[test]
    fn a_tests_own_table_needs_no_line() {
        let test = (
            "crates/ground/ken-x/tests/it/main.rs",
            "//! T.\nconst A: &str = \"CREATE TABLE t (a TEXT)\";\n",
        );
        expect(check, &[test, (DOCUMENT, &document(""))], &[]);
    }
}
