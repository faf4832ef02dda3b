//! The made-up partnership of Glen and its neighbour Strath.
//!
//! Nobody in it lives: people, households, five years of what happened to them, organisations,
//! practitioners, accounts and agreements. History enters Ken as HL7 messages through the hub, as
//! anybody's would; nothing is put into the database beside it. One organisation keeps a record of
//! its own that is asked at reading time ([`endpoint`]).
//!
//! # Invariants
//!
//! - Everything is a function of a seed and a start date.
//! - Every identifier, address, telephone number and mail domain is impossible in life.
//! - Every text that a person reads says that it is made up.
//!
//! # Sources
//!
//! - NHS Data Dictionary and Ofcom's drama numbers, as cited in [`person`] and [`place`].

pub mod account;
pub mod agreements;
mod build;
mod dice;
pub mod endpoint;
pub mod event;
pub mod history;
pub mod household;
pub mod message;
pub mod names;
pub mod organisation;
mod partnership;
pub mod person;
pub mod place;
pub mod plan;
pub mod practitioner;
mod segment;
pub mod story;
pub mod written;

pub use account::{Account, Holder, accounts};
pub use build::{Built, Error, Listener, Parts, Progress, Staff, build, found};
pub use dice::Dice;
pub use message::Message;
pub use organisation::{ORGANISATIONS, Organisation};
pub use partnership::{PEOPLE_MIN, Partnership, SEED, people_of_stories};
pub use person::{Person, canary};
pub use practitioner::{PRACTITIONERS, Practitioner};
