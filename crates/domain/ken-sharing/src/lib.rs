//! Instruments in force, signing, facts, relationships, and the gate.
//!
//! # Invariants
//!
//! - Nothing about a person leaves a domain crate except through a [`Permit`], and only the gate
//!   makes one, after its ledger entry is durable.
//! - What a decision rests on is read from registers here; no caller supplies a fact.
//! - Who changes a sharing fact takes the person's guard and bumps it; who changes an instrument
//!   bumps the policy head.
//!
//! # Sources
//!
//! - `core.md` section 2; UK GDPR arts. 5, 6, 9 and 10; the Caldicott Principles (2020).

pub mod adoption;
pub mod affirmation;
pub mod bundle;
pub mod class;
pub mod contact;
pub mod decide;
pub mod departure;
pub mod duty;
pub mod emergency;
mod error;
pub mod fact;
pub mod gate;
pub mod instrument;
pub mod linker;
pub mod pack;
mod permit;
pub mod relationship;
mod reviewers;
pub mod signing;
mod sql;
pub mod together;
pub mod wish;

pub use affirmation::Statement;
pub use decide::RowClass;
pub use error::Error;
pub use gate::{Caller, Decision, Denial, Gate, Need, PurposeChoice, Question};
pub use ken_agreement::{Action, Day, Instrument, Signing, Tier};
pub use permit::{Granted, PERMIT_LAST, Permit};
pub use reviewers::Desk;
pub use sql::{ALL as STATEMENTS, MIGRATIONS};
