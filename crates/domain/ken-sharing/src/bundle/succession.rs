//! What an instrument takes over from those whose place it has taken: the exceptions that others
//! make for them.
//!
//! A prohibition that follows data names the clauses that it excepts by the texts of its day: the
//! emergency clause of an accord, say. The accord is agreed anew and the data lives on, so its next
//! version must still be let through; somebody may die of it otherwise.
//!
//! # Invariants
//!
//! - Only what the register says was replaced counts, link by link; what a text says of itself is
//!   nothing.
//! - Only the same permission counts: the same clause id, of the same kind and for the same
//!   purpose. An id that was given to another permission inherits nothing.

use std::collections::BTreeSet;

use ken_agreement::{Clause, InstrumentRef};

use super::Held;

/// The names by which exceptions knew a permit before: in what its own instrument has replaced, and
/// in what its source has.
pub(super) fn inherited(own: &Held, clause: &Clause, all: &[Held]) -> BTreeSet<String> {
    let mut names = named_before(own, clause, all);
    if let Some(source) = &clause.source
        && let Some(above) = all.iter().find(|of| of.name == source.instrument)
        && let Some(wide) = above.instrument.clause(&source.clause)
    {
        names.extend(named_before(above, wide, all));
    }
    names
}

fn named_before(own: &Held, clause: &Clause, all: &[Held]) -> BTreeSet<String> {
    let is_same = |old: &Clause| {
        !old.is_prohibition() && old.kind == clause.kind && old.purpose == clause.purpose
    };
    let before = before(own, all);
    let texts = all.iter().filter(|of| before.contains(&of.name));
    let same = texts.filter(|of| of.instrument.clause(&clause.id).is_some_and(is_same));
    same.map(|of| format!("{}#{}", of.name, clause.id)).collect()
}

/// Everything whose place an instrument has taken, and what that had.
fn before<'a>(own: &'a Held, all: &'a [Held]) -> BTreeSet<&'a InstrumentRef> {
    let mut before = BTreeSet::new();
    let mut open: Vec<&InstrumentRef> = own.register.replaced.iter().collect();
    // Each name is followed once, so a circle ends.
    while let Some(name) = open.pop() {
        if before.insert(name) {
            let of = all.iter().filter(|of| of.name == *name);
            open.extend(of.flat_map(|of| &of.register.replaced));
        }
    }
    before
}
