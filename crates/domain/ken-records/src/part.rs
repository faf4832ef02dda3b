//! Parts of what has happened: the newest, and then what was before, point by point.
//!
//! # Invariants
//!
//! - The order is fixed by what a row says of itself, its event and its id, and not by how many
//!   rows stand before it: what comes meanwhile moves nothing from one part to another.
//! - It is read from either end, and between two points: which part it is and which events it has
//!   follow from what is asked and from what may be seen.
//! - What stands whatever has happened (who somebody is, alerts, allergies, plans, who helps, what
//!   they said last, the last summaries for urgent care) is in every part.
//! - Where a part ends depends on what may be seen alone, but for the most that is read at all.
//! - Rows are chosen first, and bodies are read of those that are taken, at most [`STEP_BYTES_MAX`]
//!   at a time: memory does not grow with what is attached. What does not fit is in the next part.

mod standing;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use ken_core::{Category, OrganisationId, PersonId, ResourceId};
use ken_sharing::RowClass;
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Snapshot, Value, guard};

use crate::disclose::{Held, ITEMS_MAX, PART_BYTES_MAX, Stored, open};
use crate::file::BODY_BYTES_MAX;
use crate::{Error, Grants, sql};
use standing::{Classes, stands};

/// Most events of one part. House policy: what a page shows in a moment, and somebody reads.
pub const PART_MAX: usize = 150;
/// Most bytes of sealed bodies that are held at a time while a part is read, but for one item.
const STEP_BYTES_MAX: usize = 8 << 20;
/// Most bytes of sealed bodies that are read for one part, whatever may be seen of them.
const READ_BYTES_MAX: usize = 64 << 20;
const _: () = assert!(BODY_BYTES_MAX < PART_BYTES_MAX && BODY_BYTES_MAX < STEP_BYTES_MAX);
/// Bodies asked for in one statement.
const BODIES_PER_STATEMENT: usize = 16;
/// Statements for bodies that are sent at once.
const STATEMENTS_AT_ONCE: usize = 8;
/// Classes asked for in one statement.
pub(crate) const CLASSES_PER_STATEMENT: usize = 8;
/// Where what has no date stands: after everything that has one. As in the statements.
const UNDATED_US: i64 = -9_000_000_000_000_000_000;

/// From which end what has happened is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// From the newest back.
    #[default]
    NewestFirst,
    /// From the oldest on; what has no date is before all that has one.
    OldestFirst,
}

impl Order {
    /// Which of two is met first.
    #[must_use]
    pub fn compare<T: Ord>(self, one: &T, other: &T) -> Ordering {
        match self {
            Self::NewestFirst => other.cmp(one),
            Self::OldestFirst => one.cmp(other),
        }
    }

    /// The one of two ends that is met first.
    #[must_use]
    pub fn nearer(self, one: Option<Point>, other: Option<Point>) -> Option<Point> {
        one.into_iter().chain(other).min_by(|one, other| self.compare(one, other))
    }
}

/// How much is read at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Size {
    /// At most [`PART_MAX`] events, for a page.
    #[default]
    Page,
    /// At most [`ITEMS_MAX`] events, for a copy that is taken away.
    Copy,
}

impl Size {
    /// Most events.
    #[must_use]
    pub const fn most(self) -> usize {
        match self {
            Self::Page => PART_MAX,
            Self::Copy => ITEMS_MAX,
        }
    }
}

/// Which part of what has happened is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Only what was before this point.
    pub before: Option<Point>,
    /// Only what was after this point.
    pub after: Option<Point>,
    /// From which end.
    pub order: Order,
    /// Only events of these kinds of information; of every kind where there are none.
    pub only: BTreeSet<Category>,
    /// Only events that this organisation sent.
    pub source: Option<OrganisationId>,
    /// How much of it.
    pub size: Size,
    /// Instead of all this the versions of one item, the newest first, and nothing beside them.
    pub of: Option<ResourceId>,
}

impl Part {
    /// Before which moment it is, as a decision about it says.
    #[must_use]
    pub fn moment(&self) -> Option<Timestamp> {
        self.before.map(Point::moment)
    }

