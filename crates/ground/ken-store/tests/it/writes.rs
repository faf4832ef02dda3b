//! Writes and snapshots, on every engine there is.

use jiff::SignedDuration;
use ken_core::Clock;
use ken_store::{Db, Error, Migration, Reads, node, outbox, room, timer, values};
use ken_testkit::engines;

pub(crate) const NOTES: &[Migration] = &[Migration {
    owner: "notes",
    number: 1,
    title: "notes",
    sql: "CREATE TABLE note (id TEXT PRIMARY KEY, at BIGINT, body {bytes});",
}];

/// Waits, in the machine's time.
pub(crate) async fn pause(ms: i64) {
    let clock = ken_store::ambient::SystemClock;
    clock.sleep_until(clock.now() + SignedDuration::from_millis(ms)).await;
}

pub(crate) async fn put(db: &Db, id: &str) -> Result<(), Error> {
    db.write("put", async |tx| {
        tx.execute("INSERT INTO note (id, at) VALUES ($1, $2)", values![id, 1_i64]).await.map(drop)
    })
    .await
}

pub(crate) async fn ids(db: &Db) -> Vec<String> {
    let list = db.snapshot("ids", async |s| {
        s.list("SELECT id FROM note ORDER BY id", &[], |row| row.text(0)).await
    });
    let list: Result<_, Error> = list.await;
    list.unwrap()
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    for it in engines(&[NOTES]).await {
        put(&it.db, "a").await.unwrap();
        let refused = put(&it.db, "a").await.unwrap_err();
        assert_eq!(refused.code(), "store.unique", "{}", it.engine);
        assert_eq!(ids(&it.db).await, ["a"], "{}", it.engine);
    }
}

#[tokio::test]
async fn futures_may_move_between_threads() {
    fn sends<T: Send>(future: T) -> T {
        future
    }
    for it in engines(&[NOTES]).await {
        let id = String::from("borrowed");
        sends(put(&it.db, &id)).await.unwrap();
        sends(ids(&it.db)).await;
    }
}

#[tokio::test]
async fn every_statement_prepares() {
    for it in engines(&[NOTES]).await {
        for statements in [
            ken_store::STATEMENTS,
            timer::STATEMENTS,
            outbox::STATEMENTS,
            node::STATEMENTS,
            room::STATEMENTS,
        ] {
            ken_testkit::assert_prepares(&it.db, statements).await;
        }
        let wrong = it.db.prepare("SELECT missing FROM note".into()).await;
        assert!(wrong.is_err(), "{}", it.engine);
    }
}
