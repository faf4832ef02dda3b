//! Sealing: entries without a leaf get one, off the path of any request.
//!
//! One sealer works at a time, under a lease with a fence: who has lost the lease cannot write,
//! even if it does not know yet. A turn is one transaction that gives indices, stores tiles and
//! the signed checkpoint; once it is durable the checkpoint is published, since it is what
//! [`crate::checkpoint`] and [`crate::resource`] then give.
//!
//! # Invariants
//!
//! - Entries are taken because they have no leaf, whatever their ids: ids are drawn before the
//!   commit, and commits are not in their order.
//! - A store that is behind a checkpoint which a witness has signed is not sealed upon: it would
//!   contradict what the witness has seen.
//! - Nothing is signed but what extends the newest checkpoint that this log has signed, by the one
//!   in the store and by the [`Head`], which is where the database's administrator is not.
//!
//! Source: `core.md` 3.2.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;
use ken_core::Ctx;
use ken_store::{Db, Reads, Tx, values};

use crate::checkpoint::Checkpoint;
use crate::checkpoints::tiles;
use crate::export::int;
use crate::head::{Head, beside};
use crate::signer::{KeyFileError, SignerKey};
use crate::tile::Edge;
use crate::witness::{Witnesses, log_size};
use crate::{Commitment, Error, Fault, Hash, Trust, sql};

/// Most leaves of one turn, the width of a tile. House policy: on SQLite a turn holds the one
/// writer, for which requests wait (1,024 leaves held it for 60 ms on two shared cores).
const LEAVES_MAX: i64 = 256;

/// How long a lease holds. House policy: a sealer that dies is replaced well within the minute
/// after which disclosures would stop.
const LEASE: SignedDuration = SignedDuration::from_secs(10);

/// How a sealer is set up.
#[derive(Debug, Clone)]
pub struct SealerSettings {
    /// The log's key; its name is the origin.
    pub key: SignerKey,
    /// This process, told apart from every other: a fresh id.
    pub holder: String,
    /// The witnesses whose cosignatures are taken, and how many make a quorum.
    pub trust: Trust,
    /// Where the newest cosigned checkpoint is remembered: outside the database, so that an old
    /// copy of it is recognised. The newest that the log has signed stands beside it.
    pub memory: PathBuf,
}

impl SealerSettings {
    /// Where the newest checkpoint that the log has signed is remembered.
    #[must_use]
    pub fn own(&self) -> PathBuf {
        beside(&self.memory)
    }
}

/// What a turn of the sealer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Another sealer holds the lease.
    Standby,
    /// Leaves were added, if there were any.
    Sealed {
        /// How many.
        leaves: u64,
        /// How many there are in all.
        size: u64,
        /// Whether more are waiting.
        is_more: bool,
    },
}

/// The one who seals.
#[derive(Debug)]
pub struct Sealer {
    settings: SealerSettings,
    witnesses: Witnesses,
    head: Head,
    /// The fence and the end (µs since 1970 UTC) of the lease that is believed to be held.
    lease: Option<(i64, i64)>,
}

impl Sealer {
    /// Opens the log in `db`: makes an empty one where there is none, and checks one that is there
    /// against its own checkpoint and those remembered.
    ///
    /// # Errors
    ///
    /// [`Error::Behind`] when a witness has seen more than the store holds; [`Error::Cut`] when
    /// this log has signed for more; [`Error::Corrupt`] when the tiles do not give a signed root;
    /// [`Error::KeyFile`] when the log has another key.
    pub async fn open(db: &Db, ctx: &Ctx<'_>, settings: SealerSettings) -> Result<Self, Error> {
        let key = &settings.key;
        db.write("ledger.open", async |tx| begin(tx, ctx, key).await).await?;
        let (trust, memory) = (settings.trust.clone(), settings.memory.clone());
        let witnesses = Witnesses::new(key.clone(), trust, memory);
        let mut head = Box::pin(witnesses.open(db, ctx)).await?;
        head.keep(false)?;
        Ok(Self { settings, witnesses, head, lease: None })
    }

