//! What an operator's machines are told: whether this process could do its work, and its counts.

use std::sync::Arc;

use jiff::SignedDuration;
use ken_core::{BoxFuture, Ctx, IdSource};
use ken_store::Db;
use ken_store::ambient::SystemClock;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::steady::SteadyClock;

/// Age of the oldest unsealed entry over which this process does not count as ready: routine
/// disclosures stop then (`core.md` 3.2).
const UNSEALED_MAX: SignedDuration = SignedDuration::from_secs(60);

/// How far the machine's clock may be behind before this process does not count as ready. House
/// policy: a one-time code is good for less.
const AHEAD_MAX: SignedDuration = SignedDuration::from_secs(60);

/// What health and metrics are read from.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    pub(crate) db: Db,
    pub(crate) keys_db: Db,
    pub(crate) clock: Arc<SteadyClock<SystemClock>>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) metrics: PrometheusHandle,
}

impl ken_http::Probe for Probe {
    fn trouble(&self) -> BoxFuture<'_, Option<&'static str>> {
        Box::pin(async {
            if !self.db.has_room() || !self.keys_db.has_room() {
                return Some("store.disk-full");
            }
            // Ages and codes are worked out by a time that the world does not have.
            if self.clock.ahead() > AHEAD_MAX {
                return Some("ken.clock-back");
            }
            let ctx = Ctx::new(&*self.clock, &*self.ids);
            let age = self
                .db
                .snapshot("ken.ready", async |s| ken_ledger::oldest_unsealed_age(s, &ctx).await);
            match age.await {
                Ok(age) if age > UNSEALED_MAX => Some("ken.unsealed"),
                Ok(_) => None,
                Err(error) => Some(error.code()),
            }
        })
    }

    fn metrics(&self) -> String {
        self.metrics.render()
    }
}
