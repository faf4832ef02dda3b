//! Filling the index from the store, and following every write.

use std::collections::{BTreeSet, HashMap};

use ken_core::PersonId;
use ken_match::Loading;
use ken_store::Db;

use super::told::{Rows, page, rows};
use super::{Held, Index, feed, record_id};
use crate::Error;

/// Most places that one turn gives or reads, so that whoever asks it to stop is heard.
const TURN_MAX: usize = 64;
/// People that are read from one picture of the store.
const READ_AT_ONCE: usize = 64;
/// People that are written in one go, in which nobody can ask: a fifth of a millisecond.
const WRITTEN_AT_ONCE: usize = 8;
/// As many people who came or went are sorted in at the least, and a share of all.
const SETTLED_LEAST: usize = 10_000;
/// And at the most: each takes a kilobyte until then.
const SETTLED_MOST: usize = 100_000;
/// The share.
const SETTLED_SHARE: usize = 8;

/// The one who fills an index and follows what is written; of each index there is one.
#[derive(Debug)]
pub struct Follower {
    index: Index,
    /// Up to which place of the feed the index follows; none where it must be filled first.
    place: Option<i64>,
}

impl Follower {
    pub(super) const fn new(index: Index) -> Self {
        Self { index, place: None }
    }

    /// Whether the index holds everybody; otherwise [`Self::fill`] is due.
    #[must_use]
    pub const fn is_filled(&self) -> bool {
        self.place.is_some()
    }

    /// The index that it fills.
    pub(crate) const fn index(&self) -> &Index {
        &self.index
    }

    /// Up to which place of the feed the index follows; none where it must be filled first.
    pub(crate) const fn place(&self) -> Option<i64> {
        self.place
    }

    /// Fills the index from what is stored, a page at a time; nothing is proposed meanwhile. Gives
    /// how many records it holds.
    ///
    /// # Errors
    ///
    /// Whatever the store says, and [`Error::Index`] where it cannot hold so many.
    pub async fn fill(&mut self, db: &Db) -> Result<usize, Error> {
        self.place = None;
        drop(self.index.replace(None));
        // Whatever changes from here on is read again after it.
        let place = db.snapshot("person.feed", async |s| feed::newest(s).await).await?;
        let (mut loading, mut further) = (Loading::new(), HashMap::new());
        let mut after: Option<PersonId> = None;
        loop {
            let read = db.snapshot("person.index-page", async |s| page(s, after).await).await?;
            let Some(last) = read.last() else { break };
            after = Some(last.person);
            for rows in &read {
                for (at, told) in rows.told().iter().enumerate() {
                    let id = record_id(rows.person, at);
                    if at > 0 {
                        further.insert(id, rows.person);
                    }
                    loading.push(id, &told.row())?;
                }
            }
        }
        let closed = tokio::task::spawn_blocking(move || loading.close()).await;
        let records = closed.map_err(|_| Error::Corrupt("index"))?;
        let count = records.len();
        drop(self.index.replace(Some(Held { records, further })));
        self.place = Some(place);
        Ok(count)
    }

    /// Takes up what was written since, by this node and by others; gives how many people were
    /// read again. An index that is not filled, or has missed something, waits for [`Self::fill`].
    ///
    /// # Errors
    ///
    /// Whatever the store says; the next turn then begins where this one did.
    pub async fn turn(&mut self, db: &Db) -> Result<usize, Error> {
        for _ in 0..TURN_MAX {
            if !feed::publish(db).await? {
                break;
            }
        }
        let mut count = 0;
        for _ in 0..TURN_MAX {
            let Some(place) = self.place else { return Ok(count) };
            let read = db.snapshot("person.feed", async |s| feed::after(s, place).await).await?;
            let Some(last) = read.last().map(|placed| placed.place) else { break };
            if read.first().is_some_and(|first| first.place != place + 1) {
                self.place = None;
                return Ok(count);
            }
            let people: BTreeSet<_> = read.into_iter().flat_map(|one| one.people).collect();
            count += people.len();
            self.take(db, people).await?;
            self.place = Some(last);
        }
        self.settle().await?;
        Ok(count)
    }

    /// Reads people again, and puts what is stored of them in place of what was held.
    async fn take(&self, db: &Db, people: BTreeSet<PersonId>) -> Result<(), Error> {
        let people: Vec<_> = people.into_iter().collect();
        for some in people.chunks(READ_AT_ONCE) {
            let read = db.snapshot("person.index-again", async |s| {
                let mut read: Vec<Rows> = Vec::with_capacity(some.len());
                for person in some {
                    read.push(rows(s, *person).await?);
                }
                Ok::<_, Error>(read)
            });
            for some in read.await?.chunks(WRITTEN_AT_ONCE) {
                self.index.put(some)?;
            }
        }
        Ok(())
    }

    /// Sorts in what came, beside those who ask.
    async fn settle(&self) -> Result<(), Error> {
        let (records, unsettled) = self.index.sizes();
        if unsettled < (records / SETTLED_SHARE).clamp(SETTLED_LEAST, SETTLED_MOST) {
            return Ok(());
        }
        let index = self.index.clone();
        let settled = tokio::task::spawn_blocking(move || index.settle()).await;
        settled.map_err(|_| Error::Corrupt("index"))
    }
}
