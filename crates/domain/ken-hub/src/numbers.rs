//! A sender's own numbers: what it merges, and what follows a merged number.
//!
//! # Invariants
//!
//! - A merge touches its sender's records alone; what the index will not relink by itself goes to
//!   a human ([`ken_person::Merged::Uncertain`]).
//! - What was filed under a merged number follows it, and so do the messages as they came. The
//!   first step is part of the message's own transaction; the rest goes on in steps of its own, and
//!   after a restart where it was, and both people are "being put right" until then.
//! - What the sender had founded under the number, a relationship and a date of birth, follows in
//!   the message's own transaction. National numbers stay with whom they were claimed for.

use std::collections::BTreeSet;

use ken_core::identifier::Identifier;
use ken_core::{Ctx, MessageId};
use ken_hl7::map::Merge;
use ken_person::{Merged, SourceRecord};
use ken_records::Under;
use ken_records::moves::{self, Move};
use ken_sharing::fact;
use ken_sharing::relationship::number::{self, Moved};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Row, Tx, values};

use crate::apply::{Arrival, associated, record_of};
use crate::{Error, sql};

/// How often one step is taken up again when another write was in the way.
const TRIES_MAX: u32 = 3;
/// Most messages that one step moves. House policy: well under the time that a write may take.
const MESSAGES_MAX: i64 = 100;
/// Most steps of one call. House policy: a million versions; a later call goes on.
const STEPS_MAX: u32 = 10_000;

/// Relinks what the sender itself filed under the numbers that end.
pub(crate) async fn relink(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    merge: &Merge,
) -> Result<(), Error> {
    let kept = record_of(arrival, &merge.surviving)?;
    for ended in &merge.prior {
        if let Identifier::Local(local) = ended {
            let organisation = arrival.source.organisation.clone();
            let gone = SourceRecord { organisation, local: local.clone() };
            let merged = ken_person::merge(tx, ctx, keys, &gone, &kept).await?;
            if let Merged::Moved { from, to, id, is_only } = merged {
                let under = Under::of(&gone.local);
                let merge = id.to_string();
                let (source, number) = (&gone.organisation, under.as_str());
                let moved = Moved { from, to, source, number, merge: &merge };
                let guard = tx.lock_people(&BTreeSet::from([from, to])).await?;
                number::follow(tx, ctx, keys, moved, is_only).await?;
                births(tx, ctx, moved).await?;
                guard.bump(tx).await?;
                follow(tx, ctx, keys, moved, &under, is_only).await?;
            }
        }
    }
    Ok(())
}

/// Lets what was filed under a number follow it, as far as one transaction goes.
pub(crate) async fn follow(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    moved: Moved<'_>,
    under: &Under,
    is_only: bool,
) -> Result<(), Error> {
    let people = (moved.from, moved.to);
    let of = moves::begin(tx, ctx, people, moved.source, under, is_only).await?;
    step(tx, ctx, keys, &of).await?;
    Ok(())
}

/// One step of a move: messages as they came first, then what was made of them.
async fn step(tx: &mut Tx, ctx: &Ctx<'_>, keys: &KeyRing, of: &Move) -> Result<bool, Error> {
    if messages(tx, keys, of).await? {
        return Ok(moves::advance(tx, ctx, keys, of).await?);
    }
    moves::bar(tx, of).await?;
    Ok(false)
}

/// Moves the oldest messages of a number, at most [`MESSAGES_MAX`]. True when none is left.
async fn messages(tx: &mut Tx, keys: &KeyRing, of: &Move) -> Result<bool, Error> {
    let [own, other] = of.marks();
    let at = values![of.from, of.source(), own, other, MESSAGES_MAX];
    let read = |row: &Row<'_>| {
        let head = (row.parse::<MessageId>(0)?, row.text(1)?, row.text(2)?, row.int(3)?);
        Ok((head, row.parse::<KeyId>(4)?, row.bytes(5)?))
    };
    let held = tx.list(sql::MESSAGES_UNDER, at, read).await?;
    let count = held.len();
    if count == 0 {
        return Ok(true);
    }
    let fresh = ken_records::key_of(tx, keys, of.to).await?;
    for ((id, source, kind, received_us), key, body) in held {
        let before = associated(of.from, id);
        // What cannot be opened was erased: its place moves, and it stays unreadable.
        let (key, body) = match keys.open(&key, &before, &body).await? {
            Some(open) => (fresh, keys.seal(&fresh, &associated(of.to, id), &open).await?),
            None => (key, body),
        };
        tx.execute(sql::DELETE_MESSAGE, values![of.from, id]).await?;
        let (key, body) = (key.to_string(), body.as_slice());
        let row = values![of.to, id, source, kind, received_us, key, body, own];
        tx.execute(sql::INSERT_MESSAGE, row).await?;
    }
    Ok(i64::try_from(count).is_ok_and(|count| count < MESSAGES_MAX))
}

/// Notes anew when the source says that either was born, from what it still says of each.
pub(crate) async fn births(tx: &mut Tx, ctx: &Ctx<'_>, of: Moved<'_>) -> Result<(), Error> {
    for person in [of.from, of.to] {
        match ken_person::born_said(tx, person, of.source).await? {
            Some(born) => fact::set_born(tx, ctx, person, of.source, born).await?,
            None => fact::unset_born(tx, ctx, person, of.source).await?,
        };
    }
    Ok(())
}

/// Goes on with whatever moves are not at their end. True when none is left.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says; what has moved stays moved.
pub async fn settle(db: &Db, ctx: &Ctx<'_>, keys: &KeyRing) -> Result<bool, Error> {
    let mut tries = 0;
    for _ in 0..STEPS_MAX {
        let open = db.snapshot("hub.moves", async |s| moves::open(s).await).await?;
        let Some(first) = open.first() else { return Ok(true) };
        let step = db.write("hub.move", async |tx| step(tx, ctx, keys, first).await);
        match step.await {
            Err(error) if error.is_transient() && tries < TRIES_MAX => tries += 1,
            step => {
                step?;
                tries = 0;
            }
        }
    }
    Ok(false)
}
