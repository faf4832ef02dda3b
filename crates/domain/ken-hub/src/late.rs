//! The order in which a source says things: by its own times, not by when they come.
//!
//! # Invariants
//!
//! - Times are compared only among what one system says under one of its numbers.
//! - A message that comes after later ones is composed with what was said by then, and what has
//!   been said since is said again after it: what holds is what the messages say in their order.
//! - A message without a time, or with one that cannot be, is as late as the latest before it: the
//!   order of arrival.
//! - Where not all that was said since can be said again, whatever made something of the same
//!   things is, and a person is told.
//!
//! Source: ADR 48; HL7 v2.8, 3.4.1.2 (EVN-2: when the transaction was entered), 2.14.9.7 (MSH-7).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, MessageId, PersonId, ResourceId};
use ken_fhir::united_kingdom;
use ken_hl7::map::Mapped;
use ken_records::Under;
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Reads, Row, Tx, values};

use crate::apply::{Arrival, associated, demographics};
use crate::told::told;
use crate::{Error, Source, death, restrict, sql};

/// The code of a message that came so late that not all that was said since was said again.
pub(crate) const LATE: &str = "hub.late-by-hand";

/// Most messages that are said again after one that came late. House policy: a day in hospital; at
/// about a millisecond each.
const LATER_MAX: i64 = 100;
/// Most bytes of these, sealed. House policy: what is mapped well within the time of a write.
const LATER_BYTES_MAX: usize = 4 << 20;
/// Most bytes of those that made something of the same things. House policy: the longest message
/// that is taken, and as much again.
const MAKERS_BYTES_MAX: usize = 32 << 20;

/// How far ahead of ours a source's clock may go. House policy: further ahead it is wrong, and
/// what it says next would seem late.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(10);

/// Where a message stands among those of its source.
pub(crate) struct Order {
    /// When it was said; nothing where neither it nor one before it says so.
    pub(crate) said: Option<Timestamp>,
    /// What was said since and came before, in its order; nothing for a message that is not late.
    pub(crate) later: Vec<Later>,
    /// Whether that is all; else what comes late is composed with what holds now.
    pub(crate) is_all: bool,
}

/// A message that was said after one that came later.
pub(crate) struct Later {
    pub(crate) said: Timestamp,
    id: MessageId,
    kind: String,
    mapped: Mapped,
    /// Whether all that was said since it is said again too.
    pub(crate) is_last_word: bool,
}

impl Later {
    /// The message as it was mapped; its bytes are kept already.
    pub(crate) fn arrival<'a>(&'a self, after: &Arrival<'a>) -> Arrival<'a> {
        let (message, kind, mapped) = (self.id, self.kind.as_str(), &self.mapped);
        let (source, index) = (after.source, after.index);
        Arrival { message, source, index, kind, bytes: &[], mapped }
    }
}

/// Where a message stands among those of its source about a person, under one number.
pub(crate) async fn order(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    (person, under): (PersonId, &Under),
) -> Result<Order, Error> {
    let (source, number) = (arrival.source.id.as_str(), under.as_str());
    let (said, late) = times(tx, ctx, arrival, (person, under)).await?;
    let mut order = Order { said, later: vec![], is_all: true };
    let Some(said) = late else { return Ok(order) };
    let of = values![person, number, source, said, LATER_MAX + 1];
    let found = tx.list(sql::SAID_SINCE, of, |row| row.parse::<MessageId>(0)).await?;
    let most = usize::try_from(LATER_MAX).unwrap_or_default();
    order.is_all = found.len() <= most;
    let (mut left, mut is_last_word) = (LATER_BYTES_MAX, true);
    for id in found.into_iter().take(most) {
        let one = read_again(tx, keys, (arrival.source, person, said), (id, &mut left)).await?;
        order.is_all &= one.is_some();
        is_last_word &= one.is_some();
        order.later.extend(one.map(|one| Later { is_last_word, ..one }));
    }
    // The last were read first.
    order.later.reverse();
    Ok(order)
}

