//! What an accord agreed anew takes over: the exceptions that prohibitions made for the one before.
//! Data outlives the texts under which it was received, and so do the prohibitions that follow it.

use std::collections::BTreeSet;

use ken_agreement::{Clause, Instrument, Kind, Scope};
use ken_sharing::decide::{decide, decide_whole};
use ken_testkit::oracle::{self, Case, Mutant, Row, Verdict};

use crate::python;
use crate::vectors_world::{Entry, asked, bundle, glen, told, word, world};

/// The gate's answer, which the other deciders must give as well.
pub(crate) fn by_all_deciders(entries: &[Entry], case: &Case) -> Verdict {
    let (ask, facts, rows) = asked(case);
    let (bundle, known) = (bundle(entries), world(entries));
    let got = told(&decide(&bundle, &ask, &facts, rows.as_ref()).unwrap());
    let whole = told(&decide_whole(&bundle, &ask, &facts, rows.as_ref()).unwrap());
    let denied = |of: &Verdict| matches!(of, Verdict::Deny(..));
    assert!(whole == got || denied(&whole) && denied(&got), "whole: {whole:?}, sliced: {got:?}");
    assert_eq!(oracle::decide(&known, case, Mutant::None), got, "the oracle: {case:?}");
    if python::is_here() {
        let said = python::decide(&known, std::iter::once((case, None)));
        assert_eq!(said, [python::line(&got)], "the Python program: {case:?}");
    }
    got
}

/// A newer version of one of them, which has taken its place; the place of the newer one.
fn anew(entries: &mut Vec<Entry>, n: usize, version: &str) -> usize {
    let mut newer = entries[n].instrument.clone();
    newer.agreement.version = word(version);
    newer.lifecycle.supersedes = [entries[n].instrument.name()].into();
    entries[n].superseded = true;
    entries.push(Entry::in_their_place(newer));
    entries.len() - 1
}

fn clause<'e>(entries: &'e mut [Entry], n: usize, id: &str) -> &'e mut Clause {
    let mut clauses = entries[n].instrument.clauses.iter_mut();
    clauses.find(|clause| clause.id.as_str() == id).unwrap()
}

/// The place of an instrument by its id, of its first version.
fn place(entries: &[Entry], id: &str) -> usize {
    entries.iter().position(|of| of.instrument.agreement.id.as_str() == id).unwrap()
}

/// In an emergency the health board tells the police, under one text, what it once gave under the
/// adult-protection agreement.
fn emergency(entries: &[Entry], by: usize, id: &str) -> Case {
    let (by, asp) = (entries[by].instrument.hash(), place(entries, "glen-asp-concern"));
    let words = ["imminent-serious-harm", "reason-free-text"];
    let row = Row {
        category: "health-relevant".to_owned(),
        labels: BTreeSet::new(),
        source: "nhsl".to_owned(),
        lineage: [entries[asp].instrument.hash().to_string()].into(),
    };
    Case {
        from: ("nhsl".into(), Some("nhs.asp".into())),
        to: ("police".into(), Some("pp.concern-hub".into())),
        action: "push".into(),
        purpose: "vital".into(),
        up_to: false,
        categories: [("health-relevant".to_owned(), None)].into(),
        rows: Some([row].into()),
        day: "2027-06-01".parse().unwrap(),
        facts: BTreeSet::new(),
        attested: words.map(|words| format!("{by}#{id}/{words}")).into(),
        referrers: BTreeSet::new(),
    }
}

