//! The outbox: what is to be sent, entered in the same write as the reason for sending it.
//!
//! Messages to one destination about one person form a *lane*: they go in order, one at a time.
//! Delivery is at least once with the same message id. A worker claims a lane, says that it is
//! about to send, sends outside any transaction, and says what came of it.
//!
//! # Invariants
//!
//! - Places in a lane are in the order of commit, since taking one locks the lane.
//! - Between [`Claim::sending`] and an answer a message is *unanswered*: it may have arrived.
//! - Every claim raises the lane's fence; a worker whose lease has run out changes nothing.
//! - A dead letter leaves its lane to the next message; it is kept, and a person decides. There
//!   are at most [`DEAD_MAX`] for a destination.
//! - What was sent is removed [`SENT_KEPT`] after its answer; nothing else is removed by itself.
//!
//! Source: `core.md` 5; style rule 19.

mod sweep;

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, MessageId, PersonId};

use crate::sql::outbox as sql;
pub use crate::sql::outbox::ALL as STATEMENTS;
use crate::{Db, Error, Reads, Result, Row, Tx, Value, values};
pub use sweep::{SENT_KEPT, Sweep, sweep};

/// Longest body, in bytes; larger things go to the blob store. House policy.
pub const BODY_MAX: usize = 1 << 20;
/// Longest name of a destination, in bytes.
pub const DESTINATION_MAX: usize = 128;
/// Most lanes of one claim.
pub const CLAIM_MAX: u32 = 64;
/// First pause after a failed attempt; it doubles with each, to [`PAUSE_MAX`].
pub const PAUSE_FIRST: SignedDuration = SignedDuration::from_secs(5);
/// Longest pause between attempts. House policy: a partner that returns is served in the hour.
pub const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Most dead letters of one destination. House policy: beyond what a person looks through in a
/// week the destination itself is what is wrong.
pub const DEAD_MAX: i64 = 10_000;

/// One destination and one person, or nobody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    /// A partner's or a source's name.
    pub destination: String,
    /// Whom the messages are about.
    pub person: Option<PersonId>,
}

/// A message at the head of its lane, held by this worker until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its lane.
    pub lane: Lane,
    /// The id that every attempt carries.
    pub message: MessageId,
    /// What is to be sent, as it was put; sealed by whoever put it.
    pub body: Vec<u8>,
    /// When it was put.
    pub put_at: Timestamp,
    /// How often it has been tried, this time included.
    pub attempts: i64,
    /// An earlier attempt had no answer: it may have arrived.
    pub may_have_arrived: bool,
    place: i64,
    fence: i64,
}

/// A message that will not be tried again unless a person says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its lane.
    pub lane: Lane,
    /// Its place there.
    pub place: i64,
    /// Its id.
    pub message: MessageId,
    /// The code of its last failure.
    pub failure: String,
    /// When it was given up.
    pub at: Timestamp,
}

/// Puts a message at the end of its lane.
///
/// # Errors
///
/// [`Error::TooLong`] beyond [`BODY_MAX`] or [`DESTINATION_MAX`].
pub async fn put(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    lane: &Lane,
    message: MessageId,
    body: &[u8],
) -> Result<()> {
    for (what, length, max) in [
        ("body of a message", body.len(), BODY_MAX),
        ("name of a destination", lane.destination.len(), DESTINATION_MAX),
    ] {
        if length > max {
            return Err(Error::TooLong { what, max });
        }
    }
    let now = ctx.clock.now();
    let of = values![person(lane), &lane.destination, now];
    let place = tx.find(sql::LANE_NEXT, of, |row| row.int(0)).await?;
    let of = values![person(lane), &lane.destination, place, message, body, now];
    tx.execute(sql::OUTBOX_PUT, of).await.map(drop)
}

