//! What is not a value: time, ids, entropy; and the context that carries them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::RequestId;

/// A boxed future, for the few traits that are used as `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The time, and waiting for it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Waits until `at`; at once if it has passed.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()>;

    /// Today's date in the United Kingdom, where the field counts its days.
    fn today(&self) -> Date {
        // A zone that is missing from the machine costs an hour at most, in summer.
        let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
        self.now().to_zoned(zone).date()
    }
}

/// Where ids, nonces and keys come from.
pub trait IdSource: Send + Sync + fmt::Debug {
    /// A time-ordered UUID (version 7).
    fn ordered(&self) -> Uuid;

    /// A random UUID (version 4).
    fn random(&self) -> Uuid;

    /// Fills `bytes` with entropy fit for keys.
    fn entropy(&self, bytes: &mut [u8]);
}

/// What an operation needs of the world: the clock, the source of ids, and whose request it is.
#[derive(Debug, Clone, Copy)]
pub struct Ctx<'a> {
    /// The clock.
    pub clock: &'a dyn Clock,
    /// Ids and entropy.
    pub ids: &'a dyn IdSource,
    /// The request that this work answers; it stands in logs and on error pages.
    pub request: RequestId,
}

impl<'a> Ctx<'a> {
    /// A context for a new request.
    #[must_use]
    pub fn new(clock: &'a dyn Clock, ids: &'a dyn IdSource) -> Self {
        Self { clock, ids, request: RequestId::draw(ids) }
    }

    /// The present moment, in microseconds since 1970 UTC, as it is stored.
    #[must_use]
    pub fn now_us(&self) -> i64 {
        self.clock.now().as_microsecond()
    }

    /// Sixteen to sixty-four bytes of entropy, as an array.
    #[must_use]
    pub fn entropy<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.ids.entropy(&mut bytes);
        bytes
    }
}
