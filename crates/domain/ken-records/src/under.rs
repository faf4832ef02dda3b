//! Which of its numbers for a person a source filed something under.

use std::fmt::Write as _;

use ken_core::identifier::LocalIdentifier;
use sha2::{Digest, Sha256};

/// The mark of one number of a source, so that what was filed under it can be found again.
///
/// It is a digest: the record's tables need not repeat the index's numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Under(String);

impl Under {
    /// The mark of a number.
    #[must_use]
    pub fn of(number: &LocalIdentifier) -> Self {
        let digest = Sha256::digest(format!("{}\n{}", number.system(), number.reveal()));
        let mut text = String::with_capacity(32);
        for byte in digest.iter().take(16) {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// The mark as it is stored; empty for what was filed before numbers were noted.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Under {
    fn from(text: String) -> Self {
        Self(text)
    }
}
