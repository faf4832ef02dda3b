//! Group commit: many writes, one fsync.
//!
//! A write waits for its *turn*, runs its statements inline on the one writer connection inside a
//! savepoint, and passes the turn on. A *group* of turns is one transaction. The keeper thread
//! commits it and only then releases every answer, errors included: an error, too, may rest on
//! what an earlier turn of the group wrote.
//!
//! # Invariants
//!
//! - Only the current turn, whoever ends it, or the keeper between turns touches the connection;
//!   a stale turn gets [`Error::Revoked`].
//! - A turn that fails, panics, is dropped or falls silent leaves nothing and harms nobody, unless
//!   SQLite gives up the whole transaction; then every member of the group is told.
//! - A turn that never began has no savepoint: nothing is rolled back for it.
//! - A turn is silent only while its closure waits and its runtime runs other things; a starved
//!   machine revokes nobody, and who computes is not silent.
//! - No lock is held across an `await`; `state` is free during a statement or a commit.
//!
//! Source: SQLite, *Transactions*, "Response To Errors Within A Transaction"; *Savepoints*.

mod keeper;
mod probe;
mod state;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Instant;

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::oneshot;

use super::copier::Log;
use super::query;
use crate::telemetry::instant;
use crate::tx::Hook;
use crate::{Error, Limits, Result};

pub(crate) use keeper::run_hook;
use state::{Caller, Member, Phase, State};

/// What the turns and the keeper share.
pub(super) struct Writer {
    state: Mutex<State>,
    /// Never contended: `state.phase` says who may lock it.
    conn: Mutex<Connection>,
    log: Arc<Log>,
    interrupt: InterruptHandle,
    bell: Condvar, // Wakes the keeper.
    /// Somebody has the turn; readers make way.
    busy: AtomicBool,
    limits: Limits,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// The right to write, in its savepoint; dropping it undoes the write and passes the turn on.
#[derive(Debug)]
pub(crate) struct Turn {
    writer: Arc<Writer>,
    id: u64,
    /// Its closure is being run.
    works: Arc<AtomicBool>,
    over: bool,
}

/// Whose closure is being run: says so of its turn.
#[derive(Debug)]
pub(crate) struct Pace {
    writer: Arc<Writer>,
    id: u64,
    works: Arc<AtomicBool>,
}

impl Pace {
    /// Runs a step of the closure. While it runs, the turn is not silent; where it ends in a wait,
    /// silence begins.
    pub(crate) fn step<T>(&self, step: impl FnOnce() -> Poll<T>) -> Poll<T> {
        /// A step that ends in a panic ends too.
        struct Works<'a>(&'a AtomicBool);
        impl Drop for Works<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Release);
            }
        }
        self.works.store(true, Ordering::Release);
        let works = Works(&self.works);
        let stepped = step();
        if stepped.is_pending() {
            // A turn that was revoked is nobody's to note.
            let _ = lock(&self.writer.state).fall_silent(self.id, instant());
        }
        drop(works);
        stepped
    }
}

impl Turn {
    /// Opens the savepoint, and the group if none is open.
    pub(crate) fn begin(&self) -> Result<()> {
        self.run(|conn| {
            if conn.is_autocommit() {
                query::control(conn, "BEGIN IMMEDIATE")?;
            }
            Ok(query::control(conn, "SAVEPOINT turn")?)
        })?;
        lock(&self.writer.state).begun(self.id)
    }

    /// What its closure is run by.
    pub(crate) fn pace(&self) -> Pace {
        let (writer, works) = (Arc::clone(&self.writer), Arc::clone(&self.works));
        Pace { writer, id: self.id, works }
    }

    /// Runs one statement.
    pub(crate) fn run<R>(&self, work: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        lock(&self.writer.state).start(self.id, instant(), &self.writer.limits)?;
        let (result, lost) = {
            let conn = lock(&self.writer.conn);
            let was_open = !conn.is_autocommit();
            let result = work(&conn);
            (result, was_open && conn.is_autocommit())
        };
        let mut state = lock(&self.writer.state);
        state.fall_silent(self.id, instant())?;
        match result {
            // Disk full, interrupt, I/O: the group is gone with this statement.
            Err(cause) if lost => {
                state.fail_group(&cause);
                Err(cause)
            }
            // Nothing that a closure may run ends a transaction and succeeds.
            Ok(_) if lost => {
                state.fail_group(&Error::Refused);
                Err(Error::Refused)
            }
            result => result,
        }
    }

