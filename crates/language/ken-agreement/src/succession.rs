//! What goes on, ends and begins when one version takes another's place: who gains and loses, and
//! what becomes of duties, relationships, what people agreed to, and statements.
//!
//! # Invariants
//!
//! - It is computed from the two texts alone; what the registers hold is told beside it.
//! - What a person asked, and what they agreed to, is kept beside the person and not beside a text:
//!   no version ends it. A version only asks for it, or no longer does.

use std::collections::BTreeSet;

use crate::clause::{Clause, Modality};
use crate::diff::{Changes, diff};
use crate::instrument::Instrument;

/// Start of the facts that name a relationship.
const RELATIONSHIP: &str = "relationship:";
/// Start of the facts that a person's own word makes.
const PERSON: &str = "person:";

/// What becomes of one sort of thing, a sentence each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fate {
    /// In both versions.
    pub goes_on: Vec<String>,
    /// In the version before alone.
    pub ends: Vec<String>,
    /// In the version after alone.
    pub begins: Vec<String>,
}

impl Fate {
    fn of(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Self {
        let told = |lines: BTreeSet<&String>| lines.into_iter().cloned().collect();
        Self {
            goes_on: told(before.intersection(after).collect()),
            ends: told(before.difference(after).collect()),
            begins: told(after.difference(before).collect()),
        }
    }

    /// Whether there is nothing of this sort in either version.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.goes_on.is_empty() && self.ends.is_empty() && self.begins.is_empty()
    }
}

/// What one version taking another's place would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// Who may have more, less, or the same under other conditions.
    pub changes: Changes,
    /// What must be shared.
    pub duties: Fate,
    /// Which relationships are a reason to share.
    pub relationships: Fate,
    /// Which words of the person are asked for.
    pub consents: Fate,
    /// Which words must be affirmed, by clause.
    pub statements: Fate,
}

impl Succession {
    /// Compares two versions.
    #[must_use]
    pub fn of(before: &Instrument, after: &Instrument) -> Self {
        let fate = |of: fn(&Instrument) -> BTreeSet<String>| Fate::of(&of(before), &of(after));
        Self {
            changes: diff(before, after),
            duties: fate(duties),
            relationships: fate(|of| facts(of, RELATIONSHIP)),
            consents: fate(|of| facts(of, PERSON)),
            statements: fate(statements),
        }
    }

    /// Each part with its heading, in the order in which it is read.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, &Fate); 4] {
        [
            ("Duties to share", &self.duties),
            ("Relationships that are a reason to share", &self.relationships),
            ("What people agreed to or asked, as a condition", &self.consents),
            ("Statements to affirm", &self.statements),
        ]
    }
}

fn permits(of: &Instrument) -> impl Iterator<Item = &Clause> {
    of.clauses.iter().filter(|clause| !clause.is_prohibition())
}

fn duties(of: &Instrument) -> BTreeSet<String> {
    let must = permits(of).filter(|clause| clause.modality == Modality::Must);
    must.map(|clause| format!("{}: {}", clause.id, clause.text)).collect()
}

fn facts(of: &Instrument, start: &str) -> BTreeSet<String> {
    let named = permits(of).flat_map(|clause| &clause.require);
    let words = named.filter_map(|fact| fact.as_str().strip_prefix(start));
    words.map(str::to_owned).collect()
}

fn statements(of: &Instrument) -> BTreeSet<String> {
    let asked = permits(of).flat_map(|clause| clause.attest.iter().map(move |id| (clause, id)));
    let told = asked.filter_map(|(clause, id)| {
        let words = of.attestations.get(id)?;
        Some(format!("{}: \"{words}\"", clause.id))
    });
    told.collect()
}
