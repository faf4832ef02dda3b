//! One row of an answer, read by position while it is there.

use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::types::ValueRef;

use crate::postgres::Cell;
use crate::{Error, Result};

/// Turns a row into a value; a plain function, since rows cannot live across an `await`.
pub type Read<T> = fn(&Row<'_>) -> Result<T>;

/// A row; columns are counted from 0.
///
/// Every reader fails with [`Error::Column`] when the column is absent or of another kind.
#[derive(Debug)]
pub struct Row<'a>(pub(crate) Engine<'a>);

#[derive(Debug)]
pub(crate) enum Engine<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// Text.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] when it is NULL, or not text.
    pub fn text(&self, index: usize) -> Result<String> {
        self.text_opt(index)?.ok_or(Error::Column { index })
    }

    /// Text, or NULL.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] when it is not text.
    pub fn text_opt(&self, index: usize) -> Result<Option<String>> {
        match self.0 {
            Engine::Sqlite(row) => match sqlite(row, index)? {
                ValueRef::Null => Ok(None),
                ValueRef::Text(text) => std::str::from_utf8(text)
                    .map(|text| Some(text.to_owned()))
                    .map_err(|_| Error::Column { index }),
                _ => Err(Error::Column { index }),
            },
            Engine::Postgres(row) => match postgres(row, index)? {
                None => Ok(None),
                Some(Cell::Text(text)) => Ok(Some(text.to_owned())),
                Some(_) => Err(Error::Column { index }),
            },
        }
    }

    /// A whole number.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] when it is NULL, or not a whole number.
    pub fn int(&self, index: usize) -> Result<i64> {
        self.int_opt(index)?.ok_or(Error::Column { index })
    }

    /// A whole number, or NULL.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] when it is not a whole number.
    pub fn int_opt(&self, index: usize) -> Result<Option<i64>> {
        match self.0 {
            Engine::Sqlite(row) => match sqlite(row, index)? {
                ValueRef::Null => Ok(None),
                ValueRef::Integer(number) => Ok(Some(number)),
                _ => Err(Error::Column { index }),
            },
            Engine::Postgres(row) => match postgres(row, index)? {
                None => Ok(None),
                Some(Cell::Int(number)) => Ok(Some(number)),
                Some(_) => Err(Error::Column { index }),
            },
        }
    }

    /// Bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] when it is NULL, or not bytes.
    pub fn bytes(&self, index: usize) -> Result<Vec<u8>> {
        self.bytes_opt(index)?.ok_or(Error::Column { index })
    }

    /// Bytes, or NULL.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] when it is not bytes.
    pub fn bytes_opt(&self, index: usize) -> Result<Option<Vec<u8>>> {
        match self.0 {
            Engine::Sqlite(row) => match sqlite(row, index)? {
                ValueRef::Null => Ok(None),
                ValueRef::Blob(bytes) => Ok(Some(bytes.to_vec())),
                _ => Err(Error::Column { index }),
            },
            Engine::Postgres(row) => match postgres(row, index)? {
                None => Ok(None),
                Some(Cell::Bytes(bytes)) => Ok(Some(bytes.to_vec())),
                Some(_) => Err(Error::Column { index }),
            },
        }
    }

    /// Yes or no, stored as 1 or 0.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] when it is anything else.
    pub fn flag(&self, index: usize) -> Result<bool> {
        match self.int(index)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Error::Column { index }),
        }
    }

    /// An instant, stored as microseconds since 1970 UTC.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] when it is NULL, or out of range.
    pub fn time(&self, index: usize) -> Result<Timestamp> {
        self.time_opt(index)?.ok_or(Error::Column { index })
    }

    /// An instant, or NULL.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] when it is out of range.
    pub fn time_opt(&self, index: usize) -> Result<Option<Timestamp>> {
        let stored = self.int_opt(index)?.map(Timestamp::from_microsecond).transpose();
        stored.map_err(|_| Error::Column { index })
    }

    /// An id, a word, a date: whatever parses from text.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] when it is NULL, or does not parse.
    pub fn parse<T: FromStr>(&self, index: usize) -> Result<T> {
        self.parse_opt(index)?.ok_or(Error::Column { index })
    }

    /// The same, or NULL.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] when it does not parse.
    pub fn parse_opt<T: FromStr>(&self, index: usize) -> Result<Option<T>> {
        let parsed = self.text_opt(index)?.map(|text| text.parse()).transpose();
        parsed.map_err(|_| Error::Column { index })
    }
}

fn sqlite<'r>(row: &'r rusqlite::Row<'_>, index: usize) -> Result<ValueRef<'r>> {
    row.get_ref(index).map_err(|_| Error::Column { index })
}

fn postgres(row: &tokio_postgres::Row, index: usize) -> Result<Option<Cell<'_>>> {
    row.try_get(index).map_err(|_| Error::Column { index })
}
