//! Readers: connections that each give one consistent snapshot at a time.
//!
//! # Invariants
//!
//! - A slot is in `free`, or one [`Reader`] has it; the number of permits is the number of slots.
//! - A snapshot that outlives its limit is closed by the keeper and gets [`Error::Revoked`].

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{connect, query};
use crate::telemetry::{self, instant};
use crate::{Error, Limits, OpenError, Result};

/// The pool.
#[derive(Debug)]
pub(super) struct Readers {
    slots: Vec<Arc<Slot>>,
    free: Mutex<Vec<Arc<Slot>>>,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    limits: Limits,
}

struct Slot {
    conn: Mutex<Connection>,
    interrupt: InterruptHandle,
    /// What its snapshot is doing; held shortly, never during a statement.
    doing: Mutex<Doing>,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Slot")
    }
}

#[derive(Clone, Copy)]
enum Doing {
    Nothing,
    Silence { opened: Instant },
    Statement { since: Instant },
    Revoked,
}

/// One snapshot; dropping it gives the connection back.
#[derive(Debug)]
pub(crate) struct Reader {
    pool: Arc<Readers>,
    slot: Arc<Slot>,
    _permit: OwnedSemaphorePermit,
}

impl Readers {
    pub(super) fn open(path: &Path, limits: Limits) -> Result<Self, OpenError> {
        let open = |_| {
            let conn = connect::reader(path)?;
            let interrupt = conn.get_interrupt_handle();
            let (conn, doing) = (Mutex::new(conn), Mutex::new(Doing::Nothing));
            Ok(Arc::new(Slot { conn, interrupt, doing }))
        };
        let slots: Vec<_> = (0..limits.connections).map(open).collect::<Result<_, OpenError>>()?;
        let permits = Arc::new(Semaphore::new(slots.len()));
        let (free, waiting) = (Mutex::new(slots.clone()), AtomicUsize::new(0));
        Ok(Self { slots, free, permits, waiting, limits })
    }

    /// Waits for a connection and opens a snapshot on it.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Reader> {
        let permit = self.permit().await?;
        let slot = lock(&self.free).pop().ok_or(Error::Closed)?;
        *lock(&slot.doing) = Doing::Silence { opened: instant() };
        let reader = Reader { pool: Arc::clone(self), slot, _permit: permit };
        reader.run(|conn| Ok(query::control(conn, "BEGIN")?))?;
        Ok(reader)
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let place = Place::take(&self.waiting, self.limits.waiting)?;
        let permit = Arc::clone(&self.permits).acquire_owned();
        let permit = tokio::time::timeout(self.limits.wait, permit).await;
        drop(place);
        permit.map_err(|_| Error::Overloaded)?.map_err(|_| Error::Closed)
    }

    pub(super) fn close(&self) {
        self.permits.close();
    }

    /// The keeper's look at the limits.
    pub(super) fn watch(&self) {
        for slot in &self.slots {
            let mut doing = lock(&slot.doing);
            match *doing {
                Doing::Statement { since } if is_past(since, self.limits.statement) => {
                    telemetry::revoked("statement");
                    slot.interrupt.interrupt();
                }
                Doing::Silence { opened } if is_past(opened, self.limits.snapshot) => {
                    telemetry::revoked("snapshot");
                    end(&lock(&slot.conn));
                    *doing = Doing::Revoked;
                }
                _ => {}
            }
        }
    }
}

impl Reader {
    /// Runs one statement.
    pub(crate) fn run<R>(&self, work: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        let opened = {
            let mut doing = lock(&self.slot.doing);
            let Doing::Silence { opened } = *doing else { return Err(Error::Revoked) };
            *doing = Doing::Statement { since: instant() };
            opened
        };
        let result = work(&lock(&self.slot.conn));
        *lock(&self.slot.doing) = Doing::Silence { opened };
        result
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        *lock(&self.slot.doing) = Doing::Nothing;
        end(&lock(&self.slot.conn));
        lock(&self.pool.free).push(Arc::clone(&self.slot));
    }
}

/// A place among those that wait, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(count: &'a AtomicUsize, most: usize) -> Result<Self> {
        let place = Self(count);
        let before = count.fetch_add(1, Ordering::Relaxed);
        if before < most { Ok(place) } else { Err(Error::Overloaded) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn end(conn: &Connection) {
    if !conn.is_autocommit() && query::control(conn, "ROLLBACK").is_err() {
        tracing::error!("a snapshot could not be closed");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_past(since: Instant, most: std::time::Duration) -> bool {
    instant().duration_since(since) > most
}
