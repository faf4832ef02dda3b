//! The law's own conditions, as far as a computer can see them; a solicitor sees the rest.
//!
//! # Sources
//!
//! - UK GDPR arts. 6(1), 9(2), 10; DPA 2018 sch. 1 parts 1, 2 and 4.
//! - House policy for duties: what a statute demands is never stopped by a training record.

use super::{Found, Look, Rule, error, warning};
use crate::basis::Basis;
use crate::clause::{Clause, End, Kind, Modality};
use crate::instrument::{Instrument, Tier};
use crate::party::{Party, PartyKind};

/// Conditions of DPA 2018 sch. 1 that need an appropriate policy document (sch. 1 part 4).
/// `part 2` is any condition of substantial public interest.
const NEED_POLICY_DOCUMENT: [&str; 4] = ["para 1", "para 6", "para 18", "part 2"];

pub(super) const RULES: &[Rule] = &[
    error(
        "E-NOBASIS",
        6,
        "purpose",
        "this party has no lawful basis for the purpose: add one",
        no_basis,
    ),
    error(
        "E-UNCONFIRMED",
        6,
        "confirmed_by",
        "nobody has confirmed this basis: name the solicitor or officer, and \
        the day",
        unconfirmed,
    ),
    error(
        "E-ART9",
        6,
        "categories",
        "special category data needs an Article 9 condition and one of DPA 2018 \
        Schedule 1: add both to this party's basis",
        art9,
    ),
    error(
        "E-ART10",
        6,
        "categories",
        "criminal offence data needs Article 10 authority: add it to this party's \
        basis, or take the category out",
        art10,
    ),
    error(
        "E-APD",
        6,
        "dpa_sch1",
        "this condition needs an appropriate policy document: name it",
        policy_document,
    ),
    error(
        "E-PUBLIC-LI",
        6,
        "purpose",
        "a public authority's task cannot rest on legitimate interests",
        public,
    ),
    error(
        "E-DUTY-ROUTINE",
        7,
        "kind",
        "a duty that lapses is no duty: make it statutory, with its source",
        duty,
    ),
    error(
        "E-DUTY-BLOCKED",
        7,
        "require",
        "training cannot stop a duty: move it to expect",
        blocked,
    ),
    error("E-RETENTION", 6, "", "how long this party keeps it is missing: add it", retention),
    warning(
        "W-ORPHAN-DUTY",
        7,
        "source",
        "a statutory or exceptional clause dies with this agreement: name its \
        source",
        orphan,
    ),
    error(
        "E-NOEXCEPTIONAL",
        7,
        "",
        "nothing here serves an emergency: narrow the accord's clause",
        none,
    ),
    warning("W-NOWI", 5, "", "this party has no work instruction", instruction),
];

/// Each personal-data clause with each party that may stand at an end of it.
pub(super) fn flows<'a>(look: &Look<'a>) -> impl Iterator<Item = (&'a Clause, &'a Party)> {
    let instrument = look.instrument;
    let personal = |c: &&Clause| {
        let mut entries = c.categories.iter().filter_map(|id| instrument.category(id));
        entries.any(|entry| entry.personal)
    };
    let at = move |end: &'a End| instrument.parties.iter().filter(move |p| end.may_be(p));
    let both = move |c: &'a Clause| at(&c.from).chain(at(&c.to)).map(move |party| (c, party));
    look.permits().filter(personal).flat_map(both)
}

pub(super) fn basis<'a>(
    instrument: &'a Instrument,
    clause: &Clause,
    party: &Party,
) -> Option<&'a Basis> {
    let purpose = clause.purpose.as_ref()?;
    // A basis that names the party comes before one for all of its kind.
    let serving = || instrument.bases.iter().filter(|basis| basis.serves(party, purpose));
    serving().find(|basis| basis.named().is_some()).or_else(|| serving().next())
}

/// The flows whose party's basis breaks a rule.
pub(super) fn broken(look: &Look<'_>, bad: impl Fn(&Clause, &Party, &Basis) -> bool) -> Found {
    let bases = flows(look).filter_map(|(c, p)| Some((c, p, basis(look.instrument, c, p)?)));
    let bad = bases.filter(|(clause, party, basis)| bad(clause, party, basis));
    bad.map(|(clause, party, _)| format!("{} {}", clause.id, party.id)).collect()
}

