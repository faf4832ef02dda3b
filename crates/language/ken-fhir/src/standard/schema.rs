//! JSON Schema 2020-12, as much of it as the core standards use, and no more.
//!
//! # Invariants
//!
//! - A schema with a word that is not read here is no schema: nothing in one is passed over.
//! - Objects are closed: one that names its fields says `additionalProperties: false`.
//! - A `pattern` stands only beside a `format`, which asks for all that the pattern asks for and
//!   more: it is there for programs that do not read formats.
//! - A finding names a place and what to write there, and never what stands there.
//!
//! # Sources
//!
//! - JSON Schema 2020-12, *Core* and *Validation*; RFC 6901 for places.

use ken_core::PartialDate;
use serde_json::{Map, Value};

use crate::DateTime;

/// Most findings of one document.
pub const WRONGS_MAX: usize = 100;
/// Most characters of a name that a finding shows.
const NAME_MAX: usize = 60;

/// Words of a schema that say something to people.
const REMARKS: &[&str] = &["$schema", "$id", "title", "description"];
/// Words of a schema that are checked.
const CHECKS: &[&str] = &[
    "$defs",
    "$ref",
    "type",
    "const",
    "enum",
    "required",
    "properties",
    "additionalProperties",
    "oneOf",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minLength",
    "maxLength",
    "format",
    "pattern",
];
/// The types that a schema may ask for, and what to write.
const TYPES: &[(&str, &str)] =
    &[("object", "an object"), ("array", "a list"), ("string", "a text")];

/// A format: its name, what to write, and whether a text is of it.
type Format = (&'static str, &'static str, fn(&str) -> bool);

/// The formats that a schema may ask for.
const FORMATS: &[Format] = &[
    ("words", "some words, without control characters", is_words),
    ("uri", "an address such as urn:ken:id:glen:mr, without spaces", is_uri),
    ("id", "letters without accents, digits, points and hyphens", is_id),
    ("fhir-date", "a date, as 1948, 1948-03 or 1948-03-02", is_date),
    ("fhir-date-time", "a date, or a time as 2026-11-21T10:15:00+00:00", is_date_time),
    ("fhir-instant", "a time as 2026-11-21T10:15:00+00:00", is_instant),
];

/// Something that must be put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Where, as a JSON Pointer; empty for the whole.
    pub place: String,
    /// What to do there.
    pub says: String,
}

impl Wrong {
    pub(super) fn at(place: &str, says: impl Into<String>) -> Self {
        Self { place: place.to_owned(), says: says.into() }
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.place.is_empty() { "the document" } else { &self.place };
        write!(f, "{place}: {}", self.says)
    }
}

/// A schema. The default one is good for nothing: it refuses every document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schema(Option<Value>);

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    ///
    /// The first thing in it that is not read here.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let root: Value =
            serde_json::from_str(text).map_err(|_| Wrong::at("", "write a schema in JSON"))?;
        known(&root, &root, "")?;
        Ok(Self(Some(root)))
    }

    /// The schema as JSON; `null` for the one that refuses everything.
    #[must_use]
    pub fn value(&self) -> &Value {
        self.0.as_ref().unwrap_or(&Value::Null)
    }

    /// Everything that must be put right in a document, at most [`WRONGS_MAX`] things.
    #[must_use]
    pub fn check(&self, document: &Value) -> Vec<Wrong> {
        let Some(root) = &self.0 else {
            return vec![Wrong::at("", "nothing is taken: the schema cannot be read")];
        };
        let mut check = Check { root, wrongs: vec![] };
        check.value(root, document, "");
        check.wrongs
    }
}

/// Sees that a schema says nothing that is not read here.
fn known(root: &Value, schema: &Value, place: &str) -> Result<(), Wrong> {
    let Some(words) = schema.as_object() else { return Err(Wrong::at(place, "write an object")) };
    let read = |word: &str| REMARKS.contains(&word) || CHECKS.contains(&word);
    if let Some(word) = words.keys().find(|word| !read(word)) {
        return Err(Wrong::at(place, format!("leave out `{word}`: it is not read")));
    }
    let text = |word: &str| words.get(word).and_then(Value::as_str);
    let asks = |good: bool, says: &str| if good { Ok(()) } else { Err(Wrong::at(place, says)) };
    let is = |word: &str, known: &[&str]| {
        !words.contains_key(word) || text(word).is_some_and(|text| known.contains(&text))
    };
    let (types, formats) = (TYPES.iter().map(|one| one.0), FORMATS.iter().map(|one| one.0));
    asks(is("type", &types.collect::<Vec<_>>()), "name a type that is read")?;
    asks(is("format", &formats.collect::<Vec<_>>()), "name a format that is read")?;
    let beside = !words.contains_key("pattern") || words.contains_key("format");
    asks(beside, "say by a format what the pattern says")?;
    let closed = words.get("additionalProperties") == Some(&Value::Bool(false));
    asks(closed || !words.contains_key("properties"), "close the object")?;
    if words.contains_key("$ref") {
        let target = resolved(root, schema);
        let ends = target.is_some_and(|target| target.get("$ref").is_none());
        let alone = words.keys().all(|word| word == "$ref" || REMARKS.contains(&word.as_str()));
        asks(ends && alone, "lead to a definition that leads nowhere else, and say no more")?;
    }
    for word in ["properties", "$defs"] {
        for (name, inner) in words.get(word).and_then(Value::as_object).into_iter().flatten() {
            known(root, inner, &format!("{place}/{word}/{name}"))?;
        }
    }
    for inner in words.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        let alone = inner.as_object().is_some_and(|one| one.keys().eq(["required"]));
        asks(alone, "choose by required fields alone")?;
    }
    words.get("items").map_or(Ok(()), |inner| known(root, inner, &format!("{place}/items")))
}

