//! Planning extracts: a table is asked for, counted, looked at without its figures, and given.
//!
//! Of a table that was counted and not given only how much of it would be told is said. What is
//! given is kept, so that the same table asked for again has the same figures, and so that no other
//! table of the same months and records is given beside it.
//!
//! # Invariants
//!
//! - The gate decides before anything is counted and again before anything is told; each decision
//!   stands on the ledger, refusals included.
//! - Two tables that were given are the same, or share no record in no month: whoever holds every
//!   table has of each record's months one, and nothing to subtract it from.
//! - What is kept is what may be told, and nothing else: figures that are kept back are nowhere.
//!
//! # Sources
//!
//! - Differences between repeated requests are how counts betray people in every guide to
//!   disclosure control; that one table is given of a month is house policy, and strict: to decide
//!   which tables are safe beside each other needs more than pairs of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use ken_core::{Category, ClauseId, Ctx, EntryId, OrganisationId, PractitionerId, Purpose, RoleId};
use ken_directory::{Acting, organisation};
use ken_sharing::Gate;
use ken_sharing::gate::counts::{self, CountPermit, Counting};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Snapshot, Tx, values};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::control::{Protected, SIDE_MAX};
use crate::count::Counter;
use crate::define::{Definition, Lines, Sources, Unfit};
use crate::read::{self, Watch};
use crate::{Error, sql};

/// What counts are for, in every agreement.
pub const PURPOSE: &str = "joint-planning";
/// How long a table that was counted may wait to be given: what people say meanwhile counts in the
/// next.
pub const WAITS: SignedDuration = SignedDuration::from_hours(24);
/// Most extracts of the same months that a new one is compared with; beyond it nothing is given.
const COMPARED_MAX: usize = 1_000;
/// Most extracts that one list gives, the newest first.
pub const LISTED_MAX: usize = 200;
/// Longest reason, in characters.
pub const WHY_MAX: usize = 500;

/// An extract, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// Its id: that of the entry under which it was counted.
    pub id: EntryId,
    /// Who asked, acting for whom.
    pub by: (PractitionerId, OrganisationId, RoleId),
    /// When it was counted, or taken from one that was given.
    pub made: Timestamp,
    /// When it was given, and the entry that says so.
    pub given: Option<(Timestamp, EntryId)>,
    /// What it says.
    pub body: Body,
}

/// What an extract says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// The table that was asked for.
    pub definition: Definition,
    /// Why it was asked for.
    pub why: String,
    /// Whose records are counted, by which clause.
    pub sources: BTreeMap<OrganisationId, Source>,
    /// What was signed, by clause.
    pub clauses: BTreeMap<ClauseId, Cited>,
    /// What its rows are called.
    pub rows: Vec<String>,
    /// What its columns are called.
    pub columns: Vec<String>,
    /// Its figures.
    pub told: Protected,
    /// When its figures were counted.
    pub counted: Timestamp,
}

/// An organisation whose records are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What it is called.
    pub name: String,
    /// The clause by which it gives counts.
    pub clause: ClauseId,
}

/// A clause, as an extract cites it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited {
    /// The agreement, by name and version.
    pub agreement: String,
    /// The sentence that was signed.
    pub text: String,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The table.
    pub definition: Definition,
    /// Why.
    pub why: String,
}

/// What came of asking, or of giving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is counted and waits, or it is given.
    Done(Box<Extract>),
    /// There is no such table.
    Unfit(Unfit),
    /// No clause in force gives counts to whoever asks.
    NoClause,
    /// Another table of some of these months and records was given.
    Overlaps(EntryId),
    /// Nobody may give it: it is not theirs, it was given, it waited too long, or the clauses have
    /// changed since.
    Gone,
    /// It was told to stop.
    Stopped,
}

impl Body {
    /// How a table stands to another that was given.
    #[must_use]
    pub fn beside(&self, given: &Self) -> Beside {
        // By whichever clause: what was given once is not counted anew because a text was renewed.
        if self.definition == given.definition && self.sources.keys().eq(given.sources.keys()) {
            return Beside::Same;
        }
        let shares = self.sources.keys().any(|source| given.sources.contains_key(source));
        if shares && self.definition.meets(&given.definition) {
            Beside::Overlapping
        } else {
            Beside::Apart
        }
    }

    fn by_clause(&self) -> BTreeMap<&OrganisationId, &ClauseId> {
        self.sources.iter().map(|(id, source)| (id, &source.clause)).collect()
    }
}

