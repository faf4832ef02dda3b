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
use ken_agreement::Action;
use ken_agreement::status::PERSON;
use ken_core::{Category, ClauseId, FieldName, OrganisationId, Purpose, RoleId};
use serde_json::{Map, Value, json};

use super::said::listed;
use super::{RECORD, SELF, Said, Want};
use crate::bundle::Bundle;
use crate::decide::{self, Bar, Facts, Offer, Outcome, Seat, View};

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
        Ok(Self { view, facts, said })
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
        let answers = decide::decide_view(under, &self.view, &self.facts, &BTreeSet::new())?;
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
    let recipient = if own {
        Seat { organisation: PERSON.parse().ok()?, role: SELF.parse().ok() }
    } else {
        let role = text("role")?.parse().ok()?;
        Seat { organisation: text("organisation")?.parse().ok()?, role: Some(role) }
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
        role: RECORD.parse().ok()?,
        recipient,
        action: Action::ALL.into_iter().find(|a| Some(a.as_str()) == text("action"))?,
        purpose: text("purpose")?.parse().ok()?,
        want: Want::some_of(words::<Category>(detail, "categories")?),
    };
    Some((view, facts))
}

fn is_passing(said: &Said) -> bool {
    matches!(said, Said::Refused(Some((_, what))) if what == UNSEALED_OF_OLD)
}

