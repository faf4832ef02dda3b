//! Duty rosters: which desk of an organisation is reached how, and who is on duty there when.
//!
//! # Invariants
//!
//! - A roster is business information: it names offices, phones and whoever works there, and
//!   nobody who is cared for. What looks like a number or a birth of somebody is refused before it
//!   is kept, as it is in [`crate::stock`].
//! - Whoever holds no role of the organisation any more is on no roster of it.
//! - Where nobody is on duty, the desk's own phone and address stand; that nobody is, is told.
//! - Only practitioners of an organisation change its roster; each change is on its ledger.
//!
//! # Sources
//!
//! - House policy for every bound; the staff rosters that partnerships share as business
//!   information (catalogue row E22).

mod list;
mod times;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ken_core::{Ctx, EntryId, OrganisationId, PractitionerId, RoleId};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};
use serde_json::json;

use crate::sql::roster as sql;
use crate::stock::names_nobody;
use crate::{Acting, Error, entry, practitioner};

pub use crate::sql::roster::ALL as STATEMENTS;
pub use list::{planned, read};
pub use times::{Cover, Span, cover};

/// Most desks of one organisation. House policy.
pub const DESKS_MAX: i64 = 50;
/// Most desks of all organisations that are read. House policy.
const ALL_DESKS_MAX: i64 = 1_000;
/// Most shifts of one organisation that have not ended. House policy: three desks, each hour of a
/// day another, for two months.
pub const SHIFTS_MAX: i64 = 5_000;
/// Most shifts that are read at once, the first first. House policy: a day of a large nation.
const READ_MAX: i64 = 5_000;
/// Most shifts that are brought at once. House policy.
pub const ROWS_MAX: usize = 1_000;
/// How far ahead a shift may begin. House policy: a year, and some weeks to plan the next.
pub const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);
/// How long a shift is kept after its end. House policy: so that whoever asks why nobody answered
/// can still be told.
pub const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Shifts removed in one sweep, to keep the write short.
const SWEEP_MAX: i64 = 500;

/// Where an organisation is reached for some kind of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    /// Its id.
    pub id: EntryId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// What people call it: "Adult social work duty desk".
    pub name: String,
    /// The role of whoever is on duty there, as agreements name it.
    pub role: RoleId,
    /// Its own telephone number, which stands where a shift has none.
    pub phone: String,
    /// Where it is written to, if it has such an address.
    pub address: Option<String>,
}

/// A desk to register, or to bring up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDesk {
    /// What people call it; one name, one desk of the organisation.
    pub name: String,
    /// The role of whoever is on duty there.
    pub role: RoleId,
    /// Its telephone number.
    pub phone: String,
    /// Where it is written to.
    pub address: Option<String>,
}

/// Somebody on duty at a desk, from when until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Its id.
    pub id: EntryId,
    /// When.
    pub span: Span,
    /// Who, where the roster says so.
    pub practitioner: Option<PractitionerId>,
    /// Their name.
    pub name: Option<String>,
    /// A telephone number of this shift's own.
    pub phone: Option<String>,
}

/// A shift to plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewShift {
    /// At which desk.
    pub desk: EntryId,
    /// When.
    pub span: Span,
    /// Who, if that is said.
    pub practitioner: Option<PractitionerId>,
    /// A telephone number of its own.
    pub phone: Option<String>,
}

/// What the rows of a roster may speak of: an organisation's desks, and who works there.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Its desks.
    pub desks: Vec<Desk>,
    /// Its practitioners, each once.
    pub staff: Vec<(PractitionerId, String)>,
}

/// A desk and its shifts in a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// The desk.
    pub desk: Desk,
    /// Its shifts, the first first.
    pub shifts: Vec<Shift>,
}

impl Roster {
    /// Whoever is on duty at an instant.
    pub fn on(&self, at: Timestamp) -> impl Iterator<Item = &Shift> {
        self.shifts.iter().filter(move |shift| shift.span.has(at))
    }

    /// How its shifts cover a time that was read.
    #[must_use]
    pub fn cover(&self, within: Span) -> Cover {
        let spans: Vec<_> = self.shifts.iter().map(|shift| shift.span).collect();
        cover(&spans, within)
    }
}

/// What became of shifts that were brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// How many were planned.
    pub new: usize,
    /// How many stood there already.
    pub known: usize,
}

