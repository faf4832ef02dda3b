//! What is learnt from people who look at pairs: a proposal, which two sign before it counts.
//!
//! A decision about one pair is a decision about its pattern, because nothing else of the pair was
//! ever looked at. So few decisions move many pairs, and must be heard with care.
//!
//! # Invariants
//!
//! - The model in use is never changed: what comes of decisions is another model, in a form of
//!   file that is not read as a model.
//! - No pattern moves on the word of one reviewer, of one who has not proved themselves on pairs
//!   whose truth is known, or by more than [`MOVE_MAX`]; none that a rule keeps apart moves at all.
//! - The order of decisions changes nothing but which of one reviewer's are too many.
//!
//! # Sources
//!
//! - The identity design, section 5: active learning by pattern, blind review, caps.
//! - The bounds are house policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::model::{Model, ModelError, Scorer};
use crate::pattern::Pattern;
use crate::rule::Rule;

/// Pairs of known truth that a reviewer must have decided before anything of theirs counts.
pub const GOLD_LEAST: u32 = 10;

/// Of these, so many in a hundred must have been right.
pub const GOLD_RIGHT: u32 = 90;

/// Reviewers who must have decided a pattern before it moves.
const REVIEWERS_LEAST: usize = 2;

/// Decisions of one reviewer on one pattern that count.
const REVIEWER_MAX: f64 = 3.0;

/// Decisions on pairs of one source on one pattern that count.
const SOURCE_MAX: f64 = 6.0;

/// Decisions of one reviewer that are heard at all.
const HEARD_MAX: u32 = 1_000;

/// As many decisions as what the model says of a pattern weighs.
const BEFORE: f64 = 10.0;

/// Bits that a pattern moves at most by one proposal.
const MOVE_MAX: f64 = 3.0;

/// Most decisions of one proposal.
const DECISIONS_MAX: usize = 100_000;

/// What the signed text of a proposal begins with.
const SIGNED: &str = "ken-match model";

/// What somebody decided about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// How the two agree.
    pub pattern: Pattern,
    /// Whether they are one person's.
    pub is_same: bool,
    /// Who decided, by an id that is no name.
    pub reviewer: &'a str,
    /// The source of the later of the two records.
    pub source: &'a str,
    /// Where the truth was known and the pair was put among the others: the truth.
    pub gold: Option<bool>,
}

/// Why a decision did not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ignored {
    /// It was on a pair of known truth, and tells of the reviewer.
    Gold,
    /// Its reviewer has decided too few pairs of known truth, or too many of them wrongly.
    Unproved,
    /// A rule keeps such pairs apart, whatever anybody decides of one of them.
    Rule,
    /// Its reviewer had decided more than is heard of one.
    TooMany,
    /// No second reviewer decided the pattern.
    Alone,
}

impl Ignored {
    /// A short word for it, for reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gold => "known-truth",
            Self::Unproved => "reviewer-unproved",
            Self::Rule => "kept-apart-by-rule",
            Self::TooMany => "too-many-of-one",
            Self::Alone => "one-reviewer-alone",
        }
    }
}

/// A pattern whose score a proposal changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    /// The pattern.
    pub pattern: Pattern,
    /// How likely such a pair is one person's by the model in use.
    pub before: f64,
    /// The same by the proposal.
    pub after: f64,
    /// Pairs of this pattern among those that the model was learnt from.
    pub pairs: u64,
}

impl Moved {
    /// Whether such pairs become links, or cease to be links, at a threshold.
    #[must_use]
    pub fn changes_links(&self, threshold: f64) -> bool {
        (self.before >= threshold) != (self.after >= threshold)
    }
}

/// Somebody's signature on what a proposal changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// By which name the signer's key is known.
    pub name: String,
    /// The signature, as the signer's program writes it.
    pub signature: String,
}

/// More decisions than one proposal is made of, a hundred thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("more decisions than one proposal is made of ({DECISIONS_MAX})")]
pub struct TooManyDecisions;

impl TooManyDecisions {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "match.too-many-decisions"
    }
}

/// How a reviewer did on pairs of known truth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proof {
    /// Pairs of known truth that they decided.
    pub known: u32,
    /// Those of them that they decided as they are.
    pub right: u32,
}

impl Proof {
    /// Whether their other decisions are heard.
    #[must_use]
    pub fn is_enough(self) -> bool {
        self.known >= GOLD_LEAST && self.right * 100 >= self.known * GOLD_RIGHT
    }

    /// How each reviewer did; of one who decided no pair of known truth there is none.
    #[must_use]
    pub fn of<'a>(decisions: &[Decision<'a>]) -> BTreeMap<&'a str, Self> {
        let mut seen: BTreeMap<&str, Self> = BTreeMap::new();
        for of in decisions {
            if let Some(truth) = of.gold {
                let proof = seen.entry(of.reviewer).or_default();
                proof.known += 1;
                proof.right += u32::from(truth == of.is_same);
            }
        }
        seen
    }
}

