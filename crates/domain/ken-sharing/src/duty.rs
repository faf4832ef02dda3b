//! Duties that follow from a disclosure: to acknowledge it, to tell the person, to delete, to
//! review. Each has a deadline, and a durable timer that notices when it is missed.
//!
//! # Invariants
//!
//! - A duty and its timer are set in the write that enters the disclosure; neither can be lost.
//! - While a duty is open, the same disclosure again sets no second one, nor do two at one moment.
//! - Nothing here changes what the asker is told.
//!
//! Source: the obligations of agreements; UK GDPR arts. 13 and 14 for telling the person.

use std::collections::BTreeMap;

use ken_agreement::Modality;
use ken_core::{ClauseId, Ctx, EntryId, OrganisationId, PersonId, PractitionerId, Sensitive};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Sql, Tx, timer, values};
use serde_json::json;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::decide::{Citation, Outcome};
use crate::emergency::working_days_after;
use crate::{Error, sql};

/// The kind of the timers that notice a missed duty; its handler is in the governance office.
pub const TIMER: timer::Kind = "sharing.duty";
/// Most duties that a list shows. House policy.
pub const LIST_MAX: i64 = 200;
/// How long one has to tell the person where the clause sets no deadline. House policy.
const TELL_WITHIN: &str = "5wd";

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// Say that it was received.
    Acknowledge,
    /// Tell the person, unless an exemption is recorded.
    Tell,
    /// Delete what was received.
    Delete,
    /// Review whether it is still needed.
    Review,
}

impl What {
    const ALL: [Self; 4] = [Self::Acknowledge, Self::Tell, Self::Delete, Self::Review];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Tell => "tell",
            Self::Delete => "delete",
            Self::Review => "review",
        }
    }

    fn of_code(code: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|what| what.code() == code).ok_or(Error::Corrupt("duty"))
    }

    /// What an obligation asks for, and within which span; none where nobody has to act by a day.
    #[must_use]
    pub fn of_obligation<'a>(
        obligation: &'a str,
        deadline: Option<&'a str>,
    ) -> Option<(Self, &'a str)> {
        let (word, span) = obligation.split_once(':').unwrap_or((obligation, ""));
        let what = match word {
            "ack-within" => Self::Acknowledge,
            "tell-person-unless-exempt" | "tell-person" => Self::Tell,
            "review-within" => Self::Review,
            word if word.starts_with("delete-") => Self::Delete,
            _ => return None,
        };
        let span = match (span, what) {
            ("", Self::Tell) => deadline.unwrap_or(TELL_WITHIN),
            ("", _) => deadline?,
            (span, _) => span,
        };
        Some((what, span))
    }
}

/// When a span such as `1wd`, `24h` or `30d` has passed; none where it is not one.
#[must_use]
pub fn deadline(ctx: &Ctx<'_>, span: &str) -> Option<Timestamp> {
    let unit = span.trim_start_matches(|sign: char| sign.is_ascii_digit());
    let count: i32 = span.strip_suffix(unit)?.parse().ok().filter(|count| *count <= 3_660)?;
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    match unit {
        "h" => ctx.clock.now().checked_add(count.hours()).ok(),
        "d" => {
            ctx.clock.now().to_zoned(zone).checked_add(count.days()).ok().map(|at| at.timestamp())
        }
        "wd" => {
            let day = working_days_after(ctx.clock.today(), usize::try_from(count).ok()?);
            let end = day.saturating_add(1.day());
            end.to_zoned(zone).ok().map(|at| at.timestamp())
        }
        _ => None,
    }
}

/// A duty of an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// Its id.
    pub id: EntryId,
    /// Whom the disclosure was about; opaque, and shown nowhere.
    pub person: PersonId,
    /// Who has it.
    pub practitioner: PractitionerId,
    /// What is to be done.
    pub what: What,
    /// The clause that says so.
    pub clause: ClauseId,
    /// Whether the clause is itself a duty.
    pub is_must: bool,
    /// By when.
    pub due: Timestamp,
    /// When it was found missed.
    pub missed: Option<Timestamp>,
}

