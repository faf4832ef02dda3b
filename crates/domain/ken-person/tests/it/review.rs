//! Reviewers: two where two must say it, a month to take back alone, and how far they agree.

use ken_core::PersonId;
use ken_directory::Acting;
use ken_directory::practitioner;
use ken_person::queue::{self, Agreement, Contested, Follow, Outcome, RISK_MOST};
use ken_person::queue::{UNDO_ALONE, UNDO_ASKED, Waiting};
use ken_person::{Answer, Error, Place, Why};
use ken_sharing::linker;
use ken_store::{Snapshot, Tx};

use crate::world::{World, chi, says, worlds};

fn why() -> Why {
    Why::new("confirmed by telephone").unwrap()
}

async fn decide(world: &World, by: &Acting, place: &Place, answer: Answer) -> Outcome {
    decide_that(world, by, place, (answer, &[])).await.unwrap()
}

async fn decide_that(
    world: &World,
    by: &Acting,
    place: &Place,
    (answer, follows): (Answer, &[Follow]),
) -> Result<Outcome, Error> {
    let (ctx, at, why) = (world.ctx(), (place.person, place.id), why());
    let work = async |tx: &mut Tx| {
        queue::decide(tx, &ctx, &world.on.keys, follows, at, answer, (by, &why)).await
    };
    world.on.db.write("test.decide", work).await
}

async fn undo(world: &World, by: &Acting, place: &Place) -> Result<Outcome, Error> {
    let (ctx, at, why) = (world.ctx(), (place.person, place.id), why());
    let work = async |tx: &mut Tx| queue::undo(tx, &ctx, &world.on.keys, at, by, &why).await;
    world.on.db.write("test.undo", work).await
}

async fn agreement(world: &World) -> Agreement {
    let ctx = world.ctx();
    world.read(async |s: &mut Snapshot| queue::agreement(s, &ctx).await).await
}

async fn contested(world: &World) -> Vec<Contested> {
    let ctx = world.ctx();
    let by = world.steward();
    world.read(async |s: &mut Snapshot| queue::contested(s, &ctx, &by).await).await
}

async fn waiting(world: &World) -> Waiting {
    world.read(async |s: &mut Snapshot| queue::waiting(s).await).await
}

async fn is_linker(world: &World, person: PersonId, by: &Acting) -> bool {
    let ctx = world.ctx();
    let read =
        async |s: &mut Snapshot| Ok(linker::is_linker(s, &ctx, person, by.practitioner).await?);
    world.read(read).await
}

/// As many places as asked for, each of somebody provisional and somebody known.
async fn places(world: &World, many: u64) -> Vec<Place> {
    for n in 1..=many {
        let (board, council) = (n.to_string(), (n + 10_000).to_string());
        let born = format!("{}-03-14", 1900 + n);
        world.identify(&says("nhsl", &board, "Isla Sample", &born, &[chi(n)])).await;
        world.identify(&says("cec", &council, "Isla Sample", &born, &[])).await;
    }
    world.places().await
}

#[tokio::test]
async fn of_all_places_some_are_decided_by_two() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (first, second) = (world.steward(), world.steward());
        let mut sampled = vec![];
        for place in places(&world, 60).await {
            match decide(&world, &first, &place, Answer::Different).await {
                Outcome::Done => {}
                Outcome::AwaitsSecond => sampled.push(place),
                other => panic!("{engine}: {other:?}"),
            }
        }
        assert!((1..=20).contains(&sampled.len()), "{engine}: {} of 60", sampled.len());
        assert_eq!(waiting(&world).await.open, i64::try_from(sampled.len()).unwrap(), "{engine}");
        assert_eq!(agreement(&world).await.pairs, 0, "{engine}: nobody was second yet");
        // The first again is no second.
        let place = &sampled[0];
        let again = decide(&world, &first, place, Answer::Different).await;
        assert_eq!(again, Outcome::AwaitsSecond, "{engine}");
        assert_eq!(decide(&world, &second, place, Answer::Different).await, Outcome::Done);
        let both = Agreement { pairs: 1, agreed: 1, kappa: None };
        assert_eq!(agreement(&world).await, both, "{engine}: chance alone agrees so");
        // Nor does the figure change where one of them asks to take back what still stands.
        world.clock.advance(UNDO_ALONE);
        world.clock.advance(jiff::SignedDuration::from_secs(1));
        assert_eq!(undo(&world, &first, place).await.unwrap(), Outcome::AwaitsSecond);
        assert_eq!(agreement(&world).await, both, "{engine}");
        let Some(place) = sampled.get(1) else { continue };
        let other = place.candidates[0].person;
        let answer = decide(&world, &second, place, Answer::Same(other)).await;
        assert_eq!(answer, Outcome::Disagreed, "{engine}");
        let told = agreement(&world).await;
        assert_eq!((told.pairs, told.agreed, told.kappa), (2, 1, Some(0.0)), "{engine}");
        assert!(!is_linker(&world, other, &second).await, "{engine}: nothing was joined");
    }
}

