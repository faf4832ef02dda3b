//! How two records agree, field by field: the pattern, which is all that a model sees of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::compare::level;

/// A thing in which two records are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// First name, with nicknames and sounds.
    Forename,
    /// Family name, with former ones.
    Surname,
    /// Middle names.
    Middle,
    /// Date of birth.
    Born,
    /// Postcode and address together, because they say the same thing.
    Place,
    /// Sex as recorded.
    Sex,
    /// E-mail address and telephone number together, because a household shares them.
    Contact,
    /// Community Health Index number.
    Chi,
    /// NHS number.
    Nhs,
}

impl Field {
    /// All of them, in the order in which a pattern shows them.
    pub const ALL: [Self; 9] = [
        Self::Forename,
        Self::Surname,
        Self::Middle,
        Self::Born,
        Self::Place,
        Self::Sex,
        Self::Contact,
        Self::Chi,
        Self::Nhs,
    ];

    /// The words for each level, from 0, which is *missing*.
    #[must_use]
    pub const fn levels(self) -> &'static [&'static str] {
        match self {
            Self::Forename => &FORENAME,
            Self::Surname => &SURNAME,
            Self::Middle => &["missing", "differs", "initial agrees", "alike", "same"],
            Self::Born => &BORN,
            Self::Place => &PLACE,
            Self::Contact => &CONTACT,
            Self::Chi => &["missing", "differs", "differs, one not valid", "one slip", "same"],
            Self::Sex | Self::Nhs => &["missing", "differs", "same"],
        }
    }

    /// The word for the field.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Forename => "forename",
            Self::Surname => "surname",
            Self::Middle => "middle name",
            Self::Born => "date of birth",
            Self::Place => "address",
            Self::Sex => "sex",
            Self::Contact => "e-mail or telephone",
            Self::Chi => "CHI number",
            Self::Nhs => "NHS number",
        }
    }
}

const FORENAME: [&str; 11] = [
    "missing",
    "differs",
    "a little alike",
    "initial agrees",
    "alike",
    "nickname",
    "nearly the same",
    "in another name's place",
    "same, common",
    "same",
    "same, rare",
];

const SURNAME: [&str; 11] = [
    "missing",
    "differs",
    "a little alike",
    "alike",
    "nearly the same",
    "part of a double name",
    "a former name",
    "in another name's place",
    "same, common",
    "same",
    "same, rare",
];

const BORN: [&str; 10] = [
    "missing",
    "differs",
    "within a year",
    "within forty days",
    "one knows less",
    "two digits differ",
    "one digit differs",
    "day and month exchanged",
    "same, very common",
    "same",
];

const PLACE: [&str; 10] = [
    "missing",
    "another area",
    "same area",
    "same district",
    "same sector, or nearly the same postcode",
    "same postcode, another house",
    "same postcode",
    "same house, postcode missing or differs",
    "same house and postcode",
    "a former postcode",
];

const CONTACT: [&str; 5] =
    ["missing", "differs", "e-mail nearly the same", "same telephone", "same e-mail"];

/// How many levels each field has.
const COUNTS: [u32; 9] = [11, 11, 5, 10, 10, 3, 5, 5, 3];

/// The place of [`Field::Contact`] in [`Field::ALL`]; patterns that were written before there was
/// one leave it out.
const CONTACT_AT: usize = 6;

/// The level of each field, in the order of [`Field::ALL`].
pub(crate) type Levels = [u8; 9];

/// The same in the order in which a number holds them: contact first, so that the patterns of
/// tables without e-mail and telephone are the first.
const HELD: [u32; 9] = [5, 11, 11, 5, 10, 10, 3, 5, 3];

/// The level of every field for one pair of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(u32);

/// Why a text is not a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a pattern: write nine levels with full stops between them")]
pub struct PatternError;

impl PatternError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "match.pattern"
    }
}

impl Pattern {
    /// How many patterns there may be.
    pub(crate) const COUNT: u32 = Self::WITHOUT * 5;

