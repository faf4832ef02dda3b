//! Typed ids. Person ids are random; the others are time-ordered (UUID version 7).
//!
//! A time-ordered person id would betray an adoption or a birth (`core.md` 4.5).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::IdSource;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an id: 36 characters of a lower-case UUID are expected")]
pub struct IdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $draw:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Draws a new id.
            pub fn draw(ids: &dyn IdSource) -> Self {
                Self(ids.$draw())
            }

            /// The id as a UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// Takes a UUID that is already such an id.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let uuid = Uuid::try_parse(text).map_err(|_| IdError)?;
                // One spelling only, so that ids compare as text in the database.
                (uuid.hyphenated().to_string() == text).then_some(Self(uuid)).ok_or(IdError)
            }
        }
    };
}

id!(
    /// Someone the index knows about. Random, so that it says nothing about when.
    PersonId,
    random
);
id!(
    /// A professional acting for an organisation.
    PractitionerId,
    ordered
);
id!(
    /// A login.
    AccountId,
    ordered
);
id!(
    /// A signed-in browser.
    SessionId,
    ordered
);
id!(
    /// What a source sent.
    MessageId,
    ordered
);
id!(
    /// One line of the ledger.
    EntryId,
    ordered
);
id!(
    /// A FHIR resource, across its versions. Random: it may appear in a URL.
    ResourceId,
    random
);
id!(
    /// A recorded relationship between a practitioner's organisation and a person.
    RelationshipId,
    ordered
);
id!(
    /// One request to Ken, from its arrival to its answer.
    RequestId,
    ordered
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        let check = |text: &str, want: bool| {
            assert_eq!(text.parse::<PersonId>().is_ok(), want, "{text}");
        };
        check("6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa", true);
        check("6F1C1C1E-52A1-4A53-9B0F-3A54D2A4F5AA", false);
        check("6f1c1c1e52a14a539b0f3a54d2a4f5aa", false);
        check("", false);
    }
}
