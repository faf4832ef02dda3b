//! `ken ledger verify-extract`: whether what a person took away is as the log signed it, and
//! whether what its receipts promise was kept.

use std::fs;
use std::path::Path;

use ken_ledger::{ARCHIVE_BYTES_MAX, ExtractError, Vouched, verify_extract};

use super::{moment, receipt, trusted};
use crate::say;
use crate::trouble::{NOTHING_DONE, Trouble};

/// Runs the command.
pub(super) fn verify(
    file: &Path,
    trust: Option<&Path>,
    export: Option<&Path>,
) -> Result<(), Trouble> {
    let trust = trust.map(trusted).transpose()?.unwrap_or_default();
    let vouched = verify_extract(&read(file)?, &trust).map_err(|error| broken(file, error))?;
    say::out(&held(&vouched));
    match export {
        Some(export) => receipt::seek(&vouched.receipts, export, &trust),
        None => Ok(()),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Trouble> {
    let unread = |happened: String| {
        let next = "Check the path and who may read it.";
        Trouble::new("ken.extract-unreadable", happened, NOTHING_DONE, next)
    };
    let shown = file.display();
    let failed = |error| unread(format!("The file {shown} cannot be read.")).because(error);
    let most = u64::try_from(ARCHIVE_BYTES_MAX).unwrap_or(u64::MAX);
    if fs::metadata(file).map_err(failed)?.len() > most {
        return Err(unread(format!("The file {shown} is over {most} bytes.")));
    }
    fs::read(file).map_err(failed)
}

/// An extract that does not hold.
fn broken(file: &Path, error: ExtractError) -> Trouble {
    Trouble::new(
        error.code(),
        format!("The file {} is not what the log signed: {error}.", file.display()),
        "It was not changed by checking it.",
        "Give it as it was downloaded, not unpacked or packed again. If it is, take it away anew.",
    )
}

/// What holds, one line each.
fn held(vouched: &Vouched) -> String {
    let mut lines = vec![
        format!("whole: {} files, as the log signed them", vouched.files.len()),
        format!("made at {}, by the log's own word", moment(vouched.made_at_s)),
        format!("log: {}", vouched.log),
    ];
    if !vouched.is_trusted {
        lines.push(
            "the log's key is not in a trust file of yours: compare it with the signed agreements"
                .to_owned(),
        );
    }
    lines.push(match vouched.receipts.len() {
        0 => "it has no receipt".to_owned(),
        1 => "1 receipt, signed by this log".to_owned(),
        count => format!("{count} receipts, each signed by this log"),
    });
    lines.join("\n")
}
