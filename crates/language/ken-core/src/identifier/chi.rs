//! The Community Health Index number: `DDMMYY`, two digits, sex digit, check digit.
//!
//! The date and the sex are those of first registration and are never changed, so a disagreement
//! with the record is a reason to look, not proof of a wrong number.

use std::fmt;

use jiff::civil::Date;

use super::{CheckRule, IdentifierError, check, masked};
use crate::PartialDate;

/// A CHI number that passed a check.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chi {
    text: String,
    rule: CheckRule,
    date: ChiDate,
    sex: ChiSex,
}

/// What the first six digits say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChiDate {
    /// A day that exists in at least one century; the century itself is not in the number.
    Possible {
        /// Day of the month, 1 to 31.
        day: i8,
        /// Month, 1 to 12.
        month: i8,
        /// Year of the century, 0 to 99.
        year: i16,
    },
    /// No such day: a number made for tests, nobody's in life.
    Impossible,
}

/// What the ninth digit says: even for women and girls, odd for men and boys, as registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChiSex {
    /// An even digit.
    Female,
    /// An odd digit.
    Male,
}

/// The centuries in which somebody alive, or lately dead, may have been born.
const CENTURIES: [i16; 2] = [1900, 2000];

impl Chi {
    /// How many different numbers [`Chi::impossible`] makes before it begins again.
    pub const IMPOSSIBLE_COUNT: u64 = 2 * 100 * 8 * 100 * 99;

    /// Reads ten digits, blanks between them allowed, that pass either check.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::Shape`] for other than ten digits (a lost leading zero is not put back),
    /// [`IdentifierError::Check`] where neither rule holds.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let digits = check::digits::<10>(text)?;
        let rule = check::rule_of(&digits).ok_or(IdentifierError::Check)?;
        let [d1, d2, m1, m2, y1, y2, _, _, sex, _] = digits.map(i8::try_from).map(Result::ok);
        let two = |tens: Option<i8>, ones: Option<i8>| Some(tens? * 10 + ones?);
        let date = ChiDate::new(two(d1, d2), two(m1, m2), two(y1, y2));
        let odd = sex.is_some_and(|digit| digit % 2 == 1);
        let sex = if odd { ChiSex::Male } else { ChiSex::Female };
        Ok(Self { text: check::text(&digits), rule, date, sex })
    }

    /// The `n`-th number that can be nobody's: the day is 32 to 39, the check digit is right
    /// (Modulus 11). Odd `n` gives [`ChiSex::Male`]. Repeats after [`Self::IMPOSSIBLE_COUNT`].
    ///
    /// For tests and demonstrations only; source: `identity.md` section 6.
    #[must_use]
    pub fn impossible(n: u64) -> Self {
        let n = n % Self::IMPOSSIBLE_COUNT;
        let (odd, serial, rest) = (n % 2, n / 2 % 100, n / 200);
        let (day, year, month) = (32 + rest % 8, rest / 8 % 100, 1 + rest / 800);
        let front = format!("{day:02}{month:02}{year:02}{serial:02}");
        // Of the five sex digits of one parity at most one has no check digit.
        let text = (0..5).find_map(|step| {
            let stem = format!("{front}{}", 2 * step + odd);
            let check = check::mod11(&check::digits::<9>(&stem).ok()?)?;
            Some(format!("{stem}{check}"))
        });
        let text = text.unwrap_or_default();
        let rule = check::digits(&text).ok().and_then(|digits| check::rule_of(&digits));
        Self {
            text,
            rule: rule.unwrap_or(CheckRule::Mod11),
            date: ChiDate::Impossible,
            sex: if odd == 1 { ChiSex::Male } else { ChiSex::Female },
        }
    }

    /// The ten digits, which are personal data.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// Which check the number passed.
    #[must_use]
    pub const fn rule(&self) -> CheckRule {
        self.rule
    }

    /// The date of birth at first registration, without its century.
    #[must_use]
    pub const fn date(&self) -> ChiDate {
        self.date
    }

    /// The sex at first registration.
    #[must_use]
    pub const fn sex(&self) -> ChiSex {
        self.sex
    }

    /// Whether the date in the number could be `born`. An impossible date agrees with nothing and
    /// disagrees with nothing: `None`.
    #[must_use]
    pub fn agrees_with(&self, born: PartialDate) -> Option<bool> {
        self.date.agrees_with(born)
    }

    /// The last four digits, the rest as bullets.
    #[must_use]
    pub fn masked(&self) -> String {
        masked(&self.text)
    }
}

