//! Where somebody lives: postcode and address, read into what is compared.
//!
//! # Sources
//!
//! - A UK postcode is area and district (the outward half), then sector and unit (Royal Mail,
//!   Postcode Address File guide). Codes of other shapes are compared by their first letters.

use crate::number::mix;
use crate::text::{Put, tidy};

/// A postcode, its parts as numbers that compare; all 0 where it is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Postcode {
    /// The whole code, a byte for each letter.
    pub(crate) unit: u64,
    pub(crate) sector: u32,
    pub(crate) district: u32,
    pub(crate) area: u32,
}

/// Reads a postcode, however it is spaced.
pub(crate) fn postcode(written: &str) -> Postcode {
    let mut letters = [0u8; 8];
    let mut len = 0usize;
    for byte in tidy(written).bytes().filter(u8::is_ascii_alphanumeric) {
        let Some(to) = letters.get_mut(len) else { return Postcode::default() };
        *to = byte.to_ascii_uppercase();
        len += 1;
    }
    let letters = letters.get(..len).unwrap_or_default();
    // Nothing but zeros is a form's way to say that there is none.
    if letters.iter().all(|byte| *byte == b'0') {
        return Postcode::default();
    }
    let is_whole = len >= 5
        && letters.first().is_some_and(u8::is_ascii_alphabetic)
        && matches!(letters, [.., digit, a, b]
            if digit.is_ascii_digit() && a.is_ascii_alphabetic() && b.is_ascii_alphabetic());
    let outward = if is_whole { len - 3 } else { len.min(4) };
    let alphabetic = letters.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let area = if alphabetic == 0 { len.min(2) } else { alphabetic.min(2) };
    let part = |end: usize| short(letters.get(..end).unwrap_or_default());
    let sector = if is_whole { part(outward + 1) } else { 0 };
    Postcode { unit: whole(letters), sector, district: part(outward), area: part(area) }
}

fn whole(letters: &[u8]) -> u64 {
    letters.iter().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

fn short(letters: &[u8]) -> u32 {
    if letters.is_empty() { 0 } else { u32::try_from(mix(whole(letters)) >> 33).unwrap_or(0) | 1 }
}

impl Postcode {
    /// Whether at most two letters differ in place, in codes of one length.
    pub(crate) fn is_near(self, other: Self) -> bool {
        const SEVEN: u64 = 0x7f7f_7f7f_7f7f_7f7f;
        let differ = self.unit ^ other.unit;
        // The highest bit of each byte that differs.
        let bytes = (((differ & SEVEN) + SEVEN) | differ) & !SEVEN;
        bytes.count_ones() <= 2 && self.unit.leading_zeros() / 8 == other.unit.leading_zeros() / 8
    }
}

/// An address: the number of the house and its street; what stands before it (a flat) and after
/// it (a town) is left aside. All 0 where it is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) house: u32,
    pub(crate) street: u32,
}

impl Address {
    /// House and street in one number; 0 where the house is not known.
    pub(crate) fn home(self) -> u64 {
        if self.house == 0 || self.street == 0 {
            return 0;
        }
        u64::from(self.house) << 32 | u64::from(self.street)
    }
}

/// Words of streets, and how they are shortened.
const SHORT: [(&[u8], &[u8]); 15] = [
    (b"STREET", b"ST"),
    (b"ROAD", b"RD"),
    (b"AVENUE", b"AVE"),
    (b"DRIVE", b"DR"),
    (b"TERRACE", b"TERR"),
    (b"PLACE", b"PL"),
    (b"CRESCENT", b"CRES"),
    (b"COURT", b"CT"),
    (b"GARDENS", b"GDNS"),
    (b"LANE", b"LN"),
    (b"GROVE", b"GR"),
    (b"SQUARE", b"SQ"),
    (b"PARK", b"PK"),
    (b"AV", b"AVE"),
    (b"TER", b"TERR"),
];

