//! The guide's pages are the examples: each code has a page, and what stands there is true.
//!
//! A page that shows a good and a bad text names the agreement in which the good one stands. The
//! good one must not be found under the page's code; with the bad one in its place it must be.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ken_agreement::lint::{CATALOGUE, Severity, Used, lint, lint_used};
use ken_agreement::{FAULT_KINDS, Instrument};
use ken_core::{Category, FieldName};

use crate::shelf;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Every code, with what its page must say of it.
fn codes() -> Vec<(&'static str, String)> {
    let rules = CATALOGUE.iter().flat_map(|rules| rules.iter()).map(|rule| {
        let stops = match rule.severity {
            Severity::Unsound => "Unsound: ",
            Severity::Error => "Error: ",
            Severity::Warning => "Warning: ",
        };
        (rule.code, format!("\n\n{stops}|\nIt serves Caldicott principle {}: ", rule.principle))
    });
    let faults = FAULT_KINDS.iter().map(|kind| (kind.code, "\n\nRefused: ".to_owned()));
    faults.chain(rules).collect()
}

/// The codes under which a text is found, whether or not it parses.
fn found(text: &str) -> BTreeSet<String> {
    let instrument = match Instrument::parse(text) {
        Ok(instrument) => instrument,
        Err(error) => return error.faults.iter().map(|f| f.code.to_owned()).collect(),
    };
    let name = instrument.name();
    let others: Vec<_> = shelf::all().into_iter().filter(|other| other.name() != name).collect();
    let others: Vec<_> = others.iter().collect();
    lint(&instrument, &others).into_iter().map(|finding| finding.code.to_owned()).collect()
}

/// The pieces of a page: the agreement, the good text, the bad one (which may be nothing).
fn example(page: &str) -> Option<(String, String, String)> {
    let base = page.split("As it stands in `").nth(1)?.split('`').next()?.to_owned();
    let mut fences = page.split("```toml\n").skip(1);
    let mut next = || fences.next().map(|rest| rest.split("\n```").next().unwrap().to_owned());
    let good = next()?;
    Some((base, good, next().unwrap_or_default()))
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let pages: BTreeSet<String> = fs::read_dir(root().join("docs/guide/lint"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let codes = codes();
    assert_eq!(codes.len(), pages.len(), "a code is used twice, or a page is missing");
    let list = fs::read_to_string(root().join("docs/guide/lint.md")).unwrap();
    for (code, says) in codes {
        assert!(pages.contains(code), "{code} has no page");
        let page = fs::read_to_string(root().join(format!("docs/guide/lint/{code}.md"))).unwrap();
        assert!(page.starts_with(&format!("# {code}: ")), "{code}: its title");
        assert!(says.split('|').all(|part| page.contains(part)), "{code}: {says:?}");
        assert!(list.contains(&format!("[{code}](lint/{code}.md)")), "{code}: not in the list");
    }
}

#[test]
fn every_page_shows_what_is_true() {
    let mut untold = vec![];
    for (code, _) in codes() {
        let page = fs::read_to_string(root().join(format!("docs/guide/lint/{code}.md"))).unwrap();
        let Some((base, good, bad)) = example(&page) else {
            untold.push(code);
            continue;
        };
        let text = fs::read_to_string(root().join(&base)).unwrap();
        assert!(text.contains(&good), "{code}: not in {base}: {good}");
        assert!(!found(&text).contains(code), "{code}: found in the good text");
        let worse = found(&text.replacen(&good, &bad, 1));
        assert!(worse.contains(code), "{code}: not found in the bad text, but {worse:?}");
    }
    // The last two need more beside the text than a page can show: tests of their own have them.
    assert_eq!(untold, ["P-SIZE", "E-LAW", "W-WIDE"]);
}

#[test]
fn what_was_never_used_is_too_wide() {
    let instrument = shelf::one("glen-asp-concern@2.1.0");
    let field = |name: &str| FieldName::new(name).unwrap();
    let mut used = Used::default();
    let clause = |id: &str| id.parse().unwrap();
    for n in 0..20 {
        // C2 gives the whole of `core`; only the name was ever looked at, but for once in twenty.
        let fields = [field("name"), field("phone")];
        let some = if n == 0 { &fields[..] } else { &fields[..1] };
        used.note(clause("C2"), Category::new("core").unwrap(), some);
        used.note(clause("C5"), Category::new("core").unwrap(), &fields[..1]);
        used.note(clause("C2"), Category::new("identifiers").unwrap(), &[field("chi")]);
        used.note(clause("C3"), Category::new("core").unwrap(), &fields);
        if n > 0 {
            used.note(clause("C6"), Category::new("core").unwrap(), &fields[..1]);
        }
    }
    let all = lint_used(&instrument, &[], &used);
    let wide: Vec<_> = all.iter().filter(|f| f.code == "W-WIDE").map(|f| f.at.as_str()).collect();
    assert_eq!(wide, ["C2 core"]);
}
