//! Emergency access: disclosure under the exceptional clause, reviewed afterwards.
//!
//! Twenty-four hours, reviewed in two working days; on oneself or known family it needs a second
//! person (`core.md` 2.8). Opening it changes nothing about who may see the record later.

mod review;
pub mod second;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use ken_agreement::words_hash;
use ken_core::{ClauseId, Ctx, EntryId, PersonId, PractitionerId, Sensitive};
use ken_directory::{Acting, sending};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Tx, timer, values};
use serde_json::json;

pub use crate::reviewers::{GUARDIAN, OFFICERS};
pub use crate::sql::emergency::ALL as STATEMENTS;
pub use review::{
    Finding, ReviewOutcome, TIMER, Unreviewed, Waiting, find_unreviewed, missed, review, unreviewed,
};

use crate::affirmation::{self, Statement, keep};
use crate::relationship::{LIST_MAX, later};
use crate::sql as held;
use crate::sql::emergency as sql;
use crate::{Error, together};

/// How long emergency access lasts (`core.md` 2.8).
pub const EMERGENCY_LAST: Duration = Duration::from_hours(24);
/// Working days within which somebody else looks at it (`core.md` 2.8).
pub const REVIEW_WORKING_DAYS: usize = 2;

/// An emergency access that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its id.
    pub id: EntryId,
    /// When it closes by itself.
    pub until: Timestamp,
    /// Whether a second person agreed to it beforehand.
    pub has_second: bool,
}

/// An emergency access that a practitioner has open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Whom it is about.
    pub person: PersonId,
    /// When it was opened.
    pub from: Timestamp,
    /// When it closes by itself.
    pub until: Timestamp,
    /// The colleague who agreed to it beforehand.
    pub second: Option<PractitionerId>,
}

/// Opens emergency access: the practitioner's reason in their own words, and the words affirmed.
///
/// The reason is kept in the encrypted detail of the ledger entry alone. The gate still decides
/// each disclosure; without the exceptional clause in force this opens nothing. A form that is sent
/// twice gives one access, and one thing to review, while that is open and nobody has reviewed it.
/// Another form is another emergency: its reason, its 24 hours and its review are its own.
///
/// Everybody who stands together with the person is opened, each with an entry and a review: what
/// is held of somebody under another number may be what saves them (ADR 67).
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn open(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    person: PersonId,
    reason: &Sensitive<String>,
    said: &BTreeSet<Statement>,
) -> Result<Open, Error> {
    db.write("sharing.emergency", async |tx| {
        let guard = together::lock(tx, &BTreeSet::from([person])).await?;
        let (mut theirs, mut is_new) = (None, false);
        for one in together::group(tx, person).await? {
            let id = EntryId::draw(ctx.ids);
            let of = Opening { id, person: one, reason, said, second: None };
            let open = match opened_before(tx, ctx, by, &of).await? {
                Some(open) => open,
                None => open_one(tx, ctx, keys, by, &of).await?,
            };
            is_new |= open.id == id;
            theirs = theirs.or((one == person).then_some(open));
        }
        if is_new {
            guard.bump(tx).await?;
        }
        theirs.ok_or(Error::Corrupt("group"))
    })
    .await
}

/// What the same form opened before, while it is open, waits for its review, and its words are
/// affirmed. After that the same form opens anew. The caller holds the person's guard.
async fn opened_before(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    by: &Acting,
    of: &Opening<'_>,
) -> Result<Option<Open>, Error> {
    let (person, practitioner) = (of.person.to_string(), by.practitioner.to_string());
    let whose = [practitioner.as_str(), by.organisation.as_str(), by.role.as_str()];
    let what = ["emergency", person.as_str(), of.reason.reveal()];
    let what = [&what[..], &whose[..]].concat();
    let Some(before) = sending::once(tx, ctx, &what, of.id).await? else { return Ok(None) };
    let read = |row: &Row<'_>| Ok((row.time(6)?, row.text_opt(3)?.is_some()));
    let found = tx.find(sql::FIND_UNREVIEWED, values![of.person, before], read).await?;
    if let Some((until, has_second)) = found.filter(|(until, _)| *until > ctx.clock.now()) {
        let open = Open { id: before, until, has_second };
        if goes_on(tx, ctx, (by, of.person), of.said, &open).await? {
            return Ok(Some(open));
        }
    }
    sending::anew(tx, ctx, &what, (before, of.id)).await?;
    Ok(None)
}

