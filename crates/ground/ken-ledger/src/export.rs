//! The log in one file, for whoever wants to check it elsewhere.
//!
//! ```text
//! ken-ledger-export/1                        the format
//! glen.example/ledger+1a2b3c4d+AbCd...       the log's verifier key
//! 2                                          how many checkpoints follow, smallest tree first
//! 317                                        length of the next note, in bytes
//! (the note, with its cosignatures)
//! 212
//! (the note of the whole tree, and the time of the export signed by the log)
//! (for each 256 leaves: the entry bundle, then the level-0 tile, both as C2SP tlog-tiles has them)
//! (32 bytes: SHA-256 of all that precedes)
//! ```
//!
//! # Invariants
//!
//! - The file holds commitments, hashes and signatures: nothing that a guess could be checked
//!   against, since every commitment hides behind 32 random bytes that are not in it.
//! - It is taken up to one checkpoint. Leaves below a checkpoint never change, so reading them in
//!   several short snapshots gives one consistent log while the system runs on.
//!
//! # Sources
//!
//! - C2SP tlog-tiles, tlog-checkpoint, signed-note. The same is told in `docs/ledger-format.md`.

use std::io::Write;

use ken_core::Clock;
use ken_store::{Db, Reads, Snapshot, values};
use sha2::{Digest as _, Sha256};

use crate::hash::HASH_LEN;
use crate::note::{Note, SIGNATURES_MAX, VerifierKey};
use crate::signer::SignerKey;
use crate::tile::TILE_WIDTH;
use crate::{Checkpoint, Error, Fault, Hash, LEAF_DATA_LEN, checkpoints, sql};

/// First line of an export.
pub(crate) const HEADER: &str = "ken-ledger-export/1";

/// Most checkpoints in an export. House policy: enough to date a fault to within a checkpoint of
/// the recent past; older ones add nothing that the newest does not prove.
pub const CHECKPOINTS_MAX: usize = 256;

/// Tiles read in one snapshot, so that none is long.
const TILES_AT_ONCE: u64 = 16;

/// Length of one entry in a bundle: two bytes of length, then the leaf's data.
pub(crate) const BUNDLED_LEN: usize = 2 + LEAF_DATA_LEN;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Which log.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
}

/// Writes the log, as far as its newest checkpoint, to `writer`.
///
/// It may run while entries are written and sealed. The log's key dates the newest checkpoint, with
/// the time before it was read: then a receipt that had fallen due by that time, and whose leaf is
/// not in the file, is proof against the log.
///
/// # Errors
///
/// [`Error::Unsealed`] before the first checkpoint; [`Error::Io`]; [`Error::Corrupt`] when leaves
/// or tiles are missing, in which case there is nothing whole to export.
pub async fn export(
    db: &Db,
    clock: &dyn Clock,
    key: &SignerKey,
    writer: &mut (dyn Write + Send),
) -> Result<Exported, Error> {
    let now_s = u64::try_from(clock.now().as_second()).unwrap_or_default();
    let (log, mut notes) = db.snapshot("ledger.export", async |s| head(s).await).await?;
    let Some(last) = notes.last_mut() else { return Err(Error::Unsealed) };
    let Checkpoint { origin, size, .. } = Checkpoint::read(last.text())?;
    // Where every place is taken by witnesses, theirs matter more.
    if log == *key.verifier() && last.signatures().len() < SIGNATURES_MAX {
        key.date(last, now_s)?;
    }
    let mut out = Digesting { writer, digest: Sha256::new() };
    out.put_head(&log, &notes)?;
    let tiles = size.div_ceil(TILE_WIDTH);
    let mut tile = 0;
    while tile < tiles {
        let until = tiles.min(tile + TILES_AT_ONCE);
        let read = async |s: &mut Snapshot| chunks(s, tile, until, size).await;
        for bytes in db.snapshot("ledger.export", read).await? {
            out.put(&bytes)?;
        }
        tile = until;
    }
    out.finish()?;
    Ok(Exported { origin, size })
}

