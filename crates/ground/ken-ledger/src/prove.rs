//! Proofs and published files, for others' verifiers.
//!
//! # Sources
//!
//! - C2SP tlog-proof (the text of a proof), tlog-tiles (the files).

use std::fmt;
use std::str::FromStr;

use ken_core::EntryId;
use ken_store::{Reads, values};

use crate::checkpoint::Checkpoint;
use crate::checkpoints::{hashes, newest};
use crate::export::{bundle, tile_bytes};
use crate::merkle::{self, verify_inclusion};
use crate::note::{Note, NoteError, VerifierKey};
use crate::tile::{Resource, TILE_WIDTH};
use crate::{Error, Fault, Hash, sql};

/// First line of a proof.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Most hashes of a path: a tree is at most 64 high.
const PATH_MAX: usize = 64;

/// A proof that a leaf is in the log, to be checked without the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Index of the leaf.
    pub index: u64,
    /// Hashes from the leaf's sibling up.
    pub path: Vec<Hash>,
    /// The checkpoint to whose root they lead, with its cosignatures.
    pub checkpoint: Note,
}

impl Proof {
    /// Checks that `leaf` is in the log of this key, and gives the checkpoint that says so.
    ///
    /// # Errors
    ///
    /// [`NoteError`] when the checkpoint does not open under the key; [`NoteError::Text`] when
    /// the path does not lead from the leaf to its root.
    pub fn verify(&self, leaf: Hash, log: &VerifierKey) -> Result<Checkpoint, NoteError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, log)?;
        let Checkpoint { size, root, .. } = checkpoint;
        let holds = verify_inclusion(leaf, self.index, size, root, &self.path);
        holds.then_some(checkpoint).ok_or(NoteError::Text)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nindex {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Proof {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (proof, checkpoint) = text.split_once("\n\n").ok_or(NoteError::Malformed)?;
        let mut lines = proof.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(NoteError::Malformed);
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let number = index.and_then(|index| index.parse().ok()).ok_or(NoteError::Malformed)?;
        let path: Option<Vec<Hash>> = lines.map(Hash::from_base64).collect();
        let path = path.filter(|path| path.len() <= PATH_MAX).ok_or(NoteError::Malformed)?;
        let read = Self { index: number, path, checkpoint: checkpoint.parse()? };
        (read.to_string() == text).then_some(read).ok_or(NoteError::Malformed)
    }
}

/// Proves that an entry's leaf is in the newest checkpoint; `None` while it is not sealed.
///
/// # Errors
///
/// [`Error::Corrupt`] when tiles are missing, or those of the store.
pub async fn prove(reads: &mut impl Reads, entry: EntryId) -> Result<Option<Proof>, Error> {
    let index = reads.find(sql::LEAF_INDEX, values![entry], |row| row.int(0)).await?;
    let (Some(index), Some(checkpoint)) = (index, newest(reads).await?) else { return Ok(None) };
    let index = u64::try_from(index).map_err(|_| Error::Corrupt(Fault::Leaf))?;
    let size = Checkpoint::read(checkpoint.text())?.size;
    let Some(spans) = merkle::inclusion(index, size) else { return Ok(None) };
    let path = hashes(reads, &spans).await?;
    Ok(Some(Proof { index, path, checkpoint }))
}

/// Proves that the log of `old` leaves begins the log of the newest checkpoint, as a witness asks.
///
/// `None` when the log is shorter than that.
///
/// # Errors
///
/// As [`prove`].
pub async fn consistency(
    reads: &mut impl Reads,
    old: u64,
) -> Result<Option<(Vec<Hash>, Note)>, Error> {
    let Some(checkpoint) = newest(reads).await? else { return Ok(None) };
    let size = Checkpoint::read(checkpoint.text())?.size;
    let Some(spans) = merkle::consistency(old, size) else { return Ok(None) };
    Ok(Some((hashes(reads, &spans).await?, checkpoint)))
}

/// A file of the published log: `checkpoint`, `tile/0/x001/234.p/5`, `tile/entries/000`.
///
/// `None` when there is no such file, or not yet.
///
/// # Errors
///
/// As [`prove`].
pub async fn resource(reads: &mut impl Reads, path: &str) -> Result<Option<Vec<u8>>, Error> {
    let Some(checkpoint) = newest(reads).await? else { return Ok(None) };
    let size = Checkpoint::read(checkpoint.text())?.size;
    let is_there = |level: u8, index: u64, width: u64| {
        let hashes = size >> (8 * level);
        index
            .checked_mul(TILE_WIDTH)
            .and_then(|first| first.checked_add(width))
            .is_some_and(|end| end <= hashes)
    };
    match Resource::parse(path) {
        Some(Resource::Checkpoint) => Ok(Some(checkpoint.to_string().into_bytes())),
        Some(Resource::Entries(index, width)) if is_there(0, index, width) => {
            bundle(reads, index, width).await.map(Some)
        }
        Some(Resource::Tile(id, width)) if is_there(id.level, id.index, width) => {
            tile_bytes(reads, id.level, id.index, width).await.map(Some)
        }
        _ => Ok(None),
    }
}
