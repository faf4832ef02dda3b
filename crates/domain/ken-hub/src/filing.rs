//! Filing what a message says: each resource in its place, and what the message ends.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ken_core::{Category, Ctx, Label, PersonId, ResourceId};
use ken_fhir::Resource;
use ken_hl7::map::{Ends, MappedResource, PERSON};
use ken_records::{Ending, Filing, Former, Place, Scope, Status, Then, Under};
use ken_sharing::RowClass;
use ken_store::Tx;
use ken_store::keys::{KeyId, KeyRing};
use serde_json::{Value, json};

use crate::apply::Arrival;
use crate::late::{self, Order};
use crate::marks::{self, RESTRICTED, Turn, Whole};
use crate::{Error, attached, patient};

/// What filing did, as the ledger has it.
pub(crate) struct Filed {
    /// Items and their new versions.
    pub(crate) versions: Vec<Value>,
    /// Items that the message ended, and those that it had stand again.
    pub(crate) ended: Vec<Value>,
    /// Whether an attachment was left out.
    pub(crate) is_cut: bool,
}

/// A part of a resource that is filed by itself, before it has its place.
pub(crate) struct Part<'a> {
    pub(crate) of: &'a MappedResource,
    category: Category,
    pub(crate) item_key: String,
    resource: Value,
}

/// What is filed, and where.
pub(crate) struct To<'a> {
    pub(crate) person: PersonId,
    pub(crate) key: KeyId,
    pub(crate) under: &'a Under,
}

/// Files every resource, and ends what the message ends; after a late one what was said since, as
/// far as it is of the same things.
pub(crate) async fn file_all(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    to: &To<'_>,
    order: &mut Order,
) -> Result<Filed, Error> {
    let mut done = Done::default();
    let is_late = order.is_all && !order.later.is_empty();
    let message = arrival.message;
    let turn = match order.said.filter(|_| is_late) {
        Some(said) => Turn::Late(Then { said, message }),
        None if order.is_all => Turn::Now,
        None => Turn::TooLate,
    };
    // On the heap, as what it asks: together they are too much for a thread's stack.
    let first = file(tx, ctx, keys, arrival, to, ((turn, order.said), &mut done));
    let told = Box::pin(first).await?;
    done.changed.clone_from(&told);
    done.touched.extend(told);
    done.touched.extend(done.ended.keys());
    late::add_makers(tx, keys, order, (arrival.source, to.person, &done.touched)).await?;
    for later in &order.later {
        let arrival = later.arrival(arrival);
        let then = Then { said: later.said, message: arrival.message };
        let whole = Whole { is_all: order.is_all, is_last_word: later.is_last_word };
        let when = (Turn::Again(then, whole), Some(later.said));
        Box::pin(file(tx, ctx, keys, &arrival, to, (when, &mut done))).await?;
        done.touched.extend(done.ended.keys());
    }
    let ended = done.ended.iter().map(|(item, status)| json!([item.to_string(), status.code()]));
    Ok(Filed { versions: done.versions, ended: ended.collect(), is_cut: done.is_cut })
}

/// What filing has done so far.
#[derive(Default)]
struct Done {
    versions: Vec<Value>,
    ended: BTreeMap<ResourceId, Status>,
    /// Whether an attachment of the message that came was left out.
    is_cut: bool,
    /// What a message that came late touched: the only things for which others are said again.
    touched: BTreeSet<ResourceId>,
    /// Those of them that it tells, or that bear marks of these.
    changed: BTreeSet<ResourceId>,
}

impl Done {
    /// Notes what is new, and what stands again.
    fn note(&mut self, filed: Vec<ken_records::Filed>) {
        for one in filed {
            if one.is_new {
                self.versions.push(json!([one.resource.to_string(), one.version]));
            }
            if one.is_again {
                self.ended.insert(one.resource, Status::Current);
            }
        }
    }
}

