//! What an organisation has for others to know of: equipment that can support people at home, and
//! its service plans. Business information, searched by every practitioner.
//!
//! # Invariants
//!
//! - Nothing here names a person who is cared for: what looks like a number or a birth of somebody
//!   is refused before it is kept ([`found`]).
//! - Every entry says when its organisation last checked it; one that is not checked for long is
//!   stale, and then forgotten.
//! - Only practitioners of an organisation change its entries; each change is on its ledger.
//!
//! # Sources
//!
//! - The business information that partnerships share: service plans, equipment available to
//!   support people in their homes (catalogue row E22); house policy for every bound.

mod list;
mod somebody;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, EntryId, OrganisationId};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};
use serde_json::json;

use crate::sql::stock as sql;
use crate::{Acting, Error, entry};

pub use crate::sql::stock::ALL as STATEMENTS;
pub(crate) use list::names_nobody;
pub use list::{equipment, plan, read_equipment, read_plans};
pub use somebody::found;
pub(crate) use somebody::is_numbered;

/// Most rows that are brought at once. House policy.
pub const ROWS_MAX: usize = 500;
/// Most equipment, and most plans, of one organisation. House policy.
const OF_ONE_MAX: usize = 2_000;
/// Most entries that are read at once. House policy.
const READ_MAX: i64 = 20_000;
/// After so long without a check equipment is stale. House policy: what stands in a store changes
/// within a month.
const EQUIPMENT_STALE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// After so long without a check a plan is stale. House policy: a year.
const PLAN_STALE: SignedDuration = SignedDuration::from_hours(365 * 24);
/// After so long without a check an entry is forgotten. House policy: two years.
pub const KEPT: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

/// What equipment is for. House policy, after the classes of ISO 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Walking frames, wheelchairs, ramps.
    Mobility,
    /// Beds, mattresses, rails.
    Bed,
    /// Hoists, slings, transfer boards.
    Lifting,
    /// For the bath, the shower and the toilet.
    Bathing,
    /// Chairs and tables.
    Seating,
    /// For the kitchen and the day's work.
    Household,
    /// Alarms and sensors.
    Telecare,
    /// For seeing, hearing and speaking.
    Communication,
    /// For children: chairs, buggies, standing frames.
    Children,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Mobility,
        Self::Bed,
        Self::Lifting,
        Self::Bathing,
        Self::Seating,
        Self::Household,
        Self::Telecare,
        Self::Communication,
        Self::Children,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Mobility => "mobility",
            Self::Bed => "bed",
            Self::Lifting => "lifting",
            Self::Bathing => "bathing",
            Self::Seating => "seating",
            Self::Household => "household",
            Self::Telecare => "telecare",
            Self::Communication => "communication",
            Self::Children => "children",
        }
    }

    /// The kind of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// A postcode area or district, `EH` or `EH6`: never a whole postcode, which is a few homes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Area(String);

impl Area {
    /// Reads an area; none where it is something else.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim().to_uppercase();
        let digits = text.trim_start_matches(|sign: char| sign.is_ascii_uppercase());
        let letters = text.len() - digits.len();
        let is_district = digits.len() <= 2 && digits.bytes().all(|sign| sign.is_ascii_digit());
        ((1..=2).contains(&letters) && is_district).then_some(Self(text))
    }

    /// The area as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether one is within the other: `EH` has `EH6`, and `EH1` has not `EH12`.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let parts = |of: &Self| {
            let digits = of.0.trim_start_matches(|sign: char| sign.is_ascii_uppercase());
            (of.0.len() - digits.len(), digits.to_owned())
        };
        let ((letters, own), (others, their)) = (parts(self), parts(other));
        self.0.get(..letters) == other.0.get(..others)
            && (own == their || own.is_empty() || their.is_empty())
    }
}

/// Equipment to keep.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewEquipment {
    /// What it is for.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// How many are free to be lent.
    pub available: i64,
    /// Where it stands.
    pub place: String,
    /// The area that it is lent in.
    pub area: Area,
    /// Whom to ask, and how.
    pub contact: String,
}

