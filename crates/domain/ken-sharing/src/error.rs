//! What can go wrong while sharing is decided or changed. A refusal is not an error.

use thiserror::Error;

/// Why an operation of this crate failed. None of these says anything about a person.
#[derive(Debug, Error)]
pub enum Error {
    /// The store failed, or was too busy; nothing is half-done.
    #[error("store failed")]
    Store(#[from] ken_store::Error),
    /// The ledger could not be written; so nothing was decided or changed.
    #[error("ledger failed")]
    Ledger(#[from] ken_ledger::Error),
    /// The directory could not be read.
    #[error("directory failed")]
    Directory(#[from] ken_directory::Error),
    /// A person's sharing facts kept changing while the question was decided; ask again.
    #[error("facts kept changing while the question was decided")]
    Contended,
    /// What is stored cannot be read back: the named thing is corrupt.
    #[error("stored {0} cannot be read")]
    Corrupt(&'static str),
    /// More kinds of rows are held about one person than the gate decides in one go.
    #[error("more row classes than the gate decides in one go")]
    TooManyClasses,
    /// More ids stand together than are ever one person: the links must be put right first.
    #[error("more ids stand together than one person can have")]
    TooManyTogether,
    /// An operation over several people was called without all of their guards: a fault of ours.
    #[error("guards of the people are not held")]
    NotHeld,
    /// A question needs one source at least, and few enough to decide in one go.
    #[error("question has no source, or too many")]
    NoSource,
    /// The policies in force do not compile, so nothing is decided.
    #[error("instruments in force do not compile")]
    Bundle(#[from] crate::bundle::Error),
    /// The engine refused a question, which is a fault of ours; nothing is permitted.
    #[error("engine refused a question")]
    Decide(#[from] crate::decide::Error),
    /// Another instrument is registered under this name and version; a change needs a new version.
    #[error("another instrument has this name and version")]
    NameTaken,
    /// As many instruments are registered as one store compiles.
    #[error("as many instruments are registered as one store compiles")]
    TooManyInstruments,
    /// The instrument is not registered here.
    #[error("instrument is not registered")]
    UnknownInstrument,
    /// The organisation is not a party, or the signatory has no key for it.
    #[error("no such signatory of this instrument")]
    UnknownSignatory,
    /// Another key of this signatory signs; it is ended first.
    #[error("another key of this signatory is live")]
    KeyLive,
    /// The signature was refused; the refusal is on the ledger.
    #[error("signature was refused")]
    NotSigned(crate::signing::Refusal),
}

impl Error {
    /// The stable code, as documented in `docs/errors.md`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(cause) => cause.code(),
            Self::Ledger(cause) => cause.code(),
            Self::Directory(cause) => cause.code(),
            Self::Contended => "sharing.contended",
            Self::Corrupt(_) => "sharing.corrupt",
            Self::TooManyClasses => "sharing.too-many-classes",
            Self::TooManyTogether => "sharing.too-many-together",
            Self::NotHeld => "sharing.not-held",
            Self::NoSource => "sharing.no-source",
            Self::Bundle(cause) => cause.code(),
            Self::Decide(cause) => cause.code(),
            Self::NameTaken => "sharing.name-taken",
            Self::TooManyInstruments => "sharing.too-many-instruments",
            Self::UnknownInstrument => "sharing.unknown-instrument",
            Self::UnknownSignatory => "sharing.unknown-signatory",
            Self::KeyLive => "sharing.key-live",
            Self::NotSigned(refusal) => refusal.code(),
        }
    }
}
