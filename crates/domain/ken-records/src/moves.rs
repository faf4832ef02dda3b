//! Moves: what a source filed under one of its numbers follows that number to another person.
//!
//! A merge message says that a number means somebody else than was thought. The items filed under
//! it are sealed anew under the other person's key, a bounded number in a transaction; a move that
//! was broken off goes on where it was.
//!
//! # Invariants
//!
//! - Only what the one source filed under the one number moves; nothing else is touched.
//! - At every commit each version stands in one place, and an item beside its current version.
//! - Both people's guards are held and bumped in every step, and the end is an entry on both
//!   streams.
//! - A move that one transaction does not finish has both people "being put right" to its end.
//! - A move waits for every earlier one of its source that has a person in common with it: of two
//!   moves of one number, what the first left behind would otherwise be brought to where the number
//!   no longer leads.
//! - Numbers are held before keys, keys before guards, as by whoever files a message.
//! - The same move the other way restores what was: keys of items, status and all.
//! - What an item finds where it comes to is for `beside`.
//!
//! Source: `core.md` 5 (a merge message relinks only its sender's own records).

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, EntryId, MessageId, OrganisationId, PersonId, ResourceId};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Reads, Row, Tx, values};
use serde_json::json;

use crate::file::associated;
use crate::steward::Stewardship;
use crate::{Error, Under, beside, hold, key_of, sql};

pub use crate::beside::fold;
pub use crate::room::{Room, STEP_MAX};

/// Who has people "being put right" while a move goes on; one name for all moves, since one person
/// may be in several.
const BARRIER: &str = "moves of numbers";
/// Most open moves that one list gives.
pub const MOVES_MAX: i64 = 100;
/// How often a move may fail before it stops and waits for a human. House policy: with pauses that
/// double from five seconds, about three quarters of an hour.
pub const FAILURES_MAX: i64 = 10;

/// A move that is not at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Whose record it leaves.
    pub from: PersonId,
    /// Whose record it comes to.
    pub to: PersonId,
    id: String,
    pub(crate) source: OrganisationId,
    pub(crate) under: Under,
    takes_unknown: bool,
    pub(crate) goes_back: bool,
    made_us: i64,
    failures: i64,
    retry_us: i64,
}

/// Where a move is, when one of its steps is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is its turn; what it moves, and both guards, are held.
    Now,
    /// An earlier move is in its way.
    Waits,
    /// It is at its end.
    Over,
}

/// A move that failed too often: whose it is, and nothing of anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Whose number it is.
    pub source: OrganisationId,
    /// When the number was moved.
    pub made: Timestamp,
    /// How often it has failed.
    pub failures: i64,
    /// Why it failed last, as a stable code.
    pub code: String,
}

impl Move {
    /// Whose number it is.
    #[must_use]
    pub fn source(&self) -> &OrganisationId {
        &self.source
    }

    /// How often it has failed since its last step.
    #[must_use]
    pub const fn failures(&self) -> i64 {
        self.failures
    }

    /// Whether it is to be tried now: it has not failed too often, and its pause is over.
    #[must_use]
    pub fn is_due(&self, ctx: &Ctx<'_>) -> bool {
        self.failures < FAILURES_MAX && self.retry_us <= ctx.now_us()
    }

    fn people(&self) -> BTreeSet<PersonId> {
        BTreeSet::from([self.from, self.to])
    }

    /// The marks of what goes: that of the number, and that of what was filed before numbers were
    /// noted, where this goes too; else the first again.
    #[must_use]
    pub fn marks(&self) -> [&str; 2] {
        let own = self.under.as_str();
        [own, if self.takes_unknown { "" } else { own }]
    }
}

/// How far the move of a merge has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// Under which number what moves was filed.
    pub under: Under,
    /// When it came to its end; none while it goes on.
    pub done: Option<Timestamp>,
}

