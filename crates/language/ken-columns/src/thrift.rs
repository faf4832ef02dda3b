//! The compact protocol of Thrift, as far as footers and page heads need it.
//!
//! # Invariants
//!
//! - Nothing is reserved: a list is a count that is no greater than the bytes that follow.
//! - What is not known is stepped over, at most [`DEPTH_MAX`] deep.

use crate::{ColumnsError, Result};

/// Kinds of values by their number.
pub(crate) const TRUE: u8 = 1;
pub(crate) const FALSE: u8 = 2;
pub(crate) const I32: u8 = 5;
pub(crate) const I64: u8 = 6;
pub(crate) const BYTES: u8 = 8;
pub(crate) const LIST: u8 = 9;
pub(crate) const STRUCT: u8 = 12;

/// Deepest nesting; footers have five.
const DEPTH_MAX: u8 = 16;

const SHORT: ColumnsError = ColumnsError::Broken("it ends within a value");

/// Bytes that are being read.
#[derive(Debug, Clone)]
pub(crate) struct Thrift<'a> {
    rest: &'a [u8],
}

impl<'a> Thrift<'a> {
    pub(crate) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// How many bytes are left.
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    fn take(&mut self, many: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(many).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        let (byte, rest) = self.rest.split_first().ok_or(SHORT)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ColumnsError::Broken("a number without end"))
    }

    /// A whole number.
    pub(crate) fn int(&mut self) -> Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// Bytes with their length before them.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        let many = usize::try_from(self.varint()?).map_err(|_| SHORT)?;
        self.take(many)
    }

    /// The kind and number of the elements that follow.
    pub(crate) fn list(&mut self) -> Result<(u8, usize)> {
        let head = self.byte()?;
        let many = match head >> 4 {
            15 => usize::try_from(self.varint()?).map_err(|_| SHORT)?,
            few => usize::from(few),
        };
        // Each element takes a byte at least.
        if many > self.left() { Err(SHORT) } else { Ok((head & 15, many)) }
    }

    /// Goes through the fields of a structure; what `each` does not take is stepped over.
    pub(crate) fn fields(
        &mut self,
        mut each: impl FnMut(&mut Self, i64, u8) -> Result<bool>,
    ) -> Result<()> {
        let mut id = 0i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            id = match head >> 4 {
                0 => self.int()?,
                step => id.saturating_add(i64::from(step)),
            };
            let kind = head & 15;
            if !each(self, id, kind)? {
                self.skip(kind, 0)?;
            }
        }
    }

    /// Each element of a list of structures, of which there are at most so many: one may take a
    /// byte in the file and a hundred in memory.
    pub(crate) fn each(
        &mut self,
        most: usize,
        mut element: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<bool> {
        let (kind, many) = self.list()?;
        if kind != STRUCT && many > 0 {
            return Err(ColumnsError::Broken("a list of something else"));
        }
        for at in 0..many {
            if at >= most {
                return Err(ColumnsError::TooMuch("a longer list than a footer needs"));
            }
            element(self)?;
        }
        Ok(true)
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Result<()> {
        if depth > DEPTH_MAX {
            return Err(ColumnsError::Broken("it is nested without end"));
        }
        match kind {
            TRUE | FALSE => {}
            3 => drop(self.byte()?),
            4 | I32 | I64 => drop(self.varint()?),
            7 => drop(self.take(8)?),
            BYTES => drop(self.bytes()?),
            LIST | 10 => {
                let (kind, many) = self.list()?;
                (0..many).try_for_each(|_| self.element(kind, depth + 1))?;
            }
            11 => self.skip_map(depth)?,
            STRUCT => loop {
                let head = self.byte()?;
                if head == 0 {
                    break;
                }
                if head >> 4 == 0 {
                    self.int()?;
                }
                self.skip(head & 15, depth + 1)?;
            },
            16 => drop(self.take(16)?),
            _ => return Err(ColumnsError::Broken("a kind of value that there is not")),
        }
        Ok(())
    }

    fn skip_map(&mut self, depth: u8) -> Result<()> {
        let many = usize::try_from(self.varint()?).map_err(|_| SHORT)?;
        if many == 0 {
            return Ok(());
        }
        let kinds = self.byte()?;
        if many > self.left() {
            return Err(SHORT);
        }
        (0..many).try_for_each(|_| {
            self.element(kinds >> 4, depth + 1)?;
            self.element(kinds & 15, depth + 1)
        })
    }

    /// In a list, what is true or false takes a byte.
    fn element(&mut self, kind: u8, depth: u8) -> Result<()> {
        if kind == TRUE || kind == FALSE { self.byte().map(drop) } else { self.skip(kind, depth) }
    }
}
