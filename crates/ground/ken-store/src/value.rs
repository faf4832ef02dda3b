//! What is given to a statement.
//!
//! Ids are 36-character text, instants are microseconds since 1970 UTC, booleans are 0 and 1:
//! the same bytes on both engines.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use ken_core::{
    AccountId, Category, ClauseId, EntryId, Fact, FieldName, InstrumentHash, Label, MessageId,
    OrganisationId, PartialDate, PartnershipId, PersonId, PractitionerId, Purpose, RelationshipId,
    RequestId, ResourceId, RoleId, SessionId,
};

/// One value of a statement.
#[derive(Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// Text: ids, words, JSON, dates.
    Text(Cow<'a, str>),
    /// A count, microseconds since 1970 UTC, or 0 and 1 for no and yes.
    Int(i64),
    /// Hashes and ciphertext.
    Bytes(Cow<'a, [u8]>),
}

impl Value<'_> {
    /// The same, on its own.
    pub(crate) fn to_owned(&self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::Text(Cow::Owned(text.clone().into_owned())),
            Self::Int(number) => Value::Int(*number),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.clone().into_owned())),
        }
    }
}

impl std::fmt::Debug for Value<'_> {
    /// Says the type only: values may be personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Text(_) => "Text(..)",
            Self::Int(_) => "Int(..)",
            Self::Bytes(_) => "Bytes(..)",
        })
    }
}

/// The values of a statement, in the order of `$1`, `$2`, ...: `values![person, now]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*] };
}

macro_rules! from {
    ($($from:ty => |$value:ident| $to:expr;)*) => {
        $(impl<'a> From<$from> for Value<'a> {
            fn from($value: $from) -> Self {
                $to
            }
        })*
    };
}

from! {
    &'a str => |value| Self::Text(Cow::Borrowed(value));
    &'a String => |value| Self::Text(Cow::Borrowed(value));
    &&'a str => |value| Self::Text(Cow::Borrowed(value));
    String => |value| Self::Text(Cow::Owned(value));
    Cow<'a, str> => |value| Self::Text(value);
    i64 => |value| Self::Int(value);
    &i64 => |value| Self::Int(*value);
    i32 => |value| Self::Int(i64::from(value));
    u32 => |value| Self::Int(i64::from(value));
    bool => |value| Self::Int(i64::from(value));
    &'a [u8] => |value| Self::Bytes(Cow::Borrowed(value));
    &'a Vec<u8> => |value| Self::Bytes(Cow::Borrowed(value));
    Vec<u8> => |value| Self::Bytes(Cow::Owned(value));
    Timestamp => |value| Self::Int(value.as_microsecond());
    &Timestamp => |value| Self::Int(value.as_microsecond());
    Date => |value| Self::Text(Cow::Owned(value.to_string()));
    PartialDate => |value| Self::Text(Cow::Owned(value.to_string()));
    crate::keys::KeyId => |value| Self::Text(Cow::Owned(value.to_string()));
    &crate::keys::KeyId => |value| Self::Text(Cow::Owned(value.to_string()));
    &'a Value<'a> => |value| value.clone();
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! ids {
    ($($id:ty),*) => {
        $(
            impl From<$id> for Value<'_> {
                fn from(id: $id) -> Self {
                    Self::Text(Cow::Owned(id.to_string()))
                }
            }
            impl From<&$id> for Value<'_> {
                fn from(id: &$id) -> Self {
                    Self::from(*id)
                }
            }
        )*
    };
}

ids!(
    PersonId,
    PractitionerId,
    AccountId,
    SessionId,
    MessageId,
    EntryId,
    ResourceId,
    RelationshipId,
    RequestId
);

macro_rules! words {
    ($($word:ty),*) => {
        $(impl<'a> From<&'a $word> for Value<'a> {
            fn from(word: &'a $word) -> Self {
                Self::Text(Cow::Borrowed(word.as_str()))
            }
        })*
    };
}

words!(
    OrganisationId,
    PartnershipId,
    RoleId,
    Purpose,
    Category,
    FieldName,
    Label,
    Fact,
    InstrumentHash,
    ClauseId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_stored_alike_on_both_engines() {
        let check = |value: Value<'_>, want: Value<'_>| assert!(value == want, "{value:?}");
        let text = |text: &'static str| Value::Text(Cow::Borrowed(text));
        check(Value::from(true), Value::Int(1));
        check(Value::from(Timestamp::from_microsecond(7).unwrap()), Value::Int(7));
        check(Value::from(None::<&str>), Value::Null);
        check(Value::from(Some("a")), text("a"));
        check(Value::from("1974-03".parse::<PartialDate>().unwrap()), text("1974-03"));
        let id = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa";
        check(Value::from(id.parse::<PersonId>().unwrap()), text(id));
        check(Value::from(&[1_u8, 2]), Value::Bytes(Cow::Borrowed(&[1, 2])));
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", Value::from("Morag Canary")), "Text(..)");
    }
}
