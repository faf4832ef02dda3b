//! Asking the source: where a reviewer cannot tell, whoever sent the records looks at what they
//! sent.
//!
//! # Invariants
//!
//! - A question is about what its receiver itself sent: it names no other record, no other body,
//!   and nothing of anybody.
//! - An answer is closed words, right, wrong or not known, for each detail. What is right instead
//!   comes as it always does, by the source's own message.
//! - A place waits for an answer for [`ASK_WAIT`] at most; decided meanwhile, nobody is asked for
//!   it any more. It may be opened all the while: who can tell need not wait.
//! - Who asks does not answer. Question and answer are entries of the ledger.
//! - Nobody is asked about a copy of known truth; its reviewer is answered as if they were.
//!
//! Source: the pages' design, section 4.24, "not sure (ask the source)"; the wait is house policy.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, OrganisationId, PersonId, PractitionerId};
use ken_directory::{Acting, practitioner};
use ken_ledger::EntryKind;
use ken_sharing::together;
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};
use serde_json::json;

use super::decide::{KNOWN, claim, decision, note, note_answer, release};
use super::{CANDIDATES_MAX, Why, candidates};
use crate::account::{self, ACCOUNTS_MAX};
use crate::link::ReviewId;
use crate::sql::question as sql;
use crate::{Error, entry};

/// How long a place waits for whoever was asked. House policy: a fortnight, with its holidays.
pub const ASK_WAIT: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Most questions of one list.
pub const QUESTIONS_MAX: i64 = 100;
/// Most bodies' records that are asked about for one place. House policy: more know nobody.
const ASKED_MAX: usize = 16;

/// A detail of a record that its source is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Detail {
    /// Family name.
    Family,
    /// Given names.
    Given,
    /// Date of birth.
    Born,
    /// Sex as recorded.
    Sex,
    /// Address and postcode.
    Address,
    /// National numbers.
    Numbers,
}

impl Detail {
    /// Every detail, in the order in which they are asked.
    pub const ALL: [Self; 6] =
        [Self::Family, Self::Given, Self::Born, Self::Sex, Self::Address, Self::Numbers];

    /// The word that is stored.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Family => "family",
            Self::Given => "given",
            Self::Born => "born",
            Self::Sex => "sex",
            Self::Address => "address",
            Self::Numbers => "numbers",
        }
    }
}

/// What a source says of one detail that it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Said {
    /// It is right.
    Right,
    /// It is wrong, and is put right at the source.
    Wrong,
    /// The source does not know.
    Unknown,
}

impl Said {
    /// Every answer.
    pub const ALL: [Self; 3] = [Self::Right, Self::Wrong, Self::Unknown];

    /// The word that is stored.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Unknown => "unknown",
        }
    }

    /// The answer of a word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|said| said.code() == code)
    }
}

/// What a source says of all that it is asked about.
pub type SourceSays = BTreeMap<Detail, Said>;

/// A question to whoever sent a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceQuestion {
    /// The record that it is about.
    pub person: PersonId,
    /// Its id.
    pub id: ReviewId,
    /// Who is asked, of what they sent.
    pub source: OrganisationId,
    /// The place in the queue that waits for it.
    pub place: (PersonId, ReviewId),
    /// Since when.
    pub since: Timestamp,
    /// Until when the place waits.
    pub until: Timestamp,
    /// The answer, and when it came.
    pub answer: Option<(Timestamp, SourceSays)>,
    /// Who asked.
    asked_by: PractitionerId,
}

impl SourceQuestion {
    /// Whether its place waits for it now.
    #[must_use]
    pub fn waits(&self, now: Timestamp) -> bool {
        self.answer.is_none() && now < self.until
    }
}

/// Asks whoever sent the records of a place, and leaves it open for somebody else, as "not sure"
/// does. Says how many questions there are now: with none, nobody sent anything.
///
/// # Errors
///
/// As [`super::decide`].
pub async fn ask_source(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    at: (PersonId, ReviewId),
    (by, why): (&Acting, &Why),
) -> Result<usize, Error> {
    claim(tx, ctx, at, by).await?;
    let (person, id) = at;
    let is_copy = decision(tx, person, id).await?.is_copy;
    let offered = candidates(tx, person, id).await?;
    let others = offered.iter().take(CANDIDATES_MAX).map(|doubt| doubt.person);
    let mut senders: BTreeSet<(PersonId, OrganisationId)> = BTreeSet::new();
    for one in std::iter::once(person).chain(others) {
        let lead = account::lead(tx, one).await?;
        let read = |row: &Row<'_>| Ok((row.parse(0)?, row.parse(1)?));
        senders.extend(tx.list(sql::SENDERS, values![lead, ACCOUNTS_MAX], read).await?);
    }
    let (now, place) = (ctx.now_us(), (person, id.to_string()));
    let due = ctx.clock.now().saturating_add(ASK_WAIT).unwrap_or(Timestamp::MAX);
    let mut asked = BTreeSet::new();
    for (about, source) in senders.into_iter().take(ASKED_MAX) {
        let of = values![about, &source, place.0, &place.1, now];
        if !is_copy && tx.find(sql::QUESTION_PENDING, of, |row| row.int(0)).await?.is_none() {
            let question = ReviewId::draw(ctx).to_string();
            let (who, until) = (by.practitioner, due.as_microsecond());
            let of = values![about, question, &source, place.0, &place.1, now, who, until];
            tx.execute(sql::QUESTION_INSERT, of).await?;
        }
        asked.insert((about, source));
    }
    note_answer(tx, ctx, at, ("not-sure", None), by).await?;
    release(tx, at, by).await?;
    if is_copy {
        note(tx, ctx, keys, person, KNOWN, by, why).await?;
        return Ok(asked.len());
    }
    let sources: BTreeSet<_> = asked.iter().map(|(_, source)| source.as_str()).collect();
    let detail = json!({ "event": "asked-source", "sources": sources, "by": entry::who(by),
        "reason": why.reveal() });
    entry::decided(tx, ctx, keys, person, EntryKind::Unlinked, detail).await?;
    Ok(asked.len())
}