/// Whether an access that is open serves: its words are affirmed. Those that were affirmed for half
/// an hour meanwhile are good to its end again.
async fn goes_on(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (by, person): (&Acting, PersonId),
    said: &BTreeSet<Statement>,
    open: &Open,
) -> Result<bool, Error> {
    let held = affirmation::held(tx, ctx, by, person).await?;
    if !said.iter().all(|said| held.contains(&said.words)) {
        return Ok(false);
    }
    let left = open.until.duration_since(ctx.clock.now()).unsigned_abs();
    keep(tx, ctx, by, person, said, left).await?;
    Ok(true)
}

/// One access to open.
#[derive(Debug)]
struct Opening<'a> {
    id: EntryId,
    person: PersonId,
    reason: &'a Sensitive<String>,
    said: &'a BTreeSet<Statement>,
    /// The colleague who agreed to it beforehand.
    second: Option<&'a Acting>,
}

/// Opens one access. The caller holds the person's guard and bumps it.
async fn open_one(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    of: &Opening<'_>,
) -> Result<Open, Error> {
    let Opening { id, person, reason, said, second } = of;
    let (until, due) = (later(ctx, EMERGENCY_LAST), review_due(ctx));
    let second = second.map(|second| second.practitioner.to_string());
    let affirmed: Vec<_> = said
        .iter()
        .map(|said| json!({ "words": said.words.to_string(), "hash": words_hash(&said.text) }))
        .collect();
    let entry = NewEntry {
        stream: Stream::Person(*person),
        kind: EntryKind::Affirmed,
        visibility: Visibility::AfterReview,
        detail: json!({
            "organisation": by.organisation.as_str(),
            "role": by.role.as_str(),
            "practitioner": by.practitioner.to_string(),
            "reason": reason.reveal(),
            "affirmed": affirmed,
            "until": until.to_string(),
            "second": second,
        }),
    };
    let entry = ken_ledger::append(tx, ctx, keys, entry).await?;
    let of = values![
        *person,
        *id,
        &by.organisation,
        &by.role,
        by.practitioner,
        entry,
        ctx.now_us(),
        until,
        due,
        second.as_deref()
    ];
    tx.execute(sql::INSERT_EMERGENCY, of).await?;
    timer::set(tx, TIMER, &id.to_string(), due, &person.to_string()).await?;
    keep(tx, ctx, by, *person, said, EMERGENCY_LAST).await?;
    Ok(Open { id: *id, until, has_second: second.is_some() })
}

/// The emergency access that a practitioner has open on a person, for the organisation for which
/// they act now: another that they act for has its own, with its own review.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
) -> Result<Option<Open>, Error> {
    let of = values![person, by.practitioner, ctx.now_us(), &by.organisation];
    let read = |row: &Row<'_>| Ok((row.parse(0)?, row.int(1)?, row.text_opt(2)?));
    let row = reads.find(sql::FIND_EMERGENCY, of, read).await?;
    row.map(|(id, until, second)| {
        Ok(Open { id, until: moment(until)?, has_second: second.is_some() })
    })
    .transpose()
}

