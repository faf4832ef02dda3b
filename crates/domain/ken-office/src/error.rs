//! What can go wrong in the office. A refusal is not an error.

use thiserror::Error;

/// Why an operation of the office failed. None of these says anything about a person.
#[derive(Debug, Error)]
pub enum Error {
    /// The store failed, or was too busy; nothing is half-done.
    #[error("store failed")]
    Store(#[from] ken_store::Error),
    /// The ledger could not be written; so nothing was changed.
    #[error("ledger failed")]
    Ledger(#[from] ken_ledger::Error),
    /// The directory could not be read or changed.
    #[error("directory failed")]
    Directory(#[from] ken_directory::Error),
    /// Instruments could not be read or changed.
    #[error("sharing failed")]
    Sharing(#[from] ken_sharing::Error),
    /// The index of people could not be read.
    #[error("index of people failed")]
    Person(#[from] ken_person::Error),
    /// The shared record could not be read.
    #[error("shared record failed")]
    Records(#[from] ken_records::Error),
    /// What the hub keeps could not be read or removed.
    #[error("hub failed")]
    Hub(#[from] ken_hub::Error),
    /// A document could not be printed.
    #[error("document could not be printed")]
    Print(#[from] ken_print::Error),
    /// What is stored cannot be read back: the named thing is corrupt.
    #[error("stored {0} cannot be read")]
    Corrupt(&'static str),
}

impl From<ken_sharing::bundle::Error> for Error {
    fn from(error: ken_sharing::bundle::Error) -> Self {
        Self::Sharing(error.into())
    }
}

impl From<ken_sharing::decide::Error> for Error {
    fn from(error: ken_sharing::decide::Error) -> Self {
        Self::Sharing(error.into())
    }
}

impl Error {
    /// Whether others changed the same thing meanwhile, so that it may be tried again.
    pub(crate) const fn is_contended(&self) -> bool {
        use ken_store::Error::Contended;
        matches!(
            self,
            Self::Store(Contended)
                | Self::Person(ken_person::Error::Contended | ken_person::Error::Store(Contended))
                | Self::Records(ken_records::Error::Store(Contended))
                | Self::Ledger(ken_ledger::Error::Store(Contended))
                | Self::Sharing(
                    ken_sharing::Error::Contended | ken_sharing::Error::Store(Contended)
                )
        )
    }

    /// The stable code, as documented in `docs/errors.md`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(cause) => cause.code(),
            Self::Ledger(cause) => cause.code(),
            Self::Directory(cause) => cause.code(),
            Self::Sharing(cause) => cause.code(),
            Self::Person(cause) => cause.code(),
            Self::Records(cause) => cause.code(),
            Self::Hub(cause) => cause.code(),
            Self::Print(cause) => cause.code(),
            Self::Corrupt(_) => "office.corrupt",
        }
    }
}
