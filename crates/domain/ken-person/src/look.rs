//! Whom somebody may find: of those whom the asker may know of, and of nobody else.
//!
//! Who may be known of is said first: people whom the asker's own organisation registered, and
//! people with whom it, or the asker, has a relationship. Among them alone is looked for who fits,
//! and for who is written much like what was typed; so nobody else is counted, takes a place, makes
//! a name rarer or the answer later.
//!
//! Who fits by what a source says need not fit by what the asker is shown of them: a name of before
//! an adoption, an account that a clause keeps. So whoever shows somebody asks [`Query::fits`] of
//! what the decision let them see, and lists nobody else.
//!
//! # Invariants
//!
//! - Nothing here reads the index in memory, in which everybody counts.
//! - A number finds whoever holds it, a few people at the most; who may be known of is the gate's
//!   to say.
//!
//! Sources: `core.md` 2.9 and 2.10; `domain.md` edge cases 11 to 13; ADR 59.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::identifier::CHI_SYSTEM;
use ken_core::{OrganisationId, PartialDate, PersonId, Sensitive};
use ken_match::Row;
use ken_store::{Reads, Row as StoredRow, Value, values};

use crate::demographics::NameKey;
use crate::search::{Beside, Candidate, FOUND_MAX, Found, Query, What, exact, less, search};
use crate::sql::search as sql;
use crate::variation::{self, Birth, Family, Given};
use crate::weigh::{self, Seen};
use crate::{Error, account};

/// Most people who fit that one look gives. House policy: five times as many as a page shows.
pub const LOOKED_MAX: usize = 100;
/// Most names of the asker's own organisation that are compared for likeness, of either list.
/// House policy: some milliseconds; more have one birth date only where a register gives one date
/// to everybody.
const LIKE_READ: i64 = 500;
/// Most accounts of people of one part of the relationships that are read.
const ACCOUNTS_READ: i64 = 4_000;
/// Most organisations that are read of those who have given a number for one record.
const GIVEN_READ: i64 = 100;
/// From which probability on somebody is like what was typed. House policy: low, since nobody is
/// shown whom the asker does not work with.
const LIKE: f64 = 0.02;

/// Who looks for somebody.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// For which organisation.
    pub organisation: &'a OrganisationId,
    /// With whom it, or they, have a relationship.
    pub related: &'a [PersonId],
}

/// Somebody sought, and whether it is what was asked for or only like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sought {
    /// Who.
    pub candidate: Candidate,
    /// Whether number, or name and date of birth, are those that were asked for.
    pub is_exact: bool,
}

/// How sure it is that somebody is who was asked for. The third grade, nobody or too many to tell
/// apart, is nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// A number alone, or a name and a date of birth: others may have them too.
    Possible,
    /// A number that name and date of birth both support.
    Sure,
}

/// How what is shown of somebody fits what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fits {
    /// How sure it is.
    pub grade: Grade,
    /// Whether it is what was asked for, and not only like it.
    pub is_exact: bool,
    /// Whether all that was asked for is shown, so that the answer tells nothing beside it.
    pub is_shown: bool,
}

/// Looks for somebody among those whom the asker may know of: those who fit first, in an order
/// that says nothing, then the likely ones, the likeliest first; at most [`LOOKED_MAX`] of the one
/// and [`FOUND_MAX`] of the other.
///
/// # Errors
///
/// Whatever the store says.
pub async fn look(s: &mut impl Reads, query: &Query, by: &Asker<'_>) -> Result<Vec<Sought>, Error> {
    let of = |person, is_exact| Sought { candidate: Candidate { person }, is_exact };
    let What::NameAndBirth { name, born } = &query.0 else {
        return Ok(exact(s, query).await?.into_iter().map(|person| of(person, true)).collect());
    };
    let wanted = Wanted { name, born: *born };
    let mut fitting = known(s, &wanted, by.organisation).await?;
    let mut likely = Likely::default();
    for (person, like) in like_own(s, &wanted, by.organisation).await? {
        likely.put(account::lead(s, person).await?, like);
    }
    for (lead, how) in related(s, &wanted, by.related).await? {
        match how {
            How::Exact => _ = fitting.insert(lead),
            How::Like(like) => likely.put(lead, like),
        }
    }
    let likely = likely.best_but(&fitting);
    let fitting = fitting.into_iter().take(LOOKED_MAX).map(|person| of(person, true));
    Ok(fitting.chain(likely.into_iter().map(|person| of(person, false))).collect())
}

