//! Faults between the steps of what spans two shards.
//!
//! What spans shards is a saga: claim by a unique key, do, confirm. [`each_fault`] runs one again
//! and again, ending it before its first step, before its second, and so on, until a run is
//! spared; after every fault the caller runs it once more, as a restart would, and checks.
//!
//! Sources: `core.md` 4.3; SQLite, *How SQLite Is Tested*, 3.2: the same loop over I/O errors.

use std::sync::atomic::{AtomicUsize, Ordering};

use ken_core::PersonId;
use ken_store::{Db, Error, Migration};

use crate::{Databases, engines};

/// Most steps of one run; beyond this a test does not end by itself.
const STEPS_MAX: usize = 1000;

/// Ends a run before one of its steps.
#[derive(Debug)]
pub struct Faults {
    /// The step that does not happen, from 1; 0 spares the run.
    at: usize,
    steps: AtomicUsize,
}

impl Faults {
    /// Spares every step.
    #[must_use]
    pub const fn none() -> Self {
        Self { at: 0, steps: AtomicUsize::new(0) }
    }

    /// Call it before each step, and after the last.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] at the step that does not happen: the run must end there.
    pub fn step(&self) -> Result<(), Error> {
        let step = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        if step == self.at { Err(Error::Broken) } else { Ok(()) }
    }

    /// Whether the fault has happened.
    #[must_use]
    pub fn happened(&self) -> bool {
        self.at != 0 && self.steps.load(Ordering::Relaxed) >= self.at
    }
}

/// Runs `run` with a fault at the first step, then at the second, until one is spared, and
/// counts the faults.
///
/// # Panics
///
/// When no run is spared: the steps do not end.
pub async fn each_fault(mut run: impl AsyncFnMut(&Faults)) -> usize {
    for at in 1..=STEPS_MAX {
        let faults = Faults { at, steps: AtomicUsize::new(0) };
        run(&faults).await;
        if !faults.happened() {
            return at - 1;
        }
    }
    unreachable!("a run has fewer than {STEPS_MAX} steps")
}

/// Two databases that stand for two shards: a person is on one of them, and no transaction
/// spans both.
#[derive(Debug)]
pub struct Shards {
    /// The engine of both.
    pub engine: &'static str,
    /// The two.
    pub both: [Databases; 2],
}

impl Shards {
    /// The shard of a person.
    #[must_use]
    pub fn of(&self, person: PersonId) -> &Db {
        let [even, odd] = &self.both;
        if person.uuid().as_u128() & 1 == 0 { &even.db } else { &odd.db }
    }
}

/// Two shards on every engine there is.
///
/// # Panics
///
/// When one cannot be made.
pub async fn shards(migrations: &[&[Migration]]) -> Vec<Shards> {
    let (even, odd) = (engines(migrations).await, engines(migrations).await);
    let pairs = even.into_iter().zip(odd);
    pairs.map(|(even, odd)| Shards { engine: even.engine, both: [even, odd] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_step_fails_once() {
        let mut runs = Vec::new();
        let faults = each_fault(async |faults| {
            let mut done = 0;
            while done < 3 && faults.step().is_ok() {
                done += 1;
            }
            runs.push(done);
        });
        assert_eq!(faults.await, 3);
        assert_eq!(runs, [0, 1, 2, 3]);
    }
}
