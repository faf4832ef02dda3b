//! Writing into the record: the one way by which what a practitioner writes about somebody in Ken
//! is filed, be it an assessment, a plan or a note.
//!
//! Who may read a kind of information about a person for a purpose may write of that kind, for
//! their own organisation. They are asked as for a look: the gate decides, the decision is on the
//! ledger, and its permit is spent by the writing.
//!
//! # Invariants
//!
//! - Nothing is filed without a [`Leave`], which only the gate's permit makes; it is used up by one
//!   writing, and holds only while what it was decided by does.
//! - The items, their versions and the ledger entry are kept in one write, or none of them.
//! - What is written is an item of the writer's organisation, and goes with that organisation's
//!   number for the person where it has one alone, so that a merge and its undoing take it along.
//!   Where the number stands under another id of the person, it is written there ([`home`]) and
//!   nowhere else: were the ids joined in error, it is with whom the number means. With no number,
//!   or several, it stays under the id that it was written about.
//! - A version is never changed: what is written again under its name is another version of it, and
//!   lifts no mark; under a name of its own it is another item.
//!
//! Sources: `core.md` 2 and 6; FHIR R4, `Provenance` (who, in which role, when); ADR 39, ADR 70.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{
    Category, ClauseId, Ctx, EntryId, Label, MessageId, OrganisationId, PersonId, Purpose,
    ResourceId,
};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_records::{Filed, Filing, Under};
use ken_sharing::bundle::Bundle;
use ken_sharing::gate::{self, Caller, Shown};
use ken_sharing::{Action, Decision, Gate, Permit, Question, RowClass, Statement, fact, together};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Tx, guard};
use serde_json::{Value, json};

use crate::Error;

/// What stands for the number of an organisation that has none, or several, for a person: what is
/// written goes with no number that moves.
const NO_NUMBER: &str = "written";
/// What does not show to the person by itself, as agreements know it; nor does that it was written.
pub const RESTRICTED: &str = "restricted";

/// What is asked before anything is written.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// About whom.
    pub person: PersonId,
    /// What for.
    pub purpose: Purpose,
    /// Of which kind of information.
    pub category: Category,
    /// Whose records a reader would ask, in parts of at most
    /// [`SOURCES_MAX`](ken_sharing::gate::SOURCES_MAX).
    pub sources: &'a [BTreeSet<OrganisationId>],
}

/// What the gate said.
#[derive(Debug)]
pub enum Answer {
    /// It may be written.
    May(Leave),
    /// Not before these words are affirmed.
    Words(BTreeSet<Statement>),
    /// It may not; nobody is told why.
    Refused,
}

/// That somebody may write of one kind of information about one person, now.
#[derive(Debug)]
#[must_use = "who asked to write stands in the ledger"]
pub struct Leave {
    by: Acting,
    category: Category,
    permit: Box<Permit>,
}

impl Leave {
    /// Who writes.
    #[must_use]
    pub const fn by(&self) -> &Acting {
        &self.by
    }

    /// Of which kind of information.
    #[must_use]
    pub const fn category(&self) -> &Category {
        &self.category
    }

    /// About whom.
    #[must_use]
    pub const fn person(&self) -> PersonId {
        self.permit.person()
    }

    /// What for.
    #[must_use]
    pub const fn purpose(&self) -> &Purpose {
        self.permit.purpose()
    }

    /// The clauses that it rests on.
    #[must_use]
    pub fn clauses(&self) -> BTreeSet<&ClauseId> {
        let covered = self.permit.categories().get(&self.category);
        covered.into_iter().flat_map(|covered| covered.values()).collect()
    }

    /// Whether each clause that it rests on shows at once to the person what is done by it.
    #[must_use]
    pub fn shows_at_once(&self, bundle: &Bundle) -> bool {
        let shown =
            |id: &ClauseId| bundle.clause(id).and_then(|(_, clause)| clause.visible_to_person);
        self.clauses().into_iter().all(|id| shown(id) == Some(Shown::Now))
    }

