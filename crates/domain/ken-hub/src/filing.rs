//! Filing what a message says: each resource in its place, and what the message ends.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::{Category, Ctx, Label, PersonId};
use ken_fhir::Resource;
use ken_hl7::map::{Ends, MappedResource, PERSON};
use ken_records::{Ending, Filing, Former, Place, Status, Under};
use ken_sharing::RowClass;
use ken_store::Tx;
use ken_store::keys::{KeyId, KeyRing};
use serde_json::{Value, json};

use crate::apply::Arrival;
use crate::{Error, patient};

/// The mark of what few may read.
const RESTRICTED: &str = "restricted";

/// What filing did, as the ledger has it.
pub(crate) struct Filed {
    /// Items and their new versions.
    pub(crate) versions: Vec<Value>,
    /// Items that the message ended, and those that it had stand again.
    pub(crate) ended: Vec<Value>,
}

/// A part of a resource that is filed by itself, before it has its place.
struct Part<'a> {
    of: &'a MappedResource,
    category: Category,
    item_key: String,
    resource: Value,
}

/// Files every resource, and ends what the message ends.
pub(crate) async fn file_all(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    (person, key): (PersonId, KeyId),
    under: &Under,
) -> Result<Filed, Error> {
    let parts = parts(arrival)?;
    let item_keys: Vec<&str> = parts.iter().map(|part| part.item_key.as_str()).collect();
    let source = &arrival.source.organisation;
    let mut places = ken_records::places(tx, ctx, person, (source, under), &item_keys).await?;
    if rename(tx, keys, arrival, (person, under), (&parts, &places)).await? {
        places = ken_records::places(tx, ctx, person, (source, under), &item_keys).await?;
    }
    let told: BTreeSet<_> = places.iter().map(|place| place.resource).collect();
    let mut names = BTreeMap::from([(PERSON.to_owned(), format!("Patient/{person}"))]);
    for (part, place) in parts.iter().zip(&places) {
        let name = format!("{}/{}", part.of.resource.kind(), place.resource);
        names.entry(part.of.local.clone()).or_insert(name);
    }
    let mut filings = Vec::with_capacity(parts.len());
    for (part, place) in parts.iter().zip(places) {
        let mut labels: BTreeSet<_> = part.of.labels.iter().cloned().collect();
        // What is held keeps its own marks; only what is new bears those of others.
        if place.is_new() && is_borne(tx, arrival, person, part.of).await? {
            labels.insert(Label::new(RESTRICTED).map_err(|_| Error::Corrupt("label"))?);
        }
        let class = RowClass {
            category: part.category.clone(),
            labels,
            source: source.clone(),
            lineage: BTreeSet::new(),
        };
        let filing = Filing {
            key,
            item_key: &part.item_key,
            resource: named(part.resource.clone(), &place, &names)?,
            class,
            message: arrival.message,
            event: part.of.event_time.as_ref().map(ken_fhir::DateTime::starts),
            under,
            told: Some(&part.of.told),
        };
        filings.push((place, filing));
    }
    let filed = ken_records::file_all(tx, ctx, keys, filings).await?;
    let new = filed.iter().filter(|one| one.is_new);
    let versions = new.map(|one| json!([one.resource.to_string(), one.version])).collect();
    let mut ended = end(tx, arrival, (person, under), &told).await?;
    let again = filed.iter().filter(|one| one.is_again);
    ended.extend(again.map(|one| json!([one.resource.to_string(), Status::Current.code()])));
    Ok(Filed { versions, ended })
}

/// Whether something is restricted whose mark this bears.
async fn is_borne(
    tx: &mut Tx,
    arrival: &Arrival<'_>,
    person: PersonId,
    of: &MappedResource,
) -> Result<bool, Error> {
    let (source, system) = (&arrival.source.organisation, arrival.source.id.as_str());
    for key in &of.bears {
        let named = (system, key.as_str());
        if ken_records::is_marked(tx, person, source, named, RESTRICTED).await? {
            return Ok(true);
        }
    }
    Ok(false)
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
    told: &BTreeSet<ken_core::ResourceId>,
) -> Result<Vec<Value>, Error> {
    let mut all = vec![];
    for ended in &arrival.mapped.ended {
        let status = match ended.status {
            "entered-in-error" => Status::EnteredInError,
            _ => Status::Superseded,
        };
        let (system, key) = (arrival.source.id.as_str(), ended.key.as_str());
        let (is_cut_only, is_for_ever) = (ended.what == Ends::Cut, ended.what == Ends::Whole);
        let ending = Ending { system, key, is_cut_only, is_for_ever, status };
        let source = &arrival.source.organisation;
        let items = ken_records::end(tx, person, source, (&ending, under), told).await?;
        all.extend(items.iter().map(|item| json!([item.to_string(), status.code()])));
    }
    Ok(all)
}

/// Every resource in the parts in which it is filed, each under a name of its own.
fn parts<'a>(arrival: &Arrival<'a>) -> Result<Vec<Part<'a>>, Error> {
    let mut parts: Vec<Part<'a>> = vec![];
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for (number, of) in arrival.mapped.resources.iter().enumerate() {
        let key = of.key.clone().unwrap_or_else(|| format!("{}/{number}", arrival.message));
        let whole = of.resource.value().clone();
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
    Ok(parts)
}

/// The resource under its own id, with references to what the message's other resources became.
fn named(resource: Value, place: &Place, names: &BTreeMap<String, String>) -> Result<Value, Error> {
    let mut resource = Resource::of(resource).map_err(|_| Error::Corrupt("resource"))?;
    resource.put("id", place.resource.to_string());
    resource.relink(&|reference| names.get(reference).cloned());
    Ok(resource.into_value())
}
