//! Keys in memory: bounded in number and in age.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::KeyId;
use super::cipher::KeyBytes;
use crate::telemetry::instant;

/// Longest that a key is used without asking the key store again, and so the time in which an
/// erasure on another node takes hold. House policy.
pub const LIFE_MAX: Duration = Duration::from_mins(1);
/// Most keys of each of the two generations; at about 100 bytes each, a few megabytes.
const GENERATION_MAX: usize = 32_768;

/// Two generations: a key that is used moves to the young one; the old one is dropped whole.
#[derive(Default)]
pub(super) struct Cache {
    young: HashMap<KeyId, (KeyBytes, Instant)>,
    old: HashMap<KeyId, (KeyBytes, Instant)>,
}

impl Cache {
    /// A key that was loaded less than [`LIFE_MAX`] ago.
    pub(super) fn find(&mut self, id: KeyId) -> Option<KeyBytes> {
        let (key, loaded) = self.young.remove(&id).or_else(|| self.old.remove(&id))?;
        if instant().duration_since(loaded) > LIFE_MAX {
            return None;
        }
        self.insert(id, key.clone(), loaded);
        Some(key)
    }

    pub(super) fn keep(&mut self, id: KeyId, key: KeyBytes) {
        self.insert(id, key, instant());
    }

    pub(super) fn forget(&mut self, id: KeyId) {
        self.young.remove(&id);
        self.old.remove(&id);
    }

    fn insert(&mut self, id: KeyId, key: KeyBytes, loaded: Instant) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, (key, loaded));
    }
}
