//! An instrument: what parties sign, whole.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use ken_core::{Category, OrganisationId, Purpose};
use serde::{Deserialize, Serialize};

use crate::annex::{
    Equality, Processor, Quality, Responsibility, RoleEntry, Step, Term, Transfers,
};
use crate::basis::Basis;
use crate::clause::{CategoryEntry, Clause, PurposeEntry};
use crate::day::Day;
use crate::duty::{Dpia, Retention, Rights, Security, Training, Transparency, WorkInstruction};
use crate::key::{AttestationId, ClauseKey, InstrumentRef};
use crate::party::Party;

/// A statute pack, an accord or an information sharing agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Instrument {
    /// The version of the language.
    pub schema: Schema,
    /// Its name, tier and dates.
    pub agreement: Head,
    /// Review, exit and replacement.
    pub lifecycle: Lifecycle,
    /// Who signs. A statute pack names nobody: it is only a source for others.
    #[serde(rename = "party", skip_serializing_if = "Vec::is_empty")]
    pub parties: Vec<Party>,
    /// What for.
    #[serde(rename = "purpose", skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<PurposeEntry>,
    /// What.
    #[serde(rename = "category", skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<CategoryEntry>,
    /// Under which law.
    #[serde(rename = "basis", skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<Basis>,
    /// What may, must and must not happen.
    #[serde(rename = "clause", skip_serializing_if = "Vec::is_empty")]
    pub clauses: Vec<Clause>,
    /// The exact words of each statement that a clause asks for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attestations: BTreeMap<AttestationId, String>,
    /// How long each party keeps it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub retention: BTreeMap<OrganisationId, Retention>,
    /// What people are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transparency: Option<Transparency>,
    /// How people use their rights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rights: Option<Rights>,
    /// The impact assessment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpia: Option<Dpia>,
    /// Marking, transport, breach clocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security: Option<Security>,
    /// Courses, by the name that facts use.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub training: BTreeMap<String, Training>,
    /// Each party's own procedure.
    #[serde(rename = "work_instruction", skip_serializing_if = "Vec::is_empty")]
    pub work_instructions: Vec<WorkInstruction>,
    /// What roles are called, and the professional code of who holds them.
    #[serde(rename = "role", skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleEntry>,
    /// Who works for a party under contract; never a party itself.
    #[serde(rename = "processor", skip_serializing_if = "Vec::is_empty")]
    pub processors: Vec<Processor>,
    /// Terms that bind the parties and that nothing executes: liability, cost.
    #[serde(rename = "term", skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<Term>,
    /// What a practitioner does, step by step. Work instructions only.
    #[serde(rename = "step", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Who answers requests, breaches, corrections and complaints, for each party.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub responsibilities: BTreeMap<OrganisationId, Responsibility>,
    /// How what is shared is kept accurate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// Transfers out of the United Kingdom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfers: Option<Transfers>,
    /// The equality impact assessment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equality: Option<Equality>,
}

/// The version of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Schema {
    /// The first.
    #[serde(rename = "isa/1")]
    Isa1,
}

/// Name, tier and dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Its name. With the version it is what people cite; the hash is the identity.
    pub id: ClauseKey,
    /// Its version: semantic for an agreement, a month for a statute pack.
    pub version: ClauseKey,
    /// Where it stands among instruments.
    pub tier: Tier,
    /// Its title, for people.
    pub title: String,
    /// The name people know the kind by: `Information Sharing Protocol`, `SISSA`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_as: Option<String>,
    /// The instruments that must be in force as well.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub under: BTreeSet<InstrumentRef>,
    /// Whose law.
    pub jurisdiction: Jurisdiction,
    /// Joint controllers, or controllers in common.
    pub controllership: Controllership,
    /// The party that keeps the text, and whose signature adopts it as a source for others.
    pub lead_party: OrganisationId,
    /// What it is about, in a sentence.
    pub plain_summary: String,
    /// First day.
    pub effective_from: Day,
    /// Last day; none for an instrument that runs until it is replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_until: Option<Day>,
    /// Days of notice to withdraw.
    pub notice_days: i64,
}

/// Where an instrument stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// What the law requires or permits, kept nationally.
    StatutePack,
    /// Principles, assurance, and what no agreement names.
    Accord,
    /// A memorandum of understanding.
    Mou,
    /// An information sharing agreement.
    Isa,
    /// One party's procedure.
    WorkInstruction,
}

