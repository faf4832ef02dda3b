//! The breach register: the clock over restarts, a processor's report, decisions, and the ledger.

use jiff::{SignedDuration, Timestamp};
use ken_core::{EntryId, OrganisationId, Sensitive};
use ken_directory::{Acting, Organisation, organisation};
use ken_office::breach::{
    self, Breach, DELAY, Did, FIELDS, Group, Kind, New, NewStep, REASON, REPORTS_MAX, Refusal,
    Words,
};
use ken_office::due;
use ken_store::timer::Runner;
use ken_store::{Snapshot, Tx};

use crate::world::{World, id, worlds};

/// What a process does: its runner is made anew each time, as after a restart.
async fn run(world: &World) {
    let handlers = due::handlers(&world.on.keys);
    let runner = handlers.into_iter().fold(Runner::default(), Runner::with);
    for _ in 0..2 {
        runner.run_once(&world.on.db, world.ctx()).await.unwrap();
    }
}

/// Registers whom breaches may concern.
async fn found(world: &World) {
    let register = async |tx: &mut Tx| {
        for of in ["cec", "nhsl", "primary"] {
            let (name, kind) = (format!("Body {of}"), "council".to_owned());
            let new = Organisation { id: id(of), name, kind, contact_phone: "01632 960001".into() };
            organisation::register(tx, &world.ctx(), &new).await?;
        }
        Ok::<_, ken_directory::Error>(())
    };
    world.on.db.write("test.organisations", register).await.unwrap();
}

fn words(fields: &[&str]) -> Sensitive<Words> {
    let said = |field: &&str| ((*field).to_owned(), format!("CANARY {field}"));
    Sensitive::new(fields.iter().map(said).collect())
}

fn new(controller: &str, found: Timestamp) -> New {
    let (controller, kind) = (id(controller), Kind::Disclosure);
    New { controller, kind, found, people: Some(12), words: words(&FIELDS) }
}

async fn record(world: &World, by: &Acting, new: &New) -> Result<EntryId, Refusal> {
    breach::record(&world.on.db, &world.ctx(), &world.on.keys, by, new).await.unwrap()
}

async fn step(world: &World, by: &Acting, id: EntryId, did: Did) -> Result<(), Refusal> {
    let at = world.ctx().clock.now();
    let new = NewStep { did, at, words: words(&[REASON, DELAY]) };
    breach::step(&world.on.db, &world.ctx(), &world.on.keys, by, (id, &new)).await.unwrap()
}

async fn list(world: &World, own: &OrganisationId) -> Vec<Breach> {
    let read = async |s: &mut Snapshot| breach::list(s, own).await;
    world.on.db.snapshot("test.breaches", read).await.unwrap()
}

async fn missed(world: &World) -> usize {
    let entries = world.entries("cec").await;
    entries.iter().filter(|entry| entry.get("missed").is_some()).count()
}

#[tokio::test]
async fn a_breach_is_missed_once_when_72_hours_pass_without_a_decision() {
    for world in worlds().await {
        found(&world).await;
        let (by, engine) = (World::lead("cec"), world.on.engine);
        let (now, hour) = (world.ctx().clock.now(), SignedDuration::from_hours(1));
        let aware = now - hour;
        let one = record(&world, &by, &new("cec", aware)).await.unwrap();
        let other = record(&world, &by, &new("cec", aware)).await.unwrap();
        assert_eq!(step(&world, &by, other, Did::Unlikely).await, Ok(()));
        // Counted from when they became aware, not from when they wrote it down.
        world.clock.set(aware + hour * 72 - SignedDuration::from_secs(1));
        run(&world).await;
        assert_eq!(missed(&world).await, 0, "{engine}");
        world.clock.set(aware + hour * 72);
        run(&world).await;
        run(&world).await;
        assert_eq!(missed(&world).await, 1, "{engine}: once, and not what was decided");
        let found = list(&world, &id("cec")).await;
        let late: Vec<_> = found.iter().filter(|of| of.missed.is_some()).map(|of| of.id).collect();
        assert_eq!(late, [one], "{engine}");
        // What is late is still to be reported, with the reasons.
        assert_eq!(step(&world, &by, one, Did::Closed).await, Err(Refusal::Undecided));
        for did in [Did::Reported, Did::Told, Did::Noted, Did::Closed] {
            assert_eq!(step(&world, &by, one, did).await, Ok(()), "{did:?} on {engine}");
        }
        assert_eq!(step(&world, &by, one, Did::Noted).await, Err(Refusal::Closed));
        assert_eq!(list(&world, &id("cec")).await.last().unwrap().id, one, "closed is last");
    }
}

#[tokio::test]
async fn what_was_known_late_is_late_at_once() {
    for world in worlds().await {
        found(&world).await;
        let by = World::lead("cec");
        let long_ago = world.ctx().clock.now() - SignedDuration::from_hours(100);
        record(&world, &by, &new("cec", long_ago)).await.unwrap();
        run(&world).await;
        assert_eq!(missed(&world).await, 1, "{}", world.on.engine);
    }
}

