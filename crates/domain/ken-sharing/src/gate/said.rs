//! What one source's answer says in an entry of the ledger; written here and read here.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use ken_agreement::Words;
use ken_core::{Category, ClauseId};
use serde_json::{Value, json};

use crate::decide::Outcome;

/// What was said for one source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Said {
    /// The clauses relied upon, each with its categories.
    Given(BTreeMap<ClauseId, BTreeSet<Category>>),
    /// The words that were asked for.
    Words(BTreeSet<Words>),
    /// The first reason of a refusal: its code, and what it turned on.
    Refused(Option<(String, String)>),
}

impl Said {
    /// What an outcome says.
    pub(super) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Permit(permitted) => {
                let mut given: BTreeMap<ClauseId, BTreeSet<Category>> = BTreeMap::new();
                for (category, covered) in &permitted.categories {
                    for clause in covered.values() {
                        given.entry(clause.clone()).or_default().insert(category.clone());
                    }
                }
                Self::Given(given)
            }
            Outcome::Need(needed) => Self::Words(needed.statements.keys().cloned().collect()),
            Outcome::Deny(denied) => {
                let first = denied.first();
                Self::Refused(first.map(|it| (it.bar.code().to_owned(), it.what.clone())))
            }
        }
    }

    /// As the entry has it.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Given(given) => {
                let clauses = given.iter().map(|(clause, of)| (clause.to_string(), json!(of)));
                json!({ "clauses": clauses.collect::<serde_json::Map<_, _>>() })
            }
            Self::Words(words) => {
                let words: Vec<_> = words.iter().map(ToString::to_string).collect();
                json!({ "words": words })
            }
            Self::Refused(reason) => json!({ "reason": reason }),
        }
    }

    /// Reads what an entry has; none where it is of no such form.
    pub(super) fn read(value: &Value) -> Option<Self> {
        if let Some(clauses) = value.get("clauses") {
            let of = clauses.as_object()?.iter();
            let given = of.map(|(id, of)| Some((id.parse().ok()?, listed(of)?)));
            return given.collect::<Option<_>>().map(Self::Given);
        }
        if let Some(words) = value.get("words") {
            return listed(words).map(Self::Words);
        }
        let reason = value.get("reason")?;
        if reason.is_null() {
            return Some(Self::Refused(None));
        }
        let text = |at: usize| reason.get(at)?.as_str().map(str::to_owned);
        Some(Self::Refused(Some((text(0)?, text(1)?))))
    }
}

/// A list of words.
pub(super) fn listed<W: FromStr + Ord>(list: &Value) -> Option<BTreeSet<W>> {
    list.as_array()?.iter().map(|text| text.as_str()?.parse().ok()).collect()
}
