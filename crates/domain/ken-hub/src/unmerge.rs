//! Taking a merge back: what would happen, and then what is said here.
//!
//! # Invariants
//!
//! - What would happen is found by doing it and keeping nothing of it: it cannot differ from what
//!   happens.
//! - One that has stood for long is taken back by two ([`ken_person::Backing`]).
//! - Number, account, relationships, dates of birth, deaths and restrictions go back in one
//!   transaction; items and messages follow as for a merge.

use std::collections::BTreeSet;

use ken_core::{Ctx, OrganisationId, PersonId};
use ken_directory::Acting;
use ken_person::{Backing, MergeId, Standing, Unmerged, Why};
use ken_records::{Under, moves};
use ken_sharing::relationship::{self, number::Moved};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Snapshot, Tx, values};

use crate::numbers::{births, follow};
use crate::settle::settle;
use crate::{Error, death, restrict, sql};

/// What taking a merge back does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// Items that go back.
    pub items: i64,
    /// Messages that go back, as they came.
    pub messages: i64,
    /// Kinds of relationship that the sender has again with whom the number meant.
    pub begin: BTreeSet<String>,
    /// Kinds of relationship that it has no longer with whom the number means now.
    pub end: BTreeSet<String>,
}

/// What would happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The merge.
    pub merge: Standing,
    /// What taking it back would do; `None` where the number has moved on, or a later link stands
    /// on it: that is to be taken back first.
    pub effects: Option<Effects>,
    /// What the practitioner's word does for it.
    pub backing: Backing,
}

/// What is undone, as far as it has come.
struct Undone {
    effects: Effects,
    /// The numbers that go back.
    back: Vec<Unmerged>,
}

/// Why a trial ends: always without keeping anything.
enum Tried {
    Would(Effects),
    Failed(Error),
}

impl From<ken_store::Error> for Tried {
    fn from(error: ken_store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Says what taking a merge back would do; `None` for no such merge, one that was taken back, and
/// one of the practitioner's own record.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn plan(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, merge): (PersonId, MergeId),
    by: &Acting,
) -> Result<Option<Plan>, Error> {
    let found = async |s: &mut Snapshot| {
        let Some(found) = theirs(s, (person, merge), by).await? else { return Ok(None) };
        let backing = ken_person::backing(s, ctx, &found, by).await?;
        Ok::<_, Error>(Some((found, backing)))
    };
    let Some((merge, backing)) = db.snapshot("hub.merge", found).await? else { return Ok(None) };
    let why = Why::new("to see what it would do")?;
    let tried: Result<(), Tried> = db
        .write("hub.unmerge-trial", async |tx| match undo(tx, ctx, keys, &merge, by, &why).await {
            Ok(undone) => Err(Tried::Would(undone.effects)),
            Err(error) => Err(Tried::Failed(error)),
        })
        .await;
    match tried {
        Ok(()) => Err(Error::Corrupt("trial")),
        Err(Tried::Would(effects)) => Ok(Some(Plan { merge, effects: Some(effects), backing })),
        Err(Tried::Failed(Error::Person(ken_person::Error::Buried))) => {
            Ok(Some(Plan { merge, effects: None, backing }))
        }
        Err(Tried::Failed(error)) => Err(error),
    }
}

/// A merge that stands, for whoever may take it back: it is of nobody's own record.
async fn theirs(
    s: &mut impl Reads,
    (person, merge): (PersonId, MergeId),
    by: &Acting,
) -> Result<Option<Standing>, Error> {
    let Some(found) = ken_person::find_standing(s, person, merge).await? else { return Ok(None) };
    let people = BTreeSet::from([found.person, found.to]);
    let is_own = ken_person::is_own(s, by.practitioner, &people).await?;
    Ok((!is_own).then_some(found))
}

/// Takes a merge back: a number means whom it meant, and what was filed and founded under it goes
/// back; or two records that a source joined stand apart again. Says what that did; nothing where
/// it waits for a second practitioner ([`Backing`]).
///
/// # Errors
///
/// [`ken_person::Error::Unknown`] for no such merge, one that was taken back, and one of the
/// practitioner's own record,
/// [`ken_person::Error::Buried`] where the number has moved on since, or a later link stands on it;
/// whatever the store, the key ring or the ledger says.
pub async fn unmerge(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, merge): (PersonId, MergeId),
    by: &Acting,
    why: &Why,
) -> Result<Option<Effects>, Error> {
    let effects = db.write("hub.unmerge", async |tx| {
        let found = theirs(tx, (person, merge), by).await?;
        let found = found.ok_or(ken_person::Error::Unknown("merge"))?;
        hold(tx, keys, &found).await?;
        let backing = ken_person::back(tx, ctx, keys, &found, (by, why)).await?;
        if matches!(backing, Backing::First | Backing::Waits) {
            return Ok(None);
        }
        let undone = undo(tx, ctx, keys, &found, by, why).await?;
        ken_person::backed(tx, ctx, &found, backing).await?;
        for back in undone.back {
            let (source, under) = (&back.number.organisation, Under::of(&back.number.local));
            let (number, merge) = (under.as_str(), back.id.to_string());
            let moved = Moved { from: back.from, to: back.to, source, number, merge: &merge };
            follow(tx, ctx, keys, moved, &under, (false, true)).await?;
        }
        Ok::<_, Error>(Some(undone.effects))
    });
    let Some(effects) = effects.await? else { return Ok(None) };
    // It is taken back already, and its people stay "being put right" until the rest has followed.
    if let Err(error) = settle(db, ctx, keys).await {
        tracing::error!(error.code = error.code(), "items have not followed their number");
    }
    Ok(Some(effects))
}

