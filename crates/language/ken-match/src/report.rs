//! What the columns of a table were like, for whoever must judge the answer.

use std::collections::HashMap;

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
        births: &HashMap<u32, u32>,
        short_chi: u64,
    ) -> Report {
        let born = births.iter().filter(|(digits, _)| **digits != 0).map(|(_, count)| *count).max();
        let missing = |is: fn(&Record) -> bool| wide(records.iter().filter(|r| is(r)).count());
        let column = |without: u64, unread: u64, commonest: Option<u32>| Quality {
            missing: without.saturating_sub(unread),
            unread,
            commonest: u64::from(commonest.unwrap_or(0)),
        };
        let plain = |is: fn(&Record) -> bool| column(missing(is), 0, None);
        Report {
            records: wide(records.len()),
            columns: vec![
                ("forename", column(missing(|r| r.forename == 0), 0, forenames)),
                ("middle", plain(|r| r.middle == 0)),
                ("surname", column(missing(|r| r.surname == 0), 0, surnames)),
                ("born", column(missing(|r| r.born.digits == 0), self.births, born)),
                ("sex", plain(|r| r.sex == 0)),
                ("address", plain(|r| r.address.street == 0)),
                ("postcode", column(missing(|r| r.postcode.unit == 0), self.postcodes, None)),
                ("email", column(missing(|r| r.email == 0), self.emails, None)),
                ("phone", column(missing(|r| r.phone == 0), self.phones, None)),
                ("chi", column(missing(|r| !r.chi.is_sure()), self.numbers, None)),
                ("nhs", plain(|r| r.nhs.is_missing())),
                ("number", column(missing(|r| r.number == 0), self.further, None)),
            ],
            short_chi,
            shared: [0; 3],
        }
    }
}
