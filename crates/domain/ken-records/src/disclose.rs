//! Disclosing: the one way out. A permit goes in, and is gone; the permitted part comes out.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{
    Category, ClauseId, Ctx, EntryId, FieldName, MessageId, OrganisationId, PersonId, ResourceId,
};
use ken_sharing::{Granted, Permit};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Snapshot, Value, guard};

use crate::dictionary::visible_part;
use crate::file::associated;
use crate::{Error, Grants, Masked, Sealed, Status, sql};

/// Most items one permit discloses; the newest win, and [`Disclosed::is_whole`] says so.
pub const ITEMS_MAX: usize = 2_000;
/// Classes asked for in one statement.
const CLASSES_PER_STATEMENT: usize = 8;

/// What one or more permits disclosed about one person.
#[derive(Debug)]
pub struct Disclosed {
    /// Whom it is about.
    pub person: PersonId,
    /// The items, the newest event first.
    pub items: Vec<Item>,
    /// The ledger entries under which they left.
    pub entries: Vec<EntryId>,
    /// False when there was more than [`ITEMS_MAX`].
    pub is_whole: bool,
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
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Item({} {} of {})", self.resource, self.category, self.source)
    }
}

/// Discloses what the permits cover, all of them about one person; they are spent by it.
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
    let person = permits.first().map(Permit::person).ok_or(Error::Stale)?;
    let classes: BTreeSet<String> =
        permits.iter().flat_map(|permit| permit.granted().keys().cloned()).collect();
    let entries = permits.iter().map(Permit::entry).collect();
    let classes = classes.iter().map(String::as_str).collect();
    let sealed = read(db, keys, person, classes).await?;
    let (items, is_whole) = sealed.open(ctx.clock.now(), permits)?;
    Ok(Disclosed { person, items, entries, is_whole })
}

/// One version as it is stored.
struct Stored {
    resource: ResourceId,
    version: i64,
    class: String,
    kind: String,
    event_us: Option<i64>,
    filed_us: i64,
    key: KeyId,
    body: Vec<u8>,
    message: MessageId,
    status: String,
}

/// One version as it is held, whole.
struct Held {
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

/// What is held of some classes, and whether that is all of it.
struct Holding {
    items: Vec<Held>,
    is_whole: bool,
}

impl Masked for Holding {
    type Visible = (Vec<Item>, bool);

    fn mask(self, grants: &Grants) -> (Vec<Item>, bool) {
        let visible = |held: Held| grants.of(&held.class).and_then(|grant| held.visible(grant));
        let mut items: Vec<Item> = self.items.into_iter().filter_map(visible).collect();
        items.sort_by_key(|item| Reverse((item.event, item.resource)));
        (items, self.is_whole)
    }
}

impl Held {
    /// What a grant leaves of it, if anything.
    fn visible(self, grant: &Granted) -> Option<Item> {
        let fields: BTreeSet<&FieldName> = grant.fields.keys().collect();
        let body = as_such(self.status, &self.kind, self.body);
        let body = visible_part(&grant.class.category, grant.is_whole, &fields, body)?;
        Some(Item {
            resource: self.resource,
            version: self.version,
            kind: self.kind,
            category: grant.class.category.clone(),
            source: grant.class.source.clone(),
            event: self.event,
            filed: self.filed,
            message: self.message,
            status: self.status,
            clauses: grant.fields.values().cloned().collect(),
            body,
        })
    }
}

/// What is held of these classes, sealed with the moment of the snapshot that read it.
async fn read(
    db: &Db,
    keys: &KeyRing,
    person: PersonId,
    classes: Vec<&str>,
) -> Result<Sealed<Holding>, Error> {
    let (moment, rows) = db
        .snapshot("records.disclose", async |s| {
            let guard = guard::find(s, person).await?.ok_or(Error::Stale)?;
            let moment = (guard.epoch, guard::policy_version(s).await?);
            Ok::<_, Error>((moment, stored(s, person, classes).await?))
        })
        .await?;
    let is_whole = rows.len() < ITEMS_MAX;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.extend(open(keys, person, row).await?);
    }
    Ok(Sealed::new(person, moment, Holding { items, is_whole }))
}

async fn stored(
    snapshot: &mut Snapshot,
    person: PersonId,
    classes: Vec<&str>,
) -> Result<Vec<Stored>, Error> {
    let mut rows = vec![];
    for some in classes.chunks(CLASSES_PER_STATEMENT) {
        let left = ITEMS_MAX.saturating_sub(rows.len());
        let limit = i64::try_from(left).unwrap_or_default();
        let of: Vec<Value<'_>> = std::iter::once(person.into())
            .chain(places(some).map(Value::from))
            .chain([limit.into()])
            .collect();
        let more = snapshot.list(sql::LIST_PERMITTED, &of, |row| {
            Ok(Stored {
                resource: row.parse(0)?,
                version: row.int(1)?,
                class: row.text(2)?,
                kind: row.text(3)?,
                event_us: row.int_opt(4)?,
                filed_us: row.int(5)?,
                key: row.parse(6)?,
                body: row.bytes(7)?,
                message: row.parse(8)?,
                status: row.text(9)?,
            })
        });
        rows.extend(more.await?);
    }
    Ok(rows)
}

/// Eight places filled with one to eight classes; spare places repeat the first.
fn places<'a>(classes: &[&'a str]) -> [&'a str; CLASSES_PER_STATEMENT] {
    let first = classes.first().copied().unwrap_or_default();
    let mut places = [first; CLASSES_PER_STATEMENT];
    for (place, class) in places.iter_mut().zip(classes) {
        *place = class;
    }
    places
}

/// The version with its body; none once its key was erased.
async fn open(keys: &KeyRing, person: PersonId, row: Stored) -> Result<Option<Held>, Error> {
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

/// A document that no longer holds says so itself, wherever it is shown.
fn as_such(status: Status, kind: &str, mut body: serde_json::Value) -> serde_json::Value {
    if let (true, Some(stated)) =
        (kind == "DocumentReference" && status != Status::Current, body.get_mut("status"))
    {
        *stated = status.code().into();
    }
    body
}
