//! The work that no request asks for: sealing, remembering the time, sweeping, reporting, counting.
//!
//! # Invariants
//!
//! - Each is a tracked task that ends when it is told to stop; none is detached.
//! - A failure is counted and tried again at the next turn; it never ends the task.

use std::sync::Arc;

use jiff::SignedDuration;
use ken_core::{Clock, Ctx, IdSource};
use ken_ledger::{Sealer, Turn};
use ken_person::{Follower, Index};
use ken_store::keys::KeyRing;
use ken_store::node::{Node, REPORT_EVERY};
use ken_store::outbox::Sweep;
use ken_store::timer::Runner;
use ken_store::{Db, Tx};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use crate::steady::SteadyClock;

/// How often the sealer looks for entries without a leaf. Source: `core.md` 3.2 lets an entry wait
/// sixty seconds at most.
const SEAL_EVERY: SignedDuration = SignedDuration::from_secs(1);
/// How often the time is written down. House policy: what a start may not be before.
const REMEMBER_EVERY: SignedDuration = SignedDuration::from_secs(15);
/// How often ended sessions are swept, and what erasures left. House policy: sessions are refused
/// long before, and no snapshot is open for longer.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// How often histograms are drained; the exporter asks for it.
const DRAIN_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// How often the index looks for what other nodes wrote. House policy: they wait for it no more
/// than for a leaf.
const FOLLOW_EVERY: SignedDuration = SignedDuration::from_secs(1);
/// How long it waits once this node wrote: what comes in that time is read together.
const FOLLOW_SOON: SignedDuration = SignedDuration::from_millis(100);
/// How often that is doubled at most after failures: some eight minutes, since filling the index
/// reads everybody.
const PAUSES_MAX: u32 = 9;
/// Most turns of the sealer in a row while more is waiting, before it looks whether to stop.
const TURNS_MAX: u32 = 10_000;

/// What the background works with.
#[derive(Debug, Clone)]
pub(crate) struct Background {
    pub(crate) db: Db,
    pub(crate) clock: Arc<SteadyClock<ken_store::ambient::SystemClock>>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) stop: CancellationToken,
}

