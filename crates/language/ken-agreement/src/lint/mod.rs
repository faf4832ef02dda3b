//! What is wrong with an instrument that parses: a catalogue of rules, one row each.
//!
//! Unsound findings would break what the gate relies on, so no bundle accepts them. Errors stop
//! signing. Warnings are shown to signatories.
//!
//! # Sources
//!
//! - The gate's own assumptions (module `sound`), house policy.
//! - UK GDPR arts. 6, 9, 10; DPA 2018 sch. 1 (module `law`).
//! - The Information Commissioner's data sharing code, and the sections of the Scottish Information
//!   Sharing Toolkit's template (modules `fair`, `life`, `paper`).
//! - The eight Caldicott principles of 2020: each rule serves one.

mod ceiling;
mod fair;
mod flow;
mod law;
mod life;
mod paper;
mod sector;
mod sound;
mod source;
mod used;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::clause::Clause;
use crate::instrument::{Instrument, Tier};

pub use ceiling::binds;
pub use source::{Unnarrowed, narrows};
pub use used::Used;

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
    /// The Caldicott principle it serves, from 1 to 8.
    pub principle: u8,
    /// The field that is at fault within its clause, party or basis; empty: the whole.
    field: &'static str,
    /// What is wrong and what to do, in a sentence.
    pub says: &'static str,
    find: fn(&Look<'_>) -> Found,
}

/// A rule whose breach stops signing.
const fn error(
    code: &'static str,
    principle: u8,
    field: &'static str,
    says: &'static str,
    find: fn(&Look<'_>) -> Found,
) -> Rule {
    Rule { code, severity: Severity::Error, principle, field, says, find }
}

/// A rule whose breach signatories are shown.
const fn warning(
    code: &'static str,
    principle: u8,
    field: &'static str,
    says: &'static str,
    find: fn(&Look<'_>) -> Found,
) -> Rule {
    Rule { code, severity: Severity::Warning, principle, field, says, find }
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
    /// The Caldicott principle that the rule serves, from 1 to 8.
    pub principle: u8,
    /// Where: `C3`, `C3 nhsl`, `b.rowan`, `rights.sar`.
    pub at: String,
    /// Where, as [`crate::Places`] finds it in the text: `clause/C3/purpose`.
    pub path: String,
    /// What is wrong and what to do.
    pub says: &'static str,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    instrument: &'a Instrument,
    sources: &'a [&'a Instrument],
    used: Option<&'a Used>,
}

impl<'a> Look<'a> {
    fn tier(&self) -> Tier {
        self.instrument.agreement.tier
    }

    /// The instruments that must be in force as well, as far as they are at hand.
    fn above(&self) -> impl Iterator<Item = &'a Instrument> {
        let under = &self.instrument.agreement.under;
        self.sources.iter().copied().filter(|source| under.contains(&source.name()))
    }

    /// The same, and what they stand under, through every layer.
    fn all_above(&self) -> Vec<&'a Instrument> {
        let mut found: Vec<&Instrument> = self.above().collect();
        let mut next = 0;
        while let Some(below) = found.get(next).copied() {
            next += 1;
            let under = |one: &&&Instrument| below.agreement.under.contains(&one.name());
            for one in self.sources.iter().filter(under) {
                let known = found.iter().any(|known| known.name() == one.name());
                if !known && one.name() != self.instrument.name() {
                    found.push(one);
                }
            }
        }
        found
    }

    /// Where a place stands in the text: within the clause, party or basis of that id, else by
    /// its own name.
    fn path(&self, at: &str, field: &str) -> String {
        let first = at.split(' ').next().unwrap_or_default();
        let own = self.instrument;
        let holder = match () {
            () if own.clauses.iter().any(|one| one.id.as_str() == first) => "clause",
            () if own.bases.iter().any(|one| one.id == first) => "basis",
            () if own.parties.iter().any(|one| one.id.as_str() == first) => "party",
            () if own.processors.iter().any(|one| one.id.as_str() == first) => "processor",
            () if own.purposes.iter().any(|one| one.id.as_str() == first) => "purpose",
            () if own.categories.iter().any(|one| one.id.as_str() == first) => "category",
            () if own.steps.iter().any(|one| one.id.as_str() == first) => "step",
            () if own.roles.iter().any(|one| one.id.as_str() == first) => "role",
            () => return first.replace('.', "/"),
        };
        if field.is_empty() {
            format!("{holder}/{first}")
        } else {
            format!("{holder}/{first}/{field}")
        }
    }

    fn permits(&self) -> impl Iterator<Item = &'a Clause> {
        self.instrument.clauses.iter().filter(|clause| !clause.is_prohibition())
    }

    fn prohibitions(&self) -> impl Iterator<Item = &'a Clause> {
        self.instrument.clauses.iter().filter(|clause| clause.is_prohibition())
    }
}

/// Every rule, in the order in which findings are shown.
pub const CATALOGUE: [&[Rule]; 10] = [
    sound::RULES,
    source::RULES,
    ceiling::RULES,
    law::RULES,
    life::RULES,
    sector::RULES,
    flow::RULES,
    fair::RULES,
    paper::RULES,
    used::RULES,
];

/// The rule of a code.
#[must_use]
pub fn rule(code: &str) -> Option<&'static Rule> {
    CATALOGUE.iter().flat_map(|rules| rules.iter()).find(|rule| rule.code == code)
}

/// Everything wrong with an instrument, beside the instruments its clauses may have as sources.
#[must_use]
pub fn lint(instrument: &Instrument, sources: &[&Instrument]) -> Vec<Finding> {
    run(&CATALOGUE, Look { instrument, sources, used: None })
}

/// The same, knowing also what was used of each clause's categories so far.
#[must_use]
pub fn lint_used(instrument: &Instrument, sources: &[&Instrument], used: &Used) -> Vec<Finding> {
    run(&CATALOGUE, Look { instrument, sources, used: Some(used) })
}

/// What would break the gate.
#[must_use]
pub fn unsound(instrument: &Instrument) -> Vec<Finding> {
    run(&[sound::RULES], Look { instrument, sources: &[], used: None })
}

/// That a clause does not run, because it goes beyond its source.
#[must_use]
pub fn unsourced(clause: &Clause, what: Unnarrowed) -> Finding {
    Finding {
        code: "E-SOURCE",
        severity: Severity::Error,
        principle: 6,
        at: format!("{} {what:?}", clause.id),
        path: format!("clause/{}/source", clause.id),
        says: "the clause does not run: its source is absent, or it does not narrow it",
    }
}

fn run(catalogue: &[&[Rule]], look: Look<'_>) -> Vec<Finding> {
    let rules = catalogue.iter().flat_map(|rules| rules.iter());
    let findings = rules.flat_map(|rule| {
        let Rule { code, severity, principle, field, says, find } = *rule;
        find(&look).into_iter().map(move |at| {
            let path = look.path(&at, field);
            Finding { code, severity, principle, at, path, says }
        })
    });
    findings.collect()
}
