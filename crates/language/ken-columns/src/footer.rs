//! The end of a file: which columns there are, and where their pages stand.
//!
//! # Invariants
//!
//! - Every part of a column lies within the file, and a file has no more rows than its bytes can
//!   mean ([`crate::ROWS_A_BYTE`]).

use crate::kind::{DAY_MS, Int, Kind};
use crate::thrift::{BYTES, I32, I64, LIST, STRUCT, TRUE, Thrift};
use crate::{COLUMNS_MAX, ColumnsError, ROWS_A_BYTE, ROWS_SMALL, Result, size};

/// Most parts of a schema: each column in a structure in a structure.
const ELEMENTS_MAX: usize = 4 * COLUMNS_MAX;
/// Most groups of rows. House policy: writers begin a new one after tens of thousands of rows.
const GROUPS_MAX: usize = 10_000;
/// Most parts of columns in all groups together: each takes 32 bytes in memory, and may take three
/// in the file.
const CHUNKS_MAX: usize = 1_000_000;
/// Most notes of whoever wrote it. House policy: they leave a handful.
const NOTES_MAX: usize = 1_000;

/// What the end of a file says.
#[derive(Debug, Default)]
pub(crate) struct Footer {
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) groups: Vec<Group>,
    pub(crate) rows: u64,
    pub(crate) notes: Vec<(String, String)>,
}

/// A column that holds one value a row, or none.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether a row may be without.
    pub(crate) is_optional: bool,
    /// Its place among all columns of a group, those in structures included.
    pub(crate) at: usize,
}

/// Rows that stand together.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) rows: u64,
    pub(crate) chunks: Vec<Chunk>,
}

/// Where a column of a group stands in the file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chunk {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) codec: i64,
    pub(crate) values: u64,
}

/// A part of the schema as it is written: depth first.
#[derive(Debug, Default)]
struct Element {
    kind: Option<i64>,
    len: i64,
    repetition: i64,
    name: String,
    children: i64,
    int: Int,
}

impl Footer {
    /// Reads a footer of a file that has `bytes` bytes before it.
    pub(crate) fn read(text: &[u8], bytes: u64) -> Result<Self> {
        let mut footer = Self::default();
        let (mut elements, mut left) = (Vec::new(), CHUNKS_MAX);
        Thrift::new(text).fields(|from, id, kind| match (id, kind) {
            (2, LIST) => from.each(ELEMENTS_MAX, |from| {
                elements.push(Element::read(from)?);
                Ok(())
            }),
            (4, LIST) => from.each(GROUPS_MAX, |from| {
                let group = Group::read(from, bytes, left)?;
                left -= group.chunks.len();
                footer.groups.push(group);
                Ok(())
            }),
            (5, LIST) => from.each(NOTES_MAX, |from| {
                footer.notes.push(note(from)?);
                Ok(())
            }),
            _ => Ok(false),
        })?;
        let columns = footer.shape(&elements)?;
        for group in &footer.groups {
            if group.chunks.len() != columns {
                return Err(ColumnsError::Broken("a group of rows has not all columns"));
            }
            footer.rows = footer.rows.saturating_add(group.rows);
        }
        if footer.rows > ROWS_SMALL.max(bytes.saturating_mul(ROWS_A_BYTE)) {
            return Err(ColumnsError::TooMuch("more rows than so few bytes can mean"));
        }
        Ok(footer)
    }

    /// Finds the plain columns; gives how many there are, those in structures included.
    fn shape(&mut self, elements: &[Element]) -> Result<usize> {
        let mut open: Vec<i64> = Vec::new();
        let mut at = 0;
        for (place, of) in elements.iter().enumerate() {
            if let Some(left) = open.last_mut() {
                *left -= 1;
            } else if place > 0 {
                return Err(ColumnsError::Broken("a column of nothing"));
            }
            if of.kind.is_none() {
                open.push(of.children);
            } else {
                if open.len() == 1 && of.repetition < 2 {
                    let kind =
                        Kind::of(of.kind, of.int, size(of.len, "a value of less than none")?);
                    let (name, is_optional) = (of.name.clone(), of.repetition == 1);
                    self.leaves.push(Leaf { name, kind, is_optional, at });
                }
                at += 1;
            }
            while open.len() > 1 && open.last().is_some_and(|left| *left <= 0) {
                open.pop();
            }
        }
        if at > COLUMNS_MAX {
            return Err(ColumnsError::TooMuch("more than a thousand columns"));
        }
        Ok(at)
    }
}

