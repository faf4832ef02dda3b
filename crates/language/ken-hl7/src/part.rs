//! A field, and what it is made of: repetitions, components, subcomponents, escapes.
//!
//! # Invariants
//!
//! - Empty (nothing was said) and null (`""`: it is to be deleted) are different.
//! - An escape that means nothing to us stays as it stands; nothing is lost.
//!
//! # Sources
//!
//! - HL7 v2.8, 2.7 (escape sequences), 2.5.3 (null).

use std::borrow::Cow;
use std::fmt;

use crate::ParseError;
use crate::charset;

/// What parts a message, as its own header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Separators {
    /// Between fields: `|`.
    pub field: u8,
    /// Between components: `^`.
    pub component: u8,
    /// Between repetitions: `~`.
    pub repetition: u8,
    /// Around escapes: `\`.
    pub escape: u8,
    /// Between subcomponents: `&`.
    pub subcomponent: u8,
}

impl Separators {
    /// Those that the standard recommends, and that Ken writes.
    pub const USUAL: Self =
        Self { field: b'|', component: b'^', repetition: b'~', escape: b'\\', subcomponent: b'&' };

    /// Reads MSH-1 and MSH-2. A fifth character there (truncation, from v2.7) is passed over.
    pub(crate) fn of_header(bytes: &[u8]) -> Result<Self, ParseError> {
        let rest = bytes.strip_prefix(b"MSH").ok_or(ParseError::NoHeader)?;
        let &[field, component, repetition, escape, subcomponent, ..] = rest else {
            return Err(ParseError::Separators);
        };
        let all = [field, component, repetition, escape, subcomponent];
        let good = all.iter().all(u8::is_ascii_punctuation)
            && (1..all.len()).all(|at| !all.iter().take(at).any(|byte| all.get(at) == Some(byte)));
        good.then_some(Self { field, component, repetition, escape, subcomponent })
            .ok_or(ParseError::Separators)
    }
}

/// How deep in a field a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Field,
    Repetition,
    Component,
    Subcomponent,
}

/// A field, a repetition, a component or a subcomponent: a piece of the message's text.
///
/// Asking for something deeper takes the first on the way down, as readers of older versions do:
/// component 1 of a field is that of its first repetition. Its `Debug` is blind.
#[derive(Clone, Copy)]
pub struct Part<'m> {
    raw: &'m str,
    separators: Separators,
    level: Level,
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({:?}, {} bytes)", self.level, self.raw.len())
    }
}

impl<'m> Part<'m> {
    /// What is not there.
    pub const EMPTY: Part<'static> =
        Part { raw: "", separators: Separators::USUAL, level: Level::Field };

    pub(crate) const fn new(raw: &'m str, separators: Separators, level: Level) -> Self {
        Self { raw, separators, level }
    }

