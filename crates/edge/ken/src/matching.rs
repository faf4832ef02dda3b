//! `ken match`: which records of files are one person's. No database and no server.
//!
//! # Invariants
//!
//! - What is printed and logged is counts, columns' names and codes; records' own ids go into the
//!   files that were asked for, and nothing else of a record anywhere.
//! - A file that exists is never written over.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ken_match::{
    Compared, Evaluation, Map, Model, Options, Outcome, PairQuality, Pattern, Report, THRESHOLD,
    evaluate, sizes,
};

mod read;
mod report;
mod rows;
mod seed;
mod write;

use crate::config::read_within;
use crate::progress::Bar;
use crate::say;
use crate::trouble::{NOTHING_DONE, Trouble};
use read::Files;

/// Longest model file, in bytes: as much as the engine reads.
const MODEL_MAX: u64 = 64 << 20;

/// What to do with files of records.
#[derive(Debug, Subcommand)]
pub(crate) enum Matching {
    /// Find records of one person between files, each of which holds a person once
    Link(Batch),
    /// Find records of one person within files
    Dedupe(Batch),
    /// Learn a model from files and write it
    Train {
        #[command(flatten)]
        from: Sources,
        /// The model file to write; it must not exist
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Compare what is found within files with the truth, which a column holds
    Evaluate {
        #[command(flatten)]
        from: Sources,
        /// The column in which records of one person have one value
        #[arg(long, value_name = "COLUMN")]
        truth: String,
        #[command(flatten)]
        how: How,
    },
    /// Give records of a list the CHI numbers of a register, where it is sure whose they are
    Seed(seed::Seed),
    /// Tell why pairs of a pattern score as they do
    Explain {
        /// The pattern, as it stands in a file of links
        pattern: Pattern,
        /// A model file; without it, the model that comes with the program
        #[arg(long, value_name = "FILE")]
        model: Option<PathBuf>,
    },
}

/// Files of records.
#[derive(Debug, Args)]
pub(crate) struct Sources {
    /// Files with a head line: CSV, or TSV where the name ends so; or Parquet
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Which column holds a field, where the guess that is shown is wrong; an empty column is none
    #[arg(long, value_name = "FIELD=COLUMN")]
    map: Vec<Map>,
}

/// How pairs are scored.
#[derive(Debug, Args)]
pub(crate) struct How {
    /// A model file; without it, a model is learnt from these files
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// From which probability on two records are linked
    #[arg(long, default_value_t = THRESHOLD, value_parser = share)]
    threshold: f64,
    /// The page of the run to write, HTML, which holds nobody's data; it must not exist
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// How many threads compare
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
}

/// Records in, links and people out.
#[derive(Debug, Args)]
pub(crate) struct Batch {
    #[command(flatten)]
    from: Sources,
    #[command(flatten)]
    how: How,
    /// The file of links to write, Parquet where the name ends so, else CSV; it must not exist
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The file of people to write, likewise; it must not exist
    #[arg(long, value_name = "FILE")]
    clusters: Option<PathBuf>,
    /// A file of people of an earlier run, whose ids are kept
    #[arg(long, value_name = "FILE")]
    earlier: Option<PathBuf>,
    /// From which probability on a pair is written
    #[arg(long, default_value_t = 0.5, value_parser = share)]
    least: f64,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share: &f64| (0.001..=1.0).contains(share));
    share.ok_or_else(|| "write a number from 0.001 to 1".to_owned())
}

/// Runs the command.
pub(crate) fn run(command: Matching) -> Result<(), Trouble> {
    match command {
        Matching::Link(of) => batch(&of, true),
        Matching::Dedupe(of) => batch(&of, false),
        Matching::Train { from, out } => train(&from, &out),
        Matching::Evaluate { from, truth, how } => evaluated(&from, &truth, &how),
        Matching::Seed(of) => seed::run(&of),
        Matching::Explain { pattern, model } => {
            let model = model.as_deref().map_or_else(shipped, load)?;
            say::out(&ken_match::explain(&model, pattern).to_string());
            Ok(())
        }
    }
}

fn batch(of: &Batch, across: bool) -> Result<(), Trouble> {
    write::free(&of.out)?;
    of.clusters.as_deref().map_or(Ok(()), write::free)?;
    of.how.report.as_deref().map_or(Ok(()), write::free)?;
    let files = Files::read(&of.from.files, &of.from.map, None, across)?;
    let earlier = of.earlier.as_deref().map(|file| files.earlier(file)).transpose()?;
    let outcome = matched(&files, &of.how, across)?;
    let mut told = summary(&outcome, &of.how);
    write::links(&of.out, &files, &outcome, of.least)?;
    if let Some(path) = &of.clusters {
        write::people(path, &files, &outcome, earlier.as_deref())?;
    }
    write::companion(&of.out, &files, &outcome, of.how.threshold)?;
    page(&of.how, &files, &outcome, None)?;
    told.push(format!("Written: {}", of.out.display()));
    say::err(&told.join("\n"));
    Ok(())
}

fn train(from: &Sources, out: &Path) -> Result<(), Trouble> {
    write::free(out)?;
    let files = Files::read(&from.files, &from.map, None, false)?;
    let compared = compared(&files, &Options::default());
    let model = ken_match::train(&files.table, &compared, &shipped()?);
    let of = &model.training;
    let text = model.write().map_err(unusable)?;
    write::text(out, &text)?;
    say::err(&format!(
        "Learnt from {} pairs, of which numbers label {} as one person's and {} as two people's.\n\
         Model {}",
        of.pairs,
        of.labelled_same,
        of.labelled_other,
        model.version(),
    ));
    Ok(())
}

