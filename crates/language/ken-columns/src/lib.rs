//! Files of columns: reads and writes flat Parquet, and reads comma-separated lines, row by row and
//! within bounds.
//!
//! [`Reader`] gives the values of the columns that were asked for as text, as a reader of CSV
//! would, which is [`Lines`]; [`Writer`] writes texts and numbers.
//!
//! # Invariants
//!
//! - Any bytes are read or refused with a code; no claim of a file makes memory: every length is
//!   compared with the bytes that are there, or with a stated bound, before anything is reserved.
//! - Of each column that is read one page and one dictionary are held, of a file its footer.
//!
//! # Sources
//!
//! - The Apache Parquet format, 2.11: `parquet.thrift`, `Encodings.md`, `Compression.md`.
//! - The compact protocol of Apache Thrift.
//!
//! Lists and structures in columns, encryption, and the encodings by difference are not read: they
//! are refused by name.

mod column;
mod copies;
mod footer;
mod hybrid;
mod kind;
mod lines;
mod lz4;
mod page;
mod read;
mod snappy;
mod thrift;
mod write;

use std::io;

use thiserror::Error;

pub use lines::Lines;
pub use read::Reader;
pub use write::{Cell, Form, Writer};

/// What stands at both ends of a file.
pub const MAGIC: [u8; 4] = *b"PAR1";

/// Longest footer, in bytes. House policy: that of a thousand columns in a thousand groups of rows
/// takes a few million.
const FOOTER_MAX: usize = 16 << 20;

/// Longest page, as it is in memory and as it is in the file, in bytes. House policy: writers make
/// pages of one million, and the largest dictionaries seen have some tens of millions.
const PAGE_MAX: usize = 64 << 20;

/// As much as pages and dictionaries of all columns that are read may take together, in bytes.
const HELD_MAX: usize = 1 << 30;

/// Longest value, in bytes. House policy: no value of a person has a hundredth of it.
const VALUE_MAX: usize = 64 << 10;

/// Most columns.
const COLUMNS_MAX: usize = 1_000;

/// So many rows a small file may have; a larger one has at most [`ROWS_A_BYTE`] for each byte.
const ROWS_SMALL: u64 = 1_000_000;

/// House policy: one value repeated takes next to nothing in a file, and a file of people has more
/// to say of each than half a bit.
const ROWS_A_BYTE: u64 = 16;

/// Why a file is not read or written.
#[derive(Debug, Error)]
pub enum ColumnsError {
    /// It does not begin and end as Parquet does.
    #[error("no Parquet file, or only the beginning of one")]
    NotParquet,
    /// It contradicts itself or the format.
    #[error("a broken Parquet file: {0}")]
    Broken(&'static str),
    /// It holds, or claims to hold, more than is read.
    #[error("more than is read of a Parquet file: {0}")]
    TooMuch(&'static str),
    /// A column is compressed, encoded or typed in a way that is not read.
    #[error("a column is written in a way that is not read: {0}")]
    Unknown(&'static str),
    /// The file cannot be read or written.
    #[error("the file cannot be read or written")]
    Io(#[from] io::Error),
}

impl ColumnsError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotParquet => "columns.not-parquet",
            Self::Broken(_) => "columns.broken",
            Self::TooMuch(_) => "columns.too-much",
            Self::Unknown(_) => "columns.unknown",
            Self::Io(_) => "columns.unread",
        }
    }
}

/// What reading gives.
type Result<T> = std::result::Result<T, ColumnsError>;

/// A length of a file as one of memory.
fn size(of: i64, what: &'static str) -> Result<usize> {
    usize::try_from(of).map_err(|_| ColumnsError::Broken(what))
}
