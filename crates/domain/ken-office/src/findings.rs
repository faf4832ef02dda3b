//! The audit that looks for misuse: rules in data, run over every decision once, and a queue of
//! what they point at, closed by a named officer.
//!
//! # Invariants
//!
//! - Each decision is examined once: a cursor moves with the findings in one write, whoever runs
//!   it and whatever restarts.
//! - A finding says which rule, who looked, when and for what purpose; whose record it was is in
//!   no table of findings and on no page.
//! - A rule whose fact Ken does not hold never runs, and says so.
//! - Nobody closes a finding about themselves; a closing has a reason, and stands on the ledger.
//!
//! Two tables here hold more than kinds: which people somebody looked at today and yesterday, by
//! id, for as long as it takes to count them; and who looked, in a finding.
//!
//! # Sources
//!
//! - The practice of privacy monitoring in hospitals (same name, same household, same employer,
//!   people in the news); the Caldicott Principles, 2020, principle 7; UK GDPR arts. 5(1)(f), 24
//!   and 32. The thresholds are house policy.

mod audit;
mod queue;
mod rule;

pub use audit::{Examined, examined, handlers, start};
pub use queue::{
    Close, Closing, Count, Finding, FindingId, Judgement, LIST_MAX, REASON_MAX, close, counts,
    find, open,
};
pub use rule::{Look, Near, Need, Rule, RuleError, Rules};
