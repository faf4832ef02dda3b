//! Filling the index from the store, and following every write.
//!
//! # Invariants
//!
//! - Whoever fills it reads the feed with every page, so that no flood of writes, of however many
//!   nodes, outruns a filling however long it takes.
//! - A turn goes on behind what it cannot read: such people are in no index, and are counted.
//! - Whatever ends a turn, what it put is sorted in: failing again and again costs no memory.

use std::collections::{BTreeSet, HashMap};

use ken_core::PersonId;
use ken_match::Loading;
use ken_store::{Db, Snapshot};

use super::told::{Rows, page, readable};
use super::{Held, Index, Size, feed, record_id};
use crate::{Error, learning};

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
/// Fewer texts than this are not worth filling anew: some megabytes.
const TEXTS_LEAST: usize = 200_000;
/// Most people of whom it is remembered that they could not be read. House policy: beyond this it
/// is not people that are wrong.
const UNREAD_MAX: usize = 10_000;

/// The one who fills an index and follows what is written; of each index there is one.
#[derive(Debug)]
pub struct Follower {
    index: Index,
    /// Up to which place of the feed the index follows; none where it must be filled first.
    place: Option<i64>,
    /// What is filled beside the index that stands.
    filling: Option<Filling>,
    /// How large the index was when it was filled, with nothing in it that is gone.
    filled: Size,
    /// Who is not in the index, because something of them cannot be read or there is no room.
    unread: BTreeSet<PersonId>,
    missed: u64,
}

/// An index that is being filled.
#[derive(Debug)]
struct Filling {
    loading: Loading,
    further: HashMap<u128, PersonId>,
    /// Up to which id people were read.
    after: String,
    /// Up to which place the feed was read.
    place: i64,
    /// Who has changed since they were read.
    again: BTreeSet<PersonId>,
    unread: BTreeSet<PersonId>,
}

impl Filling {
    async fn begin(db: &Db) -> Result<Self, Error> {
        // Whatever changes from here on is read again after it.
        let place = db.snapshot("person.feed", async |s| feed::newest(s).await).await?;
        Ok(Self {
            loading: Loading::new(),
            further: HashMap::new(),
            after: String::new(),
            place,
            again: BTreeSet::new(),
            unread: BTreeSet::new(),
        })
    }

    /// Reads the next people, and who has changed meanwhile; says whether there may be more.
    async fn page(&mut self, db: &Db) -> Result<bool, Error> {
        let (after, place) = (self.after.as_str(), self.place);
        let read = db.snapshot("person.index-page", async |s| {
            Ok::<_, Error>((page(s, after).await?, feed::after(s, place).await?))
        });
        let (read, placed) = read.await?;
        for placed in placed.ok_or(Error::Corrupt("feed"))? {
            self.place = placed.place;
            // Who comes later in the order is read later.
            let read = placed.people.into_iter().filter(|who| who.to_string() <= self.after);
            self.again.extend(read);
        }
        for rows in &read.people {
            if rows.is_unread {
                remember(&mut self.unread, rows.person);
            }
            for (at, told) in rows.told().iter().enumerate() {
                let id = record_id(rows.person, at);
                if at > 0 {
                    self.further.insert(id, rows.person);
                }
                self.loading.push(id, &told.row())?;
            }
        }
        let is_more = read.last.is_some();
        self.after = read.last.unwrap_or_default();
        Ok(is_more)
    }
}

impl Follower {
    pub(super) const fn new(index: Index) -> Self {
        Self {
            index,
            place: None,
            filling: None,
            filled: Size { records: 0, texts: 0 },
            unread: BTreeSet::new(),
            missed: 0,
        }
    }

    /// Whether the index holds everybody; otherwise [`Self::fill`] is due.
    #[must_use]
    pub const fn is_filled(&self) -> bool {
        self.place.is_some()
    }

    /// How many records the index holds.
    #[must_use]
    pub fn records(&self) -> usize {
        self.index.records().unwrap_or_default()
    }

