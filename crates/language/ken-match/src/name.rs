//! Names: folded once, with all that comparing them needs.
//!
//! # Sources
//!
//! - The fold is [`ken_core::normalise`]; what follows drops blanks, so that `Mac Donald` and
//!   `MacDonald` are one, and keeps the parts of a double name.
//! - The class of sound is our own: Soundex and Metaphone know English alone. It lets fall what
//!   Scottish and Gaelic (Mac/Mc, bh, dh, gh), Polish (cz, sz, rz, w), South Asian (kh, ph, doubled
//!   and aspirated letters) and romanised Chinese names (x/hs, q/ch, zh/ch) are spelled by.
//! - `assets/nicknames.txt` is common knowledge, gathered for this program.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::number::index;
use crate::text::{Dictionary, GUEST, Guests, Put as _, hash, tidy};

static NICKNAMES: &str = include_str!("../assets/nicknames.txt");

/// The class of each nickname, from 1.
static CLASSES: LazyLock<HashMap<&'static str, u16>> = LazyLock::new(|| {
    let lines = NICKNAMES.lines().filter(|line| !line.starts_with('#'));
    let numbered = lines.zip(1u16..);
    numbered.flat_map(|(line, class)| line.split(' ').map(move |name| (name, class))).collect()
});

/// What is known of a name by its spelling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Name {
    /// One bit for each letter that occurs.
    pub(crate) letters: u32,
    /// Length in bytes, at most 255.
    pub(crate) len: u8,
    /// The first byte.
    pub(crate) first: u8,
    /// Class of nicknames, 0 for none.
    pub(crate) nickname: u16,
    /// Class of sound, 0 where too little is heard.
    pub(crate) sound: u32,
    /// Hashes of the first two, three and four letters.
    pub(crate) starts: [u32; 3],
    /// First and last part of a name of several, as codes; 0 where it has one.
    pub(crate) parts: [u32; 2],
}

/// Knows names by their codes.
pub(crate) trait Named {
    /// What is known of a name.
    fn name(&self, code: u32) -> Name;
}

/// The names of a table.
#[derive(Clone)]
pub(crate) struct Names {
    raw: Dictionary,
    /// From raw to folded.
    folded: Vec<u32>,
    texts: Dictionary,
    of: Vec<Name>,
}

impl Names {
    pub(crate) fn new() -> Self {
        let (raw, texts) = (Dictionary::new(), Dictionary::new());
        Self { raw, folded: vec![0], texts, of: vec![Name::default()] }
    }

    /// The code of a name as it was written.
    pub(crate) fn put(&mut self, written: &str) -> u32 {
        let (raw, new) = self.raw.put(tidy(written).as_bytes());
        if new {
            let code = self.fold(written);
            self.folded.push(code);
        }
        self.folded.get(index(raw)).copied().unwrap_or(0)
    }

    /// The folded text of a code.
    pub(crate) fn text(&self, code: u32) -> &[u8] {
        self.texts.get(code)
    }

    /// What is known of a code.
    pub(crate) fn get(&self, code: u32) -> Name {
        self.of.get(index(code)).copied().unwrap_or_default()
    }

    /// How many codes there are, that of the missing name included.
    pub(crate) fn len(&self) -> usize {
        self.of.len()
    }

    /// How many texts there are, as they were written and folded.
    pub(crate) fn texts(&self) -> usize {
        self.raw.len() + self.texts.len()
    }

    fn fold(&mut self, written: &str) -> u32 {
        let (whole, parts) = spelled(written);
        let code = self.keep(&whole);
        if let Some(parts) = parts
            && self.get(code).parts == [0, 0]
        {
            let parts = parts.map(|part| self.keep(&part));
            if let Some(name) = self.of.get_mut(index(code)) {
                name.parts = parts;
            }
        }
        code
    }

