//! What is wrong with an instrument that parses: a catalogue of rules, one row each.
//!
//! Unsound findings would break what the gate relies on, so no bundle accepts them. Errors stop
//! signing. Warnings are shown to signatories.
//!
//! # Sources
//!
//! - The gate's own assumptions (module `sound`), house policy.
//! - UK GDPR arts. 6, 9, 10; DPA 2018 sch. 1 (module `law`).

mod law;
mod sound;
mod source;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::clause::Clause;
use crate::instrument::Instrument;

pub use source::{Unnarrowed, narrows};

/// How much a finding stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The gate cannot hold it: it neither signs nor compiles.
    Unsound,
    /// It does not sign.
    Error,
    /// Signatories see it.
    Warning,
}

/// One rule of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its stable code: `E-PURPOSE`.
    pub code: &'static str,
    /// How much a finding stops.
    pub severity: Severity,
    /// What is wrong and what to do, in a sentence.
    pub says: &'static str,
    find: fn(&Look<'_>) -> Found,
}

/// Where a rule is broken: a clause, a party, a basis.
type Found = BTreeSet<String>;

/// One breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The rule.
    pub code: &'static str,
    /// How much it stops.
    pub severity: Severity,
    /// Where: `C3`, `C3 nhsl`, `b.rowan`.
    pub at: String,
    /// What is wrong and what to do.
    pub says: &'static str,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    instrument: &'a Instrument,
    sources: &'a [&'a Instrument],
}

impl<'a> Look<'a> {
    fn permits(&self) -> impl Iterator<Item = &'a Clause> {
        self.instrument.clauses.iter().filter(|clause| !clause.is_prohibition())
    }

    fn prohibitions(&self) -> impl Iterator<Item = &'a Clause> {
        self.instrument.clauses.iter().filter(|clause| clause.is_prohibition())
    }
}

/// Every rule, in the order in which findings are shown.
pub const CATALOGUE: [&[Rule]; 3] = [sound::RULES, source::RULES, law::RULES];

/// Everything wrong with an instrument, beside the instruments its clauses may have as sources.
#[must_use]
pub fn lint(instrument: &Instrument, sources: &[&Instrument]) -> Vec<Finding> {
    run(&CATALOGUE, Look { instrument, sources })
}

/// What would break the gate.
#[must_use]
pub fn unsound(instrument: &Instrument) -> Vec<Finding> {
    run(&[sound::RULES], Look { instrument, sources: &[] })
}

fn run(catalogue: &[&[Rule]], look: Look<'_>) -> Vec<Finding> {
    let rules = catalogue.iter().flat_map(|rules| rules.iter());
    let findings = rules.flat_map(|rule| {
        let Rule { code, severity, says, find } = *rule;
        find(&look).into_iter().map(move |at| Finding { code, severity, at, says })
    });
    findings.collect()
}
