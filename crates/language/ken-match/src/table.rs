//! Columns in: each value is read once, and a record becomes a row of codes and features.
//!
//! # Invariants
//!
//! - A value that cannot be read is missing, and is counted; no value stops a table.
//! - No text of a person leaves this module but to be compared.

use std::fmt;

use thiserror::Error;

use crate::birth::{self, Birth};
use crate::compare::Known;
use crate::contact;
use crate::digits::Digits;
use crate::further::further;
use crate::marks::{Marked, Marks};
use crate::name::{Name, Names};
use crate::number::{code, index, real, tally, wide};
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
    /// Any further number of the person: a council's, a school's, an office's.
    pub number: &'a str,
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
    /// A further number.
    pub(crate) number: u32,
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

/// Gives values their codes; beside some stands their mark ([`Marks`]), or 0.
pub(crate) trait Coder {
    fn born(&mut self, written: &str, mark: u32) -> Birth;
    fn postcode(&mut self, written: &str, mark: u32) -> Postcode;
    fn address(&mut self, house: &str, written: &str) -> Address;
    fn town(&mut self, written: &str, mark: u32) -> u32;
    fn email(&mut self, written: &str) -> u32;
    fn phone(&mut self, written: &str) -> u32;
    fn further(&mut self, written: &str) -> u32;
    fn name(&mut self, written: &str, mark: u32) -> u32;
    fn known_name(&self, code: u32) -> Name;
}

impl Record {
    /// Reads a row, all but its source.
    pub(crate) fn read(row: &Row<'_>, marks: &Marks, coder: &mut impl Coder) -> Self {
        let born = coder.born(row.born, marks.born);
        let record = Self {
            chi: Digits::chi(row.chi, born),
            nhs: Digits::nhs(row.nhs),
            postcode: coder.postcode(row.postcode, marks.postcode),
            former_unit: coder.postcode(row.former_postcode, 0).unit,
            former_home: coder.address("", row.former_address).home(),
            born,
            address: coder.address(row.house, row.address),
            forename: coder.name(row.forename, marks.forename),
            middle: coder.name(row.middle, marks.middle),
            surname: coder.name(row.surname, marks.surname),
            former: coder.name(row.former_surname, 0),
            town: coder.town(row.town, marks.town),
            email: coder.email(row.email),
            phone: coder.phone(row.phone),
            number: coder.further(row.number),
            sex: sex(row.sex),
            ..Self::default()
        };
        record.named(|code| coder.known_name(code))
    }

    /// The same with all that its names tell.
    pub(crate) fn named(self, name: impl Fn(u32) -> Name) -> Self {
        let (first, second, family) = (name(self.forename), name(self.middle), name(self.surname));
        Self {
            forename_letters: first.letters,
            surname_letters: family.letters,
            forename_sound: first.sound,
            surname_sound: family.sound,
            nickname: first.nickname,
            forename_len: first.len,
            forename_first: first.first,
            middle_len: second.len,
            middle_first: second.first,
            surname_len: family.len,
            surname_first: family.first,
            is_double: family.parts != [0, 0],
            ..self
        }
    }
}

impl Coder for Columns {
    fn born(&mut self, written: &str, mark: u32) -> Birth {
        let births = &mut self.births;
        let code = self.marked.births.code(mark, || read_once(births, written, birth::read));
        births.1.get(index(code)).copied().unwrap_or_default()
    }

    fn postcode(&mut self, written: &str, mark: u32) -> Postcode {
        let postcodes = &mut self.postcodes;
        let code =
            self.marked.postcodes.code(mark, || read_once(postcodes, written, place::postcode));
        postcodes.1.get(index(code)).copied().unwrap_or_default()
    }

    fn address(&mut self, house: &str, written: &str) -> Address {
        place::address(house, written, &mut self.streets, &mut self.room)
    }

    fn town(&mut self, written: &str, mark: u32) -> u32 {
        self.marked.towns.code(mark, || self.towns.put(tidy(written).as_bytes()).0)
    }

    fn email(&mut self, written: &str) -> u32 {
        contact::email(written, &mut self.emails, &mut self.room)
    }

    fn phone(&mut self, written: &str) -> u32 {
        contact::phone(written, &mut self.phones, &mut self.room)
    }

    fn further(&mut self, written: &str) -> u32 {
        further(written, &mut self.further, &mut self.room)
    }

    fn name(&mut self, written: &str, mark: u32) -> u32 {
        self.marked.names.code(mark, || self.names.put(written))
    }

    fn known_name(&self, code: u32) -> Name {
        self.names.get(code)
    }
}

