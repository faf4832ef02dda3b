//! Drafts of forms: what somebody has typed about a person and not signed yet.
//!
//! # Invariants
//!
//! - A draft is its writer's alone, in the organisation that they act for: nobody else reads it,
//!   and its writer only with a [`Leave`] to write of that kind about that person.
//! - What was typed is sealed with the key of the person's bodies, and bound to its place.
//! - There is one draft of a form for each person and writer, at most [`DRAFTS_MAX`] of one writer,
//!   and none is read for longer than [`LIFE`] after it was last saved; then it is removed.
//! - No page puts something in the place of a draft that it has not shown.
//! - What was taken over keeps where it was given first for as long as it is not changed.

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, PersonId, ResourceId};
use ken_directory::Acting;
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Tx, values};
use serde::{Deserialize, Serialize};

use crate::form::origin::Origins;
use crate::form::{Answers, Form};
use crate::writing::Leave;
use crate::{Error, sql::draft as sql};

/// Most drafts of one writer for one organisation. House policy: more than anybody has at hand.
pub const DRAFTS_MAX: i64 = 50;
/// How long a draft is kept after it was last saved. House policy: a month's leave, no longer.
pub const LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Moments of which everything that has run out is removed at once.
const EXPIRE_MAX: i64 = 100;

/// A draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What was typed.
    pub answers: Answers,
    /// When it was last saved; this is which draft it is.
    pub saved: Timestamp,
    /// The item of which it becomes another version; a new item where there is none.
    pub revises: Option<Revised>,
    /// Where the answers were given first that were taken over.
    pub origins: Origins,
}

/// The item that a draft revises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revised {
    /// The item.
    pub item: ResourceId,
    /// Its current version when the draft was begun, or was last looked at beside it.
    pub version: i64,
}

/// What a draft is begun with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// What is known already.
    pub answers: Answers,
    /// The item of which it becomes another version.
    pub revises: Option<Revised>,
    /// Where the answers were given first.
    pub origins: Origins,
}

/// A draft as it is sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    typed: Answers,
    revises: Option<Revised>,
    from: Origins,
}

impl Sealed {
    /// What was sealed; of what was kept before drafts were begun with anything, the answers alone.
    fn read(bytes: &[u8]) -> Option<Self> {
        let alone = || {
            let typed = Answers::from_bytes(bytes)?;
            Some(Self { typed, revises: None, from: Origins::new() })
        };
        serde_json::from_slice(bytes).ok().or_else(alone)
    }
}

/// Why a draft was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is too long.
    TooLong,
    /// Its writer has as many as may be.
    TooMany,
    /// It is not the one that was seen: another page has kept something else meanwhile, at that
    /// moment.
    Changed(Timestamp),
}

/// Keeps what was typed, in the place of the draft that was `seen`, or of none; gives when. The
/// same again changes nothing.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn save(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    leave: &Leave,
    (form, answers): (&Form, &Answers),
    seen: Option<Timestamp>,
) -> Result<Result<Timestamp, Refused>, Error> {
    if !answers.fits() {
        return Ok(Err(Refused::TooLong));
    }
    db.write("care.draft", async |tx| {
        // Who saves something about a person waits here for whoever does.
        let key = ken_records::key_of(tx, keys, leave.person()).await?;
        let kept = find(tx, ctx, keys, leave, form).await?;
        let (revises, origins) = match kept {
            Some(kept) if kept.answers == *answers => return Ok(Ok(kept.saved)),
            Some(kept) if Some(kept.saved) != seen => return Ok(Err(Refused::Changed(kept.saved))),
            Some(Draft { answers: before, revises, mut origins, .. }) => {
                origins.retain(|field, _| before.get(field) == answers.get(field));
                (revises, origins)
            }
            None => (None, Origins::new()),
        };
        let start = Start { answers: answers.clone(), revises, origins };
        put(tx, ctx, (keys, &key), leave, (form, start)).await
    })
    .await
}

/// Begins a draft with what is known already, unless there is one.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn begin(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    leave: &Leave,
    (form, start): (&Form, &Start),
) -> Result<Result<Timestamp, Refused>, Error> {
    if !start.answers.fits() {
        return Ok(Err(Refused::TooLong));
    }
    db.write("care.begin", async |tx| {
        let key = ken_records::key_of(tx, keys, leave.person()).await?;
        match find(tx, ctx, keys, leave, form).await? {
            Some(kept) => Ok(Err(Refused::Changed(kept.saved))),
            None => put(tx, ctx, (keys, &key), leave, (form, start.clone())).await,
        }
    })
    .await
}

