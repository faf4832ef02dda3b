//! How good an answer is, where the truth is known.

use std::collections::HashMap;

use crate::cluster::{Link, People};
use crate::number::{index, pairs, real, wide};

/// Right, wrong and missed pairs, and what is made of them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PairQuality {
    /// Pairs that are one person's and were said to be.
    pub right: u64,
    /// Pairs that were said to be one person's and are not.
    pub wrong: u64,
    /// Pairs that are one person's and were not said to be.
    pub missed: u64,
}

impl PairQuality {
    /// Of the pairs said to be one person's, the share that is.
    #[must_use]
    pub fn precision(self) -> f64 {
        real(self.right) / real((self.right + self.wrong).max(1))
    }

    /// Of the pairs that are one person's, the share that was said to be.
    #[must_use]
    pub fn recall(self) -> f64 {
        real(self.right) / real((self.right + self.missed).max(1))
    }

    /// The harmonic mean of both.
    #[must_use]
    pub fn f1(self) -> f64 {
        2.0 * real(self.right) / real((2 * self.right + self.wrong + self.missed).max(1))
    }
}

/// How an answer compares with the truth.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// Pairs that are one person's.
    pub true_pairs: u64,
    /// At the threshold with the best F1, chosen with the truth in hand: its probability first.
    pub best: (f64, PairQuality),
    /// At the threshold in use.
    pub in_use: (f64, PairQuality),
    /// Of the people that the links were made into, pair by pair.
    pub people: PairQuality,
    /// The best F1 that any model could reach by these patterns on these candidates.
    pub ceiling: f64,
    /// Of links said to be as likely as from the first to the second, how many there are, and how
    /// many are right.
    pub reliability: Vec<(f64, f64, u64, u64)>,
}

/// Bounds of the table of reliability.
const BANDS: [f64; 9] = [0.0, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1.000_001];

/// Compares an answer with the truth, which is a number for each record: one number, one person.
#[must_use]
pub fn evaluate(truth: &[u32], scored: &[Link], people: &People, threshold: f64) -> Evaluation {
    let true_pairs = together(truth.iter());
    let is_right = |link: &Link| {
        let of = |record: u32| truth.get(index(record));
        of(link.one).is_some() && of(link.one) == of(link.other)
    };
    let judged = |(right, wrong): (u64, u64)| PairQuality {
        right,
        wrong,
        missed: true_pairs.saturating_sub(right),
    };
    let mut sorted: Vec<(f64, bool)> =
        scored.iter().map(|link| (link.probability, is_right(link))).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut so_far, mut best, mut in_use) = ((0, 0), (1.0, judged((0, 0))), judged((0, 0)));
    for group in sorted.chunk_by(|a, b| a.0.to_bits() == b.0.to_bits()) {
        let right = wide(group.iter().filter(|(_, right)| *right).count());
        so_far = (so_far.0 + right, so_far.1 + wide(group.len()) - right);
        let probability = group.first().map_or(0.0, |(probability, _)| *probability);
        if judged(so_far).f1() > best.1.f1() {
            best = (probability, judged(so_far));
        }
        if probability >= threshold {
            in_use = judged(so_far);
        }
    }
    let banded = BANDS.windows(2).filter_map(|ends| match ends {
        [low, high] => Some((*low, *high)),
        _ => None,
    });
    let reliability = banded.map(|(low, high)| {
        let of = sorted.iter().filter(|(p, _)| (low..high).contains(p));
        let (count, right) = (of.clone().count(), of.filter(|(_, right)| *right).count());
        (low, high.min(1.0), wide(count), wide(right))
    });
    Evaluation {
        true_pairs,
        best,
        in_use: (threshold, in_use),
        people: of_people(truth, people, true_pairs),
        ceiling: ceiling(scored, is_right, true_pairs),
        reliability: reliability.collect(),
    }
}

/// How many pairs have one value.
fn together<T: std::hash::Hash + Eq>(values: impl Iterator<Item = T>) -> u64 {
    let mut counts: HashMap<T, u64> = HashMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts.values().map(|count| pairs(*count)).sum()
}

fn of_people(truth: &[u32], people: &People, true_pairs: u64) -> PairQuality {
    let said = together(people.of.iter());
    let right = together(people.of.iter().zip(truth));
    let missed = true_pairs.saturating_sub(right);
    PairQuality { right, wrong: said.saturating_sub(right), missed }
}

/// Whole patterns are taken in the order of their true share.
fn ceiling(scored: &[Link], is_right: impl Fn(&Link) -> bool, true_pairs: u64) -> f64 {
    let mut patterns: HashMap<_, (u64, u64)> = HashMap::new();
    for link in scored {
        let (right, wrong) = patterns.entry(link.pattern).or_default();
        *(if is_right(link) { right } else { wrong }) += 1;
    }
    let mut shares: Vec<(u64, u64)> = patterns.into_values().collect();
    let share = |(right, wrong): &(u64, u64)| real(*right) / real((right + wrong).max(1));
    shares.sort_by(|a, b| share(b).total_cmp(&share(a)));
    let mut best = 0.0f64;
    let mut sum = PairQuality { right: 0, wrong: 0, missed: true_pairs };
    for (right, wrong) in shares {
        sum.right += right;
        sum.wrong += wrong;
        sum.missed = true_pairs.saturating_sub(sum.right);
        best = best.max(sum.f1());
    }
    best
}
