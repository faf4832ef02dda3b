//! The control socket: how a second `ken` on this machine asks a running one.
//!
//! A database of one machine belongs to one process. `ken ledger export` therefore asks the process
//! that runs, through a socket in the data directory that only its owner can open, and the process
//! writes the export there for the asker to take.
//!
//! # Invariants
//!
//! - Nothing is said on the socket but a word, a file's name and a code.
//! - The process writes only in its own directory, to a file that was not there.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ken_core::IdSource;
use ken_store::Db;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use crate::trouble::{NOTHING_DONE, Trouble};

/// The socket, in the data directory.
const FILE: &str = "ken.sock";
/// The one thing that can be asked.
const EXPORT: &str = "export";
/// Longest question or answer, in bytes.
const LINE_MAX: u64 = 256;
/// How long an asker waits for the export of a large ledger. House policy.
const ANSWER_WAIT: Duration = Duration::from_mins(10);

/// Serves the control socket until told to stop. A directory whose path is too long for a socket
/// has none, and `ken ledger export` then needs Ken stopped.
pub(crate) async fn serve(
    db: Db,
    dir: PathBuf,
    ids: std::sync::Arc<dyn IdSource>,
    stop: CancellationToken,
) {
    let file = dir.join(FILE);
    // What a killed process left behind; the database's lock says that nobody listens.
    let _ = fs::remove_file(&file);
    let private =
        |listener| fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).map(|()| listener);
    let Ok(listener) = UnixListener::bind(&file).and_then(private) else {
        tracing::warn!(error.code = "ken.control", "there is no control socket");
        return;
    };
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        let _ = answer(stream, &db, &dir, &*ids).await;
    }
    let _ = fs::remove_file(&file);
}

async fn answer(
    mut stream: tokio::net::UnixStream,
    db: &Db,
    dir: &Path,
    ids: &dyn IdSource,
) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut question = String::new();
    tokio::io::BufReader::new(reader.take(LINE_MAX)).read_line(&mut question).await?;
    let said = if question.trim() == EXPORT {
        let name = format!("export-{}.tmp", ids.random());
        match write_export(db, &dir.join(&name)).await {
            Ok(()) => format!("ok {name}\n"),
            Err(code) => format!("no {code}\n"),
        }
    } else {
        "no ken.control\n".to_owned()
    };
    writer.write_all(said.as_bytes()).await
}

/// Writes the ledger to a new file.
pub(crate) async fn write_export(db: &Db, file: &Path) -> Result<(), &'static str> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(file);
    let mut opened = io::BufWriter::new(opened.map_err(|_| "ken.export-file")?);
    let exported = ken_ledger::export(db, &mut opened).await;
    let whole = exported.map_err(|error| error.code()).and_then(|_| {
        opened.flush().and_then(|()| opened.get_ref().sync_all()).map_err(|_| "ken.export-file")
    });
    if whole.is_err() {
        let _ = fs::remove_file(file);
    }
    whole
}

/// Asks a running Ken for an export; `None` where none runs on this directory.
pub(crate) fn ask_for_export(dir: &Path) -> Result<Option<PathBuf>, Trouble> {
    let Ok(mut stream) = UnixStream::connect(dir.join(FILE)) else { return Ok(None) };
    let talk = |stream: &mut UnixStream| -> io::Result<String> {
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        writeln!(stream, "{EXPORT}")?;
        let mut line = String::new();
        BufReader::new(io::Read::take(stream, LINE_MAX)).read_line(&mut line)?;
        Ok(line)
    };
    let refused = |code: &str| {
        Trouble::new(
            "ken.export-refused",
            format!("The Ken that runs could not export its ledger: {code}."),
            NOTHING_DONE,
            "Try again in a moment; a log that was never sealed has nothing to export yet.",
        )
    };
    let said = talk(&mut stream).map_err(|error| refused("no answer").because(error))?;
    match said.trim().split_once(' ') {
        Some(("ok", name)) if !name.contains('/') => Ok(Some(dir.join(name))),
        Some(("no", code)) => Err(refused(code)),
        _ => Err(refused("no answer")),
    }
}