fn words<W: FromStr + Ord>(detail: &Value, key: &str) -> Option<BTreeSet<W>> {
    listed(detail.get(key)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;
    use ken_agreement::status::Register;
    use ken_agreement::{Instrument, Words};
    use ken_directory::Acting;

    use super::*;
    use crate::bundle::Admitted;
    use crate::gate::{Caller, Question, entry, view};

    const ID: &str = "00000000-0000-7000-8000-000000000001";
    const TEXTS: [&str; 5] = [
        include_str!("../../../../../agreements/statute-pack.toml"),
        include_str!("../../../../../agreements/scot-accord.toml"),
        include_str!("../../../../../agreements/glen-asp-concern.toml"),
        include_str!("../../../../../agreements/glen-direct-care.toml"),
        include_str!("../../../../../agreements/glen-girfec.toml"),
    ];

    const PURPOSES: [&str; 6] =
        ["direct-care", "own-work", "own-record", "vital", "governance", "girfec-wellbeing"];

    fn bundle(change: impl Fn(&mut Instrument)) -> Bundle {
        let admit = |text: &&str| {
            let mut instrument = Instrument::parse(text).unwrap();
            change(&mut instrument);
            let parties = instrument.parties.iter().map(|party| party.id.clone());
            let signed = parties.chain([instrument.agreement.lead_party.clone()]).collect();
            Admitted { instrument, register: Register { signed, ..Register::default() } }
        };
        Bundle::compile(TEXTS.iter().map(admit)).unwrap()
    }

    fn set<W: std::str::FromStr + Ord>(texts: &str) -> BTreeSet<W> {
        texts.split_whitespace().map(|text| text.parse().ok().unwrap()).collect()
    }

    fn acting(seat: &str) -> Acting {
        let (organisation, role) = seat.split_once('/').unwrap();
        Acting {
            account: ID.parse().unwrap(),
            practitioner: ID.parse().unwrap(),
            organisation: organisation.parse().unwrap(),
            role: role.parse().unwrap(),
        }
    }

    fn question(purpose: &str) -> Question {
        Question {
            person: ID.parse().unwrap(),
            sources: set("cec nhsl ooh police practice"),
            action: Action::View,
            purpose: purpose.parse().unwrap(),
            categories: set("core identifiers medication health-record third-party concern"),
            before: None,
        }
    }

    /// The details of the entries that one look makes.
    fn details(bundle: &Bundle, caller: Caller<'_>, purpose: &str, facts: &Facts) -> Vec<Value> {
        let question = question(purpose);
        let view = view(caller, &question).unwrap();
        let answers = decide::decide_view(bundle, &view, facts, &BTreeSet::new()).unwrap();
        let outcomes = answers.iter().map(|(of, said)| (of.clone(), Outcome::clone(said)));
        let made = entry::of(caller, &question, &kept(&view, facts), &outcomes.collect());
        made.into_iter().map(|(_, entry)| entry.detail).collect()
    }

    #[test]
    fn an_entry_replayed_with_its_facts_gives_what_was_written() {
        let bundle = bundle(|_| {});
        let words: Vec<Words> = bundle.terms.iter().flat_map(|term| term.words.clone()).collect();
        let seats =
            ["practice/gp.doctor", "ooh/ooh.clinician", "cec/sw.duty", "cec/ig.lead", "own"];
        let (mut entries, mut gave, mut offered) = (0, 0, 0);
        for seat in seats {
            let by = (seat != "own").then(|| acting(seat));
            let own = Caller::Own(ID.parse().unwrap());
            let caller = by.as_ref().map_or(own, Caller::Practitioner);
            for purpose in PURPOSES {
                for state in ["", "objection", "protected-address@claimed", "deceased"] {
                    for attested in [&words[..], &[]] {
                        let mut facts = Facts::none(date(2027, 6, 1));
                        let with = "relationship:direct-care relationship:girfec-team";
                        facts.held = set(&format!("{with} age>=16 {state}"));
                        facts.attested = attested.iter().cloned().collect();
                        for detail in details(&bundle, caller, purpose, &facts) {
                            let past = Past::read(&detail).unwrap();
                            assert_eq!(past.facts, facts);
                            assert_eq!(past.again(&bundle).unwrap(), *past.said());
                            let same = replay(&bundle, &bundle, &past, None).unwrap();
                            assert!(same.newly_allowed.is_empty(), "{seat} {purpose} {same:?}");
                            assert!(same.newly_refused.is_empty(), "{seat} {purpose} {same:?}");
                            gave += usize::from(!past.was_given(&bundle).is_empty());
                            offered += usize::from(past.said().values().any(offers));
                            entries += 1;
                        }
                    }
                }
            }
        }
        assert!(entries >= 200 && gave >= 40, "{entries} entries, {gave} gave something");
        assert!(offered >= 2, "{offered} entries offered something");
    }

    fn offers(said: &Said) -> bool {
        matches!(said, Said::Given(_, Some(offered)) if !offered.is_empty())
    }

    /// What a look of the child's doctor at what the school holds says, before any words.
    fn before_words(bundle: &Bundle) -> Value {
        let (by, mut facts) = (acting("practice/gp.doctor"), Facts::none(date(2027, 6, 1)));
        facts.held = set("relationship:girfec-team");
        details(bundle, Caller::Practitioner(&by), "girfec-wellbeing", &facts).remove(0)
    }

    #[test]
    fn what_was_offered_is_entered_and_an_entry_from_before_still_replays() {
        let bundle = bundle(|_| {});
        let mut detail = before_words(&bundle);
        let said = detail["from"]["nhsl"]["offered"].as_object().unwrap();
        let [(clause, offered)] = said.iter().collect::<Vec<_>>()[..] else { panic!("{said:?}") };
        assert!(clause.ends_with("#W2"), "{clause}");
        assert_eq!(*offered, json!({ "adds": ["concern"], "words": ["necessary-proportionate"] }));
        let past = Past::read(&detail).unwrap();
        assert_eq!(past.again(&bundle).unwrap(), *past.said());
        // Under other words the same look is told apart.
        let reworded = self::bundle(|instrument| {
            instrument.clauses.retain(|clause| clause.id.to_string() != "W2");
        });
        assert_ne!(past.again(&reworded).unwrap(), *past.said());
        // An entry of a version that offered nothing beside a permit has no such key.
        for said in detail["from"].as_object_mut().unwrap().values_mut() {
            said.as_object_mut().unwrap().remove("offered");
        }
        let old = Past::read(&detail).unwrap();
        assert!(old.said().values().all(|said| matches!(said, Said::Given(_, None))));
        assert_eq!(old.again(&bundle).unwrap(), *old.said());
        detail["from"]["nhsl"]["offered"] = json!("everything");
        assert_eq!(Past::read(&detail), Err(Unread::OtherForm));
    }

    #[test]
    fn a_draft_that_asks_for_words_is_told_from_one_that_takes_away() {
        let before = bundle(|_| {});
        let past = Past::read(&before_words(&before)).unwrap();
        let draft = bundle(|instrument| {
            let w1 = instrument.clauses.iter_mut().find(|c| c.id.to_string() == "W1");
            let Some(w1) = w1 else { return };
            let mut asks = w1.clone();
            w1.fields = Some(set("address communication_needs"));
            asks.id = "W3".parse().unwrap();
            asks.categories = set("core");
            asks.fields = Some(set("name dob"));
            asks.attest = set("necessary-proportionate");
            instrument.clauses.push(asks);
        });
        let tried = replay(&before, &draft, &past, None).unwrap();
        let of = |field: &str| {
            let of = tried.newly_refused.iter();
            let mut of = of.filter(|(item, _)| item.field.as_str() == field);
            of.next().map(|(_, why)| why.clone())
        };
        assert_eq!([of("name"), of("phone")], [Some(Why::Words), Some(Why::Uncovered)]);
        assert!(of("address").is_none() && tried.newly_allowed.is_empty(), "{tried:?}");
    }

    #[test]
    fn a_draft_is_tried_on_the_past() {
        let before = bundle(|_| {});
        let (by, mut facts) = (acting("practice/gp.doctor"), Facts::none(date(2027, 6, 1)));
        facts.held = set("relationship:direct-care");
        let detail = details(&before, Caller::Practitioner(&by), "direct-care", &facts).remove(0);
        let past = Past::read(&detail).unwrap();
        let draft = bundle(|instrument| {
            let clause = instrument.clauses.iter_mut().find(|c| c.id.to_string() == "D1");
            let Some(clause) = clause else { return };
            clause.categories = set("core identifiers health-record third-party");
        });
        let tried = replay(&before, &draft, &past, None).unwrap();
        let fields = |items: &mut dyn Iterator<Item = &Item>| -> Vec<String> {
            let said = items.map(|item| format!("{} {}", item.source, item.field));
            said.filter(|text| text.starts_with("nhsl")).collect()
        };
        let refused = fields(&mut tried.newly_refused.keys());
        assert_eq!(refused, ["nhsl allergies", "nhsl medications"]);
        assert!(tried.newly_refused.values().all(|why| *why == Why::Uncovered));
        let widened = ["nhsl alleged_harmer", "nhsl household", "nhsl informant"];
        assert_eq!(fields(&mut tried.newly_allowed.keys()), widened);
        assert!(tried.newly_allowed.values().all(|by| by.to_string().ends_with("#D1")));
        // Before its first day, a draft gives nothing.
        let early = replay(&before, &draft, &past, Some(date(2027, 3, 31))).unwrap();
        assert!(early.newly_allowed.is_empty() && !early.newly_refused.is_empty());
    }

    #[test]
    fn what_kept_no_facts_is_not_replayed() {
        let old = json!({ "organisation": "cec", "role": "sw.duty", "purpose": "vital",
                          "action": "view", "from": {}, "others": [] });
        assert_eq!(Past::read(&old), Err(Unread::NoFacts));
        let nobody = json!({ "purpose": "vital", "action": "view" });
        assert_eq!(Past::read(&nobody), Err(Unread::NotDecided));
        assert_eq!(Past::read(&Value::Null), Err(Unread::OtherForm));
        let said = json!({ "cec": { "reason": ["standing", UNSEALED_OF_OLD] } });
        let unsealed = json!({ "purpose": "vital", "action": "view", "from": said });
        assert_eq!(Past::read(&unsealed), Err(Unread::Passing));
    }
}
