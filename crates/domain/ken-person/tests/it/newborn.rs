//! A baby is registered before it has a name: its record and the named one meet before a human, and
//! twins do not.

use std::collections::BTreeSet;

use ken_core::{PersonId, Sensitive};
use ken_person::queue::Outcome;
use ken_person::{Answer, Demographics, Identified, Reason, Sex, Why, queue};
use ken_store::Tx;

use crate::world::{World, says, worlds};

fn baby(organisation: &str, number: &str, given: &str) -> Demographics {
    let mut says = says(organisation, number, "", "2024-05-01", &[]);
    says.given = Sensitive::new(given.to_owned());
    says.family = Sensitive::new("Sample".to_owned());
    says.address = Sensitive::new("3 High Street\nGlen".to_owned());
    says
}

/// Whom a human is asked about, and why.
async fn asked(world: &World, says: &Demographics) -> (BTreeSet<PersonId>, BTreeSet<Reason>) {
    match world.identify(says).await {
        Identified::Uncertain { candidates, .. } => {
            let people = candidates.iter().map(|doubt| doubt.person).collect();
            (people, candidates.into_iter().flat_map(|doubt| doubt.reasons).collect())
        }
        Identified::New(_) => Default::default(),
        got @ Identified::Known(_) => panic!("{}: {got:?}", world.on.engine),
    }
}

#[tokio::test]
async fn a_newborn_and_the_one_named_later_meet_before_a_human() {
    for world in worlds().await {
        let engine = world.on.engine;
        for (n, written) in (0..).zip(["Baby Boy", "Baby of Ann", "Twin 1", "Infant", "boy", ""]) {
            let day = format!("2024-05-{:02}", 10 + n);
            let on = |mut says: Demographics| {
                says.born = day.parse().ok();
                says
            };
            let number = n.to_string();
            let born = world.identify(&on(baby("nhsl", &number, written))).await;
            assert!(matches!(born, Identified::New(_)), "{engine} {written}: {born:?}");
            let (about, why) = asked(&world, &on(baby("cec", &number, "Jack"))).await;
            assert_eq!(about, [born.person()].into(), "{engine} {written}");
            assert!(why.contains(&Reason::NotYetNamed), "{engine} {written}: {why:?}");
            // The other way round as well: the hospital's record comes late.
            let (about, _) = asked(&world, &on(baby("ooh", &number, written))).await;
            assert!(about.contains(&born.person()), "{engine} {written}: {about:?}");
            // Under the hospital's own number it is the same baby, now named.
            let named = world.identify(&on(baby("nhsl", &number, "Jack"))).await;
            assert_eq!(named, Identified::Known(born.person()), "{engine} {written}");
        }
    }
}

#[tokio::test]
async fn twins_without_a_name_do_not_meet() {
    for is_filled in [false, true] {
        for world in worlds().await {
            let engine = world.on.engine;
            let mut follower = world.index.follower();
            if is_filled {
                follower.fill(&world.on.db).await.unwrap();
            }
            let new = async |says: Demographics, follower: &mut ken_person::Follower| {
                let given = says.given.reveal().clone();
                let got = world.identify(&says).await;
                assert!(matches!(got, Identified::New(_)), "{engine} {given}: {got:?}");
                if is_filled {
                    follower.turn(&world.on.db).await.unwrap();
                    ken_person::ask_again(&world.on.db, &world.ctx(), follower).await.unwrap();
                }
                assert_eq!(world.places().await, [], "{engine} {given}");
                got.person()
            };
            new(baby("nhsl", "1", "Twin 1"), &mut follower).await;
            // Told by the hospital's numbers, by their own, and by what is recorded of them.
            new(baby("nhsl", "2", "Twin 2"), &mut follower).await;
            new(baby("nhsl", "3", "Baby"), &mut follower).await;
            let mut girl = baby("ooh", "4", "Baby Girl 3");
            girl.sex = Some(Sex::Female);
            let on = |mut says: Demographics, day: &str| {
                says.born = day.parse().ok();
                says
            };
            new(on(baby("nhsl", "5", "Twin One"), "2023-11-17"), &mut follower).await;
            new(on(baby("cec", "6", "Twin Two"), "2023-11-17"), &mut follower).await;
            new(on(baby("nhsl", "7", "Baby Boy"), "2022-02-28"), &mut follower).await;
            new(on(girl, "2022-02-28"), &mut follower).await;
        }
    }
}

#[tokio::test]
async fn who_is_meant_by_name_is_not_asked_about_as_a_twin() {
    for world in worlds().await {
        let engine = world.on.engine;
        let isla = world.identify(&baby("nhsl", "1", "Twin 1")).await.person();
        let other = world.identify(&baby("nhsl", "2", "Twin 2")).await.person();
        // Both may be meant, and a human says which.
        let (about, _) = asked(&world, &baby("cec", "1", "Isla")).await;
        assert_eq!(about, [isla, other].into(), "{engine}");
        let place = world.places().await.remove(0);
        let (ctx, why) = (world.ctx(), Why::new("her mother says so").unwrap());
        for _ in 0..2 {
            let (by, at) = (world.steward(), (place.person, place.id));
            let work = async |tx: &mut Tx| {
                let answer = Answer::Same(isla);
                queue::decide(tx, &ctx, &world.on.keys, &[], at, answer, (&by, &why)).await
            };
            if world.on.db.write("test.decide", work).await.unwrap() == Outcome::Done {
                break;
            }
        }
        // From now on the first is Isla, and Jack can only be the other.
        let (about, _) = asked(&world, &baby("cec", "2", "Jack")).await;
        assert_eq!(about, [other].into(), "{engine}");
        let (about, _) = asked(&world, &baby("ooh", "1", "Isla")).await;
        assert_eq!(about, [isla].into(), "{engine}: she is meant by name");
    }
}
