//! Migrations on PostgreSQL: one transaction, one node at a time, without the limits of a write.

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;

use super::{Postgres, error};
use crate::migrate::{Applied, Dialect, Migration, digest, failed, missing, render};
use crate::{OpenError, Result, sql};

/// Opens the transaction; the advisory lock keeps other nodes out until it ends.
const BEGIN: &str = "
    BEGIN READ WRITE;
    SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SELECT pg_advisory_xact_lock(5262670);";

/// Applies what of `known` is missing, as of `now` in microseconds since 1970 UTC.
pub(crate) async fn migrate(
    engine: &Postgres,
    known: &[&Migration],
    now: i64,
) -> Result<(), OpenError> {
    let connection = engine.0.connection().await?;
    let done = apply(&connection, known, now).await;
    if done.is_err() {
        // Closed rather than rolled back: the server does that, and cannot fail to.
        drop(Object::take(connection));
    }
    done
}

async fn apply(client: &Object, known: &[&Migration], now: i64) -> Result<(), OpenError> {
    let store = |cause: tokio_postgres::Error| OpenError::Store(error::of_prepare(&cause));
    client.batch_execute(BEGIN).await.map_err(store)?;
    client.batch_execute(sql::MEMORY).await.map_err(store)?;
    let rows = client.query(sql::MIGRATIONS_APPLIED.postgres, &[]).await.map_err(store)?;
    let applied: Result<Vec<_>, _> = rows.iter().map(was_applied).collect();
    for migration in missing(&applied.map_err(store)?, known)? {
        let text = render(migration.sql, Dialect::Postgres);
        let failed = |cause| failed(migration, error::of_prepare(&cause));
        client.batch_execute(&text).await.map_err(failed)?;
        let digest = digest(migration);
        let of: [&(dyn ToSql + Sync); 5] =
            [&migration.owner, &migration.number, &migration.title, &digest, &now];
        client.execute(sql::MIGRATION_INSERT.postgres, &of).await.map_err(failed)?;
    }
    client.batch_execute("COMMIT").await.map_err(store)
}

fn was_applied(row: &tokio_postgres::Row) -> Result<Applied, tokio_postgres::Error> {
    Ok(Applied { owner: row.try_get(0)?, number: row.try_get(1)?, digest: row.try_get(2)? })
}
