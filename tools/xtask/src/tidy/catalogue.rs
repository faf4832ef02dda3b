//! Each row of `docs/catalogue.md` is proven, or says plainly that it is not built yet.
//!
//! *Proven* names a test and a mutant: a change to the code, kept in `docs/mutants.toml`, that
//! makes that test fail (`cargo xtask mutants` tries it). This rule checks that both exist: the
//! test is in the crate, and the mutant's text stands exactly once in its file.

use std::collections::BTreeSet;

use super::Finding;
use super::table::{self, Row};
use crate::mutants::{self, Mutant};
use crate::tree::{Tree, crate_of};

const DOCUMENT: &str = "docs/catalogue.md";
const RULE: &str = "catalogue";
const LATER: &str = "not built yet (step ";

/// The column of a row's state: id, our words, state.
const STATE: usize = 2;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let rows = match table::rows(tree, DOCUMENT, "catalogue") {
        Ok(rows) => rows,
        Err(why) => return vec![Finding::new(DOCUMENT, 0, RULE, why)],
    };
    let mutants = match mutants::read(tree) {
        Ok(mutants) => mutants,
        Err(why) => return vec![Finding::new(mutants::LIST, 0, RULE, format!("{why:#}"))],
    };
    let mut found: Vec<Finding> = mutants.iter().filter_map(|m| unsound(tree, m)).collect();
    let mut ids = BTreeSet::new();
    let mut cited = BTreeSet::new();
    for row in &rows {
        if !ids.insert(row.cell(0)) {
            found.push(finding(row, format!("{} stands twice", row.cell(0))));
        }
        match state(tree, row, &mutants) {
            Ok(names) => cited.extend(names),
            Err(why) => found.push(finding(row, why)),
        }
    }
    for mutant in mutants.iter().filter(|mutant| !cited.contains(&mutant.id)) {
        let what = format!("`{}` proves no row of {DOCUMENT}", mutant.id);
        found.push(Finding::new(mutants::LIST, 0, RULE, what));
    }
    found
}

fn finding(row: &Row, what: String) -> Finding {
    Finding::new(DOCUMENT, row.line, RULE, what)
}

/// What is wrong with a row that lacks its pair.
const NO_PAIR: &str = "names one test and one mutant, each in code marks";

/// The mutants that a row cites, or what is wrong with its state.
fn state(tree: &Tree, row: &Row, mutants: &[Mutant]) -> Result<Vec<String>, String> {
    let said = row.cell(STATE);
    if row.cell(1).is_empty() {
        return Err(format!("{} has no words of ours", row.cell(0)));
    }
    if let Some(rest) = said.strip_prefix(LATER) {
        let step = rest.strip_suffix(')').and_then(|step| step.parse::<u8>().ok());
        return match step {
            Some(1..=7) => Ok(Vec::new()),
            _ => Err("names no step from 1 to 7".to_owned()),
        };
    }
    if !said.starts_with("proven: ") {
        return Err(format!("is neither `proven` nor `{LATER}N)`"));
    }
    let codes = row.codes(STATE);
    let pairs = codes.chunks(2).map(|pair| match pair {
        [test, mutant] => proven(tree, mutants, (*test, *mutant)),
        _ => Err(NO_PAIR.to_owned()),
    });
    if codes.is_empty() { Err(NO_PAIR.to_owned()) } else { pairs.collect() }
}

/// The mutant of one pair, which its test notices.
fn proven(tree: &Tree, mutants: &[Mutant], (test, mutant): (&str, &str)) -> Result<String, String> {
    let Some(known) = mutants.iter().find(|known| known.id == mutant) else {
        return Err(format!("`{mutant}` is not in {}", mutants::LIST));
    };
    if known.test != test {
        return Err(format!("`{mutant}` is killed by `{}`, not by `{test}`", known.test));
    }
    if !test_exists(tree, test) {
        return Err(format!("there is no test `{test}`"));
    }
    Ok(known.id.clone())
}

/// Whether `crate: function` names a test of that crate.
fn test_exists(tree: &Tree, test: &str) -> bool {
    let Some((owner, name)) = test.split_once(": ") else { return false };
    tree.sources.iter().any(|source| {
        crate_of(&source.path) == Some(owner)
            && source.functions.iter().any(|found| found.is_test && found.name == name)
    })
}

