//! Reading entries, opened where their key still exists.
//!
//! # Invariants
//!
//! - Every entry read is hashed again: what was changed in the database is found, not shown.
//! - Pages are bounded, and have no count or number from which a hidden entry could be inferred.

use jiff::Timestamp;
use ken_core::{EntryId, OrganisationId, PersonId};
use ken_store::keys::KeyRing;
use ken_store::{Error as StoreError, Reads, Result as StoreResult, Row, values};

use crate::entry::{Canonical, Commitment, NONCE_LEN, detail_binding, unpad_detail};
use crate::{Entry, EntryKind, Error, Fault, Hash, Stream, sql};

/// Most entries of one page. House policy: more than a screen shows.
pub const PAGE_MAX: u32 = 200;

/// Greater than every id, in the order of the database.
const AFTER_ALL: &str = "~";

/// Which part of a stream: newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only entries before this one: the last of the page before. `None` begins at the newest.
    pub before: Option<EntryId>,
    /// At most so many; [`PAGE_MAX`] if that is less.
    pub limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { before: None, limit: 50 }
    }
}

/// What the person may see of their own stream, newest first.
///
/// An entry that waits for a review or a day is absent, and leaves no gap.
///
/// # Errors
///
/// [`Error::Corrupt`] when a stored entry is not what was written, or those of the store.
pub async fn person_entries(
    reads: &mut impl Reads,
    keys: &KeyRing,
    person: PersonId,
    page: Page,
) -> Result<Vec<Entry>, Error> {
    list(reads, keys, &Stream::Person(person), sql::STREAM_PAGE_VISIBLE, page).await
}

/// What the person may see of who looked at their record, and of what came of checking that, newest
/// first: nothing else takes a place of the page.
///
/// # Errors
///
/// As [`person_entries`].
pub async fn person_looks(
    reads: &mut impl Reads,
    keys: &KeyRing,
    person: PersonId,
    page: Page,
) -> Result<Vec<Entry>, Error> {
    list(reads, keys, &Stream::Person(person), sql::STREAM_PAGE_LOOKS, page).await
}

/// What stands at one place of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Its id as it is stored: what the next page begins after, whatever the rest says.
    place: String,
    /// The entry; none where it is not what was written.
    pub entry: Option<Entry>,
}

/// All of a person's stream, newest first, whatever its visibility, at most [`PAGE_MAX`] after
/// `last`: for who asks back what was shown of the wrong person, not for the person. What was
/// changed in the database is told as such, and the rest is read all the same.
///
/// # Errors
///
/// Those of the store.
pub async fn person_stream(
    reads: &mut impl Reads,
    keys: &KeyRing,
    person: PersonId,
    last: Option<&Placed>,
) -> Result<Vec<Placed>, Error> {
    let before = last.map_or(AFTER_ALL, |last| last.place.as_str());
    let of = values![Stream::Person(person).to_string(), before, PAGE_MAX];
    let read = |row: &Row<'_>| Ok((row.text(1)?, Stored::read(row, 0).ok()));
    let mut placed = Vec::new();
    for (place, stored) in reads.list(sql::STREAM_PAGE, of, read).await? {
        placed.push(Placed { place, entry: Stored::opened(stored, keys).await? });
    }
    Ok(placed)
}

/// An organisation's own stream, newest first, whatever its visibility.
///
/// # Errors
///
/// As [`person_entries`].
pub async fn organisation_entries(
    reads: &mut impl Reads,
    keys: &KeyRing,
    organisation: &OrganisationId,
    page: Page,
) -> Result<Vec<Entry>, Error> {
    let stream = Stream::Organisation(organisation.clone());
    list(reads, keys, &stream, sql::STREAM_PAGE, page).await
}

/// One entry, whatever its visibility: for governance and for permits, not for the person.
///
/// # Errors
///
/// As [`person_entries`].
pub async fn entry(
    reads: &mut impl Reads,
    keys: &KeyRing,
    stream: &Stream,
    id: EntryId,
) -> Result<Option<Entry>, Error> {
    match stored(reads, stream, id).await? {
        Some(stored) => stored.open(keys).await.map(Some),
        None => Ok(None),
    }
}

/// What an auditor needs to recompute an entry's leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The entry, but for its detail, of which it has the digest.
    pub canonical: Canonical,
    /// The random bytes that hid it.
    pub nonce: [u8; NONCE_LEN],
}

impl Opening {
    /// The leaf that must be in the log.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        self.canonical.commitment(&self.nonce).leaf()
    }
}

