//! What was disclosed, item by item.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_care::words::Words;
use ken_core::{Category, ClauseId, OrganisationId, PersonId};
use ken_fhir::Resource;
use ken_records::{Item, Point, Seen, Status, Visible};

/// One disclosed item, read as FHIR.
#[derive(Debug)]
pub(crate) struct Held {
    /// Under which id of the person it lies.
    pub(crate) person: PersonId,
    /// Its kind of information.
    pub(crate) category: Category,
    /// Whose record it is.
    pub(crate) source: OrganisationId,
    /// Which version of it; none, which is 0, where its source told it when it was asked.
    pub(crate) version: i64,
    /// When it was filed.
    pub(crate) filed: Timestamp,
    /// Its point in the order of what has happened.
    pub(crate) point: Point,
    /// Whether it is an event of the part that is shown; what only stands is not.
    pub(crate) is_of_part: bool,
    pub(super) status: Status,
    pub(super) clauses: BTreeSet<ClauseId>,
    pub(super) event: Option<Timestamp>,
    pub(crate) resource: Resource,
    /// That it was disclosed; none where its source told it when it was asked.
    pub(crate) seen: Option<Seen>,
    /// What the person says of it, the oldest first.
    pub(crate) words: Vec<Words>,
}

/// Reads items that were disclosed of one id; one that is no resource is left out.
pub(crate) fn read(person: PersonId, items: Vec<Item>) -> Vec<Held> {
    let held = |item: Item| {
        let point = item.point();
        Some(Held {
            person,
            category: item.category,
            source: item.source,
            version: item.version,
            filed: item.filed,
            point,
            is_of_part: item.is_of_part,
            status: item.status,
            clauses: item.clauses,
            event: item.event,
            resource: Resource::of(item.body).ok()?,
            seen: item.seen,
            words: vec![],
        })
    };
    items.into_iter().filter_map(held).collect()
}

/// Reads what a source answered of one id when it was asked at that moment.
pub(crate) fn answered(
    person: PersonId,
    (source, at): (&OrganisationId, Timestamp),
    visible: Vec<Visible>,
) -> Vec<Held> {
    let held = |one: Visible| {
        Some(Held {
            person,
            category: one.category,
            source: source.clone(),
            version: 0,
            filed: at,
            point: Point::at(at),
            is_of_part: true,
            status: Status::Current,
            clauses: one.clauses,
            event: None,
            resource: Resource::of(one.body).ok()?,
            // It is kept nowhere, so nothing stands beside it.
            seen: None,
            words: vec![],
        })
    };
    visible.into_iter().filter_map(held).collect()
}

impl Held {
    /// Whether it holds.
    pub(crate) fn stands(&self) -> bool {
        self.status == Status::Current
    }

    /// Whether it was entered in error.
    pub(crate) fn is_error(&self) -> bool {
        self.status == Status::EnteredInError
    }
}
