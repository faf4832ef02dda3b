//! The whole of it: a table becomes links and people, by a model that is given or learnt.

use std::collections::BTreeMap;

use crate::block::Blocks;
use crate::calibrate::{Knot, calibrate};
use crate::chance;
use crate::cluster::{Link, People, cluster};
use crate::compare::{level, single};
use crate::learn::{self, PAIRS, TOGETHER, Together};
use crate::model::{FieldWeights, Interaction, Model, Scorer, Training};
use crate::number::{pairs, real, wide};
use crate::pass::{Note, Seen, pass};
use crate::pattern::{Field, Levels, Pattern};
use crate::rule::Rule;
use crate::table::Table;
use crate::train::{self, Weights, probability};

/// A pair is offered as a link from this probability on. House policy: below it more than one in
/// a hundred of those just above it would be wrong.
pub const THRESHOLD: f64 = 0.9;

/// How a table is to be matched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Threads that compare pairs.
    pub threads: usize,
    /// Only pairs of two sources, each of which holds a person once.
    pub across: bool,
    /// From which probability on a pair is a link.
    pub threshold: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { threads: 2, across: false, threshold: THRESHOLD }
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The model by which pairs were scored.
    pub model: Model,
    /// Every pair whose score is above one in a thousand, in the order of records.
    pub scored: Vec<Link>,
    /// The people whom the links make.
    pub people: People,
    /// Pairs that were compared.
    pub pairs: u64,
    /// Records left out of a key that far too many shared, summed over keys.
    pub left_out: u64,
    /// Pairs that scored as a link and that a rule keeps apart.
    pub kept_apart: BTreeMap<Rule, u64>,
}

/// Candidate pairs of a table, compared and counted.
#[derive(Debug)]
pub struct Compared {
    seen: Seen,
    left_out: u64,
}

/// Compares all candidate pairs of a table.
#[must_use]
pub fn compare(table: &Table, options: &Options, note: Note<'_>) -> Compared {
    let blocks = Blocks::of(table);
    let usual = Weights::usual(chance::usual(), 2.0, 1.0);
    let keep = |pattern: Pattern| {
        let levels @ [.., chi, nhs] = pattern.levels();
        let numbers = chi >= level::CHI_SLIP || nhs == level::SAME;
        numbers || learn::alone(&usual, levels) > KEEP
    };
    let seen = pass(table, &blocks, options.across, options.threads, keep, note);
    Compared { seen, left_out: blocks.left_out }
}

/// Evidence of the names, date and place in natural units, by the usual figures, from which on a
/// pair is kept to be scored. House policy, measured: less has never come to one in a thousand.
const KEEP: f64 = 7.0;

/// Learns a model from the pairs that were compared. What levels say together is learnt from CHI
/// numbers where enough pairs hold them, and is otherwise taken from `base`.
#[must_use]
pub fn train(table: &Table, compared: &Compared, base: &Model) -> Model {
    let histogram = &compared.seen.histogram;
    let records = wide(table.len());
    let all = real(pairs(records).max(1));
    let (chance, strangers) = chance::shares(table);
    let start = Weights::usual(chance, all, real(records));
    let weights = train::train(start, histogram, all);
    let learnt = learn::learn(&weights, histogram, strangers);
    let labels = learnt.as_ref().map_or((0, 0), |learnt| learnt.labels);
    let training = Training {
        records,
        pairs: compared.seen.pairs,
        labelled_same: labels.0,
        labelled_other: labels.1,
        histogram: histogram.clone(),
    };
    let model = match learnt {
        Some(learnt) => from_labels(&weights, &learnt, training),
        None => from_base(&weights, base, training),
    };
    model.rounded()
}

/// Bits from natural units.
fn bits(natural: f64) -> f64 {
    natural / std::f64::consts::LN_2
}

fn from_labels(weights: &Weights, learnt: &Together, training: Training) -> Model {
    let demographic = |levels: Levels| learn::alone(weights, levels) + learnt.logit(levels);
    let with: Vec<(Levels, f64, f64)> = training
        .histogram
        .iter()
        .map(|(pattern, count)| {
            let levels = pattern.levels();
            (levels, demographic(levels), real(*count))
        })
        .collect();
    let labelled = real(training.labelled_same)
        / real((training.labelled_same + training.labelled_other).max(1));
    let without = with.iter().filter(|(levels, ..)| matches!(levels, [.., level::MISSING, _]));
    let without: Vec<(f64, f64)> = without.map(|(_, logit, count)| (*logit, *count)).collect();
    let shift = learn::shift(&without, labelled);
    let mut fields = Vec::new();
    for (at, field) in Field::ALL.into_iter().enumerate() {
        let (m, u) = (row(&weights.m, at), row(&weights.u, at));
        let levels = (0u8..).take(m.len());
        let learnt = levels.map(|l| if at < TOGETHER { bits(learnt.field(at, l)) } else { 0.0 });
        fields.push(FieldWeights { field, m, u, learnt: learnt.collect() });
    }
    numbers(&mut fields, &with, bits(shift));
    let mut interactions = Vec::new();
    for (at, (a, b)) in PAIRS.into_iter().enumerate() {
        let (one, other) = (place(a), place(b));
        for x in (0u8..).take(one.levels().len()) {
            for y in (0u8..).take(other.levels().len()) {
                let bits = bits(learnt.pair(at, x, y));
                if bits.abs() > 1e-4 {
                    interactions.push(Interaction { one: (one, x), other: (other, y), bits });
                }
            }
        }
    }
    let calibration = calibration(&with, learnt.wrong);
    let start = bits(learnt.start);
    Model { format: Model::form(), start, fields, interactions, calibration, training }
}

