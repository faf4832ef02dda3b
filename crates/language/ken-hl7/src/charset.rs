//! Bytes to text: UTF-8 where it is, the set that was declared where it is not.
//!
//! # Invariants
//!
//! - Any byte sequence becomes text. In a set of one byte each byte has its character; in UTF-8
//!   only what is broken is lost, and the message says so ([`Charset::Utf8Damaged`]).
//! - What was written in a set that is not read here is never passed off as text
//!   ([`Charset::Unknown`]).
//! - UTF-8 is borrowed, not copied.
//! - No text has a NUL: it is no character of any message, and not every database holds one. Each
//!   is replaced, and the message is damaged.
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
    /// Text with bytes that are none of UTF-8, or of no text at all, each replaced: a person must
    /// look.
    Utf8Damaged,
    /// ISO 8859-1 as declared in MSH-18.
    Latin1,
    /// ISO 8859-2 as declared.
    Latin2,
    /// ISO 8859-14 as declared.
    Latin8,
    /// ISO 8859-15 as declared.
    Latin9,
    /// A set that is not read here: the text is not what was meant.
    Unknown,
    /// Neither UTF-8 nor declared as a set that is read: taken for ISO 8859-1.
    Latin1Assumed,
}

impl Charset {
    /// What MSH-18 of an answer in this set says (HL7 table 0211).
    #[must_use]
    pub const fn declared(self) -> &'static str {
        match self {
            Self::Ascii | Self::Unknown => "ASCII",
            Self::Utf8 | Self::Utf8Damaged => "UNICODE UTF-8",
            Self::Latin2 => "8859/2",
            Self::Latin8 => "8859/14",
            Self::Latin9 => "8859/15",
            Self::Latin1 | Self::Latin1Assumed => "8859/1",
        }
    }
}

/// What 0x80 to 0x9F mean in windows-1252; unassigned ones keep their own number.
const UPPER: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// What 0xA0 to 0xFF mean in a set of ISO 8859.
type Half = [char; 96];

/// ISO 8859-2: Central Europe.
const LATIN2: Half = [
    '\u{a0}', 'Ą', '˘', 'Ł', '¤', 'Ľ', 'Ś', '§', '¨', 'Š', 'Ş', 'Ť', 'Ź', '\u{ad}', 'Ž', 'Ż', '°',
    'ą', '˛', 'ł', '´', 'ľ', 'ś', 'ˇ', '¸', 'š', 'ş', 'ť', 'ź', '˝', 'ž', 'ż', 'Ŕ', 'Á', 'Â', 'Ă',
    'Ä', 'Ĺ', 'Ć', 'Ç', 'Č', 'É', 'Ę', 'Ë', 'Ě', 'Í', 'Î', 'Ď', 'Đ', 'Ń', 'Ň', 'Ó', 'Ô', 'Ő', 'Ö',
    '×', 'Ř', 'Ů', 'Ú', 'Ű', 'Ü', 'Ý', 'Ţ', 'ß', 'ŕ', 'á', 'â', 'ă', 'ä', 'ĺ', 'ć', 'ç', 'č', 'é',
    'ę', 'ë', 'ě', 'í', 'î', 'ď', 'đ', 'ń', 'ň', 'ó', 'ô', 'ő', 'ö', '÷', 'ř', 'ů', 'ú', 'ű', 'ü',
    'ý', 'ţ', '˙',
];

/// ISO 8859-14: Celtic.
const LATIN8: Half = [
    '\u{a0}', 'Ḃ', 'ḃ', '£', 'Ċ', 'ċ', 'Ḋ', '§', 'Ẁ', '©', 'Ẃ', 'ḋ', 'Ỳ', '\u{ad}', '®', 'Ÿ', 'Ḟ',
    'ḟ', 'Ġ', 'ġ', 'Ṁ', 'ṁ', '¶', 'Ṗ', 'ẁ', 'ṗ', 'ẃ', 'Ṡ', 'ỳ', 'Ẅ', 'ẅ', 'ṡ', 'À', 'Á', 'Â', 'Ã',
    'Ä', 'Å', 'Æ', 'Ç', 'È', 'É', 'Ê', 'Ë', 'Ì', 'Í', 'Î', 'Ï', 'Ŵ', 'Ñ', 'Ò', 'Ó', 'Ô', 'Õ', 'Ö',
    'Ṫ', 'Ø', 'Ù', 'Ú', 'Û', 'Ü', 'Ý', 'Ŷ', 'ß', 'à', 'á', 'â', 'ã', 'ä', 'å', 'æ', 'ç', 'è', 'é',
    'ê', 'ë', 'ì', 'í', 'î', 'ï', 'ŵ', 'ñ', 'ò', 'ó', 'ô', 'õ', 'ö', 'ṫ', 'ø', 'ù', 'ú', 'û', 'ü',
    'ý', 'ŷ', 'ÿ',
];

