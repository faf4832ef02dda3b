//! The review of an emergency access: somebody else looks at it, and the person reads what they
//! found.
//!
//! # Invariants
//!
//! - Nobody reviews their own access, nor one that they agreed to, nor one on themselves, family or
//!   a former partner, of which they read nothing.
//! - Each access waits with somebody who may review it, as long as there is anybody (`reviewers`).
//! - A review that is not made in time stays in that list, late, and stands on the ledger of the
//!   organisation whose access it was.
//! - The review releases what was kept back until then (`after-review`): who opened the record, who
//!   agreed to it, and the reason. An entry never changes, so the review's own entry carries it.
//! - The reason stays back where the reviewer says that reading it could do harm; the rest never.
//!
//! Source: `core.md` 2.8; house policy for the reason.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, EntryId, OrganisationId, PersonId, PractitionerId};
use ken_directory::{Acting, partnership};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Snapshot, timer, values};
use serde_json::{Map, Value, json};

use super::reviewers::{looks_after, may_read};
use crate::relationship::LIST_MAX;
use crate::sql::emergency as sql;
use crate::{Error, fact};

/// The kind of the timers that notice a missed review; its handler is in the governance office.
pub const TIMER: timer::Kind = "sharing.review";
/// Most accesses that are looked at for one list. House policy: far more than wait anywhere; what
/// is due first is looked at first.
const LOOKED_AT_MAX: usize = 2_000;

/// One that waits for its review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreviewed {
    /// Whom it was about.
    pub person: PersonId,
    /// Its id.
    pub id: EntryId,
    /// Who opened it.
    pub practitioner: PractitionerId,
    /// Whose access it was.
    pub organisation: OrganisationId,
    /// The colleague who agreed to it beforehand.
    pub second: Option<PractitionerId>,
    /// Colleagues who agreed to it while it was open.
    pub agreed: BTreeSet<PractitionerId>,
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
        self.practitioner == practitioner
            || self.second == Some(practitioner)
            || self.agreed.contains(&practitioner)
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

/// Emergency accesses that wait for a reader, the most urgent first: for an officer those of their
/// organisation on nobody near them, for the Guardian those that no officer may review, and for
/// whoever leads a partnership above those that nobody there may.
///
/// # Errors
///
/// Whatever the store or the directory says.
pub async fn unreviewed(db: &Db, ctx: &Ctx<'_>, by: &Acting) -> Result<Vec<Unreviewed>, Error> {
    let list = async |s: &mut Snapshot| {
        let all = partnership::list(s).await?;
        let (most, mut theirs, mut left) = (usize_of(LIST_MAX), vec![], LOOKED_AT_MAX);
        for organisation in looks_after(&all, &by.organisation) {
            // What is filtered is read on from: no number of others hides the reader's own.
            let mut after = (Timestamp::MIN, String::new());
            while left > 0 && theirs.len() < most {
                let (due, id) = &after;
                let of = values![&organisation, *due, id.as_str(), LIST_MAX];
                let page = s.list(sql::LIST_UNREVIEWED, of, row).await?;
                let Some(last) = page.last() else { break };
                after = (last.review_due, last.id.to_string());
                left = left.saturating_sub(page.len());
                for mut one in page {
                    one.agreed = agreed(s, (one.person, one.id)).await?;
                    if may_read(s, ctx, (by, &all), &one).await? {
                        theirs.push(one);
                    }
                }
            }
        }
        theirs.sort_by_key(|one| (one.review_due, one.id));
        theirs.truncate(most);
        Ok(theirs)
    };
    db.snapshot("sharing.unreviewed", list).await
}

fn usize_of(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn row(row: &Row<'_>) -> ken_store::Result<Unreviewed> {
    Ok(Unreviewed {
        person: row.parse(0)?,
        id: row.parse(1)?,
        practitioner: row.parse(2)?,
        organisation: row.parse(8)?,
        second: row.parse_opt(3)?,
        agreed: BTreeSet::new(),
        entry: row.parse(4)?,
        from: row.time(5)?,
        until: row.time(6)?,
        review_due: row.time(7)?,
    })
}

async fn agreed<R: Reads>(
    reads: &mut R,
    (person, access): (PersonId, EntryId),
) -> Result<BTreeSet<PractitionerId>, Error> {
    let of = values![person, access];
    let agreed = reads.list(sql::LIST_AGREED, of, |row| row.parse(0)).await?;
    Ok(agreed.into_iter().collect())
}

/// Marks a review that nobody made in time, in the timer's own write, and enters it on the ledger
/// of the organisation whose access it was. It names nobody.
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
    let person: PersonId = lease.detail.parse().map_err(|_| Error::Corrupt("review"))?;
    let id: EntryId = lease.key.parse().map_err(|_| Error::Corrupt("review"))?;
    db.write("sharing.review-missed", async |tx| {
        let of = values![person, id, ctx.now_us()];
        let own = tx.find(sql::MISS_REVIEW, of, |row| row.parse::<OrganisationId>(0)).await?;
        if let Some(own) = own {
            let entry = NewEntry {
                stream: Stream::Organisation(own),
                kind: EntryKind::EmergencyReview,
                visibility: Visibility::Never,
                detail: json!({ "access": id.to_string(), "missed": true }),
            };
            ken_ledger::append(tx, ctx, keys, entry).await?;
        }
        Ok(lease.done(tx).await?)
    })
    .await
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
        let of = values![person, id, by.practitioner, ctx.now_us(), outcome];
        if tx.execute(sql::REVIEW_EMERGENCY, of).await? == 0 {
            return Ok(false);
        }
        timer::cancel(tx, TIMER, &id.to_string()).await?;
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
    let of = values![person, id];
    let found = reads.find(sql::FIND_UNREVIEWED, of, |of| Ok((row(of)?, of.text(9)?))).await?;
    let Some((mut one, role)) = found else { return Ok(None) };
    one.agreed = agreed(reads, (person, id)).await?;
    let all = partnership::list(reads).await?;
    if one.is_of(by.practitioner) || !may_read(reads, ctx, (by, &all), &one).await? {
        return Ok(None);
    }
    let opened = ken_ledger::entry(reads, keys, &Stream::Person(person), one.entry).await?;
    let reason = opened.and_then(|opened| opened.detail?.get("reason").cloned());
    let fields = [
        ("organisation", json!(one.organisation.as_str())),
        ("role", json!(role)),
        ("practitioner", json!(one.practitioner.to_string())),
        ("second", json!(one.second.map(|second| second.to_string()))),
        ("agreed", json!(one.agreed.iter().map(ToString::to_string).collect::<Vec<_>>())),
        ("from", json!(one.from.to_string())),
        ("reason", json!(reason)),
    ];
    Ok(Some(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}
