//! Whether the ledger is being sealed: every decision asks, and the ledger is asked once a second.
//!
//! # Invariants
//!
//! - While an entry has waited for its leaf for longer than [`UNSEALED_MAX`], no decision is told
//!   otherwise. What was seen a moment ago still holds: whatever stood on the ledger then was no
//!   older than the oldest that was seen, and whatever came since was written within the time of a
//!   write, which is far less.
//! - That it is behind is never remembered: once it is sealed, disclosures go on at once.
//!
//! Source: `core.md` 3.2.

use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;
use ken_core::Ctx;
use ken_store::Snapshot;

use crate::Error;

/// Age of the oldest unsealed entry over which routine disclosures stop (`core.md` 3.2).
const UNSEALED_MAX: SignedDuration = SignedDuration::from_secs(60);
/// How long a look holds. House policy: a sixtieth of that age.
const LOOK_LASTS: SignedDuration = SignedDuration::from_secs(1);

/// What one process knows of the sealing.
#[derive(Default)]
pub(super) struct Sealing(Mutex<Option<Look>>);

/// A look at the ledger. Times are in µs since 1970 UTC.
#[derive(Debug, Clone, Copy)]
struct Look {
    at_us: i64,
    /// When the oldest entry without a leaf was written; the time of the look where there was none.
    oldest_us: i64,
}

impl Look {
    /// Whether nothing has waited for too long by it. A clock that was put back says nothing.
    fn holds(self, now_us: i64) -> bool {
        let is_fresh = (0..=us(LOOK_LASTS)).contains(&(now_us - self.at_us));
        is_fresh && now_us - self.oldest_us <= us(UNSEALED_MAX)
    }
}

impl Sealing {
    /// Whether an entry has waited for its leaf for too long.
    ///
    /// # Errors
    ///
    /// Whatever the ledger says.
    pub(super) async fn is_behind(&self, s: &Snapshot, ctx: &Ctx<'_>) -> Result<bool, Error> {
        let now_us = ctx.now_us();
        if self.look().is_some_and(|look| look.holds(now_us)) {
            return Ok(false);
        }
        let age = ken_ledger::oldest_unsealed_age(&mut s.beside(), ctx).await?;
        let look = Look { at_us: now_us, oldest_us: now_us.saturating_sub(us(age)) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
        Ok(!look.holds(now_us))
    }

    fn look(&self) -> Option<Look> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn us(lasts: SignedDuration) -> i64 {
    i64::try_from(lasts.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_holds_for_a_second_and_never_over_the_bound() {
        let (look, second) = (Look { at_us: 100, oldest_us: 100 }, 1_000_000);
        let check = |look: Look, now_us, want: bool| {
            assert_eq!(look.holds(now_us), want, "{look:?} at {now_us}");
        };
        check(look, 100, true);
        check(look, 100 + second, true);
        check(look, 101 + second, false);
        check(look, 99, false);
        let old = Look { at_us: 60 * second, oldest_us: second / 2 };
        check(old, 60 * second, true);
        check(old, 60 * second + second / 2, true);
        check(old, 60 * second + second / 2 + 1, false);
        check(Look { oldest_us: 0, ..old }, 60 * second + 1, false);
    }
}
