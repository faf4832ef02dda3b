//! Two people taken for one: what was shown of the wrong one is asked back from whoever saw it.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_core::identifier::{Chi, Identifier, LocalIdentifier};
use ken_core::{Category, MessageId, PersonId, Sensitive};
use ken_directory::Acting;
use ken_ledger::{EntryKind, person_stream};
use ken_office::wrong_person::{self, Answer, AskedBack};
use ken_office::{Error, due};
use ken_person::{Answer as Said, Demographics, SourceRecord, Why, identify, queue};
use ken_records::{Filing, Under};
use ken_sharing::fact::Grade;
use ken_sharing::relationship::{self, NewRelationship};
use ken_sharing::{Action, Caller, Decision, Question, RowClass, affirmation, emergency};
use ken_store::timer::Runner;
use ken_store::{Snapshot, Tx};
use ken_testkit::engines;
use serde_json::{Value, json};

use crate::history::{LISTS, Past, word};

/// The number of a source.
pub(crate) fn number_of(source: &str, number: &str) -> SourceRecord {
    let local = LocalIdentifier::new("urn:test:number", number).unwrap();
    SourceRecord { organisation: word(source), local }
}

/// Somebody whom a source names, of whom it holds one kind of information.
pub(crate) async fn known(
    past: &Past,
    source: &str,
    number: &str,
    chi: bool,
    kind: &str,
) -> PersonId {
    let says = Demographics {
        given: Sensitive::new("Isla".to_owned()),
        family: Sensitive::new("Sample".to_owned()),
        born: "2017-03-14".parse().ok(),
        identifiers: chi.then(|| Identifier::Chi(Chi::impossible(1))).into_iter().collect(),
        ..Demographics::from_source(number_of(source, number))
    };
    let ctx = past.ctx();
    let found = past.on.db.write("test.identify", async |tx: &mut Tx| {
        identify(tx, &ctx, &past.on.keys, &ken_person::Index::new(), &says).await
    });
    let person = found.await.unwrap().person();
    files(past, person, (source, number), (kind, &[])).await;
    person
}

/// A source files something of a person under its number, with marks.
pub(crate) async fn files(
    past: &Past,
    person: PersonId,
    (source, number): (&str, &str),
    (kind, labels): (&str, &[&str]),
) {
    let (ctx, keys) = (past.ctx(), &past.on.keys);
    let (source, under) = (word(source), Under::of(&number_of(source, number).local));
    past.write(async |tx| {
        let key = ken_records::key_of(tx, keys, person).await?;
        let place = ken_records::place(tx, &ctx, person, (&source, &under), kind).await?;
        let id = place.resource.to_string();
        let filing = Filing {
            key,
            item_key: kind,
            resource: json!({ "resourceType": "Observation", "id": id, "status": "final" }),
            class: RowClass {
                category: word(kind),
                labels: labels.iter().map(|label| word(label)).collect(),
                source: source.clone(),
                lineage: BTreeSet::new(),
            },
            message: MessageId::draw(&*past.ids),
            event: None,
            under: &under,
            told: None,
            said: None,
        };
        ken_records::file(tx, &ctx, keys, place, filing).await?;
        Ok(())
    })
    .await;
}

pub(crate) async fn relate(past: &Past, person: PersonId, organisation: &str) {
    let ctx = past.ctx();
    let new = NewRelationship {
        person,
        kind: "direct-care".to_owned(),
        organisation: word(organisation),
        practitioner: None,
        grade: Grade::System,
        source: word(organisation),
        until: None,
    };
    past.write(async |tx| {
        let guard = tx.lock_people(&BTreeSet::from([person])).await?;
        relationship::record(tx, &ctx, &past.on.keys, &new).await?;
        guard.bump(tx).await?;
        Ok(())
    })
    .await;
}

