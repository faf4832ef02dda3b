//! A past decision, asked again of other policies.
//!
//! An entry holds what was asked, what the registers said, and what was given. Decided under a
//! bundle that has a draft in it, it tells what the draft would newly allow and newly refuse.
//! Nothing here reads a database, and nothing it returns names a person.
//!
//! # Invariants
//!
//! - Under the bundle and on the day of its own decision, an entry changes nothing.
//! - Labels and lineage of what was held are not kept, so this is about what an ask covers, held or
//!   not; a prohibition by label may still take from a row.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use jiff::civil::Date;
use ken_agreement::status::PERSON;
use ken_agreement::{Action, Words};
use ken_core::{Category, ClauseId, FieldName, OrganisationId, Purpose, RoleId};
use serde_json::{Map, Value, json};

use super::{RECORD, SELF, Want};
use crate::bundle::Bundle;
use crate::decide::{self, Facts, Outcome, Seat, View};

/// What was refused because the ledger was not being sealed says nothing about policies.
pub(super) const UNSEALED: &str = "unsealed";

/// A past decision, as its entry tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// What was asked.
    pub view: View,
    /// What the registers said.
    pub facts: Facts,
    /// For each source that gave something: the clauses relied upon, each with its categories.
    given: BTreeMap<OrganisationId, BTreeMap<ClauseId, BTreeSet<Category>>>,
}

/// One field of one source, for one seat and purpose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// Who would have it: organisation and role.
    pub recipient: (OrganisationId, RoleId),
    /// Whose record it is.
    pub source: OrganisationId,
    /// What for.
    pub purpose: Purpose,
    /// Kind of information.
    pub category: Category,
    /// The field.
    pub field: FieldName,
}

/// What other policies would make of one past decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Given now, and not then.
    pub newly_allowed: BTreeSet<Item>,
    /// Given then, and not now.
    pub newly_refused: BTreeSet<Item>,
    /// Words that would have to be affirmed first, where nothing is given without.
    pub words: BTreeSet<Words>,
}

/// Many replays, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Decisions replayed.
    pub decisions: u64,
    /// Of those, how many would come out otherwise.
    pub changed: u64,
    /// How often each field would be newly allowed, and newly refused.
    pub items: BTreeMap<Item, (u64, u64)>,
}

impl Tally {
    /// Counts one more replay.
    pub fn add(&mut self, replayed: Replayed) {
        let Replayed { newly_allowed, newly_refused, .. } = replayed;
        self.decisions += 1;
        self.changed += u64::from(!newly_allowed.is_empty() || !newly_refused.is_empty());
        for item in newly_allowed {
            self.items.entry(item).or_default().0 += 1;
        }
        for item in newly_refused {
            self.items.entry(item).or_default().1 += 1;
        }
    }
}

impl Past {
    /// Reads the detail of a gate's entry. None where it is of another sort, of a version that did
    /// not keep facts, or was refused for what is no policy.
    #[must_use]
    pub fn read(detail: &Value) -> Option<Self> {
        let text = |key: &str| detail.get(key)?.as_str();
        let own = detail.get("own").and_then(Value::as_bool) == Some(true);
        let recipient = if own {
            Seat { organisation: PERSON.parse().ok()?, role: SELF.parse().ok() }
        } else {
            let role = text("role")?.parse().ok()?;
            Seat { organisation: text("organisation")?.parse().ok()?, role: Some(role) }
        };
        let from = detail.get("from")?.as_object()?;
        if from.values().any(is_unsealed) {
            return None;
        }
        let mut senders: BTreeSet<OrganisationId> = words(detail, "others").unwrap_or_default();
        let mut given = BTreeMap::new();
        for (source, said) in from {
            let source: OrganisationId = source.parse().ok()?;
            if let Some(clauses) = said.get("clauses").and_then(Value::as_object) {
                let of = clauses.iter().map(|(id, of)| Some((id.parse().ok()?, listed(of)?)));
                given.insert(source.clone(), of.collect::<Option<_>>()?);
            }
            senders.insert(source);
        }
        let facts = Facts {
            day: text("day")?.parse().ok()?,
            held: words(detail, "facts")?,
            attested: words(detail, "attested")?,
            referrers: words(detail, "referrers")?,
        };
        let view = View {
            senders,
            role: RECORD.parse().ok()?,
            recipient,
            action: Action::ALL.into_iter().find(|a| Some(a.as_str()) == text("action"))?,
            purpose: text("purpose")?.parse().ok()?,
            want: Want::some_of(words::<Category>(detail, "categories")?),
        };
        Some(Self { view, facts, given })
    }

