//! Patience: a database that is away for a moment is waited for, and the sender is told nothing
//! meanwhile.
//!
//! # Invariants
//!
//! - What was not kept is never answered, so its sender has it still, in its place in the queue.
//! - The wait, and the number of messages that wait, have a maximum; a stop ends every wait.
//! - A message that loses its turn however often its sender sends it would keep back all that its
//!   sender has behind it: after so many waits it is put before a person, and answered so. What
//!   comes about the same person then is applied, and the other not over it.
//!
//! Source: `core.md` section 5 (`AE` means kept as evidence); house policy for the figures.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::{Answer, Hub};

/// How long a message waits for the database; what was begun then is finished. House policy: a
/// failover of PostgreSQL takes less, and senders commonly wait thirty seconds for an answer.
pub const WAIT_MAX: SignedDuration = SignedDuration::from_secs(25);
/// Most messages that wait at a time; each may be of 16 MiB. House policy: a partnership has tens
/// of senders, each with one.
pub const WAITING_MAX: usize = 64;
/// How many waits a message has that the database could take and does not. House policy: some
/// minutes, longer than anything holds a person's record.
pub const ROUNDS_MAX: u32 = 8;
/// Most messages of which the waits are counted; a sender has one at a time.
const COUNTED_MAX: usize = 1_000;
/// First pause before a message is taken again; it doubles with each, to [`PAUSE_MAX`].
const PAUSE_FIRST: SignedDuration = SignedDuration::from_millis(500);
/// Longest pause.
const PAUSE_MAX: SignedDuration = SignedDuration::from_secs(4);

/// How often each message lost its turn, by the digest of its bytes.
#[derive(Debug, Default)]
pub(crate) struct Rounds(Mutex<BTreeMap<[u8; 32], u32>>);

impl Rounds {
    fn all(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more, and says how many there were.
    fn count(&self, bytes: &[u8]) -> u32 {
        let mut all = self.all();
        // Senders that never came back: those that do are counted anew.
        if all.len() >= COUNTED_MAX {
            all.clear();
        }
        let rounds = all.entry(Sha256::digest(bytes).into()).or_default();
        *rounds += 1;
        *rounds
    }

    /// Forgets a message that is kept.
    fn forget(&self, bytes: &[u8]) {
        let mut all = self.all();
        if !all.is_empty() {
            all.remove(&<[u8; 32]>::from(Sha256::digest(bytes)));
        }
    }
}

impl Hub {
    /// Takes a message as [`Hub::accept`] does; where it can be neither applied nor kept, waits and
    /// takes it again, for [`WAIT_MAX`] in all.
    ///
    /// One that has lost its turn in [`ROUNDS_MAX`] such waits, while the database was there, is
    /// kept for a person, and answered so.
    ///
    /// `None` where it is not kept in the end, `stop` came first, or too many wait: nothing may be
    /// answered, and the connection closed: its sender keeps it and sends it again.
    pub async fn accept_patiently(&self, bytes: &[u8], stop: &CancellationToken) -> Option<Answer> {
        let mut answer = self.accept(bytes).await;
        if answer.is_kept() {
            self.rounds.forget(bytes);
            return Some(answer);
        }
        let Ok(_place) = self.places.try_acquire() else { return None };
        let clock = self.clock();
        let until = clock.now() + WAIT_MAX;
        let mut pause = PAUSE_FIRST;
        while clock.now() < until {
            let wake = (clock.now() + pause).min(until);
            tokio::select! {
                () = stop.cancelled() => return None,
                () = clock.sleep_until(wake) => {}
            }
            answer = self.accept(bytes).await;
            if answer.is_kept() {
                self.rounds.forget(bytes);
                return Some(answer);
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
        if !answer.lost_its_turn() || self.rounds.count(bytes) < ROUNDS_MAX {
            return None;
        }
        let aside = Some(self.set_aside(bytes).await).filter(Answer::is_kept)?;
        self.rounds.forget(bytes);
        Some(aside)
    }
}
