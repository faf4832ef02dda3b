//! What can go wrong while a record is filed or disclosed.

use thiserror::Error;

/// Why filing or disclosing failed. None of these says anything about a person.
#[derive(Debug, Error)]
pub enum Error {
    /// The store failed, or was too busy; nothing is half-done.
    #[error("store failed")]
    Store(#[from] ken_store::Error),
    /// The gate's tables failed.
    #[error("sharing failed")]
    Sharing(#[from] ken_sharing::Error),
    /// The ledger could not be written; so nothing was moved.
    #[error("ledger failed")]
    Ledger(#[from] ken_ledger::Error),
    /// The person index failed.
    #[error("person index failed")]
    Person(#[from] ken_person::Error),
    /// The permit's moment has passed: facts changed, or its short life is over. Ask again.
    #[error("permit is stale")]
    Stale,
    /// What is stored cannot be read back: the named thing is corrupt.
    #[error("stored {0} cannot be read")]
    Corrupt(&'static str),
    /// One resource is larger than the record holds.
    #[error("resource is larger than {max} bytes", max = crate::file::BODY_BYTES_MAX)]
    TooLarge,
}

impl Error {
    /// The stable code, as documented in `docs/errors.md`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(cause) => cause.code(),
            Self::Sharing(cause) => cause.code(),
            Self::Ledger(cause) => cause.code(),
            Self::Person(cause) => cause.code(),
            Self::Stale => "records.stale",
            Self::Corrupt(_) => "records.corrupt",
            Self::TooLarge => "records.too-large",
        }
    }
}
