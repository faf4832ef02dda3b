//! The hub: a message becomes a record, once.
//!
//! # Invariants
//!
//! - `AA` (or `CA`) is said only after the message, and every effect of it, is durable in one
//!   transaction; `AE` and `AR` mean that it was not applied, and is kept as evidence; whoever
//!   closes it may have it mapped again (ADR 33). What could not be kept is not answered.
//! - The inbox key `(MSH-3, MSH-4, MSH-10)` of a source is claimed once: the same message again is
//!   answered as before and does nothing; another message under the same key goes to a person.
//! - A message for training is answered and kept, and becomes nobody's record.
//! - The hub's own tables hold flow; what a message says is sealed.
//! - What a source answers at reading time is kept nowhere ([`portal`]).
//!
//! # Sources
//!
//! - HL7 v2.5.1 chapter 2 (acknowledgement modes); `core.md` section 5.

mod accept;
mod answer;
mod apply;
mod attached;
mod close;
mod death;
mod error;
mod filing;
mod held;
mod late;
mod marks;
mod mllp;
mod numbers;
mod patience;
mod patient;
pub mod portal;
mod restrict;
mod retire;
mod settle;
mod since;
mod source;
mod sql;
mod told;
mod unmerge;

pub use accept::Hub;
pub use answer::Answer;
pub use close::{Again, Closed, How, Opened, close_held, find_held, try_again};
pub use error::Error;
pub use held::{Held, LIST_MAX, count_held, held, held_after};
pub use ken_hl7::ack::Mode;
pub use mllp::{CONNECTIONS_MAX, serve};
pub use patience::{ROUNDS_MAX, WAIT_MAX, WAITING_MAX};
pub use retire::{closed_held, dispose_held};
pub use settle::{Settled, handlers, settle, start};
pub use source::{ANYBODY, Source, register, sources};
pub use sql::{ALL as STATEMENTS, MIGRATIONS};
pub use unmerge::{Effects, Plan, plan, unmerge};
