//! The whole of it: a table becomes links and people, by a model that is given or learnt.

use std::collections::BTreeMap;

use crate::block::{Blocks, WORDS};
use crate::calibrate::{Knot, calibrate, calibrated};
use crate::chance;
use crate::cluster::{Link, People, cluster};
use crate::compare::{level, single};
use crate::learn::{self, Label, PAIRS, TOGETHER, Together, Wrong, is_home};
use crate::model::{FieldWeights, Interaction, Model, Scorer, Training};
use crate::number::{pairs, real, wide};
use crate::pass::{Note, Seen, pass};
use crate::pattern::{Field, Levels, Pattern};
use crate::rule::Rule;
use crate::table::{Columns, Row, Table};
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
    /// How many of them were found by what both records share, in words.
    pub found_by: Vec<(&'static str, u64)>,
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
    let worth = Worth::new();
    let keep = |pattern: Pattern| worth.keeps(pattern, table.len());
    let seen = pass(table, &blocks, options.across, options.threads, keep, note);
    Compared { seen, left_out: blocks.left_out }
}

/// Which patterns are worth a score at all.
#[derive(Debug)]
pub(crate) struct Worth(Weights);

impl Worth {
    pub(crate) fn new() -> Self {
        Self(Weights::usual(chance::usual(), 2.0, 1.0))
    }

    /// Whether a pair of this pattern among so many records is kept to be scored.
    pub(crate) fn keeps(&self, pattern: Pattern, records: usize) -> bool {
        let levels @ [.., chi, nhs, number] = pattern.levels();
        let numbers = chi >= level::CHI_SLIP || nhs == level::SAME || number == level::NUMBER_SAME;
        numbers || learn::alone(&self.0, levels) > least(records)
    }
}

fn least(records: usize) -> f64 {
    (real(wide(records.max(1))).ln() - KEEP_BELOW).clamp(KEEP_LEAST, KEEP)
}

/// Evidence of the names, date and place in natural units, by the usual figures, from which on a
/// pair is kept to be scored. House policy, measured: less has never come to one in a thousand.
const KEEP: f64 = 7.0;

/// The fewer records, the less evidence a pair needs: the bound falls below [`KEEP`], which is that
/// of a million, by the logarithm of their number.
const KEEP_BELOW: f64 = 6.8;

/// However few records there are, nothing in common is no evidence.
const KEEP_LEAST: f64 = 1.0;

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
    let known = Labelled::of(&weights, compared, strangers);
    let learnt = learn::learn(&weights, &known.labels, known.wrong, &known.strangers);
    let labels = learnt.as_ref().map_or((0, 0), |learnt| learnt.labels);
    let training = Training {
        records,
        pairs: compared.seen.pairs,
        labelled_same: labels.0,
        labelled_other: labels.1,
        histogram: histogram.clone(),
    };
    let model = match learnt {
        Some(learnt) => from_labels(&weights, &learnt, &known, training),
        None => from_base(&weights, base, &compared.seen.apart, training),
    };
    model.rounded()
}

/// What is known of whose some pairs are.
struct Labelled {
    labels: Vec<Label>,
    wrong: Wrong,
    strangers: Vec<Pattern>,
}

impl Labelled {
    fn of(weights: &Weights, compared: &Compared, strangers: Vec<Pattern>) -> Self {
        let Seen { histogram, apart, .. } = &compared.seen;
        let labels = learn::labels(weights, histogram, apart);
        Self { labels, wrong: Wrong::of(histogram), strangers }
    }
}

/// Bits from natural units.
fn bits(natural: f64) -> f64 {
    natural / std::f64::consts::LN_2
}

fn from_labels(
    weights: &Weights,
    learnt: &Together,
    known: &Labelled,
    training: Training,
) -> Model {
    let demographic = |levels: Levels| learn::alone(weights, levels) + learnt.logit(levels);
    let with: Vec<(Levels, f64, f64)> = training
        .histogram
        .iter()
        .map(|(pattern, count)| {
            let levels = pattern.levels();
            (levels, demographic(levels), real(*count))
        })
        .collect();
    let judged = learn::judged(weights, &known.labels, known.wrong, &known.strangers);
    let knots = calibrate(judged);
    let without = with.iter().filter(|(levels, ..)| matches!(levels, [.., level::MISSING, _, _]));
    let worth = |logit: f64| calibrated(&knots, bits(logit)) * std::f64::consts::LN_2;
    let without: Vec<(f64, f64)> = without.map(|(_, l, count)| (worth(*l), *count)).collect();
    let total = without.iter().map(|(_, count)| count).sum();
    let share = weights.share * real(pairs(training.records)) / real(training.pairs.max(1));
    // What is thought without labels weighs as much as ten pairs.
    let usual = (10.0 * share.clamp(1e-4, 0.9), 10.0);
    let shift = learn::shift(&without, total, training.share(), usual);
    let mut fields = Vec::new();
    let has_number = has_number(&training);
    let is_seen = |field: &Field| has_number || *field != Field::Number;
    for (at, field) in Field::ALL.into_iter().filter(is_seen).enumerate() {
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
    interactions.extend(at_home(&fields, &with, &knots));
    if !known.labels.iter().any(Label::has_contact) {
        interactions.extend(Interaction::of_contacts());
    }
    interactions.extend(has_number.then(Interaction::of_numbers).into_iter().flatten());
    let calibration = moved(&knots, bits(shift));
    let start = bits(learnt.start);
    Model::learnt(start, fields, interactions, calibration, training)
}

/// Whether any two records could be compared by a further number.
fn has_number(training: &Training) -> bool {
    let mut patterns = training.histogram.iter().map(|(pattern, _)| pattern.levels());
    patterns.any(|[.., number]| number != level::MISSING)
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
            if of.field == Field::Number {
                let usual = |of: Vec<Vec<f64>>| of.into_iter().next_back().unwrap_or_default();
                of.m = train::share(&m, &usual(chance::usual_same()));
                of.u = train::share(&u, &usual(chance::usual()));
                continue;
            }
            (of.m, of.u) = (shares(&m), shares(&u));
            // Without a number the share of one person's pairs is another one.
            if let (Field::Chi, Some(missing)) = (of.field, of.learnt.first_mut()) {
                *missing = shift;
            }
        }
    }
}

