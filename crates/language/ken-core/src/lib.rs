//! The field's words: what every other crate calls things.
//!
//! Ids, national identifiers, dates, names, purposes and categories, and the two sources of
//! everything that is not a value: [`Clock`] and [`IdSource`], carried by a [`Ctx`].
//!
//! # Invariants
//!
//! - Nothing here reads a clock, draws randomness or does I/O; the manifest proves it.
//! - What could identify a person is [`Sensitive`]: it has no `Display`, and its `Debug` is blind.
//!
//! # Sources
//!
//! - NHS Data Dictionary (CHI number, NHS number, Health and Care number).
//! - Glossary of the house style: one word for one thing.

mod ambient;
mod date;
mod id;
mod name;
mod sensitive;
mod word;

pub mod identifier;

pub use ambient::{BoxFuture, Clock, Ctx, IdSource};
pub use date::{DateError, PartialDate};
pub use id::{
    AccountId, EntryId, IdError, MessageId, PersonId, PractitionerId, RelationshipId, RequestId,
    ResourceId, SessionId,
};
pub use identifier::{Identifier, IdentifierError};
pub use name::{NormalisedName, normalise};
pub use sensitive::Sensitive;
pub use word::{
    Category, ClauseId, Fact, FieldName, InstrumentHash, Label, OrganisationId, PartnershipId,
    Purpose, RoleId, WordError,
};