/// What keeps a mutant from being tried.
fn unsound(tree: &Tree, mutant: &Mutant) -> Option<Finding> {
    let wrong = |what: String| Some(Finding::new(mutants::LIST, 0, RULE, what));
    let id = &mutant.id;
    let Some(file) = tree.find(&mutant.file) else {
        return wrong(format!("`{id}`: there is no file {}", mutant.file));
    };
    let times = file.text.matches(&mutant.find).count();
    if times != 1 {
        return wrong(format!("`{id}`: its text stands {times} times in {}", mutant.file));
    }
    if !test_exists(tree, &mutant.test) {
        return wrong(format!("`{id}`: there is no test `{}`", mutant.test));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::expect;
    use super::*;

    const CODE: (&str, &str) = (
        "crates/domain/ken-x/src/gate.rs",
        "//! G.\nfn a(b: bool) -> bool { b && true }\n#[cfg(test)]\nmod tests {\n\
         #[test]\nfn it_refuses() {}\nfn a_helper() {}\n}\n",
    );
    const MUTANT: &str = "[[mutant]]\nid = \"always\"\nfile = \"crates/domain/ken-x/src/gate.rs\"\n\
                          find = \"b && true\"\nreplace = \"true\"\ntest = \"ken-x: it_refuses\"\n";

    fn expect_of(rows: &str, list: &str, expected: &[(&str, usize, &str)]) {
        let head = "| id | words | state |\n|---|---|---|\n";
        let text = format!("<!-- tidy:catalogue -->\n{head}{rows}<!-- /tidy -->\n");
        expect(check, &[CODE, (DOCUMENT, &text), (mutants::LIST, list)], expected);
    }

    #[test]
    fn a_proven_row_and_an_honest_one_pass() {
        let rows = "| A1 | words | proven: `ken-x: it_refuses`, mutant `always` |\n\
                    | A2 | words | not built yet (step 3) |\n";
        expect_of(rows, MUTANT, &[]);
    }

    #[test]
    fn a_row_may_have_more_pairs_and_each_is_checked() {
        let more = MUTANT.replace("always", "more").replace("b && true", "a(b: bool)");
        let both = format!("{MUTANT}{more}");
        let row = |second: &str| {
            format!("| A1 | words | proven: `ken-x: it_refuses`, mutant `always`; {second} |\n")
        };
        expect_of(&row("`ken-x: it_refuses`, mutant `more`"), &both, &[]);
        expect_of(
            &row("`ken-x: it_refuses`"),
            MUTANT,
            &[(DOCUMENT, 4, "one test"), (mutants::LIST, 0, "proves no row")],
        );
        let bad = row("`ken-x: it_refuses`, mutant `never`");
        let gone = [(DOCUMENT, 4, "`never` is not in"), (mutants::LIST, 0, "proves no row")];
        expect_of(&bad, MUTANT, &gone);
    }

    #[test]
    fn a_row_that_says_neither_fails() {
        expect_of("| A1 | words | done |\n", "", &[(DOCUMENT, 4, "neither")]);
        expect_of("| A1 | words | not built yet (step 9) |\n", "", &[(DOCUMENT, 4, "no step")]);
        expect_of("| A1 | | not built yet (step 2) |\n", "", &[(DOCUMENT, 4, "words of ours")]);
        expect_of("| A1 | words | proven: by looking |\n", "", &[(DOCUMENT, 4, "one test")]);
    }

    #[test]
    fn a_test_or_mutant_that_is_not_there_fails() {
        let row = "| A1 | words | proven: `ken-x: it_refuses`, mutant `never` |\n";
        expect_of(row, "", &[(DOCUMENT, 4, "`never` is not in")]);
        let other = MUTANT.replace("it_refuses", "a_helper");
        let row = "| A1 | words | proven: `ken-x: a_helper`, mutant `always` |\n";
        let expected =
            [(DOCUMENT, 4, "no test"), (mutants::LIST, 0, "no row"), (mutants::LIST, 0, "no test")];
        expect_of(row, &other, &expected);
    }

    #[test]
    fn a_mutant_that_cannot_be_tried_or_proves_nothing_fails() {
        let row = "| A1 | words | proven: `ken-x: it_refuses`, mutant `always` |\n";
        let gone = MUTANT.replace("b && true", "c && true");
        expect_of(row, &gone, &[(mutants::LIST, 0, "0 times")]);
        expect_of("", MUTANT, &[(mutants::LIST, 0, "proves no row")]);
    }

    #[test]
    fn an_id_stands_once() {
        let row = "| A1 | words | not built yet (step 2) |\n";
        expect_of(&format!("{row}{row}"), "", &[(DOCUMENT, 5, "twice")]);
    }
}