/// How one table stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// They are the same table: they have the same figures.
    Same,
    /// They count no record in the same month.
    Apart,
    /// They count some, and what one tells might be subtracted from what the other does.
    Overlapping,
}

/// Counts a table that is asked for, without telling it.
///
/// # Errors
///
/// Whatever the store, the ledger, the decision or the index says.
pub async fn prepare(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (gate, by): (&Gate, &Acting),
    asked: &Asked,
    watch: Watch<'_>,
) -> Result<Outcome, Error> {
    if let Err(unfit) = asked.definition.check(ctx.clock.today()) {
        return Ok(Outcome::Unfit(unfit));
    }
    let purpose = purpose()?;
    let sources = counts::sources(db, ctx, gate, &purpose).await?;
    if sources.is_empty() {
        return Ok(Outcome::NoClause);
    }
    let counting = counting(sources, asked, None)?;
    let Some(permit) = counts::count(db, ctx, keys, gate, by, &counting).await? else {
        return Ok(Outcome::NoClause);
    };
    let mut body = empty(db, ctx, &permit, asked).await?;
    match beside(db, &body).await? {
        Met::Overlapping(other) => return Ok(Outcome::Overlaps(other)),
        Met::Same(given) => {
            let read = async |s: &mut Snapshot| find(s, by, given.id).await;
            if let Some(own) = db.snapshot("insight.find", read).await? {
                return Ok(Outcome::Done(Box::new(own)));
            }
            let Body { rows, columns, told, counted, .. } = given.body;
            body = Body { rows, columns, told, counted, ..body };
        }
        Met::Nothing => {
            let lines = lines(&body, &permit.categories());
            let counter = Counter::new(asked.definition.clone(), lines.0, lines.1);
            let of = (&asked.definition, counter);
            let Some(counter) = read::all(db, ctx, &permit, of, watch).await? else {
                return Ok(Outcome::Stopped);
            };
            let table = counter.finish(drawn(ctx)).ok_or(Error::Corrupt("table"))?;
            (body.rows, body.columns, body.told) = (table.rows, table.columns, table.told);
        }
    }
    let extract = keep(db, ctx, (by, permit.entry()), body).await?;
    Ok(Outcome::Done(Box::new(extract)))
}

/// Gives a table that was counted: decided again, entered, and only then told.
///
/// # Errors
///
/// As [`prepare`].
pub async fn give(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (gate, by): (&Gate, &Acting),
    id: EntryId,
) -> Result<Outcome, Error> {
    let read = async |s: &mut Snapshot| find(s, by, id).await;
    let waiting = db.snapshot("insight.find", read).await?;
    if let Some(given) = waiting.as_ref().filter(|one| one.given.is_some() && is_of(one, by)) {
        // Sent twice: it was given.
        return Ok(Outcome::Done(Box::new(given.clone())));
    }
    let is_whole = |one: &Extract| {
        one.given.is_none() && is_of(one, by) && ctx.clock.now().duration_since(one.made) < WAITS
    };
    let Some(extract) = waiting.filter(is_whole) else { return Ok(Outcome::Gone) };
    let Body { definition, why, .. } = extract.body.clone();
    let asked = Asked { definition, why };
    let counting = counting(extract.body.sources.keys().cloned().collect(), &asked, Some(id))?;
    let permit = counts::count(db, ctx, keys, gate, by, &counting).await?;
    let given = permit.as_ref().map(|permit| permit.given().iter().collect::<BTreeMap<_, _>>());
    let (Some(permit), true) = (&permit, given == Some(extract.body.by_clause())) else {
        return Ok(Outcome::Gone);
    };
    let work = async |tx: &mut Tx| enter(tx, ctx, extract.clone(), permit).await;
    db.write("insight.give", work).await
}

/// Gives it in its turn, if no other that was given overlaps with it.
async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    mut extract: Extract,
    permit: &CountPermit,
) -> Result<Outcome, Error> {
    let entry = permit.entry();
    tx.execute(sql::TURN, &[]).await?;
    match met(tx, &extract.body).await? {
        Met::Overlapping(other) => return Ok(Outcome::Overlaps(other)),
        Met::Same(given) => {
            let Body { rows, columns, told, counted, .. } = given.body;
            extract.body = Body { rows, columns, told, counted, ..extract.body };
        }
        Met::Nothing => {}
    }
    let (now, body) = (ctx.clock.now(), written(&extract.body)?);
    let of = values![extract.id, now, entry, body.as_str()];
    if tx.execute(sql::GIVE, of).await? == 0 {
        return Ok(Outcome::Gone);
    }
    let listed = extract.body.sources.keys().chain([&extract.by.1]);
    for one in listed.collect::<BTreeSet<_>>() {
        let sees = i64::from(permit.readers().contains(one) || *one == extract.by.1);
        tx.execute(sql::INSERT_READER, values![one, extract.id, now, sees]).await?;
    }
    extract.given = Some((now, entry));
    Ok(Outcome::Done(Box::new(extract)))
}

