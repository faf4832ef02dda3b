//! What a person asks of how they are shared, by themselves: objections, restrictions, agreements
//! and their withdrawal, and protections that an officer grants.
//!
//! What only takes away stands from the moment it is asked, while an officer decides about it; what
//! could hide a person from help, or needs proof, is granted first. Either way the gate reads the
//! fact that a wish keeps, and nothing else of it.
//!
//! # Invariants
//!
//! - What a person reads here is what they asked themselves; a state that others set for them never
//!   changes it.
//! - A quiet wish shows on none of the person's pages, whatever becomes of it, unless the officer
//!   who grants it agreed that with them. The wish to be safer never shows.
//! - The fact, the wish and the ledger entry change in one write, which bumps the person's guard.
//!
//! # Sources
//!
//! - UK GDPR arts. 7(3), 12(3), 18 and 21; house policy for the protections (ADR 18).

mod answer;
mod what;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ken_agreement::status::PERSON;
use ken_core::{AccountId, Ctx, EntryId, OrganisationId, PersonId, Sensitive};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Row, Tx, timer, values};
use serde_json::{Value, json};

use crate::relationship::later;
use crate::{Error, fact, sql, together};

pub use answer::{Answer, Ending, Waiting, decide, end, find, granted, missed, waiting};
pub use what::{OPT_OUTS, What};

/// The kind of the timers that notice a wish that nobody has answered; its handler is in the
/// governance office.
pub const TIMER: timer::Kind = "sharing.wish";
/// Most that one person asks in a day, of what is quiet and of the rest each: whoever has their
/// phone and asks for anything keeps them from no safety. House policy: far more than anybody
/// changes their mind.
pub const DAY_MAX: i64 = 20;
/// Most that a list shows. House policy.
const LIST_MAX: i64 = 200;
/// The day over which wishes are counted.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What a person asks.
#[derive(Debug)]
pub struct NewWish {
    /// Whose wish it is.
    pub person: PersonId,
    /// Under which sign-in.
    pub account: AccountId,
    /// What is asked.
    pub what: What,
    /// Which organisation answers, where an answer is due.
    pub organisation: OrganisationId,
    /// What the person typed: who they are and how to reach them safely.
    pub typed: Option<Sensitive<String>>,
}

/// What became of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It is kept under this id.
    Kept(EntryId),
    /// It was asked before, and stands or waits.
    Already,
    /// The person asked too often in a day ([`DAY_MAX`]).
    TooMany,
}

/// A wish, as its person reads it.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The id of theirs that it was asked under.
    pub person: PersonId,
    /// Which.
    pub id: EntryId,
    /// What.
    pub what: What,
    /// When.
    pub asked: Timestamp,
    /// By when an answer is due; none where none is.
    pub due: Option<Timestamp>,
    /// Where it stands.
    pub state: State,
    /// What the officer wrote.
    pub answer: Option<Sensitive<String>>,
}

/// Where a wish stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has answered yet. What takes effect at once has it meanwhile.
    Waiting,
    /// It stands.
    Stands,
    /// It was refused; the answer says why.
    Refused,
    /// It has ended.
    Ended,
}

/// Keeps what a person asks, and lets it have its effect where that needs nobody else.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn ask(db: &Db, ctx: &Ctx<'_>, keys: &KeyRing, new: &NewWish) -> Result<Asked, Error> {
    // Before a key is drawn: whoever asks for ever leaves nothing behind.
    let before = db.snapshot("sharing.wish-before", async |s| refused(s, ctx, new).await).await?;
    if let Some(before) = before {
        return Ok(before);
    }
    let id = EntryId::draw(ctx.ids);
    let sealed = match &new.typed {
        Some(typed) => {
            let key = keys.fresh().await?;
            let bytes = keys.seal(&key, &bound("typed", id), typed.reveal().as_bytes()).await?;
            Some((key, bytes))
        }
        None => None,
    };
    db.write("sharing.wish", async |tx| {
        let guard = together::lock(tx, &BTreeSet::from([new.person])).await?;
        if let Some(refused) = refused(tx, ctx, new).await? {
            return Ok(refused);
        }
        if let Some(grade) = new.what.at_once() {
            if let Some(other) = new.what.opposite() {
                tx.execute(sql::END_WISHES, values![new.person, other.code(), ctx.now_us()])
                    .await?;
                fact::end(tx, ctx, new.person, &source()?, &other.fact()?).await?;
            }
            let said = (&new.what.fact()?, grade);
            fact::record(tx, ctx, new.person, &source()?, said).await?;
            guard.bump(tx).await?;
        }
        insert(tx, ctx, id, new, sealed.as_ref()).await?;
        let detail = json!({ "asked": id.to_string(), "account": new.account.to_string() });
        note(tx, ctx, keys, (new.person, &new.what), (!new.what.is_quiet(), detail)).await?;
        Ok(Asked::Kept(id))
    })
    .await
}

/// Why nothing is kept; none where it is.
async fn refused<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    new: &NewWish,
) -> Result<Option<Asked>, Error> {
    // Of a quiet wish nobody learns by asking that it was asked before; and who asks again may
    // be reached in another way now.
    if !new.what.is_quiet() {
        let of = values![new.person, new.what.code()];
        if reads.find(sql::FIND_LIVE_WISH, of, |row| row.text(0)).await?.is_some() {
            return Ok(Some(Asked::Already));
        }
    }
    let since = ctx.clock.now().checked_sub(DAY).unwrap_or(Timestamp::MIN);
    let of = values![new.person, since, i64::from(new.what.is_quiet())];
    let count = reads.find(sql::COUNT_WISHES, of, |row| row.int(0)).await?;
    Ok((count.unwrap_or(0) >= DAY_MAX).then_some(Asked::TooMany))
}