    /// What was given, field by field, by the clauses of `then`. A clause that is not there any
    /// more counts for nothing.
    fn was_given(&self, then: &Bundle) -> BTreeSet<Item> {
        let mut items = BTreeSet::new();
        for (source, clauses) in &self.given {
            for (id, categories) in clauses {
                for category in categories {
                    let fields =
                        decide::carries(then, id, category, &self.facts, &self.view.purpose);
                    items.extend(fields.into_iter().filter_map(|f| self.item(source, category, f)));
                }
            }
        }
        items
    }

    fn item(&self, source: &OrganisationId, category: &Category, field: FieldName) -> Option<Item> {
        let Seat { organisation, role } = self.view.recipient.clone();
        Some(Item {
            recipient: (organisation, role?),
            source: source.clone(),
            purpose: self.view.purpose.clone(),
            category: category.clone(),
            field,
        })
    }
}

/// Decides a past ask under other policies. `then` has the instruments that it was decided by;
/// `day` is the day to decide on, its own if none: a draft that begins later stands only then.
///
/// # Errors
///
/// As [`decide::decide`].
pub fn replay(
    then: &Bundle,
    under: &Bundle,
    past: &Past,
    day: Option<Date>,
) -> Result<Replayed, decide::Error> {
    let mut facts = past.facts.clone();
    facts.day = day.unwrap_or(facts.day);
    let answers = decide::decide_view(under, &past.view, &facts, &BTreeSet::new())?;
    let (mut now, mut words) = (BTreeSet::new(), BTreeSet::new());
    for (source, outcome) in answers.iter() {
        match &**outcome {
            Outcome::Permit(permitted) => {
                for (category, covered) in &permitted.categories {
                    let fields = covered.keys().cloned();
                    now.extend(fields.filter_map(|field| past.item(source, category, field)));
                }
            }
            Outcome::Need(needed) => words.extend(needed.statements.keys().cloned()),
            Outcome::Deny(_) => {}
        }
    }
    let was = past.was_given(then);
    Ok(Replayed {
        newly_allowed: now.difference(&was).cloned().collect(),
        newly_refused: was.difference(&now).cloned().collect(),
        words,
    })
}

/// What an entry keeps of an ask, so that it can be decided again.
pub(super) fn kept(view: &View, facts: &Facts) -> Map<String, Value> {
    let attested: Vec<_> = facts.attested.iter().map(ToString::to_string).collect();
    let kept = [
        ("categories", json!(view.want.categories().keys().collect::<Vec<_>>())),
        ("day", json!(facts.day.to_string())),
        ("facts", json!(facts.held)),
        ("attested", json!(attested)),
        ("referrers", json!(facts.referrers)),
    ];
    kept.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn is_unsealed(said: &Value) -> bool {
    said.get("reason").and_then(|reason| reason.get(1)).and_then(Value::as_str) == Some(UNSEALED)
}

fn words<W: FromStr + Ord>(detail: &Value, key: &str) -> Option<BTreeSet<W>> {
    listed(detail.get(key)?)
}

fn listed<W: FromStr + Ord>(list: &Value) -> Option<BTreeSet<W>> {
    list.as_array()?.iter().map(|text| text.as_str()?.parse().ok()).collect()
}