/// What a `$ref` leads to: a definition of the same file.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> Option<&'a Value> {
    let name = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
    root.get("$defs")?.get(name)
}

/// A document being held against a schema.
struct Check<'a> {
    root: &'a Value,
    wrongs: Vec<Wrong>,
}

impl Check<'_> {
    fn wrong(&mut self, place: &str, says: impl Into<String>) {
        if self.wrongs.len() < WRONGS_MAX {
            self.wrongs.push(Wrong::at(place, says));
        }
    }

    /// What is deeper than the schema is an unknown field, so that this ends where the schema does.
    fn value(&mut self, schema: &Value, value: &Value, place: &str) {
        let schema = resolved(self.root, schema).unwrap_or(schema);
        if let Some(kind) = schema.get("type").and_then(Value::as_str) {
            let found = match value {
                Value::Object(_) => "object",
                Value::Array(_) => "array",
                Value::String(_) => "string",
                Value::Null | Value::Bool(_) | Value::Number(_) => "",
            };
            if found != kind {
                let says = TYPES.iter().find(|(name, _)| *name == kind).map_or(kind, |one| one.1);
                return self.wrong(place, format!("write {says}"));
            }
        }
        self.listed(schema, value, place);
        match value {
            Value::Object(fields) => self.object(schema, fields, place),
            Value::Array(items) => self.array(schema, items, place),
            Value::String(text) => self.string(schema, text, place),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn listed(&mut self, schema: &Value, value: &Value, place: &str) {
        if let Some(only) = schema.get("const").filter(|only| *only != value) {
            self.wrong(place, format!("write {only}"));
        }
        let choices = schema.get("enum").and_then(Value::as_array);
        if let Some(choices) = choices.filter(|choices| !choices.contains(value)) {
            let choices: Vec<_> = choices.iter().map(Value::to_string).collect();
            self.wrong(place, format!("write one of {}", choices.join(", ")));
        }
    }

    fn object(&mut self, schema: &Value, fields: &Map<String, Value>, place: &str) {
        for name in names(schema) {
            if !fields.contains_key(name) {
                self.wrong(place, format!("add `{name}`"));
            }
        }
        if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
            let met = |choice: &&Value| names(choice).all(|name| fields.contains_key(name));
            if choices.iter().filter(met).count() != 1 {
                let choices: Vec<_> = choices.iter().flat_map(names).collect();
                self.wrong(place, format!("give exactly one of `{}`", choices.join("`, `")));
            }
        }
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
        for (name, value) in fields {
            let shown: String = name.chars().take(NAME_MAX).collect();
            match properties.get(name) {
                Some(inner) => self.value(inner, value, &format!("{place}/{shown}")),
                None => self.wrong(place, format!("leave out `{shown}`: there is no such field")),
            }
        }
    }

    fn array(&mut self, schema: &Value, items: &[Value], place: &str) {
        if items.len() < bound(schema, "minItems").unwrap_or_default() {
            self.wrong(place, "write at least one, or leave the list out");
        }
        if let Some(most) = bound(schema, "maxItems").filter(|most| items.len() > *most) {
            return self.wrong(place, format!("write at most {most} of them"));
        }
        let mut rest = items;
        let repeats = schema.get("uniqueItems") == Some(&Value::Bool(true));
        while let Some((first, after)) = rest.split_first().filter(|_| repeats) {
            if after.contains(first) {
                self.wrong(place, "write each of them once");
            }
            rest = after;
        }
        let Some(inner) = schema.get("items") else { return };
        for (at, item) in items.iter().enumerate() {
            self.value(inner, item, &format!("{place}/{at}"));
        }
    }

    fn string(&mut self, schema: &Value, text: &str, place: &str) {
        let length = text.chars().count();
        if length < bound(schema, "minLength").unwrap_or_default() {
            self.wrong(place, "write something, or leave the field out");
        }
        if let Some(most) = bound(schema, "maxLength").filter(|most| length > *most) {
            self.wrong(place, format!("write at most {most} characters"));
        }
        let format = schema.get("format").and_then(Value::as_str);
        let format = FORMATS.iter().find(|(name, ..)| Some(*name) == format);
        if let Some((_, says, _)) = format.filter(|(.., is)| !is(text)) {
            self.wrong(place, format!("write {says}"));
        }
    }
}

fn names(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

fn bound(schema: &Value, word: &str) -> Option<usize> {
    schema.get(word)?.as_u64().and_then(|bound| usize::try_from(bound).ok())
}

/// FHIR's `string`: something that is seen, and of the characters below a space only those that
/// part words and lines.
fn is_words(text: &str) -> bool {
    let is_control = |sign: char| sign.is_control() && !"\t\r\n".contains(sign);
    text.contains(|sign: char| !sign.is_whitespace()) && !text.contains(is_control)
}

fn is_uri(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let names = |sign: char| sign.is_ascii_alphanumeric() || "+-.".contains(sign);
    scheme.starts_with(|sign: char| sign.is_ascii_alphabetic())
        && scheme.chars().all(names)
        && text.len() > scheme.len() + 1
        && !text.contains(|sign: char| sign.is_whitespace() || sign.is_control())
}

fn is_id(text: &str) -> bool {
    let may = |sign: char| sign.is_ascii_alphanumeric() || "._-".contains(sign);
    !text.is_empty() && text.chars().all(may)
}

fn is_date(text: &str) -> bool {
    text.parse::<PartialDate>().is_ok()
}

fn is_date_time(text: &str) -> bool {
    text.parse::<DateTime>().is_ok()
}

fn is_instant(text: &str) -> bool {
    text.parse::<DateTime>().is_ok_and(|at| at.moment().is_some())
}
