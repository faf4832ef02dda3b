//! What is measured, by the name of a write or snapshot: counts and durations, nothing else.

use std::time::{Duration, Instant};

/// The monotonic clock, for limits and measures.
#[expect(clippy::disallowed_methods, reason = "durations are measured here; no value rests on it")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// A write or snapshot has ended, `code` being `ok`, the error's code, or `refused` where the
/// closure itself gave the error.
pub(crate) fn ended(kind: &'static str, name: &'static str, code: &'static str, since: Instant) {
    metrics::counter!("ken_store_total", "kind" => kind, "name" => name, "outcome" => code)
        .increment(1);
    metrics::histogram!("ken_store_seconds", "kind" => kind, "name" => name)
        .record(since.elapsed().as_secs_f64());
}

/// A group of `turns` writes was committed in `took`.
pub(crate) fn committed(turns: usize, took: Duration) {
    let turns = u32::try_from(turns).unwrap_or(u32::MAX);
    metrics::histogram!("ken_store_group_turns").record(f64::from(turns));
    metrics::histogram!("ken_store_commit_seconds").record(took.as_secs_f64());
}

/// A turn or a snapshot was taken away, or a statement interrupted, because of `why`.
pub(crate) fn revoked(why: &'static str) {
    metrics::counter!("ken_store_revoked_total", "why" => why).increment(1);
    tracing::warn!(store.why = why, "the store took back a turn");
}

/// The write-ahead log could not be copied.
pub(crate) fn not_copied() {
    metrics::counter!("ken_store_not_copied_total").increment(1);
}
