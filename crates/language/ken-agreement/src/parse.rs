//! From a TOML text to an instrument, or to what is wrong, where, and what to write instead.

use std::fmt;

use thiserror::Error;

use crate::instrument::Instrument;

/// Largest text that is read, in bytes. House policy: the worked example is 18 KiB.
const TEXT_MAX: usize = 1 << 20;

/// Why a text is not an instrument.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead, where that is known.
    pub instead: Option<String>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)?;
        self.instead.iter().try_for_each(|instead| write!(f, "; {instead}"))
    }
}

impl ParseError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "agreement.not-parsed"
    }

    pub(crate) fn at(line: usize, what: String) -> Self {
        let instead = advice(&what);
        Self { line, what, instead }
    }
}

impl Instrument {
    /// Reads an instrument as people write it.
    ///
    /// # Errors
    ///
    /// [`ParseError`] with the line, at the first fault: no TOML, a field or version that is not
    /// known, a field that is missing, a value that is not of its kind, a text over 1 MiB.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() > TEXT_MAX {
            return Err(ParseError::at(1, format!("longer than {TEXT_MAX} bytes")));
        }
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
            ParseError::at(line, error.message().replace('\n', ", "))
        })
    }
}

/// What to write instead, from the words of the fault: the nearest name, or the missing line.
fn advice(what: &str) -> Option<String> {
    let mut quoted = what.split('`').skip(1).step_by(2);
    let wrong = quoted.next()?;
    if what.starts_with("missing field") {
        return Some(format!("add `{wrong} = ...`"));
    }
    if !what.starts_with("unknown") {
        return None;
    }
    let nearest = quoted.min_by_key(|name| distance(wrong, name))?;
    if distance(wrong, nearest) <= wrong.len().div_ceil(2) {
        Some(format!("write `{nearest}`"))
    } else {
        Some("remove it".to_owned())
    }
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (a, b, want) in [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(distance(a, b), want, "{a} {b}");
        }
    }

    #[test]
    fn says_where_and_what_to_write_instead() {
        let check = |text: &str, want: &str| {
            let error = Instrument::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(want), "want {want}\n got {error}");
        };
        check(
            "schema = \"isa/2\"",
            "line 1: unknown variant `isa/2`, expected `isa/1`; write `isa/1`",
        );
        check("schema = \"isa/1\"\nagrement = 1", "line 2: unknown field `agrement`");
        check("\n\nschema = ", "line 3: ");
        check("schema = \"isa/1\"", "line 1: missing field `agreement`; add `agreement = ...`");
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in "\\PC{0,200}") {
            let _ = Instrument::parse(&text);
        }
    }
}