    /// The same from where a part of it ended.
    #[must_use]
    pub fn beyond(self, end: Point) -> Self {
        match self.order {
            Order::NewestFirst => Self { before: Some(end), ..self },
            Order::OldestFirst => Self { after: Some(end), ..self },
        }
    }

    /// Whether rows of this class can be among its events.
    fn has(&self, class: &RowClass) -> bool {
        (self.only.is_empty() || self.only.contains(&class.category))
            && self.source.as_ref().is_none_or(|source| class.source == *source)
    }

    fn window(&self) -> Window {
        Window { before: self.before, after: self.after, order: self.order }
    }
}

/// Between which points rows are read, and from which end.
#[derive(Clone, Copy, Default)]
struct Window {
    before: Option<Point>,
    after: Option<Point>,
    order: Order,
}

/// A point in the order of what has happened: that of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    event_us: i64,
    resource: ResourceId,
}

impl Point {
    pub(crate) fn new(event: Option<Timestamp>, resource: ResourceId) -> Self {
        Self { event_us: event.map_or(UNDATED_US, Timestamp::as_microsecond), resource }
    }

    /// The point just before whatever happened at a moment. Before the first of all moments is what
    /// has a date, and after what has none.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        Self {
            event_us: moment.as_microsecond(),
            resource: ResourceId::from_uuid(uuid::Uuid::nil()),
        }
    }

    /// The point just after this one: what is read back from there begins with it.
    #[must_use]
    pub fn after(self) -> Self {
        let next = self.resource.uuid().as_u128().saturating_add(1);
        Self { resource: ResourceId::from_uuid(uuid::Uuid::from_u128(next)), ..self }
    }

    /// When it was; the beginning of time for what has no date.
    #[must_use]
    pub fn moment(self) -> Timestamp {
        Timestamp::from_microsecond(self.event_us).unwrap_or(Timestamp::MIN)
    }
}

impl Point {
    /// The item that happened there.
    #[must_use]
    pub const fn item(self) -> ResourceId {
        self.resource
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.event_us, self.resource)
    }
}

impl FromStr for Point {
    type Err = Error;

    /// Reads what [`Point`] writes.
    fn from_str(text: &str) -> Result<Self, Error> {
        let point = || {
            let (event_us, resource) = text.split_once('.')?;
            Some(Self { event_us: event_us.parse().ok()?, resource: resource.parse().ok()? })
        };
        point().ok_or(Error::Corrupt("point"))
    }
}

impl Window {
    /// Leaves out what was read.
    fn pass(&mut self, read_to: Option<Point>) {
        match self.order {
            Order::NewestFirst => self.before = read_to,
            Order::OldestFirst => self.after = read_to,
        }
    }
}

/// What a part holds, whole.
pub(crate) struct Found {
    pub(crate) person: PersonId,
    /// The person's epoch and the policy head that it was read under.
    pub(crate) moment: (i64, i64),
    pub(crate) standing: Vec<Held>,
    pub(crate) events: Vec<Held>,
    /// From which end they were read, and how many of them make a part.
    pub(crate) cut: (Order, Size),
    /// False where more stands than is read.
    pub(crate) is_whole: bool,
    /// Where reading was given up, with rows left that nobody has looked at.
    pub(crate) read_to: Option<Point>,
}

