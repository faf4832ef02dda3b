//! What one source's answer says in an entry of the ledger; written here and read here.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use ken_agreement::{AttestationId, Words};
use ken_core::{Category, ClauseId};
use serde_json::{Map, Value, json};

use crate::decide::{Offer, Offers, Outcome};

/// What was said for one source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Said {
    /// The clauses relied upon, each with its categories; and what words would have added, which
    /// an entry of a version that offered nothing beside a permit does not say.
    Given(BTreeMap<ClauseId, BTreeSet<Category>>, Option<BTreeMap<ClauseId, Offered>>),
    /// The words that were asked for.
    Words(BTreeSet<Words>),
    /// The first reason of a refusal: its code, and what it turned on.
    Refused(Option<(String, String)>),
}

/// What was offered beside a permit, under one clause.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Offered {
    /// The words to affirm for it.
    pub words: BTreeSet<AttestationId>,
    /// The categories that they would have added to.
    pub adds: BTreeSet<Category>,
}

impl Offered {
    fn of(offer: &Offer) -> Self {
        let words = offer.statements.keys().map(|words| words.attestation.clone()).collect();
        Self { words, adds: offer.adds.keys().cloned().collect() }
    }

    fn read(value: &Value) -> Option<Self> {
        Some(Self { words: listed(value.get("words")?)?, adds: listed(value.get("adds")?)? })
    }
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
                Self::Given(given, Some(offered(&permitted.offers)))
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
            Self::Given(given, offered) => {
                let clauses = given.iter().map(|(clause, of)| (clause.to_string(), json!(of)));
                let mut said = Map::new();
                said.insert("clauses".to_owned(), Value::Object(clauses.collect()));
                if let Some(offered) = offered {
                    let one =
                        |Offered { words, adds }: &Offered| json!({ "words": words, "adds": adds });
                    let offered = offered.iter().map(|(id, of)| (id.to_string(), one(of)));
                    said.insert("offered".to_owned(), Value::Object(offered.collect()));
                }
                Value::Object(said)
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
            let offered = match value.get("offered") {
                None => None,
                Some(offered) => {
                    let of = offered.as_object()?.iter();
                    let of = of.map(|(id, of)| Some((id.parse().ok()?, Offered::read(of)?)));
                    Some(of.collect::<Option<_>>()?)
                }
            };
            return Some(Self::Given(given.collect::<Option<_>>()?, offered));
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

fn offered(offers: &Offers) -> BTreeMap<ClauseId, Offered> {
    offers.iter().map(|(clause, offer)| (clause.clone(), Offered::of(offer))).collect()
}

/// A list of words.
pub(super) fn listed<W: FromStr + Ord>(list: &Value) -> Option<BTreeSet<W>> {
    list.as_array()?.iter().map(|text| text.as_str()?.parse().ok()).collect()
}
