//! Witnesses: whose word about this log is taken, and what they have seen.
//!
//! A witness is handed the newest checkpoint, checks that the log it knew is the beginning of this
//! one, and cosigns. The cosigned checkpoint comes back here and is kept twice: in a file outside
//! the database, so that an old copy of the database is recognised, and in the database, so that
//! exports carry it.
//!
//! # Invariants
//!
//! - Only witnesses of the trust file are taken, and only for what the store holds.
//! - The log signs an old size again only for a root that a trusted witness has signed.
//! - A word that was taken is not lost: the file is durable before the database is asked, is read
//!   again at every start, and gathers the words of several witnesses for one size.
//! - Taking a word and sealing exclude each other by the sealer's row: a checkpoint is not
//!   forgotten while its first cosignature is being stored.
//!
//! Source: `core.md` 3.2 and 3.3; C2SP tlog-cosignature, tlog-policy.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ken_core::Ctx;
use ken_store::{Db, Reads, Tx, values};

use crate::checkpoint::{Checkpoint, Witnessed, witnesses};
use crate::checkpoints::{cosigned, newest, root_at, with_cosignatures};
use crate::export::{CHECKPOINTS_MAX, int};
use crate::head::{self, Head};
use crate::note::{Note, NoteError, SignatureLine, VerifierKey};
use crate::signer::SignerKey;
use crate::{Error, Fault, Trust, sql};

/// Most cosignatures without a checkpoint that are mended at one start. House policy.
const MENDED_MAX: i64 = 1000;

/// The witnesses of one log; a clone is the same.
#[derive(Debug, Clone)]
pub struct Witnesses {
    key: SignerKey,
    trust: Trust,
    memory: PathBuf,
    /// One at a time rewrites the file.
    writing: Arc<Mutex<()>>,
}

/// How far witnesses vouch for the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Size of the largest checkpoint that any trusted witness has cosigned.
    pub witnessed: Option<u64>,
    /// Size of the largest that a quorum has cosigned, where the trust file asks for one.
    pub quorum: Option<u64>,
    /// Whether the trust file asks for a quorum.
    pub asks_quorum: bool,
}

impl Witnesses {
    pub(crate) fn new(key: SignerKey, trust: Trust, memory: PathBuf) -> Self {
        Self { key, trust, memory, writing: Arc::default() }
    }

    /// Takes the cosignatures of trusted witnesses on a checkpoint of this log.
    ///
    /// # Errors
    ///
    /// [`Error::Note`] when it is no checkpoint of this log, or no trusted witness has signed;
    /// [`Error::Behind`] when the log is shorter; [`Error::Corrupt`] when the root is another.
    pub async fn accept(
        &self,
        db: &Db,
        ctx: &Ctx<'_>,
        note: &Note,
    ) -> Result<Vec<Witnessed>, Error> {
        let known = self.trust.witnesses();
        let found = witnesses(note, &known)?;
        if found.is_empty() {
            return Err(NoteError::Unsigned.into());
        }
        let log = self.key.verifier();
        db.snapshot("ledger.check", async |s| seen_in(s, log, note).await.map(drop)).await?;
        let lines = trusted_lines(note, &known);
        self.remember(note, &lines)?;
        self.store(db, ctx, note, &lines).await?;
        Ok(found)
    }

    /// How far witnesses vouch for what is stored.
    ///
    /// # Errors
    ///
    /// [`Error::Note`] when a stored cosignature does not hold, or those of the store.
    pub async fn standing(&self, db: &Db) -> Result<Standing, Error> {
        let known = self.trust.witnesses();
        let asks_quorum = self.trust.asks_quorum();
        let notes =
            db.snapshot("ledger.standing", async |s| cosigned(s, CHECKPOINTS_MAX).await).await?;
        let mut standing = Standing { asks_quorum, ..Standing::default() };
        for note in notes {
            let by = witnesses(&note, &known)?;
            let Some(size) = by.first().map(|by| by.size) else { continue };
            standing.witnessed = standing.witnessed.max(Some(size));
            if asks_quorum && self.trust.is_quorum(&by) {
                standing.quorum = standing.quorum.max(Some(size));
            }
        }
        Ok(standing)
    }

    /// At start: the store must hold what witnesses have seen and what this log has signed, and
    /// gets back what it has lost of the words of witnesses. Gives the head to seal upon.
    pub(crate) async fn open(&self, db: &Db, ctx: &Ctx<'_>) -> Result<Head, Error> {
        let log = self.key.verifier();
        let seen = recall(&self.memory)?;
        let (file, key) = (head::beside(&self.memory), self.key.clone());
        let head = db.snapshot("ledger.check", async |s| {
            let stored = match &seen {
                Some(seen) => seen_in(s, log, seen).await?,
                None => check(s, log).await?,
            };
            Head::open(s, file, key, stored).await
        });
        let head = head.await?;
        let known = self.trust.witnesses();
        db.write("ledger.mend", async |tx| mend(tx, ctx, &self.key, &known).await).await?;
        let Some(seen) = seen else { return Ok(head) };
        witnesses(&seen, &known)?;
        self.store(db, ctx, &seen, &trusted_lines(&seen, &known)).await?;
        Ok(head)
    }

