//! What sources say of a person, as the matching engine reads it.
//!
//! # Invariants
//!
//! - What differs between two accounts is a record each, so that a former name or address is
//!   compared too; what they repeat is none.
//! - The same rows give the same records, whoever reads them and when.

use std::collections::BTreeMap;

use ken_core::identifier::Identifier;
use ken_core::{PersonId, normalise};
use ken_match::Row;
use ken_store::{Reads, values};

use crate::Error;
use crate::account::{self, ACCOUNTS_MAX};
use crate::demographics::Demographics;
use crate::sql::index as sql;
use crate::unread;
use crate::variation::is_unnamed;

/// Most records of one person in the index, the newest. House policy: a general practice, a
/// hospital, a council and a school, all of which write them differently.
pub(super) const RECORDS_MAX: usize = 4;
/// People of one page. House policy: some milliseconds of work, and few rows in memory.
const PAGE: i64 = 1_000;
/// Rows of one page: what a list gives at most.
const ROWS_MAX: i64 = 100_000;
/// Most numbers of one person that are read.
const NUMBERS_MAX: i64 = 100;

/// One account of somebody, to be compared.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    says: &'a Demographics,
    numbers: &'a [Identifier],
    born: String,
    is_unnamed: bool,
}

impl<'a> Told<'a> {
    /// An account, and the numbers of whom it is about.
    pub(crate) fn of(says: &'a Demographics, numbers: &'a [Identifier]) -> Self {
        let born = says.born.map(|born| born.to_string()).unwrap_or_default();
        let is_unnamed = is_unnamed(&normalise(says.given.reveal()));
        Self { says, numbers, born, is_unnamed }
    }

    /// The account in the engine's fields.
    pub(crate) fn row(&self) -> Row<'_> {
        let says = self.says;
        let given = says.given.reveal().trim();
        // What stands for the name of a baby is none: two of a family would agree in it.
        let given = if self.is_unnamed { "" } else { given };
        let (forename, middle) = given.split_once(char::is_whitespace).unwrap_or((given, ""));
        let mut lines = says.address.reveal().lines();
        let address = lines.next().unwrap_or_default();
        let number = |is: fn(&Identifier) -> bool| {
            self.numbers.iter().find(|one| is(one)).map_or("", Identifier::reveal)
        };
        Row {
            forename,
            middle,
            surname: says.family.reveal(),
            born: &self.born,
            sex: says.sex.map_or("", crate::Sex::code),
            address,
            town: lines.next_back().unwrap_or_default(),
            postcode: says.postcode.reveal(),
            phone: says.phone.reveal(),
            chi: number(|one| matches!(one, Identifier::Chi(_))),
            nhs: number(|one| matches!(one, Identifier::Nhs(_))),
            ..Row::default()
        }
    }

    /// Whether it says anything by which somebody could be told.
    fn says_who(&self) -> bool {
        let row = self.row();
        !(row.forename.is_empty() && row.surname.is_empty() && row.born.is_empty())
    }
}

/// What is held of one record of the index: what each source says, and its numbers.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Of whom.
    pub(crate) person: PersonId,
    accounts: Vec<Demographics>,
    numbers: Vec<Identifier>,
    /// Whether something of it cannot be read: then nothing of it is held.
    pub(super) is_unread: bool,
}

impl Rows {
    const fn new(person: PersonId) -> Self {
        Self { person, accounts: Vec::new(), numbers: Vec::new(), is_unread: false }
    }

    /// What they were registered as, the newest first; at most [`RECORDS_MAX`] that differ.
    pub(crate) fn registered(&self) -> Vec<Demographics> {
        let with_numbers = |told: &Told<'_>| Demographics {
            identifiers: self.numbers.clone(),
            ..told.says.clone()
        };
        self.told().iter().map(with_numbers).collect()
    }

    /// What they are compared by, the newest first; at most [`RECORDS_MAX`].
    pub(crate) fn told(&self) -> Vec<Told<'_>> {
        let mut told: Vec<Told<'_>> = Vec::new();
        for says in &self.accounts {
            let one = Told::of(says, &self.numbers);
            if one.says_who() && !told.iter().any(|other| says_same(other.says, says)) {
                told.push(one);
            }
        }
        told.truncate(RECORDS_MAX);
        told
    }
}

/// Whether two accounts say the same of somebody.
fn says_same(one: &Demographics, other: &Demographics) -> bool {
    let of = |says: &Demographics| {
        let texts = [&says.family, &says.given, &says.address, &says.postcode, &says.phone];
        (texts.map(Clone::clone), says.born, says.sex)
    };
    of(one) == of(other)
}

