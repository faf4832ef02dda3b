//! What no model may break, and situations that have a name.
//!
//! # Sources
//!
//! - A valid CHI number is one person's (NHS Data Dictionary).
//! - Twins and same-name relatives: a plain model of independent fields joins them; those who run
//!   one overrule it by hand (HMPPS Core Person Record).

use std::fmt;

use crate::compare::level;
use crate::pattern::Pattern;

/// Why a pair is never linked without a human, whatever a model says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Two valid and different CHI numbers.
    DifferentChi,
    /// Two different NHS numbers and no CHI number in common.
    DifferentNhs,
    /// Same surname and date of birth with another forename, and no number in common: of twins each
    /// has their own.
    PossibleTwins,
    /// Same names at one house, born years apart, and no national number in common. A further
    /// number in common is no excuse: people of one name are who gets each other's.
    SameNameRelative,
    /// The same number, and neither name nor date of birth agree.
    ContradictedNumber,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::DifferentChi,
        Self::DifferentNhs,
        Self::PossibleTwins,
        Self::SameNameRelative,
        Self::ContradictedNumber,
    ];

    /// The rule that keeps a pair apart, if there is one.
    #[must_use]
    pub fn of(pattern: Pattern) -> Option<Self> {
        let [forename, surname, _, born, place, _, _, chi, nhs, further] = pattern.levels();
        let number = chi == level::CHI_SAME || nhs == level::SAME;
        let any_number = number || further == level::NUMBER_SAME;
        let born_same = born >= level::BORN_COMMON;
        let surname_same = surname >= level::NAME_SAME;
        if chi == level::DIFFERS {
            Some(Self::DifferentChi)
        } else if nhs == level::DIFFERS && chi != level::CHI_SAME {
            Some(Self::DifferentNhs)
        } else if any_number && forename == level::DIFFERS && born == level::DIFFERS {
            Some(Self::ContradictedNumber)
        } else if !any_number && surname_same && born_same && forename == level::DIFFERS {
            Some(Self::PossibleTwins)
        } else if !number
            && surname_same
            && forename >= level::NAME_SAME
            && born == level::DIFFERS
            && place >= level::PLACE_POSTCODE
        {
            Some(Self::SameNameRelative)
        } else {
            None
        }
    }

    /// A short word for it, for reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DifferentChi => "different-chi",
            Self::DifferentNhs => "different-nhs",
            Self::PossibleTwins => "possible-twins",
            Self::SameNameRelative => "same-name-relative",
            Self::ContradictedNumber => "contradicted-number",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DifferentChi => "two valid CHI numbers that differ are two people's",
            Self::DifferentNhs => "two NHS numbers that differ are two people's",
            Self::PossibleTwins => {
                "same surname and date of birth, another forename: possible twins"
            }
            Self::SameNameRelative => {
                "same names and address, another date of birth: possibly parent and child"
            }
            Self::ContradictedNumber => {
                "the same number, but neither forename nor date of birth agree"
            }
        })
    }
}

/// Whether two people may share a household: one address and surname, another forename and date.
#[must_use]
pub fn is_household(pattern: Pattern) -> bool {
    let [forename, surname, _, born, place, ..] = pattern.levels();
    place >= level::PLACE_POSTCODE
        && place != level::PLACE_FORMER
        && surname >= level::NAME_SAME
        && forename == level::DIFFERS
        && born > level::MISSING
        && born < level::BORN_VAGUE
}
