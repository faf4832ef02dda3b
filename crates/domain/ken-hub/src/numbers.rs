//! A sender's own numbers: what it merges, and what follows a merged number.
//!
//! # Invariants
//!
//! - A merge touches its sender's records alone; what the index will not relink by itself goes to
//!   a human ([`ken_person::Merged::Uncertain`]).
//! - What was filed under a merged number follows it. The first step is part of the message's own
//!   transaction; the rest goes on in steps of its own, and after a restart where it was.

use ken_core::identifier::Identifier;
use ken_core::{Ctx, PersonId};
use ken_directory::Acting;
use ken_hl7::map::Merge;
use ken_person::{MergeId, Merged, SourceRecord, Why};
use ken_records::{Under, moves};
use ken_store::keys::KeyRing;
use ken_store::{Db, Tx};

use crate::Error;
use crate::apply::{Arrival, record_of};

/// How often one step is taken up again when another write was in the way.
const TRIES_MAX: u32 = 3;
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
            if let Merged::Moved { from, to, is_only, .. } = merged {
                follow(tx, ctx, keys, (from, to), &gone, is_only).await?;
            }
        }
    }
    Ok(())
}

/// Lets what was filed under a number follow it, as far as one transaction goes.
async fn follow(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    people: (PersonId, PersonId),
    number: &SourceRecord,
    is_only: bool,
) -> Result<(), Error> {
    let under = Under::of(&number.local);
    let of = moves::begin(tx, ctx, people, &number.organisation, &under, is_only).await?;
    moves::advance(tx, ctx, keys, &of).await?;
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
        let step = db.write("hub.move", async |tx| {
            moves::advance(tx, ctx, keys, first).await.map_err(Error::from)
        });
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

/// Takes a merge back that moved a number: the number means whom it meant, and what was filed
/// under it goes back.
///
/// # Errors
///
/// [`ken_person::Error::Unknown`] and [`ken_person::Error::Decided`] for no such merge or one that
/// was taken back, [`ken_person::Error::Buried`] where the number has moved on since; whatever the
/// store, the key ring or the ledger says.
pub async fn unmerge(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, merge): (PersonId, MergeId),
    by: &Acting,
    why: &Why,
) -> Result<(), Error> {
    db.write("hub.unmerge", async |tx| {
        let back = ken_person::unmerge(tx, ctx, keys, (person, merge), by, why).await?;
        follow(tx, ctx, keys, (back.from, back.to), &back.number, false).await
    })
    .await?;
    settle(db, ctx, keys).await.map(drop)
}