/// Leases the heads of lanes to `destination` that are due, at most [`CLAIM_MAX`], for `life`.
///
/// # Errors
///
/// Those of a write.
pub async fn claim(
    db: &Db,
    ctx: &Ctx<'_>,
    destination: &str,
    most: u32,
    life: SignedDuration,
) -> Result<Vec<Claim>> {
    let now = ctx.clock.now();
    let until = now + life;
    db.write("outbox-claim", async |tx| {
        let of = values![destination, now, until, most.min(CLAIM_MAX)];
        let lanes = tx.list(sql::LANE_CLAIM, of, lane_claim).await?;
        let mut claims = Vec::with_capacity(lanes.len());
        for (id, attempts, fence) in lanes {
            let head = tx.find(sql::OUTBOX_HEAD, values![&id, destination], head).await?;
            let Some(mut claim) = head else {
                tx.execute(sql::LANE_REST, values![&id, destination, fence]).await?;
                continue;
            };
            claim.lane = Lane { destination: destination.to_owned(), person: read_person(&id)? };
            (claim.attempts, claim.fence) = (attempts, fence);
            claims.push(claim);
        }
        Ok(claims)
    })
    .await
}

impl Claim {
    /// Says, before it is sent, that it may arrive from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Fenced`] if another holds the lane now; then it must not be sent.
    pub async fn sending(&self, tx: &mut Tx) -> Result<()> {
        self.hold(tx).await?;
        self.state(tx, "unanswered", None, None).await
    }

    /// Says that it has been accepted; the lane goes on.
    ///
    /// # Errors
    ///
    /// [`Error::Fenced`] if another holds the lane now.
    pub async fn sent(&self, tx: &mut Tx, ctx: &Ctx<'_>) -> Result<()> {
        let now = ctx.clock.now();
        self.hold(tx).await?;
        self.state(tx, "sent", Some(now), None).await?;
        self.due(tx, now, 0, None).await
    }

    /// Says that an attempt failed; it is tried again after a pause that doubles each time.
    ///
    /// # Errors
    ///
    /// [`Error::Fenced`] if another holds the lane now.
    pub async fn again(&self, tx: &mut Tx, ctx: &Ctx<'_>, failure: &'static str) -> Result<()> {
        let at = ctx.clock.now() + pause(self.attempts);
        self.hold(tx).await?;
        self.due(tx, at, self.attempts, Some(failure)).await
    }

    /// Gives it up; the lane goes on without it, and it is kept as a dead letter. False where the
    /// destination has [`DEAD_MAX`] of them: then it stays at the head of its lane, and is tried
    /// again after the longest pause, since nothing may be lost and nothing may grow for ever.
    ///
    /// # Errors
    ///
    /// [`Error::Fenced`] if another holds the lane now.
    pub async fn give_up(&self, tx: &mut Tx, ctx: &Ctx<'_>, failure: &'static str) -> Result<bool> {
        let now = ctx.clock.now();
        self.hold(tx).await?;
        let of = values![&self.lane.destination, DEAD_MAX - 1];
        if tx.find(sql::OUTBOX_DEAD_FULL, of, |row| row.text(0)).await?.is_some() {
            self.due(tx, now + PAUSE_MAX, self.attempts, Some(failure)).await?;
            return Ok(false);
        }
        self.state(tx, "dead", Some(now), Some(failure)).await?;
        self.due(tx, now, 0, None).await.map(|()| true)
    }

    /// Takes the lane, if the lease still holds.
    async fn hold(&self, tx: &mut Tx) -> Result<()> {
        let of = values![person(&self.lane), &self.lane.destination];
        let fence = tx.find(sql::LANE_HOLD, of, |row| row.int(0)).await?;
        tx.fenced_unless(fence == Some(self.fence))
    }

    async fn state(
        &self,
        tx: &mut Tx,
        state: &'static str,
        ended: Option<Timestamp>,
        failure: Option<&'static str>,
    ) -> Result<()> {
        let (person, destination) = (person(&self.lane), &self.lane.destination);
        let of = values![person, destination, self.place, state, ended, failure];
        tx.execute(sql::OUTBOX_STATE, of).await.map(drop)
    }

    async fn due(
        &self,
        tx: &mut Tx,
        at: Timestamp,
        attempts: i64,
        failure: Option<&'static str>,
    ) -> Result<()> {
        let (person, destination) = (person(&self.lane), &self.lane.destination);
        let of = values![person, destination, self.fence, at, attempts, failure];
        tx.execute(sql::LANE_AGAIN, of).await.map(drop)
    }
}