impl Background {
    fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&*self.clock, &*self.ids)
    }

    /// Waits for the next turn; false when it is time to stop.
    async fn rest(&self, every: SignedDuration) -> bool {
        let at = self.clock.now().saturating_add(every).unwrap_or(jiff::Timestamp::MAX);
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = self.clock.sleep_until(at) => true,
        }
    }

    /// Seals until told to stop, then whatever is left.
    pub(crate) async fn seal(self, mut sealer: Sealer) {
        while self.rest(SEAL_EVERY).await {
            self.seal_waiting(&mut sealer).await;
        }
        self.seal_waiting(&mut sealer).await;
        if let Err(error) = sealer.close(&self.db).await {
            tracing::warn!(error.code = error.code(), "the sealer's lease was not given up");
        }
    }

    async fn seal_waiting(&self, sealer: &mut Sealer) {
        for _ in 0..TURNS_MAX {
            match sealer.run_once(&self.db, &self.ctx()).await {
                Ok(Turn::Sealed { size, is_more, .. }) => {
                    let size = u32::try_from(size).unwrap_or(u32::MAX);
                    metrics::gauge!("ken_ledger_leaves").set(f64::from(size));
                    if !is_more {
                        return;
                    }
                }
                Ok(Turn::Standby) => return,
                Err(error) => {
                    metrics::counter!("ken_seal_failures_total").increment(1);
                    tracing::error!(error.code = error.code(), "the ledger could not be sealed");
                    return;
                }
            }
        }
    }

    /// Writes down the time now and then.
    pub(crate) async fn remember(self) {
        loop {
            self.clock.remember();
            if !self.rest(REMEMBER_EVERY).await {
                return;
            }
        }
    }

    /// Removes sessions that have ended, shifts that ended long ago, entries that nobody checks,
    /// drafts that have run out, and what erased keys have left on the disk.
    pub(crate) async fn sweep(self, keys: KeyRing) {
        while self.rest(SWEEP_EVERY).await {
            let ctx = self.ctx();
            let swept = self.db.write("directory.sweep", async |tx| {
                ken_directory::session::sweep(tx, &ctx).await?;
                ken_directory::roster::sweep(tx, &ctx).await?;
                ken_directory::service::sweep(tx, &ctx).await?;
                ken_directory::stock::sweep(tx, &ctx).await
            });
            if let Err(error) = swept.await {
                tracing::warn!(error.code = error.code(), "the directory was not swept");
            }
            let drafts = async |tx: &mut Tx| ken_care::draft::sweep(tx, &ctx).await;
            if let Err(error) = self.db.write("care.sweep", drafts).await {
                tracing::warn!(error.code = error.code(), "drafts were not swept");
            }
            if let Err(error) = keys.sweep() {
                tracing::warn!(error.code = error.code(), "erased keys were not swept");
            }
        }
    }

    /// Measures how long uncertain identities wait for a human, again and again, and keeps the
    /// pairs of known truth among them.
    pub(crate) async fn measure_queue(self) {
        while self.rest(REPORT_EVERY).await {
            if let Err(error) = ken_person::queue::tend(&self.db, &self.ctx()).await {
                tracing::warn!(error.code = error.code(), "known pairs were not looked at");
            }
            let read =
                self.db.snapshot("person.waiting", async |s| ken_person::queue::waiting(s).await);
            let waiting = match read.await {
                Ok(waiting) => waiting,
                Err(error) => {
                    tracing::warn!(error.code = error.code(), "the queue was not measured");
                    continue;
                }
            };
            let now = self.clock.now();
            let age = |since: Option<jiff::Timestamp>| {
                since.map_or(0.0, |since| now.duration_since(since).as_secs_f64())
            };
            let open = u32::try_from(waiting.open).unwrap_or(u32::MAX);
            metrics::gauge!("ken_review_open").set(f64::from(open));
            metrics::gauge!("ken_review_oldest_seconds").set(age(waiting.oldest));
            metrics::gauge!("ken_review_median_seconds").set(age(waiting.middle));
        }
    }

    /// Serves timers; every kind is registered here.
    pub(crate) async fn timers(self, keys: KeyRing) {
        let ctx = self.ctx();
        let begun = self.db.write("timers.begin", async |tx| Sweep::begin(tx, &ctx).await);
        if let Err(error) = begun.await {
            tracing::warn!(error.code = error.code(), "timers were not set; the next start will");
        }
        if let Err(error) = ken_office::due::start(&self.db, &ctx).await {
            tracing::warn!(error.code = error.code(), "the daily look at reviews did not start");
        }
        if let Err(error) = ken_office::findings::start(&self.db, &ctx).await {
            tracing::warn!(error.code = error.code(), "the audit did not start; the next will");
        }
        if let Err(error) = ken_hub::start(&self.db, &ctx).await {
            tracing::warn!(error.code = error.code(), "no look at open moves; the next start will");
        }
        let office = [ken_office::due::handlers(&keys), ken_office::findings::handlers(&keys)];
        let care = ken_care::request::late::handlers(&keys).into_iter();
        let care = care.chain(ken_care::correction::clock::handlers(&keys));
        let handlers = office.into_iter().flatten().chain(ken_hub::handlers(&keys)).chain(care);
        let runner = Runner::default().with(Arc::new(Sweep));
        let runner = handlers.fold(runner, Runner::with);
        runner.run(&self.db, &*self.clock, &*self.ids, &self.stop).await;
    }

    /// Says again and again which decisions of this process are over.
    pub(crate) async fn report(self) {
        let mut node = Node::new(&*self.ids);
        loop {
            if let Err(error) = node.report(&self.db, &self.ctx()).await {
                tracing::warn!(error.code = error.code(), "this node could not report");
            }
            if !self.rest(REPORT_EVERY).await {
                break;
            }
        }
        if let Err(error) = node.leave(&self.db).await {
            tracing::warn!(error.code = error.code(), "this node is waited for until its time");
        }
    }

    /// Looks for room again and again, where a write found none; `keys` is the key store.
    pub(crate) async fn look_for_room(self, keys: Db) {
        while self.rest(REPORT_EVERY).await {
            for db in [&self.db, &keys] {
                // What it finds is what readiness says; the first refusal stands in the log.
                let _ = db.look_for_room().await;
            }
        }
    }

    /// Fills the index of people and follows what is written; whatever else is served meanwhile.
    pub(crate) async fn follow(self, index: Index) {
        let (mut follower, mut failures, mut unread) = (index.follower(), 0, 0);
        let mut refused = None;
        loop {
            let is_well = self.follow_once(&mut follower).await;
            failures = if is_well { 0 } else { failures + 1 };
            measure(&index, &follower, &mut unread);
            tell_refused(&index, &mut refused);
            let rested = tokio::select! {
                rested = self.rest(pause(failures)) => rested,
                // One who is woken lets others of the same moment come as well.
                () = index.changed(), if is_well => self.rest(FOLLOW_SOON).await,
            };
            if !rested {
                return;
            }
        }
    }

    /// One turn of it; says whether all went well.
    async fn follow_once(&self, follower: &mut Follower) -> bool {
        if !follower.is_filled() && !self.fill(follower).await {
            return false;
        }
        let missed = follower.missed();
        match follower.turn(&self.db).await {
            Ok(count) => {
                let count = u64::try_from(count).unwrap_or(u64::MAX);
                metrics::counter!("ken_person_index_changes_total").increment(count);
            }
            Err(error) => {
                metrics::counter!("ken_person_index_failures_total").increment(1);
                tracing::warn!(error.code = error.code(), "the index could not follow");
                return false;
            }
        }
        let missed = follower.missed() - missed;
        metrics::counter!("ken_person_index_missed_total").increment(missed);
        self.ask_again(follower).await && missed == 0
    }

    /// Asks about newcomers whom the index has heard of since; says whether that went well.
    async fn ask_again(&self, follower: &Follower) -> bool {
        let asked = match ken_person::ask_again(&self.db, &self.ctx(), follower).await {
            Ok(asked) => asked,
            Err(error) => {
                metrics::counter!("ken_person_index_failures_total").increment(1);
                tracing::warn!(error.code = error.code(), "newcomers were not asked about");
                return false;
            }
        };
        let people = u64::try_from(asked.people).unwrap_or(u64::MAX);
        metrics::counter!("ken_person_asked_again_total").increment(people);
        if asked.unread > 0 {
            let count = asked.unread;
            tracing::warn!(count, "newcomers of whom something cannot be read were passed by");
        }
        true
    }

    /// Fills it; says whether it is filled.
    async fn fill(&self, follower: &mut Follower) -> bool {
        metrics::gauge!("ken_person_index_is_filled").set(0.0);
        let since = self.clock.now();
        loop {
            let filled = tokio::select! {
                () = self.stop.cancelled() => return false,
                filled = follower.fill_some(&self.db) => filled,
            };
            match filled {
                Ok(false) => {}
                Ok(true) => break,
                Err(error) => {
                    metrics::counter!("ken_person_index_failures_total").increment(1);
                    tracing::warn!(error.code = error.code(), "the index could not be filled");
                    return false;
                }
            }
        }
        let took = self.clock.now().duration_since(since);
        metrics::gauge!("ken_person_index_fill_seconds").set(took.as_secs_f64());
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or_default();
        let count = follower.records();
        tracing::info!(count, duration_ms, "the index of people is filled");
        true
    }

    /// Drains histograms, so that they do not grow between scrapes.
    pub(crate) async fn drain(self, metrics: PrometheusHandle) {
        while self.rest(DRAIN_EVERY).await {
            metrics.run_upkeep();
        }
    }
}

