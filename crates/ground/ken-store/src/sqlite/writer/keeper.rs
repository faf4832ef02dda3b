//! The keeper: one thread that commits groups, revokes silent turns and interrupts long
//! statements, whether or not anybody polls the futures concerned.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::state::{Doing, Phase, State};
use super::{Writer, abandon, is_past, lock};
use crate::sqlite::query;
use crate::sqlite::reader::Readers;
use crate::telemetry::{self, instant};
use crate::{Error, Result};

/// Longest sleep of the keeper between two looks at the limits.
const TICK_MAX: Duration = Duration::from_millis(25);

impl Writer {
    /// The keeper's life: until the store closes and the last group is durable.
    pub(in crate::sqlite) fn keep_all(self: &Arc<Self>, readers: &Readers) {
        let tick = (self.limits.silence / 4).min(self.limits.statement / 4).min(TICK_MAX);
        let mut watched = instant();
        while self.keep(tick) {
            if is_past(watched, tick) {
                readers.watch();
                watched = instant();
            }
        }
        if !matches!(self.log.finish(&lock(&self.conn)), Ok(true)) {
            tracing::warn!("the write-ahead log stays beside the database for the next start");
        }
        let mut state = lock(&self.state);
        state.ended = true;
        state.closers.clear();
    }

    /// One round: commits the group, or revokes a silent turn, or waits. False at the end.
    fn keep(self: &Arc<Self>, tick: Duration) -> bool {
        let mut state = lock(&self.state);
        match state.phase {
            Phase::Between if !state.members.is_empty() => self.commit_group(state),
            Phase::Between if state.closing => return false,
            Phase::Turn { id, granted, doing: Doing::Silence(since), .. }
                if is_past(since, self.limits.silence) && state.probe.is_heard()
                    || is_past(granted, self.limits.turn) =>
            {
                telemetry::revoked("silence");
                let _ = self.end_locked(&mut state, id, false, None);
            }
            Phase::Turn { doing: Doing::Silence(since), .. } => {
                if is_past(since, tick) {
                    state.probe.ask();
                }
                drop(self.bell.wait_timeout(state, tick));
            }
            Phase::Turn { doing: Doing::Statement(since), .. }
                if is_past(since, self.limits.statement) =>
            {
                // `state` is held, so that no later statement can start and be hit instead.
                telemetry::revoked("statement");
                self.interrupt.interrupt();
                drop(self.bell.wait_timeout(state, tick));
            }
            _ => drop(self.bell.wait_timeout(state, tick)),
        }
        true
    }

    fn commit_group(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let members = std::mem::take(&mut state.members);
        state.phase = Phase::Committing;
        drop(state);
        let began = instant();
        let outcome = commit(&lock(&self.conn));
        telemetry::committed(members.len(), began.elapsed());
        self.log.begin_anew(&lock(&self.conn));
        self.pass_on(&mut lock(&self.state));
        for member in members {
            if outcome.is_ok() {
                member.hooks.into_iter().for_each(run_hook);
            }
            let _ = member.answer.send(outcome.clone());
        }
    }

    /// Refuses new turns; those that wait are told.
    pub(in crate::sqlite) fn ask_to_close(&self) {
        let mut state = lock(&self.state);
        state.closing = true;
        state.waiting.clear();
        drop(state);
        self.bell.notify_one();
    }

    /// The same, and waits until the last group is durable.
    pub(in crate::sqlite) async fn close(&self) {
        self.ask_to_close();
        let (sender, ended) = oneshot::channel();
        {
            let mut state = lock(&self.state);
            if state.ended {
                return; // It was quicker than this task.
            }
            state.closers.push(sender);
        }
        // Nobody sends: the keeper drops its end when it ends.
        let _ = ended.await;
    }
}

/// Runs what was to happen after the commit; its panic harms nobody else.
pub(crate) fn run_hook(hook: crate::tx::Hook) {
    if catch_unwind(AssertUnwindSafe(hook)).is_err() {
        tracing::error!("an action after a commit ended in a panic");
    }
}

fn commit(conn: &Connection) -> Result<()> {
    if conn.is_autocommit() {
        return Ok(()); // Every turn failed.
    }
    let committed = query::control(conn, "COMMIT");
    committed.map_err(|cause| Error::Commit(Box::new(abandon(conn, &cause))))
}
