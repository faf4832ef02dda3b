//! Whether a turn is silent, or the machine does not let it speak.
//!
//! A turn is a future: it says nothing while it waits, and also while the process is stopped, the
//! machine is short of processors, or other tasks keep the runtime's threads. Only the first is its
//! fault. So the keeper sends the runtime of a silent turn a task that does nothing, again and
//! again, one at a time: where the runtime runs these, it would have run the turn.
//!
//! Source: ADR 19.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// Answers after which a silent turn is silent by itself. A turn that could go on stands in the
/// runtime's queue before the second of them. House policy: with the keeper's tick of a quarter
/// of the silence, as many as fit.
const ANSWERS_MIN: u32 = 3;

/// Questions to the runtime of one turn.
#[derive(Debug, Default)]
pub(super) struct Probe {
    /// None where the turn's caller is on no runtime: then time alone counts.
    runtime: Option<Handle>,
    asked: u32,
    answered: Arc<AtomicU32>,
    questions: TaskTracker,
}

impl Probe {
    /// A turn begins, on that runtime.
    pub(super) fn begin(&mut self, runtime: Option<Handle>) {
        self.runtime = runtime;
        self.reset();
    }

    /// The turn has spoken: silence begins anew.
    pub(super) fn reset(&mut self) {
        if self.asked > 0 {
            // What is still under way answers into the old count.
            (self.asked, self.answered) = (0, Arc::default());
        }
    }

    /// Asks once, unless the last question has no answer yet.
    pub(super) fn ask(&mut self) {
        let Some(runtime) = &self.runtime else { return };
        if self.answered.load(Ordering::Acquire) < self.asked {
            return;
        }
        self.asked = self.asked.saturating_add(1);
        let answered = Arc::clone(&self.answered);
        let answer = async move {
            answered.fetch_add(1, Ordering::AcqRel);
        };
        drop(self.questions.spawn_on(answer, runtime));
    }

    /// Whether the runtime has answered often enough to say that the turn could have spoken.
    pub(super) fn is_heard(&self) -> bool {
        self.runtime.is_none() || self.answered.load(Ordering::Acquire) >= ANSWERS_MIN
    }
}