    fn keep(&mut self, folded: &str) -> u32 {
        let (code, new) = self.texts.put(folded.as_bytes());
        if new {
            self.of.push(features(folded));
        }
        code
    }
}

impl Named for Names {
    fn name(&self, code: u32) -> Name {
        self.get(code)
    }
}

impl Named for GuestNames<'_> {
    fn name(&self, code: u32) -> Name {
        self.get(code)
    }
}

/// The names of a question: those of a table, which is only read, and its own.
pub(crate) struct GuestNames<'a> {
    known: &'a Names,
    texts: Guests<'a>,
    of: Vec<Name>,
    /// Names of the table whose parts this question is the first to tell.
    told: Vec<(u32, [u32; 2])>,
}

impl<'a> GuestNames<'a> {
    pub(crate) const fn new(known: &'a Names) -> Self {
        Self { known, texts: Guests::new(&known.texts), of: Vec::new(), told: Vec::new() }
    }

    /// The code of a name as it was written.
    pub(crate) fn put(&mut self, written: &str) -> u32 {
        if let Some(raw) = self.known.raw.find(tidy(written).as_bytes()) {
            return self.known.folded.get(index(raw)).copied().unwrap_or(0);
        }
        let (whole, parts) = spelled(written);
        let code = self.keep(&whole);
        if let Some(parts) = parts
            && self.get(code).parts == [0, 0]
        {
            let parts = parts.map(|part| self.keep(&part));
            self.told.push((code, parts));
        }
        code
    }

    fn keep(&mut self, folded: &str) -> u32 {
        let (code, new) = self.texts.put(folded.as_bytes());
        if new {
            self.of.push(features(folded));
        }
        code
    }

    /// The folded text of a code.
    pub(crate) fn text(&self, code: u32) -> &[u8] {
        self.texts.get(code)
    }

    /// What is known of a code.
    pub(crate) fn get(&self, code: u32) -> Name {
        let mut name = match code.checked_sub(GUEST) {
            None => self.known.get(code),
            Some(own) => self.of.get(index(own)).copied().unwrap_or_default(),
        };
        if let Some((_, parts)) = self.told.iter().find(|(told, _)| *told == code) {
            name.parts = *parts;
        }
        name
    }
}

/// A name as it is folded, without blanks, and its first and last part where it has several.
fn spelled(written: &str) -> (String, Option<[String; 2]>) {
    let spaced = ken_core::normalise(tidy(written));
    let whole = spaced.chars().filter(|letter| *letter != ' ').collect();
    // A particle (`de`, `van`, `mac`, `al`) is no part by itself.
    let mut parts = spaced.split(' ').filter(|part| part.len() > 3);
    let (first, last) = (parts.next(), parts.next_back());
    (whole, first.zip(last).map(|(first, last)| [first.to_owned(), last.to_owned()]))
}

fn features(folded: &str) -> Name {
    let bytes = folded.as_bytes();
    let start = |len: usize| hash(bytes.get(..len).unwrap_or(bytes));
    Name {
        letters: bytes.iter().fold(0, |all, letter| all | 1 << (letter & 31)),
        len: u8::try_from(bytes.len()).unwrap_or(u8::MAX),
        first: bytes.first().copied().unwrap_or(0),
        nickname: CLASSES.get(folded).copied().unwrap_or(0),
        sound: Some(sound(folded)).filter(|s| s.len() > 1).map_or(0, |s| hash(s.as_bytes()) | 1),
        starts: [start(2), start(3), start(4)],
        parts: [0, 0],
    }
}

