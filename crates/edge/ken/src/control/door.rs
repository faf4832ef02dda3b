//! The side of the control socket that a running Ken serves.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use ken_core::{Clock, Ctx, IdSource};
use ken_ledger::{Audited, Note, SignerKey, Witnesses};
use ken_store::Db;
use ken_store::keys::KeyRing;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::WriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    ACCOUNTS, AUDIT, CHECKPOINT, COSIGNED, EXPORT, FILE, LINE_MAX, REPLAY, write_checkpoint,
    write_export,
};
use crate::config::read_small;
use crate::{accounts, agreement};

/// What the door opens on.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) db: Db,
    pub(crate) keys: KeyRing,
    pub(crate) dir: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) witnesses: Witnesses,
    pub(crate) log_key: SignerKey,
}

impl Door {
    /// Serves the control socket until told to stop. A directory whose path is too long for a
    /// socket has none, and `ken ledger` then needs Ken stopped.
    pub(crate) async fn serve(self, stop: CancellationToken) {
        let file = self.dir.join(FILE);
        // What a killed process left behind; the database's lock says that nobody listens.
        let _ = fs::remove_file(&file);
        let private = |listener| {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).map(|()| listener)
        };
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
            tokio::select! {
                () = stop.cancelled() => break,
                _ = self.answer(stream) => {}
            }
        }
        let _ = fs::remove_file(&file);
    }

    async fn answer(&self, mut stream: UnixStream) -> io::Result<()> {
        let (reader, mut writer) = stream.split();
        let mut question = String::new();
        let mut reader = tokio::io::BufReader::new(reader.take(LINE_MAX));
        reader.read_line(&mut question).await?;
        let words: Vec<&str> = question.split_whitespace().collect();
        let said = match words.as_slice() {
            [EXPORT] => {
                let name = self.name(EXPORT);
                let file = self.dir.join(&name);
                write_export(&self.db, &*self.clock, &self.log_key, &file).await.map(|()| name)
            }
            [CHECKPOINT] => {
                let name = self.name(CHECKPOINT);
                write_checkpoint(&self.db, &self.dir.join(&name)).await.map(|()| name)
            }
            [COSIGNED, name] if !name.contains('/') => self.cosigned(name).await,
            [ACCOUNTS, name] if !name.contains('/') => {
                let (ctx, written) = (Ctx::new(&*self.clock, &*self.ids), self.name(ACCOUNTS));
                let files = (self.dir.as_path(), *name, written.as_str());
                Box::pin(accounts::answer((&self.db, &self.keys, &ctx), files)).await
            }
            [AUDIT] => Box::pin(self.audit(&mut writer)).await?,
            [REPLAY, draft, days] if !draft.contains('/') => {
                let mut rest = String::new();
                tokio::select! {
                    // Nothing more is said on it: it ends when whoever asked has gone.
                    _ = reader.read_line(&mut rest) => return Ok(()),
                    said = self.replay(&mut writer, draft, days) => said?,
                }
            }
            _ => Err("ken.control"),
        };
        let said = match said {
            Ok(said) => format!("ok {said}\n"),
            Err(code) => format!("no {code}\n"),
        };
        writer.write_all(said.as_bytes()).await
    }

    fn name(&self, what: &str) -> String {
        format!("{what}-{}.tmp", self.ids.random())
    }

    async fn cosigned(&self, name: &str) -> Result<String, &'static str> {
        let text = read_small(&self.dir.join(name), "ken.checkpoint-unreadable", "checkpoint");
        let text = text.map_err(|_| "ken.checkpoint-unreadable")?;
        let note: Note = text.parse().map_err(|error: ken_ledger::NoteError| error.code())?;
        let ctx = Ctx::new(&*self.clock, &*self.ids);
        accept(&self.witnesses, &self.db, &ctx, &note).await.map_err(|error| error.code())
    }

    /// Audits, saying now and then how far it is; outside is what could not be said.
    async fn audit(&self, writer: &mut WriteHalf<'_>) -> io::Result<Result<String, &'static str>> {
        let (tell, far) = watch::channel((0, 0));
        let note = |done, of| {
            tell.send_replace((done, of));
        };
        let found = Box::pin(telling(far, writer, ken_ledger::audit(&self.db, &note))).await?;
        Ok(found.map(|found| audited(&found)).map_err(|error| error.code()))
    }

    /// Tries a draft, saying now and then how far it is.
    async fn replay(
        &self,
        writer: &mut WriteHalf<'_>,
        draft: &str,
        days: &str,
    ) -> io::Result<Result<String, &'static str>> {
        let (tell, far) = watch::channel((0, 0));
        let note = |done, of| {
            tell.send_replace((done, of));
            ControlFlow::Continue(())
        };
        let ctx = Ctx::new(&*self.clock, &*self.ids);
        let written = self.name("replayed");
        let files = (self.dir.as_path(), draft, written.as_str());
        let trying = agreement::answer((&self.db, &self.keys, &ctx), files, days, &note);
        Box::pin(telling(far, writer, trying)).await
    }
}

/// Waits for what takes long, saying now and then how far it is.
async fn telling<T>(
    mut far: watch::Receiver<(u64, u64)>,
    writer: &mut WriteHalf<'_>,
    work: impl Future<Output = T>,
) -> io::Result<T> {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            _ = far.changed() => {
                let (done, of) = *far.borrow_and_update();
                writer.write_all(format!("at {done} {of}\n").as_bytes()).await?;
            }
        }
    }
}

/// Takes a cosigned checkpoint; who cosigned, in words.
pub(crate) async fn accept(
    witnesses: &Witnesses,
    db: &Db,
    ctx: &Ctx<'_>,
    note: &Note,
) -> Result<String, ken_ledger::Error> {
    let taken = witnesses.accept(db, ctx, note).await?;
    let size = taken.first().map_or(0, |one| one.size);
    metrics::gauge!("ken_ledger_witnessed_leaves")
        .set(f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
    let names: Vec<&str> = taken.iter().map(|one| one.witness.as_str()).collect();
    Ok(format!("{size} {}", names.join(" ")))
}

/// What an audit found, on one line.
pub(crate) fn audited(found: &Audited) -> String {
    let some = |place: Option<u64>| place.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let Audited { leaves, signed, broken, wrong_root, unleafed, waiting } = found;
    let (broken, wrong_root) = (some(*broken), some(*wrong_root));
    format!("{leaves} {signed} {broken} {wrong_root} {unleafed} {waiting}")
}

/// Reads that line.
pub(crate) fn read_audited(line: &str) -> Option<Audited> {
    let words: Vec<&str> = line.split(' ').collect();
    let [leaves, signed, broken, wrong_root, unleafed, waiting] = words.as_slice() else {
        return None;
    };
    let some = |word: &str| match word {
        "-" => Some(None),
        number => number.parse().ok().map(Some),
    };
    Some(Audited {
        leaves: leaves.parse().ok()?,
        signed: signed.parse().ok()?,
        broken: some(broken)?,
        wrong_root: some(wrong_root)?,
        unleafed: unleafed.parse().ok()?,
        waiting: waiting.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_audit_found_passes_the_socket() {
        let check = |found: Audited| assert_eq!(read_audited(&audited(&found)), Some(found));
        check(Audited::default());
        let (leaves, signed, unleafed, waiting) = (1, 2, 3, 4);
        check(Audited { leaves, signed, broken: Some(1), wrong_root: Some(2), unleafed, waiting });
        assert_eq!(read_audited("1 2 3"), None);
    }
}
