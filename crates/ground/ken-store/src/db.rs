//! The database: named closures over a transaction or a snapshot.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::migrate::Migration;
use crate::postgres::{Kind, Postgres};
use crate::room::Room;
use crate::sqlite::Sqlite;
use crate::statement::Sql;
use crate::telemetry::{self, instant};
use crate::tx::{Reading, Writing};
use crate::{Error, OpenError, Place, Result, Settings, Snapshot, Tx};

tokio::task_local! { static OPEN: &'static str; }

/// The database; a clone is the same database.
#[derive(Debug, Clone)]
pub struct Db {
    pub(crate) engine: Arc<Engine>,
    open: Arc<Mutex<TaskTracker>>,
    pub(crate) room: Arc<Room>,
}

#[derive(Debug)]
pub(crate) enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Db {
    /// Opens the database, creating a SQLite file where there is none.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        let engine = match settings.place {
            Place::Sqlite(path) => Engine::Sqlite(Sqlite::open(&path, settings.limits)?),
            Place::Postgres(address) => {
                let authority = settings.authority.as_deref();
                Engine::Postgres(Postgres::open(&address, authority, settings.limits).await?)
            }
        };
        Ok(Self { engine: Arc::new(engine), open: Arc::default(), room: Arc::default() })
    }

    /// Brings the tables up to date, the store's own first, then `lists` in their order.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]; on any of them nothing was applied.
    pub async fn migrate(&self, lists: &[&[Migration]]) -> Result<(), OpenError> {
        crate::migrate::run(self, lists).await
    }

    /// Reads from one consistent snapshot.
    ///
    /// # Errors
    ///
    /// The closure's own, [`Error::Nested`] inside another closure, or [`Error::Overloaded`].
    pub async fn snapshot<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut Snapshot) -> Result<T, E>,
        E: From<Error>,
    {
        not_nested()?;
        let _open = self.token();
        let since = instant();
        let mut snapshot = self.open_snapshot().await.inspect_err(|error| {
            telemetry::ended("snapshot", name, error.code(), since);
        })?;
        // What asks at once is large, and would lie on the stack of whoever waits for it.
        let answer = OPEN.scope(name, Box::pin(work(&mut snapshot))).await;
        drop(snapshot);
        telemetry::ended("snapshot", name, if answer.is_ok() { "ok" } else { "refused" }, since);
        answer
    }

    /// Changes. The answer comes out only after its commit is durable.
    ///
    /// Dropping the future undoes the write if `work` has not returned; afterwards it is kept.
    /// `name` stands in metrics.
    ///
    /// # Errors
    ///
    /// The closure's own; [`Error::Spoilt`] if it swallowed a failed statement; or why it was
    /// not kept. Nothing is kept on any of them, except as [`Error::Broken`] says.
    pub async fn write<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T, E>,
        E: From<Error>,
    {
        not_nested()?;
        let _open = self.token();
        let since = instant();
        let mut tx = self.open_write().await.inspect_err(|error| {
            telemetry::ended("write", name, error.code(), since);
        })?;
        let pace = tx.pace();
        let answer = {
            let mut run = pin!(OPEN.scope(name, work(&mut tx)));
            poll_fn(|cx| match &pace {
                Some(pace) => pace.step(|| run.as_mut().poll(cx)),
                None => run.as_mut().poll(cx),
            })
            .await
        };
        let answer = if tx.is_spoilt() { answer.and(Err(Error::Spoilt.into())) } else { answer };
        let found_full = tx.found_full();
        let ended = tx.end(answer.is_ok()).await;
        if found_full || ended.as_ref().is_err_and(Error::is_full) {
            self.room.refused();
        }
        let code = match (&answer, &ended) {
            (Err(_), _) => "refused",
            (Ok(_), Ok(())) => "ok",
            (Ok(_), Err(error)) => error.code(),
        };
        telemetry::ended("write", name, code, since);
        match ended {
            Ok(()) => answer,
            Err(failure) => answer.and(Err(failure.into())),
        }
    }

    /// Prepares a statement without running it, for the test that tries every one.
    ///
    /// # Errors
    ///
    /// Why it does not prepare.
    pub async fn prepare(&self, sql: Sql) -> Result<()> {
        self.open_snapshot().await?.prepare(sql).await
    }

    /// How SQLite would run a statement, a step each, for the test that looks for steps which
    /// grow with the number of people; nothing on PostgreSQL, which plans by what it holds.
    ///
    /// # Errors
    ///
    /// Why it does not prepare.
    pub async fn plan(&self, sql: Sql) -> Result<Vec<String>> {
        self.open_snapshot().await?.plan(sql).await
    }

    /// Waits until every write and snapshot that is open now has ended; their limits bound it.
    /// Not inside one.
    pub async fn drained(&self) {
        let before = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        before.close();
        before.wait().await;
    }

    /// Counts what is open, until it is dropped.
    fn token(&self) -> TaskTrackerToken {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).token()
    }

    /// Refuses new work and waits until what was begun is durable. Other clones are closed too.
    pub async fn close(&self) {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }

    /// Moves what the write-ahead log holds into the database, so that erased bytes are in
    /// neither; false where a snapshot is in the way. PostgreSQL's log is its operator's to keep
    /// short.
    pub(crate) fn empty_log(&self) -> Result<bool> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.empty_log(),
            Engine::Postgres(_) => Ok(true),
        }
    }

    /// A snapshot that may be opened inside a closure of another database.
    pub(crate) async fn open_snapshot(&self) -> Result<Snapshot> {
        Ok(Snapshot::new(match &*self.engine {
            Engine::Sqlite(sqlite) => Reading::Sqlite(Arc::new(sqlite.reader().await?)),
            Engine::Postgres(postgres) => {
                Reading::Postgres(postgres.session(Kind::Snapshot).await?.into())
            }
        }))
    }

    async fn open_write(&self) -> Result<Tx> {
        Ok(Tx::new(match &*self.engine {
            Engine::Sqlite(sqlite) => Writing::Sqlite(sqlite.turn().await?),
            Engine::Postgres(postgres) => Writing::Postgres(postgres.session(Kind::Write).await?),
        }))
    }
}

fn not_nested() -> Result<()> {
    if OPEN.try_with(|_| ()).is_ok() { Err(Error::Nested) } else { Ok(()) }
}
