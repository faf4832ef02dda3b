//! Recommendations over both engines: imported whole, given to somebody, shown, closed.

use ken_core::EntryId;
use ken_office::recommend::{self, List, Outcome, Refusal, Step};
use ken_store::Snapshot;

use crate::world::{World, id, worlds};

async fn lists(world: &World, of: &str) -> Vec<List> {
    let of = id(of);
    let read = async |s: &mut Snapshot| recommend::lists(s, &of).await;
    world.on.db.snapshot("test.lists", read).await.unwrap()
}

async fn step(
    world: &World,
    by: &str,
    which: (EntryId, &str),
    step: Step<'_>,
) -> Result<(), Refusal> {
    let (db, keys, by) = (&world.on.db, &world.on.keys, World::lead(by));
    recommend::step(db, &world.ctx(), keys, &by, (which, step)).await.unwrap()
}

#[tokio::test]
async fn a_recommendation_is_closed_only_with_evidence() {
    for world in worlds().await {
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        let by = World::lead("cec");
        let items = recommend::read("1,Share sooner\n2,Say why,SIRO,2027-05-01").unwrap();
        let import = async |what: (&str, &str)| {
            let what = (what.0, what.1, &*items);
            recommend::import(db, &world.ctx(), keys, &by, what).await.unwrap()
        };
        assert_eq!(import(("", "An inspectorate")).await, Err(Refusal::NoWords));
        let list = import(("An inspection", "An inspectorate")).await.unwrap();
        let today = world.ctx().clock.today();
        let [one] = &*lists(&world, "cec").await else { panic!("{engine}") };
        assert_eq!((one.open(), one.late(today)), (2, 1), "{engine}");
        assert_eq!(lists(&world, "nhsl").await, [], "{engine}: another's is not shown");

        let first = (list, "1");
        let done = Step::Close(Outcome::Done);
        assert_eq!(step(&world, "cec", first, done).await, Err(Refusal::NoEvidence), "{engine}");
        assert_eq!(step(&world, "nhsl", first, done).await, Err(Refusal::NotFound));
        assert_eq!(step(&world, "cec", (list, "3"), done).await, Err(Refusal::NotFound));
        assert_eq!(step(&world, "cec", first, Step::Prove(" ")).await, Err(Refusal::NoWords));
        let assign = Step::Assign("Head of service", Some(today));
        assert_eq!(step(&world, "cec", first, assign).await, Ok(()));
        let shows = "Minute of 3 May";
        assert_eq!(step(&world, "cec", first, Step::Prove(shows)).await, Ok(()), "{engine}");
        let entered = world.entries("cec").await.len();
        assert_eq!(step(&world, "cec", first, done).await, Ok(()), "{engine}");
        assert_eq!(world.entries("cec").await.len(), entered + 1, "{engine}: on the ledger");
        // What is closed is not changed, but opened again.
        for late in [done, assign, Step::Prove(shows)] {
            assert_eq!(step(&world, "cec", first, late).await, Err(Refusal::NotFound), "{engine}");
        }
        assert_eq!(world.entries("cec").await.len(), entered + 1, "{engine}: nothing else");
        let [one] = &*lists(&world, "cec").await else { panic!("{engine}") };
        assert!(matches!(one.items[0].closed, Some((Outcome::Done, _, who))
            if who == by.practitioner));
        assert_eq!(one.items[0].owner.as_deref(), Some("Head of service"));
        assert_eq!(step(&world, "cec", first, Step::Reopen).await, Ok(()));
        assert_eq!(step(&world, "cec", first, Step::Reopen).await, Err(Refusal::NotFound));
        assert_eq!(step(&world, "cec", first, Step::Close(Outcome::NotDone)).await, Ok(()));
        let own = id("cec");
        let read = async |s: &mut Snapshot| recommend::evidence(s, (&own, list)).await;
        let evidence = db.snapshot("test.evidence", read).await.unwrap();
        assert!(evidence.iter().all(|of| of.says == shows && of.number == "1"), "{engine}");
        assert_eq!(evidence.len(), 1, "{engine}");
    }
}
