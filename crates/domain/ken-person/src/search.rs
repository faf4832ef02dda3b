//! Finding somebody: by a national number, or by name and date of birth.
//!
//! # Invariants
//!
//! - Two details at least, or one national number: nobody leafs through the index. Addresses are
//!   not searched, so a protected address finds nobody (`domain.md` edge case 10).
//! - What is found is closed: a [`Candidate`] has no accessor, `Debug` or serialisation of what it
//!   holds, and only the gate's permit opens it (`core.md` section 2).
//! - More than [`FOUND_MAX`] people is "ask for more detail", and gives none of them.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;
use ken_core::identifier::{Chi, HealthAndCareNumber, Identifier, NhsNumber};
use ken_core::{PersonId, Sensitive};
use ken_store::{Reads, values};

use crate::demographics::NameKey;
use crate::{Error, account, sql};

/// Most people that one search finds. Source: ux.md 4.8, "over 20 results: ask for more detail".
pub const FOUND_MAX: usize = 20;

/// What to look for; only what is enough to look for can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(What);

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Number(Identifier),
    NameAndBirth { name: NameKey, born: Date },
}

impl Query {
    /// By CHI number.
    #[must_use]
    pub const fn chi(number: Chi) -> Self {
        Self(What::Number(Identifier::Chi(number)))
    }

    /// By NHS number.
    #[must_use]
    pub const fn nhs(number: NhsNumber) -> Self {
        Self(What::Number(Identifier::Nhs(number)))
    }

    /// By Health and Care number.
    #[must_use]
    pub const fn health_and_care(number: HealthAndCareNumber) -> Self {
        Self(What::Number(Identifier::HealthAndCare(number)))
    }

    /// By family name and date of birth, and given names where they are known; `None` where the
    /// family name has no letter in it.
    #[must_use]
    pub fn name_and_birth(family: &str, given: &str, born: Date) -> Option<Self> {
        let name = NameKey::new(family, given);
        let fits = !name.family.reveal().is_empty();
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

/// Somebody found, closed until a permit for this person opens it.
pub struct Candidate {
    person: PersonId,
    #[expect(dead_code, reason = "read once the gate's permit can open it")]
    seen: Seen,
}

impl Candidate {
    /// Who it is: what the gate must be asked about.
    #[must_use]
    pub const fn person(&self) -> PersonId {
        self.person
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Candidate(..)")
    }
}

/// What a permit for the category `core` opens of somebody found: enough to tell two people of
/// one name apart, and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Family name, as the latest source has it.
    pub family: Sensitive<String>,
    /// Given names.
    pub given: Sensitive<String>,
    /// Date of birth.
    pub born: Option<ken_core::PartialDate>,
    /// The first half of the postcode.
    pub postcode_district: Sensitive<String>,
    /// The last four digits of the CHI number, where there is one.
    pub chi: Option<String>,
}

/// Looks for somebody.
///
/// # Errors
///
/// Whatever the store says.
pub async fn search(s: &mut impl Reads, query: &Query) -> Result<Found, Error> {
    let found = match &query.0 {
        What::Number(number) => account::by_identifier(s, number).await?.into_iter().collect(),
        What::NameAndBirth { name, born } => by_name(s, name, *born).await?,
    };
    let mut leads = BTreeSet::new();
    for person in found {
        leads.insert(account::lead(s, person).await?);
    }
    if leads.len() > FOUND_MAX {
        return Ok(Found::TooMany);
    }
    let mut people = Vec::with_capacity(leads.len());
    for person in leads {
        people.push(Candidate { person, seen: seen(s, person).await? });
    }
    Ok(Found::People(people))
}

async fn by_name(s: &mut impl Reads, name: &NameKey, born: Date) -> Result<Vec<PersonId>, Error> {
    let (family, given) = (name.family.reveal(), name.given.reveal());
    // Records of one person count as one, so a few more are read than are shown.
    let most = i64::try_from(4 * FOUND_MAX).unwrap_or(i64::MAX);
    Ok(if given.is_empty() {
        s.list(sql::FAMILY_FIND, values![family, born, most], |row| row.parse(0)).await?
    } else {
        s.list(sql::NAME_FIND, values![family, born, given, most], |row| row.parse(0)).await?
    })
}

async fn seen(s: &mut impl Reads, person: PersonId) -> Result<Seen, Error> {
    let (mut accounts, mut numbers) = (Vec::new(), BTreeSet::new());
    for one in account::together(s, person).await? {
        accounts.extend(account::accounts(s, one).await?);
        numbers.append(&mut account::identifiers(s, one).await?);
    }
    accounts.sort_by_key(|kept| std::cmp::Reverse(kept.said_us));
    let named = accounts.iter().find(|kept| !kept.says.family.reveal().is_empty());
    let mut postcodes = accounts.iter().map(|kept| kept.says.postcode.reveal());
    let postcode = postcodes.find(|postcode| !postcode.is_empty());
    let chi = numbers.iter().find(|number| matches!(number, Identifier::Chi(_)));
    Ok(Seen {
        family: named.map(|kept| kept.says.family.clone()).unwrap_or_default(),
        given: named.map(|kept| kept.says.given.clone()).unwrap_or_default(),
        born: accounts.iter().find_map(|kept| kept.says.born),
        postcode_district: district(postcode.map_or("", String::as_str)).into(),
        chi: chi.map(Identifier::masked),
    })
}

/// The first half of a postcode: what stands before its last three characters.
fn district(postcode: &str) -> String {
    let key = crate::demographics::postcode_key(postcode);
    key.chars().take(key.len().saturating_sub(3)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_district_is_the_first_half() {
        let check = |postcode: &str, want: &str| assert_eq!(district(postcode), want);
        check("EH1 1BB", "EH1");
        check("kw15 1aa", "KW15");
        check("", "");
        check("EH", "");
    }

    #[test]
    fn a_search_needs_enough() {
        let born = "2017-03-14".parse().unwrap();
        assert_eq!(Query::name_and_birth(" - ", "Isla", born), None);
        assert!(Query::name_and_birth("Sample", "", born).is_some());
    }
}
