//! `ken ledger`: handing the ledger out, and checking one that was handed out.

mod audit;
mod checkpoint;
mod extract;
mod receipt;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use ken_ledger::{Broken, Holds, Note, Trust, Verdict};

use crate::cli::{Ledger, Whose};
use crate::config::{Config, read_small};
use crate::house::{House, Places};
use crate::trouble::{DATA_SAFE, NOTHING_DONE, Trouble};
use crate::{control, demo, say};

/// Runs the command.
pub(crate) async fn run(command: Ledger) -> Result<(), Trouble> {
    match command {
        Ledger::Export { file, of } => export(&places(of)?, &file).await,
        Ledger::Checkpoint { file, of } => checkpoint::hand_out(&places(of)?, &file).await,
        Ledger::Cosigned { file, of } => checkpoint::take(&places(of)?, &file).await,
        Ledger::Audit { of } => audit::run(&places(of)?).await,
        Ledger::CheckReceipt { receipt, export, trust } => {
            receipt::check(&receipt, &export, trust.as_deref())
        }
        Ledger::VerifyExtract { file, trust, export } => {
            extract::verify(&file, trust.as_deref(), export.as_deref())
        }
        Ledger::Verify { file, trust, checkpoint } => {
            verify(&file, trust.as_deref(), checkpoint.as_deref())
        }
    }
}

/// Where that ledger is; there must be one.
pub(crate) fn places(of: Whose) -> Result<Places, Trouble> {
    let places = match of.config {
        Some(config) => Places::configured(&Config::load(&config)?)?,
        None => Places::demo(&of.data.unwrap_or_else(demo::usual_directory), None)?,
    };
    if places.beside.is_dir() {
        return Ok(places);
    }
    Err(Trouble::new(
        "ken.no-data",
        format!("There is no Ken in {}.", places.beside.display()),
        NOTHING_DONE,
        "Name its directory with --data, or its configuration with --config.",
    ))
}

async fn export(places: &Places, file: &Path) -> Result<(), Trouble> {
    absent(file)?;
    match control::ask(&places.beside, control::EXPORT, &|_, _| {})? {
        Some(written) => take(&places.beside.join(written), file)?,
        None => export_alone(places, file).await?,
    }
    say::out(&format!("The ledger is in {}.", file.display()));
    Ok(())
}

/// Refuses to write over something.
pub(crate) fn absent(file: &Path) -> Result<(), Trouble> {
    if !file.exists() {
        return Ok(());
    }
    Err(Trouble::new(
        "ken.export-exists",
        format!("There is something at {} already.", file.display()),
        NOTHING_DONE,
        "Choose another name, or move the old one away.",
    ))
}

/// Takes what a running Ken wrote; to another disk by copying.
pub(crate) fn take(written: &Path, file: &Path) -> Result<(), Trouble> {
    let moved = fs::rename(written, file)
        .or_else(|_| fs::copy(written, file).and_then(|_| fs::remove_file(written)));
    moved.map_err(|error| unwritten("ken.export-file", file).because(error))
}

/// Nobody runs: seals what was left, and exports.
async fn export_alone(places: &Places, file: &Path) -> Result<(), Trouble> {
    let mut house = House::open(places).await?;
    house.seal_all().await?;
    let exported = control::write_export(&house.db, &*house.clock, &house.log_key, file).await;
    house.close().await;
    exported.map_err(|code| unwritten(code, file))
}

/// What could not be written.
pub(crate) fn unwritten(code: &'static str, file: &Path) -> Trouble {
    Trouble::new(
        code,
        format!("The file {} could not be written.", file.display()),
        DATA_SAFE,
        "Check the directory, its owner, and the room on the disk.",
    )
}