/// Looks at a person; whether anything was permitted. Words are affirmed, and an emergency is
/// opened.
pub(crate) async fn looks(past: &Past, by: &Acting, person: PersonId, purpose: &str) -> bool {
    let kinds =
        ["core", "identifiers", "medication", "health-record", "care-plan", "equipment", "alerts"];
    let question = Question {
        person,
        sources: ["cec", "nhsl", "ooh", "practice"].into_iter().map(word).collect(),
        action: Action::View,
        purpose: word(purpose),
        categories: kinds.into_iter().map(word::<Category>).collect(),
        before: None,
    };
    for _ in 0..2 {
        let decided = past.ask(Caller::Practitioner(by), &question).await;
        if decided.values().any(|one| matches!(one, Decision::Permit(_))) {
            return true;
        }
        let needs = decided.into_values().find_map(|decision| match decision {
            Decision::Need(need) => Some(need.statements.clone()),
            _ => None,
        });
        let Some(statements) = needs else { return false };
        let (db, ctx, keys) = (&past.on.db, past.ctx(), &past.on.keys);
        if purpose != "vital" {
            affirmation::affirm(db, &ctx, by, person, &statements).await.unwrap();
            continue;
        }
        let reason = Sensitive::new("She does not answer.".to_owned());
        emergency::open(db, &ctx, keys, by, person, &reason, &statements).await.unwrap();
    }
    false
}

pub(crate) async fn fire(past: &Past) {
    let handlers = due::handlers(&past.on.keys);
    let runner = handlers.into_iter().fold(Runner::default(), Runner::with);
    for _ in 0..3 {
        runner.run_once(&past.on.db, past.ctx()).await.unwrap();
    }
}

pub(crate) async fn asked(past: &Past, holder: &str) -> Vec<AskedBack> {
    let holder = word(holder);
    let read = async |s: &mut Snapshot| wrong_person::open(s, &holder).await;
    past.on.db.snapshot("test.asked", read).await.unwrap()
}

/// What stands on a person's stream about what was asked back, oldest first.
pub(crate) async fn told(past: &Past, person: PersonId) -> Vec<Value> {
    let read = async |s: &mut Snapshot| {
        Ok::<_, Error>(person_stream(s, &past.on.keys, person, None).await?)
    };
    let entries = past.on.db.snapshot("test.told", read).await.unwrap();
    let entries = entries.into_iter().filter_map(|placed| placed.entry);
    let recalled = entries.filter(|entry| entry.kind == EntryKind::Recalled);
    let mut told: Vec<_> = recalled.filter_map(|entry| entry.detail).collect();
    told.reverse();
    told
}

/// The one place in the queue is decided: these are one person. Where it is of the sample that two
/// review, somebody else says so too.
pub(crate) async fn join(past: &Past, by: &Acting, other: PersonId) {
    let second = past.practitioner(("cec", "ops.hub"), None).await;
    if say_same(past, by, other).await != queue::Outcome::Done {
        assert_eq!(say_same(past, &second, other).await, queue::Outcome::Done);
    }
}

async fn say_same(past: &Past, by: &Acting, other: PersonId) -> queue::Outcome {
    let (ctx, why) = (past.ctx(), Why::new("by telephone").unwrap());
    let keys = &past.on.keys;
    let work = async |tx: &mut Tx| {
        let place = queue::list(tx, by.practitioner, None).await?.remove(0);
        let (at, answer) = ((place.person, place.id), Said::Same(other));
        queue::decide(tx, &ctx, keys, &[], at, answer, (by, &why)).await
    };
    past.on.db.write("test.join", work).await.unwrap()
}

pub(crate) async fn part(past: &Past, by: &Acting, person: PersonId) {
    let (ctx, why) = (past.ctx(), Why::new("they are sisters").unwrap());
    let work = async |tx: &mut Tx| {
        for link in ken_person::links(tx, person).await? {
            ken_person::unlink(tx, &ctx, &past.on.keys, link.person, link.id, by, &why).await?;
        }
        Ok::<_, ken_person::Error>(())
    };
    past.on.db.write("test.part", work).await.unwrap();
}

/// Its own officer answers, once, and both people's ledgers say so.
async fn answered_once(past: &Past, one: &AskedBack, both: [PersonId; 2]) {
    let engine = past.on.engine;
    let lead = past.practitioner(("nhsl", "ig.lead"), None).await;
    let elsewhere = past.practitioner(("cec", "ig.lead"), None).await;
    let answer = async |by: &Acting, answer, reason: &str| {
        let what = (one.person, one.parting, answer, reason);
        wrong_person::answer(&past.on.db, &past.ctx(), &past.on.keys, by, what).await.unwrap()
    };
    assert!(!answer(&lead, Answer::Kept, " ").await, "{engine}: why it is kept is said");
    assert!(!answer(&elsewhere, Answer::Deleted, "").await, "{engine}: not theirs");
    assert!(answer(&lead, Answer::Deleted, "").await, "{engine}");
    assert!(!answer(&lead, Answer::Nothing, "").await, "{engine}: once");
    assert!(asked(past, "nhsl").await.is_empty(), "{engine}");
    for person in both {
        let last = told(past, person).await.pop().unwrap();
        assert_eq!(last["answer"], "deleted", "{engine}");
    }
}

