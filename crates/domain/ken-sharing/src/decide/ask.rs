//! What is asked, what the registers say, and what is answered.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ken_agreement::{Action, InstrumentRef, Kind, Modality, Visibility, Words};
use ken_core::{
    Category, ClauseId, Fact, FieldName, InstrumentHash, Label, OrganisationId, Purpose, RoleId,
};

/// One end of a flow: an organisation, and the role acted in there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The role; none matches nothing, `*` included. The passive end of a fetch is `record`.
    pub role: Option<RoleId>,
}

/// A question to the gate: may this flow, for this purpose, carry this?
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ask {
    /// Whose information would leave.
    pub sender: Seat,
    /// Who would have it.
    pub recipient: Seat,
    /// How it would move.
    pub action: Action,
    /// Why.
    pub purpose: Purpose,
    /// What.
    pub want: Want,
}

/// One look at several sources at once: each is an ask of its own, decided together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct View {
    /// The organisations whose records are asked for, each at its passive end.
    pub senders: BTreeSet<OrganisationId>,
    /// The role of that end: `record`.
    pub role: RoleId,
    /// Who would have it.
    pub recipient: Seat,
    /// How it would move.
    pub action: Action,
    /// Why.
    pub purpose: Purpose,
    /// What.
    pub want: Want,
}

impl View {
    /// The ask of one source.
    #[must_use]
    pub fn of(&self, sender: &OrganisationId) -> Ask {
        Ask {
            sender: Seat { organisation: sender.clone(), role: Some(self.role.clone()) },
            recipient: self.recipient.clone(),
            action: self.action,
            purpose: self.purpose.clone(),
            want: self.want.clone(),
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Want {
    /// All of it or nothing: push, answer, alert.
    Exactly(BTreeMap<Category, Fields>),
    /// As much of it as is covered: view, search, export. Decided on each category's plain class,
    /// so that the answer never depends on what is held.
    UpTo(BTreeMap<Category, Fields>),
}

impl Want {
    /// Each category whole, or nothing.
    #[must_use]
    pub fn all_of(categories: impl IntoIterator<Item = Category>) -> Self {
        Self::Exactly(categories.into_iter().map(|category| (category, Fields::All)).collect())
    }

    /// As much of each category as is covered.
    #[must_use]
    pub fn some_of(categories: impl IntoIterator<Item = Category>) -> Self {
        Self::UpTo(categories.into_iter().map(|category| (category, Fields::All)).collect())
    }

    /// The categories, and which of their fields.
    #[must_use]
    pub fn categories(&self) -> &BTreeMap<Category, Fields> {
        match self {
            Self::Exactly(categories) | Self::UpTo(categories) => categories,
        }
    }

    pub(crate) fn in_part(&self) -> bool {
        matches!(self, Self::UpTo(_))
    }
}

/// Which fields of a category.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fields {
    /// Every field that the dictionary has.
    All,
    /// These.
    Only(BTreeSet<FieldName>),
}

/// What the registers say. No caller of the gate supplies any of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Facts {
    /// The day of the decision, Europe/London.
    pub day: Date,
    /// Facts by every name that they go by (`ken_agreement::graded`).
    pub held: BTreeSet<Fact>,
    /// Words affirmed by who acts, about this person, and still good.
    pub attested: BTreeSet<Words>,
    /// Organisations that referred the person.
    pub referrers: BTreeSet<OrganisationId>,
}

impl Facts {
    /// No facts at all.
    #[must_use]
    pub fn none(day: Date) -> Self {
        let (held, attested, referrers) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { day, held, attested, referrers }
    }
}

/// What the gate needs to know of a row, and nothing of what it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowClass {
    /// Kind of information, in the national dictionary.
    pub category: Category,
    /// Marks on the row, which may only take away. The dictionary's own are always added.
    pub labels: BTreeSet<Label>,
    /// The organisation whose record it is.
    pub source: OrganisationId,
    /// The instruments under which it was received, and those of what it was derived from.
    pub lineage: BTreeSet<InstrumentHash>,
}

