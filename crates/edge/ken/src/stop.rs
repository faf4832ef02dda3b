//! Stopping: which signals ask for it, and how the rest of the process hears of it.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::trouble::{NOTHING_DONE, Trouble};

/// The signals that ask Ken to stop: `SIGTERM` from a supervisor, `SIGINT` from a keyboard.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen; from here on neither signal ends the process by itself.
    pub(crate) fn listen() -> Result<Self, Trouble> {
        let hear = |kind| {
            signal(kind).map_err(|error| {
                Trouble::new(
                    "ken.signals",
                    "Ken cannot listen for the signals that stop it.",
                    NOTHING_DONE,
                    "Check the limits of this account.",
                )
                .because(error)
            })
        };
        let (terminate, interrupt) =
            (hear(SignalKind::terminate())?, hear(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt })
    }

    /// Waits for one of them, and says so to everybody who holds `stop`.
    pub(crate) async fn wait(&mut self, stop: &CancellationToken) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = stop.cancelled() => {}
        }
        stop.cancel();
    }
}
