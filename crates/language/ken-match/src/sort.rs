//! Keys in order: sorted, and where runs of one key begin and end.

/// Room to sort in, kept from one rule to the next: to ask the system for it anew each time costs
/// more than the sorting.
#[derive(Default)]
pub(crate) struct Room {
    given: Vec<(u64, u32)>,
    sorted: Vec<(u64, u32)>,
}

impl Room {
    /// Sorts by key: once by its highest bits, then each part by itself, where it stays in cache.
    pub(crate) fn sort(&mut self, keyed: impl Iterator<Item = (u64, u32)>) -> &mut Vec<(u64, u32)> {
        const BITS: u32 = 11;
        let part = |key: u64| usize::try_from(key >> (64 - BITS)).unwrap_or(0);
        let mut starts = vec![0usize; (1 << BITS) + 1];
        self.given.clear();
        self.given.extend(keyed.inspect(|(key, _)| {
            if let Some(count) = starts.get_mut(part(*key) + 1) {
                *count += 1;
            }
        }));
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        self.sorted.resize(self.given.len(), (0, 0));
        for pair in &self.given {
            if let Some(at) = next.get_mut(part(pair.0)) {
                if let Some(to) = self.sorted.get_mut(*at) {
                    *to = *pair;
                }
                *at += 1;
            }
        }
        for ends in starts.windows(2) {
            if let [from, to] = ends
                && let Some(part) = self.sorted.get_mut(*from..*to)
            {
                part.sort_unstable();
            }
        }
        &mut self.sorted
    }
}

/// Where runs of one key begin and end.
pub(crate) fn runs(keyed: &[(u64, u32)]) -> impl Iterator<Item = (usize, usize)> {
    let mut from = 0;
    keyed.chunk_by(|a, b| a.0 == b.0).map(move |run| {
        let at = from;
        from += run.len();
        (at, from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::mix;

    #[test]
    fn keys_are_sorted_and_none_is_lost() {
        let keyed: Vec<_> = (0..5_000u32).map(|n| (mix(u64::from(n % 700)), n)).collect();
        let mut want = keyed.clone();
        want.sort_unstable();
        let mut room = Room::default();
        assert!(*room.sort(keyed.into_iter()) == want);
        assert_eq!(runs(&want).count(), 700);
        // What was there before is gone.
        assert_eq!(*room.sort([(9, 1), (7, 2)].into_iter()), [(7, 2), (9, 1)]);
        assert_eq!(*room.sort(std::iter::empty()), []);
    }
}
