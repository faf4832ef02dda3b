//! What is far apart in memory, side by side: runs are short, and their records lie anywhere.
//!
//! To fetch one thing after the other costs more than all that is done with it; fetched together,
//! they are on their way at once. So it is done for some runs at a time: first the places by which
//! earlier rules claim pairs, then the records of the pairs that none claims.

use std::ops::Range;

use crate::number::{code, index};
use crate::table::{Record, Table};

/// Records that are fetched together, about: they stay in a core's own cache.
pub(crate) const FETCHED: u32 = 256;

/// Pairs that are held at most before they are compared: a long run has half a million.
const HELD: usize = 4_096;

/// Some runs of one rule.
#[derive(Default)]
pub(crate) struct Near {
    /// The runs that each record is in under earlier rules, `width` of them; see
    /// [`crate::block::Blocks`].
    places: Vec<u32>,
    width: usize,
    mine: Vec<u32>,
    /// Pairs that no earlier rule claims, by the places of their records here.
    pairs: Vec<(u32, u32)>,
    records: Vec<Record>,
    has: Vec<bool>,
}

impl Near {
    /// Fetches the places of so many records, `width` of each; what was there before is gone.
    pub(crate) fn fetch<'a>(&mut self, places: impl Iterator<Item = &'a [u32]>, width: usize) {
        self.places.clear();
        self.has.clear();
        self.width = width;
        let mut many = 0;
        for of in places {
            self.places.extend_from_slice(of);
            many += 1;
        }
        self.has.resize(many, false);
        if self.records.len() < many {
            self.records.resize(many, Record::default());
        }
    }

    /// Finds the pairs within each run that no earlier rule claims; `full` is called whenever
    /// there are many of them, and in the end.
    pub(crate) fn pairs(
        &mut self,
        runs: impl Iterator<Item = Range<usize>>,
        mut full: impl FnMut(&mut Self),
    ) {
        // Who is in no run shares it with nobody.
        let alone = |place: &u32| if *place == 0 { u32::MAX } else { *place };
        for run in runs {
            for at in run.clone() {
                let mut mine = std::mem::take(&mut self.mine);
                mine.clear();
                mine.extend(self.row(at).iter().map(alone));
                for other in at + 1..run.end {
                    let both = mine.iter().zip(self.row(other));
                    if both.filter(|(x, y)| x == y).count() == 0 {
                        self.pairs.push((code(at), code(other)));
                    }
                }
                self.mine = mine;
                if self.pairs.len() >= HELD {
                    full(self);
                }
            }
        }
        full(self);
    }

    fn row(&self, at: usize) -> &[u32] {
        self.places.get(at * self.width..(at + 1) * self.width).unwrap_or_default()
    }

    /// Gives each pair that is held, with its records, whose numbers are `numbers`, to `each`.
    pub(crate) fn compare(
        &mut self,
        table: &Table,
        numbers: &[u32],
        mut each: impl FnMut((u32, &Record), (u32, &Record)),
    ) {
        for at in self.pairs.iter().flat_map(|(a, b)| [index(*a), index(*b)]) {
            if let (Some(has), Some(number)) = (self.has.get_mut(at), numbers.get(at))
                && !*has
                && let Some(record) = self.records.get_mut(at)
            {
                (*record, *has) = (table.get(*number), true);
            }
        }
        for (a, b) in self.pairs.drain(..) {
            let of = |at: u32| Some((*numbers.get(index(at))?, self.records.get(index(at))?));
            if let (Some(one), Some(other)) = (of(a), of(b)) {
                each(one, other);
            }
        }
    }
}