/// Spellings of one sound, the longest first.
const SPELLINGS: [(&str, &str); 39] = [
    ("szcz", "s"),
    ("tsch", "c"),
    ("dzi", "j"),
    ("sch", "s"),
    ("chr", "kr"),
    ("igh", "i"),
    ("augh", "af"),
    ("ough", "o"),
    ("tch", "c"),
    ("ph", "f"),
    ("bh", "v"),
    ("mh", "v"),
    ("dh", "t"),
    ("th", "t"),
    ("gh", "g"),
    ("kh", "k"),
    ("ck", "k"),
    ("cz", "c"),
    ("ch", "c"),
    ("ts", "c"),
    ("zh", "c"),
    ("sz", "s"),
    ("sh", "s"),
    ("hs", "s"),
    ("rz", "s"),
    ("dz", "j"),
    ("kn", "n"),
    ("wr", "r"),
    ("wh", "v"),
    ("ce", "s"),
    ("ci", "s"),
    ("cy", "s"),
    ("ge", "j"),
    ("gi", "j"),
    ("qu", "k"),
    ("c", "k"),
    ("q", "k"),
    ("x", "s"),
    ("z", "s"),
];

/// How a folded name sounds, roughly: consonants by class, and whether it begins with a vowel.
fn sound(folded: &str) -> String {
    let rest = ["mac", "mc"].iter().find_map(|mac| folded.strip_prefix(mac));
    let mut rest = rest.filter(|rest| rest.len() > 2).unwrap_or(folded);
    let mut heard = String::new();
    if rest.len() < folded.len() {
        heard.push('M');
    }
    while let Some(letter) = rest.chars().next() {
        let spelled = SPELLINGS.iter().find(|(spelling, _)| rest.starts_with(spelling));
        let (taken, sounds) = match spelled {
            Some((spelling, sounds)) => (spelling.len(), *sounds),
            None => (letter.len_utf8(), rest.get(..letter.len_utf8()).unwrap_or_default()),
        };
        for letter in sounds.chars() {
            let said = match letter {
                'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'j' | 'h' if heard.is_empty() => {
                    if letter == 'j' { 'j' } else { 'a' }
                }
                'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'h' => continue,
                'p' => 'b',
                't' => 'd',
                'k' => 'g',
                'f' | 'w' => 'v',
                other => other,
            };
            if !heard.ends_with(said) {
                heard.push(said);
            }
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_sound_alike() {
        let check = |a: &str, b: &str| assert_eq!(sound(a), sound(b), "{a} {b}");
        check("macdonald", "mcdonald");
        check("smith", "smyth");
        check("stephen", "steven2".strip_suffix('2').unwrap_or_default());
        check("mohammed", "muhammad");
        check("hussain", "hussein");
        check("xiao", "hsiao");
        check("zhang", "chang");
        check("kowalski", "kovalsky");
        check("philips", "fillips");
        check("reid", "read");
        let differ = |a: &str, b: &str| assert_ne!(sound(a), sound(b), "{a} {b}");
        differ("smith", "jones");
        differ("macdonald", "donald");
        differ("brown", "green");
        differ("anna", "jana");
    }

    #[test]
    fn a_name_is_in_one_class_of_nicknames() {
        let lines = NICKNAMES.lines().filter(|line| !line.starts_with('#'));
        let names: Vec<_> = lines.flat_map(|line| line.split(' ')).collect();
        assert_eq!(names.len(), CLASSES.len(), "a name stands twice");
        assert!(names.iter().all(|name| ken_core::normalise(name) == **name));
        let class = |name: &str| CLASSES.get(name).copied();
        assert_eq!(class("bill"), class("william"));
        assert_ne!(class("bill"), class("robert"));
        assert_eq!(class("zbigniewa"), None);
    }

    #[test]
    fn a_name_is_known_by_its_letters_however_it_was_written() {
        let mut names = Names::new();
        let one = names.put("Mac Donald-Smith");
        assert_eq!(names.put("MACDONALD SMITH"), one);
        assert_eq!(names.text(one), b"macdonaldsmith");
        let smith = names.put("smith");
        assert!(names.get(one).parts.contains(&smith));
        assert_eq!(names.put("O'Neil"), names.put("ONEIL"));
        assert_eq!(names.put(" \0 "), 0);
        assert_eq!(names.get(smith).len, 5);
    }
}
