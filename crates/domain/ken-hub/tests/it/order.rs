//! What must go one after the other on several connections: messages and merges of one person.

use std::time::Duration;

use ken_core::PersonId;
use ken_store::{Db, Error, Limits, Reads, Row, Snapshot, values};
use ken_testkit::patient;
use tokio::sync::Notify;

use crate::merges::{message, person, pid, reason};
use crate::world::{World, worlds_with};

/// Limits that no machine is too slow for: what is held here is let go by the test alone.
pub(crate) fn held() -> Limits {
    let minutes = Duration::from_mins;
    Limits { statement: minutes(3), turn: minutes(5), wait: minutes(5), ..patient() }
}

/// Waits until so many connections to this database wait for a lock.
pub(crate) async fn until_waiting(db: &Db, many: i64) {
    const WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let count = async |s: &mut Snapshot| s.find(WAITING, &[], |row| row.int(0)).await;
    loop {
        let waiting: Result<_, Error> = db.snapshot("test.waiting", count).await;
        if waiting.unwrap().unwrap() >= many {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Two people, each known to the practice and, under a number of its own, to the board.
async fn two_known(world: &World) -> (PersonId, PersonId) {
    for one in [0, 1] {
        let theirs = format!("7{one}^^^B^MR~{}", person(1, one));
        let visit = format!("\rPV1|1|I|W^B^B||||||||||||||||V{one}^^^B");
        let says = message(&format!("p{one}"), "A|B", "A01", &theirs, &visit);
        assert_eq!(world.say(&says).await, "AA");
        let says = message(&format!("b{one}"), "SIMHOSP|SFAC", "A08", &pid(1, one, one), "");
        assert_eq!(world.say(&says).await, "AA");
    }
    let people = world.people().await;
    assert_eq!(people.len(), 2);
    (people[0], people[1])
}

/// Whether anybody has the guard of a person now.
async fn is_guarded(db: &Db, person: PersonId) -> bool {
    const FREE: &str = "SELECT epoch FROM person_guard WHERE person_id = $1 FOR UPDATE SKIP LOCKED";
    let free = db.write("test.guard", async |tx| {
        tx.find(FREE, values![person], |row: &Row<'_>| row.int(0)).await
    });
    let free: Result<_, Error> = free.await;
    free.unwrap().is_none()
}

/// The practice changes a visit and says that the record is restricted, which takes the guard.
fn restricting(id: &str) -> String {
    let theirs = format!("70^^^B^MR~{}", person(1, 0));
    let rest = format!("\rPV1|1|I|{id}^B^B||||||||||||||||V0^^^B\rARV||A|ALL");
    message(id, "A|B", "A08", &theirs, &rest)
}

/// Has a message of the practice hold what is filed for `person` and wait for its item, and then
/// does `other`, which wants both as well. They go one after the other.
async fn beside<T>(
    world: &World,
    nodes: (&Db, &Db),
    person: PersonId,
    id: &str,
    other: impl Future<Output = T>,
) -> T {
    let (holding, let_go) = (Notify::new(), Notify::new());
    let item = nodes.0.write("test.hold", async |tx| {
        let of = "UPDATE record_item SET status = status WHERE person_id = $1";
        assert!(tx.execute(of, values![person]).await? > 0);
        holding.notify_one();
        let_go.notified().await;
        Ok::<_, Error>(())
    });
    let says = restricting(id);
    let rest = async {
        holding.notified().await;
        // Each on the heap: together they are too much for the stack of a test's thread.
        let message = Box::pin(world.say(&says));
        let after = async {
            until_waiting(nodes.1, 1).await;
            let both = async {
                until_waiting(nodes.1, 2).await;
                // What waits for what is filed has no guard yet: the message may want it.
                let is_guarded = is_guarded(nodes.1, person).await;
                let_go.notify_one();
                assert!(!is_guarded, "the guard is taken before what is filed");
            };
            tokio::join!(Box::pin(other), both).0
        };
        tokio::join!(message, Box::pin(after))
    };
    let (item, (said, done)) = tokio::join!(Box::pin(item), Box::pin(rest));
    item.unwrap();
    assert_eq!(said, "AA", "the message was taken");
    done
}

#[tokio::test]
async fn a_message_and_a_merge_of_one_person_go_one_after_the_other() {
    for world in worlds_with(held()).await {
        // SQLite has one writer, whose turn is the lock.
        let Some(first) = world.databases.another_node().await else { continue };
        let second = world.databases.another_node().await.unwrap();
        let node = world.databases.another_node().await.unwrap();
        let (to, from) = two_known(&world).await;
        let hub = world.hub_of(&node).await;
        let merge = message("m", "SIMHOSP|SFAC", "A40", &pid(1, 0, 0), "\rMRG|1001^^^S^MR");
        let merging = world.say_to(&hub, &merge);
        assert_eq!(Box::pin(beside(&world, (&first, &second), to, "r1", merging)).await, "AA");
        let moved = "SELECT COUNT(*) FROM record_move WHERE done_us IS NOT NULL";
        assert_eq!(world.count(moved).await, 1);
        assert_eq!(world.picture(from).await.iter().filter(|one| one.contains("nhsl")).count(), 0);
        let merges = async |s: &mut Snapshot| ken_person::merges(s, from).await;
        let merges = world.databases.db.snapshot("test.merges", merges).await.unwrap();
        let (ctx, keys, by) = (world.ctx(), &world.databases.keys, world.operator("nhsl"));
        let (at, why) = ((from, merges[0].0), reason());
        let back = ken_hub::unmerge(&node, &ctx, keys, at, &by, &why);
        let back = Box::pin(beside(&world, (&first, &second), to, "r2", back)).await;
        assert!(back.is_ok(), "{back:?}");
        assert_eq!(world.count(moved).await, 2);
        let visits = world.held(to, "Encounter", "location").await;
        assert!(visits.body.to_string().contains("r2"), "{:?}", visits.body);
    }
}
