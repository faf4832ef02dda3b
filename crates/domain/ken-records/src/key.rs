//! The key that a person's bodies are sealed with: one a person, named here, kept elsewhere.

use std::collections::BTreeSet;

use ken_core::PersonId;
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Reads, Tx, values};

use crate::{Error, sql};

/// Holds what is filed for some people to the end of the transaction, as [`key_of`] does for one.
///
/// Who takes guards as well takes these before: a message holds the key of whom it files for and
/// then, where it says something new, their guard.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn hold(tx: &mut Tx, keys: &KeyRing, people: &BTreeSet<PersonId>) -> Result<(), Error> {
    for person in people {
        key_of(tx, keys, *person).await?;
    }
    Ok(())
}

/// The key of a person's bodies, given to those who have none.
///
/// What is filed for one person is filed by one after the other from here to the end of the
/// transaction: two that read the same item before either wrote it would both write its next
/// version, and one would be refused.
///
/// # Errors
///
/// Whatever the store or the key ring says.
pub async fn key_of(tx: &mut Tx, keys: &KeyRing, person: PersonId) -> Result<KeyId, Error> {
    let held = tx.find(sql::FIND_KEY, values![person], |row| row.parse(0)).await?;
    if let Some(key) = held {
        return Ok(key);
    }
    let fresh = keys.fresh().await?;
    let given = values![person, fresh.to_string()];
    if tx.execute(sql::INSERT_KEY, given).await? > 0 {
        return Ok(fresh);
    }
    // Another write gave one meanwhile.
    let held = tx.find(sql::FIND_KEY, values![person], |row| row.parse(0)).await?;
    held.ok_or(Error::Corrupt("key"))
}
