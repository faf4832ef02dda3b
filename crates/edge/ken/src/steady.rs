//! A clock that never runs back, over one that may.
//!
//! A machine's clock jumps back when it is set by hand, when a virtual machine is restored, or when
//! its battery dies. Ken's times order entries and end sessions, so that it must not follow.
//!
//! # Invariants
//!
//! - [`SteadyClock::now`] never gives an earlier time than it gave before, across restarts too as
//!   far as [`SteadyClock::remember`] was called.
//! - A start before the remembered time, by more than [`JUMP_MAX`], is refused: what is written
//!   would be dated before what is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use ken_core::{BoxFuture, Clock};

use crate::trouble::{NOTHING_DONE, Trouble};

/// How far back the machine's clock may be at a start. House policy: a minute of drift between
/// two set-backs by a time server is ordinary, more is a fault.
const JUMP_MAX: SignedDuration = SignedDuration::from_secs(60);
/// A step back that is worth a line in the log while running. House policy.
const STEP_LOGGED: SignedDuration = SignedDuration::from_secs(1);

/// The file that keeps the last time, in the data directory.
const FILE: &str = "clock";

/// A clock that never runs back.
#[derive(Debug)]
pub(crate) struct SteadyClock<C> {
    machine: C,
    /// The latest time given out, in microseconds since 1970.
    last_us: AtomicI64,
    file: PathBuf,
}

impl<C: Clock> SteadyClock<C> {
    /// Starts from the time that the data directory remembers.
    pub(crate) fn start(machine: C, dir: &Path) -> Result<Self, Trouble> {
        let file = dir.join(FILE);
        let remembered: Option<Timestamp> =
            fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        let now = machine.now();
        if let Some(remembered) = remembered.filter(|then| now.duration_since(*then) < -JUMP_MAX) {
            return Err(Trouble::new(
                "ken.clock-back",
                format!(
                    "The machine's clock says {now}, but Ken last ran at {remembered}: \
                     the clock has jumped back."
                ),
                NOTHING_DONE,
                format!(
                    "Set the clock right and start again. If the clock is right now and was wrong \
                     then, remove {} first.",
                    file.display()
                ),
            ));
        }
        let last = remembered.map_or(now, |then| then.max(now));
        Ok(Self { machine, last_us: AtomicI64::new(last.as_microsecond()), file })
    }

    /// Writes down the time, for the next start. A disk that refuses costs the check, no more.
    pub(crate) fn remember(&self) {
        let now = self.now();
        let fresh = self.file.with_extension("new");
        let kept = fs::write(&fresh, now.to_string()).and_then(|()| fs::rename(&fresh, &self.file));
        if kept.is_err() {
            tracing::warn!(error.code = "ken.clock-unkept", "the time could not be written down");
        }
    }
}

impl<C: Clock> Clock for SteadyClock<C> {
    fn now(&self) -> Timestamp {
        let machine_us = self.machine.now().as_microsecond();
        let before = self.last_us.fetch_max(machine_us, Ordering::AcqRel);
        let back = SignedDuration::from_micros(before.saturating_sub(machine_us));
        if back > STEP_LOGGED {
            metrics::counter!("ken_clock_back_total").increment(1);
        }
        Timestamp::from_microsecond(before.max(machine_us)).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        self.machine.sleep_until(at)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Debug, Clone)]
    struct Hands(Arc<AtomicI64>);

    impl Hands {
        fn at(us: i64) -> Self {
            Self(Arc::new(AtomicI64::new(us)))
        }

        fn set(&self, us: i64) {
            self.0.store(us, Ordering::Release);
        }
    }

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::from_microsecond(self.0.load(Ordering::Acquire)).unwrap()
        }

        fn sleep_until(&self, _: Timestamp) -> BoxFuture<'_, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    const NOON_US: i64 = 1_800_000_000_000_000;
    const MINUTE_US: i64 = 60_000_000;

    #[test]
    fn it_never_runs_back() {
        let dir = tempfile::tempdir().unwrap();
        let hands = Hands::at(NOON_US);
        let clock = SteadyClock::start(hands.clone(), dir.path()).unwrap();
        let check = |machine: i64, want: i64| {
            hands.set(machine);
            assert_eq!(clock.now().as_microsecond(), want, "machine at {machine}");
        };
        check(NOON_US + 5, NOON_US + 5);
        check(NOON_US - 90 * MINUTE_US, NOON_US + 5);
        check(NOON_US + 6, NOON_US + 6);
    }

    #[test]
    fn a_start_in_the_past_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        SteadyClock::start(Hands::at(NOON_US), dir.path()).unwrap().remember();
        let check = |at: i64, good: bool| {
            let started = SteadyClock::start(Hands::at(at), dir.path());
            assert_eq!(started.is_ok(), good, "{at}");
            if let Ok(clock) = started {
                assert!(clock.now().as_microsecond() >= NOON_US);
            }
        };
        check(NOON_US, true);
        check(NOON_US - MINUTE_US / 2, true);
        check(NOON_US - 2 * MINUTE_US, false);
        check(NOON_US + MINUTE_US, true);
    }
}
