//! The team's side of messages: who is of it, whose messages wait, and the reply.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, PersonId, ResourceId, Sensitive};
use ken_directory::{Acting, sending};
use ken_sharing::bundle::Bundle;
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, values};
use serde_json::{Value, json};

use super::{CATEGORY, REPLIES_DAY_MAX, Refused, WAITING_MAX, is_too_much, newest, sql, unfit};
use crate::writing::{self, Leave, Writing};
use crate::{Error, assessment, team};

/// What a reply is called in the record.
const CALLED: &str = "Reply to a message of the person";
/// People whom one statement lists.
const AT_ONCE: i64 = 100;
/// How many such lists are read at most: of whoever coordinated more people once, and does no
/// more, the oldest waits come first.
const LISTS_MAX: usize = 50;

/// What somebody of the team answers.
#[derive(Debug)]
pub struct NewReply<'a> {
    /// The newest message that they were shown.
    pub seen: ResourceId,
    /// The words.
    pub text: &'a Sensitive<String>,
    /// The role in which they answer, in words.
    pub as_role: &'a str,
}

/// Whether somebody is of the team of one id of a person now: a coordinator, or let in.
///
/// # Errors
///
/// Whatever the store says.
pub async fn is_of_team<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
) -> Result<bool, Error> {
    if team::coordinates(reads, person, by).await? {
        return Ok(true);
    }
    let members = team::members(reads, ctx, person).await?;
    Ok(members.iter().any(|member| member.is(by) && member.is_in(ctx.clock.now())))
}

/// Whether a leave lets its holder read messages of the id that it is about.
pub(super) async fn may_read<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    leave: &Leave,
) -> Result<bool, Error> {
    let is_of_kind = leave.category().as_str() == CATEGORY;
    Ok(is_of_kind && is_of_team(reads, ctx, leave.by(), leave.person()).await?)
}

/// Whose messages wait, and since when, of those whom somebody coordinates now, the oldest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn waiting<R: Reads>(
    reads: &mut R,
    by: &Acting,
) -> Result<Vec<(PersonId, Timestamp)>, Error> {
    let row = |row: &Row<'_>| Ok((row.parse::<PersonId>(0)?, row.time(1)?));
    let (mut waiting, mut after) = (vec![], (Timestamp::UNIX_EPOCH, String::new()));
    for _ in 0..LISTS_MAX {
        let of = values![by.practitioner, &by.organisation, after.0, after.1.as_str(), AT_ONCE];
        let some = reads.list(sql::WAIT_LIST, of, row).await?;
        let Some((last, since)) = some.last() else { break };
        after = (*since, last.to_string());
        for (person, since) in some {
            // Whoever coordinates them no more takes nobody's place.
            if team::coordinates(reads, person, by).await? {
                waiting.push((person, since));
            }
            if waiting.len() == WAITING_MAX {
                return Ok(waiting);
            }
        }
    }
    Ok(waiting)
}

/// What must be put right in a reply before it is sent, if anything.
#[must_use]
pub fn unfit_reply(text: &Sensitive<String>) -> Option<Refused> {
    unfit(text.reveal().trim(), "")
}

/// Answers the newest message under the id that `reading` is about, by an item that `leave` files
/// where the organisation's number for the person stands ([`writing::home`]); gives the item. The
/// same request again files nothing.
///
/// # Errors
///
/// [`ken_records::Error::Stale`] where what either leave was decided by has changed since; as
/// [`writing::write`].
pub async fn reply(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (reading, leave, bundle): (&Leave, Leave, &Bundle),
    new: &NewReply<'_>,
) -> Result<Result<ResourceId, Refused>, Error> {
    if let Some(refused) = unfit_reply(new.text) {
        return Ok(Err(refused));
    }
    if !leave.shows_at_once(bundle) {
        return Ok(Err(Refused::KeptBack));
    }
    let (person, by) = (reading.person(), leave.by().clone());
    let is_one = by == *reading.by() && leave.category() == reading.category();
    db.write("care.reply", async |tx| {
        // A message that is being written is waited for: nobody answers past it.
        ken_records::hold(tx, keys, &BTreeSet::from([person, leave.person()])).await?;
        let (of, who, seen) =
            (person.to_string(), by.practitioner.to_string(), new.seen.to_string());
        let what = [&*of, &*who, "reply", &*seen, new.text.reveal().trim()];
        if let Some(before) = sending::before(tx, ctx, &what).await? {
            return Ok(Ok(before));
        }
        let home = writing::home(tx, person, &by.organisation).await?;
        if !reading.is_current(tx, ctx).await? || home != leave.person() {
            return Err(ken_records::Error::Stale.into());
        }
        if !is_one || !may_read(tx, ctx, reading).await? {
            return Ok(Err(Refused::NotTheirs));
        }
        match newest(tx, person).await? {
            None => return Ok(Err(Refused::NotTheirs)),
            Some((_, id)) if id != new.seen => return Ok(Err(Refused::Newer)),
            Some(_) => {}
        }
        if is_too_much(tx, ctx, person, (sql::REPLY_COUNT, REPLIES_DAY_MAX)).await? {
            return Ok(Err(Refused::TooMany));
        }
        let item = file(tx, ctx, keys, leave, new).await?;
        note(tx, ctx, person, (new.seen, item)).await?;
        if sending::once(tx, ctx, &what, item).await?.is_some() {
            return Err(ken_sharing::Error::Contended.into());
        }
        Ok(Ok(item))
    })
    .await
}

/// Files a reply. What it answers stands in it as an id alone: the message is the team's to read,
/// and the item is whoever's a clause gives its kind.
async fn file(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    leave: Leave,
    new: &NewReply<'_>,
) -> Result<ResourceId, Error> {
    let (to, now) = (format!("Patient/{}", leave.person()), ctx.clock.now());
    let resource = json!({
        "resourceType": "Communication",
        "status": "completed",
        "category": [{ "text": CALLED }],
        "subject": { "reference": to },
        "recipient": [{ "reference": to }],
        "sent": now.to_string(),
        "sender": { "display": assessment::author(tx, &leave, new.as_role).await? },
        "inResponseTo": [{ "reference": format!("Communication/{}", new.seen) }],
        "payload": [{ "contentString": new.text.reveal().trim() }],
    });
    let item_key = format!("reply/{}", ResourceId::draw(ctx.ids));
    let labels = BTreeSet::new();
    let first = Writing { item_key: &item_key, resource, labels, event: now };
    Ok(writing::write(tx, ctx, keys, leave, (first, None)).await?.item)
}

/// Notes which item answers a message; it was the newest, so nothing waits any more.
async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    (message, item): (ResourceId, ResourceId),
) -> Result<(), Error> {
    let last = tx.find(sql::REPLY_NEWEST, values![person], |row| row.int(0)).await?;
    let number = last.unwrap_or_default().saturating_add(1);
    let of = values![person, number, message, item, ctx.clock.now()];
    tx.execute(sql::REPLY_INSERT, of).await?;
    tx.execute(sql::WAIT_END, values![person]).await?;
    Ok(())
}

/// A reply, as the record shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who answered, in which role, of which organisation.
    pub by: String,
    /// What.
    pub text: String,
}

/// Reads what a resource of the record answers; none where it is no reply.
#[must_use]
pub fn said(resource: &Value) -> Option<Said> {
    let text = |pointer: &str| resource.pointer(pointer).and_then(Value::as_str);
    if text("/resourceType")? != "Communication" || text("/category/0/text")? != CALLED {
        return None;
    }
    let by = text("/sender/display")?.to_owned();
    Some(Said { by, text: text("/payload/0/contentString")?.to_owned() })
}