impl Element {
    fn read(from: &mut Thrift<'_>) -> Result<Self> {
        let mut of = Self::default();
        let mut converted = None;
        let mut logical = None;
        from.fields(|from, id, kind| {
            match (id, kind) {
                (1, I32) => of.kind = Some(from.int()?),
                (2, I32) => of.len = from.int()?,
                (3, I32) => of.repetition = from.int()?,
                (4, BYTES) => of.name = String::from_utf8_lossy(from.bytes()?).into_owned(),
                (5, I32) => of.children = from.int()?,
                (6, I32) => converted = Some(from.int()?),
                (10, STRUCT) => logical = meaning(from)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        of.int = logical.unwrap_or(match converted {
            Some(6) => Int::Days,
            Some(9) => Int::Parts(DAY_MS, true),
            Some(10) => Int::Parts(DAY_MS * 1_000, true),
            Some(11..=14) => Int::Unsigned,
            // Decimals, times of a day, and spans.
            Some(5 | 7 | 8 | 21) => Int::Other,
            _ => Int::Signed,
        });
        Ok(of)
    }
}

/// What a number means, by the newer of the two ways to say so.
fn meaning(from: &mut Thrift<'_>) -> Result<Option<Int>> {
    let mut found = None;
    from.fields(|from, id, kind| {
        if kind != STRUCT {
            return Ok(false);
        }
        match id {
            5 | 7 => found = Some(Int::Other),
            6 => found = Some(Int::Days),
            8 => {
                let (mut unit, mut of_greenwich) = (None, false);
                from.fields(|from, id, kind| match (id, kind) {
                    (1, kind) => {
                        of_greenwich = kind == TRUE;
                        Ok(false)
                    }
                    (2, STRUCT) => {
                        from.fields(|_, id, _| {
                            unit = Some(id);
                            Ok(false)
                        })?;
                        Ok(true)
                    }
                    _ => Ok(false),
                })?;
                found = Some(match unit {
                    Some(1) => Int::Parts(DAY_MS, of_greenwich),
                    Some(2) => Int::Parts(DAY_MS * 1_000, of_greenwich),
                    Some(3) => Int::Parts(DAY_MS * 1_000_000, of_greenwich),
                    _ => Int::Other,
                });
                return Ok(true);
            }
            _ => {}
        }
        Ok(false)
    })?;
    Ok(found)
}

impl Group {
    /// Reads a group of at most `most` parts of columns.
    fn read(from: &mut Thrift<'_>, bytes: u64, most: usize) -> Result<Self> {
        let mut of = Self::default();
        let mut rows = 0;
        from.fields(|from, id, kind| match (id, kind) {
            (1, LIST) => from.each(COLUMNS_MAX.min(most), |from| {
                of.chunks.push(Chunk::read(from, bytes)?);
                Ok(())
            }),
            (3, I64) => {
                rows = from.int()?;
                Ok(true)
            }
            _ => Ok(false),
        })?;
        of.rows = whole(rows)?;
        Ok(of)
    }
}

impl Chunk {
    fn read(from: &mut Thrift<'_>, bytes: u64) -> Result<Self> {
        let (mut of, mut elsewhere) = (None, false);
        from.fields(|from, id, kind| {
            match (id, kind) {
                (1, BYTES) => elsewhere = !from.bytes()?.is_empty(),
                (3, STRUCT) => of = Some(Self::describe(from)?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        match of {
            _ if elsewhere => Err(ColumnsError::Unknown("it stands in another file")),
            None => Err(ColumnsError::Broken("a column that says nothing of itself")),
            Some(of) if of.to > bytes => {
                Err(ColumnsError::Broken("a column beyond the end of the file"))
            }
            Some(of) => Ok(of),
        }
    }

    fn describe(from: &mut Thrift<'_>) -> Result<Self> {
        let [mut codec, mut values, mut len, mut data] = [0i64; 4];
        let mut dictionary = None;
        from.fields(|from, id, kind| {
            match (id, kind) {
                (4, I32) => codec = from.int()?,
                (5, I64) => values = from.int()?,
                (7, I64) => len = from.int()?,
                (9, I64) => data = from.int()?,
                (11, I64) => dictionary = Some(from.int()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        // Some writers say that a dictionary stands at 0, where there is none.
        let first = dictionary.filter(|at| (1..data).contains(at)).unwrap_or(data);
        let (from, values) = (whole(first)?, whole(values)?);
        Ok(Self { from, to: from.saturating_add(whole(len)?), codec, values })
    }
}

fn whole(of: i64) -> Result<u64> {
    u64::try_from(of).map_err(|_| ColumnsError::Broken("a length of less than none"))
}

fn note(from: &mut Thrift<'_>) -> Result<(String, String)> {
    let (mut key, mut value) = (String::new(), String::new());
    from.fields(|from, id, kind| {
        let text = match (id, kind) {
            (1, BYTES) => &mut key,
            (2, BYTES) => &mut value,
            _ => return Ok(false),
        };
        *text = String::from_utf8_lossy(from.bytes()?).into_owned();
        Ok(true)
    })?;
    Ok((key, value))
}
