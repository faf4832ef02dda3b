//! Requests for assistance: what one body asks of another for a person, and what becomes of it.
//!
//! A request is sent, and then accepted, returned, passed on and closed, with what is said about it
//! between: each is a turn, which nothing changes, and how the request stands is what its turns
//! come to ([`rule::Standing`]). A turn is of the organisation that takes it; that another reads
//! it is a disclosure of its own, which the gate decides ([`tell`]). So each side reads the turns
//! that are its own or were told to it, and nothing of what one says passes without a clause.
//!
//! # Invariants
//!
//! - Nothing is kept of a request that may not be sent; nothing of one is read without a permit.
//! - Who may act is who is named: at the sender the role that sent it, at the receiver the roles
//!   that the clause names. For anybody else it does not exist.
//! - It is closed or returned only with words for whoever sent it.
//! - A request is of one id of the person and stays with it, as a turn of a role does (ADR 61).
//!
//! # Sources
//!
//! - GIRFEC practice guidance (2022) on requests for assistance; FHIR R4 `ServiceRequest` and
//!   `Task`, whose states these are.

mod act;
pub mod late;
mod place;
mod read;
pub mod rule;
mod send;
mod tell;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use jiff::Timestamp;
use ken_core::{
    Category, ClauseId, FieldName, InstrumentHash, OrganisationId, PersonId, PractitionerId,
    Purpose, RelationshipId, ResourceId,
};
use ken_directory::HeldRole;
use ken_store::keys::KeyId;
use ken_store::{Reads, Row, values};

use crate::Error;
use crate::sql::request as sql;

pub use crate::sql::request::ALL as STATEMENTS;
pub use act::{Acted, act};
pub use place::{Listed, list};
pub use read::{Answer, Parts, Said, Shown, read};
pub use rule::{Refused, Standing, State, Step};
pub use send::{Content, NewRequest, Outcome, send};
pub use tell::{Told, tell};

/// Longest of each thing that is written, in characters. House policy: a page.
pub const TEXT_LEN_MAX: usize = 3_000;
/// Longest name, date of birth or telephone number, in characters. House policy.
pub const LINE_LEN_MAX: usize = 200;
/// Most turns of a request. House policy: a conversation longer than this is a meeting.
pub const TURNS_MAX: usize = 60;
/// Most requests of an organisation that a list is made of. House policy: more that are not over
/// are a desk that nobody sits at; the page says so.
pub const LIST_MAX: i64 = 500;
/// By when an answer may be asked for: working days. House policy.
pub const DAYS: [&str; 3] = ["1wd", "3wd", "10wd"];

/// What a request is about, and so as which kinds of information it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Somebody may come to harm, or their wellbeing suffers.
    Concern,
    /// Somebody needs help, or to be assessed for it.
    Need,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Concern, Self::Need];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Concern => "concern",
            Self::Need => "need",
        }
    }

    /// The kind of that code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// As what the words of it go, and the words of what is said about it.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Concern => ("concern", "summary"),
            Self::Need => ("assessment", "findings"),
        }
    }

    /// Every field that it carries.
    const fn carried(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Concern => {
                &[("core", "name"), ("core", "dob"), ("concern", "summary"), ("views", "aware")]
            }
            Self::Need => {
                &[("core", "name"), ("core", "dob"), ("core", "phone"), ("assessment", "findings")]
            }
        }
    }

    /// The fields that it carries, by kind of information.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] where one of ours is no word, which is a fault.
    pub fn fields(self) -> Result<BTreeMap<Category, BTreeSet<FieldName>>, Error> {
        fields(self.carried())
    }
}

fn fields(of: &[(&str, &str)]) -> Result<BTreeMap<Category, BTreeSet<FieldName>>, Error> {
    let mut all: BTreeMap<Category, BTreeSet<FieldName>> = BTreeMap::new();
    for (category, field) in of {
        all.entry(word(category)?).or_default().insert(word(field)?);
    }
    Ok(all)
}

fn word<W: FromStr>(text: &str) -> Result<W, Error> {
    text.parse().map_err(|_| Error::Corrupt("word"))
}

/// A request as it is kept; what it says is sealed.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its id, by which both sides know it.
    pub id: ResourceId,
    /// Whom it is about, by the id that it was sent of.
    pub person: PersonId,
    /// What it is about.
    pub kind: Kind,
    /// What for.
    pub purpose: Purpose,
    /// Within how long an answer is asked for, of [`DAYS`].
    pub days: String,
    /// When it was sent.
    pub at: Timestamp,
    key: KeyId,
    body: Vec<u8>,
}

/// Who took a turn, acting as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub practitioner: PractitionerId,
    /// In which role of which organisation.
    pub held: HeldRole,
}

/// One turn of a request.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Its place, from 1.
    pub number: i64,
    /// What it is.
    pub state: State,
    /// Whose it is; nobody's where the clock took it.
    pub by: Option<By>,
    /// To which role it went, where it was sent or passed on.
    pub to: Option<HeldRole>,
    /// By when an answer is due, where it was sent or passed on.
    pub due: Option<Timestamp>,
    /// When.
    pub at: Timestamp,
    relationship: Option<RelationshipId>,
    words: Vec<u8>,
    told: BTreeMap<OrganisationId, Telling>,
}

