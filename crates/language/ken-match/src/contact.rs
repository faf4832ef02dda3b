//! How to reach somebody: e-mail addresses and telephone numbers, as they are compared.
//!
//! # Sources
//!
//! - A national number in the United Kingdom has ten digits at most behind its 0 (Ofcom, National
//!   Telephone Numbering Plan); `+44`, `0044` and `(0)` are ways to write the 0.
//! - Capital letters are no difference in an address (RFC 5321, section 2.4, in practice).

use crate::number::index;
use crate::table::{Record, count};
use crate::text::{Put, tidy};

/// More records than this that share an address or a number share it as a surgery or a home does,
/// and it tells nobody from anybody. House policy: no person has as many records.
pub(crate) const SHARED_MAX: u32 = 24;

/// Digits of a telephone number at least, the first 0 left out.
const PHONE_MIN: usize = 6;

/// Digits that are compared, from the end.
const PHONE_MAX: usize = 10;

/// The code of an e-mail address; 0 where there is none.
pub(crate) fn email(written: &str, known: &mut impl Put, room: &mut Vec<u8>) -> u32 {
    let written = tidy(written);
    let written = written
        .get(..7)
        .filter(|start| start.eq_ignore_ascii_case("mailto:"))
        .map_or(written, |start| written.get(start.len()..).unwrap_or_default());
    let whole = written.split_once('@').is_some_and(|(mailbox, host)| {
        !mailbox.is_empty() && !host.is_empty() && !host.contains('@')
    });
    if !whole || written.contains(char::is_whitespace) {
        return 0;
    }
    room.clear();
    room.extend(written.bytes().map(|byte| byte.to_ascii_lowercase()));
    known.put(room).0
}

/// The code of a telephone number; 0 where there is none.
pub(crate) fn phone(written: &str, known: &mut impl Put, room: &mut Vec<u8>) -> u32 {
    let written = tidy(written);
    if written.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return 0;
    }
    room.clear();
    room.extend(written.replace("(0)", "").bytes().filter(u8::is_ascii_digit));
    let digits = room.as_slice();
    let is_abroad = written.starts_with('+') || digits.starts_with(b"00");
    let digits = digits.strip_prefix(b"00").unwrap_or(digits);
    let digits = if is_abroad { digits.strip_prefix(b"44").unwrap_or(digits) } else { digits };
    let digits = digits.strip_prefix(b"0").unwrap_or(digits);
    let Some(number) = digits.get(digits.len().saturating_sub(PHONE_MAX)..) else { return 0 };
    let one_digit = number.iter().all(|digit| Some(digit) == number.first());
    if number.len() < PHONE_MIN || digits.len() > 15 || one_digit { 0 } else { known.put(number).0 }
}

/// Takes away a code that more records share than one person may have. Gives how many records
/// lost theirs.
pub(crate) fn own(
    records: &mut [Record],
    codes: usize,
    get: impl Fn(&Record) -> u32,
    clear: impl Fn(&mut Record),
) -> u64 {
    // There is the code of nothing alone.
    if codes < 2 {
        return 0;
    }
    let counts = count(records, codes, &get);
    let mut shared = 0;
    for record in records {
        let code = get(record);
        if code != 0 && counts.get(index(code)).is_some_and(|count| *count > SHARED_MAX) {
            clear(record);
            shared += 1;
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Dictionary;

    #[test]
    fn one_address_is_one_however_it_is_written() {
        let (mut known, mut room) = (Dictionary::new(), Vec::new());
        let mut of = |text: &str| email(text, &mut known, &mut room);
        let one = of("ann@example.org");
        assert_ne!(one, 0);
        assert_eq!(of(" Ann@Example.org"), one);
        assert_eq!(of("mailto:ann@example.org"), one);
        assert_ne!(of("ann@example.com"), one);
        for none in ["", "ann", "@example.org", "ann@", "a@b@c", "ann at home@x y", "mailto:", "é"]
        {
            assert_eq!(of(none), 0, "{none}");
        }
    }

    #[test]
    fn one_number_is_one_however_it_is_written() {
        let (mut known, mut room) = (Dictionary::new(), Vec::new());
        let mut of = |text: &str| phone(text, &mut known, &mut room);
        let one = of("0131 496 0000");
        assert_ne!(one, 0);
        for same in ["01314960000", "+44 131 496 0000", "0044 (0)131-496-0000", "131 496 0000"] {
            assert_eq!(of(same), one, "{same}");
        }
        assert_ne!(of("0131 496 0001"), one);
        for none in ["", "0", "00000000000", "not known", "999", "1234567890123456", "0044"] {
            assert_eq!(of(none), 0, "{none}");
        }
    }
}
