//! Which records have a key: sorted once, found by the first bits of the key.

use crate::number::{code, index};
use crate::sort::Room;

/// Records by key. Of the key itself only its place and eight bits are kept, so that a few are
/// found that have another one: whoever asks looks at the record.
#[derive(Debug, Default)]
pub(super) struct Posting {
    shift: u32,
    starts: Vec<u32>,
    marks: Vec<u8>,
    slots: Vec<u32>,
}

/// Entries of one place, about: as many marks as a line of a core's cache holds cost one look.
const PLACE: usize = 8;

impl Posting {
    pub(super) fn of(keyed: Vec<(u64, u32)>) -> Self {
        if keyed.is_empty() {
            return Self::default();
        }
        let mut room = Room::default();
        let keyed = room.sort(keyed.into_iter());
        let bits = (keyed.len() / PLACE).max(2).next_power_of_two().trailing_zeros();
        let shift = 64 - bits;
        let mut starts = vec![0u32; (1 << bits) + 1];
        let (mut marks, mut slots) = (Vec::new(), Vec::new());
        marks.reserve_exact(keyed.len());
        slots.reserve_exact(keyed.len());
        for (key, slot) in keyed.iter().copied() {
            marks.push(mark(key));
            slots.push(slot);
            if let Some(end) = starts.get_mut(place(key, shift) + 1) {
                *end = code(slots.len());
            }
        }
        // Where nothing stands, the next begins where the last ended.
        let mut last = 0;
        for start in &mut starts {
            last = last.max(*start);
            *start = last;
        }
        Self { shift, starts, marks, slots }
    }

    /// The records under a key, and some others.
    pub(super) fn get(&self, key: u64) -> impl Iterator<Item = u32> + '_ {
        let place = place(key, self.shift);
        let ends = self.starts.get(place).zip(self.starts.get(place + 1));
        let range = ends.map_or(0..0, |(from, to)| index(*from)..index(*to));
        let marks = self.marks.get(range.clone()).unwrap_or_default();
        let slots = self.slots.get(range).unwrap_or_default();
        let mine = mark(key);
        marks.iter().zip(slots).filter(move |(mark, _)| **mark == mine).map(|(_, slot)| *slot)
    }
}

fn place(key: u64, shift: u32) -> usize {
    usize::try_from(key.checked_shr(shift).unwrap_or(0)).unwrap_or(0)
}

/// Bits that tell keys of one place apart; the last bit of a key is always set.
fn mark(key: u64) -> u8 {
    key.to_le_bytes()[1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::mix;

    #[test]
    fn what_has_a_key_is_found_and_little_else() {
        let keys: Vec<u64> = (0..3_000).map(|n| mix(n / 3) | 1).collect();
        let posting = Posting::of(keys.iter().copied().zip(0..).collect());
        let mut others = 0;
        for (at, key) in (0u32..).zip(&keys) {
            let found: Vec<u32> = posting.get(*key).collect();
            let first = at / 3 * 3;
            assert!((first..first + 3).all(|slot| found.contains(&slot)), "{at}");
            others += found.len() - 3;
        }
        assert!(others < 300, "{others}");
        assert_eq!(posting.get(mix(77_777) | 1).count(), 0);
        assert_eq!(Posting::of(Vec::new()).get(1).count(), 0);
        assert_eq!(Posting::of(vec![(5, 9)]).get(5).collect::<Vec<_>>(), [9]);
    }
}
