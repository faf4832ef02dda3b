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

const LATER: &str = "INSERT INTO note (id, at) VALUES ($1, $2)";

#[tokio::test]
async fn what_is_sent_later_is_there_for_whoever_reads_and_after_the_commit() {
    for it in engines(&[NOTES]).await {
        let many: Vec<String> = (100..150).map(|at| at.to_string()).collect();
        let seen = it.db.write("later", async |tx| {
            for id in &many {
                tx.execute_later(LATER, values![id, 1_i64]).await?;
            }
            let seen = tx.list("SELECT id FROM note ORDER BY id", &[], |row| row.text(0)).await?;
            tx.execute_later("UPDATE note SET id = $1 WHERE id = $2", values!["a", "100"]).await?;
            tx.execute_later("DELETE FROM note WHERE id = $1", values!["101"]).await?;
            Ok::<_, Error>(seen)
        });
        assert_eq!(seen.await.unwrap(), many, "{}", it.engine);
        let kept = ids(&it.db).await;
        assert_eq!((kept.len(), kept[0].as_str()), (49, "102"), "{}", it.engine);
        assert_eq!(kept[48], "a", "{}", it.engine);
        let alone =
            it.db.write("later", async |tx| tx.execute_later(LATER, values!["b", 1_i64]).await);
        alone.await.unwrap();
        assert_eq!(ids(&it.db).await[49], "b", "{}", it.engine);
    }
}

#[tokio::test]
async fn a_failure_of_what_was_sent_later_keeps_nothing_of_the_write() {
    for it in engines(&[NOTES]).await {
        put(&it.db, "a").await.unwrap();
        // Found by the next statement, or by the commit.
        for reads in [true, false] {
            let refused = it.db.write("later", async |tx| {
                tx.execute_later(LATER, values!["b", 1_i64]).await?;
                tx.execute_later(LATER, values!["a", 1_i64]).await?;
                tx.execute_later(LATER, values!["c", 1_i64]).await?;
                if reads {
                    tx.list("SELECT id FROM note", &[], |row| row.text(0)).await?;
                }
                Ok(())
            });
            let refused: Error = refused.await.unwrap_err();
            assert_eq!(refused.code(), "store.unique", "{} {reads}", it.engine);
            assert_eq!(ids(&it.db).await, ["a"], "{} {reads}", it.engine);
        }
        // Given up by the closure: nothing was sent, and nothing is kept.
        let given_up = it.db.write("later", async |tx| {
            tx.execute_later(LATER, values!["d", 1_i64]).await?;
            Err::<(), _>(Error::Contended)
        });
        assert_eq!(given_up.await.unwrap_err().code(), "store.contended", "{}", it.engine);
        assert_eq!(ids(&it.db).await, ["a"], "{}", it.engine);
    }
}

#[tokio::test]
async fn what_cannot_be_sent_later_keeps_nothing_of_the_write() {
    for it in engines(&[NOTES]).await.into_iter().filter(|it| it.engine.contains("ostgre")) {
        let refused = it.db.write("later", async |tx| {
            tx.execute_later(LATER, values!["b", 1_i64]).await?;
            // A text where the server has a number: its values cannot be written out at all.
            tx.execute_later(LATER, values!["c", "one"]).await
        });
        assert_eq!(refused.await.unwrap_err().code(), "store.parameters", "{}", it.engine);
        assert!(ids(&it.db).await.is_empty(), "{}", it.engine);
        put(&it.db, "d").await.unwrap();
        assert_eq!(ids(&it.db).await, ["d"], "{}", it.engine);
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