impl ChiDate {
    fn new(day: Option<i8>, month: Option<i8>, year: Option<i8>) -> Self {
        let (Some(day), Some(month), Some(year)) = (day, month, year) else {
            return Self::Impossible;
        };
        let year = i16::from(year);
        let exists = CENTURIES.into_iter().any(|c| Date::new(c + year, month, day).is_ok());
        if exists { Self::Possible { day, month, year } } else { Self::Impossible }
    }

    fn agrees_with(self, born: PartialDate) -> Option<bool> {
        let Self::Possible { day, month, year } = self else { return None };
        let whole = CENTURIES.into_iter().filter_map(|c| Date::new(c + year, month, day).ok());
        Some(whole.map(PartialDate::Day).any(|date| date.agrees_with(born)))
    }
}

impl fmt::Debug for Chi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chi(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_number_says_date_sex_and_rule() {
        let check = |text: &str, rule, date, sex| {
            let chi = Chi::parse(text).unwrap();
            assert_eq!((chi.rule(), chi.date(), chi.sex()), (rule, date, sex), "{text}");
        };
        check("3201209996", CheckRule::Mod11, ChiDate::Impossible, ChiSex::Male);
        check("3902000007", CheckRule::Mod11, ChiDate::Impossible, ChiSex::Female);
        check("390200 0003", CheckRule::Mod10, ChiDate::Impossible, ChiSex::Female);
        check("2902010001", CheckRule::Mod11, ChiDate::Impossible, ChiSex::Female);
        check("9999999999", CheckRule::Both, ChiDate::Impossible, ChiSex::Male);
    }

    #[test]
    fn what_is_not_a_chi_is_refused() {
        let check = |text: &str, want| assert_eq!(Chi::parse(text), Err(want), "{text}");
        check("", IdentifierError::Shape);
        check("10190001", IdentifierError::Shape);
        check("01019000121", IdentifierError::Shape);
        check("010190001x", IdentifierError::Shape);
        check("٠١٠١٩٠٠٠١٢", IdentifierError::Shape);
        check("0000000001", IdentifierError::Check);
    }

    #[test]
    fn impossible_numbers_are_valid_distinct_and_nobodys() {
        let mut seen = BTreeSet::new();
        let spread = (0..5_000).chain((0..20_000).map(|n| 5_000 + n * 791));
        for n in spread.chain([Chi::IMPOSSIBLE_COUNT - 1]) {
            let chi = Chi::impossible(n);
            assert!(matches!(chi.rule(), CheckRule::Mod11 | CheckRule::Both), "{n}");
            assert_eq!(Chi::parse(chi.reveal()).as_ref(), Ok(&chi), "{n}");
            assert_eq!(chi.date(), ChiDate::Impossible, "{n}");
            assert_eq!(chi.sex() == ChiSex::Male, n % 2 == 1, "{n}");
            assert!(seen.insert(chi), "{n} repeats");
        }
        assert_eq!(Chi::impossible(Chi::IMPOSSIBLE_COUNT), Chi::impossible(0));
    }

    #[test]
    fn the_date_is_compared_without_its_century() {
        // No whole number here: one with a day that exists could be somebody's.
        let date = ChiDate::new(Some(29), Some(2), Some(0));
        assert_eq!(date, ChiDate::Possible { day: 29, month: 2, year: 0 });
        let check = |born: &str, want| {
            assert_eq!(date.agrees_with(born.parse().unwrap()), want, "{born}");
        };
        check("2000-02-29", Some(true));
        check("2000-02", Some(true));
        check("2000", Some(true));
        check("2000-03", Some(false));
        check("1999-02-28", Some(false));
        assert_eq!(Chi::impossible(7).agrees_with("2000".parse().unwrap()), None);
    }

    #[test]
    fn debug_is_blind() {
        assert_eq!(format!("{:?}", Chi::impossible(1)), "Chi(..)");
    }
}
