//! The Caldicott Guardian: whoever contests a disclosure asks them, and their advice is recorded
//! with its reason.
//!
//! # Invariants
//!
//! - Advice opens nothing and closes nothing: no fact, no affirmation and no policy changes with
//!   it. What may be shared still follows a clause.
//! - What is asked, and why the Guardian advises what they do, are kept on the ledger alone,
//!   encrypted; the table names no person.
//! - Nobody answers their own question, and an answer is given once.
//!
//! # Sources
//!
//! - The Caldicott Principles (2020), 7 and 8; the national manual for Caldicott Guardians, for
//!   what one is asked. The time for an answer is house policy, as for emergency access.

use jiff::Timestamp;
use ken_core::{Ctx, EntryId, OrganisationId, PractitionerId, RoleId, Sensitive};
use ken_directory::{Acting, practitioner, sending};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::{duty, emergency};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Snapshot, Tx, values};
use serde_json::{Value, json};

use crate::Error;
use crate::sql::desk as sql;

/// The role in which somebody is their organisation's Guardian.
pub const ROLE: &str = emergency::GUARDIAN;
/// Most questions of one organisation that wait. House policy: more than a month's.
const WAITING_MAX: i64 = 200;
/// Most questions that a list shows.
pub const LIST_MAX: i64 = 100;
/// Shortest question or reason, in characters. House policy: a word says nothing.
pub const WORDS_MIN: usize = 10;
/// Longest question or reason, in characters.
pub const WORDS_MAX: usize = 2_000;
/// How long the Guardian has: two working days. House policy.
const ANSWER_WITHIN: &str = "2wd";

/// What whoever asks thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It was refused, and should be shared.
    ShouldShare,
    /// It may or must be shared, and should not be.
    ShouldNot,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ShouldShare, Self::ShouldNot];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ShouldShare => "should-share",
            Self::ShouldNot => "should-not",
        }
    }

    /// The one with a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// What the Guardian advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Share it, by a way that an agreement or the law gives.
    Share,
    /// Share less than was asked.
    ShareLess,
    /// Do not share it.
    DoNotShare,
}

impl Advice {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Share, Self::ShareLess, Self::DoNotShare];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::ShareLess => "share-less",
            Self::DoNotShare => "do-not-share",
        }
    }

    /// The one with a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// A contested disclosure, as its asker and the Guardian read it.
#[derive(Debug, Clone)]
pub struct Contest {
    /// Its id.
    pub id: EntryId,
    /// Who asked.
    pub by: PractitionerId,
    /// In which role.
    pub role: RoleId,
    /// What they think.
    pub side: Side,
    /// What is contested, in their words.
    pub words: Sensitive<String>,
    /// When they asked.
    pub at: Timestamp,
    /// By when the Guardian answers.
    pub due: Timestamp,
    /// The answer, once there is one.
    pub answer: Option<Answer>,
}

/// What the Guardian answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What they advise.
    pub advice: Advice,
    /// Why.
    pub reason: Sensitive<String>,
    /// Who.
    pub by: PractitionerId,
    /// When.
    pub at: Timestamp,
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The Guardian has it.
    Sent,
    /// Nobody else of the organisation is its Guardian.
    NoGuardian,
    /// It says too little or too much.
    BadWords,
    /// Too many wait already.
    TooMany,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It is recorded.
    Recorded,
    /// Whoever answers is not the Guardian, it is their own question, or it waits no more.
    NotOpen,
    /// The reason says too little or too much.
    BadWords,
}

/// Text that says enough and not too much; none otherwise.
fn fit(words: &Sensitive<String>) -> Option<&str> {
    let words = words.reveal().trim();
    (WORDS_MIN..=WORDS_MAX).contains(&words.chars().count()).then_some(words)
}

/// Whether somebody else than a practitioner is their organisation's Guardian now.
///
/// # Errors
///
/// Whatever the store says.
pub async fn is_there<R: Reads>(reads: &mut R, ctx: &Ctx<'_>, by: &Acting) -> Result<bool, Error> {
    let all = practitioner::of_organisation(reads, ctx, &by.organisation).await?;
    let is = |(who, _, role): &(PractitionerId, String, RoleId)| {
        role.as_str() == ROLE && *who != by.practitioner
    };
    Ok(all.iter().any(is))
}

/// Sends a contested disclosure to the Guardian of one's own organisation.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn ask(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (side, words): (Side, &Sensitive<String>),
) -> Result<Asked, Error> {
    let Some(words) = fit(words) else { return Ok(Asked::BadWords) };
    let due = duty::deadline(ctx, ANSWER_WITHIN).ok_or(Error::Corrupt("deadline"))?;
    let what = ["contest", side.code(), words];
    db.write("office.contest", async |tx: &mut Tx| {
        if sending::before::<EntryId>(tx, ctx, &what).await?.is_some() {
            return Ok(Asked::Sent);
        }
        if !is_there(tx, ctx, by).await? {
            return Ok(Asked::NoGuardian);
        }
        if waiting(tx, &by.organisation).await? >= WAITING_MAX {
            return Ok(Asked::TooMany);
        }
        let id = EntryId::draw(ctx.ids);
        if sending::once(tx, ctx, &what, id).await?.is_some() {
            return Ok(Asked::Sent);
        }
        let detail = json!({ "contested": id.to_string(), "side": side.code(),
            "role": by.role.as_str(), "words": words, "by": by.practitioner.to_string() });
        let entry = enter(tx, ctx, keys, by, detail).await?;
        let of = values![
            &by.organisation,
            id,
            by.practitioner,
            &by.role,
            side.code(),
            entry,
            ctx.now_us(),
            due
        ];
        tx.execute(sql::INSERT_CONTEST, of).await?;
        Ok(Asked::Sent)
    })
    .await
}

