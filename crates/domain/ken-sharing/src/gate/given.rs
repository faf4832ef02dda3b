//! What a past decision gave, as its entry on the ledger tells it: for whoever must say whom a
//! breach concerns, or ask back what was shown.
//!
//! # Invariants
//!
//! - What is told is what the permit covered, by the clauses that it cites and the facts of its
//!   day: no more was shown, and no less is told.
//! - Of what was held, nothing is said to have been shown that a mark may have kept back.
//! - A clause that is not held any more gives its categories without their fields.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ken_agreement::status::PERSON;
use ken_core::{Category, ClauseId, FieldName, OrganisationId, PractitionerId, Purpose};
use serde_json::Value;

use super::Said;
use super::replay::Past;
use super::said::listed;
use crate::bundle::Bundle;
use crate::decide::{self, Facts, Outcome, RowClass};

/// What one permit gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// To which organisation; `person`, where somebody read their own record.
    pub to: OrganisationId,
    /// Which practitioner asked; none where somebody read their own record.
    pub by: Option<PractitionerId>,
    /// What.
    pub parts: Vec<Part>,
}

/// What one permit gave of one kind of information, from one source, under one clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Whose record it was.
    pub source: OrganisationId,
    /// The clause relied upon.
    pub clause: ClauseId,
    /// The kind of information.
    pub category: Category,
    /// The fields that the clause carried of it, for this person on that day.
    pub fields: BTreeSet<FieldName>,
}

/// Which parts of what was given are looked at: by to whom it went, who asked, whose record it was
/// and the clause relied upon.
pub type Wants<'a> =
    &'a dyn Fn(&OrganisationId, Option<PractitionerId>, &OrganisationId, &ClauseId) -> bool;

/// Reads what the entry of a permit gave, of what is wanted; none where it is of a form that this
/// version does not know.
#[must_use]
pub fn given(detail: &Value, under: &Bundle, wants: Wants<'_>) -> Option<Given> {
    let text = |key: &str| detail.get(key).and_then(Value::as_str);
    let own = detail.get("own").and_then(Value::as_bool) == Some(true);
    let to: OrganisationId = if own { PERSON } else { text("organisation")? }.parse().ok()?;
    let by = if own { None } else { Some(text("practitioner")?.parse().ok()?) };
    let purpose: Purpose = text("purpose")?.parse().ok()?;
    // An entry of a version that kept no facts hides nothing from its clauses.
    let held = detail.get("facts").and_then(listed).unwrap_or_default();
    let facts = Facts { held, ..Facts::none(Date::MIN) };
    let mut parts = vec![];
    for (source, said) in detail.get("from")?.as_object()? {
        let source: OrganisationId = source.parse().ok()?;
        let Said::Given(clauses, _) = Said::read(said)? else { continue };
        for (clause, categories) in clauses {
            if !wants(&to, by, &source, &clause) {
                continue;
            }
            for category in categories {
                let fields = decide::carries(under, &clause, &category, &facts, &purpose);
                let (source, clause) = (source.clone(), clause.clone());
                parts.push(Part { source, clause, category, fields });
            }
        }
    }
    Some(Given { to, by, parts })
}

/// Of these row classes, held when a permit was given, those of which it showed something.
///
/// An ask is decided on each kind's plain class, so that the entry itself says what became of a row
/// without marks. Of any other the policies say it, on the day and by the facts of the permit; what
/// only an agreement let out that was replaced since is not among them.
///
/// # Errors
///
/// As [`decide::decide`].
pub fn shown(
    detail: &Value,
    under: &Bundle,
    rows: BTreeSet<RowClass>,
) -> Result<BTreeSet<RowClass>, decide::Error> {
    let mut covered: BTreeMap<&str, BTreeSet<Category>> = BTreeMap::new();
    for (source, said) in detail.get("from").and_then(Value::as_object).into_iter().flatten() {
        if let Some(Said::Given(clauses, _)) = Said::read(said) {
            covered.insert(source, clauses.into_values().flatten().collect());
        }
    }
    let is_covered = |row: &RowClass| {
        covered.get(row.source.as_str()).is_some_and(|kinds| kinds.contains(&row.category))
    };
    let is_plain = |row: &RowClass| row.labels.is_empty() && row.lineage.is_empty();
    let (mut shown, marked): (BTreeSet<_>, BTreeSet<_>) =
        rows.into_iter().filter(is_covered).partition(is_plain);
    if marked.is_empty() {
        return Ok(shown);
    }
    // What cannot be decided again says nothing of what is marked.
    let Ok(past) = Past::read(detail) else { return Ok(shown) };
    for outcome in decide::decide_view(under, &past.view, &past.facts, &marked)?.values() {
        if let Outcome::Permit(permitted) = &**outcome {
            shown.extend(permitted.mask.keys().filter(|row| marked.contains(row)).cloned());
        }
    }
    Ok(shown)
}
