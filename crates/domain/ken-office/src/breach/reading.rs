//! Reading the ledger for whom a breach concerns: at once where the span is short, otherwise in the
//! background, in bounded parts, with how far it is.
//!
//! # Invariants
//!
//! - One long reading at a time on this node; another is refused, not queued.
//! - What was read is told to nobody but whom asked it of their own organisation's breach, and each
//!   telling is entered before it is told.
//! - What was read is held in memory alone, for [`HELD`]: whom a letter may harm is asked anew.
//!
//! Source: house policy for the limits.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, EntryId, InstrumentHash, OrganisationId};
use ken_directory::Acting;
use ken_ledger::scan;
use ken_sharing::bundle::Bundle;
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads as _, Snapshot, values};
use serde_json::json;

use super::affected::{Affecteds, Asked, Found, People, Selection};
use super::book::{enter, find};
use super::{LISTED_MAX, Refusal};
use crate::Error;
use crate::sql::breach as sql;

/// Most leaves of the log that are read while the officer waits. House policy: a second or two.
pub const AT_ONCE: u64 = 20_000;
/// Most leaves of the log that one list reads. House policy: a month in which nine entries are
/// written a second; more is listed span by span.
pub const LEAVES_MAX: u64 = 25_000_000;
/// How long what was read is held, so that the list can follow the count.
pub const HELD: SignedDuration = SignedDuration::from_mins(10);
/// How long after a span entries may stand that were written in it: twice what the log's order may
/// be from the order of time.
const DISORDER: SignedDuration = SignedDuration::from_hours(2);
/// People whose marks are read in one snapshot: a moment's work.
const PEOPLE_PART: usize = 200;

/// Where the ledger is read for breaches on this node, and what was read last.
#[derive(Debug)]
pub struct Desk {
    at_once: u64,
    held: Mutex<Option<Reading>>,
}

impl Default for Desk {
    fn default() -> Self {
        Self::reading_at_once(AT_ONCE)
    }
}

#[derive(Debug)]
struct Reading {
    of: Wanted,
    stands: Stands,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    own: OrganisationId,
    breach: EntryId,
    of: Selection,
}

#[derive(Debug)]
enum Stands {
    Runs(Far),
    Whole(Timestamp, Result<Arc<Affecteds>, Refusal>),
}

/// How far a reading is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Far {
    /// Entries of the log that were read.
    pub done: u64,
    /// Of how many; zero before anything was.
    pub of: u64,
}

/// What becomes of an asking.
#[derive(Debug)]
pub enum Answer {
    /// What the ledger has; that it was asked for is entered.
    Told(Arc<Affecteds>),
    /// It is being read.
    Runs(Far),
    /// Something else is being read on this node.
    Busy,
    /// It is to be read now, in the background.
    Begins(Place),
}

/// The one place of a desk; it is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    desk: Arc<Desk>,
    of: Wanted,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.desk.lock();
        if held.as_ref().is_some_and(|held| matches!(held.stands, Stands::Runs(_))) {
            *held = None;
        }
    }
}

