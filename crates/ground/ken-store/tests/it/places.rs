//! Places that cannot keep what they are given, and say so clearly.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use ken_store::{Db, Error, Limits, Migration, OpenError, Reads, Settings, values};
use ken_testkit::{Fresh, engines, engines_with, patient};
use tempfile::TempDir;

use crate::writes::{NOTES, ids, pause, put};

/// A statement without an end.
const ENDLESS: &str = "
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";

fn code(opened: Result<Db, OpenError>) -> &'static str {
    opened.map_or_else(|refused| refused.code(), |_| "ok")
}

#[tokio::test]
async fn one_process_has_a_sqlite_database() {
    let dir = TempDir::new().unwrap();
    let settings = Settings::sqlite(dir.path().join("ken.db"));
    let db = Db::open(settings.clone()).await.unwrap();
    assert_eq!(code(Db::open(settings.clone()).await), "store.in-use");
    drop(db);
    assert_eq!(code(Db::open(settings).await), "ok");
}

#[tokio::test]
async fn a_place_that_is_missing_or_not_a_database_is_refused() {
    let dir = TempDir::new().unwrap();
    let missing = Settings::sqlite(dir.path().join("missing/ken.db"));
    assert_eq!(code(Db::open(missing).await), "store.place");
    let other = dir.path().join("other.db");
    std::fs::write(&other, "this is no database, and long enough to be looked at".repeat(99))
        .unwrap();
    assert_eq!(code(Db::open(Settings::sqlite(&other)).await), "store.statement");
    let address = Settings::postgres("not an address at all");
    assert_eq!(code(Db::open(address).await), "store.address");
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_refused() {
    let dir = TempDir::new().unwrap();
    let closed = dir.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    // Where even the superuser makes no file.
    for folder in [closed.as_path(), Path::new("/proc/self")] {
        if std::fs::write(folder.join("probe"), "").is_ok() {
            eprintln!("not tested in {}: this user may write anywhere", folder.display());
            continue;
        }
        let told = Db::open(Settings::sqlite(folder.join("ken.db"))).await.unwrap_err();
        assert_eq!(told.code(), "store.place", "{told}");
        assert!(told.to_string().contains("check the directory and its owner"), "{told}");
    }
}

#[tokio::test]
async fn a_newer_or_changed_database_is_refused() {
    for it in engines(&[NOTES]).await {
        let refused = async |list: &[Migration]| it.db.migrate(&[list]).await.unwrap_err();
        let newer = refused(&[]).await;
        assert_eq!(newer.code(), "store.newer", "{}", it.engine);
        assert!(newer.to_string().contains("`notes` is at 1"), "{newer}");
        let changed = Migration { sql: "CREATE TABLE other (id TEXT);", ..NOTES[0] };
        assert_eq!(refused(&[changed]).await.code(), "store.migration-changed", "{}", it.engine);
        let broken = Migration { number: 2, sql: "CREATE TABLE;", ..NOTES[0] };
        assert_eq!(refused(&[NOTES[0], broken]).await.code(), "store.migration");
        let half = Migration {
            number: 2,
            sql: "CREATE TABLE half (id TEXT); INSERT INTO nowhere VALUES (1);",
            ..NOTES[0]
        };
        assert_eq!(refused(&[NOTES[0], half]).await.code(), "store.migration");
        assert!(it.db.prepare("SELECT id FROM half".into()).await.is_err(), "{}", it.engine);
        it.db.migrate(&[NOTES]).await.unwrap();
    }
}

#[tokio::test]
async fn a_full_database_says_so_and_goes_on() {
    let dir = TempDir::new().unwrap();
    let limits = Limits { pages: Some(120), ..patient() };
    let db = Db::open(Settings::sqlite(dir.path().join("ken.db")).with(limits)).await.unwrap();
    db.migrate(&[NOTES]).await.unwrap();
    put(&db, "small").await.unwrap();
    let body = vec![7_u8; 900_000];
    let large = db.write("large", async |tx| {
        tx.execute("INSERT INTO note (id, body) VALUES ('large', $1)", values![&body]).await
    });
    assert!(db.has_room());
    assert_eq!(large.await, Err(Error::DiskFull));
    put(&db, "after").await.unwrap();
    assert_eq!(ids(&db).await, ["after", "small"]);
}

/// Small writes that still go well must not hide that larger ones do not.
#[tokio::test]
async fn a_full_database_counts_as_full_until_there_is_room() {
    let dir = TempDir::new().unwrap();
    let limits = Limits { pages: Some(260), ..patient() };
    let db = Db::open(Settings::sqlite(dir.path().join("ken.db")).with(limits)).await.unwrap();
    db.migrate(&[NOTES]).await.unwrap();
    let body = vec![7_u8; 500_000];
    let large = async |id: &'static str| {
        db.write(id, async |tx| {
            tx.execute("INSERT INTO note (id, body) VALUES ($1, $2)", values![id, &body]).await
        })
        .await
    };
    large("one").await.unwrap();
    db.look_for_room().await.unwrap();
    assert!(db.has_room());
    assert_eq!(large("two").await, Err(Error::DiskFull));
    let other = db.clone();
    assert!(!other.has_room(), "a clone is the same database");
    for turn in 0..3 {
        put(&db, &format!("small {turn}")).await.unwrap();
        assert!(!db.has_room(), "a small write says nothing");
    }
    // The room for a look is there; then it is not, and comes back.
    db.look_for_room().await.unwrap();
    assert!(db.has_room());
    assert_eq!(large("two").await, Err(Error::DiskFull));
    let most = vec![7_u8; 300_000];
    let fill = db.write("fill", async |tx| {
        tx.execute("INSERT INTO note (id, body) VALUES ('fill', $1)", values![&most]).await
    });
    fill.await.unwrap();
    assert_eq!(db.look_for_room().await, Err(Error::DiskFull));
    assert!(!db.has_room());
    let clear = db.write("clear", async |tx| {
        tx.execute("DELETE FROM note WHERE id = 'one'", values![]).await
    });
    clear.await.unwrap();
    db.look_for_room().await.unwrap();
    assert!(db.has_room());
    let kept = db.snapshot("kept", async |s| {
        s.find("SELECT COUNT(*) FROM store_room", &[], |row| row.int(0)).await
    });
    assert_eq!(kept.await, Ok(Some(0)), "a look leaves nothing behind");
}