/// Dead letters to `destination`, the oldest first, at most `most`.
///
/// # Errors
///
/// Those of a statement.
pub async fn dead(reads: &mut impl Reads, destination: &str, most: u32) -> Result<Vec<DeadLetter>> {
    let read = |row: &Row<'_>| {
        let lane = Lane { destination: String::new(), person: read_person(&row.text(0)?)? };
        let failure = row.text_opt(3)?.unwrap_or_default();
        Ok(DeadLetter {
            lane,
            place: row.int(1)?,
            message: row.parse(2)?,
            failure,
            at: row.time(4)?,
        })
    };
    let mut dead = reads.list(sql::OUTBOX_DEAD, values![destination, most], read).await?;
    for letter in &mut dead {
        destination.clone_into(&mut letter.lane.destination);
    }
    Ok(dead)
}

/// Lets a dead letter be tried again, before what waits in its lane. False if it is not dead.
///
/// # Errors
///
/// Those of a statement.
pub async fn revive(tx: &mut Tx, ctx: &Ctx<'_>, letter: &DeadLetter) -> Result<bool> {
    let (person, destination) = (person(&letter.lane), &letter.lane.destination);
    let of = values![person.clone(), destination];
    let fence = tx.find(sql::LANE_HOLD, of, |row| row.int(0)).await?;
    let of = values![person.clone(), destination, letter.place];
    if tx.execute(sql::OUTBOX_REVIVE, of).await? == 0 {
        return Ok(false);
    }
    let of = values![person, destination, fence, ctx.clock.now(), 0_i64, None::<&str>];
    tx.execute(sql::LANE_AGAIN, of).await?;
    Ok(true)
}

/// Removes a dead letter for good, because a person has decided so. False if it is not dead.
///
/// # Errors
///
/// Those of a statement.
pub async fn discard(tx: &mut Tx, letter: &DeadLetter) -> Result<bool> {
    let (person, destination) = (person(&letter.lane), &letter.lane.destination);
    let of = values![person, destination, letter.place];
    Ok(tx.execute(sql::OUTBOX_DISCARD, of).await? > 0)
}

/// How many messages to `destination` are in each state, by its name.
///
/// # Errors
///
/// Those of a statement.
pub async fn count(reads: &mut impl Reads, destination: &str) -> Result<Vec<(String, i64)>> {
    let read = |row: &Row<'_>| Ok((row.text(0)?, row.int(1)?));
    reads.list(sql::OUTBOX_COUNT, values![destination], read).await
}

/// The pause after the attempt numbered `attempts`, from 1.
#[must_use]
pub fn pause(attempts: i64) -> SignedDuration {
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
    PAUSE_FIRST.saturating_mul(1 << doublings).min(PAUSE_MAX)
}

/// The person of a lane as it is stored: nobody is the empty text.
fn person(lane: &Lane) -> Value<'static> {
    lane.person.map_or(Value::from(""), Value::from)
}

fn read_person(text: &str) -> Result<Option<PersonId>> {
    let id = (!text.is_empty()).then(|| text.parse()).transpose();
    id.map_err(|_| Error::Column { index: 0 })
}

fn lane_claim(row: &Row<'_>) -> Result<(String, i64, i64)> {
    Ok((row.text(0)?, row.int(1)?, row.int(2)?))
}

fn head(row: &Row<'_>) -> Result<Claim> {
    Ok(Claim {
        lane: Lane { destination: String::new(), person: None },
        place: row.int(0)?,
        message: row.parse(1)?,
        body: row.bytes(2)?,
        may_have_arrived: row.text(3)? == "unanswered",
        put_at: row.time(4)?,
        attempts: 0,
        fence: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_an_hour() {
        let check = |attempts, want: i64| assert_eq!(pause(attempts).as_secs(), want);
        check(1, 5);
        check(2, 10);
        check(5, 80);
        check(11, 3600);
        check(i64::MAX, 3600);
        check(0, 5);
    }
}
