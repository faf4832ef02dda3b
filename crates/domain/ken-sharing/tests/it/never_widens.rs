//! What takes away never gives: a prohibition more, a signature less, an agreement ended.

use std::collections::BTreeSet;

use ken_agreement::lint::unsound;
use ken_agreement::{Instrument, Scope, Who};
use ken_sharing::bundle::Bundle;
use ken_sharing::decide::decide;
use ken_testkit::oracle::{Case, Row, Verdict};

use crate::dice::Dice;
use crate::layered::layered;
use crate::questions::{question, tweaked};
use crate::shut::break_it;
use crate::vectors_world::{Entry, asked, bundle_after, glen, told, word, world};

/// Worlds, and questions to each.
const WORLDS: u64 = 4;
const CASES: usize = 250;

/// What a case gives: each row with each of its fields; the clauses that cover them may change.
type Given = BTreeSet<(Row, String)>;

fn given(bundle: &Bundle, case: &Case) -> Given {
    let (ask, facts, rows) = asked(case);
    match told(&decide(bundle, &ask, &facts, rows.as_ref()).unwrap()) {
        Verdict::Permit(mask, _) => mask.into_keys().collect(),
        Verdict::Need(_) | Verdict::Deny(..) => Given::new(),
    }
}

/// Takes something away from a random world, and compares what the same questions give. A change
/// of an instrument is a change of its hash, which words and rows are told by.
fn never_widens(change: impl Fn(&mut Dice, &mut [Entry])) {
    let (mut gave, mut less) = (0, 0);
    for seed in 100..100 + WORLDS {
        let mut dice = Dice(seed);
        let entries = somewhere(&mut dice, seed);
        let mut after = entries.clone();
        change(&mut dice, &mut after);
        let before = bundle_after(None, &entries);
        let admitted = after.iter().filter(|of| of.unread.is_none()).map(Entry::admitted);
        let unread: Vec<_> = after.iter().filter_map(Entry::unread).collect();
        let changed = Bundle::compile_in_force(Some(&before), admitted, &unread).unwrap();
        let (old, new) = (world(&entries), world(&after));
        for _ in 0..CASES {
            let case = question(&mut dice, &entries, &old);
            let mut again = case.clone();
            let mut renamed = |text: &mut String| {
                for (was, is) in old.iter().zip(&new) {
                    *text = text.replace(&was.hash, &is.hash);
                }
            };
            let rename = |texts: &BTreeSet<String>, renamed: &mut dyn FnMut(&mut String)| {
                let mut texts: Vec<String> = texts.iter().cloned().collect();
                texts.iter_mut().for_each(renamed);
                texts.into_iter().collect::<BTreeSet<_>>()
            };
            again.attested = rename(&case.attested, &mut renamed);
            again.rows = case.rows.as_ref().map(|rows| {
                let lineage =
                    |row: &Row| Row { lineage: rename(&row.lineage, &mut renamed), ..row.clone() };
                rows.iter().map(lineage).collect()
            });
            // A row is told by its lineage: compare under the names of before.
            let was = given(&before, &case);
            let is = given(&changed, &again);
            let plain = |given: &Given| -> BTreeSet<_> {
                let told = given.iter().map(|(row, field)| {
                    let lineage: BTreeSet<usize> = row
                        .lineage
                        .iter()
                        .filter_map(|hash| {
                            let at = |all: &[ken_testkit::oracle::Known]| {
                                all.iter().position(|known| known.hash == *hash)
                            };
                            at(&old).or_else(|| at(&new))
                        })
                        .collect();
                    let Row { category, labels, source, .. } = row.clone();
                    (category, labels, source, lineage, field.clone())
                });
                told.collect()
            };
            let (was, is) = (plain(&was), plain(&is));
            assert!(is.is_subset(&was), "seed {seed}: {:?} {case:?}", is.difference(&was));
            gave += usize::from(!was.is_empty());
            less += usize::from(is != was);
        }
    }
    assert!(gave > 60 && less > 0, "{gave} questions gave something, {less} gave less");
}

/// A random world, every other one with ceilings and opt-outs.
fn somewhere(dice: &mut Dice, seed: u64) -> Vec<Entry> {
    let mut entries = tweaked(dice, seed);
    if seed % 2 == 1 {
        layered(dice, &mut entries);
    }
    entries
}

fn signed(entries: &mut [Entry], dice: &mut Dice) -> usize {
    loop {
        let n = dice.below(entries.len());
        if entries[n].instrument.parties.len() > 2 {
            return n;
        }
    }
}

#[test]
fn a_prohibition_more_never_widens() {
    never_widens(|dice, entries| {
        let like = Instrument::clone(&glen(4)[2].instrument);
        let like = like.clauses.into_iter().find(ken_agreement::Clause::is_prohibition).unwrap();
        for _ in 0..3 {
            let n = signed(entries, dice);
            let mut clause = like.clone();
            clause.id = word(&format!("PX{}", dice.below(1_000)));
            clause.except.clear();
            (clause.from.party, clause.to.party) = (Who::Any, Who::Any);
            clause.from.roles = [word("*")].into();
            clause.to.roles = [word("*")].into();
            clause.scope = Some(*dice.pick(&[Scope::Agreement, Scope::Lineage]));
            clause.labels = [word(dice.text(&["restricted", "sealed"]))].into();
            clause.categories = [word(dice.text(&["core", "concern", "medication"]))].into();
            let mut changed = entries[n].clone();
            changed.instrument.clauses.push(clause);
            if unsound(&changed.instrument).is_empty() {
                entries[n] = changed;
            }
        }
    });
}

#[test]
fn a_signature_less_never_widens() {
    never_widens(|dice, entries| {
        for _ in 0..4 {
            let n = signed(entries, dice);
            let parties: Vec<_> =
                entries[n].instrument.parties.iter().map(|p| p.id.to_string()).collect();
            let left = entries[n].signed().len() > 1;
            entries[n].unsigned.extend(left.then(|| dice.pick(&parties).clone()));
        }
    });
}

#[test]
fn an_agreement_that_does_not_compile_never_widens() {
    never_widens(|dice, entries| {
        let n = dice.below(entries.len());
        break_it(&mut entries[n]);
    });
}

#[test]
fn an_agreement_that_cannot_be_read_never_widens() {
    for is_told in [false, true] {
        let change = |dice: &mut Dice, entries: &mut [Entry]| {
            let n = dice.below(entries.len());
            entries[n].unread = Some(is_told);
        };
        never_widens(change);
    }
}

/// What was received under an agreement that has ended keeps its prohibitions, under whatever
/// other agreement it is sent on.
#[test]
fn an_agreement_ended_never_widens() {
    never_widens(|dice, entries| {
        let n = signed(entries, dice);
        entries[n].superseded = true;
    });
}
