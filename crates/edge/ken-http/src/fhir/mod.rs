//! FHIR R4 (4.0.1) as far as it is served: `Patient/$match`.
//!
//! # Invariants
//!
//! - Whoever asks in FHIR is answered in FHIR, refusals too ([`outcome`]); whoever sends a form is
//!   refused by a page, so that no route tells more than any other.
//! - What is asked passes what every form passes: a session, the browser's own token, one decision
//!   of the gate for each person, an entry before anything is told.

pub(crate) mod asked;
pub(crate) mod find;
pub(crate) mod outcome;
