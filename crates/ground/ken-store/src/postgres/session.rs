//! One transaction on one pooled connection.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Object;
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::{Shared, error};
use crate::row::{Engine, Read, Row};
use crate::sqlite::run_hook;
use crate::telemetry::{self, instant};
use crate::tx::{Hook, ROWS_MAX};
use crate::{Error, Result, Value};

/// Most statements under way at once on one connection: as many as `join_all` polls in order.
const PIPELINE_MAX: usize = 30;
/// Most statements that wait to be sent with the next one.
const LATER_MAX: usize = 20;

/// Longest wait for a `COMMIT` or `ROLLBACK` and what is sent with it, at most [`LATER_MAX`] and a
/// `BEGIN`; afterwards the connection counts as broken.
const END_MAX: Duration = Duration::from_secs(30);
/// It must say `READ WRITE`: outside such a transaction a connection changes nothing.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
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
    /// Whether the `BEGIN` was sent; whoever sets it sends it before giving way.
    begun: AtomicBool,
    /// An answer did not come in time: the connection is not used again.
    is_lost: AtomicBool,
    /// Statements that the server has not been sent yet, at most [`LATER_MAX`].
    later: Mutex<Vec<Later>>,
    /// Told of each answer of the server: whatever waits for its own waits anew.
    answers: Notify,
}

/// A statement that is sent together with the next one, or with the `COMMIT`.
#[derive(Debug)]
struct Later {
    statement: Statement,
    of: Vec<Value<'static>>,
}

