//! One text, two engines, the same answer.

use ken_store::{Db, Error, Migration, Reads, Row, Value, values};
use ken_testkit::{engines, engines_with, patient};

use crate::writes::{NOTES, ids, pause, put};

const THINGS: &[Migration] = &[Migration {
    owner: "things",
    number: 1,
    title: "things",
    sql: "
        CREATE TABLE thing (id TEXT PRIMARY KEY, size BIGINT, body {bytes},
                            flag BIGINT CHECK (flag IN (0, 1)));
        -- pg: CREATE INDEX thing_size ON thing (size) WITH (fillfactor = 90);
        -- sqlite: CREATE INDEX thing_size ON thing (size);",
}];

async fn fill(db: &Db) {
    let row = |id: &'static str, size: Option<i64>, body: &'static [u8]| {
        vec![Value::from(id), Value::from(size), Value::from(body), Value::from(true)]
    };
    let rows = [
        row("b", Some(i64::MAX), b"\x00\xff"),
        row("B", Some(2), b""),
        row("é", None, b"e"),
        row("Z", Some(-3), b"z"),
    ];
    let filled = db.write("fill", async |tx| {
        let sql = "INSERT INTO thing (id, size, body, flag) VALUES ($1, $2, $3, $4)";
        tx.execute_each(sql, &rows).await
    });
    let filled: Result<_, Error> = filled.await;
    assert_eq!(filled.unwrap(), [1, 1, 1, 1]);
}

