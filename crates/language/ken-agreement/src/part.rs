//! An instrument as people write it, and parts of one by themselves: clauses, or lawful bases.
//!
//! A draft is negotiated part by part. What goes from hand to hand is the text that people write;
//! what is kept is the canonical form, and this module writes the text from it.
//!
//! # Invariants
//!
//! - The text of an instrument reads back to the same identity.

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::basis::Basis;
use crate::clause::Clause;
use crate::fault::{Fault, Faults};
use crate::instrument::Instrument;
use crate::parse::{ParseError, TEXT_MAX};
use crate::read::{Read, from_toml};

/// Clauses and bases without the instrument around them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Parts {
    /// The clauses.
    #[serde(rename = "clause", skip_serializing_if = "Vec::is_empty")]
    pub clauses: Vec<Clause>,
    /// The bases.
    #[serde(rename = "basis", skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<Basis>,
}

impl Parts {
    /// Reads `[[clause]]` and `[[basis]]` tables as people write them.
    ///
    /// # Errors
    ///
    /// [`ParseError`] with every fault and its place, as for a whole instrument.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() > TEXT_MAX {
            return Err(ParseError::one(Fault::size(TEXT_MAX)));
        }
        let mut faults = Faults::default();
        let read = Self::read(&from_toml(text, &mut faults), &mut faults);
        let whole = read.filter(|_| faults.is_empty());
        whole.ok_or_else(|| ParseError { faults: faults.placed(text) })
    }

    /// As people write them.
    #[must_use]
    pub fn to_toml(&self) -> String {
        written(self)
    }
}

impl Instrument {
    /// As people write it, without the comments that it may once have had.
    #[must_use]
    pub fn to_toml(&self) -> String {
        written(self)
    }
}

/// A record as TOML: what is a single value first, then each table under its heading.
fn written(record: &impl Serialize) -> String {
    let Ok(Value::Object(fields)) = serde_json::to_value(record) else { return String::new() };
    let mut out = String::new();
    let is_table = |value: &Value| match value {
        Value::Object(_) => true,
        Value::Array(items) => items.first().is_some_and(Value::is_object),
        _ => false,
    };
    for (name, value) in fields.iter().filter(|(_, value)| !is_table(value)) {
        line(&mut out, name, value);
    }
    for (name, value) in fields.iter().filter(|(_, value)| is_table(value)) {
        match value {
            Value::Object(table) => section(&mut out, &format!("[{}]", key(name)), table),
            Value::Array(items) => {
                for table in items.iter().filter_map(Value::as_object) {
                    section(&mut out, &format!("[[{}]]", key(name)), table);
                }
            }
            _ => {}
        }
    }
    out
}

fn section(out: &mut String, heading: &str, table: &Map<String, Value>) {
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{heading}");
    for (name, value) in table {
        line(out, name, value);
    }
}

fn line(out: &mut String, name: &str, value: &Value) {
    let _ = writeln!(out, "{} = {}", key(name), inline(value));
}

fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !name.is_empty() && name.bytes().all(is_bare) { name.to_owned() } else { quoted(name) }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(table) => {
            let pair =
                |(name, value): (&String, &Value)| format!("{} = {}", key(name), inline(value));
            let pairs: Vec<_> = table.iter().map(pair).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A text between quotes. TOML knows every escape that JSON writes, and wants one more.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_to_the_same_identity() {
        for text in [
            include_str!("../../../../agreements/statute-pack.toml"),
            include_str!("../../../../agreements/scot-accord.toml"),
            include_str!("../../../../agreements/glen-asp-concern.toml"),
            include_str!("../../../../agreements/glen-direct-care.toml"),
            include_str!("../../../../agreements/glen-girfec.toml"),
            include_str!("../../../../agreements/glen-police-asp.toml"),
        ] {
            let mut of = Instrument::parse(text).unwrap();
            assert_eq!(Instrument::parse(&of.to_toml()).unwrap().hash(), of.hash());
            of.agreement.title = "Quotes \" and \\, a\ttab, \u{7f}, \u{1}, \u{e9} and {}".into();
            assert_eq!(Instrument::parse(&of.to_toml()).unwrap().hash(), of.hash());
        }
    }

    #[test]
    fn parts_are_clauses_and_bases_and_nothing_else() {
        let of = include_str!("../../../../agreements/glen-asp-concern.toml");
        let of = Instrument::parse(of).unwrap();
        let parts = Parts { clauses: of.clauses, bases: of.bases };
        assert_eq!(Parts::parse(&parts.to_toml()).unwrap(), parts);
        assert_eq!(Parts::parse("").unwrap(), Parts::default());
        for wrong in ["x = 1", "[[party]]\nid = \"a\"", "[[clause]]\nid = \"C1\"", "[[clause]"] {
            assert!(Parts::parse(wrong).is_err(), "{wrong}");
        }
    }
}
