//! Finding somebody: by a national number, or by name and date of birth.
//!
//! # Invariants
//!
//! - Two details at least, or one national number: nobody leafs through the index. Addresses are
//!   not searched, so a protected address finds nobody (`domain.md` edge case 10).
//! - What is found is an id and nothing else: a name, a date or a number of somebody found comes
//!   out by the gate's permit alone, from the records (`core.md` section 2).
//! - Ten digits may be valid as numbers of several kinds, so all kinds are looked up.
//! - A date of birth finds those as well of whom less of it is known, down to nothing where the
//!   given name is asked for too; and a part of a date finds whoever was born in it.
//! - A number finds nobody of whom the other details that were given cannot be true.
//! - More than [`FOUND_MAX`] people is "ask for more detail", and gives none of them.
//! - [`search`] knows of everybody, and is for what is shown to nobody. What a page lists is
//!   [`look`](fn@crate::look)'s, and whom a claim, a refusal or an emergency means is
//!   [`meant`](fn@crate::meant)'s: there everybody counts only behind those who may be known of.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ken_core::identifier::{CandidateNumber, Chi, HealthAndCareNumber, Identifier, NhsNumber};
use ken_core::{PartialDate, PersonId};
use ken_store::{Reads, values};

use crate::demographics::{Demographics, NameKey};
use crate::variation::{self, Birth, Family, Given};
use crate::{Error, account, sql};

/// Most people that one search finds. Source: ux.md 4.8, "over 20 results: ask for more detail".
pub const FOUND_MAX: usize = 20;

/// What to look for; only what is enough to look for can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(pub(crate) What);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Numbers { numbers: Vec<Identifier>, beside: Option<Beside> },
    NameAndBirth { name: NameKey, born: PartialDate },
}

/// What was given beside a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beside {
    pub(crate) name: NameKey,
    pub(crate) born: Option<PartialDate>,
}

impl Query {
    fn of(numbers: Vec<Identifier>) -> Self {
        Self(What::Numbers { numbers, beside: None })
    }

    /// By a national number of whatever kind it is valid as; `None` where it is valid as none.
    #[must_use]
    pub fn number(typed: &str) -> Option<Self> {
        let kinds = [
            Chi::parse(typed).map(Identifier::Chi),
            NhsNumber::parse(typed).map(Identifier::Nhs),
            HealthAndCareNumber::parse(typed).map(Identifier::HealthAndCare),
            CandidateNumber::parse(typed).map(Identifier::Candidate),
        ];
        let valid: Vec<_> = kinds.into_iter().flatten().collect();
        (!valid.is_empty()).then(|| Self::of(valid))
    }

    /// By CHI number. An NHS number passes the same check, so it is looked for as that too.
    #[must_use]
    pub fn chi(number: Chi) -> Self {
        let other = Self::number(number.reveal());
        other.unwrap_or_else(|| Self::of(vec![Identifier::Chi(number)]))
    }

    /// By NHS number, and by whatever else its digits are.
    #[must_use]
    pub fn nhs(number: NhsNumber) -> Self {
        let other = Self::number(number.reveal());
        other.unwrap_or_else(|| Self::of(vec![Identifier::Nhs(number)]))
    }

    /// By Health and Care number, and by whatever else its digits are.
    #[must_use]
    pub fn health_and_care(number: HealthAndCareNumber) -> Self {
        let other = Self::number(number.reveal());
        other.unwrap_or_else(|| Self::of(vec![Identifier::HealthAndCare(number)]))
    }

    /// The same number, of nobody but whom these details may be true of; empty texts say nothing.
    #[must_use]
    pub fn beside(self, family: &str, given: &str, born: Option<Date>) -> Self {
        let beside = Beside { name: NameKey::new(family, given), born: born.map(PartialDate::Day) };
        match self.0 {
            What::Numbers { numbers, .. } => Self(What::Numbers { numbers, beside: Some(beside) }),
            what @ What::NameAndBirth { .. } => Self(what),
        }
    }

    /// By family name and date of birth, and given names where they are known; `None` where the
    /// family name has no letter in it.
    #[must_use]
    pub fn name_and_birth(family: &str, given: &str, born: Date) -> Option<Self> {
        Self::name_and_partial_birth(family, given, PartialDate::Day(born))
    }

    /// By family name and as much of the date of birth as is known; a given name must be asked for
    /// where the day is not known. `None` where that is too little.
    #[must_use]
    pub fn name_and_partial_birth(family: &str, given: &str, born: PartialDate) -> Option<Self> {
        let name = NameKey::new(family, given);
        let enough = born.day().is_some() || !name.given.reveal().is_empty();
        let fits = enough && !name.family.reveal().is_empty();
        fits.then_some(Self(What::NameAndBirth { name, born }))
    }
}