#[tokio::test]
async fn a_processors_report_stands_on_its_controllers_list_from_that_moment() {
    for world in worlds().await {
        found(&world).await;
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        let (processor, controller) = (World::lead("nhsl"), World::lead("cec"));
        let now = world.ctx().clock.now();
        let reported = new("cec", now - SignedDuration::from_hours(30));
        let one = record(&world, &processor, &reported).await.unwrap();
        let found = list(&world, &id("cec")).await;
        assert_eq!(found.len(), 1, "{engine}");
        assert_eq!(found[0].reporter, Some(id("nhsl")));
        assert_eq!((found[0].aware, found[0].due), (now, now + breach::CLOCK), "told just now");
        assert!(list(&world, &id("nhsl")).await.is_empty(), "it is not the processor's breach");
        let read = async |s: &mut Snapshot| breach::reported(s, &id("nhsl")).await;
        assert_eq!(db.snapshot("test.reported", read).await.unwrap().len(), 1);
        for of in ["cec", "nhsl"] {
            let entries = world.entries(of).await;
            assert!(entries.iter().any(|entry| entry["breach"] == one.to_string()), "{engine}");
            let told = serde_json::to_string(&entries).unwrap();
            assert!(!told.contains("CANARY"), "the ledger has no words: {told}");
        }
        // Whoever reports decides nothing, and nobody else reads it.
        let refused = step(&world, &processor, one, Did::Unlikely).await;
        assert_eq!(refused, Err(Refusal::Unknown), "{engine}");
        assert_eq!(step(&world, &controller, one, Did::Reported).await, Ok(()));
        for (of, many) in [("cec", 2), ("nhsl", 0)] {
            let read = async |s: &mut Snapshot| breach::steps(s, keys, (&id(of), one)).await;
            let steps = db.snapshot("test.steps", read).await.unwrap();
            assert_eq!(steps.len(), many, "{of} on {engine}");
            let said = steps.first().and_then(|step| step.words.as_ref());
            assert_eq!(said.is_some_and(|said| said.reveal()["data"] == "CANARY data"), many > 0);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_so_is_not_recorded() {
    for world in worlds().await {
        found(&world).await;
        let (by, now) = (World::lead("cec"), world.ctx().clock.now());
        let later = new("cec", now + SignedDuration::from_secs(1));
        assert_eq!(record(&world, &by, &later).await, Err(Refusal::When));
        assert_eq!(record(&world, &by, &new("nobody", now)).await, Err(Refusal::Unknown));
        let less = New { people: Some(-1), ..new("cec", now) };
        assert_eq!(record(&world, &by, &less).await, Err(Refusal::People));
        let mute = New { words: words(&FIELDS[..3]), ..new("cec", now) };
        assert_eq!(record(&world, &by, &mute).await, Err(Refusal::Words("measures")));
        let processor = World::lead("nhsl");
        for _ in 0..REPORTS_MAX {
            record(&world, &processor, &new("cec", now)).await.unwrap();
        }
        let more = record(&world, &processor, &new("cec", now)).await;
        assert_eq!(more, Err(Refusal::TooMany), "{}", world.on.engine);
        assert!(record(&world, &by, &new("cec", now)).await.is_ok(), "its own are counted apart");
    }
}

#[tokio::test]
async fn whom_it_concerns_is_counted_by_organisation_and_who_was_told() {
    for world in worlds().await {
        found(&world).await;
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        let by = World::lead("cec");
        let one = record(&world, &by, &new("cec", world.ctx().clock.now())).await.unwrap();
        let count = async |by: &Acting, of: &str, people: i64, told: i64| {
            let group = Group { of: id(of), people, told };
            breach::count(db, &world.ctx(), keys, by, (one, &group)).await.unwrap()
        };
        assert_eq!(count(&by, "cec", 7, 0).await, Ok(()), "{engine}");
        assert_eq!(count(&by, "nhsl", 5, 2).await, Ok(()), "{engine}");
        assert_eq!(count(&by, "cec", 7, 3).await, Ok(()), "{engine}: told since");
        assert_eq!(count(&by, "cec", 7, 8).await, Err(Refusal::People), "{engine}");
        assert_eq!(count(&by, "nowhere", 1, 0).await, Err(Refusal::Unknown), "{engine}");
        let other = World::lead("nhsl");
        assert_eq!(count(&other, "nhsl", 5, 5).await, Err(Refusal::Unknown), "not theirs to count");
        let read = async |s: &mut Snapshot| breach::groups(s, (&by.organisation, one)).await;
        let groups = db.snapshot("test.groups", read).await.unwrap();
        let told: Vec<_> = groups.iter().map(|of| (of.of.as_str(), of.told, of.left())).collect();
        assert_eq!(told, [("cec", 3, 4), ("nhsl", 2, 3)], "{engine}");
        let entries = world.entries("cec").await;
        assert_eq!(entries.iter().filter(|entry| entry.get("of").is_some()).count(), 3, "{engine}");
        for did in [Did::Reported, Did::Told, Did::Closed] {
            assert_eq!(step(&world, &by, one, did).await, Ok(()), "{did:?} on {engine}");
        }
        assert_eq!(count(&by, "cec", 7, 7).await, Err(Refusal::Closed), "{engine}");
    }
}
