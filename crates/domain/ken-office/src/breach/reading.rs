//! Reading the ledger for whom a breach concerns: at once where the span is short, otherwise in the
//! background, in bounded parts, with how far it is.
//!
//! # Invariants
//!
//! - What was read is told to nobody but whom asked it of their own organisation's breach, and each
//!   telling is entered before it is told, with how the ledger stood then.
//!
//! Source: house policy for the limits.

use std::ops::ControlFlow;
use std::sync::Arc;

use ken_core::{Ctx, EntryId, InstrumentHash, OrganisationId};
use ken_directory::Acting;
use ken_ledger::scan;
use ken_sharing::bundle::Bundle;
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads as _, Snapshot, values};
use serde_json::json;

use super::affected::{Affecteds, AsOf, Asked, Found, People, Selection};
use super::book::{enter, find};
use super::desk::{Answer, Desk, Far, Place, Wanted};
use super::{LISTED_MAX, Refusal};
use crate::Error;
use crate::sql::breach as sql;

/// Most leaves of the log that one list reads. House policy: a month in which nine entries are
/// written a second; more is listed span by span.
pub const LEAVES_MAX: u64 = 25_000_000;
/// People whose marks are read in one snapshot: a moment's work.
const PEOPLE_PART: usize = 200;

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
        None if many > desk.at_once() => return Ok(Ok(desk.begin(wanted))),
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
        "from": of.from.to_string(), "until": of.until.min(found.as_of.at).to_string(),
        "as-of": found.as_of.at.to_string(), "log-size": found.as_of.leaves,
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
    Ok((scan::first_since(s, of.from).await?, scan::end_of(s, of.until).await?))
}

impl Place {
    /// Reads, and holds what came of it, be it a failure. Where `stops` says so it ends, and
    /// nothing is held.
    ///
    /// # Errors
    ///
    /// Whatever the store, the key store or the ledger says.
    pub async fn run(
        self,
        db: &Db,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        under: &Bundle,
        stops: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Error> {
        let watch = |far| {
            self.tell(far);
            if stops() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        match Box::pin(read(db, ctx, keys, under, self.of(), &watch)).await {
            Ok(None) => Ok(()),
            Ok(Some(found)) => {
                self.hold(ctx.clock.now(), found.map(Arc::new));
                Ok(())
            }
            Err(error) => {
                self.fail(ctx.clock.now(), error.code());
                Err(error)
            }
        }
    }
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
        let as_of = AsOf { at: ctx.clock.now(), leaves: scan::leaves(s).await? };
        Ok::<_, Error>((key, (unsealed, as_of), leaves(s, of).await?))
    };
    let (key, (unsealed, as_of), (first, to)) = db.snapshot("office.affected-read", begin).await?;
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
    Ok(Some(Ok(people.told(as_of))))
}