/// An extract that somebody may look at: their own that waits, or one that was given to the same
/// role of their organisation.
///
/// # Errors
///
/// [`Error::Corrupt`] when it no longer reads, or whatever the store says.
pub async fn find(s: &mut impl Reads, by: &Acting, id: EntryId) -> Result<Option<Extract>, Error> {
    let Some(row) = s.find(sql::FIND, values![id], Raw::of).await? else { return Ok(None) };
    let extract = row.extract()?;
    if extract.given.is_none() {
        return Ok(Some(extract).filter(|extract| is_of(extract, by)));
    }
    let reads = s.find(sql::IS_READER, values![&by.organisation, id], |_| Ok(())).await?;
    Ok(reads.map(|()| extract).filter(|extract| extract.by.2 == by.role))
}

/// What was given to an organisation or of its records, the newest first, and whether it may be
/// read there: of its records it is listed with who asked and why; what it tells is for those to
/// whom all the others give the same.
///
/// # Errors
///
/// As [`find`].
pub async fn list(s: &mut impl Reads, own: &OrganisationId) -> Result<Vec<(Extract, bool)>, Error> {
    let most = i64::try_from(LISTED_MAX).unwrap_or(i64::MAX);
    let read = |row: &Row<'_>| Ok((Raw::of(row)?, row.int(8)? == 1));
    let rows = s.list(sql::LIST_READ, values![own, most], read).await?;
    rows.into_iter().map(|(raw, sees)| Ok((raw.extract()?, sees))).collect()
}

/// The same table of the months before, if an organisation reads one: the latest.
///
/// # Errors
///
/// As [`find`].
pub async fn earlier(
    s: &mut impl Reads,
    own: &OrganisationId,
    of: &Body,
) -> Result<Option<Extract>, Error> {
    let is_it = |one: &Extract| {
        of.definition.is_later_of(&one.body.definition)
            && one.body.sources.keys().eq(of.sources.keys())
            && one.body.columns == of.columns
    };
    let read = list(s, own).await?.into_iter().filter(|(_, sees)| *sees);
    let before = read.map(|(one, _)| one).filter(is_it);
    Ok(before.max_by_key(|one| one.body.definition.until))
}

/// Whether an extract that waits is of whoever acts.
fn is_of(extract: &Extract, by: &Acting) -> bool {
    let (practitioner, organisation, role) = &extract.by;
    *practitioner == by.practitioner && *organisation == by.organisation && *role == by.role
}

/// What nobody can know beforehand.
fn drawn(ctx: &Ctx<'_>) -> u64 {
    let entropy: [u8; 32] = ctx.entropy();
    entropy.iter().take(8).fold(0, |draw, byte| (draw << 8) | u64::from(*byte))
}

fn purpose() -> Result<Purpose, Error> {
    PURPOSE.parse().map_err(|_| Error::Corrupt("purpose"))
}

/// What the gate is asked, with what stands about it on the ledger.
fn counting(
    sources: BTreeSet<OrganisationId>,
    asked: &Asked,
    given: Option<EntryId>,
) -> Result<Counting, Error> {
    let detail = json!({
        "table": asked.definition,
        "why": asked.why,
        "to_give": given.map(|id| id.to_string()),
    });
    Ok(Counting { purpose: purpose()?, sources, detail })
}

/// A table without its figures.
async fn empty(db: &Db, ctx: &Ctx<'_>, permit: &CountPermit, asked: &Asked) -> Result<Body, Error> {
    let given = permit.given();
    let read = async |s: &mut Snapshot| {
        let mut sources = BTreeMap::new();
        for (id, clause) in given {
            let named = organisation::find(s, id).await?;
            let name = named.map_or_else(|| id.to_string(), |named| named.name);
            sources.insert(id.clone(), Source { name, clause: clause.clone() });
        }
        Ok::<_, Error>(sources)
    };
    let sources = db.snapshot("insight.sources", read).await?;
    let cited = permit.citations().iter().map(|(clause, cited)| {
        let (agreement, text) = (cited.instrument.to_string(), cited.text.clone());
        (clause.clone(), Cited { agreement, text })
    });
    let Asked { definition, why } = asked.clone();
    let told = Protected { figures: vec![], across: None, down: None, all: None };
    let (clauses, counted) = (cited.collect(), ctx.clock.now());
    let (rows, columns) = (vec![], vec![]);
    Ok(Body { definition, why, sources, clauses, rows, columns, told, counted })
}

