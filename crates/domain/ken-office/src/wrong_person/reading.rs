//! Reading from the ledger what was shown of one id while it stood for another, and to whom.
//!
//! # Invariants
//!
//! - What was shown is what was held at that time, and what its marks let out of it: a body is told
//!   of no kind of information that it never saw.
//! - An entry that cannot be read leaves the rest to be read, and the list says so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use ken_core::PersonId;
use ken_ledger::{Entry, EntryKind, PAGE_MAX, Placed, person_stream};
use ken_records::{HeldTimes, Under, held_times};
use ken_sharing::bundle::Bundle;
use ken_sharing::gate::{Given, given, shown};
use ken_sharing::linker::IDENTITY_REVIEW;
use ken_sharing::{RowClass, class, instrument};
use ken_store::keys::KeyRing;
use ken_store::{Db, Snapshot};
use serde_json::Value;

use super::rule::Kinds;
use crate::Error;

/// Most pages of one id's stream that are read; of a longer one the newest, and the list says so.
/// House policy: two hundred thousand entries.
const PAGES_MAX: usize = 1_000;
/// How far entries may stand from the order of time.
const DISORDER: SignedDuration = SignedDuration::from_hours(2);
/// By how much the clocks of two nodes may differ: what was seen so shortly before the two were one
/// or after they were two is asked back too. House policy: far more than time services leave.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// While the two were one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    from: Timestamp,
    until: Timestamp,
}

impl Window {
    /// From one instant up to another, whichever node's clock told them.
    pub(super) fn of(from: Timestamp, until: Timestamp) -> Self {
        Self {
            from: from.saturating_sub(SKEW).unwrap_or(Timestamp::MIN),
            until: until.saturating_add(SKEW).unwrap_or(Timestamp::MAX),
        }
    }

    fn has(&self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// What was held about some people, and when: each kind with its marks.
#[derive(Debug)]
pub(super) struct Held {
    classes: BTreeMap<String, RowClass>,
    times: HeldTimes,
}

impl Held {
    /// What was held about one id.
    pub(super) async fn of(db: &Db, person: PersonId) -> Result<Self, Error> {
        let read = async |s: &mut Snapshot| {
            let times = held_times(s, person).await?;
            let ids: BTreeSet<_> = times.classes().map(str::to_owned).collect();
            let mut classes = BTreeMap::new();
            for id in ids {
                if let Some(class) = class::find(s, &id).await? {
                    classes.insert(id, class);
                }
            }
            Ok(Self { classes, times })
        };
        db.snapshot("office.wrong-person-held", read).await
    }

    /// Whether all of it was read.
    pub(super) fn is_whole(&self) -> bool {
        self.times.is_whole
    }
}

/// One look at one id.
#[derive(Debug)]
pub(super) struct Look<'a> {
    pub(super) at: Timestamp,
    pub(super) given: Given,
    detail: &'a Value,
    under: &'a Bundle,
}

impl Look<'_> {
    /// What it showed of what was held then, under one number or any; none where that cannot be
    /// said. What whoever looked had of their own is not told.
    pub(super) fn kinds(&self, held: &Held, number: Option<&Under>) -> Option<Kinds> {
        let then = held.times.at(self.at);
        let then = then.filter(|(_, under)| number.is_none_or(|number| number == *under));
        let rows = then.filter_map(|(class, _)| held.classes.get(class));
        let rows = rows.filter(|row| row.source != self.given.to).cloned().collect();
        let shown = shown(self.detail, self.under, rows).ok()?;
        Some(shown.into_iter().map(|row| (row.source, row.category)).collect())
    }
}

/// The policies, by which what was marked is told from what was not.
pub(super) async fn policies(db: &Db, ctx: &ken_core::Ctx<'_>) -> Result<Bundle, Error> {
    let read = async |s: &mut Snapshot| instrument::load_around(s, ctx).await;
    let all = db.snapshot("office.wrong-person-policies", read).await?;
    Ok(Bundle::compile_in_force(None, all.instruments, &all.unread)?)
}

/// Gives every look at one id in a window that `take` is to know of. False where something of the
/// stream could not be read, or `take` says so.
pub(super) async fn looks(
    (db, keys): (&Db, &KeyRing),
    under: &Bundle,
    (person, window): (PersonId, Window),
    take: &mut (dyn FnMut(&Look<'_>) -> bool + Send),
) -> Result<bool, Error> {
    let begin = window.from.saturating_sub(DISORDER).unwrap_or(Timestamp::MIN);
    let (mut is_whole, mut last) = (true, None::<Placed>);
    for _ in 0..PAGES_MAX {
        let after = last.as_ref();
        let read = async |s: &mut Snapshot| person_stream(s, keys, person, after).await;
        let mut page = db.snapshot("office.wrong-person-read", read).await?;
        let is_last = page.len() < usize::try_from(PAGE_MAX).unwrap_or(usize::MAX);
        let mut is_before = false;
        for placed in &page {
            let Some(entry) = &placed.entry else {
                is_whole = false;
                continue;
            };
            is_before |= entry.at < begin;
            is_whole &= one(entry, under, window, take);
        }
        if is_last || is_before {
            return Ok(is_whole);
        }
        last = page.pop();
    }
    Ok(false)
}

/// Takes one entry. False where it is a look that cannot be told.
fn one(
    entry: &Entry,
    under: &Bundle,
    window: Window,
    take: &mut (dyn FnMut(&Look<'_>) -> bool + Send),
) -> bool {
    if entry.kind != EntryKind::Permit || !window.has(entry.at) {
        return true;
    }
    let Some(detail) = &entry.detail else { return false };
    // Who compared the two records saw both as two.
    if detail.get("purpose").and_then(Value::as_str) == Some(IDENTITY_REVIEW) {
        return true;
    }
    // What was given is asked of what was held; the clauses' fields are not.
    let Some(given) = given(detail, under, &|_, _, _, _| false) else { return false };
    take(&Look { at: entry.at, given, detail, under })
}
