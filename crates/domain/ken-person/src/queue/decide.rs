//! Deciding places in the queue: claim and answer.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, PersonId, PractitionerId};
use ken_directory::Acting;
use ken_ledger::EntryKind;
use ken_sharing::{linker, together};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Sql, Tx, values};
use serde_json::json;

use super::risk::{self, Follow};
use super::{
    Answer, CANDIDATES_MAX, CLAIM_WAIT, Decision, Why, candidates, known, order, question,
};
use crate::link::{LinkId, Linker, ReviewId, join};
use crate::rule::Doubt;
use crate::{Error, entry, own, sql};

/// What the ledger calls an answer to a place of known truth.
pub(super) const KNOWN: &str = "known-truth-answered";

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The place is decided.
    Done,
    /// It counts only when a second reviewer says so too: the place is as it was, for somebody
    /// else.
    AwaitsSecond,
    /// The reviewers do not agree: both answers fall, and the place is open for others.
    Disagreed,
    /// "Not sure" is noted, and the place is open for somebody else.
    Open,
}

/// Claims a place for [`CLAIM_WAIT`]; whoever has it already has it anew. Says until when.
///
/// # Errors
///
/// [`Error::Unknown`] for no such place, or one that may be about the reviewer's own record,
/// [`Error::Decided`] where it is decided, [`Error::Claimed`] where another reviewer has it, and
/// whatever the store says.
pub async fn claim(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (person, id): (PersonId, ReviewId),
    by: &Acting,
) -> Result<Timestamp, Error> {
    let found = decision(tx, person, id).await?;
    if is_own(tx, (person, id), by.practitioner).await? {
        return Err(Error::Unknown("place in the queue"));
    }
    let is_open = known::is_open_to(tx, (person, id), by.practitioner).await?;
    if found.decision.is_some() || !is_open {
        return Err(Error::Decided("place in the queue"));
    }
    let wait = i64::try_from(CLAIM_WAIT.as_micros()).unwrap_or(i64::MAX);
    let until = ctx.now_us().saturating_add(wait);
    let of = values![person, id.to_string(), by.practitioner, until, ctx.now_us()];
    if tx.execute(sql::REVIEW_CLAIM, of).await? == 0 {
        return Err(Error::Claimed);
    }
    split(tx, ctx, person, id).await?;
    Timestamp::from_microsecond(until).map_err(|_| Error::Corrupt("time"))
}

/// Makes places of their own for the candidates that a place of before has beyond those that stand
/// before its reviewer.
async fn split(tx: &mut Tx, ctx: &Ctx<'_>, person: PersonId, id: ReviewId) -> Result<(), Error> {
    let (all, id) = (candidates(tx, person, id).await?, id.to_string());
    for some in all.get(CANDIDATES_MAX..).unwrap_or_default().chunks(CANDIDATES_MAX) {
        let new = ReviewId::draw(ctx).to_string();
        tx.execute(sql::REVIEW_LIKE, values![person, &id, &new]).await?;
        for doubt in some {
            let of = values![person, &id, doubt.person, &new];
            tx.execute(sql::REVIEW_CANDIDATE_MOVE, of).await?;
        }
    }
    Ok(())
}

/// Gives a claimed place back.
///
/// # Errors
///
/// Whatever the store says.
pub async fn release(
    tx: &mut Tx,
    (person, id): (PersonId, ReviewId),
    by: &Acting,
) -> Result<(), Error> {
    let of = values![person, id.to_string(), by.practitioner];
    tx.execute(sql::REVIEW_RELEASE, of).await?;
    Ok(())
}