impl NewEquipment {
    /// What one of an organisation's equipment is known by: its name and its place.
    pub(crate) fn key(&self) -> (String, String) {
        (self.name.clone(), self.place.clone())
    }
}

/// A service plan to keep.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewPlan {
    /// What it is called.
    pub title: String,
    /// Its first year and its last.
    pub years: (i64, i64),
    /// Where it can be read.
    pub document: String,
    /// Whom to ask, and how.
    pub contact: String,
}

impl NewPlan {
    /// What one of an organisation's plans is known by: its title.
    pub(crate) fn key(&self) -> String {
        self.title.clone()
    }
}

/// An entry, whose it is, and when that organisation last checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<T> {
    /// Its id.
    pub id: EntryId,
    /// Whose.
    pub organisation: OrganisationId,
    /// What it says.
    pub says: T,
    /// When it was last checked.
    pub checked: Timestamp,
}

impl Entry<NewEquipment> {
    /// Whether nobody has checked it for long.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.checked) > EQUIPMENT_STALE
    }
}

impl Entry<NewPlan> {
    /// Whether nobody has checked it for long.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.checked) > PLAN_STALE
    }
}

/// Which of the two an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Equipment.
    Equipment,
    /// A service plan.
    Plan,
}

/// Whether an organisation keeps no more than it may, once what is brought stands beside what it
/// holds: what is brought up to date is no more than it was.
fn has_room<K: Ord>(mut held: BTreeSet<K>, brought: impl Iterator<Item = K>) -> bool {
    let most = held.len().max(OF_ONE_MAX);
    held.extend(brought);
    held.len() <= most
}

/// Keeps equipment of one's own organisation, all or none, as checked now; false where no more is
/// kept. What has its name and place already is brought up to date.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn put_equipment(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    all: &[NewEquipment],
) -> Result<bool, Error> {
    let own = &by.organisation;
    let held = list_equipment(tx, Some(own)).await?;
    let held: BTreeSet<_> = held.iter().map(|of| of.says.key()).collect();
    if !has_room(held, all.iter().map(NewEquipment::key)) {
        return Ok(false);
    }
    for new in all {
        let (id, kind, area) = (EntryId::draw(ctx.ids), new.kind.code(), new.area.as_str());
        let (name, place, contact) = (&*new.name, &*new.place, &*new.contact);
        let of = values![id, own, kind, name, new.available, place, area, contact, ctx.now_us()];
        tx.execute(sql::EQUIPMENT_PUT, of).await?;
    }
    let detail = json!({ "event": "equipment-kept", "entries": all.len() });
    entry::set(tx, ctx, keys, by, detail).await.map(|()| true)
}

/// Keeps service plans of one's own organisation, all or none, as checked now; false where no more
/// is kept. What has its title already is brought up to date.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn put_plans(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    all: &[NewPlan],
) -> Result<bool, Error> {
    let own = &by.organisation;
    let held = list_plans(tx, Some(own)).await?;
    let held: BTreeSet<_> = held.iter().map(|of| of.says.key()).collect();
    if !has_room(held, all.iter().map(NewPlan::key)) {
        return Ok(false);
    }
    for new in all {
        let (id, (from, until)) = (EntryId::draw(ctx.ids), new.years);
        let (title, document, contact) = (&*new.title, &*new.document, &*new.contact);
        let of = values![id, own, title, from, until, document, contact, ctx.now_us()];
        tx.execute(sql::PLAN_PUT, of).await?;
    }
    let detail = json!({ "event": "plans-kept", "entries": all.len() });
    entry::set(tx, ctx, keys, by, detail).await.map(|()| true)
}

