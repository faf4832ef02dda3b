//! What can be wrong with an instrument, as one type for those who only pass it on.

use thiserror::Error;

use crate::key::KeyError;
use crate::lint::Finding;
use crate::parse::ParseError;
use crate::sign::SignError;

/// What is wrong with an instrument, or with something said about one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The text is not an instrument.
    #[error("text is not an instrument")]
    Parse(#[from] ParseError),
    /// It parses, and breaks rules that stop signing.
    #[error("instrument breaks {} rules", .0.len())]
    Lint(Vec<Finding>),
    /// A name is not an id of the language.
    #[error("name is not an id")]
    Key(#[from] KeyError),
    /// A signature's message cannot be made.
    #[error("signature has no message")]
    Sign(#[from] SignError),
}

impl Error {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Parse(cause) => cause.code(),
            Self::Lint(_) => "agreement.lint",
            Self::Key(cause) => cause.code(),
            Self::Sign(cause) => cause.code(),
        }
    }
}
