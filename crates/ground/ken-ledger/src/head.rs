//! The head: the newest checkpoint that this sealer knows to be the log's, in memory and in a file
//! beside the keys.
//!
//! Who rules the database can rewrite it so that it fits in itself, and can put an older checkpoint
//! back that was truly signed. What they cannot reach tells both.
//!
//! # Invariants
//!
//! - The log that is sealed upon, or opened, extends the head: no less, and nothing else.
//! - The file is written after the commit that holds its checkpoint, so that a crash leaves it
//!   behind the database, never before it.
//!
//! Source: `core.md` 3.2.

use std::path::{Path, PathBuf};

use ken_store::Reads;

use crate::checkpoint::Checkpoint;
use crate::checkpoints::root_at;
use crate::signer::SignerKey;
use crate::witness::{put, recall};
use crate::{Error, Fault};

/// Leaves after which the file is written though more are waiting. House policy.
const BEHIND_MAX: u64 = 4096;

/// The newest checkpoint that is known.
#[derive(Debug)]
pub(crate) struct Head {
    file: PathBuf,
    key: SignerKey,
    known: Checkpoint,
    /// Size of the checkpoint in the file.
    written: u64,
}

impl Head {
    /// Takes what the store holds for the head, if that extends what the file says.
    pub(crate) async fn open(
        reads: &mut impl Reads,
        file: PathBuf,
        key: SignerKey,
        stored: Checkpoint,
    ) -> Result<Self, Error> {
        let mut written = 0;
        if let Some(note) = recall(&file)? {
            let kept = Checkpoint::open(&note, key.verifier())?;
            extends(reads, &stored, &kept).await?;
            written = kept.size;
        }
        Ok(Self { file, key, known: stored, written })
    }

    /// Whether a log of so many leaves may be this one.
    pub(crate) fn reaches(&self, stored: u64) -> Result<(), Error> {
        reaches(stored, &self.known)
    }

    /// Whether what the store holds, which the log has signed, extends the head.
    pub(crate) async fn check(
        &self,
        reads: &mut impl Reads,
        stored: &Checkpoint,
    ) -> Result<(), Error> {
        extends(reads, stored, &self.known).await
    }

    /// Goes on to a checkpoint that is durable in the store.
    pub(crate) fn follow(&mut self, to: Checkpoint) {
        self.known = to;
    }

    /// Writes the file, if it is behind: with the last of what is waiting, or well behind.
    pub(crate) fn keep(&mut self, is_more: bool) -> Result<(), Error> {
        let behind = self.known.size.saturating_sub(self.written);
        if behind == 0 || (is_more && behind < BEHIND_MAX) {
            return Ok(());
        }
        // Another sealer with the same keys may be ahead.
        let size = match recall(&self.file)? {
            Some(note) => Checkpoint::open(&note, self.key.verifier())?.size,
            None => 0,
        };
        if size < self.known.size {
            let note = self.key.sign_note(self.known.to_string());
            put(&self.file, &note.to_string())?;
        }
        self.written = self.known.size;
        Ok(())
    }
}

/// The file of the head, beside what witnesses have seen.
pub(crate) fn beside(memory: &Path) -> PathBuf {
    memory.with_extension("own")
}

fn reaches(stored: u64, known: &Checkpoint) -> Result<(), Error> {
    let signed = known.size;
    if stored < signed { Err(Error::Cut { stored, signed }) } else { Ok(()) }
}

async fn extends(
    reads: &mut impl Reads,
    stored: &Checkpoint,
    known: &Checkpoint,
) -> Result<(), Error> {
    reaches(stored.size, known)?;
    let root =
        if stored.size == known.size { stored.root } else { root_at(reads, known.size).await? };
    (root == known.root).then_some(()).ok_or(Error::Corrupt(Fault::Root))
}
