//! The machine's clock and entropy: the only place that reads them.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use ken_core::{BoxFuture, Clock, IdSource};
use uuid::{ContextV7, Uuid};

use crate::telemetry::instant;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SystemClock {
    /// How long this process has run, by a clock that nobody can set; in microseconds.
    #[must_use]
    pub fn pulse_us(&self) -> i64 {
        static BEGAN: OnceLock<Instant> = OnceLock::new();
        let now = instant();
        let passed = now.duration_since(*BEGAN.get_or_init(|| now));
        i64::try_from(passed.as_micros()).unwrap_or(i64::MAX)
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one clock the others stand for")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one clock the others stand for")]
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        let left = at.duration_since(self.now());
        let left = std::time::Duration::try_from(left).unwrap_or_default();
        Box::pin(tokio::time::sleep(left))
    }
}

/// The operating system's entropy, and ids drawn from it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "this is the one source the others stand for")]
    fn ordered(&self) -> Uuid {
        Uuid::now_v7()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one source the others stand for")]
    fn random(&self) -> Uuid {
        Uuid::new_v4()
    }

    /// Ends the process when the operating system has no entropy: keys made of anything else
    /// would disclose everything sealed under them.
    #[expect(clippy::disallowed_methods, reason = "this is the one source the others stand for")]
    fn entropy(&self, bytes: &mut [u8]) {
        assert!(getrandom::fill(bytes).is_ok(), "the operating system has no entropy");
    }
}

/// Ids in the order of a clock, however the machine's own is set: what is newest of a person's
/// ledger is told by the ids of its entries.
#[derive(Debug)]
pub struct ClockIds {
    clock: Arc<dyn Clock>,
    /// Counts within a millisecond.
    context: Mutex<ContextV7>,
}

impl ClockIds {
    /// Ids by a clock; two of one clock are not in order between them within a millisecond.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, context: Mutex::new(ContextV7::new()) }
    }
}

impl IdSource for ClockIds {
    fn ordered(&self) -> Uuid {
        let now = self.clock.now();
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(uuid::Timestamp::from_unix(&*context, seconds, nanos))
    }

    fn random(&self) -> Uuid {
        SystemIds.random()
    }

    fn entropy(&self, bytes: &mut [u8]) {
        SystemIds.entropy(bytes);
    }
}
