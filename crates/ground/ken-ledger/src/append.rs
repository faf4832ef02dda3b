//! Writing entries, in the transaction of their effect.
//!
//! It is on the path of every request: for each entry two hashes and one encryption, for all of
//! them one insertion.
//!
//! # Invariants
//!
//! - Entries given together are written together or not at all.
//! - An entry that records a decision is written only if what was decided by still stands.
//!
//! Source: `core.md` 2.1, 3.1 and 4.2.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::{Ctx, EntryId, PersonId};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Error as StoreError, Reads as _, Sql, Tx, Value, values};

use crate::entry::{Canonical, Commitment, NONCE_LEN, detail_binding, pad_detail};
use crate::{Error, Hash, NewEntry, Stream, sql};

/// Most entries of one call. House policy: a decision over a page of people is the largest.
pub const ENTRIES_MAX: usize = 64;

/// Streams whose keys are looked up together: a person's and a few organisations'.
const STREAMS_AT_ONCE: usize = 4;

/// An insertion of a fixed number of rows.
#[derive(Clone, Copy)]
struct Shape {
    rows: usize,
    /// Whatever the state.
    always: Sql,
    /// If what was decided by still stands.
    if_current: Sql,
}

/// The insertions that are prepared, largest first.
const SHAPES: [Shape; 3] = [
    Shape { rows: 4, always: sql::APPEND_4, if_current: sql::APPEND_IF_4 },
    Shape { rows: 2, always: sql::APPEND_2, if_current: sql::APPEND_IF_2 },
    Shape { rows: 1, always: sql::APPEND_1, if_current: sql::APPEND_IF_1 },
];

/// Writes one entry.
///
/// # Errors
///
/// [`Error::DetailTooLong`], or those of the store.
pub async fn append(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    entry: NewEntry,
) -> Result<EntryId, Error> {
    let ready = Ready::new(tx, ctx, keys, &entry).await?;
    tx.execute_later(sql::APPEND_1, &ready.values()).await?;
    Ok(ready.canonical.id)
}

/// Writes several entries, in one insertion where there are at most four.
///
/// # Errors
///
/// [`Error::TooMany`] over [`ENTRIES_MAX`], [`Error::DetailTooLong`], or those of the store.
pub async fn append_all(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    entries: Vec<NewEntry>,
) -> Result<Vec<EntryId>, Error> {
    let ready = ready_all(tx, ctx, keys, &entries).await?;
    let mut rest = ready.as_slice();
    while let Some((rows, shape)) = next_shape(&mut rest) {
        let of: Vec<Value<'_>> = rows.iter().flat_map(Ready::values).collect();
        tx.execute_later(shape.always, &of).await?;
    }
    Ok(ready.iter().map(|row| row.canonical.id).collect())
}

/// Writes the entries of a decision about `person`, if the person's `epoch` and the version of the
/// `policy` are still those it was taken by. `None`: they are not, and nothing was written.
///
/// On PostgreSQL the guard row is then locked, shared, to the end of the transaction.
///
/// # Errors
///
/// As [`append_all`].
pub async fn append_if_current(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    entries: Vec<NewEntry>,
    person: PersonId,
    epoch: i64,
    policy: i64,
) -> Result<Option<Vec<EntryId>>, Error> {
    let ready = ready_all(tx, ctx, keys, &entries).await?;
    let mut rest = ready.as_slice();
    let mut is_first = true;
    while let Some((rows, shape)) = next_shape(&mut rest) {
        let condition = [Value::from(person), Value::from(epoch), Value::from(policy)];
        let of: Vec<Value<'_>> =
            condition.into_iter().chain(rows.iter().flat_map(Ready::values)).collect();
        let written = tx.execute(shape.if_current, &of).await?;
        match (written, is_first) {
            (0, true) => return Ok(None),
            (0, false) => return Err(StoreError::Contended.into()),
            _ => is_first = false,
        }
    }
    Ok(Some(ready.iter().map(|row| row.canonical.id).collect()))
}

/// Takes as many rows as the largest shape that they fill.
fn next_shape<'a>(rest: &mut &'a [Ready]) -> Option<(&'a [Ready], Shape)> {
    let shape = SHAPES.into_iter().find(|shape| shape.rows <= rest.len())?;
    let (rows, after) = rest.split_at_checked(shape.rows)?;
    *rest = after;
    Some((rows, shape))
}