async fn insert(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    id: EntryId,
    new: &NewWish,
    sealed: Option<&(KeyId, Vec<u8>)>,
) -> Result<(), Error> {
    let due = new.what.answer_within().map(|wait: Duration| later(ctx, wait));
    let of = values![
        new.person,
        id,
        new.what.code(),
        &new.organisation,
        sealed.map(|(key, _)| key.to_string()),
        sealed.map(|(_, bytes)| bytes.as_slice()),
        ctx.now_us(),
        due,
        !new.what.is_quiet()
    ];
    tx.execute(sql::INSERT_WISH, of).await?;
    if let Some(due) = due {
        timer::set(tx, TIMER, &id.to_string(), due, &new.person.to_string()).await?;
    }
    Ok(())
}

/// Takes back an objection or a restriction of one's own; false where there is no such.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn take_back(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, account): (PersonId, AccountId),
    id: EntryId,
) -> Result<bool, Error> {
    let own = db.snapshot("sharing.wishes-own", async |s| rows(s, person).await).await?;
    let Some(one) = own.into_iter().find(|one| one.id == id && one.what.may_be_taken_back()) else {
        return Ok(false);
    };
    db.write("sharing.wish-back", async |tx| {
        let guard = together::lock(tx, &BTreeSet::from([one.person])).await?;
        let of = values![one.person, id, ctx.now_us()];
        if tx.find(sql::END_OWN_WISH, of, |row| row.text(0)).await?.is_none() {
            return Ok(false);
        }
        fact::end(tx, ctx, one.person, &source()?, &one.what.fact()?).await?;
        guard.bump(tx).await?;
        let detail = json!({ "taken-back": id.to_string(), "account": account.to_string() });
        note(tx, ctx, keys, (one.person, &one.what), (true, detail)).await?;
        Ok(true)
    })
    .await
}

/// What a person asked under any id of theirs, as far as it shows on their pages, the newest first.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn of_person(db: &Db, keys: &KeyRing, person: PersonId) -> Result<Vec<Wish>, Error> {
    let stored = db.snapshot("sharing.wishes", async |s| rows(s, person).await).await?;
    let mut wishes = Vec::with_capacity(stored.len());
    for one in stored {
        let answer = match (&one.key, &one.answer) {
            (Some(key), Some(sealed)) => open(keys, key, "answer", one.id, sealed).await?,
            _ => None,
        };
        let state = one.state();
        let (id, what, asked, due) = (one.id, one.what, one.asked, one.due);
        wishes.push(Wish { person: one.person, id, what, asked, due, state, answer });
    }
    Ok(wishes)
}

/// A row of a person's own list.
#[derive(Debug)]
struct Own {
    person: PersonId,
    id: EntryId,
    what: What,
    asked: Timestamp,
    due: Option<Timestamp>,
    is_granted: Option<bool>,
    has_ended: bool,
    key: Option<KeyId>,
    answer: Option<Vec<u8>>,
}

impl Own {
    fn state(&self) -> State {
        match (self.has_ended, self.is_granted, self.due) {
            (true, Some(false), _) => State::Refused,
            (true, ..) => State::Ended,
            (false, None, Some(_)) => State::Waiting,
            (false, ..) => State::Stands,
        }
    }
}

async fn rows<R: Reads>(reads: &mut R, person: PersonId) -> Result<Vec<Own>, Error> {
    let mut all = vec![];
    for one in together::group(reads, person).await? {
        for own in reads.list(sql::LIST_WISHES, values![one, LIST_MAX], own).await? {
            all.push(own.ok_or(Error::Corrupt("wish"))?);
        }
    }
    all.sort_by_key(|one| (std::cmp::Reverse(one.asked), one.id));
    Ok(all)
}

fn own(row: &Row<'_>) -> Result<Option<Own>, ken_store::Error> {
    let Some(what) = What::of_code(&row.text(2)?) else { return Ok(None) };
    Ok(Some(Own {
        person: row.parse(0)?,
        id: row.parse(1)?,
        what,
        asked: row.time(3)?,
        due: row.time_opt(4)?,
        is_granted: row.int_opt(5)?.map(|granted| granted != 0),
        has_ended: row.int_opt(6)?.is_some(),
        key: row.parse_opt(7)?,
        answer: row.bytes_opt(8)?,
    }))
}

/// Under whose name the facts of wishes are kept: the person's own.
fn source() -> Result<OrganisationId, Error> {
    PERSON.parse().map_err(|_| Error::Corrupt("word"))
}

/// What a sealed text belongs to.
fn bound(what: &str, id: EntryId) -> Vec<u8> {
    format!("wish-{what}/1 {id}").into_bytes()
}

/// A sealed text; none once its key is erased.
async fn open(
    keys: &KeyRing,
    key: &KeyId,
    what: &str,
    id: EntryId,
    sealed: &[u8],
) -> Result<Option<Sensitive<String>>, Error> {
    let Some(bytes) = keys.open(key, &bound(what, id), sealed).await? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| Error::Corrupt("wish"))?;
    Ok(Some(Sensitive::new(text)))
}

/// Enters what was done about a wish in its person's stream.
async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, what): (PersonId, &What),
    (is_shown, mut detail): (bool, Value),
) -> Result<(), Error> {
    if let Some(fields) = detail.as_object_mut() {
        fields.insert("wish".to_owned(), json!(what.code()));
    }
    let kind = match what {
        What::Objection(_) | What::OptOut(_) => EntryKind::Objection,
        _ => EntryKind::Fact,
    };
    let visibility = if is_shown { Visibility::Now } else { Visibility::AfterReview };
    let entry = NewEntry { stream: Stream::Person(person), kind, visibility, detail };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(())
}
