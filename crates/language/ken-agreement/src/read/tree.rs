//! The tree of a text: what stands where. Made from TOML with places, or from JSON without.
//!
//! # Invariants
//!
//! - Text is in Unicode NFC from here on. Were it brought into that form only when the canonical
//!   form is written, a set could stand there in another order than it is read back in.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::fault::{Fault, Faults};
use crate::nfc::nfc;

/// A value and the bytes in which it stands; from JSON, no bytes.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: Range<usize>,
    pub(crate) value: Value,
}

/// A value of either spelling.
#[derive(Debug)]
pub(crate) enum Value {
    Text(String),
    Whole(i64),
    Truth(bool),
    Day(String),
    List(Vec<Node>),
    /// Fields in no order, each with its name and where the name stands.
    Table(Vec<(String, Range<usize>, Node)>),
    /// What no field takes: a fraction, a time of day, a null.
    Other(&'static str),
}

impl Value {
    /// What it is, in the words of a message.
    pub(crate) fn is_called(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Whole(_) => "a number",
            Self::Truth(_) => "true or false",
            Self::Day(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(what) => what,
        }
    }
}

/// The tree of a TOML text, as far as its faults let it be read.
pub(crate) fn from_toml(text: &str, faults: &mut Faults) -> Node {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().unwrap_or_default();
        faults.add(Fault::syntax(at, error.message()));
    }
    let (at, table) = (table.span(), table.into_inner());
    Node { at, value: toml_table(table) }
}

fn toml_table(table: DeTable<'_>) -> Value {
    let entry = |(key, value): (toml::Spanned<_>, toml::Spanned<_>)| {
        let at = key.span();
        let key: std::borrow::Cow<'_, str> = key.into_inner();
        (nfc(&key).into_owned(), at, toml_node(value))
    };
    Value::Table(table.into_iter().map(entry).collect())
}

fn toml_node(spanned: toml::Spanned<DeValue<'_>>) -> Node {
    let at = spanned.span();
    let value = match spanned.into_inner() {
        DeValue::String(text) => Value::Text(nfc(&text).into_owned()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i64::from_str_radix(&digits, number.radix())
                .map_or(Value::Other("a number beyond all sense"), Value::Whole)
        }
        DeValue::Float(_) => Value::Other("a fraction"),
        DeValue::Boolean(truth) => Value::Truth(truth),
        DeValue::Datetime(when) => {
            if when.date.is_some() && when.time.is_none() && when.offset.is_none() {
                Value::Day(when.to_string())
            } else {
                Value::Other("a time of day")
            }
        }
        DeValue::Array(items) => Value::List(items.into_iter().map(toml_node).collect()),
        DeValue::Table(table) => toml_table(table),
    };
    Node { at, value }
}

/// The tree of a JSON value.
pub(crate) fn from_json(value: serde_json::Value) -> Node {
    let value = match value {
        serde_json::Value::Null => Value::Other("null"),
        serde_json::Value::Bool(truth) => Value::Truth(truth),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or(Value::Other("a fraction"), Value::Whole)
        }
        serde_json::Value::String(text) => Value::Text(nfc(&text).into_owned()),
        serde_json::Value::Array(items) => Value::List(items.into_iter().map(from_json).collect()),
        serde_json::Value::Object(map) => {
            let entry =
                |(key, value): (String, _)| (nfc(&key).into_owned(), 0..0, from_json(value));
            Value::Table(map.into_iter().map(entry).collect())
        }
    };
    Node { at: 0..0, value }
}
