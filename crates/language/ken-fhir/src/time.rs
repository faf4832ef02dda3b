//! FHIR's `date`, `dateTime` and `instant`: each keeps the precision it came with.
//!
//! # Sources
//!
//! - FHIR R4, 2.24.0.1 (primitive types): a time of day needs seconds and an offset.
//! - Summer Time Order 2002: last Sunday of March to last Sunday of October, at 01:00 UTC.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use ken_core::PartialDate;
use thiserror::Error;

/// Longest text that is read as a date and time. House policy: room for twelve digits of fraction.
const TEXT_LEN_MAX: usize = 40;
/// Most digits of a fraction, so that what is written can be read.
const FRACTION_LEN_MAX: usize = 12;

/// The time in the United Kingdom, as a rule.
///
/// Before 1996 the autumn change fell on other Sundays; an hour in some weeks of October then is
/// the price of reading no file.
#[must_use]
pub fn united_kingdom() -> TimeZone {
    static ZONE: LazyLock<TimeZone> =
        LazyLock::new(|| TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0/2").unwrap_or(TimeZone::UTC));
    ZONE.clone()
}

/// A FHIR `dateTime`: a date that may be partial, or a moment with its offset.
///
/// It is written as it was read. An `instant` is one that has a [`DateTime::moment`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DateTime {
    text: String,
    date: PartialDate,
    moment: Option<Timestamp>,
}

/// Why a text is not a FHIR `dateTime`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a FHIR dateTime: a date, or a date with seconds and an offset")]
pub struct DateTimeError;

impl DateTimeError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        "fhir.date-time"
    }
}

impl DateTime {
    /// A moment on the clock of some place. `fraction` is the digits after the second's point.
    #[must_use]
    pub fn at(local: civil::DateTime, offset: Offset, fraction: &str) -> Option<Self> {
        let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || fraction.len() > FRACTION_LEN_MAX || !(1..=9999).contains(&local.year()) {
            return None;
        }
        let minutes = offset.seconds() / 60;
        let (hours, rest) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
        if hours > 14 {
            return None;
        }
        let nanos = nanos(fraction);
        let moment = offset.to_timestamp(local.with().subsec_nanosecond(nanos).build().ok()?);
        let (date, time) = (local.date(), local.time());
        let mut text = String::with_capacity(26 + fraction.len());
        let year = date.year().unsigned_abs();
        push_two(&mut text, u32::from(year / 100));
        push_two(&mut text, u32::from(year % 100));
        let parts = [
            ('-', date.month()),
            ('-', date.day()),
            ('T', time.hour()),
            (':', time.minute()),
            (':', time.second()),
        ];
        for (sign, part) in parts {
            text.push(sign);
            push_two(&mut text, u32::from(part.unsigned_abs()));
        }
        if !fraction.is_empty() {
            text.push('.');
            text.push_str(fraction);
        }
        text.push(if minutes < 0 { '-' } else { '+' });
        push_two(&mut text, hours);
        text.push(':');
        push_two(&mut text, rest);
        Some(Self { text, date: PartialDate::Day(date), moment: Some(moment.ok()?) })
    }

    /// The text, as FHIR has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The date, on the clock of where it was written.
    #[must_use]
    pub fn date(&self) -> PartialDate {
        self.date
    }

    /// The moment, if the time of day is known.
    #[must_use]
    pub fn moment(&self) -> Option<Timestamp> {
        self.moment
    }

    /// The first moment that it can mean, in the United Kingdom: for sorting.
    #[must_use]
    pub fn starts(&self) -> Timestamp {
        let day = match self.date {
            PartialDate::Year(year) => civil::Date::new(year, 1, 1).ok(),
            PartialDate::Month(year, month) => civil::Date::new(year, month, 1).ok(),
            PartialDate::Day(day) => Some(day),
        };
        let midnight = |day: civil::Date| day.to_zoned(united_kingdom()).ok();
        let dated = || day.and_then(midnight).map(|zoned| zoned.timestamp());
        self.moment.or_else(dated).unwrap_or(Timestamp::MIN)
    }
}

impl From<PartialDate> for DateTime {
    fn from(date: PartialDate) -> Self {
        Self { text: date.to_string(), date, moment: None }
    }
}

impl FromStr for DateTime {
    type Err = DateTimeError;

    fn from_str(text: &str) -> Result<Self, DateTimeError> {
        if text.len() > TEXT_LEN_MAX {
            return Err(DateTimeError);
        }
        let Some((date, time)) = text.split_once('T') else {
            let date = text.parse().map_err(|_| DateTimeError)?;
            return Ok(Self { text: text.to_owned(), date, moment: None });
        };
        let day: PartialDate = date.parse().map_err(|_| DateTimeError)?;
        let moment = day.day().and_then(|day| moment(day, time)).ok_or(DateTimeError)?;
        Ok(Self { text: text.to_owned(), date: day, moment: Some(moment) })
    }
}