/// Who is meant, for what lists nobody: a claim, a refusal, an emergency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meant {
    /// Those who fit and whom the asker may know of; nobody else changes who they are.
    pub known: Vec<PersonId>,
    /// The others who fit; none where they are more than [`FOUND_MAX`].
    pub others: Vec<PersonId>,
}

impl Meant {
    /// The one who is meant; none where that cannot be told. Whoever may be known of comes first,
    /// so that a stranger of the same name keeps nobody from a person whom they work with.
    #[must_use]
    pub fn only(&self) -> Option<PersonId> {
        let of = if self.known.is_empty() { &self.others } else { &self.known };
        match of.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Everybody who may be meant, those whom the asker may know of first; nobody of them where
    /// they are more than [`FOUND_MAX`].
    #[must_use]
    pub fn all(&self) -> Vec<PersonId> {
        let known = if self.known.len() > FOUND_MAX { &[] } else { self.known.as_slice() };
        known.iter().chain(&self.others).copied().collect()
    }
}

/// Who is meant by what an asker typed, whoever may know of them; those whom the asker may know of
/// apart. What a page shows must not depend on the others.
///
/// # Errors
///
/// Whatever the store says.
pub async fn meant(s: &mut impl Reads, query: &Query, by: &Asker<'_>) -> Result<Meant, Error> {
    let others = match search(s, query).await? {
        Found::People(people) => people.iter().map(Candidate::person).collect(),
        Found::TooMany => Vec::new(),
    };
    let What::NameAndBirth { name, born } = &query.0 else {
        return Ok(Meant { known: Vec::new(), others });
    };
    let wanted = Wanted { name, born: *born };
    let mut fitting = known(s, &wanted, by.organisation).await?;
    let related = related(s, &wanted, by.related).await?.into_iter();
    fitting.extend(related.filter(|(_, how)| matches!(how, How::Exact)).map(|(lead, _)| lead));
    let others = others.into_iter().filter(|other| !fitting.contains(other)).collect();
    Ok(Meant { known: fitting.into_iter().collect(), others })
}

/// Which organisations have given the number that is asked for, for one record alone. Of a CHI
/// number only those whose steward gave it, from a list for instance: an account that is shown
/// shows whether it carries that, and one that a source has replaced finds nobody.
///
/// # Errors
///
/// Whatever the store says.
pub async fn given_by(
    s: &mut impl Reads,
    query: &Query,
    person: PersonId,
) -> Result<BTreeSet<OrganisationId>, Error> {
    let mut given = BTreeSet::new();
    let What::Numbers { numbers, .. } = &query.0 else { return Ok(given) };
    for number in numbers {
        let of = values![person, number.system(), number.reveal(), GIVEN_READ];
        let by = if number.system() == CHI_SYSTEM {
            sql::NUMBER_GIVEN_BY_HAND
        } else {
            sql::NUMBER_GIVEN
        };
        given.extend(s.list(by, of, |row| row.parse(0)).await?);
    }
    Ok(given)
}

impl Query {
    /// How what is shown of somebody by one source fits; `None` where it does not, or tells too
    /// little. That a number is theirs is for [`Self::is_number`] and [`given_by`] to say.
    #[must_use]
    pub fn fits(&self, seen: &Seen) -> Option<Fits> {
        let theirs = NameKey::new(&seen.family, &seen.given);
        let born = seen.born.parse().ok();
        match &self.0 {
            What::Numbers { beside, .. } => Some(match beside {
                Some(beside) => beside.fits(&theirs, born)?,
                None => Fits { grade: Grade::Possible, is_exact: true, is_shown: true },
            }),
            What::NameAndBirth { name, born: wanted } => {
                let how = Wanted { name, born: *wanted }.how(&theirs, born)?;
                let is_exact = matches!(how, How::Exact);
                Some(Fits { grade: Grade::Possible, is_exact, is_shown: born.is_some() })
            }
        }
    }

    /// Whom it asks for, as far as one more try is for the same: the number, or the family name and
    /// the date of birth.
    pub(crate) fn sought(&self) -> Sensitive<String> {
        Sensitive::new(match &self.0 {
            What::Numbers { numbers, .. } => {
                numbers.first().map(|number| number.reveal().to_owned()).unwrap_or_default()
            }
            What::NameAndBirth { name, born } => format!("{} {born}", name.family.reveal()),
        })
    }

