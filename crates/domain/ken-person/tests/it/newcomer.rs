//! One newcomer whom two transactions meet at once: a human is asked, and asked once.

use std::cell::Cell;

use ken_core::{PersonId, Sensitive};
use ken_person::{
    AskedAgain, Demographics, Error, Follower, Identified, Index, ask_again, identify,
};
use ken_store::{Db, Reads as _, Snapshot, Tx};
use tokio::sync::Notify;

use crate::world::{World, says, worlds};

fn living(organisation: &str, number: &str, name: &str) -> Demographics {
    let mut says = says(organisation, number, name, "2017-03-14", &[]);
    says.address = Sensitive::new("3 High Street\nGlen".to_owned());
    says
}

async fn on(
    world: &World,
    db: &Db,
    index: &Index,
    says: &Demographics,
) -> Result<Identified, Error> {
    let work = async |tx: &mut Tx| identify(tx, &world.ctx(), &world.on.keys, index, says).await;
    db.write("test.node", work).await
}

async fn ask(world: &World, db: &Db, follower: &Follower) -> AskedAgain {
    ask_again(db, &world.ctx(), follower).await.unwrap()
}

/// How many connections of this database wait for a lock.
pub(crate) async fn waiting(db: &Db) -> i64 {
    const WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let count = async |s: &mut Snapshot| s.find(WAITING, &[], |row| row.int(0)).await;
    db.snapshot("test.waiting", count).await.unwrap().unwrap()
}

/// Two registrations, of which the first ends when the second has ended, or waits for it.
async fn at_once(world: &World, node: &Db, both: [&Demographics; 2]) -> [Identified; 2] {
    let (made, go_on, is_over) = (Notify::new(), Notify::new(), Cell::new(false));
    let index = Index::new();
    let first = world.on.db.write("test.first", async |tx| {
        let who = identify(tx, &world.ctx(), &world.on.keys, &index, both[0]).await?;
        // What is sent with the next statement is sent.
        ken_person::is_provisional(tx, who.person()).await?;
        made.notify_one();
        go_on.notified().await;
        Ok::<_, Error>(who)
    });
    let second = async {
        made.notified().await;
        let who = on(world, node, &Index::new(), both[1]).await;
        is_over.set(true);
        who
    };
    let watch = async {
        while !is_over.get() && waiting(node).await == 0 {}
        go_on.notify_one();
    };
    let (first, second, ()) = tokio::join!(Box::pin(first), Box::pin(second), watch);
    [first.unwrap(), second.unwrap()]
}

#[tokio::test]
async fn of_two_transactions_that_name_one_newcomer_the_later_asks() {
    for world in worlds().await {
        let Some(node) = world.on.another_node().await else { continue };
        let both = [living("nhsl", "1", "Isla Sample"), living("cec", "2", "ISLA SAMPLE")];
        let [one, other] = at_once(&world, &node, [&both[0], &both[1]]).await;
        assert!(matches!(one, Identified::New(_)), "{one:?}");
        let Identified::Uncertain { provisional, candidates } = other else {
            panic!("nobody is asked: {other:?}")
        };
        assert_eq!(candidates[0].person, one.person());
        let places = world.places().await;
        assert_eq!((places.len(), places[0].person), (1, provisional));
        // Those of another name wait for nobody.
        let both = [living("nhsl", "3", "Ann Other"), living("cec", "4", "Jack Quirk")];
        let both = at_once(&world, &node, [&both[0], &both[1]]).await;
        assert!(both.iter().all(|one| matches!(one, Identified::New(_))), "{both:?}");
    }
}

/// Two who are written differently, neither of whom the other's registration could see.
async fn two_new(world: &World) -> [PersonId; 2] {
    let both = [living("nhsl", "1", "Isla Rose Sample"), living("cec", "2", "Isla Rose Sampel")];
    if let Some(node) = world.on.another_node().await {
        let both = at_once(world, &node, [&both[0], &both[1]]).await;
        assert!(both.iter().all(|one| matches!(one, Identified::New(_))), "{both:?}");
        return both.map(|one| one.person());
    }
    // Where one writes at a time: while the index is filled.
    let [one, other] = both.each_ref().map(|says| world.identify(says));
    let both = [one.await, other.await];
    assert!(both.iter().all(|one| matches!(one, Identified::New(_))), "{both:?}");
    both.map(|one| one.person())
}

