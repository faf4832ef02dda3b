//! HL7's dates and times, as precise as they were sent.
//!
//! # Sources
//!
//! - HL7 v2.8 chapter 2A, DTM: `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`.
//! - House policy: without an offset it is the time in the United Kingdom. Hours without minutes
//!   become a date, since FHIR cannot say them and we do not invent the minutes. Senders write
//!   dates as ISO 8601 has them too (`1978-03-02`, `1978-03`), which can mean nothing else: no
//!   offset has two digits.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use ken_core::PartialDate;
use ken_fhir::{DateTime, united_kingdom};
use thiserror::Error;

/// A date and time of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dtm {
    date: PartialDate,
    clock: Option<(Time, String)>,
    offset: Option<Offset>,
}

/// Why a text is not an HL7 date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an HL7 date and time")]
pub struct DtmError;

impl DtmError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        "hl7.date-time"
    }
}

impl Dtm {
    /// Reads a date and time. Zeros for an unknown month or day are taken as such.
    ///
    /// # Errors
    ///
    /// [`DtmError`] when it is none, or names a day that does not exist.
    pub fn parse(text: &str) -> Result<Self, DtmError> {
        Self::read(text.trim()).ok_or(DtmError)
    }

    /// The date alone.
    #[must_use]
    pub fn date(&self) -> PartialDate {
        self.date
    }

    /// Whether a time of day other than midnight was sent: senders fill with zeros.
    #[must_use]
    pub fn has_time(&self) -> bool {
        self.clock.as_ref().is_some_and(|(time, _)| *time != Time::midnight())
    }

    /// As FHIR has it.
    #[must_use]
    pub fn to_fhir(&self) -> DateTime {
        let moment = || {
            let (time, fraction) = self.clock.as_ref()?;
            let local = self.date.day()?.to_datetime(*time);
            if let Some(offset) = self.offset {
                return DateTime::at(local, offset, fraction);
            }
            // An hour that comes twice is the first of the two; one that never was moves on.
            let zoned = united_kingdom().to_ambiguous_zoned(local).compatible().ok()?;
            DateTime::at(zoned.datetime(), zoned.offset(), fraction)
        };
        moment().unwrap_or_else(|| self.date.into())
    }

    fn read(text: &str) -> Option<Self> {
        let iso = without_hyphens(text);
        let text = iso.as_deref().unwrap_or(text);
        let (text, offset) = match text.find(['+', '-']) {
            Some(at) => {
                let (text, zone) = text.split_at_checked(at)?;
                (text, Some(read_offset(zone)?))
            }
            None => (text, None),
        };
        let (digits, fraction) = text.split_once('.').unwrap_or((text, ""));
        let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let lengths = [4, 6, 8, 10, 12, 14].contains(&digits.len());
        if !lengths || !numeric(digits) || !numeric(fraction) || fraction.len() > 12 {
            return None;
        }
        let two = |at: usize| digits.get(at..at + 2).and_then(|part| part.parse::<i8>().ok());
        let year: i16 = digits.get(..4)?.parse().ok().filter(|&year| year > 0)?;
        let date = match (two(4).filter(|&month| month > 0), two(6).filter(|&day| day > 0)) {
            (None, _) => PartialDate::Year(year),
            (Some(month @ 1..=12), None) => PartialDate::Month(year, month),
            (Some(month), Some(day)) => PartialDate::Day(Date::new(year, month, day).ok()?),
            _ => return None,
        };
        let clock = match (two(8), two(10)) {
            (Some(hour), Some(minute)) => {
                let second = two(12).unwrap_or(0).min(59);
                Some((Time::new(hour, minute, second, 0).ok()?, fraction.to_owned()))
            }
            (Some(hour), None) if hour > 23 => return None,
            _ => None,
        };
        Some(Self { date, clock, offset })
    }
}

/// A date of ISO 8601, `YYYY-MM-DD` or `YYYY-MM`, in the digits that HL7 has.
fn without_hyphens(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('-').collect();
    let is_date = match parts.as_slice() {
        [year, month] => year.len() == 4 && month.len() == 2,
        [year, month, day] => year.len() == 4 && month.len() == 2 && day.len() == 2,
        _ => false,
    };
    let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    (is_date && parts.iter().all(digits)).then(|| parts.concat())
}

fn read_offset(zone: &str) -> Option<Offset> {
    let (sign, digits) = zone.split_at_checked(1)?;
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = hours * 3600 + minutes * 60;
    let good = hours <= 14 && minutes < 60;
    let seconds = if sign == "-" { -seconds } else { seconds };
    good.then(|| Offset::from_seconds(seconds).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn precision_is_kept() {
        let check = |text: &str, want: &str| {
            assert_eq!(Dtm::parse(text).unwrap().to_fhir().as_str(), want, "{text}");
        };
        check("1974", "1974");
        check("197403", "1974-03");
        check("19740321", "1974-03-21");
        check("19740000", "1974");
        check("19740300", "1974-03");
        check("1978-03-02", "1978-03-02");
        check("1978-03", "1978-03");
        check("1978-0300", "1978");
        check("2026112110", "2026-11-21");
        check("202611211015", "2026-11-21T10:15:00+00:00");
        check("20260721101500", "2026-07-21T10:15:00+01:00");
        check("20260721101500.1200", "2026-07-21T10:15:00.1200+01:00");
        check("20260721101500+0215", "2026-07-21T10:15:00+02:15");
        check("20260721101500-0500", "2026-07-21T10:15:00-05:00");
        check("20260329013000", "2026-03-29T02:30:00+01:00");
        check("20261025013000", "2026-10-25T01:30:00+01:00");
        check("20161231235960", "2016-12-31T23:59:59+00:00");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        let bad = [
            "",
            "74",
            "197",
            "19741301",
            "20260230",
            "2026112124",
            "202611211060",
            "20261121101",
            "2026-11-31",
            "2026-13",
            "2026-.5",
            "2026-11-.5",
            "2026-11-2",
            "202-611-21",
            "2026-11-21-10",
            "20261121101500+1",
            "20261121101500+1500",
            "20261121101500.x",
            "0000",
            "２０２６",
            "20261121101500+01é",
            "today",
        ];
        for text in bad {
            assert_eq!(Dtm::parse(text), Err(DtmError), "{text}");
        }
    }

    #[test]
    fn midnight_is_no_time_of_birth() {
        let has_time = |text: &str| Dtm::parse(text).unwrap().has_time();
        assert!(!has_time("19890118") && !has_time("19890118000000"));
        assert!(has_time("198901180410"));
    }

    proptest! {
        #![proptest_config(crate::repeatable())]

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,20}|[0-9.+-]{0,24}") {
            if let Ok(read) = Dtm::parse(&text) {
                let _ = read.to_fhir().starts();
            }
        }
    }
}
