//! Whether a turn is silent, or the machine does not let it speak.
//!
//! A turn is a future: it says nothing while it waits, and also while the process is stopped, the
//! machine is short of processors, or other tasks keep the runtime's threads. Only the first is its
//! fault. So the keeper sends the runtime of a silent turn a task that does nothing, again and
//! again, one at a time: where the runtime runs these, it would have run the turn. And a turn whose
//! closure is being run computes; it does not wait.
//!
//! Source: ADR 19, ADR 26.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

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
    /// The turn's closure is being run.
    works: Arc<AtomicBool>,
    asked: u32,
    answered: Arc<AtomicU32>,
    questions: TaskTracker,
}

impl Probe {
    /// A turn begins, on that runtime; `works` says whether its closure is being run.
    pub(super) fn begin(&mut self, runtime: Option<Handle>, works: Arc<AtomicBool>) {
        (self.runtime, self.works) = (runtime, works);
        self.reset();
    }

    /// The turn has spoken: silence begins anew.
    pub(super) fn reset(&mut self) {
        if self.asked > 0 {
            // What is still under way answers into the old count.
            (self.asked, self.answered) = (0, Arc::default());
        }
    }

    /// Asks once, unless the turn works or the last question has no answer yet.
    pub(super) fn ask(&mut self) {
        let Some(runtime) = &self.runtime else { return };
        if self.works() || self.answered.load(Ordering::Acquire) < self.asked {
            return;
        }
        self.asked = self.asked.saturating_add(1);
        let answered = Arc::clone(&self.answered);
        let answer = async move {
            answered.fetch_add(1, Ordering::AcqRel);
        };
        drop(self.questions.spawn_on(answer, runtime));
    }

    /// Whether the turn could have spoken: it waits, and the runtime has answered often enough.
    pub(super) fn is_heard(&self) -> bool {
        let answered = || self.answered.load(Ordering::Acquire) >= ANSWERS_MIN;
        !self.works() && (self.runtime.is_none() || answered())
    }

    fn works(&self) -> bool {
        self.works.load(Ordering::Acquire)
    }
}
