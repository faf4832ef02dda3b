//! Clauses, and the purposes and categories they speak of.
//!
//! # Invariants
//!
//! - A clause is flat here, as it is written. That labels, scope and exceptions stand only in
//!   prohibitions, and facts, words and purposes only in permits, is for [`crate::lint`], whose
//!   unsound findings no bundle accepts.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use ken_core::{Category, Fact, FieldName, Label, OrganisationId, Purpose, RoleId};
use serde::{Deserialize, Serialize};

use crate::day::Day;
use crate::instrument::Controllership;
use crate::key::{AttestationId, ClauseKey, SourceRef};
use crate::party::PartyKind;

/// The reserved role of a store: the passive end of a fetch. Only `*` matches it.
pub(crate) const RECORD: &str = "record";

/// Why information is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PurposeEntry {
    /// The id that clauses, bases and asks use.
    pub id: Purpose,
    /// The purpose in a sentence.
    pub text: String,
    /// Joint controllers or controllers in common for this purpose; none: as the instrument says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controllership: Option<Controllership>,
    /// The nearest term of the Data Privacy Vocabulary, for export.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpv: Option<String>,
    /// Whether it is beyond the care of the one person: planning, research. Who has opted out of
    /// that in the nation of the instrument is left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub beyond_care: bool,
}

/// A kind of information, as this instrument's signatories understood it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CategoryEntry {
    /// The category.
    pub id: Category,
    /// What it holds, for people.
    pub text: String,
    /// Its fields. None: the category counts as one field of its own name.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub fields: BTreeSet<FieldName>,
    /// Special category data (UK GDPR art. 9).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub special: bool,
    /// Criminal offence data (UK GDPR art. 10).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub criminal: bool,
    /// Whether it is about a person; counts are not, and need no basis.
    #[serde(skip_serializing_if = "Clone::clone")]
    pub personal: bool,
    /// Where its fields come from, for people: a system, a form, the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Why it is needed, and why a pseudonym would not do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The label that every row of it carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
}

impl CategoryEntry {
    /// Its fields; a category without fields is one field of its own name.
    #[must_use]
    pub fn whole(&self) -> BTreeSet<FieldName> {
        if self.fields.is_empty() {
            FieldName::new(self.id.as_str()).into_iter().collect()
        } else {
            self.fields.clone()
        }
    }
}

/// One clause, as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// Its id within the instrument.
    pub id: ClauseKey,
    /// Permit or prohibition, and what it survives.
    pub kind: Kind,
    /// Whether the sender may or must.
    #[serde(skip_serializing_if = "Modality::is_may")]
    pub modality: Modality,
    /// The clause of another instrument in which this one is really in force, and which it narrows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceRef>,
    /// The sentence that signatories sign and people read.
    pub text: String,
    /// The sending end.
    pub from: End,
    /// The receiving end.
    pub to: End,
    /// How information moves. Permits only.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub action: BTreeSet<Action>,
    /// Why. Permits only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// What. In a prohibition, categories and labels widen each other, and none means all.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub categories: BTreeSet<Category>,
    /// Only these fields of the categories. Permits only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<BTreeSet<FieldName>>,
    /// Labels it stops. Prohibitions only.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<Label>,
    /// Facts that must all hold, grade included. Permits only.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub require: BTreeSet<Fact>,
    /// Facts whose absence is recorded and escalated, and never blocks.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub expect: BTreeSet<Fact>,
    /// Statements a human must affirm. Permits only.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub attest: BTreeSet<AttestationId>,
    /// Duties that follow.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub obligations: BTreeSet<String>,
    /// How long a `must` may take: `1wd`, `24h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// The law or guidance it rests on, as lawyers cite it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub cite: BTreeSet<String>,
    /// The day on which somebody last read those sources and found them as cited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked: Option<Day>,
    /// The two systems between which it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub systems: Option<Systems>,
    /// The first day on which it runs, where it waits for a stage of its own; none: with its
    /// instrument. Routine permits only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<Day>,
    /// When the person sees it on their own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible_to_person: Option<Visibility>,
    /// How far a prohibition reaches. Prohibitions only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Clauses that this prohibition does not stop. Prohibitions only.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub except: BTreeSet<ClauseKey>,
}

impl Clause {
    /// Whether it takes away rather than gives.
    #[must_use]
    pub fn is_prohibition(&self) -> bool {
        self.kind == Kind::Prohibition
    }

    /// Whether it follows the data that was received under its instrument.
    #[must_use]
    pub fn follows_data(&self) -> bool {
        self.scope == Some(Scope::Lineage)
    }

