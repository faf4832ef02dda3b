//! Which people have changed, in one order that every node reads.
//!
//! Whoever changes what is said of a person notes it in the same transaction, under an id of its
//! own: such notes never wait for one another. Places are given afterwards, by whichever node is
//! first, of notes that are durable; so no place comes late, as the numbers of a sequence would
//! whose transactions end in another order.
//!
//! # Invariants
//!
//! - Places have no gap: a reader that finds one was away too long, and begins anew.
//! - A note goes in the transaction that gives its place, or stays.

use std::collections::BTreeSet;

use ken_core::PersonId;
use ken_store::{Db, Reads, Snapshot, Tx, values};

use crate::sql::index as sql;
use crate::{Error, bounds};

/// Most notes that get one place. House policy: on SQLite it holds the one writer, for which
/// messages wait.
const PLACED_MAX: i64 = 200;
/// How many places are kept. House policy: at ten a second of each of eight nodes, twenty minutes
/// in which a node may be away and need not begin anew. A node that is filled reads on meanwhile.
const KEPT: i64 = 100_000;
/// Most places of one look.
const READ_MAX: i64 = 32;

/// A place, and who has changed.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) place: i64,
    pub(super) people: BTreeSet<PersonId>,
}

/// Gives the oldest notes their place; says whether more wait.
///
/// # Errors
///
/// Whatever the store says.
pub(super) async fn publish(db: &Db) -> Result<bool, Error> {
    let any = async |s: &mut Snapshot| {
        Ok::<_, Error>(s.find(sql::CHANGED_ANY, &[], |row| row.int(0)).await?.is_some())
    };
    // Most looks find nothing, and need no turn to write.
    if !db.snapshot("person.changed", any).await? {
        return Ok(false);
    }
    db.write("person.publish", async |tx| give(tx).await).await
}

async fn give(tx: &mut Tx) -> Result<bool, Error> {
    let held = tx.find(sql::FEED_HOLD, &[], |row| row.int(0)).await?;
    let place = held.ok_or(Error::Corrupt("feed"))? + 1;
    let read = |row: &ken_store::Row<'_>| Ok((row.text(0)?, row.text(1)?, row.int(2)? != 0));
    let notes: Vec<(String, String, bool)> =
        tx.list(sql::CHANGED, values![PLACED_MAX], read).await?;
    if notes.is_empty() {
        return Ok(false);
    }
    let people: BTreeSet<&str> = notes.iter().map(|(_, person, _)| person.as_str()).collect();
    let people = people.into_iter().collect::<Vec<_>>().join(" ");
    tx.execute_later(sql::FEED_MOVE, values![place]).await?;
    tx.execute_later(sql::FEED_PUT, values![place, people]).await?;
    tx.execute_later(sql::FEED_FORGET, values![place - KEPT]).await?;
    let new = notes.iter().filter(|(_, _, is_new)| *is_new);
    let new: Vec<_> = new.map(|(_, who, _)| values![who.as_str(), place].to_vec()).collect();
    tx.execute_each(sql::UNASKED_PUT, &new).await?;
    bounds::forget(tx, place).await?;
    let gone: Vec<_> = notes.iter().map(|(id, ..)| values![id.as_str()].to_vec()).collect();
    tx.execute_each(sql::CHANGED_DELETE, &gone).await?;
    Ok(i64::try_from(notes.len()).is_ok_and(|count| count == PLACED_MAX))
}

/// The newest place.
///
/// # Errors
///
/// Whatever the store says.
pub(super) async fn newest(s: &mut impl Reads) -> Result<i64, Error> {
    let place = s.find(sql::FEED_PLACE, &[], |row| row.int(0)).await?;
    place.ok_or(Error::Corrupt("feed"))
}

/// The places after one, in order; `None` where some of them are gone already.
///
/// # Errors
///
/// Whatever the store says.
pub(super) async fn after(s: &mut impl Reads, place: i64) -> Result<Option<Vec<Placed>>, Error> {
    let read = |row: &ken_store::Row<'_>| {
        let people = row.text(1)?;
        // What is no id names nobody who could be read.
        let people = people.split(' ').filter_map(|id| id.parse().ok()).collect();
        Ok(Placed { place: row.int(0)?, people })
    };
    let placed = s.list(sql::FEED_AFTER, values![place, READ_MAX], read).await?;
    let is_whole = placed.first().is_none_or(|first| first.place == place + 1);
    Ok(is_whole.then_some(placed))
}
