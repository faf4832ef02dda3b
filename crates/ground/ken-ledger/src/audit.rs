//! Checking the database itself: every leaf against the entry it stands for.
//!
//! An export shows whether the log is what was signed; this shows whether the entries that people
//! are shown are those of the log.

use ken_store::{Db, Reads as _, Result as StoreResult, Row, values};

use crate::entry::Commitment;
use crate::read::Stored;
use crate::{Error, Fault, Hash, sql};

/// Leaves checked in one snapshot, so that none is long.
const LEAVES_AT_ONCE: i64 = 500;

/// What an audit of the database found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audited {
    /// Leaves whose entries were hashed again.
    pub leaves: u64,
    /// The first leaf whose entry is gone or is not what was sealed.
    pub broken: Option<u64>,
    /// Entries that are marked as sealed, but have no leaf.
    pub unleafed: u64,
}

/// Checks every leaf, up to the first that is broken.
///
/// # Errors
///
/// Those of the store.
pub async fn audit(db: &Db) -> Result<Audited, Error> {
    let unleafed = db.snapshot("ledger.audit", async |s| {
        s.find(sql::AUDIT_UNLEAFED, &[], |row| row.int(0)).await
    });
    let unleafed = unleafed.await.map_err(Error::Store)?.unwrap_or(0);
    let unleafed = u64::try_from(unleafed).unwrap_or_default();
    let mut next = 0_i64;
    loop {
        let page = db.snapshot("ledger.audit", async |s| {
            s.list(sql::AUDIT, values![next, LEAVES_AT_ONCE], leaf).await
        });
        let page = page.await.map_err(Error::Store)?;
        for (index, is_whole) in &page {
            if *index != next || !is_whole {
                let broken = u64::try_from(next).map_err(|_| Error::Corrupt(Fault::Leaf))?;
                return Ok(Audited { leaves: broken, broken: Some(broken), unleafed });
            }
            next += 1;
        }
        if page.is_empty() {
            let leaves = u64::try_from(next).unwrap_or_default();
            return Ok(Audited { leaves, broken: None, unleafed });
        }
    }
}

/// A leaf's index, and whether its entry is there and is what the leaf says.
fn leaf(row: &Row<'_>) -> StoreResult<(i64, bool)> {
    let index = row.int(0)?;
    if row.text_opt(2)?.is_none() {
        return Ok((index, false));
    }
    let sealed = Hash::from_slice(&row.bytes(1)?).map(Commitment::from_hash);
    // An entry that cannot be read any more has been changed.
    let is_whole = Stored::read(row, 2)
        .is_ok_and(|stored| stored.is_whole() && Some(stored.commitment) == sealed);
    Ok((index, is_whole))
}
