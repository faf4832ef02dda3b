//! Keys at rest: one root key in a file wraps a key for each person and each audience.
//!
//! Bodies are encrypted with keys that are not in the database that holds them: the key store is
//! a database of its own, with its own, shorter-lived backups. Erasing a person's key makes every
//! body sealed under it unreadable, wherever a copy of it is.
//!
//! # Invariants
//!
//! - A key leaves the pool only after it is durable, and is given out once.
//! - Once [`KeyRing::erase`] has answered, nothing on this node opens under the key; on another
//!   node at most [`LIFE_MAX`] later.
//! - Key bytes are cleared from memory when they are dropped, and have no `Debug`.
//!
//! Sources: `core.md` 3.1 and 4.6; XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).

mod cache;
mod cipher;
mod ring;
mod root;

use std::fmt;
use std::str::FromStr;

use ken_core::{IdError, IdSource};
use uuid::Uuid;

pub use crate::sql::keys::{ALL as STATEMENTS, MIGRATIONS};
pub use cache::LIFE_MAX;
pub use cipher::Digests;
pub use ring::KeyRing;
pub use root::RootKey;

/// The name of a key. It says nothing about whose it is; the owner's table says that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Uuid);

impl KeyId {
    /// Draws a new name.
    fn draw(ids: &dyn IdSource) -> Self {
        Self(ids.random())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

impl FromStr for KeyId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let uuid = Uuid::try_parse(text).map_err(|_| IdError)?;
        (uuid.hyphenated().to_string() == text).then_some(Self(uuid)).ok_or(IdError)
    }
}
