//! What a person's own state takes away, whatever the agreements allow.
//!
//! A state is a fact by one of the names below. It counts at every grade: what takes away needs no
//! second person to confirm it. `objection:support-offer` is an objection to one purpose.
//!
//! # Sources
//!
//! - England's national data opt-out: it is about planning and research, follows what comes from
//!   care in England, and yields to law, to an overriding public interest and to the person's own
//!   agreement (NHS England, operational policy guidance). Scotland, Wales and Northern Ireland
//!   have no such register.
//! - UK GDPR arts. 18 and 21 (restriction, objection); Age of Legal Capacity and adult support
//!   law name their ages in clauses, as facts; `docs/decisions/` has the rules with their reasons.

use std::collections::BTreeSet;

use ken_core::{Fact, FieldName, Purpose};

use super::ask::Facts;
use crate::bundle::Term;
use crate::linker::LINKER;

/// States that stop clauses; the policies in [`super::own`] say which.
const STOPPING: [&str; 9] = [
    PUT_RIGHT,
    "deceased",
    "ex-partner",
    UNSEALED,
    LINKER,
    "objection",
    "restricted-record",
    "restriction",
    "self-or-family",
];
/// The person's record is being put right: their guard has a barrier (`core.md` 4.3).
pub(crate) const PUT_RIGHT: &str = "being-put-right";
/// The ledger has not been sealed for too long (`core.md` 3.2).
pub(crate) const UNSEALED: &str = "ledger-unsealed";
/// The person's address is kept from whoever does not need it.
const PROTECTED_ADDRESS: &str = "protected-address";
/// Somebody may be harmed by what the person's page shows.
const AT_RISK: &str = "at-risk";
/// An explicit agreement was withdrawn.
const WITHDRAWN: &str = "agreement-withdrawn";
/// Start of the facts that say what a person agreed to.
pub(crate) const AGREED: &str = "person:agreed-";
/// Start of the facts that say in which nation a person opted out of planning and research.
pub(crate) const OPTED_OUT: &str = "opt-out/";
/// What a clause accepts that asks the person's own agreement to what it is for.
pub(crate) const OPT_OUT: &str = "opt-out";

/// Fields that tell where somebody lives or can be met. A clause carries them for a person whose
/// address is protected only if its `fields` name them.
const PLACES: [&str; 14] = [
    "address",
    "address_history",
    "appointment_place",
    "contact_address",
    "gp_practice",
    "household",
    "incident_place",
    "key_safe",
    "location",
    "place",
    "postcode",
    "previous_address",
    "school",
    "uprn",
];

/// Whether a field tells where somebody lives or can be met: for a person whose address is
/// protected it comes only under a clause that names it.
#[must_use]
pub fn is_place(field: &str) -> bool {
    PLACES.contains(&field)
}

/// A person's state, as one decision sees it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overlay {
    /// The states that stop clauses, by name alone.
    pub(crate) states: BTreeSet<&'static str>,
    /// The nations in which the person opted out of planning and research.
    pub(crate) opted_out: BTreeSet<String>,
    /// Whether places are only for clauses that name them.
    pub(crate) hides_places: bool,
    /// Whether nothing shows to the person at once.
    pub(crate) at_risk: bool,
    /// The facts that hold once what was withdrawn is taken off.
    pub(crate) held: BTreeSet<Fact>,
}

impl Overlay {
    pub(crate) fn of(facts: &Facts, purpose: &Purpose) -> Self {
        let names = || facts.held.iter().map(base);
        // A state is general, or for one purpose.
        let is = |state: &str| {
            names().any(|name| {
                name.strip_prefix(state).is_some_and(|rest| {
                    rest.is_empty() || rest.strip_prefix(':') == Some(purpose.as_str())
                })
            })
        };
        let withdrawn: BTreeSet<&str> =
            names().filter_map(|name| name.strip_prefix(WITHDRAWN)).collect();
        let counts = |fact: &&Fact| {
            let agreed = base(fact).strip_prefix(AGREED);
            agreed.is_none_or(|to| {
                let of_it = |rest: &&str| rest.is_empty() || rest.strip_prefix(':') == Some(to);
                !withdrawn.iter().any(of_it)
            })
        };
        Self {
            states: STOPPING.into_iter().filter(|state| is(state)).collect(),
            opted_out: names()
                .filter_map(|name| name.strip_prefix(OPTED_OUT))
                .map(str::to_owned)
                .collect(),
            hides_places: is(PROTECTED_ADDRESS),
            at_risk: is(AT_RISK),
            held: facts.held.iter().filter(counts).cloned().collect(),
        }
    }

    /// Whether anything of the person's own may stop a clause.
    pub(crate) fn may_stop(&self) -> bool {
        !self.states.is_empty() || !self.opted_out.is_empty()
    }

    /// Whether a field is kept from the clauses that do not name it.
    pub(crate) fn hides(&self, field: &FieldName) -> bool {
        self.hides_places && is_place(field.as_str())
    }

    /// Whether a clause carries a field that its dictionary gives it.
    pub(crate) fn lets(&self, term: &Term, field: &FieldName) -> bool {
        !self.hides(field) || term.clause.fields.as_ref().is_some_and(|named| named.contains(field))
    }
}

/// Whether somebody's address is kept from others, or they may be harmed by what shows.
pub(crate) fn is_hidden(facts: &Facts, purpose: &Purpose) -> bool {
    let overlay = Overlay::of(facts, purpose);
    overlay.hides_places || overlay.at_risk
}

/// A fact's name without its grade.
pub(crate) fn base(fact: &Fact) -> &str {
    fact.as_str().split('@').next().unwrap_or_default()
}
