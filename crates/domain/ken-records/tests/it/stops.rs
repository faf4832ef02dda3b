//! Stopping one side of a race at a chosen place, without any clock on the wall.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use ken_core::{BoxFuture, Clock, IdSource};
use ken_testkit::{SeededIds, TestClock};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::world::World;

/// After this a stopped side goes on by itself: the test itself is broken.
const STUCK: Duration = Duration::from_mins(2);

/// Clock and ids of one side, which stops at the `stop`th thing that it asks for.
#[derive(Debug)]
pub(crate) struct Stops {
    clock: Arc<TestClock>,
    ids: Arc<SeededIds>,
    pub(crate) stop: usize,
    asked: AtomicUsize,
    /// Where the first id was drawn: from there on a write is open.
    writes_from: AtomicUsize,
    stopped: mpsc::UnboundedSender<()>,
    go: (Mutex<bool>, Condvar),
}

impl Stops {
    pub(crate) fn new(world: &Arc<World>, stop: usize) -> (Arc<Self>, mpsc::UnboundedReceiver<()>) {
        let (stopped, told) = mpsc::unbounded_channel();
        let (asked, writes_from) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
        let (clock, ids) = (Arc::clone(&world.clock), Arc::clone(&world.ids));
        let go = (Mutex::new(false), Condvar::new());
        (Arc::new(Self { clock, ids, stop, asked, writes_from, stopped, go }), told)
    }

    fn ask(&self, is_id: bool) {
        let now = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        if is_id {
            self.writes_from.fetch_min(now, Ordering::SeqCst);
        }
        if now == self.stop {
            let _ = self.stopped.send(());
            tokio::task::block_in_place(|| {
                let gone = self.go.0.lock().unwrap();
                let wait = self.go.1.wait_timeout_while(gone, STUCK, |go| !*go).unwrap();
                assert!(!wait.1.timed_out(), "nobody let the stopped side go on");
            });
        }
    }

    pub(crate) fn go_on(&self) {
        *self.go.0.lock().unwrap() = true;
        self.go.1.notify_all();
    }

    pub(crate) fn is_writing(&self) -> bool {
        self.writes_from.load(Ordering::SeqCst) != usize::MAX
    }
}

impl Clock for Stops {
    fn now(&self) -> Timestamp {
        self.ask(false);
        self.clock.now()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        self.clock.sleep_until(at)
    }
}

impl IdSource for Stops {
    fn ordered(&self) -> Uuid {
        self.ask(true);
        self.ids.ordered()
    }

    fn random(&self) -> Uuid {
        self.ask(true);
        self.ids.random()
    }

    fn entropy(&self, bytes: &mut [u8]) {
        self.ids.entropy(bytes);
    }
}
