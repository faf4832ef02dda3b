//! The versions of one item: what it says, and what it said before.
//!
//! # Invariants
//!
//! - A version is shown to whom the version of now is granted as well: a mark that was set since
//!   binds what was said before it.
//! - What is not granted is neither counted nor told apart from what is not there.
//!
//! Sources: FHIR R4, *Resource versioning* and `history`; ADR 76.

use std::collections::BTreeMap;

use ken_core::{Category, OrganisationId, PersonId, ResourceId};
use ken_sharing::class;
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Snapshot, Tx, Value, values};

use crate::disclose::{Stored, open};
use crate::part::{CLASSES_PER_STATEMENT, Found, Order, Size, eight, limit, moment, stored};
use crate::{Error, Grants, PART_BYTES_MAX, Status, Under, sql};

/// Most versions of one item that are shown, the newest. House policy: five years of reviews by the
/// quarter.
pub const VERSIONS_MAX: usize = 20;
/// Bodies read in one statement.
const BODIES_PER_STATEMENT: usize = 8;

/// Reads the versions of an item that the grants show.
pub(crate) async fn find(
    db: &Db,
    keys: &KeyRing,
    person: PersonId,
    grants: &Grants,
    item: ResourceId,
) -> Result<Found, Error> {
    let classes = grants.classes(|_| true);
    let (moment, rows, is_whole) = db
        .snapshot("records.versions", async |s| {
            let moment = moment(s, person).await?;
            let mut rows = listed(s, (person, item), &classes).await?;
            let count = rows.len();
            rows.truncate(VERSIONS_MAX);
            fit(&mut rows);
            bodies(s, (person, item), &mut rows).await?;
            let is_whole = rows.len() == count;
            Ok::<_, Error>((moment, rows, is_whole))
        })
        .await?;
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        events.extend(open(keys, person, row).await?);
    }
    let cut = (Order::NewestFirst, Size::Page);
    Ok(Found { person, moment, standing: vec![], events, cut, is_whole, read_to: None })
}

/// The versions of these classes, the newest first; none where the version of now is of another.
async fn listed(
    s: &Snapshot,
    (person, item): (PersonId, ResourceId),
    classes: &[&str],
) -> Result<Vec<Stored>, Error> {
    let of = values![person, item];
    let now = s.beside().find(sql::CLASS_OF, of, |row| row.text(0)).await?;
    if now.is_none_or(|now| !classes.contains(&now.as_str())) {
        return Ok(vec![]);
    }
    let mut rows = vec![];
    for some in classes.chunks(CLASSES_PER_STATEMENT) {
        let of: Vec<Value<'_>> = [person.into(), item.into()]
            .into_iter()
            .chain(eight(some).map(Value::from))
            .chain([limit(VERSIONS_MAX + 1).into()])
            .collect();
        rows.extend(s.beside().list(sql::LIST_VERSIONS, &of, stored).await?);
    }
    rows.sort_by_key(|row: &Stored| std::cmp::Reverse(row.version));
    rows.truncate(VERSIONS_MAX + 1);
    Ok(rows)
}

/// Leaves out the oldest where all of them are too much to hold; never the newest.
fn fit(rows: &mut Vec<Stored>) {
    let mut bytes = 0;
    let fits = rows.iter().take_while(|row| {
        let is_first = bytes == 0;
        bytes += row.bytes;
        is_first || bytes <= PART_BYTES_MAX
    });
    let fits = fits.count();
    rows.truncate(fits);
}

async fn bodies(
    s: &Snapshot,
    (person, item): (PersonId, ResourceId),
    rows: &mut [Stored],
) -> Result<(), Error> {
    for some in rows.chunks_mut(BODIES_PER_STATEMENT) {
        let named: Vec<i64> = some.iter().map(|row| row.version).collect();
        let spare = std::iter::repeat(named.first().copied()).flatten();
        let of: Vec<Value<'_>> = [person.into(), item.into()]
            .into_iter()
            .chain(named.iter().copied().chain(spare).take(BODIES_PER_STATEMENT).map(Value::from))
            .collect();
        let read = |row: &Row<'_>| Ok((row.int(0)?, row.bytes(1)?));
        let found = s.beside().list(sql::VERSION_BODIES, &of, read).await?;
        let mut found: BTreeMap<i64, Vec<u8>> = found.into_iter().collect();
        for row in some {
            row.body = found.remove(&row.version).unwrap_or_default();
        }
    }
    Ok(())
}

/// What an item is called by its source, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// Whose it is.
    pub source: OrganisationId,
    /// What they call it.
    pub item_key: String,
    /// Its kind of information.
    pub category: Category,
    /// Whether it holds.
    pub stands: bool,
    /// Its current version.
    pub version: i64,
}

/// What an item is called, for whoever files another version of it; none where there is none of
/// this id. It discloses nothing of what the item says.
///
/// # Errors
///
/// Whatever the store says.
pub async fn called(
    tx: &mut Tx,
    person: PersonId,
    item: ResourceId,
) -> Result<Option<Called>, Error> {
    let read =
        |row: &Row<'_>| Ok((row.parse(0)?, row.text(1)?, row.text(2)?, row.text(3)?, row.int(4)?));
    let found = tx.find(sql::ITEM_CALLED, values![person, item], read).await?;
    let Some((source, item_key, status, of, version)) = found else { return Ok(None) };
    let category = class::find(tx, &of).await?.ok_or(Error::Corrupt("row class"))?.category;
    let stands = Status::of(&status)? == Status::Current;
    Ok(Some(Called { source, item_key, category, stands, version }))
}

/// Under which of its numbers a source has an item of this name; none where it has none.
///
/// # Errors
///
/// Whatever the store says.
pub async fn under_named(
    tx: &mut Tx,
    person: PersonId,
    source: &OrganisationId,
    item_key: &str,
) -> Result<Option<Under>, Error> {
    let of = values![person, source, item_key];
    let found = tx.find(sql::UNDER_NAMED, of, |row| row.text(0)).await?;
    Ok(found.map(Under::from))
}
