//! Asking those who sent the records: what they are asked, who answers, and until when.

use ken_core::PersonId;
use ken_directory::{Acting, practitioner};
use ken_person::queue::{ASK_WAIT, Detail, Said, SourceQuestion, SourceSays};
use ken_person::{Answer, Error, Place, ReviewId, Why, queue};
use ken_store::{Snapshot, Tx};

use crate::world::{World, chi, says, worlds};

fn why() -> Why {
    Why::new("the birth dates are a day apart").unwrap()
}

/// Isla of the health board, and somebody of the council who may be her.
async fn unsure(world: &World) -> (PersonId, Place) {
    let isla = says("nhsl", "1", "Isla Sample", "2017-03-14", &[chi(1)]);
    let isla = world.identify(&isla).await.person();
    world.identify(&says("cec", "9", "Isla Sample", "2017-03-14", &[])).await;
    (isla, world.places().await.remove(0))
}

async fn ask(world: &World, by: &Acting, place: &Place) -> Result<usize, Error> {
    let (ctx, at, why) = (world.ctx(), (place.person, place.id), why());
    let keys = &world.on.keys;
    let work = async |tx: &mut Tx| queue::ask_source(tx, &ctx, keys, at, (by, &why)).await;
    world.on.db.write("test.ask", work).await
}

async fn to(world: &World, source: &str) -> Vec<SourceQuestion> {
    let (ctx, source) = (world.ctx(), source.parse().unwrap());
    world.read(async |s: &mut Snapshot| queue::questions_to(s, &ctx, &source).await).await
}

async fn of(world: &World, place: &Place) -> Vec<SourceQuestion> {
    let at = (place.person, place.id);
    world.read(async |s: &mut Snapshot| queue::questions(s, at).await).await
}

async fn pending(world: &World) -> usize {
    let ctx = world.ctx();
    world.read(async |s: &mut Snapshot| queue::pending(s, &ctx).await).await.len()
}

async fn answer(world: &World, by: &Acting, at: (PersonId, ReviewId)) -> Result<(), Error> {
    let says = SourceSays::from([(Detail::Born, Said::Wrong), (Detail::Given, Said::Right)]);
    let (ctx, keys) = (world.ctx(), &world.on.keys);
    let work = async |tx: &mut Tx| queue::answer_source(tx, &ctx, keys, at, &says, by).await;
    world.on.db.write("test.answer", work).await
}

fn steward_of(world: &World, organisation: &str) -> Acting {
    Acting { organisation: organisation.parse().unwrap(), ..world.steward() }
}

#[tokio::test]
async fn each_source_is_asked_of_what_it_sent_and_answers_for_itself() {
    for world in worlds().await {
        let (engine, (isla, place)) = (world.on.engine, unsure(&world).await);
        let (by, council) = (world.steward(), steward_of(&world, "cec"));
        let before = world.entries().await;
        assert_eq!(ask(&world, &by, &place).await.unwrap(), 2, "{engine}");
        assert_eq!(world.entries().await, before + 1, "{engine}: it is entered");
        // Each of its own record, and of no other.
        for (source, about) in [("nhsl", isla), ("cec", place.person)] {
            let asked = to(&world, source).await;
            let asked: Vec<_> = asked.iter().map(|one| (one.person, one.source.as_str())).collect();
            assert_eq!(asked, [(about, source)], "{engine}");
        }
        assert_eq!(to(&world, "school").await, [], "{engine}");
        assert_eq!((pending(&world).await, world.places().await.len()), (2, 1), "{engine}");
        // Asked again while it waits, nobody is asked twice.
        assert_eq!(ask(&world, &steward_of(&world, "nhsl"), &place).await.unwrap(), 2);
        assert_eq!(of(&world, &place).await.len(), 2, "{engine}");

        let question = to(&world, "cec").await.remove(0);
        let at = (question.person, question.id);
        let asker = Acting { organisation: council.organisation.clone(), ..by.clone() };
        for wrong in [&by, &asker, &steward_of(&world, "school")] {
            let refused = answer(&world, wrong, at).await;
            assert!(matches!(refused, Err(Error::Unknown("question"))), "{engine}");
        }
        // Nor does anybody answer of themselves.
        let ctx = world.ctx();
        let register = async |tx: &mut Tx| {
            practitioner::register(tx, &ctx, "I. Sample", Some(question.person)).await
        };
        let own = world.on.db.write("test.register", register).await.unwrap();
        let own = Acting { practitioner: own, ..council.clone() };
        assert!(matches!(answer(&world, &own, at).await, Err(Error::Unknown("question"))));
        let before = world.entries().await;
        answer(&world, &council, at).await.unwrap();
        assert_eq!(world.entries().await, before + 1, "{engine}: it is entered");
        assert!(matches!(answer(&world, &council, at).await, Err(Error::Unknown("question"))));
        let said = of(&world, &place).await;
        let said = said.iter().find(|one| one.id == question.id).unwrap().answer.clone().unwrap();
        let want = SourceSays::from([(Detail::Given, Said::Right), (Detail::Born, Said::Wrong)]);
        assert_eq!(said.1, want, "{engine}");
        assert_eq!((pending(&world).await, to(&world, "cec").await.len()), (1, 0), "{engine}");
    }
}

#[tokio::test]
async fn a_place_waits_a_fortnight_and_no_longer_than_it_is_open() {
    for world in worlds().await {
        let (engine, (_, place)) = (world.on.engine, unsure(&world).await);
        let (by, council) = (world.steward(), steward_of(&world, "cec"));
        ask(&world, &by, &place).await.unwrap();
        let question = to(&world, "cec").await.remove(0);
        let at = (question.person, question.id);
        world.clock.advance(ASK_WAIT - jiff::SignedDuration::from_micros(1));
        assert_eq!((pending(&world).await, to(&world, "cec").await.len()), (2, 1), "{engine}");
        assert!(question.waits(world.ctx().clock.now()), "{engine}");
        world.clock.advance(jiff::SignedDuration::from_micros(1));
        assert_eq!((pending(&world).await, to(&world, "cec").await.len()), (0, 0), "{engine}");
        assert!(!question.waits(world.ctx().clock.now()), "{engine}");
        assert!(matches!(answer(&world, &council, at).await, Err(Error::Unknown("question"))));
        // It may be asked anew; decided, nobody is asked for it any more.
        assert_eq!(ask(&world, &by, &place).await.unwrap(), 2, "{engine}");
        assert_eq!(of(&world, &place).await.len(), 4, "{engine}: and what was asked stays");
        let (ctx, keys, decided) = (world.ctx(), &world.on.keys, (place.person, place.id));
        for by in [&by, &steward_of(&world, "nhsl")] {
            let why = why();
            let work = async |tx: &mut Tx| {
                queue::decide(tx, &ctx, keys, &[], decided, Answer::Different, (by, &why)).await
            };
            match world.on.db.write("test.decide", work).await {
                Ok(_) | Err(Error::Decided(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert!(world.places().await.is_empty(), "{engine}");
        assert_eq!((pending(&world).await, to(&world, "cec").await.len()), (0, 0), "{engine}");
    }
}
