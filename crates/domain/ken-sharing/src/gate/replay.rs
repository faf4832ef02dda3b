//! A past decision, asked again of other policies.
//!
//! An entry holds what was asked, what the registers said, and what was given. Decided under a
//! bundle that has a draft in it, it tells what the draft would newly allow and newly refuse.
//! Nothing here reads a database, and nothing it returns names a person.
//!
//! # Invariants
//!
//! - Under the bundle and on the day of its own decision, an entry changes nothing.
//! - Labels and lineage of what was held are not kept, so a look is about what an ask covers, held
//!   or not; a prohibition by label may still take from a row.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use jiff::civil::Date;
use ken_agreement::Action;
use ken_agreement::status::PERSON;
use ken_core::{Category, ClauseId, FieldName, OrganisationId, Purpose, RoleId};
use serde_json::{Map, Value, json};

use super::said::listed;
use super::{RECORD, SELF, Said, Want};
use crate::bundle::Bundle;
use crate::decide::{self, Bar, Facts, Fields, Offer, Outcome, RowClass, Seat, View};

/// Why entries were refused while the ledger was not being sealed, before a hold-up was one of the
/// facts that an entry keeps: it says nothing about policies.
const UNSEALED_OF_OLD: &str = "unsealed";

/// Why an entry cannot be decided again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unread {
    /// Refused before any policy was asked: nobody goes by that id, or who asked had left.
    NotDecided,
    /// Of a version that kept no facts.
    NoFacts,
    /// Refused for what was passing: the ledger was not being sealed.
    Passing,
    /// Of a form that this version does not know.
    OtherForm,
}

/// A past decision, as its entry tells it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Past {
    /// What was asked.
    pub view: View,
    /// What the registers said.
    pub facts: Facts,
    /// What was said for each source that its entry tells of.
    said: BTreeMap<OrganisationId, Said>,
    /// The classes of what was sent; none of a look.
    rows: BTreeSet<RowClass>,
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

/// Why something that was given would not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Words would have to be affirmed first.
    Words,
    /// Something else of that source would be given, and this is in no clause.
    Uncovered,
    /// Nothing of that source would be: the bar, and what it turns on.
    Barred(Bar, String),
}

/// What other policies would make of one past decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Given now, by which clause, and not then.
    pub newly_allowed: BTreeMap<Item, ClauseId>,
    /// Given then, and not now.
    pub newly_refused: BTreeMap<Item, Why>,
}

impl Past {
    /// Reads the detail of a gate's entry.
    ///
    /// # Errors
    ///
    /// [`Unread`], where it cannot be decided again.
    pub fn read(detail: &Value) -> Result<Self, Unread> {
        let Some(from) = detail.get("from").and_then(Value::as_object) else {
            let is_asked = detail.get("purpose").is_some() && detail.get("action").is_some();
            return Err(if is_asked { Unread::NotDecided } else { Unread::OtherForm });
        };
        let said =
            from.iter().map(|(source, said)| Some((source.parse().ok()?, Said::read(said)?)));
        let said: BTreeMap<OrganisationId, Said> =
            said.collect::<Option<_>>().ok_or(Unread::OtherForm)?;
        if said.values().any(is_passing) {
            return Err(Unread::Passing);
        }
        if detail.get("facts").is_none() {
            return Err(Unread::NoFacts);
        }
        let (view, facts) = asked(detail, &said).ok_or(Unread::OtherForm)?;
        let rows = sent(detail, &view).ok_or(Unread::OtherForm)?;
        Ok(Self { view, facts, said, rows })
    }

    /// What its entry says that was said, by source.
    #[must_use]
    pub fn said(&self) -> &BTreeMap<OrganisationId, Said> {
        &self.said
    }

    /// What these policies say, for each source that the entry tells of: what was written, under
    /// the policies and on the day of its own decision.
    ///
    /// # Errors
    ///
    /// As [`decide::decide`].
    pub fn again(&self, under: &Bundle) -> Result<BTreeMap<OrganisationId, Said>, decide::Error> {
        let answers = decide::decide_view(under, &self.view, &self.facts, &self.rows)?;
        let told = answers.iter().filter_map(|(source, outcome)| {
            let mut said = Said::of(outcome);
            // An entry that says nothing of offers is not asked about them.
            if let (Said::Given(_, offered), Said::Given(_, None)) =
                (&mut said, self.said.get(source)?)
            {
                *offered = None;
            }
            Some((source.clone(), said))
        });
        Ok(told.collect())
    }

