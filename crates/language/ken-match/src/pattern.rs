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
    /// Any further number of a person: a council's, a school's, an office's.
    Number,
}

impl Field {
    /// All of them, in the order in which a pattern shows them.
    pub const ALL: [Self; 10] = [
        Self::Forename,
        Self::Surname,
        Self::Middle,
        Self::Born,
        Self::Place,
        Self::Sex,
        Self::Contact,
        Self::Chi,
        Self::Nhs,
        Self::Number,
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
            Self::Number => &["missing", "differs", "one slip", "same"],
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
            Self::Number => "further number",
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
const COUNTS: [u32; 10] = [11, 11, 5, 10, 10, 3, 5, 5, 3, 4];

/// The place of [`Field::Contact`] in [`Field::ALL`]; patterns that were written before there was
/// one leave it out.
const CONTACT_AT: usize = 6;

/// The place of [`Field::Number`]; a pattern that leaves it out has none.
const NUMBER_AT: usize = 9;

/// The level of each field, in the order of [`Field::ALL`].
pub(crate) type Levels = [u8; 10];

/// The same in the order in which a number holds them: the further number first and contact second,
/// so that the patterns of tables without these are the first, and have the numbers that they had
/// before there were such fields.
const HELD: [u32; 10] = [4, 5, 11, 11, 5, 10, 10, 3, 5, 3];

/// By how much a number grows with each of them: by the levels of all that stands behind it.
const WORTH: [u32; 10] = {
    let [.., b, c, d, e, f, g, h, i, j] = HELD;
    let [place, born] = [g * h * i * j, f * g * h * i * j];
    let [middle, surname] = [e * born, d * e * born];
    [b * c * surname, c * surname, surname, middle, born, place, h * i * j, i * j, j, 1]
};

/// As [`Levels`] in the order of [`HELD`].
fn held(levels: Levels) -> Levels {
    let [forename, surname, middle, born, place, sex, contact, chi, nhs, number] = levels;
    [number, contact, forename, surname, middle, born, place, sex, chi, nhs]
}

/// The way back.
fn unheld(held: Levels) -> Levels {
    let [number, contact, forename, surname, middle, born, place, sex, chi, nhs] = held;
    [forename, surname, middle, born, place, sex, contact, chi, nhs, number]
}

/// The level of every field for one pair of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(u32);

/// Why a text is not a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a pattern: write nine or ten levels with full stops between them")]
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
    pub(crate) const COUNT: u32 = 4 * 5 * 11 * 11 * 5 * 10 * 10 * 3 * 5 * 3;

    pub(crate) fn of(levels: Levels) -> Self {
        Self(
            held(levels)
                .into_iter()
                .zip(WORTH)
                .map(|(level, worth)| u32::from(level) * worth)
                .sum(),
        )
    }

    pub(crate) fn levels(self) -> Levels {
        let mut held = Levels::default();
        let mut rest = self.0;
        for (level, count) in held.iter_mut().zip(HELD).rev() {
            *level = u8::try_from(rest % count).unwrap_or(0);
            rest /= count;
        }
        unheld(held)
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
        let [first, rest @ .., number] = self.levels();
        write!(f, "{first}")?;
        rest.iter().try_for_each(|level| write!(f, ".{level}"))?;
        // A pattern without a further number is written as it always was: stored decisions name it.
        if number == level::MISSING { Ok(()) } else { write!(f, ".{number}") }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let mut levels = Levels::default();
        let mut parts = text.split('.');
        let written = text.split('.').count();
        for (at, (level, count)) in levels.iter_mut().zip(COUNTS).enumerate() {
            // Eight levels have no contact, nine no further number.
            if (at == NUMBER_AT && written < 10) || (at == CONTACT_AT && written < 9) {
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
        assert_eq!("8.9.0.9.8.2.4.2".parse(), Ok(Pattern::of([8, 9, 0, 9, 8, 2, 0, 4, 2, 0])));
        assert_eq!("11.0.0.0.0.0.0.0".parse::<Pattern>(), Err(PatternError));
        assert_eq!("8.9.0.9.8.2.1.4.2".parse(), Ok(Pattern::of([8, 9, 0, 9, 8, 2, 1, 4, 2, 0])));
        assert_eq!("8.9.0.9.8.2.1.4.2.0".parse(), "8.9.0.9.8.2.1.4.2".parse::<Pattern>());
        let with = Pattern::of([8, 9, 0, 9, 8, 2, 1, 4, 2, 3]);
        assert_eq!(("8.9.0.9.8.2.1.4.2.3".parse(), with.to_string().len()), (Ok(with), 19));
        assert_eq!("0.0.0.0.0.0.0.0.0.4".parse::<Pattern>(), Err(PatternError));
        assert_eq!("0.0.0.0.0.0.0.0.0.0.0".parse::<Pattern>(), Err(PatternError));
        assert_eq!("0.0.0.0.0.0.0".parse::<Pattern>(), Err(PatternError));
    }

    #[test]
    fn each_level_has_a_word() {
        for (field, count) in Field::ALL.into_iter().zip(COUNTS) {
            assert_eq!(field.levels().len(), usize::try_from(count).unwrap());
        }
        assert_eq!(COUNTS.into_iter().product::<u32>(), Pattern::COUNT);
        // As they were numbered before there was a further number, and before there was contact.
        let [without, before] = [2_722_500, 13_612_500];
        assert_eq!(Pattern::at(without).level(Field::Contact), 1);
        assert_eq!(Pattern::at(without - 1).level(Field::Contact), 0);
        assert_eq!(Pattern::at(before).level(Field::Number), 1);
        assert_eq!(Pattern::at(before - 1).level(Field::Number), 0);
        assert_eq!(Field::ALL.get(NUMBER_AT), Some(&Field::Number));
        assert_eq!(Field::ALL.get(CONTACT_AT), Some(&Field::Contact));
    }
}
