//! Duties that travel with the data: retention, notice, rights, assessment, security, training.

use std::collections::BTreeSet;

use ken_core::OrganisationId;
use serde::{Deserialize, Serialize};

use crate::day::Day;

/// How long one party keeps what it receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retention {
    /// The rule, for people.
    pub rule: String,
    /// Where the rule stands.
    pub cite: String,
    /// What to do when the source deletes its copy.
    pub on_source_delete: SourceDelete,
}

/// What a holder does when the source deletes its copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceDelete {
    /// Deletes too, and says so.
    Recall,
    /// Decides, keeps or deletes, and says why.
    Review,
}

/// What people are told, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transparency {
    /// The privacy notice (fair processing notice) that every party publishes.
    pub privacy_notice: String,
    /// When the person is told: `at-disclosure`, `in-notice`.
    pub tell_person: String,
    /// Reasons not to tell, each recorded when used.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tell_person_exemptions: BTreeSet<String>,
    /// The formats the notice is offered in.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub formats: BTreeSet<String>,
}

/// How a person uses their rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rights {
    /// The party to turn to first; the person may use any (UK GDPR art. 26(3)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub single_point: Option<OrganisationId>,
    /// Subject access.
    pub sar: SubjectAccess,
    /// What a correction does: `propagate`.
    pub rectification: String,
    /// What an objection does: `restrict-then-decide`.
    pub objection: String,
    /// Days to acknowledge a complaint.
    pub complaint_ack_days: i64,
    /// Whether what came from the Principal Reporter goes back there before release.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub authority_of_reporter: bool,
}

/// How subject access requests are answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubjectAccess {
    /// `joint` or `each`.
    pub route: String,
    /// Whether who supplied the data is asked first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub originator_consulted: bool,
    /// Days to answer.
    pub days: i64,
}

/// The impact assessment that stands behind the instrument (UK GDPR art. 35).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dpia {
    /// Its name and version.
    pub id: String,
    /// Whether the risk is high before mitigation.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub high_risk: bool,
    /// The risk that is left.
    pub residual: String,
    /// What became of the data protection officer's advice.
    pub dpo_advice: String,
    /// The day it was approved.
    pub approved: Day,
    /// The day it is due for review.
    pub review_due: Day,
    /// The clauses and fields that lower the risk: `P1`, `C5.fields`, `clause:*.attest`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub mitigations: BTreeSet<String>,
}

/// Marking, transport and the clocks of a breach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Security {
    /// The marking.
    pub classification: String,
    /// What carries the data.
    pub transport: String,
    /// Hours to tell the other parties of a breach.
    pub breach_notify_parties_hours: i64,
    /// Hours to tell the Commissioner (UK GDPR art. 33: 72 at most).
    pub breach_notify_ico_hours: i64,
}

/// A course that a clause may expect; it produces the fact `trained:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Training {
    /// How long it counts, in months.
    pub valid_months: i64,
    /// The course.
    pub course: String,
}

/// A party's own procedure for its people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkInstruction {
    /// Whose.
    pub party: OrganisationId,
    /// Its name and version.
    pub id: String,
}