/// Says that an entry of one's own organisation is still so; false where there is none.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn check(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (what, id): (What, EntryId),
) -> Result<bool, Error> {
    let (sql, event) = match what {
        What::Equipment => (sql::EQUIPMENT_CHECK, "equipment-checked"),
        What::Plan => (sql::PLAN_CHECK, "plan-checked"),
    };
    if tx.execute(sql, values![id, &by.organisation, ctx.now_us()]).await? == 0 {
        return Ok(false);
    }
    let detail = json!({ "event": event, "entry": id.to_string() });
    entry::set(tx, ctx, keys, by, detail).await.map(|()| true)
}

/// Takes out an entry of one's own organisation; false where there is none.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn take_out(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (what, id): (What, EntryId),
) -> Result<bool, Error> {
    let (sql, event) = match what {
        What::Equipment => (sql::EQUIPMENT_DELETE, "equipment-taken-out"),
        What::Plan => (sql::PLAN_DELETE, "plan-taken-out"),
    };
    if tx.execute(sql, values![id, &by.organisation]).await? == 0 {
        return Ok(false);
    }
    let detail = json!({ "event": event, "entry": id.to_string() });
    entry::set(tx, ctx, keys, by, detail).await.map(|()| true)
}

/// Equipment of an organisation, or of all.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list_equipment(
    s: &mut impl Reads,
    of: Option<&OrganisationId>,
) -> Result<Vec<Entry<NewEquipment>>, Error> {
    let read = |row: &Row<'_>| {
        let corrupt = |index| ken_store::Error::Column { index };
        let says = NewEquipment {
            kind: Kind::of_code(&row.text(2)?).ok_or_else(|| corrupt(2))?,
            name: row.text(3)?,
            available: row.int(4)?,
            place: row.text(5)?,
            area: Area::new(&row.text(6)?).ok_or_else(|| corrupt(6))?,
            contact: row.text(7)?,
        };
        let (id, organisation, checked) = (row.parse(0)?, row.parse(1)?, row.time(8)?);
        Ok(Entry { id, organisation, says, checked })
    };
    Ok(s.list(sql::EQUIPMENT, values![of, READ_MAX], read).await?)
}

/// Service plans of an organisation, or of all.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list_plans(
    s: &mut impl Reads,
    of: Option<&OrganisationId>,
) -> Result<Vec<Entry<NewPlan>>, Error> {
    let read = |row: &Row<'_>| {
        let says = NewPlan {
            title: row.text(2)?,
            years: (row.int(3)?, row.int(4)?),
            document: row.text(5)?,
            contact: row.text(6)?,
        };
        let (id, organisation, checked) = (row.parse(0)?, row.parse(1)?, row.time(7)?);
        Ok(Entry { id, organisation, says, checked })
    };
    Ok(s.list(sql::PLANS, values![of, READ_MAX], read).await?)
}

/// Forgets what nobody has checked for two years; says how many entries.
///
/// # Errors
///
/// Whatever the store says.
pub async fn sweep(tx: &mut Tx, ctx: &Ctx<'_>) -> Result<u64, Error> {
    let before = ctx.clock.now().checked_sub(KEPT).map_err(|_| Error::Corrupt("clock"))?;
    let equipment = tx.execute(sql::EQUIPMENT_SWEEP, values![before]).await?;
    Ok(equipment + tx.execute(sql::PLANS_SWEEP, values![before]).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_a_district_or_what_has_it_and_never_a_postcode() {
        for bad in ["", "6", "EH6 5", "EH65QG", "EHX", "EH123", "EH-6", "E H"] {
            assert_eq!(Area::new(bad), None, "{bad}");
        }
        let meets = |a, b| Area::new(a).unwrap().meets(&Area::new(b).unwrap());
        for (a, b, want) in [
            ("EH", "eh6", true),
            ("EH6", "EH6", true),
            ("EH1", "EH12", false),
            ("E", "EH", false),
            ("G", "G12", true),
            ("EH6", "G6", false),
        ] {
            assert_eq!((meets(a, b), meets(b, a)), (want, want), "{a} {b}");
        }
    }
}
