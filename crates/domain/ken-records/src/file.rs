//! Filing: what a source sent becomes an item of one person's record, or a new version of it.
//!
//! # Invariants
//!
//! - What a message leaves out of a thing stays as the same source said it before; a mark of its
//!   class is lifted only by a message that speaks of marks ([`Told::marks`]).
//! - An item is of one of its source's numbers ([`Under`]), so that a merge or an unmerge can take
//!   it along, and nothing that was told under another number: what is told under two numbers is
//!   two items, though the source call both the same.
//! - The items of one message are looked up together and written together.
//! - What is told holds, unless its source has replaced or withdrawn it: a section that was left
//!   out of one message and is told by the next stands again.
//! - What comes late is composed with what its source had said by then ([`crate::places_by`]), and
//!   whoever files it files after it again what was said since.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ken_core::{Ctx, MessageId, OrganisationId, PersonId, ResourceId};
use ken_fhir::Told;
use ken_sharing::RowClass;
use ken_sharing::class::{self, note_held};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Reads, Row, Sql, Tx, Value as Bound};
use serde_json::Value;

use crate::ended::{Status, end_late, stand_again};
use crate::steward::Stewardship;
use crate::{Error, Under, sql};

/// Largest resource, in bytes of compact JSON. House policy: attachments go to the blob store.
pub const BODY_BYTES_MAX: usize = 4 << 20;
/// Items looked up in one statement.
const KEYS_PER_STATEMENT: usize = 8;
/// The statements that write items, by how many, the most first: of the item, and of its version.
const SHAPES: [(usize, Sql, Sql); 3] = [
    (4, sql::UPSERT_ITEM_4, sql::INSERT_VERSION_4),
    (2, sql::UPSERT_ITEM_2, sql::INSERT_VERSION_2),
    (1, sql::UPSERT_ITEM, sql::INSERT_VERSION),
];

/// Types of what may be replaced or withdrawn by another: documents, alerts and requests, and what
/// is cut out of them.
const ENDS: [&str; 3] = ["DocumentReference", "Flag", "ServiceRequest"];

/// Where a source's item stands, or will stand, in a person's record.
#[derive(Debug)]
pub struct Place {
    /// Whose record.
    pub person: PersonId,
    /// The item's id; drawn already when nothing is held yet, so that others may refer to it.
    pub resource: ResourceId,
    /// The version that is composed with: the current one, or the one of a time before.
    pub(crate) held: Option<HeldVersion>,
    /// Its current version and how it stands, where there is one.
    current: Option<(i64, String)>,
    /// Whether what is filed there lifts no mark of what is held.
    keeps_marks: bool,
}

impl Place {
    /// Where something is held, that stands so.
    pub(crate) fn held(
        (person, resource): (PersonId, ResourceId),
        held: HeldVersion,
        status: String,
    ) -> Self {
        let current = Some((held.version, status));
        Self { person, resource, held: Some(held), current, keeps_marks: false }
    }

    /// Whether nothing is held there yet.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.held.is_none()
    }

    /// The same place as it was before anything was told: what is filed there is a new version, and
    /// composed with nothing.
    #[must_use]
    pub fn anew(self) -> Self {
        Self { held: None, ..self }
    }

    /// The same place, whose marks stay beside those of what is filed there, whatever that says.
    #[must_use]
    pub fn keeping_marks(self) -> Self {
        Self { keeps_marks: true, ..self }
    }
}

#[derive(Debug)]
pub(crate) struct HeldVersion {
    pub(crate) version: i64,
    pub(crate) class: String,
    pub(crate) key: KeyId,
    pub(crate) body: Vec<u8>,
}

/// Finds what a source calls by `item_key` under a number, or makes a place for it.
///
/// # Errors
///
/// Whatever the store says.
pub async fn place(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    (source, under): (&OrganisationId, &Under),
    item_key: &str,
) -> Result<Place, Error> {
    let found = places(tx, ctx, person, (source, under), &[item_key]).await?;
    found.into_iter().next().ok_or(Error::Corrupt("item"))
}

