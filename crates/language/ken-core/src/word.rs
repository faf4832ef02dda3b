//! The closed vocabulary of agreements: organisations, roles, purposes, categories, facts.
//!
//! Each word is a short text from a signed instrument or the national dictionary, never free text,
//! so it may stand in a log.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest word, in bytes. House policy: long enough for `sha256` in hex and a clause id.
const LEN_MAX: usize = 128;

/// Why a text is not a word of the vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a word: 1 to {LEN_MAX} ASCII letters, digits and `-_.:/#@>=<*`")]
pub struct WordError;

macro_rules! word {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks a text.
            ///
            /// # Errors
            ///
            /// [`WordError`] when it is empty, too long, or has a character that could mean
            /// something elsewhere (a space, a quote, a control character).
            pub fn new(text: impl Into<String>) -> Result<Self, WordError> {
                let text = text.into();
                let marks = b"-_.:/#@>=<*";
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || marks.contains(&byte);
                let good = (1..=LEN_MAX).contains(&text.len()) && text.bytes().all(fits);
                good.then_some(Self(text)).ok_or(WordError)
            }

            /// The word as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = WordError;

            fn from_str(text: &str) -> Result<Self, WordError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = WordError;

            fn try_from(text: String) -> Result<Self, WordError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

word!(
    /// An organisation, as agreements name it: `nhs-glen`.
    OrganisationId
);
word!(
    /// A role within an organisation, as agreements name it: `sw.duty`.
    RoleId
);
word!(
    /// A partnership of organisations: `glen`.
    PartnershipId
);
word!(
    /// Why information is released: `direct-care`.
    Purpose
);
word!(
    /// A kind of information in the national dictionary: `health-summary`.
    Category
);
word!(
    /// One field of a category: `allergies`.
    FieldName
);
word!(
    /// A mark on a row that prohibitions and obligations read: `third-party`.
    Label
);
word!(
    /// Something a register says, its grade included: `age>=16`, `age>=16@claimed`.
    Fact
);
word!(
    /// The SHA-256 of an instrument's canonical form, in hex: its identity.
    InstrumentHash
);
word!(
    /// A clause, as the ledger cites it: `hash#C1`.
    ClauseId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_break_out() {
        for text in ["sw.duty", "age>=16@claimed", "scot-accord@3#X1", "*referrer"] {
            assert!(Fact::new(text).is_ok(), "{text}");
        }
        let long = "x".repeat(LEN_MAX + 1);
        for text in ["", "a b", "a\"b", "a\nb", "é", "a'b", "a\\b", long.as_str()] {
            assert_eq!(Fact::new(text), Err(WordError), "{text}");
        }
    }
}
