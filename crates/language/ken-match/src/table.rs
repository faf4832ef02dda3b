//! Columns in: each value is read once, and a record becomes a row of codes and features.
//!
//! # Invariants
//!
//! - A value that cannot be read is missing, and is counted; no value stops a table.
//! - No text of a person leaves this module but to be compared.

use std::collections::HashMap;
use std::fmt;

use thiserror::Error;

use crate::birth::{self, Birth};
use crate::contact;
use crate::digits::Digits;
use crate::name::Names;
use crate::number::{code, index, real, wide};
use crate::place::{self, Address, Postcode};
use crate::report::{Report, Unread};
use crate::text::{Dictionary, tidy};

/// Most records of one table. House policy: a nation has six million people, and a table of this
/// many takes 12 GB.
pub const RECORDS_MAX: usize = 50_000_000;

/// One record as its source wrote it; an empty text is a missing value.
#[derive(Clone, Copy, Default)]
pub struct Row<'a> {
    /// First name.
    pub forename: &'a str,
    /// Middle names.
    pub middle: &'a str,
    /// Family name.
    pub surname: &'a str,
    /// A family name of earlier days.
    pub former_surname: &'a str,
    /// Date of birth, whole or partial.
    pub born: &'a str,
    /// Sex as recorded.
    pub sex: &'a str,
    /// Number or name of the house, where it stands in a column of its own.
    pub house: &'a str,
    /// First line of the address.
    pub address: &'a str,
    /// Town.
    pub town: &'a str,
    /// Postcode.
    pub postcode: &'a str,
    /// A postcode of earlier days.
    pub former_postcode: &'a str,
    /// First line of an address of earlier days.
    pub former_address: &'a str,
    /// E-mail address.
    pub email: &'a str,
    /// Telephone number.
    pub phone: &'a str,
    /// Community Health Index number.
    pub chi: &'a str,
    /// NHS number.
    pub nhs: &'a str,
    /// The system that holds the record.
    pub source: &'a str,
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Row(..)")
    }
}

/// Why a table takes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("more records than one table holds ({RECORDS_MAX})")]
pub struct TooManyRecords;

impl TooManyRecords {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "match.too-many-records"
    }
}

/// A record as it is compared.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Record {
    pub(crate) chi: Digits,
    pub(crate) nhs: Digits,
    pub(crate) postcode: Postcode,
    pub(crate) former_unit: u64,
    /// House and street of earlier days.
    pub(crate) former_home: u64,
    pub(crate) born: Birth,
    pub(crate) address: Address,
    pub(crate) forename: u32,
    pub(crate) middle: u32,
    pub(crate) surname: u32,
    pub(crate) former: u32,
    pub(crate) forename_letters: u32,
    pub(crate) surname_letters: u32,
    pub(crate) forename_sound: u32,
    pub(crate) surname_sound: u32,
    pub(crate) town: u32,
    pub(crate) source: u32,
    pub(crate) email: u32,
    pub(crate) phone: u32,
    pub(crate) nickname: u16,
    pub(crate) forename_len: u8,
    pub(crate) forename_first: u8,
    pub(crate) middle_len: u8,
    pub(crate) middle_first: u8,
    pub(crate) surname_len: u8,
    pub(crate) surname_first: u8,
    /// 1 male, 2 female, 0 missing.
    pub(crate) sex: u8,
    /// Whether the surname has several parts.
    pub(crate) is_double: bool,
}

/// Records that are being read.
pub struct Columns {
    records: Vec<Record>,
    names: Names,
    births: (Dictionary, Vec<Birth>),
    postcodes: (Dictionary, Vec<Postcode>),
    streets: Dictionary,
    towns: Dictionary,
    sources: Dictionary,
    emails: Dictionary,
    phones: Dictionary,
    room: Vec<u8>,
    unread: Unread,
    short_chi: u64,
}

/// Records that can be matched.
pub struct Table {
    pub(crate) records: Vec<Record>,
    pub(crate) names: Names,
    pub(crate) streets: Dictionary,
    pub(crate) towns: Dictionary,
    pub(crate) emails: Dictionary,
    rarity: [Vec<u8>; 2],
    common_births: Vec<u32>,
    report: Report,
}

impl fmt::Debug for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Columns({} records)", self.records.len())
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} records)", self.records.len())
    }
}

impl Default for Columns {
    fn default() -> Self {
        Self::new()
    }
}

