//! The shared record: what organisations have sent about a person, version by version.
//!
//! # Invariants
//!
//! - Nothing leaves this crate about a person except through [`disclose`], which consumes a
//!   [`Permit`](ken_sharing::Permit); the mask is in the SQL.
//! - A version is never changed; a later one stands beside it.
//! - Bodies are encrypted with the person's key, which is not in the database.
//!
//! # Sources
//!
//! - FHIR R4, *Resource versioning*; `core.md` sections 2 and 6.

mod dictionary;
mod disclose;
mod error;
mod file;
mod key;
mod sql;

pub use dictionary::visible_part;
pub use disclose::{Disclosed, ITEMS_MAX, Item, disclose};
pub use error::Error;
pub use file::{BODY_BYTES_MAX, Filed, Filing, Place, file, place};
pub use key::key_of;
pub use sql::{ALL as STATEMENTS, MIGRATIONS};
