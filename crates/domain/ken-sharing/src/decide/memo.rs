//! What the gate remembers: flows, and answers for a row class under the same facts.
//!
//! A memory belongs to one bundle and dies with it. Its keys hold everything that an answer
//! depends on, by value: a key that were only a digest could disclose by collision.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use ken_agreement::{Action, Words};
use ken_core::{Fact, OrganisationId, Purpose, RoleId};

use super::ask::RowClass;
use super::cedar::{Flow, Said};
use super::cover::ClassAnswer;
use crate::bundle::Standing;

/// Most flows, and most askings, that are kept. House policy: some tens of megabytes.
const KEPT_MAX: usize = 1_024;
/// Most row classes kept of one asking: as many as may be held about one person, twice.
const CLASSES_MAX: usize = 4_000;

/// Sender, recipient, action and day: what a flow and its standing depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FlowKey {
    pub(crate) sender: (OrganisationId, RoleId),
    pub(crate) recipient: (OrganisationId, RoleId),
    pub(crate) action: Action,
    pub(crate) day: Date,
}

/// What an answer depends on beside the row class.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AskKey {
    pub(crate) flow: FlowKey,
    pub(crate) purpose: Purpose,
    pub(crate) facts: BTreeSet<Fact>,
    pub(crate) attested: BTreeSet<Words>,
    pub(crate) referrers: BTreeSet<OrganisationId>,
}

/// A flow with its standing.
pub(crate) struct Stood {
    pub(crate) flow: Flow,
    pub(crate) standing: Standing,
}

/// One asking: its flow, what is said, the candidates, and the answers so far.
pub(crate) struct Asking {
    pub(crate) stood: Arc<Stood>,
    pub(crate) said: Said,
    pub(crate) candidates: Vec<usize>,
    /// By row class, and whether words are supposed.
    pub(crate) answers: Kept<(RowClass, bool), ClassAnswer>,
}

/// What a bundle remembers.
#[derive(Default)]
pub(crate) struct Memo {
    pub(crate) flows: Kept<FlowKey, Stood>,
    pub(crate) askings: Kept<AskKey, Asking>,
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memo")
    }
}

/// A bounded map; when it is full it starts anew.
pub(crate) struct Kept<K, V> {
    max: usize,
    map: Mutex<HashMap<K, Arc<V>>>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self { max: KEPT_MAX, map: Mutex::default() }
    }
}

impl<K: Eq + Hash, V> Kept<K, V> {
    pub(crate) fn classes() -> Self {
        Self { max: CLASSES_MAX, ..Self::default() }
    }

    /// What is kept under a key, or what is made now.
    pub(crate) fn get_or<E>(
        &self,
        key: K,
        make: impl FnOnce(&K) -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        if let Some(kept) = self.map.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(kept));
        }
        // Not under the lock: two may make the same, and both are right.
        let new = Arc::new(make(&key)?);
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= self.max {
            map.clear();
        }
        map.insert(key, Arc::clone(&new));
        Ok(new)
    }
}
