//! Learning from reviewers: what they decided of pairs makes another model, which counts once two
//! have signed it.
//!
//! # Invariants
//!
//! - The model in use is changed by no decision, and by nobody alone: it is another that two
//!   signatories adopt, neither of whom proposed it.
//! - What is decided is read anew for each proposal and applied to what was learnt of counts: a
//!   decision that was undone counts no more, none counts twice, and however many models are
//!   adopted, no pattern is further from what was learnt than one proposal may move it.
//! - What is read of a decision is a pattern, an answer, a reviewer's id and a source: of the
//!   people whose records they were, nothing.
//! - A stored model whose hash or signatures do not fit is not used, and neither is one before it:
//!   matching is by the shipped one until that is put right, and says so.
//!
//! Sources: `identity.md` section 5 (active learning by pattern, caps); ADR 58.

mod adopt;
mod evidence;
mod propose;
mod report;

pub use adopt::{Act, InUse, Outcome, Signer, Waiting, in_use, sign, signed, to_sign};
pub(crate) use adopt::{Using, in_use_id, using};
pub use evidence::{Evidence, Heard};
pub use ken_match::{GOLD_LEAST, GOLD_RIGHT, Proof};
pub use propose::{ModelId, Proposed, open, propose};
pub use report::{Change, Report};