/// Holds the number before what is filed, and that before the guards, as any message does.
async fn hold(tx: &mut Tx, keys: &KeyRing, merge: &Standing) -> Result<(), Error> {
    if merge.is_link {
        return Ok(());
    }
    let people = ken_person::hold_merged(tx, (merge.person, merge.id)).await?;
    Ok(ken_records::hold(tx, keys, &people).await?)
}

/// All of it but what moves in steps.
async fn undo(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    merge: &Standing,
    by: &Acting,
    why: &Why,
) -> Result<Undone, Error> {
    let at = (merge.person, merge.id);
    if merge.is_link {
        ken_person::unlink(tx, ctx, keys, at.0, at.1, by, why).await?;
        return Ok(Undone { effects: Effects::default(), back: vec![] });
    }
    hold(tx, keys, merge).await?;
    let source = &merge.organisation;
    let before =
        (kinds(tx, ctx, merge.person, source).await?, kinds(tx, ctx, merge.to, source).await?);
    let back = ken_person::unmerge(tx, ctx, keys, at, by, why).await?;
    let mut effects = Effects::default();
    let own = back.first().map(|own| Under::of(&own.number.local));
    let own = own.ok_or(Error::Corrupt("merge"))?;
    for one in &back {
        let (items, messages) = go_back(tx, ctx, keys, one, &own).await?;
        effects.items += items;
        effects.messages += messages;
    }
    let after =
        (kinds(tx, ctx, merge.person, source).await?, kinds(tx, ctx, merge.to, source).await?);
    effects.begin = after.0.difference(&before.0).cloned().collect();
    effects.end = before.1.difference(&after.1).cloned().collect();
    Ok(Undone { effects, back })
}

/// Takes back what a number brought, but what moves in steps; says how many items and messages are
/// to go. What was merged into the merge's own number is that again.
async fn go_back(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    back: &Unmerged,
    own: &Under,
) -> Result<(i64, i64), Error> {
    let (source, under) = (&back.number.organisation, Under::of(&back.number.local));
    let (number, id) = (under.as_str(), back.id.to_string());
    let made = Moved { from: back.to, to: back.from, source, number, merge: &id };
    let guard = tx.lock_people(&BTreeSet::from([made.from, made.to])).await?;
    relationship::number::go_back(tx, ctx, keys, made, back.since).await?;
    births(tx, ctx, made).await?;
    death::follow(tx, ctx, Moved { from: made.to, to: made.from, ..made }).await?;
    death::rename(tx, source, (&under, own)).await?;
    restrict::take_back(tx, ctx, (made.from, made.to), source, (&id, back.since)).await?;
    guard.bump(tx).await?;
    let of = values![made.to, source, number];
    let messages = tx.find(sql::COUNT_UNDER, of, |row| row.int(0)).await?.unwrap_or_default();
    Ok((moves::count(tx, made.to, source, &under).await?, messages))
}

/// The kinds of relationship that an organisation as a whole has with a person.
async fn kinds(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    organisation: &OrganisationId,
) -> Result<BTreeSet<String>, Error> {
    let held = relationship::of_person(tx, ctx, person).await?;
    let theirs = held
        .into_iter()
        .filter(|one| one.organisation == *organisation && one.practitioner.is_none());
    Ok(theirs.map(|one| one.kind).collect())
}
