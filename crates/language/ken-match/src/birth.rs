//! Dates of birth, whole or partial, and how near two of them are.
//!
//! # Sources
//!
//! - Kinds of error in recorded dates: a slip in one digit, day and month exchanged, the first of
//!   January for *unknown* (the identity design, section 5).

use ken_core::PartialDate;

use crate::text::tidy;

/// A date of birth as it is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Birth {
    /// Year, month and day as eight decimal digits, four bits each; 0 where it is missing, and
    /// zeros for a month or a day that nobody knows.
    pub(crate) digits: u32,
    /// Days since the year 0 of the civil calendar, to tell near from far.
    pub(crate) days: i32,
}

/// Reads a date in the forms in which people and systems write them: `1974-03-21`, `19740321`,
/// `21/03/1974`, `03/21/1974` where that can only be
/// read so, `1974-03`, `1974`. Anything else is missing.
pub(crate) fn read(written: &str) -> Birth {
    let written = tidy(written);
    let date = written.split(['T', ' ']).next().unwrap_or_default();
    let mut parts = [0u32; 3];
    let mut lens = [0usize; 3];
    let mut count = 0;
    for part in date.split(['-', '/', '.']) {
        let (Some(to), Some(len)) = (parts.get_mut(count), lens.get_mut(count)) else {
            return Birth::default();
        };
        let Some(number) = number(part) else { return Birth::default() };
        (*to, *len, count) = (number, part.len(), count + 1);
    }
    let [a, b, c] = parts;
    match (count, lens) {
        (3, [4, ..]) => whole(a, b, c),
        // What cannot be a month in the second place is a day: the month stands first.
        (3, [_, _, 4]) if b > 12 => whole(c, a, b),
        (3, [_, _, 4]) => whole(c, b, a),
        (2, [4, ..]) => whole(a, b, 0),
        (1, [8, ..]) => whole(a / 10_000, a / 100 % 100, a % 100),
        (1, [6, ..]) => whole(a / 100, a % 100, 0),
        (1, [4, ..]) => whole(a, 0, 0),
        _ => Birth::default(),
    }
}

/// The same as a date of the field: as much of it as is known, and `None` for what is no date.
#[must_use]
pub fn date(written: &str) -> Option<PartialDate> {
    let text = format!("{:08x}", read(written).digits);
    let (year, month, day) = (text.get(..4)?, text.get(4..6)?, text.get(6..)?);
    match (year, month, day) {
        ("0000", ..) => None,
        (_, "00", _) => year.parse().ok(),
        (_, _, "00") => format!("{year}-{month}").parse().ok(),
        _ => format!("{year}-{month}-{day}").parse().ok(),
    }
}

fn number(part: &str) -> Option<u32> {
    let fits = (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| part.parse().ok()).flatten()
}

fn whole(year: u32, month: u32, day: u32) -> Birth {
    if !(1850..=2200).contains(&year) || month > 12 || day > 31 || (month == 0 && day > 0) {
        return Birth::default();
    }
    let two = |n: u32| (n / 10) << 4 | (n % 10);
    let digits = two(year / 100) << 24 | two(year % 100) << 16 | two(month) << 8 | two(day);
    Birth { digits, days: days(year, month, day) }
}

fn days(year: u32, month: u32, day: u32) -> i32 {
    let signed = |n: u32| i32::try_from(n).unwrap_or(0);
    let (y, m, d) = (signed(year), signed(month.max(1)), signed(day.max(1)));
    let (y, m) = if m <= 2 { (y - 1, m + 9) } else { (y, m - 3) };
    365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + d
}

impl Birth {
    /// The date of its digits, which [`read`] gave.
    pub(crate) fn of(digits: u32) -> Self {
        if digits == 0 {
            return Self::default();
        }
        let two = |at: u32| (digits >> (at + 4) & 15) * 10 + (digits >> at & 15);
        Self { digits, days: days(two(24) * 100 + two(16), two(8), two(0)) }
    }

