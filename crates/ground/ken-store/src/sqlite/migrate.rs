//! Migrations on SQLite: one transaction on a connection of its own.

use rusqlite::{Connection, params};

use super::{Sqlite, query};
use crate::migrate::{Applied, Dialect, Migration, digest, failed, missing, render};
use crate::{Error, OpenError, sql};

/// Applies what of `known` is missing, as of `now` in microseconds since 1970 UTC.
pub(crate) fn migrate(engine: &Sqlite, known: &[&Migration], now: i64) -> Result<(), OpenError> {
    let mut conn = engine.connection()?;
    let store = |cause: rusqlite::Error| OpenError::Store(query::error(&cause));
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
    let tx = tx.map_err(store)?;
    tx.execute_batch(sql::MEMORY).map_err(store)?;
    let applied = applied(&tx).map_err(store)?;
    for migration in missing(&applied, known)? {
        let text = render(migration.sql, Dialect::Sqlite);
        let done = tx.execute_batch(&text).and_then(|()| {
            tx.execute(
                sql::MIGRATION_INSERT.sqlite,
                params![migration.owner, migration.number, migration.title, digest(migration), now],
            )
        });
        done.map_err(|cause| failed(migration, Error::from(cause)))?;
    }
    tx.commit().map_err(store)
}

fn applied(conn: &Connection) -> rusqlite::Result<Vec<Applied>> {
    let mut statement = conn.prepare(sql::MIGRATIONS_APPLIED.sqlite)?;
    let rows = statement.query_map([], |row| {
        Ok(Applied { owner: row.get(0)?, number: row.get(1)?, digest: row.get(2)? })
    })?;
    rows.collect()
}
