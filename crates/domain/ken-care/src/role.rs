//! Named person and lead professional: who coordinates what is done for a person, and how they
//! are reached.
//!
//! A role has turns: offered, accepted, declined, ended. Each is one row that nothing changes, and
//! who holds the role at a moment is what the turns until then come to ([`rule::Standing`]). So
//! nobody is forgotten, no role has two holders, and a hand-over has no gap.
//!
//! Who holds a role has the relationship of its name, by which a clause may ask for it; and a
//! reader sees them as any other information of the category `named-person`, because each turn is
//! filed in the shared record.
//!
//! # Invariants
//!
//! - A turn is of one id of the person, and what widens stays with it (ADR 16); but who is set in
//!   under one id takes the turn of whoever holds the role under another.
//! - An offer is the person's to answer ([`answer`]), where they were told of it.
//! - Nobody is set in who cannot be reached: where a holder gives no telephone number, the desk of
//!   their organisation stands there and says so.
//!
//! # Sources
//!
//! - GIRFEC practice guidance (2022): a named person is offered, and may be declined.

pub mod answer;
mod change;
mod filing;
pub mod rule;

use jiff::Timestamp;
use ken_core::{AccountId, Ctx, OrganisationId, PersonId, PractitionerId, RoleId, Sensitive};
use ken_directory::Acting;
use ken_sharing::relationship;
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Reads, Row, values};

use crate::{Error, sql};

pub use change::change;
pub use rule::{Change, Refused, Standing};

/// Longest telephone number, place, hours or words about cover, in characters. House policy.
pub const CONTACT_LEN_MAX: usize = 200;
/// Longest reason, in characters. House policy.
pub const WHY_LEN_MAX: usize = 2_000;
/// Turns of one role under one id, after which it is only answered and ended. House policy.
pub const TURNS_MAX: usize = 200;
/// What both roles come to at most, with the answers and ends that follow. None is ever left out.
const ROWS_MAX: i64 = 1_000;

/// A coordinating role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Whom a child and the family turn to first.
    NamedPerson,
    /// Who brings several services' help together.
    LeadProfessional,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::NamedPerson, Self::LeadProfessional];

    /// The stable code, which is also the kind of the holder's relationship.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NamedPerson => "named-person",
            Self::LeadProfessional => "lead-professional",
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::NamedPerson => "Named person",
            Self::LeadProfessional => "Lead professional",
        }
    }

    /// The kind of that code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// How the holder of a role is reached. Each may be empty; without a telephone number their
/// organisation's desk is told instead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// A telephone number.
    pub phone: String,
    /// Where they work.
    pub address: String,
    /// When they can be reached.
    pub hours: String,
    /// Who stands in for them, and when.
    pub cover: String,
}

impl Contact {
    /// Whether each part is short enough.
    #[must_use]
    pub fn fits(&self) -> bool {
        let parts = [&self.phone, &self.address, &self.hours, &self.cover];
        parts.into_iter().all(|part| part.chars().count() <= CONTACT_LEN_MAX)
    }
}

/// A practitioner in a role at an organisation, who holds a coordinating role or is offered as its
/// holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub practitioner: PractitionerId,
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// In which role of it.
    pub role: RoleId,
    /// How they are reached.
    pub contact: Contact,
}

/// What a turn says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Somebody is offered to the person or their family.
    Offered(Holder),
    /// Somebody holds the role, and the person or their family has agreed.
    Accepted(Holder),
    /// The person or their family chose not to have whoever was offered; to have nobody, where
    /// nobody held it.
    Declined,
    /// Nobody holds it any more.
    Ended,
}

impl State {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Offered(_) => "offered",
            Self::Accepted(_) => "accepted",
            Self::Declined => "declined",
            Self::Ended => "ended",
        }
    }

    fn of(code: &str, holder: Option<Holder>) -> Option<Self> {
        match (code, holder) {
            ("offered", Some(holder)) => Some(Self::Offered(holder)),
            ("accepted", Some(holder)) => Some(Self::Accepted(holder)),
            ("declined", None) => Some(Self::Declined),
            ("ended", None) => Some(Self::Ended),
            _ => None,
        }
    }

    /// Whom it speaks of.
    #[must_use]
    pub const fn holder(&self) -> Option<&Holder> {
        match self {
            Self::Offered(holder) | Self::Accepted(holder) => Some(holder),
            Self::Declined | Self::Ended => None,
        }
    }
}

/// Who said what a turn says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// Somebody who works for an organisation.
    Practitioner(PractitionerId, OrganisationId),
    /// The person, under a sign-in of theirs.
    Person(AccountId),
}

/// One turn of a role.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Under which id of the person.
    pub person: PersonId,
    /// Of which role.
    pub kind: Kind,
    /// Its place among the turns of that role under that id, from 1.
    pub number: i64,
    /// What it says.
    pub state: State,
    /// Who said so.
    pub by: By,
    /// When.
    pub at: Timestamp,
    /// Whether the person may read of it on their own pages.
    pub is_shown: bool,
    key: KeyId,
    why: Vec<u8>,
}