/// The log's key, and its checkpoints: those with cosignatures, and the newest.
async fn head(s: &mut Snapshot) -> Result<(VerifierKey, Vec<Note>), Error> {
    let key = s.find(sql::LOG_KEY, &[], |row| row.text(0)).await?.ok_or(Error::Unsealed)?;
    let mut notes = checkpoints::cosigned(s, CHECKPOINTS_MAX - 1).await?;
    let newest = checkpoints::newest(s).await?;
    let is_there = |newest: &Note| notes.last().map(Note::text) == Some(newest.text());
    notes.extend(newest.filter(|newest| !is_there(newest)));
    Ok((key.parse()?, notes))
}

/// The bundles and tiles from `tile` up to, not including, `until`, of a log of `size` leaves.
async fn chunks(s: &mut Snapshot, tile: u64, until: u64, size: u64) -> Result<Vec<Vec<u8>>, Error> {
    let mut chunks = Vec::new();
    for index in tile..until {
        let width = TILE_WIDTH.min(size - index * TILE_WIDTH);
        chunks.push(bundle(s, index, width).await?);
        chunks.push(tile_bytes(s, 0, index, width).await?);
    }
    Ok(chunks)
}

/// The entry bundle `index`, cut to `width` entries.
pub(crate) async fn bundle(s: &mut impl Reads, index: u64, width: u64) -> Result<Vec<u8>, Error> {
    let from = index.checked_mul(TILE_WIDTH).ok_or(Error::Corrupt(Fault::Leaf))?;
    let of = values![int(from), int(from.saturating_add(width))];
    let leaves = s.list(sql::LEAVES_BETWEEN, of, |row| row.bytes(0)).await?;
    if leaves.len() as u64 != width {
        return Err(Error::Corrupt(Fault::Leaf));
    }
    let mut bytes = Vec::with_capacity(leaves.len() * BUNDLED_LEN);
    for leaf in leaves {
        let hash = Hash::from_slice(&leaf).ok_or(Error::Corrupt(Fault::Leaf))?;
        let data = crate::Commitment::from_hash(hash).leaf_data();
        bytes.extend_from_slice(&u16::try_from(data.len()).unwrap_or_default().to_be_bytes());
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// The tile `index` of a level, cut to `width` hashes.
pub(crate) async fn tile_bytes(
    s: &mut impl Reads,
    level: u8,
    index: u64,
    width: u64,
) -> Result<Vec<u8>, Error> {
    let of = values![i64::from(level), int(index)];
    let stored = s.find(sql::TILE, of, |row| row.bytes(0)).await?;
    let mut bytes = stored.ok_or(Error::Corrupt(Fault::Tile))?;
    let len = usize::try_from(width).unwrap_or_default() * HASH_LEN;
    if bytes.len() < len {
        return Err(Error::Corrupt(Fault::Tile));
    }
    bytes.truncate(len);
    Ok(bytes)
}

/// Sizes and indices as the database holds them. A log of 2^63 leaves is out of reach.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Writes, and digests what it writes.
struct Digesting<'a> {
    writer: &'a mut (dyn Write + Send),
    digest: Sha256,
}

impl Digesting<'_> {
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.digest.update(bytes);
        self.writer.write_all(bytes)
    }

    fn put_head(&mut self, key: &VerifierKey, notes: &[Note]) -> std::io::Result<()> {
        self.put(format!("{HEADER}\n{key}\n{}\n", notes.len()).as_bytes())?;
        notes.iter().try_for_each(|note| {
            let text = note.to_string();
            self.put(format!("{}\n{text}", text.len()).as_bytes())
        })
    }

    fn finish(self) -> std::io::Result<()> {
        self.writer.write_all(&self.digest.finalize())?;
        self.writer.flush()
    }
}
