//! Disclosing: the one way out. A permit goes in, and is gone; the permitted part comes out.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{
    Category, ClauseId, Ctx, EntryId, FieldName, MessageId, OrganisationId, PersonId, ResourceId,
};
use ken_sharing::{Granted, Permit};
use ken_store::Db;
use ken_store::keys::{KeyId, KeyRing};

use crate::dictionary::{shows_all, visible_part};
use crate::file::associated;
use crate::part::{self, Found, Part, Point};
use crate::{Error, Grants, Masked, Sealed, Seen, Status, versions};

/// Most rows that are read for one part. Where more stands whatever has happened,
/// [`Disclosed::is_whole`] says so; events that are left are in an earlier part.
pub const ITEMS_MAX: usize = 2_000;

/// Most bytes of one part's events, as they are shown, and as much again of what stands, as it is
/// sealed. House policy: a page in memory; a single item is never longer.
pub const PART_BYTES_MAX: usize = 8 << 20;

/// What one or more permits disclosed about one person.
#[derive(Debug)]
pub struct Disclosed {
    /// Whom it is about.
    pub person: PersonId,
    /// The items, the newest event first.
    pub items: Vec<Item>,
    /// The ledger entries under which they left.
    pub entries: Vec<EntryId>,
    /// False when more stands than [`ITEMS_MAX`] or [`PART_BYTES_MAX`]; the longest are left out.
    pub is_whole: bool,
    /// Where this part ends and more begins, in its order; none where it is the last.
    pub next: Option<Point>,
}

/// One disclosed item: the visible part of a resource.
pub struct Item {
    /// The item.
    pub resource: ResourceId,
    /// Its version.
    pub version: i64,
    /// Its FHIR type.
    pub kind: String,
    /// Its kind of information.
    pub category: Category,
    /// Whose record it is.
    pub source: OrganisationId,
    /// When it happened.
    pub event: Option<Timestamp>,
    /// When it was filed here.
    pub filed: Timestamp,
    /// The message that brought this version.
    pub message: MessageId,
    /// Whether it holds; what does not is shown only as such.
    pub status: Status,
    /// The clauses under which its fields are shown.
    pub clauses: BTreeSet<ClauseId>,
    /// The visible part.
    pub body: serde_json::Value,
    /// Whether it is an event of the part that was asked for; what only stands is not.
    pub is_of_part: bool,
    /// That it was disclosed, for whoever shows what stands beside it.
    pub seen: Option<Seen>,
}

impl Item {
    /// Its point in the order of what has happened.
    #[must_use]
    pub fn point(&self) -> Point {
        Point::new(self.event, self.resource)
    }
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Item({} {} of {})", self.resource, self.category, self.source)
    }
}

/// Discloses what the permits cover, all of them about one person; they are spent by it. Of what
/// has happened that is the newest part.
///
/// Without a permit there is nothing to call it with, and after it the permit is gone:
///
/// ```compile_fail,E0382
/// # use ken_sharing::Permit;
/// # use {ken_core::Ctx, ken_store::{Db, keys::KeyRing}};
/// # async fn f(db: &Db, ctx: &Ctx<'_>, keys: &KeyRing, permit: Permit) {
/// let one = ken_records::disclose(db, ctx, keys, vec![permit]).await;
/// let two = permit.entry();
/// # }
/// ```
/// ```
/// # use ken_sharing::Permit;
/// # use {ken_core::Ctx, ken_store::{Db, keys::KeyRing}};
/// # async fn f(db: &Db, ctx: &Ctx<'_>, keys: &KeyRing, permit: Permit) {
/// let two = permit.entry();
/// let one = ken_records::disclose(db, ctx, keys, vec![permit]).await;
/// # }
/// ```
///
/// # Errors
///
/// [`Error::Stale`] when the person's sharing facts have changed since the permits were given, or
/// their life is over; whatever the store or the key ring says.
pub async fn disclose(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    permits: Vec<Permit>,
) -> Result<Disclosed, Error> {
    disclose_part(db, ctx, keys, permits, &Part::default()).await
}

