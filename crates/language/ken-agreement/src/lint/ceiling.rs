//! What an instrument may not give because one above it has forbidden it for all below.
//!
//! A ceiling is a prohibition with `scope = "below"`. The gate holds it whatever is signed; here it
//! is said aloud before anybody signs, with the clause that would widen.
//!
//! # Sources
//!
//! - House policy for layers: what a region or the nation adopted is not widened silently below.
//! - Statute stands above every accord, and nobody may stop an emergency in advance.

use super::{Found, Look, Rule, error};
use crate::cedar::Reach;
use crate::clause::{Clause, End, Kind, Who};
use crate::instrument::{Instrument, Tier};

pub(super) const RULES: &[Rule] = &[error(
    "E-WIDER",
    4,
    "",
    "an instrument above forbids this to all below it: narrow the clause, or have the ceiling \
    changed there",
    wider,
)];

/// Whether ceilings bind a permit: all but emergencies, and what narrows a statute pack. `source`
/// is the instrument that the clause narrows, where it is in force.
#[must_use]
pub fn binds(clause: &Clause, source: Option<&Instrument>) -> bool {
    let is_law = source.is_some_and(|of| of.agreement.tier == Tier::StatutePack);
    match clause.kind {
        Kind::Routine | Kind::Prohibition => true,
        Kind::Statutory => !is_law,
        Kind::Exceptional => false,
    }
}

/// Each clause with each ceiling that it would go through. Labels on rows are the gate's to see.
fn wider(look: &Look<'_>) -> Found {
    let above = look.all_above();
    let mut found = Found::new();
    for clause in look.permits() {
        let named = clause.source.as_ref().map(|source| &source.instrument);
        let source = named.and_then(|named| look.sources.iter().find(|of| of.name() == *named));
        if !binds(clause, source.copied()) {
            continue;
        }
        for over in &above {
            let ceilings = over.clauses.iter().filter(|one| one.binds_below());
            let through = ceilings.filter(|one| stops(look, clause, over, one));
            found.extend(through.map(|one| format!("{} {}#{}", clause.id, over.name(), one.id)));
        }
    }
    found
}

fn stops(look: &Look<'_>, clause: &Clause, over: &Instrument, ceiling: &Clause) -> bool {
    let own = look.instrument;
    let all = ceiling.categories.is_empty() && ceiling.labels.is_empty();
    let mut entries = clause.categories.iter().filter_map(|id| own.category(id));
    let what = all
        || !ceiling.categories.is_disjoint(&clause.categories)
        || entries.any(|e| e.label.as_ref().is_some_and(|label| ceiling.labels.contains(label)));
    let relied = |id| {
        let excepted = over.clause(id).and_then(|named| named.source.as_ref());
        clause.source.as_ref().is_some_and(|source| {
            source.instrument == over.name() && source.clause == *id || Some(source) == excepted
        })
    };
    what && !ceiling.except.iter().any(relied)
        && meet(own, &clause.from, over, &ceiling.from)
        && meet(own, &clause.to, over, &ceiling.to)
}

/// Whether somebody may stand at both ends: of the clause here, and of the ceiling above.
fn meet(own: &Instrument, end: &End, over: &Instrument, ceiling: &End) -> bool {
    let person = |end: &End| end.party == Who::Person;
    if person(end) || person(ceiling) {
        return person(end) && (person(ceiling) || ceiling.party == Who::Any);
    }
    let seats = own.parties.iter().filter(|party| end.may_be(party)).flat_map(|party| {
        let roles = party.roles.iter().filter(|role| end.any_role() || end.roles.contains(*role));
        roles.map(move |role| (&party.id, role))
    });
    let mut seats = seats;
    match Reach::of(over, ceiling) {
        Reach::Anybody | Reach::Referrer => true,
        Reach::Person => false,
        Reach::Oneself => end.party == Who::Own,
        Reach::Organisations(all) => seats.any(|(id, _)| all.contains(id)),
        Reach::Seats { own, seats: all } => {
            (!own || end.party == Who::Own)
                && seats.any(|(id, role)| all.iter().any(|(of, held)| of == id && held == role))
        }
    }
}