    /// What was given, field by field, by the clauses of `then`. A clause that is not there any
    /// more counts for nothing.
    fn was_given(&self, then: &Bundle) -> BTreeSet<Item> {
        let mut items = BTreeSet::new();
        for (source, said) in &self.said {
            let Said::Given(clauses, _) = said else { continue };
            for (id, categories) in clauses {
                for category in categories {
                    let mut fields =
                        decide::carries(then, id, category, &self.facts, &self.view.purpose);
                    if let Some(Fields::Only(asked)) = self.view.want.categories().get(category) {
                        fields.retain(|field| asked.contains(field));
                    }
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
    let answers = decide::decide_view(under, &past.view, &facts, &past.rows)?;
    let mut now: BTreeMap<Item, ClauseId> = BTreeMap::new();
    for (source, outcome) in answers.iter() {
        let Outcome::Permit(permitted) = &**outcome else { continue };
        for (category, covered) in &permitted.categories {
            let fields = covered.iter();
            now.extend(fields.filter_map(|(field, clause)| {
                Some((past.item(source, category, field.clone())?, clause.clone()))
            }));
        }
    }
    let was = past.was_given(then);
    let why = |item: Item| {
        let outcome = answers.get(&item.source);
        let why = outcome.map_or(Why::Uncovered, |outcome| why(outcome, &item));
        (item, why)
    };
    let newly_refused = was.iter().filter(|item| !now.contains_key(*item)).cloned();
    let newly_refused = newly_refused.map(why).collect();
    now.retain(|item, _| !was.contains(item));
    Ok(Replayed { newly_allowed: now, newly_refused })
}

fn why(outcome: &Outcome, item: &Item) -> Why {
    let has = |offer: &Offer| {
        offer.adds.get(&item.category).is_some_and(|fields| fields.contains(&item.field))
    };
    match outcome {
        Outcome::Permit(permitted) if permitted.offers.values().any(has) => Why::Words,
        Outcome::Permit(_) => Why::Uncovered,
        Outcome::Need(_) => Why::Words,
        Outcome::Deny(denied) => denied
            .first()
            .map_or(Why::Uncovered, |reason| Why::Barred(reason.bar, reason.what.clone())),
    }
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

/// What was asked, and what the registers said.
fn asked(detail: &Value, said: &BTreeMap<OrganisationId, Said>) -> Option<(View, Facts)> {
    let text = |key: &str| detail.get(key)?.as_str();
    let own = detail.get("own").and_then(Value::as_bool) == Some(true);
    let seat = |of: &Value| {
        let text = |key: &str| of.get(key)?.as_str();
        let role = text("role")?.parse().ok()?;
        Some(Seat { organisation: text("organisation")?.parse().ok()?, role: Some(role) })
    };
    // Who asks has what is looked at, and gives what is sent.
    let (recipient, role) = match detail.get("to") {
        Some(to) => (seat(to)?, seat(detail)?.role?),
        None if own => {
            let own = Seat { organisation: PERSON.parse().ok()?, role: SELF.parse().ok() };
            (own, RECORD.parse().ok()?)
        }
        None => (seat(detail)?, RECORD.parse().ok()?),
    };
    let mut senders: BTreeSet<OrganisationId> = words(detail, "others").unwrap_or_default();
    senders.extend(said.keys().cloned());
    let facts = Facts {
        day: text("day")?.parse().ok()?,
        held: words(detail, "facts")?,
        attested: words(detail, "attested")?,
        referrers: words(detail, "referrers")?,
    };
    let view = View {
        senders,
        role,
        recipient,
        action: Action::ALL.into_iter().find(|a| Some(a.as_str()) == text("action"))?,
        purpose: text("purpose")?.parse().ok()?,
        want: match detail.get("fields") {
            Some(fields) => Want::Exactly(named(fields)?),
            None => Want::some_of(words::<Category>(detail, "categories")?),
        },
    };
    Some((view, facts))
}

/// The fields of each kind that were to be sent.
fn named(fields: &Value) -> Option<BTreeMap<Category, Fields>> {
    let of = |(category, fields): (&String, &Value)| {
        Some((category.parse().ok()?, Fields::Only(listed(fields)?)))
    };
    fields.as_object()?.iter().map(of).collect()
}

/// The classes of what was sent.
fn sent(detail: &Value, view: &View) -> Option<BTreeSet<RowClass>> {
    let Some(lineage) = detail.get("lineage") else { return Some(BTreeSet::new()) };
    let lineage: BTreeSet<_> = listed(lineage)?;
    let of = |(category, source): (&Category, &OrganisationId)| {
        let plain = RowClass::plain(category.clone(), source.clone());
        RowClass { lineage: lineage.clone(), ..plain }
    };
    let categories = view.want.categories().keys();
    let all = categories.flat_map(|one| view.senders.iter().map(move |source| (one, source)));
    Some(all.map(of).collect())
}

fn is_passing(said: &Said) -> bool {
    matches!(said, Said::Refused(Some((_, what))) if what == UNSEALED_OF_OLD)
}

fn words<W: FromStr + Ord>(detail: &Value, key: &str) -> Option<BTreeSet<W>> {
    listed(detail.get(key)?)
}

#[cfg(test)]
mod tests;