/// Discloses as [`disclose`] one part of what has happened, that for which the permits were given,
/// beside what stands whatever has happened.
///
/// # Errors
///
/// As [`disclose`]; [`Error::Stale`] also where a permit was given for another part.
pub async fn disclose_part(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    permits: Vec<Permit>,
    part: &Part,
) -> Result<Disclosed, Error> {
    let person = permits.first().map(Permit::person).ok_or(Error::Stale)?;
    let is_for_it = |permit: &Permit| permit.before() == part.moment() && !permit.asks();
    if !permits.iter().all(is_for_it) {
        return Err(Error::Stale);
    }
    let entries = permits.iter().map(Permit::entry).collect();
    let purposes: Vec<_> = permits.iter().map(|permit| permit.purpose().clone()).collect();
    let grants = Grants::of_all(&permits);
    let found = match part.of {
        Some(item) => versions::find(db, keys, person, &grants, item).await?,
        None => part::find(db, keys, person, &grants, part).await?,
    };
    let (moment, is_whole) = (found.moment, found.is_whole);
    let sealed = Sealed::new(person, moment, found);
    let (mut items, next) = sealed.open(ctx.clock.now(), permits)?;
    for seen in items.iter_mut().filter_map(|item| item.seen.as_mut()) {
        seen.under(&purposes, moment.0);
    }
    Ok(Disclosed { person, items, entries, is_whole, next })
}

/// One version as it is stored.
pub(crate) struct Stored {
    pub(crate) resource: ResourceId,
    pub(crate) version: i64,
    pub(crate) class: String,
    pub(crate) kind: String,
    pub(crate) event_us: Option<i64>,
    pub(crate) filed_us: i64,
    pub(crate) key: KeyId,
    /// How long its sealed body is, which may not have been read yet.
    pub(crate) bytes: usize,
    pub(crate) body: Vec<u8>,
    pub(crate) message: MessageId,
    pub(crate) status: String,
}

impl Stored {
    pub(crate) fn point(&self) -> Point {
        let event = self.event_us.and_then(|us| Timestamp::from_microsecond(us).ok());
        Point::new(event, self.resource)
    }
}

/// One version as it is held, whole.
pub(crate) struct Held {
    resource: ResourceId,
    version: i64,
    class: String,
    kind: String,
    event: Option<Timestamp>,
    filed: Timestamp,
    message: MessageId,
    status: Status,
    body: serde_json::Value,
}

impl Masked for Found {
    type Visible = (Vec<Item>, Option<Point>);

    fn mask(self, grants: &Grants) -> Self::Visible {
        let person = self.person;
        let visible =
            |held: Held| grants.of(&held.class).and_then(|grant| held.visible(grant, person));
        let mut items: Vec<Item> = self.events.into_iter().filter_map(visible).collect();
        let (order, size) = self.cut;
        items.sort_by(|one, other| order.compare(&one.point(), &other.point()));
        let mut next = self.read_to;
        if items.len() > size.most() {
            items.truncate(size.most());
            next = items.last().map(Item::point);
        }
        let here: BTreeSet<ResourceId> = items.iter().map(|item| item.resource).collect();
        let standing = self.standing.into_iter().filter(|held| !here.contains(&held.resource));
        let standing = standing.filter_map(visible);
        items.extend(standing.map(|item| Item { is_of_part: false, ..item }));
        items.sort_by_key(|item| Reverse((item.event, item.resource)));
        (items, next)
    }
}

impl Held {
    /// How many bytes grants leave of it; none where they leave nothing.
    pub(crate) fn shown_bytes(&self, grants: &Grants) -> Option<usize> {
        let shown = cut(grants.of(&self.class)?, self.body.clone())?;
        Some(shown.to_string().len())
    }

    /// Its point in the order of what has happened.
    pub(crate) fn point(&self) -> Point {
        Point::new(self.event, self.resource)
    }