/// How far what a merge moves away from somebody has come, or what goes back where it is taken
/// back; none where there is no such move.
///
/// # Errors
///
/// Whatever the store says.
pub async fn course(
    s: &mut impl Reads,
    (from, merge): (PersonId, &str),
) -> Result<Option<Course>, Error> {
    let read =
        |row: &Row<'_>| Ok(Course { under: Under::from(row.text(0)?), done: row.time_opt(1)? });
    Ok(s.find(sql::MOVE_FOR, values![from, merge], read).await?)
}

/// Begins to move what `source` filed under a number; [`advance`] does it, for a merge
/// or for what takes it back.
///
/// `takes_unknown` says that what was filed before numbers were noted goes too, which is right
/// only where the source has no other number for `from`; `goes_back`, that a merge is taken back.
///
/// # Errors
///
/// Whatever the store says.
pub async fn begin(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (from, to): (PersonId, PersonId),
    source: &OrganisationId,
    (under, merge): (&Under, &str),
    (takes_unknown, goes_back): (bool, bool),
) -> Result<Move, Error> {
    let id = EntryId::draw(ctx.ids).to_string();
    let made_us = ctx.now_us();
    let number = under.as_str();
    let of =
        values![from, id.as_str(), to, source, number, takes_unknown, made_us, goes_back, merge];
    tx.execute(sql::INSERT_MOVE, of).await?;
    let (source, under) = (source.clone(), under.clone());
    let (failures, retry_us) = (0, 0);
    Ok(Move { from, to, id, source, under, takes_unknown, goes_back, made_us, failures, retry_us })
}

/// How many items of a person a source filed under a number.
///
/// # Errors
///
/// Whatever the store says.
pub async fn count(
    s: &mut impl Reads,
    person: PersonId,
    source: &OrganisationId,
    under: &Under,
) -> Result<i64, Error> {
    let of = values![person, source, under.as_str()];
    let count = s.find(sql::COUNT_UNDER, of, |row| row.int(0)).await?;
    Ok(count.unwrap_or_default())
}

/// Whether what a source filed under a number is still on its way to a person, and if it is whether
/// that has failed, and nobody knows for how long. Whoever files more under the number waits for
/// it: what is told is composed with what was told before.
///
/// # Errors
///
/// Whatever the store says.
pub async fn coming(
    s: &mut impl Reads,
    person: PersonId,
    source: &OrganisationId,
    under: &Under,
) -> Result<Option<bool>, Error> {
    let of = values![person, source, under.as_str()];
    let failures = s.find(sql::MOVE_COMING, of, |row| row.int(0)).await?;
    Ok(failures.map(|failures| failures > 0))
}

/// Moves that are not at their end after one of them, the oldest first; at most [`MOVES_MAX`].
///
/// # Errors
///
/// Whatever the store says.
pub async fn open(s: &mut impl Reads, after: Option<&Move>) -> Result<Vec<Move>, Error> {
    let read = |row: &Row<'_>| {
        Ok(Move {
            from: row.parse(0)?,
            id: row.text(1)?,
            to: row.parse(2)?,
            source: row.parse(3)?,
            under: Under::from(row.text(4)?),
            takes_unknown: row.int(5)? != 0,
            made_us: row.int(6)?,
            failures: row.int(7)?,
            retry_us: row.int(8)?,
            goes_back: row.int(9)? != 0,
        })
    };
    let start = after.map_or((i64::MIN, ""), |of| (of.made_us, of.id.as_str()));
    Ok(s.list(sql::LIST_MOVES, values![start.0, start.1, MOVES_MAX], read).await?)
}

/// Moves that have failed too often and stopped, the oldest first; at most [`MOVES_MAX`].
///
/// # Errors
///
/// Whatever the store says.
pub async fn stopped(s: &mut impl Reads) -> Result<Vec<Stopped>, Error> {
    let read = |row: &Row<'_>| {
        let (source, made) = (row.parse(0)?, row.time(1)?);
        Ok(Stopped { source, made, failures: row.int(2)?, code: row.text(3)? })
    };
    Ok(s.list(sql::MOVES_STOPPED, values![FAILURES_MAX, MOVES_MAX], read).await?)
}

