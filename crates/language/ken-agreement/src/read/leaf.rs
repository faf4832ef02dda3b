//! Leaves: text, numbers, days, ids, and words of a closed list.

use std::fmt;
use std::ops::Range;

use ken_core::{Category, Fact, FieldName, Label, OrganisationId, Purpose, RoleId};
use serde::de::value::StrDeserializer;
use serde::de::{self, IntoDeserializer};

use super::{Node, Read, Value};
use crate::basis::Confidentiality;
use crate::clause::{Action, Kind, Modality, Scope, Visibility, Who};
use crate::day::Day;
use crate::duty::SourceDelete;
use crate::fault::{Fault, Faults};
use crate::instrument::{Controllership, InFlight, Jurisdiction, OnExit, OnLapse, Schema, Tier};
use crate::key::{AttestationId, ClauseKey, InstrumentRef, SourceRef};
use crate::party::{PartyKind, Regime};
use crate::sector::Sector;

/// Why a text is no word of its type: serde knows the list, so it is written nowhere twice.
#[derive(Debug)]
enum Refused {
    Unlisted(&'static [&'static str]),
    Other(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlisted(_) => f.write_str("not a word of the list"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Self::Other(why.to_string())
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::Unlisted(expected)
    }
}

/// A word of its type, or a fault at that place.
pub(super) fn parse_word<T: for<'de> de::Deserialize<'de>>(
    text: &str,
    at: &Range<usize>,
    faults: &mut Faults,
) -> Option<T> {
    let reader: StrDeserializer<'_, Refused> = text.into_deserializer();
    match T::deserialize(reader) {
        Ok(word) => Some(word),
        Err(Refused::Unlisted(list)) => {
            faults.add(Fault::unlisted(text, at, list));
            None
        }
        Err(Refused::Other(why)) => {
            faults.add(Fault::ill_formed(text, at, &why));
            None
        }
    }
}

/// The text of a node, or a fault.
fn expected_text<'a>(node: &'a Node, faults: &mut Faults) -> Option<&'a str> {
    if let Value::Text(text) = &node.value {
        return Some(text);
    }
    faults.add(Fault::kind(node, "text", Some("put it between double quotes")));
    None
}

macro_rules! words {
    ($($name:ident)*) => {
        $(impl Read for $name {
            fn read(node: &Node, faults: &mut Faults) -> Option<Self> {
                parse_word(expected_text(node, faults)?, &node.at, faults)
            }
        })*
    };
}

words!(Action AttestationId Category ClauseKey Confidentiality Controllership Fact FieldName);
words!(InFlight InstrumentRef Jurisdiction Kind Label Modality OnExit OnLapse OrganisationId);
words!(PartyKind Purpose Regime RoleId Scope Sector SourceDelete SourceRef Tier Visibility Who);

impl Read for Schema {
    fn read(node: &Node, faults: &mut Faults) -> Option<Self> {
        let text = expected_text(node, faults)?;
        if text == "isa/1" {
            return Some(Self::Isa1);
        }
        faults.add(Fault::version(text, &node.at));
        None
    }
}

impl Read for String {
    fn read(node: &Node, faults: &mut Faults) -> Option<Self> {
        expected_text(node, faults).map(str::to_owned)
    }
}

impl Read for bool {
    fn read(node: &Node, faults: &mut Faults) -> Option<Self> {
        if let Value::Truth(truth) = node.value {
            return Some(truth);
        }
        faults.add(Fault::kind(node, "true or false", Some("write it without quotes")));
        None
    }
}

impl Read for i64 {
    fn read(node: &Node, faults: &mut Faults) -> Option<Self> {
        if let Value::Whole(number) = node.value {
            return Some(number);
        }
        faults.add(Fault::kind(node, "a whole number", Some("write it without quotes")));
        None
    }
}

impl Read for Day {
    fn read(node: &Node, faults: &mut Faults) -> Option<Self> {
        let (Value::Day(text) | Value::Text(text)) = &node.value else {
            faults.add(Fault::day(node.value.is_called(), &node.at));
            return None;
        };
        // Ten characters: a time of day would be dropped silently otherwise.
        let date = (text.len() == 10).then(|| text.parse().ok()).flatten();
        if date.is_none() {
            faults.add(Fault::day(&format!("`{text}`"), &node.at));
        }
        date.map(Self)
    }
}
