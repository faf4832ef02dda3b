//! Two people taken for one: what was shown of the wrong one is asked back from whoever saw it.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_core::identifier::{Chi, Identifier, LocalIdentifier};
use ken_core::{Category, PersonId, Sensitive};
use ken_directory::Acting;
use ken_ledger::{EntryKind, Page, person_stream};
use ken_office::wrong_person::{self, Answer, AskedBack};
use ken_office::{Error, due};
use ken_person::{Answer as Said, Demographics, SourceRecord, Why, identify, queue};
use ken_sharing::fact::Grade;
use ken_sharing::relationship::{self, NewRelationship};
use ken_sharing::{Action, Caller, Decision, Question, RowClass, class, emergency};
use ken_store::timer::Runner;
use ken_store::{Snapshot, Tx};
use ken_testkit::engines;
use serde_json::Value;

use crate::history::{LISTS, Past, word};

/// Somebody whom a source names, of whom it holds one kind of information.
async fn known(past: &Past, source: &str, number: &str, chi: bool, kind: &str) -> PersonId {
    let local = LocalIdentifier::new("urn:test:number", number).unwrap();
    let record = SourceRecord { organisation: word(source), local };
    let says = Demographics {
        given: Sensitive::new("Isla".to_owned()),
        family: Sensitive::new("Sample".to_owned()),
        born: "2017-03-14".parse().ok(),
        identifiers: chi.then(|| Identifier::Chi(Chi::impossible(1))).into_iter().collect(),
        ..Demographics::from_source(record)
    };
    let ctx = past.ctx();
    let found = past.on.db.write("test.identify", async |tx: &mut Tx| {
        identify(tx, &ctx, &past.on.keys, &ken_person::Index::new(), &says).await
    });
    let person = found.await.unwrap().person();
    let class = RowClass {
        category: word(kind),
        labels: BTreeSet::new(),
        source: word(source),
        lineage: BTreeSet::new(),
    };
    past.write(async |tx| Ok(class::note_held(tx, person, &class).await.map(drop)?)).await;
    person
}

async fn relate(past: &Past, person: PersonId, organisation: &str) {
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

/// Looks at a person; whether anything was permitted. An emergency is opened.
async fn looks(past: &Past, by: &Acting, person: PersonId, purpose: &str) -> bool {
    let kinds = ["core", "identifiers", "medication", "health-record", "care-plan"];
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
        let reason = Sensitive::new("She does not answer.".to_owned());
        emergency::open(db, &ctx, keys, by, person, &reason, &statements).await.unwrap();
    }
    false
}

async fn fire(past: &Past) {
    let handlers = due::handlers(&past.on.keys);
    let runner = handlers.into_iter().fold(Runner::default(), Runner::with);
    for _ in 0..3 {
        runner.run_once(&past.on.db, past.ctx()).await.unwrap();
    }
}

async fn asked(past: &Past, holder: &str) -> Vec<AskedBack> {
    let holder = word(holder);
    let read = async |s: &mut Snapshot| wrong_person::open(s, &holder).await;
    past.on.db.snapshot("test.asked", read).await.unwrap()
}

/// What stands on a person's stream about what was asked back, oldest first.
async fn told(past: &Past, person: PersonId) -> Vec<Value> {
    let page = Page { before: None, limit: 200 };
    let read = async |s: &mut Snapshot| {
        Ok::<_, Error>(person_stream(s, &past.on.keys, person, page).await?)
    };
    let entries = past.on.db.snapshot("test.told", read).await.unwrap();
    let recalled = entries.into_iter().filter(|entry| entry.kind == EntryKind::Recalled);
    let mut told: Vec<_> = recalled.filter_map(|entry| entry.detail).collect();
    told.reverse();
    told
}

/// The one place in the queue is decided: these are one person. Where it is of the sample that two
/// review, somebody else says so too.
async fn join(past: &Past, by: &Acting, other: PersonId) {
    let second = past.practitioner(("cec", "ops.hub"), None).await;
    if say_same(past, by, other).await != queue::Outcome::Done {
        assert_eq!(say_same(past, &second, other).await, queue::Outcome::Done);
    }
}

async fn say_same(past: &Past, by: &Acting, other: PersonId) -> queue::Outcome {
    let (ctx, why) = (past.ctx(), Why::new("by telephone").unwrap());
    let keys = &past.on.keys;
    let work = async |tx: &mut Tx| {
        let place = queue::list(tx, None).await?.remove(0);
        let (at, answer) = ((place.person, place.id), Said::Same(other));
        queue::decide(tx, &ctx, keys, &[], at, answer, (by, &why)).await
    };
    past.on.db.write("test.join", work).await.unwrap()
}

async fn part(past: &Past, by: &Acting, person: PersonId) {
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
