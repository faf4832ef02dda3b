//! Disposal of held messages that were closed long ago: counted first, then removed with the keys
//! of their bodies.
//!
//! # Invariants
//!
//! - Only what is closed is removed, and only of sources of the organisation that disposes.
//! - Nothing of what a message says comes out of here.

use jiff::Timestamp;
use ken_core::{MessageId, OrganisationId};
use ken_store::keys::KeyId;
use ken_store::{Reads, Row, Tx, values};

use crate::{Error, sql};

/// How many held messages of an organisation's systems were closed by an instant.
///
/// # Errors
///
/// Whatever the store says.
pub async fn closed_held<R: Reads>(
    reads: &mut R,
    own: &OrganisationId,
    before: Timestamp,
) -> Result<i64, Error> {
    let count = reads.find(sql::COUNT_CLOSED_HELD, values![own, before], |row| row.int(0)).await?;
    Ok(count.unwrap_or(0))
}

/// Removes at most so many of them, the oldest first; gives the keys that their bodies were under,
/// which are still to be destroyed.
///
/// # Errors
///
/// Whatever the store says.
pub async fn dispose_held(
    tx: &mut Tx,
    own: &OrganisationId,
    before: Timestamp,
    most: i64,
) -> Result<Vec<KeyId>, Error> {
    let row = |row: &Row<'_>| Ok((row.parse::<MessageId>(0)?, row.parse::<KeyId>(1)?));
    let found = tx.list(sql::LIST_CLOSED_HELD, values![own, before, most], row).await?;
    let mut keys = Vec::with_capacity(found.len());
    for (id, key) in found {
        if tx.execute(sql::DELETE_HELD, values![id]).await? > 0 {
            keys.push(key);
        }
    }
    Ok(keys)
}
