//! What is damaged, too much or taken back at the same moment stops no registration.

use std::cell::Cell;

use ken_core::{OrganisationId, PersonId};
use ken_person::{
    Demographics, Error, Identified, Index, Reason, UNASKED_KEPT, UNNAMED_MAX, ask_again, holder,
    identify, not_asked, number_links, take_number_back,
};
use ken_store::{Db, Reads as _, Snapshot, Tx, values};
use tokio::sync::Notify;

use crate::newcomer::waiting;
use crate::world::{World, chi, says, worlds};

const SPOIL: &str = "UPDATE person_source SET born = 'no day' WHERE number = 'spoilt'";

async fn execute(world: &World, sql: &'static str) -> u64 {
    let work = async |tx: &mut Tx| tx.execute(sql, &[]).await;
    world.on.db.write("test.change", work).await.unwrap()
}

#[tokio::test]
async fn whoever_cannot_be_read_is_for_a_human_and_stops_no_message() {
    let check = async |world: &World, sent: &Demographics, spoilt: PersonId, why: &str| {
        let engine = world.on.engine;
        let Identified::Uncertain { provisional, candidates } = world.identify(sent).await else {
            panic!("{engine}, {why}: nobody is asked");
        };
        assert_ne!(provisional, spoilt, "{engine}, {why}");
        let unread = candidates.iter().find(|one| one.person == spoilt).unwrap();
        assert!(unread.reasons.contains(&Reason::Unread), "{engine}, {why}");
        let places = world.places().await;
        let place = places.iter().find(|place| place.person == provisional).unwrap();
        let of = place.candidates.iter().find(|one| one.person == spoilt).unwrap();
        assert_eq!(of.reasons, [Reason::Unread].into(), "{engine}, {why}: the place says so");
        // The next message of that number is of whom the first was filed under.
        assert_eq!(world.identify(sent).await, Identified::Known(provisional), "{engine}, {why}");
    };
    for world in worlds().await {
        let engine = world.on.engine;
        let una = says("ooh", "spoilt", "Una Known", "1950-01-01", &[chi(1)]);
        let una = world.identify(&una).await.person();
        assert_eq!(execute(&world, SPOIL).await, 1);
        let of = |source, number, name, chis: &[u64]| {
            let numbers: Vec<_> = chis.iter().copied().map(chi).collect();
            says(source, number, name, "1950-01-01", &numbers)
        };
        check(&world, &of("ooh", "spoilt", "Una Known", &[]), una, "the source's number").await;
        check(&world, &of("nhsl", "1", "Una Other", &[1]), una, "a national number").await;
        check(&world, &of("cec", "2", "Una Known", &[]), una, "a name").await;
        // Whoever is certain by a number of their own is, whatever is damaged of a namesake.
        let jo = of("nhsl", "3", "Jo Sure", &[2]);
        let who = world.identify(&jo).await.person();
        execute(
            &world,
            "UPDATE person_name SET family_key = 'sure', given_key = 'jo'
            WHERE number = 'spoilt'",
        )
        .await;
        let again = of("cec", "4", "Jo Sure", &[2]);
        assert_eq!(world.identify(&again).await, Identified::Known(who), "{engine}");
    }
}

#[tokio::test]
async fn whom_the_index_proposes_and_nobody_can_read_is_for_a_human() {
    for world in worlds().await {
        let engine = world.on.engine;
        let una = says("ooh", "spoilt", "Una Mairi Known", "1950-01-01", &[]);
        let una = world.identify(&una).await.person();
        let mut follower = world.index.follower();
        follower.fill(&world.on.db).await.unwrap();
        assert_eq!(execute(&world, SPOIL).await, 1);
        let like = says("cec", "2", "Una Mairi Knwon", "1950-01-01", &[]);
        let Identified::Uncertain { candidates, .. } = world.identify(&like).await else {
            panic!("{engine}: nobody is asked");
        };
        let of: Vec<_> = candidates.iter().map(|one| (one.person, one.reasons.clone())).collect();
        assert_eq!(of, [(una, [Reason::Unread].into())], "{engine}");
    }
}

#[tokio::test]
async fn a_source_without_forenames_does_not_fill_the_queue() {
    // A thousand places of one source that wait already.
    const PLACES: &str = "INSERT INTO review (person_id, review_id, organisation_id, made_us)
        VALUES ($1, $2, 'nhsl', $3)";
    const CANDIDATES: &str = "INSERT INTO review_candidate
        (person_id, review_id, candidate_id, reasons) VALUES ($1, $2, $3, 'not-yet-named')";
    for world in worlds().await {
        let engine = world.on.engine;
        let baby = |organisation: &str, number: &str, name: &str| {
            says(organisation, number, name, "2026-11-01", &[])
        };
        let isla = world.identify(&baby("cec", "1", "Isla Sample")).await.person();
        let fill = async |tx: &mut Tx| {
            for at in 1..UNNAMED_MAX {
                let id = format!("019aa000-0000-7000-8000-{at:012}");
                tx.execute_later(PLACES, values![isla, id.as_str(), at]).await?;
                tx.execute_later(CANDIDATES, values![isla, id.as_str(), isla]).await?;
            }
            Ok::<_, ken_store::Error>(())
        };
        world.on.db.write("test.fill", fill).await.unwrap();
        let none = world.read(async |s: &mut Snapshot| not_asked(s).await).await;
        assert!(none.unnamed_of.is_empty(), "{engine}: one more is asked");
        let last = world.identify(&baby("nhsl", "a", " Sample")).await;
        assert!(matches!(last, Identified::Uncertain { .. }), "{engine}: {last:?}");
        let brimming = world.read(async |s: &mut Snapshot| not_asked(s).await).await;
        let of: Vec<_> = brimming.unnamed_of.iter().map(OrganisationId::as_str).collect();
        assert_eq!(of, ["nhsl"], "{engine}: it is said");
        let beyond = world.identify(&baby("nhsl", "b", " Sample")).await;
        assert!(matches!(beyond, Identified::New(_)), "{engine}: {beyond:?}");
        // Another source asks on, and so does this one where more than a name speaks.
        let other = world.identify(&baby("ooh", "c", " Sample")).await;
        assert!(matches!(other, Identified::Uncertain { .. }), "{engine}: {other:?}");
        let named = world.identify(&baby("nhsl", "d", "Isla Sample")).await;
        assert!(matches!(named, Identified::Uncertain { .. }), "{engine}: {named:?}");
    }
}

