//! Disclosing: the one way out. A permit goes in, and is gone; the permitted part comes out.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ken_core::{
    Category, ClauseId, Ctx, EntryId, FieldName, MessageId, OrganisationId, PersonId, ResourceId,
};
use ken_sharing::{Granted, Permit};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Db, Reads, Snapshot, Value, guard};

use crate::dictionary::visible_part;
use crate::file::associated;
use crate::{Error, Status, sql};

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
    let now = ctx.clock.now();
    let person = permits.first().map(Permit::person).ok_or(Error::Stale)?;
    let moment = |permit: &Permit| (permit.epoch(), permit.policy());
    let (epoch, policy) = permits.first().map(moment).ok_or(Error::Stale)?;
    let one = |permit: &Permit| permit.person() == person && moment(permit) == (epoch, policy);
    if !permits.iter().all(|permit| one(permit) && permit.until() > now) {
        return Err(Error::Stale);
    }
    let mut granted: BTreeMap<String, Granted> = BTreeMap::new();
    for (class, grant) in permits.iter().flat_map(|permit| permit.granted().clone()) {
        match granted.entry(class) {
            Entry::Vacant(place) => drop(place.insert(grant)),
            // What two permits cover is shown once, with the fields of both; a field that both
            // cover is shown under the clause of the first.
            Entry::Occupied(mut held) => {
                let held = held.get_mut();
                held.is_whole |= grant.is_whole;
                for (field, clause) in grant.fields {
                    held.fields.entry(field).or_insert(clause);
                }
            }
        }
    }
    let entries = permits.iter().map(Permit::entry).collect();
    drop(permits);
    let rows = db
        .snapshot("records.disclose", async |s| {
            let guard = guard::find(s, person).await?.ok_or(Error::Stale)?;
            if guard.epoch != epoch || guard::policy_version(s).await? != policy {
                return Err(Error::Stale);
            }
            read(s, person, granted.keys().map(String::as_str).collect()).await
        })
        .await?;
    let is_whole = rows.len() < ITEMS_MAX;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(grant) = granted.get(&row.class) {
            items.extend(open(keys, person, grant, row).await?);
        }
    }
    items.sort_by_key(|item| Reverse((item.event, item.resource)));
    Ok(Disclosed { person, items, entries, is_whole })
}

struct Sealed {
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

async fn read(
    snapshot: &mut Snapshot,
    person: PersonId,
    classes: Vec<&str>,
) -> Result<Vec<Sealed>, Error> {
    let mut rows = vec![];
    for some in classes.chunks(CLASSES_PER_STATEMENT) {
        let left = ITEMS_MAX.saturating_sub(rows.len());
        let limit = i64::try_from(left).unwrap_or_default();
        let of: Vec<Value<'_>> = std::iter::once(person.into())
            .chain(places(some).map(Value::from))
            .chain([limit.into()])
            .collect();
        let more = snapshot.list(sql::LIST_PERMITTED, &of, |row| {
            Ok(Sealed {
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

async fn open(
    keys: &KeyRing,
    person: PersonId,
    grant: &Granted,
    row: Sealed,
) -> Result<Option<Item>, Error> {
    let aad = associated(person, row.resource, row.version);
    let Some(body) = keys.open(&row.key, &aad, &row.body).await? else { return Ok(None) };
    let body = serde_json::from_slice(&body).map_err(|_| Error::Corrupt("resource"))?;
    let status = Status::of(&row.status)?;
    let body = as_such(status, &row.kind, body);
    let fields: BTreeSet<&FieldName> = grant.fields.keys().collect();
    let Some(body) = visible_part(&grant.class.category, grant.is_whole, &fields, body) else {
        return Ok(None);
    };
    let moment = |us| Timestamp::from_microsecond(us).map_err(|_| Error::Corrupt("time"));
    Ok(Some(Item {
        resource: row.resource,
        version: row.version,
        kind: row.kind,
        category: grant.class.category.clone(),
        source: grant.class.source.clone(),
        event: row.event_us.map(moment).transpose()?,
        filed: moment(row.filed_us)?,
        message: row.message,
        status,
        clauses: grant.fields.values().cloned().collect(),
        body,
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