#[tokio::test]
async fn long_statements_and_long_snapshots_are_ended() {
    let limits = Limits {
        statement: Duration::from_millis(200),
        snapshot: Duration::from_millis(200),
        ..patient()
    };
    for it in engines_with(&[NOTES], limits).await {
        let read =
            it.db.snapshot("endless", async |s| s.find(ENDLESS, &[], |row| row.int(0)).await);
        assert_eq!(read.await, Err(Error::Interrupted), "{}", it.engine);
        let read = it.db.write("endless", async |tx| tx.find(ENDLESS, &[], |row| row.int(0)).await);
        assert_eq!(read.await, Err(Error::Interrupted), "{}", it.engine);
        let slow = it.db.snapshot("slow", async |s| {
            s.find("SELECT 1", &[], |row| row.int(0)).await?;
            pause(600).await;
            s.find("SELECT 1", &[], |row| row.int(0)).await
        });
        assert_eq!(slow.await, Err(Error::Revoked), "{}", it.engine);
        put(&it.db, "after").await.unwrap();
    }
}

#[tokio::test]
async fn errors_tell_nothing_that_was_written() {
    for it in engines(&[NOTES]).await {
        put(&it.db, "Morag Canary").await.unwrap();
        let told = put(&it.db, "Morag Canary").await.unwrap_err();
        let mut text = format!("{told} {told:?}");
        let mut source = std::error::Error::source(&told);
        while let Some(cause) = source {
            text = format!("{text} {cause} {cause:?}");
            source = cause.source();
        }
        assert!(!text.contains("Canary"), "{}: {text}", it.engine);
        assert!(text.contains("note"), "{}: it says where: {text}", it.engine);
    }
}

#[tokio::test]
async fn a_postgres_database_that_sorts_by_a_language_is_refused() {
    let Some(fresh) = Fresh::create("C.UTF-8").await else { return };
    let refused = Db::open(Settings::postgres(fresh.address())).await.unwrap_err();
    assert_eq!(refused.code(), "store.collation");
    assert!(refused.to_string().contains("LC_COLLATE 'C'"), "it says what to do: {refused}");
    let nobody = Settings::postgres(fresh.address().replace("ken_test", "absent"));
    assert_eq!(code(Db::open(nobody).await), "store.statement");
    let nowhere = Settings::postgres("postgres://ken@127.0.0.1:1/ken");
    assert_eq!(code(Db::open(nowhere).await), "store.broken");
}
