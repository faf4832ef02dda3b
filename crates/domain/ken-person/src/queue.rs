//! The review queue: where uncertain identity waits for a human.
//!
//! # Invariants
//!
//! - The same pair is offered once: decided, it does not come back by itself.
//! - A decision has a reason and a practitioner, can be undone, and is an entry of the ledger.
//! - Pages of the queue are for stewards of the index: see [`Place`] for what it holds.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use ken_core::{Ctx, OrganisationId, PersonId, Sensitive};
use ken_directory::Acting;
use ken_ledger::EntryKind;
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};
use serde_json::json;

use crate::link::{LinkId, Linker, ReviewId, join, unlink};
use crate::rule::{Doubt, Reason};
use crate::{Error, account, entry, sql};

/// Most places that one page of the queue shows.
pub const PAGE_MAX: i64 = 100;
/// Beyond this, the queue says "more than".
pub const COUNT_MAX: i64 = 10_000;
/// Most candidates of one place.
const CANDIDATES_MAX: i64 = 50;
/// Longest reason, in characters. House policy: a paragraph.
const REASON_MAX: usize = 1_000;

/// Why a human decided as they did, in their own words.
#[derive(Clone, PartialEq, Eq)]
pub struct Why(Sensitive<String>);

impl Why {
    /// Takes a reason of one to a thousand characters.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] for none, or a longer one.
    pub fn new(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let fits = (1..=REASON_MAX).contains(&text.chars().count());
        fits.then(|| Self(text.to_owned().into())).ok_or(Error::Reason)
    }

    pub(crate) fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl fmt::Debug for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Why(..)")
    }
}

/// A place in the queue: ids and reasons, and nothing about anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The person whose identity is uncertain.
    pub person: PersonId,
    /// The id of the place.
    pub id: ReviewId,
    /// The source whose registration raised the question.
    pub source: OrganisationId,
    /// Since when it waits.
    pub since: Timestamp,
    /// Whom it may be, and why.
    pub candidates: Vec<Doubt>,
}

/// What a human says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// This candidate and the person are one.
    Same(PersonId),
    /// None of the candidates is the person.
    Different,
}

/// Offers candidates that were not offered for this person before.
pub(crate) async fn offer_once(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &OrganisationId,
    doubts: &[Doubt],
) -> Result<(), Error> {
    let mut fresh = Vec::new();
    for doubt in doubts {
        let of = values![person, doubt.person];
        let before = tx.find(sql::REVIEW_OFFERED, of, |row| row.text(0)).await?;
        if before.is_none() && doubt.person != person {
            fresh.push(doubt);
        }
    }
    if fresh.is_empty() {
        return Ok(());
    }
    let id = ReviewId::draw(ctx).to_string();
    tx.execute(sql::REVIEW_INSERT, values![person, &id, source, ctx.now_us()]).await?;
    for doubt in fresh {
        let codes: Vec<_> = doubt.reasons.iter().map(|reason| reason.code()).collect();
        let of = values![person, &id, doubt.person, codes.join(" ")];
        tx.execute(sql::REVIEW_CANDIDATE, of).await?;
    }
    Ok(())
}

/// The open places after `after`, oldest first; at most [`PAGE_MAX`].
///
/// # Errors
///
/// Whatever the store says.
pub async fn list(s: &mut impl Reads, after: Option<&Place>) -> Result<Vec<Place>, Error> {
    let start = after.map_or((i64::MIN, String::new()), |place| {
        (place.since.as_microsecond(), place.id.to_string())
    });
    let read = |row: &Row<'_>| {
        Ok(Place {
            person: row.parse(0)?,
            id: row.parse(1)?,
            source: row.parse(2)?,
            since: row.time(3)?,
            candidates: Vec::new(),
        })
    };
    let mut places = s.list(sql::REVIEWS_OPEN, values![start.0, start.1, PAGE_MAX], read).await?;
    for place in &mut places {
        place.candidates = candidates(s, place.person, place.id).await?;
    }
    Ok(places)
}

/// How many places are open; [`COUNT_MAX`] means so many or more.
///
/// # Errors
///
/// Whatever the store says.
pub async fn count(s: &mut impl Reads) -> Result<i64, Error> {
    let count = s.find(sql::REVIEWS_COUNT, values![COUNT_MAX], |row| row.int(0)).await?;
    Ok(count.unwrap_or_default())
}

async fn candidates(
    s: &mut impl Reads,
    person: PersonId,
    id: ReviewId,
) -> Result<Vec<Doubt>, Error> {
    let read = |row: &Row<'_>| {
        let reasons = row.text(1)?.split(' ').filter_map(Reason::from_code).collect();
        Ok(Doubt { person: row.parse(0)?, reasons })
    };
    let of = values![person, id.to_string(), CANDIDATES_MAX];
    Ok(s.list(sql::REVIEW_CANDIDATES, of, read).await?)
}

