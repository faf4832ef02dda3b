//! One record at a time: an index of people that follows every write, and proposes whom a record
//! may be of.
//!
//! # Invariants
//!
//! - A question changes nothing, and leaves nothing behind: what it asks with is in no dictionary.
//! - Whom it proposes, with which pattern and bits, is what a batch over the same records and the
//!   one that asks would find by its rules, to the bit; how rare a value is, is counted with every
//!   write. A batch of few records looks at more: it compares all with all.
//! - It is a proposal: whoever links scores again from what is stored.
//! - The same writes and the same question give the same answer.

mod ask;
mod held;
mod posting;

use std::collections::HashMap;
use std::fmt;

use crate::block::RULES;
use crate::engine::Worth;
use crate::key::{has_earlier, key_of};
use crate::marks::Marks;
use crate::model::Scorer;
use crate::name::Name;
use crate::number::{code, index, mix};
use crate::table::{Columns, RECORDS_MAX, Record, Row, TooManyRecords};
use held::{Counts, Earlier, Held, Postcodes};
use posting::Posting;

pub use ask::{CANDIDATES_MAX, Candidate};

/// Rules whose postings are made in one go: more need more memory for the moment.
const AT_ONCE: usize = 4;

/// People in memory, by the values that tell them.
pub struct Index {
    /// The dictionaries; it holds no records.
    columns: Columns,
    held: Vec<Held>,
    ids: Vec<u128>,
    earlier: HashMap<u32, Earlier>,
    postcodes: Postcodes,
    counts: Counts,
    /// By rule, and last by id, of the records before `settled`.
    postings: Vec<Posting>,
    settled: usize,
    /// Records that came since, by key.
    fresh: HashMap<u64, Vec<u32>>,
    gone: usize,
    worth: Worth,
}

/// What an index becomes once it is settled, made beside it.
pub struct Settled {
    /// Of which records and goings it was made.
    of: (usize, usize),
    held: Vec<Held>,
    ids: Vec<u128>,
    earlier: HashMap<u32, Earlier>,
    postings: Vec<Posting>,
    fresh: HashMap<u64, Vec<u32>>,
}

impl fmt::Debug for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settled({} records)", self.held.len())
    }
}

/// An index that is being filled: nothing is found before it is closed.
#[derive(Debug)]
pub struct Loading(Index);

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({} records)", self.len())
    }
}

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Loading {
    fn default() -> Self {
        Self::new()
    }
}

impl Loading {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Index::new())
    }

    /// Takes a record under an id, which no other may have.
    ///
    /// # Errors
    ///
    /// [`TooManyRecords`] after [`RECORDS_MAX`].
    pub fn push(&mut self, id: u128, row: &Row<'_>) -> Result<(), TooManyRecords> {
        self.0.add(id, row).map(|_| ())
    }

    /// Closes it.
    #[must_use]
    pub fn close(mut self) -> Index {
        self.0.settle();
        self.0
    }
}

