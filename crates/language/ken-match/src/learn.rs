//! What the fields say together, learnt from pairs that both hold a CHI number.
//!
//! Such a pair is a label that nobody had to give: one number is one person, two valid and
//! different numbers are two. What is learnt from them (that a surname, a date of birth and an
//! address in common with another forename are twins) is used where a number is missing.
//!
//! A few labels are wrong, because somebody's record bears a relative's number; the share is known
//! from the numbers' own weights, and the likelihood takes it into account.

use crate::compare::level;
use crate::number::{real, wide};
use crate::pattern::{Levels, Pattern};
use crate::train::{Weights, probability, weight};

/// Fields that are learnt together: all but the two numbers.
pub(crate) const TOGETHER: usize = 6;

/// Pairs of these fields.
pub(crate) const PAIRS: [(usize, usize); 15] = [
    (0, 1),
    (0, 2),
    (0, 3),
    (0, 4),
    (0, 5),
    (1, 2),
    (1, 3),
    (1, 4),
    (1, 5),
    (2, 3),
    (2, 4),
    (2, 5),
    (3, 4),
    (3, 5),
    (4, 5),
];

/// Fewest labelled pairs of each kind from which anything is learnt. House policy.
const LABELS_MIN: u64 = 500;

/// Steps of the descent.
const STEPS: u32 = 200;

/// How strongly a weight is held to what the fields say one by one.
const RIDGE: f64 = 0.5;

/// Room for a level of a field.
const ROOM: usize = 11;

/// Weights in natural units that are added to those of the fields.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Together {
    pub(crate) start: f64,
    /// By field and level, then by pair of fields and their levels.
    weights: Vec<f64>,
    /// Pairs labelled as one person's, and as two people's.
    pub(crate) labels: (u64, u64),
    /// The share of one person's pairs that are labelled as two people's.
    pub(crate) wrong: f64,
}

/// A labelled pattern.
struct Labelled {
    features: [usize; TOGETHER + PAIRS.len()],
    offset: f64,
    same: f64,
    other: f64,
}

fn features(levels: Levels) -> [usize; TOGETHER + PAIRS.len()] {
    let mut features = [0; TOGETHER + PAIRS.len()];
    let level = |field: usize| usize::from(levels.get(field).copied().unwrap_or(0));
    for (at, feature) in features.iter_mut().enumerate() {
        *feature = match at.checked_sub(TOGETHER).and_then(|pair| PAIRS.get(pair)) {
            None => at * ROOM + level(at),
            Some((a, b)) => at * ROOM * ROOM + level(*a) * ROOM + level(*b),
        };
    }
    features
}

impl Together {
    /// What it adds to the fields' own weights.
    pub(crate) fn logit(&self, levels: Levels) -> f64 {
        let of = |feature: &usize| self.weights.get(*feature).copied().unwrap_or(0.0);
        self.start + features(levels).iter().map(of).sum::<f64>()
    }

    /// What one level of a field adds.
    pub(crate) fn field(&self, field: usize, level: u8) -> f64 {
        self.weights.get(field * ROOM + usize::from(level)).copied().unwrap_or(0.0)
    }

    /// What two levels add together; `pair` is a place in [`PAIRS`].
    pub(crate) fn pair(&self, pair: usize, a: u8, b: u8) -> f64 {
        let at = (TOGETHER + pair) * ROOM * ROOM + usize::from(a) * ROOM + usize::from(b);
        self.weights.get(at).copied().unwrap_or(0.0)
    }
}

/// What the six fields say one by one.
pub(crate) fn alone(weights: &Weights, levels: Levels) -> f64 {
    let fields = weights.m.iter().zip(&weights.u).zip(levels).take(TOGETHER);
    fields.map(|((m, u), level)| weight(m, u, level)).sum()
}

/// Learns from labelled pairs, if there are enough. `strangers` are pairs drawn by chance, which
/// are two people's: without them nothing would be known of those who have nothing in common.
pub(crate) fn learn(
    weights: &Weights,
    histogram: &[(Pattern, u64)],
    strangers: Vec<Pattern>,
) -> Option<Together> {
    let mut labels = (0, 0);
    let mut labelled: Vec<Labelled> = Vec::new();
    let mut before = None;
    for (pattern, count) in histogram {
        let levels @ [.., chi, _] = pattern.levels();
        let (same, other) = match chi {
            level::CHI_SAME => (*count, 0),
            level::DIFFERS => (0, *count),
            _ => continue,
        };
        let offset = alone(weights, levels);
        // All else against it: the number is somebody else's, and nothing can be learnt of those
        // who have none.
        if chi == level::CHI_SAME && offset < 0.0 {
            continue;
        }
        let [rest @ .., _, _] = levels;
        labels = (labels.0 + same, labels.1 + other);
        if before != Some(rest) {
            before = Some(rest);
            let features = features(levels);
            labelled.push(Labelled { features, offset, same: 0.0, other: 0.0 });
        }
        if let Some(last) = labelled.last_mut() {
            last.same += real(same);
            last.other += real(other);
        }
    }
    if labels.0 < LABELS_MIN || labels.1 < LABELS_MIN {
        return None;
    }
    labelled.extend(drawn(weights, strangers));
    let wrong = wrong_labels(histogram);
    let (start, weights) = descend(&labelled, wrong);
    Some(Together { start, weights, labels, wrong })
}

