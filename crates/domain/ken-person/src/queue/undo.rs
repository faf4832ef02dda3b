//! Taking decisions back: alone for a month, by two after that.

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, PersonId, PractitionerId};
use ken_directory::Acting;
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};

use super::decide::{decision, is_own, note, note_linkers, put_answer};
use super::{Outcome, PAGE_MAX, Why, candidates, known};
use crate::link::{ReviewId, unlink};
use crate::rule::Doubt;
use crate::{Error, account, sql};

/// How long one reviewer alone may take a decision back; after that two do. House policy: a month
/// in which a mistake shows, and much has come to rest on it after that.
pub const UNDO_ALONE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long the word of the first of two counts. House policy: long enough for a colleague who is
/// on leave; what nobody else finds wrong in that time stands until it is asked again.
pub const UNDO_ASKED: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A decision that one reviewer wants taken back, and that waits for a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contested {
    /// Whose identity was decided.
    pub person: PersonId,
    /// The place that was decided.
    pub place: ReviewId,
    /// Since when a second reviewer is waited for.
    pub since: Timestamp,
}

/// The decisions that wait for a second reviewer to take them back, the longest first, but for
/// those that may be about the reader's own record; at most [`PAGE_MAX`].
///
/// # Errors
///
/// Whatever the store says.
pub async fn contested(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    by: &Acting,
) -> Result<Vec<Contested>, Error> {
    let read = |row: &Row<'_>| {
        Ok(Contested { person: row.parse(0)?, place: row.parse(1)?, since: row.time(2)? })
    };
    let all = s.list(sql::UNDOS_ASKED, values![asked_since(ctx), PAGE_MAX], read).await?;
    let mut contested = Vec::with_capacity(all.len());
    for one in all {
        if !is_own(s, (one.person, one.place), by.practitioner).await? {
            contested.push(one);
        }
    }
    Ok(contested)
}

/// Since when the word of the first of two counts.
fn asked_since(ctx: &Ctx<'_>) -> Timestamp {
    ctx.clock.now().saturating_sub(UNDO_ASKED).unwrap_or(Timestamp::MIN)
}

/// Takes a decision back: the link is undone, and the place is open again. One that has stood for
/// longer than [`UNDO_ALONE`] waits for a second reviewer who says so too
/// ([`Outcome::AwaitsSecond`]).
///
/// # Errors
///
/// [`Error::Unknown`] for no such place, an undecided one, or one that may be about the reviewer's
/// own record, [`Error::Buried`] where a later link stands on the one that was made, and whatever
/// the store, the key ring or the ledger says.
pub async fn undo(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, id): (PersonId, ReviewId),
    by: &Acting,
    why: &Why,
) -> Result<Outcome, Error> {
    tx.find(sql::REVIEW_HOLD, values![person, id.to_string()], |row| row.text(0)).await?;
    let found = decision(tx, person, id).await?;
    if is_own(tx, (person, id), by.practitioner).await? {
        return Err(Error::Unknown("decision"));
    }
    let since = found.decided.ok_or(Error::Unknown("decision"))?;
    let mut first: Option<PractitionerId> = None;
    if ctx.clock.now().duration_since(since) > UNDO_ALONE {
        let of = values![person, id.to_string(), by.practitioner, asked_since(ctx)];
        first = tx.find(sql::UNDO_OF_ANOTHER, of, |row| row.parse(0)).await?;
        if first.is_none() {
            // What they said when it was decided stays: the decision stands.
            let asked = ("undo", None);
            put_answer(tx, ctx, (person, id), asked, by, sql::UNDO_VOID_OWN).await?;
            note(tx, ctx, keys, person, "first-of-two-undo", by, why).await?;
            return Ok(Outcome::AwaitsSecond);
        }
    }
    match (found.decision.as_deref(), found.link) {
        (Some(_), _) if found.is_copy => {
            note(tx, ctx, keys, person, "known-truth-undone", by, why).await?;
        }
        (Some("same"), Some((lead, link))) => {
            // Who takes a link back is kept from what it joined, as who made it is.
            note_linkers(tx, ctx, person, &first.into_iter().collect()).await?;
            unlink(tx, ctx, keys, lead, link, by, why).await?;
        }
        (Some("same"), None) => {}
        (Some(_), _) => {
            let offered = candidates(tx, person, id).await?;
            bring_together(tx, ctx, keys, (person, id), &offered, (by, why)).await?;
        }
        (None, _) => return Err(Error::Unknown("decision")),
    }
    if tx.execute(sql::REVIEW_REOPEN, values![person, id.to_string()]).await? == 0 {
        return Err(Error::Contended);
    }
    if !found.is_copy {
        let was = values![person, found.was_provisional];
        tx.execute(sql::PERSON_SET_PROVISIONAL, was).await?;
        known::reopened(tx, ctx, (person, id)).await?;
    }
    tx.execute(sql::ANSWERS_VOID, values![person, id.to_string(), ctx.now_us()]).await?;
    Ok(Outcome::Done)
}

/// Takes back that a person is none of the candidates.
async fn bring_together(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, id): (PersonId, ReviewId),
    offered: &[Doubt],
    (by, why): (&Acting, &Why),
) -> Result<(), Error> {
    let (id, lead) = (id.to_string(), account::lead(tx, person).await?);
    for doubt in offered {
        // What was said before decisions were noted was said of who stood for them.
        let leads = (lead, account::lead(tx, doubt.person).await?);
        for (one, two) in [(person, doubt.person), leads] {
            tx.execute(sql::apart::DELETE, values![one, two, &id]).await?;
            tx.execute(sql::apart::DELETE, values![two, one, &id]).await?;
        }
    }
    note(tx, ctx, keys, person, "set-apart-undone", by, why).await
}
