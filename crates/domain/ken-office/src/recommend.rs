//! Recommendations that somebody outside made, from their list to evidence: imported, given to
//! somebody, shown to be done, closed.
//!
//! # Invariants
//!
//! - A list is read whole or not at all: a dry run tells every fault with its line.
//! - Nothing is closed as done without evidence; why something is not done is evidence as well.
//! - Each step stands on the ledger of the organisation. Nothing here names a person who is known
//!   to the index.
//!
//! Source: house policy; the practice of inspectorates and inquiries, whose recommendations are
//! numbered, and of the bodies that answer them.

mod list;

use jiff::Timestamp;
use jiff::civil::Date;
use ken_core::{Ctx, EntryId, OrganisationId, PractitionerId};
use ken_directory::{Acting, sending};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::json;

use crate::Error;
use crate::sql::desk as sql;

pub use ken_directory::rows::Fault;
pub use list::{ITEMS_MAX, New, read};

/// Most lists of an organisation. House policy.
const LISTS_MAX: i64 = 200;
/// Most recommendations that are read at once.
const READ_MAX: i64 = 20_000;
/// Most evidence of one recommendation. House policy.
const EVIDENCE_MAX: i64 = 50;
/// Longest text, in characters.
pub const TEXT_MAX: usize = 4_000;

/// How a recommendation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, as the evidence shows.
    Done,
    /// It will not be done, for the reason that stands as evidence.
    NotDone,
}

impl Outcome {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Done, Self::NotDone];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not-done",
        }
    }

    /// The one with a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// A list of recommendations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Its id.
    pub id: EntryId,
    /// What it is called.
    pub title: String,
    /// Who made it.
    pub made_by: String,
    /// When it was imported.
    pub imported: Timestamp,
    /// What it recommends, in its own order.
    pub items: Vec<Item>,
}

impl List {
    /// How many are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.items.iter().filter(|item| item.closed.is_none()).count()
    }

    /// How many are late on a day.
    #[must_use]
    pub fn late(&self, today: Date) -> usize {
        self.items.iter().filter(|item| item.is_late(today)).count()
    }
}

/// One recommendation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number, as whoever made it gave it.
    pub number: String,
    /// What it says.
    pub says: String,
    /// Who answers for it: an office or a name.
    pub owner: Option<String>,
    /// By when.
    pub due: Option<Date>,
    /// How and when it was closed, and by whom.
    pub closed: Option<(Outcome, Timestamp, PractitionerId)>,
}

impl Item {
    /// Whether it is open after its day.
    #[must_use]
    pub fn is_late(&self, today: Date) -> bool {
        self.closed.is_none() && self.due.is_some_and(|due| due < today)
    }
}

/// What shows that something was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Of which recommendation.
    pub number: String,
    /// What it is, and where.
    pub says: String,
    /// Who gave it.
    pub by: PractitionerId,
    /// When.
    pub at: Timestamp,
}

/// Why a step was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such recommendation of the organisation, or it is not in that state.
    NotFound,
    /// Nothing was written, or too much.
    NoWords,
    /// There is no evidence.
    NoEvidence,
    /// No more is kept.
    TooMany,
}

impl Refusal {
    /// What is wrong, in a sentence.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::NotFound => "This has changed meanwhile. Look again.",
            Self::NoWords => "Write something, of at most 4,000 characters.",
            Self::NoEvidence => "Add evidence first: what was done, or why it will not be.",
            Self::TooMany => "No more is kept here.",
        }
    }
}

fn fit(words: &str) -> Option<&str> {
    let words = words.trim();
    (1..=TEXT_MAX).contains(&words.chars().count()).then_some(words)
}

/// Imports a list that was read without a fault.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn import(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (title, made_by, items): (&str, &str, &[New]),
) -> Result<Result<EntryId, Refusal>, Error> {
    let (Some(title), Some(made_by), false) = (fit(title), fit(made_by), items.is_empty()) else {
        return Ok(Err(Refusal::NoWords));
    };
    let own = &by.organisation;
    let listed = format!("{items:?}");
    let what = ["list", title, made_by, &listed];
    db.write("office.import-list", async |tx: &mut Tx| {
        if let Some(before) = sending::before(tx, ctx, &what).await? {
            return Ok(Ok(before));
        }
        let held = tx.find(sql::COUNT_REVIEW_LISTS, values![own], |row| row.int(0)).await?;
        if held.unwrap_or_default() >= LISTS_MAX || items.len() > ITEMS_MAX {
            return Ok(Err(Refusal::TooMany));
        }
        let id = EntryId::draw(ctx.ids);
        if let Some(before) = sending::once(tx, ctx, &what, id).await? {
            return Ok(Ok(before));
        }
        let of = values![own, id, title, made_by, by.practitioner, ctx.now_us()];
        tx.execute(sql::INSERT_REVIEW_LIST, of).await?;
        for (place, item) in (0_i64..).zip(items) {
            let due = item.due.map(|day| day.to_string());
            let (number, says) = (item.number.as_str(), item.says.as_str());
            let of = values![own, id, place, number, says, item.owner.as_deref(), due.as_deref()];
            tx.execute(sql::INSERT_RECOMMENDATION, of).await?;
        }
        let detail = json!({ "list": id.to_string(), "title": title, "items": items.len() });
        enter(tx, ctx, keys, by, detail).await?;
        Ok(Ok(id))
    })
    .await
}

