//! Decisions of people about people: same, different, undone; and merges by their sender.

use std::collections::BTreeSet;

use ken_core::PersonId;
use ken_directory::Acting;
use ken_person::queue::{Decision, Outcome};
use ken_person::{Answer, Error, Identified, Merged, Place, Why, merge, queue, together};
use ken_store::{Snapshot, Tx, guard, values};

use crate::world::{World, chi, nhs, says, source, worlds};

fn why() -> Why {
    Why::new("same address and mother, confirmed by telephone").unwrap()
}

/// Isla of the health board, and somebody of the council who may be her.
async fn unsure(world: &World) -> (PersonId, Place) {
    let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)]);
    let isla = world.identify(&isla).await.person();
    world.identify(&says("cec", "9", "Isla Sample", "2017-03-14", &[])).await;
    let mut places = world.places().await;
    (isla, places.remove(0))
}

async fn decide(world: &World, place: &Place, answer: Answer) -> Result<Outcome, Error> {
    decide_as(world, &world.steward(), place, answer).await
}

async fn decide_as(
    world: &World,
    by: &Acting,
    place: &Place,
    answer: Answer,
) -> Result<Outcome, Error> {
    let (ctx, at, why) = (world.ctx(), (place.person, place.id), why());
    let work = async |tx: &mut Tx| {
        queue::decide(tx, &ctx, &world.on.keys, &[], at, answer, (by, &why)).await
    };
    world.on.db.write("test.decide", work).await
}

async fn undo(world: &World, place: &Place) -> Result<Outcome, Error> {
    undo_as(world, &world.steward(), place).await
}

async fn undo_as(world: &World, by: &Acting, place: &Place) -> Result<Outcome, Error> {
    let ctx = world.ctx();
    let at = (place.person, place.id);
    let work = async |tx: &mut Tx| queue::undo(tx, &ctx, &world.on.keys, at, by, &why()).await;
    world.on.db.write("test.undo", work).await
}

async fn decided(world: &World, place: &Place) -> Option<Decision> {
    let read = async |s: &mut Snapshot| queue::decided(s, place.person, place.id).await;
    world.read(read).await
}

async fn epoch(world: &World, person: PersonId) -> i64 {
    let read = async |s: &mut Snapshot| Ok(guard::find(s, person).await?.unwrap().epoch);
    world.read(read).await
}

#[tokio::test]
async fn same_links_and_undo_restores() {
    for world in worlds().await {
        let (isla, place) = unsure(&world).await;
        let all =
            async |person| world.read(async |s: &mut Snapshot| together(s, person).await).await;
        let before = (epoch(&world, isla).await, epoch(&world, place.person).await);
        assert_eq!(decided(&world, &place).await, None);
        decide(&world, &place, Answer::Same(isla)).await.unwrap();
        assert_eq!(decided(&world, &place).await, Some(Decision::Same));
        assert_eq!(world.lead(place.person).await, isla);
        assert_eq!(all(place.person).await, all(isla).await);
        assert_eq!(all(isla).await.len(), 2, "{}", world.on.engine);
        assert_eq!(world.stands_with(isla).await, [place.person], "the gate knows");
        let after = (epoch(&world, isla).await, epoch(&world, place.person).await);
        assert!(after.0 > before.0 && after.1 > before.1, "older permits are stale");
        assert!(world.places().await.is_empty());
        // What the council sends stays under its own record, so that the link can be undone.
        let again = says("cec", "9", "Isla Sample", "2017-03-14", &[]);
        assert_eq!(world.identify(&again).await, Identified::Known(place.person));

        let twice = decide(&world, &place, Answer::Different).await;
        assert!(matches!(twice, Err(Error::Decided(_))));
        undo(&world, &place).await.unwrap();
        assert_eq!(world.lead(place.person).await, place.person);
        assert_eq!(all(isla).await, [isla]);
        assert_eq!(world.stands_with(isla).await, []);
        assert_eq!(world.places().await, std::slice::from_ref(&place), "open again");
        assert_eq!(decided(&world, &place).await, None);
        assert!(matches!(undo(&world, &place).await, Err(Error::Unknown(_))));
    }
}

