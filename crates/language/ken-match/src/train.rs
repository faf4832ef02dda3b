//! Weights without labels: Fellegi and Sunter's model by expectation and maximisation, on the
//! histogram of patterns.
//!
//! # Sources
//!
//! - I. P. Fellegi, A. B. Sunter, *A theory for record linkage*, 1969.
//! - W. E. Winkler, *Using the EM algorithm for weight computation*, 1988.

use crate::chance::{self, Shares, usual_same};
use crate::number::real;
use crate::pattern::{Levels, Pattern};

/// Rounds of the algorithm at most; it moves no more after a few dozen.
const ROUNDS: usize = 100;

/// Pairs that the usual figure weighs, so that a level that hardly occurs keeps a weight.
const WEIGHT: f64 = 20.0;

/// What was learnt without labels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    /// How often each level occurs among records of one person.
    pub(crate) m: Shares,
    /// And among those of two.
    pub(crate) u: Shares,
    /// The share of all pairs that are one person's.
    pub(crate) share: f64,
}

impl Weights {
    /// What it gives before it has seen anything: `n` records, of which a fifth are repeated.
    pub(crate) fn usual(u: Shares, all_pairs: f64, records: f64) -> Self {
        Self { m: usual_same(), u, share: 0.2 * records / all_pairs.max(1.0) }
    }

    /// Log-odds of a pattern in natural units, that of no evidence included.
    pub(crate) fn logit(&self, levels: Levels) -> f64 {
        let mut sum = (self.share / (1.0 - self.share)).ln();
        for ((m, u), level) in self.m.iter().zip(&self.u).zip(levels) {
            sum += weight(m, u, level);
        }
        sum
    }
}

/// The weight of one level in natural units; nothing where it is missing.
pub(crate) fn weight(m: &[f64], u: &[f64], level: u8) -> f64 {
    let at = usize::from(level);
    match (m.get(at), u.get(at)) {
        (Some(m), Some(u)) if level > 0 && *m > 0.0 && *u > 0.0 => (m / u).ln(),
        _ => 0.0,
    }
}

/// Between 0 and 1.
pub(crate) fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Learns how often each level occurs among records of one person, and how many such pairs there
/// are. What chance gives comes from the values of all pairs, those of one person among them; their
/// part is taken out of it, which matters where a table is small.
pub(crate) fn train(start: Weights, histogram: &[(Pattern, u64)], all_pairs: f64) -> Weights {
    let patterns: Vec<(Levels, f64)> =
        histogram.iter().map(|(pattern, count)| (pattern.levels(), real(*count))).collect();
    let (usual, usual_u) = (usual_same(), chance::usual());
    let seen = start.u.clone();
    let mut now = start;
    for _ in 0..ROUNDS {
        let mut sums: Shares = usual.iter().map(|of| vec![0.0; of.len()]).collect();
        let mut total = 0.0;
        for (levels, count) in &patterns {
            let share = count * probability(now.logit(*levels));
            total += share;
            for (sums, level) in sums.iter_mut().zip(levels) {
                if let Some(sum) = sums.get_mut(usize::from(*level)) {
                    *sum += share;
                }
            }
        }
        let m: Shares = sums.iter().zip(&usual).map(|(sums, usual)| share(sums, usual)).collect();
        let before = now.share;
        let share = (total.max(1.0) / all_pairs.max(2.0)).min(0.5);
        let u = seen.iter().zip(&m).zip(&usual_u).map(|((seen, m), u)| others(seen, m, u, share));
        now = Weights { u: u.collect(), m, share };
        if (now.share - before).abs() <= before * 1e-6 {
            break;
        }
    }
    now
}

/// How often levels occur among records of two people: as often as was seen, without the `share` of
/// pairs that are one person's, among which they occur as `m` says. It falls below what is usual
/// only where it was seen to: what is left of a few pairs is no measure.
fn others(seen: &[f64], m: &[f64], usual: &[f64], share: f64) -> Vec<f64> {
    let rest = |((seen, m), usual): ((&f64, &f64), &f64)| {
        ((seen - share * m) / (1.0 - share)).max(seen.min(*usual)).min(1.0)
    };
    seen.iter().zip(m).zip(usual).map(rest).collect()
}

