//! What was measured: how many, in which time, and how long the slow ones took.

use std::fmt;
use std::time::Duration;

/// The time that each of many took, and the time they took together.
#[derive(Debug, Default, Clone)]
pub(super) struct Samples {
    each: Vec<Duration>,
    all: Duration,
}

impl Samples {
    pub(super) fn push(&mut self, one: Duration) {
        self.each.push(one);
    }

    pub(super) fn took(&mut self, all: Duration) {
        self.all = all;
        self.each.sort_unstable();
    }

    pub(super) fn len(&self) -> usize {
        self.each.len()
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate is printed to three digits")]
    pub(super) fn per_second(&self) -> f64 {
        let seconds = self.all.as_secs_f64();
        if seconds > 0.0 { self.each.len() as f64 / seconds } else { 0.0 }
    }

    /// The time within which this share of them was done, in per mille; zero where there is none.
    pub(super) fn within(&self, per_mille: usize) -> Duration {
        let last = self.each.len().saturating_sub(1);
        self.each.get(last * per_mille.min(1000) / 1000).copied().unwrap_or_default()
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |per_mille| self.within(per_mille).as_secs_f64() * 1000.0;
        let (count, rate) = (self.len(), self.per_second());
        write!(f, "{rate:.0}/s ({count}), ")?;
        write!(f, "p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms", ms(500), ms(990), ms(1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_rates_are_those_of_the_sorted_times() {
        let mut samples = Samples::default();
        for ms in (1..=101).rev() {
            samples.push(Duration::from_millis(ms));
        }
        samples.took(Duration::from_secs(2));
        assert_eq!(samples.within(500), Duration::from_millis(51));
        assert_eq!(samples.within(990), Duration::from_millis(100));
        assert_eq!(samples.within(1000), Duration::from_millis(101));
        assert!((samples.per_second() - 50.5).abs() < 1e-9);
        assert!(samples.to_string().starts_with("50/s (101), p50 51.00 ms"), "{samples}");
    }

    #[test]
    fn nothing_measured_is_no_rate() {
        let samples = Samples::default();
        assert!(samples.per_second().abs() < f64::EPSILON);
        assert_eq!(samples.within(990), Duration::ZERO);
    }
}
