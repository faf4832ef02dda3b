//! National numbers as they are compared: their digits in one word, and what is known of them.
//!
//! # Invariants
//!
//! - A number is *sure* only if `ken-core` reads it; nothing that was mended is sure.
//! - Two sure numbers that differ are two people's (see [`crate::Rule`]).

use ken_core::identifier::{Chi, NhsNumber};
use rapidfuzz::distance::osa;

use crate::birth::Birth;
use crate::text::tidy;

/// A number of a person; 0 where it is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Digits(u64);

/// Set where the number passed its check as it was written.
const SURE: u64 = 1 << 63;
/// Where the length stands, above twelve digits of four bits.
const LENGTH: u32 = 48;

impl Digits {
    /// Reads a CHI number. What lost its leading zero in a spreadsheet gets it back where the
    /// check digit and the date of birth both say so, and is then not sure.
    pub(crate) fn chi(written: &str, born: Birth) -> Self {
        let written = tidy(written);
        let Some(packed) = pack(written) else { return Self::default() };
        if Chi::parse(written).is_ok() {
            return Self(packed | SURE);
        }
        if packed >> LENGTH == 9 && born.digits != 0 {
            let mended = format!("0{}", written.replace(' ', ""));
            let dates = pack(&mended).unwrap_or(0) >> 16 & 0xff_ffff;
            let day = u64::from(born.digits & 0xff) << 16;
            let month = u64::from(born.digits & 0xff00);
            let year = u64::from(born.digits >> 16 & 0xff);
            if Chi::parse(&mended).is_ok() && dates == (day | month | year) {
                return Self(pack(&mended).unwrap_or(0));
            }
        }
        Self(packed)
    }

    /// Reads an NHS number.
    pub(crate) fn nhs(written: &str) -> Self {
        let written = tidy(written);
        let packed = pack(written).unwrap_or(0);
        let sure = packed != 0 && NhsNumber::parse(written).is_ok();
        Self(if sure { packed | SURE } else { packed })
    }

    /// Whether there is none.
    pub(crate) const fn is_missing(self) -> bool {
        self.0 == 0
    }

    /// Whether it passed its check as it was written.
    pub(crate) const fn is_sure(self) -> bool {
        self.0 & SURE != 0
    }

    /// The number alone, the same whether it is sure or mended.
    pub(crate) const fn number(self) -> u64 {
        self.0 & !SURE
    }

    /// Whether these are the digits of a text.
    pub(crate) fn is_of(self, text: &str) -> bool {
        !self.is_missing() && pack(text) == Some(self.number())
    }

    /// Whether a slip of one or two digits (left out, put in, changed, or exchanged with its
    /// neighbour) makes one of the other: how many, if at most two.
    pub(crate) fn edits(self, other: Self) -> Option<usize> {
        let differ = self.number() ^ other.number();
        let places = (differ | differ >> 1 | differ >> 2 | differ >> 3) & 0x1111_1111_1111;
        let same_length = differ >> LENGTH == 0;
        // Digits that differ from end to end are not worth the longer look.
        if same_length && places.count_ones() > 4 {
            return None;
        }
        let args = osa::Args::default().score_cutoff(2);
        let (a, b) = (self.letters(), other.letters());
        osa::distance_with_args(a.iter().copied(), b.iter().copied(), &args)
    }

    fn letters(self) -> Vec<u8> {
        let len = self.number() >> LENGTH;
        (0..len).rev().map(|at| (self.0 >> (4 * at) & 15).to_le_bytes()).map(|[a, ..]| a).collect()
    }
}

/// The digits of a text of eight to twelve of them, blanks and hyphens left out. A number of one
/// digit repeated is a form's way to say that there is none.
fn pack(written: &str) -> Option<u64> {
    let mut packed = 0u64;
    let mut len = 0u64;
    for byte in written.bytes().filter(|byte| *byte != b' ' && *byte != b'-') {
        if !byte.is_ascii_digit() || len == 12 {
            return None;
        }
        packed = packed << 4 | u64::from(byte - b'0');
        len += 1;
    }
    let first = packed & 15;
    let all_one = (0..len).all(|at| packed >> (4 * at) & 15 == first);
    (len >= 8 && !all_one).then_some(packed | len << LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::birth::read;

    #[test]
    fn only_what_passes_its_check_is_sure() {
        let born = read("1990-01-31");
        let sure = |text: &str| Digits::chi(text, born).is_sure();
        assert!(sure("3201209996") && sure("320120 9996"));
        assert!(!sure("3201209995") && !sure("320120999") && !sure("9999999999") && !sure(""));
        assert!(Digits::chi("9999999999", born).is_missing());
        assert!(Digits::chi("not known", born).is_missing());
        assert!(Digits::nhs("943 476 5919").is_sure() && !Digits::nhs("9434765918").is_sure());
    }

    #[test]
    fn a_lost_zero_comes_back_only_where_the_date_agrees() {
        let mut day = (0..200).map(|n| format!("0302{:02}{:04}", 90, n * 7 + 11));
        let whole = day.find(|text| Chi::parse(text).is_ok()).unwrap();
        let lost = &whole[1..];
        let right = Digits::chi(lost, read("1990-02-03"));
        assert_eq!(right.number(), Digits::chi(&whole, read("1990-02-03")).number());
        assert!(!right.is_sure());
        let wrong = Digits::chi(lost, read("1990-02-04"));
        assert_ne!(wrong.number(), right.number());
    }

    #[test]
    fn slips_are_counted() {
        let of = |text: &str| Digits::chi(text, Birth::default());
        let check = |a: &str, b: &str, want| {
            assert_eq!((of(a).edits(of(b)), of(b).edits(of(a))), (want, want), "{a} {b}");
        };
        check("0302901234", "0302901235", Some(1));
        check("0302901234", "0302901243", Some(1));
        check("0302901234", "030290134", Some(1));
        check("0302901234", "0302909934", Some(2));
        check("0302901234", "1712654321", None);
    }
}