/// Notes that a step failed, with a code of `docs/errors.md`; it is due again at `at`.
///
/// # Errors
///
/// Whatever the store says.
pub async fn failed(
    tx: &mut Tx,
    of: &Move,
    code: &'static str,
    at: Timestamp,
) -> Result<(), Error> {
    tx.execute(sql::MOVE_FAILED, values![of.from, of.id.as_str(), code, at]).await?;
    Ok(())
}

/// Takes a move's turn: holds what is filed for both, then their guards, and looks whether there is
/// something to do.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn take(tx: &mut Tx, keys: &KeyRing, of: &Move) -> Result<Turn, Error> {
    hold(tx, keys, &of.people()).await?;
    tx.lock_people(&of.people()).await?;
    let open = values![of.from, of.id.as_str()];
    if tx.find(sql::MOVE_IS_OPEN, open, |row| row.int(0)).await?.is_none() {
        return Ok(Turn::Over);
    }
    let at = values![of.from, of.to, &of.source, of.made_us, of.id.as_str()];
    let before = tx.find(sql::MOVE_BEFORE, at, |row| row.int(0)).await?;
    Ok(if before.is_some() { Turn::Waits } else { Turn::Now })
}

/// Moves at most [`STEP_MAX`] versions. True when nothing is left to move.
///
/// The caller has [taken](take) the move's turn in this transaction.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says; then this step has moved nothing.
pub async fn advance(tx: &mut Tx, ctx: &Ctx<'_>, keys: &KeyRing, of: &Move) -> Result<bool, Error> {
    hold(tx, keys, &of.people()).await?;
    let guard = tx.lock_people(&of.people()).await?;
    let open = values![of.from, of.id.as_str()];
    let Some(before) = tx.find(sql::MOVE_IS_OPEN, open, |row| row.int(0)).await? else {
        return Ok(true);
    };
    let key = key_of(tx, keys, of.to).await?;
    let (mut left, mut items, mut is_done) = (Room::default(), 0, false);
    while left.is_some() {
        let Some(item) = next(tx, of).await? else {
            is_done = true;
            break;
        };
        if versions(tx, keys, of, (&item, key), &mut left).await? {
            beside::place(tx, ctx, keys, of, &item).await?;
            items += 1;
        }
    }
    guard.bump(tx).await?;
    let done = is_done.then(|| ctx.now_us());
    tx.execute(sql::PUT_MOVE, values![of.from, of.id.as_str(), items, done]).await?;
    if is_done {
        endings(tx, of).await?;
        unbar(tx, of).await?;
        note(tx, ctx, keys, of, before + items).await?;
    } else {
        guard.bar(tx, BARRIER).await?;
    }
    Ok(is_done)
}

/// Has both people "being put right" until the move is at its end: for who has more to do in a
/// later transaction than [`advance`] knows of.
///
/// # Errors
///
/// Whatever the store says.
pub async fn bar(tx: &mut Tx, of: &Move) -> Result<(), Error> {
    let guard = tx.lock_people(&of.people()).await?;
    guard.bar(tx, BARRIER).await?;
    Ok(())
}

/// Says that those are put right of whom no other move is open.
async fn unbar(tx: &mut Tx, of: &Move) -> Result<(), Error> {
    for person in [of.from, of.to] {
        let open = tx.find(sql::MOVE_OF, values![person], |row| row.int(0)).await?;
        if open.is_none() {
            let guard = tx.lock_people(&BTreeSet::from([person])).await?;
            guard.unbar(tx, BARRIER).await?;
        }
    }
    Ok(())
}

