//! Every error code is in `docs/errors.md`, and every line there is a code that exists.
//!
//! Source: the house style, point 14. A code is the dotted text that a `code` function gives, such
//! as `store.contended`; undotted ones (a ledger entry's kind) are no errors. A reason that is no
//! error but is told to somebody all the same (why a message was refused) is a constant, or stands
//! where it is told, and begins with its area; it is found by that.

use std::collections::BTreeMap;

use super::Finding;
use super::table;
use crate::tree::{Tree, crate_of, has_extension};

const DOCUMENT: &str = "docs/errors.md";
const RULE: &str = "error-code";

/// What stands on the line of a code that is told without being an error.
const TOLD_BY: &[&str] = &[": &str = \"", "Reason::of(\"", "Fault(\""];

/// Endings of file names, which are dotted too.
const FILES: &[&str] =
    &["json", "toml", "key", "sock", "html", "css", "js", "db", "log", "example"];

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
    for (code, place) in told(tree) {
        codes.entry(code).or_insert(place);
    }
    codes
}

/// Codes that are constants or stand where they are told, in an area of ours.
fn told(tree: &Tree) -> Vec<(String, (String, usize))> {
    let ours = |code: &str| {
        let area = code.split('.').next().unwrap_or_default();
        if FILES.iter().any(|extension| has_extension(code, extension)) {
            return false;
        }
        tree.sources.iter().any(|source| {
            crate_of(&source.path).is_some_and(|name| name.trim_start_matches("ken-") == area)
        })
    };
    let mut told = Vec::new();
    for source in tree.sources.iter().filter(|source| source.path.starts_with("crates/")) {
        let file = tree.find(&source.path).map_or("", |file| file.text.as_str());
        let lines: Vec<&str> = file.lines().collect();
        let texts = source.texts.iter().filter(|text| !source.is_test(text.line));
        for text in texts.filter(|text| is_code(&text.text) && ours(&text.text)) {
            let line = text.line.checked_sub(1).and_then(|at| lines.get(at)).unwrap_or(&"");
            // The binary tells every trouble by its code, so there each such text is one, but for
            // the names of its transactions.
            let named = line.contains(&format!("(\"{}\", async", text.text));
            let troubled = crate_of(&source.path) == Some("ken") && !named;
            if (troubled && text.text.starts_with("ken."))
                || TOLD_BY.iter().any(|mark| line.contains(&format!("{mark}{}\"", text.text)))
            {
                told.push((text.text.clone(), (source.path.clone(), text.line)));
            }
        }
    }
    told
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
    fn a_reason_that_is_told_is_documented_too() {
        let text = "//! E.\nconst A: &str = \"x.other\";\nconst B: &str = \"root.key\";\n\
                    fn f() { db.write(\"x.write\", 1); Reason::of(\"x.why\"); }\n";
        let found = [(PATH, 2, "`x.other`"), (PATH, 4, "`x.why`")];
        expect(check, &[(PATH, text), (DOCUMENT, &document(""))], &found);
    }

    #[test]
    fn a_line_without_a_code_fails() {
        let both = document("| `x.gone` | it went | ask |\n| `x.old` | was | ask |\n");
        expect(check, &[(PATH, CODE), (DOCUMENT, &both)], &[(DOCUMENT, 5, "no `code` function")]);
        let short = document("| `x.gone` | |\n");
        expect(check, &[(PATH, CODE), (DOCUMENT, &short)], &[(DOCUMENT, 4, "what to do")]);
    }
}
