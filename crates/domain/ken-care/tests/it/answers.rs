//! The person answers an offer themselves: the one that they were told of, and no other.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_care::role::answer::{self, Answer, Said};
use ken_care::role::{self, By, Change, Holder, Kind, Refused};
use ken_core::{AccountId, Fact, PersonId, Sensitive};
use ken_directory::{Acting, practitioner};
use ken_sharing::fact::{self, Grade};
use ken_sharing::together;
use ken_store::{Reads as _, Snapshot, Sql, Tx, values};
use ken_testkit::engines;

use crate::world::{World, held, holder, word, worlds};

const NAMED: Kind = Kind::NamedPerson;
const NONE: &str = "None: the person or their family chose this";
const WORDS: &str = "She knows me well";

async fn answered(world: &World, answer: Answer, words: &str) -> Result<i64, Refused> {
    let (account, words) = (AccountId::draw(&*world.ids), Sensitive::new(words.to_owned()));
    let (db, keys, of) = (&world.on.db, &world.on.keys, (world.person, NAMED));
    answer::answer(db, &world.ctx(), keys, account, of, (answer, &words)).await.unwrap()
}

/// Who is offered, as far as the person is told of it.
async fn to_answer(world: &World) -> Vec<(Kind, Holder)> {
    let read = async |s: &mut Snapshot| answer::to_answer(s, world.person).await;
    world.on.db.snapshot("test.to-answer", read).await.unwrap()
}

/// What the person answered, as somebody reads it.
async fn said(world: &World, by: &Acting) -> Vec<Said> {
    let (ctx, keys) = (world.ctx(), &world.on.keys);
    let read = async |s: &mut Snapshot| answer::said(s, &ctx, keys, by, world.person).await;
    world.on.db.snapshot("test.said", read).await.unwrap()
}

fn words(said: &[Said]) -> Vec<Option<&str>> {
    said.iter().map(|one| one.words.as_ref().map(|words| words.reveal().as_str())).collect()
}

/// Says of somebody that reading what is written might harm somebody, or not any more.
async fn at_risk(world: &World, person: PersonId, is_so: bool) {
    world.clock.advance(SignedDuration::from_secs(1));
    let (ctx, risk) = (world.ctx(), Fact::new("at-risk").unwrap());
    let source = word("nhsl");
    let write = async |tx: &mut Tx| {
        let guard = together::lock(tx, &BTreeSet::from([person])).await?;
        if is_so {
            fact::record(tx, &ctx, person, &source, (&risk, Grade::System)).await?;
        } else {
            fact::end(tx, &ctx, person, &source, &risk).await?;
        }
        guard.bump(tx).await?;
        Ok::<_, ken_sharing::Error>(())
    };
    world.on.db.write("test.risk", write).await.unwrap();
}

