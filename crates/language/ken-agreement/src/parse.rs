//! From a text to an instrument and its places, or to everything that is wrong with it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use thiserror::Error;

use crate::fault::{Fault, Faults};
use crate::instrument::Instrument;
use crate::read::{Node, Read, Value, from_toml};

/// Largest text that is read, in bytes. House policy: the worked example is 18 KiB.
pub const TEXT_MAX: usize = 1 << 20;

/// Why a text is not an instrument: every fault, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ParseError {
    /// The faults; at least one.
    pub faults: Vec<Fault>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.faults.first() else { return f.write_str("not an instrument") };
        write!(f, "line {}: {}", first.line, first.what)?;
        first.help.iter().try_for_each(|help| write!(f, "; {help}"))?;
        match self.faults.len() {
            1 => Ok(()),
            more => write!(f, "; and {} more faults", more - 1),
        }
    }
}

impl ParseError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "agreement.not-parsed"
    }

    pub(crate) fn one(fault: Fault) -> Self {
        Self { faults: vec![fault] }
    }
}

/// Where each part of a text stands, by a path of words: `clause/C5/purpose`, `party/nhsl`.
///
/// A part of a list is found by its `id`, or by its `party` where it has no id; a word of a list
/// by itself: `clause/C5/fields/name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<String, Range<usize>>);

impl Places {
    /// The bytes of a part; of what holds it, where it is not written; of the whole text at last.
    #[must_use]
    pub fn find(&self, path: &str) -> Range<usize> {
        let mut path = path;
        loop {
            if let Some(at) = self.0.get(path) {
                return at.clone();
            }
            let Some((holder, _)) = path.rsplit_once('/') else { return 0..0 };
            path = holder;
        }
    }

    fn note(&mut self, path: &str, node: &Node) {
        match &node.value {
            Value::Table(entries) => {
                for (key, at, value) in entries {
                    let path = join(path, key);
                    // A field is shown by its name as well as its value.
                    let whole = at.start.min(value.at.start)..at.end.max(value.at.end);
                    let flat = !matches!(value.value, Value::Table(_) | Value::List(_));
                    self.0.insert(path.clone(), if flat { whole } else { value.at.clone() });
                    self.note(&path, value);
                }
            }
            Value::List(items) => {
                for item in items {
                    let name = match &item.value {
                        Value::Text(text) => Some(text.as_str()),
                        other => named(other),
                    };
                    if let Some(name) = name {
                        let path = join(path, name);
                        self.0.insert(path.clone(), item.at.clone());
                        self.note(&path, item);
                    }
                }
            }
            _ => {}
        }
    }
}

fn join(path: &str, part: &str) -> String {
    if path.is_empty() { part.to_owned() } else { format!("{path}/{part}") }
}

/// The id of a part of a list, or the party it is about.
fn named(value: &Value) -> Option<&str> {
    let Value::Table(entries) = value else { return None };
    let text = |name: &str| {
        entries.iter().find_map(|(key, _, node)| match &node.value {
            Value::Text(text) if key == name => Some(text.as_str()),
            _ => None,
        })
    };
    // A work instruction's id is its document; it is found by its party.
    let short = entries.len() <= 2 && text("party").is_some();
    if short { text("party") } else { text("id") }
}

impl Instrument {
    /// Reads an instrument as people write it.
    ///
    /// # Errors
    ///
    /// [`ParseError`] with every fault and its place: no TOML, a field or version that is not
    /// known, a field that is missing, a value that is not of its kind, a text over 1 MiB.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_with_places(text).map(|(instrument, _)| instrument)
    }

    /// Reads an instrument, and where each part of it stands.
    ///
    /// # Errors
    ///
    /// As [`Instrument::parse`].
    pub fn parse_with_places(text: &str) -> Result<(Self, Places), ParseError> {
        if text.len() > TEXT_MAX {
            return Err(ParseError::one(Fault::size(TEXT_MAX)));
        }
        let mut faults = Faults::default();
        let tree = from_toml(text, &mut faults);
        let read = Self::read(&tree, &mut faults);
        match read.filter(|_| faults.is_empty()) {
            Some(instrument) => {
                let mut places = Places::default();
                places.note("", &tree);
                Ok((instrument, places))
            }
            None => Err(ParseError { faults: faults.placed(text) }),
        }
    }
}

/// The name that was probably meant: the nearest, if it is near enough.
pub(crate) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A long text is no misspelt name, and the count below is quadratic.
    if wrong.len() > 64 {
        return None;
    }
    let near = names.map(|name| (distance(wrong, name), name)).min();
    near.filter(|(edits, _)| *edits <= wrong.len().div_ceil(2).min(4)).map(|(_, name)| name)
}

/// Edits between two names (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let replaced = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = replaced.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (a, b, want) in [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(distance(a, b), want, "{a} {b}");
        }
    }

    #[test]
    fn a_part_is_found_or_what_holds_it() {
        let text = include_str!("../../../../agreements/glen-asp-concern.toml");
        let (_, places) = Instrument::parse_with_places(text).unwrap();
        let check = |path: &str, want: &str| {
            let at = places.find(path);
            assert!(text[at.clone()].starts_with(want), "{path}: {:?}", &text[at]);
        };
        check("agreement/version", "version = \"2.1.0\"");
        check("clause/C5/purpose", "purpose = \"support-offer\"");
        check("clause/C5/fields/phone", "\"phone\"");
        check("clause/C5/deadline", "[[clause]]");
        check("party/nhsl/name", "name = \"NHS Glen");
        check("basis/b.rowan/art6", "art6 = \"6(1)(f)\"");
        check("work_instruction/rowan", "[[work_instruction]]");
        check("retention/cec/rule", "rule = \"its own");
        assert_eq!(places.find("nothing/of/the/sort"), 0..0);
    }
}
