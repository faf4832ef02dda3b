//! Identifiers of people, each its own type with its own check digit.
//!
//! # Invariants
//!
//! - A value of a national type has passed its check; what fails is never padded or mended.
//! - A well-formed number is not an identity: one random ten-digit text in five passes a CHI's
//!   check. Who links by identifier also compares name and date of birth.
//! - `Debug` is blind and there is no `Display`: the digits come out by `reveal`, the last few by
//!   `masked`.
//!
//! # Sources
//!
//! - NHS Data Dictionary: NHS NUMBER, COMMUNITY HEALTH INDEX NUMBER, HEALTH AND CARE NUMBER.
//! - CHI Management Board, May 2025: Modulus 10 for dates whose Modulus 11 numbers are used up
//!   (Public Health Scotland, phsmethods issue 147).
//! - HESA C07051: Scottish Candidate Number.

mod check;
mod chi;
mod nhs;
mod school;

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use check::CheckRule;
pub use chi::{Chi, ChiDate, ChiSex};
pub use nhs::{HealthAndCareNumber, NhsNumber, NumberRange};
pub use school::{CandidateNumber, Ucrn};

/// Longest local identifier or system, in bytes. House policy: HL7 v2 allows `CX.1` far less.
const LOCAL_LEN_MAX: usize = 200;

/// Why a text is not the identifier it was offered as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdentifierError {
    /// Wrong number of digits, or a character that does not belong. A lost leading zero is here.
    #[error("identifier has the wrong length or characters")]
    Shape,
    /// The check digit disagrees with the rest.
    #[error("identifier fails its check digit")]
    Check,
    /// The system is empty, too long, or has spaces or control characters.
    #[error("identifier system is not a system")]
    System,
}

impl IdentifierError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Shape => "core.identifier-shape",
            Self::Check => "core.identifier-check",
            Self::System => "core.identifier-system",
        }
    }
}

/// An identifier of a person: a national number, or what one system calls them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identifier {
    /// Community Health Index number (Scotland).
    Chi(Chi),
    /// NHS number (England, Wales, Isle of Man).
    Nhs(NhsNumber),
    /// Health and Care number (Northern Ireland).
    HealthAndCare(HealthAndCareNumber),
    /// Unique Citizen Reference Number (National Records of Scotland, for councils).
    Ucrn(Ucrn),
    /// Scottish Candidate Number (Scottish Qualifications Authority).
    Candidate(CandidateNumber),
    /// A number that means something in one system only.
    Local(LocalIdentifier),
}

/// A number that means something in one system only; there is no check to make.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalIdentifier {
    system: String,
    value: String,
}

impl LocalIdentifier {
    /// What `value` names in `system`, with surrounding blanks removed.
    ///
    /// # Errors
    ///
    /// [`IdentifierError::System`] when the system is not a short text without blanks,
    /// [`IdentifierError::Shape`] when the value is empty, too long or has control characters.
    pub fn new(system: &str, value: &str) -> Result<Self, IdentifierError> {
        let system_fits = (1..=LOCAL_LEN_MAX).contains(&system.len())
            && !system.chars().any(|letter| letter.is_whitespace() || letter.is_control());
        if !system_fits {
            return Err(IdentifierError::System);
        }
        let value = value.trim();
        let value_fits =
            (1..=LOCAL_LEN_MAX).contains(&value.len()) && !value.chars().any(char::is_control);
        if !value_fits {
            return Err(IdentifierError::Shape);
        }
        Ok(Self { system: system.to_owned(), value: value.to_owned() })
    }

    /// The system that gave the number.
    #[must_use]
    pub fn system(&self) -> &str {
        &self.system
    }

    /// The number itself, which is personal data.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for LocalIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalIdentifier({}, ..)", self.system)
    }
}

/// FHIR's name for the CHI number.
pub const CHI_SYSTEM: &str = "urn:oid:2.16.840.1.113883.2.1.3.2.4.16.53";
/// FHIR's name for the NHS number.
pub const NHS_SYSTEM: &str = "https://fhir.nhs.uk/Id/nhs-number";
/// FHIR's name for the Health and Care number.
pub const HEALTH_AND_CARE_SYSTEM: &str = "https://fhir.nhs.uk/Id/hsc-number";
/// Our name for the UCRN: no public one is known. House policy, under a reserved domain.
pub const UCRN_SYSTEM: &str = "https://ken.example/Id/ucrn";
/// Our name for the Scottish Candidate Number: no public one is known. House policy.
pub const CANDIDATE_SYSTEM: &str = "https://ken.example/Id/scottish-candidate-number";

impl Identifier {
    /// Reads `value` as `system` says, national systems by their own rules.
    ///
    /// # Errors
    ///
    /// [`IdentifierError`] when the value is not what that system issues.
    pub fn parse(system: &str, value: &str) -> Result<Self, IdentifierError> {
        match system {
            CHI_SYSTEM => Chi::parse(value).map(Self::Chi),
            NHS_SYSTEM => NhsNumber::parse(value).map(Self::Nhs),
            HEALTH_AND_CARE_SYSTEM => HealthAndCareNumber::parse(value).map(Self::HealthAndCare),
            UCRN_SYSTEM => Ucrn::parse(value).map(Self::Ucrn),
            CANDIDATE_SYSTEM => CandidateNumber::parse(value).map(Self::Candidate),
            _ => LocalIdentifier::new(system, value).map(Self::Local),
        }
    }