/// Finds what a source calls by these different keys under a number, or makes places for them, in
/// their order.
///
/// What came before numbers were noted is taken for this number's where it is the source's only
/// one for the person; else nobody knows whose it is, and it stays as it is.
///
/// # Errors
///
/// Whatever the store says.
pub async fn places(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    (source, under): (&OrganisationId, &Under),
    item_keys: &[&str],
) -> Result<Vec<Place>, Error> {
    /// An item, by its number and its key.
    type Found = (String, String, (ResourceId, HeldVersion, String));
    let (mut found, mut unknown) = (BTreeMap::new(), BTreeMap::new());
    for some in item_keys.chunks(KEYS_PER_STATEMENT) {
        // Places that are left over name the first again.
        let spare = std::iter::repeat(some.first().copied().unwrap_or_default());
        let named = some.iter().copied().chain(spare).take(KEYS_PER_STATEMENT);
        let of: Vec<Bound<'_>> = [person.into(), source.into(), under.as_str().into()]
            .into_iter()
            .chain(named.map(Bound::from))
            .collect();
        let read = |row: &Row<'_>| -> ken_store::Result<Found> {
            let (version, class) = (row.int(2)?, row.text(3)?);
            let (key, body, status) = (row.parse(4)?, row.bytes(5)?, row.text(6)?);
            let held = HeldVersion { version, class, key, body };
            Ok((row.text(7)?, row.text(0)?, (row.parse(1)?, held, status)))
        };
        for (number, key, item) in tx.list(sql::FIND_ITEMS, &of, read).await? {
            let of = if number == under.as_str() { &mut found } else { &mut unknown };
            of.insert(key, item);
        }
    }
    if !unknown.is_empty() && is_only(tx, person, source, under).await? {
        for (key, item) in unknown {
            found.entry(key).or_insert(item);
        }
    }
    let place = |key: &&str| {
        let Some((resource, held, status)) = found.remove(*key) else {
            let resource = ResourceId::draw(ctx.ids);
            return Place { person, resource, held: None, current: None, keeps_marks: false };
        };
        Place::held((person, resource), held, status)
    };
    Ok(item_keys.iter().map(place).collect())
}

/// Whether a number is the only one that a source has for a person.
async fn is_only(
    tx: &mut Tx,
    person: PersonId,
    source: &OrganisationId,
    under: &Under,
) -> Result<bool, Error> {
    let numbers = ken_person::numbers(tx, person, source).await?;
    Ok(numbers.iter().all(|number| Under::of(number) == *under))
}

/// One resource to file.
pub struct Filing<'a> {
    /// The key that the person's bodies are sealed with.
    pub key: KeyId,
    /// What the source calls this item; sending it again under the same key makes a new version.
    pub item_key: &'a str,
    /// The FHIR resource, under its own id.
    pub resource: Value,
    /// What the gate needs to know of it.
    pub class: RowClass,
    /// The message that brought it.
    pub message: MessageId,
    /// When it happened, where that is known.
    pub event: Option<Timestamp>,
    /// Under which of its numbers for the person the source files it.
    pub under: &'a Under,
    /// How much of the thing is told; all of it where nothing is said.
    pub told: Option<&'a Told>,
    /// When its source says that it said so, where that can be compared with what it said before.
    pub said: Option<Timestamp>,
}

impl std::fmt::Debug for Filing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filing({})", self.class.category)
    }
}

/// What filing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filed {
    /// The item.
    pub resource: ResourceId,
    /// Its current version, from 1.
    pub version: i64,
    /// Whether this filing made that version; false when the same was held already.
    pub is_new: bool,
    /// Whether it had ended, and holds again because it is told again.
    pub is_again: bool,
}

/// Files one resource in its place; the same content again changes nothing.
///
/// # Errors
///
/// [`Error::TooLarge`], or whatever the store or the key ring says.
pub async fn file(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    place: Place,
    filing: Filing<'_>,
) -> Result<Filed, Error> {
    let filed = file_all(tx, ctx, keys, vec![(place, filing)]).await?;
    filed.first().copied().ok_or(Error::Corrupt("item"))
}

