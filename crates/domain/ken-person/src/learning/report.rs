//! What a proposed model would change, in words and counts: what its signatories read.

use std::collections::BTreeMap;

use ken_match::{Field, Model, Pattern, Proposal, Rule, Scorer, THRESHOLD};
use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use crate::index::POSSIBLE;

/// Most patterns that a report names: those of most pairs.
const NAMED_MAX: usize = 200;

/// A pattern of which the proposed model says otherwise than the one in use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// How such pairs agree, in words: `surname: same; date of birth: one digit differs`.
    pub words: String,
    /// Of a hundred such pairs, how many are one person's by the model in use.
    pub before: f64,
    /// The same by the proposed one.
    pub after: f64,
    /// How many such pairs there were among those that the model was learnt from.
    pub pairs: u64,
    /// How often reviewers found such a pair to be one person's.
    pub same: u64,
    /// How often they found it to be two people's.
    pub different: u64,
}

/// What a proposed model would change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The patterns, those of most pairs first, at most two hundred.
    pub changes: Vec<Change>,
    /// How many more there are.
    pub unnamed: u64,
    /// Answers that did not count, by the engine's word for why.
    pub ignored: BTreeMap<String, u64>,
    /// Candidates of open places of whom the proposed model would no longer say that they may be
    /// meant, or would newly say it.
    pub open: u64,
    /// Candidates of open places.
    pub open_all: u64,
    /// Answers of reviewers with whom the model in use agrees.
    pub agree_before: u64,
    /// Answers with whom the proposed one agrees.
    pub agree_after: u64,
    /// Answers.
    pub answers: u64,
}

impl Change {
    /// Whether such pairs become links of a batch, or cease to be: `Some(true)` for the first.
    #[must_use]
    pub fn links(&self) -> Option<bool> {
        crossing(self.before, self.after, THRESHOLD * 100.0)
    }

    /// Whether such a pair is newly put before a human, or no longer.
    #[must_use]
    pub fn asks(&self) -> Option<bool> {
        crossing(self.before, self.after, POSSIBLE * 100.0)
    }
}

fn crossing(before: f64, after: f64, at: f64) -> Option<bool> {
    ((before >= at) != (after >= at)).then_some(after >= at)
}

impl Report {
    /// Compares a proposal with the model in use: over the patterns that either has decisions of,
    /// what reviewers said, and how candidates of open places agree.
    pub(super) fn of(
        live: &Model,
        proposal: &Proposal,
        evidence: &Evidence,
        open: &[Pattern],
    ) -> Self {
        let (now, then) = (Scorer::new(live), proposal.scorer());
        let counts: BTreeMap<Pattern, u64> = live.training.histogram.iter().copied().collect();
        let found = evidence.by_pattern();
        let of_live = live.decided.iter().map(|(pattern, _)| *pattern);
        let mut all: Vec<Pattern> =
            of_live.chain(proposal.moved().iter().map(|of| of.pattern)).collect();
        all.sort_unstable();
        all.dedup();
        let likely = |by: &Scorer, of: Pattern| by.score(of).probability;
        all.retain(|of| likely(&now, *of).to_bits() != likely(&then, *of).to_bits());
        let mut changes: Vec<Change> = all
            .iter()
            .map(|pattern| {
                let (same, different) = found.get(pattern).copied().unwrap_or_default();
                Change {
                    words: words(*pattern),
                    before: likely(&now, *pattern) * 100.0,
                    after: likely(&then, *pattern) * 100.0,
                    pairs: counts.get(pattern).copied().unwrap_or_default(),
                    same,
                    different,
                }
            })
            .collect();
        changes.sort_by(|one, other| (other.pairs, &one.words).cmp(&(one.pairs, &other.words)));
        let unnamed = count(changes.len().saturating_sub(NAMED_MAX));
        changes.truncate(NAMED_MAX);
        let may =
            |by: &Scorer, of: &Pattern| Rule::of(*of).is_none() && likely(by, *of) >= POSSIBLE;
        let agree = |by: &Scorer| -> u64 {
            let agrees = |(of, (same, other)): (&Pattern, &(u64, u64))| {
                if may(by, of) { *same } else { *other }
            };
            found.iter().map(agrees).sum()
        };
        let ignored = proposal.ignored().iter().map(|(why, many)| (why.word().to_owned(), *many));
        Self {
            changes,
            unnamed,
            ignored: ignored.collect(),
            open: count(open.iter().filter(|of| may(&now, of) != may(&then, of)).count()),
            open_all: count(open.len()),
            agree_before: agree(&now),
            agree_after: agree(&then),
            answers: found.values().map(|(same, different)| same + different).sum(),
        }
    }
}

fn count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}

/// How two records agree, in words; what is missing in either is left out.
fn words(pattern: Pattern) -> String {
    let told = Field::ALL.into_iter().filter_map(|field| {
        let level = usize::from(pattern.level(field));
        let how = field.levels().get(level).filter(|_| level > 0)?;
        Some(format!("{}: {how}", field.word()))
    });
    told.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_in_words() {
        let told = words("9.4.0.9.8.2.0.0.0".parse().unwrap());
        assert_eq!(
            told,
            "forename: same; surname: nearly the same; date of birth: same; \
             address: same house and postcode; sex: same"
        );
        assert_eq!(words("0.0.0.0.0.0.0.0.0".parse().unwrap()), "");
    }

    #[test]
    fn a_change_crosses_or_does_not() {
        let of = |before, after| {
            let (words, pairs, same, different) = (String::new(), 1, 0, 0);
            let change = Change { words, before, after, pairs, same, different };
            (change.asks(), change.links())
        };
        assert_eq!(of(49.9, 50.0), (Some(true), None));
        assert_eq!(of(90.0, 49.0), (Some(false), Some(false)));
        assert_eq!(of(89.0, 90.0), (None, Some(true)));
        assert_eq!(of(60.0, 80.0), (None, None));
    }
}
