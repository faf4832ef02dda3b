//! Reading what is counted: people one after the other, and of each what may be counted.
//!
//! # Invariants
//!
//! - Of whom nothing may be counted nothing is read; whose records of somebody may not be counted
//!   says neither their age nor where they live.
//! - What bears a mark of its own, or was received under an agreement, is in no count.
//! - A person is met once, with everything under all their ids; at most [`ken_person::counting`]'s
//!   part of people is in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use ken_core::{Ctx, OrganisationId, PersonId};
use ken_person::Sex;
use ken_person::counting::{next_people, said_of};
use ken_sharing::gate::counts::CountPermit;
use ken_sharing::{class, together};
use ken_store::{Db, Snapshot};

use crate::Error;
use crate::count::{Counter, Event, Somebody};
use crate::define::Definition;

/// Most classes of rows that are remembered. House policy: some megabytes; one that is not is
/// looked up again.
const CLASSES_MAX: usize = 20_000;

/// Is told which share of a count is done, in per cent, and says whether to go on.
pub type Watch<'a> = &'a (dyn Fn(u8) -> ControlFlow<()> + Sync);

/// Of which records a class is, where rows of it are counted.
type Classes = BTreeMap<String, Option<(OrganisationId, String)>>;

/// Counts everybody into a table; none where it was told to stop.
pub(crate) async fn all(
    db: &Db,
    ctx: &Ctx<'_>,
    permit: &CountPermit,
    (definition, mut counter): (&Definition, Counter),
    watch: Watch<'_>,
) -> Result<Option<Counter>, Error> {
    let (mut after, mut classes) = (None, Classes::new());
    loop {
        let known = &classes;
        let part = async |s: &mut Snapshot| {
            let people = next_people(s, after).await?;
            let mut read = vec![];
            let mut new = Classes::new();
            for person in &people {
                let of = (definition, *person);
                read.extend(one(s, ctx, permit, of, (known, &mut new)).await?);
            }
            Ok::<_, Error>((people.last().copied(), read, new))
        };
        let (last, read, new) = db.snapshot("insight.count", part).await?;
        let Some(last) = last else { return Ok(Some(counter)) };
        for (somebody, events) in &read {
            counter.add(somebody, events);
        }
        if classes.len() < CLASSES_MAX {
            classes.extend(new);
        }
        after = Some(last);
        if watch(share(last)).is_break() {
            return Ok(None);
        }
    }
}

/// How much of everybody is before somebody, in per cent: ids are random, so that it is even.
fn share(last: PersonId) -> u8 {
    let first = last.uuid().as_bytes().first().copied().unwrap_or_default();
    u8::try_from(u16::from(first) * 100 / 256).unwrap_or(100)
}

/// What is counted of one person; none where nothing is.
async fn one(
    s: &mut Snapshot,
    ctx: &Ctx<'_>,
    permit: &CountPermit,
    (definition, person): (&Definition, PersonId),
    (known, new): (&Classes, &mut Classes),
) -> Result<Option<(Somebody, Vec<Event>)>, Error> {
    let group = together::group(s, person).await?;
    // What restricts under one id counts under every id; each has its own guard.
    let mut sources: Option<BTreeSet<OrganisationId>> = None;
    for id in &group {
        let own = permit.about(s, ctx, *id).await?;
        sources = Some(match sources {
            Some(sources) => sources.intersection(&own).cloned().collect(),
            None => own,
        });
    }
    let sources = sources.unwrap_or_default();
    if sources.is_empty() {
        return Ok(None);
    }
    let (mut said, mut events) = (vec![], vec![]);
    for id in &group {
        said.append(&mut said_of(s, *id, definition.from).await?);
        let happened = ken_records::happened(s, *id, definition.span()).await?;
        let Some(happened) = happened else { return Ok(None) };
        for (of_class, at) in happened {
            if let Some((source, category)) = class_of(s, &of_class, (known, new)).await?
                && sources.contains(&source)
            {
                events.push(Event { organisation: source.to_string(), category, at });
            }
        }
    }
    said.retain(|one| sources.contains(&one.organisation));
    let somebody = Somebody {
        age: said.iter().find_map(|one| one.age),
        sex: said.iter().find_map(|one| one.sex).map(Sex::code),
        district: said.iter().find_map(|one| one.district.clone()),
    };
    Ok(Some((somebody, events)))
}

/// Whose records rows of a class are, and of which kind; none where they are not counted.
async fn class_of(
    s: &mut Snapshot,
    id: &str,
    (known, new): (&Classes, &mut Classes),
) -> Result<Option<(OrganisationId, String)>, Error> {
    if let Some(held) = known.get(id).or_else(|| new.get(id)) {
        return Ok(held.clone());
    }
    let found = class::find(s, id).await?;
    let is_plain =
        |class: &ken_sharing::RowClass| class.labels.is_empty() && class.lineage.is_empty();
    let of = found.filter(is_plain).map(|class| (class.source, class.category.to_string()));
    new.insert(id.to_owned(), of.clone());
    Ok(of)
}
