//! The SQLite engine: one writer connection with group commit, a pool of readers, and a thread
//! that copies the log beside them.
//!
//! # Invariants
//!
//! - One process has the database: it holds a lock on the file beside it for as long as it runs.
//! - `journal_mode=WAL` and `synchronous=FULL` are asserted when a connection opens.
//! - The last to let go of the engine joins the keeper, so that what was kept is committed.

mod connect;
mod copier;
mod migrate;
mod query;
mod reader;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{Error, Limits, OpenError, Result};

pub(crate) use migrate::migrate;
pub(crate) use query::{execute, find, list, plan};
pub(crate) use reader::Reader;
pub(crate) use writer::{Pace, Turn, run_hook};

use copier::Copier;
use reader::Readers;
use writer::Writer;

/// Most turns granted to one write that is too slow to take them up.
const GRANTS_MAX: usize = 4;
/// Longest wait for snapshots before the log is left for another time: a thread waits for it.
const EMPTY_MAX: Duration = Duration::from_millis(100);

/// An open SQLite database.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    keeper: Option<JoinHandle<()>>,
    /// Ends after the keeper.
    copier: Copier,
    path: std::path::PathBuf,
    /// Held until the keeper has ended; other processes see it.
    _lock: File,
}

impl Sqlite {
    /// Opens or creates the database in the file `path`, and starts its keeper.
    pub(crate) fn open(path: &Path, limits: Limits) -> Result<Self, OpenError> {
        let lock = connect::lock(path)?;
        let mut conn = connect::writer(path, &limits)?;
        let copier = connect::copier(path, &mut conn)?;
        let writer = Arc::new(Writer::new(conn, copier.log(), limits));
        let readers = Arc::new(Readers::open(path, limits)?);
        let (to_keep, to_watch) = (Arc::clone(&writer), Arc::clone(&readers));
        let keeper = std::thread::Builder::new()
            .name("ken-store-keeper".into())
            .spawn(move || to_keep.keep_all(&to_watch))
            .map_err(OpenError::Place)?;
        let (keeper, path) = (Some(keeper), path.to_owned());
        Ok(Self { writer, readers, keeper, copier, path, _lock: lock })
    }

    /// Waits for a turn to write, and begins it.
    pub(crate) async fn turn(&self) -> Result<Turn> {
        // A statement here waits for nothing that tokio sees: without this, a task that only
        // reads and writes would keep its thread from those who have been granted a turn.
        tokio::task::coop::consume_budget().await;
        for _ in 1..GRANTS_MAX {
            let turn = self.writer.turn().await?;
            match turn.begin() {
                // Granted, and revoked before this task was run: no closure has seen it.
                Err(Error::Revoked) => {}
                begun => return begun.map(|()| turn),
            }
        }
        Err(Error::Overloaded)
    }

    /// Waits for a reader.
    pub(crate) async fn reader(&self) -> Result<Reader> {
        // Who has been granted a turn holds up every other write: let it have the thread.
        if self.writer.is_busy() {
            tokio::task::yield_now().await;
        } else {
            tokio::task::coop::consume_budget().await;
        }
        self.readers.take().await
    }

    /// A connection of its own, for migrations, while nothing else writes.
    pub(crate) fn connection(&self) -> Result<rusqlite::Connection> {
        connect::plain(&self.path).map_err(|cause| query::error(&cause))
    }

    /// Refuses new work, waits until the last group is durable, and empties the log.
    pub(crate) async fn close(&self) {
        self.readers.close();
        self.writer.close().await;
    }

    /// Moves what is in the write-ahead log into the database and empties it, so that erased
    /// bytes are in neither. False where a snapshot that is open now is in the way.
    pub(crate) fn empty_log(&self) -> Result<bool> {
        let (conn, log) = (self.connection()?, self.copier.log());
        // SQLite does not wait for who copies.
        let _alone = log.alone();
        let is_empty = connect::checkpoint(&conn, "TRUNCATE", EMPTY_MAX)?;
        if !is_empty {
            tracing::warn!("the write-ahead log could not be emptied: a snapshot is open");
        }
        Ok(is_empty)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.readers.close();
        self.writer.ask_to_close();
        // The keeper itself may be the last to let go, from an `after_commit`.
        let keeper = self.keeper.take();
        let keeper = keeper.filter(|keeper| keeper.thread().id() != std::thread::current().id());
        if keeper.is_some_and(|keeper| keeper.join().is_err()) {
            tracing::error!("the keeper of the store ended in a panic");
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(cause: rusqlite::Error) -> Self {
        query::error(&cause)
    }
}