/// Answers a place in the queue. What [`claim`] asks holds here as well: nobody decides what
/// another reviewer has claimed. `follows` is what would follow from the answer, as far as who
/// knows the records was disclosed to this reviewer: what decides, and so what shows, tells of no
/// other body.
///
/// # Errors
///
/// [`Error::Unknown`] for no such place or candidate, [`Error::Decided`] where another was first,
/// [`Error::Claimed`] where another reviewer has it, [`Error::TwoChis`] where both have a CHI
/// number of their own, and whatever the store, the key ring or the ledger says.
pub async fn decide(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    follows: &[Follow],
    at: (PersonId, ReviewId),
    answer: Answer,
    (by, why): (&Acting, &Why),
) -> Result<Outcome, Error> {
    let (person, id) = at;
    claim(tx, ctx, at, by).await?;
    let found = decision(tx, person, id).await?;
    let offered = candidates(tx, person, id).await?;
    let outcome = match answer {
        Answer::Same(other) if !offered.iter().any(|doubt| doubt.person == other) => {
            return Err(Error::Unknown("candidate"));
        }
        Answer::NotSure => Outcome::Open,
        _ => {
            let needs_two = needs_two(id, answer, found.is_provisional, follows);
            weigh(tx, at, answer, by, needs_two).await?
        }
    };
    let first = first_of_two(tx, at, by.practitioner).await?;
    note_answer(tx, ctx, at, said(answer), by).await?;
    if outcome != Outcome::Done {
        leave_open(tx, ctx, at, outcome, by).await?;
        let event = if found.is_copy { KNOWN } else { left_open(outcome) };
        note(tx, ctx, keys, person, event, by, why).await?;
        return Ok(outcome);
    }
    let (decided, link) = match answer {
        // What is answered to a copy changes nobody's record.
        _ if found.is_copy => {
            note(tx, ctx, keys, person, KNOWN, by, why).await?;
            let is_same = matches!(answer, Answer::Same(_));
            (if is_same { Decision::Same } else { Decision::Different }, None)
        }
        Answer::Same(other) => {
            let linkers: BTreeSet<_> = first.into_iter().chain([by.practitioner]).collect();
            let by = Linker::Practitioner(by);
            let link = join(tx, ctx, keys, person, other, by, Some(why)).await?;
            note_linkers(tx, ctx, person, &linkers).await?;
            (Decision::Same, link.map(|link| link.id))
        }
        Answer::Different | Answer::NotSure => {
            set_apart(tx, ctx, keys, at, &offered, (by, why)).await?;
            (Decision::Different, None)
        }
    };
    finish(tx, ctx, (person, id), (decided, link, &found), by).await
}

/// Notes that a place is decided; whom it was about is then known for good, unless another place of
/// theirs is open.
async fn finish(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    at: (PersonId, ReviewId),
    (decided, link, found): (Decision, Option<LinkId>, &Found),
    by: &Acting,
) -> Result<Outcome, Error> {
    let (person, id) = at;
    // Being none of these, the person may still be one of those of another place.
    let of = values![person, id.to_string()];
    let other = tx.find(sql::REVIEW_OTHER_OPEN, of, |row| row.text(0)).await?;
    let is_settled = decided == Decision::Same || other.is_none();
    let link = link.map(|link| link.to_string());
    let (id, was) = (id.to_string(), found.is_provisional);
    let of = values![person, id, decided.code(), ctx.now_us(), by.practitioner, link, was];
    if tx.execute(sql::REVIEW_DECIDE, of).await? == 0 {
        return Err(Error::Decided("place in the queue"));
    }
    if is_settled && !found.is_copy {
        tx.execute(sql::PERSON_SET_PROVISIONAL, values![person, false]).await?;
    }
    question::close(tx, ctx, at).await?;
    Ok(Outcome::Done)
}

/// Leaves a place open for somebody else.
async fn leave_open(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    at: (PersonId, ReviewId),
    outcome: Outcome,
    by: &Acting,
) -> Result<(), Error> {
    if outcome == Outcome::Disagreed {
        tx.execute(sql::ANSWERS_VOID, values![at.0, at.1.to_string(), ctx.now_us()]).await?;
    }
    release(tx, at, by).await
}

/// What the ledger calls an answer that leaves a place open.
const fn left_open(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::AwaitsSecond => "first-of-two",
        Outcome::Disagreed => "reviewers-disagree",
        Outcome::Done | Outcome::Open => "not-sure",
    }
}

/// Whether two must say it.
fn needs_two(id: ReviewId, answer: Answer, is_provisional: bool, follows: &[Follow]) -> bool {
    let is_join = matches!(answer, Answer::Same(_));
    order::is_sampled(id) || is_join && (!is_provisional || risk::is_much(follows))
}

/// Whether a place may be about the reviewer's own record, under any id of theirs.
pub(super) async fn is_own(
    s: &mut impl Reads,
    (person, id): (PersonId, ReviewId),
    by: PractitionerId,
) -> Result<bool, Error> {
    let offered = candidates(s, person, id).await?.into_iter().map(|doubt| doubt.person);
    own::is_own(s, by, &offered.chain([person]).collect()).await
}

/// Whether an answer decides by itself, beside what another reviewer said before.
async fn weigh(
    tx: &mut Tx,
    (person, id): (PersonId, ReviewId),
    answer: Answer,
    by: &Acting,
    needs_two: bool,
) -> Result<Outcome, Error> {
    let of = values![person, id.to_string(), by.practitioner];
    let read = |row: &Row<'_>| row.parse_opt::<PersonId>(0);
    let first = tx.find(sql::ANSWER_OF_ANOTHER, of, read).await?;
    let said = match answer {
        Answer::Same(other) => Some(other),
        Answer::Different | Answer::NotSure => None,
    };
    Ok(match first {
        Some(first) if said == first => Outcome::Done,
        Some(_) => Outcome::Disagreed,
        None if needs_two => Outcome::AwaitsSecond,
        None => Outcome::Done,
    })
}