/// Reads the first line of an address, whose number may stand by itself.
pub(crate) fn address(
    house: &str,
    written: &str,
    streets: &mut impl Put,
    room: &mut Vec<u8>,
) -> Address {
    room.clear();
    let own = split(house).find(|word| word.first().is_some_and(u8::is_ascii_digit));
    let mut house = own.map_or(0, number);
    let mut words = split(written).filter(|word| Some(*word) != own).peekable();
    let is_flat = words.peek().is_some_and(|word| {
        [&b"FLAT"[..], b"APT", b"UNIT", b"APARTMENT"].iter().any(|w| word.eq_ignore_ascii_case(w))
    });
    let mut numbers = 0;
    for word in words.skip(usize::from(is_flat)) {
        if own.is_none() && word.first().is_some_and(u8::is_ascii_digit) {
            // Of several numbers the last before the street is the house's.
            if room.is_empty() || numbers == 0 {
                house = number(word);
                numbers += 1;
            }
            continue;
        }
        let is_of = |(long, _): &&(&[u8], &[u8])| word.eq_ignore_ascii_case(long);
        let word = SHORT.iter().find(is_of).map_or(word, |(_, short)| *short);
        if !room.is_empty() {
            room.push(b' ');
        }
        room.extend(word.iter().map(u8::to_ascii_uppercase));
    }
    Address { house, street: streets.put(room).0 }
}

/// The words of a text.
fn split(written: &str) -> impl Iterator<Item = &[u8]> {
    let words = tidy(written).as_bytes().split(|byte| !byte.is_ascii_alphanumeric() && *byte < 128);
    words.filter(|word| !word.is_empty())
}

/// A house's number with its letter: `12a` is not `12`.
fn number(word: &[u8]) -> u32 {
    word.iter().take(6).fold(1, |all, byte| {
        all * 37
            + u32::from(if byte.is_ascii_digit() { byte - b'0' } else { 10 + (byte & 31) % 26 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Dictionary;

    #[test]
    fn postcodes_have_the_parts_that_they_share() {
        let of = |text: &str| postcode(text);
        assert_eq!(of("EH1 1AA"), of("eh11aa"));
        assert_eq!(of("EH1 1AA").sector, of("EH1 1ZZ").sector);
        assert_ne!(of("EH1 1AA").sector, of("EH1 2AA").sector);
        assert_eq!(of("EH1 1AA").district, of("EH1 2AA").district);
        assert_ne!(of("EH1 1AA").district, of("EH11 1AA").district);
        assert_eq!(of("EH1 1AA").area, of("EH16 1AA").area);
        assert_eq!(of("EH1").district, of("EH1 1AA").district);
        assert!(of("EH1 1AA").is_near(of("EH1 1AB")) && !of("EH1 1AA").is_near(of("G12 8QQ")));
        assert!(!of("EH1 1AA").is_near(of("EH11 1AA")));
        assert_eq!(of("").unit, 0);
        assert_eq!(of("much too long").unit, 0);
        assert_eq!(of("00000").unit, 0);
    }

    #[test]
    fn one_house_is_one_however_it_is_written() {
        let (mut streets, mut room) = (Dictionary::new(), Vec::new());
        let mut of = |text: &str| address("", text, &mut streets, &mut room);
        let one = of("12 High Street");
        assert_eq!(of("12 HIGH ST"), one);
        assert_eq!(of("Flat 2/1, 12 High St."), one);
        assert_eq!(of("FLAT 0/2 12 HIGH STREET"), one);
        assert_ne!(of("12A High Street"), one);
        assert_ne!(of("14 High Street"), one);
        assert_eq!(of(""), Address::default());
        assert_eq!(of("Rose Cottage").house, 0);
        assert_eq!(of("Rose Cottage").home(), 0);
        assert_eq!(address("12", "High Street", &mut streets, &mut room), one);
        assert_eq!(address("12", "12 High Street", &mut streets, &mut room), one);
        let numbered = address("5112", "145th St", &mut streets, &mut room);
        assert_eq!(numbered.house, number(b"5112"));
    }
}
