//! Guards: who changes what a decision rests on, and who decides, cannot miss each other.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::try_join_all;
use ken_core::PersonId;
use ken_store::{Db, Error, Migration, Reads, Snapshot, guard, values};
use ken_testkit::{SeededIds, engines};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::writes::pause;

/// What stands for an objection, and for an entered decision.
const FACTS: &[Migration] = &[Migration {
    owner: "facts",
    number: 1,
    title: "facts",
    sql: "CREATE TABLE objection (person_id TEXT PRIMARY KEY);
          CREATE TABLE decision (person_id TEXT NOT NULL, number BIGINT NOT NULL,
                                 PRIMARY KEY (person_id, number));",
}];

const OBJECT: &str = "INSERT INTO objection (person_id) VALUES ($1)";
const OBJECTED: &str = "SELECT COUNT(*) FROM objection WHERE person_id = $1";
const ENTER: ken_store::Sql = ken_store::Sql::both(
    "INSERT INTO decision (person_id, number) SELECT $1, $3 FROM person_guard g
     WHERE g.person_id = $1 AND g.epoch = $2",
)
.or_postgres(
    "INSERT INTO decision (person_id, number) SELECT $1, $3 FROM person_guard g
     WHERE g.person_id = $1 AND g.epoch = $2 FOR SHARE OF g",
);

/// An objection, pausing at `stops` before each of its statements.
async fn object(db: &Db, person: PersonId, stop: Option<usize>) -> Result<(), Error> {
    let at = async |place| {
        if stop == Some(place) {
            pause(30).await;
        }
    };
    db.write("object", async |tx| {
        at(0).await;
        let guard = tx.lock_people(&BTreeSet::from([person])).await?;
        at(1).await;
        tx.execute(OBJECT, values![person]).await?;
        at(2).await;
        guard.bump(tx).await?;
        at(3).await;
        Ok(())
    })
    .await
}