impl RowClass {
    /// The plain class of a category: no labels but the dictionary's, the sender's own, received
    /// under nothing.
    #[must_use]
    pub fn plain(category: Category, source: OrganisationId) -> Self {
        Self { category, labels: BTreeSet::new(), source, lineage: BTreeSet::new() }
    }
}

/// The clause that covers each field.
pub type Covered = BTreeMap<FieldName, ClauseId>;

/// What the gate would do; the ledger has the last word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It may leave, under this mask.
    Permit(Permitted),
    /// It may once somebody affirms these words.
    Need(Needed),
    /// It may not.
    Deny(Denied),
}

/// What may leave, and under which clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permitted {
    /// For each row class that is held or sent: the fields, each with its clause. A class of which
    /// nothing may leave is absent.
    pub mask: BTreeMap<RowClass, Covered>,
    /// For each category asked: the fields that its plain class covers, held or not.
    pub categories: BTreeMap<Category, Covered>,
    /// Every clause cited in either.
    pub citations: BTreeMap<ClauseId, Citation>,
    /// What more the plain classes would have, were words affirmed.
    pub offers: Offers,
    /// Whether the person's address is protected: within a field too, nothing tells where somebody
    /// is, but where the field is for that and a clause named it.
    pub hides_places: bool,
}

/// What words would add to what is permitted, by the clause that asks for them. Each field stands
/// under the first clause that would carry it, so that no two offers are for the same.
pub type Offers = BTreeMap<ClauseId, Offer>;

/// What one clause would add, once its words are affirmed (ADR 34).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Each statement still to be affirmed, with the exact text that was signed.
    pub statements: BTreeMap<Words, String>,
    /// The fields of each category's plain class that it would add, held or not.
    pub adds: BTreeMap<Category, BTreeSet<FieldName>>,
}

/// A clause that was relied upon, as the ledger and the person see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// The instrument, by name.
    pub instrument: InstrumentRef,
    /// Its identity.
    pub hash: InstrumentHash,
    /// What the clause is.
    pub kind: Kind,
    /// Whether the sender was under a duty.
    pub modality: Modality,
    /// The sentence that was signed.
    pub text: String,
    /// Duties that follow.
    pub obligations: BTreeSet<String>,
    /// How long a duty may take.
    pub deadline: Option<String>,
    /// When the person sees it; after review where the clause does not say.
    pub visible_to_person: Visibility,
    /// Expected facts that do not hold: recorded and escalated, never blocking.
    pub unmet: BTreeSet<Fact>,
}

/// Words to affirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// Each statement still to be affirmed, with the exact text that was signed.
    pub statements: BTreeMap<Words, String>,
}

/// Why not. For the ledger and for governance; the caller is told nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The least remediable reason; among equals that of the first row class, and of the first
    /// clause in clause order.
    pub reason: Reason,
}

impl Denied {
    /// A refusal for one reason.
    #[must_use]
    pub fn of(bar: Bar, what: impl Into<String>) -> Self {
        Self { reason: Reason { bar, what: what.into() } }
    }

    /// The reason.
    #[must_use]
    pub fn first(&self) -> Option<&Reason> {
        Some(&self.reason)
    }
}

/// One reason for a refusal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason {
    /// What kept a field from being covered.
    pub bar: Bar,
    /// The prohibition, category, field, state or fact.
    pub what: String,
}

/// What kept a field from being covered; the least remediable first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bar {
    /// A prohibition stops it.
    Prohibited,
    /// No clause is about it.
    NoClause,
    /// A clause is about the category, and not this field.
    Field,
    /// A clause would, were it in force for this pair today.
    Standing,
    /// A clause would, did a fact hold.
    Require,
}

impl Bar {
    /// The stable code, for the ledger.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Prohibited => "prohibited",
            Self::NoClause => "no-clause",
            Self::Field => "field",
            Self::Standing => "standing",
            Self::Require => "require",
        }
    }
}