/// What is held of one record.
///
/// # Errors
///
/// Whatever the store says.
pub(crate) async fn rows(s: &mut impl Reads, person: PersonId) -> Result<Rows, Error> {
    let mut rows = Rows::new(person);
    let of = values![person, ACCOUNTS_MAX];
    let said = s.list(sql::SOURCES_OF, of, |row| Ok(account::read(row).ok())).await?;
    rows.accounts = unread::none(said)?.into_iter().map(|kept| kept.says).collect();
    if rows.accounts.is_empty() {
        return Ok(rows);
    }
    let [chi, nhs] = sql::NUMBERED;
    let of = values![person, chi, nhs, NUMBERS_MAX];
    let numbers = s.list(sql::NUMBERS_OF, of, number).await?;
    rows.numbers = numbers.into_iter().filter_map(|(_, number)| number).collect();
    Ok(rows)
}

/// What is held of everybody for whom a lead stands, each record by itself.
///
/// # Errors
///
/// Whatever the store says.
pub(crate) async fn rows_together(s: &mut impl Reads, lead: PersonId) -> Result<Vec<Rows>, Error> {
    let mut all = Vec::new();
    for person in account::together(s, lead).await? {
        all.push(rows(s, person).await?);
    }
    Ok(all)
}

/// The same, where nothing is held of a record of which something cannot be read: one such is not
/// to stop what is held of the others.
///
/// # Errors
///
/// Whatever else the store says.
pub(super) async fn readable(s: &mut impl Reads, person: PersonId) -> Result<Rows, Error> {
    match rows(s, person).await {
        Err(error) if error.is_of_what_is_stored() => {
            Ok(Rows { is_unread: true, ..Rows::new(person) })
        }
        rows => rows,
    }
}

/// A page of people, in the order of their ids.
#[derive(Debug)]
pub(super) struct Page {
    /// Up to which id it goes; none after the last.
    pub(super) last: Option<String>,
    pub(super) people: Vec<Rows>,
}

/// What is held of the next people after an id. Whoever has an id that is none is passed by: nobody
/// can be filed under it.
///
/// # Errors
///
/// Whatever the store says.
pub(super) async fn page(s: &mut impl Reads, after: &str) -> Result<Page, Error> {
    let ids = s.list(sql::PEOPLE_AFTER, values![after, PAGE], |row| row.text(0)).await?;
    let Some(last) = ids.last().cloned() else {
        return Ok(Page { last: None, people: Vec::new() });
    };
    let people: Vec<PersonId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let people = match between(s, after, &last, &people).await {
        Ok(Some(all)) => all,
        // More than is read at once, or something that cannot be read: each by themselves.
        Err(error) if !error.is_of_what_is_stored() => return Err(error),
        _ => {
            let mut all = Vec::with_capacity(people.len());
            for person in people {
                all.push(readable(s, person).await?);
            }
            all
        }
    };
    Ok(Page { last: Some(last), people })
}

/// What is held of people between two ids; `None` where it is more than is read at once.
async fn between(
    s: &mut impl Reads,
    after: &str,
    last: &str,
    people: &[PersonId],
) -> Result<Option<Vec<Rows>>, Error> {
    let with_person =
        |row: &ken_store::Row<'_>| Ok((row.parse::<PersonId>(14)?, account::read(row)?));
    let said = s.list(sql::SOURCES_BETWEEN, values![after, last, ROWS_MAX], with_person).await?;
    let [chi, nhs] = sql::NUMBERED;
    let of = values![after, last, chi, nhs, ROWS_MAX];
    let numbers = s.list(sql::NUMBERS_BETWEEN, of, number).await?;
    let most = usize::try_from(ROWS_MAX).unwrap_or(usize::MAX);
    if said.len() >= most || numbers.len() >= most {
        return Ok(None);
    }
    let mut all: BTreeMap<PersonId, Rows> =
        people.iter().map(|person| (*person, Rows::new(*person))).collect();
    for (person, kept) in said {
        if let Some(rows) = all.get_mut(&person) {
            rows.accounts.push(kept.says);
        }
    }
    for (person, number) in numbers {
        if let Some(rows) = all.get_mut(&person) {
            rows.numbers.extend(number);
        }
    }
    // As many as are read of one alone.
    let most = usize::try_from(ACCOUNTS_MAX).unwrap_or(usize::MAX);
    for rows in all.values_mut() {
        rows.accounts.truncate(most);
    }
    Ok(Some(all.into_values().collect()))
}

/// A number, unless it means nobody.
fn number(row: &ken_store::Row<'_>) -> Result<(PersonId, Option<Identifier>), ken_store::Error> {
    let number = Identifier::parse(&row.text(1)?, &row.text(2)?).ok();
    Ok((row.parse(0)?, number.filter(|one| !one.is_filler())))
}
