//! Messages of a person to their team, and the replies that are filed to the record.
//!
//! # Invariants
//!
//! - The team of one id of a person is who holds a coordinating role there now, and whom they have
//!   let in; it follows from the same rows as their access does, and from no list of this crate.
//! - A message is read by the person under the id that they wrote it under, and by a practitioner
//!   of that id's team with a [`Leave`] for its kind of information that still holds; by nobody
//!   else, under no other id, and no item of the record quotes it.
//! - A reply is an item of the replier's organisation ([`crate::writing`]) and stands nowhere else:
//!   who reads it is asked of the gate, as for any item. It answers the newest message, and only
//!   while that is the newest that the replier was shown.
//! - A message waits once for each person, with whoever holds a role of theirs at that moment.
//! - A person writes only where they were shown somebody who reads it ([`NewMessage::told`]).
//!
//! Sources: FHIR R4 `Communication` (`inResponseTo`); ADR 80; house policy for the bounds.

mod team;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use ken_core::{AccountId, Ctx, PersonId, PractitionerId, ResourceId, Sensitive};
use ken_directory::sending;
use ken_ledger::{EntryKind, NewEntry, Stream};
use ken_sharing::fact;
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Row, Snapshot, Sql, Tx, values};
use serde_json::{Value, json};

use crate::sql::message as sql;
use crate::words::{HELPER_LEN_MAX, TEXT_LEN_MAX};
use crate::writing::Leave;
use crate::{Error, role};

pub use crate::sql::message::ALL as STATEMENTS;
pub use team::{NewReply, Said, is_of_team, reply, said, unfit_reply, waiting};

/// The kind of information that a message is: something that has happened.
pub const CATEGORY: &str = "chronology";
/// Most messages of a person in a day. House policy: what needs more is a call.
pub const DAY_MAX: i64 = 20;
/// Most replies to a person in a day. House policy: their own, so that no number of messages
/// leaves a team without an answer.
pub const REPLIES_DAY_MAX: i64 = 30;
/// Most messages of a person, and most replies to them, in a year. House policy.
pub const YEAR_MAX: i64 = 1_000;
/// Most messages that are shown, the newest. House policy: the record has every reply.
pub const SHOWN_MAX: i64 = 100;
/// Most people whose messages a practitioner is told to wait. House policy.
pub const WAITING_MAX: usize = 100;
/// The day and the year over which is counted.
const DAY: SignedDuration = SignedDuration::from_hours(24);
const YEAR: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Something that a person writes to their team.
#[derive(Debug)]
pub struct NewMessage<'a> {
    /// Whose team: the person of the account.
    pub person: PersonId,
    /// Under which sign-in.
    pub account: AccountId,
    /// Who coordinates their care, as far as they were shown it at this moment.
    pub told: &'a BTreeSet<PractitionerId>,
    /// The words.
    pub text: &'a Sensitive<String>,
    /// Who writes for the person; nobody where it is empty.
    pub helper: &'a Sensitive<String>,
}

/// Why nothing was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There are no words.
    Empty,
    /// They are too long.
    TooLong,
    /// As much was written as may be.
    TooMany,
    /// Of those whom the person was shown, nobody coordinates their care now.
    Nobody,
    /// Who answers is not of the team, or there is nothing to answer.
    NotTheirs,
    /// Another message came after the one that was read.
    Newer,
    /// A clause keeps from the person what is done for this purpose, so no reply can rest on it.
    KeptBack,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Message {
    /// Which.
    pub id: ResourceId,
    /// Who wrote for the person.
    pub helper: Option<Sensitive<String>>,
    /// What it says.
    pub text: Sensitive<String>,
    /// When.
    pub at: Timestamp,
    /// The items of the record that answer it, the oldest first. Whether somebody may know of one
    /// is for the gate to say.
    pub replies: Vec<ResourceId>,
}

/// Keeps what a person writes to their team; gives the message. The same request again keeps
/// nothing.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn send(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    new: &NewMessage<'_>,
) -> Result<Result<ResourceId, Refused>, Error> {
    let (text, helper) = (new.text.reveal().trim(), new.helper.reveal().trim());
    if let Some(refused) = unfit(text, helper) {
        return Ok(Err(refused));
    }
    let id = ResourceId::draw(ctx.ids);
    db.write("care.message", async |tx| {
        // Who writes something waits here for whoever writes or files something about them.
        let key = ken_records::key_of(tx, keys, new.person).await?;
        let person = new.person.to_string();
        let what = [person.as_str(), "message", text, helper];
        if let Some(before) = sending::before(tx, ctx, &what).await? {
            return Ok(Ok(before));
        }
        let holders = role::holders(tx, ctx, new.person).await?;
        if !holders.iter().any(|(_, holder)| new.told.contains(&holder.practitioner)) {
            return Ok(Err(Refused::Nobody));
        }
        if is_too_much(tx, ctx, new.person, (sql::MESSAGE_COUNT, DAY_MAX)).await? {
            return Ok(Err(Refused::TooMany));
        }
        if let Some(before) = sending::once(tx, ctx, &what, id).await? {
            return Ok(Ok(before));
        }
        let last = newest(tx, new.person).await?.map_or(0, |(number, _)| number);
        let body = json!({ "text": text, "helper": helper }).to_string();
        let sealed = keys.seal(&key, &bound(new.person, id), body.as_bytes()).await?;
        let (number, at) = (last.saturating_add(1), ctx.clock.now());
        let of = values![new.person, number, id, key.to_string(), sealed.as_slice(), at];
        tx.execute(sql::MESSAGE_INSERT, of).await?;
        tx.execute(sql::WAIT_BEGIN, values![new.person, at]).await?;
        enter(tx, ctx, keys, new, id).await?;
        Ok(Ok(id))
    })
    .await
}