/// Finishes emergency access now: every one that the practitioner has open for this organisation,
/// on the person and on everybody who stands together with them. Their words are withdrawn, unless
/// one that is open for another organisation needs them. Where nothing is open nothing is written.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn finish(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    person: PersonId,
    clauses: &BTreeSet<ClauseId>,
) -> Result<bool, Error> {
    db.write("sharing.finish-emergency", async |tx| {
        // Before the guard: taking it would give one to any id that somebody makes up.
        if !has_open(tx, ctx, by, person).await? {
            return Ok(false);
        }
        let guard = together::lock(tx, &BTreeSet::from([person])).await?;
        let mut is_finished = false;
        for one in together::group(tx, person).await? {
            is_finished |= finish_one(tx, ctx, keys, by, (one, clauses)).await?;
        }
        if is_finished {
            guard.bump(tx).await?;
        }
        Ok(is_finished)
    })
    .await
}

/// Whether the practitioner has one open on the person, under any of their ids.
async fn has_open(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    by: &Acting,
    person: PersonId,
) -> Result<bool, Error> {
    for one in together::group(tx, person).await? {
        if find(tx, ctx, by, one).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Finishes what is open on one id. The caller holds its guard and bumps it.
async fn finish_one(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (person, clauses): (PersonId, &BTreeSet<ClauseId>),
) -> Result<bool, Error> {
    let of = values![person, by.practitioner, ctx.now_us(), &by.organisation];
    let ended = tx.list(sql::END_EMERGENCIES, of, |row| row.parse::<EntryId>(0)).await?;
    if ended.is_empty() {
        return Ok(false);
    }
    let of = values![person, by.practitioner, ctx.now_us()];
    if tx.find(sql::HAS_EMERGENCY, of, |row| row.int(0)).await?.is_none() {
        for clause in clauses {
            let of = values![person, by.practitioner, clause];
            tx.execute(held::DELETE_AFFIRMATIONS, of).await?;
        }
    }
    let finished: Vec<_> = ended.iter().map(ToString::to_string).collect();
    let entry = NewEntry {
        stream: Stream::Person(person),
        kind: EntryKind::Affirmed,
        visibility: Visibility::AfterReview,
        detail: json!({
            "organisation": by.organisation.as_str(),
            "role": by.role.as_str(),
            "practitioner": by.practitioner.to_string(),
            "finished": finished.join(" "),
        }),
    };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(true)
}

/// The emergency accesses that a practitioner has open, the newest first: where to go on.
///
/// # Errors
///
/// Whatever the store says.
pub async fn own<R: Reads>(reads: &mut R, ctx: &Ctx<'_>, by: &Acting) -> Result<Vec<Own>, Error> {
    let of = values![&by.organisation, ctx.now_us(), by.practitioner, LIST_MAX];
    let read = |row: &Row<'_>| {
        let person = row.parse(0)?;
        Ok(Own { person, from: row.time(1)?, until: row.time(2)?, second: row.parse_opt(3)? })
    };
    Ok(reads.list(sql::LIST_EMERGENCIES_OF, of, read).await?)
}

/// The end of the second working day after today. Bank holidays count as working days here, so
/// that a review is early rather than late.
fn review_due(ctx: &Ctx<'_>) -> Timestamp {
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    let day = working_days_after(ctx.clock.today(), REVIEW_WORKING_DAYS).saturating_add(1.day());
    day.to_zoned(zone).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// So many working days after a day; bank holidays count as working days.
pub(crate) fn working_days_after(day: Date, days: usize) -> Date {
    let works = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let mut following = day.series(1.day()).skip(1).filter(works);
    following.nth(days.saturating_sub(1)).unwrap_or(day)
}

fn moment(us: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(us).map_err(|_| Error::Corrupt("time"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn weekends_do_not_count() {
        let check = |from, want| assert_eq!(working_days_after(from, 2), want, "{from}");
        check(date(2026, 11, 16), date(2026, 11, 18)); // Monday to Wednesday.
        check(date(2026, 11, 19), date(2026, 11, 23)); // Thursday to Monday.
        check(date(2026, 11, 20), date(2026, 11, 24)); // Friday to Tuesday.
        check(date(2026, 11, 21), date(2026, 11, 24)); // Saturday to Tuesday.
    }
}
