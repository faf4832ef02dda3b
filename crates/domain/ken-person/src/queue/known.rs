//! Pairs of known truth: decided places that two agreed on, put among the others again, so that it
//! is known how well reviewers tell.
//!
//! # Invariants
//!
//! - A copy of a place looks, is claimed, answered and taken back as any other; what is answered to
//!   it links, parts and settles nobody.
//! - Whoever answered the place, marked it, or answered another copy of it, is not shown one.
//! - Once anything has changed about whom it concerns, the pair is known no more: its copies are
//!   closed, and what was answered to them tells nothing.
//! - Who may not see the records is shown them here neither: a copy is read by the same decision.
//!
//! Sources: `identity.md` section 5 (blind review, seeded pairs of known truth); house policy.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, PersonId, PractitionerId};
use ken_directory::Acting;
use ken_ledger::EntryKind;
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::json;

use super::undo::UNDO_ALONE;
use super::{CANDIDATES_MAX, Decision, candidates, order};
use crate::link::ReviewId;
use crate::sql::{self as queue_sql, learning as sql};
use crate::{Error, account, entry};

/// After so many places of their own, one of known truth is put among them. House policy, as with
/// the sample that two answer: enough to know each reviewer, and little work in vain.
pub const KNOWN_OF: i64 = 10;
/// It is put there within so long after the last of them, so that it is not told by its moment.
const PUT_WITHIN: SignedDuration = SignedDuration::from_hours(2);
/// How long a decision must have stood. House policy: as long as one reviewer may take it back.
const STOOD: SignedDuration = UNDO_ALONE;
/// How often one pair is put among the others at most, since each time people are looked at who
/// are in no doubt. House policy.
const PUTS_MAX: i64 = 10;
/// Most copies that are open at once.
const OPEN_MAX: i64 = 20;
/// Most ids that are drawn for one that stands in the sample; each tenth does.
const DRAWS_MAX: usize = 300;

/// A pair of known truth.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    person: PersonId,
    place: ReviewId,
    /// Whose record it is as well; none where it is nobody's of the candidates.
    truth: Option<PersonId>,
    /// What was held of those whom it concerns when it was marked.
    seen: String,
    put_us: i64,
}

fn known(row: &Row<'_>) -> Result<Known, ken_store::Error> {
    Ok(Known {
        person: row.parse(0)?,
        place: row.parse(1)?,
        truth: row.parse_opt(2)?,
        seen: row.text(3)?,
        put_us: row.int(4)?,
    })
}

/// Whether a decided place may be marked as one of known truth: it has stood long enough, two
/// agreed on it, nobody ever doubted it, and nobody else stands together with whom it concerns.
///
/// # Errors
///
/// Whatever the store says.
pub async fn may_be_known(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    (person, place): (PersonId, ReviewId),
) -> Result<bool, Error> {
    let marked = values![person, place.to_string()];
    let is_marked = s.find(sql::KNOWN, marked, |row| row.int(4)).await?.is_some();
    Ok(!is_marked && fitting(s, ctx, (person, place)).await?.is_some())
}

/// The truth of a place that may be marked, and what is held of those whom it concerns.
async fn fitting(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    (person, place): (PersonId, ReviewId),
) -> Result<Option<(Option<PersonId>, String)>, Error> {
    let before = ctx.clock.now().saturating_sub(STOOD).unwrap_or(Timestamp::MIN);
    let of = values![person, place.to_string(), before];
    let read = |row: &Row<'_>| row.parse_opt::<PersonId>(0);
    let Some(truth) = s.find(sql::KNOWN_FITTING, of, read).await? else { return Ok(None) };
    let seen = stands(s, (person, place), truth).await?;
    Ok(seen.map(|seen| (truth, seen)))
}

