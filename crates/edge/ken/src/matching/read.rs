//! Files of records become one table.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ken_match::{Columns, Heads, Map, Places, Row, Table};

use super::rows::Rows;
use super::warnings;
use crate::say;
use crate::trouble::{NOTHING_DONE, Trouble};

/// Records of files, with what their owners call them.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) table: Table,
    ids: Ids,
    /// Where a truth was asked for: one number for each person.
    pub(super) truth: Vec<u32>,
    /// Records by file.
    pub(super) counts: Vec<u64>,
}

/// What records are called: one text, and where each ends.
#[derive(Default)]
struct Ids {
    text: String,
    ends: Vec<usize>,
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ids({})", self.ends.len())
    }
}

/// Records while they are read.
#[derive(Default)]
struct Reading {
    columns: Columns,
    ids: Ids,
    people: HashMap<String, u32>,
    truth: Vec<u32>,
    counts: Vec<u64>,
}

impl Files {
    /// Reads files, and says which columns were found and what is odd about them. With `across`,
    /// each file is a source of its own.
    pub(super) fn read(
        files: &[PathBuf],
        maps: &[Map],
        truth: Option<&str>,
        across: bool,
    ) -> Result<Self, Trouble> {
        let mut reading = Reading::default();
        for (at, file) in files.iter().enumerate() {
            let source = across.then(|| at.to_string());
            reading.file(file, maps, truth, source.as_deref())?;
        }
        let Reading { columns, ids, truth, counts, .. } = reading;
        let table = columns.close();
        for line in warnings(table.report()) {
            say::err(&line);
        }
        Ok(Self { table, ids, truth, counts })
    }

    /// What a record is called by its owner.
    pub(super) fn id(&self, record: u32) -> &str {
        self.ids.get(usize::try_from(record).unwrap_or(usize::MAX))
    }

    /// The person of each record in a file of people of an earlier run.
    pub(super) fn earlier(&self, file: &Path) -> Result<Vec<Option<u64>>, Trouble> {
        let mut rows = Rows::open(file)?;
        let heads = rows.heads()?;
        let known = heads.iter().map(String::as_str).eq(["rec_id", "person"]);
        let mut people: HashMap<String, u64> = HashMap::new();
        rows.select(0..2)?;
        while known && rows.next()? {
            if let Ok(person) = rows.get(Some(1)).parse() {
                people.insert(rows.name(Some(0))?.to_owned(), person);
            }
        }
        if !known {
            let what = format!("{} is no file of people.", file.display());
            let next = "Name the file that `--clusters` wrote before.";
            return Err(Trouble::new("ken.match-earlier", what, NOTHING_DONE, next));
        }
        let ids = (0..self.table.len()).map(|record| self.ids.get(record));
        Ok(ids.map(|id| people.get(id).copied()).collect())
    }
}

impl Ids {
    fn push(&mut self, id: &str) {
        self.text.push_str(id);
        self.ends.push(self.text.len());
    }

    fn get(&self, record: usize) -> &str {
        let from = record.checked_sub(1).and_then(|at| self.ends.get(at)).copied().unwrap_or(0);
        self.ends.get(record).and_then(|to| self.text.get(from..*to)).unwrap_or_default()
    }
}

impl Reading {
    fn file(
        &mut self,
        file: &Path,
        maps: &[Map],
        truth: Option<&str>,
        source: Option<&str>,
    ) -> Result<(), Trouble> {
        let mut rows = Rows::open(file)?;
        let heads = heads(&mut rows, file, maps)?;
        let truth_at = match truth {
            Some(name) => Some(heads.column(name).ok_or_else(|| no_column(file, name))?),
            None => None,
        };
        let unknown = heads.unknown(&[truth_at]);
        if !unknown.is_empty() {
            let names = unknown.join(", ");
            say::err(&format!("Columns that nothing is read from (see --map): {names}"));
        }
        let place = Places::of(&heads);
        rows.select(heads.read().chain(truth_at))?;
        self.columns.reserve(rows.expected());
        self.ids.ends.reserve(rows.expected());
        let mut count = 0u64;
        while rows.next()? {
            count += 1;
            let row = place.row(|column| rows.get(column));
            let row = Row { source: source.unwrap_or(row.source), ..row };
            let marks = place.marks(self.book(&rows), |column| rows.mark(column));
            self.columns.push_marked(&row, &marks).map_err(|error| {
                let next = "Match the files in parts.";
                Trouble::new(error.code(), "There are too many records.", NOTHING_DONE, next)
            })?;
            match place.id() {
                Some(_) => self.ids.push(rows.name(place.id())?),
                None => self.ids.push(&format!("{}:{count}", self.counts.len() + 1)),
            }
            if truth_at.is_some() {
                let person = self.person(rows.name(truth_at)?);
                self.truth.push(person);
            }
        }
        if rows.mended() > 0 {
            say::err(&format!("{} records are no UTF-8; read as ISO 8859-1", rows.mended()));
        }
        self.counts.push(count);
        Ok(())
    }

    /// The book of marks of the part of the file that is read.
    fn book(&self, rows: &Rows) -> u64 {
        let wide = |of: usize| u64::try_from(of).unwrap_or(0);
        (wide(self.counts.len()) + 1) << 32 | wide(rows.part())
    }

    fn person(&mut self, name: &str) -> u32 {
        if let Some(person) = self.people.get(name) {
            return *person;
        }
        let person = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
        self.people.insert(name.to_owned(), person);
        person
    }
}

/// Finds the columns of a file, and shows them.
pub(super) fn heads(rows: &mut Rows, file: &Path, maps: &[Map]) -> Result<Heads, Trouble> {
    let heads = Heads::find(rows.heads()?, maps).map_err(|column| no_column(file, &column))?;
    say::err(&format!("Columns of {}:", file.display()));
    heads.told().iter().for_each(|line| say::err(line));
    if heads.suffice() {
        return Ok(heads);
    }
    let what = format!("{} has too few columns to tell people by.", file.display());
    let next = "Say with --map which columns hold names, date of birth or numbers.";
    Err(Trouble::new("ken.match-columns", what, NOTHING_DONE, next))
}

fn no_column(file: &Path, name: &str) -> Trouble {
    let what = format!("{} has no column `{name}`.", file.display());
    let next = "Write the name as it stands in the file.";
    Trouble::new("ken.match-columns", what, NOTHING_DONE, next)
}