/// What a search says.
#[derive(Debug)]
pub enum Found {
    /// These people, possibly none, in an order that says nothing.
    People(Vec<Candidate>),
    /// More than [`FOUND_MAX`]: ask for more detail.
    TooMany,
}

/// Somebody found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    pub(crate) person: PersonId,
}

impl Candidate {
    /// Who it is: what the gate must be asked about.
    #[must_use]
    pub const fn person(&self) -> PersonId {
        self.person
    }
}

/// Looks for somebody.
///
/// # Errors
///
/// Whatever the store says.
pub async fn search(s: &mut impl Reads, query: &Query) -> Result<Found, Error> {
    let leads = exact(s, query).await?;
    if leads.len() > FOUND_MAX {
        return Ok(Found::TooMany);
    }
    Ok(Found::People(leads.into_iter().map(|person| Candidate { person }).collect()))
}

/// Those who fit, whoever may know of them; some more where they are more than [`FOUND_MAX`].
pub(crate) async fn exact(s: &mut impl Reads, query: &Query) -> Result<BTreeSet<PersonId>, Error> {
    let found = match &query.0 {
        What::Numbers { numbers, .. } => by_numbers(s, numbers).await?,
        What::NameAndBirth { name, born } => by_name(s, name, *born).await?,
    };
    let mut leads = BTreeSet::new();
    for person in found {
        leads.insert(account::lead(s, person).await?);
    }
    if let What::Numbers { beside: Some(beside), .. } = &query.0 {
        let mut fitting = BTreeSet::new();
        for lead in leads {
            if account::says(s, lead).await?.iter().any(|says| beside.may_be(says)) {
                fitting.insert(lead);
            }
        }
        leads = fitting;
    }
    Ok(leads)
}

impl Beside {
    /// Whether an account does not contradict what was given.
    fn may_be(&self, says: &Demographics) -> bool {
        let theirs = NameKey::new(says.family.reveal(), says.given.reveal());
        let family = variation::family(&self.name, &theirs) != Family::Differs;
        let given = variation::given(&self.name, &theirs) != Given::Differs;
        let birth = variation::birth(self.born, says.born) != Birth::Differs;
        family && given && birth
    }
}

async fn by_numbers(s: &mut impl Reads, numbers: &[Identifier]) -> Result<Vec<PersonId>, Error> {
    let mut found = Vec::new();
    for number in numbers {
        found.extend(account::by_identifier(s, number).await?);
    }
    Ok(found)
}

async fn by_name(
    s: &mut impl Reads,
    name: &NameKey,
    born: PartialDate,
) -> Result<Vec<PersonId>, Error> {
    let (family, given) = (name.family.reveal(), name.given.reveal());
    // Records of one person count as one, so a few more are read than are shown.
    let most = i64::try_from(4 * FOUND_MAX).unwrap_or(i64::MAX);
    let (month, year) = less(born);
    // Dates are text whose parts stand in order: what begins as the date lies in this range.
    let until = format!("{born}-99");
    Ok(if given.is_empty() {
        let of = values![family, born, month, year, born, until, most];
        s.list(sql::FAMILY_SEARCH, of, |row| row.parse(0)).await?
    } else {
        // Any of the given names that are held: many are called by their second. A folded name has
        // letters, digits and spaces alone, so nothing in it has a meaning to `LIKE`.
        let first = given.split(' ').next().unwrap_or_default();
        let of = values![family, format!("% {first} %"), born, month, year, "", born, until, most];
        s.list(sql::NAME_FIND, of, |row| row.parse(0)).await?
    })
}

/// The same date of which less is known: its month, and its year.
pub(crate) fn less(born: PartialDate) -> (PartialDate, PartialDate) {
    let year = PartialDate::Year(born.year());
    let month = match born {
        PartialDate::Year(_) => year,
        PartialDate::Month(year, month) => PartialDate::Month(year, month),
        PartialDate::Day(day) => PartialDate::Month(day.year(), day.month()),
    };
    (month, year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_needs_enough() {
        let born = "2017-03-14".parse().unwrap();
        assert_eq!(Query::name_and_birth(" - ", "Isla", born), None);
        assert!(Query::name_and_birth("Sample", "", born).is_some());
        let year = "2017".parse().unwrap();
        assert_eq!(Query::name_and_partial_birth("Sample", "", year), None);
        assert!(Query::name_and_partial_birth("Sample", "Isla", year).is_some());
        for text in ["", "12345", "9434765918x", "Isla Sample"] {
            assert_eq!(Query::number(text), None, "{text}");
        }
    }
}