    /// Whether it asks for a number.
    #[must_use]
    pub const fn asks_number(&self) -> bool {
        matches!(self.0, What::Numbers { .. })
    }

    /// Whether it asks for this number.
    #[must_use]
    pub fn is_number(&self, value: &str) -> bool {
        let What::Numbers { numbers, .. } = &self.0 else { return false };
        let digits: String = value.chars().filter(|sign| !sign.is_whitespace()).collect();
        numbers.iter().any(|number| number.reveal() == digits)
    }
}

impl Beside {
    /// How the details beside a number fit an account that is shown.
    fn fits(&self, theirs: &NameKey, born: Option<PartialDate>) -> Option<Fits> {
        let (family, given, birth) = (
            variation::family(&self.name, theirs),
            variation::given(&self.name, theirs),
            variation::birth(self.born, born),
        );
        if family == Family::Differs || given == Given::Differs || birth == Birth::Differs {
            return None;
        }
        let supports = family == Family::Agrees
            && matches!(given, Given::Equal | Given::Agrees)
            && matches!(birth, Birth::Equal | Birth::Agrees);
        let grade = if supports { Grade::Sure } else { Grade::Possible };
        // A detail that was typed and is not shown could be guessed: it tells nothing.
        let family_shown = self.name.family.reveal().is_empty() || family != Family::Silent;
        let given_shown = self.name.given.reveal().is_empty() || given != Given::Silent;
        let birth_shown = self.born.is_none() || birth != Birth::Silent;
        Some(Fits { grade, is_exact: true, is_shown: family_shown && given_shown && birth_shown })
    }
}

/// A name and a date of birth that are looked for.
struct Wanted<'a> {
    name: &'a NameKey,
    born: PartialDate,
}

/// How an account is what is looked for.
#[derive(Debug, Clone, Copy)]
enum How {
    Exact,
    Like(Like),
}

/// How much an account is like it: the evidence, in thousandths of a bit.
type Like = i64;

impl Wanted<'_> {
    fn has_given(&self) -> bool {
        !self.name.given.reveal().is_empty()
    }

    /// How an account is what is looked for; by the two alone, so that nobody else matters.
    fn how(&self, theirs: &NameKey, born: Option<PartialDate>) -> Option<How> {
        if self.is_equal(theirs, born) {
            return Some(How::Exact);
        }
        let birth = variation::birth(Some(self.born), born);
        if matches!(birth, Birth::Differs | Birth::Silent) {
            return None;
        }
        let (wanted, other) = (self.born.to_string(), born?.to_string());
        // Who has another family name altogether is not found by likeness: it may be the name of
        // before an adoption.
        let alike = weigh::alike(&row(self.name, &wanted), &row(theirs, &other))?;
        let likely = !alike.is_apart && alike.probability >= LIKE;
        (self.is_slip(theirs, birth) || likely).then_some(How::Like(alike.millibits))
    }

    fn is_equal(&self, theirs: &NameKey, born: Option<PartialDate>) -> bool {
        let first = self.name.given.reveal().split(' ').next().unwrap_or_default();
        let given = !self.has_given() || theirs.given.reveal().split(' ').any(|one| one == first);
        // Of whom no date is known, the given name must be.
        let born = born.map_or(self.has_given(), |born| born.agrees_with(self.born));
        theirs.family == self.name.family && given && born
    }

    /// Whether it is what is looked for but for slips; a date that slips needs a given name.
    fn is_slip(&self, theirs: &NameKey, birth: Birth) -> bool {
        let day = matches!(birth, Birth::Equal | Birth::Agrees);
        let given = match variation::given(self.name, theirs) {
            Given::Equal | Given::Agrees | Given::Varies => true,
            Given::Silent => day && !self.has_given(),
            Given::Differs => false,
        };
        variation::family(self.name, theirs) == Family::Agrees && given
    }
}

/// A folded name as the engine reads it. The address is none of it, so that a protected one finds
/// nobody.
fn row<'a>(name: &'a NameKey, born: &'a str) -> Row<'a> {
    let given = name.given.reveal();
    let (forename, middle) = given.split_once(' ').unwrap_or((given, ""));
    Row { forename, middle, surname: name.family.reveal(), born, ..Row::default() }
}

/// The likely ones, each by the best of their accounts.
#[derive(Default)]
struct Likely(BTreeMap<PersonId, Like>);