#[tokio::test]
async fn different_sets_apart_and_is_not_asked_again() {
    for world in worlds().await {
        let (isla, place) = unsure(&world).await;
        decide(&world, &place, Answer::Different).await.unwrap();
        assert_eq!(decided(&world, &place).await, Some(Decision::Different));
        assert_eq!(world.lead(place.person).await, place.person);
        // The council now sends her number, which is another's: still apart, and no new question.
        let learnt = says("cec", "9", "Isla Sample", "2017-03-14", &[chi(1)]);
        assert_eq!(world.identify(&learnt).await, Identified::Known(place.person));
        assert!(world.places().await.is_empty(), "{}", world.on.engine);
        undo(&world, &place).await.unwrap();
        assert_eq!(world.places().await.len(), 1);
        decide(&world, &place, Answer::Same(isla)).await.unwrap();
        assert_eq!(world.lead(place.person).await, isla);
    }
}

#[tokio::test]
async fn only_an_offered_candidate_with_no_other_chi_is_linked() {
    for world in worlds().await {
        let (_, place) = unsure(&world).await;
        let other = says("nhsl", "2", "Jack Sample", "2017-03-14", &[chi(2)]);
        let other = world.identify(&other).await.person();
        let stranger = decide(&world, &place, Answer::Same(other)).await;
        assert!(matches!(stranger, Err(Error::Unknown("candidate"))));
        // The board's own number now comes with another CHI number.
        let changed = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(3)]);
        assert!(matches!(world.identify(&changed).await, Identified::Uncertain { .. }));
        let places = world.places().await;
        let two = places.iter().find(|two| two.id != place.id).unwrap();
        let answer = Answer::Same(two.candidates[0].person);
        let refused = decide(&world, two, answer).await;
        assert!(matches!(refused, Err(Error::TwoChis)), "{} {refused:?}", world.on.engine);
        assert!(matches!(Why::new("  "), Err(Error::Reason)));
    }
}

#[tokio::test]
async fn links_of_before_are_told_to_the_gate() {
    for world in worlds().await {
        let (isla, place) = unsure(&world).await;
        decide(&world, &place, Answer::Same(isla)).await.unwrap();
        let forget = async |tx: &mut Tx| {
            tx.execute("DELETE FROM person_together", &[]).await?;
            tx.execute("UPDATE link_event SET told = 0", &[]).await?;
            Ok::<_, Error>(())
        };
        world.on.db.write("test.forget", forget).await.unwrap();
        assert_eq!(world.stands_with(isla).await, []);
        assert_eq!(ken_person::tell(&world.on.db).await.unwrap(), 1, "{}", world.on.engine);
        assert_eq!(world.stands_with(isla).await, [place.person], "{}", world.on.engine);
        assert_eq!(ken_person::tell(&world.on.db).await.unwrap(), 0);
    }
}

async fn merged(world: &World, gone: (&str, &str), kept: (&str, &str)) -> Result<Merged, Error> {
    let (gone, kept) = (source(gone.0, gone.1), source(kept.0, kept.1));
    let ctx = world.ctx();
    let work = async |tx: &mut Tx| merge(tx, &ctx, &world.on.keys, &gone, &kept, None).await;
    world.on.db.write("test.merge", work).await
}

