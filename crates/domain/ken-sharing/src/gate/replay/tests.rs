//! Entries decided again: under their own policies they say what was written.

use std::collections::BTreeSet;

use jiff::civil::date;
use ken_agreement::status::Register;
use ken_agreement::{Instrument, Words};
use ken_directory::Acting;

use super::*;
use crate::bundle::Admitted;
use crate::gate::send::Sending;
use crate::gate::{Caller, Question, entry, view};

const ID: &str = "00000000-0000-7000-8000-000000000001";
const TEXTS: [&str; 5] = [
    include_str!("../../../../../../agreements/statute-pack.toml"),
    include_str!("../../../../../../agreements/scot-accord.toml"),
    include_str!("../../../../../../agreements/glen-asp-concern.toml"),
    include_str!("../../../../../../agreements/glen-direct-care.toml"),
    include_str!("../../../../../../agreements/glen-girfec.toml"),
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
    let seats = ["practice/gp.doctor", "ooh/ooh.clinician", "cec/sw.duty", "cec/ig.lead", "own"];
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

#[test]
fn what_was_sent_replays_as_it_was_sent_and_not_as_a_look() {
    let bundle = bundle(|_| {});
    let (by, mut facts) = (acting("practice/gp.doctor"), Facts::none(date(2027, 6, 1)));
    facts.held = set("relationship:direct-care");
    let sending = Sending {
        person: ID.parse().unwrap(),
        to: ken_directory::HeldRole {
            organisation: "cec".parse().unwrap(),
            role: "sw.duty".parse().unwrap(),
        },
        action: Action::Push,
        purpose: "direct-care".parse().unwrap(),
        what: [("core", "name dob"), ("assessment", "findings")]
            .map(|(category, fields)| (category.parse().unwrap(), set(fields)))
            .into(),
        lineage: BTreeSet::new(),
    };
    let (view, question) = (sending.view(&by), sending.question(&by));
    let answers = decide::decide_view(&bundle, &view, &facts, &sending.rows(&by)).unwrap();
    let outcomes = answers.iter().map(|(of, said)| (of.clone(), Outcome::clone(said)));
    let kept = sending.kept(kept(&view, &facts));
    let made = entry::of(Caller::Practitioner(&by), &question, &kept, &outcomes.collect());
    let detail = &made[0].1.detail;
    let past = Past::read(detail).unwrap();
    assert_eq!((&past.view, &past.facts), (&view, &facts));
    assert_eq!(past.again(&bundle).unwrap(), *past.said());
    let given: Vec<_> = past.was_given(&bundle).into_iter().collect();
    assert!(given.iter().all(|item| item.recipient.0.as_str() == "cec"), "{given:?}");
    let fields: BTreeSet<_> = given.iter().map(|item| item.field.as_str()).collect();
    assert_eq!(fields, ["dob", "findings", "name"].into());
    let same = replay(&bundle, &bundle, &past, None).unwrap();
    assert!(same.newly_allowed.is_empty() && same.newly_refused.is_empty(), "{same:?}");
    assert_eq!(crate::gate::sent_to(detail).unwrap().as_str(), "cec");
}
