//! Every error code is in `docs/errors.md`, and every line there is a code that exists.
//!
//! Source: the house style, point 14. A code is the dotted text that a `code` function gives, such
//! as `store.contended`; undotted ones (a ledger entry's kind) are no errors.

use std::collections::BTreeMap;

use super::Finding;
use super::table;
use crate::tree::Tree;

const DOCUMENT: &str = "docs/errors.md";
const RULE: &str = "error-code";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let rows = match table::rows(tree, DOCUMENT, "errors") {
        Ok(rows) => rows,
        Err(why) => return vec![Finding::new(DOCUMENT, 0, RULE, why)],
    };
    let codes = codes(tree);
    let said: BTreeMap<&str, usize> = rows.iter().map(|row| (row.cell(0), row.line)).collect();
    let mut found = Vec::new();
    for (code, (path, line)) in codes.iter().filter(|(code, _)| !said.contains_key(code.as_str())) {
        let what = format!("`{code}` is not in {DOCUMENT}");
        found.push(Finding::new(path, *line, RULE, what));
    }
    for (code, line) in said.iter().filter(|(code, _)| !codes.contains_key(**code)) {
        let what = format!("`{code}` is returned by no `code` function");
        found.push(Finding::new(DOCUMENT, *line, RULE, what));
    }
    for row in
        rows.iter().filter(|row| row.cells.len() < 3 || row.cells.iter().any(String::is_empty))
    {
        found.push(Finding::new(DOCUMENT, row.line, RULE, "says not what it means and what to do"));
    }
    found
}

/// Every code with one place that gives it.
fn codes(tree: &Tree) -> BTreeMap<String, (String, usize)> {
    let mut codes = BTreeMap::new();
    for source in &tree.sources {
        let functions = source.functions.iter();
        for function in functions.filter(|f| f.name == "code" && !source.is_test(*f.lines.start()))
        {
            for text in source.texts_in(&function.lines).filter(|text| is_code(&text.text)) {
                codes.entry(text.text.clone()).or_insert((source.path.clone(), text.line));
            }
        }
    }
    codes
}

fn is_code(text: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    text.contains('.') && text.split('.').all(word)
}

#[cfg(test)]
mod tests {
    use super::super::expect;
    use super::*;

    const PATH: &str = "crates/ground/ken-x/src/error.rs";
    const CODE: &str = "//! E.\nimpl E { fn code(&self) -> &'static str {\nmatch self {\n\
                        Self::A => \"x.gone\",\nSelf::B => \"permit\" } } }\n";

    fn document(rows: &str) -> String {
        format!("<!-- tidy:errors -->\n| c | m | d |\n|---|---|---|\n{rows}<!-- /tidy -->\n")
    }

    #[test]
    fn a_documented_code_passes() {
        expect(
            check,
            &[(PATH, CODE), (DOCUMENT, &document("| `x.gone` | it went | ask |\n"))],
            &[],
        );
    }

    #[test]
    fn an_undocumented_code_fails() {
        expect(check, &[(PATH, CODE), (DOCUMENT, &document(""))], &[(PATH, 4, "`x.gone`")]);
    }

    #[test]
    fn a_line_without_a_code_fails() {
        let both = document("| `x.gone` | it went | ask |\n| `x.old` | was | ask |\n");
        expect(check, &[(PATH, CODE), (DOCUMENT, &both)], &[(DOCUMENT, 5, "no `code` function")]);
        let short = document("| `x.gone` | |\n");
        expect(check, &[(PATH, CODE), (DOCUMENT, &short)], &[(DOCUMENT, 4, "what to do")]);
    }
}
