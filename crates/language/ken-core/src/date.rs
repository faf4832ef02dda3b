//! Dates as people know them: some know the year only, and it must stay so.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A date of which the day, or the day and month, may be unknown.
///
/// Written as FHIR's `date`: `1974`, `1974-03` or `1974-03-21`. `1974-03` is not 1 March.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PartialDate {
    /// Only the year is known.
    Year(i16),
    /// Year and month are known; the month is 1 to 12.
    Month(i16, i8),
    /// The day is known.
    Day(Date),
}

/// Why a text is not a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a date: write YYYY, YYYY-MM or YYYY-MM-DD")]
pub struct DateError;

impl PartialDate {
    /// The year, which is always known.
    #[must_use]
    pub fn year(self) -> i16 {
        match self {
            Self::Year(year) | Self::Month(year, _) => year,
            Self::Day(day) => day.year(),
        }
    }

    /// The whole date, if it is known.
    #[must_use]
    pub fn day(self) -> Option<Date> {
        match self {
            Self::Day(day) => Some(day),
            Self::Year(_) | Self::Month(..) => None,
        }
    }

    /// Whether both could be the same day: what both know agrees.
    #[must_use]
    pub fn agrees_with(self, other: Self) -> bool {
        let month = |date| match date {
            Self::Year(_) => None,
            Self::Month(_, month) => Some(month),
            Self::Day(day) => Some(day.month()),
        };
        let same = |a: Option<i8>, b: Option<i8>| a.is_none() || b.is_none() || a == b;
        self.year() == other.year()
            && same(month(self), month(other))
            && same(self.day().map(Date::day), other.day().map(Date::day))
    }

    /// Age in whole years on `on`, where the birthday is known; the lower age where it is not.
    #[must_use]
    pub fn age_on(self, on: Date) -> i16 {
        let years = on.year() - self.year();
        let had_birthday = match self {
            Self::Year(_) => false,
            Self::Month(_, month) => on.month() > month,
            Self::Day(day) => (on.month(), on.day()) >= (day.month(), day.day()),
        };
        (if had_birthday { years } else { years - 1 }).max(0)
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Day(day) => write!(f, "{day}"),
        }
    }
}

impl FromStr for PartialDate {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let mut parts = text.split('-');
        let year: i16 = digits(parts.next().unwrap_or_default(), 4)?;
        let month = parts.next().map(|part| digits::<i8>(part, 2)).transpose()?;
        let day = parts.next().map(|part| digits::<i8>(part, 2)).transpose()?;
        if parts.next().is_some() || year == 0 {
            return Err(DateError);
        }
        match (month, day) {
            (None, _) => Ok(Self::Year(year)),
            (Some(month @ 1..=12), None) => Ok(Self::Month(year, month)),
            (Some(month), Some(day)) => {
                Date::new(year, month, day).map(Self::Day).map_err(|_| DateError)
            }
            _ => Err(DateError),
        }
    }
}

fn digits<N: FromStr>(part: &str, len: usize) -> Result<N, DateError> {
    let fits = part.len() == len && part.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| part.parse().ok()).flatten().ok_or(DateError)
}

impl TryFrom<String> for PartialDate {
    type Error = DateError;

    fn try_from(text: String) -> Result<Self, DateError> {
        text.parse()
    }
}

impl From<PartialDate> for String {
    fn from(date: PartialDate) -> Self {
        date.to_string()
    }
}

impl From<Date> for PartialDate {
    fn from(day: Date) -> Self {
        Self::Day(day)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn partial_dates_stay_partial() {
        for text in ["1974", "1974-03", "1974-03-21", "2024-02-29"] {
            assert_eq!(text.parse::<PartialDate>().unwrap().to_string(), text);
        }
        for text in ["", "74", "1974-13", "1974-02-30", "1974-3-1", "1974-03-21-", "0000", "１974"]
        {
            assert_eq!(text.parse::<PartialDate>(), Err(DateError), "{text}");
        }
    }

    #[test]
    fn age_turns_on_the_birthday() {
        let check = |born: &str, on, want| {
            assert_eq!(born.parse::<PartialDate>().unwrap().age_on(on), want, "{born} on {on}");
        };
        check("2010-11-21", date(2026, 11, 20), 15);
        check("2010-11-21", date(2026, 11, 21), 16);
        check("2010-11", date(2026, 11, 30), 15);
        check("2010-11", date(2026, 12, 1), 16);
        check("2010", date(2026, 12, 31), 15);
        check("2030", date(2026, 1, 1), 0);
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in "\\PC{0,12}") {
            if let Ok(date) = text.parse::<PartialDate>() {
                prop_assert_eq!(date.to_string(), text);
                prop_assert!(date.agrees_with(date));
            }
        }
    }
}
