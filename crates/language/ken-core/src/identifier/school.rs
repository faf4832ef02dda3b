//! Numbers that councils and schools use.

use std::fmt;

use super::{IdentifierError, check};

/// A Unique Citizen Reference Number: opaque, without personal content. Its form and check are not
/// public, so only the alphabet and the length are tested.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ucrn(String);

/// Longest UCRN we take, in bytes. House policy: the true length is not public.
const UCRN_LEN_MAX: usize = 32;

impl Ucrn {
    /// Reads letters, digits and hyphens, blanks around them removed.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::Shape`] for anything else.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let text = text.trim();
        let fits = (1..=UCRN_LEN_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        fits.then(|| Self(text.to_owned())).ok_or(IdentifierError::Shape)
    }

    /// The number, which is personal data.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Ucrn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ucrn(..)")
    }
}

/// A Scottish Candidate Number: two digits of the year, six more, one check digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CandidateNumber(String);

/// Weights of the first eight digits. Source: HESA C07051.
const WEIGHTS: [u32; 8] = [3, 2, 7, 6, 5, 4, 3, 2];

impl CandidateNumber {
    /// Reads nine digits, blanks between them allowed.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::Shape`] for other than nine digits, [`IdentifierError::Check`] where the
    /// check digit disagrees or none exists.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let digits = check::digits::<9>(text)?;
        let [stem @ .., last] = &digits;
        let right = Self::check_digit(stem) == Some(*last);
        right.then(|| Self(check::text(&digits))).ok_or(IdentifierError::Check)
    }

    fn check_digit(stem: &[u8]) -> Option<u8> {
        let sum: u32 = stem.iter().zip(WEIGHTS).map(|(digit, w)| u32::from(*digit) * w).sum();
        match sum % 11 {
            0 => Some(0),
            1 => None,
            rest => u8::try_from(11 - rest).ok(),
        }
    }

    /// The nine digits, which are personal data.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CandidateNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CandidateNumber(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn candidate_numbers_are_checked() {
        let check = |text: &str, good: bool| {
            assert_eq!(CandidateNumber::parse(text).is_ok(), good, "{text}");
        };
        // 9*3 + 5*2 = 37, 37 mod 11 = 4, 11 - 4 = 7.
        check("950000007", true);
        check("95 000000 7", true);
        check("950000006", false);
        check("000000000", true);
        check("95000007", false);
        // 4*3 = 12 leaves 1: no number of this stem is issued.
        for last in 0..10 {
            check(&format!("40000000{last}"), false);
        }
    }

    #[test]
    fn a_ucrn_is_opaque() {
        let check = |text: &str, good: bool| assert_eq!(Ucrn::parse(text).is_ok(), good, "{text}");
        check("S1234567", true);
        check("a-b", true);
        check("", false);
        check("a b", false);
        check(&"9".repeat(UCRN_LEN_MAX + 1), false);
    }

    proptest! {
        #[test]
        fn a_wrong_digit_is_found(
            stem in proptest::array::uniform8(0u8..10), at in 0usize..9, by in 1u8..10,
        ) {
            if let Some(check) = CandidateNumber::check_digit(&stem) {
                let mut digits = stem.to_vec();
                digits.push(check);
                prop_assert!(CandidateNumber::parse(&check::text(&digits)).is_ok());
                digits[at] = (digits[at] + by) % 10;
                prop_assert!(CandidateNumber::parse(&check::text(&digits)).is_err());
            }
        }
    }
}
