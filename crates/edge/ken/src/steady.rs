//! A clock that never runs back, over one that may.
//!
//! A machine's clock jumps back when it is set by hand, when a virtual machine is restored, or when
//! its battery dies. Ken's times order entries and end sessions, so that it must not follow; nor
//! may it stand still, because sealing, timers and sessions would stand still with it.
//!
//! # Invariants
//!
//! - [`SteadyClock::now`] never gives an earlier time than it gave before, across restarts too as
//!   far as [`SteadyClock::remember`] was called.
//! - While the machine's clock is behind, time goes on at half its pace, until the machine has
//!   caught up.
//! - A sleep takes as long as it was meant to, whatever the machine's clock does.
//! - A start before the remembered time, by more than [`JUMP_MAX`], is refused: what is written
//!   would be dated before what is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ken_core::{BoxFuture, Clock};
use ken_store::ambient::SystemClock;

use crate::trouble::{NOTHING_DONE, Trouble};

/// How far back the machine's clock may be at a start. House policy: a minute of drift between
/// two set-backs by a time server is ordinary, more is a fault.
const JUMP_MAX: SignedDuration = SignedDuration::from_secs(60);
/// A step back that is worth a line in the log while running. House policy.
const STEP_LOGGED: SignedDuration = SignedDuration::from_secs(1);

/// The file that keeps the last time, in the data directory.
const FILE: &str = "clock";

/// A machine: a clock that may be set, and a pulse that may not.
pub(crate) trait Machine: Clock {
    /// How long the process has run, in microseconds.
    fn pulse_us(&self) -> i64;
}

impl Machine for SystemClock {
    fn pulse_us(&self) -> i64 {
        Self::pulse_us(self)
    }
}

/// A clock that never runs back.
#[derive(Debug)]
pub(crate) struct SteadyClock<C> {
    machine: C,
    hand: Mutex<Hand>,
    file: PathBuf,
}

/// Where the clock stands, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Hand {
    /// The latest time given out, since 1970.
    last: i64,
    /// The pulse up to which it has been moved.
    pulse: i64,
    /// How far the machine is behind it.
    ahead: i64,
}

