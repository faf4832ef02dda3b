//! What a column holds, and how a value of it is written as text.
//!
//! Source: `parquet.thrift` (`Type`, `ConvertedType`, `LogicalType`) and `LogicalTypes.md`.

use std::fmt::Write as _;

use jiff::civil::Date;

use crate::{ColumnsError, Result};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Truth,
    Int32(Int),
    Int64(Int),
    /// An instant of older writers: nanoseconds of a day, and the day.
    Int96,
    Float,
    Double,
    Bytes,
    /// Text of so many bytes.
    Fixed(usize),
    /// What is not read.
    Other,
}

/// What a whole number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Int {
    #[default]
    Signed,
    Unsigned,
    /// Days since 1970.
    Days,
    /// So many parts of a day since 1970, and whether they are of Greenwich.
    Parts(i64, bool),
    Other,
}

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

impl Kind {
    /// The physical kind by its number, and what it means.
    pub(crate) fn of(number: Option<i64>, int: Int, len: usize) -> Self {
        match (number, int) {
            (Some(0), _) => Self::Truth,
            (Some(1 | 2), Int::Other) => Self::Other,
            (Some(1), int) => Self::Int32(int),
            (Some(2), int) => Self::Int64(int),
            (Some(3), _) => Self::Int96,
            (Some(4), _) => Self::Float,
            (Some(5), _) => Self::Double,
            // What means a number here is a decimal in bytes.
            (Some(6), Int::Signed) => Self::Bytes,
            (Some(7), Int::Signed) if len > 0 => Self::Fixed(len),
            _ => Self::Other,
        }
    }

    /// Bytes that a plain value takes; `None` where each has its own length.
    pub(crate) const fn width(self) -> Option<usize> {
        match self {
            Self::Int32(_) | Self::Float => Some(4),
            Self::Int64(_) | Self::Double => Some(8),
            Self::Int96 => Some(12),
            Self::Fixed(len) => Some(len),
            Self::Truth | Self::Bytes | Self::Other => None,
        }
    }

    /// Appends a value as text; gives whether bytes had to be read as ISO 8859-1.
    pub(crate) fn write(self, value: &[u8], out: &mut String) -> Result<bool> {
        match self {
            Self::Bytes | Self::Fixed(_) => return Ok(text(value, out)),
            Self::Int32(int) => {
                let own = i32::from_le_bytes(exact(value)?);
                // What has no sign fills 32 bits with them.
                let wide =
                    if int == Int::Unsigned { i64::from(own.cast_unsigned()) } else { own.into() };
                whole(wide, int, out);
            }
            Self::Int64(int) => whole(i64::from_le_bytes(exact(value)?), int, out),
            Self::Float => real(f32::from_le_bytes(exact(value)?).into(), out),
            Self::Double => real(f64::from_le_bytes(exact(value)?), out),
            Self::Int96 => {
                let (_, days) = value.split_at_checked(8).ok_or(SHORT)?;
                let julian = i32::from_le_bytes(exact(days)?);
                date(i64::from(julian) - 2_440_588, out);
            }
            Self::Truth | Self::Other => return Err(ColumnsError::Unknown("its kind of value")),
        }
        Ok(false)
    }
}

const SHORT: ColumnsError = ColumnsError::Broken("it ends within a value");

fn exact<const N: usize>(value: &[u8]) -> Result<[u8; N]> {
    value.try_into().map_err(|_| SHORT)
}

/// Bytes that are no UTF-8 are read letter by letter, as older systems write them.
fn text(value: &[u8], out: &mut String) -> bool {
    let known = std::str::from_utf8(value);
    match known {
        Ok(text) => out.push_str(text),
        Err(_) => out.extend(value.iter().map(|byte| char::from(*byte))),
    }
    known.is_err()
}

fn whole(value: i64, int: Int, out: &mut String) {
    match int {
        Int::Days => date(value, out),
        Int::Parts(parts, of_greenwich) => {
            let hour = parts / 24;
            // Eleven at night in Greenwich is midnight of a summer's day in Britain.
            let is_summer = of_greenwich && value.rem_euclid(parts) == 23 * hour;
            date(value.div_euclid(parts) + i64::from(is_summer), out);
        }
        Int::Unsigned => put(out, format_args!("{}", value.cast_unsigned())),
        Int::Signed | Int::Other => put(out, format_args!("{value}")),
    }
}

/// A day that the calendar does not have is no value.
fn date(days: i64, out: &mut String) {
    let span = jiff::Span::new().try_days(days);
    if let Ok(date) = span.and_then(|span| Date::constant(1970, 1, 1).checked_add(span)) {
        put(out, format_args!("{date}"));
    }
}

/// In few letters, whatever the number: 309 digits of a value would fill the memory.
fn real(value: f64, out: &mut String) {
    if value == 0.0 || (1e-4..1e15).contains(&value.abs()) {
        put(out, format_args!("{value}"));
    } else if value.is_finite() {
        put(out, format_args!("{value:e}"));
    }
}

fn put(out: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = out.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_days_are_written_as_people_write_them() {
        let check = |kind: Kind, value: &[u8], want: &str| {
            let mut out = String::new();
            kind.write(value, &mut out).unwrap();
            assert_eq!(out, want, "{kind:?}");
        };
        check(Kind::Int32(Int::Days), &(-1i32).to_le_bytes(), "1969-12-31");
        check(Kind::Int32(Int::Days), &i32::MAX.to_le_bytes(), "");
        check(Kind::Int32(Int::Signed), &(-7i32).to_le_bytes(), "-7");
        check(Kind::Int32(Int::Unsigned), &(-1i32).to_le_bytes(), "4294967295");
        check(Kind::Int64(Int::Unsigned), &(-1i64).to_le_bytes(), "18446744073709551615");
        let midnight = 1_527 * DAY_MS;
        check(Kind::Int64(Int::Parts(DAY_MS, false)), &midnight.to_le_bytes(), "1974-03-08");
        check(Kind::Int64(Int::Parts(DAY_MS, true)), &midnight.to_le_bytes(), "1974-03-08");
        let summer = midnight + 100 * DAY_MS - 3_600_000;
        check(Kind::Int64(Int::Parts(DAY_MS, true)), &summer.to_le_bytes(), "1974-06-16");
        check(Kind::Int64(Int::Parts(DAY_MS, false)), &summer.to_le_bytes(), "1974-06-15");
        let old = [[0u8; 8].as_slice(), &2_440_589i32.to_le_bytes()].concat();
        check(Kind::Int96, &old, "1970-01-02");
        check(Kind::Double, &101_234_567.0f64.to_le_bytes(), "101234567");
        check(Kind::Double, &1e300f64.to_le_bytes(), "1e300");
        check(Kind::Double, &f64::NAN.to_le_bytes(), "");
        check(Kind::Float, &0.25f32.to_le_bytes(), "0.25");
        check(Kind::Bytes, b"Se\xe1n", "Se\u{e1}n");
        assert!(Kind::Int64(Int::Signed).write(b"123", &mut String::new()).is_err());
    }
}
