//! Moves of numbers that are not done at once: each by itself, in order, and not for ever.

use ken_core::PersonId;
use ken_records::moves::{self, FAILURES_MAX, Stopped};
use ken_store::timer::Runner;
use ken_store::{Snapshot, guard};

use crate::merges::{message, nhs, person, pid};
use crate::world::{World, worlds};

/// Three people whom the practice knows, each under a number of the board.
async fn three_known(world: &World) -> Vec<PersonId> {
    for one in 0..3 {
        let theirs = format!("7{one}^^^B^MR~{}", person(1, one));
        let says = message(&format!("p{one}"), "A|B", "A08", &theirs, "");
        assert_eq!(world.say(&says).await, "AA");
        let says = message(&format!("b{one}"), "SIMHOSP|SFAC", "A08", &pid(1, one, one), "");
        assert_eq!(world.say(&says).await, "AA");
    }
    world.people().await
}

/// The board merges the number of one into that of another.
async fn merge(world: &World, id: &str, gone: usize, kept: usize) {
    let rest = format!("\rMRG|100{gone}^^^S^MR");
    let says = message(id, "SIMHOSP|SFAC", "A40", &pid(1, kept, kept), &rest);
    assert_eq!(world.say(&says).await, "AA", "{id}");
}

/// More of the board about a number than one step moves.
async fn much(world: &World, number: usize, id: &str) {
    for at in 0..=100 {
        let id = format!("{id}-{at}");
        let says = message(
            &id,
            "SIMHOSP|SFAC",
            "A08",
            &pid(1, number, number),
            &format!("|||{at} Made-up Rd"),
        );
        assert_eq!(world.say(&says).await, "AA", "{id}");
    }
}

async fn stopped(world: &World) -> Vec<Stopped> {
    let read = async |s: &mut Snapshot| moves::stopped(s).await;
    world.databases.db.snapshot("test.stopped", read).await.unwrap()
}

async fn barred(world: &World) -> usize {
    let read = async |s: &mut Snapshot| guard::barred(s, 10).await;
    world.databases.db.snapshot("test.barred", read).await.unwrap().len()
}

const OPEN: &str = "SELECT COUNT(*) FROM record_move WHERE done_us IS NULL";
const LEFT_OVER: &str = "SELECT COUNT(*) FROM message m JOIN source_number n
    ON n.person_id <> m.person_id AND n.organisation_id = 'nhsl'
    WHERE m.source = 'simhospital' AND n.number = '1001' AND m.under_number IN
      (SELECT under_number FROM record_move)";

/// Has the newest message lie under another person's key: it does not open.
const SPOIL: &str = "UPDATE message SET key_id = (SELECT MIN(key_id) FROM message WHERE key_id <>
      (SELECT key_id FROM message ORDER BY message_id DESC LIMIT 1))
    WHERE message_id = (SELECT MAX(message_id) FROM message)";
/// Takes it away.
const MEND: &str = "DELETE FROM message WHERE message_id = (SELECT MAX(message_id) FROM message
    WHERE person_id IN (SELECT person_id FROM record_move WHERE done_us IS NULL))";

/// Runs the timers as often as they are due within so many minutes.
async fn minutes(world: &World, minutes: usize) {
    let runner = ken_hub::handlers(&world.databases.keys).into_iter();
    let runner = runner.fold(Runner::default(), Runner::with);
    for _ in 0..minutes {
        world.tick();
        runner.run_once(&world.databases.db, world.ctx()).await.unwrap();
    }
}