impl Columns {
    /// No records yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            records: Vec::new(),
            names: Names::new(),
            births: (Dictionary::new(), vec![Birth::default()]),
            postcodes: (Dictionary::new(), vec![Postcode::default()]),
            streets: Dictionary::new(),
            towns: Dictionary::new(),
            sources: Dictionary::new(),
            emails: Dictionary::new(),
            phones: Dictionary::new(),
            room: Vec::new(),
            unread: Unread::default(),
            short_chi: 0,
        }
    }

    /// Takes one more record.
    ///
    /// # Errors
    ///
    /// [`TooManyRecords`] after [`RECORDS_MAX`].
    pub fn push(&mut self, row: &Row<'_>) -> Result<(), TooManyRecords> {
        if self.records.len() >= RECORDS_MAX {
            return Err(TooManyRecords);
        }
        let born = read_once(&mut self.births, row.born, birth::read);
        let postcode = read_once(&mut self.postcodes, row.postcode, place::postcode);
        let former = read_once(&mut self.postcodes, row.former_postcode, place::postcode);
        let chi = Digits::chi(row.chi, born);
        let former_home =
            place::address("", row.former_address, &mut self.streets, &mut self.room).home();
        let email = contact::email(row.email, &mut self.emails, &mut self.room);
        let phone = contact::phone(row.phone, &mut self.phones, &mut self.room);
        let forename = self.names.put(row.forename);
        let middle = self.names.put(row.middle);
        let surname = self.names.put(row.surname);
        let (first, second) = (self.names.get(forename), self.names.get(middle));
        let family = self.names.get(surname);
        let record = Record {
            chi,
            nhs: Digits::nhs(row.nhs),
            postcode,
            former_unit: former.unit,
            former_home,
            born,
            address: place::address(row.house, row.address, &mut self.streets, &mut self.room),
            forename,
            middle,
            surname,
            former: self.names.put(row.former_surname),
            forename_letters: first.letters,
            surname_letters: family.letters,
            forename_sound: first.sound,
            surname_sound: family.sound,
            town: self.towns.put(tidy(row.town).as_bytes()).0,
            source: self.sources.put(tidy(row.source).as_bytes()).0,
            email,
            phone,
            nickname: first.nickname,
            forename_len: first.len,
            forename_first: first.first,
            middle_len: second.len,
            middle_first: second.first,
            surname_len: family.len,
            surname_first: family.first,
            sex: sex(row.sex),
            is_double: family.parts != [0, 0],
        };
        self.unread.note(row, &record);
        self.short_chi += u64::from(is_short_chi(row.chi));
        self.records.push(record);
        Ok(())
    }

    /// Closes the table: how common each value is, is known only now.
    #[must_use]
    pub fn close(self) -> Table {
        let mut records = self.records;
        let shared = [
            contact::own(&mut records, self.emails.len(), |r| r.email, |r| r.email = 0),
            contact::own(&mut records, self.phones.len(), |r| r.phone, |r| r.phone = 0),
        ];
        let names = self.names.len();
        let (forenames, surnames) =
            (count(&records, names, |r| r.forename), count(&records, names, |r| r.surname));
        let mut births: HashMap<u32, u32> = HashMap::new();
        for record in &records {
            *births.entry(record.born.digits).or_default() += 1;
        }
        let most = [&forenames, &surnames].map(|counts| counts.iter().skip(1).max().copied());
        let mut report = self.unread.report(&records, most, &births, self.short_chi);
        report.shared = shared;
        let all = wide(records.len());
        let common = births.iter().filter(|(digits, n)| {
            **digits != 0 && u64::from(**n) > 50 && u64::from(**n) * wide(births.len()) > 20 * all
        });
        let mut common_births: Vec<_> = common.map(|(digits, _)| *digits).collect();
        common_births.sort_unstable();
        let rarity = [forenames, surnames].map(|counts| rarity(&counts, all));
        let (names, streets, towns, emails) = (self.names, self.streets, self.towns, self.emails);
        Table { records, names, streets, towns, emails, rarity, common_births, report }
    }
}

/// How many records have each code.
pub(crate) fn count(records: &[Record], codes: usize, of: impl Fn(&Record) -> u32) -> Vec<u32> {
    let mut counts = vec![0u32; codes];
    for record in records {
        if let Some(count) = counts.get_mut(index(of(record))) {
            *count += 1;
        }
    }
    counts
}

fn is_short_chi(written: &str) -> bool {
    let written = tidy(written).as_bytes();
    written.len() == 9 && written.iter().all(u8::is_ascii_digit)
}

/// Reads a value the first time that it occurs.
fn read_once<T: Copy + Default>(
    (texts, read): &mut (Dictionary, Vec<T>),
    written: &str,
    how: impl Fn(&str) -> T,
) -> T {
    let (code, new) = texts.put(tidy(written).as_bytes());
    if new {
        read.push(how(written));
    }
    read.get(index(code)).copied().unwrap_or_default()
}

fn sex(written: &str) -> u8 {
    match tidy(written).bytes().next() {
        Some(b'M' | b'm' | b'1') => 1,
        Some(b'F' | b'f' | b'2' | b'W' | b'w') => 2,
        _ => 0,
    }
}

/// How rare each name is: 0 common, 1 usual, 2 rare, by the share of the other records that have
/// it. The two bounds are the identity design's, where 0.1 % of people have the commonest names.
fn rarity(counts: &[u32], all: u64) -> Vec<u8> {
    let class = |count: &u32| {
        let share = real(u64::from(count.saturating_sub(2))) / real(all.max(1));
        if share > 3e-3 { 0 } else { 1 + u8::from(share <= 2e-4) }
    };
    counts.iter().map(class).collect()
}

impl Table {
    /// What it is made of.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// How many records there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(crate) fn get(&self, record: u32) -> Record {
        self.records.get(index(record)).copied().unwrap_or_default()
    }

    /// How rare a forename is, from 0 to 2.
    pub(crate) fn forename_rarity(&self, name: u32) -> u8 {
        let [rarity, _] = &self.rarity;
        rarity.get(index(name)).copied().unwrap_or(1)
    }

    /// How rare a surname is, from 0 to 2.
    pub(crate) fn surname_rarity(&self, name: u32) -> u8 {
        let [_, rarity] = &self.rarity;
        rarity.get(index(name)).copied().unwrap_or(1)
    }

    /// Whether far more people have this date of birth than any true date would have.
    pub(crate) fn is_common_birth(&self, born: Birth) -> bool {
        !self.common_births.is_empty() && self.common_births.binary_search(&born.digits).is_ok()
    }

    /// Whether any record can be compared by e-mail or telephone.
    pub(crate) const fn has_contacts(&self) -> bool {
        self.report.has_contacts
    }

    /// All record numbers.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..code(self.records.len())
    }
}
