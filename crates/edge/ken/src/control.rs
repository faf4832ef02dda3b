//! The control socket: how a second `ken` on this machine asks a running one.
//!
//! A database of one machine belongs to one process. `ken ledger`, `ken accounts` and
//! `ken agreement replay` therefore ask the process that runs, through a socket in the data
//! directory that only its owner can open. A file passes in that directory: the process writes it
//! there for the asker to take, or the asker puts it there.
//!
//! # Invariants
//!
//! - Nothing is said on the socket but a word, a file's name, counts and a code.
//! - The process writes only in its own directory, to a file that was not there.
//! - One asker is served at a time.

mod door;

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use ken_core::Clock;
use ken_ledger::SignerKey;
use ken_store::Db;

use crate::trouble::{NOTHING_DONE, Trouble};

pub(crate) use door::{Door, accept, read_audited};

/// The socket, in the data directory.
const FILE: &str = "ken.sock";
/// Asks for an export; the answer is the name of a file.
pub(crate) const EXPORT: &str = "export";
/// Asks for the newest checkpoint; the answer is the name of a file.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Hands over a cosigned checkpoint: followed by the name of a file.
pub(crate) const COSIGNED: &str = "cosigned";
/// Asks for an audit; the answer is what was found, after lines of how far it is.
pub(crate) const AUDIT: &str = "audit";
/// Asks for a replay: followed by the name of the file with the draft, and a number of days; the
/// answer is the name of a file, after lines of how far it is.
pub(crate) const REPLAY: &str = "replay";
/// Hands over what to do with accounts: followed by the name of a file; the answer is the name of a
/// file.
pub(crate) const ACCOUNTS: &str = "accounts";
/// Longest question or line of an answer, in bytes.
const LINE_MAX: u64 = 256;
/// Most lines of one answer. House policy: one for each page of five billion entries.
const LINES_MAX: u32 = 10_000_000;
/// How long an asker waits for the next line about a large ledger. House policy.
const ANSWER_WAIT: Duration = Duration::from_mins(10);

/// Writes the ledger to a new file.
pub(crate) async fn write_export(
    db: &Db,
    clock: &dyn Clock,
    key: &SignerKey,
    file: &Path,
) -> Result<(), &'static str> {
    let opened = create(file).map_err(|_| "ken.export-file")?;
    let mut opened = io::BufWriter::new(opened);
    let exported = ken_ledger::export(db, clock, key, &mut opened).await;
    let whole = exported.map_err(|error| error.code()).and_then(|_| {
        opened.flush().and_then(|()| opened.get_ref().sync_all()).map_err(|_| "ken.export-file")
    });
    if whole.is_err() {
        let _ = fs::remove_file(file);
    }
    whole
}

/// Writes the newest checkpoint to a new file.
pub(crate) async fn write_checkpoint(db: &Db, file: &Path) -> Result<(), &'static str> {
    let newest = db.snapshot("ledger.checkpoint", async |s| ken_ledger::checkpoint(s).await);
    let newest = newest.await.map_err(|error| error.code())?.ok_or("ledger.unsealed")?;
    write_new(file, newest.to_string().as_bytes()).map_err(|_| "ken.export-file")
}

/// Writes a new file that its owner alone can read.
pub(crate) fn write_new(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut opened = create(file)?;
    opened.write_all(bytes).and_then(|()| opened.sync_all())
}

fn create(file: &Path) -> io::Result<fs::File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}

/// Asks a running Ken, telling `watch` how far it says it is; `None` where none runs on this
/// directory.
pub(crate) fn ask(
    dir: &Path,
    question: &str,
    watch: &dyn Fn(u64, u64),
) -> Result<Option<String>, Trouble> {
    connect(dir).map(|stream| ask_on(stream, question, watch)).transpose()
}

/// The way to a running Ken, where one runs on this directory.
pub(crate) fn connect(dir: &Path) -> Option<UnixStream> {
    UnixStream::connect(dir.join(FILE)).ok()
}

/// Asks on a way that is open. Whoever shuts it down ends the question, here and there.
pub(crate) fn ask_on(
    mut stream: UnixStream,
    question: &str,
    watch: &dyn Fn(u64, u64),
) -> Result<String, Trouble> {
    let refused = |code: &str| {
        Trouble::new(
            "ken.ask-refused",
            format!("The Ken that runs did not do it: {code}."),
            NOTHING_DONE,
            "Look the code up; a log that was never sealed has nothing to hand out yet.",
        )
    };
    let asked = stream
        .set_read_timeout(Some(ANSWER_WAIT))
        .and_then(|()| stream.write_all(format!("{question}\n").as_bytes()));
    asked.map_err(|error| refused("no answer").because(error))?;
    let mut reader = BufReader::new(stream);
    for _ in 0..LINES_MAX {
        let mut line = String::new();
        let read = Read::take(&mut reader, LINE_MAX).read_line(&mut line);
        read.map_err(|error| refused("no answer").because(error))?;
        match line.trim_end().split_once(' ') {
            Some(("at", far)) => {
                if let Some((Ok(done), Ok(of))) =
                    far.split_once(' ').map(|(done, of)| (done.parse(), of.parse()))
                {
                    watch(done, of);
                }
            }
            Some(("ok", said)) if !said.contains('/') => return Ok(said.to_owned()),
            Some(("no", code)) => return Err(refused(code)),
            _ => break,
        }
    }
    Err(refused("no answer"))
}
