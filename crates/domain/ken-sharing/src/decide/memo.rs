//! What the gate remembers: candidates, standing, and whole answers to the same question.
//!
//! A memory belongs to one bundle and dies with it. Its keys hold everything that an answer
//! depends on, by value: a key that were only a digest could disclose by collision.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use ken_core::OrganisationId;

use super::Answers;
use super::ask::{Ask, Facts, Outcome, RowClass, View};
use super::plan::Asking;
use crate::bundle::{Candidacy, Standing};

/// Most of a sort that are kept. House policy: some tens of megabytes.
const KEPT_MAX: usize = 1_024;
/// Most looks at several sources that are kept; each holds hundreds of row classes.
const VIEWS_MAX: usize = 128;

/// Sender, recipient and day: what standing depends on.
pub(crate) type PairDay = (OrganisationId, OrganisationId, Date);

/// An ask with its facts: what everything but the rows and the wanted categories depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AskKey {
    pub(crate) candidacy: Candidacy,
    pub(crate) roles: (ken_core::RoleId, ken_core::RoleId),
    pub(crate) facts: Facts,
}

/// A question with everything that its answer depends on.
pub(crate) struct Asked<Q, R> {
    pub(crate) question: Q,
    pub(crate) facts: Facts,
    pub(crate) rows: R,
}

/// What a bundle remembers.
pub(crate) struct Memo {
    pub(crate) candidates: Kept<Candidacy, Vec<usize>>,
    pub(crate) standings: Kept<PairDay, Standing>,
    pub(crate) askings: Kept<AskKey, Asking>,
    pub(crate) outcomes: Recall<Asked<Ask, Option<BTreeSet<RowClass>>>, Outcome>,
    pub(crate) views: Recall<Asked<View, BTreeSet<RowClass>>, Answers>,
}

impl Default for Memo {
    fn default() -> Self {
        Self {
            candidates: Kept::default(),
            standings: Kept::default(),
            askings: Kept::default(),
            outcomes: Recall::new(KEPT_MAX),
            views: Recall::new(VIEWS_MAX),
        }
    }
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memo")
    }
}

/// A bounded map; when it is full it starts anew.
pub(crate) struct Kept<K, V> {
    map: Mutex<HashMap<K, Arc<V>>>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self { map: Mutex::default() }
    }
}

impl<K: Eq + Hash, V> Kept<K, V> {
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
        if map.len() >= KEPT_MAX {
            map.clear();
        }
        map.insert(key, Arc::clone(&new));
        Ok(new)
    }
}

/// A bounded map that is looked into without making a key: by a hash first, then by value.
pub(crate) struct Recall<K, V> {
    hasher: RandomState,
    max: usize,
    map: Mutex<HashMap<u64, (K, Arc<V>)>>,
}

impl<K, V> Recall<K, V> {
    fn new(max: usize) -> Self {
        Self { hasher: RandomState::new(), max, map: Mutex::default() }
    }

    /// What is kept for a question, or what is made now. `same` compares by value.
    pub(crate) fn get_or<E>(
        &self,
        question: &impl Hash,
        same: impl Fn(&K) -> bool,
        make: impl FnOnce() -> Result<(K, Arc<V>), E>,
    ) -> Result<Arc<V>, E> {
        let hash = self.hasher.hash_one(question);
        {
            let map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((key, kept)) = map.get(&hash)
                && same(key)
            {
                return Ok(Arc::clone(kept));
            }
        }
        let (key, new) = make()?;
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= self.max {
            map.clear();
        }
        // Two questions of one hash take turns; the value decides which is kept.
        map.insert(hash, (key, Arc::clone(&new)));
        Ok(new)
    }
}