    async fn store(
        &self,
        db: &Db,
        ctx: &Ctx<'_>,
        note: &Note,
        lines: &[SignatureLine],
    ) -> Result<(), Error> {
        let size = int(Checkpoint::open(note, self.key.verifier())?.size);
        let own = self.key.sign_note(note.text().to_owned()).to_string();
        let stored = db.write("ledger.cosign", async |tx| {
            if lines.is_empty() {
                return Ok(());
            }
            // The sealer takes the same row first, and forgets checkpoints nobody has cosigned.
            tx.find(sql::SEALER_HOLD, &[], |row| row.int(0)).await?;
            tx.execute(sql::CHECKPOINT_PUT, values![size, ctx.now_us(), &own]).await?;
            for line in lines {
                let of = values![size, line.name(), line.to_string()];
                tx.execute(sql::COSIGNATURE_PUT, of).await?;
            }
            Ok(())
        });
        stored.await.map_err(Error::Store)
    }

    /// Remembers a cosigned checkpoint, unless a larger one is; what others said of the same is
    /// kept. Written beside, then put in place.
    fn remember(&self, note: &Note, lines: &[SignatureLine]) -> Result<(), Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let log = self.key.verifier();
        let own = self.key.sign(note.text(), 0);
        let signatures = [&[own], lines].concat();
        let mut kept = Note::new(note.text().to_owned(), signatures);
        if let Some(before) = recall(&self.memory)? {
            let (old, new) = (Checkpoint::open(&before, log)?, Checkpoint::open(note, log)?);
            if old.size > new.size {
                return Ok(());
            }
            let others = before.signatures().iter().filter(|line| {
                !log.is_signer(line) && !lines.iter().any(|own| own.name() == line.name())
            });
            if old.size == new.size {
                others.for_each(|line| kept.add(line.clone()));
            }
        }
        put(&self.memory, &kept.to_string())
    }
}

/// The lines of these witnesses.
fn trusted_lines(note: &Note, known: &[VerifierKey]) -> Vec<SignatureLine> {
    let is_known = |line: &&SignatureLine| known.iter().any(|key| key.is_signer(line));
    note.signatures().iter().filter(is_known).cloned().collect()
}

/// Checks the stored log against its own newest checkpoint, and gives that.
async fn check(reads: &mut impl Reads, log: &VerifierKey) -> Result<Checkpoint, Error> {
    let stored = log_size(reads).await?;
    let own = newest(reads).await?.ok_or(Error::Corrupt(Fault::Root))?;
    let own = Checkpoint::open(&own, log)?;
    if own.size != stored || root_at(reads, stored).await? != own.root {
        return Err(Error::Corrupt(Fault::Root));
    }
    Ok(own)
}

/// The same, and against a checkpoint that was seen elsewhere.
async fn seen_in(
    reads: &mut impl Reads,
    log: &VerifierKey,
    seen: &Note,
) -> Result<Checkpoint, Error> {
    let own = check(reads, log).await?;
    let seen = Checkpoint::open(seen, log)?;
    if seen.size > own.size {
        return Err(Error::Behind { stored: own.size, witnessed: seen.size });
    }
    let same = root_at(reads, seen.size).await? == seen.root;
    same.then_some(own).ok_or(Error::Corrupt(Fault::Root))
}

/// Number of leaves, as the sealer counts them.
pub(crate) async fn log_size(reads: &mut impl Reads) -> Result<u64, Error> {
    let size = reads.find(sql::LOG_SIZE, &[], |row| row.int(0)).await?.unwrap_or(0);
    u64::try_from(size).map_err(|_| Error::Corrupt(Fault::Leaf))
}

/// Gives cosignatures back the checkpoint that they belong to: the tiles still say it, and a
/// trusted witness must have signed just that before the log signs it again.
async fn mend(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    key: &SignerKey,
    known: &[VerifierKey],
) -> Result<(), Error> {
    let lost = tx.list(sql::COSIGNED_LOST, values![MENDED_MAX], |row| row.int(0)).await?;
    if lost.is_empty() {
        return Ok(());
    }
    tx.find(sql::SEALER_HOLD, &[], |row| row.int(0)).await?;
    let stored = log_size(tx).await?;
    for size in lost {
        let witnessed = u64::try_from(size).map_err(|_| Error::Corrupt(Fault::Root))?;
        if witnessed > stored {
            return Err(Error::Behind { stored, witnessed });
        }
        let own = Checkpoint::sign(witnessed, root_at(tx, witnessed).await?, key).to_string();
        let note = with_cosignatures(tx, size, &own).await?;
        let by = witnesses(&note, known).map_err(|_| Error::Corrupt(Fault::Root))?;
        if !by.is_empty() {
            tx.execute(sql::CHECKPOINT_PUT, values![size, ctx.now_us(), own]).await?;
        }
    }
    Ok(())
}

/// The checkpoint remembered outside the database, if there is one.
pub(crate) fn recall(memory: &Path) -> Result<Option<Note>, Error> {
    match fs::read_to_string(memory) {
        Ok(text) => Ok(Some(text.parse()?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Puts a durable file in the place of another.
pub(crate) fn put(memory: &Path, text: &str) -> Result<(), Error> {
    let mut beside = memory.as_os_str().to_owned();
    beside.push(".new");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, memory)?;
    memory.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
    Ok(())
}