/// Sets the duties that a practitioner's permits bring with them.
pub(crate) async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (by, person): (&Acting, PersonId),
    outcomes: impl Iterator<Item = &Outcome>,
    entry: EntryId,
) -> Result<(), Error> {
    // In one order, whoever sends: two looks at one moment wait for each other, and not in a ring.
    let mut duties = BTreeMap::new();
    for outcome in outcomes {
        let Outcome::Permit(permitted) = outcome else { continue };
        for (clause, citation) in &permitted.citations {
            let is_must = i64::from(citation.modality == Modality::Must);
            for (what, due) in due(ctx, citation) {
                duties.entry((clause, what)).or_insert((is_must, due));
            }
        }
    }
    for ((clause, what), (is_must, due)) in duties {
        let id = EntryId::draw(ctx.ids);
        let of = values![
            person,
            id,
            &by.organisation,
            by.practitioner,
            entry,
            clause,
            what.code(),
            is_must,
            due,
            ctx.now_us()
        ];
        if tx.execute(sql::INSERT_DUTY, of).await? > 0 {
            timer::set(tx, TIMER, &id.to_string(), due, &person.to_string()).await?;
        }
    }
    Ok(())
}

fn due(ctx: &Ctx<'_>, citation: &Citation) -> Vec<(What, Timestamp)> {
    let within = citation.deadline.as_deref();
    let obligations = citation.obligations.iter();
    let duties = obligations.filter_map(|text| {
        let (what, span) = What::of_obligation(text, within)?;
        Some((what, deadline(ctx, span)?))
    });
    duties.collect()
}

/// The open duties of an organisation, the most urgent first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn open<R: Reads>(
    reads: &mut R,
    organisation: &OrganisationId,
) -> Result<Vec<Duty>, Error> {
    let rows = reads.list(sql::LIST_DUTIES, values![organisation, LIST_MAX], stored).await?;
    rows.into_iter().map(duty).collect()
}

/// A practitioner's own open duties in the organisation that they act for, the most urgent first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn own<R: Reads>(reads: &mut R, by: &Acting) -> Result<Vec<Duty>, Error> {
    let of = values![&by.organisation, by.practitioner, LIST_MAX];
    let rows = reads.list(sql::LIST_DUTIES_OF, of, stored).await?;
    rows.into_iter().map(duty).collect()
}

/// Most acknowledgements that are measured at once, the newest: each costs a few look-ups. House
/// policy.
pub const MEASURED_MAX: i64 = 250;

/// An acknowledgement that was asked for when something was opened, for whoever measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Whom it was about; opaque, and shown nowhere.
    pub person: PersonId,
    /// The clause that asks for it.
    pub clause: ClauseId,
    /// When it was opened.
    pub opened: Timestamp,
    /// When its receiver said that they have it.
    pub done: Option<Timestamp>,
    /// Whether that was not said in time.
    pub is_missed: bool,
}

/// The acknowledgements that an organisation was asked for since an instant, the newest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn acknowledgements<R: Reads>(
    reads: &mut R,
    organisation: &OrganisationId,
    since: Timestamp,
) -> Result<Vec<Acknowledgement>, Error> {
    let row = |row: &Row<'_>| {
        Ok(Acknowledgement {
            person: row.parse(0)?,
            clause: row.parse(1)?,
            opened: row.time(2)?,
            done: row.time_opt(3)?,
            is_missed: row.time_opt(4)?.is_some(),
        })
    };
    let of = values![organisation, What::Acknowledge.code(), since, MEASURED_MAX];
    Ok(reads.list(sql::LIST_ACKNOWLEDGEMENTS, of, row).await?)
}

/// A duty as it is stored, with what is to be done as its code.
type Stored = (Duty, String);

fn stored(row: &Row<'_>) -> Result<Stored, ken_store::Error> {
    let duty = Duty {
        id: row.parse(0)?,
        person: row.parse(1)?,
        practitioner: row.parse(2)?,
        what: What::Review,
        clause: row.parse(4)?,
        is_must: row.flag(5)?,
        due: row.time(6)?,
        missed: row.time_opt(7)?,
    };
    Ok((duty, row.text(3)?))
}