/// What is held of those whom a truth concerns, where it stands: counts and moments, nothing said
/// of anybody. `None` where it does not stand, or others stand together with them.
async fn stands(
    s: &mut impl Reads,
    (person, place): (PersonId, ReviewId),
    truth: Option<PersonId>,
) -> Result<Option<String>, Error> {
    let of = values![person, place.to_string()];
    let word = s.find(queue_sql::REVIEW, of, |row| row.text_opt(2)).await?.flatten();
    let right = truth.map_or(Decision::Different, |_| Decision::Same);
    let offered = candidates(s, person, place).await?;
    let has_pattern = offered.iter().any(|doubt| doubt.alike.is_some());
    if word.as_deref() != Some(right.code()) || !has_pattern || offered.len() > CANDIDATES_MAX {
        return Ok(None);
    }
    let mut seen = String::new();
    for one in offered.iter().map(|doubt| doubt.person).chain([person]) {
        let is_pair = truth.is_some() && (one == person || Some(one) == truth);
        let lead = account::lead(s, one).await?;
        let mut together = account::together(s, lead).await?;
        together.sort_unstable();
        let mut want = vec![one];
        if is_pair {
            want = truth.into_iter().chain([person]).collect();
            want.sort_unstable();
        }
        if together != want {
            return Ok(None);
        }
        let read = |row: &Row<'_>| Ok((row.int(0)?, row.int_opt(1)?.unwrap_or_default()));
        let held = s.find(sql::SOURCES_SEEN, values![one], read).await?.unwrap_or_default();
        // Writing to a text cannot fail.
        let _ = write!(seen, "{}:{};", held.0, held.1);
    }
    Ok(Some(seen))
}

/// Marks a decided place as one of known truth, by a steward who knows the answer and is shown no
/// copy of it; whether it could be.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn mark(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, place): (PersonId, ReviewId),
    by: &Acting,
) -> Result<bool, Error> {
    let Some((truth, seen)) = fitting(tx, ctx, (person, place)).await? else { return Ok(false) };
    // To mark a copy is to mark what it is a copy of, which is marked.
    if copied(tx, (person, place)).await?.is_some() {
        return Ok(true);
    }
    let of = values![person, place.to_string(), truth, seen, ctx.now_us(), by.practitioner];
    if tx.execute(sql::KNOWN_INSERT, of).await? > 0 {
        let detail = json!({ "event": "marked-as-known-truth", "by": entry::who(by) });
        entry::decided(tx, ctx, keys, person, EntryKind::Unlinked, detail).await?;
    }
    Ok(true)
}

/// Which place one is a copy of; none where it is none.
async fn copied(
    s: &mut impl Reads,
    (person, place): (PersonId, ReviewId),
) -> Result<Option<ReviewId>, Error> {
    let of = values![person, place.to_string()];
    Ok(s.find(sql::COPY_OF, of, |row| row.parse_opt(0)).await?.flatten())
}

/// How many open places a reviewer is not shown, who would know them again.
///
/// # Errors
///
/// Whatever the store says.
pub async fn not_shown(s: &mut impl Reads, by: PractitionerId) -> Result<i64, Error> {
    Ok(s.find(sql::COPIES_NOT_SHOWN, values![by], |row| row.int(0)).await?.unwrap_or_default())
}

/// Whether a place may be answered; a copy may not whose truth does not stand any more, and which
/// [`tend`] closes.
///
/// # Errors
///
/// [`Error::Unknown`] for a copy that the reviewer would know again; whatever the store says.
pub(super) async fn is_open_to(
    s: &mut impl Reads,
    (person, place): (PersonId, ReviewId),
    by: PractitionerId,
) -> Result<bool, Error> {
    let Some(of) = copied(s, (person, place)).await? else { return Ok(true) };
    let of = values![person, of.to_string(), place.to_string(), by];
    let knows = s.find(sql::COPY_KNOWS, of, |row| row.int(0)).await?;
    if knows.is_some() {
        return Err(Error::Unknown("place in the queue"));
    }
    let found = s.find(sql::KNOWN_OF_COPY, values![person, place.to_string()], known).await?;
    let Some(found) = found else { return Ok(false) };
    holds(s, &found).await
}

async fn holds(s: &mut impl Reads, of: &Known) -> Result<bool, Error> {
    let seen = stands(s, (of.person, of.place), of.truth).await?;
    Ok(seen.as_ref() == Some(&of.seen))
}

/// Closes copies of what is known no more, and puts one among the others where it is due. Each node
/// calls it again and again; how often changes nothing.
///
/// # Errors
///
/// Whatever the store says.
pub async fn tend(db: &Db, ctx: &Ctx<'_>) -> Result<(), Error> {
    let read = async |s: &mut ken_store::Snapshot| {
        let (mut fallen, all) = (vec![], open_copies(s).await?);
        let has_room = i64::try_from(all.len()).is_ok_and(|open| open < OPEN_MAX);
        for (copy, of) in all {
            let stands = match of {
                Some(of) => holds(s, &of).await?,
                None => false,
            };
            if !stands {
                fallen.push(copy);
            }
        }
        Ok::<_, Error>((fallen, has_room && is_due(s, ctx).await?))
    };
    let (fallen, is_due) = db.snapshot("person.known", read).await?;
    for (person, place) in fallen {
        let close = async |tx: &mut Tx| close(tx, ctx, (person, place)).await;
        db.write("person.known-no-more", close).await?;
    }
    if is_due {
        db.write("person.put-known", async |tx: &mut Tx| put(tx, ctx).await).await?;
    }
    Ok(())
}

