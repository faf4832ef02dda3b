//! Numbers that never identify: tables of counts that bodies give each other for planning.
//!
//! # Invariants
//!
//! - Nothing is counted, and nothing told, but by a clause in force for joint planning; the
//!   decision stands on the ledger before either ([`extract`]).
//! - Nothing is told before it passed [`control`], and no second table over the same months and
//!   records is given beside one that was, so that nothing is told by a difference either.
//! - No table here, and nothing that is told, names a person.
//!
//! # Sources
//!
//! - The source documents' *joint planning*: information is collected and analysed to inform
//!   service redesign; UK GDPR arts. 5(1)(b), 5(1)(c) and 89 for the rest.

pub mod control;
mod count;
pub mod define;
mod desk;
mod error;
pub mod extract;
mod read;
pub mod report;
mod sql;

pub use desk::{Begun, Desk, Place, Stands};
pub use error::Error;
pub use read::Watch;
pub use sql::{ALL as STATEMENTS, MIGRATIONS};