/// Decides a place in the queue.
///
/// # Errors
///
/// [`Error::Unknown`] for no such place or candidate, [`Error::Decided`] where another was first,
/// [`Error::TwoChis`] where both have a CHI number of their own, and whatever the store, the key
/// ring or the ledger says.
pub async fn decide(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, id): (PersonId, ReviewId),
    answer: Answer,
    by: &Acting,
    why: &Why,
) -> Result<(), Error> {
    if find(tx, person, id).await?.decision.is_some() {
        return Err(Error::Decided("place in the queue"));
    }
    let offered = candidates(tx, person, id).await?;
    let link = match answer {
        Answer::Same(other) if offered.iter().any(|doubt| doubt.person == other) => {
            let by = Linker::Practitioner(by);
            join(tx, ctx, keys, person, other, by, Some(why)).await?.map(|link| link.id)
        }
        Answer::Same(_) => return Err(Error::Unknown("candidate")),
        Answer::Different => {
            set_apart(tx, ctx, keys, person, &offered, by, why).await?;
            None
        }
    };
    let decision = match answer {
        Answer::Same(_) => "same",
        Answer::Different => "different",
    };
    let link = link.map(|link| link.to_string());
    let of = values![person, id.to_string(), decision, ctx.now_us(), by.practitioner, link];
    if tx.execute(sql::REVIEW_DECIDE, of).await? == 0 {
        return Err(Error::Decided("place in the queue"));
    }
    tx.execute(sql::PERSON_SET_PROVISIONAL, values![person, false]).await?;
    Ok(())
}

/// Takes a decision back: the link is undone, and the place is open again.
///
/// # Errors
///
/// [`Error::Unknown`] for no such place or an undecided one, [`Error::Buried`] where a later link
/// stands on the one that was made, and whatever the store, the key ring or the ledger says.
pub async fn undo(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, id): (PersonId, ReviewId),
    by: &Acting,
    why: &Why,
) -> Result<(), Error> {
    let found = find(tx, person, id).await?;
    match (found.decision.as_deref(), found.link) {
        (Some("same"), Some((lead, link))) => unlink(tx, ctx, keys, lead, link, by, why).await?,
        (Some("same"), None) => {}
        (Some(_), _) => {
            let offered = candidates(tx, person, id).await?;
            bring_together(tx, ctx, keys, person, &offered, by, why).await?;
        }
        (None, _) => return Err(Error::Unknown("decision")),
    }
    if tx.execute(sql::REVIEW_REOPEN, values![person, id.to_string()]).await? == 0 {
        return Err(Error::Contended);
    }
    tx.execute(sql::PERSON_SET_PROVISIONAL, values![person, true]).await?;
    Ok(())
}

/// What is stored of a decision.
struct Found {
    decision: Option<String>,
    link: Option<(PersonId, LinkId)>,
}

async fn find(s: &mut impl Reads, person: PersonId, id: ReviewId) -> Result<Found, Error> {
    let read = |row: &Row<'_>| Ok((row.text_opt(2)?, row.parse_opt::<LinkId>(3)?));
    let found = s.find(sql::REVIEW, values![person, id.to_string()], read).await?;
    let (decision, link) = found.ok_or(Error::Unknown("place in the queue"))?;
    // The link is kept under whoever stood for the person when it was made.
    let link = match link {
        Some(link) => {
            let of = values![link.to_string()];
            let lead = s.find(sql::LINK_OF, of, |row| row.parse(0)).await?;
            Some((lead.ok_or(Error::Corrupt("link"))?, link))
        }
        None => None,
    };
    Ok(Found { decision, link })
}

/// Says that a person is none of the candidates, both ways.
async fn set_apart(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    offered: &[Doubt],
    by: &Acting,
    why: &Why,
) -> Result<(), Error> {
    let person = account::lead(tx, person).await?;
    let people: BTreeSet<_> = offered.iter().map(|doubt| doubt.person).chain([person]).collect();
    let guard = tx.lock_people(&people).await?;
    for doubt in offered {
        let other = account::lead(tx, doubt.person).await?;
        for (one, two) in [(person, other), (other, person)] {
            tx.execute(sql::APART_INSERT, values![one, two, ctx.now_us()]).await?;
        }
    }
    guard.bump(tx).await?;
    note(tx, ctx, keys, person, "set-apart", by, why).await
}

/// Takes back that a person is none of the candidates.
async fn bring_together(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    offered: &[Doubt],
    by: &Acting,
    why: &Why,
) -> Result<(), Error> {
    let person = account::lead(tx, person).await?;
    for doubt in offered {
        let other = account::lead(tx, doubt.person).await?;
        for (one, two) in [(person, other), (other, person)] {
            tx.execute(sql::APART_DELETE, values![one, two]).await?;
        }
    }
    note(tx, ctx, keys, person, "set-apart-undone", by, why).await
}

async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    event: &str,
    by: &Acting,
    why: &Why,
) -> Result<(), Error> {
    let detail = json!({ "event": event, "by": entry::who(by), "reason": why.reveal() });
    entry::decided(tx, ctx, keys, person, EntryKind::Unlinked, detail).await
}