impl Turn {
    /// Why, or what the person said to it; none once its key is erased.
    ///
    /// # Errors
    ///
    /// Whatever the key ring says.
    pub async fn why(&self, keys: &KeyRing) -> Result<Option<Sensitive<String>>, Error> {
        open(keys, &self.key, &bound(self.person, self.kind, self.number), &self.why).await
    }
}

/// Every turn of a person's roles under one id, by role, the oldest first.
///
/// # Errors
///
/// [`Error::Corrupt`] when a stored turn no longer reads, or whatever the store says.
pub async fn turns<R: Reads>(reads: &mut R, person: PersonId) -> Result<Vec<Turn>, Error> {
    let rows = reads.list(sql::ROLE_LIST, values![person, ROWS_MAX], turn).await?;
    rows.into_iter().map(|turn| turn.ok_or(Error::Corrupt("role"))).collect()
}

/// Who holds a role under one id now, and who is offered.
///
/// # Errors
///
/// As [`turns`].
pub async fn standing<R: Reads>(
    reads: &mut R,
    person: PersonId,
    kind: Kind,
) -> Result<Standing, Error> {
    let turns = turns(reads, person).await?;
    Ok(Standing::of(turns.iter().filter(|turn| turn.kind == kind)))
}

/// Who holds each role under one id now, in a role of their organisation that they still have;
/// whom of them somebody may know of is for the gate to say.
///
/// # Errors
///
/// As [`turns`], or whatever the directory says.
pub async fn holders<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    person: PersonId,
) -> Result<Vec<(Kind, Holder)>, Error> {
    let mut holders = vec![];
    for kind in Kind::ALL {
        let Some((holder, _)) = standing(reads, person, kind).await?.holder else { continue };
        if change::is_in_role(reads, ctx, &holder).await? {
            holders.push((kind, holder));
        }
    }
    Ok(holders)
}

/// Who is offered under one id, as far as the answer is somebody's to record
/// ([`rule::is_theirs`]); nobody else is told of an offer.
///
/// # Errors
///
/// As [`turns`], or whatever the relationships say.
pub async fn offered<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
) -> Result<Vec<(Kind, Holder)>, Error> {
    let held = relationship::of_person(reads, ctx, person).await?;
    let works_with = rule::works_with(&held, by);
    let mut offered = vec![];
    for kind in Kind::ALL {
        let standing = standing(reads, person, kind).await?;
        if rule::is_theirs(by, &standing, works_with) {
            offered.extend(standing.offered.map(|holder| (kind, holder)));
        }
    }
    Ok(offered)
}

/// Who holds a role under one id, as far as it is somebody's to change ([`rule::is_theirs`]): whom
/// they name when they end it.
///
/// # Errors
///
/// As [`offered`].
pub async fn held<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
) -> Result<Vec<(Kind, PractitionerId)>, Error> {
    let related = relationship::of_person(reads, ctx, person).await?;
    let works_with = rule::works_with(&related, by);
    let mut held = vec![];
    for kind in Kind::ALL {
        let standing = standing(reads, person, kind).await?;
        if rule::is_theirs(by, &standing, works_with) {
            held.extend(standing.holder.map(|(holder, _)| (kind, holder.practitioner)));
        }
    }
    Ok(held)
}

fn turn(row: &Row<'_>) -> ken_store::Result<Option<Turn>> {
    let text = |at| row.text_opt(at).map(Option::unwrap_or_default);
    let practitioner: Option<PractitionerId> = row.parse_opt(3)?;
    let held = practitioner.zip(row.parse_opt(4)?).zip(row.parse_opt(5)?);
    let contact = Contact { phone: text(6)?, address: text(7)?, hours: text(8)?, cover: text(9)? };
    let holder = held.map(|((practitioner, organisation), role)| Holder {
        practitioner,
        organisation,
        role,
        contact,
    });
    let kind = Kind::of_code(&row.text(0)?);
    let works: Option<PractitionerId> = row.parse_opt(10)?;
    let by = match (works.zip(row.parse_opt(11)?), row.parse_opt(16)?) {
        (Some((practitioner, organisation)), None) => By::Practitioner(practitioner, organisation),
        (None, Some(account)) => By::Person(account),
        _ => return Ok(None),
    };
    let Some((kind, state)) = kind.zip(State::of(&row.text(2)?, holder)) else { return Ok(None) };
    Ok(Some(Turn {
        person: row.parse(15)?,
        kind,
        number: row.int(1)?,
        state,
        by,
        at: row.time(12)?,
        is_shown: row.flag(17)?,
        key: row.parse(13)?,
        why: row.bytes(14)?,
    }))
}

/// What a sealed reason belongs to.
fn bound(person: PersonId, kind: Kind, number: i64) -> Vec<u8> {
    format!("care-role/1 {person} {} {number}", kind.code()).into_bytes()
}

/// A sealed reason; none once its key is erased.
pub(crate) async fn open(
    keys: &KeyRing,
    key: &KeyId,
    bound: &[u8],
    sealed: &[u8],
) -> Result<Option<Sensitive<String>>, Error> {
    let Some(bytes) = keys.open(key, bound, sealed).await? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map_err(|_| Error::Corrupt("reason"))?;
    Ok(Some(Sensitive::new(text)))
}
