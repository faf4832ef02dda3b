//! Reading what the gate decided in the order of the log, for whoever must see it all: a replay
//! against a draft, an audit of who looked.
//!
//! # Invariants
//!
//! - A leaf is read once by whoever goes on from where they came to: its index never changes.
//! - An entry that is not what was sealed, or is gone, with its leaf or without, is told, and never
//!   shown; what it says of its own kind or time decides nothing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, values};

use crate::read::{Stored, bytes32};
use crate::{Entry, EntryKind, Error, Fault, sql};

/// Most leaves of one page. House policy: a few megabytes of details at their longest.
pub const SCAN_MAX: u64 = 256;

/// Most entries without a leaf that are read at once. House policy: a sealer that is behind by more
/// is in trouble.
pub const UNSEALED_MAX: i64 = 16_384;

/// How far the log's order may be from the order of time: a write that was stamped waits for its
/// turn, its commit and the sealer's next. House policy: far more than the limits of all three.
const DISORDER_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Most pages that are read for one leaf that is what was sealed. House policy: sixteen thousand
/// changed entries in a row are no place to begin or end at.
const PROBES_MAX: u32 = 64;

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
    let mut found = Vec::new();
    for (leaf, stored) in leaves_from(reads, (from, to), SCAN_MAX).await? {
        let wanted = |kind| is_decision(kind) && wants(kind);
        if stored.as_ref().is_none_or(|stored| wanted(stored.kind())) {
            found.push(Decided { leaf, entry: Stored::opened(stored, keys).await? });
        }
    }
    Ok(found)
}

/// Some leaves of the log, each with its entry where that is what was sealed.
async fn leaves_from(
    reads: &mut impl Reads,
    (from, to): (u64, u64),
    most: u64,
) -> Result<Vec<(u64, Option<Stored>)>, Error> {
    // What cannot be read any more has been changed.
    let read = |row: &Row<'_>| {
        let (sealed, stored) = (bytes32(row, 1).ok(), Stored::read(row, 2).ok());
        Ok((row.int(0)?, stored.filter(|stored| sealed.is_some_and(|of| stored.is_sealed_as(of)))))
    };
    let to = to.min(from.saturating_add(most));
    let rows = reads.list(sql::SCAN, values![int(from), int(to)], read).await?;
    let mut found: BTreeMap<i64, Option<Stored>> = rows.into_iter().collect();
    Ok((from..to).map(|leaf| (leaf, found.remove(&int(leaf)).flatten())).collect())
}

/// The gate's decisions that have no leaf yet, in the order of time, each as [`Decided::entry`]
/// has it; none where more than [`UNSEALED_MAX`] entries have none.
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
        let stored = stored.filter(Stored::is_whole);
        if stored.as_ref().is_none_or(|stored| is_decision(stored.kind())) {
            found.push(Stored::opened(stored, keys).await?);
        }
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
        // Only what is what was sealed says when it was written; what was changed is passed over.
        match next_whole(reads, (middle, high)).await? {
            Some((leaf, at)) if at < since => low = leaf + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// A leaf at or after which nothing was written before `until`: an end for whoever reads from
/// [`first_since`] on. What was changed and may be of before is before it.
///
/// # Errors
///
/// As [`leaves`].
pub async fn end_of(reads: &mut impl Reads, until: Timestamp) -> Result<u64, Error> {
    // As long after as may stand before, and as long again.
    let after = until.saturating_add(DISORDER_MAX.saturating_mul(2)).unwrap_or(Timestamp::MAX);
    let (first, size) = (first_since(reads, after).await?, leaves(reads).await?);
    Ok(next_whole(reads, (first, size)).await?.map_or(size, |(leaf, _)| leaf))
}

/// The next leaf whose entry is what was sealed, and when that was written; none within
/// [`PROBES_MAX`] pages.
async fn next_whole(
    reads: &mut impl Reads,
    (mut from, to): (u64, u64),
) -> Result<Option<(u64, i64)>, Error> {
    let mut most = 1;
    for _ in 0..PROBES_MAX {
        if from >= to {
            break;
        }
        for (leaf, stored) in leaves_from(reads, (from, to), most).await? {
            if let Some(stored) = stored {
                return Ok(Some((leaf, stored.at_us())));
            }
        }
        (from, most) = (from.saturating_add(most), SCAN_MAX);
    }
    Ok(None)
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

fn is_decision(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Permit | EntryKind::Need | EntryKind::Deny)
}

fn int(leaf: u64) -> i64 {
    i64::try_from(leaf).unwrap_or(i64::MAX)
}
