//! What can go wrong with numbers. A refusal is not an error.

use thiserror::Error;

/// Why an operation of this crate failed. None of these says anything about a person.
#[derive(Debug, Error)]
pub enum Error {
    /// The store failed, or was too busy; nothing is half-done.
    #[error("store failed")]
    Store(#[from] ken_store::Error),
    /// The directory could not be read.
    #[error("directory failed")]
    Directory(#[from] ken_directory::Error),
    /// It could not be decided whether anything may be counted.
    #[error("sharing failed")]
    Sharing(#[from] ken_sharing::Error),
    /// The index of people could not be read.
    #[error("index of people failed")]
    Person(#[from] ken_person::Error),
    /// The shared record could not be read.
    #[error("shared record failed")]
    Records(#[from] ken_records::Error),
    /// The process stops, and a count was given up.
    #[error("count given up")]
    Stopped,
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
            Self::Directory(cause) => cause.code(),
            Self::Sharing(cause) => cause.code(),
            Self::Person(cause) => cause.code(),
            Self::Records(cause) => cause.code(),
            Self::Stopped => "insight.stopped",
            Self::Corrupt(_) => "insight.corrupt",
        }
    }
}
