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
use crate::digits::Digits;
use crate::name::Names;
use crate::number::{code, index, real, wide};
use crate::place::{self, Address, Postcode};
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
    /// First line of the address.
    pub address: &'a str,
    /// Town.
    pub town: &'a str,
    /// Postcode.
    pub postcode: &'a str,
    /// A postcode of earlier days.
    pub former_postcode: &'a str,
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

/// What one column was like, for whoever must judge the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quality {
    /// Records without a value.
    pub missing: u64,
    /// Records whose value could not be read, or failed its check.
    pub unread: u64,
    /// Records that have the most common value of all, where there is more than one.
    pub commonest: u64,
}

/// What a table is made of: numbers alone, nobody's values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many records there are.
    pub records: u64,
    /// Each column by its word.
    pub columns: Vec<(&'static str, Quality)>,
    /// CHI numbers of nine digits: a spreadsheet may have taken the leading zero.
    pub short_chi: u64,
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
    room: Vec<u8>,
    unread: [u64; 3],
    short_chi: u64,
}

/// Records that can be matched.
pub struct Table {
    pub(crate) records: Vec<Record>,
    pub(crate) names: Names,
    pub(crate) streets: Dictionary,
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
            room: Vec::new(),
            unread: [0; 3],
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
        self.note_unread(row, born, postcode, chi);
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
            born,
            address: place::address(row.address, &mut self.streets, &mut self.room),
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
        self.records.push(record);
        Ok(())
    }

    fn note_unread(&mut self, row: &Row<'_>, born: Birth, postcode: Postcode, chi: Digits) {
        let is_said = |value: &str| !tidy(value).is_empty();
        let [births, postcodes, numbers] = &mut self.unread;
        *births += u64::from(born.digits == 0 && is_said(row.born));
        *postcodes += u64::from(postcode.unit == 0 && is_said(row.postcode));
        *numbers += u64::from(!chi.is_sure() && is_said(row.chi));
        let chi = tidy(row.chi).as_bytes();
        self.short_chi += u64::from(chi.len() == 9 && chi.iter().all(u8::is_ascii_digit));
    }

    /// Closes the table: how common each value is, is known only now.
    #[must_use]
    pub fn close(self) -> Table {
        let records = self.records;
        let count = |of: fn(&Record) -> u32| {
            let mut counts = vec![0u32; self.names.len()];
            for record in &records {
                if let Some(count) = counts.get_mut(index(of(record))) {
                    *count += 1;
                }
            }
            counts
        };
        let (forenames, surnames) = (count(|r| r.forename), count(|r| r.surname));
        let mut births: HashMap<u32, u32> = HashMap::new();
        for record in &records {
            *births.entry(record.born.digits).or_default() += 1;
        }
        let report =
            report(&records, [&forenames, &surnames], &births, self.unread, self.short_chi);
        let all = wide(records.len());
        let common = births.iter().filter(|(digits, n)| {
            **digits != 0 && u64::from(**n) > 50 && u64::from(**n) * wide(births.len()) > 20 * all
        });
        let mut common_births: Vec<_> = common.map(|(digits, _)| *digits).collect();
        common_births.sort_unstable();
        let rarity = [forenames, surnames].map(|counts| rarity(&counts, all));
        let (names, streets) = (self.names, self.streets);
        Table { records, names, streets, rarity, common_births, report }
    }
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

fn report(
    records: &[Record],
    [forenames, surnames]: [&[u32]; 2],
    births: &HashMap<u32, u32>,
    [births_unread, postcodes_unread, numbers_unread]: [u64; 3],
    short_chi: u64,
) -> Report {
    let most = |counts: &[u32]| u64::from(counts.iter().skip(1).max().copied().unwrap_or(0));
    let born = births.iter().filter(|(digits, _)| **digits != 0).map(|(_, count)| *count).max();
    let missing = |is: fn(&Record) -> bool| wide(records.iter().filter(|r| is(r)).count());
    let column = |missing, unread, commonest| Quality { missing, unread, commonest };
    let without = |missing: u64, unread: u64| missing.saturating_sub(unread);
    let no_birth = without(missing(|r| r.born.digits == 0), births_unread);
    let no_postcode = without(missing(|r| r.postcode.unit == 0), postcodes_unread);
    let no_chi = missing(|r| !r.chi.is_sure());
    let born = u64::from(born.unwrap_or(0));
    Report {
        records: wide(records.len()),
        columns: vec![
            ("forename", column(missing(|r| r.forename == 0), 0, most(forenames))),
            ("middle", column(missing(|r| r.middle == 0), 0, 0)),
            ("surname", column(missing(|r| r.surname == 0), 0, most(surnames))),
            ("born", column(no_birth, births_unread, born)),
            ("sex", column(missing(|r| r.sex == 0), 0, 0)),
            ("address", column(missing(|r| r.address.street == 0), 0, 0)),
            ("postcode", column(no_postcode, postcodes_unread, 0)),
            ("chi", column(without(no_chi, numbers_unread), numbers_unread, 0)),
            ("nhs", column(missing(|r| r.nhs.is_missing()), 0, 0)),
        ],
        short_chi,
    }
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

    /// All record numbers.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..code(self.records.len())
    }
}
