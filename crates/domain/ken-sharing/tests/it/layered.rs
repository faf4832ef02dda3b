//! Random worlds in which instruments set ceilings to those below, plan and research, and are of
//! two nations; and questions about people who opted out.

use std::collections::BTreeSet;

use ken_agreement::lint::unsound;
use ken_agreement::{Clause, Jurisdiction, Scope, Who};
use ken_testkit::oracle::{Case, Known};

use crate::dice::Dice;
use crate::questions::question;
use crate::vectors_world::{Entry, glen, word};

/// Ceilings, layers, purposes beyond care, and nations.
pub(crate) fn layered(dice: &mut Dice, entries: &mut [Entry]) {
    layers(dice, entries);
    beyond(dice, entries);
}

/// Any question, of somebody who opted out perhaps.
pub(crate) fn question_layered(dice: &mut Dice, entries: &[Entry], world: &[Known]) -> Case {
    let mut case = question(dice, entries, world);
    let out = ["opt-out/GB-ENG", "opt-out/GB-ENG@claimed", "opt-out/GB-SCT"];
    for _ in 0..dice.below(3) {
        case.facts.insert(dice.text(&out).to_owned());
    }
    case
}

/// A ceiling or two above the agreements, and now and then one more layer between.
fn layers(dice: &mut Dice, entries: &mut [Entry]) {
    for n in [0, 1, 2] {
        if dice.one_in(2) {
            continue;
        }
        let instrument = &mut entries[n].instrument;
        let end = |dice: &mut Dice| {
            let any = ken_agreement::End {
                party: Who::Any,
                roles: [word("*")].into(),
                kinds: BTreeSet::new(),
            };
            let ids: Vec<_> = instrument.parties.iter().map(|party| party.id.clone()).collect();
            let named = !ids.is_empty() && dice.one_in(2);
            let party = if named { Who::Party(dice.pick(&ids).clone()) } else { Who::Any };
            ken_agreement::End { party, ..any }
        };
        let (from, to) = (end(dice), end(dice));
        let known: Vec<_> = instrument.categories.iter().map(|entry| entry.id.clone()).collect();
        let some = instrument.clauses.iter().find(|clause| clause.is_prohibition()).cloned();
        let Some(mut ceiling) = some.or_else(prohibition) else { continue };
        ceiling.id = word("B1");
        (ceiling.from, ceiling.to) = (from, to);
        ceiling.scope = Some(Scope::Below);
        ceiling.except = BTreeSet::new();
        ceiling.labels = if dice.one_in(2) { [word("restricted")].into() } else { BTreeSet::new() };
        ceiling.categories = dice.some(known, 3);
        if ceiling.categories.is_empty() && ceiling.labels.is_empty() {
            // Without either it would stop everything.
            ceiling.labels = [word("restricted")].into();
        }
        instrument.clauses.push(ceiling);
        if !unsound(&entries[n].instrument).is_empty() {
            entries[n].instrument.clauses.pop();
        }
    }
    // One agreement under another, which no lint would let through and the gate must hold.
    if dice.one_in(2) {
        let above = entries[2].instrument.name();
        entries[5].instrument.agreement.under = [above].into();
    }
}

/// A prohibition to begin with.
fn prohibition() -> Option<Clause> {
    let accord = glen(4).remove(1).instrument;
    accord.clauses.into_iter().find(Clause::is_prohibition)
}

/// Purposes beyond care, and agreements of another nation.
fn beyond(dice: &mut Dice, entries: &mut [Entry]) {
    for entry in entries {
        for purpose in &mut entry.instrument.purposes {
            let rare = ["joint-planning", "support-offer"].contains(&purpose.id.as_str());
            purpose.beyond_care = rare || dice.one_in(3);
        }
        if dice.one_in(3) {
            entry.instrument.agreement.jurisdiction = Jurisdiction::England;
        }
    }
}
