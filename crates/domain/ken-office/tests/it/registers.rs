//! The registers, the public's answer, and saved questions that stop a signature.

use std::collections::BTreeSet;

use ken_agreement::Instrument;
use ken_office::register::{self, Register, System, Written};
use ken_office::signing::{self, Attempt};
use ken_office::simulate::{self, Answer, Question};
use ken_office::{agreement, matrix};
use ken_sharing::signing::Clearance;
use ken_store::Snapshot;

use crate::world::{World, id, worlds};

async fn contacts(world: &World) -> Vec<register::Entry> {
    let read = async |s: &mut Snapshot| register::list(s, Register::Contact).await;
    world.on.db.snapshot("test.contacts", read).await.unwrap()
}

#[tokio::test]
async fn a_contact_grows_stale_until_its_own_organisation_confirms_it() {
    for world in worlds().await {
        let (db, keys, by) = (&world.on.db, &world.on.keys, World::lead("cec"));
        let written = Written {
            name: "Data protection officer".into(),
            owner: "A. Officer".into(),
            detail: "dpo@council.glen.example".into(),
            until: None,
            about: None,
            duties: BTreeSet::new(),
        };
        let of = (Register::Contact, &written);
        let entry = register::write(db, &world.ctx(), keys, &by, of).await.unwrap();
        let stale = async || {
            let found = contacts(&world).await;
            let ctx = world.ctx();
            found[0].is_stale(ctx.clock.now(), ctx.clock.today())
        };
        assert!(!stale().await);
        world.clock.set("2027-12-01T09:00:00Z".parse().unwrap());
        assert!(stale().await, "{}", world.on.engine);
        let other = World::lead("nhsl");
        assert!(!register::confirm(db, &world.ctx(), &other, entry).await.unwrap());
        assert!(stale().await);
        assert!(register::confirm(db, &world.ctx(), &by, entry).await.unwrap());
        assert!(!stale().await);
        assert!(!register::remove(db, &world.ctx(), keys, &other, entry).await.unwrap());
        assert!(register::remove(db, &world.ctx(), keys, &by, entry).await.unwrap());
        assert!(contacts(&world).await.is_empty());
    }
}

#[tokio::test]
async fn a_system_has_an_owner_while_its_own_organisation_says_so() {
    for world in worlds().await {
        let (db, keys) = (&world.on.db, &world.on.keys);
        let system = |of: &str| System { organisation: id(of), id: "swis".into(), name: of.into() };
        let systems = [system("cec"), system("nhsl")];
        let unowned = async || {
            let read = async |s: &mut Snapshot| register::list(s, Register::Asset).await;
            let assets = db.snapshot("test.assets", read).await.unwrap();
            let now = (world.ctx().clock.now(), world.ctx().clock.today());
            let found = register::unowned(&systems, &assets, now);
            found.into_iter().map(|one| one.name.clone()).collect::<Vec<_>>()
        };
        let written = |about: Option<&str>| Written {
            name: "Social work system".into(),
            owner: "Head of service".into(),
            detail: "Plans".into(),
            until: None,
            about: about.map(str::to_owned),
            duties: BTreeSet::new(),
        };
        let write = async |by: &str, about| {
            let (by, written) = (World::lead(by), written(about));
            let of = (Register::Asset, &written);
            register::write(db, &world.ctx(), keys, &by, of).await.unwrap()
        };
        assert_eq!(unowned().await, ["cec", "nhsl"], "{}", world.on.engine);
        write("cec", None).await;
        assert_eq!(unowned().await, ["cec", "nhsl"], "an entry that names no system owns none");
        let entry = write("cec", Some("swis")).await;
        assert_eq!(unowned().await, ["nhsl"], "an entry owns a system of its organisation alone");
        world.clock.set("2027-12-01T09:00:00Z".parse().unwrap());
        assert_eq!(unowned().await, ["cec", "nhsl"], "nobody has confirmed it for half a year");
        let by = World::lead("cec");
        assert!(register::confirm(db, &world.ctx(), &by, entry).await.unwrap());
        assert_eq!(unowned().await, ["nhsl"]);
    }
}

#[tokio::test]
async fn the_public_reads_who_shares_what_and_how_much_is_withheld() {
    for world in worlds().await {
        let (db, keys, hash) = (&world.on.db, &world.on.keys, world.concern.clone());
        world.clear(&hash, Clearance::Notice).await;
        world.clear(&hash, Clearance::Assessment).await;
        world.sign("police", &hash).await;
        let (police, concern) = (id("police"), "concern".parse().unwrap());
        let today = world.ctx().clock.today();
        let shares = async || {
            let all = world.instruments().await;
            let found = register::shares(&all, &police, &concern, today).unwrap().unwrap();
            found.keys().map(|body| body.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert!(shares().await.is_empty(), "nobody else has signed");
        world.sign("cec", &hash).await;
        assert_eq!(shares().await, ["cec"], "{}", world.on.engine);
        let count = async || {
            let all = world.instruments().await;
            let read = async |s: &mut Snapshot| register::withheld(s).await;
            let withheld = db.snapshot("test.withheld", read).await.unwrap();
            let public = register::public(&all, &withheld);
            (public.shown.len(), public.withheld)
        };
        assert_eq!(count().await, (1, 0));
        let by = World::lead("cec");
        let why = (&hash, Some("An inquiry"));
        register::withhold(db, &world.ctx(), keys, &by, why).await.unwrap();
        assert_eq!(count().await, (0, 1));
        register::withhold(db, &world.ctx(), keys, &by, (&hash, None)).await.unwrap();
        assert_eq!(count().await, (1, 0));
    }
}

#[tokio::test]
async fn a_version_that_answers_a_saved_question_otherwise_is_not_signed() {
    for world in worlds().await {
        let (db, keys, by) = (&world.on.db, &world.on.keys, World::lead("cec"));
        let question = Question {
            from: id("police"),
            to: (id("cec"), "sw.duty".parse().unwrap()),
            category: "concern".parse().unwrap(),
            purpose: "asp-inquiry".parse().unwrap(),
            action: ken_sharing::Action::Push,
            facts_hold: true,
            words_affirmed: true,
        };
        let text = include_str!("../../../../../agreements/glen-asp-concern.toml");
        let mut next = Instrument::parse(text).unwrap();
        let name = next.agreement.id.to_string();
        let all = world.instruments().await;
        let of = agreement::find(&all, &world.concern).unwrap();
        let ready = matrix::ready(&of.instrument, &all, world.ctx().clock.today()).unwrap();
        let answer = simulate::ask(&ready, &question).unwrap().answer;
        assert_eq!(answer, Answer::Yes);
        simulate::save(db, &world.ctx(), &by, &name, (&question, answer)).await.unwrap();
        next.agreement.version = "9".parse().unwrap();
        next.clauses.retain(|clause| clause.id.as_str() != "C1");
        let hash = world.register(&next).await;
        for hash in [&hash, &world.concern] {
            world.clear(hash, Clearance::Notice).await;
            world.clear(hash, Clearance::Assessment).await;
        }
        assert_eq!(world.sign("cec", &world.concern).await, Attempt::Signed);
        let got = world.sign("cec", &hash).await;
        assert_eq!(got, Attempt::AnswersChanged(1), "{}", world.on.engine);
        simulate::save(db, &world.ctx(), &by, &name, (&question, Answer::No)).await.unwrap();
        let of = (&hash, World::confirmed(&by, &hash));
        let got = signing::sign_kept(db, &world.ctx(), keys, &by, of).await.unwrap();
        assert_eq!(got, Attempt::Signed, "the new answer was accepted");
    }
}
