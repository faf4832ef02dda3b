//! Why a pair scores as it does: a sum that anybody can add up.

use std::fmt;

use crate::learn::TOGETHER;
use crate::model::{Model, Score, Scorer};
use crate::pattern::{Field, Pattern};
use crate::rule::{Rule, is_household};

/// One step of the sum.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is weighed.
    pub what: String,
    /// How the two agree in it; empty where it is no field.
    pub how: &'static str,
    /// What it adds, in bits.
    pub bits: f64,
    /// The sum so far, this step included.
    pub sum: f64,
}

/// The whole sum.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The steps, from what is known before any evidence.
    pub steps: Vec<Step>,
    /// What comes of them.
    pub score: Score,
    /// The rule that keeps the pair apart whatever the score, if there is one.
    pub rule: Option<Rule>,
}

/// Fewer bits than this are told in one line with others.
const TOLD: f64 = 0.5;

/// Explains a pattern under a model.
#[must_use]
pub fn explain(model: &Model, pattern: Pattern) -> Explanation {
    let mut steps: Vec<Step> = Vec::new();
    let mut add = |what: String, how: &'static str, bits: f64| {
        let sum = steps.last().map_or(0.0, |step| step.sum) + bits;
        steps.push(Step { what, how, bits, sum });
    };
    add("before any evidence".to_owned(), "", model.start);
    for (of, level) in model.every_field().iter().zip(pattern.levels()) {
        let how = of.field.levels().get(usize::from(level)).copied().unwrap_or_default();
        add(of.field.word().to_owned(), how, of.bits(level));
    }
    let levels = |field: Field| pattern.level(field);
    let together = model
        .together()
        .filter(|of| levels(of.one.0) == of.one.1 && levels(of.other.0) == of.other.1);
    let situation = situation(pattern);
    let (mut named, mut small) = (0.0, 0.0);
    for of in together {
        let (one, other) = (of.one.0, of.other.0);
        if situation.is_some() && is_of_situation(one) && is_of_situation(other) {
            named += of.bits;
        } else if of.bits.abs() < TOLD {
            small += of.bits;
        } else {
            add(format!("{} and {} together", one.word(), other.word()), "", of.bits);
        }
    }
    if let Some(situation) = situation {
        add(situation.to_owned(), "", named);
    }
    add("all else together".to_owned(), "", small);
    if let Some((_, bits)) = model.decided.iter().find(|(of, _)| *of == pattern) {
        add("what people decided of such pairs".to_owned(), "", *bits);
    }
    Explanation { steps, score: Scorer::new(model).score(pattern), rule: Rule::of(pattern) }
}

/// Fields that tell twins, relatives and households.
fn is_of_situation(field: Field) -> bool {
    let told = [Field::Forename, Field::Surname, Field::Born, Field::Place];
    debug_assert!(told.len() < TOGETHER, "a situation is told by what is learnt together");
    told.contains(&field)
}

/// A situation that has a name, in words.
fn situation(pattern: Pattern) -> Option<&'static str> {
    match Rule::of(pattern) {
        Some(Rule::PossibleTwins) => {
            Some("same surname and date of birth, forename differs: possible twins")
        }
        Some(Rule::SameNameRelative) => {
            Some("same names and address, date of birth differs: possibly parent and child")
        }
        _ if is_household(pattern) => {
            Some("same surname and address, the rest differs: one household")
        }
        _ => None,
    }
}

impl fmt::Display for Explanation {
    /// A table with a waterfall: a line for each step, and a bar from the sum before to after.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>7} {:>7}  what", "bits", "sum")?;
        for step in &self.steps {
            let bar = bar(step.sum - step.bits, step.sum);
            let how = if step.how.is_empty() { "" } else { ": " };
            writeln!(
                f,
                "{:>7.1} {:>7.1}  {bar}  {}{how}{}",
                step.bits, step.sum, step.what, step.how
            )?;
        }
        let percent = self.score.probability * 100.0;
        write!(f, "{:>7} {:>7.1}  {percent:.2} % likely to be one person", "", self.score.bits)?;
        match self.rule {
            Some(rule) => write!(f, "\nnot linked without a human: {rule}"),
            None => Ok(()),
        }
    }
}

/// Forty places from -40 to 40 bits; what a step adds is `+`, what it takes is `-`.
fn bar(from: f64, to: f64) -> String {
    let (low, high) = (from.min(to), from.max(to));
    let sign = if to < from { '-' } else { '+' };
    let place = |at: u32| f64::from(at) * 2.0 - 40.0;
    let mark = |at: u32| {
        let (left, right) = (place(at), place(at + 1));
        if high > left && low < right { sign } else { '.' }
    };
    (0..40).map(mark).collect()
}