/// Notes that its writer has looked at a draft beside a later version of what it revises.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn follow(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    leave: &Leave,
    (form, version): (&Form, i64),
    seen: Timestamp,
) -> Result<Result<Timestamp, Refused>, Error> {
    db.write("care.follow", async |tx| {
        let key = ken_records::key_of(tx, keys, leave.person()).await?;
        let kept = find(tx, ctx, keys, leave, form).await?;
        match kept {
            Some(Draft { answers, saved, revises: Some(of), origins }) if saved == seen => {
                let revises = Some(Revised { version: version.max(of.version), ..of });
                let start = Start { answers, revises, origins };
                put(tx, ctx, (keys, &key), leave, (form, start)).await
            }
            Some(kept) => Ok(Err(Refused::Changed(kept.saved))),
            None => Ok(Err(Refused::Changed(seen))),
        }
    })
    .await
}

/// Keeps a draft in the place of the one before.
async fn put(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (keys, key): (&KeyRing, &KeyId),
    leave: &Leave,
    (form, start): (&Form, Start),
) -> Result<Result<Timestamp, Refused>, Error> {
    let (by, person) = (leave.by(), leave.person());
    // As it is stored: this moment is which draft it is.
    let now = Timestamp::from_microsecond(ctx.now_us()).map_err(|_| Error::Corrupt("clock"))?;
    let until = now.saturating_add(LIFE).map_err(|_| Error::Corrupt("clock"))?;
    let of = values![by.practitioner, &by.organisation, now, person, form.id.as_str(), DRAFTS_MAX];
    let others = tx.find(sql::DRAFT_COUNT, of, |row| row.int(0)).await?.unwrap_or_default();
    if others >= DRAFTS_MAX {
        return Ok(Err(Refused::TooMany));
    }
    let sealed = Sealed { typed: start.answers, revises: start.revises, from: start.origins };
    let bytes = serde_json::to_vec(&sealed).map_err(|_| Error::Corrupt("draft"))?;
    let sealed = keys.seal(key, &bound(by, person, form), &bytes).await?;
    let of = values![
        person,
        by.practitioner,
        &by.organisation,
        form.id.as_str(),
        key.to_string(),
        sealed.as_slice(),
        now,
        until
    ];
    tx.execute(sql::DRAFT_PUT, of).await?;
    Ok(Ok(now))
}

/// A writer's own draft; none where there is none, it has run out, or its key is erased.
///
/// # Errors
///
/// [`Error::Corrupt`] where it does not read; whatever the store or the key ring says.
pub async fn find<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    leave: &Leave,
    form: &Form,
) -> Result<Option<Draft>, Error> {
    let (by, person) = (leave.by(), leave.person());
    let of = values![person, by.practitioner, &by.organisation, form.id.as_str(), ctx.clock.now()];
    let read = |row: &ken_store::Row<'_>| Ok((row.parse::<KeyId>(0)?, row.bytes(1)?, row.time(2)?));
    let Some((key, sealed, saved)) = reads.find(sql::DRAFT_FIND, of, read).await? else {
        return Ok(None);
    };
    let Some(bytes) = keys.open(&key, &bound(by, person, form), &sealed).await? else {
        return Ok(None);
    };
    let Sealed { typed, revises, from } = Sealed::read(&bytes).ok_or(Error::Corrupt("draft"))?;
    Ok(Some(Draft { answers: typed, saved, revises, origins: from }))
}

/// Removes some of the drafts that have run out, whose they may be; the program does so again and
/// again.
///
/// # Errors
///
/// Whatever the store says.
pub async fn sweep(tx: &mut Tx, ctx: &Ctx<'_>) -> Result<(), Error> {
    tx.execute(sql::DRAFT_EXPIRE, values![ctx.clock.now(), EXPIRE_MAX]).await?;
    Ok(())
}

/// Of which forms somebody has drafts about a person, and when each was saved; not what they say.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
) -> Result<Vec<(String, Timestamp)>, Error> {
    let of = values![person, by.practitioner, &by.organisation, ctx.clock.now()];
    Ok(reads.list(sql::DRAFT_LIST, of, |row| Ok((row.text(0)?, row.time(1)?))).await?)
}

/// Removes a writer's own draft.
///
/// # Errors
///
/// Whatever the store says.
pub async fn discard(tx: &mut Tx, leave: &Leave, form: &Form) -> Result<(), Error> {
    let by = leave.by();
    let of = values![leave.person(), by.practitioner, &by.organisation, form.id.as_str()];
    tx.execute(sql::DRAFT_DELETE, of).await?;
    Ok(())
}

/// What a sealed draft belongs to.
fn bound(by: &Acting, person: PersonId, form: &Form) -> Vec<u8> {
    let (who, at) = (by.practitioner, by.organisation.as_str());
    format!("care-draft/1 {person} {who} {at} {}", form.id).into_bytes()
}
