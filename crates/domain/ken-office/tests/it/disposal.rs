//! Disposal: counted first, confirmed by a second officer, removed with its keys, and certified.

use std::sync::Arc;

use jiff::SignedDuration;
use ken_core::{EntryId, PractitionerId, Sensitive};
use ken_directory::{Acting, Organisation, organisation};
use ken_hub::{Hub, Mode, Source};
use ken_office::breach::{self, Did, FIELDS, Group, Kind, New, NewStep, REASON, Words};
use ken_office::disposal::{self, Certificate, Disposal, RecordSet, Refusal};
use ken_store::{Snapshot, Tx};

use crate::world::{World, id, worlds};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A second officer of the council.
fn second() -> Acting {
    let other: PractitionerId = "0190163d-8694-739b-aea5-966c26f8ad01".parse().unwrap();
    Acting { practitioner: other, ..World::lead("cec") }
}

fn words(fields: &[&str]) -> Sensitive<Words> {
    let said = |field: &&str| ((*field).to_owned(), format!("CANARY {field}"));
    Sensitive::new(fields.iter().map(said).collect())
}

/// A breach of the council, closed unless it stays open.
async fn breach(world: &World, is_closed: bool) -> EntryId {
    let (db, keys, by) = (&world.on.db, &world.on.keys, World::lead("cec"));
    let at = world.ctx().clock.now();
    let controller = by.organisation.clone();
    let words_of = words(&FIELDS);
    let new = New { controller, kind: Kind::Loss, found: at, people: None, words: words_of };
    let one = breach::record(db, &world.ctx(), keys, &by, &new).await.unwrap().unwrap();
    let group = Group { of: by.organisation.clone(), people: 3, told: 1 };
    breach::count(db, &world.ctx(), keys, &by, (one, &group)).await.unwrap().unwrap();
    let steps: &[Did] =
        if is_closed { &[Did::Unlikely, Did::NoHighRisk, Did::Closed] } else { &[] };
    for did in steps {
        let step = NewStep { did: *did, at, words: words(&[REASON]) };
        breach::step(db, &world.ctx(), keys, &by, (one, &step)).await.unwrap().unwrap();
    }
    one
}

async fn council(world: &World) {
    let register = async |tx: &mut Tx| {
        let (name, kind) = ("Council".to_owned(), "council".to_owned());
        let new = Organisation { id: id("cec"), name, kind, contact_phone: "01632 960001".into() };
        organisation::register(tx, &world.ctx(), &new).await
    };
    world.on.db.write("test.council", register).await.unwrap();
}

async fn ask(world: &World, by: &Acting, set: RecordSet) -> Result<EntryId, Refusal> {
    disposal::ask(&world.on.db, &world.ctx(), &world.on.keys, by, set).await.unwrap()
}

async fn confirm(world: &World, by: &Acting, one: EntryId) -> Result<(), Refusal> {
    disposal::confirm(&world.on.db, &world.ctx(), &world.on.keys, by, one).await.unwrap()
}

async fn due(world: &World, set: RecordSet) -> i64 {
    let (own, now) = (id("cec"), world.ctx().clock.now());
    let read = async |s: &mut Snapshot| disposal::plan(s, &own, now).await;
    let plan = world.on.db.snapshot("test.plan", read).await.unwrap();
    plan.iter().find(|one| one.set == set).unwrap().due
}

async fn certificate(world: &World, one: EntryId) -> (Disposal, Option<Certificate>) {
    let own = id("cec");
    let read = async |s: &mut Snapshot| {
        let found = disposal::find(s, &own, one).await?.unwrap();
        let says = disposal::certificate(s, &world.on.keys, (&own, &found)).await?;
        Ok::<_, ken_office::Error>((found, says))
    };
    world.on.db.snapshot("test.certificate", read).await.unwrap()
}

