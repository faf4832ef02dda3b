//! The runner: one loop that leases what is due and hands it to the handler of its kind.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use ken_core::{BoxFuture, Clock, Ctx, IdSource};
use tokio_util::sync::CancellationToken;

use super::{ALARM_AFTER, CLAIM_MAX, Kind, Lease, claim, next};
use crate::{Db, Error, Result, outbox};

/// How long a worker holds what it leased. House policy: well over the longest write.
const LIFE: SignedDuration = SignedDuration::from_mins(2);
/// Longest sleep: a timer that another node sets is seen within this.
const POLL_MAX: SignedDuration = SignedDuration::from_secs(1);

/// Why a handler could not do its work now. The timer is tried again after a pause that doubles
/// each time; a handler that gives up says so by ending its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// A stable code, such as `hub.unreachable`; it is kept with the timer.
    pub code: &'static str,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { code: error.code() }
    }
}

/// What is done when a timer of one kind is due. Registered in `ken`.
pub trait Handler: Send + Sync {
    /// The kind.
    fn kind(&self) -> Kind;

    /// Does the work, and calls [`Lease::done`] in the write that holds the effect.
    fn fire<'a>(
        &'a self,
        db: &'a Db,
        ctx: Ctx<'a>,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

/// The handlers, and the loop that serves them.
#[derive(Clone, Default)]
pub struct Runner {
    handlers: Vec<Arc<dyn Handler>>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.handlers.iter().map(|handler| handler.kind())).finish()
    }
}

impl Runner {
    /// The same with one handler more.
    #[must_use]
    pub fn with(mut self, handler: Arc<dyn Handler>) -> Self {
        self.handlers.push(handler);
        self
    }

    /// Does what is due now, once, and counts what was handed out.
    ///
    /// # Errors
    ///
    /// Those of the store; what a handler fails with is kept with its timer.
    pub async fn run_once(&self, db: &Db, ctx: Ctx<'_>) -> Result<usize> {
        let mut fired = 0;
        for handler in &self.handlers {
            for lease in claim(db, &ctx, handler.kind(), CLAIM_MAX, LIFE).await? {
                fire(&**handler, db, ctx, &lease).await?;
                fired += 1;
            }
        }
        Ok(fired)
    }

    /// Does what is due whenever it is due, until `stop`; what was begun then is finished.
    pub async fn run(
        &self,
        db: &Db,
        clock: &dyn Clock,
        ids: &dyn IdSource,
        stop: &CancellationToken,
    ) {
        while !stop.is_cancelled() {
            let ctx = Ctx::new(clock, ids);
            let fired = self.run_once(db, ctx).await.inspect_err(|error| {
                tracing::warn!(error.code = error.code(), "timers could not be served");
            });
            if fired.is_ok_and(|fired| fired > 0) {
                continue; // More may be due than one claim takes.
            }
            let wake = self.wake_at(db, clock.now()).await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = clock.sleep_until(wake) => {}
            }
        }
    }

    /// When to look again.
    async fn wake_at(&self, db: &Db, now: Timestamp) -> Timestamp {
        let latest = now + POLL_MAX;
        let kinds = self.handlers.iter().map(|handler| handler.kind());
        let first = db.snapshot("timer-next", async |s| {
            let mut first = latest;
            for kind in kinds {
                first = first.min(next(s, kind).await?.unwrap_or(latest));
            }
            Ok::<_, Error>(first)
        });
        first.await.map_or(latest, |first| if first <= now { latest } else { first })
    }
}

/// Hands one timer to its handler; a failure is kept with it.
async fn fire(handler: &dyn Handler, db: &Db, ctx: Ctx<'_>, lease: &Lease) -> Result<()> {
    let kind = lease.kind;
    let outcome = match handler.fire(db, ctx, lease).await {
        Ok(()) => "ok",
        Err(failure) => {
            if lease.attempts == ALARM_AFTER {
                tracing::error!(error.code = failure.code, "a timer has failed again and again");
            }
            let at = ctx.clock.now() + outbox::pause(lease.attempts);
            let again = db.write("timer-again", async |tx| lease.again(tx, at, failure.code).await);
            match again.await {
                // Another holds it, or the handler ended it itself.
                Ok(()) | Err(Error::Fenced) => {}
                Err(error) => return Err(error),
            }
            failure.code
        }
    };
    metrics::counter!("ken_timer_total", "kind" => kind, "outcome" => outcome).increment(1);
    Ok(())
}
