//! A clock that stands still until a test moves it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ken_core::{BoxFuture, Clock};
use tokio::sync::watch;

/// A clock that is set by hand; those who sleep wake when it passes their time.
#[derive(Debug)]
pub struct TestClock {
    now: watch::Sender<Timestamp>,
    /// When each of those who sleep wants to wake.
    sleepers: Mutex<Vec<Timestamp>>,
}

impl Default for TestClock {
    /// Starts at noon in Glen on 21 November 2026.
    fn default() -> Self {
        Self::at("2026-11-21T12:00:00Z")
    }
}

impl TestClock {
    /// Starts at an instant, as RFC 3339 writes it.
    ///
    /// # Panics
    ///
    /// When `text` is not an instant.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test has nobody to answer")]
    pub fn at(text: &str) -> Self {
        let now = text.parse().expect("an instant, as RFC 3339 writes it");
        Self { now: watch::Sender::new(now), sleepers: Mutex::default() }
    }

    /// Sets the clock; it may go back, as clocks do.
    pub fn set(&self, now: Timestamp) {
        self.now.send_replace(now);
    }

    /// Moves the clock on.
    ///
    /// # Panics
    ///
    /// Beyond the year 9999.
    pub fn advance(&self, by: SignedDuration) {
        self.now.send_modify(|now| *now += by);
    }

    /// Moves the clock to the first of those who sleep, if somebody does.
    pub fn advance_to_next(&self) -> Option<Timestamp> {
        let next = lock(&self.sleepers).iter().min().copied()?;
        self.now.send_modify(|now| *now = (*now).max(next));
        Some(next)
    }

    /// How many sleep now.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        lock(&self.sleepers).len()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut now = self.now.subscribe();
            let _asleep = Asleep::new(&self.sleepers, at);
            // The sender lives as long as `self`.
            let _ = now.wait_for(|now| *now >= at).await;
        })
    }
}

/// One who sleeps, counted until it wakes or is dropped.
struct Asleep<'a> {
    sleepers: &'a Mutex<Vec<Timestamp>>,
    until: Timestamp,
}

impl<'a> Asleep<'a> {
    fn new(sleepers: &'a Mutex<Vec<Timestamp>>, until: Timestamp) -> Self {
        lock(sleepers).push(until);
        Self { sleepers, until }
    }
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        let mut sleepers = lock(self.sleepers);
        if let Some(at) = sleepers.iter().position(|until| *until == self.until) {
            sleepers.swap_remove(at);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn sleepers_wake_in_the_clocks_time() {
        let clock = Arc::new(TestClock::default());
        let start = clock.now();
        let sleeping = Arc::clone(&clock);
        let sleeper = tokio::task::JoinSet::new();
        let mut sleeper = sleeper;
        sleeper.spawn(async move {
            sleeping.sleep_until(start + SignedDuration::from_secs(60)).await;
            sleeping.now()
        });
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(SignedDuration::from_secs(59));
        tokio::task::yield_now().await;
        assert_eq!(clock.sleepers(), 1);
        let next = clock.advance_to_next();
        assert_eq!(next, Some(start + SignedDuration::from_secs(60)));
        assert_eq!(sleeper.join_next().await.unwrap().unwrap(), next.unwrap());
        assert_eq!(clock.sleepers(), 0);
        clock.sleep_until(start).await;
    }
}
