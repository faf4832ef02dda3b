//! What a source answers at reading time is cut as what is stored is, and under its own permit.

use std::collections::BTreeSet;

use ken_core::PersonId;
use ken_records::{Answered, Error, Visible, disclose_asked, may_show};
use ken_sharing::fact::{self, Grade};
use ken_sharing::{Caller, Decision, Permit, gate};
use ken_store::{Snapshot, Tx};
use serde_json::json;

use crate::world::{World, word, worlds};

/// Leave to ask the board, for a doctor of the practice.
async fn to_ask(world: &World) -> Permit {
    let doctor = world.acting("practice", "gp.doctor");
    let (db, keys) = (&world.databases.db, &world.databases.keys);
    let (question, of) =
        (world.question("direct-care", &["nhsl"]), (&world.gate, Caller::Practitioner(&doctor)));
    let decided = gate::decide_asking(db, &world.ctx(), keys, of, &question).await.unwrap();
    match decided.into_values().next() {
        Some(Decision::Permit(permit)) => permit,
        other => panic!("no leave to ask: {other:?}"),
    }
}

fn answered(of: (PersonId, &str)) -> Answered {
    let one = |category: &str, kind: &str, more: &str| {
        let body = json!({ "resourceType": kind, "subject": { "reference": "Patient/p1" },
            "code": { "text": more }, "encounter": { "reference": "Encounter/CANARY" } });
        (word(category), body)
    };
    let items = vec![
        one("health-summary", "Condition", "Asthma"),
        one("education", "Observation", "CANARY at school"),
        one("health-summary", "Basic", "CANARY of no known type"),
    ];
    Answered::new((of.0, word(of.1)), items)
}

async fn disclosed(world: &World, permit: Permit) -> Result<Vec<Visible>, Error> {
    let answered = answered((world.person, "nhsl"));
    disclose_asked(&world.databases.db, &world.ctx(), permit, answered).await
}

#[tokio::test]
async fn an_answer_is_of_its_source_and_person_and_a_permit_of_its_moment() {
    for world in worlds().await {
        let (engine, db) = (world.databases.engine, &world.databases.db);
        for of in [(world.person, "cec"), (PersonId::draw(&*world.ids), "nhsl")] {
            let permit = to_ask(&world).await;
            let told = disclose_asked(db, &world.ctx(), permit, answered(of)).await;
            assert!(matches!(told, Err(Error::Stale)), "{engine}");
        }
        let permit = to_ask(&world).await;
        world.wait(jiff::SignedDuration::from_secs(31)).await;
        assert!(matches!(disclosed(&world, permit).await, Err(Error::Stale)), "{engine}");
    }
}

#[tokio::test]
async fn nothing_is_asked_for_that_could_not_be_shown() {
    for world in worlds().await {
        let permit = to_ask(&world).await;
        let can = |category: &str, kind: &str| may_show(&permit, &word(category), kind);
        assert!(can("health-summary", "Condition"), "{}", world.databases.engine);
        for (category, kind) in [
            ("health-summary", "Encounter"),
            ("education", "Observation"),
            ("no-such", "Condition"),
        ] {
            assert!(!can(category, kind), "{}: {kind}", world.databases.engine);
        }
    }
}

#[tokio::test]
async fn what_is_answered_is_cut_to_what_the_clause_covers() {
    for world in worlds().await {
        let permit = to_ask(&world).await;
        let seen = disclosed(&world, permit).await.unwrap();
        let of: Vec<_> = seen.iter().map(|one| one.category.as_str()).collect();
        assert_eq!(of, ["health-summary"], "{}", world.databases.engine);
        let body = seen[0].body.to_string();
        assert!(body.contains("Asthma") && !body.contains("CANARY"), "{body}");
        assert!(!seen[0].clauses.is_empty());
    }
}

#[tokio::test]
async fn a_permit_to_ask_reads_nothing_stored_and_one_to_read_nothing_answered() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let permit = to_ask(&world).await;
        let stored = world.read(vec![Decision::Permit(permit)]).await;
        assert!(matches!(stored, Err(Error::Stale)), "{engine}");
        let doctor = world.acting("practice", "gp.doctor");
        for decision in world.ask(&doctor, "direct-care", &["nhsl"]).await {
            let Decision::Permit(permit) = decision else { panic!("{engine}: not permitted") };
            let told = disclosed(&world, permit).await;
            assert!(matches!(told, Err(Error::Stale)), "{engine}");
        }
    }
}

#[tokio::test]
async fn that_a_source_is_asked_stands_on_the_ledger_before_it_is() {
    for world in worlds().await {
        let permit = to_ask(&world).await;
        let (keys, page) = (&world.databases.keys, ken_ledger::Page::default());
        let read =
            async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, world.person, page).await;
        let entries = world.databases.db.snapshot("test.entries", read).await.unwrap();
        let entry = entries.iter().find(|entry| entry.id == permit.entry()).unwrap();
        let detail = entry.detail.as_ref().unwrap();
        assert_eq!(detail["asked"], true, "{}", world.databases.engine);
        assert!(detail["from"]["nhsl"].is_object(), "{detail}");
    }
}

#[tokio::test]
async fn who_objects_while_a_source_is_asked_is_not_shown() {
    for world in worlds().await {
        let permit = to_ask(&world).await;
        let (ctx, person) = (world.ctx(), world.person);
        let object = async |tx: &mut Tx| {
            let guard = tx.lock_people(&BTreeSet::from([person])).await?;
            let objection = ken_core::Fact::new("objection").unwrap();
            fact::record(tx, &ctx, person, &word("cec"), (&objection, Grade::Confirmed)).await?;
            guard.bump(tx).await?;
            Ok::<_, ken_sharing::Error>(())
        };
        world.databases.db.write("test.object", object).await.unwrap();
        let told = disclosed(&world, permit).await;
        assert!(matches!(told, Err(Error::Stale)), "{}", world.databases.engine);
    }
}

/// What is seen of a plan that says where somebody is to be met.
async fn plan(world: &World) -> String {
    let body = json!({ "resourceType": "CarePlan", "subject": { "reference": "Patient/p1" },
        "title": "Help at home", "activity": [{ "detail": { "description": "Walks",
            "location": { "display": "PLACE" } } }] });
    let answered = Answered::new((world.person, word("nhsl")), vec![(word("care-plan"), body)]);
    let permit = to_ask(world).await;
    let seen = disclose_asked(&world.databases.db, &world.ctx(), permit, answered).await.unwrap();
    seen.iter().map(|one| one.body.to_string()).collect()
}

#[tokio::test]
async fn a_protected_address_is_in_no_answer_either() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let seen = plan(&world).await;
        assert!(seen.contains("PLACE"), "{engine}: without protection it is there: {seen}");
        let (ctx, person) = (world.ctx(), world.person);
        let protect = async |tx: &mut Tx| {
            let guard = tx.lock_people(&BTreeSet::from([person])).await?;
            let protected = ken_core::Fact::new("protected-address").unwrap();
            fact::record(tx, &ctx, person, &word("cec"), (&protected, Grade::Claimed)).await?;
            guard.bump(tx).await?;
            Ok::<_, ken_sharing::Error>(())
        };
        world.databases.db.write("test.protect", protect).await.unwrap();
        let seen = plan(&world).await;
        assert!(seen.contains("Walks") && !seen.contains("PLACE"), "{engine}: {seen}");
    }
}