pub(super) fn touches(
    look: &Look<'_>,
    clause: &Clause,
    sort: fn(&crate::CategoryEntry) -> bool,
) -> bool {
    clause.categories.iter().filter_map(|id| look.instrument.category(id)).any(sort)
}

fn no_basis(look: &Look<'_>) -> Found {
    let without = flows(look).filter(|(c, p)| basis(look.instrument, c, p).is_none());
    without.map(|(clause, party)| format!("{} {}", clause.id, party.id)).collect()
}

fn unconfirmed(look: &Look<'_>) -> Found {
    let bases = look.instrument.bases.iter();
    bases.filter(|b| b.confirmed_by.trim().is_empty()).map(|b| b.id.clone()).collect()
}

fn art9(look: &Look<'_>) -> Found {
    broken(look, |clause, _, basis| {
        touches(look, clause, |entry| entry.special)
            && (basis.art9.is_none() || basis.dpa_sch1.is_empty())
    })
}

fn art10(look: &Look<'_>) -> Found {
    broken(look, |clause, _, basis| touches(look, clause, |entry| entry.criminal) && !basis.art10)
}

fn policy_document(look: &Look<'_>) -> Found {
    let needs = |b: &&Basis| NEED_POLICY_DOCUMENT.iter().any(|para| b.dpa_sch1.contains(*para));
    let bases = look.instrument.bases.iter().filter(needs);
    bases.filter(|b| b.appropriate_policy_document.is_none()).map(|b| b.id.clone()).collect()
}

fn public(look: &Look<'_>) -> Found {
    broken(look, |_, party, basis| {
        let public = matches!(
            party.kind,
            PartyKind::PublicAuthority | PartyKind::Health | PartyKind::CompetentAuthority
        );
        public && ["6(1)(f)", "6(1)(ea)"].contains(&basis.art6.as_str())
    })
}

pub(super) fn clauses(look: &Look<'_>, bad: impl Fn(&Clause) -> bool) -> Found {
    look.permits().filter(|clause| bad(clause)).map(|clause| clause.id.to_string()).collect()
}

fn duty(look: &Look<'_>) -> Found {
    clauses(look, |c| c.modality == Modality::Must && c.kind == Kind::Routine)
}

fn blocked(look: &Look<'_>) -> Found {
    let training = |fact: &ken_core::Fact| {
        let fact = fact.as_str();
        fact.starts_with("trained:") || fact.starts_with("assurance:")
    };
    clauses(look, |c| c.modality == Modality::Must && c.require.iter().any(training))
}

/// Duties that travel with data stand in the agreements that carry it.
pub(super) fn isa(look: &Look<'_>) -> bool {
    look.instrument.agreement.tier == Tier::Isa
}

pub(super) fn parties(look: &Look<'_>, bad: impl Fn(&Party) -> bool) -> Found {
    let parties = look.instrument.parties.iter().filter(|party| isa(look) && bad(party));
    parties.map(|party| party.id.to_string()).collect()
}

fn retention(look: &Look<'_>) -> Found {
    parties(look, |party| !look.instrument.retention.contains_key(&party.id))
}

fn orphan(look: &Look<'_>) -> Found {
    clauses(look, |c| {
        isa(look) && matches!(c.kind, Kind::Statutory | Kind::Exceptional) && c.source.is_none()
    })
}

/// The accord above serves too, where it is at hand.
fn none(look: &Look<'_>) -> Found {
    let under = |i: &&&Instrument| look.instrument.agreement.under.contains(&i.name());
    let above = look.sources.iter().filter(under).flat_map(|i| &i.clauses);
    let served = look.permits().chain(above).any(|clause| clause.kind == Kind::Exceptional);
    let missing = isa(look) && !served;
    missing.then(|| look.instrument.agreement.id.to_string()).into_iter().collect()
}

fn instruction(look: &Look<'_>) -> Found {
    parties(look, |party| !look.instrument.work_instructions.iter().any(|wi| wi.party == party.id))
}
