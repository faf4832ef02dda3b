//! Whatever is joined and parted, in whatever order: what is left is what the standing links say,
//! and with none left everything is as if there had never been one.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::{IdSource, PersonId};
use ken_directory::Acting;
use ken_person::queue::Outcome;
use ken_person::{Answer, Error, Identified, Place, Why, queue};
use ken_store::{Reads as _, Tx};
use ken_testkit::SeededIds;

use crate::world::{World, chi, says, worlds};

/// Histories that each engine has, and steps of each.
const HISTORIES: u64 = 4;
const STEPS: usize = 24;

/// Who stands for whom, who stands together by the index, and by the gate.
type Picture = BTreeMap<PersonId, (PersonId, BTreeSet<PersonId>, BTreeSet<PersonId>)>;

async fn picture(world: &World, people: &[PersonId]) -> Picture {
    let mut picture = Picture::new();
    for person in people {
        let all = async |s: &mut ken_store::Snapshot| ken_person::together(s, *person).await;
        let together = world.read(all).await.into_iter().collect();
        let gate = world.stands_with(*person).await.into_iter().chain([*person]).collect();
        picture.insert(*person, (world.lead(*person).await, together, gate));
    }
    picture
}

/// Whom a place may be joining.
fn ends(place: &Place) -> (PersonId, PersonId) {
    (place.person, place.candidates[0].person)
}

/// The groups that places make of people; one that joined nobody new counts for nothing.
fn groups(people: &[PersonId], standing: &[(Place, bool)]) -> BTreeSet<BTreeSet<PersonId>> {
    let mut groups: Vec<BTreeSet<PersonId>> =
        people.iter().map(|person| BTreeSet::from([*person])).collect();
    for (one, other) in standing.iter().filter(|(_, links)| *links).map(|(place, _)| ends(place)) {
        let (with, rest): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.contains(&one) || group.contains(&other));
        groups = rest;
        groups.push(with.into_iter().flatten().collect());
    }
    groups.into_iter().collect()
}

/// Two reviewers say that a place's person and its first candidate are one.
async fn join(world: &World, by: [&Acting; 2], place: &Place) {
    decide(world, by, place, Answer::Same(place.candidates[0].person)).await;
}

/// Two reviewers answer, or one where that is enough.
async fn decide(world: &World, by: [&Acting; 2], place: &Place, answer: Answer) {
    let why = Why::new("random").unwrap();
    let ctx = world.ctx();
    let at = (place.person, place.id);
    for by in by {
        let work = async |tx: &mut Tx| {
            queue::decide(tx, &ctx, &world.on.keys, &[], at, answer, (by, &why)).await
        };
        if world.on.db.write("test.join", work).await.unwrap() == Outcome::Done {
            break;
        }
    }
}

