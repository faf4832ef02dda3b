//! Whether a source that failed is asked again: pure.

use std::time::Duration;

use jiff::Timestamp;

/// Failures in a row after which a source is left alone. House policy: one may be a lost packet.
pub(super) const FAILURES_MAX: u32 = 3;
/// For how long. House policy: shorter than anybody waits before they ring instead.
pub(super) const REST: Duration = Duration::from_secs(30);

/// How a source has answered of late.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Circuit {
    failures: u32,
    /// Until when it is left alone.
    until: Option<Timestamp>,
}

impl Circuit {
    /// Whether it is asked now. After its rest one asker tries, while the others still do not.
    pub(super) fn may_ask(&mut self, now: Timestamp) -> bool {
        match self.until {
            Some(until) if now < until => false,
            Some(_) => {
                self.until = Some(later(now));
                true
            }
            None => true,
        }
    }

    /// How it answered.
    pub(super) fn note(&mut self, has_answered: bool, now: Timestamp) {
        if has_answered {
            *self = Self::default();
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES_MAX {
            self.until = Some(later(now));
        }
    }
}

fn later(now: Timestamp) -> Timestamp {
    now.checked_add(REST).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_fails_is_left_alone_and_tried_by_one() {
        let now = Timestamp::UNIX_EPOCH;
        let mut circuit = Circuit::default();
        for _ in 1..FAILURES_MAX {
            circuit.note(false, now);
            assert!(circuit.may_ask(now), "a few failures stop nobody");
        }
        circuit.note(true, now);
        for _ in 0..FAILURES_MAX {
            assert!(circuit.may_ask(now), "an answer makes them forgotten");
            circuit.note(false, now);
        }
        assert!(!circuit.may_ask(now));
        let rested = now + REST;
        assert!(circuit.may_ask(rested), "one tries");
        assert!(!circuit.may_ask(rested), "and the others wait for it");
        circuit.note(false, rested);
        assert!(!circuit.may_ask(rested + REST / 2));
        assert!(circuit.may_ask(rested + REST));
        circuit.note(true, rested + REST);
        assert!(circuit.may_ask(rested + REST) && circuit == Circuit::default());
    }
}