fn place(at: usize) -> Field {
    Field::ALL.get(at).copied().unwrap_or(Field::Forename)
}

fn row(shares: &[Vec<f64>], at: usize) -> Vec<f64> {
    shares.get(at).cloned().unwrap_or_default()
}

/// What the two numbers say, beside all the rest: how often each level comes among pairs that are
/// one person's by everything, and among those that are not.
fn numbers(fields: &mut [FieldWeights], with: &[(Levels, f64, f64)], shift: f64) {
    let natural = std::f64::consts::LN_2;
    for _ in 0..10 {
        let said = |levels: &Levels| -> f64 {
            fields.iter().zip(levels).skip(TOGETHER).map(|(of, l)| of.bits(*l) * natural).sum()
        };
        let mut sums: Vec<(Vec<f64>, Vec<f64>)> =
            fields.iter().map(|of| (vec![0.0; of.m.len()], vec![0.0; of.m.len()])).collect();
        for (levels, logit, count) in with {
            let p = probability(logit + said(levels));
            for ((m, u), level) in sums.iter_mut().zip(levels) {
                let at = usize::from(*level);
                if let (Some(m), Some(u)) = (m.get_mut(at), u.get_mut(at)) {
                    *m += count * p;
                    *u += count * (1.0 - p);
                }
            }
        }
        for (of, (m, u)) in fields.iter_mut().zip(sums).skip(TOGETHER) {
            (of.m, of.u) = (shares(&m), shares(&u));
            // Without a number the share of one person's pairs is another one.
            if let (Field::Chi, Some(missing)) = (of.field, of.learnt.first_mut()) {
                *missing = shift;
            }
        }
    }
}

fn shares(sums: &[f64]) -> Vec<f64> {
    let known: f64 = sums.iter().skip(1).sum();
    let of = |(at, sum): (usize, &f64)| if at == 0 { 0.0 } else { (sum + 0.5) / (known + 2.0) };
    sums.iter().enumerate().map(of).collect()
}

fn calibration(with: &[(Levels, f64, f64)], wrong: f64) -> Vec<Knot> {
    let labelled = with.iter().filter_map(|(levels, logit, count)| match levels {
        [.., level::CHI_SAME, _] => Some((bits(*logit), *count, 0.0)),
        [.., level::DIFFERS, _] => Some((bits(*logit), 0.0, *count)),
        _ => None,
    });
    calibrate(labelled.collect(), wrong)
}

fn from_base(weights: &Weights, base: &Model, training: Training) -> Model {
    let mut fields = Vec::new();
    for (at, of) in base.fields.iter().enumerate() {
        let (m, u) = (row(&weights.m, at), row(&weights.u, at));
        fields.push(FieldWeights { field: of.field, m, u, learnt: of.learnt.clone() });
    }
    let start = bits((weights.share / (1.0 - weights.share)).ln());
    let interactions = base.interactions.clone();
    let calibration = base.calibration.clone();
    Model { format: Model::form(), start, fields, interactions, calibration, training }
}

/// Scores what was compared, and makes people of the links.
#[must_use]
pub fn finish(table: &Table, compared: Compared, model: Model, options: &Options) -> Outcome {
    let scorer = Scorer::new(&model);
    let mut found = Vec::new();
    let mut kept_apart: BTreeMap<Rule, u64> = BTreeMap::new();
    for pair in compared.seen.kept {
        let score = scorer.score(pair.pattern);
        if score.probability < 1e-3 {
            continue;
        }
        let rule = Rule::of(pair.pattern);
        if let Some(rule) = rule.filter(|_| score.probability >= options.threshold) {
            *kept_apart.entry(rule).or_default() += 1;
        }
        let (one, other, bits) = (pair.a, pair.b, score.bits);
        let probability = if rule.is_some() { 0.0 } else { score.probability };
        found.push(Link { one, other, bits, probability, pattern: pair.pattern });
    }
    let people = cluster(table, &found, options.threshold, options.across);
    let (pairs, left_out) = (compared.seen.pairs, compared.left_out);
    Outcome { model, scored: found, people, pairs, left_out, kept_apart }
}

/// How two records of a table agree, by their numbers from 0.
#[must_use]
pub fn pattern(table: &Table, one: u32, other: u32) -> Pattern {
    single(table, one, other)
}
