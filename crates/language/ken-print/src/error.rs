//! Why a document cannot be printed. None of these texts holds a word of the document.

/// Why a document cannot be printed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The document has no title or no language; both are read aloud first.
    #[error("the document has no title or no language")]
    NoTitle,
    /// The heading with this number (from 1) skips a level; a reader by ear would lose the way.
    #[error("heading {0} skips a level or is deeper than 5")]
    HeadingOrder(usize),
    /// The table with this number (from 1) has a row of another length than its head.
    #[error("table {0} has a row that is not as long as its head")]
    Ragged(usize),
    /// More blocks, letters or pages than a document may have.
    #[error("the document has more than {limit} {what}")]
    TooLong {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: usize,
    },
    /// The typeface that was built in cannot be read.
    #[error("the typeface that was built in cannot be read")]
    Typeface,
    /// The file would not be PDF/UA-1 and PDF/A-2a; the text names the rules, not the content.
    #[error("the file would not be accessible: {0}")]
    Refused(String),
}

impl Error {
    /// The stable code, as documented in `docs/errors.md`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoTitle => "print.no-title",
            Self::HeadingOrder(_) => "print.heading-order",
            Self::Ragged(_) => "print.ragged",
            Self::TooLong { .. } => "print.too-long",
            Self::Typeface => "print.typeface",
            Self::Refused(_) => "print.refused",
        }
    }
}
