//! What can go wrong in the ledger.
//!
//! # Invariants
//!
//! - No error holds a detail, a person or a key.

use thiserror::Error;

use crate::note::NoteError;
use crate::signer::KeyFileError;

/// Why a ledger operation gave no answer. Nothing of it is kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The store gave no answer.
    #[error("the store gave no answer")]
    Store(#[from] ken_store::Error),
    /// A detail is too long for the largest size of entry.
    #[error("the detail of an entry is too long")]
    DetailTooLong,
    /// More entries at once than one decision may write.
    #[error("too many entries at once")]
    TooMany,
    /// A stored entry, leaf or tile does not fit the rest: the store has been tampered with, or
    /// has lost something.
    #[error("the stored ledger does not hold together: {0}")]
    Corrupt(Fault),
    /// Another sealer holds the lease.
    #[error("another sealer holds the lease")]
    Fenced,
    /// The store is behind a checkpoint that a witness has signed: an old copy was restored.
    #[error("the store has {stored} leaves, but a witness has signed for {witnessed}")]
    Behind {
        /// Leaves in the store.
        stored: u64,
        /// Leaves that a witness has seen.
        witnessed: u64,
    },
    /// The store is behind a checkpoint of this log itself: an old copy was restored, or its end
    /// was cut off.
    #[error("the store has {stored} leaves, but this log has signed for {signed}")]
    Cut {
        /// Leaves in the store.
        stored: u64,
        /// Leaves that the log has signed for.
        signed: u64,
    },
    /// Nothing has been sealed yet.
    #[error("the ledger has no checkpoint yet")]
    Unsealed,
    /// A checkpoint or cosignature was refused.
    #[error("a checkpoint or signature was refused")]
    Note(#[from] NoteError),
    /// The log's key file cannot be used.
    #[error("the ledger's key file cannot be used")]
    KeyFile(#[from] KeyFileError),
    /// A file could not be read or written.
    #[error("a ledger file cannot be read or written")]
    Io(#[from] std::io::Error),
}

/// What does not fit in the stored ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// An entry is not what its commitment says.
    #[error("an entry is not what its commitment says")]
    Entry,
    /// A leaf is missing, or is not a commitment.
    #[error("a leaf is missing or malformed")]
    Leaf,
    /// A tile is missing or too short.
    #[error("a tile is missing or too short")]
    Tile,
    /// The tiles do not give the root that was signed.
    #[error("the tiles do not give the root that was signed")]
    Root,
}

impl Error {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::DetailTooLong => "ledger.detail-too-long",
            Self::TooMany => "ledger.too-many",
            Self::Corrupt(_) => "ledger.corrupt",
            Self::Fenced => "ledger.fenced",
            Self::Behind { .. } => "ledger.behind-witness",
            Self::Cut { .. } => "ledger.cut",
            Self::Unsealed => "ledger.unsealed",
            Self::Note(error) => error.code(),
            Self::KeyFile(error) => error.code(),
            Self::Io(_) => "ledger.io",
        }
    }
}