/// How long the index waits until its next turn: twice as long after each failure that follows
/// another, be it that the store does not answer or that something was missed.
fn pause(failures: u32) -> SignedDuration {
    FOLLOW_EVERY.checked_mul(1 << failures.min(PAUSES_MAX)).unwrap_or(FOLLOW_EVERY)
}

/// Says whether the index is filled, how many records it holds, and of how many people it holds
/// nothing. Who they are stands in no log.
fn measure(index: &Index, follower: &Follower, before: &mut usize) {
    let is_filled = u8::from(follower.is_filled());
    metrics::gauge!("ken_person_index_is_filled").set(f64::from(is_filled));
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    metrics::gauge!("ken_person_index_records").set(number(index.records().unwrap_or_default()));
    let count = follower.unread().len();
    metrics::gauge!("ken_person_index_unread").set(number(count));
    if count > *before {
        tracing::warn!(
            count,
            "something stored of people cannot be read; the index leaves them out"
        );
    }
    *before = count;
}

/// Says whether the model that two signatories adopted is refused, and in the log once.
fn tell_refused(index: &Index, before: &mut Option<&'static str>) {
    let now = index.refused_model();
    metrics::gauge!("ken_person_model_is_refused").set(f64::from(u8::from(now.is_some())));
    if let Some(code) = now.filter(|_| now != *before) {
        tracing::error!(error.code = code, "the adopted matching model is refused");
    }
    *before = now;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_again_and_again_is_tried_less_and_less() {
        let seconds = |failures| pause(failures).as_secs();
        assert_eq!([0, 1, 2, 9, 10, 4_000].map(seconds), [1, 2, 4, 512, 512, 512]);
    }
}
