//! Our three types, to and from PostgreSQL's.

use std::error::Error as StdError;
use std::fmt;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::Value;

/// A value was given where the statement has another type.
#[derive(Debug)]
pub(super) struct Mismatch;

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("value and parameter have different types")
    }
}

impl StdError for Mismatch {}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (self, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Text(text), _) if is_text(ty) => text.as_ref().to_sql(&Type::TEXT, out),
            (Value::Int(number), &Type::INT8) => number.to_sql(ty, out),
            (Value::Int(number), &Type::INT4) => {
                i32::try_from(*number).map_err(|_| Mismatch)?.to_sql(ty, out)
            }
            (Value::Int(number), &Type::INT2) => {
                i16::try_from(*number).map_err(|_| Mismatch)?.to_sql(ty, out)
            }
            (Value::Bytes(bytes), &Type::BYTEA) => bytes.as_ref().to_sql(ty, out),
            _ => Err(Box::new(Mismatch)),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// One cell of a row.
#[derive(Debug)]
pub(crate) enum Cell<'a> {
    Text(&'a str),
    Int(i64),
    Bytes(&'a [u8]),
}

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(match *ty {
            Type::INT8 => Cell::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Cell::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT2 => Cell::Int(i16::from_sql(ty, raw)?.into()),
            // SQLite says 0 and 1.
            Type::BOOL => Cell::Int(bool::from_sql(ty, raw)?.into()),
            // `SUM` of BIGINT.
            Type::NUMERIC => Cell::Int(whole(raw).ok_or(Mismatch)?),
            Type::BYTEA => Cell::Bytes(raw),
            _ => Cell::Text(std::str::from_utf8(raw)?),
        })
    }

    fn accepts(ty: &Type) -> bool {
        let numbers = [Type::INT8, Type::INT4, Type::INT2, Type::BOOL, Type::NUMERIC];
        is_text(ty) || numbers.contains(ty) || *ty == Type::BYTEA
    }
}

fn is_text(ty: &Type) -> bool {
    [Type::TEXT, Type::VARCHAR, Type::NAME, Type::BPCHAR, Type::UNKNOWN].contains(ty)
}

/// A NUMERIC that is a whole number in range.
///
/// The form is four 16-bit numbers (count of digits, weight of the first, sign, decimals), then
/// digits to the base 10,000. Source: PostgreSQL 15, `numeric_send` in `numeric.c`.
fn whole(raw: &[u8]) -> Option<i64> {
    let mut numbers = raw.chunks_exact(2).map(|pair| match pair {
        [high, low] => i16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let (_, weight, sign, _) = (numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?);
    let mut value: i64 = 0;
    for _ in 0..=weight {
        let digit = i64::from(numbers.next().unwrap_or(0));
        // The value is negative throughout, so that `i64::MIN` fits.
        value = value.checked_mul(10_000)?.checked_sub(digit)?;
    }
    let is_whole = numbers.all(|digit| digit == 0);
    match sign {
        _ if !is_whole => None,
        0 => value.checked_neg(),
        0x4000 => Some(value),
        _ => None, // NaN and the infinities.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_numeric_is_read() {
        let check = |numbers: &[i16], want: Option<i64>| {
            let raw: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
            assert_eq!(whole(&raw), want, "{numbers:?}");
        };
        check(&[0, 0, 0, 0], Some(0));
        check(&[1, 0, 0, 0, 42], Some(42));
        check(&[1, 1, 0, 0, 3], Some(30_000));
        check(&[2, 1, 0x4000, 0, 3, 7], Some(-30_007));
        check(&[1, -1, 0, 1, 5000], None);
        check(&[2, 0, 0, 1, 1, 5000], None);
        check(&[1, 5, 0, 0, 9999], None);
        check(&[0, 0, -16384, 0], None);
        check(&[5, 4, 0x4000, 0, 922, 3372, 368, 5477, 5808], Some(i64::MIN));
        check(&[5, 4, 0, 0, 922, 3372, 368, 5477, 5807], Some(i64::MAX));
        check(&[5, 4, 0, 0, 922, 3372, 368, 5477, 5808], None);
    }
}