/// Who answered before, and left the place open.
async fn first_of_two(
    tx: &mut Tx,
    (person, id): (PersonId, ReviewId),
    by: PractitionerId,
) -> Result<Option<PractitionerId>, Error> {
    let of = values![person, id.to_string(), by];
    Ok(tx.find(sql::ANSWER_OF_ANOTHER, of, |row| row.parse(1)).await?)
}

/// Keeps those who joined records from reading them for a while.
pub(super) async fn note_linkers(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    linkers: &BTreeSet<PractitionerId>,
) -> Result<(), Error> {
    let guard = together::lock(tx, &BTreeSet::from([person])).await?;
    let people = together::group(tx, person).await?;
    for by in linkers {
        linker::note(tx, ctx, &people, *by).await?;
    }
    Ok(guard.bump(tx).await?)
}

/// An answer as it is stored: its word, and the candidate.
const fn said(answer: Answer) -> (&'static str, Option<PersonId>) {
    match answer {
        Answer::Same(other) => ("same", Some(other)),
        Answer::Different => ("different", None),
        Answer::NotSure => ("not-sure", None),
    }
}

/// Keeps an answer in the place of an earlier one by the same reviewer.
pub(super) async fn note_answer(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (person, id): (PersonId, ReviewId),
    (word, other): (&str, Option<PersonId>),
    by: &Acting,
) -> Result<(), Error> {
    put_answer(tx, ctx, (person, id), (word, other), by, sql::ANSWER_VOID_OWN).await
}

/// Keeps an answer in the place of those that `void` lets count no more.
pub(super) async fn put_answer(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (person, id): (PersonId, ReviewId),
    (word, other): (&str, Option<PersonId>),
    by: &Acting,
    void: Sql,
) -> Result<(), Error> {
    let own = ReviewId::draw(ctx).to_string();
    let (id, now) = (id.to_string(), ctx.now_us());
    tx.execute(void, values![person, &id, by.practitioner, now]).await?;
    let of = values![person, id, own, by.practitioner, word, other, now];
    tx.execute(sql::ANSWER_INSERT, of).await?;
    Ok(())
}

/// What is stored of a decision.
pub(super) struct Found {
    pub(super) decision: Option<String>,
    pub(super) link: Option<(PersonId, LinkId)>,
    is_provisional: bool,
    /// Whether the person was provisional when the place was decided.
    pub(super) was_provisional: bool,
    /// When it was decided.
    pub(super) decided: Option<Timestamp>,
    /// Whether it is a copy of a place of known truth, which touches nobody's record.
    pub(super) is_copy: bool,
}

pub(super) async fn decision(
    s: &mut impl Reads,
    person: PersonId,
    id: ReviewId,
) -> Result<Found, Error> {
    let read = |row: &Row<'_>| {
        let provisional = (row.int(4)? != 0, row.int(5)? != 0);
        let decided = (row.text_opt(2)?, row.time_opt(6)?);
        Ok((decided, row.parse_opt::<LinkId>(3)?, provisional, row.flag(7)?))
    };
    let found = s.find(sql::REVIEW, values![person, id.to_string()], read).await?;
    let ((decision, decided), link, provisional, is_copy) =
        found.ok_or(Error::Unknown("place in the queue"))?;
    // The link is kept under whoever stood for the person when it was made.
    let link = match link {
        Some(link) => {
            let of = values![link.to_string()];
            let lead = s.find(sql::LINK_OF, of, |row| row.parse(0)).await?;
            Some((lead.ok_or(Error::Corrupt("link"))?, link))
        }
        None => None,
    };
    let (is_provisional, was_provisional) = provisional;
    Ok(Found { decision, link, is_provisional, was_provisional, decided, is_copy })
}

/// Says that a person is none of the candidates, both ways: of the very records that were compared,
/// whoever stands for them now or later.
async fn set_apart(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, id): (PersonId, ReviewId),
    offered: &[Doubt],
    (by, why): (&Acting, &Why),
) -> Result<(), Error> {
    let people: BTreeSet<_> = offered.iter().map(|doubt| doubt.person).chain([person]).collect();
    let guard = tx.lock_people(&people).await?;
    let (id, now) = (id.to_string(), ctx.now_us());
    for other in offered.iter().map(|doubt| doubt.person) {
        for (one, two) in [(person, other), (other, person)] {
            tx.execute(sql::apart::INSERT, values![one, two, &id, now]).await?;
        }
    }
    guard.bump(tx).await?;
    note(tx, ctx, keys, person, "set-apart", by, why).await
}

pub(super) async fn note(
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
