//! What the fields say together, learnt from pairs that both hold a CHI number.
//!
//! Such a pair is a label that nobody had to give: one number is one person, two valid and
//! different numbers are two. What is learnt from them (that a surname, a date of birth and an
//! address in common with another forename are twins) is used where a number is missing.
//!
//! A few labels are wrong, because somebody's record bears a relative's number; the share is known
//! from the numbers' own weights, and the likelihood takes it into account.

use std::collections::BTreeMap;

use crate::compare::level;
use crate::number::{draw, real, wide};
use crate::pattern::{Levels, Pattern};
use crate::rule::is_household;
use crate::train::{Weights, probability, weight};

/// Fields that are learnt together: all but the two numbers.
pub(crate) const TOGETHER: usize = 7;

/// Pairs of these fields.
pub(crate) const PAIRS: [(usize, usize); 21] = [
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
    (0, 6),
    (1, 6),
    (2, 6),
    (3, 6),
    (4, 6),
    (5, 6),
];

/// The field of contacts, which most tables do not have: where it is missing it says nothing, also
/// not together with others.
const CONTACT: usize = 6;

/// In place of a feature that says nothing.
const NOTHING: usize = usize::MAX;

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
}

/// A labelled pattern.
struct Labelled {
    features: [usize; TOGETHER + PAIRS.len()],
    offset: f64,
    wrong: Wrong,
    same: f64,
    other: f64,
}

