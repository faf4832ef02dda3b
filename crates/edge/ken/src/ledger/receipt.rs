//! `ken ledger check-receipt`: whether the log kept what its receipts promise.
//!
//! It ends well only where every receipt is sealed: anything less is an error with a code of its
//! own, so that a script can tell "not yet" from "never".

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ken_ledger::{Note, Promise, Trust, Verdict, check_receipts, read_receipts};

use super::{broken, moment, trusted, unread};
use crate::config::read_within;
use crate::say;
use crate::trouble::{NOTHING_DONE, Trouble};

/// Largest file of receipts, in bytes. House policy: the most that are read, at a kilobyte each.
const BYTES_MAX: u64 = 1024 * 1024;

const UNCHANGED: &str = "Neither file was changed by checking it.";

/// Runs the command.
pub(super) fn check(receipt: &Path, export: &Path, trust: Option<&Path>) -> Result<(), Trouble> {
    let trust = trust.map(trusted).transpose()?.unwrap_or_default();
    seek(&read(receipt)?, export, &trust)
}

/// Looks receipts up in an export.
pub(super) fn seek(receipts: &[Note], export: &Path, trust: &Trust) -> Result<(), Trouble> {
    let file = File::open(export).map_err(|error| unread(export).because(error))?;
    let checked = check_receipts(BufReader::new(file), trust, receipts)
        .map_err(|error| unread(export).because(error))?;
    let log = match checked.verdict {
        Verdict::Broken(found) => return Err(broken(found)),
        Verdict::Holds(holds) => {
            if !holds.is_trusted {
                say::out(
                    "the log's key is not in a trust file of yours: compare it with the signed \
                     agreements",
                );
            }
            holds.log.name().to_owned()
        }
    };
    for (number, promise) in (1..).zip(&checked.promises) {
        say::out(&format!("receipt {number}: {}", said(*promise, &log)));
    }
    judge(&checked.promises)
}

fn read(file: &Path) -> Result<Vec<Note>, Trouble> {
    let text = read_within(file, BYTES_MAX, "ken.receipt-unreadable", "receipt")?;
    read_receipts(&text).map_err(|error| {
        Trouble::new(
            error.code(),
            format!("There is no receipt in {}.", file.display()),
            NOTHING_DONE,
            "Give it whole, as the page showed it.",
        )
        .because(error)
    })
}

fn said(promise: Promise, log: &str) -> String {
    match promise {
        Promise::Kept { index } => format!("sealed as entry {index} of {log}, counted from 0"),
        Promise::NotDue { due_s } => {
            format!("not due yet: the log had until {} when it was exported", moment(due_s))
        }
        Promise::Undated { due_s } => format!(
            "not in this export, which does not say when it was made; the log had until {}",
            moment(due_s)
        ),
        Promise::Broken { due_s, made_s } => format!(
            "overdue: the entry was due by {}, and the log signed at {} that it is not there",
            moment(due_s),
            moment(made_s)
        ),
        Promise::Refused(error) => format!("not a receipt of {log}: {error}"),
    }
}

/// The worst of them decides.
fn judge(promises: &[Promise]) -> Result<(), Trouble> {
    let any = |is: fn(&Promise) -> bool| promises.iter().any(is);
    if any(|promise| matches!(promise, Promise::Broken { .. })) {
        return Err(Trouble::new(
            "ken.receipt-broken",
            "The log has broken its promise: an entry that was written is not in it. Removal is \
             proven, unless a later export has the entry: then it was sealed too late.",
            UNCHANGED,
            "Keep both files: together they prove it to anybody. Ask for a second export, and tell \
             the parties of the agreements.",
        ));
    }
    if any(|promise| matches!(promise, Promise::Refused(_))) {
        return Err(Trouble::new(
            "ken.receipt-refused",
            "A receipt is not one of this log, or its signature does not hold.",
            UNCHANGED,
            "Check that it was copied whole, and that the export is of the log that it names.",
        ));
    }
    if promises.iter().all(|promise| matches!(promise, Promise::Kept { .. })) {
        return Ok(());
    }
    Err(Trouble::new(
        "ken.receipt-open",
        "This export cannot say yet whether a promise was kept.",
        UNCHANGED,
        "Ask for an export that is made after the time named above.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_receipt_decides() {
        let kept = Promise::Kept { index: 3 };
        let refused = Promise::Refused(ken_ledger::NoteError::Signature);
        let (not_due, undated) = (Promise::NotDue { due_s: 9 }, Promise::Undated { due_s: 9 });
        let gone = Promise::Broken { due_s: 9, made_s: 10 };
        let check = |promises: &[Promise], want: &str| {
            let code = judge(promises).err().map_or("well", |trouble| trouble.code());
            assert_eq!(code, want, "{promises:?}");
        };
        check(&[kept], "well");
        check(&[kept, not_due], "ken.receipt-open");
        check(&[undated], "ken.receipt-open");
        check(&[kept, refused, not_due], "ken.receipt-refused");
        check(&[refused, gone, kept], "ken.receipt-broken");
        assert!(said(gone, "glen").contains("1970-01-01T00:00:10Z"));
    }
}
