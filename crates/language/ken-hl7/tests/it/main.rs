//! The crate from outside: real messages, another parser, any bytes, and the count of rows.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what tests share may fail as tests do"
)]

mod any_bytes;
mod guide;
mod oracle;
mod rows;
mod shared;
mod simhospital;
mod torture;
