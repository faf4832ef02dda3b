//! Migrations: one numbered list for each owner, forward only, the same for both engines.
//!
//! In the text, `{bytes}` stands for the engine's type of bytes; a line that begins with
//! `-- pg:` or `-- sqlite:` is a statement for that engine alone.
//!
//! # Invariants
//!
//! - A run applies all that is missing, in one transaction, or nothing.
//! - What was applied is never changed: its digest is kept and compared.
//! - A database with something applied that this program does not know is refused.

use std::collections::BTreeMap;

use ken_core::Clock;
use sha2::{Digest, Sha256};

use crate::ambient::SystemClock;
use crate::db::{Db, Engine};
use crate::{Error, OpenError, postgres, sql, sqlite};

/// One step of an owner's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// The crate that owns the tables, without `ken-`: `sharing`.
    pub owner: &'static str,
    /// Its place in the owner's list, from 1.
    pub number: i64,
    /// What it does, in a few words.
    pub title: &'static str,
    /// The statements, each ended by a semicolon.
    pub sql: &'static str,
}

/// Which engine a text is rendered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A migration as the database remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) owner: String,
    pub(crate) number: i64,
    pub(crate) digest: String,
}

/// Applies what is missing: the store's own list, then `lists`.
pub(crate) async fn run(db: &Db, lists: &[&[Migration]]) -> Result<(), OpenError> {
    let known: Vec<_> = sql::MIGRATIONS.iter().chain(lists.iter().copied().flatten()).collect();
    apply(db, &known).await
}

/// Applies what is missing of `known`.
pub(crate) async fn apply(db: &Db, known: &[&Migration]) -> Result<(), OpenError> {
    in_order(known)?;
    let now = SystemClock.now().as_microsecond();
    match &*db.engine {
        Engine::Sqlite(engine) => sqlite::migrate(engine, known, now),
        Engine::Postgres(engine) => postgres::migrate(engine, known, now).await,
    }
}

/// What of `known` is missing from `applied`, in order.
pub(crate) fn missing<'m>(
    applied: &[Applied],
    known: &[&'m Migration],
) -> Result<Vec<&'m Migration>, OpenError> {
    let by_place: BTreeMap<_, _> = known.iter().map(|m| ((m.owner, m.number), *m)).collect();
    for was in applied {
        let (owner, number) = (was.owner.clone(), was.number);
        match by_place.get(&(owner.as_str(), number)) {
            Some(is) if digest(is) == was.digest => {}
            Some(_) => return Err(OpenError::Changed { owner, number }),
            None => {
                let of_owner = known.iter().filter(|is| is.owner == owner);
                let known = of_owner.map(|is| is.number).max().unwrap_or(0);
                return Err(OpenError::Newer { owner, found: number, known });
            }
        }
    }
    let is_applied =
        |is: &Migration| applied.iter().any(|was| was.owner == is.owner && was.number == is.number);
    Ok(known.iter().copied().filter(|is| !is_applied(is)).collect())
}

/// Checks that each owner's list counts 1, 2, 3.
fn in_order(known: &[&Migration]) -> Result<(), OpenError> {
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    for is in known {
        let last = last.entry(is.owner).or_default();
        if is.number != *last + 1 {
            return Err(OpenError::Order { owner: is.owner, number: is.number });
        }
        *last = is.number;
    }
    Ok(())
}

/// The text of a migration for one engine.
pub(crate) fn render(sql: &str, dialect: Dialect) -> String {
    let (mine, other, bytes) = match dialect {
        Dialect::Sqlite => ("-- sqlite:", "-- pg:", "BLOB"),
        Dialect::Postgres => ("-- pg:", "-- sqlite:", "BYTEA"),
    };
    let mut text = String::with_capacity(sql.len());
    for line in sql.lines() {
        let start = line.trim_start();
        let line = match start.strip_prefix(mine) {
            Some(rest) => rest,
            None if start.starts_with(other) => continue,
            None => line,
        };
        text.push_str(&line.replace("{bytes}", bytes));
        text.push('\n');
    }
    text
}

/// The digest of a migration's text: SHA-256 in hex.
pub(crate) fn digest(migration: &Migration) -> String {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(migration.sql.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Names the migration that failed.
pub(crate) fn failed(migration: &Migration, cause: Error) -> OpenError {
    OpenError::Migration { owner: migration.owner, number: migration.number, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Migration = Migration { owner: "a", number: 1, title: "", sql: "one" };
    const TWO: Migration = Migration { owner: "a", number: 2, title: "", sql: "two" };
    const OTHER: Migration = Migration { owner: "b", number: 1, title: "", sql: "other" };

    fn was(of: &Migration) -> Applied {
        Applied { owner: of.owner.into(), number: of.number, digest: digest(of) }
    }

    #[test]
    fn only_what_is_missing_is_applied() {
        let check = |applied: &[Applied], known: &[&Migration], want: Result<usize, &str>| {
            let got = missing(applied, known);
            assert_eq!(got.as_ref().map(Vec::len).map_err(OpenError::code), want);
        };
        check(&[], &[&ONE, &TWO, &OTHER], Ok(3));
        check(&[was(&ONE), was(&OTHER)], &[&ONE, &TWO, &OTHER], Ok(1));
        check(&[was(&ONE), was(&TWO)], &[&ONE], Err("store.newer"));
        check(&[was(&OTHER)], &[&ONE], Err("store.newer"));
        let changed = Migration { sql: "changed", ..ONE };
        check(&[was(&ONE)], &[&changed], Err("store.migration-changed"));
    }

    #[test]
    fn lists_count_from_one() {
        let check = |known: &[&Migration], want: bool| {
            assert_eq!(in_order(known).is_ok(), want, "{known:?}");
        };
        check(&[&ONE, &OTHER, &TWO], true);
        check(&[&TWO], false);
        check(&[&ONE, &ONE], false);
    }

    #[test]
    fn a_text_is_rendered_for_its_engine() {
        let text = "a {bytes}\n  -- pg: b {bytes}\n-- sqlite: c";
        assert_eq!(render(text, Dialect::Sqlite), "a BLOB\n c\n");
        assert_eq!(render(text, Dialect::Postgres), "a BYTEA\n b BYTEA\n");
    }
}
