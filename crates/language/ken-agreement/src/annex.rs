//! What an instrument says beside its clauses: role names, processors, terms, steps, assessments.
//!
//! Nothing here is compiled. All of it is signed, shown and linted, and all of it is optional, so
//! that what was signed before these fields existed has the same canonical form for ever.
//!
//! # Sources
//!
//! - The Scottish Information Sharing Toolkit's agreement template, sections 4, 6, 10 and 11.
//! - UK GDPR arts. 26 (joint controllers), 28 (processors) and chapter V (transfers).

use std::collections::BTreeSet;

use ken_core::{OrganisationId, RoleId};
use serde::Serialize;

use crate::day::Day;
use crate::key::{ClauseKey, SourceRef};

/// What a role is called, and whose professional code binds who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleEntry {
    /// The role, as parties and clauses name it.
    pub id: RoleId,
    /// What people call it: `duty social worker`.
    pub text: String,
    /// The code of the body that registers who holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Somebody who works on a party's instructions (UK GDPR art. 28). It signs nothing here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Processor {
    /// Its id.
    pub id: ClauseKey,
    /// Its name, for people.
    pub name: String,
    /// The party on whose instructions it acts.
    pub acts_for: OrganisationId,
    /// The contract with its terms.
    pub terms: String,
    /// Its own processors, whom the party has agreed to (UK GDPR art. 28(2)).
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub sub_processors: BTreeSet<String>,
    /// Where it processes, where that is not the United Kingdom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// A term that binds the parties and that no program executes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Term {
    /// Its id.
    pub id: ClauseKey,
    /// The term.
    pub text: String,
}

/// One step of a work instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its id, in the order of the work.
    pub id: ClauseKey,
    /// The clause that it carries out.
    pub clause: SourceRef,
    /// What to do.
    pub text: String,
}

/// Who of one party answers what. No cell is blank: the type has no way to leave one out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Responsibility {
    /// Subject access and other requests.
    pub requests: String,
    /// Breaches.
    pub breaches: String,
    /// Corrections.
    pub corrections: String,
    /// Complaints.
    pub complaints: String,
}

/// How what is shared is kept accurate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quality {
    /// The rule, for people.
    pub rule: String,
    /// Days in which a correction reaches everybody who received the error.
    pub correct_within_days: i64,
}

/// Transfers out of the United Kingdom (UK GDPR chapter V).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transfers {
    /// The countries; none is a statement too.
    pub countries: BTreeSet<String>,
    /// The regulation or the appropriate safeguard that a transfer relies on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safeguard: Option<String>,
}

/// The equality impact assessment (Equality Act 2010, public sector equality duty).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Equality {
    /// Its name and version.
    pub id: String,
    /// The day it was approved.
    pub approved: Day,
    /// The day it is due for review.
    pub review_due: Day,
    /// How the best interests of children were weighed (data sharing code; UNCRC art. 3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children: Option<String>,
}
