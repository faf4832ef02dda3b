//! Whom the index proposes: somebody for a human to look at, and never more.

use ken_core::{PersonId, Sensitive};
use ken_person::queue::Outcome;
use ken_person::{
    Answer, Demographics, Error, Follower, Identified, Index, Place, Reason, Why, identify, queue,
};
use ken_store::Tx;

use crate::world::{World, chi, nhs, says, worlds};

async fn followed(world: &World) -> Follower {
    let mut follower = world.index.follower();
    follower.fill(&world.on.db).await.unwrap();
    follower
}

/// The same with an address, which makes a stranger of another town unlikely.
fn living(mut says: Demographics, address: &str) -> Demographics {
    says.address = Sensitive::new(address.to_owned());
    says
}

fn isla() -> Demographics {
    living(says("nhsl", "1", "Isla Rose Sample", "2017-03-14", &[chi(1)]), "3 High Street\nGlen")
}

/// As a school writes her, who has no number.
fn at_school(number: &str) -> Demographics {
    living(says("cec", number, "Isla Rose Sampel", "2017-03-14", &[]), "3 High St\nGlen")
}

#[tokio::test]
async fn who_is_misspelt_waits_for_a_human_and_is_filed_at_once() {
    for world in worlds().await {
        let engine = world.on.engine;
        let known = world.identify(&isla()).await.person();
        // Not filled: as before, nobody is known.
        let before = world.identify(&at_school("7")).await;
        assert!(matches!(before, Identified::New(_)), "{engine}");
        let mut follower = followed(&world).await;
        let got = world.identify(&at_school("8")).await;
        let Identified::Uncertain { provisional, candidates } = got else {
            panic!("{engine}: {got:?}")
        };
        let people: Vec<_> = candidates.iter().map(|doubt| doubt.person).collect();
        assert!(people.contains(&known) && people.contains(&before.person()), "{engine}");
        let doubt = candidates.iter().find(|doubt| doubt.person == known).unwrap();
        assert!(doubt.reasons.contains(&Reason::Alike), "{engine}: {doubt:?}");
        let alike = doubt.alike.unwrap();
        assert!(alike.millibits > 0, "{engine}: {alike:?}");
        assert_eq!(world.lead(provisional).await, provisional, "nobody is linked");
        // What the reviewer is shown is what was found.
        let places = world.places().await;
        assert_eq!(places.len(), 1, "{engine}");
        assert_eq!(places[0].person, provisional);
        assert!(places[0].candidates.contains(doubt), "{engine}");
        // The next message of the number is about the same person, and asks nothing again.
        follower.turn(&world.on.db).await.unwrap();
        let again = world.identify(&at_school("8")).await;
        assert_eq!(again, Identified::Known(provisional), "{engine}");
        assert_eq!(world.places().await.len(), 1, "{engine}");
    }
}

#[tokio::test]
async fn likeness_makes_nobody_known_and_joins_no_twins() {
    for world in worlds().await {
        let engine = world.on.engine;
        let known = world.identify(&isla()).await.person();
        followed(&world).await;
        let check = async |says: Demographics, is_new: bool, why: &str| {
            let got = world.identify(&says).await;
            assert_eq!(matches!(got, Identified::New(_)), is_new, "{engine} {why}: {got:?}");
            assert!(!matches!(got, Identified::Known(_)), "{engine} {why}");
            assert_ne!(got.person(), known, "{engine} {why}");
        };
        let other = |number: &str, name: &str, born: &str, numbers: &[_]| {
            living(says("cec", number, name, born, numbers), "3 High Street\nGlen")
        };
        check(other("2", "Jack Sample", "2017-03-14", &[]), true, "a twin").await;
        check(other("3", "Jack Sampel", "2017-03-14", &[]), true, "a twin, misspelt").await;
        check(other("4", "Isla Rose Sampel", "2017-03-14", &[chi(2)]), true, "other chi").await;
        check(other("5", "Isla Rose Sample", "1987-03-14", &[]), true, "a namesake").await;
        check(other("6", "Morag Quirk", "1950-01-01", &[]), true, "a lodger").await;
        check(other("1", "Isla Rose Sampel", "2017-03-14", &[nhs(9)]), false, "likely").await;
        assert_eq!(world.places().await.len(), 1, "{engine}");
    }
}

#[tokio::test]
async fn what_is_stored_decides_and_not_what_the_index_held() {
    for world in worlds().await {
        let engine = world.on.engine;
        let known = world.identify(&isla()).await.person();
        let mut follower = followed(&world).await;
        // Her own source corrects who that was, bit by bit, and the index has not heard.
        let corrected = |name: &str, born: &str| {
            let mut says = living(says("nhsl", "1", name, born, &[chi(1)]), "9 Low Road\nAfar");
            says.postcode = Sensitive::new("AB10 1AA".to_owned());
            says
        };
        let steps = [("Isla Quirk", "2017-03-14"), ("Isla Quirk", "2017-04-14")];
        for (name, born) in steps.into_iter().chain([("Isla Quirk", "2011-04-14")]) {
            let got = world.identify(&corrected(name, born)).await;
            assert_eq!(got, Identified::Known(known), "{engine}");
        }
        let corrected = corrected("Isla Quirk", "2011-04-14");
        assert_eq!(world.index.ask(&at_school("8")).len(), 1, "{engine}: it still proposes her");
        let school =
            living(says("cec", "8", "Isla Rose Sampel", "2017-03-14", &[]), "3 High Street\nGlen");
        let got = world.identify(&school).await;
        assert!(matches!(got, Identified::New(_)), "{engine}: {got:?}");
        follower.turn(&world.on.db).await.unwrap();
        let asked: Vec<_> = world.index.ask(&corrected).into_iter().map(|(who, _)| who).collect();
        assert!(asked.contains(&known), "{engine}");
    }
}