/// Whether it goes; where it does not, the prohibition that follows the data says so.
fn is_let_through(entries: &[Entry], case: &Case) -> bool {
    match by_all_deciders(entries, case) {
        Verdict::Permit(..) => true,
        Verdict::Deny(0, what) if what.ends_with("#P1") => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_emergency_under_an_accord_agreed_anew_passes_what_follows_the_data() {
    let check = |change: &dyn Fn(&mut Vec<Entry>, usize), id: &str, want: bool, why: &str| {
        let mut entries = glen(6);
        let accord = place(&entries, "scot-accord");
        let newer = anew(&mut entries, accord, "4");
        change(&mut entries, newer);
        let by = entries.len() - 1;
        assert_eq!(is_let_through(&entries, &emergency(&entries, by, id)), want, "{why}");
    };
    check(&|_, _| {}, "X1", true, "the accord's own emergency clause");
    let third = |entries: &mut Vec<Entry>, newer: usize| {
        anew(entries, newer, "5");
    };
    check(&third, "X1", true, "and that of the version after");
    let mut entries = glen(6);
    let fourth = anew(&mut entries, 1, "4");
    let fifth = anew(&mut entries, fourth, "5");
    let (case, known) = (emergency(&entries, fifth, "X1"), world(&entries));
    let wrong = oracle::decide(&known, &case, Mutant::HeirsForgetGrandparents);
    assert_ne!(wrong, oracle::decide(&known, &case, Mutant::None), "it is two steps back");
    // What only says that it replaces the accord has replaced nothing.
    let says = |entries: &mut Vec<Entry>, newer: usize| {
        entries[newer].replaced.clear();
        entries[1].superseded = false;
        // Nor does what narrows the older one run.
        let lead = entries[1].instrument.agreement.lead_party.to_string();
        entries[1].unsigned.extend([lead, "police".to_owned()]);
    };
    check(&says, "X1", false, "nobody agreed that it takes the place");
    let named = |id: &'static str| {
        move |entries: &mut Vec<Entry>, newer: usize| {
            clause(entries, newer, "X1").id = word(id);
        }
    };
    check(&named("X9"), "X9", false, "another clause");
    // The same id, given to another permission.
    let kind = |entries: &mut Vec<Entry>, newer: usize| {
        clause(entries, newer, "X1").kind = Kind::Statutory;
    };
    check(&kind, "X1", false, "a duty is no emergency");
    let was = |entries: &mut Vec<Entry>, _: usize| {
        clause(entries, 1, "X1").purpose = Some(word("own-work"));
    };
    check(&was, "X1", false, "it was for another purpose");
}

/// An agreement that stands under the newer accord narrows its clause, and so does its own next
/// version; an everyday clause is let through by neither.
#[test]
fn what_narrows_an_accord_agreed_anew_is_let_through_as_it_was() {
    let mut entries = glen(6);
    let asp = place(&entries, "glen-asp-concern");
    let accord = place(&entries, "scot-accord");
    anew(&mut entries, accord, "4");
    let newer = anew(&mut entries, asp, "3.0.0");
    clause(&mut entries, newer, "X1").source = Some("scot-accord@4#X1".parse().unwrap());
    // Only the prohibition of the text before is looked at.
    entries[newer].instrument.clauses.retain(|one| !one.is_prohibition());
    let case = emergency(&entries, newer, "X1");
    assert!(is_let_through(&entries, &case), "by what its source was");
    // Without a source it is what the agreement's own clause was.
    clause(&mut entries, newer, "X1").source = None;
    clause(&mut entries, asp, "X1").source = None;
    let case = emergency(&entries, newer, "X1");
    assert!(is_let_through(&entries, &case), "by what it was itself");
    entries[newer].replaced.clear();
    assert!(!is_let_through(&entries, &case), "in nobody's place");
    // Another clause of the newer text is stopped, whatever took whose place.
    let mut everyday = entries.clone();
    everyday[newer].replaced = [everyday[asp].instrument.name()].into();
    let like = clause(&mut everyday, newer, "X1");
    (like.id, like.kind) = (word("D9"), Kind::Routine);
    let case = emergency(&everyday, newer, "D9");
    assert!(!is_let_through(&everyday, &case), "no exception was made for it");
}

/// A prohibition that does not follow the data never stopped another text's clause, and still does
/// not.
#[test]
fn a_prohibition_of_one_agreement_stays_in_it() {
    let mut entries = glen(6);
    let asp = place(&entries, "glen-asp-concern");
    clause(&mut entries, asp, "P1").scope = Some(Scope::Agreement);
    let accord = place(&entries, "scot-accord");
    let newer = anew(&mut entries, accord, "4");
    clause(&mut entries, newer, "X1").id = word("X9");
    let other: &Instrument = &entries[newer].instrument;
    assert!(other.clause(&word("X9")).is_some());
    assert!(is_let_through(&entries, &emergency(&entries, newer, "X9")));
}