impl Desk {
    /// A desk that reads spans of so many entries while the officer waits.
    #[must_use]
    pub fn reading_at_once(at_once: u64) -> Self {
        Self { at_once, held: Mutex::new(None) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Reading>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read of this, or how far it is.
    fn held(&self, of: &Wanted, now: Timestamp) -> Option<Result<Answer, Refusal>> {
        let mut held = self.lock();
        let is_old = |at: &Timestamp| now.duration_since(*at) > HELD;
        if let Some(Reading { stands: Stands::Whole(at, _), .. }) = &*held
            && is_old(at)
        {
            *held = None;
        }
        match &held.as_ref().filter(|held| held.of == *of)?.stands {
            Stands::Runs(far) => Some(Ok(Answer::Runs(*far))),
            Stands::Whole(_, Ok(found)) => Some(Ok(Answer::Told(Arc::clone(found)))),
            Stands::Whole(_, Err(refusal)) => Some(Err(*refusal)),
        }
    }

    /// Takes the place, unless something is being read.
    fn begin(self: &Arc<Self>, of: Wanted) -> Answer {
        let mut held = self.lock();
        if let Some(Reading { of: other, stands: Stands::Runs(far) }) = &*held {
            return if *other == of { Answer::Runs(*far) } else { Answer::Busy };
        }
        *held = Some(Reading { of: of.clone(), stands: Stands::Runs(Far::default()) });
        Answer::Begins(Place { desk: Arc::clone(self), of })
    }
}

impl Place {
    /// Reads, and holds what came of it. Where `stops` says so it ends, and nothing is held.
    ///
    /// # Errors
    ///
    /// Whatever the store, the key store or the ledger says; nothing is held then.
    pub async fn run(
        self,
        db: &Db,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        under: &Bundle,
        stops: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Error> {
        let watch = |far| {
            if let Some(reading) = &mut *self.desk.lock() {
                reading.stands = Stands::Runs(far);
            }
            if stops() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let found = Box::pin(read(db, ctx, keys, under, &self.of, &watch)).await?;
        if let Some(found) = found {
            let stands = Stands::Whole(ctx.clock.now(), found.map(Arc::new));
            *self.desk.lock() = Some(Reading { of: self.of.clone(), stands });
        }
        Ok(())
    }
}

/// Lists whom a breach of one's own organisation concerns, or says how far the reading is. That it
/// was asked for stands on the ledger before anything is told.
///
/// # Errors
///
/// Whatever the store, the key store or the ledger says; a [`Refusal`] is a value:
/// [`Refusal::Unknown`] for no such breach, [`Refusal::When`] for no such span,
/// [`Refusal::TooMany`] where it holds more than is read or lists more than can be.
pub async fn affected(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (under, desk): (&Bundle, &Arc<Desk>),
    by: &Acting,
    (breach, of, asked): (EntryId, &Selection, Asked),
) -> Result<Result<Answer, Refusal>, Error> {
    let own = &by.organisation;
    if of.from >= of.until || of.from > ctx.clock.now() {
        return Ok(Err(Refusal::When));
    }
    let begin = async |s: &mut Snapshot| {
        let is_known = find(s, own, breach).await?.is_some();
        Ok::<_, Error>((is_known, leaves(s, of).await?))
    };
    let (is_known, (first, to)) = db.snapshot("office.affected-begin", begin).await?;
    if !is_known {
        return Ok(Err(Refusal::Unknown));
    }
    let wanted = Wanted { own: own.clone(), breach, of: of.clone() };
    let many = to.saturating_sub(first);
    let found = match desk.held(&wanted, ctx.clock.now()) {
        Some(Ok(Answer::Told(found))) => found,
        Some(other) => return Ok(other),
        None if many > LEAVES_MAX => return Ok(Err(Refusal::TooMany)),
        None if many > desk.at_once => return Ok(Ok(desk.begin(wanted))),
        None => {
            let watch = |_| ControlFlow::Continue(());
            match Box::pin(read(db, ctx, keys, under, &wanted, &watch)).await? {
                Some(Ok(found)) => Arc::new(found),
                Some(Err(refusal)) => return Ok(Err(refusal)),
                None => return Ok(Ok(Answer::Busy)),
            }
        }
    };
    let detail = json!({
        "breach": breach.to_string(), "asked": asked.code(), "people": found.people.len(),
        "disclosures": found.disclosures, "unread": found.unread, "erased": found.erased,
        "from": of.from.to_string(), "until": of.until.to_string(),
        "to": of.to.as_ref().map(OrganisationId::as_str),
        "looked": of.by.map(|by| by.to_string()),
        "source": of.source.as_ref().map(OrganisationId::as_str),
        "under": of.under.as_ref().map(InstrumentHash::as_str),
        "by": by.practitioner.to_string(),
    });
    db.write("office.affected", async |tx| enter(tx, ctx, keys, own, detail).await).await?;
    Ok(Ok(Answer::Told(found)))
}

/// From which leaf a span is read, up to which.
async fn leaves(s: &mut Snapshot, of: &Selection) -> Result<(u64, u64), Error> {
    let first = scan::first_since(s, of.from).await?;
    let end = of.until.saturating_add(DISORDER).unwrap_or(Timestamp::MAX);
    Ok((first, scan::first_since(s, end).await?.min(scan::leaves(s).await?)))
}

/// How a reading tells how far it is, and whether it goes on.
type Watch<'a> = &'a (dyn Fn(Far) -> ControlFlow<()> + Sync);

/// Reads the leaves, and what has none yet; none where it was stopped.
async fn read(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    under: &Bundle,
    wanted: &Wanted,
    watch: Watch<'_>,
) -> Result<Option<Result<Affecteds, Refusal>>, Error> {
    let Wanted { own, breach, of } = wanted;
    let begin = async |s: &mut Snapshot| {
        let key = s.find(sql::BREACH_KEY, values![own, *breach], |row| row.parse(0)).await?;
        // What has no leaf yet is read in the same picture, and what has one up to its size.
        let unsealed = scan::unsealed(s, keys).await?;
        Ok::<_, Error>((key, unsealed, leaves(s, of).await?))
    };
    let (key, unsealed, (first, to)) = db.snapshot("office.affected-read", begin).await?;
    let key = key.ok_or(Error::Corrupt("breach"))?;
    let Some(unsealed) = unsealed else { return Ok(Some(Err(Refusal::TooMany))) };
    let mut at = first;
    let mut found = Found::new(own, of, under);
    for entry in unsealed {
        found.take(entry);
    }
    while at < to {
        let page = async |s: &mut Snapshot| scan::permits(s, keys, at, to).await;
        for decided in db.snapshot("office.affected-page", page).await? {
            found.take(decided.entry);
        }
        at = to.min(at.saturating_add(scan::SCAN_MAX));
        if found.people() > LISTED_MAX {
            return Ok(Some(Err(Refusal::TooMany)));
        }
        if watch(Far { done: at - first, of: to - first }).is_break() {
            return Ok(None);
        }
    }
    let mut people = People::new(found, key);
    while people.is_left() {
        let part = async |s: &mut Snapshot| people.tell(s, ctx, keys, PEOPLE_PART).await;
        db.snapshot("office.affected-people", part).await?;
        if watch(Far { done: to - first, of: to - first }).is_break() {
            return Ok(None);
        }
    }
    Ok(Some(Ok(people.told())))
}
