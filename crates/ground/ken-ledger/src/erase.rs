//! Erasure: a key is destroyed, a certificate says so, and the log still verifies.
//!
//! The order matters: the certificate is durable first, then the key is destroyed. A crash in
//! between, or a key store restored from a backup, is put right by [`replay_erasures`] at start.
//!
//! # Invariants
//!
//! - Every key that the ledger says is destroyed, is, once [`replay_erasures`] has run.
//! - No leaf changes: a leaf commits to the digest of what was encrypted, not to what it said.
//!
//! Source: `core.md` 3.1; UK GDPR, article 17.

use ken_core::{Ctx, EntryId, OrganisationId, PersonId};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Error as StoreError, Reads as _, Tx, values};
use serde_json::{Value, json};

use crate::{EntryKind, Error, NewEntry, Stream, Visibility, append, sql};

/// Most keys of one erasure. House policy: a person has one per stream and a few per record.
const KEYS_MAX: usize = 256;

/// Keys read at once when erasures are replayed.
const REPLAY_AT_ONCE: i64 = 1000;

/// A certified erasure whose keys are still to be destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the keys still exist: call `destroy` once the transaction is durable"]
pub struct Erasure {
    /// The certificate, in the stream of the organisation that erased.
    pub certificate: EntryId,
    /// The keys it names.
    pub keys: Vec<KeyId>,
}

/// Enters that the keys of what is held about `person` are to be destroyed: the one of the
/// person's own stream, and `others`, which sealed their records. `reason` goes into the
/// certificate, which `by` can read.
///
/// # Errors
///
/// [`Error::TooMany`] beyond 256 keys, or those of [`append`].
pub async fn certify_erasure(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    by: &OrganisationId,
    others: &[KeyId],
    reason: Value,
) -> Result<Erasure, Error> {
    let stream = Stream::Person(person);
    let name = stream.to_string();
    let own = tx.find(sql::STREAM_KEY, values![&name], |row| row.parse::<KeyId>(0)).await?;
    let mut named: Vec<KeyId> = others.iter().copied().chain(own).collect();
    named.sort_unstable();
    named.dedup();
    if named.len() > KEYS_MAX {
        return Err(Error::TooMany);
    }
    let texts: Vec<String> = named.iter().map(ToString::to_string).collect();
    let entry = NewEntry {
        stream: Stream::Organisation(by.clone()),
        kind: EntryKind::Erasure,
        visibility: Visibility::Never,
        detail: json!({ "stream": name, "keys": texts, "reason": reason }),
    };
    let certificate = append(tx, ctx, keys, entry).await?;
    for key in &named {
        let of = values![key, &name, certificate, ctx.now_us()];
        tx.execute(sql::ERASURE_PUT, of).await?;
    }
    tx.execute(sql::STREAM_DROP_KEY, values![&name]).await?;
    Ok(Erasure { certificate, keys: named })
}

/// Enters that things of an organisation which were kept long enough are removed, with the keys
/// that they were under, if any; `detail` says what, how many and by which rule. It is the
/// certificate of the disposal, in the stream of the organisation.
///
/// # Errors
///
/// As [`certify_erasure`].
pub async fn certify_disposal(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &OrganisationId,
    named: &[KeyId],
    mut detail: Value,
) -> Result<Erasure, Error> {
    if named.len() > KEYS_MAX {
        return Err(Error::TooMany);
    }
    let stream = Stream::Organisation(by.clone());
    if let Some(detail) = detail.as_object_mut() {
        let texts: Vec<String> = named.iter().map(ToString::to_string).collect();
        detail.insert("keys".to_owned(), json!(texts));
    }
    let (name, kind, visibility) = (stream.to_string(), EntryKind::Erasure, Visibility::Never);
    let entry = NewEntry { stream, kind, visibility, detail };
    let certificate = append(tx, ctx, keys, entry).await?;
    for key in named {
        let of = values![key, &name, certificate, ctx.now_us()];
        tx.execute(sql::ERASURE_PUT, of).await?;
    }
    Ok(Erasure { certificate, keys: named.to_vec() })
}

/// Destroys the keys of a certified erasure, after its transaction; not inside a write.
///
/// # Errors
///
/// Those of the key store; [`replay_erasures`] then does it later.
pub async fn destroy(keys: &KeyRing, erasure: &Erasure) -> Result<(), Error> {
    for key in &erasure.keys {
        keys.erase(key).await?;
    }
    Ok(())
}

/// Destroys every key that a certificate names and that still exists: after a crash, or after the
/// key store was restored. Gives the number of keys that had come back.
///
/// # Errors
///
/// Those of the store.
pub async fn replay_erasures(db: &Db, keys: &KeyRing) -> Result<u64, Error> {
    let (mut after, mut destroyed) = (String::new(), 0);
    loop {
        let page: Vec<KeyId> = db
            .snapshot("ledger.erasures", async |s| {
                s.list(sql::ERASURES, values![&after, REPLAY_AT_ONCE], |row| row.parse(0)).await
            })
            .await
            .map_err(Error::Store)?;
        let Some(last) = page.last() else { return Ok(destroyed) };
        after = last.to_string();
        for key in &page {
            if exists(keys, key).await? {
                destroyed += u64::from(keys.erase(key).await?);
            }
        }
    }
}

/// Whether a key can still open anything: asked by opening nothing, which costs no commit.
async fn exists(keys: &KeyRing, key: &KeyId) -> Result<bool, Error> {
    match keys.open(key, &[], &[]).await {
        Ok(None) | Err(StoreError::KeyUnknown) => Ok(false),
        Ok(Some(_)) | Err(StoreError::Unsealable) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
