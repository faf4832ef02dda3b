//! What can go wrong with care around the person. A refusal is not an error.

use thiserror::Error;

/// Why an operation of this crate failed. None of these says anything about a person.
#[derive(Debug, Error)]
pub enum Error {
    /// The store failed, or was too busy; nothing is half-done.
    #[error("store failed")]
    Store(#[from] ken_store::Error),
    /// The ledger could not be written; so nothing was changed.
    #[error("ledger failed")]
    Ledger(#[from] ken_ledger::Error),
    /// The directory could not be read; so nothing was changed.
    #[error("directory failed")]
    Directory(#[from] ken_directory::Error),
    /// Relationships could not be read or changed.
    #[error("sharing failed")]
    Sharing(#[from] ken_sharing::Error),
    /// The shared record could not be written; so nothing was changed.
    #[error("shared record failed")]
    Records(#[from] ken_records::Error),
    /// The person index could not be read; so nothing was written.
    #[error("person index failed")]
    Person(#[from] ken_person::Error),
    /// What is stored cannot be read back: the named thing is corrupt.
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
            Self::Directory(cause) => cause.code(),
            Self::Sharing(cause) => cause.code(),
            Self::Records(cause) => cause.code(),
            Self::Person(cause) => cause.code(),
            Self::Corrupt(_) => "care.corrupt",
        }
    }
}