    /// Whether what it was decided by holds still.
    ///
    /// # Errors
    ///
    /// Whatever the store says.
    pub async fn is_current<R: Reads>(&self, reads: &mut R, ctx: &Ctx<'_>) -> Result<bool, Error> {
        let epoch = guard::find(reads, self.person()).await?.map(|guard| guard.epoch);
        let policy = guard::policy_version(reads).await?;
        Ok(self.holds(ctx, (epoch, policy)))
    }

    fn holds(&self, ctx: &Ctx<'_>, (epoch, policy): (Option<i64>, i64)) -> bool {
        let is_current = epoch == Some(self.permit.epoch()) && policy == self.permit.policy();
        is_current && self.permit.until() > ctx.clock.now()
    }
}

/// Something to file.
#[derive(Debug)]
pub struct Writing<'a> {
    /// What the item is called among those of the organisation; what is called so already gets
    /// another version. It names nobody.
    pub item_key: &'a str,
    /// The FHIR resource without its id.
    pub resource: Value,
    /// What keeps it from some readers, as `third-party` does from the person themselves.
    pub labels: BTreeSet<Label>,
    /// When it happened.
    pub event: Timestamp,
}

/// What was filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The item.
    pub item: ResourceId,
    /// Its version.
    pub version: i64,
    /// Its ledger entry.
    pub entry: EntryId,
}

/// Asks whether somebody may write.
///
/// # Errors
///
/// What the gate says.
pub async fn ask(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    gate: &Gate,
    by: &Acting,
    request: &Request<'_>,
) -> Result<Answer, Error> {
    let mut missing = BTreeSet::new();
    for sources in request.sources {
        let question = Question {
            person: request.person,
            sources: sources.clone(),
            action: Action::View,
            purpose: request.purpose.clone(),
            categories: BTreeSet::from([request.category.clone()]),
            before: None,
        };
        let caller = Caller::Practitioner(by);
        let decided = gate::decide_many(db, ctx, keys, gate, caller, &question).await?;
        for decision in decided.into_values() {
            match decision {
                Decision::Permit(permit) if permit.categories().contains_key(&request.category) => {
                    let (by, category) = (by.clone(), request.category.clone());
                    let permit = Box::new(permit);
                    return Ok(Answer::May(Leave { by, category, permit }));
                }
                Decision::Need(need) => missing.extend(need.statements),
                Decision::Permit(_) | Decision::Deny(_) => {}
            }
        }
    }
    Ok(if missing.is_empty() { Answer::Refused } else { Answer::Words(missing) })
}

/// Under which id of a person an organisation's writers write: where all of its numbers for the
/// person stand; else under the id that they came by.
///
/// # Errors
///
/// Whatever the store or the index says.
pub async fn home<R: Reads>(
    reads: &mut R,
    person: PersonId,
    source: &OrganisationId,
) -> Result<PersonId, Error> {
    if !ken_person::numbers(reads, person, source).await?.is_empty() {
        return Ok(person);
    }
    let mut homes = vec![];
    for other in together::others(reads, person).await? {
        let has_numbers = !ken_person::numbers(reads, other, source).await?.is_empty();
        homes.extend(has_numbers.then_some(other));
    }
    Ok(match homes.as_slice() {
        [home] => *home,
        _ => person,
    })
}

