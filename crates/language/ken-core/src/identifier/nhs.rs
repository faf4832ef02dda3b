//! Ten digits with a Modulus 11 check: the NHS number and the Health and Care number.

use std::fmt;

use super::{IdentifierError, check, masked};

/// An NHS number (England, Wales, Isle of Man) that passed its check. The range is a flag: a
/// number of another range is still read, since sources send them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NhsNumber {
    text: String,
    range: NumberRange,
}

/// A Health and Care number (Northern Ireland) that passed its check.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HealthAndCareNumber {
    text: String,
    range: NumberRange,
}

/// Who issues the block in which a number lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NumberRange {
    /// Issued as NHS numbers: stems 400 000 000 to 499 999 999 and 600 000 000 to 799 999 999.
    /// Such a number may be a real person's.
    Nhs,
    /// Issued as Health and Care numbers: stems 320 000 001 to 399 999 999.
    HealthAndCare,
    /// 999 000 0000 to 999 999 9999: valid and never issued.
    Test,
    /// A block of which nobody says that it is issued; the CHI's own block lies here.
    Unassigned,
}

impl NumberRange {
    fn of(digits: &[u8; 10]) -> Self {
        let [stem @ .., _] = digits;
        match stem.iter().fold(0_u32, |sum, digit| 10 * sum + u32::from(*digit)) {
            400_000_000..=499_999_999 | 600_000_000..=799_999_999 => Self::Nhs,
            320_000_001..=399_999_999 => Self::HealthAndCare,
            999_000_000..=999_999_999 => Self::Test,
            _ => Self::Unassigned,
        }
    }

    /// The stable code under which it is stored.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nhs => "nhs",
            Self::HealthAndCare => "health-and-care",
            Self::Test => "test",
            Self::Unassigned => "unassigned",
        }
    }
}

fn read(text: &str) -> Result<(String, NumberRange), IdentifierError> {
    let digits = check::digits::<10>(text)?;
    let [stem @ .., last] = &digits;
    if check::mod11(stem) != Some(*last) {
        return Err(IdentifierError::Check);
    }
    Ok((check::text(&digits), NumberRange::of(&digits)))
}

impl NhsNumber {
    /// How many different numbers [`NhsNumber::impossible`] makes before it begins again.
    pub const IMPOSSIBLE_COUNT: u64 = 900_000;

    /// Reads ten digits, blanks between them allowed, of any range.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::Shape`] for other than ten digits, [`IdentifierError::Check`] where the
    /// check digit disagrees.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        read(text).map(|(text, range)| Self { text, range })
    }

    /// The `n`-th number of the range that is never issued, for tests and demonstrations only.
    #[must_use]
    pub fn impossible(n: u64) -> Self {
        let n = n % Self::IMPOSSIBLE_COUNT;
        let front = format!("999{:05}", n / 9);
        let valid = (0..10).filter_map(|digit: u8| {
            let stem = check::digits::<9>(&format!("{front}{digit}")).ok()?;
            check::mod11(&stem).map(|check| format!("{front}{digit}{check}"))
        });
        // Of ten last digits at most one has no check digit, so nine remain.
        let text = valid.enumerate().find(|(at, _)| *at as u64 == n % 9);
        let text = text.map(|(_, text)| text).unwrap_or_default();
        Self { text, range: NumberRange::Test }
    }

    /// The ten digits, which are personal data.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// In whose block the number lies.
    #[must_use]
    pub const fn range(&self) -> NumberRange {
        self.range
    }

    /// The last four digits, the rest as bullets.
    #[must_use]
    pub fn masked(&self) -> String {
        masked(&self.text)
    }
}

impl HealthAndCareNumber {
    /// Reads ten digits, blanks between them allowed, of any range.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::Shape`] for other than ten digits, [`IdentifierError::Check`] where the
    /// check digit disagrees.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        read(text).map(|(text, range)| Self { text, range })
    }

    /// The ten digits, which are personal data.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// In whose block the number lies.
    #[must_use]
    pub const fn range(&self) -> NumberRange {
        self.range
    }

    /// The last four digits, the rest as bullets.
    #[must_use]
    pub fn masked(&self) -> String {
        masked(&self.text)
    }
}

impl fmt::Debug for NhsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NhsNumber(.., {})", self.range.code())
    }
}

impl fmt::Debug for HealthAndCareNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HealthAndCareNumber(.., {})", self.range.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_range_is_a_flag_not_a_refusal() {
        let check = |stem: &str, want| {
            let check = check::mod11(&check::digits::<9>(stem).unwrap()).unwrap();
            let text = format!("{stem}{check}");
            assert_eq!(NhsNumber::parse(&text).unwrap().range(), want, "{text}");
            assert_eq!(HealthAndCareNumber::parse(&text).unwrap().range(), want, "{text}");
        };
        check("399999998", NumberRange::HealthAndCare);
        check("400000000", NumberRange::Nhs);
        check("499999999", NumberRange::Nhs);
        check("500000000", NumberRange::Unassigned);
        check("600000001", NumberRange::Nhs);
        check("799999999", NumberRange::Nhs);
        check("800000001", NumberRange::Unassigned);
        check("320000000", NumberRange::Unassigned);
        check("320000001", NumberRange::HealthAndCare);
        check("943476591", NumberRange::Unassigned);
        check("998999999", NumberRange::Unassigned);
        check("999000001", NumberRange::Test);
        check("999999999", NumberRange::Test);
    }

    #[test]
    fn impossible_numbers_are_valid_distinct_and_never_issued() {
        let mut seen = BTreeSet::new();
        for n in (0..2_000).chain((0..10_000).map(|n| 2_000 + n * 89)) {
            let number = NhsNumber::impossible(n);
            assert_eq!(NhsNumber::parse(number.reveal()).as_ref(), Ok(&number), "{n}");
            assert!(seen.insert(number), "{n} repeats");
        }
        let last = NhsNumber::impossible(NhsNumber::IMPOSSIBLE_COUNT - 1);
        assert_eq!(NhsNumber::parse(last.reveal()).unwrap().range(), NumberRange::Test);
    }
}
