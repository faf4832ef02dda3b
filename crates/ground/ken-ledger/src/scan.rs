//! Reading what the gate decided in the order of the log, for whoever must see it all: a replay
//! against a draft, an audit of who looked.
//!
//! # Invariants
//!
//! - A leaf is read once by whoever goes on from where they came to: its index never changes.
//! - An entry that is not what was sealed is told, and never shown.

use jiff::{SignedDuration, Timestamp};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, values};

use crate::read::Stored;
use crate::{Entry, EntryKind, Error, Fault, sql};

/// Most leaves of one page. House policy: a few megabytes of details at their longest.
pub const SCAN_MAX: u64 = 256;

/// Most decisions without a leaf that are read at once. House policy: a sealer that is behind by
/// more is in trouble.
pub const UNSEALED_MAX: i64 = 4_096;

/// How far the log's order may be from the order of time: a write that was stamped waits for its
/// turn, its commit and the sealer's next. House policy: far more than the limits of all three.
const DISORDER_MAX: SignedDuration = SignedDuration::from_hours(1);

/// One decision of the gate, by its place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// Its leaf.
    pub leaf: u64,
    /// The entry; none where it is not what was sealed.
    pub entry: Option<Entry>,
}

/// The gate's decisions among the leaves from `from` up to, not including, `to`, at most
/// [`SCAN_MAX`] leaves on: permits, needs and refusals.
///
/// # Errors
///
/// Those of the store.
pub async fn decisions(
    reads: &mut impl Reads,
    keys: &KeyRing,
    from: u64,
    to: u64,
) -> Result<Vec<Decided>, Error> {
    scan(reads, keys, (from, to), &|_| true).await
}

/// Of the same, only what was permitted is opened and given; what is not what was sealed is told,
/// whatever it says that it is.
///
/// # Errors
///
/// As [`decisions`].
pub async fn permits(
    reads: &mut impl Reads,
    keys: &KeyRing,
    from: u64,
    to: u64,
) -> Result<Vec<Decided>, Error> {
    scan(reads, keys, (from, to), &|kind| kind == EntryKind::Permit).await
}

async fn scan(
    reads: &mut impl Reads,
    keys: &KeyRing,
    (from, to): (u64, u64),
    wants: &(dyn Fn(EntryKind) -> bool + Sync),
) -> Result<Vec<Decided>, Error> {
    let to = to.min(from.saturating_add(SCAN_MAX));
    let of = values![int(from), int(to)];
    // What cannot be read any more has been changed.
    let read = |row: &Row<'_>| Ok((row.int(0)?, Stored::read(row, 1).ok()));
    let rows = reads.list(sql::SCAN, of, read).await?;
    let mut found = Vec::with_capacity(rows.len());
    for (leaf, stored) in rows {
        if stored.as_ref().is_some_and(|stored| stored.is_whole() && !wants(stored.kind())) {
            continue;
        }
        let leaf = u64::try_from(leaf).map_err(|_| Error::Corrupt(Fault::Leaf))?;
        found.push(Decided { leaf, entry: Stored::opened(stored, keys).await? });
    }
    Ok(found)
}

/// The gate's decisions that have no leaf yet, in the order of time, each as [`Decided::entry`]
/// has it; none where there are more than [`UNSEALED_MAX`].
///
/// # Errors
///
/// Those of the store.
pub async fn unsealed(
    reads: &mut impl Reads,
    keys: &KeyRing,
) -> Result<Option<Vec<Option<Entry>>>, Error> {
    let of = values![UNSEALED_MAX + 1];
    let rows = reads.list(sql::SCAN_UNSEALED, of, |row| Ok(Stored::read(row, 0).ok())).await?;
    if i64::try_from(rows.len()).is_ok_and(|many| many > UNSEALED_MAX) {
        return Ok(None);
    }
    let mut found = Vec::with_capacity(rows.len());
    for stored in rows {
        found.push(Stored::opened(stored, keys).await?);
    }
    Ok(Some(found))
}

/// How many leaves the log has.
///
/// # Errors
///
/// Those of the store; [`Error::Corrupt`] where the count is none.
pub async fn leaves(reads: &mut impl Reads) -> Result<u64, Error> {
    let size = reads.find(sql::LOG_SIZE, &[], |row| row.int(0)).await?;
    u64::try_from(size.unwrap_or(0)).map_err(|_| Error::Corrupt(Fault::Leaf))
}

/// A leaf before which nothing was written since `since`. Entries of a little before may follow
/// it: the log is in the order of time but for what waited to be committed.
///
/// # Errors
///
/// As [`leaves`].
pub async fn first_since(reads: &mut impl Reads, since: Timestamp) -> Result<u64, Error> {
    let since = since.saturating_sub(DISORDER_MAX).unwrap_or(Timestamp::MIN).as_microsecond();
    let (mut low, mut high) = (0, leaves(reads).await?);
    while low < high {
        let middle = low + (high - low) / 2;
        let at = reads.find(sql::LEAF_TIME, values![int(middle)], |row| row.int(0)).await?;
        if at.is_some_and(|at| at < since) { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

/// How many decisions have no leaf yet.
///
/// # Errors
///
/// Those of the store.
pub async fn unsealed_decisions(reads: &mut impl Reads) -> Result<u64, Error> {
    let count = reads.find(sql::UNSEALED_DECISIONS, &[], |row| row.int(0)).await?;
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}

fn int(leaf: u64) -> i64 {
    i64::try_from(leaf).unwrap_or(i64::MAX)
}