/// A model that decisions lead to, and that nothing is matched by before two have signed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    proposed: Model,
    #[serde(skip)]
    moved: Vec<Moved>,
    #[serde(skip)]
    ignored: BTreeMap<Ignored, u64>,
}

/// What was heard of one pattern.
#[derive(Default)]
struct Heard<'a> {
    /// By reviewer and source: decisions, and those for one person.
    votes: BTreeMap<(&'a str, &'a str), (f64, f64)>,
    count: u64,
}

impl Proposal {
    /// What decisions make of the model in use.
    ///
    /// # Errors
    ///
    /// [`TooManyDecisions`] after a hundred thousand.
    pub fn of(live: &Model, decisions: &[Decision<'_>]) -> Result<Self, TooManyDecisions> {
        if decisions.len() > DECISIONS_MAX {
            return Err(TooManyDecisions);
        }
        let proofs = Proof::of(decisions);
        let is_proved = |of: &str| proofs.get(of).is_some_and(|proof| proof.is_enough());
        let mut ignored: BTreeMap<Ignored, u64> = BTreeMap::new();
        let mut heard: BTreeMap<Pattern, Heard<'_>> = BTreeMap::new();
        let mut many: BTreeMap<&str, u32> = BTreeMap::new();
        for of in decisions {
            let so_far = many.entry(of.reviewer).or_default();
            let why = if of.gold.is_some() {
                Some(Ignored::Gold)
            } else if !is_proved(of.reviewer) {
                Some(Ignored::Unproved)
            } else if Rule::of(of.pattern).is_some() {
                Some(Ignored::Rule)
            } else if *so_far >= HEARD_MAX {
                Some(Ignored::TooMany)
            } else {
                None
            };
            if let Some(why) = why {
                *ignored.entry(why).or_default() += 1;
                continue;
            }
            *so_far += 1;
            let heard = heard.entry(of.pattern).or_default();
            let (all, same) = heard.votes.entry((of.reviewer, of.source)).or_default();
            (*all, *same) = (*all + 1.0, *same + f64::from(u8::from(of.is_same)));
            heard.count += 1;
        }
        let alone = |of: &Heard<'_>| of.reviewers().len() < REVIEWERS_LEAST;
        let lonely: u64 = heard.values().filter(|of| alone(of)).map(|of| of.count).sum();
        if lonely > 0 {
            ignored.insert(Ignored::Alone, lonely);
        }
        heard.retain(|_, of| !alone(of));
        Ok(Self::moving(live, &heard, ignored))
    }

    fn moving(
        live: &Model,
        heard: &BTreeMap<Pattern, Heard<'_>>,
        ignored: BTreeMap<Ignored, u64>,
    ) -> Self {
        let scorer = Scorer::new(live);
        let mut decided: BTreeMap<Pattern, f64> = live.decided.iter().copied().collect();
        for (pattern, of) in heard {
            let before = scorer.score(*pattern).probability.clamp(1e-9, 1.0 - 1e-9);
            let (all, same) = of.weight();
            let after = (BEFORE * before + same) / (BEFORE + all);
            let odds = |p: f64| (p / (1.0 - p)).log2();
            let by =
                (odds(after.clamp(1e-9, 1.0 - 1e-9)) - odds(before)).clamp(-MOVE_MAX, MOVE_MAX);
            *decided.entry(*pattern).or_default() += by;
        }
        let decided = decided.into_iter().collect();
        let proposed = Model { decided, signatures: Vec::new(), ..live.clone() }.rounded();
        let after = Scorer::new(&proposed);
        let counts: BTreeMap<Pattern, u64> = live.training.histogram.iter().copied().collect();
        let moved = heard.keys().map(|pattern| Moved {
            pattern: *pattern,
            before: scorer.score(*pattern).probability,
            after: after.score(*pattern).probability,
            pairs: counts.get(pattern).copied().unwrap_or(0),
        });
        let moved = moved.collect();
        Self { proposed, moved, ignored }
    }

    /// The patterns whose score it changes, in their order; of one that was read from a file, none.
    #[must_use]
    pub fn moved(&self) -> &[Moved] {
        &self.moved
    }

    /// How many decisions did not count, and why.
    #[must_use]
    pub const fn ignored(&self) -> &BTreeMap<Ignored, u64> {
        &self.ignored
    }

    /// Writes a file, which is not read as a model.
    ///
    /// # Errors
    ///
    /// [`ModelError`] when a weight is no number.
    pub fn write(&self) -> Result<String, ModelError> {
        serde_json::to_string(self).map_err(|error| ModelError::Unreadable(Some(error)))
    }

    /// Reads a file that [`Self::write`] wrote.
    ///
    /// # Errors
    ///
    /// [`ModelError`] when it is none.
    pub fn read(text: &str) -> Result<Self, ModelError> {
        let read: Self =
            serde_json::from_str(text).map_err(|error| ModelError::Unreadable(Some(error)))?;
        // What it would be without the decisions must be a model.
        let Self { proposed, .. } = read;
        let decided = proposed.decided.clone();
        let bare = Model { decided: Vec::new(), signatures: Vec::new(), ..proposed };
        let model = Model::read(&bare.write()?)?;
        if decided.iter().any(|(_, bits)| !bits.is_finite()) {
            return Err(ModelError::Shape);
        }
        let proposed = Model { decided, ..model };
        Ok(Self { proposed, moved: Vec::new(), ignored: BTreeMap::new() })
    }

    /// Scores as the model would that it proposes: for reports, and for nothing else.
    #[must_use]
    pub fn scorer(&self) -> Scorer {
        Scorer::new(&self.proposed)
    }

    /// The hash of the whole model that it proposes, in hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`ModelError`] when a weight is no number.
    pub fn hash(&self) -> Result<String, ModelError> {
        self.proposed.hash()
    }

    /// What is signed: the hash of the whole model.
    ///
    /// # Errors
    ///
    /// [`ModelError`] when a weight is no number.
    pub fn text(&self) -> Result<String, ModelError> {
        self.proposed.signed_text()
    }

    /// The model, once two of different names have signed it; `is_valid` tells whether a signature
    /// is one of somebody who may sign, on this text.
    ///
    /// # Errors
    ///
    /// [`ModelError::Unsigned`] with fewer than two valid signatures.
    pub fn adopt(
        self,
        signatures: Vec<Signature>,
        is_valid: impl Fn(&Signature, &str) -> bool,
    ) -> Result<Model, ModelError> {
        let model = Model { signatures, ..self.proposed };
        if model.is_signed(is_valid)? { Ok(model) } else { Err(ModelError::Unsigned) }
    }
}

impl Model {
    /// The same without what people decided: what was learnt of counts.
    #[must_use]
    pub fn undecided(&self) -> Self {
        Self { decided: Vec::new(), signatures: Vec::new(), ..self.clone() }
    }