/// Files what one message brings, each in its place; the same content again changes nothing.
///
/// # Errors
///
/// As [`file()`]; then nothing is filed.
pub async fn file_all(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    filings: Vec<(Place, Filing<'_>)>,
) -> Result<Vec<Filed>, Error> {
    let mut filed = Vec::with_capacity(filings.len());
    let mut versions = Vec::with_capacity(filings.len());
    let (mut noted, mut ended) = (BTreeSet::new(), vec![]);
    for (at, (mut place, filing)) in filings.into_iter().enumerate() {
        let (person, resource) = (place.person, place.resource);
        let was = place.current.as_mut().map(|(_, status)| std::mem::take(status));
        if let Some(was) = was.filter(|was| was != Status::Current.code()) {
            let called = (filing.item_key, filing.under, was);
            ended.push((at, person, filing.class.source.clone(), called));
        }
        match next(tx, keys, place, filing).await? {
            Ok(version) => {
                if version.is_class_new && noted.insert((person, version.class.clone())) {
                    note_held(tx, person, &version.of_class).await?;
                }
                filed.push(Filed {
                    resource,
                    version: version.number,
                    is_new: true,
                    is_again: false,
                });
                versions.push(version);
            }
            Err(version) => {
                filed.push(Filed { resource, version, is_new: false, is_again: false });
            }
        }
    }
    write(tx, ctx, &versions).await?;
    for new in versions.iter().filter(|one| one.number == 1 && ENDS.contains(&&*one.kind)) {
        let item = (new.person, new.resource);
        end_late(tx, item, &new.of_class.source, (new.item_key, new.under)).await?;
    }
    for (at, person, source, (item_key, under, was)) in ended {
        let Some(one) = filed.get_mut(at) else { continue };
        let called = (item_key, under, was.as_str());
        one.is_again = stand_again(tx, (person, one.resource), &source, called).await?;
    }
    Ok(filed)
}

/// Files a thing again as it is held, with the marks of another class beside its own; it stands as
/// it did. Gives its new version, where it did not bear them.
///
/// # Errors
///
/// As [`file()`].
pub async fn mark(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    place: Place,
    filing: Filing<'_>,
) -> Result<Option<i64>, Error> {
    let nothing = Told::default();
    let (kind, id) = (filing.resource.get("resourceType").cloned(), place.resource.to_string());
    let resource = serde_json::json!({ "resourceType": kind, "id": id });
    let filing = Filing { resource, told: Some(&nothing), event: None, ..filing };
    let Ok(version) = next(tx, keys, place, filing).await? else { return Ok(None) };
    note_held(tx, version.person, &version.of_class).await?;
    let rows = Rows::of(&version, ctx.now_us());
    tx.execute(sql::INSERT_VERSION, &rows.version()).await?;
    let of = [version.person.into(), version.resource.into(), version.class.as_str().into()];
    let of: Vec<Bound<'_>> = of.into_iter().chain([version.number.into()]).collect();
    tx.execute(sql::RECLASS_ITEM, &of).await?;
    Ok(Some(version.number))
}

/// A version that is ready to be written.
struct Version<'a> {
    person: PersonId,
    resource: ResourceId,
    number: i64,
    kind: String,
    class: String,
    of_class: RowClass,
    is_class_new: bool,
    item_key: &'a str,
    under: &'a Under,
    event: Option<Timestamp>,
    message: MessageId,
    key: KeyId,
    sealed: Vec<u8>,
    said: Option<Timestamp>,
}

