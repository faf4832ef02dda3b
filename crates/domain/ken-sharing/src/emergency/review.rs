//! The review of an emergency access: somebody else looks at it, and the person reads what they
//! found.
//!
//! # Invariants
//!
//! - Nobody reviews their own access, nor one that they agreed to, nor one on themselves, family or
//!   a former partner, of which they read nothing.
//! - Each access waits with somebody who may review it, as long as there is anybody (`reviewers`).
//! - What is found not to be right ends with the finding, and no permit of it is good any longer.
//! - A review that is not made in time stays in that list, late, and stands on the ledger of the
//!   organisation whose access it was.
//! - The review releases what was kept back until then (`after-review`): who opened the record, who
//!   agreed to it, and the reason. An entry never changes, so the review's own entry carries it.
//! - The reason stays back where the reviewer says that reading it could do harm; the rest never.
//!
//! Source: `core.md` 2.8; house policy for the reason.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ken_core::{Ctx, EntryId, OrganisationId, PersonId, PractitionerId};
use ken_directory::Acting;
use ken_directory::partnership::{self, Partnership};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Snapshot, timer, values};
use serde_json::{Map, Value, json};

use crate::relationship::LIST_MAX;
use crate::reviewers::{Matter, Seats, looks_after, may_read};
use crate::sql::emergency as sql;
use crate::{Error, fact};

/// The kind of the timers that notice a missed review; its handler is in the governance office.
pub const TIMER: timer::Kind = "sharing.review";
/// Most accesses of one organisation that are looked at for a list. House policy: far more than
/// wait anywhere; what is due first is looked at first.
const LOOKED_AT_MAX: usize = 2_000;
/// The same of all whom one looks after. House policy: as much as ten such organisations have.
const LOOKED_AT_ALL: usize = 10 * LOOKED_AT_MAX;

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
    /// In which role it was opened.
    pub role: String,
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
    /// It was not: it ends at once, and the breach procedure begins.
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

/// What waits for a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// At most [`LIST_MAX`] of it, the most urgent first.
    pub first: Vec<Unreviewed>,
    /// Whether there is more than these, or may be.
    pub is_more: bool,
}

/// Emergency accesses that wait for a reader, the most urgent first: for an officer those of their
/// organisation on nobody near them, for the Guardian those that no officer may review, and for
/// whoever leads a partnership above those that nobody there may. Where there is no room for all,
/// of each organisation the first are taken, then of each the second, and so on: what is of one
/// hides nothing that is of another.
///
/// # Errors
///
/// Whatever the store or the directory says.
pub async fn unreviewed(db: &Db, ctx: &Ctx<'_>, by: &Acting) -> Result<Waiting, Error> {
    let tree = async |s: &mut Snapshot| Ok::<_, Error>(partnership::list(s).await?);
    let all = db.snapshot("sharing.unreviewed-tree", tree).await?;
    let (mut ranked, mut is_more) = (vec![], false);
    let (mut left, mut seats) = (LOOKED_AT_ALL, Seats::default());
    // One's own first, which takes a tenth at most: no number of members leaves none for it.
    for organisation in looks_after(&all, &by.organisation) {
        let (most, is_own) = (LOOKED_AT_MAX.min(left), organisation == by.organisation);
        let of = (&organisation, most);
        let (found, seen, is_whole) = of_one(db, ctx, (by, &all), &mut seats, of).await?;
        left = left.saturating_sub(seen);
        is_more |= !is_whole;
        ranked.extend(found.into_iter().enumerate().map(|(rank, one)| (rank, is_own, one)));
    }
    ranked.sort_by_key(|(rank, is_own, one)| (*rank, *is_own, one.review_due, one.id));
    is_more |= ranked.len() > usize_of(LIST_MAX);
    let first = ranked.into_iter().take(usize_of(LIST_MAX)).map(|(.., one)| one);
    let mut first: Vec<_> = first.collect();
    first.sort_by_key(|one| (one.review_due, one.id));
    Ok(Waiting { first, is_more })
}

/// What waits of one organisation, how many were looked at for it, at most so many and a page, and
/// whether that was all.
async fn of_one(
    db: &Db,
    ctx: &Ctx<'_>,
    (by, all): (&Acting, &[Partnership]),
    seats: &mut Seats,
    (organisation, most): (&OrganisationId, usize),
) -> Result<(Vec<Unreviewed>, usize, bool), Error> {
    let (mut after, mut found, mut seen) = ((Timestamp::MIN, String::new()), vec![], 0);
    // What is filtered is read on from: no number of others hides the reader's own.
    while seen < most && found.len() <= usize_of(LIST_MAX) {
        // A page is a picture of its own: thousands are no work for one.
        let read = async |s: &mut Snapshot| {
            let page = page(s, organisation, &after).await?;
            let mut readable = vec![];
            for one in &page {
                if may_read(s, ctx, (by, all), &mut *seats, &matter(one)).await? {
                    readable.push(one.clone());
                }
            }
            let last = page.last().map(|last| (last.review_due, last.id.to_string()));
            Ok::<_, Error>((last, page.len(), readable))
        };
        let (last, many, readable) = db.snapshot("sharing.unreviewed", read).await?;
        found.extend(readable);
        let Some(last) = last else { return Ok((found, seen, true)) };
        (after, seen) = (last, seen.saturating_add(many));
    }
    Ok((found, seen, false))
}

