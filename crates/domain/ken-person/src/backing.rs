//! Who takes back a sender's merge: one alone for a month, two after that.
//!
//! # Invariants
//!
//! - A merge that has stood for longer than [`UNDO_ALONE`] is taken back by two, each of whom says
//!   why; the word of the first counts for [`UNDO_ASKED`]. So it is with reviewers' decisions.
//! - What the first says changes nothing but what is listed, and is an entry of both people's.
//!
//! Source: house policy.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, PersonId, PractitionerId};
use ken_directory::Acting;
use ken_ledger::EntryKind;
use ken_sharing::{linker, together};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Tx, values};
use serde_json::json;

use crate::link::ReviewId;
use crate::merge::MergeId;
use crate::queue::{UNDO_ALONE, UNDO_ASKED};
use crate::sql::standing as sql;
use crate::standing::{MERGES_MAX, Standing};
use crate::{Error, Why, entry};

/// What somebody's word does for taking a merge back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backing {
    /// It is enough: the merge is young.
    Alone,
    /// It is the first of two.
    First,
    /// It was the first of two already.
    Waits,
    /// It is the second of two; the first was this practitioner's.
    Second(PractitionerId),
}

/// What somebody's word would do; nothing is kept.
///
/// # Errors
///
/// Whatever the store says.
pub async fn backing(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    merge: &Standing,
    by: &Acting,
) -> Result<Backing, Error> {
    if is_young(ctx, merge) {
        return Ok(Backing::Alone);
    }
    let of = values![merge.person, merge.id.to_string(), asked_since(ctx)];
    let first: Option<PractitionerId> = s.find(sql::ASKED_OF, of, |row| row.parse(0)).await?;
    Ok(match first {
        None => Backing::First,
        Some(first) if first == by.practitioner => Backing::Waits,
        Some(first) => Backing::Second(first),
    })
}

/// Keeps that somebody wants a merge taken back, where one word is not enough; says what theirs
/// does.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn back(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    merge: &Standing,
    (by, why): (&Acting, &Why),
) -> Result<Backing, Error> {
    let before = backing(tx, ctx, merge, by).await?;
    if before == Backing::Alone {
        return Ok(before);
    }
    let (id, until) = (merge.id.to_string(), asked_since(ctx));
    let of = values![merge.person, id.as_str(), by.practitioner, ctx.now_us(), until];
    let first: Option<PractitionerId> = tx.find(sql::ASK, of, |row| row.parse(0)).await?;
    let first = first.ok_or(Error::Corrupt("merge"))?;
    if first != by.practitioner {
        return Ok(Backing::Second(first));
    }
    let detail = json!({
        "event": "first-of-two-unmerge",
        "merge": id,
        "by": entry::who(by),
        "reason": why.reveal(),
    });
    for person in [merge.person, merge.to] {
        entry::decided(tx, ctx, keys, person, EntryKind::Unlinked, detail.clone()).await?;
    }
    Ok(before)
}

/// That a merge is taken back waits for nobody; whoever wanted it first is kept from what it
/// joined, as the second is.
///
/// # Errors
///
/// Whatever the store says.
pub async fn backed(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    merge: &Standing,
    backing: Backing,
) -> Result<(), Error> {
    let Backing::Second(first) = backing else { return Ok(()) };
    tx.execute(sql::OVER, values![merge.person, merge.id.to_string()]).await?;
    let people: BTreeSet<PersonId> = [merge.person, merge.to].into();
    let guard = together::lock(tx, &people).await?;
    for person in people {
        let group = together::group(tx, person).await?;
        linker::note(tx, ctx, &group, first).await?;
    }
    Ok(guard.bump(tx).await?)
}

/// The merges that somebody wants taken back and that wait for a second; at most [`MERGES_MAX`].
///
/// # Errors
///
/// Whatever the store says.
pub async fn backed_by_one(s: &mut impl Reads, ctx: &Ctx<'_>) -> Result<BTreeSet<MergeId>, Error> {
    let most = i64::try_from(MERGES_MAX).unwrap_or(i64::MAX);
    let of = values![asked_since(ctx), most];
    let found = s.list(sql::ASKED_SINCE, of, |row| row.parse::<ReviewId>(0)).await?;
    Ok(found.into_iter().collect())
}

fn is_young(ctx: &Ctx<'_>, merge: &Standing) -> bool {
    ctx.clock.now().duration_since(merge.made) <= UNDO_ALONE
}

/// Since when the word of the first counts.
fn asked_since(ctx: &Ctx<'_>) -> Timestamp {
    ctx.clock.now().saturating_sub(UNDO_ASKED).unwrap_or(Timestamp::MIN)
}