/// Reads a part: as many rows as it takes to fill it with what the grants show, in steps that all
/// see the same epoch and policy head.
pub(crate) async fn find(
    db: &Db,
    keys: &KeyRing,
    person: PersonId,
    grants: &Grants,
    part: &Part,
) -> Result<Found, Error> {
    let standing = Classes::of(grants);
    let of_part = grants.classes(|class| part.has(class));
    let mut window = part.window();
    let (moment, standing, is_whole, mut step) = db
        .snapshot("records.disclose", async |s| {
            let (moment, (standing, is_whole), step) = tokio::try_join!(
                moment(s, person),
                Box::pin(stands(s, person, &standing)),
                Box::pin(step(s, person, &of_part, window)),
            )?;
            Ok::<_, Error>((moment, standing, is_whole, step))
        })
        .await?;
    let standing = opened(keys, person, standing).await?;
    let (cut, events) = ((part.order, part.size), vec![]);
    let mut found = Found { person, moment, standing, events, cut, is_whole, read_to: None };
    let (mut read, mut read_bytes, mut shown_bytes) = (0, 0, 0);
    loop {
        let (is_last, last) = (step.is_last, step.rows.last().map(Stored::point));
        read += step.rows.len();
        read_bytes += step.rows.iter().map(|row| row.bytes).sum::<usize>();
        // No more is shown of anything than is held of it: then all of it fits.
        let fits = is_last && read_bytes <= PART_BYTES_MAX;
        for held in opened(keys, person, step.rows).await? {
            let bytes = if fits { Some(0) } else { held.shown_bytes(grants) };
            let Some(bytes) = bytes else { continue };
            shown_bytes += bytes;
            if shown_bytes > PART_BYTES_MAX && !found.events.is_empty() {
                found.read_to = found.events.last().map(Held::point);
                return Ok(found);
            }
            found.events.push(held);
        }
        if is_last || found.events.len() > part.size.most() {
            return Ok(found);
        }
        if read >= ITEMS_MAX || read_bytes >= READ_BYTES_MAX {
            found.read_to = last;
            return Ok(found);
        }
        window.pass(last);
        let more = db.snapshot("records.disclose-more", async |s| {
            let step = Box::pin(self::step(s, person, &of_part, window));
            tokio::try_join!(self::moment(s, person), step)
        });
        let (now, more) = more.await?;
        if now != moment {
            return Err(Error::Stale);
        }
        step = more;
    }
}

/// Some events, in the order that they are read in, with their bodies.
struct Step {
    rows: Vec<Stored>,
    /// Whether nothing is beyond them.
    is_last: bool,
}

/// The next events of a window: as many as may be held at a time, and at least one.
async fn step(
    s: &Snapshot,
    person: PersonId,
    classes: &[&str],
    window: Window,
) -> Result<Step, Error> {
    let mut rows = placed(s, person, classes, (window, PART_MAX + 1)).await?;
    let (mut bytes, count) = (0, rows.len());
    let fits = rows.iter().take_while(|row| {
        let is_first = bytes == 0;
        bytes += row.bytes;
        is_first || bytes <= STEP_BYTES_MAX
    });
    let fits = fits.count();
    rows.truncate(fits);
    bodies(s, person, &mut rows).await?;
    Ok(Step { rows, is_last: fits == count && count <= PART_MAX })
}

/// Leaves out the longest of what stands where all of it is too much. False where anything is.
fn fit(standing: &mut Vec<Stored>) -> bool {
    let count = standing.len();
    standing.sort_by_key(|row| (row.bytes, row.resource));
    let mut bytes = 0;
    standing.retain(|row| {
        bytes += row.bytes;
        bytes <= PART_BYTES_MAX
    });
    standing.len() == count
}

/// Reads the bodies of rows that this snapshot has found.
async fn bodies(s: &Snapshot, person: PersonId, rows: &mut [Stored]) -> Result<(), Error> {
    let some = async |some: &mut [Stored]| {
        let named: Vec<ResourceId> = some.iter().map(|row| row.resource).collect();
        let spare = std::iter::repeat(named.first().copied()).flatten();
        let of: Vec<Value<'_>> = std::iter::once(person.into())
            .chain(named.iter().copied().chain(spare).take(BODIES_PER_STATEMENT).map(Value::from))
            .collect();
        let read = |row: &Row<'_>| Ok((row.parse::<ResourceId>(0)?, row.bytes(1)?));
        let mut found: BTreeMap<_, _> =
            s.beside().list(sql::LIST_BODIES, &of, read).await?.into_iter().collect();
        for row in some {
            // One that stands and was said last may be listed twice; it is opened once.
            row.body = found.remove(&row.resource).unwrap_or_default();
        }
        Ok::<_, Error>(())
    };
    // Each has the time of a statement, and they are answered in turn.
    for rows in rows.chunks_mut(BODIES_PER_STATEMENT * STATEMENTS_AT_ONCE) {
        try_join_all(rows.chunks_mut(BODIES_PER_STATEMENT).map(some)).await?;
    }
    Ok(())
}

