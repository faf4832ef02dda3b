//! The rows of a file, whichever of the two kinds it is: CSV by the line, Parquet by the column.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ken_columns::{ColumnsError, Lines, MAGIC};

use crate::trouble::{NOTHING_DONE, Trouble};

/// How much of a file is read at once.
const ROOM: usize = 1 << 18;

/// Fewest bytes of a file of columns that a row is thought to take. House policy: made-up people
/// take thirty, packed by Zstandard.
const ROW_MIN: u64 = 8;

/// Longest id, in bytes. House policy: no register has a quarter of it.
const NAME_MAX: usize = 256;

/// A file while it is read.
#[derive(Debug)]
pub(super) struct Rows {
    path: PathBuf,
    from: From,
    /// Bytes of the file.
    len: u64,
}

#[derive(Debug)]
enum From {
    Lines(Lines<BufReader<File>>),
    Columns(Box<ken_columns::Reader<File>>),
}

impl Rows {
    /// Opens a file: by how it begins, else by its name.
    pub(super) fn open(path: &Path) -> Result<Self, Trouble> {
        let unread = |error| unread(path, error);
        let mut file = File::open(path).map_err(unread)?;
        let len = file.metadata().map_err(unread)?.len();
        let mut first = Vec::new();
        file.by_ref().take(4).read_to_end(&mut first).map_err(unread)?;
        file.seek(SeekFrom::Start(0)).map_err(unread)?;
        let from = if is_columns(path) || first == MAGIC {
            let reader = ken_columns::Reader::open(file).map_err(|error| broken(path, error))?;
            From::Columns(Box::new(reader))
        } else {
            let between =
                if path.extension().is_some_and(|ext| ext == "tsv") { b'\t' } else { b',' };
            From::Lines(Lines::new(BufReader::with_capacity(ROOM, file), between))
        };
        Ok(Self { path: path.to_owned(), from, len })
    }

    /// The names of the columns, which are read first and once.
    pub(super) fn heads(&mut self) -> Result<Vec<String>, Trouble> {
        match &mut self.from {
            From::Columns(reader) => Ok(reader.heads().map(str::to_owned).collect()),
            From::Lines(reader) => {
                if !reader.next().map_err(|error| unread(&self.path, error))? {
                    let what = format!("{} is empty.", self.path.display());
                    let next = "Name a file whose first line names its columns.";
                    return Err(Trouble::new("ken.match-columns", what, NOTHING_DONE, next));
                }
                Ok(reader.values().map(|name| name.trim().to_owned()).collect())
            }
        }
    }

    /// Says which columns will be asked for.
    pub(super) fn select(
        &mut self,
        columns: impl IntoIterator<Item = usize>,
    ) -> Result<(), Trouble> {
        match &mut self.from {
            From::Columns(reader) => {
                reader.select(columns).map_err(|error| broken(&self.path, error))
            }
            From::Lines(_) => Ok(()),
        }
    }

    /// Goes to the next row; `false` after the last.
    pub(super) fn next(&mut self) -> Result<bool, Trouble> {
        match &mut self.from {
            From::Columns(reader) => reader.next().map_err(|error| broken(&self.path, error)),
            From::Lines(reader) => reader.next().map_err(|error| unread(&self.path, error)),
        }
    }

    /// A value of the row, empty where there is none.
    pub(super) fn get(&self, column: Option<usize>) -> &str {
        match &self.from {
            From::Columns(reader) => column.map_or("", |at| reader.get(at)),
            From::Lines(reader) => reader.get(column),
        }
    }

    /// The mark of a value of the row, 0 where it has none; see [`ken_columns::Reader::mark`].
    pub(super) fn mark(&self, column: Option<usize>) -> u32 {
        match &self.from {
            From::Columns(reader) => column.map_or(0, |at| reader.mark(at)),
            From::Lines(_) => 0,
        }
    }

    /// In which part of the file the row is; marks are the part's.
    pub(super) fn part(&self) -> usize {
        match &self.from {
            From::Columns(reader) => reader.group(),
            From::Lines(_) => 0,
        }
    }

    /// For how many rows there should be room, where the file says it: it is believed one for each
    /// [`ROW_MIN`] bytes, so that no claim makes much memory.
    pub(super) fn expected(&self) -> usize {
        let believed = self.len / ROW_MIN;
        match &self.from {
            From::Columns(reader) => {
                usize::try_from(reader.rows().min(believed)).unwrap_or(usize::MAX)
            }
            From::Lines(_) => 0,
        }
    }

    /// What a record or a person is called: kept for each, where other values are kept once.
    pub(super) fn name(&self, column: Option<usize>) -> Result<&str, Trouble> {
        let name = self.get(column);
        if name.len() > NAME_MAX {
            let what = format!("{} calls a record by a long text.", self.path.display());
            let next = "Say with --map which column holds the ids: at most 256 bytes each.";
            return Err(Trouble::new("ken.match-id", what, NOTHING_DONE, next));
        }
        Ok(name)
    }

    /// Records, or values, that were no UTF-8.
    pub(super) fn mended(&self) -> u64 {
        match &self.from {
            From::Columns(reader) => reader.mended(),
            From::Lines(reader) => reader.mended(),
        }
    }
}

/// Whether a file is of columns, by its name.
pub(super) fn is_columns(path: &Path) -> bool {
    let ext = path.extension().and_then(|ext| ext.to_str());
    ext.is_some_and(|ext| ["parquet", "pq"].contains(&ext.to_ascii_lowercase().as_str()))
}

fn unread(file: &Path, error: std::io::Error) -> Trouble {
    let what = format!("{} cannot be read.", file.display());
    let next = "Name a CSV or Parquet file that exists and that this account may read.";
    Trouble::new("ken.match-unread", what, NOTHING_DONE, next).because(error)
}

fn broken(file: &Path, error: ColumnsError) -> Trouble {
    let what = format!("{} cannot be read.", file.display());
    let next = "Write it anew: plain columns, packed by Snappy, gzip, LZ4 (LZ4_RAW), Zstandard or \
                not at all; or as CSV.";
    Trouble::new(error.code(), what, NOTHING_DONE, next).because(error)
}
