//! The review queue: where uncertain identity waits for a human.
//!
//! # Invariants
//!
//! - The same pair is offered once: decided, it does not come back by itself.
//! - A place is claimed by one reviewer for [`CLAIM_WAIT`]; another cannot decide it meanwhile.
//! - A decision has a reason and a practitioner, can be undone, and is an entry of the ledger; so
//!   is "not sure", which leaves the place open for somebody else.
//! - Two records that were there already, and such as would let bodies newly ask each other for
//!   much ([`RISK_MOST`]), are linked only by two reviewers who say so apart from one another
//!   ([`Outcome::AwaitsSecond`]); the second is not shown what the first said. Of all places one in
//!   [`SAMPLE_OF`] is decided by two, so that it is known how far reviewers agree.
//! - A decision that stands for longer than [`UNDO_ALONE`] is taken back by two; what one of them
//!   asks is listed, and counts for [`UNDO_ASKED`].
//! - Whoever joined records does not read them for a while ([`ken_sharing::linker`]).
//! - Pages of the queue are for stewards of the index: see [`Place`] for what it holds.
//!
//! Sources: `identity.md` section 5.8 (blind double review); house policy for the rest.

mod decide;
mod known;
mod measure;
mod order;
mod question;
mod risk;
mod undo;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use ken_core::{Ctx, OrganisationId, PersonId, PractitionerId, Sensitive};
use ken_store::{Reads, Row, Tx, values};

use crate::link::ReviewId;
use crate::rule::{Doubt, Reason};
use crate::{Alike, Error, sql};

pub use decide::{Outcome, claim, decide, release};
pub use known::{KNOWN_OF, mark, may_be_known, not_shown, tend};
pub use measure::{Agreement, Waiting, agreement, waiting};
pub use order::{SAMPLE_OF, candidates_for, is_left};
pub use question::{
    ASK_WAIT, Detail, QUESTIONS_MAX, Said, SourceQuestion, SourceSays, answer_source, ask_source,
    find_question, pending, questions, questions_to,
};
pub use risk::{Follow, RISK_MOST, follows, is_much};
pub use undo::{Contested, UNDO_ALONE, UNDO_ASKED, contested, undo};

/// How long a reviewer has a place for themselves. House policy: long enough to telephone.
pub const CLAIM_WAIT: Duration = Duration::from_mins(20);

/// Most places that one page of the queue shows.
pub const PAGE_MAX: i64 = 100;
/// Beyond this, the queue says "more than".
pub const COUNT_MAX: i64 = 10_000;
/// Most candidates of one place: what a reviewer can tell apart side by side. Where there are more,
/// they make further places. House policy.
pub const CANDIDATES_MAX: usize = 8;
/// Most candidates of one place that are read: before, a place had as many as there were.
const CANDIDATES_READ: i64 = 2_000;
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

    /// The words, for whoever enters them into the ledger.
    #[must_use]
    pub fn reveal(&self) -> &str {
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
    /// Who claimed it last, and until when: a claim that is over is none.
    pub claimed: Option<(PractitionerId, Timestamp)>,
    /// Whether the person was there before the question, so that a link needs two reviewers.
    pub needs_second: bool,
    /// How many reviewers have answered and left it open; what they said is not shown.
    pub answers: i64,
    /// Whether it was decided before, and stands here so that it is known how well reviewers tell:
    /// each record is then shown as it stood apart. Nobody who reviews is told.
    pub is_copy: bool,
}

/// What a human says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// This candidate and the person are one.
    Same(PersonId),
    /// None of the candidates is the person.
    Different,
    /// It cannot be said: the place stays open for somebody else.
    NotSure,
}

/// What was decided of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The person and a candidate are one.
    Same,
    /// The person is none of the candidates.
    Different,
}

impl Decision {
    /// The word that is stored.
    const fn code(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Same, Self::Different].into_iter().find(|decision| decision.code() == code)
    }
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
    // As many places as all of them need: nobody decides about whom they were not shown.
    for some in fresh.chunks(CANDIDATES_MAX) {
        let id = ReviewId::draw(ctx).to_string();
        tx.execute_later(sql::REVIEW_INSERT, values![person, &id, source, ctx.now_us()]).await?;
        for doubt in some {
            let codes: Vec<_> = doubt.reasons.iter().map(|reason| reason.code()).collect();
            let alike = doubt.alike.map(|alike| (alike.millibits, alike.pattern.to_string()));
            let (bits, pattern) = alike.unzip();
            let of = values![person, &id, doubt.person, codes.join(" "), bits, pattern];
            tx.execute_later(sql::REVIEW_CANDIDATE, of).await?;
        }
    }
    Ok(())
}