#[tokio::test]
async fn newcomers_wait_for_an_index_as_long_as_is_said_and_are_counted_then() {
    const WAIT: &str = "SELECT COUNT(*) FROM person_unasked";
    for world in worlds().await {
        let engine = world.on.engine;
        let (db, mut follower) = (&world.on.db, Index::new().follower());
        let counted = async || {
            let wait = async |s: &mut Snapshot| Ok(s.find(WAIT, &[], |row| row.int(0)).await?);
            let said = world.read(async |s: &mut Snapshot| not_asked(s).await).await;
            (world.read(wait).await.unwrap_or_default(), said.newcomers)
        };
        world.identify(&says("nhsl", "1", "Ann One", "1950-01-01", &[])).await;
        world.identify(&says("nhsl", "2", "Bea Two", "1960-01-01", &[])).await;
        // Places are given although the index is not filled.
        follower.turn(db).await.unwrap();
        assert_eq!(counted().await, (2, 0), "{engine}");
        let on = async |tx: &mut Tx| {
            let on = "UPDATE person_feed_head SET place = $1 WHERE id = 'feed'";
            tx.execute(on, values![UNASKED_KEPT - 1]).await
        };
        db.write("test.on", on).await.unwrap();
        world.identify(&says("nhsl", "3", "Cat Three", "1970-01-01", &[])).await;
        follower.turn(db).await.unwrap();
        assert_eq!(counted().await, (3, 0), "{engine}: the place before is kept");
        world.identify(&says("nhsl", "4", "Dee Four", "1980-01-01", &[])).await;
        follower.turn(db).await.unwrap();
        assert_eq!(counted().await, (2, 2), "{engine}: who waited too long is counted");
        follower.fill(db).await.unwrap();
        let asked = ask_again(db, &world.ctx(), &follower).await.unwrap();
        assert_eq!((asked.people, counted().await), (2, (0, 2)), "{engine}");
    }
}

/// A message brings a number while it is taken back: the taking ends when the message has ended, or
/// waits for it.
async fn brought_while_taken_back(
    world: &World,
    node: &Db,
    sent: &Demographics,
    of: PersonId,
) -> Identified {
    let (made, go_on, is_over) = (Notify::new(), Notify::new(), Cell::new(false));
    let (ctx, keys, by) = (world.ctx(), &world.on.keys, world.steward());
    let why = ken_person::Why::new("the registers say so").unwrap();
    let taking = world.on.db.write("test.take-back", async |tx| {
        take_number_back(tx, &ctx, keys, of, &sent.identifiers[0], (&by, &why)).await?;
        // What is sent with the next statement is sent.
        ken_person::is_provisional(tx, of).await?;
        made.notify_one();
        go_on.notified().await;
        Ok::<_, Error>(())
    });
    let message = async {
        made.notified().await;
        let read = async |tx: &mut Tx| identify(tx, &ctx, keys, &world.index, sent).await;
        let who = node.write("test.message", read).await;
        is_over.set(true);
        who
    };
    let watch = async {
        while !is_over.get() && waiting(node).await == 0 {}
        go_on.notify_one();
    };
    let (taken, who, ()) = tokio::join!(Box::pin(taking), Box::pin(message), watch);
    taken.unwrap();
    who.unwrap()
}

#[tokio::test]
async fn a_number_that_is_taken_back_beside_a_message_stands_nowhere() {
    for world in worlds().await {
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)]);
        let isla = world.identify(&isla).await.person();
        let sent = says("cec", "2", "Isla Sample", "2017-03-14", &[chi(1)]);
        // Where one writes at a time, one comes after the other.
        let Some(node) = world.on.another_node().await else { continue };
        let who = Box::pin(brought_while_taken_back(&world, &node, &sent, isla)).await;
        let Identified::Uncertain { provisional, .. } = who else {
            panic!("filed by a number that was being taken back: {who:?}")
        };
        let links = world.read(async |s: &mut Snapshot| number_links(s, isla).await).await;
        assert!(links.iter().all(|one| one.ended.is_some()), "{links:?}");
        // The message's word is a later one, of whom it is about.
        let whose = world.read(async |s: &mut Snapshot| holder(s, &chi(1)).await).await;
        assert_eq!(whose, Some(provisional));
    }
}