#[tokio::test]
async fn a_misspelt_newcomer_of_the_same_moment_is_asked_about_once() {
    for world in worlds().await {
        let engine = world.on.engine;
        let node = world.on.another_node().await.unwrap_or_else(|| world.on.db.clone());
        let (mut one, mut other) = (world.index.follower(), Index::new().follower());
        one.fill(&world.on.db).await.unwrap();
        other.fill(&node).await.unwrap();
        let both = Box::pin(two_new(&world)).await;
        assert!(world.places().await.is_empty(), "{engine}");
        // A node that has not heard of them asks nothing, and takes nothing from the others.
        assert_eq!(ask(&world, &node, &other).await, AskedAgain::default(), "{engine}");
        one.turn(&world.on.db).await.unwrap();
        other.turn(&node).await.unwrap();
        // Both nodes ask at once, and again.
        for _ in 0..2 {
            tokio::join!(ask(&world, &world.on.db, &one), ask(&world, &node, &other));
        }
        let places = world.places().await;
        assert_eq!(places.len(), 1, "{engine}: {places:?}");
        assert_eq!(places[0].candidates.len(), 1, "{engine}");
        let asked = [places[0].person, places[0].candidates[0].person];
        assert!(asked == both || asked == [both[1], both[0]], "{engine}");
        assert!(places[0].needs_second, "{engine}: both were there already");
        assert_eq!(ask(&world, &node, &other).await, AskedAgain::default(), "{engine}");
    }
}

#[tokio::test]
async fn a_node_that_stops_before_it_asks_leaves_the_question() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut first = world.index.follower();
        first.fill(&world.on.db).await.unwrap();
        Box::pin(two_new(&world)).await;
        first.turn(&world.on.db).await.unwrap();
        drop(first);
        // Whoever comes after fills anew, and asks.
        let index = Index::new();
        let mut next = index.follower();
        next.fill(&world.on.db).await.unwrap();
        assert_eq!(ask(&world, &world.on.db, &next).await.people, 2, "{engine}");
        assert_eq!(world.places().await.len(), 1, "{engine}");
    }
}

#[tokio::test]
async fn twins_and_whoever_was_asked_about_are_not_asked_about_again() {
    for world in worlds().await {
        let engine = world.on.engine;
        let mut follower = world.index.follower();
        follower.fill(&world.on.db).await.unwrap();
        world.identify(&living("nhsl", "1", "Isla Rose Sample")).await;
        world.identify(&living("nhsl", "2", "Jack Sample")).await;
        follower.turn(&world.on.db).await.unwrap();
        // One whom her registration asked about.
        let known = world.identify(&living("cec", "3", "Isla Rose Sampel")).await;
        assert!(matches!(known, Identified::Uncertain { .. }), "{engine}: {known:?}");
        let before = world.places().await;
        follower.turn(&world.on.db).await.unwrap();
        assert_eq!(ask(&world, &world.on.db, &follower).await.people, 3, "{engine}");
        assert_eq!(world.places().await, before, "{engine}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_of_one_stops_no_other_question() {
    const SPOIL: &str = "UPDATE person_source SET born = 'no day' WHERE number = 'spoilt'";
    for world in worlds().await {
        let engine = world.on.engine;
        world.identify(&says("ooh", "spoilt", "Una Known", "1950-01-01", &[])).await;
        Box::pin(two_new(&world)).await;
        let mut follower = world.index.follower();
        follower.fill(&world.on.db).await.unwrap();
        follower.turn(&world.on.db).await.unwrap();
        let spoil = async |tx: &mut Tx| tx.execute(SPOIL, &[]).await;
        assert_eq!(world.on.db.write("test.spoil", spoil).await.unwrap(), 1, "{engine}");
        let asked = ask(&world, &world.on.db, &follower).await;
        assert_eq!((asked.people, asked.unread), (3, 1), "{engine}");
        assert_eq!(world.places().await.len(), 1, "{engine}");
        assert_eq!(ask(&world, &world.on.db, &follower).await.people, 0, "{engine}");
    }
}
