//! What can go wrong in the index. Not knowing who somebody is is a value, not an error.

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
    /// Who stands together could not be told to the gate; so nothing was changed.
    #[error("sharing failed")]
    Sharing(#[from] ken_sharing::Error),
    /// The index in memory cannot hold so many.
    #[error("the index in memory is full")]
    Index(#[from] ken_match::TooManyRecords),
    /// A matching model cannot be read or written.
    #[error("a matching model cannot be used")]
    Model(#[from] ken_match::ModelError),
    /// Others registered the same person at the same time, again and again; try once more.
    #[error("others kept registering the same identifiers")]
    Contended,
    /// No such person, link or place in the queue.
    #[error("{0} is not known")]
    Unknown(&'static str),
    /// The place in the queue was decided already, or the link was undone already.
    #[error("{0} was decided already")]
    Decided(&'static str),
    /// Another reviewer has claimed the place in the queue; their claim ends by itself.
    #[error("another reviewer has this place in the queue")]
    Claimed,
    /// A later link stands on this one: undo that first.
    #[error("a later link stands on this one")]
    Buried,
    /// A merge names numbers of two organisations.
    #[error("a merge is of one organisation's own numbers")]
    ForeignNumber,
    /// Two valid, different CHI numbers: no link without that being put right first.
    #[error("each has a chi number of its own")]
    TwoChis,
    /// Too many searches of this hour found nobody.
    #[error("too many searches found nobody")]
    TooManySearches,
    /// A reason must be given, of one to a thousand characters.
    #[error("a reason must be given")]
    Reason,
    /// What is stored cannot be read back.
    #[error("stored {0} cannot be read")]
    Corrupt(&'static str),
}

impl Error {
    /// Whether one thing that is stored cannot be read back, while all else can.
    pub(crate) const fn is_of_what_is_stored(&self) -> bool {
        matches!(
            self,
            Self::Corrupt(_)
                | Self::Store(ken_store::Error::Column { .. } | ken_store::Error::TooManyRows)
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
            Self::Index(cause) => cause.code(),
            Self::Model(cause) => cause.code(),
            Self::Contended => "person.contended",
            Self::Unknown(_) => "person.unknown",
            Self::Decided(_) => "person.decided",
            Self::Claimed => "person.claimed",
            Self::Buried => "person.buried",
            Self::ForeignNumber => "person.foreign-number",
            Self::TwoChis => "person.two-chis",
            Self::TooManySearches => "person.too-many-searches",
            Self::Reason => "person.reason",
            Self::Corrupt(_) => "person.corrupt",
        }
    }
}
