//! What would follow from joining two records, and when that is for two to say.
//!
//! A link moves nothing; but bodies that knew one of the two then find the other beside it, and may
//! ask for it as far as agreements let them. That is counted from the agreements, in kinds of
//! information, and never from what is held: what is held is not for a reviewer to know.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ken_core::{Category, OrganisationId};
use ken_sharing::bundle::Bundle;

/// Beyond so many kinds of information that bodies could newly ask each other for, two reviewers
/// say that records are one person's. House policy: where two bodies in the care of somebody have
/// an agreement each may ask the other for some twenty, so what joins more than two pairs of bodies
/// is for two to say.
pub const RISK_MOST: usize = 100;

/// What one body could ask another for once two records are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Who could ask.
    pub asks: OrganisationId,
    /// Whom, of what it holds under the other record.
    pub of: OrganisationId,
    /// For which kinds of information agreements in force have clauses, held or not.
    pub kinds: BTreeSet<Category>,
}

/// What would follow from joining a record that some bodies know to one that others know.
#[must_use]
pub fn follows(
    under: &Bundle,
    day: Date,
    ones: &BTreeSet<OrganisationId>,
    others: &BTreeSet<OrganisationId>,
) -> Vec<Follow> {
    let new = |asks: &OrganisationId, of: &OrganisationId| Follow {
        asks: asks.clone(),
        of: of.clone(),
        kinds: under.askable(of, asks, day),
    };
    let mut all = vec![];
    // Whoever knows both could ask before; whoever is asked may know both, and is then asked for
    // what it holds under the other record.
    for (side, beyond) in [(ones, others), (others, ones)] {
        for asks in side.difference(beyond) {
            all.extend(beyond.iter().map(|of| new(asks, of)));
        }
    }
    all.retain(|follow| !follow.kinds.is_empty());
    all
}

/// Whether what would follow is so much that two reviewers must say it.
#[must_use]
pub fn is_much(follows: &[Follow]) -> bool {
    follows.iter().map(|follow| follow.kinds.len()).sum::<usize>() > RISK_MOST
}