/// Whose law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Jurisdiction {
    /// Scotland.
    #[serde(rename = "GB-SCT")]
    Scotland,
    /// England.
    #[serde(rename = "GB-ENG")]
    England,
    /// Wales.
    #[serde(rename = "GB-WLS")]
    Wales,
    /// Northern Ireland.
    #[serde(rename = "GB-NIR")]
    NorthernIreland,
}

impl Jurisdiction {
    /// The nation as ISO 3166-2 has it, and as agreements write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scotland => "GB-SCT",
            Self::England => "GB-ENG",
            Self::Wales => "GB-WLS",
            Self::NorthernIreland => "GB-NIR",
        }
    }
}

/// How the parties are controllers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Controllership {
    /// Together (UK GDPR art. 26).
    Joint,
    /// Each for itself ("in common").
    Independent,
}

/// Review, exit and replacement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lifecycle {
    /// The last day before the review is late.
    pub review_due: Day,
    /// Days after it for which nothing changes.
    pub grace_days: i64,
    /// What lapses after grace.
    pub on_review_lapse: OnLapse,
    /// What happens to what was shared when a party leaves.
    pub on_party_exit: OnExit,
    /// When what waits in a queue is decided again.
    pub in_flight: InFlight,
    /// What it replaces.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub supersedes: BTreeSet<InstrumentRef>,
}

/// What lapses when a review is missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnLapse {
    /// Nothing; the owner is told.
    Warn,
    /// Routine clauses; statutory and exceptional ones go on.
    SuspendRoutine,
    /// All but what is in force elsewhere.
    SuspendAll,
}

/// What happens to what was shared when a party leaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnExit {
    /// Nothing new is shared.
    #[default]
    StopNew,
    /// And what was shared is recalled.
    StopAndRecall,
}

/// When what waits in a queue is decided again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InFlight {
    /// When the recipient opens it.
    #[default]
    DecideAtDelivery,
}

impl Instrument {
    /// What people call it: `glen-asp-concern@2.1.0`.
    #[must_use]
    pub fn name(&self) -> InstrumentRef {
        let Head { id, version, .. } = &self.agreement;
        InstrumentRef { id: id.to_string(), version: version.to_string() }
    }

    /// The party of this id.
    #[must_use]
    pub fn party(&self, id: &OrganisationId) -> Option<&Party> {
        self.parties.iter().find(|party| party.id == *id)
    }

    /// The clause of this id.
    #[must_use]
    pub fn clause(&self, id: &ClauseKey) -> Option<&Clause> {
        self.clauses.iter().find(|clause| clause.id == *id)
    }

    /// The purpose of this id.
    #[must_use]
    pub fn purpose(&self, id: &Purpose) -> Option<&PurposeEntry> {
        self.purposes.iter().find(|purpose| purpose.id == *id)
    }

    /// Its own dictionary entry for a category.
    #[must_use]
    pub fn category(&self, id: &Category) -> Option<&CategoryEntry> {
        self.categories.iter().find(|category| category.id == *id)
    }

    /// The same terms with every date moved by as many days, so that they start on `start`.
    ///
    /// It is another instrument: its hash differs, and it needs signatures of its own. The dates
    /// inside sentences, a solicitor's confirmation for one, stay as written.
    #[must_use]
    pub fn dated_from(mut self, start: Date) -> Self {
        let from = self.agreement.effective_from.0;
        let days = from.until(start).map_or(0, |span| span.get_days());
        let moved = |day: Day| Day(day.0.saturating_add(days.days()));
        self.agreement.effective_from = moved(self.agreement.effective_from);
        self.agreement.effective_until = self.agreement.effective_until.map(moved);
        self.lifecycle.review_due = moved(self.lifecycle.review_due);
        for clause in &mut self.clauses {
            clause.starts = clause.starts.map(moved);
        }
        if let Some(dpia) = &mut self.dpia {
            dpia.approved = moved(dpia.approved);
            dpia.review_due = moved(dpia.review_due);
        }
        if let Some(equality) = &mut self.equality {
            equality.approved = moved(equality.approved);
            equality.review_due = moved(equality.review_due);
        }
        self
    }
}