    /// What a grant leaves of it, if anything.
    fn visible(self, grant: &Granted, person: PersonId) -> Option<Item> {
        let (category, source) = (&grant.class.category, &grant.class.source);
        let body = as_such(self.status, &self.kind, self.body);
        let fields: BTreeSet<&FieldName> = grant.fields.keys().collect();
        let is_whole = !grant.hides_places && shows_all(category, &fields, &body);
        let of = (self.resource, self.version);
        let seen = Some(Seen::new(person, of, source.clone(), is_whole));
        let body = cut(grant, body)?;
        Some(Item {
            resource: self.resource,
            version: self.version,
            kind: self.kind,
            category: category.clone(),
            source: source.clone(),
            event: self.event,
            filed: self.filed,
            message: self.message,
            status: self.status,
            clauses: grant.fields.values().cloned().collect(),
            body,
            is_of_part: true,
            seen,
        })
    }
}

/// What a grant leaves of a body, if anything.
fn cut(grant: &Granted, body: serde_json::Value) -> Option<serde_json::Value> {
    let fields: BTreeSet<&FieldName> = grant.fields.keys().collect();
    visible_part(&grant.class.category, &fields, grant.hides_places, body)
}

/// The version with its body; none once its key was erased.
pub(crate) async fn open(
    keys: &KeyRing,
    person: PersonId,
    row: Stored,
) -> Result<Option<Held>, Error> {
    let aad = associated(person, row.resource, row.version);
    let Some(body) = keys.open(&row.key, &aad, &row.body).await? else { return Ok(None) };
    let moment = |us| Timestamp::from_microsecond(us).map_err(|_| Error::Corrupt("time"));
    Ok(Some(Held {
        resource: row.resource,
        version: row.version,
        class: row.class,
        kind: row.kind,
        event: row.event_us.map(moment).transpose()?,
        filed: moment(row.filed_us)?,
        message: row.message,
        status: Status::of(&row.status)?,
        body: serde_json::from_slice(&body).map_err(|_| Error::Corrupt("resource"))?,
    }))
}

/// What no longer holds says so itself, wherever it is shown, as far as FHIR has a word for it in
/// its type; [`Item::status`] says it of every type.
fn as_such(status: Status, kind: &str, mut body: serde_json::Value) -> serde_json::Value {
    const ERROR: &str = Status::EnteredInError.code();
    // What its source tells as an error is one, whatever took its place.
    if body.get("status").and_then(serde_json::Value::as_str) == Some(ERROR) {
        return body;
    }
    let said = match (status, kind) {
        (Status::Current, _) | (_, "AllergyIntolerance" | "Condition") => None,
        (_, "Patient" | "RelatedPerson") => Some(("active", false.into())),
        (Status::EnteredInError, _) | (_, "DocumentReference") => {
            Some(("status", status.code().into()))
        }
        (Status::Superseded, "Flag") => Some(("status", "inactive".into())),
        (Status::Superseded, "CarePlan" | "ServiceRequest") => Some(("status", "revoked".into())),
        (Status::Superseded, _) => None,
    };
    if let (Some((element, stated)), Some(body)) = (said, body.as_object_mut()) {
        body.insert(element.to_owned(), stated);
    }
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_ended_says_so_in_the_words_of_its_type() {
        let said = |status, kind: &str| {
            let body = as_such(status, kind, json!({ "status": "stated", "active": true }));
            (body["status"].as_str().unwrap_or_default().to_owned(), body["active"] == true)
        };
        let check = |status, kind, want: (&str, bool)| {
            assert_eq!(said(status, kind), (want.0.to_owned(), want.1), "{kind}");
        };
        for kind in ["DocumentReference", "Flag", "Patient", "Encounter"] {
            check(Status::Current, kind, ("stated", true));
        }
        check(Status::Superseded, "DocumentReference", ("superseded", true));
        check(Status::Superseded, "Flag", ("inactive", true));
        check(Status::Superseded, "CarePlan", ("revoked", true));
        check(Status::Superseded, "Encounter", ("stated", true));
        check(Status::Superseded, "Patient", ("stated", false));
        check(Status::EnteredInError, "Flag", ("entered-in-error", true));
        check(Status::EnteredInError, "Condition", ("stated", true));
        let error = json!({ "status": "entered-in-error" });
        let said = as_such(Status::Superseded, "DocumentReference", error.clone());
        assert_eq!(said, error, "an error that was replaced is an error");
    }
}
