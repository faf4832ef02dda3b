//! The Caldicott Guardian over both engines: who is asked, who answers, what is kept, and that
//! advice changes nothing by itself.

use jiff::SignedDuration;
use ken_core::{EntryId, Sensitive};
use ken_directory::{Acting, HeldRole, Organisation, organisation, practitioner};
use ken_office::guardian::{self, Advice, Answered, Asked, Contest, ROLE, Side};
use ken_store::{Snapshot, Tx, guard};

use crate::world::{World, id, worlds};

const WORDS: &str = "CANARY the ward asks for the whole record";

/// Somebody of an organisation, registered, in a role.
async fn acts(world: &World, organisation: &str, role: &str) -> Acting {
    let ctx = world.ctx();
    let held = HeldRole { organisation: id(organisation), role: role.parse().unwrap() };
    let named = Organisation {
        id: held.organisation.clone(),
        name: format!("Glen {organisation}"),
        kind: "made-up".to_owned(),
        contact_phone: "01632 960 001".to_owned(),
    };
    let given = async |tx: &mut Tx| {
        organisation::register(tx, &ctx, &named).await?;
        let who = practitioner::register(tx, &ctx, "J. Example", None).await?;
        practitioner::give_role(tx, &ctx, &world.on.keys, who, &held, None, None).await?;
        Ok::<_, ken_directory::Error>(who)
    };
    let practitioner = world.on.db.write("test.acts", given).await.unwrap();
    let HeldRole { organisation, role } = held;
    Acting { practitioner, organisation, role, ..World::lead("cec") }
}

async fn ask(world: &World, by: &Acting, words: &str) -> Asked {
    let (db, keys, words) = (&world.on.db, &world.on.keys, Sensitive::new(words.to_owned()));
    let what = (Side::ShouldShare, &words);
    guardian::ask(db, &world.ctx(), keys, by, what).await.unwrap()
}

async fn answer(world: &World, by: &Acting, of: EntryId, why: &str) -> Answered {
    let (db, keys, why) = (&world.on.db, &world.on.keys, Sensitive::new(why.to_owned()));
    guardian::answer(db, &world.ctx(), keys, by, (of, Advice::Share, &why)).await.unwrap()
}

async fn own(world: &World, by: &Acting) -> Vec<Contest> {
    guardian::own(&world.on.db, &world.on.keys, by).await.unwrap()
}

#[tokio::test]
async fn the_guardian_of_ones_own_organisation_answers_once_and_opens_nothing() {
    for world in worlds().await {
        let (db, keys, engine) = (&world.on.db, &world.on.keys, world.on.engine);
        let asker = acts(&world, "cec", "sw.duty").await;
        let other = acts(&world, "nhsl", ROLE).await;
        assert_eq!(ask(&world, &asker, WORDS).await, Asked::NoGuardian, "{engine}: none here");
        let lead = acts(&world, "cec", "ig.lead").await;
        let cal = acts(&world, "cec", ROLE).await;
        assert_eq!(ask(&world, &cal, WORDS).await, Asked::NoGuardian, "{engine}: only oneself");
        assert_eq!(ask(&world, &asker, "  short  ").await, Asked::BadWords);
        let version = async || {
            let read = async |s: &mut Snapshot| guard::policy_version(s).await;
            db.snapshot("test.version", read).await.unwrap()
        };
        let before = version().await;
        assert_eq!(ask(&world, &asker, WORDS).await, Asked::Sent, "{engine}");
        let [one] = &*own(&world, &asker).await else { panic!("{engine}") };
        assert_eq!(one.words.reveal(), WORDS);
        assert!(one.answer.is_none() && one.due > world.ctx().clock.now());

        // Whoever is not the Guardian there reads and answers nothing.
        let why = "Share it: the clause on discharge covers it";
        for stranger in [&asker, &other, &lead] {
            assert_eq!(answer(&world, stranger, one.id, why).await, Answered::NotOpen, "{engine}");
            let (waiting, answered) = guardian::queue(db, keys, stranger).await.unwrap();
            assert!(waiting.is_empty() && answered.is_empty(), "{engine}");
        }
        let entered = world.entries("cec").await.len();
        assert_eq!(answer(&world, &cal, one.id, "yes").await, Answered::BadWords);
        assert_eq!(world.entries("cec").await.len(), entered, "{engine}: nothing was entered");
        let (waiting, _) = guardian::queue(db, keys, &cal).await.unwrap();
        assert_eq!(waiting.len(), 1, "{engine}");
        world.clock.advance(SignedDuration::from_mins(5));
        assert_eq!(answer(&world, &cal, one.id, why).await, Answered::Recorded, "{engine}");
        assert_eq!(answer(&world, &cal, one.id, why).await, Answered::NotOpen, "{engine}: once");

        let [one] = &*own(&world, &asker).await else { panic!("{engine}") };
        let given = one.answer.as_ref().unwrap();
        assert_eq!((given.advice, given.by), (Advice::Share, cal.practitioner), "{engine}");
        assert_eq!(given.reason.reveal(), why);
        // It is on the ledger, both ways; and nothing that is decided by has changed.
        let entries = world.entries("cec").await;
        assert!(entries.iter().any(|entry| entry["words"] == WORDS), "{engine}");
        let advised = entries.iter().filter(|entry| entry["advice"] == "share").count();
        assert_eq!(advised, 1, "{engine}");
        assert_eq!(version().await, before, "{engine}: advice changes no policy");
    }
}

/// What is asked lies in no table; nobody who reads the database alone learns it.
#[tokio::test]
async fn nobody_answers_their_own_question() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (one, two) = (acts(&world, "cec", ROLE).await, acts(&world, "cec", ROLE).await);
        assert_eq!(ask(&world, &one, WORDS).await, Asked::Sent, "{engine}: there is another");
        let [asked] = &*own(&world, &one).await else { panic!("{engine}") };
        let why = "I think that I was right";
        assert_eq!(answer(&world, &one, asked.id, why).await, Answered::NotOpen, "{engine}");
        assert_eq!(answer(&world, &two, asked.id, why).await, Answered::Recorded, "{engine}");
    }
}