/// Files what somebody writes, in the caller's transaction: the first of it, and each thing that is
/// kept apart from it by its labels; gives what the first became.
///
/// # Errors
///
/// [`ken_records::Error::Stale`] where what it was decided by has changed since, or it is to be
/// written under another id ([`home`]); whatever the store, the key ring, the index, the record or
/// the ledger says.
pub async fn write<'a>(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    leave: Leave,
    (first, apart): (Writing<'a>, impl IntoIterator<Item = Writing<'a>>),
) -> Result<Written, Error> {
    let person = leave.person();
    // What is filed for the person waits here, before their guard (`ken_records::hold`).
    ken_records::hold(tx, keys, &BTreeSet::from([person])).await?;
    assert_current(tx, ctx, &leave).await?;
    if home(tx, person, &leave.by.organisation).await? != person {
        return Err(ken_records::Error::Stale.into());
    }
    let is_kept_back = first.labels.iter().any(|label| label.as_str() == RESTRICTED);
    let filed = file(tx, ctx, keys, &leave, first).await?;
    let (item, version) = (filed.resource, filed.version);
    let mut items = vec![item];
    for apart in apart {
        items.push(file(tx, ctx, keys, &leave, apart).await?.resource);
    }
    let mut shown = fact::shown_at(tx, ctx, person).await?;
    if is_kept_back {
        shown = shown.max(Visibility::AfterReview);
    }
    let entry = enter(tx, ctx, keys, &leave, (&items, version, shown)).await?;
    Ok(Written { item, version, entry })
}

/// Files one thing.
async fn file(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    leave: &Leave,
    writing: Writing<'_>,
) -> Result<Filed, Error> {
    let (person, source) = (leave.person(), &leave.by.organisation);
    let under = match ken_records::under_named(tx, person, source, writing.item_key).await? {
        // What stands already goes on with the number that it is of.
        Some(under) => under,
        None => under(tx, person, source).await?,
    };
    let key = ken_records::key_of(tx, keys, person).await?;
    let place = ken_records::place(tx, ctx, person, (source, &under), writing.item_key).await?;
    let place = place.keeping_marks();
    let mut resource = writing.resource;
    if let Some(fields) = resource.as_object_mut() {
        fields.insert("id".to_owned(), json!(place.resource.to_string()));
    }
    let class = RowClass {
        category: leave.category.clone(),
        labels: writing.labels,
        source: source.clone(),
        lineage: BTreeSet::new(),
    };
    let filing = Filing {
        key,
        item_key: writing.item_key,
        resource,
        class,
        message: MessageId::draw(ctx.ids),
        event: Some(writing.event),
        under: &under,
        told: None,
        said: None,
    };
    Ok(ken_records::file(tx, ctx, keys, place, filing).await?)
}

/// Fails where a leave was decided by what holds no more.
async fn assert_current(tx: &mut Tx, ctx: &Ctx<'_>, leave: &Leave) -> Result<(), Error> {
    let guard = tx.lock_people(&BTreeSet::from([leave.person()])).await?;
    let epoch = guard.people().first().map(|(_, guard)| guard.epoch);
    let policy = guard::policy_version(tx).await?;
    if !leave.holds(ctx, (epoch, policy)) {
        return Err(ken_records::Error::Stale.into());
    }
    Ok(())
}

/// The mark of the organisation's number for a person, where it has one alone.
async fn under(tx: &mut Tx, person: PersonId, source: &OrganisationId) -> Result<Under, Error> {
    let numbers = ken_person::numbers(tx, person, source).await?;
    Ok(match numbers.as_slice() {
        [number] => Under::of(number),
        _ => Under::from(NO_NUMBER.to_owned()),
    })
}

async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    leave: &Leave,
    (items, version, visibility): (&[ResourceId], i64, Visibility),
) -> Result<EntryId, Error> {
    let (by, permit) = (&leave.by, &leave.permit);
    let entry = NewEntry {
        stream: Stream::Person(permit.person()),
        kind: EntryKind::Filed,
        visibility,
        detail: json!({
            "written": leave.category.as_str(),
            "item": items.first().map(ResourceId::to_string),
            "apart": items.iter().skip(1).map(ResourceId::to_string).collect::<Vec<_>>(),
            "version": version,
            "practitioner": by.practitioner.to_string(),
            "by": by.organisation.as_str(),
            "role": by.role.as_str(),
            "purpose": permit.purpose().as_str(),
            "permit": permit.entry().to_string(),
        }),
    };
    Ok(ken_ledger::append(tx, ctx, keys, entry).await?)
}