    /// The text as it stands in the message, escapes and all.
    #[must_use]
    pub const fn raw(&self) -> &'m str {
        self.raw
    }

    /// Whether nothing was said.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// Whether it was said that there is no value: `""`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.raw == "\"\""
    }

    /// Whether anything was said of it: a value, or that there is none.
    #[must_use]
    pub fn is_said(&self) -> bool {
        self.is_null() || self.is_valued()
    }

    /// Whether there is a value: not empty, not null, not separators alone.
    #[must_use]
    pub fn is_valued(&self) -> bool {
        let Separators { component, repetition, subcomponent, .. } = self.separators;
        let blank = |byte: u8| {
            byte == component || byte == repetition || byte == subcomponent || byte == b' '
        };
        !self.is_null() && !self.raw.bytes().all(blank)
    }

    /// The repetitions of a field; the part itself if it is deeper. An empty field has none.
    pub fn repetitions(&self) -> impl Iterator<Item = Part<'m>> + use<'m> {
        let at = if self.level == Level::Field { self.separators.repetition } else { 0 };
        let (separators, level) = (self.separators, self.level.max(Level::Repetition));
        let raw = if self.raw.is_empty() { None } else { Some(self.raw) };
        raw.into_iter().flat_map(move |raw| pieces(raw, at)).map(move |raw| Part {
            raw,
            separators,
            level,
        })
    }

    /// A component by its number, from 1; empty where there is none.
    #[must_use]
    pub fn component(&self, number: usize) -> Part<'m> {
        let whole = self.one();
        if whole.level > Level::Repetition {
            return if number == 1 { whole } else { whole.nothing(Level::Component) };
        }
        whole.piece(self.separators.component, number, Level::Component)
    }

    /// A subcomponent by its number, from 1; empty where there is none.
    #[must_use]
    pub fn subcomponent(&self, number: usize) -> Part<'m> {
        let whole = if self.level < Level::Component { self.component(1) } else { *self };
        if whole.level == Level::Subcomponent {
            return if number == 1 { whole } else { whole.nothing(Level::Subcomponent) };
        }
        whole.piece(self.separators.subcomponent, number, Level::Subcomponent)
    }

    /// The text of the first subcomponent, escapes undone; empty for null.
    #[must_use]
    pub fn text(&self) -> Cow<'m, str> {
        if self.raw.is_empty() {
            return Cow::Borrowed("");
        }
        let part = self.subcomponent(1);
        if part.is_null() { Cow::Borrowed("") } else { part.unescaped() }
    }

    /// The text, trimmed, if there is any.
    #[must_use]
    pub fn value(&self) -> Option<String> {
        trimmed(self.text())
    }

    /// The whole part, trimmed, if there is any: for words in which senders forget to escape
    /// (`U & E`).
    #[must_use]
    pub fn words(&self) -> Option<String> {
        trimmed(self.whole())
    }

    /// The whole part as text, separators within it kept: for free text that forgot to escape.
    #[must_use]
    pub fn whole(&self) -> Cow<'m, str> {
        if self.is_null() { Cow::Borrowed("") } else { self.unescaped() }
    }

    /// The first repetition of a field; the part itself if it is deeper.
    pub(crate) fn one(self) -> Part<'m> {
        if self.level == Level::Field { self.first() } else { self }
    }

    fn first(self) -> Part<'m> {
        self.piece(self.separators.repetition, 1, Level::Repetition)
    }

    fn piece(self, at: u8, number: usize, level: Level) -> Part<'m> {
        let raw = nth(self.raw, at, number).unwrap_or_default();
        Part { raw, separators: self.separators, level }
    }

    const fn nothing(self, level: Level) -> Part<'m> {
        Part { raw: "", separators: self.separators, level }
    }

    fn unescaped(&self) -> Cow<'m, str> {
        let escape = char::from(self.separators.escape);
        if !self.raw.contains(escape) {
            return Cow::Borrowed(self.raw);
        }
        let mut text = String::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some((before, after)) = rest.split_once(escape) {
            text.push_str(before);
            match after.split_once(escape) {
                Some((body, after)) if self.undo(body, &mut text) => rest = after,
                // Not an escape: the character stands for itself, and we look on after it.
                _ => {
                    text.push(escape);
                    rest = after;
                }
            }
        }
        text.push_str(rest);
        Cow::Owned(text)
    }

    /// Appends what an escape means; `false` if it means nothing.
    fn undo(&self, body: &str, text: &mut String) -> bool {
        let byte = match body {
            "F" => self.separators.field,
            "S" => self.separators.component,
            "T" => self.separators.subcomponent,
            "R" => self.separators.repetition,
            "E" => self.separators.escape,
            ".br" | ".sp" | ".ce" => b'\n',
            // Highlighting on and off; formatting that a page of ours does not follow.
            "H" | "N" | ".fi" | ".nf" => return true,
            _ => return undo_counted(body, text),
        };
        text.push(char::from(byte));
        true
    }
}

/// Escapes with a number in them: bytes in hexadecimal, blank lines, blanks, indentation.
fn undo_counted(body: &str, text: &mut String) -> bool {
    if let Some(hex) = body.strip_prefix('X') {
        return undo_hex(hex, text);
    }
    let Some((kind, count)) = body.split_at_checked(3) else { return false };
    let count: usize = match count.trim_start_matches('+').parse() {
        Ok(count @ 0..=BLANKS_MAX) => count,
        _ => return false,
    };
    match kind {
        ".sp" => text.extend(std::iter::repeat_n('\n', count)),
        ".sk" => text.extend(std::iter::repeat_n(' ', count)),
        ".in" | ".ti" => {}
        _ => return false,
    }
    true
}

/// Most blanks that one escape asks for. House policy: the height of a page.
const BLANKS_MAX: usize = 80;

fn undo_hex(hex: &str, text: &mut String) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let byte = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    match bytes {
        Some(bytes) if rest.is_empty() && !bytes.is_empty() => {
            text.push_str(&charset::decode(&bytes, "").0);
            true
        }
        _ => false,
    }
}

/// A text without the blanks around it, if anything is left.
fn trimmed(text: Cow<'_, str>) -> Option<String> {
    let inner = text.trim();
    match text {
        _ if inner.is_empty() => None,
        Cow::Owned(text) if inner.len() == text.len() => Some(text),
        _ => Some(inner.to_owned()),
    }
}