/// A decision: read, then enter if nothing has changed. True if it was entered.
async fn disclose(db: &Db, person: PersonId, number: i64) -> Result<bool, Error> {
    let read = db.snapshot("facts", async |s| {
        let epoch = guard::find(s, person).await?.map(|guard| guard.epoch);
        let objected = s.find(OBJECTED, values![person], |row| row.int(0)).await?;
        Ok::<_, Error>((epoch, objected))
    });
    let (epoch, objected) = read.await?;
    let (Some(epoch), Some(0)) = (epoch, objected) else { return Ok(false) };
    tokio::task::yield_now().await;
    let entered =
        db.write("enter", async |tx| tx.execute(ENTER, values![person, epoch, number]).await);
    Ok(entered.await? == 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_entered_after_an_objection_is_recorded() {
    let ids = SeededIds::default();
    for it in engines(&[FACTS]).await {
        for stop in [None, Some(0), Some(1), Some(2), Some(3)] {
            let person = PersonId::draw(&ids);
            let created = it.db.write("new", async |tx| guard::create(tx, person).await);
            created.await.unwrap();
            let mut disclosers = JoinSet::new();
            let running = Arc::new(Notify::new());
            for worker in 0..4 {
                let (db, running) = (it.db.clone(), Arc::clone(&running));
                disclosers.spawn(async move {
                    let mut entered = 0;
                    for round in 0..1000 {
                        match disclose(&db, person, worker * 1000 + round).await {
                            Ok(true) => {
                                entered += 1;
                                running.notify_one();
                            }
                            Ok(false) if round > 40 => break,
                            Ok(false) | Err(Error::Contended) => {}
                            Err(other) => panic!("{other}"),
                        }
                    }
                    entered
                });
            }
            running.notified().await; // However slow the machine is, they race from here on.
            object(&it.db, person, stop).await.unwrap();
            let count = async || {
                let count = it.db.snapshot("count", async |s| {
                    let sql = "SELECT COUNT(*) FROM decision WHERE person_id = $1";
                    s.find(sql, values![person], |row| row.int(0)).await
                });
                let count: Result<_, Error> = count.await;
                count.unwrap().unwrap()
            };
            let recorded = count().await;
            let entered: i64 = disclosers.join_all().await.into_iter().sum();
            assert_eq!(count().await, recorded, "{} {stop:?}: entered too late", it.engine);
            assert_eq!(entered, recorded, "{} {stop:?}: told and entered differ", it.engine);
            assert!(recorded > 0, "{} {stop:?}: the race was never run", it.engine);
        }
    }
}

#[tokio::test]
async fn locking_gives_a_guard_to_who_has_none() {
    let ids = SeededIds::default();
    for it in engines(&[]).await {
        let people: BTreeSet<_> = (0..3).map(|_| PersonId::draw(&ids)).collect();
        let locked = it.db.write("lock", async |tx| {
            let guard = tx.lock_people(&people).await?;
            assert!(guard.bar(tx, "unlink-1").await?);
            Ok::<_, Error>(guard)
        });
        let guard = locked.await.unwrap();
        let order: Vec<_> = guard.people().iter().map(|(person, _)| *person).collect();
        assert!(order.iter().eq(&people), "{}: in the order of ids", it.engine);
        for (person, before) in guard.people() {
            let after = it.db.snapshot("find", async |s| guard::find(s, *person).await).await;
            let after = after.unwrap().unwrap();
            assert_eq!((before.epoch, after.epoch), (1, 2), "{}", it.engine);
            assert_eq!(after.barrier.as_deref(), Some("unlink-1"), "{}", it.engine);
        }
        let foreign = it.db.write("foreign", async |tx| guard.bump(tx).await).await;
        assert_eq!(foreign, Err(Error::ForeignGuard), "{}", it.engine);
        let missing = PersonId::draw(&ids);
        let found = it.db.snapshot("find", async |s| guard::find(s, missing).await).await;
        assert_eq!(found, Ok(None), "{}", it.engine);
        let many: BTreeSet<_> = (0..=guard::PEOPLE_MAX).map(|_| PersonId::draw(&ids)).collect();
        let many = it.db.write("many", async |tx| tx.lock_people(&many).await.map(drop)).await;
        assert_eq!(many.map_err(|error: Error| error.code()), Err("store.too-long"));
    }
}

#[tokio::test]
async fn one_operation_at_a_time_puts_a_person_right() {
    let ids = SeededIds::default();
    for it in engines(&[]).await {
        let pair: BTreeSet<_> = (0..2).map(|_| PersonId::draw(&ids)).collect();
        let first = BTreeSet::from_iter(pair.first().copied());
        let lock = async |people: &BTreeSet<PersonId>, operation: &str, bar: bool| {
            let done = it.db.write("bar", async |tx| {
                let guard = tx.lock_people(people).await?;
                if bar {
                    return guard.bar(tx, operation).await;
                }
                guard.unbar(tx, operation).await.map(|()| true)
            });
            let done: Result<bool, Error> = done.await;
            done.unwrap()
        };
        let epochs = async || {
            let mut all = Vec::new();
            for person in &pair {
                let guard = it.db.snapshot("find", async |s| guard::find(s, *person).await).await;
                let guard = guard.unwrap().unwrap();
                all.push((guard.epoch, guard.barrier.unwrap_or_default()));
            }
            all
        };
        let text = |epoch, barrier: &str| (epoch, barrier.to_owned());
        assert!(lock(&first, "link-1", true).await);
        assert!(!lock(&pair, "link-2", true).await, "{}: the first has another", it.engine);
        assert_eq!(epochs().await, [text(2, "link-1"), text(1, "")], "{}", it.engine);
        for _ in 0..2 {
            assert!(lock(&pair, "link-1", true).await, "{}: again is the same", it.engine);
            assert_eq!(epochs().await, [text(2, "link-1"), text(2, "link-1")]);
        }
        assert!(lock(&pair, "link-2", false).await);
        assert_eq!(epochs().await, [text(2, "link-1"), text(2, "link-1")], "{}", it.engine);
        let barred = it.db.snapshot("barred", async |s| guard::barred(s, 9).await).await;
        let want: Vec<_> = pair.iter().map(|person| (*person, "link-1".to_owned())).collect();
        assert_eq!(barred, Ok(want), "{}", it.engine);
        for _ in 0..2 {
            assert!(lock(&pair, "link-1", false).await);
            assert_eq!(epochs().await, [text(3, ""), text(3, "")], "{}", it.engine);
        }
        let long = "x".repeat(guard::OPERATION_MAX + 1);
        let refused =
            it.db.write("long", async |tx| tx.lock_people(&pair).await?.bar(tx, &long).await);
        assert_eq!(refused.await.map_err(|error: Error| error.code()), Err("store.too-long"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_lock_the_same_people_do_not_wait_for_each_other_for_ever() {
    let ids = SeededIds::default();
    for it in engines(&[]).await {
        let people: BTreeSet<_> = (0..4).map(|_| PersonId::draw(&ids)).collect();
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let (db, people) = (it.db.clone(), people.clone());
            tasks.spawn(async move {
                db.write("lock", async |tx| tx.lock_people(&people).await?.bump(tx).await).await
            });
        }
        let told = tasks.join_all().await;
        assert_eq!(told, vec![Ok(()); 8], "{}", it.engine);
        let person = *people.first().unwrap();
        let guard = it.db.snapshot("find", async |s| guard::find(s, person).await).await;
        assert_eq!(guard.unwrap().unwrap().epoch, 9, "{}", it.engine);
    }
}

#[tokio::test]
async fn the_policy_head_counts_and_a_refused_bump_does_not() {
    for it in engines(&[]).await {
        let version = async || {
            it.db.snapshot("head", async |s| guard::policy_version(s).await).await.unwrap()
        };
        assert_eq!(version().await, 1, "{}", it.engine);
        let bumped = it.db.write("bump", async |tx| guard::bump_policy(tx).await).await;
        assert_eq!(bumped, Ok(2), "{}", it.engine);
        let refused = it.db.write("bump", async |tx| {
            guard::bump_policy(tx).await?;
            Err::<(), _>(Error::Fenced)
        });
        assert!(refused.await.is_err());
        assert_eq!(version().await, 2, "{}", it.engine);
    }
}

#[tokio::test]
async fn a_snapshot_is_one_picture() {
    for it in engines(&[]).await {
        let (read, go) = (Notify::new(), Notify::new());
        let reader = it.db.snapshot("reader", async |s| {
            let before = guard::policy_version(s).await?;
            read.notify_one();
            go.notified().await;
            Ok::<_, Error>((before, guard::policy_version(s).await?))
        });
        let writer = async {
            read.notified().await;
            let bumped = it.db.write("bump", async |tx| guard::bump_policy(tx).await).await;
            go.notify_one();
            bumped
        };
        let (seen, bumped) = tokio::join!(reader, writer);
        assert_eq!((seen, bumped), (Ok((1, 1)), Ok(2)), "{}", it.engine);
    }
}

/// What is asked at once is of the same picture, whichever statement comes first, and a refusal of
/// one is a refusal of all.
#[tokio::test]
async fn readers_beside_one_another_see_one_picture() {
    const EACH: usize = 40;
    for it in engines(&[]).await {
        let versions = async |s: &Snapshot| {
            let one = |_| async move { guard::policy_version(&mut s.beside()).await };
            try_join_all((0..EACH).map(one)).await
        };
        let (read, go) = (Notify::new(), Notify::new());
        let reader = it.db.snapshot("reader", async |s| {
            let before = versions(s).await?;
            read.notify_one();
            go.notified().await;
            // Another statement, which the connection has yet to prepare, comes first.
            let other = async { s.beside().find("SELECT 7", &[], |row| row.int(0)).await };
            let (seven, after) = tokio::try_join!(other, versions(s))?;
            Ok::<_, Error>((before, seven, after))
        });
        let writer = async {
            read.notified().await;
            let bumped = it.db.write("bump", async |tx| guard::bump_policy(tx).await).await;
            go.notify_one();
            bumped
        };
        let (seen, bumped) = tokio::join!(reader, writer);
        assert_eq!(bumped, Ok(2), "{}", it.engine);
        assert_eq!(seen, Ok((vec![1; EACH], Some(7), vec![1; EACH])), "{}", it.engine);
        let refused = it.db.snapshot("refused", async |s| {
            let wrong = "SELECT id FROM absent";
            let wrong = async { s.beside().find(wrong, &[], |row| row.int(0)).await };
            tokio::try_join!(versions(s), wrong)
        });
        assert!(refused.await.is_err(), "{}", it.engine);
        let free = it.db.snapshot("free", async |s| versions(s).await).await;
        assert_eq!(free, Ok(vec![2; EACH]), "{}: the connection is as good as before", it.engine);
    }
}