/// The share of one person's pairs whose numbers differ all the same, because a record bears a
/// relative's: seen where everything else is the same.
fn wrong_labels(histogram: &[(Pattern, u64)]) -> f64 {
    let mut sums = (0, 0);
    for (pattern, count) in histogram {
        let [forename, surname, _, born, place, _, chi, _] = pattern.levels();
        let is_same = forename >= level::NAME_SAME
            && surname >= level::NAME_SAME
            && born == level::BORN_SAME
            && place == level::PLACE_SAME;
        match chi {
            level::CHI_SAME if is_same => sums.0 += count,
            level::DIFFERS if is_same => sums.1 += count,
            _ => {}
        }
    }
    (real(sums.1) / real((sums.0 + sums.1).max(1))).clamp(1e-4, 0.05)
}

/// Pairs drawn by chance, as labels.
fn drawn(weights: &Weights, mut strangers: Vec<Pattern>) -> Vec<Labelled> {
    strangers.sort_unstable();
    let mut labelled = Vec::new();
    for run in strangers.chunk_by(|a, b| a == b) {
        let levels = run.first().map(|pattern| pattern.levels()).unwrap_or_default();
        let [.., chi, nhs] = levels;
        if chi != level::CHI_SAME && nhs != level::SAME {
            let (features, offset) = (features(levels), alone(weights, levels));
            labelled.push(Labelled { features, offset, same: 0.0, other: real(wide(run.len())) });
        }
    }
    labelled
}

/// Ridge regression by Adagrad from nothing.
fn descend(labelled: &[Labelled], wrong: f64) -> (f64, Vec<f64>) {
    let room = (TOGETHER + PAIRS.len()) * ROOM * ROOM;
    let (mut weights, mut squares) = (vec![0.0f64; room], vec![1e-8f64; room]);
    let same: f64 = labelled.iter().map(|of| of.same).sum();
    let mean: f64 = labelled.iter().map(|of| of.same * of.offset).sum::<f64>() / same.max(1.0);
    let (mut start, mut start_square) = (-0.5 * mean, 1e-8f64);
    let mut used: Vec<usize> = labelled.iter().flat_map(|of| of.features).collect();
    used.sort_unstable();
    used.dedup();
    for step in 0..STEPS {
        let mut slopes = vec![0.0f64; room];
        let mut slope_of_start = 0.0;
        for of in labelled {
            let known = of.features.iter().filter_map(|at| weights.get(*at)).sum::<f64>();
            let slope = of.slope(start + of.offset + known, wrong);
            slope_of_start += slope;
            for at in of.features {
                if let Some(sum) = slopes.get_mut(at) {
                    *sum += slope;
                }
            }
        }
        let rate = 0.5 / (1.0 + f64::from(step) / 70.0);
        start_square += slope_of_start * slope_of_start;
        start -= rate * slope_of_start / start_square.sqrt();
        for at in &used {
            let (Some(weight), Some(slope)) = (weights.get_mut(*at), slopes.get(*at)) else {
                continue;
            };
            let slope = slope + RIDGE * *weight;
            if let Some(square) = squares.get_mut(*at) {
                *square += slope * slope;
                *weight -= rate * slope / square.sqrt();
            }
        }
    }
    (start, weights)
}

impl Labelled {
    /// How the loss falls with the log-odds, where a share of true pairs bears two numbers.
    fn slope(&self, logit: f64, wrong: f64) -> f64 {
        let p = probability(logit);
        let right = 1.0 - wrong;
        self.other * right * p * (1.0 - p) / (1.0 - right * p) - self.same * (1.0 - p)
    }
}

/// By how much the log-odds of a group of pairs must be shifted so that as many are one person's
/// as their own patterns say (M. Saerens and others, 2002: adjusting to new a priori
/// probabilities). `before` is the share among those that were learnt from.
pub(crate) fn shift(group: &[(f64, f64)], before: f64) -> f64 {
    let total: f64 = group.iter().map(|(_, count)| count).sum();
    let odds = |share: f64| (share / (1.0 - share)).ln();
    if total < real(wide(1000)) || before <= 0.0 || before >= 1.0 {
        return 0.0;
    }
    let mut shift = 0.0;
    for _ in 0..200 {
        let sum: f64 = group.iter().map(|(logit, count)| count * probability(logit + shift)).sum();
        let share = (sum / total).clamp(1e-9, 1.0 - 1e-9);
        let next = odds(share) - odds(before);
        if (next - shift).abs() < 1e-6 {
            break;
        }
        shift = next;
    }
    shift
}
