//! What comes late: it is composed with what its source had said by then, not with what it has said
//! since.
//!
//! # Invariants
//!
//! - Of the versions that a source had said by an instant, the one that was filed last is what it
//!   says of that instant: whatever came late was filed with all that was said after it, each of
//!   which is a version again where it says anything else.
//! - What was filed before times were noted is older than anything that has one.
//!
//! Source: ADR 48.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, MessageId, OrganisationId, PersonId, ResourceId};
use ken_sharing::class;
use ken_store::{Reads, Row, Tx, values};

use crate::file::{HeldVersion, Place, places};
use crate::{Error, Under, sql};

/// Most versions of one thing that are looked at. House policy: of what is told so often, the last.
const MADE_MAX: i64 = 20;

/// When a source said a message: at its time, and of those of one instant in the order in which
/// they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Then {
    /// Its time.
    pub said: Timestamp,
    /// The message.
    pub message: MessageId,
}

/// Whether an item bears a mark: as it is held, or as it was before a message was said. What was
/// not told by then bore none.
///
/// # Errors
///
/// Whatever the store says.
pub async fn bears(
    tx: &mut Tx,
    person: PersonId,
    item: ResourceId,
    (mark, then): (&str, Option<Then>),
) -> Result<bool, Error> {
    let class = match then {
        None => tx.find(sql::CLASS_OF, values![person, item], |row| row.text(0)).await?,
        Some(Then { said, message }) => {
            let at = values![person, item, said, message];
            tx.find(sql::CLASS_BY_THEN, at, |row| row.text(0)).await?
        }
    };
    let Some(class) = class else { return Ok(false) };
    let class = class::find(tx, &class).await?.ok_or(Error::Corrupt("row class"))?;
    Ok(class.labels.iter().any(|label| label.as_str() == mark))
}

/// Whether a message was the first of its source to tell an item.
///
/// # Errors
///
/// Whatever the store says.
pub async fn is_first(
    tx: &mut Tx,
    person: PersonId,
    item: ResourceId,
    Then { said, message }: Then,
) -> Result<bool, Error> {
    let at = values![person, item, said, message];
    Ok(tx.find(sql::TOLD_BEFORE, at, |row| row.int(0)).await?.is_none())
}

/// Which messages made the newest versions of some items, of those that were said since an instant.
///
/// # Errors
///
/// Whatever the store says.
pub async fn made_since(
    tx: &mut Tx,
    person: PersonId,
    items: &BTreeSet<ResourceId>,
    said: Timestamp,
) -> Result<BTreeSet<MessageId>, Error> {
    let mut made = BTreeSet::new();
    for item in items {
        let of = values![person, item, said, MADE_MAX];
        made.extend(tx.list(sql::MADE_SINCE, of, |row| row.parse::<MessageId>(0)).await?);
    }
    Ok(made)
}

/// Finds as [`places()`] what a source calls by these keys under a number, as it was by what the
/// source had said by an instant.
///
/// # Errors
///
/// Whatever the store says.
pub async fn places_by(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    of: (&OrganisationId, &Under),
    item_keys: &[&str],
    said: Timestamp,
) -> Result<Vec<Place>, Error> {
    let mut found = places(tx, ctx, person, of, item_keys).await?;
    for place in found.iter_mut().filter(|place| place.held.is_some()) {
        let read = |row: &Row<'_>| {
            let (version, class) = (row.int(0)?, row.text(1)?);
            Ok(HeldVersion { version, class, key: row.parse(2)?, body: row.bytes(3)? })
        };
        let at = values![person, place.resource, said];
        place.held = tx.find(sql::FIND_BY_THEN, at, read).await?;
    }
    Ok(found)
}