#[tokio::test]
async fn a_merge_relinks_only_its_senders_own() {
    for world in worlds().await {
        let one = world.identify(&says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)])).await;
        let two = world.identify(&says("nhsl", "2", "Isla Sampel", "2017-03-14", &[])).await;
        let (one, two) = (one.person(), two.person());
        // Two is the board's alone: the whole record is linked.
        let answer = merged(&world, ("nhsl", "2"), ("nhsl", "1")).await.unwrap();
        assert!(matches!(answer, Merged::Linked(link) if (link.person, link.lead) == (two, one)));
        assert_eq!(world.lead(two).await, one, "{}", world.on.engine);
        let again = merged(&world, ("nhsl", "2"), ("nhsl", "1")).await.unwrap();
        assert_eq!(again, Merged::Nothing);

        // Three is known to the council as well: only the board's account goes over.
        let three = says("nhsl", "3", "Ann Other", "1950-01-01", &[nhs(3)]);
        let three = world.identify(&three).await.person();
        let council = says("cec", "9", "Ann Other", "1950-01-01", &[nhs(3)]);
        assert_eq!(world.identify(&council).await, Identified::Known(three));
        let answer = merged(&world, ("nhsl", "3"), ("nhsl", "1")).await.unwrap();
        let Merged::Moved { from, to, id, is_only: true, .. } = answer else {
            panic!("{answer:?}")
        };
        assert_eq!((from, to), (three, one));
        assert_eq!(world.lead(three).await, three);
        assert_eq!(world.identify(&council).await, Identified::Known(three));
        let number = says("nhsl", "3", "Ann Other", "1950-01-01", &[]);
        assert_eq!(world.identify(&number).await, Identified::Known(one));
        // And back.
        let (ctx, by) = (world.ctx(), world.steward());
        let undo = async |tx: &mut Tx| {
            ken_person::unmerge(tx, &ctx, &world.on.keys, (three, id), &by, &why()).await
        };
        let back = world.on.db.write("test.unmerge", undo).await.unwrap();
        let back = back.iter().map(|back| (back.from, back.to)).collect::<Vec<_>>();
        assert_eq!(back, [(one, three)], "{}", world.on.engine);
        assert_eq!(world.identify(&number).await, Identified::Known(three));
        let twice = world.on.db.write("test.unmerge", undo).await;
        assert!(matches!(twice, Err(Error::Decided(_))));
    }
}

#[tokio::test]
async fn a_merge_leaves_alone_what_a_human_said() {
    for world in worlds().await {
        // A human says that the council's Isla is the board's.
        let (isla, place) = unsure(&world).await;
        decide(&world, &place, Answer::Same(isla)).await.unwrap();
        let other = says("cec", "10", "Isla Semple", "2016-01-01", &[]);
        let other = world.identify(&other).await.person();
        // The council says that hers is somebody else: its word does not undo the human's.
        let answer = merged(&world, ("cec", "9"), ("cec", "10")).await.unwrap();
        assert_eq!(answer, Merged::Uncertain, "{}", world.on.engine);
        assert_eq!(world.lead(place.person).await, isla);
        assert_eq!(world.lead(other).await, other);
        let waits = world.places().await;
        assert!(waits[0].candidates[0].reasons.contains(&ken_person::Reason::ByHand));
        // The other way the council's own record joins whom she is.
        let answer = merged(&world, ("cec", "10"), ("cec", "9")).await.unwrap();
        assert!(matches!(answer, Merged::Linked(_)), "{answer:?}");
        assert_eq!(world.lead(other).await, isla);
    }
}

#[tokio::test]
async fn twins_are_not_merged() {
    for world in worlds().await {
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[]);
        let isla = world.identify(&isla).await.person();
        let jack = world.identify(&says("nhsl", "2", "Jack Sample", "2017-03-14", &[])).await;
        let answer = merged(&world, ("nhsl", "2"), ("nhsl", "1")).await.unwrap();
        assert_eq!(answer, Merged::Uncertain, "{}", world.on.engine);
        assert_eq!(
            (world.lead(isla).await, world.lead(jack.person()).await),
            (isla, jack.person())
        );
        assert_eq!(world.places().await.len(), 1);
    }
}