#[tokio::test]
async fn a_move_that_fails_stops_no_other_and_not_for_ever() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let people = three_known(&world).await;
        much(&world, 1, "x").await;
        // One message of the number was changed on the disk: it does not open, and will not.
        world.change(SPOIL).await;
        merge(&world, "m1", 1, 0).await;
        assert_eq!((world.count(OPEN).await, barred(&world).await), (1, 2), "{engine}");
        // Another number goes its way, though the first one is before it.
        let far = format!("79^^^B^MR~{}^^^NHSNBR^NH||Else^Una||19550505|F", nhs(999));
        assert_eq!(world.say(&message("p9", "A|B", "A08", &far, "")).await, "AA");
        let far = far.replace("79^^^B^MR", "1009^^^S^MR");
        assert_eq!(world.say(&message("b9", "SIMHOSP|SFAC", "A08", &far, "")).await, "AA");
        let rest = "\rMRG|1002^^^S^MR";
        assert_eq!(world.say(&message("m2", "SIMHOSP|SFAC", "A40", &far, rest)).await, "AA");
        assert_eq!(world.count(OPEN).await, 1, "{engine}: the second is done");
        assert!(world.picture(people[2]).await.iter().all(|line| !line.contains("nhsl")));
        // It is tried again so often and no more, and then operations are told.
        ken_hub::start(&world.databases.db, &world.ctx()).await.unwrap();
        minutes(&world, 20).await;
        assert_eq!(stopped(&world).await, [], "{engine}: it is tried still");
        minutes(&world, 60).await;
        let [one] = stopped(&world).await.try_into().unwrap();
        let told = (one.source.as_str(), one.failures, one.code.as_str());
        assert_eq!(told, ("nhsl", FAILURES_MAX, "store.unsealable"), "{engine}");
        minutes(&world, 5).await;
        assert_eq!(stopped(&world).await[0].failures, FAILURES_MAX, "{engine}: it has stopped");
        assert_eq!(barred(&world).await, 2, "{engine}: nobody reads half a record");
        // Mended, it goes on with the next start.
        world.change(MEND).await;
        world.reopen().await;
        assert_eq!((world.count(OPEN).await, barred(&world).await), (0, 0), "{engine}");
        assert_eq!(stopped(&world).await, []);
        assert!(world.picture(people[1]).await.iter().all(|line| !line.contains("nhsl")));
    }
}

#[tokio::test]
async fn moves_of_one_number_go_in_their_order() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let people = three_known(&world).await;
        much(&world, 1, "x").await;
        // The first step of the first move is taken, and then the process ends.
        assert!(world.begin_merge(("1001", "1000")).await, "{engine}: one step is not enough");
        assert_eq!((world.count(OPEN).await, barred(&world).await), (1, 2), "{engine}");
        world.tick();
        merge(&world, "m2", 1, 2).await;
        assert_eq!((world.count(OPEN).await, barred(&world).await), (0, 0), "{engine}");
        assert_eq!(world.count(LEFT_OVER).await, 0, "{engine}: all is where the number leads");
        for (at, person) in people.iter().enumerate() {
            let board = world.picture(*person).await;
            let count = board.iter().filter(|line| line.contains("nhsl")).count();
            assert_eq!(count > 0, at != 1, "{engine}: {at} has {count}");
        }
    }
}

/// What comes under a number while what came before is on its way is composed with that, once it is
/// there: nothing that was protected is filed anew and open.
#[tokio::test]
async fn what_comes_while_its_number_moves_waits_for_what_came_before() {
    const ANEW: &str = "SELECT COUNT(*) FROM record_item WHERE item_key LIKE '% ~%'";
    const MARKED: &str = "SELECT COUNT(*) FROM record_item i JOIN row_class c ON c.id = i.class_id
        WHERE i.resource_type = 'Patient' AND i.status = 'current' AND i.under_number =
            (SELECT under_number FROM record_move) AND c.labels LIKE '%restricted%'";
    for world in worlds().await {
        let engine = world.databases.engine;
        let people = three_known(&world).await;
        much(&world, 1, "x").await;
        let rest = "|||1 Hidden Rd\rPD1||||||||||||Y";
        let hidden = message("h", "SIMHOSP|SFAC", "A08", &pid(1, 1, 1), rest);
        assert_eq!(world.say(&hidden).await, "AA");
        assert!(world.begin_merge(("1001", "1000")).await, "{engine}: one step is not enough");
        let bare = message("b", "SIMHOSP|SFAC", "A08", "1001^^^S^MR|||||", "");
        assert_eq!(world.say(&bare).await, "AA", "{engine}");
        world.reopen().await;
        assert_eq!(world.count(OPEN).await, 0, "{engine}");
        assert_eq!(world.count(ANEW).await, 0, "{engine}: nothing began anew");
        assert!(world.count(MARKED).await > 0, "{engine}: what was protected is, and holds");
        let held = world.held(people[0], "Patient", "address").await;
        assert!(held.body["address"].to_string().contains("1 Hidden Rd"), "{engine}: {held:?}");
    }
}