/// When a message was said, be it no earlier than the latest before it; and once more where a later
/// one of its source about a person came before it, under the same number.
pub(crate) async fn times(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    arrival: &Arrival<'_>,
    (person, under): (PersonId, &Under),
) -> Result<(Option<Timestamp>, Option<Timestamp>), Error> {
    let of = values![person, under.as_str(), arrival.source.id.as_str()];
    let newest = tx.find(sql::NEWEST_SAID, of, |row| row.time_opt(0)).await?.flatten();
    let said = spoken(ctx, arrival);
    let said = said.map(|said| within_minute(said, newest));
    let late = said.filter(|said| newest.is_some_and(|newest| *said < newest));
    Ok((said.or(newest), late))
}

/// When a system says that it said a message; nothing where that cannot be, or is not one clock.
pub(crate) fn spoken(ctx: &Ctx<'_>, arrival: &Arrival<'_>) -> Option<Timestamp> {
    // Whoever else sends has a clock of their own.
    let of_one = Some(arrival.mapped).filter(|_| !arrival.source.is_anybody());
    of_one.and_then(|mapped| said(mapped, ctx.clock.now()))
}

/// Where not all that was said since is to be said again: adds at least those messages that made
/// something else of these things.
pub(crate) async fn add_makers(
    tx: &mut Tx,
    keys: &KeyRing,
    order: &mut Order,
    (of, person, items): (&Source, PersonId, &BTreeSet<ResourceId>),
) -> Result<(), Error> {
    let Some(said) = order.said.filter(|_| !order.is_all) else { return Ok(()) };
    let made = ken_records::made_since(tx, person, items, said).await?;
    let known: BTreeSet<MessageId> = order.later.iter().map(|later| later.id).collect();
    // The last before all: of so many, they hold.
    let most = usize::try_from(LATER_MAX).unwrap_or_default();
    let mut left = MAKERS_BYTES_MAX;
    for id in made.iter().rev().filter(|id| !known.contains(*id)).take(most) {
        order.later.extend(read_again(tx, keys, (of, person, said), (*id, &mut left)).await?);
    }
    order.later.sort_by_key(|later| (later.said, later.id));
    Ok(())
}

/// What a message says that was said since an instant; nothing where it was erased, is longer than
/// what is left to read, or is not read any more.
pub(crate) async fn read_again(
    tx: &mut Tx,
    keys: &KeyRing,
    (source, person, since): (&Source, PersonId, Timestamp),
    (id, left): (MessageId, &mut usize),
) -> Result<Option<Later>, Error> {
    let read =
        |row: &Row<'_>| Ok((row.text(0)?, row.time(1)?, row.parse::<KeyId>(2)?, row.bytes(3)?));
    let kept = tx.find(sql::FIND_MESSAGE, values![person, id, since], read).await?;
    let Some((kind, said, key, body)) = kept else { return Ok(None) };
    // What is too long keeps back nothing that is not.
    let Some(rest) = left.checked_sub(body.len()) else { return Ok(None) };
    *left = rest;
    let bytes = match keys.open(&key, &associated(person, id), &body).await {
        // A message is none the worse for another that does not open.
        Err(ken_store::Error::Unsealable | ken_store::Error::KeyUnknown) => None,
        opened => opened?,
    };
    let mapped = bytes.and_then(|bytes| Some(told(keys, &source.id, &bytes).ok()?.pop()?.mapped));
    Ok(mapped.map(|mapped| Later { said, id, kind, mapped, is_last_word: false }))
}

/// When a message was said: when it was entered (EVN-2), else when it was made (MSH-7), where that
/// is a time of day that can be.
fn said(mapped: &Mapped, now: Timestamp) -> Option<Timestamp> {
    let times = [&mapped.facts.recorded, &mapped.header.sent];
    times.into_iter().flatten().filter_map(ken_fhir::DateTime::moment).find(|at| is_one(*at, now))
}