/// ISO 8859-15: ISO 8859-1 with the euro sign.
const LATIN9: Half = [
    '\u{a0}', '¡', '¢', '£', '€', '¥', 'Š', '§', 'š', '©', 'ª', '«', '¬', '\u{ad}', '®', '¯', '°',
    '±', '²', '³', 'Ž', 'µ', '¶', '·', 'ž', '¹', 'º', '»', 'Œ', 'œ', 'Ÿ', '¿', 'À', 'Á', 'Â', 'Ã',
    'Ä', 'Å', 'Æ', 'Ç', 'È', 'É', 'Ê', 'Ë', 'Ì', 'Í', 'Î', 'Ï', 'Ð', 'Ñ', 'Ò', 'Ó', 'Ô', 'Õ', 'Ö',
    '×', 'Ø', 'Ù', 'Ú', 'Û', 'Ü', 'Ý', 'Þ', 'ß', 'à', 'á', 'â', 'ã', 'ä', 'å', 'æ', 'ç', 'è', 'é',
    'ê', 'ë', 'ì', 'í', 'î', 'ï', 'ð', 'ñ', 'ò', 'ó', 'ô', 'õ', 'ö', '÷', 'ø', 'ù', 'ú', 'û', 'ü',
    'ý', 'þ', 'ÿ',
];

/// Reads bytes as text. `declared` is MSH-18 as it stands, empty when absent.
///
/// What is valid UTF-8 is read as that whatever was declared: text of another set is hardly ever
/// valid by chance. Where most letters are, or any where UTF-8 was declared, only the bytes that
/// are broken are lost, one mark (U+FFFD) for each.
#[must_use]
pub fn decode<'m>(bytes: &'m [u8], declared: &str) -> (Cow<'m, str>, Charset) {
    let (text, charset) = read(bytes, declared);
    if !text.contains('\0') {
        return (text, charset);
    }
    let is_read = charset != Charset::Unknown;
    let charset = if is_read { Charset::Utf8Damaged } else { charset };
    (Cow::Owned(text.replace('\0', "\u{fffd}")), charset)
}

/// The same, with every NUL as it stands.
fn read<'m>(bytes: &'m [u8], declared: &str) -> (Cow<'m, str>, Charset) {
    let set = Named::of(declared);
    let single = |charset| (Cow::Owned(from_single(bytes, charset)), charset);
    match std::str::from_utf8(bytes) {
        // Sets of two bytes are seven bits wide between escapes.
        Ok(text) if text.is_ascii() && (set != Named::Other || !bytes.contains(&0x1b)) => {
            return (Cow::Borrowed(text), Charset::Ascii);
        }
        Ok(text) if !text.is_ascii() => return (Cow::Borrowed(text), Charset::Utf8),
        Err(_) if is_broken_utf8(bytes, set) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            return (Cow::Owned(text), Charset::Utf8Damaged);
        }
        _ => {}
    }
    match set {
        Named::One(charset) => single(charset),
        Named::Nothing | Named::Utf8 => single(Charset::Latin1Assumed),
        Named::Other => single(Charset::Unknown),
    }
}

/// Whether what MSH-18 has is a set beyond ASCII, be it one that is not read here.
pub(crate) fn is_beyond_ascii(declared: &str) -> bool {
    Named::of(declared) != Named::Nothing
}

/// What MSH-18 names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    /// Nothing, or what says no more than that text is plain.
    Nothing,
    Utf8,
    /// A set of one byte.
    One(Charset),
    /// What is not read here.
    Other,
}

impl Named {
    /// The first set beyond ASCII that is named, in whatever way senders write it: `8859/1`,
    /// `ISO-8859-1`, `ASCII~8859/1`.
    fn of(declared: &str) -> Self {
        let name = |one: &str| {
            let letters = one.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|letter| letter.to_ascii_uppercase()).collect::<String>()
        };
        let sets = declared.split('~').map(|one| match name(one).as_str() {
            "" | "ASCII" | "USASCII" | "ISOIR6" => Self::Nothing,
            "UNICODEUTF8" | "UTF8" | "UNICODE" => Self::Utf8,
            "88591" | "ISO88591" | "ISOIR100" | "LATIN1" | "WINDOWS1252" | "CP1252" => {
                Self::One(Charset::Latin1)
            }
            "88592" | "ISO88592" | "ISOIR101" => Self::One(Charset::Latin2),
            "885914" | "ISO885914" => Self::One(Charset::Latin8),
            "885915" | "ISO885915" => Self::One(Charset::Latin9),
            _ => Self::Other,
        });
        sets.into_iter().find(|set| *set != Self::Nothing).unwrap_or(Self::Nothing)
    }
}