    /// How many there may be where no two records can be compared by e-mail and telephone; theirs
    /// are the first numbers.
    pub(crate) const WITHOUT: u32 = 11 * 11 * 5 * 10 * 10 * 3 * 5 * 3;

    pub(crate) fn of(levels: Levels) -> Self {
        let mut held = levels;
        if let Some(front) = held.get_mut(..=CONTACT_AT) {
            front.rotate_right(1);
        }
        let counted = held.into_iter().zip(HELD);
        Self(counted.fold(0, |all, (level, count)| all * count + u32::from(level)))
    }

    pub(crate) fn levels(self) -> Levels {
        let mut held = [0; 9];
        let mut rest = self.0;
        for (level, count) in held.iter_mut().zip(HELD).rev() {
            *level = u8::try_from(rest % count).unwrap_or(0);
            rest /= count;
        }
        if let Some(front) = held.get_mut(..=CONTACT_AT) {
            front.rotate_left(1);
        }
        held
    }

    /// Its place among all patterns.
    pub(crate) const fn number(self) -> u32 {
        self.0
    }

    /// The pattern at a place.
    pub(crate) const fn at(number: u32) -> Self {
        Self(number)
    }

    /// The same with equal names neither rare nor common.
    pub(crate) fn plain(self) -> Self {
        let mut levels = self.levels();
        // Forename and surname: from `same, common` on they are the same.
        for name in levels.iter_mut().take(2).filter(|name| **name >= level::NAME_SAME) {
            *name = level::NAME_USUAL;
        }
        Self::of(levels)
    }

    /// The level of one field, from 0, which is *missing*.
    #[must_use]
    pub fn level(self, field: Field) -> u8 {
        let of = Field::ALL.into_iter().zip(self.levels()).find(|(one, _)| *one == field);
        of.map_or(0, |(_, level)| level)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.levels();
        write!(f, "{first}")?;
        rest.iter().try_for_each(|level| write!(f, ".{level}"))
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let mut levels = Levels::default();
        let mut parts = text.split('.');
        let is_short = text.split('.').count() + 1 == levels.len();
        for (at, (level, count)) in levels.iter_mut().zip(COUNTS).enumerate() {
            if is_short && at == CONTACT_AT {
                continue;
            }
            *level = parts.next().and_then(|part| part.parse().ok()).ok_or(PatternError)?;
            if u32::from(*level) >= count {
                return Err(PatternError);
            }
        }
        if parts.next().is_some() { Err(PatternError) } else { Ok(Self::of(levels)) }
    }
}

impl Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_reads_as_it_is_written() {
        for number in (0..Pattern::COUNT).step_by(997).chain([Pattern::COUNT - 1]) {
            let pattern = Pattern::at(number);
            assert_eq!(Pattern::of(pattern.levels()), pattern);
            assert_eq!(pattern.to_string().parse(), Ok(pattern));
        }
        assert_eq!("1.2.3".parse::<Pattern>(), Err(PatternError));
        assert_eq!("8.9.0.9.8.2.4.2".parse(), Ok(Pattern::of([8, 9, 0, 9, 8, 2, 0, 4, 2])));
        assert_eq!("11.0.0.0.0.0.0.0".parse::<Pattern>(), Err(PatternError));
        assert_eq!("0.0.0.0.0.0.0.0.0.0".parse::<Pattern>(), Err(PatternError));
    }

    #[test]
    fn each_level_has_a_word() {
        for (field, count) in Field::ALL.into_iter().zip(COUNTS) {
            assert_eq!(field.levels().len(), usize::try_from(count).unwrap());
        }
        assert_eq!(COUNTS.into_iter().product::<u32>(), Pattern::COUNT);
        assert_eq!(Pattern::at(Pattern::WITHOUT).level(Field::Contact), 1);
        assert_eq!(Pattern::at(Pattern::WITHOUT - 1).level(Field::Contact), 0);
        assert_eq!(Field::ALL.get(CONTACT_AT), Some(&Field::Contact));
    }
}
