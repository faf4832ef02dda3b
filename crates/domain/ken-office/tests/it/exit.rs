//! Leaving over both engines: what is asked back stands on each holder's list until it is answered.

use ken_agreement::{Day, Instrument, OnExit};
use ken_office::exit::{self, Answer, Recall};
use ken_sharing::departure::{self, Leaving};
use ken_store::Snapshot;

use crate::world::{World, id, worlds};

async fn recalls(world: &World, holder: &str) -> Vec<Recall> {
    let holder = id(holder);
    let read = async |s: &mut Snapshot| exit::recalls(s, &holder).await;
    world.on.db.snapshot("test.recalls", read).await.unwrap()
}

#[tokio::test]
async fn what_is_asked_back_stands_until_its_holder_answers() {
    let text = include_str!("../../../../../agreements/glen-asp-concern.toml");
    for world in worlds().await {
        let (db, keys, rowan) = (&world.on.db, &world.on.keys, World::lead("rowan"));
        let plain = Instrument::parse(text).unwrap();
        let leave = async |of: &Instrument| {
            let what = (of, Leaving::Withdraws);
            exit::leave(db, &world.ctx(), keys, &rowan, what).await.unwrap()
        };
        assert_eq!(leave(&plain).await.1, OnExit::StopNew);
        assert!(recalls(&world, "cec").await.is_empty(), "{}", world.on.engine);

        let mut of = plain.clone();
        of.agreement.version = "9".parse().unwrap();
        of.lifecycle.on_party_exit = OnExit::StopAndRecall;
        let hash = world.register(&of).await;
        let (day, _) = leave(&of).await;
        let asked = recalls(&world, "cec").await;
        assert_eq!((asked.len(), &asked[0].source), (1, &id("rowan")));
        assert_eq!(asked[0].due, day.0.saturating_add(jiff::Span::new().days(30)));
        let own = recalls(&world, "rowan").await;
        assert!(own.iter().any(|one| one.source == id("cec")), "{own:?}");
        leave(&of).await;
        assert_eq!(recalls(&world, "cec").await.len(), 1, "once");

        let cec = World::lead("cec");
        let answer = async |source: &str, answer, reason: &str| {
            let what = (&hash, &id(source), answer, reason);
            exit::answer(db, &world.ctx(), keys, &cec, what).await.unwrap()
        };
        assert!(!answer("rowan", Answer::Kept, " ").await, "why it is kept is said");
        assert!(!answer("police", Answer::Deleted, "").await, "nothing was asked of it");
        assert!(answer("rowan", Answer::Kept, "An inquiry is open").await);
        assert!(!answer("rowan", Answer::Deleted, "").await, "it was answered");
        let kept = recalls(&world, "cec").await;
        assert_eq!(kept[0].answer, Some((Answer::Kept, "An inquiry is open".to_owned())));
        let entries = world.entries("cec").await;
        let about = |entry: &&serde_json::Value| entry["recall"] == hash.as_str();
        assert_eq!(entries.iter().filter(about).count(), 2, "asked once, answered once");
    }
}

#[tokio::test]
async fn a_contract_is_ended_by_those_whose_it_is_and_as_was_foretold() {
    let text = include_str!("../../../../../agreements/glen-asp-concern.toml");
    for world in worlds().await {
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        let mut of = Instrument::parse(text).unwrap();
        of.agreement.version = "9".parse().unwrap();
        of.lifecycle.on_party_exit = OnExit::StopAndRecall;
        let hash = world.register(&of).await;
        let names = |own: &str| {
            let found = exit::contracted(&of, &id(own));
            found.into_iter().map(|one| one.id.to_string()).collect::<Vec<_>>()
        };
        // The council commissioned the charity; nobody else's contract brought anybody here.
        for (own, want) in [("cec", vec!["rowan"]), ("rowan", vec!["rowan"]), ("nhsl", vec![])] {
            assert_eq!(names(own), want, "{own}");
        }
        let today = world.ctx().clock.today();
        let day = Day(today.saturating_add(jiff::Span::new().days(10)));
        let party = of.party(&id("rowan")).unwrap();
        let told = exit::if_contract_ends(&of, party, day, today);
        assert_eq!(told.from, day);
        assert!(told.loses.iter().any(|line| line.contains("[support-offer]")), "{told:?}");
        assert!(told.recalls.iter().all(|(to, from, _)| [to, from].contains(&&party.id)));
        let past = Day(today.saturating_sub(jiff::Span::new().days(10)));
        assert_eq!(exit::if_contract_ends(&of, party, past, today).from, Day(today));
        let end = async |own: &str, party: &str, day| {
            let (by, party) = (World::lead(own), id(party));
            let what = (&of, &party, day);
            exit::end_contract(db, &world.ctx(), keys, &by, what).await.unwrap()
        };
        assert_eq!(end("nhsl", "rowan", day).await, None, "{engine}: it is not theirs to say");
        assert_eq!(end("cec", "police", day).await, None, "{engine}: no contract brought them");
        let read = async |s: &mut Snapshot| departure::of(s, &hash).await;
        let left = async || db.snapshot("test.left", read).await.unwrap();
        assert!(left().await.is_empty() && recalls(&world, "cec").await.is_empty());
        assert_eq!(end("cec", "rowan", day).await, Some((day, OnExit::StopAndRecall)), "{engine}");
        assert_eq!(end("rowan", "rowan", day).await, None, "{engine}: it is out by then");
        let found = left().await;
        assert_eq!((found.len(), found[0].from, &*found[0].kind), (1, day, "contract-ended"));
        for (holder, source, due) in told.recalls {
            let asked = recalls(&world, holder.as_str()).await;
            let is_asked = |one: &Recall| one.source == source && one.due == due;
            assert!(asked.iter().any(is_asked), "{engine}: {holder} of {source}");
        }
        let said = world.entries("cec").await;
        assert!(said.iter().any(|entry| entry["contract-of"] == "rowan"), "{said:?}");
        let sooner = Day(today);
        assert!(end("rowan", "rowan", sooner).await.is_some(), "{engine}: a sooner day counts");
    }
}
