//! The ids that only agreements use: clauses, attestations, and references between instruments.

use std::fmt;
use std::str::FromStr;

use ken_core::ClauseId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest id, in bytes. House policy: with a hash before it, it still fits the ledger's word.
const LEN_MAX: usize = 60;

/// Why a text is not an id of the agreement language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "not an id: 1 to {LEN_MAX} ASCII letters, digits and `-_.`; a reference is id@version#clause"
)]
pub struct KeyError;

impl KeyError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "agreement.not-an-id"
    }
}

fn plain(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=LEN_MAX).contains(&text.len()) && text.bytes().all(fits)
}

macro_rules! text_form {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = KeyError;

            fn try_from(text: String) -> Result<Self, KeyError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(key: $name) -> Self {
                key.to_string()
            }
        }
    };
}

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
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

        impl FromStr for $name {
            type Err = KeyError;

            fn from_str(text: &str) -> Result<Self, KeyError> {
                plain(text).then(|| Self(text.to_owned())).ok_or(KeyError)
            }
        }

        text_form!($name);
    };
}

key!(
    /// A clause within its instrument: `C1`. The ledger cites `hash#C1`, a [`ClauseId`].
    ClauseKey
);
key!(
    /// A human statement that a clause asks for: `necessary-proportionate`.
    AttestationId
);

/// An instrument by name: `scot-accord@3`. Its identity is its hash; this is what people write.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstrumentRef {
    /// `scot-accord`.
    pub id: String,
    /// `3`.
    pub version: String,
}

impl fmt::Display for InstrumentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.version)
    }
}

impl FromStr for InstrumentRef {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (id, version) = text.split_once('@').ok_or(KeyError)?;
        let good = plain(id) && plain(version);
        good.then(|| Self { id: id.to_owned(), version: version.to_owned() }).ok_or(KeyError)
    }
}

text_form!(InstrumentRef);

/// A clause of a named instrument: `statute-pack@2027-04#asp.s5.3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceRef {
    /// The instrument in which the clause is really in force.
    pub instrument: InstrumentRef,
    /// The clause there.
    pub clause: ClauseKey,
}

impl fmt::Display for SourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.instrument, self.clause)
    }
}

impl FromStr for SourceRef {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (instrument, clause) = text.split_once('#').ok_or(KeyError)?;
        Ok(Self { instrument: instrument.parse()?, clause: clause.parse()? })
    }
}

text_form!(SourceRef);

/// Words that one clause asks a human to affirm; affirmed there, they serve no other clause.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Words {
    /// The clause, by its instrument's hash.
    pub clause: ClauseId,
    /// Which of its statements.
    pub attestation: AttestationId,
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.clause, self.attestation)
    }
}

impl FromStr for Words {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (clause, attestation) = text.rsplit_once('/').ok_or(KeyError)?;
        let clause = ClauseId::new(clause).map_err(|_| KeyError)?;
        Ok(Self { clause, attestation: attestation.parse()? })
    }
}

text_form!(Words);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_one_spelling() {
        let check = |text: &str, want: bool| {
            let read = text.parse::<SourceRef>();
            assert_eq!(read.is_ok(), want, "{text}");
            assert_eq!(read.map_or(text.to_owned(), |source| source.to_string()), text);
        };
        check("statute-pack@2027-04#asp.s5.3", true);
        check("scot-accord@3#X1", true);
        for text in ["", "scot-accord#X1", "scot-accord@3", "a@b#c#d", "a@@b#c", "a b@1#c"] {
            check(text, false);
        }
    }

    #[test]
    fn words_belong_to_a_clause() {
        let words: Words = "abc#C1/necessary-proportionate".parse().unwrap();
        assert_eq!(
            (words.clause.as_str(), words.attestation.as_str()),
            ("abc#C1", "necessary-proportionate")
        );
        assert_eq!("C1".parse::<Words>(), Err(KeyError));
    }
}
