//! What a check of a text tells, as a compiler would: for people, for editors, for pipelines.
//!
//! # Sources
//!
//! - SARIF 2.1.0 (OASIS), the fields that editors and forges read.

use std::fmt::Write;
use std::ops::Range;

use serde_json::{Value, json};

use crate::fault::place;
use crate::instrument::Instrument;
use crate::lint::Severity;
use crate::parse::Places;
use crate::shelf::Shelf;

/// Where the guide's pages stand, from the root of the project.
const PAGES: &str = "docs/guide/lint";

/// One thing that is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code.
    pub code: &'static str,
    /// Whether it stops signing.
    pub is_error: bool,
    /// What is wrong.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The bytes of the text.
    pub at: Range<usize>,
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
}

/// A text with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked<'a> {
    /// The file's name, for people.
    pub file: &'a str,
    /// The text.
    pub text: &'a str,
    /// What is wrong, in the order of the text.
    pub found: Vec<Diagnostic>,
}

/// Checks a text beside the instruments of a shelf.
#[must_use]
pub fn check<'a>(file: &'a str, text: &'a str, shelf: &Shelf) -> Checked<'a> {
    let mut found = match Instrument::parse_with_places(text) {
        Ok((instrument, places)) => linted(text, &instrument, &places, shelf),
        Err(error) => error
            .faults
            .into_iter()
            .map(|fault| Diagnostic {
                code: fault.code,
                is_error: true,
                why: fault.why().to_owned(),
                what: fault.what,
                help: fault.help,
                at: fault.at,
                line: fault.line,
                column: fault.column,
            })
            .collect(),
    };
    found.sort_by_key(|one| (one.at.start, one.code));
    Checked { file, text, found }
}

fn linted(text: &str, own: &Instrument, places: &Places, shelf: &Shelf) -> Vec<Diagnostic> {
    let findings = shelf.lint(own).into_iter().map(|finding| {
        let at = places.find(&finding.path);
        let (line, column) = place(text, at.start);
        let says = finding.says.split_once(": ");
        let (why, help) = says.unwrap_or((finding.says, ""));
        Diagnostic {
            code: finding.code,
            is_error: finding.severity != Severity::Warning,
            what: format!("{}: {why}", finding.at),
            why: format!("Caldicott principle {}", finding.principle),
            help: (!help.is_empty()).then(|| help.to_owned()),
            at,
            line,
            column,
        }
    });
    findings.collect()
}

impl Checked<'_> {
    /// How many of the findings stop signing.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.found.iter().filter(|one| one.is_error).count()
    }

    /// As a compiler prints: code, place, the line underlined, why, help.
    #[must_use]
    pub fn as_text(&self) -> String {
        let mut out = String::new();
        for one in &self.found {
            let word = if one.is_error { "error" } else { "warning" };
            let _ = writeln!(out, "{word}[{}]: {}", one.code, one.what);
            let digits = one.line.to_string().len();
            let gap = " ".repeat(digits);
            let _ = writeln!(out, "{gap}--> {}:{}:{}", self.file, one.line, one.column);
            let line = self.text.lines().nth(one.line - 1).unwrap_or_default();
            let _ = writeln!(out, "{gap} |\n{} | {}", one.line, shown(line));
            let before = " ".repeat(one.column - 1);
            let _ = writeln!(out, "{gap} | {before}{}", "^".repeat(self.marked(one, line)));
            let _ = writeln!(out, "{gap} = why: {}", one.why);
            if let Some(help) = &one.help {
                let _ = writeln!(out, "{gap} = help: {help}");
            }
            let _ = writeln!(out, "{gap} = page: {PAGES}/{}.md\n", one.code);
        }
        let (errors, all) = (self.errors(), self.found.len());
        let _ = write!(out, "{}: {errors} errors, {} warnings", self.file, all - errors);
        out
    }

    /// How many characters of the line are at fault: at least one, and no more than it has.
    fn marked(&self, one: &Diagnostic, line: &str) -> usize {
        let part = self.text.get(one.at.clone()).unwrap_or_default();
        let first = part.lines().next().unwrap_or_default().chars().count();
        first.min((line.chars().count() + 1).saturating_sub(one.column)).max(1)
    }

    /// One JSON object for the file.
    #[must_use]
    pub fn as_json(&self) -> Value {
        let found = self.found.iter().map(|one| {
            let (end_line, end_column) = place(self.text, one.at.end);
            json!({
                "code": one.code,
                "severity": if one.is_error { "error" } else { "warning" },
                "message": one.what,
                "why": one.why,
                "help": one.help,
                "line": one.line,
                "column": one.column,
                "end_line": end_line,
                "end_column": end_column,
                "page": format!("{PAGES}/{}.md", one.code),
            })
        });
        json!({ "file": self.file, "errors": self.errors(), "found": found.collect::<Vec<_>>() })
    }
}

/// Control characters would move the underline, or the reader's terminal.
fn shown(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A SARIF 2.1.0 log of several files.
#[must_use]
pub fn sarif(all: &[Checked<'_>]) -> Value {
    let results: Vec<_> =
        all.iter().flat_map(|one| one.found.iter().map(|f| result(one, f))).collect();
    let mut codes: Vec<&str> = all.iter().flat_map(|one| &one.found).map(|f| f.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<_> = codes
        .iter()
        .map(|code| json!({ "id": code, "helpUri": format!("{PAGES}/{code}.md") }))
        .collect();
    let driver = json!({ "name": "ken agreement check", "rules": rules });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(of: &Checked<'_>, one: &Diagnostic) -> Value {
    let (end_line, end_column) = place(of.text, one.at.end);
    let help = one.help.as_ref().map_or_else(String::new, |help| format!(". Help: {help}"));
    json!({
        "ruleId": one.code,
        "level": if one.is_error { "error" } else { "warning" },
        "message": { "text": format!("{}{help}", one.what) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": of.file },
                "region": {
                    "startLine": one.line,
                    "startColumn": one.column,
                    "endLine": end_line,
                    "endColumn": end_column,
                },
            },
        }],
    })
}