#[tokio::test]
async fn what_was_shown_of_the_wrong_person_is_asked_back_once() {
    for on in engines(&LISTS).await {
        let engine = on.engine;
        let past = Past::begin(on, 7, 0).await;
        let minute = SignedDuration::from_mins(1);
        let isla = known(&past, "practice", "1", true, "medication").await;
        let other = known(&past, "cec", "9", false, "care-plan").await;
        assert_ne!(isla, other, "{engine}");
        // The hospital has to do with Isla alone, out of hours with both, the council with its own.
        for (person, body) in [(isla, "nhsl"), (isla, "ooh"), (other, "ooh"), (other, "cec")] {
            relate(&past, person, body).await;
        }
        let steward = past.practitioner(("cec", "ops.hub"), None).await;
        let ward = past.practitioner(("nhsl", "nhs.ed"), None).await;
        let night = past.practitioner(("ooh", "ooh.clinician"), None).await;
        // What was seen before they were one is nobody's fault.
        assert!(looks(&past, &ward, isla, "direct-care").await, "{engine}");
        past.pass(minute).await;
        join(&past, &steward, isla).await;
        past.pass(minute).await;
        for by in [&ward, &night] {
            for person in [isla, other] {
                assert!(looks(&past, by, person, "vital").await, "{engine}: {}", by.organisation);
            }
        }
        past.pass(minute).await;
        part(&past, &steward, other).await;
        past.pass(minute).await;
        assert!(looks(&past, &night, other, "vital").await, "{engine}: after they are two");
        assert!(asked(&past, "nhsl").await.is_empty(), "{engine}: not before the timer");
        fire(&past).await;

        let ward_owes = asked(&past, "nhsl").await;
        let [one] = ward_owes.as_slice() else { panic!("{engine}: {ward_owes:?}") };
        assert_eq!((one.person, one.times, one.is_whole), (other, 1, true), "{engine}");
        assert_eq!(one.kinds, [(word("cec"), word("care-plan"))], "{engine}: what is held");
        assert_eq!(one.by, [ward.practitioner], "{engine}");
        // Of whom out of hours meant, the registers do not tell: what it saw of both.
        let night_owes: BTreeSet<_> =
            asked(&past, "ooh").await.into_iter().map(|one| (one.person, one.times)).collect();
        assert_eq!(night_owes, BTreeSet::from([(isla, 1), (other, 1)]), "{engine}");
        for nobody in ["cec", "practice"] {
            assert!(asked(&past, nobody).await.is_empty(), "{engine}: {nobody} saw its own");
        }
        for person in [isla, other] {
            let told = told(&past, person).await;
            let from: Vec<_> = told.iter().map(|one| one["from"].as_str().unwrap()).collect();
            assert_eq!(from.len(), 3, "{engine}: {told:?}");
            assert!(from.contains(&"nhsl") && from.contains(&"ooh"), "{engine}");
        }

        answered_once(&past, one, [isla, other]).await;
        fire(&past).await;
        assert_eq!(told(&past, other).await.len(), 4, "{engine}: asked once, answered once");
    }
}

/// Stopped for good, the asking back is still owed: the timer is in the write that parts the two.
#[tokio::test]
async fn what_is_parted_is_owed_whatever_stops() {
    for on in engines(&LISTS).await {
        let past = Past::begin(on, 8, 0).await;
        let isla = known(&past, "practice", "1", true, "medication").await;
        let other = known(&past, "cec", "9", false, "care-plan").await;
        let steward = past.practitioner(("cec", "ops.hub"), None).await;
        join(&past, &steward, isla).await;
        part(&past, &steward, other).await;
        let waits = async |s: &mut Snapshot| {
            Ok::<_, Error>(ken_store::timer::next(s, ken_person::PARTED).await?)
        };
        let waits = past.on.db.snapshot("test.waits", waits).await.unwrap();
        assert_eq!(waits, Some(past.ctx().clock.now()), "{}", past.on.engine);
    }
}