    /// Ends the turn and waits until its group is durable; `hooks` run after that.
    pub(crate) async fn end(mut self, keep: bool, hooks: Vec<Hook>) -> Result<()> {
        let (answer, outcome) = oneshot::channel();
        let hooks = if keep { hooks } else { Vec::new() };
        self.over = true;
        self.writer.end(self.id, keep, Some(Member { answer, hooks }))?;
        outcome.await.unwrap_or(Err(Error::Closed))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.over {
            // A turn that was revoked has nothing to undo, and is told so.
            let _ = self.writer.end(self.id, false, None);
        }
    }
}

impl Writer {
    pub(super) fn new(conn: Connection, log: Arc<Log>, limits: Limits) -> Self {
        let interrupt = conn.get_interrupt_handle();
        let (state, conn) = (Mutex::default(), Mutex::new(conn));
        let (bell, busy) = (Condvar::new(), AtomicBool::new(false));
        Self { state, conn, log, interrupt, bell, busy, limits }
    }

    /// Waits, first come first served, for the turn.
    pub(super) async fn turn(self: &Arc<Self>) -> Result<Turn> {
        let (sender, turn) = oneshot::channel();
        {
            let mut state = lock(&self.state);
            let runtime = tokio::runtime::Handle::try_current().ok();
            state.queue(Caller { turn: sender, runtime }, self.limits.waiting)?;
            if matches!(state.phase, Phase::Between) {
                self.pass_on(&mut state);
            }
        }
        match tokio::time::timeout(self.limits.wait, turn).await {
            Ok(turn) => turn.map_err(|_| Error::Closed),
            Err(_) => Err(Error::Overloaded),
        }
    }

    /// Gives the turn to the next who still wants it, or leaves the group to the keeper.
    fn pass_on(self: &Arc<Self>, state: &mut State) {
        state.phase = Phase::Between;
        while !state.is_due(&self.limits) {
            let Some(next) = state.waiting.pop_front() else { break };
            state.granted += 1;
            let id = state.granted;
            // In the channel the turn is owned: a caller that goes just now drops it, and so
            // passes it on. One whose caller has gone before is passed over.
            let Caller { turn, runtime } = next;
            let works = Arc::<AtomicBool>::default();
            let granted =
                Turn { writer: Arc::clone(self), id, works: Arc::clone(&works), over: false };
            match turn.send(granted) {
                Ok(()) => {
                    state.grant(id, instant(), runtime, works);
                    self.busy.store(true, Ordering::Relaxed);
                    return;
                }
                Err(mut turn) => turn.over = true,
            }
        }
        self.busy.store(false, Ordering::Relaxed);
        self.bell.notify_one();
    }

    /// Whether somebody has the turn, or is about to take it up.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    /// Ends turn `id`, keeping its savepoint or not, and passes the turn on.
    fn end(self: &Arc<Self>, id: u64, keep: bool, member: Option<Member>) -> Result<()> {
        self.end_locked(&mut lock(&self.state), id, keep, member)
    }

    fn end_locked(
        self: &Arc<Self>,
        state: &mut State,
        id: u64,
        keep: bool,
        member: Option<Member>,
    ) -> Result<()> {
        let begun = state.is_begun(id)?;
        let conn = lock(&self.conn);
        let closed = close_savepoint(&conn, begun, keep, state.members.is_empty());
        drop(conn);
        match &closed {
            Ok(()) => state.members.extend(member),
            Err(cause) => state.fail_group(cause),
        }
        self.pass_on(state);
        closed
    }
}

/// Keeps or undoes the savepoint; on failure undoes the whole transaction.
fn close_savepoint(conn: &Connection, begun: bool, keep: bool, alone: bool) -> Result<()> {
    let all: &[&'static str] = match (keep, alone) {
        // The turn lost it all, and its group was told; or it never opened anything.
        _ if conn.is_autocommit() => return if keep { Err(Error::Revoked) } else { Ok(()) },
        (true, _) => &["RELEASE turn"],
        (false, true) => &["ROLLBACK"],
        (false, false) if begun => &["ROLLBACK TO turn", "RELEASE turn"],
        (false, false) => &[],
    };
    let closed = all.iter().try_for_each(|sql| query::control(conn, sql));
    closed.map_err(|cause| abandon(conn, &cause))
}

/// Undoes the transaction, and ends the process (as PostgreSQL does) where it could not vouch for
/// the next one: if that fails, or after an I/O error, since lost pages may look clean.
fn abandon(conn: &Connection, cause: &rusqlite::Error) -> Error {
    let undone = conn.is_autocommit() || query::control(conn, "ROLLBACK").is_ok();
    if !undone || query::is_io(cause) {
        tracing::error!("the disk failed under a commit: ending, so that nothing false is told");
        std::process::abort();
    }
    query::error(cause)
}

/// Locks; a panic elsewhere leaves nothing half done, since drops put things right.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether `since` lies more than `most` back.
fn is_past(since: Instant, most: std::time::Duration) -> bool {
    instant().duration_since(since) > most
}