/// The share of each level, with what is usual weighed in; *missing* left out.
pub(crate) fn share(sums: &[f64], usual: &[f64]) -> Vec<f64> {
    let known: f64 = sums.iter().skip(1).sum();
    let of = |(sum, usual): (&f64, &f64)| (sum + WEIGHT * usual) / (known + WEIGHT);
    let mut shares: Vec<f64> = sums.iter().zip(usual).map(of).collect();
    if let Some(missing) = shares.first_mut() {
        *missing = 0.0;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Field;

    /// The counts that a model says, for a few levels of each of four fields.
    fn planted(truth: &Weights, all: f64) -> Vec<(Pattern, u64)> {
        let some: [&[u8]; 4] = [&[1, 4, 9], &[1, 3, 9], &[1, 6, 9], &[1, 2, 8]];
        let [a, b, c, d] = some;
        let mut histogram = Vec::new();
        for (forename, surname) in a.iter().flat_map(|x| b.iter().map(move |y| (*x, *y))) {
            for (born, place) in c.iter().flat_map(|x| d.iter().map(move |y| (*x, *y))) {
                let levels = [forename, surname, 0, born, place, 0, 0, 0, 0, 0];
                let product = |shares: &Shares| -> f64 {
                    let of = shares.iter().zip(levels).filter(|(_, level)| *level > 0);
                    of.map(|(of, level)| of[usize::from(level)]).product()
                };
                let alike = truth.share * product(&truth.m);
                let count = all * (alike + (1.0 - truth.share) * product(&truth.u));
                let count = format!("{count:.0}").parse().unwrap();
                histogram.push((Pattern::of(levels), count));
            }
        }
        histogram.sort_unstable();
        histogram
    }

    #[test]
    fn what_one_persons_pairs_agree_in_is_no_chance() {
        // A small table: of ten thousand pairs eight are one person's, and most of those who were
        // born on one day are.
        let of =
            |same: f64, other: f64| (vec![0.0, 1.0 - same, same], vec![0.0, 1.0 - other, other]);
        let share = 8e-4;
        let mix = |(m, u): &(Vec<f64>, Vec<f64>)| -> Vec<f64> {
            m.iter().zip(u).map(|(m, u)| share * m + (1.0 - share) * u).collect()
        };
        let truth = of(0.9, 1e-4);
        let left = others(&mix(&truth), &truth.0, &[0.0, 1.0, 3e-5], share);
        assert!(left.iter().zip(&truth.1).all(|(left, u)| (left - u).abs() < 1e-9), "{left:?}");
        // What is left of next to nothing is no measure, unless even less was seen.
        let rare = of(0.9, 1e-7);
        let left = others(&mix(&rare), &rare.0, &[0.0, 1.0, 3e-5], share);
        assert!((left[2] - 3e-5).abs() < 1e-12, "{left:?}");
        let left = others(&[0.0, 1.0, 1e-6], &rare.0, &[0.0, 1.0, 3e-5], share);
        assert!((left[2] - 1e-6).abs() < 1e-12, "{left:?}");
    }

    #[test]
    fn what_was_planted_is_found() {
        let spread = |levels: &[(usize, f64)], len: usize| {
            let mut of = vec![0.0; len];
            for (at, share) in levels {
                of[*at] = *share;
            }
            of
        };
        let (all, mut m, mut u) = (5e9, chance::usual(), chance::usual());
        m[0] = spread(&[(1, 0.10), (4, 0.15), (9, 0.75)], 11);
        u[0] = spread(&[(1, 0.95), (4, 0.04), (9, 0.01)], 11);
        m[1] = spread(&[(1, 0.07), (3, 0.08), (9, 0.85)], 11);
        u[1] = spread(&[(1, 0.97), (3, 0.02), (9, 0.01)], 11);
        m[3] = spread(&[(1, 0.01), (6, 0.06), (9, 0.93)], 10);
        u[3] = spread(&[(1, 0.997), (6, 0.0029), (9, 0.0001)], 10);
        m[4] = spread(&[(1, 0.20), (2, 0.10), (8, 0.70)], 10);
        u[4] = spread(&[(1, 0.88), (2, 0.11), (8, 0.0001)], 10);
        let truth = Weights { m, u: u.clone(), share: 4e-6 };
        let histogram = planted(&truth, all);
        let start = Weights::usual(u, all, 1e5);
        let learnt = train(start, &histogram, all);
        assert!((learnt.share / truth.share - 1.0).abs() < 0.05, "{}", learnt.share);
        for (field, (got, want)) in Field::ALL.iter().zip(learnt.m.iter().zip(&truth.m)) {
            if !matches!(field, Field::Forename | Field::Surname | Field::Born | Field::Place) {
                continue;
            }
            for (got, want) in got.iter().zip(want) {
                assert!((got - want).abs() < 0.02, "{field:?} {got} {want}");
            }
        }
    }
}