fn lines(body: &Body, categories: &BTreeSet<Category>) -> (Lines, Option<Lines>) {
    let name = |(id, source): (&OrganisationId, &Source)| (id.clone(), source.name.clone());
    let sources: Sources = body.sources.iter().map(name).collect();
    let of = |dimension| Lines::of((dimension, &body.definition), (&sources, categories), SIDE_MAX);
    (of(body.definition.rows), body.definition.columns.map(of))
}

/// What a table meets among those that were given.
enum Met {
    Nothing,
    Same(Box<Extract>),
    Overlapping(EntryId),
}

async fn beside(db: &Db, body: &Body) -> Result<Met, Error> {
    db.snapshot("insight.beside", async |s: &mut Snapshot| met(s, body).await).await
}

async fn met(s: &mut impl Reads, body: &Body) -> Result<Met, Error> {
    let days = [body.definition.from, body.definition.until].map(|day| day.to_string());
    let [from, until] = &days;
    let most = i64::try_from(COMPARED_MAX + 1).unwrap_or(i64::MAX);
    let of = values![from.as_str(), until.as_str(), most];
    let rows = s.list(sql::LIST_MEETING, of, Raw::of).await?;
    let is_too_many = rows.len() > COMPARED_MAX;
    let mut same = None;
    for row in rows {
        let given = row.extract()?;
        if is_too_many {
            return Ok(Met::Overlapping(given.id));
        }
        match body.beside(&given.body) {
            Beside::Overlapping => return Ok(Met::Overlapping(given.id)),
            Beside::Same => same = Some(Box::new(given)),
            Beside::Apart => {}
        }
    }
    Ok(same.map_or(Met::Nothing, Met::Same))
}

/// Keeps a table that waits, and forgets those that have waited too long.
async fn keep(
    db: &Db,
    ctx: &Ctx<'_>,
    (by, id): (&Acting, EntryId),
    body: Body,
) -> Result<Extract, Error> {
    let (now, text) = (ctx.clock.now(), written(&body)?);
    let days = [body.definition.from, body.definition.until].map(|day| day.to_string());
    let work = async |tx: &mut Tx| {
        let over = now.checked_sub(WAITS).map_err(|_| Error::Corrupt("clock"))?;
        tx.execute(sql::SWEEP, values![over]).await?;
        let [from, until] = &days;
        let (own, role, who) = (&by.organisation, &by.role, by.practitioner);
        let of = values![id, own, role, who, from.as_str(), until.as_str(), now, text.as_str()];
        tx.execute(sql::INSERT, of).await?;
        Ok::<_, Error>(())
    };
    db.write("insight.keep", work).await?;
    let by = (by.practitioner, by.organisation.clone(), by.role.clone());
    Ok(Extract { id, by, made: now, given: None, body })
}

fn written(body: &Body) -> Result<String, Error> {
    serde_json::to_string(body).map_err(|_| Error::Corrupt("extract"))
}

/// A row, before its body is read.
struct Raw {
    id: EntryId,
    by: (PractitionerId, OrganisationId, RoleId),
    made: Timestamp,
    given: Option<Timestamp>,
    entry: Option<EntryId>,
    body: String,
}

impl Raw {
    fn of(row: &Row<'_>) -> Result<Self, ken_store::Error> {
        let entry = row.text_opt(6)?;
        let entry = entry.map(|id| id.parse().map_err(|_| ken_store::Error::Column { index: 6 }));
        Ok(Self {
            id: row.parse(0)?,
            by: (row.parse(3)?, row.parse(1)?, row.parse(2)?),
            made: row.time(4)?,
            given: row.time_opt(5)?,
            entry: entry.transpose()?,
            body: row.text(7)?,
        })
    }

    fn extract(self) -> Result<Extract, Error> {
        let body = serde_json::from_str(&self.body).map_err(|_| Error::Corrupt("extract"))?;
        let given = self.given.zip(self.entry);
        Ok(Extract { id: self.id, by: self.by, made: self.made, given, body })
    }
}