/// A time to the minute is no earlier than what was said within that minute before it came.
fn within_minute(said: Timestamp, newest: Option<Timestamp>) -> Timestamp {
    let is_minute = said.as_second() % 60 == 0;
    let same = |newest: &Timestamp| {
        *newest > said && newest.duration_since(said) < SignedDuration::from_mins(1)
    };
    newest.filter(|newest| is_minute && same(newest)).unwrap_or(said)
}

/// Whether a time can be compared: it is not in the future, it is no day without a time, and its
/// hour does not come twice.
fn is_one(at: Timestamp, now: Timestamp) -> bool {
    let local = |at: Timestamp| at.to_zoned(united_kingdom()).datetime();
    let hour = SignedDuration::from_hours(1);
    let twin = |other: Result<Timestamp, jiff::Error>| other.is_ok_and(|it| local(it) == local(at));
    let is_day = local(at).time() == jiff::civil::Time::midnight();
    let is_twice = twin(at.checked_add(hour)) || twin(at.checked_sub(hour));
    at <= now.saturating_add(AHEAD_MAX).unwrap_or(now) && !is_day && !is_twice
}

/// Keeps what was said since of who somebody is over what has come late.
pub(crate) async fn accounts(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    arrival: &Arrival<'_>,
    (person, order): (PersonId, &Order),
) -> Result<(), Error> {
    for later in &order.later {
        let said = demographics(&later.arrival(arrival))?;
        ken_person::say_again(tx, ctx, person, &said).await?;
    }
    Ok(())
}

/// Takes again what was said since of states that a late message speaks of: restrictions, a death.
pub(crate) async fn states(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    (person, number, order): (PersonId, &str, &Order),
) -> Result<(), Error> {
    let is_restricting = !arrival.mapped.restrictions.is_empty();
    let is_of_death = arrival.mapped.demographics.death.is_some();
    for later in order.later.iter().filter(|_| is_restricting || is_of_death) {
        let is_last_word = later.is_last_word;
        // What it leaves unclear waits under an id of its own.
        let later = Arrival { message: MessageId::draw(ctx.ids), ..later.arrival(arrival) };
        // What is not the last word holds, or not, as it did before the late one came.
        let died = if is_of_death && is_last_word {
            death::news(tx, ctx, &later, (person, is_last_word), number).await?
        } else {
            BTreeSet::new()
        };
        let guarded = died.iter().copied().chain([person]).collect();
        let guard = tx.lock_people(&guarded).await?;
        if is_restricting {
            restrict::take(tx, ctx, keys, &later, (person, order.is_all)).await?;
        }
        death::take(tx, ctx, &later, &died, number).await?;
        guard.bump(tx).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_the_minute_is_not_before_that_minute() {
        let check = |said: &str, newest: &str, want: &str| {
            let [said, newest, want] = [said, newest, want]
                .map(|time| format!("2026-11-20T{time}Z").parse::<Timestamp>().unwrap());
            assert_eq!(within_minute(said, Some(newest)), want, "{said} after {newest}");
        };
        check("10:15:00", "10:15:30", "10:15:30");
        check("10:15:00", "10:15:59", "10:15:59");
        check("10:15:00", "10:16:00", "10:15:00");
        check("10:15:00", "10:14:59", "10:15:00");
        check("10:15:01", "10:15:30", "10:15:01");
        assert_eq!(within_minute(Timestamp::UNIX_EPOCH, None), Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn only_a_time_that_can_be_is_compared() {
        let now: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
        let check = |at: &str, want: bool| {
            assert_eq!(is_one(at.parse().unwrap(), now), want, "{at}");
        };
        check("2026-11-21T08:59:59Z", true);
        check("2026-11-21T09:10:00Z", true);
        check("2026-11-21T09:10:01Z", false);
        check("2026-11-21T00:00:00Z", false);
        check("2026-07-20T23:00:00Z", false);
        check("2026-07-21T00:00:00Z", true);
        // From one to two o'clock the clocks show the same twice.
        check("2026-10-25T00:30:00Z", false);
        check("2026-10-25T01:30:00Z", false);
        check("2026-10-24T23:59:59Z", true);
        check("2026-10-25T02:00:00Z", true);
        check("2026-03-29T01:30:00Z", true);
    }
}