    /// A local identifier.
    ///
    /// # Errors
    ///
    /// As [`LocalIdentifier::new`].
    pub fn local(system: &str, value: &str) -> Result<Self, IdentifierError> {
        LocalIdentifier::new(system, value).map(Self::Local)
    }

    /// The FHIR system that the number belongs to.
    #[must_use]
    pub fn system(&self) -> &str {
        match self {
            Self::Chi(_) => CHI_SYSTEM,
            Self::Nhs(_) => NHS_SYSTEM,
            Self::HealthAndCare(_) => HEALTH_AND_CARE_SYSTEM,
            Self::Ucrn(_) => UCRN_SYSTEM,
            Self::Candidate(_) => CANDIDATE_SYSTEM,
            Self::Local(local) => local.system(),
        }
    }

    /// The number itself, which is personal data.
    #[must_use]
    pub fn reveal(&self) -> &str {
        match self {
            Self::Chi(chi) => chi.reveal(),
            Self::Nhs(number) => number.reveal(),
            Self::HealthAndCare(number) => number.reveal(),
            Self::Ucrn(number) => number.reveal(),
            Self::Candidate(number) => number.reveal(),
            Self::Local(local) => local.reveal(),
        }
    }

    /// Whether one authority issues it to one person for life, so that it may carry a link.
    #[must_use]
    pub const fn is_national(&self) -> bool {
        !matches!(self, Self::Local(_))
    }

    /// Whether it was made for tests and can be nobody's in life.
    #[must_use]
    pub fn is_impossible(&self) -> bool {
        match self {
            Self::Chi(chi) => chi.date() == ChiDate::Impossible,
            Self::Nhs(number) => number.range() == NumberRange::Test,
            Self::HealthAndCare(_) | Self::Ucrn(_) | Self::Candidate(_) | Self::Local(_) => false,
        }
    }

    /// Whether it is a national number that systems fill in where they have none: one digit
    /// throughout. Its check passes, and it means nobody.
    #[must_use]
    pub fn is_filler(&self) -> bool {
        let digits = self.reveal().as_bytes();
        self.is_national() && digits.iter().all(|digit| digits.first() == Some(digit))
    }

    /// The last four characters, the rest as bullets; short numbers show nothing.
    #[must_use]
    pub fn masked(&self) -> String {
        masked(self.reveal())
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({}, ..)", self.system())
    }
}

/// How an identifier is written in JSON: FHIR's system and value.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    system: String,
    value: String,
}

impl Serialize for Identifier {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let written = Written { system: self.system().to_owned(), value: self.reveal().to_owned() };
        written.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(from)?;
        Self::parse(&written.system, &written.value).map_err(serde::de::Error::custom)
    }
}

/// Shows the last four characters of a number of eight or more, and bullets for the rest.
fn masked(text: &str) -> String {
    let len = text.chars().count();
    let shown = if len >= 8 { 4 } else { 0 };
    let show = |(at, letter)| if at + shown >= len { letter } else { '•' };
    text.chars().enumerate().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_digit_throughout_means_nobody() {
        let check = |system: &str, value: &str, want: bool| {
            assert_eq!(Identifier::parse(system, value).unwrap().is_filler(), want, "{value}");
        };
        for value in ["0000000000", "1111111111", "9999999999"] {
            check(NHS_SYSTEM, value, true);
            check("urn:x", value, false);
        }
        check(CHI_SYSTEM, "1111111111", true);
        check(NHS_SYSTEM, "9434765919", false);
    }

    #[test]
    fn each_system_reads_its_own() {
        let check = |system: &str, value: &str, want: Result<&str, IdentifierError>| {
            let got = Identifier::parse(system, value);
            assert_eq!(got.as_ref().map(Identifier::reveal).map_err(|e| *e), want, "{value}");
        };
        check(CHI_SYSTEM, "010101 0013", Err(IdentifierError::Check));
        check(NHS_SYSTEM, "943 476 5919", Ok("9434765919"));
        check(NHS_SYSTEM, "943 476 5918", Err(IdentifierError::Check));
        check(NHS_SYSTEM, "943476591", Err(IdentifierError::Shape));
        check(UCRN_SYSTEM, " ABC-123 ", Ok("ABC-123"));
        check("urn:glen:swis", " 42 ", Ok("42"));
        check("urn:glen:swis", "", Err(IdentifierError::Shape));
        check("two words", "42", Err(IdentifierError::System));
        check("", "42", Err(IdentifierError::System));
    }

    #[test]
    fn nothing_shows_unless_revealed() {
        let number = Identifier::parse(NHS_SYSTEM, "9434765919").unwrap();
        assert_eq!(format!("{number:?}"), format!("Identifier({NHS_SYSTEM}, ..)"));
        assert_eq!(number.masked(), "••••••5919");
        let local = Identifier::local("urn:glen:swis", "1234567").unwrap();
        assert_eq!(local.masked(), "•••••••");
        assert!(!format!("{local:?}").contains("1234"));
    }

    #[test]
    fn json_is_system_and_value_and_is_checked_again() {
        let number = Identifier::parse(NHS_SYSTEM, "9434765919").unwrap();
        let json = serde_json::to_string(&number).unwrap();
        assert_eq!(serde_json::from_str::<Identifier>(&json).unwrap(), number);
        let broken = json.replace("5919", "5918");
        assert!(serde_json::from_str::<Identifier>(&broken).is_err());
    }
}