/// Files the resources of one message, and ends what it ends. Says which things it tells.
async fn file(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    to: &To<'_>,
    ((turn, said), done): ((Turn, Option<Timestamp>), &mut Done),
) -> Result<BTreeSet<ResourceId>, Error> {
    let (person, under) = (to.person, to.under);
    let (parts, is_cut) = parts(arrival)?;
    let is_again = matches!(turn, Turn::Again(..));
    done.is_cut |= is_cut && !is_again;
    let mut places = places(tx, ctx, arrival, to, (&parts, turn)).await?;
    if rename(tx, keys, arrival, (person, under), (&parts, &places)).await? {
        places = self::places(tx, ctx, arrival, to, (&parts, turn)).await?;
    }
    let told: BTreeSet<_> = places.iter().map(|place| place.resource).collect();
    let names = names(person, &parts, &places);
    let about = (turn, &done.changed);
    let marks = Box::pin(marks::of(tx, arrival, person, (&parts, &places), about)).await?;
    // Where not all is said again, what is only reached is not told again: it is marked.
    let is_all = !matches!(turn, Turn::Again(_, Whole { is_all: false, .. }));
    if is_again {
        done.touched.extend(marks.reached.iter().filter(|_| is_all));
        done.changed.extend(&marks.reached);
    }
    let mut filings = Vec::with_capacity(parts.len());
    for (part, place) in parts.iter().zip(places) {
        let is_told = !is_again || done.touched.contains(&place.resource);
        let bears = marks.bear.contains(&place.resource);
        let is_marked = bears && marks.reached.contains(&place.resource);
        if !(is_told || is_marked) {
            continue;
        }
        let place = if marks.anew.contains(&place.resource) { place.anew() } else { place };
        let place = if turn.lifts() && is_told { place } else { place.keeping_marks() };
        let filing = Filing {
            key: to.key,
            item_key: &part.item_key,
            resource: named(part.resource.clone(), &place, &names)?,
            class: class(arrival, part, bears)?,
            message: arrival.message,
            event: part.of.event_time.as_ref().map(ken_fhir::DateTime::starts),
            under,
            told: Some(&part.of.told),
            said,
        };
        if is_told {
            filings.push((place, filing));
        } else if let Some(version) = mark(tx, ctx, keys, place, filing).await? {
            done.versions.push(version);
        }
    }
    done.note(ken_records::file_all(tx, ctx, keys, filings).await?);
    let only = is_again.then_some(&done.touched);
    let ended = end(tx, arrival, (person, under), (&told, only)).await?;
    done.ended.extend(ended);
    Ok(told)
}

/// Marks what took the place of something that a late message has marked.
async fn mark(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    place: Place,
    filing: Filing<'_>,
) -> Result<Option<Value>, Error> {
    let item = place.resource.to_string();
    let version = ken_records::mark(tx, ctx, keys, place, filing).await?;
    Ok(version.map(|version| json!([item, version])))
}