#[tokio::test]
async fn the_person_accepts_by_themselves_and_it_holds_from_then_on() {
    for world in worlds().await {
        let (engine, of) = (world.on.engine, (world.person, NAMED));
        let World { jo, beth, nadia, kirsty, .. } = &world;
        world.relate(world.person, "nhsl", "direct-care").await;
        world.change(jo, of, &Change::Offer(holder(beth))).await.unwrap();
        assert_eq!(to_answer(&world).await, [(NAMED, holder(beth))], "{engine}");
        let epoch = world.epoch(world.person).await;
        let other = answered(&world, Answer::Accept(nadia.practitioner), WORDS).await;
        assert_eq!(other, Err(Refused::NothingOffered), "{engine}: nobody who was not offered");
        let long = "x".repeat(role::WHY_LEN_MAX + 1);
        let long = answered(&world, Answer::Accept(beth.practitioner), &long).await;
        assert_eq!(long, Err(Refused::Unfit), "{engine}");
        assert_eq!(world.epoch(world.person).await, epoch, "{engine}: a refusal changes nothing");
        answered(&world, Answer::Accept(beth.practitioner), WORDS).await.unwrap();
        assert!(world.standing(world.person, NAMED).await.is_held_by(beth), "{engine}");
        assert!(world.epoch(world.person).await > epoch, "{engine}: decided anew");
        let related = world.related(world.person).await;
        let is_hers = |one: &ken_sharing::relationship::Relationship| {
            one.kind == NAMED.code() && one.practitioner == Some(beth.practitioner)
        };
        assert!(related.iter().any(is_hers), "{engine}: the gate knows her");
        assert!(to_answer(&world).await.is_empty(), "{engine}");
        let turns = world.turns(world.person).await;
        assert!(matches!(turns.last().unwrap().by, By::Person(_)), "{engine}");
        let entries = world.entries(world.person).await;
        let last = entries.last().unwrap();
        assert_eq!((&last["state"], &last["why"]), (&"accepted".into(), &WORDS.into()), "{engine}");
        assert!(last["account"].is_string() && last["by"].is_null(), "{engine}: {last}");
        // Who offered and who holds it read the words; another body does not, whatever it may see.
        for by in [jo, beth] {
            assert_eq!(words(&said(&world, by).await), [Some(WORDS)], "{engine}");
        }
        assert!(said(&world, kirsty).await.is_empty(), "{engine}: not the ward's");
    }
}

#[tokio::test]
async fn who_declines_stays_without_and_the_body_that_offered_says_so() {
    for world in worlds().await {
        let (engine, of) = (world.on.engine, (world.person, NAMED));
        let World { jo, beth, nadia, rao, .. } = &world;
        world.relate(world.person, "practice", "direct-care").await;
        world.change(jo, of, &Change::Offer(holder(beth))).await.unwrap();
        answered(&world, Answer::Decline(beth.practitioner), "").await.unwrap();
        let standing = world.standing(world.person, NAMED).await;
        assert!(standing.is_declined && standing.holder.is_none(), "{engine}");
        assert!(world.said(world.person, rao, "cec").await.contains(NONE), "{engine}");
        assert_eq!(words(&said(&world, jo).await), [None], "{engine}: no words were given");
        // Of a hand-over that is declined the holder stays.
        world.change(jo, of, &Change::Set(holder(beth))).await.unwrap();
        assert!(!world.said(world.person, rao, "cec").await.contains(NONE), "{engine}");
        world.change(beth, of, &Change::Offer(holder(nadia))).await.unwrap();
        answered(&world, Answer::Decline(nadia.practitioner), WORDS).await.unwrap();
        assert!(world.standing(world.person, NAMED).await.is_held_by(beth), "{engine}");
    }
}

#[tokio::test]
async fn an_offer_that_is_kept_from_the_person_is_none_to_them() {
    for world in worlds().await {
        let (engine, of) = (world.on.engine, (world.person, NAMED));
        let World { jo, beth, nadia, .. } = &world;
        at_risk(&world, world.person, true).await;
        world.change(jo, of, &Change::Offer(holder(beth))).await.unwrap();
        assert!(to_answer(&world).await.is_empty(), "{engine}");
        let (accept, decline) =
            (Answer::Accept(beth.practitioner), Answer::Decline(beth.practitioner));
        for answer in [accept, decline] {
            let told = answered(&world, answer, WORDS).await;
            assert_eq!(told, Err(Refused::NothingOffered), "{engine} {answer:?}");
        }
        // Nor is it told once the risk is over.
        at_risk(&world, world.person, false).await;
        assert!(to_answer(&world).await.is_empty(), "{engine}");
        assert_eq!(answered(&world, accept, WORDS).await, Err(Refused::NothingOffered));
        world.change(jo, of, &Change::Offer(holder(nadia))).await.unwrap();
        assert_eq!(to_answer(&world).await, [(NAMED, holder(nadia))], "{engine}");
        // What is taken back out of their sight changes nothing that they see.
        at_risk(&world, world.person, true).await;
        world.change(jo, of, &Change::TakeBack(nadia.practitioner)).await.unwrap();
        assert_eq!(to_answer(&world).await, [(NAMED, holder(nadia))], "{engine}");
        let late = answered(&world, Answer::Accept(nadia.practitioner), WORDS).await;
        assert_eq!(late, Err(Refused::NothingOffered), "{engine}");
        // What they answer themselves is answered, whatever is kept from them.
        at_risk(&world, world.person, false).await;
        world.change(jo, of, &Change::Offer(holder(beth))).await.unwrap();
        at_risk(&world, world.person, true).await;
        answered(&world, decline, "").await.unwrap();
        assert!(to_answer(&world).await.is_empty(), "{engine}");
    }
}

