//! The review of an emergency access: somebody else looks at it, and the person reads what they
//! found.
//!
//! # Invariants
//!
//! - Nobody reviews their own access, nor one that they agreed to, nor one on themselves, family or
//!   a former partner, of which they read nothing.
//! - The Caldicott Guardian reviews what no officer of the organisation may, and nothing else.
//! - The review releases what was kept back until then (`after-review`): who opened the record, who
//!   agreed to it, and the reason. An entry never changes, so the review's own entry carries it.
//! - The reason stays back where the reviewer says that reading it could do harm; the rest never.
//!
//! Source: `core.md` 2.8; house policy for the reason.

use jiff::Timestamp;
use ken_core::{Ctx, EntryId, PersonId, PractitionerId};
use ken_directory::{Acting, practitioner};
use ken_ledger::{EntryKind, NewEntry, Stream};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Snapshot, values};
use serde_json::{Map, Value, json};

use crate::relationship::LIST_MAX;
use crate::sql::emergency as sql;
use crate::{Error, fact};

/// How the roles begin that open the governance office.
pub const OFFICERS: &str = "ig.";
/// The role of the Caldicott Guardian, who is no officer.
pub const GUARDIAN: &str = "ig.guardian";

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

impl Unreviewed {
    /// Whether a practitioner opened it, or agreed to it.
    #[must_use]
    pub fn is_of(&self, practitioner: PractitionerId) -> bool {
        self.practitioner == practitioner || self.second == Some(practitioner)
    }
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

/// Emergency accesses of a reader's organisation that nobody has looked at, the most urgent first:
/// for an officer those on nobody near them, for the Guardian those that no officer may review.
///
/// # Errors
///
/// Whatever the store or the directory says.
pub async fn unreviewed(db: &Db, ctx: &Ctx<'_>, by: &Acting) -> Result<Vec<Unreviewed>, Error> {
    let list = async |s: &mut Snapshot| {
        let mut theirs = vec![];
        for one in s.list(sql::LIST_UNREVIEWED, values![&by.organisation, LIST_MAX], row).await? {
            if may_read(s, ctx, by, &one).await? {
                theirs.push(one);
            }
        }
        Ok(theirs)
    };
    db.snapshot("sharing.unreviewed", list).await
}

fn row(row: &Row<'_>) -> ken_store::Result<Unreviewed> {
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
}

/// Whether an access stands in somebody's list. An officer's own does, as one for another.
async fn may_read<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    one: &Unreviewed,
) -> Result<bool, Error> {
    if fact::is_near(reads, ctx, by.practitioner, one.person).await? {
        return Ok(false);
    }
    if by.role.as_str() != GUARDIAN {
        return Ok(true);
    }
    let of = (&by.organisation, (OFFICERS, GUARDIAN));
    for officer in practitioner::in_role(reads, ctx, of).await? {
        if !one.is_of(officer) && !fact::is_near(reads, ctx, officer, one.person).await? {
            return Ok(false);
        }
    }
    Ok(!one.is_of(by.practitioner))
}

/// Closes the review, and releases to the person what waited for it. False where none waits for
/// this reviewer: see [`unreviewed`], and whoever opened it or agreed to it never.
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
    let read = async |s: &mut Snapshot| released(s, ctx, keys, (by, (person, id))).await;
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

/// What the person may read once it was checked; none where nothing waits for this reviewer.
async fn released<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (by, (person, id)): (&Acting, (PersonId, EntryId)),
) -> Result<Option<Map<String, Value>>, Error> {
    let of = values![person, id, &by.organisation];
    let found = reads.find(sql::FIND_UNREVIEWED, of, |of| Ok((row(of)?, of.text(8)?))).await?;
    let Some((one, role)) = found else { return Ok(None) };
    if one.is_of(by.practitioner) || !may_read(reads, ctx, by, &one).await? {
        return Ok(None);
    }
    let opened = ken_ledger::entry(reads, keys, &Stream::Person(person), one.entry).await?;
    let reason = opened.and_then(|opened| opened.detail?.get("reason").cloned());
    let fields = [
        ("organisation", json!(by.organisation.as_str())),
        ("role", json!(role)),
        ("practitioner", json!(one.practitioner.to_string())),
        ("second", json!(one.second.map(|second| second.to_string()))),
        ("from", json!(one.from.to_string())),
        ("reason", json!(reason)),
    ];
    Ok(Some(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}