#[tokio::test]
async fn after_a_month_two_take_a_decision_back() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (first, second) = (world.steward(), world.steward());
        let place = &places(&world, 1).await[0];
        let other = place.candidates[0].person;
        assert_eq!(decide(&world, &first, place, Answer::Same(other)).await, Outcome::Done);
        world.clock.advance(UNDO_ALONE);
        assert_eq!(undo(&world, &first, place).await.unwrap(), Outcome::Done, "{engine}: in time");
        assert_eq!(world.lead(place.person).await, place.person, "{engine}");
        assert_eq!(decide(&world, &first, place, Answer::Same(other)).await, Outcome::Done);
        world.clock.advance(UNDO_ALONE);
        world.clock.advance(jiff::SignedDuration::from_secs(1));
        for _ in 0..2 {
            let outcome = undo(&world, &first, place).await.unwrap();
            assert_eq!(outcome, Outcome::AwaitsSecond, "{engine}: not alone");
            assert_eq!(world.lead(place.person).await, other, "{engine}: it stands");
        }
        // It is listed until a second comes; after two weeks it is asked for again.
        let listed = contested(&world).await;
        assert_eq!(listed.iter().map(|one| one.place).collect::<Vec<_>>(), [place.id], "{engine}");
        world.clock.advance(UNDO_ASKED);
        assert_eq!(contested(&world).await, [], "{engine}");
        assert_eq!(undo(&world, &second, place).await.unwrap(), Outcome::AwaitsSecond, "{engine}");
        assert_eq!(contested(&world).await.len(), 1, "{engine}");
        assert_eq!(undo(&world, &first, place).await.unwrap(), Outcome::Done, "{engine}");
        assert_eq!(world.lead(place.person).await, place.person, "{engine}");
        assert_eq!(contested(&world).await, [], "{engine}");
    }
}

#[tokio::test]
async fn whoever_joined_is_known_as_linker_for_a_while() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (first, second, stranger) = (world.steward(), world.steward(), world.steward());
        let place = &places(&world, 1).await[0];
        let other = place.candidates[0].person;
        decide(&world, &first, place, Answer::Same(other)).await;
        for person in [place.person, other] {
            assert!(is_linker(&world, person, &first).await, "{engine}");
            assert!(!is_linker(&world, person, &stranger).await, "{engine}");
        }
        undo(&world, &first, place).await.unwrap();
        assert!(is_linker(&world, other, &first).await, "{engine}: taking it back is no way in");
        world.clock.advance(linker::LINKER_LAST.try_into().unwrap());
        assert!(!is_linker(&world, other, &first).await, "{engine}: it is over");
        // Of two who say so, both joined.
        let known = says("cec", "501", "Ann Other", "1950-01-01", &[]);
        let known = world.identify(&known).await.person();
        world.identify(&says("nhsl", "502", "Ann Other", "1950-01-02", &[chi(500)])).await;
        world.identify(&says("cec", "501", "Ann Other", "1950-01-01", &[chi(500)])).await;
        let all = world.places().await;
        let place = all.iter().find(|place| place.person == known).unwrap();
        let answer = Answer::Same(place.candidates[0].person);
        assert_eq!(decide(&world, &first, place, answer).await, Outcome::AwaitsSecond, "{engine}");
        assert!(!is_linker(&world, known, &first).await, "{engine}: nothing is joined");
        assert_eq!(decide(&world, &second, place, answer).await, Outcome::Done, "{engine}");
        for by in [&first, &second] {
            assert!(is_linker(&world, known, by).await, "{engine}");
        }
    }
}

#[tokio::test]
async fn the_queue_says_how_long_it_is() {
    for world in worlds().await {
        let none = Waiting { open: 0, oldest: None, middle: None };
        assert_eq!(waiting(&world).await, none, "{}", world.on.engine);
        let mut since = vec![];
        for n in 1..=3 {
            let (board, council) = (n.to_string(), (n + 100).to_string());
            let born = format!("19{n}0-01-01");
            world.identify(&says("nhsl", &board, "Isla Sample", &born, &[chi(n)])).await;
            since.push(world.ctx().clock.now());
            world.identify(&says("cec", &council, "Isla Sample", &born, &[])).await;
            world.clock.advance(jiff::SignedDuration::from_hours(1));
        }
        let now = waiting(&world).await;
        assert_eq!(now.open, 3, "{}", world.on.engine);
        assert_eq!((now.oldest, now.middle), (Some(since[0]), Some(since[1])));
    }
}

