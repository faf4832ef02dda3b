//! A message that loses its turn however often it comes.

use ken_hl7::ack::Code;
use ken_hub::{Again, Answer, ROUNDS_MAX};
use ken_store::Migration;
use tokio_util::sync::CancellationToken;

use crate::outage::waking;
use crate::world::{MIGRATIONS, World, worlds};

/// Whoever claims this number is told that another was first, whom nobody ever finds: a
/// registration with it never comes to its turn.
const BREAK: Migration = Migration {
    owner: "test-turns",
    number: 1,
    title: "a number that nobody gets",
    sql: "
-- sqlite: CREATE TRIGGER turnless BEFORE INSERT ON identifier_claim
-- sqlite:   WHEN NEW.value = '9990000018' BEGIN SELECT RAISE(IGNORE); END;
-- pg: CREATE FUNCTION turnless() RETURNS trigger LANGUAGE plpgsql AS $$
-- pg: BEGIN IF NEW.value = '9990000018' THEN RETURN NULL; END IF; RETURN NEW; END $$;
-- pg: CREATE TRIGGER turnless BEFORE INSERT ON identifier_claim
-- pg:   FOR EACH ROW EXECUTE FUNCTION turnless();
",
};
const MEND: Migration = Migration {
    owner: "test-turns",
    number: 2,
    title: "a number as any other",
    sql: "
-- sqlite: DROP TRIGGER turnless;
-- pg: DROP TRIGGER turnless ON identifier_claim;
",
};

/// The server has no memory for what is to be filed.
const FULL: Migration = Migration {
    owner: "test-turns",
    number: 1,
    title: "no memory",
    sql: "
-- pg: CREATE FUNCTION memoryless() RETURNS trigger LANGUAGE plpgsql AS $$
-- pg: BEGIN RAISE EXCEPTION 'out of memory' USING ERRCODE = '53200'; END $$;
-- pg: CREATE TRIGGER memoryless BEFORE INSERT ON record_item
-- pg:   FOR EACH ROW EXECUTE FUNCTION memoryless();
",
};
const FREED: Migration = Migration {
    owner: "test-turns",
    number: 2,
    title: "memory again",
    sql: "
-- pg: DROP TRIGGER memoryless ON record_item;
",
};

/// Changes the tables themselves, which no write may.
async fn change(world: &World, changes: &'static [Migration]) {
    let lists: Vec<_> = MIGRATIONS.into_iter().chain([changes]).collect();
    world.databases.db.migrate(&lists).await.unwrap();
}

fn message(control_id: &str, identifiers: &str, place: &str) -> String {
    format!(
        "MSH|^~\\&|A|B|KEN|HSCP|20261121101500||ADT^A31|{control_id}|P|2.5\r\
         EVN|A31|20261121101500\rPID|1||{identifiers}||Gray^Ann||19010203|F|||{place}"
    )
}

/// What is said after one wait.
async fn waits(world: &World, message: &str) -> Option<Code> {
    let stop = CancellationToken::new();
    let taking = Box::pin(world.hub.accept_patiently(message.as_bytes(), &stop));
    let answer: Option<Answer> = Box::pin(waking(world, taking)).await;
    answer.and_then(|answer| answer.code)
}

#[tokio::test]
async fn what_never_comes_to_its_turn_waits_for_a_person_and_keeps_back_nobody() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let somebody = message("1", "77^^^B^MR", "").replace("Gray^", "Bain^");
        assert_eq!(world.say(&somebody).await, "AA", "{engine}");
        change(&world, &[BREAK]).await;
        let never = message("2", "9990000018^^^NHSNBR^NH~78^^^B^MR", "1 First St");
        for round in 1..ROUNDS_MAX {
            assert_eq!(waits(&world, &never).await, None, "{engine}: {round}");
            assert_eq!(world.count("SELECT COUNT(*) FROM inbox").await, 1, "{engine}");
        }
        assert_eq!(
            waits(&world, &never).await,
            Some(Code::Error),
            "{engine}: it has had its turns"
        );
        assert_eq!(
            world.say(&never).await,
            "AE hub.lost-turn",
            "{engine}: and again, if it is asked"
        );
        let held = ken_hub::held(&world.databases.db).await.unwrap();
        let codes: Vec<_> = held.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["hub.lost-turn"], "{engine}");
        assert_eq!(world.messages_opened().await, 1, "{engine}: it is nobody's yet");
        // What its sender has behind it is taken, also of the same person.
        world.tick();
        assert_eq!(world.say(&message("3", "78^^^B^MR", "2 Second St")).await, "AA", "{engine}");
        // And nobody maps the one over the other unawares.
        change(&world, &[BREAK, MEND]).await;
        let (db, keys, by) =
            (&world.databases.db, &world.databases.keys, world.operator("practice"));
        let with = (keys, world.hub.index());
        let tried = ken_hub::try_again(db, &world.ctx(), with, held[0].id, &by).await.unwrap();
        assert_eq!(tried, Some(Again::Overtaken(1)), "{engine}");
    }
}

#[tokio::test]
async fn what_comes_to_its_turn_is_taken_and_begins_anew() {
    for world in worlds().await {
        let engine = world.databases.engine;
        assert_eq!(world.say(&message("1", "77^^^B^MR", "")).await, "AA");
        change(&world, &[BREAK]).await;
        let late = message("2", "9990000018^^^NHSNBR^NH~78^^^B^MR", "1 First St");
        for _ in 1..ROUNDS_MAX {
            assert_eq!(waits(&world, &late).await, None, "{engine}");
        }
        change(&world, &[BREAK, MEND]).await;
        assert_eq!(waits(&world, &late).await, Some(Code::Accept), "{engine}");
        assert!(ken_hub::held(&world.databases.db).await.unwrap().is_empty(), "{engine}");
    }
}

#[tokio::test]
async fn what_the_server_has_no_memory_for_is_taken_when_it_has() {
    for world in worlds().await {
        // SQLite has no way to be told that it has none.
        let Some(_) = world.databases.another_node().await else { continue };
        change(&world, &[FULL]).await;
        let one = message("1", "77^^^B^MR", "");
        let answer = world.hub.accept(one.as_bytes()).await;
        assert!(!answer.is_kept() && answer.into_bytes().is_none(), "it says nothing of this one");
        assert_eq!(world.count("SELECT COUNT(*) FROM inbox").await, 0, "nothing is claimed");
        change(&world, &[FULL, FREED]).await;
        assert_eq!(world.say(&one).await, "AA");
    }
}

/// Its id is another's by the time that it has had its turns: it is kept as what it is.
#[tokio::test]
async fn what_loses_its_turn_and_its_id_is_kept_all_the_same() {
    const KEPT: &str = "SELECT COUNT(*) FROM held_message
        WHERE reason = 'hub.same-id-other-content'";
    for world in worlds().await {
        let engine = world.databases.engine;
        change(&world, &[BREAK]).await;
        let never = message("2", "9990000018^^^NHSNBR^NH~78^^^B^MR", "1 First St");
        for round in 1..ROUNDS_MAX {
            assert_eq!(waits(&world, &never).await, None, "{engine}: {round}");
        }
        let other = message("2", "79^^^B^MR", "2 Second St").replace("Gray^", "Bain^");
        assert_eq!(world.say(&other).await, "AA", "{engine}");
        assert_eq!(waits(&world, &never).await, Some(Code::Error), "{engine}");
        assert_eq!(world.count(KEPT).await, 1, "{engine}");
        assert_eq!(world.say(&never).await, "AE hub.same-id-other-content", "{engine}");
        assert_eq!(world.count(KEPT).await, 1, "{engine}: once");
    }
}
