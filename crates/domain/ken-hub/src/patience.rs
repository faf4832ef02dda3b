//! Patience: a database that is away for a moment is waited for, and the sender is told nothing
//! meanwhile.
//!
//! # Invariants
//!
//! - What was not kept is never answered, so its sender has it still, in its place in the queue.
//! - The wait, and the number of messages that wait, have a maximum; a stop ends every wait.
//!
//! Source: `core.md` section 5 (`AE` means kept as evidence); house policy for the figures.

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::{Answer, Hub};

/// How long a message waits for the database; what was begun then is finished. House policy: a
/// failover of PostgreSQL takes less, and senders commonly wait thirty seconds for an answer.
pub const WAIT_MAX: SignedDuration = SignedDuration::from_secs(25);
/// Most messages that wait at a time; each may be of 16 MiB. House policy: a partnership has tens
/// of senders, each with one.
pub const WAITING_MAX: usize = 64;
/// First pause before a message is taken again; it doubles with each, to [`PAUSE_MAX`].
const PAUSE_FIRST: SignedDuration = SignedDuration::from_millis(500);
/// Longest pause.
const PAUSE_MAX: SignedDuration = SignedDuration::from_secs(4);

impl Hub {
    /// Takes a message as [`Hub::accept`] does; where it can be neither applied nor kept, waits and
    /// takes it again, for [`WAIT_MAX`] in all.
    ///
    /// `None` where it is not kept in the end, `stop` came first, or too many wait: nothing may be
    /// answered, and the connection closed: its sender keeps it and sends it again.
    pub async fn accept_patiently(&self, bytes: &[u8], stop: &CancellationToken) -> Option<Answer> {
        let answer = self.accept(bytes).await;
        if answer.is_kept() {
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
            let answer = self.accept(bytes).await;
            if answer.is_kept() {
                return Some(answer);
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
        None
    }
}