async fn ready_all(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    entries: &[NewEntry],
) -> Result<Vec<Ready>, Error> {
    if entries.len() > ENTRIES_MAX {
        return Err(Error::TooMany);
    }
    let of = stream_keys(tx, keys, entries).await?;
    let mut ready: Vec<Ready> = Vec::with_capacity(entries.len());
    for entry in entries {
        let key = of.get(&entry.stream).copied().ok_or(StoreError::Contended)?;
        ready.push(Ready::under(tx, ctx, keys, entry, key).await?);
    }
    Ok(ready)
}

/// The keys of all streams of these entries, looked up [`STREAMS_AT_ONCE`] at a time.
async fn stream_keys(
    tx: &mut Tx,
    keys: &KeyRing,
    entries: &[NewEntry],
) -> Result<BTreeMap<Stream, KeyId>, Error> {
    let streams: BTreeSet<&Stream> = entries.iter().map(|entry| &entry.stream).collect();
    let streams: Vec<&Stream> = streams.into_iter().collect();
    let mut found = BTreeMap::new();
    for some in streams.chunks(STREAMS_AT_ONCE) {
        // They are named again in the places that are left over.
        let named = some.iter().chain(some.iter().cycle());
        let of: Vec<Value<'_>> =
            named.take(STREAMS_AT_ONCE).map(|stream| stream.to_string().into()).collect();
        let rows = tx.list(sql::STREAM_KEYS, &of, |row| Ok((row.parse(0)?, row.parse(1)?)));
        found.extend(rows.await?);
    }
    for stream in streams {
        if !found.contains_key(stream) {
            found.insert(stream.clone(), stream_key(tx, keys, stream).await?);
        }
    }
    Ok(found)
}

/// An entry, hashed and encrypted.
struct Ready {
    canonical: Canonical,
    nonce: [u8; NONCE_LEN],
    commitment: Commitment,
    sealed: Vec<u8>,
}

impl Ready {
    async fn new(
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        entry: &NewEntry,
    ) -> Result<Self, Error> {
        let key = stream_key(tx, keys, &entry.stream).await?;
        Self::under(tx, ctx, keys, entry, key).await
    }

    async fn under(
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        keys: &KeyRing,
        entry: &NewEntry,
        key: KeyId,
    ) -> Result<Self, Error> {
        let id = EntryId::draw(ctx.ids);
        let (stream, padded) = (entry.stream.clone(), pad_detail(&entry.detail)?);
        let binding = detail_binding(&stream, id);
        let (key, sealed) = match keys.seal(&key, &binding, &padded).await {
            // The ledger is an older copy, from before the key was destroyed: begin anew.
            Err(StoreError::KeyErased) => {
                tx.execute(sql::STREAM_DROP_KEY, values![stream.to_string()]).await?;
                let key = stream_key(tx, keys, &stream).await?;
                (key, keys.seal(&key, &binding, &padded).await?)
            }
            sealed => (key, sealed?),
        };
        let detail = Hash::of(&[&sealed]);
        let (kind, visibility, at_us) = (entry.kind, entry.visibility, ctx.now_us());
        let canonical = Canonical { id, stream, kind, visibility, at_us, key, detail };
        let nonce = ctx.entropy();
        let commitment = canonical.commitment(&nonce);
        Ok(Self { canonical, nonce, commitment, sealed })
    }

    fn values(&self) -> [Value<'_>; 9] {
        let canonical = &self.canonical;
        [
            canonical.stream.to_string().into(),
            canonical.id.into(),
            canonical.kind.code().into(),
            canonical.visibility.code().into(),
            canonical.at_us.into(),
            canonical.key.into(),
            (&self.nonce).into(),
            self.commitment.as_bytes().into(),
            (&self.sealed).into(),
        ]
    }
}

/// The key of a stream's details; a fresh one for a stream that has none.
async fn stream_key(tx: &mut Tx, keys: &KeyRing, stream: &Stream) -> Result<KeyId, Error> {
    let stream = stream.to_string();
    if let Some(key) = tx.find(sql::STREAM_KEY, values![&stream], |row| row.parse(0)).await? {
        return Ok(key);
    }
    let key = keys.fresh().await?;
    if tx.execute(sql::STREAM_TAKE_KEY, values![&stream, key]).await? == 1 {
        return Ok(key);
    }
    // Another transaction was first, and has committed.
    let key = tx.find(sql::STREAM_KEY, values![&stream], |row| row.parse(0)).await?;
    key.ok_or(Error::Store(StoreError::Contended))
}