impl Likely {
    fn put(&mut self, lead: PersonId, like: Like) {
        let best = self.0.entry(lead).or_insert(like);
        *best = like.max(*best);
    }

    /// The likeliest who do not fit anyway.
    fn best_but(self, fitting: &BTreeSet<PersonId>) -> Vec<PersonId> {
        let others = self.0.into_iter().filter(|(lead, _)| !fitting.contains(lead));
        let mut others: Vec<_> = others.map(|(lead, like)| (-like, lead)).collect();
        others.sort_unstable();
        others.into_iter().take(FOUND_MAX).map(|(_, lead)| lead).collect()
    }
}

/// Those who fit by what any source says, of whom the organisation registered.
async fn known(
    s: &mut impl Reads,
    wanted: &Wanted<'_>,
    organisation: &OrganisationId,
) -> Result<BTreeSet<PersonId>, Error> {
    let born = wanted.born;
    let (month, year) = less(born);
    let (pattern, unknown) = if wanted.has_given() {
        let first = wanted.name.given.reveal().split(' ').next().unwrap_or_default();
        // A folded name has letters, digits and spaces alone, none of which `LIKE` reads otherwise.
        (format!("% {first} %"), String::new())
    } else {
        ("%".to_owned(), born.to_string())
    };
    let (family, until) = (wanted.name.family.reveal(), format!("{born}-99"));
    let most = i64::try_from(LOOKED_MAX).unwrap_or(i64::MAX);
    let of = values![family, pattern, born, month, year, unknown, until, organisation, most];
    Ok(s.list(sql::NAME_KNOWN, of, |row| row.parse(0)).await?.into_iter().collect())
}

/// Whose name, as the organisation itself has it, is like what is looked for.
async fn like_own(
    s: &mut impl Reads,
    wanted: &Wanted<'_>,
    organisation: &OrganisationId,
) -> Result<Vec<(PersonId, Like)>, Error> {
    let (family, given) = (wanted.name.family.reveal(), wanted.name.given.reveal());
    let initial = |name: &str| name.chars().next().map(String::from).unwrap_or_default();
    let by_family = format!("{}%", initial(family));
    let by_given = if given.is_empty() { String::new() } else { format!("% {}%", initial(given)) };
    let (month, year) = less(wanted.born);
    let of = values![
        organisation,
        wanted.born,
        month,
        year,
        by_family.as_str(),
        by_given.as_str(),
        LIKE_READ
    ];
    let mut named = s.list(sql::NAME_LIKE_OF_DAY, of, name_of).await?;
    if wanted.has_given() {
        // As far as a date that slips may be from another.
        let years = (wanted.born.year() - 9, wanted.born.year() + 10);
        let (from, until) = (format!("{:04}", years.0), format!("{:04}", years.1));
        let of = values![family, from, until, organisation, by_given.as_str(), LIKE_READ];
        named.extend(s.list(sql::NAME_LIKE_OF_FAMILY, of, name_of).await?);
    }
    let like = |(person, name, born): (PersonId, NameKey, Option<PartialDate>)| match wanted
        .how(&name, born)?
    {
        How::Exact => None,
        How::Like(like) => Some((person, like)),
    };
    Ok(named.into_iter().filter_map(like).collect())
}

/// How people with whom there is a relationship are what is looked for, by any of their accounts.
async fn related(
    s: &mut impl Reads,
    wanted: &Wanted<'_>,
    related: &[PersonId],
) -> Result<Vec<(PersonId, How)>, Error> {
    let mut found = Vec::new();
    for some in related.chunks(sql::RELATED_AT_ONCE) {
        let mut of: Vec<Value<'_>> = some.iter().map(|person| Value::from(*person)).collect();
        of.resize(sql::RELATED_AT_ONCE, Value::from(""));
        of.push(Value::from(ACCOUNTS_READ));
        for (lead, name, born) in s.list(sql::NAMES_RELATED, &of, name_of).await? {
            found.extend(wanted.how(&name, born).map(|how| (lead, how)));
        }
    }
    Ok(found)
}

/// Whose, which name, and born when.
fn name_of(
    row: &StoredRow<'_>,
) -> Result<(PersonId, NameKey, Option<PartialDate>), ken_store::Error> {
    let name = NameKey { family: row.text(1)?.into(), given: row.text(2)?.into() };
    let born = row.text_opt(3)?.and_then(|born| born.parse().ok());
    Ok((row.parse(0)?, name, born))
}
