//! Texts kept once each, and known by a number from then on.
//!
//! # Invariants
//!
//! - Code 0 is the empty text, which everywhere means *missing*.
//! - A text has one code for the life of the dictionary.
//! - Nobody can choose texts that collide: places come from a keyed hash, whose key is drawn for
//!   each dictionary. Codes do not depend on the key.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use crate::number::{code, index, mix};

/// Longest value of a field that is looked at, in bytes; what is longer is cut. House policy:
/// HL7 v2 allows a family name 194.
pub(crate) const VALUE_MAX: usize = 200;

/// Gives a text its code.
pub(crate) trait Put {
    /// The code of a text, and whether it is new.
    fn put(&mut self, text: &[u8]) -> (u32, bool);
}

/// Codes from this on are of a question alone, and in no dictionary.
pub(crate) const GUEST: u32 = 1 << 31;

/// Texts of a question, where a dictionary that is only read does not have them.
pub(crate) struct Guests<'a> {
    known: &'a Dictionary,
    own: Vec<Vec<u8>>,
}

impl<'a> Guests<'a> {
    pub(crate) const fn new(known: &'a Dictionary) -> Self {
        Self { known, own: Vec::new() }
    }

    /// The text of a code.
    pub(crate) fn get(&self, of: u32) -> &[u8] {
        match of.checked_sub(GUEST) {
            None => self.known.get(of),
            Some(own) => self.own.get(index(own)).map(Vec::as_slice).unwrap_or_default(),
        }
    }
}

impl Put for Guests<'_> {
    fn put(&mut self, text: &[u8]) -> (u32, bool) {
        if let Some(known) = self.known.find(text) {
            return (known, false);
        }
        let held = self.own.iter().position(|own| own == text);
        let at = held.unwrap_or(self.own.len());
        if held.is_none() {
            self.own.push(text.to_vec());
        }
        (GUEST + code(at), held.is_none())
    }
}

impl Put for Dictionary {
    fn put(&mut self, text: &[u8]) -> (u32, bool) {
        Self::put(self, text)
    }
}

/// A place in a dictionary that no text has: no text has the code 0 there.
const FREE: (u32, u32) = (0, 0);

/// A dictionary of texts.
#[derive(Clone)]
pub(crate) struct Dictionary {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Hash and code by hash, code 0 where free; never more than half full.
    slots: Vec<(u32, u32)>,
    key: RandomState,
}

impl Dictionary {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            ends: vec![0],
            slots: vec![FREE; 1 << 10],
            key: RandomState::new(),
        }
    }

    /// The text of a code.
    pub(crate) fn get(&self, of: u32) -> &[u8] {
        let end = self.ends.get(index(of)).copied().unwrap_or(0);
        let before = index(of).checked_sub(1).and_then(|at| self.ends.get(at).copied());
        self.bytes.get(before.unwrap_or(0)..end).unwrap_or_default()
    }

    /// How many codes there are, that of the empty text included.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The code of a text that is known.
    pub(crate) fn find(&self, text: &[u8]) -> Option<u32> {
        if text.is_empty() {
            return Some(0);
        }
        self.place(text, self.hash(text)).ok()
    }

    /// The code of a text, given one if it is new, and whether it is.
    pub(crate) fn put(&mut self, text: &[u8]) -> (u32, bool) {
        if text.is_empty() {
            return (0, false);
        }
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        let hash = self.hash(text);
        let free = match self.place(text, hash) {
            Ok(known) => return (known, false),
            Err(free) => free,
        };
        let new = code(self.ends.len());
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        if let Some(slot) = self.slots.get_mut(free) {
            *slot = (hash, new);
        }
        (new, true)
    }

    fn hash(&self, text: &[u8]) -> u32 {
        let mut hasher = self.key.build_hasher();
        hasher.write(text);
        u32::try_from(hasher.finish() >> 32).unwrap_or(0)
    }

    /// The code of a text that is held, or else the free place for it.
    fn place(&self, text: &[u8], hash: u32) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut at = index(hash) & mask;
        while let Some(&(of, held)) = self.slots.get(at).filter(|slot| **slot != FREE) {
            if of == hash && self.get(held) == text {
                return Ok(held);
            }
            at = (at + 1) & mask;
        }
        Err(at)
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 4 - 1;
        let mut slots = vec![FREE; mask + 1];
        for slot in self.slots.iter().filter(|slot| **slot != FREE) {
            let mut at = index(slot.0) & mask;
            while slots.get(at).is_some_and(|slot| *slot != FREE) {
                at = (at + 1) & mask;
            }
            if let Some(free) = slots.get_mut(at) {
                *free = *slot;
            }
        }
        self.slots = slots;
    }
}

/// A hash that is the same on every machine.
pub(crate) fn hash(text: &[u8]) -> u32 {
    let mut sum = 0u64;
    for part in text.chunks(8) {
        let mut word = [0u8; 8];
        word.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
        sum = mix(sum.rotate_left(23) ^ u64::from_le_bytes(word));
    }
    u32::try_from(sum >> 32).unwrap_or(0)
}

/// What is left of a value when blanks and control characters around and NUL bytes within it are
/// gone; cut after [`VALUE_MAX`] bytes.
pub(crate) fn tidy(value: &str) -> &str {
    // Most values are tidy, and their ends say so.
    let ends = [value.as_bytes().first(), value.as_bytes().last()];
    let is_tidy = ends.iter().all(|end| end.is_none_or(u8::is_ascii_graphic));
    if is_tidy && value.len() <= VALUE_MAX {
        return value;
    }
    let value = value.trim_matches(|letter: char| letter.is_whitespace() || letter.is_control());
    let mut end = value.len().min(VALUE_MAX);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_one_code_however_many_there_are() {
        let mut of = Dictionary::new();
        let codes: Vec<_> = (0..5_000).map(|n| of.put(format!("text {n}").as_bytes())).collect();
        for (n, (code, new)) in codes.iter().enumerate() {
            assert!(*new);
            assert_eq!(of.put(format!("text {n}").as_bytes()), (*code, false));
            assert_eq!(of.get(*code), format!("text {n}").as_bytes());
        }
        assert_eq!((of.put(b""), of.get(0)), ((0, false), &b""[..]));
    }

    #[test]
    fn a_value_is_cut_between_letters() {
        let check = |value: &str, want: &str| assert_eq!(tidy(value), want);
        check("\0 Ann\u{feff}\0", "Ann\u{feff}");
        check(&"é".repeat(200), &"é".repeat(100));
        check(&format!("a{}", "é".repeat(200)), &format!("a{}", "é".repeat(99)));
    }
}
