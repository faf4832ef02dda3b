//! Checking the database itself: every leaf against the entry it stands for, every entry against
//! its leaf, and the whole against what was signed.
//!
//! An export shows whether the log is what was signed; this shows whether the entries that people
//! are shown are those of the log.
//!
//! # Invariants
//!
//! - It reads in pages, each in a snapshot of its own: no statement grows with the log.
//! - It ends at the size that was signed when it began, so that entries may be written and sealed
//!   meanwhile. A log that ends before that size is broken where it ends.

use ken_store::{Db, Reads, Result as StoreResult, Row, values};

use crate::checkpoints::{cosigned, newest, root_at};
use crate::entry::Commitment;
use crate::export::{CHECKPOINTS_MAX, int};
use crate::merkle::Frontier;
use crate::note::VerifierKey;
use crate::read::Stored;
use crate::{Checkpoint, Error, Fault, Hash, sql};

/// Leaves or entries checked in one snapshot, so that none is long.
const AT_ONCE: i64 = 500;

/// What an audit of the database found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audited {
    /// Leaves whose entries were hashed again.
    pub leaves: u64,
    /// How many leaves the log has signed for.
    pub signed: u64,
    /// The first leaf that is gone, whose entry is gone, or whose entry is not what was sealed.
    pub broken: Option<u64>,
    /// The smallest signed checkpoint whose root the leaves do not give.
    pub wrong_root: Option<u64>,
    /// Entries that are marked as sealed, but have no leaf.
    pub unleafed: u64,
    /// Entries that wait for their leaf.
    pub waiting: u64,
}

impl Audited {
    /// Whether nothing was found that must not be.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.broken.is_none() && self.wrong_root.is_none() && self.unleafed == 0
    }
}

/// Checks every leaf, up to the first that is broken, and every entry. `watch` is told how far it
/// has come, and, about, of how many.
///
/// # Errors
///
/// [`Error::Unsealed`] before the first checkpoint; [`Error::Note`] when a stored checkpoint is
/// not the log's own; or those of the store.
pub async fn audit(db: &Db, watch: &(dyn Fn(u64, u64) + Sync)) -> Result<Audited, Error> {
    let signed = db.snapshot("ledger.audit", async |s| Signed::load(s).await).await?;
    let of = signed.size.saturating_mul(2);
    let mut found =
        Audited { signed: signed.size, wrong_root: signed.wrong_root, ..Audited::default() };
    leaves(db, &signed, &mut found, &|done| watch(done, of)).await?;
    entries(db, &mut found, &|done| watch(done.saturating_add(signed.size).min(of), of)).await?;
    Ok(found)
}

/// What the log has put its name to.
struct Signed {
    size: u64,
    /// Checkpoints that somebody else keeps, and the newest: size and root.
    roots: Vec<(u64, Hash)>,
    /// A checkpoint that does not fit the sealer's own count, or the tiles.
    wrong_root: Option<u64>,
}

impl Signed {
    async fn load(reads: &mut impl Reads) -> Result<Self, Error> {
        let read = |row: &Row<'_>| Ok((row.text(0)?, row.int(1)?));
        let head = reads.find(sql::LOG_HEAD, &[], read).await?;
        let (log, count) = head.ok_or(Error::Unsealed)?;
        let log: VerifierKey = log.parse()?;
        let count = u64::try_from(count).map_err(|_| Error::Corrupt(Fault::Leaf))?;
        let last = newest(reads).await?.ok_or(Error::Unsealed)?;
        let last = Checkpoint::open(&last, &log)?;
        let mut roots = Vec::new();
        for note in cosigned(reads, CHECKPOINTS_MAX).await? {
            let Checkpoint { size, root, .. } = Checkpoint::open(&note, &log)?;
            roots.push((size, root));
        }
        let by_tiles = match root_at(reads, last.size).await {
            Ok(root) => Some(root),
            Err(Error::Corrupt(_)) => None,
            Err(error) => return Err(error),
        };
        let fits = last.size == count && by_tiles == Some(last.root);
        roots.push((last.size, last.root));
        let wrong_root = (!fits).then_some(last.size);
        Ok(Self { size: last.size.max(count), roots, wrong_root })
    }

    /// A checkpoint of that size with another root.
    fn contradicts(&self, size: u64, root: Hash) -> bool {
        self.roots.iter().any(|(of, signed)| *of == size && *signed != root)
    }

    fn has(&self, size: u64) -> bool {
        self.roots.iter().any(|(of, _)| *of == size)
    }
}

async fn leaves(
    db: &Db,
    signed: &Signed,
    found: &mut Audited,
    watch: &(dyn Fn(u64) + Sync),
) -> Result<(), Error> {
    let mut tree = Frontier::default();
    while found.leaves < signed.size {
        let (from, most) = (int(found.leaves), AT_ONCE.min(int(signed.size - found.leaves)));
        let page = db.snapshot("ledger.audit", async |s| {
            s.list(sql::AUDIT, values![from, most], leaf).await
        });
        let page = page.await.map_err(Error::Store)?;
        if page.is_empty() {
            found.broken = Some(found.leaves);
            return Ok(());
        }
        for Audit { index, sealed, is_whole } in page {
            let Some(sealed) = sealed.filter(|_| is_whole && index == int(found.leaves)) else {
                found.broken = Some(found.leaves);
                return Ok(());
            };
            tree.push(sealed.leaf());
            found.leaves += 1;
            let size = found.leaves;
            if signed.has(size) && signed.contradicts(size, tree.root()) {
                found.wrong_root = Some(found.wrong_root.map_or(size, |other| other.min(size)));
            }
        }
        watch(found.leaves);
    }
    Ok(())
}

async fn entries(db: &Db, found: &mut Audited, watch: &(dyn Fn(u64) + Sync)) -> Result<(), Error> {
    let (mut after, mut done) = ((String::new(), String::new()), 0_u64);
    loop {
        let page = db.snapshot("ledger.audit", async |s| {
            s.list(sql::AUDIT_ENTRIES, values![&after.0, &after.1, AT_ONCE], |row| {
                Ok((row.text(0)?, row.text(1)?, row.int(2)? != 0, row.int_opt(3)?.is_some()))
            })
            .await
        });
        let page: Vec<_> = page.await.map_err(Error::Store)?;
        for (_, _, is_marked, has_leaf) in &page {
            found.unleafed += u64::from(*is_marked && !has_leaf);
            found.waiting += u64::from(!is_marked && !has_leaf);
        }
        done = done.saturating_add(page.len() as u64);
        let Some((stream, entry, ..)) = page.into_iter().next_back() else { return Ok(()) };
        after = (stream, entry);
        watch(done);
    }
}

/// A leaf, and whether its entry is there and is what the leaf says.
struct Audit {
    index: i64,
    sealed: Option<Commitment>,
    is_whole: bool,
}

fn leaf(row: &Row<'_>) -> StoreResult<Audit> {
    let index = row.int(0)?;
    let sealed = Hash::from_slice(&row.bytes(1)?).map(Commitment::from_hash);
    if row.text_opt(2)?.is_none() {
        return Ok(Audit { index, sealed, is_whole: false });
    }
    // An entry that cannot be read any more has been changed.
    let is_whole = Stored::read(row, 2)
        .is_ok_and(|stored| stored.is_whole() && Some(stored.commitment) == sealed);
    Ok(Audit { index, sealed, is_whole })
}