/// What the resources of a message are called in the record, by their names in the message.
fn names(person: PersonId, parts: &[Part<'_>], places: &[Place]) -> BTreeMap<String, String> {
    let mut names = BTreeMap::from([(PERSON.to_owned(), format!("Patient/{person}"))]);
    for (part, place) in parts.iter().zip(places) {
        let name = format!("{}/{}", part.of.resource.kind(), place.resource);
        names.entry(part.of.local.clone()).or_insert(name);
    }
    names
}

/// Where the parts of a message are, or will be; of a late one, as they were by then.
async fn places(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    arrival: &Arrival<'_>,
    to: &To<'_>,
    (parts, turn): (&[Part<'_>], Turn),
) -> Result<Vec<Place>, Error> {
    let item_keys: Vec<&str> = parts.iter().map(|part| part.item_key.as_str()).collect();
    let of = (&arrival.source.organisation, to.under);
    Ok(match turn {
        Turn::Late(Then { said, .. }) => {
            ken_records::places_by(tx, ctx, to.person, of, &item_keys, said).await?
        }
        _ => ken_records::places(tx, ctx, to.person, of, &item_keys).await?,
    })
}

/// What the gate needs to know of a part, which may bear the mark of another thing.
fn class(arrival: &Arrival<'_>, part: &Part<'_>, bears: bool) -> Result<RowClass, Error> {
    let mut labels: BTreeSet<_> = part.of.labels.iter().cloned().collect();
    if bears {
        labels.insert(Label::new(RESTRICTED).map_err(|_| Error::Corrupt("label"))?);
    }
    let (category, source) = (part.category.clone(), arrival.source.organisation.clone());
    Ok(RowClass { category, labels, source, lineage: BTreeSet::new() })
}

/// Gives what is held under a former name the name that it has in this message, where nothing has
/// that yet. Says whether anything was.
async fn rename(
    tx: &mut Tx,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    (person, under): (PersonId, &Under),
    (parts, places): (&[Part<'_>], &[Place]),
) -> Result<bool, Error> {
    let of = (person, &arrival.source.organisation, under);
    let mut any = false;
    for (part, place) in parts.iter().zip(places) {
        let Some(name) = part.of.former.as_ref().filter(|_| place.is_new()) else { continue };
        let name = format!("{} {} {name}", arrival.source.id, part.category);
        let former = Former { name: &name, now: &part.item_key };
        any |= ken_records::rename(tx, keys, of, &former, &part.resource).await?;
    }
    Ok(any)
}

/// Ends what the message ends without telling it: replaced or withdrawn documents.
async fn end(
    tx: &mut Tx,
    arrival: &Arrival<'_>,
    (person, under): (PersonId, &Under),
    told: (&BTreeSet<ResourceId>, Option<&BTreeSet<ResourceId>>),
) -> Result<Vec<(ResourceId, Status)>, Error> {
    let mut all = vec![];
    for ended in &arrival.mapped.ended {
        let status = match ended.status {
            "entered-in-error" => Status::EnteredInError,
            _ => Status::Superseded,
        };
        let (system, key) = (arrival.source.id.as_str(), ended.key.as_str());
        let scope = match ended.what {
            Ends::Whole => Scope::ForEver,
            Ends::Held => Scope::Held,
            Ends::Same => Scope::Same,
            Ends::Cut => Scope::Cut,
        };
        let ending = Ending { system, key, scope, status };
        let source = &arrival.source.organisation;
        let items = ken_records::end(tx, person, source, (&ending, under), told).await?;
        // Under another number it stands beside.
        let status = if scope == Scope::Same { Status::Superseded } else { status };
        all.extend(items.into_iter().map(|item| (item, status)));
    }
    Ok(all)
}

/// Every resource in the parts in which it is filed, each under a name of its own, and whether any
/// lacks an attachment that no record holds.
fn parts<'a>(arrival: &Arrival<'a>) -> Result<(Vec<Part<'a>>, bool), Error> {
    let mut parts: Vec<Part<'a>> = vec![];
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    let mut is_cut = false;
    for (number, of) in arrival.mapped.resources.iter().enumerate() {
        let key = of.key.clone().unwrap_or_else(|| format!("{}/{number}", arrival.message));
        let mut whole = of.resource.value().clone();
        is_cut |= attached::fit(&mut whole);
        let split = match of.resource.kind() {
            "Patient" => patient::parts(whole),
            _ => vec![(of.category.as_str(), whole)],
        };
        for (category, resource) in split {
            let mut item_key = format!("{} {category} {key}", arrival.source.id);
            let times = named.entry(item_key.clone()).or_default();
            *times += 1;
            // Two things of one name in one message are two things; they keep their order.
            if *times > 1 {
                item_key = format!("{item_key}#{times}");
            }
            let category = Category::new(category).map_err(|_| Error::Corrupt("category"))?;
            parts.push(Part { of, category, item_key, resource });
        }
    }
    Ok((parts, is_cut))
}

/// The resource under its own id, with references to what the message's other resources became.
fn named(resource: Value, place: &Place, names: &BTreeMap<String, String>) -> Result<Value, Error> {
    let mut resource = Resource::of(resource).map_err(|_| Error::Corrupt("resource"))?;
    resource.put("id", place.resource.to_string());
    resource.relink(&|reference| names.get(reference).cloned());
    Ok(resource.into_value())
}
