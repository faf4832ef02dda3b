//! Beside: what a merge of numbers brings to where its source has a thing of the same name.
//!
//! # Invariants
//!
//! - What comes stands beside what holds, as superseded, until something is told under its own
//!   number again; but an allergy, an alert and a diagnosis hold beside each other: one of them may
//!   have been entered in error or be milder, and to show both is safe.
//! - What stands beside nothing that holds, holds.
//! - What few may read protects what it meets: its source marked one of two things of a name, and
//!   says nothing under the merged number any more. Taken back, the mark stays until its source
//!   lifts it: protection that stays too long can be put right.
//!
//! Source: ADR 39, ADR 68.

use ken_core::{Ctx, MessageId, OrganisationId, PersonId, ResourceId};
use ken_sharing::RowClass;
use ken_sharing::class;
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};
use serde_json::json;

use crate::ended::MERGED;
use crate::file::HeldVersion;
use crate::moves::{Item, Move};
use crate::{Error, Filing, Place, Status, Under, key_of, mark, sql};

/// What is safe to be shown twice, and not to be hidden; as `FOLD_BESIDE` has it.
const TWICE: [&str; 3] = ["AllergyIntolerance", "Flag", "Condition"];
/// The mark of what few may read.
const RESTRICTED: &str = "restricted";
/// Most things of one name that are marked. House policy: one for each number that a source has
/// for a person, of whom a merge ends twenty at once.
const LIKES_MAX: i64 = 100;
/// Things of a number that one statement reads.
const FOLDED: i64 = 200;
/// Most such statements for one number. House policy: as many things as one message ends.
const ROUNDS_MAX: usize = 100;

/// Moves an item whose versions have moved. Where the source has another item of this name for the
/// person, that one holds, and this one stands beside it. What goes back holds as it did.
pub(crate) async fn place(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    of: &Move,
    item: &Item,
) -> Result<(), Error> {
    // Items were named so that stood beside another, when a name was of one number only; and one
    // that would meet its like under the same number is named so still.
    let (number, own) = (format!(" ~{}", of.under.as_str()), format!(" ~{}", item.resource));
    let name = item.called.strip_suffix(&number).unwrap_or(&item.called);
    let mut name = name.strip_suffix(&own).unwrap_or(name).to_owned();
    if !of.goes_back {
        let brought = (item.resource, item.class.as_str(), item.version);
        protect(tx, ctx, keys, (of.to, &of.source), (&name, brought)).await?;
    }
    let likes = likes(tx, (of.to, &of.source), &name).await?;
    let is_beside = !likes.is_empty() && !of.goes_back;
    let mut status = match (is_beside, item.status.as_str()) {
        (true, status) if status == Status::Current.code() && !TWICE.contains(&&*item.kind) => {
            MERGED
        }
        (false, MERGED) => Status::Current.code(),
        (_, status) => status,
    };
    let at = values![of.to, &of.source, name.as_str(), of.under.as_str()];
    if tx.find(sql::HAS_NAME, at, |row| row.text(0)).await?.is_some() {
        // What was told last under the number holds.
        (name, status) = (format!("{name}{own}"), MERGED);
    }
    tx.execute(sql::DELETE_ITEM, values![of.from, item.resource]).await?;
    let row = values![
        of.to,
        item.resource,
        &of.source,
        name.as_str(),
        item.kind.as_str(),
        item.class.as_str(),
        item.version,
        item.event_us,
        of.under.as_str(),
        status
    ];
    tx.execute(sql::INSERT_ITEM, row).await?;
    class::note_id(tx, of.to, &item.class).await?;
    if of.goes_back {
        return Ok(());
    }
    protect_by(tx, ctx, keys, (of.to, &of.source), (&name, &likes)).await
}

/// What a source told of a person under a number is told under another from now on: the source says
/// that both numbers are this person's. What it told under both stands beside the other's.
///
/// # Errors
///
/// [`Error::TooLarge`] for more things of a number than are looked at, and whatever the store or
/// the key ring says; then nothing is told under another.
pub async fn fold(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, source): (PersonId, &OrganisationId),
    (gone, kept): (&Under, &Under),
) -> Result<(), Error> {
    let mut after = Some(String::new());
    for _ in 0..ROUNDS_MAX {
        let Some(from) = after else { break };
        after = protect_some(tx, ctx, keys, (person, source), (gone, kept, &from)).await?;
    }
    if after.is_some() {
        return Err(Error::TooLarge);
    }
    for sql in [sql::FOLD_BESIDE, sql::FOLD] {
        tx.execute(sql, values![person, source, gone.as_str(), kept.as_str()]).await?;
    }
    Ok(())
}

