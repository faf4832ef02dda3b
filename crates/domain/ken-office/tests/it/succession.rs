//! One text taking another's place: what is foretold, who confirms, and what a signature needs.

use ken_agreement::Instrument;
use ken_office::signing::Attempt;
use ken_office::succession::{self, Confirmation, Foretold};
use ken_sharing::signing::{Clearance, Refusal};

use crate::world::{World, id, worlds};

/// The next version, in which one clause asks for one statement more.
fn next(of: &Instrument) -> Instrument {
    let mut next = of.clone();
    next.agreement.version = "9".parse().unwrap();
    next.lifecycle.supersedes = [of.name()].into();
    let clause = next.clauses.iter_mut().find(|clause| clause.id.as_str() == "C2").unwrap();
    clause.attest.insert("three-point-belief".parse().unwrap());
    next
}

async fn told(world: &World, own: &str, of: &Instrument) -> Option<Foretold> {
    succession::foretell(&world.on.db, &world.ctx(), &id(own), of).await.unwrap()
}

#[tokio::test]
async fn the_lead_confirms_what_a_version_does_before_signing_it() {
    let text = include_str!("../../../../../agreements/glen-asp-concern.toml");
    for world in worlds().await {
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        let old = Instrument::parse(text).unwrap();
        assert_eq!(told(&world, "cec", &old).await, None, "{engine}: it replaces nothing");
        let of = next(&old);
        let hash = world.register(&of).await;
        world.clear(&hash, Clearance::Notice).await;
        world.clear(&hash, Clearance::Assessment).await;
        let first = told(&world, "cec", &of).await.unwrap();
        let [one] = &*first.each else { panic!("{first:?}") };
        assert_eq!((&one.replaces, &one.lead), (&old.name(), &id("cec")));
        let changed = &one.succession.changes.otherwise;
        assert!(matches!(&**changed, [line] if line.starts_with("C2: what must be affirmed")));
        let begins = &one.succession.statements.begins;
        assert!(matches!(&**begins, [line] if line.starts_with("C2: \"I know or believe")));
        assert!(one.succession.duties.goes_on.iter().any(|line| line.starts_with("C1: ")));
        assert_eq!(one.succession.consents.goes_on, ["agreed-referral"]);
        assert!(one.succession.consents.ends.is_empty(), "{one:?}");
        assert!(first.missing.contains(&id("police")) && !first.is_confirmed);
        let confirm = async |own: &str, seen: &str| {
            let what = (&of, seen);
            succession::confirm(db, &world.ctx(), keys, &World::lead(own), what).await.unwrap()
        };
        let seen = first.seen();
        // Whoever does not lead what is replaced signs without it, and confirms nothing.
        assert_eq!(world.sign("police", &hash).await, Attempt::Signed, "{engine}");
        assert_eq!(confirm("police", &seen).await, Confirmation::NotLead, "{engine}");
        let unseen = Attempt::Refused(Refusal::SupersessionUnseen);
        assert_eq!(world.sign("cec", &hash).await, unseen, "{engine}");
        assert_eq!(confirm("cec", "").await, Confirmation::Changed, "{engine}: never read");
        // Somebody's signature meanwhile changes nothing of what was told.
        assert_eq!(confirm("cec", &seen).await, Confirmation::Confirmed, "{engine}");
        let entries = world.entries("cec").await;
        let kept = entries.iter().find(|entry| entry["supersession"] == hash.as_str()).unwrap();
        assert_eq!(kept["replaces"][0], old.name().to_string(), "{engine}");
        assert!(told(&world, "cec", &of).await.unwrap().is_confirmed);
        assert_eq!(world.sign("cec", &hash).await, Attempt::Signed, "{engine}");
    }
}

#[tokio::test]
async fn what_stands_by_name_under_a_replaced_accord_is_foretold_to_stop() {
    let texts = [
        include_str!("../../../../../agreements/scot-accord.toml"),
        include_str!("../../../../../agreements/glen-asp-concern.toml"),
    ];
    for world in worlds().await {
        let [accord, concern] = texts.map(|text| Instrument::parse(text).unwrap());
        let hash = concern.hash();
        world.clear(&hash, Clearance::Notice).await;
        world.clear(&hash, Clearance::Assessment).await;
        assert_eq!(world.sign("police", &hash).await, Attempt::Signed);
        let mut newer = accord.clone();
        newer.agreement.version = "4".parse().unwrap();
        newer.lifecycle.supersedes = [accord.name()].into();
        world.register(&newer).await;
        let lead = newer.agreement.lead_party.to_string();
        let first = told(&world, &lead, &newer).await.unwrap();
        // Another text is signed in between: what is told has changed.
        let mut under = concern.clone();
        under.agreement.id = "glen-other".parse().unwrap();
        under.agreement.title = "Another text".into();
        let other = world.register(&under).await;
        world.clear(&other, Clearance::Notice).await;
        world.clear(&other, Clearance::Assessment).await;
        assert_eq!(world.sign("police", &other).await, Attempt::Signed);
        let (db, keys, by) = (&world.on.db, &world.on.keys, World::lead(&lead));
        let what = (&newer, &*first.seen());
        let confirmed = succession::confirm(db, &world.ctx(), keys, &by, what).await.unwrap();
        assert_eq!(confirmed, Confirmation::Changed, "{}", world.on.engine);
        let again = told(&world, &lead, &newer).await.unwrap();
        let what = (&newer, &*again.seen());
        let confirmed = succession::confirm(db, &world.ctx(), keys, &by, what).await.unwrap();
        assert_eq!(confirmed, Confirmation::Confirmed, "{}", world.on.engine);
        let stops = first.stops.iter().any(|line| line.starts_with(&concern.agreement.title));
        assert!(stops, "{}: {:?}", world.on.engine, first.stops);
        assert!(first.each[0].succession.changes.is_empty());
    }
}
