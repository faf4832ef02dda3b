//! The grade of a fact is part of its name, so that a clause says how sure it must be.
//!
//! `age>=16` and `age>=16@confirmed` are one name: the default excludes what is only claimed.

use std::collections::BTreeSet;

use ken_core::Fact;
use serde::{Deserialize, Serialize};

/// The suffix of a fact that somebody claims.
pub const CLAIMED: &str = "@claimed";
/// The suffix of a fact that a second person confirmed; the same as no suffix.
pub const CONFIRMED: &str = "@confirmed";
/// The suffix of a fact that a system of record says.
pub const SYSTEM: &str = "@system";

/// How sure a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Somebody says so.
    Claimed,
    /// A second person has confirmed it.
    Confirmed,
    /// A system of record says so.
    System,
}

/// The names under which a fact of a grade counts: a higher grade yields the lower names too.
///
/// A name too long for a suffix loses the names that do not fit, which can only refuse.
#[must_use]
pub fn graded(fact: &Fact, grade: Grade) -> BTreeSet<Fact> {
    let suffixes: &[&str] = match grade {
        Grade::Claimed => &[CLAIMED],
        Grade::Confirmed => &[CLAIMED, CONFIRMED, ""],
        Grade::System => &[CLAIMED, CONFIRMED, "", SYSTEM],
    };
    let base = fact.as_str().split('@').next().unwrap_or_default();
    suffixes.iter().filter_map(|suffix| Fact::new(format!("{base}{suffix}")).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_grade_yields_the_lower_names() {
        let check = |grade, want: &[&str]| {
            let names = graded(&Fact::new("age>=16").unwrap(), grade);
            assert_eq!(names.iter().map(Fact::as_str).collect::<Vec<_>>(), want);
        };
        check(Grade::Claimed, &["age>=16@claimed"]);
        check(Grade::Confirmed, &["age>=16", "age>=16@claimed", "age>=16@confirmed"]);
        let all = ["age>=16", "age>=16@claimed", "age>=16@confirmed", "age>=16@system"];
        check(Grade::System, &all);
    }
}