/// The open places that a reviewer may answer after `after`, oldest first; at most [`PAGE_MAX`].
///
/// # Errors
///
/// Whatever the store says.
pub async fn list(
    s: &mut impl Reads,
    by: PractitionerId,
    after: Option<&Place>,
) -> Result<Vec<Place>, Error> {
    let start = after.map_or((i64::MIN, String::new()), |place| {
        (place.since.as_microsecond(), place.id.to_string())
    });
    let rows = s.list(sql::REVIEWS_OPEN, values![start.0, start.1, PAGE_MAX, by], read).await?;
    let mut places = Vec::with_capacity(rows.len());
    for place in rows {
        places.push(whole(s, place).await?);
    }
    Ok(places)
}

/// One open place; none where it is decided, or there is no such.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find(
    s: &mut impl Reads,
    person: PersonId,
    id: ReviewId,
) -> Result<Option<Place>, Error> {
    let row = s.find(sql::REVIEW_OPEN, values![person, id.to_string()], read).await?;
    match row {
        Some(place) => whole(s, place).await.map(Some),
        None => Ok(None),
    }
}

/// One place, open or decided, with nobody's claim; none where there is no such.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find_any(
    s: &mut impl Reads,
    person: PersonId,
    id: ReviewId,
) -> Result<Option<Place>, Error> {
    let read = |row: &Row<'_>| Ok((row.parse(0)?, row.time(1)?, row.int(4)? == 0, row.flag(7)?));
    let found = s.find(sql::REVIEW, values![person, id.to_string()], read).await?;
    let Some((source, since, needs_second, is_copy)) = found else { return Ok(None) };
    let (candidates, claimed, answers) = (Vec::new(), None, 0);
    let place =
        Place { person, id, source, since, candidates, claimed, needs_second, answers, is_copy };
    whole(s, place).await.map(Some)
}

/// What was decided of a place; none while it is open, or where there is no such.
///
/// # Errors
///
/// Whatever the store says.
pub async fn decided(
    s: &mut impl Reads,
    person: PersonId,
    id: ReviewId,
) -> Result<Option<Decision>, Error> {
    let of = values![person, id.to_string()];
    let word = s.find(sql::REVIEW, of, |row| row.text_opt(2)).await?.flatten();
    let decision = word.map(|word| Decision::from_code(&word).ok_or(Error::Corrupt("decision")));
    decision.transpose()
}

fn read(row: &Row<'_>) -> Result<Place, ken_store::Error> {
    let claim = (row.parse_opt::<PractitionerId>(4)?, row.time_opt(5)?);
    Ok(Place {
        person: row.parse(0)?,
        id: row.parse(1)?,
        source: row.parse(2)?,
        since: row.time(3)?,
        candidates: Vec::new(),
        claimed: claim.0.zip(claim.1),
        needs_second: row.int(6)? == 0,
        answers: 0,
        is_copy: row.flag(7)?,
    })
}

/// A place with its candidates.
async fn whole(s: &mut impl Reads, mut place: Place) -> Result<Place, Error> {
    place.candidates = candidates(s, place.person, place.id).await?;
    let of = values![place.person, place.id.to_string()];
    place.answers = s.find(sql::ANSWERS_COUNT, of, |row| row.int(0)).await?.unwrap_or_default();
    Ok(place)
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

pub(super) async fn candidates(
    s: &mut impl Reads,
    person: PersonId,
    id: ReviewId,
) -> Result<Vec<Doubt>, Error> {
    let read = |row: &Row<'_>| {
        let reasons = row.text(1)?.split(' ').filter_map(Reason::from_code).collect();
        let alike = row.int_opt(2)?.zip(row.parse_opt(3)?);
        let alike = alike.map(|(millibits, pattern)| Alike { millibits, pattern });
        Ok(Doubt { person: row.parse(0)?, reasons, alike })
    };
    let of = values![person, id.to_string(), CANDIDATES_READ];
    Ok(s.list(sql::REVIEW_CANDIDATES, of, read).await?)
}
