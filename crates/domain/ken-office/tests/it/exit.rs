//! Leaving over both engines: what is asked back stands on each holder's list until it is answered.

use ken_agreement::{Instrument, OnExit};
use ken_office::exit::{self, Answer, Recall};
use ken_sharing::departure::Leaving;
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
