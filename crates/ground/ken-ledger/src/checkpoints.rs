//! Checkpoints as they are stored: each with the cosignatures it has gathered.

use ken_store::{Reads, values};

use crate::merkle::Span;
use crate::note::{Note, SignatureLine};
use crate::tile::{TileId, Tiles};
use crate::{Error, Fault, Hash, sql};

/// The newest checkpoint, with its cosignatures; `None` before the sealer has first opened.
///
/// # Errors
///
/// [`Error::Note`] when what is stored is no note, or those of the store.
pub async fn newest(reads: &mut impl Reads) -> Result<Option<Note>, Error> {
    let found = reads.find(sql::CHECKPOINT_NEWEST, &[], |row| Ok((row.int(0)?, row.text(1)?)));
    match found.await? {
        Some((size, note)) => with_cosignatures(reads, size, &note).await.map(Some),
        None => Ok(None),
    }
}

/// The newest checkpoint that a witness has cosigned.
///
/// # Errors
///
/// As [`newest`].
pub async fn newest_cosigned(reads: &mut impl Reads) -> Result<Option<Note>, Error> {
    Ok(cosigned(reads, 1).await?.pop())
}

/// The newest cosigned checkpoints, at most `limit`, smallest first.
pub(crate) async fn cosigned(reads: &mut impl Reads, limit: usize) -> Result<Vec<Note>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let of = values![limit];
    let found =
        reads.list(sql::CHECKPOINTS_COSIGNED, of, |row| Ok((row.int(0)?, row.text(1)?))).await?;
    let mut notes = Vec::with_capacity(found.len());
    for (size, note) in found.into_iter().rev() {
        notes.push(with_cosignatures(reads, size, &note).await?);
    }
    Ok(notes)
}

/// A checkpoint with the cosignatures that are stored for its size.
pub(crate) async fn with_cosignatures(
    reads: &mut impl Reads,
    size: i64,
    note: &str,
) -> Result<Note, Error> {
    let mut note: Note = note.parse()?;
    for line in reads.list(sql::COSIGNATURES, values![size], |row| row.text(0)).await? {
        note.add(line.parse::<SignatureLine>()?);
    }
    Ok(note)
}

/// Reads tiles; those that are absent are left out, and missed when they are needed.
pub(crate) async fn tiles(reads: &mut impl Reads, ids: &[TileId]) -> Result<Tiles, Error> {
    let mut tiles = Tiles::default();
    for id in ids {
        let of = values![i64::from(id.level), crate::export::int(id.index)];
        if let Some(bytes) = reads.find(sql::TILE, of, |row| row.bytes(0)).await? {
            tiles.insert(*id, &bytes).ok_or(Error::Corrupt(Fault::Tile))?;
        }
    }
    Ok(tiles)
}

/// The hashes of these spans, from the stored tiles.
pub(crate) async fn hashes(reads: &mut impl Reads, spans: &[Span]) -> Result<Vec<Hash>, Error> {
    let tiles = tiles(reads, &Tiles::needed(spans)).await?;
    tiles.hashes(spans).ok_or(Error::Corrupt(Fault::Tile))
}

/// The root of the tree's first `size` leaves, from the stored tiles.
pub(crate) async fn root_at(reads: &mut impl Reads, size: u64) -> Result<Hash, Error> {
    let roots = hashes(reads, &[Span::tree(size)]).await?;
    roots.first().copied().ok_or(Error::Corrupt(Fault::Tile))
}