    /// How often the index has missed something, and had to be filled anew.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed
    }

    /// Who is not in the index, because something of them cannot be read or there is no room for
    /// them; ten thousand mean as many or more. Each is read again when something of them changes.
    #[must_use]
    pub const fn unread(&self) -> &BTreeSet<PersonId> {
        &self.unread
    }

    /// The index that it fills.
    pub(crate) const fn index(&self) -> &Index {
        &self.index
    }

    /// Up to which place of the feed the index follows; none where it must be filled first.
    pub(crate) const fn place(&self) -> Option<i64> {
        self.place
    }

    /// Fills the index from what is stored, a page at a time; what was held before is proposed
    /// until the new one stands. Gives how many records it holds.
    ///
    /// # Errors
    ///
    /// Whatever the store says; [`Error::Index`] where it cannot hold so many, and
    /// [`Error::Corrupt`] where changes were forgotten before they were read: it then begins anew.
    pub async fn fill(&mut self, db: &Db) -> Result<usize, Error> {
        while !self.fill_some(db).await? {}
        Ok(self.records())
    }

    /// Fills it by one page more; says whether it is filled.
    ///
    /// # Errors
    ///
    /// As [`Self::fill`].
    pub async fn fill_some(&mut self, db: &Db) -> Result<bool, Error> {
        self.place = None;
        self.take_model(db).await?;
        let mut filling = match self.filling.take() {
            Some(filling) => filling,
            None => Filling::begin(db).await?,
        };
        let is_more = match filling.page(db).await {
            // What was read stands, and the next look reads on.
            Err(error @ Error::Store(_)) => {
                self.filling = Some(filling);
                return Err(error);
            }
            is_more => is_more?,
        };
        if is_more {
            self.filling = Some(filling);
            return Ok(false);
        }
        let Filling { loading, further, place, again, unread, .. } = filling;
        let closed = tokio::task::spawn_blocking(move || loading.close()).await;
        let records = closed.map_err(|_| Error::Corrupt("index"))?;
        (self.filled, self.unread) = (Size::of(&records), unread);
        drop(self.index.replace(Held { records, further }));
        self.take(db, again).await?;
        self.place = Some(place);
        Ok(true)
    }

    /// Takes up what was written since, by this node and by others; gives how many people were
    /// read again. An index that is not filled, or has missed something, waits for [`Self::fill`].
    ///
    /// # Errors
    ///
    /// Whatever the store says; the next turn then begins where this one did.
    pub async fn turn(&mut self, db: &Db) -> Result<usize, Error> {
        let followed = self.follow(db).await;
        let settled = self.settle().await;
        let count = followed?;
        settled.map(|()| count)
    }

    async fn follow(&mut self, db: &Db) -> Result<usize, Error> {
        self.take_model(db).await?;
        for _ in 0..TURN_MAX {
            if !feed::publish(db).await? {
                break;
            }
        }
        let mut count = 0;
        for _ in 0..TURN_MAX {
            let Some(place) = self.place else { return Ok(count) };
            let read = db.snapshot("person.feed", async |s| feed::after(s, place).await).await?;
            let Some(read) = read else {
                self.place = None;
                self.missed += 1;
                return Ok(count);
            };
            let Some(last) = read.last().map(|placed| placed.place) else { break };
            let people: BTreeSet<_> = read.into_iter().flat_map(|one| one.people).collect();
            count += people.len();
            self.take(db, people).await?;
            self.place = Some(last);
            self.settle().await?;
        }
        if is_wasteful(self.filled, self.index.sizes().0) {
            // What is stored tells anew which texts live.
            self.place = None;
        }
        Ok(count)
    }

    /// Takes up the model that two adopted, or the one before it where that was withdrawn. Most
    /// looks find the one that is in use.
    async fn take_model(&self, db: &Db) -> Result<(), Error> {
        let look = async |s: &mut Snapshot| learning::in_use_id(s).await;
        if db.snapshot("person.model", look).await? != self.index.using().id {
            let read = async |s: &mut Snapshot| learning::using(s).await;
            self.index.take_model(db.snapshot("person.take-model", read).await?);
        }
        Ok(())
    }

    /// Reads people again, and puts what is stored of them in place of what was held.
    async fn take(&mut self, db: &Db, people: BTreeSet<PersonId>) -> Result<(), Error> {
        let people: Vec<_> = people.into_iter().collect();
        for some in people.chunks(READ_AT_ONCE) {
            let read = db.snapshot("person.index-again", async |s| {
                let mut read: Vec<Rows> = Vec::with_capacity(some.len());
                for person in some {
                    read.push(readable(s, *person).await?);
                }
                Ok::<_, Error>(read)
            });
            for some in read.await?.chunks(WRITTEN_AT_ONCE) {
                let full = self.index.put(some);
                for rows in some {
                    if rows.is_unread || full.contains(&rows.person) {
                        remember(&mut self.unread, rows.person);
                    } else {
                        self.unread.remove(&rows.person);
                    }
                }
            }
        }
        Ok(())
    }

    /// Sorts in what came, beside those who ask.
    async fn settle(&self) -> Result<(), Error> {
        let (size, unsettled) = self.index.sizes();
        if unsettled < (size.records / SETTLED_SHARE).clamp(SETTLED_LEAST, SETTLED_MOST) {
            return Ok(());
        }
        let index = self.index.clone();
        let settled = tokio::task::spawn_blocking(move || index.settle()).await;
        settled.map_err(|_| Error::Corrupt("index"))
    }
}

fn remember(unread: &mut BTreeSet<PersonId>, person: PersonId) {
    if unread.len() < UNREAD_MAX {
        unread.insert(person);
    }
}

/// Whether an index holds more than twice the texts for each record that it held once filled: the
/// rest are those of records that are gone, which dictionaries keep.
fn is_wasteful(filled: Size, now: Size) -> bool {
    let a_record = |size: Size| (size.records + 1, size.texts);
    let ((records, texts), (records_now, texts_now)) = (a_record(filled), a_record(now));
    let live = texts.saturating_mul(records_now) / records;
    texts_now > live.saturating_mul(2).max(TEXTS_LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_those_who_are_gone_are_not_kept_for_ever() {
        let size = |records, texts| Size { records, texts };
        let check = |filled, now, want| assert_eq!(is_wasteful(filled, now), want, "{now:?}");
        let filled = size(1_000_000, 900_000);
        check(filled, filled, false);
        // As many people, written again and again.
        check(filled, size(1_000_000, 1_790_000), false);
        check(filled, size(1_000_000, 1_810_000), true);
        // More people have more names.
        check(filled, size(3_000_000, 2_700_000), false);
        check(filled, size(3_000_000, 5_500_000), true);
        // People who went.
        check(filled, size(100_000, 900_000), true);
        // A few are never worth it, and an empty one that fills is not filled again.
        check(size(0, 10), size(10, 199_000), false);
        check(size(0, 10), size(100_000, 500_000), false);
    }
}
