//! The places of connections: so many, and the silent give way to those who come.
//!
//! # Invariants
//!
//! - No connection is closed between the first byte of a message and its answer.
//! - One that is closed for another loses nothing: what it sends from then on is never answered,
//!   so its sender sends it again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long a place may take to become free before one more of the silent is closed.
const CLOSING_WAIT: Duration = Duration::from_millis(100);

/// The places of one listener; a clone is the same.
#[derive(Debug, Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    silent: Arc<Mutex<Silent>>,
}

/// Those who wait for a message, the longest silent first.
#[derive(Debug, Default)]
struct Silent {
    next: u64,
    by_turn: BTreeMap<u64, CancellationToken>,
}

impl Places {
    pub(super) fn new(connections: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(connections)), silent: Arc::default() }
    }

    /// A place for one connection more; `None` when the listener stops. Where none is free, who is
    /// silent longest gives up theirs.
    pub(super) async fn take(&self, stop: &CancellationToken) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
                return Some(place);
            }
            if self.close_longest() {
                tracing::warn!("every place is taken: the connection silent longest is closed");
            }
            let place = timeout(CLOSING_WAIT, Arc::clone(&self.free).acquire_owned());
            tokio::select! {
                () = stop.cancelled() => return None,
                place = place => if let Ok(place) = place { return place.ok() },
            }
        }
    }

    /// Marks a connection as silent, until what is returned is dropped.
    pub(super) fn silent(&self) -> Wait<'_> {
        let mut silent = self.lock();
        let (turn, closed) = (silent.next, CancellationToken::new());
        silent.next += 1;
        silent.by_turn.insert(turn, closed.clone());
        Wait { places: self, turn, closed }
    }

    fn close_longest(&self) -> bool {
        let longest = self.lock().by_turn.pop_first();
        longest.map(|(_, closed)| closed.cancel()).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Silent> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that waits for a message.
#[derive(Debug)]
pub(super) struct Wait<'a> {
    places: &'a Places,
    turn: u64,
    closed: CancellationToken,
}

impl Wait<'_> {
    /// Ends when the connection has to give up its place.
    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.places.lock().by_turn.remove(&self.turn);
    }
}
