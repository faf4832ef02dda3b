//! The PostgreSQL engine: one pooled connection for each write or snapshot.
//!
//! # Invariants
//!
//! - Writes are READ COMMITTED and rely on guard rows, never on serialisable isolation; snapshots
//!   are REPEATABLE READ and READ ONLY.
//! - By itself a connection only reads: what follows a `BEGIN` that was refused keeps nothing.
//! - A connection goes back to the pool only outside a transaction; otherwise it is closed.
//! - A `COMMIT` that was begun is brought to its end by a task of the store, whether or not the
//!   caller still waits.
//! - The server bounds statements, lock waits and idle transactions; we bound the whole.
//!
//! Source: PostgreSQL 15 documentation, 13.2 *Transaction Isolation*, 20.11 *Client Connection
//! Defaults*.

mod connect;
mod error;
mod migrate;
mod session;
mod tls;
mod value;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deadpool_postgres::{Object, Pool, PoolError, TimeoutType};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::{Error, Limits, OpenError, Result};

pub(crate) use migrate::migrate;
pub(crate) use session::{Kind, Session};
pub(crate) use value::Cell;

/// An open PostgreSQL database.
#[derive(Debug)]
pub(crate) struct Postgres(Arc<Shared>);

/// What the engine and its sessions share.
pub(crate) struct Shared {
    pool: Pool,
    /// Commits and rollbacks that must come to their end.
    endings: TaskTracker,
    /// The runtime that they run on, though a session be dropped outside it.
    runtime: Handle,
    waiting: AtomicUsize,
    limits: Limits,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Connects to the database at `address`, under transport security where there is an
    /// authority to trust, and checks that it is fit.
    pub(crate) async fn open(
        address: &str,
        authority: Option<&str>,
        limits: Limits,
    ) -> Result<Self, OpenError> {
        let pool = connect::pool(address, authority, &limits)?;
        connect::check(&*connect::first(&pool).await?).await?;
        let shared = Shared {
            pool,
            endings: TaskTracker::new(),
            runtime: Handle::current(),
            waiting: AtomicUsize::new(0),
            limits,
        };
        Ok(Self(Arc::new(shared)))
    }

    /// A session, which begins its transaction with its first statement.
    pub(crate) async fn session(&self, kind: Kind) -> Result<Box<Session>> {
        let connection = self.0.connection().await?;
        Ok(Box::new(Session::new(Arc::clone(&self.0), connection, kind)))
    }

    /// Refuses new work and waits until what was begun has ended.
    pub(crate) async fn close(&self) {
        self.0.pool.close();
        self.0.endings.close();
        self.0.endings.wait().await;
    }
}

impl Shared {
    async fn connection(&self) -> Result<Object> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _leave = Leave(&self.waiting);
        if before >= self.limits.waiting {
            return Err(Error::Overloaded);
        }
        self.pool.get().await.map_err(|refused| no_connection(&refused))
    }
}

/// Why the pool gives no connection.
fn no_connection(refused: &PoolError) -> Error {
    match refused {
        PoolError::Timeout(TimeoutType::Wait) => Error::Overloaded,
        PoolError::Closed => Error::Closed,
        PoolError::Backend(cause) => error::of(cause),
        _ => Error::Broken,
    }
}

/// Leaves the queue, also when the caller gives up.
struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