/// Protects the next few things of a number that others of another will stand for. Says after which
/// others follow.
async fn protect_some(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, source): (PersonId, &OrganisationId),
    (gone, kept, after): (&Under, &Under, &str),
) -> Result<Option<String>, Error> {
    let of = values![person, source, gone.as_str(), kept.as_str(), after, FOLDED];
    let read = |row: &Row<'_>| {
        Ok((row.text(0)?, (row.parse::<ResourceId>(1)?, row.text(2)?, row.int(3)?)))
    };
    let found = tx.list(sql::FOLD_LIKES, of, read).await?;
    for (name, (item, class, version)) in &found {
        let brought = (*item, class.as_str(), *version);
        protect(tx, ctx, keys, (person, source), (name, brought)).await?;
        let likes = likes(tx, (person, source), name).await?;
        protect_by(tx, ctx, keys, (person, source), (name, &likes)).await?;
    }
    let is_all = i64::try_from(found.len()).is_ok_and(|count| count < FOLDED);
    Ok(found.into_iter().last().map(|(name, _)| name).filter(|_| !is_all))
}

/// Something that holds, of a name.
struct Like {
    resource: ResourceId,
    under: Under,
    kind: String,
    held: HeldVersion,
    status: String,
}

/// What holds of a name, whatever its number.
async fn likes(
    tx: &mut Tx,
    (person, source): (PersonId, &OrganisationId),
    name: &str,
) -> Result<Vec<Like>, Error> {
    let read = |row: &Row<'_>| {
        let (version, class) = (row.int(3)?, row.text(4)?);
        let held = HeldVersion { version, class, key: row.parse(5)?, body: row.bytes(6)? };
        let (resource, under) = (row.parse(0)?, Under::from(row.text(1)?));
        Ok(Like { resource, under, kind: row.text(2)?, held, status: row.text(7)? })
    };
    Ok(tx.list(sql::LIKES, values![person, source, name, LIKES_MAX], read).await?)
}

/// Marks what holds of a name where some of it is marked.
async fn protect_by(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    of: (PersonId, &OrganisationId),
    (name, likes): (&str, &[Like]),
) -> Result<(), Error> {
    for like in likes {
        let marked = (like.resource, like.held.class.as_str(), like.held.version);
        protect(tx, ctx, keys, of, (name, marked)).await?;
    }
    Ok(())
}

/// Marks what holds of a name as what few may read, where that is what comes beside it: an item of
/// a class, in a version.
async fn protect(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, source): (PersonId, &OrganisationId),
    (name, (item, class, version)): (&str, (ResourceId, &str, i64)),
) -> Result<(), Error> {
    let class = class::find(tx, class).await?.ok_or(Error::Corrupt("row class"))?;
    let Some(label) = class.labels.into_iter().find(|label| label.as_str() == RESTRICTED) else {
        return Ok(());
    };
    let likes = likes(tx, (person, source), name).await?;
    let likes = likes.into_iter().filter(|like| like.resource != item);
    // What marks it is what said the other thing. Its versions are here already.
    let of = values![person, item, version];
    let message = tx.find(sql::MESSAGE_OF, of, |row| row.parse::<MessageId>(0)).await?;
    let Some(message) = message else { return Ok(()) };
    for like in likes {
        let own = class::find(tx, &like.held.class).await?.ok_or(Error::Corrupt("row class"))?;
        if own.labels.contains(&label) {
            continue;
        }
        let labels = own.labels.iter().chain([&label]).cloned().collect();
        let filing = Filing {
            key: key_of(tx, keys, person).await?,
            item_key: name,
            resource: json!({ "resourceType": like.kind }),
            class: RowClass { labels, ..own },
            message,
            event: None,
            under: &like.under,
            told: None,
            said: None,
        };
        let place = Place::held((person, like.resource), like.held, like.status);
        mark(tx, ctx, keys, place, filing).await?;
    }
    Ok(())
}
