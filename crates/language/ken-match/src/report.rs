//! What the columns of a table were like, for whoever must judge the answer.

use crate::number::wide;
use crate::table::{Record, Row};
use crate::text::tidy;

/// What one column was like.
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
    /// Records whose e-mail address, whose telephone number, and whose further number, too many
    /// share for it to be a person's; it is left aside.
    pub shared: [u64; 3],
}

/// Values that could not be read, or failed their check, while records are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Unread {
    births: u64,
    postcodes: u64,
    numbers: u64,
    emails: u64,
    phones: u64,
    further: u64,
}

impl Unread {
    /// Counts what a row says and its record does not.
    pub(crate) fn note(&mut self, row: &Row<'_>, record: &Record) {
        let lost = |is_read: bool, value: &str| u64::from(!is_read && !tidy(value).is_empty());
        self.births += lost(record.born.digits != 0, row.born);
        self.postcodes += lost(record.postcode.unit != 0, row.postcode);
        self.numbers += lost(record.chi.is_sure(), row.chi);
        self.emails += lost(record.email != 0, row.email);
        self.phones += lost(record.phone != 0, row.phone);
        self.further += lost(record.number != 0, row.number);
    }

    /// The report; `most` is how often the most common forename and surname occur.
    pub(crate) fn report(
        self,
        records: &[Record],
        [forenames, surnames]: [Option<u32>; 2],
        births: &[(u32, u32)],
        short_chi: u64,
    ) -> Report {
        let born = births.iter().filter(|(digits, _)| *digits != 0).map(|(_, count)| *count).max();
        let missing = missing(records);
        let column = |(word, missing): (&'static str, u64)| {
            let (unread, commonest) = match word {
                "forename" => (0, forenames),
                "surname" => (0, surnames),
                "born" => (self.births, born),
                "postcode" => (self.postcodes, None),
                "email" => (self.emails, None),
                "phone" => (self.phones, None),
                "chi" => (self.numbers, None),
                "number" => (self.further, None),
                _ => (0, None),
            };
            let commonest = u64::from(commonest.unwrap_or(0));
            (word, Quality { missing: missing.saturating_sub(unread), unread, commonest })
        };
        Report {
            records: wide(records.len()),
            columns: missing.into_iter().map(column).collect(),
            short_chi,
            shared: [0; 3],
        }
    }
}

/// The word of a column, and whether a record has no value there.
type Column = (&'static str, fn(&Record) -> bool);

/// How many records have no value, column by column, in one walk over all of them.
fn missing(records: &[Record]) -> [(&'static str, u64); 12] {
    let columns: [Column; 12] = [
        ("forename", |r| r.forename == 0),
        ("middle", |r| r.middle == 0),
        ("surname", |r| r.surname == 0),
        ("born", |r| r.born.digits == 0),
        ("sex", |r| r.sex == 0),
        ("address", |r| r.address.street == 0),
        ("postcode", |r| r.postcode.unit == 0),
        ("email", |r| r.email == 0),
        ("phone", |r| r.phone == 0),
        ("chi", |r| !r.chi.is_sure()),
        ("nhs", |r| r.nhs.is_missing()),
        ("number", |r| r.number == 0),
    ];
    let mut missing = columns.map(|(word, _)| (word, 0));
    for record in records {
        for ((_, count), (_, is_missing)) in missing.iter_mut().zip(columns) {
            *count += u64::from(is_missing(record));
        }
    }
    missing
}
