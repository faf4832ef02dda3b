//! The review of an emergency access: somebody else looks at it, and the person reads what they
//! found.
//!
//! # Invariants
//!
//! - Nobody reviews their own access, nor one that they agreed to.
//! - The review releases what was kept back until then (`after-review`): who opened the record, who
//!   agreed to it, and the reason. An entry never changes, so the review's own entry carries it.
//! - The reason stays back where the reviewer says that reading it could do harm; the rest never.
//!
//! Source: `core.md` 2.8; house policy for the reason.

use jiff::Timestamp;
use ken_core::{Ctx, EntryId, OrganisationId, PersonId, PractitionerId};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Snapshot, values};
use serde_json::{Map, Value, json};

use crate::relationship::LIST_MAX;
use crate::{Error, fact, sql};

/// One that waits for its review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreviewed {
    /// Whom it was about.
    pub person: PersonId,
    /// Its id.
    pub id: EntryId,
    /// Who opened it.
    pub practitioner: PractitionerId,
    /// The colleague who agreed to it beforehand.
    pub second: Option<PractitionerId>,
    /// The ledger entry that holds the reason.
    pub entry: EntryId,
    /// When it was opened.
    pub from: Timestamp,
    /// When it closed or closes.
    pub until: Timestamp,
    /// By when somebody else must have looked.
    pub review_due: Timestamp,
}

/// What a review found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewOutcome {
    /// The access was right.
    Justified,
    /// It was not; the breach procedure begins.
    NotJustified,
}

impl ReviewOutcome {
    /// The outcome as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Justified => "justified",
            Self::NotJustified => "not-justified",
        }
    }
}

/// What the reviewer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// What they found.
    pub outcome: ReviewOutcome,
    /// Whether the person may read the reason in the practitioner's words.
    pub shows_reason: bool,
}

/// Emergency accesses of an organisation that nobody has looked at, the most urgent first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn unreviewed(db: &Db, organisation: &OrganisationId) -> Result<Vec<Unreviewed>, Error> {
    let read = |row: &Row<'_>| {
        Ok(Unreviewed {
            person: row.parse(0)?,
            id: row.parse(1)?,
            practitioner: row.parse(2)?,
            second: row.parse_opt(3)?,
            entry: row.parse(4)?,
            from: row.time(5)?,
            until: row.time(6)?,
            review_due: row.time(7)?,
        })
    };
    db.snapshot("sharing.unreviewed", async |s| {
        Ok(s.list(sql::LIST_UNREVIEWED, values![organisation, LIST_MAX], read).await?)
    })
    .await
}

/// Closes the review, and releases to the person what waited for it. False where none waits, or
/// the reviewer opened it, or agreed to it.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn review(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (person, id): (PersonId, EntryId),
    finding: Finding,
) -> Result<bool, Error> {
    let read = async |s: &mut Snapshot| released(s, keys, by, (person, id)).await;
    let Some(mut released) = db.snapshot("sharing.to-review", read).await? else {
        return Ok(false);
    };
    if !finding.shows_reason {
        released.remove("reason");
    }
    let outcome = finding.outcome.as_str();
    db.write("sharing.review-emergency", async |tx| {
        let of = values![person, id, by.practitioner, ctx.now_us(), outcome, &by.organisation];
        if tx.execute(sql::REVIEW_EMERGENCY, of).await? == 0 {
            return Ok(false);
        }
        let entry = NewEntry {
            stream: Stream::Person(person),
            kind: EntryKind::EmergencyReview,
            visibility: fact::shown_at(tx, ctx, person).await?,
            detail: json!({
                "organisation": by.organisation.as_str(),
                "role": by.role.as_str(),
                "practitioner": by.practitioner.to_string(),
                "access": id.to_string(),
                "outcome": outcome,
                "released": released,
            }),
        };
        ken_ledger::append(tx, ctx, keys, entry).await?;
        Ok(true)
    })
    .await
}

/// What the person may read once it was checked; none where nothing waits for a review.
async fn released<R: Reads>(
    reads: &mut R,
    keys: &KeyRing,
    by: &Acting,
    (person, id): (PersonId, EntryId),
) -> Result<Option<Map<String, Value>>, Error> {
    let read = |row: &Row<'_>| {
        let of: (EntryId, PractitionerId) = (row.parse(0)?, row.parse(2)?);
        Ok((of, row.text(1)?, row.text_opt(3)?, row.time(4)?))
    };
    let of = values![person, id, &by.organisation];
    let Some(found) = reads.find(sql::FIND_UNREVIEWED, of, read).await? else { return Ok(None) };
    let ((entry, practitioner), role, second, from) = found;
    let opened = ken_ledger::entry(reads, keys, &Stream::Person(person), entry).await?;
    let reason = opened.and_then(|opened| opened.detail?.get("reason").cloned());
    let fields = [
        ("organisation", json!(by.organisation.as_str())),
        ("role", json!(role)),
        ("practitioner", json!(practitioner.to_string())),
        ("second", json!(second)),
        ("from", json!(from.to_string())),
        ("reason", json!(reason)),
    ];
    Ok(Some(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}
