//! What each category holds, over all instruments.
//!
//! # Invariants
//!
//! - A row carries every label that any instrument gives its category: labels only take away.
//! - A clause covers only fields that its own instrument lists, for that is what was signed; the
//!   union over instruments is only what `all of a category` asks for.

use std::collections::{BTreeMap, BTreeSet};

use ken_agreement::CategoryEntry;
use ken_core::{Category, FieldName, Label};

use super::Held;
use super::shut::UNTOLD;

/// What each category holds.
#[derive(Debug, Default)]
pub struct Dictionary {
    entries: BTreeMap<Category, Entry>,
    /// What every row carries.
    of_all: BTreeSet<Label>,
}

#[derive(Debug, Default)]
struct Entry {
    fields: BTreeSet<FieldName>,
    labels: BTreeSet<Label>,
}

impl Dictionary {
    pub(super) fn of(held: &[Held]) -> Self {
        let mut dictionary = Self::default();
        if held.iter().any(|own| own.shut == Some(UNTOLD)) {
            // It may have given any label to anything: those count that something is stopped by.
            let clauses = held.iter().flat_map(|own| &own.instrument.clauses);
            dictionary.of_all.extend(clauses.flat_map(|clause| &clause.labels).cloned());
        }
        for written in held.iter().flat_map(|own| &own.instrument.categories) {
            let CategoryEntry { id, label, .. } = written;
            let entry = dictionary.entries.entry(id.clone()).or_default();
            entry.fields.extend(written.whole());
            entry.labels.extend(label.iter().cloned());
        }
        dictionary
    }

    /// Every field of a category; none where no instrument knows it. A category without fields
    /// is one field of its own name.
    #[must_use]
    pub fn fields(&self, category: &Category) -> Option<&BTreeSet<FieldName>> {
        self.entries.get(category).map(|entry| &entry.fields)
    }

    /// The labels that every row of a category carries.
    pub fn labels(&self, category: &Category) -> impl Iterator<Item = &Label> {
        let own = self.entries.get(category).into_iter().flat_map(|entry| &entry.labels);
        own.chain(&self.of_all)
    }

    /// Whether these are all the fields of a category.
    #[must_use]
    pub fn is_whole(&self, category: &Category, fields: &BTreeSet<FieldName>) -> bool {
        self.fields(category).is_some_and(|whole| whole.is_subset(fields))
    }

    /// Every category that an instrument in force knows.
    pub fn categories(&self) -> impl Iterator<Item = &Category> {
        self.entries.keys()
    }
}
