//! What the tests share: a clock that is set, ids that repeat, and databases on both engines.
//!
//! # Invariants
//!
//! - Nothing here is part of the product: crates name it under `[dev-dependencies]` only.
//! - A failure here is a panic that says what is missing: a test has nobody to answer.

mod clock;
mod databases;
mod endpoint;
mod faults;
mod ids;
mod postgres;
mod renamed;
mod way;

pub mod oracle;

pub use clock::TestClock;
pub use databases::{Databases, assert_prepares, engines, engines_with, patient, store};
pub use endpoint::{Answers, Endpoint};
pub use faults::{Faults, Shards, each_fault, shards};
pub use ids::SeededIds;
pub use postgres::Fresh;
pub use renamed::renamed;
pub use way::Way;
