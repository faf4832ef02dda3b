//! What reviewers decided, as a proposal is made of it.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::PractitionerId;
use ken_match::{Decision, Pattern, Proof};
use ken_store::{Reads, Row, values};

use crate::Error;
use crate::sql::learning as sql;

/// Most decisions that are read, the newest, and as many on pairs of known truth: together what one
/// proposal is made of at the most.
const DECISIONS_MAX: i64 = 50_000;

/// What one reviewer said of one pair.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    pattern: Pattern,
    is_same: bool,
    reviewer: String,
    source: String,
    /// Of a pair of known truth, that what is said to be so is.
    gold: Option<bool>,
}

/// What reviewers decided, and stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The oldest first.
    said: Vec<Said>,
}

/// What was said of pairs of known truth: of each pair what a reviewer said of it first, so that
/// nobody makes it good who was told, or learnt it since.
async fn known(s: &mut impl Reads) -> Result<Vec<Said>, Error> {
    let read = |row: &Row<'_>| {
        let [said, truth] = [row.text_opt(1)?, row.text_opt(2)?];
        let said = Said {
            pattern: row.parse(4)?,
            // Which of several it is must be right as well.
            is_same: said == truth,
            reviewer: row.text(0)?,
            source: row.text(3)?,
            gold: Some(true),
        };
        Ok(((row.text(5)?, row.text(6)?), said))
    };
    let mut said = s.list(sql::EVIDENCE_KNOWN, values![DECISIONS_MAX], read).await?;
    said.reverse();
    let mut first = BTreeSet::new();
    said.retain(|(pair, said)| first.insert((pair.clone(), said.reviewer.clone())));
    Ok(said.into_iter().map(|(_, said)| said).collect())
}

/// How much was decided, by how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    /// Answers on pairs whose pattern is known.
    pub answers: usize,
    /// Reviewers who gave them.
    pub reviewers: usize,
    /// Those of them who have shown on pairs of known truth that they can tell.
    pub proved: usize,
}

impl Evidence {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Whatever the store says.
    pub async fn read(s: &mut impl Reads) -> Result<Self, Error> {
        let read = |row: &Row<'_>| {
            Ok(Said {
                pattern: row.parse(2)?,
                is_same: row.text(1)? == "same",
                reviewer: row.text(0)?,
                source: row.text(3)?,
                gold: None,
            })
        };
        let mut said = s.list(sql::EVIDENCE, values![DECISIONS_MAX], read).await?;
        // Of one reviewer's the first are heard.
        said.reverse();
        said.extend(known(s).await?);
        Ok(Self { said })
    }

    /// How much it is.
    #[must_use]
    pub fn heard(&self) -> Heard {
        let decisions = self.decisions();
        let proofs = Proof::of(&decisions);
        let own = self.said.iter().filter(|said| said.gold.is_none());
        let reviewers: BTreeSet<_> = own.clone().map(|said| said.reviewer.as_str()).collect();
        let proved = proofs.values().filter(|proof| proof.is_enough()).count();
        Heard { answers: own.count(), reviewers: reviewers.len(), proved }
    }

    /// How one reviewer did on pairs of known truth.
    #[must_use]
    pub fn proof(&self, of: PractitionerId) -> Proof {
        Proof::of(&self.decisions()).get(of.to_string().as_str()).copied().unwrap_or_default()
    }

    /// As the engine takes it.
    pub(super) fn decisions(&self) -> Vec<Decision<'_>> {
        let of = self.said.iter().map(|said| Decision {
            pattern: said.pattern,
            is_same: said.is_same,
            reviewer: &said.reviewer,
            source: &said.source,
            gold: said.gold,
        });
        of.collect()
    }

    /// Of each pattern, how often it was found one person's and two people's.
    pub(super) fn by_pattern(&self) -> BTreeMap<Pattern, (u64, u64)> {
        let mut found: BTreeMap<Pattern, (u64, u64)> = BTreeMap::new();
        for said in self.said.iter().filter(|said| said.gold.is_none()) {
            let (same, different) = found.entry(said.pattern).or_default();
            *same += u64::from(said.is_same);
            *different += u64::from(!said.is_same);
        }
        found
    }
}