fn features(levels: Levels) -> [usize; TOGETHER + PAIRS.len()] {
    let mut features = [0; TOGETHER + PAIRS.len()];
    let level = |field: usize| usize::from(levels.get(field).copied().unwrap_or(0));
    for (at, feature) in features.iter_mut().enumerate() {
        *feature = match at.checked_sub(TOGETHER).and_then(|pair| PAIRS.get(pair)) {
            None if at == CONTACT && level(at) == 0 => NOTHING,
            None => at * ROOM + level(at),
            Some((_, CONTACT)) if level(CONTACT) == 0 => NOTHING,
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

/// How often a label is wrong, because a record bears somebody else's number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wrong {
    /// Of one person's pairs, the share whose numbers differ.
    pub(crate) other: f64,
    /// Of two people's pairs at one home, the share whose numbers are the same: a relative's.
    pub(crate) same: f64,
}

impl Wrong {
    /// What is seen where everything else is the same, and where it says two of one household.
    pub(crate) fn of(histogram: &[(Pattern, u64)]) -> Self {
        let (mut one, mut two) = ((0, 0), (0, 0));
        for (pattern, count) in histogram {
            let [forename, surname, _, born, place, _, _, chi, ..] = pattern.levels();
            let is_one = forename >= level::NAME_SAME
                && surname >= level::NAME_SAME
                && born == level::BORN_SAME
                && place == level::PLACE_SAME;
            let sums = match (is_one, is_household(*pattern)) {
                (true, _) => &mut one,
                (_, true) => &mut two,
                _ => continue,
            };
            match chi {
                level::CHI_SAME => sums.0 += count,
                level::DIFFERS => sums.1 += count,
                _ => {}
            }
        }
        let share = |part: u64, rest: u64| real(part) / real((part + rest).max(1));
        Self { other: share(one.1, one.0).clamp(1e-4, 0.05), same: share(two.0, two.1).min(0.05) }
    }

    /// The share of two people's pairs that are labelled as one person's.
    fn same_of(self, levels: Levels) -> f64 {
        if is_home(levels) { self.same } else { 0.0 }
    }
}

/// Whether two live at one place.
pub(crate) fn is_home(levels: Levels) -> bool {
    let [_, _, _, _, place, ..] = levels;
    (level::PLACE_POSTCODE..=level::PLACE_SAME).contains(&place)
}

/// Learns from labelled pairs, if there are enough. `strangers` are pairs drawn by chance, which
/// are two people's: without them nothing would be known of those who have nothing in common.
pub(crate) fn learn(
    weights: &Weights,
    labels: &[Label],
    wrong: Wrong,
    strangers: &[Pattern],
) -> Option<Together> {
    let sum = |of: fn(&Label) -> u64| labels.iter().map(of).sum::<u64>();
    let counts = (sum(|label| label.same), sum(|label| label.other));
    if counts.0 < LABELS_MIN || counts.1 < LABELS_MIN {
        return None;
    }
    let (start, weights) = fit(weights, labels, wrong, strangers);
    Some(Together { start, weights, labels: counts })
}

/// Bits of one half of the labels by what the other half says, and the other way round: bits, and
/// how many pairs are one person's and two people's. What was learnt from a pair would judge it
/// too well.
pub(crate) fn judged(
    weights: &Weights,
    labels: &[Label],
    wrong: Wrong,
    strangers: &[Pattern],
) -> Vec<(f64, f64, f64)> {
    let [one, other] = halves(labels);
    let mut judged = Vec::new();
    for (learnt, rest) in [(&one, &other), (&other, &one)] {
        let (start, added) = fit(weights, learnt, wrong, strangers);
        let together = Together { start, weights: added, labels: (0, 0) };
        judged.extend(rest.iter().map(|label| {
            let logit = alone(weights, label.levels) + together.logit(label.levels);
            let (same, other) = label.right(wrong);
            (logit / std::f64::consts::LN_2, same, other)
        }));
    }
    judged
}

fn fit(
    weights: &Weights,
    labels: &[Label],
    wrong: Wrong,
    strangers: &[Pattern],
) -> (f64, Vec<f64>) {
    let mut labelled: Vec<Labelled> = Vec::new();
    for run in labels.chunk_by(|a, b| a.told() == b.told()) {
        let Some(levels) = run.first().map(|label| label.levels) else { continue };
        let same = run.iter().map(|label| real(label.same)).sum();
        let other = run.iter().map(|label| real(label.other)).sum();
        let (features, offset) = (features(levels), alone(weights, levels));
        let wrong = Wrong { same: wrong.same_of(levels), ..wrong };
        labelled.push(Labelled { features, offset, wrong, same, other });
    }
    labelled.extend(drawn(weights, strangers));
    descend(&labelled)
}

/// Pairs of a pattern that both hold a valid CHI number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) levels: Levels,
    /// With the same number.
    pub(crate) same: u64,
    /// With two.
    pub(crate) other: u64,
}

impl Label {
    /// All that is told but by numbers.
    fn told(&self) -> [u8; TOGETHER] {
        let [told @ .., _, _, _] = self.levels;
        told
    }

    /// Whether the two could be compared by e-mail or telephone.
    pub(crate) fn has_contact(&self) -> bool {
        self.levels.get(CONTACT).is_some_and(|level| *level != level::MISSING)
    }

    /// How many of them are one person's and two people's, wrong labels allowed for. The count of
    /// a few pairs may come out below nothing; that of many does not.
    fn right(&self, wrong: Wrong) -> (f64, f64) {
        let all = real(self.same + self.other);
        let errs = wrong.same_of(self.levels);
        let same = (real(self.same) - errs * all) / (1.0 - wrong.other - errs);
        (same, all - same)
    }

    /// Half of it, as if each pair were drawn by chance, and the other half.
    fn halves(self, at: u64) -> [Self; 2] {
        let half = |count: u64, salt: u64| match count {
            0..64 => u64::from((draw(salt, at, u64::MAX) & ((1 << count) - 1)).count_ones()),
            _ => count / 2,
        };
        let (same, other) = (half(self.same, 3), half(self.other, 4));
        let rest = Self { same: self.same - same, other: self.other - other, ..self };
        [Self { same, other, ..self }, rest]
    }
}

/// The pairs that are labelled by CHI numbers, in the order of patterns. A pair that nothing but
/// its number finds is none: without numbers nobody would ever see it, and what is learnt is for
/// pairs without numbers. `apart` is how many these are.
pub(crate) fn labels(
    weights: &Weights,
    histogram: &[(Pattern, u64)],
    apart: &BTreeMap<Pattern, u64>,
) -> Vec<Label> {
    let mut labels = Vec::new();
    for (pattern, count) in histogram {
        let levels @ [.., chi, _, _] = pattern.levels();
        let found = count.saturating_sub(apart.get(pattern).copied().unwrap_or(0));
        let label = match chi {
            level::CHI_SAME => Label { levels, same: found, other: 0 },
            level::DIFFERS => Label { levels, same: 0, other: found },
            _ => continue,
        };
        // All else against it: the number is somebody else's, and nothing can be learnt of those
        // who have none.
        if found > 0 && (chi == level::DIFFERS || alone(weights, levels) >= 0.0) {
            labels.push(label);
        }
    }
    labels
}

/// Two halves of the labels, as if each pair were drawn by chance: what is learnt from one is
/// judged by the other.
fn halves(labels: &[Label]) -> [Vec<Label>; 2] {
    let halves = (0u64..).zip(labels).map(|(at, label)| label.halves(at));
    let (one, other): (Vec<_>, Vec<_>) = halves.map(|[one, other]| (one, other)).unzip();
    let some = |of: Vec<Label>| of.into_iter().filter(|l| l.same + l.other > 0).collect();
    [some(one), some(other)]
}

/// Pairs drawn by chance, which are in order, as labels.
fn drawn(weights: &Weights, strangers: &[Pattern]) -> Vec<Labelled> {
    let mut labelled = Vec::new();
    for run in strangers.chunk_by(|a, b| a == b) {
        let levels = run.first().map(|pattern| pattern.levels()).unwrap_or_default();
        let [.., chi, nhs, number] = levels;
        if chi != level::CHI_SAME && nhs != level::SAME && number != level::NUMBER_SAME {
            let (features, offset) = (features(levels), alone(weights, levels));
            let (same, other) = (0.0, real(wide(run.len())));
            let wrong = Wrong { other: 0.0, same: 0.0 };
            labelled.push(Labelled { features, offset, wrong, same, other });
        }
    }
    labelled
}

/// Ridge regression by Adagrad from nothing.
fn descend(labelled: &[Labelled]) -> (f64, Vec<f64>) {
    let room = (TOGETHER + PAIRS.len()) * ROOM * ROOM;
    let (mut weights, mut squares) = (vec![0.0f64; room], vec![1e-8f64; room]);
    let same: f64 = labelled.iter().map(|of| of.same).sum();
    let mean: f64 = labelled.iter().map(|of| of.same * of.offset).sum::<f64>() / same.max(1.0);
    let (mut start, mut start_square) = (-0.5 * mean, 1e-8f64);
    let mut used: Vec<usize> = labelled.iter().flat_map(|of| of.features).collect();
    used.sort_unstable();
    used.dedup();
    used.retain(|feature| *feature != NOTHING);
    for step in 0..STEPS {
        let mut slopes = vec![0.0f64; room];
        let mut slope_of_start = 0.0;
        for of in labelled {
            let known = of.features.iter().filter_map(|at| weights.get(*at)).sum::<f64>();
            let slope = of.slope(start + of.offset + known);
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
    /// How the loss falls with the log-odds, where labels are wrong now and then.
    fn slope(&self, logit: f64) -> f64 {
        let p = probability(logit);
        let right = 1.0 - self.wrong.other - self.wrong.same;
        let said = self.wrong.same + right * p;
        let rise = right * p * (1.0 - p);
        self.other * rise / (1.0 - said) - self.same * rise / said.max(1e-300)
    }
}

/// By how much the log-odds of a group of pairs must be shifted so that as many are one person's
/// as their own patterns say (M. Saerens and others, 2002: adjusting to new a priori
/// probabilities). `of` is how many pairs the group is part of, whose others are two people's;
/// `before` the share among those that were learnt from; `usual` how many of how many pairs are
/// thought to be one person's before the group is seen.
pub(crate) fn shift(group: &[(f64, f64)], of: f64, before: f64, usual: (f64, f64)) -> f64 {
    let odds = |share: f64| (share / (1.0 - share)).ln();
    if before <= 0.0 || before >= 1.0 {
        return 0.0;
    }
    let mut shift = 0.0;
    for _ in 0..200 {
        let sum: f64 = group.iter().map(|(logit, count)| count * probability(logit + shift)).sum();
        let share = ((sum + usual.0) / (of + usual.1)).clamp(1e-15, 1.0 - 1e-9);
        let next = odds(share) - odds(before);
        if (next - shift).abs() < 1e-6 {
            break;
        }
        shift = next;
    }
    shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance;

    #[test]
    fn what_only_a_number_finds_is_no_label() {
        let weights = Weights::usual(chance::usual(), 5e9, 1e5);
        let same = Pattern::of([9, 9, 0, 9, 8, 2, 0, level::CHI_SAME, 0, 0]);
        let other = Pattern::of([1, 9, 0, 1, 8, 1, 0, level::DIFFERS, 0, 0]);
        let stranger = Pattern::of([1, 1, 0, 1, 1, 1, 0, level::CHI_SAME, 0, 0]);
        let histogram = [(other, 50), (stranger, 20), (same, 70)];
        let apart = BTreeMap::from([(same, 30)]);
        let labels = labels(&weights, &histogram, &apart);
        let counts: Vec<_> = labels.iter().map(|label| (label.same, label.other)).collect();
        assert_eq!(counts, [(0, 50), (40, 0)]);
        assert_eq!(super::labels(&weights, &[(same, 30)], &apart), []);
    }

    #[test]
    fn halves_are_the_whole_and_no_two_are_split_alike() {
        let levels = Pattern::of([9, 9, 0, 9, 8, 2, 0, 4, 0, 0]).levels();
        let labels: Vec<_> =
            (0..200).map(|n| Label { levels, same: n % 7, other: 500 * (n % 2) }).collect();
        let [one, other] = halves(&labels);
        let sum = |of: &[Label]| of.iter().fold((0, 0), |s, l| (s.0 + l.same, s.1 + l.other));
        let (a, b, all) = (sum(&one), sum(&other), sum(&labels));
        assert_eq!((a.0 + b.0, a.1 + b.1), all);
        assert!(a.0.abs_diff(b.0) < all.0 / 4 && a.1.abs_diff(b.1) < all.1 / 4, "{a:?} {b:?}");
        let split: std::collections::BTreeSet<_> =
            (0..20).map(|at| Label { levels, same: 6, other: 0 }.halves(at)[0].same).collect();
        assert!(split.len() > 2, "{split:?}");
        let none = Label { levels, same: 0, other: 9 }.halves(7);
        assert!(none.iter().all(|half| half.same == 0));
    }

    #[test]
    fn wrong_labels_are_allowed_for() {
        let wrong = Wrong { other: 0.01, same: 0.02 };
        let home = Pattern::of([9, 9, 0, 9, 8, 2, 0, 4, 0, 0]).levels();
        let away = Pattern::of([9, 9, 0, 9, 1, 2, 0, 4, 0, 0]).levels();
        // Of a thousand that are one person's and four thousand that are two's.
        let seen = |same: u64| Label { levels: home, same, other: 5_000 - same };
        let (same, other) = seen(990 + 80).right(wrong);
        assert!((same - 1_000.0).abs() < 1e-6 && (other - 4_000.0).abs() < 1e-6, "{same} {other}");
        let (same, _) = Label { levels: away, same: 990, other: 10 }.right(wrong);
        assert!((same - 1_000.0).abs() < 1e-6, "{same}");
    }

    #[test]
    fn a_shift_agrees_with_itself_and_falls_with_strangers() {
        let odds = |share: f64| (share / (1.0 - share)).ln();
        let group: Vec<(f64, f64)> = (-40..=40).map(|n| (f64::from(n) / 4.0, 10.0)).collect();
        let total: f64 = group.iter().map(|(_, count)| count).sum();
        let found = shift(&group, total, 0.02, (0.0, 0.0));
        let said: f64 = group.iter().map(|(logit, n)| n * probability(logit + found)).sum();
        assert!((odds(said / total) - odds(0.02) - found).abs() < 1e-4, "{found}");
        assert!(found > 1.0, "{found}");
        assert!(shift(&group, 10.0 * total, 0.02, (0.0, 0.0)) < found);
        assert!(shift(&group, total, 0.02, (0.0, total)) < found);
        assert!(shift(&group, total, 0.0, (0.0, 0.0)).abs() < 1e-12);
    }
}
