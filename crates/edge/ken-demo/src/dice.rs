//! Chance that repeats: the same seed throws the same dice.
//!
//! # Invariants
//!
//! - A [`Dice`] draws from nothing but its seed, so that the whole partnership is a function of
//!   seed and start date.
//! - [`Dice::fork`] gives a stream of its own: what one person draws never shifts another's.
//!
//! # Sources
//!
//! - Steele, Lea and Flood, *Fast splittable pseudorandom number generators* (`SplitMix64`). It is
//!   not fit for keys, and none are drawn from it outside the demo.

/// A seeded source of chance.
#[derive(Debug, Clone)]
pub struct Dice(u64);

/// The odd constant nearest to 2^64 over the golden ratio, as `SplitMix64` takes it.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    /// Dice that repeat for a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of their own for `label`; the parent is not advanced.
    #[must_use]
    pub const fn fork(&self, label: u64) -> Self {
        Self(mix(self.0 ^ mix(label.wrapping_add(GAMMA))))
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// A number from 0 to `n - 1`; 0 where `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        // Multiply and take the upper half: the bias is below 2^-32 for every n used here.
        u64::try_from((u128::from(self.next()) * u128::from(n)) >> 64).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).unwrap_or(1);
        low + i64::try_from(self.below(span)).unwrap_or_default()
    }

    /// True in `percent` cases of a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of a list, all equally likely; the default where the list is empty.
    pub fn pick<T: Copy + Default>(&mut self, of: &[T]) -> T {
        let at = self.below(of.len() as u64);
        usize::try_from(at).ok().and_then(|at| of.get(at)).copied().unwrap_or_default()
    }

    /// One of the names in a text, which are parted by a comma and a space and sorted by frequency.
    pub fn pick_name(&mut self, of: &'static str) -> &'static str {
        let n = of.split(", ").count() as u64;
        // The lesser of two draws falls off linearly, enough to make some names frequent.
        let at = self.below(n).min(self.below(n));
        usize::try_from(at).ok().and_then(|at| of.split(", ").nth(at)).unwrap_or_default()
    }
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same() {
        let draw =
            |seed| (0..5).map(move |_| seed).scan(Dice::new(seed), |dice, _| Some(dice.next()));
        assert!(draw(7).eq(draw(7)));
        assert!(!draw(7).eq(draw(8)));
    }

    #[test]
    fn a_fork_does_not_move_its_parent() {
        let mut left = Dice::new(1);
        let mut right = Dice::new(1);
        let _ = left.fork(3).next();
        assert_eq!(left.next(), right.next());
        assert_ne!(left.fork(1).next(), left.fork(2).next());
    }

    #[test]
    fn draws_stay_in_their_bounds_and_reach_them() {
        let mut dice = Dice::new(42);
        let drawn: Vec<i64> = (0..2_000).map(|_| dice.between(-3, 3)).collect();
        assert_eq!(drawn.iter().min(), Some(&-3));
        assert_eq!(drawn.iter().max(), Some(&3));
        assert_eq!(dice.pick::<u8>(&[]), 0);
        assert_eq!(dice.below(0), 0);
        let common = (0..2_000).filter(|_| dice.pick_name("a, b, c, d") == "a").count();
        assert!((700..1_050).contains(&common), "{common}");
    }
}