/// A statement that may run now, and what must be sent before it.
struct Ready {
    statement: Statement,
    begin: Option<&'static str>,
    before: Vec<Later>,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, connection: Object, kind: Kind) -> Self {
        let (connection, later) = (Some(connection), Mutex::default());
        let (opened, begun, is_lost) = (instant(), AtomicBool::new(false), AtomicBool::new(false));
        let answers = Notify::new();
        Self { shared, connection, kind, opened, begun, is_lost, later, answers }
    }

    /// Runs a changing statement and counts the rows it changed.
    pub(crate) async fn execute(&self, sql: &str, of: &[Value<'_>]) -> Result<u64> {
        let ready = self.ready(sql, of.len()).await?;
        let connection = self.connection()?;
        let work = connection.execute_raw(&ready.statement, of.iter());
        self.in_transaction(&ready, work).await
    }

    /// Runs a changing statement at the latest with the next one, or with the `COMMIT`.
    pub(crate) async fn execute_later(&self, sql: &str, of: &[Value<'_>]) -> Result<()> {
        if self.later().len() >= LATER_MAX {
            return self.execute(sql, of).await.map(drop);
        }
        let statement = self.statement(sql, of.len()).await?;
        let of = of.iter().map(Value::to_owned).collect();
        self.later().push(Later { statement, of });
        Ok(())
    }

    /// Runs a changing statement for each of `rows`, sending many before the first answer.
    pub(crate) async fn execute_each(
        &self,
        sql: &str,
        rows: &[Vec<Value<'_>>],
    ) -> Result<Vec<u64>> {
        let mut counts = Vec::with_capacity(rows.len());
        let values = rows.first().map_or(0, Vec::len);
        // Before the `BEGIN` counts as sent, and what waits is taken to be sent with it.
        if rows.iter().any(|row| row.len() != values) {
            return Err(Error::Parameters);
        }
        for rows in rows.chunks(PIPELINE_MAX) {
            let ready = self.ready(sql, values).await?;
            let connection = self.connection()?;
            let all = rows.iter().map(async |of| {
                let done = connection.execute_raw(&ready.statement, of.iter()).await;
                self.answers.notify_waiters();
                done
            });
            let work = join_all(all);
            let done =
                self.in_transaction(&ready, async { work.await.into_iter().collect() }).await;
            let done: Vec<u64> = done?;
            counts.extend(done);
        }
        Ok(counts)
    }

    /// Reads the first row, if there is one.
    pub(crate) async fn find<T>(
        &self,
        sql: &str,
        of: &[Value<'_>],
        read: Read<T>,
    ) -> Result<Option<T>> {
        let rows = self.rows(sql, of).await?;
        rows.first().map(|row| read(&Row(Engine::Postgres(row)))).transpose()
    }

    /// Reads every row, to the maximum.
    pub(crate) async fn list<T>(
        &self,
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
    pub(crate) async fn prepare(&self, sql: &str) -> Result<()> {
        let prepared = self.answered(self.connection()?.prepare(sql)).await?;
        prepared.map(drop).map_err(|cause| error::of_prepare(&cause))
    }

    async fn rows(&self, sql: &str, of: &[Value<'_>]) -> Result<Vec<tokio_postgres::Row>> {
        let ready = self.ready(sql, of.len()).await?;
        let connection = self.connection()?;
        let of: Vec<&(dyn ToSql + Sync)> = of.iter().map(|value| value as _).collect();
        self.in_transaction(&ready, connection.query(&ready.statement, &of)).await
    }

    /// The statement, which goes to the server now with all that waited for it.
    async fn ready(&self, sql: &str, values: usize) -> Result<Ready> {
        let statement = self.statement(sql, values).await?;
        let is_first = !self.begun.swap(true, Ordering::Relaxed);
        let begin = is_first.then_some(self.kind.begin());
        Ok(Ready { statement, begin, before: std::mem::take(&mut *self.later()) })
    }

    fn later(&self) -> MutexGuard<'_, Vec<Later>> {
        self.later.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The prepared statement, if the session may still run one.
    async fn statement(&self, sql: &str, values: usize) -> Result<Statement> {
        let limits = &self.shared.limits;
        let most = if self.kind == Kind::Write { limits.turn } else { limits.snapshot };
        if instant().duration_since(self.opened) > most {
            telemetry::revoked("overrun");
            return Err(Error::Revoked);
        }
        let prepared = self.answered(self.connection()?.prepare_cached(sql)).await?;
        let statement = prepared.map_err(|cause| error::of_prepare(&cause))?;
        (statement.params().len() == values).then_some(statement).ok_or(Error::Parameters)
    }

    /// Runs `work`, together with the `BEGIN` that the first one needs and with what waited for
    /// it: one round trip.
    async fn in_transaction<T>(
        &self,
        ready: &Ready,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        let connection = self.connection()?;
        let is_unsent = AtomicBool::new(false);
        let first = send(connection, ready.begin, &ready.before, (&is_unsent, &self.answers));
        // On the heap: what waits is kept several times over.
        let both = Box::pin(async { tokio::join!(biased; first, work) });
        let (first, done) = self.answered(both).await?;
        first.and(done.map_err(|cause| error::of(&cause)))
    }

    /// Waits for the server's answer. Its own limit comes first; this one is for a server that
    /// does not answer, as behind a connection of which the other end is gone.
    ///
    /// Each statement has the whole limit: the server takes one up when it has answered those
    /// before it. Of at most [`PIPELINE_MAX`] and [`LATER_MAX`] together the last may take as many
    /// times as long.
    async fn answered<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let most = self.shared.limits.statement * 3;
        let limit = || tokio::time::timeout(most, std::future::pending::<()>());
        let done = unless_silent(&self.answers, limit, work).await;
        self.answers.notify_waiters();
        done.ok_or_else(|| {
            self.is_lost.store(true, Ordering::Relaxed);
            Error::Broken
        })
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
        if *self.is_lost.get_mut() {
            // The server undoes what it was sent once it sees that nobody is there.
            drop(Object::take(connection));
            return None;
        }
        let before = if keep { std::mem::take(&mut *self.later()) } else { Vec::new() };
        let is_begun = *self.begun.get_mut();
        let begin = (!is_begun).then_some(self.kind.begin());
        let last = match (is_begun || !before.is_empty(), keep) {
            (false, _) => None, // Nothing was asked of the server.
            (true, true) => Some("COMMIT"),
            (true, false) => Some("ROLLBACK"),
        };
        let ending = async move {
            if let Some(last) = last {
                end_on(connection, begin, &before, last).await?;
            }
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

impl Kind {
    const fn begin(self) -> &'static str {
        match self {
            Self::Write => BEGIN_WRITE,
            Self::Snapshot => BEGIN_SNAPSHOT,
        }
    }
}

/// Waits for `work` as long as something is answered before each `limit` is at its end.
async fn unless_silent<T, L: Future>(
    answers: &Notify,
    limit: impl Fn() -> L,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = std::pin::pin!(work);
    loop {
        let another = answers.notified();
        tokio::select! {
            biased;
            done = &mut work => return Some(done),
            () = another => {}
            _ = limit() => return None,
        }
    }
}

/// Sends a `BEGIN`, where one is needed, and then statements in their order, all before the first
/// answer; notes at once if one of them could not be, and tells of each answer.
///
/// Where the `BEGIN` is refused, what follows it stands alone, and is refused too: a connection
/// only reads by itself (`connect::pool`), so that nothing is kept by halves.
async fn send(
    connection: &Object,
    begin: Option<&'static str>,
    statements: &[Later],
    (is_unsent, answers): (&AtomicBool, &Notify),
) -> Result<()> {
    let begin = async {
        let Some(begin) = begin else { return Ok(()) };
        let answer = connection.batch_execute(begin).await;
        answers.notify_waiters();
        answer.map_err(|cause| error::of_begin(&cause))
    };
    let all = statements.iter().map(async |one| {
        let done = connection.execute_raw(&one.statement, one.of.iter()).await;
        let done = done.inspect_err(|_| is_unsent.store(true, Ordering::Relaxed));
        answers.notify_waiters();
        done.map(drop).map_err(|cause| error::of(&cause))
    });
    let (first, done) = tokio::join!(biased; begin, join_all(all));
    done.into_iter().fold(first, Result::and)
}

/// Sends what is left of a transaction and ends it; a connection on which that fails is not used
/// again.
///
/// Where the server refuses a statement it keeps nothing, whatever the end says. One that could
/// not even be sent is known before the end goes out, which is then a `ROLLBACK`.
async fn end_on(
    connection: Object,
    begin: Option<&'static str>,
    before: &[Later],
    last: &'static str,
) -> Result<()> {
    let all = async {
        let is_unsent = AtomicBool::new(false);
        // All of it has one limit, that of the end: [`END_MAX`].
        let answers = Notify::new();
        let sent = send(&connection, begin, before, (&is_unsent, &answers));
        let ended = async {
            let last = if is_unsent.load(Ordering::Relaxed) { "ROLLBACK" } else { last };
            ended_as(connection.batch_execute(last).await)
        };
        tokio::join!(biased; sent, ended)
    };
    let done = tokio::time::timeout(END_MAX, all).await;
    let (sent, ended) = done.unwrap_or((Ok(()), Err(Error::Broken)));
    if ended.is_err() {
        drop(Object::take(connection));
    }
    sent.and(ended)
}

/// How a `COMMIT` or `ROLLBACK` ended.
fn ended_as(done: Result<(), tokio_postgres::Error>) -> Result<()> {
    done.map_err(|cause| match error::of(&cause) {
        Error::Broken => Error::Broken,
        told => Error::Commit(Box::new(told)),
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Five statements are answered one after the other, each only just within its limit: the last
    /// is given up by no clock that began with the first, and by its own if none answers any more.
    #[test]
    fn each_statement_of_a_join_has_its_own_limit() {
        let (answers, began, over) = (Notify::new(), Cell::new(0_u32), Cell::new(0_u32));
        let limit = || {
            began.set(began.get() + 1);
            let (own, over) = (began.get(), &over);
            let is_over = move || if over.get() < own { Poll::Pending } else { Poll::Ready(()) };
            std::future::poll_fn(move |_| is_over())
        };
        let work = std::future::pending::<()>();
        let mut waits = std::pin::pin!(unless_silent(&answers, limit, work));
        let mut cx = Context::from_waker(Waker::noop());
        for at in 1..=5 {
            assert_eq!(waits.as_mut().poll(&mut cx), Poll::Pending, "after {at} answers");
            answers.notify_waiters();
            assert_eq!(waits.as_mut().poll(&mut cx), Poll::Pending, "after {at} answers");
            // The limit of whatever was answered before runs out.
            over.set(at);
        }
        assert_eq!(waits.as_mut().poll(&mut cx), Poll::Pending);
        over.set(began.get());
        assert_eq!(waits.as_mut().poll(&mut cx), Poll::Ready(None), "nothing is answered any more");
    }
}