/// What an agreeing number says less where two live at one home: a record that bears somebody
/// else's number bears a relative's.
fn at_home(
    fields: &[FieldWeights],
    with: &[(Levels, f64, f64)],
    knots: &[Knot],
) -> Vec<Interaction> {
    let Some(of) = fields.iter().find(|of| of.field == Field::Chi) else { return Vec::new() };
    let mut sums = vec![0.0; of.u.len()];
    for (levels, logit, count) in with.iter().filter(|(levels, ..)| is_home(*levels)) {
        let [.., chi, _, _] = levels;
        let two = 1.0 - probability(calibrated(knots, bits(*logit)) * std::f64::consts::LN_2);
        if let Some(sum) = sums.get_mut(usize::from(*chi)) {
            *sum += count * two;
        }
    }
    let mut found = Vec::new();
    for chi in [level::CHI_DOUBTFUL, level::CHI_SLIP, level::CHI_SAME] {
        let at = usize::from(chi);
        let (Some(home), Some(all)) = (shares(&sums).get(at).copied(), of.u.get(at)) else {
            continue;
        };
        let bits = (all / home).log2().clamp(-16.0, 0.0);
        found.extend((level::PLACE_POSTCODE..=level::PLACE_SAME).map(|place| Interaction {
            one: (Field::Place, place),
            other: (Field::Chi, chi),
            bits,
        }));
    }
    found
}

fn shares(sums: &[f64]) -> Vec<f64> {
    let known: f64 = sums.iter().skip(1).sum();
    let of = |(at, sum): (usize, &f64)| if at == 0 { 0.0 } else { (sum + 0.5) / (known + 2.0) };
    sums.iter().enumerate().map(of).collect()
}

/// Knots where what is known before any evidence has moved by some bits.
fn moved(knots: &[Knot], by: f64) -> Vec<Knot> {
    knots.iter().map(|knot| Knot { bits: knot.bits + by, worth: knot.worth + by }).collect()
}

fn from_base(
    weights: &Weights,
    base: &Model,
    apart: &BTreeMap<Pattern, u64>,
    training: Training,
) -> Model {
    let mut fields = Vec::new();
    let has_number = has_number(&training);
    let fields_of_base = if has_number { base.every_field() } else { base.fields.clone() };
    for (at, of) in fields_of_base.into_iter().enumerate() {
        let (m, u) = (row(&weights.m, at), row(&weights.u, at));
        fields.push(FieldWeights { field: of.field, m, u, learnt: of.learnt });
    }
    let calibration = base.calibration.clone();
    let interactions =
        if has_number { base.together().collect() } else { base.interactions.clone() };
    let mut model = Model::learnt(base.start, fields, interactions, calibration, training);
    let group = |of: &Model, apart: &BTreeMap<Pattern, u64>| {
        let scorer = Scorer::new(of);
        let counts = of.training.histogram.iter();
        let without = counts.filter(|(pattern, _)| pattern.level(Field::Chi) == level::MISSING);
        let worth = |pattern: &Pattern| scorer.score(*pattern).worth() * std::f64::consts::LN_2;
        let found = |pattern: &Pattern, count: &u64| {
            real(count.saturating_sub(apart.get(pattern).copied().unwrap_or(0)))
        };
        without.map(|(pattern, n)| (worth(pattern), found(pattern, n))).collect::<Vec<_>>()
    };
    let (mine, theirs) = (group(&model, apart), group(base, &BTreeMap::new()));
    let (total, one) = theirs.iter().fold((0.0, 0.0), |(total, one), (worth, count)| {
        (total + count, one + count * probability(*worth))
    });
    // Of all pairs, found or not: then it does not matter that few records make few strangers.
    let part = |found: f64, of: &Training| found / real(of.pairs.max(1)) * real(pairs(of.records));
    let before = one / part(total, &base.training);
    let with = model.training.histogram.iter().map(|(pattern, n)| (pattern.level(Field::Chi), *n));
    let without = with.filter(|(chi, _)| *chi == level::MISSING).map(|(_, n)| real(n)).sum();
    let (all, records) = (part(without, &model.training), real(model.training.records));
    // As much as a tenth of the table that was usual is thought to be known before.
    let shift = bits(learn::shift(&mine, all, before, (0.02 * records, 0.1 * all)));
    model.start += shift;
    model.calibration = moved(&model.calibration, shift);
    model
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
    let found_by = WORDS.into_iter().zip(compared.seen.by_rule).filter(|(_, count)| *count > 0);
    let found_by = found_by.collect();
    Outcome { model, scored: found, people, pairs, found_by, left_out, kept_apart }
}

/// How two records of a table agree, by their numbers from 0.
#[must_use]
pub fn pattern(table: &Table, one: u32, other: u32) -> Pattern {
    single(table, one, other)
}

/// How two records agree that are looked at by themselves: how rare their names are is not known,
/// so equal names count as neither rare nor common.
#[must_use]
pub fn alone(one: &Row<'_>, other: &Row<'_>) -> Pattern {
    let mut columns = Columns::new();
    for row in [one, other] {
        // A table takes far more than two.
        let _ = columns.push(row);
    }
    pattern(&columns.close(), 0, 1).plain()
}
