//! What can go wrong in the directory. A refused sign-in is a value, not an error.

use thiserror::Error;

/// Why an operation of this crate failed. None of these says who was concerned.
#[derive(Debug, Error)]
pub enum Error {
    /// The store failed, or was too busy; nothing is half-done.
    #[error("store failed")]
    Store(#[from] ken_store::Error),
    /// The ledger could not be written; so nothing was changed.
    #[error("ledger failed")]
    Ledger(#[from] ken_ledger::Error),
    /// Something of that id or sign-in name is there already.
    #[error("{0} is registered already")]
    Taken(&'static str),
    /// Nothing of that id is registered.
    #[error("{0} is not registered")]
    Unknown(&'static str),
    /// A text is empty, too long, or has characters that it may not have.
    #[error("{0} is not acceptable")]
    Unfit(&'static str),
    /// More is registered than one organisation or account may have.
    #[error("too many {0}")]
    TooMany(&'static str),
    /// Too many sign-ins wait for their turn already.
    #[error("too many sign-ins at once")]
    Busy,
    /// What is stored cannot be read back.
    #[error("stored {0} cannot be read")]
    Corrupt(&'static str),
}

impl Error {
    /// The stable code, as documented in `docs/errors.md`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(cause) => cause.code(),
            Self::Ledger(cause) => cause.code(),
            Self::Taken(_) => "directory.taken",
            Self::Unknown(_) => "directory.unknown",
            Self::Unfit(_) => "directory.unfit",
            Self::TooMany(_) => "directory.too-many",
            Self::Busy => "directory.busy",
            Self::Corrupt(_) => "directory.corrupt",
        }
    }
}
