//! The index in memory: whom a registration may be of, beyond its numbers and the very name.
//!
//! Of each process there is one. It is filled from the store at start, page by page, while the rest
//! is served, and follows every write by a feed in the store: so it hears of other nodes' writes as
//! of its own, only of what is durable, and is right after a crash.
//!
//! # Invariants
//!
//! - It only proposes. Who is proposed is compared again from what is stored, inside the
//!   transaction, before it counts for anything.
//! - Once a [`Follower`] has nothing left to take up, it holds what one filled anew would hold.
//! - Until it is filled it proposes nobody, and nobody waits for it; one that must be filled anew
//!   proposes what it held until the new one stands.
//! - What cannot be read of one person keeps nobody else out of it.
//! - Nothing of it does I/O but its [`Follower`].
//!
//! Sources: `identity.md` 5.9; ADR 53.

mod feed;
mod follow;
mod propose;
mod told;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use ken_core::PersonId;
use ken_match::{Pattern, Settled, TooManyRecords};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::learning::Using;
use told::{RECORDS_MAX, Rows};

pub use follow::Follower;
pub(crate) use propose::{POSSIBLE, millibits, seeded};
pub(crate) use told::{rows, rows_together};

/// People in memory, by which a registration finds whom it may be of; a clone is the same index.
#[derive(Clone)]
pub struct Index(Arc<Shared>);

struct Shared {
    using: RwLock<Arc<Using>>,
    held: RwLock<Option<Held>>,
    changed: Notify,
}

/// What is held once it is filled.
struct Held {
    records: ken_match::Index,
    /// Of whom those records are that are not the first of their person.
    further: HashMap<u128, PersonId>,
}

/// How large an index is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Size {
    records: usize,
    /// Texts in its dictionaries, those of records that are gone included.
    texts: usize,
}

impl Size {
    fn of(records: &ken_match::Index) -> Self {
        Self { records: records.len(), texts: records.texts() }
    }
}

impl Held {
    fn remove(&mut self, person: PersonId) {
        for at in 0..RECORDS_MAX {
            let id = record_id(person, at);
            if at == 0 || self.further.remove(&id).is_some() {
                self.records.remove(id);
            }
        }
    }

    fn add(&mut self, rows: &Rows) -> Result<(), TooManyRecords> {
        for (at, told) in rows.told().iter().enumerate() {
            let id = record_id(rows.person, at);
            if at > 0 {
                self.further.insert(id, rows.person);
            }
            self.records.put(id, &told.row())?;
        }
        Ok(())
    }

    /// Whose record it is.
    fn person(&self, id: u128) -> PersonId {
        let further = self.further.get(&id).copied();
        further.unwrap_or_else(|| PersonId::from_uuid(Uuid::from_u128(id)))
    }
}

/// How a registration and somebody held agree, by the engine's own measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alike {
    /// The evidence, in thousandths of a bit.
    pub millibits: i64,
    /// How they agree, field by field.
    pub pattern: Pattern,
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({:?} records)", self.records())
    }
}

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}

impl Index {
    /// Nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            using: RwLock::new(Arc::new(Using::shipped())),
            held: RwLock::new(None),
            changed: Notify::new(),
        }))
    }

    /// The one who fills it.
    #[must_use]
    pub fn follower(&self) -> Follower {
        Follower::new(self.clone())
    }

    /// How many records it holds; `None` until it is filled.
    #[must_use]
    pub fn records(&self) -> Option<usize> {
        self.read(|held| held.records.len())
    }

    /// Why the model that two adopted is not used, by the code of the error; none where it is, or
    /// the shipped one is in use.
    #[must_use]
    pub fn refused_model(&self) -> Option<&'static str> {
        self.using().refused
    }

    /// The mark of the model that it matches by, and of how many records and pairs that was learnt;
    /// none where this program has no model that reads.
    #[must_use]
    pub fn model(&self) -> Option<(String, u64, u64)> {
        let using = self.using();
        let model = using.model.as_ref()?;
        Some((model.version(), model.training.records, model.training.pairs))
    }

    /// By what it matches now.
    pub(crate) fn using(&self) -> Arc<Using> {
        Arc::clone(&self.0.using.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Matches by another model from now on.
    fn take_model(&self, using: Using) {
        *self.0.using.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(using);
    }

    /// Waits until something was written that it should take up.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Says that something was written.
    pub(crate) fn wake(&self) {
        self.0.changed.notify_one();
    }

    fn read<T>(&self, of: impl FnOnce(&Held) -> T) -> Option<T> {
        self.0.held.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(of)
    }

    /// Puts another in its place, and gives back what was there.
    fn replace(&self, held: Held) -> Option<Held> {
        self.0.held.write().unwrap_or_else(PoisonError::into_inner).replace(held)
    }

    /// Puts what is stored of some people in place of what was held of them; gives those for whom
    /// there was no room, of whom nothing is held.
    fn put(&self, people: &[Rows]) -> Vec<PersonId> {
        let mut held = self.0.held.write().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = held.as_mut() else { return Vec::new() };
        let mut full = Vec::new();
        for rows in people {
            held.remove(rows.person);
            if held.add(rows).is_err() {
                held.remove(rows.person);
                full.push(rows.person);
            }
        }
        full
    }

    /// How large it is, and how many records wait to be sorted in.
    fn sizes(&self) -> (Size, usize) {
        let of = |held: &Held| (Size::of(&held.records), held.records.unsettled());
        self.read(of).unwrap_or_default()
    }

    /// Sorts in what came, beside those who ask. Nobody else writes meanwhile.
    fn settle(&self) {
        let made: Option<Settled> = self.read(|held| held.records.settled());
        let Some(mut made) = made else { return };
        let mut held = self.0.held.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_mut() {
            held.records.take(&mut made);
        }
        // What was there before goes when nobody waits for it.
        drop(held);
        drop(made);
    }
}

/// The id of one of a person's records: the first has the person's own, so that few need a place
/// in a list; the others are as far from every drawn id as two of those are from each other.
fn record_id(person: PersonId, at: usize) -> u128 {
    const FURTHER: [u128; RECORDS_MAX] = [
        0,
        0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834,
        0xbf58_476d_1ce4_e5b9_94d0_49bb_1331_11eb,
        0xd6e8_feb8_6659_fd93_a0b4_28db_8e3c_41f7,
    ];
    person.uuid().as_u128() ^ FURTHER.get(at).copied().unwrap_or_default()
}
