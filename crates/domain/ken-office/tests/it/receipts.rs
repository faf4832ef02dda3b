//! Minutes from concern to receipt: measured from filing to acknowledgement, for clauses that ask.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_core::{MessageId, PersonId};
use ken_directory::Acting;
use ken_ledger::{KeyUse, Sealer, SealerSettings, SignerKey, Trust, Turn};
use ken_office::receipts::{self, Line};
use ken_records::{Filing, Under};
use ken_sharing::duty::{self, What};
use ken_sharing::{Decision, RowClass, affirmation};
use ken_store::{Snapshot, Tx};
use serde_json::json;

use crate::due::{look, sign_all, team};
use crate::world::{World, id, worlds_of};

/// Whoever opens a concern about a child acknowledges it within a working day.
fn acknowledged(text: &str) -> String {
    if !text.contains("The team around the child sees a wellbeing concern") {
        return text.to_owned();
    }
    let tell = "obligations = [\"tell-person-unless-exempt\"]";
    let also = "obligations = [\"ack-within:1wd\", \"tell-person-unless-exempt\"]";
    text.replace(tell, also)
}

async fn lately(world: &World) -> Vec<Line> {
    let all = world.instruments().await;
    let (ctx, own) = (world.ctx(), id("practice"));
    let read = async |s: &mut Snapshot| receipts::lately(s, &ctx, &own, &all).await;
    world.on.db.snapshot("test.receipts", read).await.unwrap()
}

/// The school files a concern about a child.
async fn file(world: &World, person: PersonId) {
    let (ctx, keys, source) = (world.ctx(), &world.on.keys, id("primary"));
    let write = async |tx: &mut Tx| {
        let key = ken_records::key_of(tx, keys, person).await?;
        let place =
            ken_records::place(tx, &ctx, person, (&source, &Under::default()), "concern").await?;
        let class = RowClass {
            category: "concern".parse().unwrap(),
            labels: BTreeSet::new(),
            source: source.clone(),
            lineage: BTreeSet::new(),
        };
        let resource = json!({ "resourceType": "DocumentReference", "status": "current",
            "description": "Tired at school", "date": "2027-06-01" });
        let (message, event, told) = (MessageId::draw(ctx.ids), Some(ctx.clock.now()), None);
        let (item_key, under) = ("concern", &Under::default());
        let said = None;
        let filing = Filing { key, item_key, resource, class, message, event, under, told, said };
        ken_records::file(tx, &ctx, keys, place, filing).await
    };
    world.on.db.write("test.file", write).await.unwrap();
}

/// What seals the log: with entries that wait for it, only duties and emergencies would go on.
async fn sealer(world: &World) -> Sealer {
    let (ctx, dir) = (world.ctx(), world.on.dir.path());
    let settings = SealerSettings {
        key: SignerKey::open(&dir.join("log.key"), "glen", KeyUse::Log, &ctx).unwrap(),
        holder: "test".to_owned(),
        trust: Trust::default(),
        memory: dir.join("seen"),
    };
    Sealer::open(&world.on.db, &ctx, settings).await.unwrap()
}

async fn seal(world: &World, sealer: &mut Sealer) {
    let turn = async |sealer: &mut Sealer| sealer.run_once(&world.on.db, &world.ctx()).await;
    while let Turn::Sealed { is_more: true, .. } = turn(sealer).await.unwrap() {}
}

/// A concern is filed, opened half an hour later, and acknowledged after so many minutes more.
async fn concern(world: &World, sealer: &mut Sealer, (number, minutes): (u8, i64)) {
    let (db, keys) = (&world.on.db, &world.on.keys);
    let person = format!("6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5{number:02x}").parse().unwrap();
    let by: Acting = team(world, person).await;
    file(world, person).await;
    world.clock.advance(SignedDuration::from_mins(30));
    seal(world, sealer).await;
    let Decision::Need(need) = look(world, &by, person).await else { panic!("no words") };
    affirmation::affirm(db, &world.ctx(), &by, person, &need.statements).await.unwrap();
    assert!(matches!(look(world, &by, person).await, Decision::Permit(_)));
    let open = async |s: &mut Snapshot| duty::open(s, &id("practice")).await;
    let open = db.snapshot("test.open", open).await.unwrap();
    let is = |one: &&duty::Duty| one.person == person && one.what == What::Acknowledge;
    let one = open.iter().find(is).unwrap();
    world.clock.advance(SignedDuration::from_mins(minutes));
    let which = (person, one.id);
    assert!(duty::fulfil(db, &world.ctx(), keys, &by, (which, None)).await.unwrap());
}

#[tokio::test]
async fn the_median_runs_from_filing_to_receipt_and_few_are_not_told() {
    for world in worlds_of(acknowledged).await {
        let engine = world.on.engine;
        sign_all(&world).await;
        let mut sealer = sealer(&world).await;
        assert_eq!(lately(&world).await, [], "{engine}");
        for one in [(0, 5), (1, 10), (2, 15), (3, 200)] {
            concern(&world, &mut sealer, one).await;
        }
        let line = |found: &[Line]| (found.len(), found[0].minutes, found[0].received);
        assert_eq!(line(&lately(&world).await), (1, None, None), "four people on {engine}");
        concern(&world, &mut sealer, (4, 400)).await;
        // 35, 40, 45, 230 and 430 minutes: one that was forgotten does not move the middle.
        let found = lately(&world).await;
        assert_eq!(line(&found), (1, Some(45), Some(5)), "{engine}");
        assert!(found[0].clause.as_str().ends_with("#W2"), "{found:?}");
        world.clock.advance(SignedDuration::from_hours(24 * 91));
        assert_eq!(lately(&world).await, [], "long ago, on {engine}");
    }
}