/// Every statement gives the same rows on each engine, as text.
#[tokio::test]
async fn the_portable_subset_means_the_same() {
    type Line = (&'static str, &'static [&'static str]);
    const LINES: &[Line] = &[
        ("SELECT id FROM thing ORDER BY id", &["B", "Z", "b", "é"]),
        ("SELECT id FROM thing WHERE id LIKE 'b%'", &["b"]),
        ("SELECT id FROM thing WHERE size IS NOT DISTINCT FROM NULL", &["é"]),
        ("SELECT id FROM thing WHERE (size, id) > (1, 'A') ORDER BY size, id", &["B", "b"]),
        (
            "SELECT CASE WHEN size > 0 THEN 'more' ELSE 'less' END FROM thing WHERE id = 'Z'",
            &["less"],
        ),
        ("SELECT COALESCE(MAX(id), 'none') FROM thing WHERE size = 99", &["none"]),
        (
            "WITH few AS (SELECT id FROM thing WHERE size < 5) SELECT id FROM few ORDER BY id",
            &["B", "Z"],
        ),
    ];
    for it in engines(&[THINGS]).await {
        fill(&it.db).await;
        for (sql, want) in LINES {
            let rows =
                it.db.snapshot("lines", async |s| s.list(*sql, &[], |row| row.text(0)).await);
            let rows: Result<_, Error> = rows.await;
            assert_eq!(rows.unwrap(), *want, "{}: {sql}", it.engine);
        }
    }
}

#[tokio::test]
async fn numbers_and_bytes_are_read_alike() {
    const NUMBERS: &[(&str, i64)] = &[
        ("SELECT size FROM thing WHERE id = 'b'", i64::MAX),
        ("SELECT COUNT(*) FROM thing", 4),
        ("SELECT SUM(size) FROM thing WHERE id IN ('B', 'Z')", -1),
        ("SELECT 1", 1),
        ("SELECT 2 > 1", 1),
        ("SELECT flag FROM thing WHERE id = 'b'", 1),
        ("SELECT ROW_NUMBER() OVER (ORDER BY id) FROM thing ORDER BY id LIMIT 1", 1),
    ];
    for it in engines(&[THINGS]).await {
        fill(&it.db).await;
        for (sql, want) in NUMBERS {
            let read =
                it.db.snapshot("numbers", async |s| s.find(*sql, &[], |row| row.int(0)).await);
            let read: Result<_, Error> = read.await;
            assert_eq!(read, Ok(Some(*want)), "{}: {sql}", it.engine);
        }
        let bytes = it.db.snapshot("bytes", async |s| {
            s.list("SELECT body FROM thing ORDER BY id", &[], |row| row.bytes(0)).await
        });
        let bytes: Result<Vec<Vec<u8>>, Error> = bytes.await;
        let want: [&[u8]; 4] = [b"", b"z", b"\x00\xff", b"e"];
        assert_eq!(bytes.unwrap(), want, "{}", it.engine);
    }
}

#[tokio::test]
async fn values_bind_by_their_number_and_must_fit() {
    for it in engines(&[THINGS]).await {
        fill(&it.db).await;
        let find = async |sql: &'static str, of: &[Value<'_>]| {
            it.db.snapshot("find", async |s| s.find(sql, of, |row| row.text(0)).await).await
        };
        let swapped = "SELECT id FROM thing WHERE size = $2 AND id = $1";
        assert_eq!(find(swapped, values!["B", 2_i64]).await, Ok(Some("B".into())), "{}", it.engine);
        let twice = "SELECT id FROM thing WHERE id = $1 OR id = $1";
        assert_eq!(find(twice, values!["B"]).await, Ok(Some("B".into())), "{}", it.engine);
        for of in [values!["B"] as &[Value<'_>], values!["B", 2_i64, 3_i64]] {
            assert_eq!(find(swapped, of).await, Err(Error::Parameters), "{}", it.engine);
        }
        let read = |row: &Row<'_>| row.text(7);
        let absent = it.db.snapshot("absent", async |s| s.find("SELECT 1", &[], read).await).await;
        assert_eq!(absent, Err(Error::Column { index: 7 }), "{}", it.engine);
    }
}

#[tokio::test]
async fn constraints_have_the_same_names() {
    for it in engines(&[THINGS]).await {
        let run = async |sql: &'static str| {
            let run = it.db.write("run", async |tx| tx.execute(sql, &[]).await.map(drop));
            run.await.map_err(|error: Error| error.code())
        };
        let engine = it.engine;
        assert_eq!(run("INSERT INTO thing (id, flag) VALUES ('a', 1)").await, Ok(()), "{engine}");
        for (sql, want) in [
            ("INSERT INTO thing (id) VALUES ('a')", "store.unique"),
            ("INSERT INTO thing (id, flag) VALUES ('c', 2)", "store.constraint"),
            ("INSERT INTO absent (id) VALUES ('c')", "store.statement"),
            ("CREATE TABLE other (id TEXT)", "store.refused"),
            ("COMMIT", "store.refused"),
        ] {
            assert_eq!(run(sql).await, Err(want), "{engine}: {sql}");
        }
        let write = it.db.snapshot("write", async |s| {
            let sneak = "WITH x AS (SELECT 'c') INSERT INTO thing (id) SELECT * FROM x";
            s.find(sneak, &[], |row| row.text(0)).await
        });
        let write: Result<_, Error> = write.await;
        assert!(write.is_err(), "{engine}: a snapshot does not write");
    }
}

#[tokio::test]
async fn failures_undo_and_hooks_wait_on_both_engines() {
    for it in engines(&[NOTES]).await {
        let (db, engine) = (&it.db, it.engine);
        let spoilt = db.write("spoilt", async |tx| {
            tx.execute("INSERT INTO note (id) VALUES ('a')", &[]).await?;
            assert!(tx.execute("INSERT INTO note (id) VALUES ('a')", &[]).await.is_err());
            Ok::<(), Error>(())
        });
        assert_eq!(spoilt.await, Err(Error::Spoilt), "{engine}");
        let nested = db.write("outer", async |_| put(db, "nested").await);
        assert_eq!(nested.await, Err(Error::Nested), "{engine}");
        let nested = db.snapshot("outer", async |_| put(db, "nested").await);
        assert_eq!(nested.await, Err(Error::Nested), "{engine}");
        let (sender, hooked) = tokio::sync::oneshot::channel();
        let kept = db.write("kept", async |tx| {
            tx.after_commit(move || sender.send(()).unwrap());
            tx.execute("INSERT INTO note (id) VALUES ('kept')", &[]).await.map(drop)
        });
        let kept: Result<(), Error> = kept.await;
        assert_eq!((kept, hooked.await), (Ok(()), Ok(())), "{engine}");
        let dropped = tokio::time::timeout(
            std::time::Duration::from_millis(50),
            db.write("dropped", async |tx| {
                tx.execute("INSERT INTO note (id) VALUES ('dropped')", &[]).await?;
                std::future::pending::<Result<(), Error>>().await
            }),
        );
        assert!(dropped.await.is_err());
        let cut = db.write("cut", async |tx| {
            // A statement dropped before its answer: nobody knows what it did.
            let once = tx.execute("INSERT INTO note (id) VALUES ('cut')", &[]);
            let mut once = Box::pin(once);
            let polled = futures_util::poll!(&mut once);
            drop(once);
            let done = polled.is_ready();
            let more = tx.execute("INSERT INTO note (id) VALUES ('more')", &[]).await;
            assert_eq!(more.is_ok(), done);
            Ok::<bool, Error>(done)
        });
        let cut = cut.await;
        let want: &[&str] = if cut == Ok(true) { &["cut", "kept", "more"] } else { &["kept"] };
        assert!(cut == Ok(true) || cut == Err(Error::Spoilt), "{engine}: {cut:?}");
        assert_eq!(ids(db).await, want, "{engine}");
    }
}

#[tokio::test]
async fn a_write_that_takes_too_long_is_revoked() {
    let turn = std::time::Duration::from_millis(200);
    let limits = ken_store::Limits { turn, silence: turn, ..patient() };
    for it in engines_with(&[NOTES], limits).await {
        let slow = it.db.write("slow", async |tx| {
            tx.execute("INSERT INTO note (id) VALUES ('slow')", &[]).await?;
            pause(500).await;
            tx.execute("INSERT INTO note (id) VALUES ('more')", &[]).await
        });
        assert_eq!(slow.await, Err(Error::Revoked), "{}", it.engine);
        assert!(ids(&it.db).await.is_empty(), "{}", it.engine);
    }
}