#[tokio::test]
async fn merges_that_must_not_be_are_not() {
    for world in worlds().await {
        let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)]);
        let isla = world.identify(&isla).await.person();
        let jack = says("nhsl", "2", "Jack Sample", "2017-03-14", &[chi(2)]);
        let jack = world.identify(&jack).await.person();
        let answer = merged(&world, ("nhsl", "2"), ("nhsl", "1")).await.unwrap();
        assert_eq!(answer, Merged::Uncertain);
        assert_eq!((world.lead(isla).await, world.lead(jack).await), (isla, jack));
        assert_eq!(world.places().await.len(), 1, "{}", world.on.engine);
        let foreign = merged(&world, ("nhsl", "2"), ("cec", "1")).await;
        assert!(matches!(foreign, Err(Error::ForeignNumber)));
        let unknown = merged(&world, ("cec", "8"), ("cec", "9")).await.unwrap();
        assert_eq!(unknown, Merged::Nothing);
        // A number never seen before is from now on another name of the one that is kept.
        assert_eq!(merged(&world, ("nhsl", "77"), ("nhsl", "1")).await.unwrap(), Merged::Nothing);
        let seen = says("nhsl", "77", "Isla Sample", "2017-03-14", &[]);
        assert_eq!(world.identify(&seen).await, Identified::Known(isla));
    }
}

async fn claim(world: &World, by: &Acting, place: &Place) -> Result<jiff::Timestamp, Error> {
    let (ctx, at) = (world.ctx(), (place.person, place.id));
    let work = async |tx: &mut Tx| queue::claim(tx, &ctx, at, by).await;
    world.on.db.write("test.claim", work).await
}

#[tokio::test]
async fn a_place_is_one_reviewers_for_a_while() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (isla, place) = unsure(&world).await;
        let (one, two) = (world.steward(), world.steward());
        let until = claim(&world, &one, &place).await.unwrap();
        assert!(matches!(claim(&world, &two, &place).await, Err(Error::Claimed)), "{engine}");
        let other = decide_as(&world, &two, &place, Answer::Different).await;
        assert!(matches!(other, Err(Error::Claimed)), "{engine}: {other:?}");
        let seen = world.places().await;
        assert_eq!(seen[0].claimed, Some((one.practitioner, until)), "{engine}");
        claim(&world, &one, &place).await.unwrap();
        world.clock.advance(queue::CLAIM_WAIT.try_into().unwrap());
        claim(&world, &two, &place).await.unwrap();
        assert!(matches!(claim(&world, &one, &place).await, Err(Error::Claimed)), "{engine}");
        // Not sure: noted, and open for somebody else at once.
        let unsure = decide_as(&world, &two, &place, Answer::NotSure).await.unwrap();
        assert_eq!(unsure, Outcome::Open);
        let seen = world.places().await;
        assert_eq!((seen[0].answers, seen[0].claimed), (1, None), "{engine}");
        let done = decide_as(&world, &one, &place, Answer::Same(isla)).await.unwrap();
        assert_eq!(done, Outcome::Done, "{engine}");
        let late = claim(&world, &two, &place).await;
        assert!(matches!(late, Err(Error::Decided(_))), "{engine}");
    }
}