/// Why nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A desk or practitioner is not the organisation's any more.
    NotFound,
    /// A text is empty or too long, or may name a person who is cared for.
    Unfit,
    /// No more is kept.
    TooMany,
}

impl Refusal {
    /// What is wrong, in a sentence.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::NotFound => "This has changed meanwhile. Look again.",
            Self::Unfit => {
                "Each of name, phone and address is one line of at most 200 characters, and has \
                 no CHI or NHS number and no date of birth."
            }
            Self::TooMany => "No more is kept here. Take out what is not needed.",
        }
    }
}

fn fit_line(line: &str) -> bool {
    names_nobody(&[line]).is_ok()
}

/// Registers a desk of one's own organisation, or brings the one of that name up to date.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn put_desk(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    new: &NewDesk,
) -> Result<Result<EntryId, Refusal>, Error> {
    let own = &by.organisation;
    let (name, address) = (new.name.trim(), new.address.as_deref().map(str::trim));
    if ![Some(name), Some(&*new.phone), address].into_iter().flatten().all(fit_line) {
        return Ok(Err(Refusal::Unfit));
    }
    tx.execute(sql::DESKS_HOLD, values![own]).await?;
    let desks = desks(tx, own).await?;
    let is_new = desks.iter().all(|desk| desk.name != name);
    if is_new && i64::try_from(desks.len()).unwrap_or(i64::MAX) >= DESKS_MAX {
        return Ok(Err(Refusal::TooMany));
    }
    let id = EntryId::draw(ctx.ids);
    let of = values![id, own, name, &new.role, new.phone.trim(), address, ctx.now_us()];
    let kept = tx.find(sql::DESK_PUT, of, |row| row.parse(0)).await?;
    let kept: EntryId = kept.ok_or(Error::Corrupt("desk"))?;
    let detail = json!({ "event": "desk-registered", "desk": kept.to_string(), "name": name });
    entry::set(tx, ctx, keys, by, detail).await?;
    Ok(Ok(kept))
}

/// Takes out a desk of one's own organisation with its shifts; false where there is none.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn take_out_desk(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    desk: EntryId,
) -> Result<bool, Error> {
    if tx.execute(sql::DESK_DELETE, values![desk, &by.organisation]).await? == 0 {
        return Ok(false);
    }
    tx.execute(sql::SHIFTS_DELETE_OF, values![desk]).await?;
    let detail = json!({ "event": "desk-taken-out", "desk": desk.to_string() });
    entry::set(tx, ctx, keys, by, detail).await?;
    Ok(true)
}

/// Plans shifts of one's own organisation: all, or none. One that stands there already is not
/// planned twice.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn add(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    shifts: &[NewShift],
) -> Result<Result<Added, Refusal>, Error> {
    let own = &by.organisation;
    if shifts.len() > ROWS_MAX {
        return Ok(Err(Refusal::TooMany));
    }
    tx.execute(sql::DESKS_HOLD, values![own]).await?;
    let desks = desks(tx, own).await?;
    let is_own = |new: &NewShift| {
        desks.iter().any(|desk| desk.id == new.desk) && planned(new.span, ctx.clock.now()).is_ok()
    };
    if !shifts.iter().filter_map(|new| new.phone.as_deref()).all(fit_line) {
        return Ok(Err(Refusal::Unfit));
    }
    if !shifts.iter().all(is_own) || !work_here(tx, ctx, own, shifts).await? {
        return Ok(Err(Refusal::NotFound));
    }
    let held = values![own, ctx.now_us(), SHIFTS_MAX];
    let held = tx.list(sql::SHIFTS_HELD, held, read_new).await?;
    let new: Vec<_> = shifts.iter().filter(|new| !held.contains(new)).collect();
    let most = usize::try_from(SHIFTS_MAX).unwrap_or(usize::MAX);
    if held.len() + new.len() > most {
        return Ok(Err(Refusal::TooMany));
    }
    for shift in &new {
        let (Span { from, until }, phone) = (shift.span, shift.phone.as_deref());
        let id = EntryId::draw(ctx.ids);
        let of = values![id, own, shift.desk, shift.practitioner, phone, from, until];
        tx.execute(sql::SHIFT_INSERT, of).await?;
    }
    let added = Added { new: new.len(), known: shifts.len() - new.len() };
    if added.new > 0 {
        let detail = json!({ "event": "shifts-planned", "shifts": added.new });
        entry::set(tx, ctx, keys, by, detail).await?;
    }
    Ok(Ok(added))
}

