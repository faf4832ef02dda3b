//! Whether the promise of a receipt was kept, from an export alone.
//!
//! # Invariants
//!
//! - A promise counts as broken only by two words that the log itself has signed: the receipt, and
//!   the time of an export, which is not before the receipt's. No other clock counts.
//! - An export that does not hold says nothing about a receipt.
//!
//! What a broken promise cannot tell: whether the entry was removed before it was sealed, or the
//! log was only late. A later export that has the leaf shows the latter.
//!
//! Source: `core.md` 3.3.

use std::collections::BTreeMap;
use std::io::Read;

use crate::note::{Note, NoteError};
use crate::receipt::Receipt;
use crate::verify::verify_seeking;
use crate::{Hash, Holds, Trust, Verdict, VerifyError};

/// What became of one receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// The entry is sealed.
    Kept {
        /// Its place in the log, from 0.
        index: u64,
    },
    /// It is not in this export, which was made before the promise fell due.
    NotDue {
        /// Until when the log has time, in Unix seconds.
        due_s: i64,
    },
    /// It is not in this export, and the log has not signed when that was made.
    Undated {
        /// Until when the log had time, in Unix seconds.
        due_s: i64,
    },
    /// The log has broken its word: it signed at `made_s` that it has no such entry.
    Broken {
        /// Until when the log had time, in Unix seconds.
        due_s: i64,
        /// When it made the export, by its own word, in Unix seconds.
        made_s: i64,
    },
    /// It is no receipt of this log.
    Refused(NoteError),
}

/// What an export says of receipts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Whether the export holds.
    pub verdict: Verdict,
    /// What became of each receipt, in their order; empty where the export does not hold.
    pub promises: Vec<Promise>,
}

/// Checks receipts against an export, which is checked itself as by [`crate::verify()`].
///
/// # Errors
///
/// As [`crate::verify()`].
pub fn check_receipts(
    export: impl Read,
    trust: &Trust,
    receipts: &[Note],
) -> Result<Checked, VerifyError> {
    let leaf = |note: &Note| Receipt::read(note).ok().map(|receipt| (receipt.leaf, None));
    let mut places: BTreeMap<Hash, Option<u64>> = receipts.iter().filter_map(leaf).collect();
    let verdict = verify_seeking(export, trust, None, &mut places)?;
    let promises = match &verdict {
        Verdict::Holds(holds) => {
            receipts.iter().map(|receipt| promise(receipt, holds, &places)).collect()
        }
        Verdict::Broken(_) => vec![],
    };
    Ok(Checked { verdict, promises })
}

fn promise(note: &Note, holds: &Holds, places: &BTreeMap<Hash, Option<u64>>) -> Promise {
    let receipt = match Receipt::open(note, &holds.log) {
        Ok(receipt) => receipt,
        Err(error) => return Promise::Refused(error),
    };
    let due_s = receipt.seal_by_s;
    if let Some(index) = places.get(&receipt.leaf).copied().flatten() {
        return Promise::Kept { index };
    }
    match holds.made_at_s.and_then(|made_s| i64::try_from(made_s).ok()) {
        None => Promise::Undated { due_s },
        Some(made_s) if receipt.is_due(made_s) => Promise::Broken { due_s, made_s },
        Some(_) => Promise::NotDue { due_s },
    }
}
