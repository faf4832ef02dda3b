//! Bytes to text: UTF-8 where it is, the Windows superset of ISO 8859-1 where it is not.
//!
//! # Invariants
//!
//! - Any byte sequence becomes text, and no byte is lost: each has its character.
//! - UTF-8 is borrowed, not copied.
//!
//! # Sources
//!
//! - HL7 table 0211 (MSH-18). The declared set is believed only when the bytes agree: senders
//!   copy the field from examples.
//! - WHATWG Encoding Standard: label `iso-8859-1` means windows-1252, since what senders put at
//!   0x80 to 0x9F are quotation marks and the euro sign, never control characters.

use std::borrow::Cow;

/// How the bytes of a message were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Every byte was ASCII.
    Ascii,
    /// UTF-8, declared or not.
    Utf8,
    /// ISO 8859-1 as declared in MSH-18.
    Latin1,
    /// Neither UTF-8 nor declared as ISO 8859-1: read as such, and worth a warning.
    Latin1Assumed,
}

impl Charset {
    /// What MSH-18 of an answer in this set says (HL7 table 0211).
    #[must_use]
    pub const fn declared(self) -> &'static str {
        match self {
            Self::Ascii => "ASCII",
            Self::Utf8 => "UNICODE UTF-8",
            Self::Latin1 | Self::Latin1Assumed => "8859/1",
        }
    }
}

/// What 0x80 to 0x9F mean in windows-1252; unassigned ones keep their own number.
const UPPER: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Reads bytes as text. `declared` is MSH-18 as it stands, empty when absent.
#[must_use]
pub fn decode<'m>(bytes: &'m [u8], declared: &str) -> (Cow<'m, str>, Charset) {
    let latin1 = declared.trim().eq_ignore_ascii_case("8859/1");
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => (Cow::Borrowed(text), Charset::Ascii),
        Ok(text) if !latin1 => (Cow::Borrowed(text), Charset::Utf8),
        _ if latin1 => (Cow::Owned(from_latin1(bytes)), Charset::Latin1),
        _ => (Cow::Owned(from_latin1(bytes)), Charset::Latin1Assumed),
    }
}

fn from_latin1(bytes: &[u8]) -> String {
    let letter = |&byte: &u8| match byte {
        0x80..=0x9f => UPPER.get(usize::from(byte - 0x80)).copied().unwrap_or(char::from(byte)),
        _ => char::from(byte),
    };
    bytes.iter().map(letter).collect()
}

/// Writes text in a set; what the set lacks becomes `?`.
#[must_use]
pub fn encode(text: &str, charset: Charset) -> Vec<u8> {
    let byte = |letter: char| match charset {
        Charset::Ascii => u8::try_from(letter).ok().filter(u8::is_ascii),
        Charset::Utf8 => None,
        Charset::Latin1 | Charset::Latin1Assumed => match letter {
            '\u{80}'..='\u{9f}' => UPPER.contains(&letter).then(|| u8::try_from(letter).ok())?,
            _ => u8::try_from(letter).ok().or_else(|| {
                let at = UPPER.iter().position(|&upper| upper == letter)?;
                u8::try_from(at + 0x80).ok()
            }),
        },
    };
    match charset {
        Charset::Utf8 => text.as_bytes().to_vec(),
        _ => text.chars().map(|letter| byte(letter).unwrap_or(b'?')).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bytes_decide_and_the_declaration_helps() {
        let check = |bytes: &[u8], declared: &str, want: &str, set: Charset| {
            let (text, charset) = decode(bytes, declared);
            assert_eq!((text.as_ref(), charset), (want, set), "{bytes:?} as {declared:?}");
        };
        check(b"Aine", "", "Aine", Charset::Ascii);
        check(b"Aine", "8859/1", "Aine", Charset::Ascii);
        check("Áine".as_bytes(), "UNICODE UTF-8", "Áine", Charset::Utf8);
        check("Áine".as_bytes(), "ASCII", "Áine", Charset::Utf8);
        check(b"\xc1ine", "8859/1", "Áine", Charset::Latin1);
        check(b"\xc1ine", "ASCII", "Áine", Charset::Latin1Assumed);
        check(b"O\x92Neil \x80", "", "O’Neil €", Charset::Latin1Assumed);
        check(b"\xc3\x81", "8859/1", "Ã\u{81}", Charset::Latin1);
    }

    #[test]
    fn an_answer_speaks_the_set_of_the_question() {
        assert_eq!(encode("É’", Charset::Latin1), b"\xc9\x92");
        assert_eq!(encode("É", Charset::Ascii), b"?");
        assert_eq!(encode("É", Charset::Utf8), "É".as_bytes());
        assert_eq!(encode("字", Charset::Latin1Assumed), b"?");
    }

    proptest! {
        #![proptest_config(crate::repeatable())]

        #[test]
        fn no_byte_is_lost(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let (text, _) = decode(&bytes, "8859/1");
            prop_assert_eq!(encode(&text, Charset::Latin1), bytes);
        }
    }
}
