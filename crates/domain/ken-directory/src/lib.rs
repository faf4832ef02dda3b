//! Organisations, practitioners, accounts, sign-in and sessions, duty rosters,
//! equipment and service plans, and the directory of services.
//!
//! # Invariants
//!
//! - Whoever acts does so as [`Acting`]: an account, a practitioner, an organisation and one role
//!   that is held at that moment.
//! - Sign-ins, refused ones too, and changes of who may act are entries of the ledger, in the same
//!   transaction as their effect. Organisations are configuration, not history.
//! - Neither a session's token nor a password is stored; one-time secrets are sealed with keys
//!   that are not in the database.
//! - What the gate reads from here (roles, training, assurance) bumps the policy head when it
//!   changes (`core.md` 4.2).
//!
//! # Sources
//!
//! - NIST SP 800-63B (sessions, throttling, authenticators); OWASP cheat sheets on password
//!   storage and session management; RFC 6238.

pub mod account;
mod acting;
pub mod confirm;
mod entry;
mod error;
mod one_time;
pub mod organisation;
pub mod partnership;
pub mod passkey;
mod password;
pub mod practitioner;
pub mod roster;
pub mod rows;
pub mod seed;
pub mod sending;
pub mod service;
pub mod session;
mod sign_in;
mod sql;
pub mod stock;
mod text;
pub mod throttle;
mod token;

pub use account::NewAccount;
pub use acting::{Acting, Holder};
pub use error::Error;
pub use one_time::OneTimeSecret;
pub use organisation::Organisation;
pub use password::{Hasher, PasswordHash};
pub use practitioner::{HeldRole, Practitioner};
pub use session::{How, Opened, Session};
pub use sign_in::{Attempt, SignIn, sign_in};
pub use sql::{ALL as STATEMENTS, MIGRATIONS};
pub use token::Token;
