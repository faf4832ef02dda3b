//! One database, two engines: group commit, guard rows, timers, outbox, blobs and keys.
//!
//! A domain crate writes SQL once, in the portable subset, and runs it through [`Tx`] or
//! [`Snapshot`]; whether SQLite or PostgreSQL answers is the operator's choice.
//!
//! # Invariants
//!
//! - A value leaves [`Db::write`] only after the commit that holds it is durable.
//! - Whatever a closure that fails, panics, is dropped or falls silent has written is undone.
//! - No error, metric or log line of this crate holds a value of a statement or a row.
//! - Every queue, pool, statement and transaction has a stated maximum: see [`Limits`].
//! - Only [`ambient`] reads the machine's clock and entropy; elsewhere the monotonic clock is
//!   read for limits and measures, never for a value.
//!
//! # Sources
//!
//! - SQLite documentation: *Transactions*, *Savepoints*, *Write-Ahead Logging*.
//! - PostgreSQL 15 documentation, chapter 13: *Concurrency Control*.

pub mod ambient;
pub mod blob;
mod db;
mod error;
pub mod guard;
pub mod keys;
pub mod measure;
mod migrate;
pub mod node;
pub mod outbox;
mod postgres;
pub mod room;
mod row;
mod settings;
mod sql;
mod sqlite;
mod statement;
mod telemetry;
pub mod timer;
pub mod tls;
mod tx;
mod value;

pub use db::Db;
pub use error::{Cause, Error, OpenError};
pub use guard::PeopleGuard;
pub use migrate::Migration;
pub use row::{Read, Row};
pub use settings::{Limits, Place, Settings};
pub use sql::{ALL as STATEMENTS, MIGRATIONS};
pub use statement::Sql;
pub use tx::{Reads, Snapshot, Tx};
pub use value::Value;

/// What the store answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;
