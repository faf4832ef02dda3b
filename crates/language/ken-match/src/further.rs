//! A further number of a person: whatever a council, a school or an office knows them by (UCRN, a
//! pupil's number, a National Insurance number), as it is compared.
//!
//! Nothing is known of its form: it may have letters, has a check digit nowhere that is public, and
//! may be of another kind in each source. So it is text, and no rule is built on two that differ.
//!
//! # Sources
//!
//! - Kinds and forms of such numbers: the identity design, section 6.

use crate::text::{Put, tidy};

/// Letters and digits at least. House policy: a shorter one numbers a list, not people.
const LENGTH_MIN: usize = 5;

/// Letters and digits at most: as many as the longest that is in use, a UUID, has. House policy.
const LENGTH_MAX: usize = 32;

/// The code of a number; 0 where there is none. Capital letters and what stands between letters and
/// digits are no difference. One letter or digit repeated, or no digit at all, is a form's way to
/// say that there is none.
pub(crate) fn further(written: &str, known: &mut impl Put, room: &mut Vec<u8>) -> u32 {
    let written = tidy(written);
    room.clear();
    let marks = written.bytes().filter(u8::is_ascii_alphanumeric);
    room.extend(marks.map(|byte| byte.to_ascii_uppercase()).take(LENGTH_MAX + 1));
    let one_mark = room.iter().all(|mark| Some(mark) == room.first());
    let is_number = written.is_ascii()
        && (LENGTH_MIN..=LENGTH_MAX).contains(&room.len())
        && room.iter().any(u8::is_ascii_digit)
        && !one_mark;
    if is_number { known.put(room).0 } else { 0 }
}

/// Whether one slip of a hand makes one of the other: a mark left out, put in, changed, or
/// exchanged with its neighbour. The same on both sides is no slip.
pub(crate) fn is_near(a: &[u8], b: &[u8]) -> bool {
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let before = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (a.get(before..).unwrap_or_default(), b.get(before..).unwrap_or_default());
    let after = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let rest = |of: &'_ [u8]| of.len() - after;
    match (rest(a), rest(b)) {
        (0, 1) | (1, 0 | 1) => true,
        (2, 2) => {
            matches!((a, b), ([one, two, ..], [first, next, ..]) if one == next && two == first)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rapidfuzz::distance::osa;

    use super::*;
    use crate::number::draw;
    use crate::text::Dictionary;

    #[test]
    fn one_number_is_one_however_it_is_written() {
        let (mut known, mut room) = (Dictionary::new(), Vec::new());
        let mut of = |text: &str| further(text, &mut known, &mut room);
        let one = of("QQ 12 34 56 C");
        assert_ne!(one, 0);
        for same in ["qq123456c", " QQ-12-34-56-C\0", "QQ/123456/C"] {
            assert_eq!(of(same), one, "{same}");
        }
        assert_ne!(of("QQ123456D"), one);
        let longest = "1a".repeat(16);
        assert_ne!(of(&longest), 0);
        for none in ["", "1234", "00000000", "not known", "١٢٣٤٥٦٧", "123456é", "\u{202e}1234567"]
        {
            assert_eq!(of(none), 0, "{none}");
        }
        assert_eq!((of(&format!("{longest}1")), of(&"12".repeat(500))), (0, 0));
    }

    #[test]
    fn near_is_one_slip_and_no_more() {
        // Few letters, so that many are near and many are not: against another measure.
        let text = |seed: u64| -> Vec<u8> {
            (0..draw(seed, 0, 6))
                .map(|at| b"123"[usize::try_from(draw(seed, at + 1, 3)).unwrap()])
                .collect()
        };
        let mut near = 0;
        for seed in 0..4_000 {
            let (a, b) = (text(2 * seed), text(2 * seed + 1));
            let want = osa::distance(a.iter().copied(), b.iter().copied()) == 1;
            assert_eq!((is_near(&a, &b), is_near(&b, &a)), (want, want), "{a:?} {b:?}");
            near += u32::from(want);
        }
        assert!(near > 300, "{near}");
    }
}