/// Records that are being read.
pub struct Columns {
    pub(crate) records: Vec<Record>,
    pub(crate) names: Names,
    births: (Dictionary, Vec<Birth>),
    postcodes: (Dictionary, Vec<Postcode>),
    pub(crate) streets: Dictionary,
    pub(crate) towns: Dictionary,
    sources: Dictionary,
    pub(crate) emails: Dictionary,
    pub(crate) phones: Dictionary,
    pub(crate) further: Dictionary,
    marked: Marked,
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
    further: Dictionary,
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
            further: Dictionary::new(),
            marked: Marked::default(),
            room: Vec::new(),
            unread: Unread::default(),
            short_chi: 0,
        }
    }

    /// Makes room for so many more records, as far as a table holds them.
    pub fn reserve(&mut self, records: usize) {
        self.records.reserve(records.min(RECORDS_MAX));
    }

    /// Takes one more record.
    ///
    /// # Errors
    ///
    /// [`TooManyRecords`] after [`RECORDS_MAX`].
    pub fn push(&mut self, row: &Row<'_>) -> Result<(), TooManyRecords> {
        self.push_marked(row, &Marks::default())
    }

    /// Takes one more record, whose values the reader knows by marks.
    ///
    /// # Errors
    ///
    /// [`TooManyRecords`] after [`RECORDS_MAX`].
    pub fn push_marked(&mut self, row: &Row<'_>, marks: &Marks) -> Result<(), TooManyRecords> {
        if self.records.len() >= RECORDS_MAX {
            return Err(TooManyRecords);
        }
        self.marked.open(marks.book);
        let mut record = Record::read(row, marks, self);
        record.source = self.sources.put(tidy(row.source).as_bytes()).0;
        self.unread.note(row, &record);
        self.short_chi += u64::from(is_short_chi(row.chi));
        self.records.push(record);
        Ok(())
    }

    /// How many texts the dictionaries have.
    pub(crate) fn texts(&self) -> usize {
        let of = [&self.births.0, &self.postcodes.0, &self.streets, &self.towns, &self.sources];
        let more = [&self.emails, &self.phones, &self.further];
        let texts = of.into_iter().chain(more).map(Dictionary::len).sum::<usize>();
        texts + self.names.texts()
    }

    /// Closes the table: how common each value is, is known only now.
    #[must_use]
    pub fn close(self) -> Table {
        let mut records = self.records;
        // A later record may have told the parts of a name that an earlier one wrote as one.
        for record in &mut records {
            record.is_double = self.names.get(record.surname).parts != [0, 0];
        }
        let shared = [
            contact::own(&mut records, self.emails.len(), |r| r.email, |r| r.email = 0),
            contact::own(&mut records, self.phones.len(), |r| r.phone, |r| r.phone = 0),
            contact::own(&mut records, self.further.len(), |r| r.number, |r| r.number = 0),
        ];
        let names = self.names.len();
        let (forenames, surnames) =
            (count(&records, names, |r| r.forename), count(&records, names, |r| r.surname));
        let births = tally(records.iter().map(|record| record.born.digits));
        let most = [&forenames, &surnames].map(|counts| counts.iter().skip(1).max().copied());
        let mut report = self.unread.report(&records, most, &births, self.short_chi);
        report.shared = shared;
        let all = wide(records.len());
        let dates = wide(births.len());
        let common = births.iter().filter(|(digits, n)| *digits != 0 && is_common(*n, dates, all));
        let common_births = common.map(|(digits, _)| *digits).collect();
        let rarity = [forenames, surnames]
            .map(|counts| counts.iter().map(|count| rarity(*count, all)).collect());
        Table {
            records,
            names: self.names,
            streets: self.streets,
            towns: self.towns,
            emails: self.emails,
            further: self.further,
            rarity,
            common_births,
            report,
        }
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

/// The code of a value, which is read the first time that it occurs.
fn read_once<T>(
    (texts, read): &mut (Dictionary, Vec<T>),
    written: &str,
    how: impl Fn(&str) -> T,
) -> u32 {
    let (code, new) = texts.put(tidy(written).as_bytes());
    if new {
        read.push(how(written));
    }
    code
}

fn sex(written: &str) -> u8 {
    match tidy(written).bytes().next() {
        Some(b'M' | b'm' | b'1') => 1,
        Some(b'F' | b'f' | b'2' | b'W' | b'w') => 2,
        _ => 0,
    }
}

/// Whether so many of all records, which have so many dates, have one date of birth that it stands
/// for something else.
pub(crate) fn is_common(many: u32, dates: u64, all: u64) -> bool {
    u64::from(many) > 50 && u64::from(many) * dates > 20 * all
}

/// How rare a name is: 0 common, 1 usual, 2 rare, by the share of the other records that have
/// it. The two bounds are the identity design's, where 0.1 % of people have the commonest names.
pub(crate) fn rarity(count: u32, all: u64) -> u8 {
    let share = real(u64::from(count.saturating_sub(2))) / real(all.max(1));
    if share > 3e-3 { 0 } else { 1 + u8::from(share <= 2e-4) }
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

    /// All record numbers.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..code(self.records.len())
    }
}

impl Known for Table {
    fn name(&self, code: u32) -> Name {
        self.names.get(code)
    }

    fn name_text(&self, code: u32) -> &[u8] {
        self.names.text(code)
    }

    fn street(&self, code: u32) -> &[u8] {
        self.streets.get(code)
    }

    fn town(&self, code: u32) -> &[u8] {
        self.towns.get(code)
    }

    fn email(&self, code: u32) -> &[u8] {
        self.emails.get(code)
    }

    fn further(&self, code: u32) -> &[u8] {
        self.further.get(code)
    }

    fn forename_rarity(&self, name: u32) -> u8 {
        let [rarity, _] = &self.rarity;
        rarity.get(index(name)).copied().unwrap_or(1)
    }

    fn surname_rarity(&self, name: u32) -> u8 {
        let [_, rarity] = &self.rarity;
        rarity.get(index(name)).copied().unwrap_or(1)
    }

    fn is_common_birth(&self, born: Birth) -> bool {
        !self.common_births.is_empty() && self.common_births.binary_search(&born.digits).is_ok()
    }
}
