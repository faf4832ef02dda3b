//! What can go wrong at the hub. A message that is refused is an answer, not an error.

use thiserror::Error;

/// Why an operation of the hub failed. None of these says anything about a person.
#[derive(Debug, Error)]
pub enum Error {
    /// The store failed, or was too busy; nothing is half-done, and nothing was acknowledged.
    #[error("store failed")]
    Store(#[from] ken_store::Error),
    /// The ledger could not be written.
    #[error("ledger failed")]
    Ledger(#[from] ken_ledger::Error),
    /// The person index failed.
    #[error("person index failed")]
    Person(#[from] ken_person::Error),
    /// The record failed.
    #[error("record failed")]
    Records(#[from] ken_records::Error),
    /// Sharing facts could not be changed.
    #[error("sharing failed")]
    Sharing(#[from] ken_sharing::Error),
    /// What is stored cannot be read back: the named thing is corrupt.
    #[error("stored {0} cannot be read")]
    Corrupt(&'static str),
}

impl Error {
    /// Whether the same message may well succeed in a moment: another write was in the way.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        if matches!(self, Self::Person(ken_person::Error::Contended)) {
            return true;
        }
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = cause {
            if let Some(store) = error.downcast_ref::<ken_store::Error>() {
                return store.is_transient();
            }
            cause = error.source();
        }
        false
    }

    /// The stable code, as documented in `docs/errors.md`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(cause) => cause.code(),
            Self::Ledger(cause) => cause.code(),
            Self::Person(cause) => cause.code(),
            Self::Records(cause) => cause.code(),
            Self::Sharing(cause) => cause.code(),
            Self::Corrupt(_) => "hub.corrupt",
        }
    }
}
