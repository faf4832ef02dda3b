//! Power cuts for tests: what of its writes a process finds on the disk when power comes back.
//!
//! The recorder (`recorder/lib.rs`, loaded before libc) writes down, in order, what a process does
//! to the files of one folder: [`Journal`]. [`Journal::cut`] then says what the folder may look
//! like if the power fails after any of these steps: what was synchronised is there; of the rest
//! each 512-byte sector is, or is not. One recording gives any number of cuts, each repeatable by
//! its seed.
//!
//! # Invariants
//!
//! - The bytes of a file are safe from its `fsync` or `fdatasync` on; its name, and that it was
//!   renamed or removed, from the `fsync` of its folder on.
//! - Changes of names that were not synchronised survive as a beginning of their order, as a file
//!   system's own journal keeps them.
//! - A sector that is being written is old or new, never a mixture; its neighbours are not harmed.
//!
//! # Sources
//!
//! - SQLite documentation, *Atomic Commit In SQLite* (hardware assumptions) and *Powersafe
//!   Overwrite*; POSIX.1-2017, `fsync`.

mod journal;
mod picture;

pub use journal::{Event, Journal};
pub use picture::{Lie, Picture};