/// That a turn was told to an organisation.
#[derive(Debug, Clone)]
struct Telling {
    role: ken_core::RoleId,
    clauses: BTreeSet<ClauseId>,
    lineage: BTreeSet<InstrumentHash>,
}

impl Turn {
    /// Whether an organisation reads it: its own, or told to it. That the time is over is read by
    /// whoever had the request then; whoever sent it knows the day, and not what was answered.
    #[must_use]
    pub fn is_read_by(&self, organisation: &OrganisationId) -> bool {
        let whose = match &self.by {
            Some(by) => Some(&by.held),
            None => self.to.as_ref(),
        };
        let is_own = whose.is_some_and(|held| held.organisation == *organisation);
        is_own || self.told.contains_key(organisation)
    }

    /// Whether the request goes somewhere by it.
    const fn goes(&self) -> bool {
        matches!(self.state, State::Sent | State::PassedOn)
    }
}

/// A request with its turns.
#[derive(Debug, Clone)]
struct Whole {
    request: Request,
    turns: Vec<Turn>,
}

impl Whole {
    /// Reads one; none where there is no such.
    async fn find<R: Reads>(reads: &mut R, id: ResourceId) -> Result<Option<Self>, Error> {
        let found = reads.find(sql::REQUEST_FIND, values![id], request).await?;
        match found {
            Some(request) => Self::of(reads, request?).await.map(Some),
            None => Ok(None),
        }
    }

    async fn of<R: Reads>(reads: &mut R, request: Request) -> Result<Self, Error> {
        let rows = reads.list(sql::REQUEST_TURNS, values![request.id], turn).await?;
        let mut turns = rows.into_iter().collect::<Result<Vec<Turn>, Error>>()?;
        let told = reads.list(sql::REQUEST_TOLD, values![request.id], told).await?;
        for (number, organisation, telling) in told.into_iter().flatten() {
            let of = turns.iter_mut().find(|turn| turn.number == number);
            of.ok_or(Error::Corrupt("telling"))?.told.insert(organisation, telling);
        }
        Ok(Self { request, turns })
    }

    /// How it stands.
    fn standing(&self) -> Result<Standing, Error> {
        Standing::of(&self.turns).ok_or(Error::Corrupt("request"))
    }
}

type Parsed<T> = Result<T, Error>;

fn request(row: &Row<'_>) -> ken_store::Result<Parsed<Request>> {
    let Some(kind) = Kind::of_code(&row.text(2)?) else {
        return Ok(Err(Error::Corrupt("request")));
    };
    Ok(Ok(Request {
        id: row.parse(0)?,
        person: row.parse(1)?,
        kind,
        purpose: row.parse(3)?,
        days: row.text(4)?,
        key: row.parse(5)?,
        body: row.bytes(6)?,
        at: row.time(7)?,
    }))
}

fn turn(row: &Row<'_>) -> ken_store::Result<Parsed<Turn>> {
    let seat = |organisation: Option<OrganisationId>, role| {
        organisation.zip(role).map(|(organisation, role)| HeldRole { organisation, role })
    };
    let practitioner: Option<PractitionerId> = row.parse_opt(2)?;
    let held = seat(row.parse_opt(3)?, row.parse_opt(4)?);
    let by = practitioner.zip(held).map(|(practitioner, held)| By { practitioner, held });
    let Some(state) = State::of_code(&row.text(1)?) else {
        return Ok(Err(Error::Corrupt("request")));
    };
    Ok(Ok(Turn {
        number: row.int(0)?,
        state,
        by,
        to: seat(row.parse_opt(5)?, row.parse_opt(6)?),
        relationship: row.parse_opt(7)?,
        due: row.time_opt(8)?,
        words: row.bytes(9)?,
        at: row.time(10)?,
        told: BTreeMap::new(),
    }))
}

type Row3 = (i64, OrganisationId, Telling);

fn told(row: &Row<'_>) -> ken_store::Result<Option<Row3>> {
    let (clauses, lineage) = (row.text(3)?, row.text(4)?);
    let telling = split(&clauses).zip(split(&lineage));
    let role = row.parse(2)?;
    let of = |(clauses, lineage)| Telling { role, clauses, lineage };
    let (number, organisation) = (row.int(0)?, row.parse(1)?);
    Ok(telling.map(|found| (number, organisation, of(found))))
}

/// Words have no space, so a space parts them.
fn split<W: FromStr + Ord>(words: &str) -> Option<BTreeSet<W>> {
    words.split_whitespace().map(|word| word.parse().ok()).collect()
}

fn joined<W: ToString>(words: &BTreeSet<W>) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// What the sealed words of a turn belong to; 0 is what was asked.
fn bound(id: ResourceId, turn: i64) -> Vec<u8> {
    format!("care-request/1 {id} {turn}").into_bytes()
}