impl<C: Machine> SteadyClock<C> {
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
        let hand = Hand {
            last: last.as_microsecond(),
            pulse: machine.pulse_us(),
            ahead: last.duration_since(now).as_micros().try_into().unwrap_or(0),
        };
        Ok(Self { machine, hand: Mutex::new(hand), file })
    }

    /// How far the machine's clock is behind this one: it was set back.
    pub(crate) fn ahead(&self) -> SignedDuration {
        SignedDuration::from_micros(self.moved().ahead)
    }

    /// Moves the hand to where it should be now.
    fn moved(&self) -> Hand {
        let mut hand: MutexGuard<'_, Hand> =
            self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        let (machine_us, pulse_us) = (self.machine.now().as_microsecond(), self.machine.pulse_us());
        if machine_us >= hand.last {
            *hand = Hand { last: machine_us, pulse: pulse_us, ahead: 0 };
            return *hand;
        }
        let half = pulse_us.saturating_sub(hand.pulse).max(0) / 2;
        hand.last = hand.last.saturating_add(half);
        hand.pulse = hand.pulse.saturating_add(half.saturating_mul(2));
        let logged_us = STEP_LOGGED.as_micros().try_into().unwrap_or(i64::MAX);
        let ahead = hand.last.saturating_sub(machine_us);
        if ahead > logged_us && hand.ahead <= logged_us {
            metrics::counter!("ken_clock_back_total").increment(1);
            tracing::error!(
                error.code = "ken.clock-back",
                duration_us = ahead,
                "the machine's clock was set back; time goes at half its pace until it is caught up"
            );
        }
        hand.ahead = ahead;
        *hand
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

impl<C: Machine> Clock for SteadyClock<C> {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.moved().last).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        let hand = self.moved();
        let left_us = at.as_microsecond().saturating_sub(hand.last).max(0);
        let pace = if hand.ahead > 0 { 2 } else { 1 };
        let left = SignedDuration::from_micros(left_us.saturating_mul(pace));
        let wake = self.machine.now().saturating_add(left).unwrap_or(Timestamp::MAX);
        self.machine.sleep_until(wake)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use ken_core::IdSource as _;
    use ken_store::ambient::ClockIds;

    use super::*;

    /// A machine whose clock and pulse a test sets, and which notes how long it was to sleep.
    #[derive(Debug, Clone, Default)]
    struct Hands(Arc<[AtomicI64; 3]>);

    impl Hands {
        fn at(us: i64) -> Self {
            let hands = Self::default();
            hands.set(us);
            hands
        }

        fn set(&self, us: i64) {
            self.0[0].store(us, Ordering::Release);
        }

        /// Clock and pulse both go on.
        fn pass(&self, us: i64) {
            self.0[0].fetch_add(us, Ordering::AcqRel);
            self.0[1].fetch_add(us, Ordering::AcqRel);
        }

        fn slept_us(&self) -> i64 {
            self.0[2].load(Ordering::Acquire)
        }
    }

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::from_microsecond(self.0[0].load(Ordering::Acquire)).unwrap()
        }

        fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
            let left = at.duration_since(self.now()).as_micros().try_into().unwrap();
            self.0[2].store(left, Ordering::Release);
            Box::pin(std::future::ready(()))
        }
    }

    impl Machine for Hands {
        fn pulse_us(&self) -> i64 {
            self.0[1].load(Ordering::Acquire)
        }
    }

    const NOON_US: i64 = 1_800_000_000_000_000;
    const SECOND_US: i64 = 1_000_000;
    const MINUTE_US: i64 = 60 * SECOND_US;
    const HOUR_US: i64 = 60 * MINUTE_US;

    #[test]
    fn it_never_runs_back_and_never_stands_still() {
        let dir = tempfile::tempdir().unwrap();
        let hands = Hands::at(NOON_US);
        let clock = SteadyClock::start(hands.clone(), dir.path()).unwrap();
        let check = |want_us: i64, ahead: i64| {
            assert_eq!(clock.now().as_microsecond(), NOON_US + want_us);
            assert_eq!(clock.ahead(), SignedDuration::from_micros(ahead));
        };
        hands.pass(5);
        check(5, 0);
        hands.set(NOON_US - HOUR_US + 5);
        check(5, HOUR_US);
        hands.pass(20 * MINUTE_US);
        check(10 * MINUTE_US + 5, 50 * MINUTE_US);
        // One step at a time comes to the same.
        for _ in 0..10 * 60 {
            hands.pass(SECOND_US);
            clock.now();
        }
        check(15 * MINUTE_US + 5, 45 * MINUTE_US);
        hands.pass(90 * MINUTE_US);
        check(HOUR_US + 5, 0);
        hands.pass(7);
        check(HOUR_US + 12, 0);
    }

    #[test]
    fn a_sleep_is_as_long_as_it_was_meant() {
        let dir = tempfile::tempdir().unwrap();
        let hands = Hands::at(NOON_US);
        let clock = SteadyClock::start(hands.clone(), dir.path()).unwrap();
        let sleep = |for_us: i64| {
            let at = clock.now() + SignedDuration::from_micros(for_us);
            drop(clock.sleep_until(at));
            hands.slept_us()
        };
        assert_eq!(sleep(SECOND_US), SECOND_US);
        hands.set(NOON_US - HOUR_US);
        let slept_us = sleep(SECOND_US);
        assert_eq!(slept_us, 2 * SECOND_US, "half the pace, and not an hour");
        let before = clock.now();
        hands.pass(slept_us);
        assert_eq!(clock.now().duration_since(before), SignedDuration::from_secs(1));
    }

    /// Who looked, and when, is told newest first by the ids.
    #[test]
    fn ids_do_not_run_back_either() {
        let dir = tempfile::tempdir().unwrap();
        let hands = Hands::at(NOON_US);
        let clock = Arc::new(SteadyClock::start(hands.clone(), dir.path()).unwrap());
        let ids = ClockIds::new(clock.clone());
        let before = ids.ordered();
        hands.set(NOON_US - 90 * MINUTE_US);
        let after = ids.ordered();
        assert!(before < after, "the clock was put back while it ran");
        hands.set(NOON_US + 1_000);
        clock.remember();
        let again = SteadyClock::start(Hands::at(NOON_US - MINUTE_US / 2), dir.path()).unwrap();
        assert!(after < ClockIds::new(Arc::new(again)).ordered(), "and at a start");
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