/// The opening of one entry.
///
/// # Errors
///
/// As [`person_entries`].
pub async fn opening(
    reads: &mut impl Reads,
    stream: &Stream,
    id: EntryId,
) -> Result<Option<Opening>, Error> {
    let stored = stored(reads, stream, id).await?;
    Ok(stored.map(|Stored { canonical, nonce, .. }| Opening { canonical, nonce }))
}

async fn list(
    reads: &mut impl Reads,
    keys: &KeyRing,
    stream: &Stream,
    sql: ken_store::Sql,
    page: Page,
) -> Result<Vec<Entry>, Error> {
    let before = page.before.map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string());
    let of = values![stream.to_string(), before, page.limit.min(PAGE_MAX)];
    let mut entries = Vec::new();
    for stored in reads.list(sql, of, |row| Stored::read(row, 0)).await? {
        entries.push(stored.checked()?.open(keys).await?);
    }
    Ok(entries)
}

async fn stored(
    reads: &mut impl Reads,
    stream: &Stream,
    id: EntryId,
) -> Result<Option<Stored>, Error> {
    let of = values![stream.to_string(), id];
    let stored = reads.find(sql::ENTRY, of, |row| Stored::read(row, 0)).await?;
    stored.map(Stored::checked).transpose()
}

/// An entry as it is stored.
pub(crate) struct Stored {
    canonical: Canonical,
    nonce: [u8; NONCE_LEN],
    pub(crate) commitment: Commitment,
    sealed: Vec<u8>,
}

impl Stored {
    /// Reads nine columns from `first` on.
    pub(crate) fn read(row: &Row<'_>, first: usize) -> StoreResult<Self> {
        let sealed = row.bytes(first + 8)?;
        let canonical = Canonical {
            stream: row.parse(first)?,
            id: row.parse(first + 1)?,
            kind: row.parse(first + 2)?,
            visibility: row.parse(first + 3)?,
            at_us: row.int(first + 4)?,
            key: row.parse(first + 5)?,
            detail: Hash::of(&[&sealed]),
        };
        let nonce = bytes32(row, first + 6)?;
        let commitment = Commitment::from_hash(Hash::from_bytes(bytes32(row, first + 7)?));
        Ok(Self { canonical, nonce, commitment, sealed })
    }

    /// Whether the entry is what its commitment says.
    pub(crate) fn is_whole(&self) -> bool {
        self.canonical.commitment(&self.nonce) == self.commitment
    }

    /// Whether it is what a leaf says that was sealed.
    pub(crate) fn is_sealed_as(&self, leaf: [u8; 32]) -> bool {
        self.is_whole() && self.commitment == Commitment::from_hash(Hash::from_bytes(leaf))
    }

    /// When it says that it was written, in microseconds.
    pub(crate) fn at_us(&self) -> i64 {
        self.canonical.at_us
    }

    /// What it says that happened.
    pub(crate) fn kind(&self) -> EntryKind {
        self.canonical.kind
    }

    fn checked(self) -> Result<Self, Error> {
        if self.is_whole() { Ok(self) } else { Err(Error::Corrupt(Fault::Entry)) }
    }

    /// An entry, where it reads and is what was kept.
    pub(crate) async fn opened(
        stored: Option<Self>,
        keys: &KeyRing,
    ) -> Result<Option<Entry>, Error> {
        let Some(stored) = stored.filter(Self::is_whole) else { return Ok(None) };
        match stored.open(keys).await {
            Ok(entry) => Ok(Some(entry)),
            Err(Error::Corrupt(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn open(self, keys: &KeyRing) -> Result<Entry, Error> {
        let Canonical { id, stream, kind, visibility, at_us, key, .. } = self.canonical;
        let binding = detail_binding(&stream, id);
        let detail = match keys.open(&key, &binding, &self.sealed).await {
            Ok(None) => None,
            Ok(Some(padded)) => Some(unpad_detail(&padded).ok_or(Error::Corrupt(Fault::Entry))?),
            Err(StoreError::Unsealable) => return Err(Error::Corrupt(Fault::Entry)),
            Err(error) => return Err(error.into()),
        };
        Ok(Entry { id, stream, kind, visibility, at: time(at_us)?, detail })
    }
}

pub(crate) fn bytes32(row: &Row<'_>, index: usize) -> StoreResult<[u8; 32]> {
    row.bytes(index)?.try_into().map_err(|_| StoreError::Column { index })
}

fn time(at_us: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(at_us).map_err(|_| Error::Corrupt(Fault::Entry))
}