fn verify(file: &Path, trust: Option<&Path>, kept: Option<&Path>) -> Result<(), Trouble> {
    let trust = trust.map(trusted).transpose()?.unwrap_or_default();
    let kept = kept.map(note).transpose()?;
    let export = File::open(file).map_err(|error| unread(file).because(error))?;
    let verdict = ken_ledger::verify(BufReader::new(export), &trust, kept.as_ref())
        .map_err(|error| unread(file).because(error))?;
    match verdict {
        Verdict::Holds(holds) if trust.asks_quorum() && holds.quorum_up_to.is_none() => {
            Err(Trouble::new(
                "ken.ledger-no-quorum",
                "The ledger is consistent, and too few of your witnesses have cosigned it: your \
                 trust file asks for a quorum, so this export proves nothing to you yet.",
                "This file was not changed by checking it.",
                format!(
                    "Ask for an export after they have cosigned one checkpoint.\n{}",
                    held(&holds)
                ),
            ))
        }
        Verdict::Holds(holds) => {
            say::out(&held(&holds));
            Ok(())
        }
        Verdict::Broken(found) => Err(broken(found)),
    }
}

/// An export that does not hold.
fn broken(broken: Broken) -> Trouble {
    let at = broken.entry.map_or_else(String::new, |entry| {
        format!(" The first broken entry is number {entry}, counted from 0.")
    });
    Trouble::new(
        "ken.ledger-broken",
        format!("The ledger does not hold: {}.{at}", broken.what),
        "This file was not changed by checking it.",
        "Keep it, ask for a second export, and tell the parties of the agreements.",
    )
}

/// Reads a trust file.
pub(crate) fn trusted(file: &Path) -> Result<Trust, Trouble> {
    let text = read_small(file, "ken.trust-unreadable", "trust file")?;
    Trust::parse(&text).map_err(|error| {
        Trouble::new(
            error.code(),
            format!("The trust file {} is not good.", file.display()),
            NOTHING_DONE,
            "Mend the line that the machine names.",
        )
        .because(error)
    })
}

/// Reads a checkpoint, with whatever signatures it has.
pub(crate) fn note(file: &Path) -> Result<Note, Trouble> {
    let text = read_small(file, "ken.checkpoint-unreadable", "checkpoint")?;
    text.parse().map_err(|error: ken_ledger::NoteError| {
        Trouble::new(
            error.code(),
            format!("The checkpoint {} is not one.", file.display()),
            NOTHING_DONE,
            "Give the signed note that you kept, as it was given to you.",
        )
        .because(error)
    })
}

fn unread(file: &Path) -> Trouble {
    Trouble::new(
        "ken.export-unreadable",
        format!("The export {} cannot be read.", file.display()),
        NOTHING_DONE,
        "Check the path and who may read it.",
    )
}

/// A moment in Unix seconds, as people and programs read it.
fn moment(at_s: i64) -> String {
    jiff::Timestamp::from_second(at_s).map_or_else(|_| at_s.to_string(), |at| at.to_string())
}

/// What holds, one line each.
fn held(holds: &Holds) -> String {
    let mut lines = vec![
        format!("consistent: {} entries, root {}", holds.size, holds.root),
        format!("log: {}", holds.log),
    ];
    if !holds.is_trusted {
        lines.push(
            "the log's key is not in a trust file of yours: compare it with the signed agreements"
                .to_owned(),
        );
    }
    if let Some(at) = holds.made_at_s.and_then(|at| i64::try_from(at).ok()) {
        lines.push(format!("made at {}, by the log's own word", moment(at)));
    }
    if let Some(size) = holds.extends_yours {
        lines.push(format!("extends your checkpoint of {size} entries"));
    }
    for one in &holds.witnessed_by {
        lines.push(format!("witnessed by {} up to {} entries", one.witness, one.size));
    }
    if holds.witnessed_by.is_empty() {
        lines.push("witnessed by nobody that you trust".to_owned());
    }
    if let Some(size) = holds.quorum_up_to {
        let rest = holds.size.saturating_sub(size);
        lines.push(format!(
            "enough of your witnesses vouch for {size} entries; for the {rest} after them only the \
             log itself does"
        ));
    }
    lines.join("\n")
}
