//! The tamper-evident log: append, seal, prove, verify, export.
//!
//! An entry is written in the same transaction as its effect ([`append`]), and becomes a leaf of a
//! Merkle tree a moment later ([`Sealer`]). The tree's checkpoints are signed, cosigned by
//! witnesses, and served in the formats of other transparency logs, so that others' verifiers
//! work. [`export`] writes the log to one file; [`verify`] checks it anywhere. What a person takes
//! away is an archive with the log's signed list of its files ([`Receipts::extract`]).
//!
//! # Invariants
//!
//! - Of an entry only a hiding commitment enters the log: a dictionary attack on it recovers
//!   nothing.
//! - An entry has at most one leaf, and an index at most one entry; neither ever changes.
//! - A checkpoint is stored in the transaction that stores its leaves and tiles.
//! - Erasing a key makes details unreadable and changes no leaf.
//!
//! What cannot be proven: the removal of an entry before it was sealed, where nobody outside holds
//! its receipt.
//!
//! # Sources
//!
//! - RFC 6962; C2SP tlog-tiles, tlog-checkpoint, tlog-cosignature, tlog-policy, tlog-proof,
//!   signed-note.

mod append;
mod archive;
mod audit;
mod check;
mod checkpoint;
mod checkpoints;
mod entry;
mod erase;
mod error;
mod export;
mod extract;
mod hash;
mod head;
pub mod merkle;
pub mod note;
mod prove;
mod read;
mod receipt;
pub mod scan;
mod seal;
mod signer;
mod sql;
pub mod tile;
mod trust;
mod verify;
mod witness;

pub use append::{ENTRIES_MAX, append, append_all, append_if_current};
pub use archive::{ARCHIVE_BYTES_MAX, Files};
pub use audit::{Audited, audit};
pub use check::{Checked, Promise, check_receipts};
pub use checkpoint::{Checkpoint, Witnessed, witnesses};
pub use checkpoints::{newest as checkpoint, newest_cosigned as cosigned_checkpoint};
pub use entry::{
    Canonical, Commitment, Entry, EntryKind, LEAF_DATA_LEN, LEAF_LABEL, LedgerWordError, NONCE_LEN,
    NewEntry, Stream, Visibility,
};
pub use erase::{Erasure, certify_disposal, certify_erasure, destroy, replay_erasures};
pub use error::{Error, Fault};
pub use export::{CHECKPOINTS_MAX, Exported, export};
pub use extract::{ExtractError, RECEIPTS_FILE, Vouched, verify_extract};
pub use hash::{HASH_LEN, Hash};
pub use note::{KeyUse, Note, NoteError, SignatureLine, VerifierKey};
pub use prove::{Proof, consistency, prove, resource};
pub use read::{
    Opening, PAGE_MAX, Page, Placed, entry, opening, organisation_entries, person_entries,
    person_looks, person_stream,
};
pub use receipt::{RECEIPTS_MAX, Receipt, Receipts, SEAL_WITHIN, read_receipts, receipt_word};
pub use seal::{Sealer, SealerSettings, Turn, oldest_unsealed_age};
pub use signer::{KeyFileError, SignerKey};
pub use sql::{ALL as STATEMENTS, MIGRATIONS};
pub use trust::{Trust, TrustError, TrustFault};
pub use verify::{Broken, Flaw, Holds, Verdict, VerifyError, verify};
pub use witness::{Standing, Witnesses};
