//! The shared record: what organisations have sent about a person, version by version.
//!
//! # Invariants
//!
//! - Nothing leaves this crate about a person except through [`disclose`], which consumes a
//!   [`Permit`](ken_sharing::Permit); the mask is in the SQL. What has been read before that is
//!   [`Sealed`]. What a source answers at reading time is cut by [`disclose_asked`].
//! - Work that discloses nothing is a closed list, and its values are private to this crate:
//!
//! ```compile_fail,E0432
//! use ken_records::Stewardship;
//! ```
//! ```
//! use ken_records::Sealed;
//! ```
//! - A version is never changed; a later one stands beside it. What a message leaves out of a
//!   thing stays as its source said it before.
//! - Bodies are encrypted with the person's key, which is not in the database.
//!
//! # Sources
//!
//! - FHIR R4, *Resource versioning*; `core.md` sections 2 and 6.

mod asked;
mod beside;
pub mod called;
mod dictionary;
mod disclose;
mod ended;
mod error;
mod file;
mod former;
mod key;
mod late;
mod measure;
pub mod moves;
mod names;
mod part;
mod provenance;
mod pseudonym;
mod room;
mod sealed;
mod seen;
mod sql;
mod steward;
mod under;
mod versions;

pub use asked::{Answered, Visible, disclose_asked, may_show};
pub use called::Namer;
pub use dictionary::{can_show, visible_part};
pub use disclose::{Disclosed, ITEMS_MAX, Item, PART_BYTES_MAX, disclose, disclose_part};
pub use ended::{Ending, Scope, Status, end, leaving};
pub use error::Error;
pub use file::{BODY_BYTES_MAX, Filed, Filing, Place, file, file_all, mark, place, places};
pub use former::{Former, named, namesakes, rename};
pub use key::{hold, key_of};
pub use late::{Then, bears, is_first, made_since, places_by};
pub use measure::{HeldTimes, filed_by, happened, held_times};
pub use moves::Move;
pub use part::{Order, PART_MAX, Part, Point, Size};
pub use provenance::provenance_of;
pub use pseudonym::{Pseudonym, pseudonym};
pub use sealed::{Grants, Masked, Sealed};
pub use seen::Seen;
pub use sql::{ALL as STATEMENTS, MIGRATIONS};
pub use under::Under;
pub use versions::{Called, VERSIONS_MAX, called, under_named};
