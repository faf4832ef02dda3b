//! A clause that is in force elsewhere must narrow what is in force there, or it does not run.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Found, Look, Rule, error};
use crate::clause::{Clause, End, Who};
use crate::instrument::{Instrument, Tier};
use crate::key::SourceRef;
use crate::party::Party;

pub(super) const RULES: &[Rule] = &[
    error(
        "E-SOURCE",
        6,
        "source",
        "the source is not in force here, or the clause does not narrow it: keep its kind and \
        purpose, stay within its parties, roles, categories, fields, actions and days, and ask for \
        all that it asks for, in its words",
        unsourced,
    ),
    error(
        "E-LAW",
        6,
        "source",
        "the law that this rests on was written anew: read it, name the new pack as the source, \
        and have the basis confirmed again",
        law,
    ),
];

/// In what a clause goes beyond its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unnarrowed {
    /// The source instrument is another, or has no such clause.
    Absent,
    /// Statutory, routine or exceptional: another kind would survive what the source does not.
    Kind,
    /// Another purpose.
    Purpose,
    /// A sender outside.
    From,
    /// A recipient outside.
    To,
    /// An action outside.
    Action,
    /// A category outside.
    Category,
    /// A field outside.
    Field,
    /// A fact that the source requires and this does not.
    Require,
    /// A first day before the source's own.
    Starts,
    /// Words that the source asks for and this does not, or other words by the same name.
    Attest,
}

/// Whether a clause narrows its source: within its ends, categories and actions, and asking at
/// least what it asks. Empty: it does. `source` is the instrument that the clause names, or the
/// statute pack that has taken its place.
#[must_use]
pub fn narrows(
    clause: &Clause,
    instrument: &Instrument,
    source: &Instrument,
) -> BTreeSet<Unnarrowed> {
    let named = clause.source.as_ref();
    let Some(wide) = named.and_then(|named| source.clause(&named.clause)) else {
        return [Unnarrowed::Absent].into();
    };
    let fields = |of: &Instrument, c: &Clause| {
        let entries = c.categories.iter().filter_map(|id| of.category(id).map(|e| (id, e)));
        let named = entries.flat_map(|(id, e)| e.whole().into_iter().map(move |f| (id.clone(), f)));
        let within = |f: &(_, _)| c.fields.as_ref().is_none_or(|own| own.contains(&f.1));
        named.filter(within).collect::<BTreeSet<_>>()
    };
    let words_kept = wide.attest.iter().all(|id| {
        let (own, theirs) = (instrument.attestations.get(id), source.attestations.get(id));
        clause.attest.contains(id) && own == theirs
    });
    let within = |narrow: &End, wide: &End| end_within(narrow, instrument, wide, source);
    let in_time = wide.starts.is_none_or(|day| clause.starts.is_some_and(|own| own >= day));
    let checks = [
        (Unnarrowed::Kind, clause.kind == wide.kind && !wide.is_prohibition()),
        (Unnarrowed::Purpose, clause.purpose == wide.purpose),
        (Unnarrowed::From, within(&clause.from, &wide.from)),
        (Unnarrowed::To, within(&clause.to, &wide.to)),
        (Unnarrowed::Action, clause.action.is_subset(&wide.action)),
        (Unnarrowed::Category, clause.categories.is_subset(&wide.categories)),
        (Unnarrowed::Field, fields(instrument, clause).is_subset(&fields(source, wide))),
        (Unnarrowed::Require, wide.require.is_subset(&clause.require)),
        (Unnarrowed::Starts, in_time),
        (Unnarrowed::Attest, words_kept),
    ];
    checks.into_iter().filter(|(_, holds)| !holds).map(|(what, _)| what).collect()
}

/// A source without parties of its own binds anybody of the right kind.
fn end_within(narrow: &End, instrument: &Instrument, wide: &End, source: &Instrument) -> bool {
    let roles = wide.any_role() || !narrow.any_role() && narrow.roles.is_subset(&wide.roles);
    let inside = |party: &Party| {
        let kind = wide.kinds.is_empty() || wide.kinds.contains(&party.kind);
        kind && (source.parties.is_empty() || source.party(&party.id).is_some())
    };
    let party = match (&wide.party, &narrow.party) {
        (Who::Any, Who::Party(_) | Who::Any | Who::Referrer) => {
            let mut may = instrument.parties.iter().filter(|party| narrow.may_be(party));
            may.all(inside)
        }
        (wide, narrow) => wide == narrow,
    };
    roles && party
}

fn unsourced(look: &Look<'_>) -> Found {
    let mut found = Found::new();
    for clause in look.permits() {
        let Some(named) = &clause.source else { continue };
        let source = look.sources.iter().find(|source| source.name() == named.instrument);
        let beyond = source.map_or_else(
            || [Unnarrowed::Absent].into(),
            |source| narrows(clause, look.instrument, source),
        );
        found.extend(beyond.into_iter().map(|what| format!("{} {what:?}", clause.id)));
    }
    found
}

/// The provisions that a pack at hand says otherwise than the one that it replaces, and the laws
/// that either cites there. A later reading of the same words changes nothing.
fn changed(look: &Look<'_>) -> (BTreeSet<SourceRef>, BTreeSet<String>) {
    let (mut provisions, mut laws) = (BTreeSet::new(), BTreeSet::new());
    let packs = || look.sources.iter().filter(|one| one.agreement.tier == Tier::StatutePack);
    for newer in packs() {
        for old in packs().filter(|old| newer.lifecycle.supersedes.contains(&old.name())) {
            for clause in &old.clauses {
                let now = newer.clause(&clause.id);
                if now.is_some_and(|now| same_law((clause, old), (now, newer))) {
                    continue;
                }
                let (instrument, id) = (old.name(), clause.id.clone());
                provisions.insert(SourceRef { instrument, clause: id });
                laws.extend(clause.cite.iter().chain(now.iter().flat_map(|now| &now.cite)));
            }
        }
    }
    (provisions, laws.into_iter().cloned().collect())
}

fn same_law((old, its): (&Clause, &Instrument), (new, theirs): (&Clause, &Instrument)) -> bool {
    let words = old.attest.iter().all(|id| its.attestations.get(id) == theirs.attestations.get(id));
    let read = Clause { checked: old.checked, ..new.clone() };
    words && read == *old
}

/// Each clause that rests on a changed provision, and each basis that was confirmed before.
fn law(look: &Look<'_>) -> Found {
    let own = look.instrument;
    if own.agreement.tier == Tier::StatutePack {
        return Found::new();
    }
    let (provisions, laws) = changed(look);
    let rests = |c: &&Clause| {
        let sourced = c.source.as_ref().is_some_and(|source| provisions.contains(source));
        sourced || !c.cite.is_disjoint(&laws)
    };
    let touched: Vec<&Clause> = own.clauses.iter().filter(rests).collect();
    let reopened = own.bases.iter().filter(|basis| {
        let serves = |c: &&&Clause| {
            let at = |party: &&Party| c.from.may_be(party) || c.to.may_be(party);
            let purpose = c.purpose.as_ref();
            purpose.is_some_and(|why| own.parties.iter().filter(at).any(|p| basis.serves(p, why)))
        };
        basis.power.iter().any(|power| laws.contains(power)) || touched.iter().any(|c| serves(&c))
    });
    let mut found: Found = reopened.map(|basis| basis.id.clone()).collect();
    found.extend(touched.iter().map(|clause| clause.id.to_string()));
    found
}
