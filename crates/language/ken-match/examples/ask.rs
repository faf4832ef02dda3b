//! Fills an index with made-up people and asks it: how long both take, and the memory a person.
//!
//! `cargo run --release -p ken-match --example ask -- FILE.csv [ASKS]`, where the file is one of
//! the generator of populations, as CSV whose values are not quoted.

use std::fs;
use std::io::{self, BufRead as _, Write as _};
use std::time::{Duration, Instant};

use ken_match::{Loading, Model, Row, Scorer};

/// Bytes of this process that are in memory, as Linux says.
fn resident() -> usize {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: Option<usize> = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4096
}

/// Processor time of this thread, as Linux says: others' work does not count.
fn worked() -> Duration {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// A row of the generator's columns.
fn row<'a>(line: &'a str, places: &[Option<usize>]) -> Row<'a> {
    let values: Vec<&str> = line.split(',').collect();
    let of = |at: usize| places.get(at).copied().flatten().and_then(|at| values.get(at).copied());
    let of = |at: usize| of(at).unwrap_or_default();
    Row {
        forename: of(0),
        middle: of(1),
        surname: of(2),
        born: of(3),
        sex: of(4),
        address: of(5),
        town: of(6),
        postcode: of(7),
        chi: of(8),
        ..Row::default()
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement, which reads the clock")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("name a CSV file")?;
    let asks: usize = args.next().map_or(Ok(20_000), |asks| asks.parse())?;
    let mut lines = io::BufReader::new(fs::File::open(path)?).lines();
    let head = lines.next().ok_or("an empty file")??;
    let heads: Vec<&str> = head.split(',').map(|name| name.trim_matches('"')).collect();
    let wanted =
        ["forename", "middle", "surname", "dob", "sex", "address1", "town", "postcode", "chi"];
    let places = wanted.map(|name| heads.iter().position(|head| *head == name));
    let (before, start) = (resident(), worked());
    let (mut loading, mut every) = (Loading::new(), Vec::new());
    let mut people = 0u128;
    for line in lines {
        let line = line?;
        loading.push(people, &row(&line, &places))?;
        if people.is_multiple_of(47) && every.len() < asks {
            every.push((people, line));
        }
        people += 1;
    }
    let read = worked().saturating_sub(start);
    let index = loading.close();
    let built = worked().saturating_sub(start);
    let scorer = Scorer::new(&Model::shipped()?);
    let mut took = Vec::with_capacity(every.len());
    let (start, mut found) = (worked(), 0usize);
    for (id, line) in &every {
        let one = Instant::now();
        let told = index.ask(&scorer, &row(line, &places), 20);
        found += usize::from(told.iter().any(|of| of.id == *id));
        took.push(one.elapsed());
    }
    let all = worked().saturating_sub(start);
    took.sort_unstable();
    let at = |share: usize| took.get(took.len().saturating_sub(1) * share / 100).copied();
    let mut out = io::stdout().lock();
    let bytes = resident().saturating_sub(before);
    let each = u128::try_from(bytes)? / people.max(1);
    writeln!(out, "{people} people, {each} bytes each with dictionaries")?;
    writeln!(out, "filled in {read:.1?} of processor time, sorted after {built:.1?}")?;
    let rate = f64::from(u32::try_from(every.len())?) / all.as_secs_f64();
    writeln!(
        out,
        "{} asks, {found} found themselves: {rate:.0} a second of processor time",
        every.len()
    )?;
    let [p50, p95, p99] = [50, 95, 99].map(|share| at(share).unwrap_or_default());
    writeln!(out, "by the clock: p50 {p50:.1?}, p95 {p95:.1?}, p99 {p99:.1?}")?;
    Ok(())
}