/// One takes it back; false where a later link stands on it.
async fn part(world: &World, by: &Acting, place: &Place) -> bool {
    let (ctx, why) = (world.ctx(), Why::new("random").unwrap());
    let at = (place.person, place.id);
    let work = async |tx: &mut Tx| queue::undo(tx, &ctx, &world.on.keys, at, by, &why).await;
    match world.on.db.write("test.part", work).await {
        Ok(outcome) => outcome == Outcome::Done,
        Err(Error::Buried) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn whatever_is_joined_and_parted_is_as_if_it_had_never_been() {
    for world in worlds().await {
        let engine = world.on.engine;
        let by = [world.steward(), world.steward()];
        for seed in 1..=HISTORIES {
            let dice = SeededIds::new(seed);
            let draw = |below: usize| {
                let mut bytes = [0; 8];
                dice.entropy(&mut bytes);
                usize::try_from(u64::from_le_bytes(bytes) % below as u64).unwrap()
            };
            // One known person, and records that may each be of them.
            let born = format!("{}-05-05", 1930 + seed);
            let number = |n: u64| (seed * 100 + n).to_string();
            let board = says("nhsl", &number(0), "Ann Sample", &born, &[chi(seed)]);
            let mut people = vec![world.identify(&board).await.person()];
            for n in 1..=5 {
                let council = says("cec", &number(n), "Ann Sample", &born, &[]);
                people.push(world.identify(&council).await.person());
            }
            let before = picture(&world, &people).await;
            let mut standing: Vec<(Place, bool)> = vec![];
            for step in 0..STEPS {
                let open = world.places().await.into_iter();
                let mut mine: Vec<_> =
                    open.filter(|place| people.contains(&place.person)).collect();
                if draw(2) == 0 && !mine.is_empty() {
                    let place = mine.swap_remove(draw(mine.len()));
                    let (one, other) = ends(&place);
                    let known = groups(&people, &standing);
                    let apart = !known.iter().any(|of| of.contains(&one) && of.contains(&other));
                    join(&world, [&by[0], &by[1]], &place).await;
                    standing.push((place, apart));
                } else if !standing.is_empty() {
                    let at = draw(standing.len());
                    if part(&world, &by[0], &standing[at].0).await {
                        standing.remove(at);
                    }
                }
                let now = picture(&world, &people).await;
                let want = groups(&people, &standing);
                let index: BTreeSet<_> = now.values().map(|(_, of, _)| of.clone()).collect();
                let gate: BTreeSet<_> = now.values().map(|(_, _, of)| of.clone()).collect();
                assert_eq!(index, want, "{engine} {seed}/{step}: the index");
                assert_eq!(gate, want, "{engine} {seed}/{step}: the gate");
            }
            while let Some((place, _)) = standing.pop() {
                assert!(part(&world, &by[0], &place).await, "{engine} {seed}: the last goes first");
            }
            assert_eq!(picture(&world, &people).await, before, "{engine} {seed}: as before");
        }
    }
}

/// The open place of a person.
async fn place_of(world: &World, person: PersonId) -> Place {
    let places = world.places().await;
    places.into_iter().find(|place| place.person == person).unwrap()
}

#[tokio::test]
async fn what_comes_by_a_number_while_two_are_joined_goes_with_its_holder() {
    for world in worlds().await {
        let engine = world.on.engine;
        let by = [&world.steward(), &world.steward()];
        let (name, born) = ("Isla Sample", "2017-03-14");
        let council = world.identify(&says("cec", "9", name, born, &[])).await.person();
        let board = world.identify(&says("nhsl", "1", name, born, &[chi(1)])).await.person();
        let place = place_of(&world, board).await;
        join(&world, by, &place).await;
        assert_eq!(world.lead(board).await, council, "{engine}: the council's record stands");
        // A practice that neither has met registers by the number of the board's record.
        let practice = says("gp", "77", name, born, &[chi(1)]);
        assert_eq!(world.identify(&practice).await, Identified::Known(board), "{engine}");
        assert!(part(&world, by[0], &place).await, "{engine}");
        let practice = "gp".parse().unwrap();
        for (person, is_known) in [(board, true), (council, false)] {
            let read = async |s: &mut ken_store::Snapshot| {
                ken_person::is_known_to(s, person, &practice).await
            };
            assert_eq!(world.read(read).await, is_known, "{engine}");
        }
    }
}

#[tokio::test]
async fn who_is_set_apart_stays_so_whoever_stands_for_them() {
    for world in worlds().await {
        let engine = world.on.engine;
        let by = [&world.steward(), &world.steward()];
        let (name, born) = ("Isla Sample", "2017-03-14");
        let practice = world.identify(&says("gp", "77", name, born, &[])).await.person();
        let board = world.identify(&says("nhsl", "1", name, born, &[chi(1)])).await.person();
        let joining = place_of(&world, board).await;
        // The council says the number of somebody who has nothing else in common with its holder.
        let other = says("cec", "9", "Jack Other", "1990-01-02", &[chi(1)]);
        let council = world.identify(&other).await.person();
        let apart = place_of(&world, council).await;
        assert_eq!(apart.candidates[0].person, board, "{engine}");
        decide(&world, by, &apart, Answer::Different).await;
        assert_eq!(world.identify(&other).await, Identified::Known(council), "{engine}");
        join(&world, by, &joining).await;
        assert_eq!(world.lead(board).await, practice, "{engine}");
        // Still apart, and nobody is asked again.
        assert_eq!(world.identify(&other).await, Identified::Known(council), "{engine}");
        assert_eq!(world.places().await, [], "{engine}");
        // What is taken back meanwhile is taken back of the two who were compared.
        assert!(part(&world, by[0], &apart).await, "{engine}");
        let apart = "SELECT COUNT(*) FROM person_apart";
        let read = async |s: &mut ken_store::Snapshot| Ok(s.find(apart, &[], |r| r.int(0)).await?);
        assert_eq!(world.read(read).await, Some(0), "{engine}");
        assert!(part(&world, by[0], &joining).await, "{engine}");
    }
}
