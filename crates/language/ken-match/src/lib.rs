//! The matching engine: which records are one person's, how sure that is, and why.
//!
//! [`Columns`] takes rows and closes into a [`Table`]. [`compare()`] finds the pairs worth a look
//! and sees how they agree, as [`Pattern`]s; [`train`] learns a [`Model`] from nothing but their
//! counts; [`finish`] scores pairs and makes people of links. [`explain`] tells the sum behind a
//! score.
//!
//! # Invariants
//!
//! - Pure: no clock, no database, no files, no chance; the same rows give the same answer, however
//!   many threads there are.
//! - What a [`Rule`] keeps apart no model joins.
//! - A score is a function of model and pattern alone, so that it is the same to the bit in a batch
//!   and for one pair.
//! - Nothing prints a value of a person: the types that hold rows have a blind `Debug`.
//!
//! # Sources
//!
//! - The identity design: what others do, measured; its constants are named where they stand.
//! - `docs/matching.md` says what was measured of this engine.

mod birth;
mod block;
mod calibrate;
mod chance;
mod cluster;
mod compare;
mod contact;
mod decide;
mod digits;
mod engine;
mod evaluate;
mod explain;
mod further;
mod heads;
mod index;
mod key;
mod learn;
mod marks;
mod model;
mod name;
mod near;
mod number;
mod pass;
mod pattern;
mod place;
mod report;
mod rule;
mod seed;
mod sort;
mod table;
mod text;
mod train;

pub use birth::date;
pub use calibrate::Knot;
pub use cluster::{Link, People, Refused, keep_ids, sizes};
pub use decide::{
    Decision, GOLD_LEAST, GOLD_RIGHT, Ignored, Moved, Proof, Proposal, Signature, TooManyDecisions,
    withdrawal_text,
};
pub use engine::{Compared, Options, Outcome, THRESHOLD, alone, compare, finish, pattern, train};
pub use evaluate::{Evaluation, PairQuality, evaluate};
pub use explain::{Explanation, Step, explain};
pub use heads::{Heads, Map, Places};
pub use index::{CANDIDATES_MAX, Candidate, Index, Loading, Settled};
pub use marks::Marks;
pub use model::{FieldWeights, Interaction, Model, ModelError, Score, Scorer, Training};
pub use pass::Note;
pub use pattern::{Field, Pattern, PatternError};
pub use report::{Quality, Report};
pub use rule::{Rule, is_household};
pub use seed::{Doubt, SURE, Seeding, Written, seed, settle};
pub use table::{Columns, RECORDS_MAX, Row, Table, TooManyRecords};
