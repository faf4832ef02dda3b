//! Reads the tables of our documents: rows of `|` cells between two marks.
//!
//! A table that a rule reads stands between `<!-- tidy:NAME -->` and `<!-- /tidy -->`, so that a
//! reader of the document sees which tables are law and which are prose.

use crate::tree::{File, Tree};

/// One row, with the line it stands on; cells are trimmed and keep their code marks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) line: usize,
    pub(super) cells: Vec<String>,
}

impl Row {
    /// A cell without its code marks; empty where the row is too short.
    pub(super) fn cell(&self, at: usize) -> &str {
        self.cells.get(at).map_or("", |cell| cell.trim_matches('`'))
    }

    /// The words between code marks in a cell.
    pub(super) fn codes(&self, at: usize) -> Vec<&str> {
        let cell = self.cells.get(at).map_or("", String::as_str);
        cell.split('`').skip(1).step_by(2).collect()
    }
}

/// The rows of a marked table, head and rule left out. A missing document or mark is an error
/// that says so, since a rule without its table would pass everything.
pub(super) fn rows(tree: &Tree, path: &str, name: &str) -> Result<Vec<Row>, String> {
    let file =
        tree.find(path).ok_or_else(|| format!("is missing: the rule reads `{name}` in it"))?;
    let start = format!("<!-- tidy:{name} -->");
    if !file.text.lines().any(|line| line.trim() == start) {
        return Err(format!("has no table marked {start}"));
    }
    Ok(marked(file, &start))
}

fn marked(file: &File, start: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut inside = false;
    let mut heads = 0;
    for (at, line) in file.text.lines().map(str::trim).enumerate() {
        if line == start {
            (inside, heads) = (true, 0);
        } else if line == "<!-- /tidy -->" {
            inside = false;
        } else if inside && line.starts_with('|') {
            heads += 1;
            if heads > 2 {
                rows.push(Row { line: at + 1, cells: cells(line) });
            }
        } else {
            // A second table between the same marks has a head of its own.
            heads = 0;
        }
    }
    rows
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.trim_matches('|');
    inner.split('|').map(|cell| cell.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::made_of;

    #[test]
    fn rows_stand_between_the_marks() {
        let text = "| a | b |\n\n<!-- tidy:x -->\n| h | h |\n|---|---|\n| `a` | b `c`, `d` |\n\n\
                    | h |\n|---|\n| e |\n<!-- /tidy -->\n| no | no |\n";
        let tree = made_of(&[("d.md", text)]);
        let found = rows(&tree, "d.md", "x").expect("a table");
        let lines: Vec<_> = found.iter().map(|row| (row.line, row.cell(0))).collect();
        assert_eq!(lines, [(6, "a"), (10, "e")]);
        assert_eq!(found.first().map(|row| row.codes(1)), Some(vec!["c", "d"]));
    }

    #[test]
    fn a_missing_table_is_said() {
        let tree = made_of(&[("d.md", "none\n")]);
        assert!(rows(&tree, "d.md", "x").expect_err("no mark").contains("tidy:x"));
        assert!(rows(&tree, "e.md", "x").expect_err("no file").contains("missing"));
    }
}