/// What the source ended under the number is remembered of the other person.
async fn endings(tx: &mut Tx, of: &Move) -> Result<(), Error> {
    let [own, other] = of.marks();
    let at = values![of.from, &of.source, own, other, of.to, own];
    tx.execute(sql::COPY_ENDINGS, at).await?;
    tx.execute(sql::DELETE_ENDINGS, values![of.from, &of.source, own, other]).await?;
    Ok(())
}

/// An item that is to move.
pub(crate) struct Item {
    pub(crate) resource: ResourceId,
    pub(crate) called: String,
    pub(crate) kind: String,
    pub(crate) class: String,
    pub(crate) version: i64,
    pub(crate) event_us: Option<i64>,
    pub(crate) status: String,
}

async fn next(tx: &mut Tx, of: &Move) -> Result<Option<Item>, Error> {
    let [own, other] = of.marks();
    let read = |row: &Row<'_>| {
        Ok(Item {
            resource: row.parse(0)?,
            called: row.text(1)?,
            kind: row.text(2)?,
            class: row.text(3)?,
            version: row.int(4)?,
            event_us: row.int_opt(5)?,
            status: row.text(7)?,
        })
    };
    Ok(tx.find(sql::NEXT_TO_MOVE, values![of.from, &of.source, own, other], read).await?)
}

/// Moves the oldest few versions of an item. Says whether these were its last.
async fn versions(
    tx: &mut Tx,
    keys: &KeyRing,
    of: &Move,
    (item, key): (&Item, KeyId),
    left: &mut Room,
) -> Result<bool, Error> {
    struct Held {
        version: i64,
        class: String,
        message: MessageId,
        filed_us: i64,
        key: KeyId,
        body: Vec<u8>,
        said_us: Option<i64>,
    }
    let read = |row: &Row<'_>| {
        let (version, class, message) = (row.int(0)?, row.text(1)?, row.parse(2)?);
        let (filed_us, key, body) = (row.int(3)?, row.parse(4)?, row.bytes(5)?);
        Ok(Held { version, class, message, filed_us, key, body, said_us: row.int_opt(6)? })
    };
    let at = values![of.from, item.resource, left.next()];
    let held = tx.list(sql::OLDEST_VERSIONS, at, read).await?;
    let is_whole = held.last().is_none_or(|last| last.version == item.version);
    // An item without versions takes its place all the same.
    left.take(0);
    let work = Stewardship::Moving { from: of.from, to: of.to };
    for one in held {
        left.take(one.body.len());
        let before = associated(of.from, item.resource, one.version);
        let now = associated(of.to, item.resource, one.version);
        // What cannot be opened was erased: its place moves, and it stays unreadable.
        let (key, body) = match work.tend(keys, &one.key, &before, &one.body).await? {
            Some(said) => (key, keys.seal(&key, &now, &said.body).await?),
            None => (one.key, one.body),
        };
        let key = key.to_string();
        let row = values![
            of.to,
            item.resource,
            one.version,
            one.class.as_str(),
            one.message,
            one.filed_us,
            key.as_str(),
            body.as_slice(),
            one.said_us
        ];
        tx.execute(sql::INSERT_VERSION, row).await?;
        tx.execute(sql::DELETE_VERSION, values![of.from, item.resource, one.version]).await?;
    }
    Ok(is_whole)
}

/// Both streams say that items moved. Whether two numbers are one person may betray something: a
/// reviewer releases it.
async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    of: &Move,
    items: i64,
) -> Result<(), Error> {
    let entry = |person: PersonId| NewEntry {
        stream: Stream::Person(person),
        kind: EntryKind::Filed,
        visibility: Visibility::AfterReview,
        detail: json!({
            "event": "moved",
            "organisation": of.source.as_str(),
            "from": of.from.to_string(),
            "to": of.to.to_string(),
            "items": items,
        }),
    };
    ken_ledger::append_all(tx, ctx, keys, vec![entry(of.from), entry(of.to)]).await?;
    Ok(())
}
