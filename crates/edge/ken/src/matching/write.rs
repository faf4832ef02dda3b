//! What a run writes: links, people, and beside the links what they were made by.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ken_columns::{Cell, ColumnsError, Form, Writer};
use ken_match::{Outcome, keep_ids};
use serde_json::json;

use super::read::Files;
use super::rows::is_columns;
use crate::trouble::{NOTHING_DONE, Trouble};

/// Refuses a path where a file is.
pub(super) fn free(path: &Path) -> Result<(), Trouble> {
    if path.exists() {
        let what = format!("{} exists.", path.display());
        let next = "Name a file that does not exist.";
        return Err(Trouble::new("ken.match-exists", what, NOTHING_DONE, next));
    }
    Ok(())
}

/// Writes a text.
pub(super) fn text(path: &Path, text: &str) -> Result<(), Trouble> {
    write(path, |to| to.write_all(text.as_bytes()))
}

/// Writes the pairs that are as likely as `least`, in the order of records.
pub(super) fn links(
    path: &Path,
    files: &Files,
    outcome: &Outcome,
    least: f64,
) -> Result<(), Trouble> {
    let found = || outcome.scored.iter().filter(|link| link.probability >= least);
    if is_columns(path) {
        let [one, other, pattern] = ["rec_id_l", "rec_id_r", "pattern"].map(|n| (n, Form::Text));
        let [probability, bits] = ["probability", "bits"].map(|name| (name, Form::Real));
        let columns = [one, other, probability, bits, pattern];
        return rows(path, &outcome.model.version(), &columns, |to| {
            for link in found() {
                let pattern = link.pattern.to_string();
                to.push(&[
                    Cell::Text(files.id(link.one)),
                    Cell::Text(files.id(link.other)),
                    Cell::Real(link.probability),
                    Cell::Real(link.bits),
                    Cell::Text(&pattern),
                ])?;
            }
            Ok(())
        });
    }
    write(path, |to| {
        writeln!(to, "rec_id_l,rec_id_r,probability,bits,pattern")?;
        for link in found() {
            let (one, other) = (value(files.id(link.one)), value(files.id(link.other)));
            let (probability, bits) = (link.probability, link.bits);
            writeln!(to, "{one},{other},{probability:.6},{bits:.3},{}", link.pattern)?;
        }
        Ok(())
    })
}

/// Writes the person of each record, under ids of an earlier run where there was one.
pub(super) fn people(
    path: &Path,
    files: &Files,
    outcome: &Outcome,
    earlier: Option<&[Option<u64>]>,
) -> Result<(), Trouble> {
    let none = vec![None; files.table.len()];
    let ids = keep_ids(&outcome.people, earlier.unwrap_or(&none));
    if is_columns(path) {
        return rows(
            path,
            &outcome.model.version(),
            &[("rec_id", Form::Text), ("person", Form::Whole)],
            |to| {
                for (record, person) in (0u32..).zip(ids) {
                    // An id of 64 bits whose first is set has a sign here, and not its value.
                    let person = i64::try_from(person);
                    let person = person.map_err(|_| ColumnsError::TooMuch("a person's number"))?;
                    to.push(&[Cell::Text(files.id(record)), Cell::Whole(person)])?;
                }
                Ok(())
            },
        );
    }
    write(path, |to| {
        writeln!(to, "rec_id,person")?;
        for (record, person) in (0u32..).zip(ids) {
            writeln!(to, "{},{person}", value(files.id(record)))?;
        }
        Ok(())
    })
}

/// Writes beside the links by which model they were made, and counts.
pub(super) fn companion(
    links: &Path,
    files: &Files,
    outcome: &Outcome,
    threshold: f64,
) -> Result<(), Trouble> {
    let counted = |of: Vec<(&'static str, u64)>| -> serde_json::Map<String, serde_json::Value> {
        of.into_iter().map(|(word, count)| (word.to_owned(), json!(count))).collect()
    };
    let apart = outcome.kept_apart.iter().map(|(rule, count)| (rule.word(), *count));
    let refused = outcome.people.refused.iter().map(|(why, count)| (why.word(), *count));
    let said = json!({
        "program": env!("CARGO_PKG_VERSION"),
        "model": outcome.model.version(),
        "threshold": threshold,
        "records": files.counts,
        "pairs": outcome.pairs,
        "left_out": outcome.left_out,
        "kept_apart": counted(apart.collect()),
        "not_joined": counted(refused.collect()),
    });
    let mut path = links.as_os_str().to_owned();
    path.push(".json");
    let path = PathBuf::from(path);
    free(&path)?;
    text(&path, &format!("{said:#}\n"))
}

/// What takes a row of a table.
type Take<'a> = &'a mut dyn FnMut(&[Cell<'_>]) -> Result<(), ColumnsError>;

/// Writes a table: of columns where the name says so, else of lines.
pub(super) fn table(
    path: &Path,
    version: &str,
    columns: &[(&'static str, Form)],
    fill: impl FnOnce(Take<'_>) -> Result<(), ColumnsError>,
) -> Result<(), Trouble> {
    if is_columns(path) {
        return rows(path, version, columns, |to| fill(&mut |row| to.push(row)));
    }
    let made = || -> Result<(), ColumnsError> {
        let mut to = BufWriter::new(File::create_new(path)?);
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        writeln!(to, "{}", names.join(","))?;
        fill(&mut |row| {
            let values: Vec<String> = row.iter().map(line).collect();
            Ok(writeln!(to, "{}", values.join(","))?)
        })?;
        Ok(to.flush()?)
    };
    made().map_err(|error| unwritten(path, error))
}

fn line(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Text(text) => value(text),
        Cell::Whole(whole) => whole.to_string(),
        Cell::Real(real) => real.to_string(),
    }
}

/// A value as CSV writes it.
fn value(of: &str) -> String {
    if of.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", of.replace('"', "\"\""))
    } else {
        of.to_owned()
    }
}

/// Writes a file of columns, which says by which model it was made.
fn rows(
    path: &Path,
    version: &str,
    columns: &[(&'static str, Form)],
    fill: impl FnOnce(&mut Writer<BufWriter<File>>) -> Result<(), ColumnsError>,
) -> Result<(), Trouble> {
    let made = || -> Result<(), ColumnsError> {
        let mut to = Writer::new(BufWriter::new(File::create_new(path)?), columns)?;
        fill(&mut to)?;
        to.finish(&[("ken-model", version), ("ken-program", env!("CARGO_PKG_VERSION"))])?;
        Ok(())
    };
    made().map_err(|error| unwritten(path, error))
}

fn write(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), Trouble> {
    let written = File::create_new(path).and_then(|file| {
        let mut to = BufWriter::new(file);
        fill(&mut to)?;
        to.flush()
    });
    written.map_err(|error| unwritten(path, error))
}

fn unwritten(path: &Path, error: impl Into<anyhow::Error>) -> Trouble {
    let what = format!("{} cannot be written.", path.display());
    let next = "Name a file that does not exist, in a folder with room.";
    Trouble::new("ken.match-unwritten", what, "What is written may be a part.", next).because(error)
}
