//! How many registrations would wait for a human: made-up people one after the other, asked of an
//! index of those who came before.
//!
//! `cargo run --release -p ken-match --example newcomers -- FILE.csv`, where the file is one of the
//! generator of populations, in its own order, as CSV whose values are not quoted. Nine tenths are
//! in the index; the last tenth asks. Left out of the count is who needs no likeness: a CHI that is
//! held, and the very names and date of birth of somebody.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufRead as _, Write as _};

use ken_match::{Candidate, Index, Loading, Model, Row, Scorer};

const WANTED: [&str; 10] = [
    "forename", "middle", "surname", "dob", "sex", "address1", "town", "postcode", "chi", "cluster",
];

/// Probabilities from which on somebody might be proposed.
const FROM: [f64; 8] = [0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.99];

fn values<'a>(line: &'a str, places: &[Option<usize>]) -> Vec<&'a str> {
    let all: Vec<&str> = line.split(',').collect();
    let of = |at: &Option<usize>| at.and_then(|at| all.get(at).copied()).unwrap_or_default();
    places.iter().map(of).collect()
}

fn row<'a>(of: &[&'a str]) -> Row<'a> {
    let [forename, middle, surname, born, sex, address, town, postcode, chi, ..] = *of else {
        return Row::default();
    };
    Row { forename, middle, surname, born, sex, address, town, postcode, chi, ..Row::default() }
}

/// Those who came before.
struct Held {
    index: Index,
    numbers: HashSet<String>,
    names: HashSet<[String; 3]>,
    /// Whose each record is.
    whose: Vec<String>,
}

impl Held {
    fn of(records: &[Vec<&str>]) -> Result<Self, Box<dyn std::error::Error>> {
        let mut loading = Loading::new();
        let (mut numbers, mut names, mut whose) = (HashSet::new(), HashSet::new(), Vec::new());
        for of in records {
            let told = row(of);
            loading.push(u128::try_from(whose.len())?, &told)?;
            numbers.insert(told.chi.to_owned());
            names.insert(name(&told));
            whose.push(of.last().copied().unwrap_or_default().to_owned());
        }
        Ok(Self { index: loading.close(), numbers, names, whose })
    }

    /// Whether number or name tells something of a record.
    fn tells(&self, told: &Row<'_>) -> bool {
        self.names.contains(&name(told)) || !told.chi.is_empty() && self.numbers.contains(told.chi)
    }

    fn is_of(&self, id: u128, person: &str) -> bool {
        let whose = usize::try_from(id).ok().and_then(|id| self.whose.get(id));
        whose.is_some_and(|of| of == person)
    }
}

fn name(told: &Row<'_>) -> [String; 3] {
    [told.forename, told.surname, told.born].map(str::to_owned)
}

/// Who waits, by probability: newcomers, held people who are found, and others.
#[derive(Default)]
struct Count {
    new: u32,
    again: u32,
    wait: [[u32; 3]; FROM.len()],
}

fn count(held: &Held, records: &[Vec<&str>]) -> Result<Count, Box<dyn std::error::Error>> {
    let (scorer, mut count) = (Scorer::new(&Model::shipped()?), Count::default());
    let known: HashSet<&str> = held.whose.iter().map(String::as_str).collect();
    for of in records {
        let told = row(of);
        if held.tells(&told) {
            continue;
        }
        let person = of.last().copied().unwrap_or_default();
        let is_again = known.contains(person);
        *(if is_again { &mut count.again } else { &mut count.new }) += 1;
        let found = held.index.ask(&scorer, &told, 20);
        for (from, wait) in FROM.iter().zip(&mut count.wait) {
            let likely = |one: &&Candidate| one.rule.is_none() && one.probability >= *from;
            let likely: Vec<_> = found.iter().filter(likely).collect();
            let is_found = likely.iter().any(|one| held.is_of(one.id, person));
            let [new, right, beside] = wait;
            if likely.is_empty() {
                continue;
            }
            *(if !is_again {
                new
            } else if is_found {
                right
            } else {
                beside
            }) += 1;
        }
    }
    Ok(count)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a CSV file")?;
    let mut lines = io::BufReader::new(fs::File::open(path)?).lines();
    let head = lines.next().ok_or("an empty file")??;
    let heads: Vec<&str> = head.split(',').map(|name| name.trim_matches('"')).collect();
    let places = WANTED.map(|name| heads.iter().position(|head| *head == name));
    let lines: Vec<String> = lines.collect::<Result<_, _>>()?;
    let records: Vec<Vec<&str>> = lines.iter().map(|line| values(line, &places)).collect();
    let (before, after) = records.split_at(records.len() / 10 * 9);
    let count = count(&Held::of(before)?, after)?;
    let (new, again) = (count.new, count.again);
    let mut out = io::stdout().lock();
    writeln!(out, "{} held, {} came, of whom number or name", before.len(), after.len())?;
    writeln!(out, "tells nothing of {new} newcomers and {again} who are held")?;
    for (from, [wrong, right, beside]) in FROM.iter().zip(count.wait) {
        let share = |part: u32, all: u32| 100.0 * f64::from(part) / f64::from(all.max(1));
        writeln!(
            out,
            "from {from:.2}: {wrong} newcomers wait ({:.2} %), {right} who are held are found \
             ({:.1} %), {beside} wait for somebody else",
            share(wrong, new),
            share(right, again),
        )?;
    }
    Ok(())
}