/// Accesses of one organisation that nobody has reviewed, after one of them.
async fn page(
    s: &mut Snapshot,
    organisation: &OrganisationId,
    (due, id): &(Timestamp, String),
) -> Result<Vec<Unreviewed>, Error> {
    let of = values![organisation, *due, id.as_str(), LIST_MAX];
    let mut page = s.list(sql::LIST_UNREVIEWED, of, row).await?;
    let Some(last) = page.last() else { return Ok(page) };
    let of = values![organisation, *due, id.as_str(), last.review_due, last.id];
    let agreed = s.list(sql::LIST_AGREED_OF, of, |row| Ok((row.parse(0)?, row.parse(1)?))).await?;
    let mut of: BTreeMap<EntryId, BTreeSet<PractitionerId>> = BTreeMap::new();
    for (access, who) in agreed {
        of.entry(access).or_default().insert(who);
    }
    for one in &mut page {
        one.agreed = of.remove(&one.id).unwrap_or_default();
    }
    Ok(page)
}

/// One access that waits for this reader, though the list has no room for it. Whoever opened it or
/// agreed to it may read it here, and not review it.
///
/// # Errors
///
/// As [`unreviewed`].
pub async fn find_unreviewed<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    (person, id): (PersonId, EntryId),
) -> Result<Option<Unreviewed>, Error> {
    let Some(mut one) = reads.find(sql::FIND_UNREVIEWED, values![person, id], row).await? else {
        return Ok(None);
    };
    one.agreed = agreed(reads, (person, id)).await?;
    let all = partnership::list(reads).await?;
    let may = may_read(reads, ctx, (by, &all), &mut Seats::default(), &matter(&one)).await?;
    Ok(may.then_some(one))
}

/// An access as those in turn are asked about it: nobody looks at their own.
fn matter(one: &Unreviewed) -> Matter<'_, impl Fn(PractitionerId) -> bool> {
    let is_of = |who| one.is_of(who);
    Matter { organisation: &one.organisation, person: one.person, is_of }
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
        role: row.text(9)?,
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
    // Before the guard: taking it would give one to any id that somebody makes up.
    let waits = async |s: &mut Snapshot| reviewable(s, ctx, by, (person, id)).await;
    if db.snapshot("sharing.to-review", waits).await?.is_none() {
        return Ok(false);
    }
    let outcome = finding.outcome.as_str();
    db.write("sharing.review-emergency", async |tx| {
        // Whoever agrees to it meanwhile waits, or is read here: the person reads every name.
        let guard = tx.lock_people(&BTreeSet::from([person])).await?;
        let Some(one) = reviewable(tx, ctx, by, (person, id)).await? else { return Ok(false) };
        let mut released = released(tx, keys, &one).await?;
        if !finding.shows_reason {
            released.remove("reason");
        }
        let ends = finding.outcome == ReviewOutcome::NotJustified;
        let of = values![person, id, by.practitioner, ctx.now_us(), outcome, i64::from(ends)];
        if tx.execute(sql::REVIEW_EMERGENCY, of).await? == 0 {
            return Ok(false);
        }
        if ends {
            guard.bump(tx).await?;
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

/// One that waits for this reviewer, and is not their own.
async fn reviewable<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    by: &Acting,
    which: (PersonId, EntryId),
) -> Result<Option<Unreviewed>, Error> {
    let found = find_unreviewed(reads, ctx, by, which).await?;
    Ok(found.filter(|one| !one.is_of(by.practitioner)))
}

/// What the person may read once it was checked.
async fn released<R: Reads>(
    reads: &mut R,
    keys: &KeyRing,
    one: &Unreviewed,
) -> Result<Map<String, Value>, Error> {
    let opened = ken_ledger::entry(reads, keys, &Stream::Person(one.person), one.entry).await?;
    let reason = opened.and_then(|opened| opened.detail?.get("reason").cloned());
    let fields = [
        ("organisation", json!(one.organisation.as_str())),
        ("role", json!(one.role)),
        ("practitioner", json!(one.practitioner.to_string())),
        ("second", json!(one.second.map(|second| second.to_string()))),
        ("agreed", json!(one.agreed.iter().map(ToString::to_string).collect::<Vec<_>>())),
        ("from", json!(one.from.to_string())),
        ("reason", json!(reason)),
    ];
    Ok(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