/// Asks no more for a place.
pub(super) async fn close(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (person, id): (PersonId, ReviewId),
) -> Result<(), Error> {
    tx.execute(sql::QUESTIONS_CLOSE, values![person, id.to_string(), ctx.now_us()]).await?;
    Ok(())
}

/// What was asked for a place, answered or not, the newest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn questions(
    s: &mut impl Reads,
    (person, id): (PersonId, ReviewId),
) -> Result<Vec<SourceQuestion>, Error> {
    let of = values![person, id.to_string(), QUESTIONS_MAX];
    Ok(s.list(sql::QUESTIONS_OF, of, read).await?)
}

/// What all places wait for, the oldest first; at most [`QUESTIONS_MAX`] times ten.
///
/// # Errors
///
/// Whatever the store says.
pub async fn pending(s: &mut impl Reads, ctx: &Ctx<'_>) -> Result<Vec<SourceQuestion>, Error> {
    let of = values![ctx.now_us(), 10 * QUESTIONS_MAX];
    Ok(s.list(sql::QUESTIONS_PENDING, of, read).await?)
}

/// What an organisation is asked and has not answered, the oldest first; at most
/// [`QUESTIONS_MAX`].
///
/// # Errors
///
/// Whatever the store says.
pub async fn questions_to(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    source: &OrganisationId,
) -> Result<Vec<SourceQuestion>, Error> {
    Ok(s.list(sql::QUESTIONS_TO, values![source, ctx.now_us(), QUESTIONS_MAX], read).await?)
}

/// One question that waits for the answer of somebody's organisation; none where there is no such,
/// where they asked it themselves, or where it is about them.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find_question(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    (person, id): (PersonId, ReviewId),
    by: &Acting,
) -> Result<Option<SourceQuestion>, Error> {
    let of = values![person, id.to_string(), &by.organisation, ctx.now_us()];
    let found = s.find(sql::QUESTION, of, read).await?;
    let own = match practitioner::own_person(s, by.practitioner).await? {
        Some(own) => together::group(s, own).await?,
        None => BTreeSet::new(),
    };
    let theirs =
        |one: &SourceQuestion| one.asked_by != by.practitioner && !own.contains(&one.person);
    Ok(found.filter(theirs))
}

/// Answers a question to one's own organisation.
///
/// # Errors
///
/// [`Error::Unknown`] for no such question, one that was answered, closed or is over, and one's
/// own; whatever the store, the key ring or the ledger says.
pub async fn answer_source(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    at: (PersonId, ReviewId),
    says: &SourceSays,
    by: &Acting,
) -> Result<(), Error> {
    let unknown = || Error::Unknown("question");
    find_question(tx, ctx, at, by).await?.ok_or_else(unknown)?;
    let word = |(detail, said): (&Detail, &Said)| format!("{}={}", detail.code(), said.code());
    let said = says.iter().map(word).collect::<Vec<_>>().join(" ");
    let (id, organisation) = (at.1.to_string(), &by.organisation);
    let of = values![at.0, &id, organisation, said.as_str(), ctx.now_us(), by.practitioner];
    if tx.execute(sql::QUESTION_ANSWER, of).await? == 0 {
        return Err(unknown());
    }
    let detail = json!({ "event": "source-answered", "id": id, "said": said,
        "by": entry::who(by) });
    entry::decided(tx, ctx, keys, at.0, EntryKind::Unlinked, detail).await
}

fn read(row: &Row<'_>) -> Result<SourceQuestion, ken_store::Error> {
    let word = |text: &str| {
        let (detail, said) = text.split_once('=')?;
        let detail = Detail::ALL.into_iter().find(|one| one.code() == detail)?;
        Some((detail, Said::from_code(said)?))
    };
    let says: Option<SourceSays> =
        row.text_opt(7)?.map(|said| said.split(' ').filter_map(word).collect());
    Ok(SourceQuestion {
        person: row.parse(0)?,
        id: row.parse(1)?,
        source: row.parse(2)?,
        place: (row.parse(3)?, row.parse(4)?),
        since: row.time(5)?,
        until: row.time(6)?,
        answer: row.time_opt(8)?.zip(says),
        asked_by: row.parse(9)?,
    })
}
