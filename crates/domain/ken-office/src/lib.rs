//! The governance office: agreements from draft to end.
//!
//! # Invariants
//!
//! - What an agreement is said to permit comes from deciding it; clauses are read in no second way.
//! - Nothing here reads what a record says. No table here names a person, but the one that counts
//!   whose records somebody opened, for two days ([`findings`]), and the one of what is asked back
//!   after two people were taken for one ([`wrong_person`]).
//! - Whoever acts is named, and what they did stands on the ledger of their organisation.
//!
//! # Sources
//!
//! - The Scottish Information Sharing Toolkit, for the life of an agreement; UK GDPR arts. 5(2),
//!   24, 26, 28, 30 and 35, for what an office must be able to show.

pub mod agreement;
pub mod assess;
pub mod breach;
pub mod disposal;
pub mod drafting;
pub mod due;
mod error;
pub mod exit;
pub mod findings;
pub mod guardian;
pub mod mark;
pub mod matching;
pub mod matrix;
pub mod notice;
pub mod paper;
pub mod receipts;
pub mod recommend;
pub mod refusals;
pub mod register;
pub mod replay;
pub mod seeding;
pub mod signatory;
pub mod signing;
pub mod simulate;
mod sql;
pub mod succession;
pub mod wrong_person;

pub use error::Error;
pub use sql::desk::ALL as DESK_STATEMENTS;
pub use sql::{ALL as STATEMENTS, MIGRATIONS};