/// Whether what is not UTF-8 was meant to be: more letters beyond ASCII are than bytes are not,
/// or any is, where UTF-8 was declared. Where none is, the declaration is wrong, and each byte is
/// a letter.
fn is_broken_utf8(bytes: &[u8], set: Named) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|letter| !letter.is_ascii()).count();
        bad += chunk.invalid().len();
    }
    good > bad || (set == Named::Utf8 && good > 0)
}

/// The upper half of a set that differs from ISO 8859-1 there.
const fn half(charset: Charset) -> Option<&'static Half> {
    match charset {
        Charset::Latin2 => Some(&LATIN2),
        Charset::Latin8 => Some(&LATIN8),
        Charset::Latin9 => Some(&LATIN9),
        _ => None,
    }
}

fn from_single(bytes: &[u8], charset: Charset) -> String {
    let half = half(charset);
    let letter = |&byte: &u8| match (byte, half) {
        (0xa0.., Some(half)) => half.get(usize::from(byte - 0xa0)).copied(),
        (0x80..=0x9f, None) => UPPER.get(usize::from(byte - 0x80)).copied(),
        _ => None,
    };
    bytes.iter().map(|byte| letter(byte).unwrap_or(char::from(*byte))).collect()
}

/// Writes text in a set; what the set lacks becomes `?`.
#[must_use]
pub fn encode(text: &str, charset: Charset) -> Vec<u8> {
    let plain = |letter: char| u8::try_from(letter).ok();
    let at = |all: &[char], letter: char, first: usize| {
        let at = all.iter().position(|one| *one == letter)?;
        u8::try_from(at + first).ok()
    };
    let byte = |letter: char| match (charset, half(charset)) {
        (Charset::Utf8 | Charset::Utf8Damaged, _) => None,
        (Charset::Ascii | Charset::Unknown, _) => plain(letter).filter(u8::is_ascii),
        (_, Some(half)) => match letter {
            ..'\u{a0}' => plain(letter),
            _ => at(half, letter, 0xa0),
        },
        (_, None) => match letter {
            '\u{80}'..='\u{9f}' => UPPER.contains(&letter).then(|| plain(letter))?,
            _ => plain(letter).or_else(|| at(&UPPER, letter, 0x80)),
        },
    };
    match charset {
        Charset::Utf8 | Charset::Utf8Damaged => text.as_bytes().to_vec(),
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
        check("Áine".as_bytes(), "8859/1", "Áine", Charset::Utf8);
        check(b"\xa3\xf3dz", "8859/2", "Łódz", Charset::Latin2);
        check(b"T\xf0r \xaf", "8859/14", "Tŵr Ÿ", Charset::Latin8);
        check(b"\xa45", "8859/15", "€5", Charset::Latin9);
        check(b"\xc1ine", "8859/5", "Áine", Charset::Unknown);
        check(b"\xc1ine", "ISO-8859-1", "Áine", Charset::Latin1);
        check(b"\xa45", "ASCII~8859/15", "€5", Charset::Latin9);
        check(b"\x1b$B", "ISO IR87", "\x1b$B", Charset::Unknown);
        check(b"Aine", "ISO IR87", "Aine", Charset::Ascii);
        // One broken byte is one mark, and the rest stays as it was written.
        let broken = [b"Se\xc3n ", "Áine Ó Néill".as_bytes()].concat();
        for declared in ["UNICODE UTF-8", "", "8859/1"] {
            check(&broken, declared, "Se\u{fffd}n Áine Ó Néill", Charset::Utf8Damaged);
        }
        // A field that is filled up with NUL, whatever the set.
        check(b"Aine\0\0", "", "Aine\u{fffd}\u{fffd}", Charset::Utf8Damaged);
        check(b"\xc1ine\0", "8859/1", "Áine\u{fffd}", Charset::Utf8Damaged);
        // A set that was declared wrongly costs nobody their name.
        for declared in ["UNICODE UTF-8", "UTF-8", "ASCII~UNICODE UTF-8"] {
            check(b"M\xc1IRI", declared, "MÁIRI", Charset::Latin1Assumed);
            check(b"Si\xe2n M\xfcller", declared, "Siân Müller", Charset::Latin1Assumed);
        }
        // Where some letter is UTF-8, what is not is broken.
        let few = [b"Se\xc3n M\xc1IRI ", "Áine".as_bytes()].concat();
        let marked = "Se\u{fffd}n M\u{fffd}IRI Áine";
        check(&few, "UNICODE UTF-8", marked, Charset::Utf8Damaged);
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
        fn no_byte_is_lost(bytes in prop::collection::vec(any::<u8>(), 0..200), set in 0..4_usize) {
            let declared = ["8859/1", "8859/2", "8859/14", "8859/15"][set];
            let (text, charset) = decode(&bytes, declared);
            if charset == Charset::Utf8Damaged {
                let is_marked = text.contains(char::REPLACEMENT_CHARACTER);
                prop_assert!(is_marked);
            } else {
                prop_assert_eq!(encode(&text, charset), bytes);
            }
        }
    }
}