#[tokio::test]
async fn nobody_accepts_themselves_in_their_own_record() {
    for world in worlds().await {
        let (engine, of) = (world.on.engine, (world.person, NAMED));
        let seat = held(&world.beth);
        let (ctx, keys) = (world.ctx(), &world.on.keys);
        let made = world.on.db.write("test.herself", async |tx: &mut Tx| {
            let is = practitioner::register(tx, &ctx, "Herself", Some(world.person)).await?;
            practitioner::give_role(tx, &ctx, keys, is, &seat, None, None).await?;
            Ok::<_, ken_directory::Error>(is)
        });
        let herself = Holder { practitioner: made.await.unwrap(), ..holder(&world.beth) };
        let whom = herself.practitioner;
        world.change(&world.jo, of, &Change::Offer(herself)).await.unwrap();
        let accepted = answered(&world, Answer::Accept(whom), WORDS).await;
        assert_eq!(accepted, Err(Refused::Oneself), "{engine}");
        answered(&world, Answer::Decline(whom), WORDS).await.unwrap();
    }
}

/// A turn as it stood before the person could answer.
const BEFORE: Sql = Sql::both(
    "INSERT INTO care_role (person_id, kind, turn, state, practitioner_id, organisation, role,
       by_practitioner, by_organisation, key_id, why, at_us)
     VALUES ($1, 'named-person', 1, 'offered', $2, 'cec', 'sw.duty', $2, 'cec', $3, $4, 7)",
);

#[tokio::test]
async fn offers_of_before_are_kept_and_shown_to_nobody_who_was_not_told() {
    let before = ken_care::MIGRATIONS.iter().position(|one| one.title.contains("person's own"));
    let older = &ken_care::MIGRATIONS[..before.unwrap()];
    for on in engines(&[older]).await {
        let (person, who) = (PersonId::draw(&ken_testkit::SeededIds::new(5)), NOBODY);
        let key = on.keys.fresh().await.unwrap();
        let put = async |tx: &mut Tx| {
            let why: &[u8] = &[1, 2];
            tx.execute(BEFORE, values![person, who, key.to_string(), why]).await
        };
        on.db.write("test.before", put).await.unwrap();
        on.db.migrate(&[ken_care::MIGRATIONS]).await.unwrap();
        let read = async |s: &mut Snapshot| {
            let offers = answer::to_answer(s, person).await?;
            Ok::<_, ken_care::Error>((role::turns(s, person).await?, offers))
        };
        let (turns, offers) = on.db.snapshot("test.after", read).await.unwrap();
        let engine = on.engine;
        assert_eq!((turns.len(), turns[0].number, turns[0].is_shown), (1, 1, false), "{engine}");
        assert_eq!(turns[0].state.code(), "offered", "{engine}");
        assert!(offers.is_empty(), "{engine}");
        let count = async |s: &mut Snapshot| {
            s.find("SELECT COUNT(*) FROM care_role", &[], |row| row.int(0)).await
        };
        assert_eq!(on.db.snapshot("test.count", count).await.unwrap(), Some(1), "{engine}");
    }
}

const NOBODY: &str = "0190163d-8694-739b-aea5-966c26f8ad90";