fn duty((duty, what): Stored) -> Result<Duty, Error> {
    Ok(Duty { what: What::of_code(&what)?, ..duty })
}

/// Says that a duty of one's own organisation is done, for governance; false where it is not open.
/// On the person's ledger, for a reviewer to release.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn done(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    duty: (PersonId, EntryId),
) -> Result<bool, Error> {
    close(db, ctx, keys, by, (duty, sql::CLOSE_DUTY, None)).await
}

/// Says that one's own duty is done; false where it is not open, or somebody else's. `exempt` is
/// why the person was not told, where telling was the duty and an exemption stands against it.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn fulfil(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (duty, exempt): ((PersonId, EntryId), Option<&Sensitive<String>>),
) -> Result<bool, Error> {
    close(db, ctx, keys, by, (duty, sql::CLOSE_OWN_DUTY, exempt)).await
}

/// Closes a duty by one of two statements.
async fn close(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (duty, statement, exempt): ((PersonId, EntryId), Sql, Option<&Sensitive<String>>),
) -> Result<bool, Error> {
    let (person, id) = duty;
    db.write("sharing.duty-done", async |tx| {
        let of = values![person, id, &by.organisation, by.practitioner, ctx.now_us()];
        let row = |row: &Row<'_>| row.text(0);
        let Some(what) = tx.find(statement, of, row).await? else { return Ok(false) };
        timer::cancel(tx, TIMER, &id.to_string()).await?;
        let exempt = exempt.filter(|_| what == What::Tell.code());
        let organisation = by.organisation.as_str();
        let by = by.practitioner.to_string();
        let detail = json!({ "duty": what, "done": true, "organisation": organisation, "by": by,
            "exempt": exempt.map(Sensitive::reveal) });
        let entry = NewEntry {
            stream: Stream::Person(person),
            kind: EntryKind::Duty,
            visibility: Visibility::AfterReview,
            detail,
        };
        ken_ledger::append(tx, ctx, keys, entry).await?;
        Ok(true)
    })
    .await
}

/// Marks the duty of a timer that has run out as missed, in the timer's own write, and enters it
/// on the ledger of whose duty it was.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn missed(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    lease: &timer::Lease,
) -> Result<(), Error> {
    let person: PersonId = lease.detail.parse().map_err(|_| Error::Corrupt("duty"))?;
    let id: EntryId = lease.key.parse().map_err(|_| Error::Corrupt("duty"))?;
    db.write("sharing.duty-missed", async |tx| {
        let row = |row: &Row<'_>| {
            Ok((row.parse::<OrganisationId>(0)?, row.text(1)?, row.text(2)?, row.flag(3)?))
        };
        let of = values![person, id, ctx.now_us()];
        if let Some((owner, what, clause, is_must)) = tx.find(sql::MISS_DUTY, of, row).await? {
            let entry = NewEntry {
                stream: Stream::Organisation(owner),
                kind: EntryKind::Duty,
                visibility: Visibility::Never,
                detail: json!({ "duty": what, "missed": true, "clause": clause, "must": is_must,
                    "id": id.to_string() }),
            };
            ken_ledger::append(tx, ctx, keys, entry).await?;
        }
        Ok(lease.done(tx).await?)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_obligation_says_what_and_by_when() {
        let check = |text, deadline, want| assert_eq!(What::of_obligation(text, deadline), want);
        check("ack-within:1wd", None, Some((What::Acknowledge, "1wd")));
        check("tell-person-unless-exempt", Some("1wd"), Some((What::Tell, "1wd")));
        check("tell-person-unless-exempt", None, Some((What::Tell, "5wd")));
        check("delete-if-declined:30d", None, Some((What::Delete, "30d")));
        check("review-within:2wd", None, Some((What::Review, "2wd")));
        for standing in ["label:restricted", "no-onward-sharing", "expires:24h", "ack-within"] {
            check(standing, None, None);
        }
    }
}
