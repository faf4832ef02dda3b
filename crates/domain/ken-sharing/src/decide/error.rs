//! What can go wrong while deciding; a refusal is not among it.

use thiserror::Error;

/// Why a question could not be decided. Nothing leaves then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The policy engine refused a question; a fault of ours.
    #[error("policy engine refused a question")]
    Engine(String),
}

impl Error {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Engine(_) => "sharing.gate-engine",
        }
    }
}
