//! The agreement language: parse, canonical form, identity, status, lint, and Cedar text.
//!
//! An [`Instrument`] is what parties sign: a statute pack, an accord, or an information sharing
//! agreement. The same signed bytes are the sentence people read and the rule the gate enforces.
//!
//! # Invariants
//!
//! - Pure: no clock, no I/O, no randomness; the manifest proves it.
//! - An unknown field or version never parses, so nothing written is silently without effect.
//! - Two texts with the same canonical form are the same instrument: layout and comments do not
//!   count, one changed word does.
//! - Status is computed from signatures and a day, never stored.
//!
//! # Sources
//!
//! - The Scottish Information Sharing Toolkit's agreement template (section order of the fields).
//! - UK GDPR arts. 6, 9, 10 and DPA 2018 sch. 1, for the lint of lawful bases.

mod annex;
mod basis;
mod canonical;
mod clause;
mod day;
mod duty;
mod error;
mod fact;
mod fault;
mod instrument;
mod key;
mod known;
mod nfc;
mod parse;
mod part;
mod party;
mod read;
mod sector;
mod shelf;
mod sign;
mod template;

pub mod cedar;
pub mod check;
pub mod diff;
pub mod export;
pub mod lint;
pub mod show;
pub mod status;
pub mod succession;

pub use annex::{Equality, Processor, Quality, Responsibility, RoleEntry, Step, Term, Transfers};
pub use basis::{Basis, Confidentiality};
pub use canonical::words_hash;
pub use clause::{
    Action, CategoryEntry, Clause, End, Kind, Modality, PurposeEntry, Scope, Systems, Visibility,
    Who,
};
pub use day::Day;
pub use duty::{
    Dpia, Retention, Rights, Security, SourceDelete, SubjectAccess, Training, Transparency,
    WorkInstruction,
};
pub use error::Error;
pub use fact::{CLAIMED, CONFIRMED, Grade, SYSTEM, graded};
pub use fault::{FAULTS_MAX, Fault, FaultKind, KINDS as FAULT_KINDS};
pub use instrument::{
    Controllership, Head, InFlight, Instrument, Jurisdiction, Lifecycle, OnExit, OnLapse, Schema,
    Tier,
};
pub use key::{AttestationId, ClauseKey, InstrumentRef, KeyError, SourceRef, Words};
pub use known::{ASSESSMENT, KNOWN, NOTICE};
pub use parse::{ParseError, Places, TEXT_MAX};
pub use part::Parts;
pub use party::{Party, PartyKind, Regime};
pub use sector::{Sector, Usual};
pub use shelf::{PACK_ISSUER, PACKS, Pack, Shelf};
pub use sign::{SignError, Signing};
pub use template::Template;