/// The epoch of a person's guard, and the policy head.
pub(crate) async fn moment(s: &Snapshot, person: PersonId) -> Result<(i64, i64), Error> {
    let (mut guards, mut head) = (s.beside(), s.beside());
    let (guard, policy) =
        tokio::try_join!(guard::find(&mut guards, person), guard::policy_version(&mut head))?;
    Ok((guard.ok_or(Error::Stale)?.epoch, policy))
}

async fn opened(keys: &KeyRing, person: PersonId, rows: Vec<Stored>) -> Result<Vec<Held>, Error> {
    let (mut all, mut seen) = (Vec::with_capacity(rows.len()), BTreeSet::new());
    for row in rows {
        if seen.insert(row.resource) {
            all.extend(open(keys, person, row).await?);
        }
    }
    Ok(all)
}

/// The first of what has happened in a window, in its order.
async fn placed(
    s: &Snapshot,
    person: PersonId,
    classes: &[&str],
    (window, most): (Window, usize),
) -> Result<Vec<Stored>, Error> {
    let statement = match window.order {
        Order::NewestFirst => sql::LIST_PART,
        Order::OldestFirst => sql::LIST_PART_RISING,
    };
    let bound = |point: Option<Point>, open: i64| {
        let event_us = point.map_or(open, |point| point.event_us);
        (event_us, point.map(|point| point.resource.to_string()).unwrap_or_default())
    };
    let (before, after) = (bound(window.before, i64::MAX), bound(window.after, i64::MIN));
    let some = async |some: &[&str]| {
        let of: Vec<Value<'_>> = std::iter::once(person.into())
            .chain(eight(some).map(Value::from))
            .chain([before.0.into(), before.1.as_str().into()])
            .chain([after.0.into(), after.1.as_str().into(), limit(most).into()])
            .collect();
        s.beside().list(statement, &of, stored).await
    };
    let rows = try_join_all(classes.chunks(CLASSES_PER_STATEMENT).map(some)).await?;
    let mut rows: Vec<Stored> = rows.into_iter().flatten().collect();
    rows.sort_by(|one, other| window.order.compare(&one.point(), &other.point()));
    rows.truncate(most);
    Ok(rows)
}

pub(crate) fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or_default()
}

pub(crate) fn stored(row: &Row<'_>) -> ken_store::Result<Stored> {
    Ok(Stored {
        resource: row.parse(0)?,
        version: row.int(1)?,
        class: row.text(2)?,
        kind: row.text(3)?,
        event_us: row.int_opt(4)?,
        filed_us: row.int(5)?,
        key: row.parse(6)?,
        bytes: usize::try_from(row.int(7)?).unwrap_or(usize::MAX),
        body: vec![],
        message: row.parse(8)?,
        status: row.text(9)?,
    })
}

/// Eight points filled with one to eight classes; spare points repeat the first.
pub(crate) fn eight<'a>(classes: &[&'a str]) -> [&'a str; CLASSES_PER_STATEMENT] {
    let first = classes.first().copied().unwrap_or_default();
    let mut points = [first; CLASSES_PER_STATEMENT];
    for (point, class) in points.iter_mut().zip(classes) {
        *point = class;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_as_it_is_written() {
        let resource: ResourceId = "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap();
        let dated = Point::new(Some("2026-11-21T09:14:00Z".parse().unwrap()), resource);
        let undated = Point::new(None, resource);
        assert!(undated < dated);
        assert_eq!(dated.moment().to_string(), "2026-11-21T09:14:00Z");
        assert_eq!(undated.moment(), Timestamp::MIN);
        for point in [dated, undated] {
            assert_eq!(point.to_string().parse::<Point>().unwrap(), point);
        }
        // Whatever happened at a moment is after its point, and what was before is not.
        let moment = dated.moment();
        let sooner = moment - jiff::SignedDuration::from_micros(1);
        assert!(
            Point::at(moment) < dated && Point::new(Some(sooner), resource) < Point::at(moment)
        );
        assert!(dated < dated.after() && dated.after().after() > dated.after());
        assert!(undated < Point::at(Timestamp::MIN) && Point::at(Timestamp::MIN) < dated);
        for text in ["", ".", "7", "x.0190163d-8694-739b-aea5-966c26f8ad90", "7.x"] {
            assert!(text.parse::<Point>().is_err(), "{text}");
        }
    }
}
