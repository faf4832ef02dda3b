//! Who has the connection, who waits for it, and who waits for the commit.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::probe::Probe;
use super::{Turn, is_past};
use crate::tx::Hook;
use crate::{Error, Limits, Result};

/// One write of the open group, waiting for its commit.
pub(super) struct Member {
    pub(super) answer: oneshot::Sender<Result<()>>,
    /// What to run once it is durable; empty for one that is not kept.
    pub(super) hooks: Vec<Hook>,
}

/// What a turn is doing, and since when.
#[derive(Clone, Copy)]
pub(super) enum Doing {
    Silence(Instant),
    Statement(Instant),
}

#[derive(Clone, Copy, Default)]
pub(super) enum Phase {
    /// Nobody has the connection; the open group, if any, may grow or be committed.
    #[default]
    Between,
    /// One write has it: with a savepoint if begun.
    Turn { id: u64, begun: bool, granted: Instant, doing: Doing },
    /// The keeper is in `COMMIT`.
    Committing,
}

/// Who waits for a turn, and the runtime that would serve it.
pub(super) struct Caller {
    pub(super) turn: oneshot::Sender<Turn>,
    pub(super) runtime: Option<Handle>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) waiting: VecDeque<Caller>,
    /// Tells a silent turn from a starved machine.
    pub(super) probe: Probe,
    /// Turns so far, and so the id of the latest.
    pub(super) granted: u64,
    /// When the open group began.
    opened: Option<Instant>,
    pub(super) members: Vec<Member>,
    pub(super) closing: bool,
    /// The keeper has ended.
    pub(super) ended: bool,
    /// Who waits for the keeper to end.
    pub(super) closers: Vec<oneshot::Sender<()>>,
}

impl State {
    /// Puts a caller at the end of the queue.
    pub(super) fn queue(&mut self, caller: Caller, most: usize) -> Result<()> {
        if self.closing {
            return Err(Error::Closed);
        }
        if self.waiting.len() >= most {
            self.waiting.retain(|caller| !caller.turn.is_closed());
        }
        if self.waiting.len() >= most {
            return Err(Error::Overloaded);
        }
        self.waiting.push_back(caller);
        Ok(())
    }

    /// Whether the open group must be committed before anybody else has a turn.
    pub(super) fn is_due(&self, limits: &Limits) -> bool {
        let full = self.members.len() >= limits.group_turns;
        let old = self.opened.is_some_and(|opened| is_past(opened, limits.group_age));
        !self.members.is_empty() && (full || old)
    }

    /// Notes that turn `id` has been given out, to a caller on `runtime`.
    pub(super) fn grant(
        &mut self,
        id: u64,
        now: Instant,
        runtime: Option<Handle>,
        works: Arc<AtomicBool>,
    ) {
        self.probe.begin(runtime, works);
        self.phase = Phase::Turn { id, begun: false, granted: now, doing: Doing::Silence(now) };
        if self.members.is_empty() {
            self.opened = Some(now);
        }
    }

    /// Notes that turn `id`, if it is still on, starts a statement.
    pub(super) fn start(&mut self, id: u64, now: Instant, limits: &Limits) -> Result<()> {
        match &mut self.phase {
            Phase::Turn { id: current, granted, doing, .. }
                if *current == id && now.duration_since(*granted) <= limits.turn =>
            {
                *doing = Doing::Statement(now);
                Ok(())
            }
            _ => Err(Error::Revoked),
        }
    }

    /// Notes that the statement of turn `id` is done.
    pub(super) fn fall_silent(&mut self, id: u64, now: Instant) -> Result<()> {
        match &mut self.phase {
            Phase::Turn { id: current, doing, .. } if *current == id => {
                *doing = Doing::Silence(now);
                self.probe.reset();
                Ok(())
            }
            _ => Err(Error::Revoked),
        }
    }

    /// Notes that turn `id` has its savepoint.
    pub(super) fn begun(&mut self, id: u64) -> Result<()> {
        match &mut self.phase {
            Phase::Turn { id: current, begun, .. } if *current == id => {
                *begun = true;
                Ok(())
            }
            _ => Err(Error::Revoked),
        }
    }

    /// Whether turn `id`, if it is still on, has a savepoint.
    pub(super) fn is_begun(&self, id: u64) -> Result<bool> {
        match self.phase {
            Phase::Turn { id: current, begun, .. } if current == id => Ok(begun),
            _ => Err(Error::Revoked),
        }
    }

    /// Tells every member that the transaction is gone.
    pub(super) fn fail_group(&mut self, cause: &Error) {
        for member in self.members.drain(..) {
            let _ = member.answer.send(Err(Error::GroupLost(Box::new(cause.clone()))));
        }
    }
}
