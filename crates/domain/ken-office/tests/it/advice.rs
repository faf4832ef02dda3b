//! Advice on a draft over both engines: who may be asked, who answers, and who reads it.

use jiff::SignedDuration;
use ken_core::EntryId;
use ken_directory::Acting;
use ken_office::drafting::advice::{self, Advice};
use ken_office::drafting::{self, Refusal};
use ken_store::Snapshot;

use crate::drafting::first;
use crate::world::{World, id, worlds};

async fn say(world: &World, of: EntryId, by: &Acting, what: (&str, &str)) -> Result<(), Refusal> {
    let (db, keys, with) = (&world.on.db, &world.on.keys, id(what.0));
    advice::say(db, &world.ctx(), keys, by, (of, &with, what.1)).await.unwrap()
}

/// What a body reads of the advice on a draft: who said what.
async fn read(world: &World, of: EntryId, body: &str) -> Vec<(String, String)> {
    let body = id(body);
    let list = async |s: &mut Snapshot| advice::of(s, (of, &body)).await;
    let said: Vec<Advice> = world.on.db.snapshot("test.advice", list).await.unwrap();
    assert!(said.iter().all(|one| one.asker == id("rowan") && one.adviser == id("nhsl")));
    said.into_iter().map(|one| (one.by.to_string(), one.words)).collect()
}

#[tokio::test]
async fn a_small_body_asks_a_public_one_and_the_two_alone_read_it() {
    for world in worlds().await {
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        let [lead, rowan, nhsl] = ["cec", "rowan", "nhsl"].map(World::lead);
        let text = first().to_toml();
        let draft = drafting::open(db, &world.ctx(), keys, &lead, &text).await.unwrap().unwrap();
        let ask = "May we keep names for a year?";
        let said = async |by: &Acting, what| say(&world, draft, by, what).await;

        // Only a party asks, only a public body is asked, and nobody advises unasked.
        assert_eq!(said(&nhsl, ("rowan", "You should ask us.")).await, Err(Refusal::NotAdviser));
        assert_eq!(said(&rowan, ("rowan", ask)).await, Err(Refusal::NotAdviser));
        assert_eq!(said(&rowan, ("union", ask)).await, Err(Refusal::NotAdviser), "{engine}");
        assert_eq!(said(&World::lead("union"), ("nhsl", ask)).await, Err(Refusal::NotMember));
        assert_eq!(said(&rowan, ("nhsl", "  ")).await, Err(Refusal::NoWords));
        assert_eq!(read(&world, draft, "rowan").await, []);

        assert_eq!(said(&rowan, ("nhsl", ask)).await, Ok(()), "{engine}");
        world.clock.advance(SignedDuration::from_mins(1));
        assert_eq!(said(&nhsl, ("rowan", "For thirty days.")).await, Ok(()), "{engine}");
        world.clock.advance(SignedDuration::from_mins(1));
        assert_eq!(said(&rowan, ("nhsl", "Thank you.")).await, Ok(()));
        let rowan_reads = read(&world, draft, "rowan").await;
        let by: Vec<_> = rowan_reads.iter().map(|(by, _)| by.as_str()).collect();
        assert_eq!(by, ["rowan", "nhsl", "rowan"], "{engine}: {rowan_reads:?}");
        assert_eq!(read(&world, draft, "nhsl").await, rowan_reads, "{engine}: both read the same");
        for other in ["cec", "police"] {
            assert_eq!(read(&world, draft, other).await, [], "{engine}: {other} is not of the two");
        }
        // It stands on the ledger that they spoke, not what they said; the text is as it was.
        let entries = world.entries("rowan").await;
        let spoke = entries.iter().filter(|entry| entry["with"] == "nhsl").count();
        assert_eq!(spoke, 2, "{engine}");
        assert!(entries.iter().all(|entry| !entry.to_string().contains(ask)), "{engine}");
        let find = async |s: &mut Snapshot| drafting::find(s, draft).await;
        let now = db.snapshot("test.draft", find).await.unwrap().unwrap();
        assert_eq!((now.revision, now.of), (1, first()), "{engine}: advice changes nothing");
    }
}