    /// Whether its own stage has come; its instrument has days of its own.
    #[must_use]
    pub fn is_live(&self, day: Date) -> bool {
        self.starts.is_none_or(|starts| day >= starts.0)
    }

    /// Whether it is a ceiling: it binds whatever stands under its instrument too.
    #[must_use]
    pub fn binds_below(&self) -> bool {
        self.scope == Some(Scope::Below)
    }

    /// Whether it is between an organisation and itself.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.from.party == Who::Own
    }

    /// Whether the person is the recipient.
    #[must_use]
    pub fn is_for_person(&self) -> bool {
        self.to.party == Who::Person
    }
}

/// What a clause is. Permits stand in the order in which they are cited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// What a statute requires or permits; survives this instrument's lapse.
    Statutory,
    /// Everyday sharing; falls with lapse and suspension.
    Routine,
    /// Emergency; survives lapse and suspension, and is reviewed after use.
    Exceptional,
    /// What must not happen.
    Prohibition,
}

/// Whether the sender is under a duty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Modality {
    /// The sender may.
    #[default]
    May,
    /// The sender must; a miss is reportable.
    Must,
}

impl Modality {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes one")]
    fn is_may(&self) -> bool {
        *self == Self::May
    }
}

/// How information moves. Search is apart from view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The sender sends unasked.
    Push,
    /// The sender answers a question.
    Answer,
    /// The recipient looks.
    View,
    /// The recipient looks for someone.
    Search,
    /// The sender wants an action of the recipient.
    Alert,
    /// Counts after disclosure control.
    Aggregate,
    /// The recipient takes a copy away.
    Export,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 7] = [
        Self::Push,
        Self::Answer,
        Self::View,
        Self::Search,
        Self::Alert,
        Self::Aggregate,
        Self::Export,
    ];

    /// The action as agreements write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Answer => "answer",
            Self::View => "view",
            Self::Search => "search",
            Self::Alert => "alert",
            Self::Aggregate => "aggregate",
            Self::Export => "export",
        }
    }

    /// Whether the recipient acts, and the sender's end is a record.
    #[must_use]
    pub fn fetches(self) -> bool {
        matches!(self, Self::View | Self::Search | Self::Export)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When the person sees a disclosure on their own page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// At once.
    Now,
    /// Once a reviewer has released it.
    AfterReview,
    /// At an event or a date.
    Delayed,
}

/// How far a prohibition reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Flows under this instrument.
    Agreement,
    /// These, and whatever was received under it, whichever instrument carries it next.
    Lineage,
    /// These, and flows under every instrument that stands under it: a ceiling. It stops no
    /// emergency, and nothing that a statute pack requires or permits.
    Below,
}

/// The two systems of a flow, by the names under which their owners keep them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Systems {
    /// The sender's.
    pub from: String,
    /// The recipient's.
    pub to: String,
}

/// One end of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    /// The organisation.
    pub party: Who,
    /// Its roles; `*` is any, the reserved `record` included.
    pub roles: BTreeSet<RoleId>,
    /// With `*` in a permit: only parties of these kinds; empty means all.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub kinds: BTreeSet<PartyKind>,
}

impl End {
    /// Whether every role matches.
    #[must_use]
    pub fn any_role(&self) -> bool {
        self.roles.contains("*")
    }
}

/// The organisation at one end of a flow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Who {
    /// This one.
    Party(OrganisationId),
    /// `*`: in a permit, any two different parties; in a prohibition, anybody.
    Any,
    /// `*referrer`: an organisation that referred the person.
    Referrer,
    /// `*own`: sender and recipient are one organisation, and the data is its own.
    Own,
    /// `*person`: the person, or who acts for them.
    Person,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Party(id) => f.write_str(id.as_str()),
            Self::Any => f.write_str("*"),
            Self::Referrer => f.write_str("*referrer"),
            Self::Own => f.write_str("*own"),
            Self::Person => f.write_str("*person"),
        }
    }
}

impl FromStr for Who {
    type Err = WhoError;

    fn from_str(text: &str) -> Result<Self, WhoError> {
        match text {
            "*" => Ok(Self::Any),
            "*referrer" => Ok(Self::Referrer),
            "*own" => Ok(Self::Own),
            "*person" => Ok(Self::Person),
            _ if text.contains('*') => Err(WhoError),
            _ => OrganisationId::new(text).map(Self::Party).map_err(|_| WhoError),
        }
    }
}

/// Why a text names no end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a party: write a party's id, `*`, `*referrer`, `*own` or `*person`")]
pub struct WhoError;

impl TryFrom<String> for Who {
    type Error = WhoError;

    fn try_from(text: String) -> Result<Self, WhoError> {
        text.parse()
    }
}

impl From<Who> for String {
    fn from(who: Who) -> Self {
        who.to_string()
    }
}
