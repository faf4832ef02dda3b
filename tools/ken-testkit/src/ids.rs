//! Ids and entropy that repeat, from a seed.

use std::sync::atomic::{AtomicU64, Ordering};

use ken_core::IdSource;
use uuid::{Builder, Uuid};

/// The same ids in every run of a test. Not fit for keys of anything that is real.
#[derive(Debug)]
pub struct SeededIds {
    state: AtomicU64,
    /// Milliseconds in the time-ordered ids; each is later than the one before.
    time: AtomicU64,
}

impl SeededIds {
    /// A source from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed), time: AtomicU64::new(1_790_000_000_000) }
    }

    /// The next number of `SplitMix64` (Steele, Lea, Flood 2014).
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Default for SeededIds {
    fn default() -> Self {
        Self::new(1)
    }
}

impl IdSource for SeededIds {
    fn ordered(&self) -> Uuid {
        let mut random = [0; 10];
        self.entropy(&mut random);
        let time = self.time.fetch_add(1, Ordering::Relaxed);
        Builder::from_unix_timestamp_millis(time, &random).into_uuid()
    }

    fn random(&self) -> Uuid {
        let mut random = [0; 16];
        self.entropy(&mut random);
        Builder::from_random_bytes(random).into_uuid()
    }

    fn entropy(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.next().to_le_bytes();
            chunk.iter_mut().zip(next).for_each(|(byte, next)| *byte = next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let (a, b, c) = (SeededIds::new(7), SeededIds::new(7), SeededIds::new(8));
        let first = a.ordered();
        assert_eq!(first, b.ordered());
        assert_ne!(first, c.ordered());
        assert!(first < a.ordered());
        assert_eq!(first.get_version_num(), 7);
        assert_eq!(a.random().get_version_num(), 4);
        assert_ne!(a.random(), a.random());
    }
}