/// Whether everybody whom shifts name holds a role of the organisation.
async fn work_here(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    own: &OrganisationId,
    shifts: &[NewShift],
) -> Result<bool, Error> {
    let named: BTreeSet<_> = shifts.iter().filter_map(|new| new.practitioner).collect();
    for id in named {
        let roles = practitioner::roles(tx, ctx, id).await?;
        if roles.iter().all(|held| held.organisation != *own) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes out a shift of one's own organisation; false where there is none.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn take_out(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    shift: EntryId,
) -> Result<bool, Error> {
    if tx.execute(sql::SHIFT_DELETE, values![shift, &by.organisation]).await? == 0 {
        return Ok(false);
    }
    let detail = json!({ "event": "shift-taken-out", "shift": shift.to_string() });
    entry::set(tx, ctx, keys, by, detail).await?;
    Ok(true)
}

/// An organisation's desks, by name.
///
/// # Errors
///
/// Whatever the store says.
pub async fn desks(s: &mut impl Reads, of: &OrganisationId) -> Result<Vec<Desk>, Error> {
    Ok(s.list(sql::DESKS, values![of, DESKS_MAX], read_desk).await?)
}

/// What the rows of an organisation's roster may speak of.
///
/// # Errors
///
/// Whatever the store says.
pub async fn known(s: &mut impl Reads, ctx: &Ctx<'_>, of: &OrganisationId) -> Result<Known, Error> {
    let desks = desks(s, of).await?;
    Ok(Known { desks, staff: practitioner::staff(s, ctx, of).await? })
}

/// The rosters of an organisation, or of all, in a time.
///
/// # Errors
///
/// Whatever the store says.
pub async fn rosters(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    of: Option<&OrganisationId>,
    within: Span,
) -> Result<Vec<Roster>, Error> {
    let desks = s.list(sql::DESKS, values![of, ALL_DESKS_MAX], read_desk).await?;
    let mut rosters: Vec<_> =
        desks.into_iter().map(|desk| Roster { desk, shifts: vec![] }).collect();
    let of = values![of, within.from, within.until, ctx.now_us(), READ_MAX];
    let read = |row: &Row<'_>| Ok((row.parse::<EntryId>(1)?, read_shift(row)?));
    for (desk, shift) in s.list(sql::SHIFTS, of, read).await? {
        if let Some(roster) = rosters.iter_mut().find(|roster| roster.desk.id == desk) {
            roster.shifts.push(shift);
        }
    }
    Ok(rosters)
}

/// Removes some shifts that ended long ago; says how many.
///
/// # Errors
///
/// Whatever the store says.
pub async fn sweep(tx: &mut Tx, ctx: &Ctx<'_>) -> Result<u64, Error> {
    let before = ctx.clock.now().checked_sub(KEPT).map_err(|_| Error::Corrupt("clock"))?;
    Ok(tx.execute(sql::SHIFTS_SWEEP, values![before, SWEEP_MAX]).await?)
}

fn read_desk(row: &Row<'_>) -> Result<Desk, ken_store::Error> {
    Ok(Desk {
        id: row.parse(0)?,
        organisation: row.parse(1)?,
        name: row.text(2)?,
        role: row.parse(3)?,
        phone: row.text(4)?,
        address: row.text_opt(5)?,
    })
}

fn read_span(row: &Row<'_>) -> Result<Span, ken_store::Error> {
    Ok(Span { from: row.time(4)?, until: row.time(5)? })
}

fn read_shift(row: &Row<'_>) -> Result<Shift, ken_store::Error> {
    Ok(Shift {
        id: row.parse(0)?,
        span: read_span(row)?,
        practitioner: row.parse_opt(2)?,
        phone: row.text_opt(3)?,
        name: row.text_opt(6)?,
    })
}

fn read_new(row: &Row<'_>) -> Result<NewShift, ken_store::Error> {
    Ok(NewShift {
        desk: row.parse(1)?,
        span: read_span(row)?,
        practitioner: row.parse_opt(2)?,
        phone: row.text_opt(3)?,
    })
}
