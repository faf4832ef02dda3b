//! A file, row by row.

use std::fmt;
use std::io::{Read, Seek, SeekFrom};

use crate::column::Column;
use crate::footer::Footer;
use crate::kind::Kind;
use crate::{ColumnsError, FOOTER_MAX, HELD_MAX, MAGIC, Result};

/// A reader of the rows of a file, as texts.
pub struct Reader<R> {
    from: R,
    footer: Footer,
    columns: Vec<Column>,
    /// The place among `columns` of each column of the file.
    places: Vec<Option<usize>>,
    group: usize,
    left: u64,
    held: usize,
    packed: Vec<u8>,
    /// The greatest mark of a value so far, in this group.
    marks: u32,
}

impl<R> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({} rows)", self.footer.rows)
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Reads the end of a file, which says what is in it.
    ///
    /// # Errors
    ///
    /// [`ColumnsError`] when it is no Parquet file, broken, or larger than is read.
    pub fn open(mut from: R) -> Result<Self> {
        let bytes = from.seek(SeekFrom::End(0))?;
        // The mark, the length of the footer, and the mark.
        let long = u64::try_from(MAGIC.len() * 3).unwrap_or(12);
        let tail = bytes.checked_sub(8).filter(|_| bytes >= long);
        let tail = tail.ok_or(ColumnsError::NotParquet)?;
        let mut first = [0; 4];
        from.seek(SeekFrom::Start(0))?;
        from.read_exact(&mut first)?;
        let (mut len, mut last) = ([0; 4], [0; 4]);
        from.seek(SeekFrom::Start(tail))?;
        from.read_exact(&mut len)?;
        from.read_exact(&mut last)?;
        if first != MAGIC || last != MAGIC {
            return Err(ColumnsError::NotParquet);
        }
        let len = u64::from(u32::from_le_bytes(len));
        if len > u64::try_from(FOOTER_MAX).unwrap_or(0) {
            return Err(ColumnsError::TooMuch("a footer of more than 16 MB"));
        }
        let before = tail.checked_sub(len).ok_or(ColumnsError::Broken("a footer without room"))?;
        let mut text = Vec::new();
        from.seek(SeekFrom::Start(before))?;
        from.by_ref().take(len).read_to_end(&mut text)?;
        let footer = Footer::read(&text, before)?;
        let places = vec![None; footer.leaves.len()];
        let (columns, packed, marks) = (Vec::new(), Vec::new(), 0);
        Ok(Self { from, footer, columns, places, group: 0, left: 0, held: 0, packed, marks })
    }

    /// The names of the columns that hold one value a row.
    pub fn heads(&self) -> impl Iterator<Item = &str> {
        self.footer.leaves.iter().map(|leaf| leaf.name.as_str())
    }

    /// How many rows there are, as the file says.
    pub const fn rows(&self) -> u64 {
        self.footer.rows
    }

    /// What a file says of itself under a name.
    pub fn note(&self, name: &str) -> Option<&str> {
        let found = self.footer.notes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Says which columns are read, by their place among [`Self::heads`]; the others are never
    /// touched. Rows are read from the first on.
    ///
    /// # Errors
    ///
    /// [`ColumnsError::Unknown`] when a column holds what cannot be told as text.
    pub fn select(&mut self, columns: impl IntoIterator<Item = usize>) -> Result<()> {
        (self.group, self.left, self.held) = (0, 0, 0);
        self.columns.clear();
        self.places.iter_mut().for_each(|place| *place = None);
        for column in columns {
            let leaf = self.footer.leaves.get(column);
            let Some((leaf, place)) = leaf.zip(self.places.get_mut(column)) else { continue };
            if leaf.kind == Kind::Other {
                return Err(ColumnsError::Unknown("its kind of value"));
            }
            if place.is_none() {
                *place = Some(self.columns.len());
                self.columns.push(Column::new(leaf.clone()));
            }
        }
        Ok(())
    }

    /// Goes to the next row; `false` after the last.
    ///
    /// # Errors
    ///
    /// [`ColumnsError`] when the file is broken there, or larger than is read.
    #[expect(clippy::should_implement_trait, reason = "a row is lent, which no iterator does")]
    pub fn next(&mut self) -> Result<bool> {
        while self.left == 0 {
            let Some(group) = self.footer.groups.get(self.group) else { return Ok(false) };
            (self.group, self.left, self.marks) = (self.group + 1, group.rows, 0);
            for column in &mut self.columns {
                let chunk = group.chunks.get(column.leaf.at).copied().unwrap_or_default();
                if chunk.values != group.rows {
                    return Err(ColumnsError::Broken("a column has not one value a row"));
                }
                self.held -= column.held();
                column.begin(chunk);
                self.held += column.held();
            }
        }
        self.left -= 1;
        for column in &mut self.columns {
            if column.left == 0 {
                self.held -= column.held();
                let most = HELD_MAX.saturating_sub(self.held);
                column.load(&mut self.from, &mut self.packed, most, &mut self.marks)?;
                self.held += column.held();
            }
            column.step()?;
        }
        Ok(true)
    }

    /// A value of the row by its column's place among [`Self::heads`]; empty where it is missing,
    /// or was not selected.
    pub fn get(&self, column: usize) -> &str {
        let place = self.places.get(column).copied().flatten();
        place.and_then(|place| self.columns.get(place)).map_or("", Column::get)
    }

    /// A mark of the row's value in a column: within one group of rows ([`Self::group`]) the same
    /// mark is the same text, so that whoever has read the text once need not read it again. 0
    /// where it has none, because no dictionary holds it.
    pub fn mark(&self, column: usize) -> u32 {
        let place = self.places.get(column).copied().flatten();
        place.and_then(|place| self.columns.get(place)).map_or(0, Column::mark)
    }

    /// In which group of rows the row is, from 1; marks are the group's.
    pub const fn group(&self) -> usize {
        self.group
    }

    /// How many values so far were no UTF-8, and were read as ISO 8859-1.
    pub fn mended(&self) -> u64 {
        self.columns.iter().map(|column| column.mended).sum()
    }
}
