//! Writes a file: plain pages, unpacked, without missing values.
//!
//! # Invariants
//!
//! - The same cells give the same bytes.

use std::io::Write;

use crate::page::{PLAIN, RUNS};
use crate::thrift::{BYTES, I32, I64, LIST, STRUCT};
use crate::{ColumnsError, MAGIC, Result};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// UTF-8.
    Text,
    /// 64 bits with a sign.
    Whole,
    /// A double.
    Real,
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// For [`Form::Text`].
    Text(&'a str),
    /// For [`Form::Whole`].
    Whole(i64),
    /// For [`Form::Real`].
    Real(f64),
}

/// Rows of a group, at most.
const GROUP_ROWS: usize = 1 << 17;

/// Bytes of one column from which on a group is ended.
const GROUP_BYTES: usize = 16 << 20;

/// A writer of rows.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
    columns: Vec<(&'static str, Form, Vec<u8>)>,
    at: u64,
    rows: usize,
    all: usize,
    /// The groups, as they stand in the footer.
    groups: Thrift,
    many: usize,
}

/// The compact protocol, as far as it is written.
#[derive(Debug, Default)]
struct Thrift {
    bytes: Vec<u8>,
    last: Vec<i64>,
}

impl<W: Write> Writer<W> {
    /// Begins a file with these columns.
    ///
    /// # Errors
    ///
    /// [`ColumnsError::Io`] when nothing can be written.
    pub fn new(mut to: W, columns: &[(&'static str, Form)]) -> Result<Self> {
        to.write_all(&MAGIC)?;
        let columns = columns.iter().map(|(name, form)| (*name, *form, Vec::new())).collect();
        let at = u64::try_from(MAGIC.len()).unwrap_or(4);
        Ok(Self { to, columns, at, rows: 0, all: 0, groups: Thrift::default(), many: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// [`ColumnsError::Unknown`] when a cell is not of its column's form,
    /// [`ColumnsError::TooMuch`] when a text is longer than a reader takes, and
    /// [`ColumnsError::Io`] when nothing can be written.
    pub fn push(&mut self, row: &[Cell<'_>]) -> Result<()> {
        if row.len() != self.columns.len() {
            return Err(ColumnsError::Unknown("a row has not one value a column"));
        }
        for ((_, form, bytes), cell) in self.columns.iter_mut().zip(row) {
            match (form, cell) {
                (Form::Text, Cell::Text(text)) => {
                    let many = u32::try_from(text.len()).ok();
                    let many = many.filter(|_| text.len() <= crate::VALUE_MAX);
                    let many = many.ok_or(ColumnsError::TooMuch("a value of more than 64 kB"))?;
                    bytes.extend_from_slice(&many.to_le_bytes());
                    bytes.extend_from_slice(text.as_bytes());
                }
                (Form::Whole, Cell::Whole(value)) => bytes.extend_from_slice(&value.to_le_bytes()),
                (Form::Real, Cell::Real(value)) => bytes.extend_from_slice(&value.to_le_bytes()),
                _ => return Err(ColumnsError::Unknown("a cell is not of its column's form")),
            }
        }
        self.rows += 1;
        let is_full = self.columns.iter().any(|(.., bytes)| bytes.len() >= GROUP_BYTES);
        if is_full || self.rows == GROUP_ROWS { self.end_group() } else { Ok(()) }
    }

    /// Ends the file; `notes` are what it says of itself.
    ///
    /// # Errors
    ///
    /// [`ColumnsError::Io`] when nothing can be written.
    pub fn finish(mut self, notes: &[(&str, &str)]) -> Result<W> {
        self.end_group()?;
        let footer = self.footer(notes);
        self.to.write_all(&footer)?;
        let len = u32::try_from(footer.len());
        let len = len.map_err(|_| ColumnsError::TooMuch("a footer of more than 16 MB"))?;
        self.to.write_all(&len.to_le_bytes())?;
        self.to.write_all(&MAGIC)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn end_group(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let rows = self.rows;
        let mut total = 0;
        self.groups.open();
        self.groups.list(1, STRUCT, self.columns.len());
        for (name, form, bytes) in &mut self.columns {
            let head = head(bytes.len(), rows);
            self.to.write_all(&head)?;
            self.to.write_all(bytes)?;
            let long = head.len() + bytes.len();
            describe(&mut self.groups, name, *form, (rows, long, self.at));
            self.at += u64::try_from(long).unwrap_or(0);
            total += long;
            bytes.clear();
        }
        self.groups.int(2, I64, total);
        self.groups.int(3, I64, rows);
        self.groups.close();
        self.many += 1;
        self.all += rows;
        self.rows = 0;
        Ok(())
    }

    fn footer(&self, notes: &[(&str, &str)]) -> Vec<u8> {
        let mut to = Thrift::default();
        to.open();
        to.int(1, I32, 1);
        to.list(2, STRUCT, self.columns.len() + 1);
        to.open();
        to.text(4, "rows");
        to.int(5, I32, self.columns.len());
        to.close();
        for (name, form, _) in &self.columns {
            to.open();
            to.int(1, I32, form.number());
            to.int(3, I32, 0);
            to.text(4, name);
            if *form == Form::Text {
                to.int(6, I32, 0);
                // By the newer of the two ways to say so: a union, whose first is text.
                to.field(10, STRUCT);
                to.open();
                to.field(1, STRUCT);
                to.open();
                to.close();
                to.close();
            }
            to.close();
        }
        to.int(3, I64, self.all);
        to.list(4, STRUCT, self.many);
        to.bytes.extend_from_slice(&self.groups.bytes);
        to.list(5, STRUCT, notes.len());
        for (key, value) in notes {
            to.open();
            to.text(1, key);
            to.text(2, value);
            to.close();
        }
        to.text(6, "ken-columns");
        to.close();
        to.bytes
    }
}

impl Form {
    /// Its physical kind.
    const fn number(self) -> usize {
        match self {
            Self::Whole => 2,
            Self::Real => 5,
            Self::Text => 6,
        }
    }
}

fn head(len: usize, rows: usize) -> Vec<u8> {
    let mut to = Thrift::default();
    to.open();
    to.int(1, I32, 0);
    to.int(2, I32, len);
    to.int(3, I32, len);
    to.field(5, STRUCT);
    to.open();
    to.int(1, I32, rows);
    for (id, encoding) in [(2, PLAIN), (3, RUNS), (4, RUNS)] {
        to.int(id, I32, usize::try_from(encoding).unwrap_or(0));
    }
    to.close();
    to.close();
    to.bytes
}

/// Says where a column of a group stands.
fn describe(to: &mut Thrift, name: &str, form: Form, (rows, long, at): (usize, usize, u64)) {
    let at = usize::try_from(at).unwrap_or(0);
    to.open();
    to.int(2, I64, at);
    to.field(3, STRUCT);
    to.open();
    to.int(1, I32, form.number());
    to.list(2, I32, 1);
    to.number(0);
    to.list(3, BYTES, 1);
    to.bare(name);
    to.int(4, I32, 0);
    to.int(5, I64, rows);
    to.int(6, I64, long);
    to.int(7, I64, long);
    to.int(9, I64, at);
    to.close();
    to.close();
}

impl Thrift {
    fn open(&mut self) {
        self.last.push(0);
    }

    fn close(&mut self) {
        self.bytes.push(0);
        self.last.pop();
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.bytes.push(value.to_le_bytes()[0]);
    }

    /// A number that is not below none, which the protocol writes doubled.
    fn number(&mut self, value: usize) {
        self.varint(u64::try_from(value).unwrap_or(0) << 1);
    }

    fn bare(&mut self, text: &str) {
        self.varint(u64::try_from(text.len()).unwrap_or(0));
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// The head of a field; ids are fewer than sixteen apart.
    fn field(&mut self, id: u8, kind: u8) {
        let last = self.last.last().copied().unwrap_or(0);
        let step = u8::try_from(i64::from(id) - last).unwrap_or(0);
        self.bytes.push(step << 4 | kind);
        if let Some(last) = self.last.last_mut() {
            *last = i64::from(id);
        }
    }

    fn int(&mut self, id: u8, kind: u8, value: usize) {
        self.field(id, kind);
        self.number(value);
    }

    fn text(&mut self, id: u8, text: &str) {
        self.field(id, BYTES);
        self.bare(text);
    }

    fn list(&mut self, id: u8, kind: u8, many: usize) {
        self.field(id, LIST);
        match u8::try_from(many) {
            Ok(few) if few < 15 => self.bytes.push(few << 4 | kind),
            _ => {
                self.bytes.push(15 << 4 | kind);
                self.varint(u64::try_from(many).unwrap_or(0));
            }
        }
    }
}
