//! Databases for tests: SQLite in a folder of its own always, and a fresh PostgreSQL database
//! where `KEN_TEST_POSTGRES` names a server.

use std::time::Duration;

use ken_store::keys::{KeyRing, RootKey};
use ken_store::{Db, Limits, Migration, Settings, Sql};
use tempfile::TempDir;

use crate::postgres::Fresh;

/// A database with its tables, a key ring, and the folder that both live in.
///
/// Hold on to it for as long as the database is used: folder and database go with it.
#[derive(Debug)]
pub struct Databases {
    /// `sqlite` or `postgres`, to name the engine in a failure.
    pub engine: &'static str,
    /// The database, with the tables of the store and of the lists given.
    pub db: Db,
    /// Keys, in a SQLite database of their own.
    pub keys: KeyRing,
    /// The folder.
    pub dir: TempDir,
    /// The PostgreSQL database, dropped last.
    pub(crate) postgres: Option<Fresh>,
}

impl Databases {
    /// The same database once more, as another node has it; none on SQLite, which one process has.
    ///
    /// # Panics
    ///
    /// When it cannot be opened.
    #[expect(clippy::expect_used, reason = "a test has nobody to answer")]
    pub async fn another_node(&self) -> Option<Db> {
        let address = self.postgres.as_ref()?.address();
        let db = Db::open(Settings::postgres(address).with(patient())).await;
        Some(db.expect("another node for the test"))
    }
}

/// A fresh SQLite database with the tables of the store and of `migrations`, and a key ring.
///
/// # Panics
///
/// When it cannot be made.
pub async fn store(migrations: &[&[Migration]]) -> (TempDir, Db, KeyRing) {
    let it = sqlite(migrations, patient()).await;
    (it.dir, it.db, it.keys)
}

/// A database on every engine there is: SQLite always, PostgreSQL where `KEN_TEST_POSTGRES` is
/// the address of a server in which databases may be created.
///
/// # Panics
///
/// When one cannot be made.
pub async fn engines(migrations: &[&[Migration]]) -> Vec<Databases> {
    engines_with(migrations, patient()).await
}

/// The same, with limits of the test's own.
///
/// # Panics
///
/// When one cannot be made.
pub async fn engines_with(migrations: &[&[Migration]], limits: Limits) -> Vec<Databases> {
    let mut all = vec![sqlite(migrations, limits).await];
    if let Some(fresh) = Fresh::create("C").await {
        let settings = Settings::postgres(fresh.address()).with(limits);
        all.push(made("postgres", settings, migrations, folder(), Some(fresh)).await);
    }
    all
}

/// The product's limits, but patient: a machine that builds and tests at once is slow.
#[must_use]
pub fn patient() -> Limits {
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
        let steps = db.plan(*sql).await.unwrap_or_default();
        if let Some(step) = steps.iter().find(|step| grows(name, sql.sqlite, step)) {
            panic!("statement {name} grows with the number of people: {step}");
        }
    }
}

/// Statements that look at everybody on purpose, for a page of operations or a background task.
const LOOKS_AT_ALL: &[&str] = &["SEAL", "SEAL_MEND", "UNSEALED_DECISIONS"];

/// Whether a step of a plan reads more the more people there are: a table of people's rows walked
/// without a limit, or one person's rows looked for by something that many share.
fn grows(name: &str, sql: &str, step: &str) -> bool {
    let of_one = sql.contains("person_id = $");
    let by_shared = step.starts_with("SEARCH") && is_ours(step) && !step.contains("person_id=?");
    let walks = |table: &&str| step.starts_with(&format!("SCAN {table}"));
    // An index of our own that is walked is one of what is open only.
    let is_bounded = sql.contains("LIMIT") || is_ours(step);
    let is_walked = PEOPLES.iter().any(walks) && !is_bounded;
    !LOOKS_AT_ALL.contains(&name) && (of_one && by_shared || is_walked)
}

/// Whether a step uses an index that a migration made, not that of a key.
fn is_ours(step: &str) -> bool {
    step.contains("INDEX") && !step.contains("sqlite_autoindex_")
}

/// Beginnings of tables with rows for every person or every message.
const PEOPLES: &[&str] = &[
    "affirmation",
    "identifier_claim",
    "inbox",
    "ledger_entry",
    "ledger_leaf",
    "message",
    "person",
    "record_",
    "relationship",
    "source_number",
];

async fn sqlite(migrations: &[&[Migration]], limits: Limits) -> Databases {
    let dir = folder();
    let settings = Settings::sqlite(dir.path().join("ken.db")).with(limits);
    made("sqlite", settings, migrations, dir, None).await
}

#[expect(clippy::expect_used, reason = "a test has nobody to answer")]
async fn made(
    engine: &'static str,
    settings: Settings,
    migrations: &[&[Migration]],
    dir: TempDir,
    postgres: Option<Fresh>,
) -> Databases {
    let db = Db::open(settings).await.expect("a database for the test");
    db.migrate(migrations).await.expect("tables for the test");
    let settings = Settings::sqlite(dir.path().join("keys.db")).with(patient());
    let keys = Db::open(settings).await.expect("a key store for the test");
    let keys = KeyRing::unlock(keys, RootKey::from_bytes([7; 32])).await;
    let keys = keys.expect("a key ring for the test");
    Databases { engine, db, keys, dir, postgres }
}

#[expect(clippy::expect_used, reason = "a test has nobody to answer")]
fn folder() -> TempDir {
    TempDir::new().expect("a folder for the test")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_grows_with_people_is_noticed() {
        let one = "SELECT a FROM relationship WHERE person_id = $1 AND organisation = $2";
        let shared =
            "SEARCH relationship USING INDEX relationship_by_organisation (organisation=?)";
        let own = "SEARCH relationship USING INDEX sqlite_autoindex_relationship_1 (person_id=?)";
        assert!(grows("A", one, shared));
        assert!(!grows("A", one, own));
        let all = "SELECT a FROM inbox WHERE state = $1";
        assert!(grows("A", all, "SCAN inbox"));
        assert!(grows("A", all, "SCAN inbox USING INDEX sqlite_autoindex_inbox_1"));
        assert!(!grows("A", "SELECT a FROM inbox LIMIT $1", "SCAN inbox"));
        assert!(!grows("A", all, "SCAN organisation"));
        assert!(!grows("SEAL", all, "SCAN inbox"));
    }
}
