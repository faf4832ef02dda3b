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
//! - The same move the other way restores what was: keys of items, status and all.
//!
//! Source: `core.md` 5 (a merge message relinks only its sender's own records).

use std::collections::BTreeSet;

use ken_core::{Ctx, EntryId, MessageId, OrganisationId, PersonId, ResourceId};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::class;
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Reads, Row, Tx, values};
use serde_json::json;

use crate::ended::MERGED;
use crate::file::associated;
use crate::steward::Stewardship;
use crate::{Error, Status, Under, key_of, sql};

/// Most versions that one step moves. House policy: well under the time that a write may take.
pub const STEP_MAX: i64 = 100;
/// Who has people "being put right" while a move goes on; one name for all moves, since one person
/// may be in several.
const BARRIER: &str = "moves of numbers";
/// Most open moves that one list gives.
pub const MOVES_MAX: i64 = 100;

/// A move that is not at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Whose record it leaves.
    pub from: PersonId,
    /// Whose record it comes to.
    pub to: PersonId,
    id: String,
    source: OrganisationId,
    under: Under,
    takes_unknown: bool,
}

impl Move {
    /// Whose number it is.
    #[must_use]
    pub fn source(&self) -> &OrganisationId {
        &self.source
    }

    /// The marks of what goes: that of the number, and that of what was filed before numbers were
    /// noted, where this goes too; else the first again.
    #[must_use]
    pub fn marks(&self) -> [&str; 2] {
        let own = self.under.as_str();
        [own, if self.takes_unknown { "" } else { own }]
    }
}

/// Begins to move what `source` filed under a number; [`advance`] does it.
///
/// `takes_unknown` says that what was filed before numbers were noted goes too, which is right
/// only where the source has no other number for `from`.
///
/// # Errors
///
/// Whatever the store says.
pub async fn begin(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (from, to): (PersonId, PersonId),
    source: &OrganisationId,
    under: &Under,
    takes_unknown: bool,
) -> Result<Move, Error> {
    let id = EntryId::draw(ctx.ids).to_string();
    let of = values![from, id.as_str(), to, source, under.as_str(), takes_unknown, ctx.now_us()];
    tx.execute(sql::INSERT_MOVE, of).await?;
    Ok(Move { from, to, id, source: source.clone(), under: under.clone(), takes_unknown })
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

/// Moves that are not at their end, the oldest first; at most [`MOVES_MAX`].
///
/// # Errors
///
/// Whatever the store says.
pub async fn open(s: &mut impl Reads) -> Result<Vec<Move>, Error> {
    let read = |row: &Row<'_>| {
        Ok(Move {
            from: row.parse(0)?,
            id: row.text(1)?,
            to: row.parse(2)?,
            source: row.parse(3)?,
            under: Under::from(row.text(4)?),
            takes_unknown: row.int(5)? != 0,
        })
    };
    Ok(s.list(sql::LIST_MOVES, values![MOVES_MAX], read).await?)
}

/// Moves at most [`STEP_MAX`] versions. True when nothing is left to move.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says; then this step has moved nothing.
pub async fn advance(tx: &mut Tx, ctx: &Ctx<'_>, keys: &KeyRing, of: &Move) -> Result<bool, Error> {
    let guard = tx.lock_people(&BTreeSet::from([of.from, of.to])).await?;
    let open = values![of.from, of.id.as_str()];
    let Some(before) = tx.find(sql::MOVE_IS_OPEN, open, |row| row.int(0)).await? else {
        return Ok(true);
    };
    let key = key_of(tx, keys, of.to).await?;
    let (mut left, mut items, mut is_done) = (STEP_MAX, 0, false);
    while left > 0 {
        let Some(item) = next(tx, of).await? else {
            is_done = true;
            break;
        };
        let (moved, is_whole) = versions(tx, keys, of, (&item, key), left).await?;
        if !is_whole {
            break;
        }
        place(tx, of, &item).await?;
        (left, items) = (left - moved.max(1), items + 1);
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
    let guard = tx.lock_people(&BTreeSet::from([of.from, of.to])).await?;
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
struct Item {
    resource: ResourceId,
    called: String,
    kind: String,
    class: String,
    version: i64,
    event_us: Option<i64>,
    status: String,
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

/// Moves the oldest versions of an item, at most `left`. Says how many, and whether that was all.
async fn versions(
    tx: &mut Tx,
    keys: &KeyRing,
    of: &Move,
    (item, key): (&Item, KeyId),
    left: i64,
) -> Result<(i64, bool), Error> {
    struct Held {
        version: i64,
        class: String,
        message: MessageId,
        filed_us: i64,
        key: KeyId,
        body: Vec<u8>,
    }
    let read = |row: &Row<'_>| {
        let (version, class, message) = (row.int(0)?, row.text(1)?, row.parse(2)?);
        let (filed_us, key, body) = (row.int(3)?, row.parse(4)?, row.bytes(5)?);
        Ok(Held { version, class, message, filed_us, key, body })
    };
    let at = values![of.from, item.resource, left];
    let held = tx.list(sql::OLDEST_VERSIONS, at, read).await?;
    let is_whole = held.last().is_none_or(|last| last.version == item.version);
    let count = i64::try_from(held.len()).unwrap_or(i64::MAX);
    let work = Stewardship::Moving { from: of.from, to: of.to };
    for one in held {
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
            body.as_slice()
        ];
        tx.execute(sql::INSERT_VERSION, row).await?;
        tx.execute(sql::DELETE_VERSION, values![of.from, item.resource, one.version]).await?;
    }
    Ok((count, is_whole))
}

/// Moves an item whose versions have moved. Where the source has another item of this name for the
/// person, that one holds, and this one stands beside it.
async fn place(tx: &mut Tx, of: &Move, item: &Item) -> Result<(), Error> {
    let beside = format!(" ~{}", of.under.as_str());
    let name = item.called.strip_suffix(&beside).unwrap_or(&item.called);
    let at = values![of.to, &of.source, name];
    let taken = tx.find(sql::HAS_ITEM, at, |row| row.text(0)).await?;
    let (name, status) = match (taken.is_some(), item.status.as_str()) {
        (true, status) if status == Status::Current.code() => (format!("{name}{beside}"), MERGED),
        (true, status) => (format!("{name}{beside}"), status),
        (false, MERGED) => (name.to_owned(), Status::Current.code()),
        (false, status) => (name.to_owned(), status),
    };
    tx.execute(sql::DELETE_ITEM, values![of.from, item.resource]).await?;
    let row = values![
        of.to,
        item.resource,
        &of.source,
        name.as_str(),
        item.kind.as_str(),
        item.class.as_str(),
        item.version,
        item.event_us,
        of.under.as_str(),
        status
    ];
    tx.execute(sql::INSERT_ITEM, row).await?;
    class::note_id(tx, of.to, &item.class).await?;
    Ok(())
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
