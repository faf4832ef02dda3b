//! What bits are worth: of links offered at .99, ninety-nine in a hundred must be right.
//!
//! # Sources
//!
//! - Isotonic regression by pooling adjacent violators (M. Ayer and others, 1955).

use serde::{Deserialize, Serialize};

/// A point of the calibration; between points it is straight, beyond them its slope is one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knot {
    /// Bits as the weights say.
    pub bits: f64,
    /// Bits as they turned out.
    pub worth: f64,
}

/// Labelled pairs of one group at least. House policy: with five hundred, a share of .99 is known
/// to a hundredth.
const GROUP_MIN: f64 = 500.0;

/// Learns what bits are worth from pairs that were labelled: bits, how many are one person's, and
/// how many two people's.
pub(crate) fn calibrate(mut labelled: Vec<(f64, f64, f64)>) -> Vec<Knot> {
    labelled.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Bits times pairs, pairs that are the same, pairs that are not.
    let mut groups: Vec<(f64, f64, f64)> = Vec::new();
    let mut group = (0.0, 0.0, 0.0);
    for (bits, same, other) in labelled {
        let count = same + other;
        group = (group.0 + bits * count, group.1 + same, group.2 + other);
        if group.1 + group.2 >= GROUP_MIN {
            groups.push(group);
            group = (0.0, 0.0, 0.0);
        }
    }
    let mut pooled: Vec<(f64, f64, f64)> = Vec::new();
    for group in groups {
        let mut new = group;
        let share = |of: (f64, f64, f64)| of.1 / (of.1 + of.2);
        while let Some(last) = pooled.pop_if(|last| share(*last) >= share(new)) {
            new = (last.0 + new.0, last.1 + new.1, last.2 + new.2);
        }
        pooled.push(new);
    }
    let knot = |(sum, same, other): (f64, f64, f64)| {
        let share = (same + 0.5) / (same + other + 1.0);
        // Where hardly a label says otherwise, the labels' own faults are all that is seen.
        let known = (0.001..0.97).contains(&share);
        known.then(|| Knot { bits: sum / (same + other), worth: (share / (1.0 - share)).log2() })
    };
    let mut knots: Vec<Knot> = pooled.into_iter().filter_map(knot).collect();
    knots.dedup_by(|b, a| b.bits <= a.bits || b.worth <= a.worth);
    knots
}

/// What bits are worth; always rising with them.
pub(crate) fn calibrated(knots: &[Knot], bits: f64) -> f64 {
    let above = knots.partition_point(|knot| knot.bits <= bits);
    let before = above.checked_sub(1).and_then(|at| knots.get(at));
    match (before, knots.get(above)) {
        (None, None) => bits,
        (None, Some(first)) => first.worth + bits - first.bits,
        (Some(last), None) => last.worth + bits - last.bits,
        (Some(low), Some(high)) => {
            let part = (bits - low.bits) / (high.bits - low.bits);
            low.worth + part * (high.worth - low.worth)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_becomes_what_turned_out() {
        // Bits that say twice what they are worth.
        let labelled = (-40..=40).map(|n| {
            let bits = f64::from(n) / 4.0;
            let share = 1.0 / (1.0 + (-bits / 2.0).exp2());
            (bits, 1e4 * share, 1e4 * (1.0 - share))
        });
        let knots = calibrate(labelled.collect());
        for n in -30..=30 {
            let bits = f64::from(n) / 4.0;
            assert!((calibrated(&knots, bits) - bits / 2.0).abs() < 0.15, "{bits}");
        }
        let rising = (-400..400).map(|n| calibrated(&knots, f64::from(n) / 10.0));
        assert!(rising.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn nothing_is_learnt_from_few() {
        assert_eq!(calibrate(vec![(1.0, 10.0, 10.0)]), []);
        assert!((calibrated(&[], 3.5) - 3.5).abs() < 1e-12);
    }
}
