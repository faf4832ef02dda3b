//! `ken match seed`: a list gets the CHI numbers of a register, with how sure and why; what is not
//! sure goes to a file for humans.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use ken_columns::{Cell, Form};
use ken_core::identifier::Chi;
use ken_match::{
    Candidate, Doubt, Index, Loading, Map, Places, SURE, Scorer, Seeding, Written, seed,
};

use super::read::heads;
use super::rows::Rows;
use super::{load, shipped, write};
use crate::say;
use crate::trouble::{NOTHING_DONE, Trouble};

/// Lines with a number that fails its check that are named on the screen; the file names all.
const NAMED_MAX: usize = 100;

/// What to seed, by whom, and where to.
#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// The list: CSV, TSV or Parquet
    list: PathBuf,
    /// The register: the same, with a column of CHI numbers
    #[arg(long, value_name = "FILE")]
    register: PathBuf,
    /// The file of numbers to write, Parquet where the name ends so, else CSV; it must not exist
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The file of what a human must look at, likewise; it must not exist
    #[arg(long, value_name = "FILE")]
    queue: PathBuf,
    /// A model file; without it, the model that comes with the program
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Which column holds a field, in the list and in the register
    #[arg(long, value_name = "FIELD=COLUMN")]
    map: Vec<Map>,
}

/// The people of a register, and the number of each with the check that it passed.
struct Register {
    index: Index,
    numbers: Vec<Option<Chi>>,
}

/// What is written, line by line.
#[derive(Default)]
struct Told {
    seeded: Vec<[String; 7]>,
    queued: Vec<[String; 6]>,
    why: BTreeMap<Doubt, u64>,
    bad: Vec<u64>,
    lost_zeros: u64,
}

/// Runs the command.
pub(super) fn run(of: &Seed) -> Result<(), Trouble> {
    write::free(&of.out)?;
    write::free(&of.queue)?;
    let model = of.model.as_deref().map_or_else(shipped, load)?;
    let (version, scorer) = (model.version(), Scorer::new(&model));
    let register = Register::read(of)?;
    let mut told = Told::default();
    let mut rows = Rows::open(&of.list)?;
    let heads = heads(&mut rows, &of.list, &of.map)?;
    let places = Places::of(&heads);
    rows.select(heads.read())?;
    let mut line = 0u64;
    while rows.next()? {
        line += 1;
        let row = places.row(|column| rows.get(column));
        told.lost_zeros +=
            u64::from(matches!(Written::of(row.chi, row.born), Written::LostZero(_)));
        let id = rows.name(places.id())?.to_owned();
        told.note((line, id), seed(&register.index, &scorer, &row), &register);
    }
    let columns = ["line", "rec_id", "chi", "check", "probability", "bits", "pattern"];
    table(&of.out, &version, &columns, &told.seeded)?;
    let columns = ["line", "rec_id", "why", "candidates", "probability", "pattern"];
    table(&of.queue, &version, &columns, &told.queued)?;
    say::err(&told.summary(line, &version).join("\n"));
    Ok(())
}

impl Register {
    fn read(of: &Seed) -> Result<Self, Trouble> {
        let mut rows = Rows::open(&of.register)?;
        let heads = heads(&mut rows, &of.register, &of.map)?;
        let places = Places::of(&heads);
        if heads.place("chi").is_none() {
            let what = format!("{} has no column of CHI numbers.", of.register.display());
            let next = "Say with --map which column holds them.";
            return Err(Trouble::new("ken.match-columns", what, NOTHING_DONE, next));
        }
        rows.select(heads.read())?;
        let (mut loading, mut numbers) = (Loading::new(), Vec::new());
        while rows.next()? {
            let row = places.row(|column| rows.get(column));
            let at = u128::try_from(numbers.len()).unwrap_or_default();
            numbers.push(Chi::parse(row.chi.trim()).ok());
            loading.push(at, &row).map_err(|error| {
                let next = "Seed from a register of fewer people.";
                Trouble::new(error.code(), "There are too many records.", NOTHING_DONE, next)
            })?;
        }
        Ok(Self { index: loading.close(), numbers })
    }

    fn number(&self, of: &Candidate) -> Option<&Chi> {
        usize::try_from(of.id).ok().and_then(|at| self.numbers.get(at)).and_then(Option::as_ref)
    }
}

impl Told {
    fn note(&mut self, (line, id): (u64, String), found: Seeding, register: &Register) {
        let (why, shown) = match found {
            Seeding::Sure(best) => match register.number(&best) {
                Some(number) => {
                    self.seeded.push([
                        line.to_string(),
                        id,
                        number.reveal().to_owned(),
                        number.rule().code().to_owned(),
                        format!("{:.6}", best.probability),
                        format!("{:.3}", best.bits),
                        best.pattern.to_string(),
                    ]);
                    return;
                }
                // Whoever it is has no number that could be given.
                None => (Doubt::Unsure, vec![best]),
            },
            Seeding::Doubt(why, shown) => (why, shown),
        };
        *self.why.entry(why).or_default() += 1;
        if why == Doubt::BadNumber {
            self.bad.push(line);
        }
        let best = shown.first();
        self.queued.push([
            line.to_string(),
            id,
            why.word().to_owned(),
            shown.len().to_string(),
            best.map_or_else(String::new, |of| format!("{:.6}", of.probability)),
            best.map_or_else(String::new, |of| of.pattern.to_string()),
        ]);
    }

    /// What was found, in counts and lines of the list.
    fn summary(&self, lines: u64, version: &str) -> Vec<String> {
        let mut told = vec![
            format!("Records of the list: {lines}"),
            format!("Numbers given from {SURE} on: {}", self.seeded.len()),
            format!("Model {version}"),
        ];
        let queued =
            self.why.iter().map(|(why, many)| format!("For a human, {}: {many}", why.word()));
        told.extend(queued);
        let bad = self.bad.iter().take(NAMED_MAX);
        told.extend(bad.map(|line| format!("record {line}: the number fails its check")));
        if self.bad.len() > NAMED_MAX {
            let more = self.bad.len() - NAMED_MAX;
            told.push(format!("and {more} more; the file for humans names them"));
        }
        if self.lost_zeros > 0 {
            let many = self.lost_zeros;
            told.push(format!("{many} numbers had lost their leading zero, and have it again"));
        }
        told
    }
}

/// Writes a table of texts.
fn table<const N: usize>(
    path: &std::path::Path,
    version: &str,
    columns: &[&'static str; N],
    rows: &[[String; N]],
) -> Result<(), Trouble> {
    let columns = columns.map(|name| (name, Form::Text));
    write::table(path, version, &columns, |each| {
        for row in rows {
            let cells: Vec<Cell<'_>> = row.iter().map(|value| Cell::Text(value)).collect();
            each(&cells)?;
        }
        Ok(())
    })
}