/// Writes the page of a run, where one was asked for.
fn page(
    how: &How,
    files: &Files,
    outcome: &Outcome,
    judged: Option<&Evaluation>,
) -> Result<(), Trouble> {
    let Some(path) = &how.report else { return Ok(()) };
    let (columns, threshold) = (files.table.report(), how.threshold);
    write::text(path, &report::Page { outcome, columns, threshold, judged }.to_string())
}

fn evaluated(from: &Sources, truth: &str, how: &How) -> Result<(), Trouble> {
    how.report.as_deref().map_or(Ok(()), write::free)?;
    let files = Files::read(&from.files, &from.map, Some(truth), false)?;
    let outcome = matched(&files, how, false)?;
    let found = evaluate(&files.truth, &outcome.scored, &outcome.people, how.threshold);
    page(how, &files, &outcome, Some(&found))?;
    let line = |what: &str, of: PairQuality| {
        let (precision, recall, f1) = (of.precision(), of.recall(), of.f1());
        say::out(&format!("{what:<28} {precision:>9.5} {recall:>9.5} {f1:>9.5}"));
    };
    for line in summary(&outcome, how) {
        say::err(&line);
    }
    say::out(&format!("true pairs {}", found.true_pairs));
    say::out(&format!("{:<28} {:>9} {:>9} {:>9}", "", "precision", "recall", "F1"));
    line(&format!("links from {:.3} (best)", found.best.0), found.best.1);
    line(&format!("links from {:.3} (in use)", found.in_use.0), found.in_use.1);
    line("people", found.people);
    say::out(&format!("best that these patterns allow: F1 {:.5}", found.ceiling));
    say::out("said          links  right");
    for (low, high, links, right) in found.reliability {
        say::out(&format!("{low:.3}-{high:.3} {links:>9} {right:>9}"));
    }
    Ok(())
}

fn compared(files: &Files, options: &Options) -> Compared {
    let bar = Bar::new("Pairs");
    let compared = ken_match::compare(&files.table, options, &|done, of| bar.note(done, of));
    bar.finish();
    compared
}

fn matched(files: &Files, how: &How, across: bool) -> Result<Outcome, Trouble> {
    let model = how.model.as_deref().map(load).transpose()?;
    let options = Options { threads: usize::from(how.threads), across, threshold: how.threshold };
    let compared = compared(files, &options);
    let model = match model {
        Some(model) => model,
        None => ken_match::train(&files.table, &compared, &shipped()?),
    };
    Ok(ken_match::finish(&files.table, compared, model, &options))
}

fn shipped() -> Result<Model, Trouble> {
    Model::shipped().map_err(unusable)
}

fn load(file: &Path) -> Result<Model, Trouble> {
    let text = read_within(file, MODEL_MAX, "match.model-unreadable", "model")?;
    let model = Model::read(&text).map_err(unusable)?;
    // Nobody's key is known here: whatever people decided of a model, nobody vouches for it.
    let is_signed = model.is_signed(|_, _| false).map_err(unusable)?;
    if is_signed { Ok(model) } else { Err(unusable(ken_match::ModelError::Unsigned)) }
}

fn unusable(error: ken_match::ModelError) -> Trouble {
    let next = "Learn a model with `ken match train`, or leave it out.";
    Trouble::new(error.code(), "The model cannot be used.", NOTHING_DONE, next).because(error)
}

/// What a run found, in counts.
fn summary(outcome: &Outcome, how: &How) -> Vec<String> {
    let linked = outcome.scored.iter().filter(|l| l.probability >= how.threshold).count();
    let of = sizes(&outcome.people);
    let mut told = vec![
        format!("Pairs compared: {}", outcome.pairs),
        format!("Links from {} on: {linked}", how.threshold),
        format!("People: {}", of.values().sum::<u64>()),
        format!("Model {}", outcome.model.version()),
    ];
    let several = of.iter().filter(|(size, _)| **size > 1);
    told.extend(several.map(|(size, people)| format!("  with {size} records: {people}")));
    let apart = outcome.kept_apart.iter();
    told.extend(apart.map(|(rule, count)| format!("Kept apart, {}: {count}", rule.word())));
    let refused = outcome.people.refused.iter();
    told.extend(refused.map(|(why, count)| format!("Not joined, {}: {count}", why.word())));
    if outcome.left_out > 0 {
        let many = outcome.left_out;
        told.push(format!("Left out under keys that more than a thousand share: {many}"));
    }
    told
}

/// What the columns were like, where somebody must know it.
fn warnings(report: &Report) -> Vec<String> {
    let mut told = Vec::new();
    for (column, of) in &report.columns {
        if of.unread > 0 {
            told.push(format!("{column}: {} values cannot be read or fail their check", of.unread));
        }
        if report.records > 1 && of.missing == report.records {
            told.push(format!("{column}: empty in every record"));
        }
        if report.records > 20 && of.commonest > report.records / 5 {
            let (most, records) = (of.commonest, report.records);
            told.push(format!("{column}: {most} of {records} records have one and the same value"));
        }
    }
    for (column, many) in ["email", "phone", "number"].into_iter().zip(report.shared) {
        if many > 0 {
            told.push(format!("{column}: {many} are shared by too many to tell people by"));
        }
    }
    if report.short_chi > 0 {
        let many = report.short_chi;
        told.push(format!("chi: {many} have nine digits; a spreadsheet takes leading zeros away"));
    }
    told
}