/// What one body could ask another for, in so many kinds.
fn follow(kinds: usize) -> Follow {
    let kinds = (0..kinds).map(|n| format!("kind-{n}").parse().unwrap()).collect();
    Follow { asks: "cec".parse().unwrap(), of: "nhsl".parse().unwrap(), kinds }
}

#[tokio::test]
async fn what_lets_bodies_ask_for_much_is_for_two_to_say() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (first, second) = (world.steward(), world.steward());
        let open = places(&world, 2).await;
        let same = |place: &Place| Answer::Same(place.candidates[0].person);
        let little = [follow(RISK_MOST - 10), follow(10)];
        let said = decide_that(&world, &first, &open[0], (same(&open[0]), &little)).await.unwrap();
        assert_eq!(said, Outcome::Done, "{engine}: so many are for one");
        let much = [follow(RISK_MOST - 10), follow(11)];
        for by in [&first, &first] {
            let said = decide_that(&world, by, &open[1], (same(&open[1]), &much)).await.unwrap();
            assert_eq!(said, Outcome::AwaitsSecond, "{engine}: one more is for two");
            assert_eq!(world.lead(open[1].person).await, open[1].person, "{engine}");
        }
        let said = decide_that(&world, &second, &open[1], (same(&open[1]), &much)).await.unwrap();
        assert_eq!(said, Outcome::Done, "{engine}");
    }
}

#[tokio::test]
async fn nobody_decides_about_their_own_record() {
    for world in worlds().await {
        let engine = world.on.engine;
        let place = &places(&world, 1).await[0];
        for own in [place.person, place.candidates[0].person] {
            let ctx = world.ctx();
            let work =
                async |tx: &mut Tx| practitioner::register(tx, &ctx, "Kit Sample", Some(own)).await;
            let practitioner = world.on.db.write("test.self", work).await.unwrap();
            let by = Acting { practitioner, ..world.steward() };
            let said = decide_that(&world, &by, place, (Answer::Different, &[])).await;
            assert!(matches!(said, Err(Error::Unknown(_))), "{engine}: {said:?}");
            let other = place.candidates[0].person;
            let steward = world.steward();
            assert_eq!(decide(&world, &steward, place, Answer::Same(other)).await, Outcome::Done);
            let undone = undo(&world, &by, place).await;
            assert!(matches!(undone, Err(Error::Unknown(_))), "{engine}: {undone:?}");
            assert_eq!(undo(&world, &steward, place).await.unwrap(), Outcome::Done, "{engine}");
        }
    }
}

#[tokio::test]
async fn who_takes_a_link_back_does_not_read_either() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (maker, breaker) = (world.steward(), world.steward());
        let place = &places(&world, 1).await[0];
        let other = place.candidates[0].person;
        assert_eq!(decide(&world, &maker, place, Answer::Same(other)).await, Outcome::Done);
        assert!(!is_linker(&world, other, &breaker).await, "{engine}");
        assert_eq!(undo(&world, &breaker, place).await.unwrap(), Outcome::Done, "{engine}");
        for person in [place.person, other] {
            assert!(is_linker(&world, person, &breaker).await, "{engine}");
        }
    }
}

#[tokio::test]
async fn the_bar_follows_who_stands_together() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (maker, later) = (world.steward(), world.steward());
        let place = &places(&world, 1).await[0];
        let other = place.candidates[0].person;
        assert_eq!(decide(&world, &maker, place, Answer::Same(other)).await, Outcome::Done);
        // Somebody else joins a third record to these: the first reviewer does not read it either.
        let third = says("cec", "30001", "Isla Sample", "1901-03-14", &[]);
        let third = world.identify(&third).await.person();
        let all = world.places().await;
        let place = all.iter().find(|place| place.person == third).unwrap();
        let to = place.candidates[0].person;
        if decide(&world, &later, place, Answer::Same(to)).await != Outcome::Done {
            assert_eq!(decide(&world, &maker, place, Answer::Same(to)).await, Outcome::Done);
        }
        assert!(is_linker(&world, third, &maker).await, "{engine}");
    }
}