/// The piece with a number, from 1, between the places of an ASCII byte.
fn nth(raw: &str, at: u8, number: usize) -> Option<&str> {
    let mut rest = raw;
    for _ in 1..number.max(1) {
        let end = rest.bytes().position(|byte| byte == at)?;
        rest = rest.get(end + 1..)?;
    }
    let end = rest.bytes().position(|byte| byte == at).unwrap_or(rest.len());
    if number == 0 { None } else { rest.get(..end) }
}

/// Splits at an ASCII byte; at nothing when it is NUL, which no separator is.
fn pieces(raw: &str, at: u8) -> impl Iterator<Item = &str> {
    let at = char::from(at);
    raw.split(move |letter| letter == at && at != '\0')
}

/// Writes text so that it reads back as one subcomponent, in the usual separators.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    // Two quotation marks alone would read back as null.
    if text == "\"\"" {
        return Cow::Borrowed("\\X2222\\");
    }
    let special = |letter: char| matches!(letter, '|' | '^' | '~' | '\\' | '&') || letter < ' ';
    if !text.contains(special) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '|' => escaped.push_str("\\F\\"),
            '^' => escaped.push_str("\\S\\"),
            '~' => escaped.push_str("\\R\\"),
            '\\' => escaped.push_str("\\E\\"),
            '&' => escaped.push_str("\\T\\"),
            '\n' => escaped.push_str("\\.br\\"),
            letter if letter < ' ' => {
                escaped.extend(["\\X", &format!("{:02X}", u32::from(letter)), "\\"]);
            }
            letter => escaped.push(letter),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(raw: &str) -> Part<'_> {
        Part::new(raw, Separators::USUAL, Level::Field)
    }

    #[test]
    fn a_field_comes_apart() {
        let name = field("A&B^C~D^E&F");
        let texts: Vec<_> = name.repetitions().map(|one| one.component(2).raw()).collect();
        assert_eq!(texts, ["C", "E&F"]);
        assert_eq!(name.component(1).subcomponent(2).text(), "B");
        assert_eq!(name.subcomponent(1).text(), "A");
        assert_eq!(name.component(1).component(2).raw(), "");
        assert_eq!(name.subcomponent(1).component(1).raw(), "A");
        assert_eq!(name.component(3).raw(), "");
        assert_eq!(field("").repetitions().count(), 0);
        assert_eq!(field("~").repetitions().count(), 2);
        assert_eq!(name.component(2).repetitions().count(), 1);
    }

    #[test]
    fn empty_is_not_null() {
        let check = |raw: &str, empty: bool, null: bool, valued: bool| {
            let part = field(raw);
            assert_eq!((part.is_empty(), part.is_null(), part.is_valued()), (empty, null, valued));
        };
        check("", true, false, false);
        check("\"\"", false, true, false);
        check("^^&~", false, false, false);
        check("x", false, false, true);
        assert_eq!(field("\"\"").text(), "");
        assert_eq!(field("\"\"^x").value(), None);
    }

    #[test]
    fn escapes_are_undone() {
        let check = |raw: &str, want: &str| assert_eq!(field(raw).text(), want, "{raw}");
        check("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f", "a|b^c&d~e\\f");
        check("line\\.br\\line", "line\nline");
        check("\\H\\loud\\N\\", "loud");
        check("one\\.sp2\\two\\.sk3\\three\\.in+4\\four", "one\n\ntwo   threefour");
        check("\\.sp81\\", "\\.sp81\\");
        check("\\.é\\", "\\.é\\");
        check("\\X41\\\\XC3A9\\", "Aé");
        check("\\XE9\\", "é");
        check("a\\X00\\b\\X410042\\", "a\u{fffd}bA\u{fffd}B");
        check("\\XE\\", "\\XE\\");
        check("\\Z01\\", "\\Z01\\");
        check("C:\\notes", "C:\\notes");
        check("\\", "\\");
        check("\\unknown\\F\\", "\\unknown|");
        check("\\E\\F\\E\\", "\\F\\");
    }

    proptest! {
        #![proptest_config(crate::repeatable())]

        #[test]
        fn what_is_escaped_reads_back(text in "\\PC{0,40}|[\\\\|^~&FSTREX.br\n\u{1c}\u{b}]{0,20}") {
            let escaped = escape(&text);
            prop_assert_eq!(field(&escaped).whole(), text.as_str());
            let framing = ['|', '\u{1c}', '\u{b}', '\r', '\n'];
            prop_assert!(!escaped.contains(framing));
        }

        #[test]
        fn any_text_comes_apart(raw in "\\PC{0,30}|[\\\\^~&A]{0,30}", number in 0usize..5) {
            for part in field(&raw).repetitions() {
                let _ = part.component(number).subcomponent(number).text();
            }
        }
    }
}