/// Enters that something was sent; not what.
async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    new: &NewMessage<'_>,
    id: ResourceId,
) -> Result<(), Error> {
    let entry = NewEntry {
        stream: Stream::Person(new.person),
        kind: EntryKind::Filed,
        visibility: fact::shown_at(tx, ctx, new.person).await?,
        detail: json!({
            "message": id.to_string(),
            "account": new.account.to_string(),
            "helped": !new.helper.reveal().trim().is_empty(),
        }),
    };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(())
}

/// What must be put right before it is kept, if anything.
fn unfit(text: &str, helper: &str) -> Option<Refused> {
    if text.is_empty() {
        return Some(Refused::Empty);
    }
    let is_long = text.chars().count() > TEXT_LEN_MAX || helper.chars().count() > HELPER_LEN_MAX;
    is_long.then_some(Refused::TooLong)
}

/// Whether as much of something was sent, in a day or in a year, as may be.
async fn is_too_much(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    (count_of, day_max): (Sql, i64),
) -> Result<bool, Error> {
    let since = |ago| ctx.clock.now().checked_sub(ago).unwrap_or(Timestamp::MIN);
    let of = values![person, since(YEAR), since(DAY), YEAR_MAX];
    let found = tx.find(count_of, of, |row| Ok((row.int(0)?, row.int(1)?))).await?;
    let (of_year, of_day) = found.unwrap_or_default();
    Ok(of_year >= YEAR_MAX || of_day >= day_max)
}

/// The newest message under one id, by its number and id.
async fn newest<R: Reads>(
    reads: &mut R,
    person: PersonId,
) -> Result<Option<(i64, ResourceId)>, Error> {
    let row = |row: &Row<'_>| Ok((row.int(0)?, row.parse(1)?));
    Ok(reads.find(sql::MESSAGE_NEWEST, values![person], row).await?)
}

/// A person's messages, for themselves, the newest first: those under the id that their account is
/// of. Were two joined in error, neither reads what the other wrote.
///
/// # Errors
///
/// [`Error::Corrupt`] where one does not read; whatever the store or the key ring says.
pub async fn of_person(db: &Db, keys: &KeyRing, person: PersonId) -> Result<Vec<Message>, Error> {
    let read = async |s: &mut Snapshot| stored(s, person).await;
    let found = db.snapshot("care.messages", read).await?;
    open(keys, person, found).await
}

/// The messages under the one id that a leave is about, for somebody of its team, the newest first;
/// none for anybody else.
///
/// # Errors
///
/// [`ken_records::Error::Stale`] where what the leave was decided by has changed since; otherwise
/// as [`of_person`].
pub async fn of_team(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    leave: &Leave,
) -> Result<Option<Vec<Message>>, Error> {
    let person = leave.person();
    let read = async |s: &mut Snapshot| {
        if !leave.is_current(s, ctx).await? {
            return Err(ken_records::Error::Stale.into());
        }
        if !team::may_read(s, ctx, leave).await? {
            return Ok::<_, Error>(None);
        }
        stored(s, person).await.map(Some)
    };
    match db.snapshot("care.messages-team", read).await? {
        Some(found) => open(keys, person, found).await.map(Some),
        None => Ok(None),
    }
}

/// A message, sealed.
struct Stored {
    id: ResourceId,
    key: KeyId,
    body: Vec<u8>,
    at: Timestamp,
    replies: Vec<ResourceId>,
}

/// The newest messages under one id, the newest first, with the items that answer them.
async fn stored<R: Reads>(reads: &mut R, person: PersonId) -> Result<Vec<Stored>, Error> {
    let pair = |row: &Row<'_>| Ok((row.parse::<ResourceId>(0)?, row.parse::<ResourceId>(1)?));
    let found = reads.list(sql::REPLY_LIST, values![person, YEAR_MAX], pair).await?;
    let mut replies: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (message, item) in found.into_iter().rev() {
        replies.entry(message).or_default().push(item);
    }
    let row = |row: &Row<'_>| {
        let (id, key, body) = (row.parse(0)?, row.parse(1)?, row.bytes(2)?);
        Ok(Stored { id, key, body, at: row.time(3)?, replies: vec![] })
    };
    let mut all = reads.list(sql::MESSAGE_LIST, values![person, SHOWN_MAX], row).await?;
    for one in &mut all {
        one.replies = replies.remove(&one.id).unwrap_or_default();
    }
    Ok(all)
}

async fn open(keys: &KeyRing, person: PersonId, found: Vec<Stored>) -> Result<Vec<Message>, Error> {
    let mut all = vec![];
    for one in found {
        all.extend(one.read(keys, person).await?);
    }
    Ok(all)
}

impl Stored {
    /// The message; none once its key is erased.
    async fn read(self, keys: &KeyRing, person: PersonId) -> Result<Option<Message>, Error> {
        let bound = bound(person, self.id);
        let Some(bytes) = keys.open(&self.key, &bound, &self.body).await? else {
            return Ok(None);
        };
        let corrupt = || Error::Corrupt("message");
        let body: Value = serde_json::from_slice(&bytes).map_err(|_| corrupt())?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Some(Message {
            id: self.id,
            helper: text("helper").filter(|helper| !helper.is_empty()).map(Sensitive::new),
            text: Sensitive::new(text("text").ok_or_else(corrupt)?),
            at: self.at,
            replies: self.replies,
        }))
    }
}

/// What a sealed message belongs to.
fn bound(person: PersonId, id: ResourceId) -> Vec<u8> {
    format!("care-message/1 {person} {id}").into_bytes()
}
