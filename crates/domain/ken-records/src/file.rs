//! Filing: what a source sent becomes an item of one person's record, or a new version of it.

use jiff::Timestamp;
use ken_core::{Ctx, MessageId, OrganisationId, PersonId, ResourceId};
use ken_sharing::RowClass;
use ken_sharing::class::{self, note_held};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Reads, Tx, values};
use serde_json::Value;

use crate::{Error, sql};

/// Largest resource, in bytes of compact JSON. House policy: attachments go to the blob store.
pub const BODY_BYTES_MAX: usize = 4 << 20;

/// Where a source's item stands, or will stand, in a person's record.
#[derive(Debug)]
pub struct Place {
    /// Whose record.
    pub person: PersonId,
    /// The item's id; drawn already when nothing is held yet, so that others may refer to it.
    pub resource: ResourceId,
    held: Option<HeldVersion>,
}

#[derive(Debug)]
struct HeldVersion {
    version: i64,
    class: String,
    key: KeyId,
    body: Vec<u8>,
}

/// Finds what a source calls by `item_key`, or makes a place for it.
///
/// # Errors
///
/// Whatever the store says.
pub async fn place(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &OrganisationId,
    item_key: &str,
) -> Result<Place, Error> {
    let found = tx
        .find(sql::FIND_ITEM, values![person, source, item_key], |row| {
            let (version, class) = (row.int(1)?, row.text(2)?);
            let held = HeldVersion { version, class, key: row.parse(3)?, body: row.bytes(4)? };
            Ok((row.parse::<ResourceId>(0)?, held))
        })
        .await?;
    Ok(match found {
        Some((resource, held)) => Place { person, resource, held: Some(held) },
        None => Place { person, resource: ResourceId::draw(ctx.ids), held: None },
    })
}

/// One resource to file.
#[derive(Debug)]
pub struct Filing<'a> {
    /// The key that the person's bodies are sealed with.
    pub key: KeyId,
    /// What the source calls this item; sending it again under the same key makes a new version.
    pub item_key: &'a str,
    /// The FHIR resource.
    pub resource: &'a Value,
    /// What the gate needs to know of it.
    pub class: RowClass,
    /// The message that brought it.
    pub message: MessageId,
    /// When it happened, where that is known.
    pub event: Option<Timestamp>,
}

/// What filing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filed {
    /// The item.
    pub resource: ResourceId,
    /// Its current version, from 1.
    pub version: i64,
    /// Whether this filing made that version; false when the same was held already.
    pub is_new: bool,
}

/// Files one resource in its place; the same content again changes nothing.
///
/// # Errors
///
/// [`Error::TooLarge`], or whatever the store or the key ring says.
pub async fn file(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    place: Place,
    filing: &Filing<'_>,
) -> Result<Filed, Error> {
    let body = serde_json::to_vec(filing.resource).map_err(|_| Error::Corrupt("resource"))?;
    if body.len() > BODY_BYTES_MAX {
        return Err(Error::TooLarge);
    }
    let Place { person, resource, held } = place;
    let mut version = 1;
    if let Some(held) = held {
        let aad = associated(person, resource, held.version);
        let before = keys.open(&held.key, &aad, &held.body).await?;
        if before.is_some_and(|before| before == body) && held.class == class::id(&filing.class) {
            return Ok(Filed { resource, version: held.version, is_new: false });
        }
        version = held.version.saturating_add(1);
    }
    let class_id = note_held(tx, person, &filing.class).await?;
    insert(tx, filing, (person, resource, version, &class_id)).await?;
    let aad = associated(person, resource, version);
    let sealed = keys.seal(&filing.key, &aad, &body).await?;
    let of = values![
        person,
        resource,
        version,
        class_id.as_str(),
        filing.message,
        ctx.now_us(),
        filing.key.to_string(),
        sealed.as_slice()
    ];
    tx.execute(sql::INSERT_VERSION, of).await?;
    Ok(Filed { resource, version, is_new: true })
}

async fn insert(
    tx: &mut Tx,
    filing: &Filing<'_>,
    (person, resource, version, class): (PersonId, ResourceId, i64, &str),
) -> Result<(), Error> {
    let kind = filing.resource.get("resourceType").and_then(Value::as_str).unwrap_or("Basic");
    let of = values![
        person,
        resource,
        &filing.class.source,
        filing.item_key,
        kind,
        class,
        version,
        filing.event
    ];
    tx.execute(sql::UPSERT_ITEM, of).await?;
    Ok(())
}

/// What a sealed body is bound to, so that no body can be moved to another place unnoticed.
pub(crate) fn associated(person: PersonId, resource: ResourceId, version: i64) -> Vec<u8> {
    format!("record/1 {person} {resource} {version}").into_bytes()
}