#[tokio::test]
async fn a_second_officer_confirms_and_what_is_due_is_gone_with_a_certificate() {
    for world in worlds().await {
        let (engine, set) = (world.on.engine, RecordSet::Breaches);
        council(&world).await;
        let oldest = breach(&world, true).await;
        breach(&world, false).await;
        world.clock.advance(DAY * 1000);
        breach(&world, true).await;
        let (first, second) = (World::lead("cec"), second());
        assert_eq!(ask(&world, &first, set).await, Err(Refusal::Nothing), "{engine}");
        world.clock.advance(DAY * 1190);
        assert_eq!(due(&world, set).await, 1, "{engine}: closed, and long enough ago");
        let one = ask(&world, &first, set).await.unwrap();
        assert_eq!(ask(&world, &second, set).await, Err(Refusal::Waits));
        assert_eq!(confirm(&world, &first, one).await, Err(Refusal::Own), "{engine}");
        assert_eq!(confirm(&world, &World::lead("nhsl"), one).await, Err(Refusal::Unknown));
        let why = Some("An inquiry");
        let (db, keys) = (&world.on.db, &world.on.keys);
        disposal::hold(db, &world.ctx(), keys, &second, (set, why)).await.unwrap().unwrap();
        assert_eq!(confirm(&world, &second, one).await, Err(Refusal::Held), "{engine}");
        disposal::hold(db, &world.ctx(), keys, &second, (set, None)).await.unwrap().unwrap();
        assert_eq!(due(&world, set).await, 1, "nothing was removed yet");
        assert_eq!(confirm(&world, &second, one).await, Ok(()), "{engine}");
        assert_eq!(confirm(&world, &second, one).await, Err(Refusal::Unknown), "once");
        assert_eq!(due(&world, set).await, 0);
        let read = async |s: &mut Snapshot| breach::list(s, &id("cec")).await;
        assert_eq!(db.snapshot("test.left", read).await.unwrap().len(), 2, "{engine}");
        let counted = async |s: &mut Snapshot| breach::groups(s, (&id("cec"), oldest)).await;
        assert_eq!(db.snapshot("test.counted", counted).await.unwrap(), [], "{engine}: with it");
        let (found, says) = certificate(&world, one).await;
        assert_eq!(says, Some(Certificate::Stands(None)), "{engine}");
        let done = found.done.unwrap();
        assert_eq!((done.removed, done.by, found.counted), (1, second.practitioner, 1));
        // The key is destroyed already: nothing is left for the next start.
        assert_eq!(ken_ledger::replay_erasures(db, keys).await.unwrap(), 0, "{engine}");
        let entries = world.entries("cec").await;
        let of = entries.iter().find(|entry| entry.get("removed").is_some()).unwrap();
        assert_eq!(of["keys"].as_array().unwrap().len(), 1, "{of}");
        assert_eq!(of["rule"], "breaches/closed+2190d");
    }
}

#[tokio::test]
async fn closed_messages_of_ones_own_systems_go_and_those_that_wait_stay() {
    for world in worlds().await {
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        for (source, of) in [("swis", "cec"), ("trak", "nhsl")] {
            let source = Source {
                id: source.to_owned(),
                organisation: id(of),
                name: source.to_owned(),
                sending_app: source.to_uppercase(),
                sending_facility: "GLEN".to_owned(),
                mode: Mode::Original,
                relationship: None,
                is_trusted: false,
                is_training: false,
            };
            ken_hub::register(db, &source).await.unwrap();
        }
        let (clock, ids) = (world.clock.clone(), Arc::clone(&world.ids));
        let hub = Hub::open(db.clone(), keys.clone(), clock, ids).await.unwrap();
        for (app, number) in [("SWIS", 1), ("SWIS", 2), ("TRAK", 3)] {
            let text = format!(
                "MSH|^~\\&|{app}|GLEN|KEN|GLEN|20270601||ADT^A01^ADT_A01|{number}|P|2.4\rPID|1\r"
            );
            hub.accept(text.as_bytes()).await;
        }
        let held = ken_hub::held(db).await.unwrap();
        assert_eq!(held.len(), 3, "{held:?} on {engine}");
        for one in held.iter().filter(|one| one.control_id != "2") {
            let of = if one.source.as_deref() == Some("swis") { "cec" } else { "nhsl" };
            let (by, why) =
                (World::lead(of), ken_person::Why::new("It was asked for anew").unwrap());
            let how = (ken_hub::How::ByHand, &why);
            ken_hub::close_held(db, &world.ctx(), (keys, hub.index()), one.id, &by, how)
                .await
                .unwrap();
        }
        let set = RecordSet::HeldMessages;
        world.clock.advance(DAY * 364);
        assert_eq!(due(&world, set).await, 0, "{engine}");
        world.clock.advance(DAY);
        assert_eq!(due(&world, set).await, 1, "one's own, and closed: {engine}");
        let one = ask(&world, &World::lead("cec"), set).await.unwrap();
        assert_eq!(confirm(&world, &second(), one).await, Ok(()), "{engine}");
        assert_eq!(due(&world, set).await, 0, "{engine}");
        assert_eq!(ken_hub::held(db).await.unwrap().len(), 1, "what waits stays: {engine}");
        let (own, now) = (id("nhsl"), world.ctx().clock.now());
        let read = async |s: &mut Snapshot| disposal::plan(s, &own, now).await;
        let theirs = db.snapshot("test.theirs", read).await.unwrap();
        assert_eq!(theirs[0].due, 1, "another organisation's stays: {engine}");
        assert_eq!(certificate(&world, one).await.1, Some(Certificate::Stands(None)));
    }
}

#[tokio::test]
async fn a_confirmation_that_waited_a_month_is_asked_for_anew() {
    for world in worlds().await {
        council(&world).await;
        breach(&world, true).await;
        world.clock.advance(DAY * 3000);
        let one = ask(&world, &World::lead("cec"), RecordSet::Breaches).await.unwrap();
        world.clock.advance(DAY * 30);
        assert_eq!(confirm(&world, &second(), one).await, Err(Refusal::Unknown));
        assert!(ask(&world, &second(), RecordSet::Breaches).await.is_ok(), "{}", world.on.engine);
    }
}