#[tokio::test]
async fn two_records_that_were_there_are_linked_by_two_reviewers() {
    for world in worlds().await {
        let engine = world.on.engine;
        let council = says("cec", "9", "Isla Sample", "2017-03-14", &[]);
        let council = world.identify(&council).await.person();
        let board = says("nhsl", "1", "Isla Sample", "2017-03-15", &[chi(1)]);
        let board = world.identify(&board).await.person();
        world.identify(&says("cec", "9", "Isla Sample", "2017-03-14", &[chi(1)])).await;
        let place = world.places().await.remove(0);
        assert!(place.needs_second, "{engine}");
        let (one, two, three) = (world.steward(), world.steward(), world.steward());
        let same = Answer::Same(board);
        // Nor is somebody another reviewer by another account, organisation and role.
        let elsewhere = Acting {
            practitioner: one.practitioner,
            organisation: "cec".parse().unwrap(),
            ..world.steward()
        };
        for by in [&one, &one, &elsewhere] {
            let first = decide_as(&world, by, &place, same).await.unwrap();
            assert_eq!(first, Outcome::AwaitsSecond, "{engine}: the same reviewer is no second");
            assert_eq!(world.lead(council).await, council, "{engine}");
        }
        let second = decide_as(&world, &two, &place, Answer::Different).await.unwrap();
        assert_eq!(second, Outcome::Disagreed, "{engine}");
        assert_eq!(world.places().await[0].answers, 0, "{engine}: both answers fell");
        assert_eq!(
            decide_as(&world, &two, &place, same).await.unwrap(),
            Outcome::AwaitsSecond,
            "{engine}"
        );
        assert_eq!(decide_as(&world, &three, &place, same).await.unwrap(), Outcome::Done);
        assert_eq!(world.lead(council).await, board, "{engine}");
        undo(&world, &place).await.unwrap();
        let again = world.places().await.remove(0);
        assert_eq!((again.answers, again.needs_second), (0, true), "{engine}");
        assert_eq!(world.lead(council).await, council, "{engine}");
    }
}

/// However many it may be, each stands before a reviewer, in places of as many as can be told from
/// one another.
#[tokio::test]
async fn every_candidate_is_offered_somewhere() {
    const MANY: usize = 2 * queue::CANDIDATES_MAX + 3;
    for world in worlds().await {
        let engine = world.on.engine;
        let mut all = BTreeSet::new();
        for n in 0..MANY {
            let number = u64::try_from(n).unwrap();
            let isla = says("nhsl", &n.to_string(), "Isla Sample", "2017-03-14", &[chi(number)]);
            all.insert(world.identify(&isla).await.person());
        }
        assert_eq!(all.len(), MANY, "{engine}");
        let unsure = world.identify(&says("cec", "9", "Isla Sample", "2017-03-14", &[])).await;
        let mut places = world.places().await;
        places.retain(|place| place.person == unsure.person());
        assert_eq!(places.len(), 3, "{engine}");
        assert!(places.iter().all(|place| place.candidates.len() <= queue::CANDIDATES_MAX));
        assert_eq!(offered(&places), all, "{engine}: none is left out");
        // As it was before: one place with all. Whoever claims it has some, and the others wait.
        let one = async |tx: &mut Tx| {
            let id = places[0].id.to_string();
            let id = values![&id];
            tx.execute("UPDATE review_candidate SET review_id = $1", id).await?;
            tx.execute("DELETE FROM review WHERE review_id <> $1", id).await
        };
        world.on.db.write("test.one", one).await.unwrap();
        let kept = world.places().await.remove(0);
        assert_eq!(kept.candidates.len(), MANY, "{engine}");
        decide(&world, &kept, Answer::NotSure).await.unwrap();
        let mut places = world.places().await;
        assert_eq!((places.len(), offered(&places)), (3, all.clone()), "{engine}");
        assert!(places.iter().all(|place| place.candidates.len() <= queue::CANDIDATES_MAX));
        // Who is none of some may be one of the others, and stays provisional for one reviewer.
        while let Some(place) = places.pop() {
            assert!(!place.needs_second, "{engine}");
            decide(&world, &place, Answer::Different).await.unwrap();
            places = world.places().await;
        }
        let again = says("cec", "9", "Isla Sample", "2017-03-14", &[]);
        assert_eq!(world.identify(&again).await.person(), unsure.person(), "{engine}");
        assert_eq!(world.places().await, [], "{engine}: nobody is offered again");
    }
}

/// Everybody whom some places offer.
fn offered(places: &[Place]) -> BTreeSet<PersonId> {
    places.iter().flat_map(|place| &place.candidates).map(|doubt| doubt.person).collect()
}