/// Reads `hh:mm:ss[.f](Z|+hh:mm)`. A leap second is read as the second before it.
fn moment(day: civil::Date, time: &str) -> Option<Timestamp> {
    let zone_at = time.find(['Z', '+', '-'])?;
    let (clock, zone) = time.split_at_checked(zone_at)?;
    let (clock, fraction) = match clock.split_once('.') {
        Some((_, "")) => return None,
        Some((clock, fraction)) => (clock, fraction),
        None => (clock, ""),
    };
    let mut parts = clock.split(':');
    let mut two = || parts.next().and_then(two_digits);
    let (hour, minute, second) = (two()?, two()?, two()?);
    if parts.next().is_some() || second > 60 || !fraction.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let time = civil::Time::new(hour, minute, second.min(59), nanos(fraction)).ok()?;
    let offset = offset(zone)?;
    offset.to_timestamp(day.to_datetime(time)).ok()
}

/// The digits after a second's point as nanoseconds.
fn nanos(fraction: &str) -> i32 {
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    digits.fold(0_i32, |sum, digit| sum * 10 + i32::from(digit.saturating_sub(b'0')))
}

/// Two digits.
fn push_two(text: &mut String, number: u32) {
    for digit in [number / 10 % 10, number % 10] {
        text.extend(char::from_digit(digit, 10));
    }
}

fn offset(zone: &str) -> Option<Offset> {
    if zone == "Z" {
        return Some(Offset::UTC);
    }
    let (sign, digits) = zone.split_at_checked(1)?;
    let (hours, minutes) = digits.split_once(':')?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
    Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok()
}

fn two_digits(text: &str) -> Option<i8> {
    let good = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    good.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DateTime({})", if self.moment.is_some() { "moment" } else { "date" })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn precision_is_kept() {
        let good = [
            "1974",
            "1974-03",
            "1974-03-21",
            "2026-11-21T10:15:00Z",
            "2026-11-21T10:15:00.120+01:00",
            "2016-12-31T23:59:60Z",
            "2026-11-21T10:15:00-00:30",
        ];
        for text in good {
            assert_eq!(text.parse::<DateTime>().unwrap().to_string(), text);
        }
        let bad = [
            "",
            "T",
            "2026-11T10:15:00Z",
            "2026-11-21T10:15Z",
            "2026-11-21T10:15:00",
            "2026-11-21T24:00:00Z",
            "2026-11-21T10:15:61Z",
            "2026-11-21T10:15:00.Z",
            "2026-11-21T10:15:00+1:00",
            "2026-11-21T10:15:00+15:00",
            "2026-11-21 10:15:00Z",
            "2026-11-21T10:15:00Zx",
            "２０２６",
        ];
        for text in bad {
            assert_eq!(text.parse::<DateTime>(), Err(DateTimeError), "{text}");
        }
    }

    #[test]
    fn the_clock_of_the_kingdom_changes_on_sundays() {
        let check = |local: civil::DateTime, hours: i8| {
            let offset = united_kingdom().to_ambiguous_timestamp(local).offset();
            assert_eq!(
                offset,
                jiff::tz::AmbiguousOffset::Unambiguous { offset: Offset::constant(hours) },
                "{local}"
            );
        };
        check(date(2026, 3, 29).at(0, 59, 59, 0), 0);
        check(date(2026, 3, 29).at(2, 0, 0, 0), 1);
        check(date(2026, 10, 25).at(0, 59, 59, 0), 1);
        check(date(2026, 10, 25).at(2, 0, 0, 0), 0);
    }

    #[test]
    fn partial_dates_sort_by_their_start() {
        let starts = |text: &str| text.parse::<DateTime>().unwrap().starts().to_string();
        assert_eq!(starts("2026"), "2026-01-01T00:00:00Z");
        assert_eq!(starts("2026-07"), "2026-06-30T23:00:00Z");
        assert_eq!(starts("2026-07-02"), "2026-07-01T23:00:00Z");
        assert_eq!(starts("2026-07-02T10:00:00+01:00"), "2026-07-02T09:00:00Z");
        let local = date(2026, 11, 21).at(10, 15, 0, 0);
        let made = DateTime::at(local, Offset::constant(0), "50").unwrap();
        assert_eq!(made.as_str(), "2026-11-21T10:15:00.50+00:00");
    }

    proptest! {
        #![proptest_config(crate::repeatable())]

        #[test]
        fn what_is_written_reads_back_alike(
            seconds in -62_000_000_000_i64..250_000_000_000,
            minutes in -840_i32..=840,
            fraction in "[0-9]{0,12}",
        ) {
            let zone = Offset::from_seconds(minutes * 60).unwrap();
            let local = zone.to_datetime(Timestamp::from_second(seconds).unwrap());
            let made = DateTime::at(local, zone, &fraction).unwrap();
            prop_assert_eq!(made.as_str().parse::<DateTime>(), Ok(made));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,24}|[0-9TZ:+.-]{0,34}") {
            if let Ok(read) = text.parse::<DateTime>() {
                prop_assert_eq!(read.as_str(), text);
                let _ = read.starts();
            }
        }
    }
}