/// The next version of an item, or the number of the one that says the same already.
async fn next<'a>(
    tx: &mut Tx,
    keys: &KeyRing,
    place: Place,
    filing: Filing<'a>,
) -> Result<Result<Version<'a>, i64>, Error> {
    let Place { person, resource, held, current, keeps_marks } = place;
    let Filing { key, item_key, resource: body, mut class, message, .. } = filing;
    let Filing { mut event, under, told, said, .. } = filing;
    let kind = body.get("resourceType").and_then(Value::as_str).unwrap_or("Basic").to_owned();
    let number = current.map_or(0, |(last, _)| last).saturating_add(1);
    let (mut is_class_new, mut tended) = (true, None);
    let filing = Stewardship::Filing { said: body, told };
    if let Some(held) = held {
        let aad = associated(person, resource, held.version);
        tended = filing.tend(keys, &held.key, &aad, &held.body).await?;
        if keeps_marks || told.is_some_and(|told| !told.marks) {
            class = marked(tx, class, &held.class).await?;
        }
        is_class_new = held.class != class::id(&class);
        if !is_class_new && tended.as_ref().is_some_and(|now| now.is_same) {
            return Ok(Err(held.version));
        }
        event = event.filter(|_| told.is_none_or(|told| told.dated));
    }
    let body = tended.map_or_else(|| filing.alone(), |now| Ok(now.body))?;
    if body.len() > BODY_BYTES_MAX {
        return Err(Error::TooLarge);
    }
    let sealed = keys.seal(&key, &associated(person, resource, number), &body).await?;
    let id = class::id(&class);
    let version = Version {
        class: id,
        of_class: class,
        person,
        resource,
        number,
        kind,
        is_class_new,
        item_key,
        under,
        event,
        message,
        key,
        sealed,
        said,
    };
    Ok(Ok(version))
}

/// The class, with the marks of the one that is held: a message that says nothing of marks lifts
/// none.
async fn marked(tx: &mut Tx, class: RowClass, held: &str) -> Result<RowClass, Error> {
    if class::id(&class) == held {
        return Ok(class);
    }
    let held = class::find(tx, held).await?.ok_or(Error::Corrupt("row class"))?;
    let labels = class.labels.union(&held.labels).cloned().collect();
    Ok(RowClass { labels, ..class })
}

/// Writes versions, as many of them in one statement as there is a statement for.
async fn write(tx: &mut Tx, ctx: &Ctx<'_>, versions: &[Version<'_>]) -> Result<(), Error> {
    let rows: Vec<_> = versions.iter().map(|version| Rows::of(version, ctx.now_us())).collect();
    let mut rest = rows.as_slice();
    for (count, upsert, insert) in SHAPES {
        while let Some((some, left)) = rest.split_at_checked(count) {
            let items: Vec<Bound<'_>> = some.iter().flat_map(Rows::item).collect();
            tx.execute_later(upsert, &items).await?;
            let all: Vec<Bound<'_>> = some.iter().flat_map(Rows::version).collect();
            tx.execute_later(insert, &all).await?;
            rest = left;
        }
    }
    Ok(())
}

/// A version as its two rows have it.
struct Rows<'r, 'v> {
    of: &'r Version<'v>,
    key: String,
    now_us: i64,
}

impl<'r, 'v> Rows<'r, 'v> {
    fn of(of: &'r Version<'v>, now_us: i64) -> Self {
        Self { of, key: of.key.to_string(), now_us }
    }

    fn item(&self) -> [Bound<'_>; 9] {
        let of = self.of;
        [
            of.person.into(),
            of.resource.into(),
            (&of.of_class.source).into(),
            of.item_key.into(),
            of.kind.as_str().into(),
            of.class.as_str().into(),
            of.number.into(),
            of.event.into(),
            of.under.as_str().into(),
        ]
    }

    fn version(&self) -> [Bound<'_>; 9] {
        let of = self.of;
        [
            of.person.into(),
            of.resource.into(),
            of.number.into(),
            of.class.as_str().into(),
            of.message.into(),
            self.now_us.into(),
            self.key.as_str().into(),
            of.sealed.as_slice().into(),
            of.said.into(),
        ]
    }
}

/// What a sealed body is bound to, so that no body can be moved to another place unnoticed.
pub(crate) fn associated(person: PersonId, resource: ResourceId, version: i64) -> Vec<u8> {
    format!("record/1 {person} {resource} {version}").into_bytes()
}
