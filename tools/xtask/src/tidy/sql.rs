//! SQL stands in the `sql` module of a ground or domain crate, and speaks of that crate's tables.
//!
//! Source: the architecture, "foreign vocabularies have one home". Test code may speak to a table
//! directly, because a test must be able to damage one; it is found by no rule here.

use std::collections::BTreeMap;

use super::Finding;
use super::tables;
use crate::source::Source;
use crate::tree::{Tree, crate_of};

/// First words of statements that read, change or define.
const STATEMENTS: &[&str] = &[
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "WITH ",
    "CREATE TABLE ",
    "CREATE INDEX ",
    "CREATE UNIQUE INDEX ",
    "CREATE VIEW ",
    "CREATE TRIGGER ",
    "ALTER TABLE ",
    "DROP TABLE ",
    "DROP INDEX ",
];

/// First words by which only an engine is steered; at home in `ken-store` alone.
const ENGINE: &[&str] =
    &["PRAGMA ", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT ", "RELEASE ", "VACUUM", "ANALYZE"];

/// Words after which a statement names a table.
const BEFORE_A_TABLE: &[&str] = &["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "REFERENCES"];

/// The guard tables of `ken-store`: every decision's insert reads them in its own statement.
const SHARED_TABLES: &[&str] = &["person_guard", "policy_head"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let owners = tables::owners(tree);
    let mut found = Vec::new();
    for source in &tree.sources {
        for text in source.texts.iter().filter(|text| !source.is_test(text.line)) {
            let statement = collapsed(&text.text);
            if is_statement(&statement) {
                if is_home(&source.path) {
                    found.extend(foreign(source, text.line, &statement, &owners));
                } else {
                    let what = format!("SQL outside a crate's `sql` module: {}", head(&statement));
                    found.push(Finding::new(&source.path, text.line, "sql", what));
                }
            } else if is_engine(&statement) && !may_steer(&source.path) {
                let what = format!("steers an engine outside ken-store: {}", head(&statement));
                found.push(Finding::new(&source.path, text.line, "sql", what));
            }
        }
    }
    found
}

/// Tables that another crate owns and this statement names.
fn foreign(
    source: &Source,
    line: usize,
    statement: &str,
    owners: &BTreeMap<String, Vec<String>>,
) -> Vec<Finding> {
    let mine = crate_of(&source.path).unwrap_or_default();
    let mut found = Vec::new();
    for table in named_tables(statement) {
        if SHARED_TABLES.contains(&table.as_str()) {
            continue;
        }
        let Some(owner) = owners.get(&table) else { continue };
        if !owner.iter().any(|owner| owner == mine) {
            let what = format!("`{table}` belongs to {}: ask it", owner.join(", "));
            found.push(Finding::new(&source.path, line, "sql", what));
        }
    }
    found
}

fn named_tables(statement: &str) -> Vec<String> {
    let words: Vec<&str> = statement.split(' ').collect();
    let mut named = Vec::new();
    for pair in words.windows(2) {
        let [before, after] = pair else { continue };
        if BEFORE_A_TABLE.contains(before) {
            let name: String =
                after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            named.push(name);
        }
    }
    named
}

fn is_home(path: &str) -> bool {
    let inside = path.starts_with("crates/ground/") || path.starts_with("crates/domain/");
    inside && (path.ends_with("/sql.rs") || path.contains("/sql/"))
}

/// The store steers engines; the tools are not built into the product.
fn may_steer(path: &str) -> bool {
    crate_of(path) == Some("ken-store") || path.starts_with("tools/")
}

fn is_statement(text: &str) -> bool {
    let update = text.starts_with("UPDATE ");
    STATEMENTS.iter().any(|first| text.starts_with(first))
        && (!update || text.contains(" SET "))
        && (!text.starts_with("WITH ") || text.contains(" AS "))
}

fn is_engine(text: &str) -> bool {
    ENGINE.iter().any(|first| {
        let exact = text.strip_prefix(first.trim_end());
        exact.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ';']))
    })
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn head(statement: &str) -> String {
    statement.chars().take(50).collect()
}

#[cfg(test)]
mod tests {
    use super::super::expect;
    use super::*;

    const HOME: &str = "crates/domain/ken-x/src/sql.rs";
    const AWAY: &str = "crates/domain/ken-x/src/rule.rs";

    #[test]
    fn a_statement_stands_in_its_home_only() {
        let text = "//! A.\nconst A: &str = \"SELECT a FROM b\";\n";
        expect(check, &[(HOME, text)], &[]);
        expect(check, &[("crates/domain/ken-x/src/sql/read.rs", text)], &[]);
        expect(check, &[(AWAY, text)], &[(AWAY, 2, "outside")]);
        let edge = "crates/edge/ken-x/src/sql.rs";
        expect(check, &[(edge, text)], &[(edge, 2, "outside")]);
    }

    #[test]
    fn plain_words_are_no_statement() {
        let text =
            "//! A.\nconst A: &[&str] = &[\"UPDATE your address\", \"WITH\", \"Select one\"];\n";
        expect(check, &[(AWAY, text)], &[]);
    }

    #[test]
    fn a_test_may_damage_a_table() {
        let text = "//! A.\n#[cfg(test)]\nmod tests {\nconst A: &str = \"DELETE FROM b\";\n}\n";
        expect(check, &[(AWAY, text)], &[]);
    }

    #[test]
    fn an_engine_is_steered_by_the_store_alone() {
        let text = "//! A.\nconst A: &str = \"BEGIN IMMEDIATE\";\n";
        expect(check, &[("crates/ground/ken-store/src/tx.rs", text)], &[]);
        expect(check, &[(AWAY, text)], &[(AWAY, 2, "engine")]);
    }

    #[test]
    fn a_statement_names_its_own_tables_and_the_guards() {
        let owner = "crates/domain/ken-y/src/sql.rs";
        let made = "//! A.\nconst A: &str = \"CREATE TABLE b (id TEXT PRIMARY KEY)\";\n";
        let read = "//! A.\nconst A: &str = \"SELECT 1 FROM a JOIN b ON a.id = b.id\";\n";
        expect(check, &[(owner, made), (HOME, read)], &[(HOME, 2, "`b` belongs to ken-y")]);
        let guard = "//! A.\nconst A: &str = \"SELECT 1 FROM person_guard g\";\n";
        let store = "crates/ground/ken-store/src/sql.rs";
        let guards = "//! A.\nconst A: &str = \"CREATE TABLE person_guard (a TEXT)\";\n";
        expect(check, &[(store, guards), (HOME, guard)], &[]);
    }
}
