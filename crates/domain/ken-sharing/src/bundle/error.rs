//! Why instruments do not make a bundle.

use ken_agreement::InstrumentRef;
use ken_agreement::lint::Finding;
use thiserror::Error;

/// Why instruments do not make a bundle; the bundle before stays in force.
#[derive(Debug, Error)]
pub enum Error {
    /// An instrument breaks what the gate relies on.
    #[error("{instrument} breaks {} rules that the gate relies on", .findings.len())]
    Unsound {
        /// Which.
        instrument: InstrumentRef,
        /// What it breaks, and where.
        findings: Vec<Finding>,
    },
    /// Two instruments go by one name; exceptions could not tell them apart.
    #[error("two instruments in force are called {0}")]
    Twice(InstrumentRef),
    /// The policies do not pass strict validation; warnings count.
    #[error("policies do not validate: {}", .0.join("; "))]
    Invalid(Vec<String>),
}

impl Error {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsound { .. } => "sharing.bundle-unsound",
            Self::Twice(_) => "sharing.bundle-name-twice",
            Self::Invalid(_) => "sharing.bundle-invalid",
        }
    }
}
