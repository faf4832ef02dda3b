//! Databases for tests: SQLite in a folder of its own always, and a fresh PostgreSQL database
//! where `KEN_TEST_POSTGRES` names a server.

use std::time::Duration;

use ken_store::keys::{KeyRing, RootKey};
use ken_store::{Db, Limits, Migration, Settings, Sql};
use tempfile::TempDir;

/// A database with its tables, a key ring, and the folder that both live in.
///
/// Hold on to it for as long as the database is used: the folder goes with it.
#[derive(Debug)]
pub struct Databases {
    /// `sqlite` or `postgres`, to name the engine in a failure.
    pub engine: &'static str,
    /// The folder.
    pub dir: TempDir,
    /// The database, with the tables of the store and of the lists given.
    pub db: Db,
    /// Keys, in a SQLite database of their own.
    pub keys: KeyRing,
}

/// A fresh SQLite database with the tables of the store and of `migrations`, and a key ring.
///
/// # Panics
///
/// When it cannot be made.
#[expect(clippy::expect_used, reason = "a test has nobody to answer")]
pub async fn store(migrations: &[&[Migration]]) -> (TempDir, Db, KeyRing) {
    let dir = TempDir::new().expect("a folder for the test");
    let settings = Settings::sqlite(dir.path().join("ken.db")).with(patient());
    let db = Db::open(settings).await.expect("a database for the test");
    db.migrate(migrations).await.expect("tables for the test");
    let keys = keys(&dir).await;
    (dir, db, keys)
}

/// A database on every engine there is: SQLite always.
///
/// # Panics
///
/// When one cannot be made.
pub async fn engines(migrations: &[&[Migration]]) -> Vec<Databases> {
    let (dir, db, keys) = store(migrations).await;
    vec![Databases { engine: "sqlite", dir, db, keys }]
}

/// Prepares every statement of a crate on `db`; the tables must be there.
///
/// # Panics
///
/// With the name of the first statement that does not prepare.
#[expect(clippy::panic, reason = "a test has nobody to answer")]
pub async fn assert_prepares(db: &Db, statements: &[(&str, Sql)]) {
    for (name, sql) in statements {
        if let Err(error) = db.prepare(*sql).await {
            panic!("statement {name} does not prepare: {error:?}");
        }
    }
}

/// The product's limits, but patient: a machine that builds and tests at once is slow.
fn patient() -> Limits {
    Limits {
        silence: Duration::from_secs(5),
        statement: Duration::from_secs(10),
        turn: Duration::from_secs(30),
        snapshot: Duration::from_mins(1),
        wait: Duration::from_secs(30),
        connections: 4,
        ..Limits::default()
    }
}

#[expect(clippy::expect_used, reason = "a test has nobody to answer")]
async fn keys(dir: &TempDir) -> KeyRing {
    let settings = Settings::sqlite(dir.path().join("keys.db")).with(patient());
    let db = Db::open(settings).await.expect("a key store for the test");
    KeyRing::unlock(db, RootKey::from_bytes([7; 32])).await.expect("a key ring for the test")
}
