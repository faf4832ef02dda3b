//! Keys in order: sorted, and where runs of one key begin and end.

/// Sorts by key: once by its highest bits, then each part by itself, where it stays in cache.
pub(crate) fn sorted(keyed: Vec<(u64, u32)>) -> Vec<(u64, u32)> {
    const BITS: u32 = 11;
    let part = |key: u64| usize::try_from(key >> (64 - BITS)).unwrap_or(0);
    let mut starts = vec![0usize; (1 << BITS) + 1];
    for (key, _) in &keyed {
        if let Some(count) = starts.get_mut(part(*key) + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut next = starts.clone();
    let mut out = vec![(0, 0); keyed.len()];
    for pair in keyed {
        if let Some(at) = next.get_mut(part(pair.0)) {
            if let Some(to) = out.get_mut(*at) {
                *to = pair;
            }
            *at += 1;
        }
    }
    for ends in starts.windows(2) {
        if let [from, to] = ends
            && let Some(part) = out.get_mut(*from..*to)
        {
            part.sort_unstable();
        }
    }
    out
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
        assert!(sorted(keyed) == want);
        assert_eq!(runs(&want).count(), 700);
        assert_eq!(sorted(Vec::new()), []);
    }
}
