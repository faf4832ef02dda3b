//! What past disclosures used of each clause: counts that name nobody.
//!
//! # Sources
//!
//! - UK GDPR art. 5(1)(c): no more than the purpose needs, measured instead of guessed.

use std::collections::BTreeMap;

use ken_core::{Category, FieldName};

use super::{Found, Look, Rule, warning};
use crate::key::ClauseKey;

/// Fewest disclosures from which anything is concluded. House policy.
const DISCLOSURES_MIN: u64 = 20;

pub(super) const RULES: &[Rule] = &[warning(
    "W-WIDE",
    3,
    "categories",
    "in 95 of 100 past disclosures one field of this category was enough: narrow it by fields",
    wide,
)];

/// How often each field was used, by clause and category: counts that name nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Used(BTreeMap<(ClauseKey, Category), Count>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Count {
    disclosures: u64,
    /// Of these, how many used this field and no other.
    alone: BTreeMap<FieldName, u64>,
}

impl Used {
    /// Counts one past disclosure of a category under a clause, and the fields used of it.
    pub fn note(&mut self, clause: ClauseKey, category: Category, fields: &[FieldName]) {
        let count = self.0.entry((clause, category)).or_default();
        count.disclosures = count.disclosures.saturating_add(1);
        if let [only] = fields {
            let alone = count.alone.entry(only.clone()).or_default();
            *alone = alone.saturating_add(1);
        }
    }
}

fn wide(look: &Look<'_>) -> Found {
    let Some(used) = look.used else { return Found::new() };
    let whole = |clause: &ClauseKey, category: &Category| {
        look.instrument.clause(clause).is_some_and(|clause| clause.fields.is_none())
            && look.instrument.category(category).is_some_and(|entry| entry.whole().len() > 1)
    };
    let one = |count: &Count| {
        let most = count.alone.values().max().copied().unwrap_or_default();
        count.disclosures >= DISCLOSURES_MIN && most * 100 >= count.disclosures.saturating_mul(95)
    };
    let found =
        used.0.iter().filter(|((clause, category), count)| whole(clause, category) && one(count));
    found.map(|((clause, category), _)| format!("{clause} {category}")).collect()
}