/// Records what the Guardian of an organisation advises.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn answer(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, advice, reason): (EntryId, Advice, &Sensitive<String>),
) -> Result<Answered, Error> {
    if by.role.as_str() != ROLE {
        return Ok(Answered::NotOpen);
    }
    let Some(reason) = fit(reason) else { return Ok(Answered::BadWords) };
    db.write("office.answer-contest", async |tx: &mut Tx| {
        let (own, who) = (&by.organisation, by.practitioner);
        let of = values![own, id, who];
        if tx.find(sql::FIND_OPEN_CONTEST, of, |row| row.text(0)).await?.is_none() {
            return Ok(Answered::NotOpen);
        }
        let detail = json!({ "contested": id.to_string(), "advice": advice.code(),
            "reason": reason, "by": who.to_string() });
        let entry = enter(tx, ctx, keys, by, detail).await?;
        let of = values![own, id, advice.code(), entry, who, ctx.now_us()];
        if tx.execute(sql::ANSWER_CONTEST, of).await? == 0 {
            // Somebody else answered in the same moment; nothing of this is kept.
            return Err(ken_store::Error::Contended.into());
        }
        Ok(Answered::Recorded)
    })
    .await
}

async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    detail: Value,
) -> Result<EntryId, Error> {
    let entry = NewEntry {
        stream: Stream::Organisation(by.organisation.clone()),
        kind: EntryKind::Guardian,
        visibility: Visibility::Never,
        detail,
    };
    Ok(ken_ledger::append(tx, ctx, keys, entry).await?)
}

/// What waits for the Guardian of an organisation, the most urgent first, and what was answered
/// last. For the Guardian alone; nothing in any other role.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn queue(
    db: &Db,
    keys: &KeyRing,
    by: &Acting,
) -> Result<(Vec<Contest>, Vec<Contest>), Error> {
    if by.role.as_str() != ROLE {
        return Ok((vec![], vec![]));
    }
    let own = &by.organisation;
    db.snapshot("office.contests", async |s: &mut Snapshot| {
        let waiting = s.list(sql::LIST_CONTESTS, values![own, LIST_MAX], row).await?;
        let answered = s.list(sql::LIST_ANSWERED, values![own, LIST_MAX], row).await?;
        Ok((open(s, keys, own, waiting).await?, open(s, keys, own, answered).await?))
    })
    .await
}

/// What a practitioner asked in the organisation that they act for, with the answers, the newest
/// first.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn own(db: &Db, keys: &KeyRing, by: &Acting) -> Result<Vec<Contest>, Error> {
    db.snapshot("office.own-contests", async |s: &mut Snapshot| {
        let of = values![&by.organisation, by.practitioner, LIST_MAX];
        let rows = s.list(sql::LIST_CONTESTS_OF, of, row).await?;
        open(s, keys, &by.organisation, rows).await
    })
    .await
}

/// How many questions wait for an organisation's Guardian.
///
/// # Errors
///
/// Whatever the store says.
pub async fn waiting<R: Reads>(reads: &mut R, own: &OrganisationId) -> Result<i64, Error> {
    let many = reads.find(sql::COUNT_CONTESTS, values![own], |row| row.int(0)).await?;
    Ok(many.unwrap_or_default())
}

/// A question as it is stored: without what was said.
struct Stored {
    id: EntryId,
    by: PractitionerId,
    role: RoleId,
    side: String,
    entry: EntryId,
    at: Timestamp,
    due: Timestamp,
    advice: Option<String>,
    answer: Option<EntryId>,
    answered_by: Option<PractitionerId>,
    answered: Option<Timestamp>,
}

fn row(row: &Row<'_>) -> ken_store::Result<Stored> {
    Ok(Stored {
        id: row.parse(0)?,
        by: row.parse(1)?,
        role: row.parse(2)?,
        side: row.text(3)?,
        entry: row.parse(4)?,
        at: row.time(5)?,
        due: row.time(6)?,
        advice: row.text_opt(7)?,
        answer: row.parse_opt(8)?,
        answered_by: row.parse_opt(9)?,
        answered: row.time_opt(10)?,
    })
}

/// Adds what was said, from the ledger.
async fn open(
    s: &mut Snapshot,
    keys: &KeyRing,
    own: &OrganisationId,
    rows: Vec<Stored>,
) -> Result<Vec<Contest>, Error> {
    let mut contests = Vec::with_capacity(rows.len());
    for one in rows {
        let corrupt = || Error::Corrupt("contested disclosure");
        let words = said(s, keys, own, (one.entry, "words")).await?;
        let answer = match (one.advice, one.answer, one.answered_by.zip(one.answered)) {
            (Some(advice), Some(entry), Some((by, at))) => Some(Answer {
                advice: Advice::of_code(&advice).ok_or_else(corrupt)?,
                reason: said(s, keys, own, (entry, "reason")).await?,
                by,
                at,
            }),
            _ => None,
        };
        let side = Side::of_code(&one.side).ok_or_else(corrupt)?;
        let Stored { id, by, role, at, due, .. } = one;
        contests.push(Contest { id, by, role, side, words, at, due, answer });
    }
    Ok(contests)
}

/// What an entry says; empty where its key is gone.
async fn said(
    s: &mut Snapshot,
    keys: &KeyRing,
    own: &OrganisationId,
    (entry, field): (EntryId, &str),
) -> Result<Sensitive<String>, Error> {
    let found = ken_ledger::entry(s, keys, &Stream::Organisation(own.clone()), entry).await?;
    let detail = found.and_then(|entry| entry.detail);
    let text = detail.as_ref().and_then(|detail| detail.get(field)).and_then(Value::as_str);
    Ok(Sensitive::new(text.unwrap_or_default().to_owned()))
}
