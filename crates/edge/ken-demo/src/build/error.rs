//! Why the partnership could not be built.

use thiserror::Error;

/// Why the partnership could not be built. None of these says who was concerned.
#[derive(Debug, Error)]
pub enum Error {
    /// The store failed.
    #[error("store failed")]
    Store(#[from] ken_store::Error),
    /// The directory refused.
    #[error("directory failed")]
    Directory(#[from] ken_directory::Error),
    /// An agreement of the repository is not good.
    #[error("agreement failed")]
    Agreement(#[from] ken_agreement::Error),
    /// Sharing refused.
    #[error("sharing failed")]
    Sharing(#[from] ken_sharing::Error),
    /// The governance office refused.
    #[error("governance office failed")]
    Office(#[from] ken_office::Error),
    /// Nothing could be counted.
    #[error("numbers failed")]
    Insight(#[from] ken_insight::Error),
    /// The person index refused.
    #[error("person index failed")]
    Person(#[from] ken_person::Error),
    /// The hub failed.
    #[error("hub failed")]
    Hub(#[from] ken_hub::Error),
    /// Who coordinates care, or a team, could not be recorded.
    #[error("care failed")]
    Care(#[from] ken_care::Error),
    /// The hub did not take a message of the demo.
    #[error("a message of the demo was not taken: {source_id} answered {code}")]
    NotTaken {
        /// The source that sent it.
        source_id: &'static str,
        /// The answer's code.
        code: &'static str,
    },
    /// Something that the demo itself says is not there.
    #[error("{0} of the demo is not there")]
    Missing(&'static str),
    /// The data directory cannot be read or written.
    #[error("data directory failed")]
    Data(#[source] std::io::Error),
    /// The data directory holds something else, or the database is another's.
    #[error("data directory and database do not belong together")]
    Foreign,
}

impl Error {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(cause) => cause.code(),
            Self::Directory(cause) => cause.code(),
            Self::Agreement(cause) => cause.code(),
            Self::Sharing(cause) => cause.code(),
            Self::Office(cause) => cause.code(),
            Self::Insight(cause) => cause.code(),
            Self::Person(cause) => cause.code(),
            Self::Hub(cause) => cause.code(),
            Self::Care(cause) => cause.code(),
            Self::NotTaken { .. } => "demo.not-taken",
            Self::Missing(_) => "demo.missing",
            Self::Data(_) => "demo.data",
            Self::Foreign => "demo.foreign",
        }
    }
}