    /// Seals what is waiting, up to `LEAVES_MAX` leaves; to be called about once a second, and
    /// again at once while more are waiting.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] when tiles are missing or give another root than was signed,
    /// [`Error::Cut`] when the log is shorter than it was, or those of the store: nothing is kept
    /// then. [`Error::Io`] when the file of the head cannot be written; what was sealed is kept.
    pub async fn run_once(&mut self, db: &Db, ctx: &Ctx<'_>) -> Result<Turn, Error> {
        let now = ctx.now_us();
        if self.is_idle(db, now).await? {
            let size = db.snapshot("ledger.size", async |s| log_size(s).await).await?;
            self.head.reaches(size)?;
            self.head.keep(false)?;
            return Ok(Turn::Sealed { leaves: 0, size, is_more: false });
        }
        if self.lease.is_none() {
            self.lease = self.take_lease(db, now).await?;
        }
        let Some((fence, _)) = self.lease else { return Ok(Turn::Standby) };
        let until = now + lease_us();
        let turn = db.write("ledger.seal", async |tx| self.seal(tx, ctx, fence, until).await);
        match turn.await {
            Err(Error::Fenced) => {
                self.lease = None;
                Ok(Turn::Standby)
            }
            Err(error) => Err(error),
            Ok((turn, sealed)) => {
                self.lease = Some((fence, until));
                if let Some(sealed) = sealed {
                    self.head.follow(sealed);
                }
                self.head.keep(matches!(turn, Turn::Sealed { is_more: true, .. }))?;
                Ok(turn)
            }
        }
    }

    /// Gives the lease up, so that another sealer need not wait for its end.
    ///
    /// # Errors
    ///
    /// Those of the store; the lease then runs out by itself.
    pub async fn close(mut self, db: &Db) -> Result<(), Error> {
        let Some((fence, _)) = self.lease.take() else { return Ok(()) };
        let holder = &self.settings.holder;
        let given = db.write("ledger.close", async |tx| {
            tx.execute(sql::LEASE_GIVE, values![holder, fence]).await.map(drop)
        });
        given.await.map_err(Error::Store)
    }

    /// The witnesses of this log, whose words may be taken while it seals.
    #[must_use]
    pub fn witnesses(&self) -> Witnesses {
        self.witnesses.clone()
    }

    /// Whether the lease is fresh and nothing waits, so that no commit is needed.
    async fn is_idle(&self, db: &Db, now: i64) -> Result<bool, Error> {
        let fresh = self
            .lease
            .is_some_and(|(_, until)| (now + lease_us() / 2..=now + lease_us()).contains(&until));
        if !fresh {
            return Ok(false);
        }
        let oldest = db.snapshot("ledger.waiting", async |s| oldest_unsealed(s).await).await?;
        Ok(oldest.is_none())
    }

    async fn take_lease(&self, db: &Db, now: i64) -> Result<Option<(i64, i64)>, Error> {
        let until = now + lease_us();
        let holder = &self.settings.holder;
        // A lease that ends later than any could is from before the clock was put back.
        let of = values![holder, until, now, until];
        let taken = db.write("ledger.lease", async |tx| {
            tx.execute(sql::SEAL_MEND, &[]).await?;
            tx.find(sql::LEASE_TAKE, of, |row| row.int(0)).await
        });
        Ok(taken.await.map_err(Error::Store)?.map(|fence| (fence, until)))
    }

    async fn seal(
        &self,
        tx: &mut Tx,
        ctx: &Ctx<'_>,
        fence: i64,
        until: i64,
    ) -> Result<(Turn, Option<Checkpoint>), Error> {
        let of = values![until, &self.settings.holder, fence];
        let size = tx.find(sql::LEASE_KEEP, of, |row| row.int(0)).await?;
        let size = size.ok_or(Error::Fenced)?;
        let added = tx.execute(sql::SEAL, values![size, LEAVES_MAX]).await?;
        let old = u64::try_from(size).map_err(|_| Error::Corrupt(Fault::Leaf))?;
        if added == 0 {
            return Ok((Turn::Sealed { leaves: 0, size: old, is_more: false }, None));
        }
        tx.execute(sql::SEAL_MARK, values![size]).await?;
        let signed = signed(tx, old, &self.settings.key).await?;
        self.head.check(tx, &signed).await?;
        let edge = grow(tx, &signed, added).await?;
        let note = Checkpoint::sign(edge.size(), edge.root(), &self.settings.key);
        let sealed = Checkpoint::read(note.text())?;
        let size = int(edge.size());
        let of = values![size, ctx.now_us(), note.to_string()];
        tx.execute(sql::CHECKPOINT_PUT, of).await?;
        tx.execute(sql::CHECKPOINTS_FORGET, values![size]).await?;
        tx.execute(sql::SEAL_SIZE, values![size]).await?;
        let is_more = int(added) >= LEAVES_MAX;
        Ok((Turn::Sealed { leaves: added, size: edge.size(), is_more }, Some(sealed)))
    }
}

