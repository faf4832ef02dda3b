//! Care around the person: who coordinates it, whom they let into the team, what one body asks of
//! another for them, how what several agencies tell of them stands together, what is written about
//! it, what the person says of it themselves and asks of their team, and what was said of them by
//! word of mouth.
//!
//! # Invariants
//!
//! - Of each coordinating role a person has at most one holder at a time, and no turn is ever
//!   changed or removed: who holds it now is what its turns come to.
//! - Nobody names themselves, and nobody lets themselves in.
//! - Who is let in has a relationship that a clause in force knows already; nothing else is given.
//! - Whom to send something to is told of those alone of whom the asker may know.
//! - What a practitioner writes is filed by a permit to read its kind of information, as an item
//!   of their own organisation.
//! - What the person says of an entry stands beside it for whoever is shown the entry.
//! - What the person writes to their team is the team's to read; a reply is an item of the record.
//! - A discussion has no members but those whom a clause lets read it, at each reading.
//! - What was said by word of mouth is recorded whatever it was; whether a clause covered it stands
//!   beside it.
//! - Every change of a role or a team takes and bumps the person's guard, and stands in their
//!   stream of the ledger.
//!
//! # Sources
//!
//! - Getting it right for every child: practice guidance (2022), on the named person and the lead
//!   professional, which are voluntary; the maturity model's row on professional details.

pub mod addressee;
pub mod assessment;
pub mod chronology;
pub mod correction;
pub mod discussion;
pub mod draft;
mod error;
pub mod form;
pub mod message;
mod often;
pub mod request;
pub mod role;
mod sql;
pub mod team;
pub mod told;
pub mod words;
pub mod writing;

pub use error::Error;
pub use sql::draft::ALL as DRAFT_STATEMENTS;
pub use sql::{ALL as STATEMENTS, MIGRATIONS};
