//! What a closure sees: a transaction that reads and writes, or a snapshot that reads.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::statement::{Sql, check};
use crate::{Error, Read, Result, Value};
use crate::{postgres, sqlite};

/// Most rows of a list. House policy: a page is far smaller; beyond this it is a mistake.
pub(crate) const ROWS_MAX: usize = 100_000;

/// Something to run once a write is durable.
pub(crate) type Hook = Box<dyn FnOnce() + Send>;

/// What both a [`Tx`] and a [`Snapshot`] can do.
pub trait Reads: Send {
    /// Most rows that [`Reads::list`] gives.
    const ROWS_MAX: usize = ROWS_MAX;

    /// Finds the first row, if there is one. In a [`Tx`], also of `INSERT ... RETURNING`.
    ///
    /// # Errors
    ///
    /// See [`Error`]; in a [`Tx`], any of them spoils the write.
    fn find<T: Send>(
        &mut self,
        sql: impl Into<Sql> + Send,
        of: &[Value<'_>],
        read: Read<T>,
    ) -> impl Future<Output = Result<Option<T>>> + Send;

    /// Reads every row.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyRows`] beyond [`Reads::ROWS_MAX`]; otherwise as [`Reads::find`].
    fn list<T: Send>(
        &mut self,
        sql: impl Into<Sql> + Send,
        of: &[Value<'_>],
        read: Read<T>,
    ) -> impl Future<Output = Result<Vec<T>>> + Send;
}

/// One write in progress. It ends when its closure returns; dropping it undoes it.
pub struct Tx {
    engine: Writing,
    /// Tells this transaction from every other of this process.
    serial: u64,
    /// A statement has failed, or was dropped before its answer.
    spoilt: bool,
    /// There was no room for what a statement wrote.
    full: bool,
    hooks: Vec<Hook>,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("spoilt", &self.spoilt).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(crate) enum Writing {
    Sqlite(sqlite::Turn),
    Postgres(Box<postgres::Session>),
}

/// One consistent picture of the database.
#[derive(Debug)]
pub struct Snapshot {
    engine: Reading,
}

// What is asked of a server is boxed: it is some kilobytes, and many are waited for at once.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    Sqlite(Arc<sqlite::Reader>),
    Postgres(Arc<postgres::Session>),
}

impl Tx {
    pub(crate) fn new(engine: Writing) -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        Self { engine, serial, spoilt: false, full: false, hooks: Vec::new() }
    }

    /// Runs a changing statement and counts the rows it changed.
    ///
    /// # Errors
    ///
    /// See [`Error`]; any of them spoils the write.
    pub async fn execute(&mut self, sql: impl Into<Sql> + Send, of: &[Value<'_>]) -> Result<u64> {
        let sql = sql.into();
        self.fresh(sql)?;
        let result = match &mut self.engine {
            Writing::Sqlite(turn) => turn.run(|conn| sqlite::execute(conn, sql.sqlite, of)),
            Writing::Postgres(session) => session.execute(sql.postgres, of).await,
        };
        self.note(result)
    }

    /// Runs a changing statement whose count nobody asks for. PostgreSQL is sent it together with
    /// the next statement, or with the commit: its failure may come out there, and spoils the
    /// write all the same.
    ///
    /// # Errors
    ///
    /// As [`Tx::execute`], of this statement or of one before it.
    pub async fn execute_later(
        &mut self,
        sql: impl Into<Sql> + Send,
        of: &[Value<'_>],
    ) -> Result<()> {
        let sql = sql.into();
        self.fresh(sql)?;
        let result = match &mut self.engine {
            Writing::Sqlite(turn) => {
                turn.run(|conn| sqlite::execute(conn, sql.sqlite, of).map(drop))
            }
            Writing::Postgres(session) => session.execute_later(sql.postgres, of).await,
        };
        self.note(result)
    }

    /// Runs a changing statement once for each of `rows`, in order, and counts the rows each
    /// changed. PostgreSQL is sent all of them at once.
    ///
    /// # Errors
    ///
    /// As [`Tx::execute`].
    pub async fn execute_each(
        &mut self,
        sql: impl Into<Sql> + Send,
        rows: &[Vec<Value<'_>>],
    ) -> Result<Vec<u64>> {
        let sql = sql.into();
        self.fresh(sql)?;
        let result = match &mut self.engine {
            Writing::Sqlite(turn) => rows
                .iter()
                .map(|of| turn.run(|conn| sqlite::execute(conn, sql.sqlite, of)))
                .collect(),
            Writing::Postgres(session) => session.execute_each(sql.postgres, rows).await,
        };
        self.note(result)
    }

    /// Runs `hook` once this write is durable, before its answer is released; not at all if it
    /// is not kept. It must be short (a signal, a count): other answers wait for it.
    pub fn after_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.hooks.push(Box::new(hook));
    }

    /// Spoils the write where a lease is no longer held, so that it cannot be kept by mistake.
    pub(crate) fn fenced_unless(&mut self, held: bool) -> Result<()> {
        self.note(if held { Ok(()) } else { Err(Error::Fenced) })
    }

    /// What the closure of this write is run by, where the engine watches for silence.
    pub(crate) fn pace(&self) -> Option<sqlite::Pace> {
        match &self.engine {
            Writing::Sqlite(turn) => Some(turn.pace()),
            Writing::Postgres(_) => None,
        }
    }

    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    pub(crate) fn is_spoilt(&self) -> bool {
        self.spoilt
    }

    pub(crate) fn found_full(&self) -> bool {
        self.full
    }

    /// Gives the transaction up to its end.
    pub(crate) async fn end(self, keep: bool) -> Result<()> {
        match self.engine {
            Writing::Sqlite(turn) => turn.end(keep, self.hooks).await,
            Writing::Postgres(session) => session.end(keep, self.hooks).await,
        }
    }

    fn fresh(&mut self, sql: Sql) -> Result<()> {
        if self.spoilt {
            return Err(Error::Spoilt);
        }
        // A statement whose future is dropped spoils the write: its outcome is not known.
        self.spoilt = true;
        check(sql.sqlite, true).and_then(|()| check(sql.postgres, true))
    }

    fn note<T>(&mut self, result: Result<T>) -> Result<T> {
        self.spoilt = result.is_err();
        self.full |= result.as_ref().is_err_and(Error::is_full);
        result
    }
}

impl Reads for Tx {
    async fn find<T: Send>(
        &mut self,
        sql: impl Into<Sql> + Send,
        of: &[Value<'_>],
        read: Read<T>,
    ) -> Result<Option<T>> {
        let sql = sql.into();
        self.fresh(sql)?;
        let result = match &mut self.engine {
            Writing::Sqlite(turn) => turn.run(|conn| sqlite::find(conn, sql.sqlite, of, read)),
            Writing::Postgres(session) => Box::pin(session.find(sql.postgres, of, read)).await,
        };
        self.note(result)
    }

    async fn list<T: Send>(
        &mut self,
        sql: impl Into<Sql> + Send,
        of: &[Value<'_>],
        read: Read<T>,
    ) -> Result<Vec<T>> {
        let sql = sql.into();
        self.fresh(sql)?;
        let result = match &mut self.engine {
            Writing::Sqlite(turn) => turn.run(|conn| sqlite::list(conn, sql.sqlite, of, read)),
            Writing::Postgres(session) => Box::pin(session.list(sql.postgres, of, read)).await,
        };
        self.note(result)
    }
}

impl Snapshot {
    pub(crate) fn new(engine: Reading) -> Self {
        Self { engine }
    }

    /// Another reader of this same picture. What two of them ask in one `join` goes to PostgreSQL
    /// before the first answer, where answers do not rest on one another: one round trip. It ends
    /// with the closure that this one was given to.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self { engine: self.engine.clone() }
    }

    /// Prepares a statement, of whatever kind, without running it.
    pub(crate) async fn prepare(&mut self, sql: Sql) -> Result<()> {
        check(sql.sqlite, true).and_then(|()| check(sql.postgres, true))?;
        match &mut self.engine {
            Reading::Sqlite(reader) => {
                reader.run(|conn| conn.prepare(sql.sqlite).map(drop).map_err(Error::from))
            }
            Reading::Postgres(session) => session.prepare(sql.postgres).await,
        }
    }

    /// The steps of a statement's plan, where the engine has one before it has data.
    pub(crate) async fn plan(&mut self, sql: Sql) -> Result<Vec<String>> {
        self.prepare(sql).await?;
        match &mut self.engine {
            Reading::Sqlite(reader) => reader.run(|conn| sqlite::plan(conn, sql.sqlite)),
            Reading::Postgres(_) => Ok(Vec::new()),
        }
    }
}

impl Reads for Snapshot {
    async fn find<T: Send>(
        &mut self,
        sql: impl Into<Sql> + Send,
        of: &[Value<'_>],
        read: Read<T>,
    ) -> Result<Option<T>> {
        let sql = sql.into();
        check(sql.sqlite, false).and_then(|()| check(sql.postgres, false))?;
        match &mut self.engine {
            Reading::Sqlite(reader) => reader.run(|conn| sqlite::find(conn, sql.sqlite, of, read)),
            Reading::Postgres(session) => Box::pin(session.find(sql.postgres, of, read)).await,
        }
    }

    async fn list<T: Send>(
        &mut self,
        sql: impl Into<Sql> + Send,
        of: &[Value<'_>],
        read: Read<T>,
    ) -> Result<Vec<T>> {
        let sql = sql.into();
        check(sql.sqlite, false).and_then(|()| check(sql.postgres, false))?;
        match &mut self.engine {
            Reading::Sqlite(reader) => reader.run(|conn| sqlite::list(conn, sql.sqlite, of, read)),
            Reading::Postgres(session) => Box::pin(session.list(sql.postgres, of, read)).await,
        }
    }
}