/// What has stopped on its way waits for a human, and so does what comes under its number.
#[tokio::test]
async fn what_comes_while_its_number_is_stuck_is_kept_for_a_person() {
    for world in worlds().await {
        let engine = world.databases.engine;
        three_known(&world).await;
        much(&world, 1, "x").await;
        world.change(SPOIL).await;
        merge(&world, "m1", 1, 0).await;
        let late = message("l", "SIMHOSP|SFAC", "A08", "1001^^^S^MR|||||", "");
        // One that has failed keeps no feed waiting: nobody knows for how long.
        assert_eq!(world.say(&late).await, "AE hub.number-moving", "{engine}");
        ken_hub::start(&world.databases.db, &world.ctx()).await.unwrap();
        minutes(&world, 80).await;
        assert_eq!(stopped(&world).await.len(), 1, "{engine}");
        assert_eq!(world.say(&late).await, "AE hub.number-moving", "{engine}");
    }
}

/// Who says that two of its numbers are one waits for nobody else's records to move.
#[tokio::test]
async fn a_merge_is_answered_before_another_senders_moves() {
    const OTHERS: &str =
        "SELECT COUNT(*) FROM record_move WHERE done_us IS NULL AND source = 'nhsl'";
    for world in worlds().await {
        let engine = world.databases.engine;
        three_known(&world).await;
        much(&world, 1, "x").await;
        assert!(world.begin_merge(("1001", "1000")).await, "{engine}: one step is not enough");
        let small = format!("70^^^B^MR~{}", person(1, 0));
        let small = message("s", "A|B", "A40", &small, "\rMRG|72^^^B^MR");
        assert_eq!(world.say(&small).await, "AA", "{engine}");
        assert_eq!((world.count(OTHERS).await, world.count(OPEN).await), (1, 1), "{engine}");
    }
}

/// However many moves wait for one that fails, the timer comes to those that do not.
#[tokio::test]
async fn those_that_wait_keep_back_none_that_do_not() {
    const APART: &str = "SELECT COUNT(*) FROM record_move WHERE done_us IS NULL
        AND person_id = (SELECT person_id FROM source_number WHERE number = '72')";
    for world in worlds().await {
        let engine = world.databases.engine;
        three_known(&world).await;
        much(&world, 2, "x").await;
        let far = format!("1009^^^S^MR~{}^^^NHSNBR^NH||Else^Una||19550505|F", nhs(999));
        assert_eq!(world.say(&message("b9", "SIMHOSP|SFAC", "A08", &far, "")).await, "AA");
        for at in 10..31 {
            let says = message(&at.to_string(), "SIMHOSP|SFAC", "A08", &pid(1, at, 1), "");
            assert_eq!(world.say(&says).await, "AA", "{engine}");
        }
        much(&world, 1, "y").await;
        world.change(SPOIL).await;
        merge(&world, "m1", 1, 0).await;
        for at in 10..31 {
            merge(&world, &format!("m{at}"), at, 0).await;
        }
        assert_eq!(world.count(OPEN).await, 22, "{engine}: one fails, and all wait for it");
        assert!(world.begin_merge(("1002", "1009")).await, "{engine}: one step is not enough");
        ken_hub::start(&world.databases.db, &world.ctx()).await.unwrap();
        minutes(&world, 3).await;
        assert_eq!((world.count(APART).await, world.count(OPEN).await), (0, 22), "{engine}");
    }
}

/// What came before and does not open any more keeps back nothing that comes late.
#[tokio::test]
async fn what_does_not_open_keeps_back_no_late_message() {
    for world in worlds().await {
        let engine = world.databases.engine;
        three_known(&world).await;
        let at = |id: &str, time: &str| {
            let says = message(id, "SIMHOSP|SFAC", "A08", &pid(1, 1, 1), "|||1 Made-up Rd");
            says.replace("20261121101500", time)
        };
        assert_eq!(world.say(&at("1", "20261120120000")).await, "AA", "{engine}");
        world.change(SPOIL).await;
        assert_eq!(world.say(&at("2", "20261120110000")).await, "AA", "{engine}");
        let held = ken_hub::held(&world.databases.db).await.unwrap();
        let codes: Vec<_> = held.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["hub.late-by-hand"], "{engine}: a person is told");
    }
}