impl Index {
    /// Nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            columns: Columns::new(),
            held: Vec::new(),
            ids: Vec::new(),
            earlier: HashMap::new(),
            postcodes: Postcodes::default(),
            counts: Counts::default(),
            postings: Vec::new(),
            settled: 0,
            fresh: HashMap::new(),
            gone: 0,
            worth: Worth::new(),
        }
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len() - self.gone
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a record under an id, in place of the one that was there.
    ///
    /// # Errors
    ///
    /// [`TooManyRecords`] after [`RECORDS_MAX`].
    pub fn put(&mut self, id: u128, row: &Row<'_>) -> Result<(), TooManyRecords> {
        self.remove(id);
        let slot = self.add(id, row)?;
        let record = self.record(slot);
        let keys = self.keys(slot, &record, 0..=RULES);
        for (_, key) in keys {
            self.fresh.entry(key).or_default().push(slot);
        }
        Ok(())
    }

    /// Takes the record of an id out; gives whether there was one.
    pub fn remove(&mut self, id: u128) -> bool {
        let Some(slot) = self.slot(id) else { return false };
        let record = self.record(slot);
        self.counts.note(&record, false);
        if let Some(held) = self.held.get_mut(index(slot)) {
            held.is_gone = true;
        }
        self.gone += 1;
        true
    }

    /// How a record compares with another that somebody holds, as [`Self::ask`] would tell it of
    /// the other if that stood here under `id`: the same pattern and bits.
    #[must_use]
    pub fn weigh(&self, scorer: &Scorer, row: &Row<'_>, (id, held): (u128, &Row<'_>)) -> Candidate {
        ask::weigh(self, scorer, row, (id, held))
    }

    /// How many texts its dictionaries have. They keep those of records that are gone: one that is
    /// filled anew has fewer.
    #[must_use]
    pub fn texts(&self) -> usize {
        self.columns.texts() + self.postcodes.len()
    }

    /// How many records wait for [`Self::settle`]: those that came, and those that went. Each takes
    /// some six times the memory of the others until then.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.held.len() - self.settled + self.gone
    }

    /// Sorts in what came, and drops what went. It changes no answer; for five million records it
    /// takes seconds, in which nobody can ask.
    pub fn settle(&mut self) {
        self.postings = self.sorted();
        self.drop_gone();
        self.fresh = HashMap::new();
        self.settled = self.held.len();
        self.held.shrink_to_fit();
        self.ids.shrink_to_fit();
    }

    /// What [`Self::settle`] would make, for [`Self::take`]: it is made while others ask, and
    /// needs the memory of the records once more.
    #[must_use]
    pub fn settled(&self) -> Settled {
        let mut made = Settled {
            of: (self.held.len(), self.gone),
            held: Vec::with_capacity(self.len()),
            ids: Vec::with_capacity(self.len()),
            earlier: HashMap::with_capacity(self.earlier.len()),
            postings: self.sorted(),
            fresh: HashMap::new(),
        };
        for ((slot, held), id) in (0u32..).zip(&self.held).zip(&self.ids) {
            if held.is_gone {
                continue;
            }
            if let Some(of) = self.earlier.get(&slot) {
                made.earlier.insert(code(made.held.len()), *of);
            }
            made.held.push(*held);
            made.ids.push(*id);
        }
        made
    }

    /// Takes what was settled, which is quick, and leaves what was there in its place; or says
    /// `false`, where something was written meanwhile.
    pub fn take(&mut self, made: &mut Settled) -> bool {
        if made.of != (self.held.len(), self.gone) {
            return false;
        }
        std::mem::swap(&mut self.held, &mut made.held);
        std::mem::swap(&mut self.ids, &mut made.ids);
        std::mem::swap(&mut self.earlier, &mut made.earlier);
        std::mem::swap(&mut self.postings, &mut made.postings);
        std::mem::swap(&mut self.fresh, &mut made.fresh);
        (self.settled, self.gone) = (self.held.len(), 0);
        true
    }

    /// Postings of the records that are here, numbered as they are once the others are dropped.
    fn sorted(&self) -> Vec<Posting> {
        let mut postings = Vec::with_capacity(RULES + 1);
        for first in (0..=RULES).step_by(AT_ONCE) {
            let rules = first..=(first + AT_ONCE - 1).min(RULES);
            let mut keyed: Vec<Vec<(u64, u32)>> = rules.clone().map(|_| Vec::new()).collect();
            let here = (0..code(self.held.len())).filter(|slot| self.is_here(*slot));
            for (place, slot) in (0u32..).zip(here) {
                let record = self.record(slot);
                for (rule, key) in self.keys(slot, &record, rules.clone()) {
                    if let Some(keyed) = keyed.get_mut(rule - first) {
                        keyed.push((key, place));
                    }
                }
            }
            postings.extend(keyed.into_iter().map(Posting::of));
        }
        postings
    }

    fn drop_gone(&mut self) {
        if self.gone == 0 {
            return;
        }
        let (held, ids) = (std::mem::take(&mut self.held), std::mem::take(&mut self.ids));
        let earlier = std::mem::take(&mut self.earlier);
        for ((slot, held), id) in (0u32..).zip(held).zip(ids).filter(|((_, held), _)| !held.is_gone)
        {
            if let Some(of) = earlier.get(&slot) {
                self.earlier.insert(code(self.held.len()), *of);
            }
            self.held.push(held);
            self.ids.push(id);
        }
        self.gone = 0;
    }

    fn add(&mut self, id: u128, row: &Row<'_>) -> Result<u32, TooManyRecords> {
        if self.held.len() >= RECORDS_MAX {
            return Err(TooManyRecords);
        }
        let record = Record::read(row, &Marks::default(), &mut self.columns);
        self.counts.note(&record, true);
        let slot = code(self.held.len());
        let (held, earlier) = Held::of(&record, &mut self.postcodes);
        if let Some(earlier) = earlier {
            self.earlier.insert(slot, earlier);
        }
        self.held.push(held);
        self.ids.push(id);
        Ok(slot)
    }

    /// The record of a slot as it was read, with all that its names tell.
    fn record(&self, slot: u32) -> Record {
        self.bare(slot).named(|name| self.name(name))
    }

    fn bare(&self, slot: u32) -> Record {
        let Some(held) = self.held.get(index(slot)) else { return Record::default() };
        let earlier = if held.has_earlier { self.earlier.get(&slot) } else { None };
        held.record(earlier, &self.postcodes)
    }

    fn name(&self, code: u32) -> Name {
        self.columns.names.get(code)
    }

    /// The keys under which a record stands, those of its id last.
    fn keys(
        &self,
        slot: u32,
        record: &Record,
        rules: std::ops::RangeInclusive<usize>,
    ) -> Vec<(usize, u64)> {
        let id = self.ids.get(index(slot)).copied().unwrap_or_default();
        let key = |rule: usize| match rule {
            RULES => id_key(id),
            _ if has_earlier(record, rule) => key_of(&self.columns.names, record, rule),
            _ => 0,
        };
        rules.map(|rule| (rule, key(rule))).filter(|(_, key)| *key != 0).collect()
    }

    /// Where an id stands.
    fn slot(&self, id: u128) -> Option<u32> {
        self.under(RULES, id_key(id))
            .find(|slot| self.ids.get(index(*slot)) == Some(&id) && self.is_here(*slot))
    }

    /// Slots under a key of a rule, and some others.
    fn under(&self, rule: usize, key: u64) -> impl Iterator<Item = u32> {
        let settled = self.postings.get(rule).into_iter().flat_map(move |of| of.get(key));
        settled.chain(self.fresh.get(&key).into_iter().flatten().copied())
    }

    fn is_here(&self, slot: u32) -> bool {
        self.held.get(index(slot)).is_some_and(|held| !held.is_gone)
    }
}

fn id_key(id: u128) -> u64 {
    let [low, high] = [id, id >> 64].map(|half| u64::try_from(half & u128::from(u64::MAX)));
    mix(low.unwrap_or(0) ^ mix(high.unwrap_or(0) ^ 0x1d)) | 1
}