    /// The day of the month as two digits, 0 where nobody knows it.
    pub(crate) const fn day(self) -> u32 {
        self.digits & 0xff
    }

    /// Whether the month is known.
    pub(crate) const fn has_month(self) -> bool {
        self.digits & 0xff00 != 0
    }

    /// Whether the day is unknown, or is the first of January, which often stands for that.
    fn is_vague(self) -> bool {
        self.day() == 0 || self.digits & 0xffff == 0x0101
    }

    /// Whether both may be one day, of which one knows less.
    pub(crate) fn may_be(self, other: Self) -> bool {
        let month = |digits: u32| digits & 0xff00;
        let unknown = |digits: u32| month(digits) == 0 || digits & 0xffff == 0x0101;
        (self.is_vague() || other.is_vague())
            && self.digits >> 16 == other.digits >> 16
            && (unknown(self.digits)
                || unknown(other.digits)
                || month(self.digits) == month(other.digits))
    }

    /// How many of the eight digits differ.
    pub(crate) fn slips(self, other: Self) -> u32 {
        let differ = self.digits ^ other.digits;
        ((differ | differ >> 1 | differ >> 2 | differ >> 3) & 0x1111_1111).count_ones()
    }

    /// Whether day and month stand in each other's place.
    pub(crate) fn is_swapped(self, other: Self) -> bool {
        let swapped = (other.digits & 0xff) << 8 | (other.digits >> 8 & 0xff);
        self.digits == (other.digits & 0xffff_0000 | swapped)
    }

    /// The same for a date and for the one with day and month exchanged.
    pub(crate) fn either_way(self) -> u32 {
        let (month, day) = (self.digits >> 8 & 0xff, self.digits & 0xff);
        self.digits & 0xffff_0000 | month.min(day) << 8 | month.max(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_the_forms_they_are_written_in() {
        let check = |written: &str, want: u32| assert_eq!(read(written).digits, want, "{written}");
        check("1974-03-21", 0x1974_0321);
        check("19740321", 0x1974_0321);
        check("21/03/1974", 0x1974_0321);
        check("21.3.1974", 0x1974_0321);
        check("03/21/1974", 0x1974_0321);
        check("21/13/1974", 0);
        check("1974-03-21T10:00:00", 0x1974_0321);
        check("1974-03", 0x1974_0300);
        check("197403", 0x1974_0300);
        check("1974", 0x1974_0000);
        check("", 0);
        check("1974-13-01", 0);
        check("1974-00-05", 0);
        check("74-03-21", 0);
        check("1974-03-21-1", 0);
        check("not known", 0);
        check("٤-٣-١٩٧٤", 0);
    }

    #[test]
    fn a_date_has_as_much_as_is_known() {
        let check = |written: &str, want: Option<&str>| {
            assert_eq!(date(written).map(|date| date.to_string()).as_deref(), want, "{written}");
        };
        check("21/03/1974", Some("1974-03-21"));
        check("197403", Some("1974-03"));
        check("1974", Some("1974"));
        check("30/02/1974", None);
        check("not known", None);
    }

    #[test]
    fn near_dates_are_told_from_far_ones() {
        let (a, b) = (read("1974-03-05"), read("1974-05-03"));
        assert!(a.is_swapped(b) && b.is_swapped(a) && a.either_way() == b.either_way());
        assert_eq!(a.slips(read("1974-03-06")), 1);
        assert!(read("1974").may_be(a) && a.may_be(read("1974-03")));
        assert!(read("1974-01-01").may_be(a));
        assert!(!a.may_be(b) && !read("1974-04").may_be(a) && !read("1975").may_be(a));
        for written in ["1974-03-05", "1974-03", "1974", "2000-02-29", "1900-12-31", ""] {
            assert_eq!(Birth::of(read(written).digits), read(written), "{written}");
        }
        assert_eq!(read("2000-03-01").days - read("2000-02-28").days, 2);
        assert_eq!(read("2001-03-01").days - read("2001-02-28").days, 1);
    }
}