/// Which recommendation: its list and its number.
pub type Which<'a> = (EntryId, &'a str);

/// A step in the life of a recommendation.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// Somebody answers for it, by a day.
    Assign(&'a str, Option<Date>),
    /// Something shows what was done about it.
    Prove(&'a str),
    /// It is closed.
    Close(Outcome),
    /// It is open again.
    Reopen,
}

impl Step<'_> {
    fn code(self) -> &'static str {
        match self {
            Self::Assign(..) => "assigned",
            Self::Prove(_) => "evidence",
            Self::Close(outcome) => outcome.code(),
            Self::Reopen => "reopened",
        }
    }
}

/// Takes a step with a recommendation of one's own organisation.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn step(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (which, step): (Which<'_>, Step<'_>),
) -> Result<Result<(), Refusal>, Error> {
    let (list, number) = which;
    db.write("office.recommendation", async |tx: &mut Tx| {
        if let Err(refusal) = taken(tx, ctx, by, (which, step)).await? {
            return Ok(Err(refusal));
        }
        let detail = json!({ "list": list.to_string(), "number": number, "step": step.code(),
            "by": by.practitioner.to_string() });
        enter(tx, ctx, keys, by, detail).await?;
        Ok(Ok(()))
    })
    .await
}

async fn taken(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    by: &Acting,
    ((list, number), step): (Which<'_>, Step<'_>),
) -> Result<Result<(), Refusal>, Error> {
    let own = &by.organisation;
    let found = tx.find(sql::FIND_RECOMMENDATION, values![own, list, number], stored).await?;
    let Some((_, item)) = found else { return Ok(Err(Refusal::NotFound)) };
    let many = tx.find(sql::COUNT_EVIDENCE, values![own, list, number], |row| row.int(0)).await?;
    let many = many.unwrap_or_default();
    let changed = match step {
        Step::Assign(owner, due) => {
            let Some(owner) = fit(owner) else { return Ok(Err(Refusal::NoWords)) };
            let due = due.map(|day| day.to_string());
            let of = values![own, list, number, owner, due.as_deref()];
            tx.execute(sql::ASSIGN_RECOMMENDATION, of).await?
        }
        Step::Prove(_) if item.closed.is_some() => 0,
        Step::Prove(_) if many >= EVIDENCE_MAX => return Ok(Err(Refusal::TooMany)),
        Step::Prove(says) => {
            let Some(says) = fit(says) else { return Ok(Err(Refusal::NoWords)) };
            let id = EntryId::draw(ctx.ids);
            let of = values![own, list, number, id, says, by.practitioner, ctx.now_us()];
            tx.execute(sql::INSERT_EVIDENCE, of).await?
        }
        Step::Close(_) if many == 0 => return Ok(Err(Refusal::NoEvidence)),
        Step::Close(outcome) => {
            let of = values![own, list, number, by.practitioner, ctx.now_us(), outcome.code()];
            tx.execute(sql::CLOSE_RECOMMENDATION, of).await?
        }
        Step::Reopen => tx.execute(sql::REOPEN_RECOMMENDATION, values![own, list, number]).await?,
    };
    Ok(if changed == 0 { Err(Refusal::NotFound) } else { Ok(()) })
}

async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    detail: serde_json::Value,
) -> Result<(), Error> {
    let stream = Stream::Organisation(by.organisation.clone());
    let (kind, visibility) = (EntryKind::Setting, Visibility::Never);
    ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    Ok(())
}

/// An organisation's lists, the newest first, each with its recommendations.
///
/// # Errors
///
/// Whatever the store says.
pub async fn lists<R: Reads>(reads: &mut R, own: &OrganisationId) -> Result<Vec<List>, Error> {
    let row = |row: &Row<'_>| {
        let (id, title, made_by) = (row.parse(0)?, row.text(1)?, row.text(2)?);
        Ok(List { id, title, made_by, imported: row.time(3)?, items: vec![] })
    };
    let mut lists = reads.list(sql::LIST_REVIEW_LISTS, values![own, LISTS_MAX], row).await?;
    let items = reads.list(sql::LIST_RECOMMENDATIONS, values![own, READ_MAX], stored).await?;
    for (of, item) in items {
        if let Some(list) = lists.iter_mut().find(|list| list.id == of) {
            list.items.push(item);
        }
    }
    Ok(lists)
}

/// The evidence of a list of one's own organisation, the oldest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn evidence<R: Reads>(
    reads: &mut R,
    (own, list): (&OrganisationId, EntryId),
) -> Result<Vec<Evidence>, Error> {
    let row = |row: &Row<'_>| {
        let (number, says) = (row.text(0)?, row.text(1)?);
        Ok(Evidence { number, says, by: row.parse(2)?, at: row.time(3)? })
    };
    Ok(reads.list(sql::LIST_EVIDENCE, values![own, list, READ_MAX], row).await?)
}

fn stored(row: &Row<'_>) -> ken_store::Result<(EntryId, Item)> {
    let closed = match (row.parse_opt(5)?, row.time_opt(6)?, row.text_opt(7)?) {
        (Some(by), Some(at), Some(outcome)) => {
            Outcome::of_code(&outcome).map(|outcome| (outcome, at, by))
        }
        _ => None,
    };
    let item = Item {
        number: row.text(1)?,
        says: row.text(2)?,
        owner: row.text_opt(3)?,
        due: row.parse_opt(4)?,
        closed,
    };
    Ok((row.parse(0)?, item))
}
