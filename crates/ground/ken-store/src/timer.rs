//! Timers: durable promises to do something at a time.
//!
//! A timer has a kind, whose handler is registered in `ken`, and a key that makes it one of its
//! kind. A worker leases what is due; the effect and [`Lease::done`] go in one write, so that a
//! worker whose lease has run out changes nothing.
//!
//! # Invariants
//!
//! - Every claim draws the number of its leases, and every setting anew takes it away: an older
//!   lease is fenced, also one of a timer of the same name that is gone, whose count is gone too.
//! - A timer is gone only by [`cancel`], or in the same commit as its effect. One that fails and
//!   fails is told of ([`failing`]), and tried on.
//!
//! Source: `core.md` 4.5; Kleppmann, *How to do distributed locking* (2016), for fencing.

mod runner;

use jiff::{SignedDuration, Timestamp};
use ken_core::Ctx;

use crate::sql::timer as sql;
pub use crate::sql::timer::ALL as STATEMENTS;
use crate::{Db, Error, Reads, Result, Row, Tx, values};
pub use runner::{Failure, Handler, Runner};

/// Longest detail of a timer, in bytes: ids and words, never a body.
pub const DETAIL_MAX: usize = 4096;
/// Most timers of one claim. House policy: what one worker does within a lease.
pub const CLAIM_MAX: u32 = 64;

/// After how many attempts in vain an operator has to look. House policy: with pauses that double
/// from five seconds, about three quarters of an hour.
pub const ALARM_AFTER: i64 = 10;
/// Most lines of what fails. House policy: kinds are few, and so are reasons.
const FAILING_MAX: i64 = 50;

/// One of the kinds of timer: `sharing.expiry`. A constant of the crate that handles it.
pub type Kind = &'static str;

/// A timer that is due, held by this worker until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Its kind.
    pub kind: Kind,
    /// What makes it one of its kind.
    pub key: String,
    /// When it was due.
    pub due_at: Timestamp,
    /// What was given when it was set.
    pub detail: String,
    /// How often it has been tried, this time included.
    pub attempts: i64,
    fence: i64,
}

/// Sets a timer, or moves one that is set.
///
/// # Errors
///
/// [`Error::TooLong`] beyond [`DETAIL_MAX`].
pub async fn set(
    tx: &mut Tx,
    kind: Kind,
    key: &str,
    due_at: Timestamp,
    detail: &str,
) -> Result<()> {
    fits(detail)?;
    tx.execute(sql::TIMER_SET, values![kind, key, due_at, detail]).await.map(drop)
}

/// Sets a timer unless it is set; true if it was not. For what begins with every start.
///
/// # Errors
///
/// [`Error::TooLong`] beyond [`DETAIL_MAX`].
pub async fn set_once(
    tx: &mut Tx,
    kind: Kind,
    key: &str,
    due_at: Timestamp,
    detail: &str,
) -> Result<bool> {
    fits(detail)?;
    let rows = tx.execute(sql::TIMER_SET_ONCE, values![kind, key, due_at, detail]).await?;
    Ok(rows > 0)
}

/// Takes a timer back; true if it was set. A handler that is at work is fenced.
///
/// # Errors
///
/// Those of a statement.
pub async fn cancel(tx: &mut Tx, kind: Kind, key: &str) -> Result<bool> {
    Ok(tx.execute(sql::TIMER_CANCEL, values![kind, key]).await? > 0)
}

/// Leases timers of a kind that are due, at most [`CLAIM_MAX`], for `life`.
///
/// # Errors
///
/// Those of a write.
pub async fn claim(
    db: &Db,
    ctx: &Ctx<'_>,
    kind: Kind,
    most: u32,
    life: SignedDuration,
) -> Result<Vec<Lease>> {
    let now = ctx.clock.now();
    let (until, fence) = (now + life, draw(ctx));
    let claimed = db.write("timer-claim", async |tx| {
        let of = values![kind, now, until, most.min(CLAIM_MAX), fence];
        tx.list(sql::TIMER_CLAIM, of, |row| {
            Ok(Lease {
                kind: "",
                key: row.text(0)?,
                due_at: row.time(1)?,
                detail: row.text(2)?,
                attempts: row.int(3)?,
                fence: row.int(4)?,
            })
        })
        .await
    });
    let mut leases: Vec<Lease> = claimed.await?;
    for lease in &mut leases {
        lease.kind = kind;
    }
    leases.sort_by(|a, b| (a.due_at, &a.key).cmp(&(b.due_at, &b.key)));
    Ok(leases)
}

/// The number of a claim's leases, which no other claim has: 60 random bits, and never 0.
fn draw(ctx: &Ctx<'_>) -> i64 {
    let (_, low) = ctx.ids.random().as_u64_pair();
    // The variant of a UUID, which is never 0, stands above them.
    i64::try_from(low >> 2).unwrap_or(i64::MAX)
}

/// When the next timer of a kind is due; none if none is set.
///
/// # Errors
///
/// Those of a statement.
pub async fn next(reads: &mut impl Reads, kind: Kind) -> Result<Option<Timestamp>> {
    reads.find(sql::TIMER_NEXT, values![kind], |row| row.time(0)).await
}

/// Timers that were tried at least [`ALARM_AFTER`] times in vain; they are tried on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Of which kind.
    pub kind: String,
    /// Why they failed last, as a stable code.
    pub code: String,
    /// How many.
    pub count: i64,
}

/// What fails and fails, by kind and reason.
///
/// # Errors
///
/// Those of a statement.
pub async fn failing(reads: &mut impl Reads) -> Result<Vec<Failing>> {
    let read =
        |row: &Row<'_>| Ok(Failing { kind: row.text(0)?, code: row.text(1)?, count: row.int(2)? });
    reads.list(sql::TIMER_FAILING, values![ALARM_AFTER, FAILING_MAX], read).await
}

fn fits(detail: &str) -> Result<()> {
    let fits = detail.len() <= DETAIL_MAX;
    fits.then_some(()).ok_or(Error::TooLong { what: "detail of a timer", max: DETAIL_MAX })
}

impl Lease {
    /// Says, in the write that holds the effect, that it is done.
    ///
    /// # Errors
    ///
    /// [`Error::Fenced`] if another holds it now; the write must not be kept, and is not.
    pub async fn done(&self, tx: &mut Tx) -> Result<()> {
        let of = values![self.kind, &self.key, self.fence];
        let rows = tx.execute(sql::TIMER_DONE, of).await?;
        tx.fenced_unless(rows == 1)
    }

    /// Says that it is to be tried again at `at`; `failure` is a code, never a text.
    ///
    /// # Errors
    ///
    /// [`Error::Fenced`] if another holds it now.
    pub async fn again(&self, tx: &mut Tx, at: Timestamp, failure: &'static str) -> Result<()> {
        let of = values![self.kind, &self.key, self.fence, at, failure];
        let rows = tx.execute(sql::TIMER_AGAIN, of).await?;
        tx.fenced_unless(rows == 1)
    }
}