/// Age of the oldest entry without a leaf; zero when all are sealed.
///
/// Over [`crate::SEAL_WITHIN`], only statutory and exceptional disclosures go on.
///
/// # Errors
///
/// Those of the store.
pub async fn oldest_unsealed_age(
    reads: &mut impl Reads,
    ctx: &Ctx<'_>,
) -> Result<SignedDuration, Error> {
    let age_us = oldest_unsealed(reads).await?.map_or(0, |at| ctx.now_us() - at);
    Ok(SignedDuration::from_micros(age_us.max(0)))
}

async fn oldest_unsealed(reads: &mut impl Reads) -> Result<Option<i64>, Error> {
    let oldest = reads.find(sql::OLDEST_UNSEALED, &[], |row| row.int_opt(0)).await?;
    Ok(oldest.flatten())
}

/// A lease in microseconds.
fn lease_us() -> i64 {
    i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX)
}

/// Makes the sealer's row and the first, empty checkpoint, where there are none.
async fn begin(tx: &mut Tx, ctx: &Ctx<'_>, key: &SignerKey) -> Result<(), Error> {
    let name = key.verifier().to_string();
    tx.execute(sql::SEALER_CREATE, values![&name]).await?;
    let stored = tx.find(sql::LOG_KEY, &[], |row| row.text(0)).await?;
    if stored.as_ref() != Some(&name) {
        return Err(KeyFileError::OtherName.into());
    }
    if log_size(tx).await? == 0 {
        let note = Checkpoint::sign(0, Hash::empty(), key).to_string();
        tx.execute(sql::CHECKPOINT_PUT, values![0_i64, ctx.now_us(), &note]).await?;
    }
    Ok(())
}

/// The newest checkpoint in the store, which must be of this size and signed by the log.
async fn signed(tx: &mut Tx, size: u64, key: &SignerKey) -> Result<Checkpoint, Error> {
    let note = tx.find(sql::CHECKPOINT_NEWEST, &[], |row| row.text(1)).await?;
    let note = note.ok_or(Error::Corrupt(Fault::Root))?;
    let signed = Checkpoint::open(&note.parse()?, key.verifier())?;
    (signed.size == size).then_some(signed).ok_or(Error::Corrupt(Fault::Root))
}

/// Adds leaves to the stored tiles, which must give what was signed before.
async fn grow(tx: &mut Tx, signed: &Checkpoint, added: u64) -> Result<Edge, Error> {
    let old = signed.size;
    let of = values![int(old), int(old.saturating_add(added))];
    let leaves = tx.list(sql::LEAVES_BETWEEN, of, |row| row.bytes(0)).await?;
    if leaves.len() as u64 != added {
        return Err(Error::Corrupt(Fault::Leaf));
    }
    let stored = tiles(tx, &Edge::tiles(old)).await?;
    let mut edge = Edge::resume(old, &stored).ok_or(Error::Corrupt(Fault::Tile))?;
    if edge.root() != signed.root {
        return Err(Error::Corrupt(Fault::Root));
    }
    let mut changed = BTreeMap::new();
    for leaf in leaves {
        let hash = Hash::from_slice(&leaf).ok_or(Error::Corrupt(Fault::Leaf))?;
        edge.push(Commitment::from_hash(hash).leaf(), &mut changed);
    }
    for (id, hashes) in changed {
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
        let of = values![i64::from(id.level), int(id.index), bytes];
        tx.execute(sql::TILE_PUT, of).await?;
    }
    Ok(edge)
}
