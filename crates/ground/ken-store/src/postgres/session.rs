//! One transaction on one pooled connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Object;
use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::{Shared, error};
use crate::row::{Engine, Read, Row};
use crate::sqlite::run_hook;
use crate::telemetry::{self, instant};
use crate::tx::{Hook, ROWS_MAX};
use crate::{Error, Result, Value};

/// Most statements under way at once on one connection.
const PIPELINE_MAX: usize = 30;

/// Longest wait for a `COMMIT` or `ROLLBACK`; afterwards the connection counts as broken.
const END_MAX: Duration = Duration::from_secs(30);
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Write,
    Snapshot,
}

/// A transaction; dropping it rolls it back.
#[derive(Debug)]
pub(crate) struct Session {
    shared: Arc<Shared>,
    /// Absent once the session has ended.
    connection: Option<Object>,
    kind: Kind,
    opened: Instant,
    begun: bool,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, connection: Object, kind: Kind) -> Self {
        Self { shared, connection: Some(connection), kind, opened: instant(), begun: false }
    }

    /// Runs a changing statement and counts the rows it changed.
    pub(crate) async fn execute(&mut self, sql: &str, of: &[Value<'_>]) -> Result<u64> {
        let (statement, is_first) = self.ready(sql, of.len()).await?;
        let connection = self.connection()?;
        let work = connection.execute_raw(&statement, of.iter());
        self.in_transaction(is_first, work).await
    }

    /// Runs a changing statement for each of `rows`, sending many before the first answer.
    pub(crate) async fn execute_each(
        &mut self,
        sql: &str,
        rows: &[Vec<Value<'_>>],
    ) -> Result<Vec<u64>> {
        let mut counts = Vec::with_capacity(rows.len());
        for rows in rows.chunks(PIPELINE_MAX) {
            let values = rows.first().map_or(0, Vec::len);
            let (statement, is_first) = self.ready(sql, values).await?;
            if rows.iter().any(|row| row.len() != values) {
                return Err(Error::Parameters);
            }
            let connection = self.connection()?;
            let all = rows.iter().map(|of| connection.execute_raw(&statement, of.iter()));
            let work = join_all(all);
            let done =
                self.in_transaction(is_first, async { work.await.into_iter().collect() }).await;
            let done: Vec<u64> = done?;
            counts.extend(done);
        }
        Ok(counts)
    }

    /// Reads the first row, if there is one.
    pub(crate) async fn find<T>(
        &mut self,
        sql: &str,
        of: &[Value<'_>],
        read: Read<T>,
    ) -> Result<Option<T>> {
        let rows = self.rows(sql, of).await?;
        rows.first().map(|row| read(&Row(Engine::Postgres(row)))).transpose()
    }

    /// Reads every row, to the maximum.
    pub(crate) async fn list<T>(
        &mut self,
        sql: &str,
        of: &[Value<'_>],
        read: Read<T>,
    ) -> Result<Vec<T>> {
        let rows = self.rows(sql, of).await?;
        if rows.len() > ROWS_MAX {
            return Err(Error::TooManyRows);
        }
        rows.iter().map(|row| read(&Row(Engine::Postgres(row)))).collect()
    }

    /// Prepares a statement without running it.
    pub(crate) async fn prepare(&mut self, sql: &str) -> Result<()> {
        let prepared = self.connection()?.prepare(sql).await;
        prepared.map(drop).map_err(|cause| error::of_prepare(&cause))
    }

    async fn rows(&mut self, sql: &str, of: &[Value<'_>]) -> Result<Vec<tokio_postgres::Row>> {
        let (statement, is_first) = self.ready(sql, of.len()).await?;
        let connection = self.connection()?;
        let of: Vec<&(dyn ToSql + Sync)> = of.iter().map(|value| value as _).collect();
        self.in_transaction(is_first, connection.query(&statement, &of)).await
    }

    /// The prepared statement, if the session may still run one, and whether it is the first.
    async fn ready(&mut self, sql: &str, values: usize) -> Result<(Statement, bool)> {
        let limits = &self.shared.limits;
        let most = if self.kind == Kind::Write { limits.turn } else { limits.snapshot };
        if instant().duration_since(self.opened) > most {
            telemetry::revoked("overrun");
            return Err(Error::Revoked);
        }
        let prepared = self.connection()?.prepare_cached(sql).await;
        let statement = prepared.map_err(|cause| error::of_prepare(&cause))?;
        if statement.params().len() != values {
            return Err(Error::Parameters);
        }
        let is_first = !std::mem::replace(&mut self.begun, true);
        Ok((statement, is_first))
    }

    /// Runs `work`, together with the `BEGIN` that the first one needs: one round trip.
    async fn in_transaction<T>(
        &self,
        is_first: bool,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        let connection = self.connection()?;
        let begin = async {
            match (is_first, self.kind) {
                (false, _) => Ok(()),
                (true, Kind::Write) => connection.batch_execute(BEGIN_WRITE).await,
                (true, Kind::Snapshot) => connection.batch_execute(BEGIN_SNAPSHOT).await,
            }
        };
        // The server's limit comes first; this one is for a server that does not answer.
        let most = self.shared.limits.statement * 3;
        let both = async { tokio::join!(biased; begin, work) };
        let (first, done) = tokio::time::timeout(most, both).await.map_err(|_| Error::Broken)?;
        first.and(done).map_err(|cause| error::of(&cause))
    }

    fn connection(&self) -> Result<&Object> {
        self.connection.as_ref().ok_or(Error::Closed)
    }

    /// Ends the transaction; `hooks` run once it is durable.
    pub(crate) async fn end(mut self, keep: bool, hooks: Vec<Hook>) -> Result<()> {
        let Some(ending) = self.ending(keep, hooks) else { return Err(Error::Closed) };
        ending.await.unwrap_or(Err(Error::Broken))
    }

    /// Brings the transaction to its end in a task of the store.
    fn ending(&mut self, keep: bool, hooks: Vec<Hook>) -> Option<JoinHandle<Result<()>>> {
        let connection = self.connection.take()?;
        let sql = match (self.begun, keep) {
            (false, _) => "", // Nothing was asked of the server.
            (true, true) => "COMMIT",
            (true, false) => "ROLLBACK",
        };
        let ending = async move {
            end_on(connection, sql).await?;
            if keep {
                hooks.into_iter().for_each(run_hook);
            }
            Ok(())
        };
        Some(self.shared.endings.spawn_on(ending, &self.shared.runtime))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Nobody waits for it: a connection that cannot be rolled back is closed.
        drop(self.ending(false, Vec::new()));
    }
}

/// Ends a transaction; a connection on which that fails is not used again.
async fn end_on(connection: Object, sql: &'static str) -> Result<()> {
    if sql.is_empty() {
        return Ok(());
    }
    let done = tokio::time::timeout(END_MAX, connection.batch_execute(sql)).await;
    let done = done.map_err(|_| Error::Broken).and_then(|done| {
        done.map_err(|cause| match error::of(&cause) {
            Error::Broken => Error::Broken,
            told => Error::Commit(Box::new(told)),
        })
    });
    if done.is_err() {
        drop(Object::take(connection));
    }
    done
}