    /// The hash of all that it says, signatures left out, in hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`ModelError`] when a weight is no number.
    pub fn hash(&self) -> Result<String, ModelError> {
        let bare = Self { signatures: Vec::new(), ..self.clone() }.write()?;
        let hash = Sha256::digest(bare.as_bytes());
        let mut text = String::with_capacity(hash.len() * 2);
        for byte in &hash {
            // Writing to a text cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(text)
    }

    /// What is signed of it: its mark and its hash.
    fn signed_text(&self) -> Result<String, ModelError> {
        Ok(format!("{SIGNED}\n{}\n{}\n", self.version(), self.hash()?))
    }

    /// Whether nothing was decided of it, or two of different names have signed what was.
    ///
    /// # Errors
    ///
    /// [`ModelError`] when a weight is no number.
    pub fn is_signed(
        &self,
        is_valid: impl Fn(&Signature, &str) -> bool,
    ) -> Result<bool, ModelError> {
        if self.decided.is_empty() {
            return Ok(true);
        }
        let text = self.signed_text()?;
        let valid = self.signatures.iter().filter(|of| is_valid(of, &text));
        let valid: Vec<Signature> = valid.cloned().collect();
        Ok(has_two(&valid))
    }
}

/// What is signed to withdraw a model of this hash: other words than those that adopted it.
#[must_use]
pub fn withdrawal_text(hash: &str) -> String {
    format!("{SIGNED}, withdrawn\n{hash}\n")
}

/// Whether two of different names have signed.
pub(crate) fn has_two(signatures: &[Signature]) -> bool {
    let names: BTreeSet<&str> = signatures.iter().map(|of| of.name.as_str()).collect();
    names.len() >= 2
}

impl<'a> Heard<'a> {
    fn reviewers(&self) -> BTreeSet<&'a str> {
        self.votes.keys().map(|(reviewer, _)| *reviewer).collect()
    }

    /// How much the decisions weigh, and how much of it is for one person: those of one reviewer,
    /// and those on one source, no more than is allowed.
    fn weight(&self) -> (f64, f64) {
        let total = |of: &dyn Fn(&(&str, &str)) -> bool| -> f64 {
            self.votes.iter().filter(|(key, _)| of(key)).map(|(_, (all, _))| all).sum()
        };
        let (mut all, mut same) = (0.0, 0.0);
        for ((reviewer, source), (many, for_one)) in &self.votes {
            let of_reviewer = total(&|key| key.0 == *reviewer);
            let of_source = total(&|key| key.1 == *source);
            let part = (REVIEWER_MAX / of_reviewer).min(SOURCE_MAX / of_source).min(1.0);
            (all, same) = (all + many * part, same + for_one * part);
        }
        (all, same)
    }
}