#[tokio::test]
async fn two_nodes_that_meet_the_same_newcomer_make_one_person() {
    for world in worlds().await {
        let Some(node) = world.on.another_node().await else { continue };
        for n in 10..16 {
            let one = says("nhsl", &n.to_string(), "Isla Sample", "2017-03-14", &[chi(n)]);
            let other = says("cec", &n.to_string(), "Isla Sample", "2017-03-14", &[chi(n)]);
            // Neither index has heard of the other's.
            let indexes = [Index::new(), Index::new()];
            for index in &indexes {
                index.follower().fill(&node).await.unwrap();
            }
            let ctx = world.ctx();
            let on = async |db: &ken_store::Db, index: &Index, says: &Demographics| {
                let work =
                    async |tx: &mut Tx| identify(tx, &ctx, &world.on.keys, index, says).await;
                let done: Result<Identified, Error> = db.write("test.node", work).await;
                done.unwrap()
            };
            let (one, other) =
                tokio::join!(on(&world.on.db, &indexes[0], &one), on(&node, &indexes[1], &other));
            assert_eq!(one.person(), other.person(), "{n}: {one:?} {other:?}");
        }
    }
}

/// Reviewers say it, one after the other, until it is decided.
async fn decide(world: &World, place: &Place, answer: Answer) {
    let (ctx, at, why) = (world.ctx(), (place.person, place.id), Why::new("a test").unwrap());
    for _ in 0..2 {
        let by = world.steward();
        let work = async |tx: &mut Tx| {
            queue::decide(tx, &ctx, &world.on.keys, &[], at, answer, (&by, &why)).await
        };
        if world.on.db.write("test.decide", work).await.unwrap() == Outcome::Done {
            return;
        }
    }
    panic!("not decided");
}

/// Whom a registration is uncertain about.
async fn asked_about(world: &World, says: &Demographics) -> Vec<PersonId> {
    match world.identify(says).await {
        Identified::Uncertain { candidates, .. } => {
            candidates.into_iter().map(|doubt| doubt.person).collect()
        }
        Identified::New(_) => Vec::new(),
        got @ Identified::Known(_) => panic!("{}: {got:?}", world.on.engine),
    }
}

#[tokio::test]
async fn whom_a_human_set_apart_is_not_proposed_again() {
    for world in worlds().await {
        let engine = world.on.engine;
        let known = world.identify(&isla()).await.person();
        let mut follower = followed(&world).await;
        let with = |number| Demographics { identifiers: vec![nhs(number)], ..at_school("8") };
        assert_eq!(asked_about(&world, &with(8)).await, [known], "{engine}");
        let place = world.places().await.remove(0);
        decide(&world, &place, Answer::Different).await;
        follower.turn(&world.on.db).await.unwrap();
        // The school's number means another number now: a question, but not the settled one.
        let about = asked_about(&world, &with(9)).await;
        assert_eq!(about, [place.person], "{engine}: {known} was set apart");
    }
}

#[tokio::test]
async fn those_whom_the_name_tells_leave_room_for_whoever_is_misspelt() {
    for world in worlds().await {
        let engine = world.on.engine;
        // Less likely than those whose name is the very same.
        let school = Demographics {
            address: Sensitive::default(),
            postcode: Sensitive::default(),
            ..at_school("7")
        };
        let misspelt = world.identify(&school).await.person();
        let named = |source: &str, number: &str| {
            living(
                says(source, number, "Isla Rose Sample", "2017-03-14", &[]),
                "3 High Street\nGlen",
            )
        };
        for number in ["1", "2", "3", "4"] {
            world.identify(&named("nhsl", number)).await;
        }
        followed(&world).await;
        let about = asked_about(&world, &named("ooh", "1")).await;
        assert!(about.contains(&misspelt), "{engine}: {}", about.len());
        assert_eq!(about.len(), 5, "{engine}");
    }
}

#[tokio::test]
async fn what_keeps_one_record_of_a_person_apart_keeps_the_person_apart() {
    for world in worlds().await {
        let engine = world.on.engine;
        let known = world.identify(&isla()).await.person();
        let hospital = says("ooh", "5", "Isla Rose Sample", "2017-03-14", &[nhs(5)]);
        let hospital = world.identify(&living(hospital, "3 High Street\nGlen")).await;
        let mut follower = followed(&world).await;
        let other =
            |number, theirs| Demographics { identifiers: vec![nhs(theirs)], ..at_school(number) };
        // Apart they are two, and one of them may be meant.
        assert_eq!(asked_about(&world, &other("7", 7)).await, [known], "{engine}");
        let places = world.places().await;
        let place = places.iter().find(|place| place.person == hospital.person()).unwrap();
        decide(&world, place, Answer::Same(known)).await;
        follower.turn(&world.on.db).await.unwrap();
        let about = asked_about(&world, &other("8", 8)).await;
        assert!(!about.contains(&known), "{engine}: the hospital says another number");
    }
}