/// A decided place is open again: its pair is known no more.
///
/// # Errors
///
/// Whatever the store says.
pub(super) async fn reopened(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (person, place): (PersonId, ReviewId),
) -> Result<(), Error> {
    let of = values![person, place.to_string(), ctx.now_us()];
    tx.execute(sql::KNOWN_WITHDRAW_ONE, of).await?;
    Ok(())
}

/// The copies that are open, each with its truth; without one where that was withdrawn.
async fn open_copies(
    s: &mut impl Reads,
) -> Result<Vec<((PersonId, ReviewId), Option<Known>)>, Error> {
    let read = |row: &Row<'_>| Ok((row.parse::<PersonId>(0)?, row.parse::<ReviewId>(1)?));
    let mut all = vec![];
    for copy in s.list(sql::COPIES_OPEN, values![OPEN_MAX], read).await? {
        let of = values![copy.0, copy.1.to_string()];
        all.push((copy, s.find(sql::KNOWN_OF_COPY, of, known).await?));
    }
    Ok(all)
}

/// Ends a copy as if another reviewer had decided it, and its truth.
async fn close(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (person, place): (PersonId, ReviewId),
) -> Result<(), Error> {
    let of = values![person, place.to_string(), ctx.now_us()];
    tx.execute(sql::KNOWN_WITHDRAW, of).await?;
    tx.execute(sql::COPY_CLOSE, of).await?;
    Ok(())
}

/// Whether there is one to put, so many places were made since one was put among them last, and a
/// while that differs from one to the next has gone by.
async fn is_due(s: &mut impl Reads, ctx: &Ctx<'_>) -> Result<bool, Error> {
    if s.find(sql::KNOWN_NEXT, values![PUTS_MAX, 1_i64], known).await?.is_none() {
        return Ok(false);
    }
    let last = s.find(sql::KNOWN_LAST_PUT, &[], |row| row.int_opt(0)).await?.flatten();
    let read = |row: &Row<'_>| Ok((row.parse::<ReviewId>(0)?, row.time(1)?));
    let of = values![last.unwrap_or(i64::MIN), KNOWN_OF - 1];
    let Some((tenth, made)) = s.find(sql::REVIEW_NTH_SINCE, of, read).await? else {
        return Ok(false);
    };
    let within = u64::try_from(PUT_WITHIN.as_secs()).unwrap_or(1);
    let wait = i64::try_from(order::chance(tenth) % within).unwrap_or_default();
    let from = made.saturating_add(SignedDuration::from_secs(wait)).unwrap_or(Timestamp::MAX);
    Ok(ctx.clock.now() >= from)
}

/// Puts the pair among the others that was so least lately; one that does not stand is withdrawn.
async fn put(tx: &mut Tx, ctx: &Ctx<'_>) -> Result<(), Error> {
    for of in tx.list(sql::KNOWN_NEXT, values![PUTS_MAX, OPEN_MAX], known).await? {
        let mark = values![of.person, of.place.to_string(), ctx.now_us()];
        if !holds(tx, &of).await? {
            tx.execute(sql::KNOWN_WITHDRAW_ONE, mark).await?;
            continue;
        }
        // A copy is one of the sample: the first answer to it decides nothing, as with any of them.
        let mut draw = std::iter::repeat_with(|| ReviewId::draw(ctx)).take(DRAWS_MAX);
        let Some(id) = draw.find(|id| order::is_sampled(*id)) else { return Ok(()) };
        let taken = values![of.person, of.place.to_string(), of.put_us, ctx.now_us()];
        // Another node was first.
        if tx.execute(sql::KNOWN_PUT, taken).await? == 0 {
            return Ok(());
        }
        let copy = values![of.person, of.place.to_string(), id.to_string(), ctx.now_us()];
        tx.execute(sql::COPY_INSERT, copy).await?;
        let copy = values![of.person, of.place.to_string(), id.to_string()];
        tx.execute(sql::COPY_CANDIDATES, copy).await?;
        return Ok(());
    }
    Ok(())
}
