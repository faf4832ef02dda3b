//! Applying: identify, file, relate, enter in the ledger; all in the caller's transaction.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::identifier::{Identifier, LocalIdentifier};
use ken_core::{Category, Ctx, MessageId, PersonId, Sensitive};
use ken_hl7::map::{Mapped, MappedResource, Merge, PERSON};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_person::{Demographics, Identified, SourceRecord};
use ken_records::{Filing, Place};
use ken_sharing::RowClass;
use ken_sharing::fact::{self, Grade};
use ken_sharing::relationship::{self, NewRelationship};
use ken_store::keys::{KeyId, KeyRing};
use ken_store::{Tx, values};
use serde_json::{Value, json};

use crate::source::Source;
use crate::{Error, patient, sql};

/// The namespace of a source's people who came without a number of their own.
const UNNUMBERED: &str = "urn:ken:message";

/// A message whose inbox key is claimed.
pub(crate) struct Arrival<'a> {
    pub(crate) message: MessageId,
    pub(crate) source: &'a Source,
    pub(crate) kind: &'a str,
    pub(crate) bytes: &'a [u8],
    pub(crate) mapped: &'a Mapped,
}

/// One resource, with its category and the place it will stand in.
struct Ready {
    place: Place,
    item_key: String,
    resource: Value,
    class: RowClass,
    event: Option<jiff::Timestamp>,
}

/// Applies a message. The person's guard is taken first, since filing may change sharing facts.
pub(crate) async fn apply(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
) -> Result<(), Error> {
    if let Some(merge) = &arrival.mapped.merge {
        relink(tx, ctx, keys, arrival, merge).await?;
    }
    let who = demographics(arrival)?;
    let identified = ken_person::identify(tx, ctx, keys, &who).await?;
    let person = identified.person();
    let key = ken_records::key_of(tx, keys, person).await?;
    keep_message(tx, ctx, keys, arrival, (person, key)).await?;
    let filed = file_all(tx, ctx, keys, arrival, (person, key)).await?;
    relate(tx, ctx, keys, arrival, &who, person).await?;
    let entry = NewEntry {
        stream: Stream::Person(person),
        kind: EntryKind::Received,
        visibility: Visibility::AfterReview,
        detail: json!({
            "message": arrival.message.to_string(),
            "kind": arrival.kind,
            "organisation": arrival.source.organisation.as_str(),
            "source": arrival.source.id,
            "identity": outcome(&identified),
            "filed": filed,
        }),
    };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(())
}

/// Relinks what the sender itself filed under the numbers that end.
async fn relink(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    merge: &Merge,
) -> Result<(), Error> {
    let kept = record_of(arrival, &merge.surviving)?;
    for ended in &merge.prior {
        if let Identifier::Local(local) = ended {
            let organisation = arrival.source.organisation.clone();
            let gone = SourceRecord { organisation, local: local.clone() };
            ken_person::merge(tx, ctx, keys, &gone, &kept).await?;
        }
    }
    Ok(())
}

fn outcome(identified: &Identified) -> &'static str {
    match identified {
        Identified::Known(_) => "known",
        Identified::New(_) => "new",
        Identified::Uncertain { .. } => "uncertain",
    }
}

async fn keep_message(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    (person, key): (PersonId, KeyId),
) -> Result<(), Error> {
    let aad = format!("message/1 {person} {}", arrival.message);
    let sealed = keys.seal(&key, aad.as_bytes(), arrival.bytes).await?;
    let of = values![
        person,
        arrival.message,
        arrival.source.id.as_str(),
        arrival.kind,
        ctx.now_us(),
        key.to_string(),
        sealed.as_slice()
    ];
    tx.execute(sql::INSERT_MESSAGE, of).await?;
    Ok(())
}

/// Files every resource; says which items and versions that made.
async fn file_all(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    (person, key): (PersonId, KeyId),
) -> Result<Vec<Value>, Error> {
    let mut names = BTreeMap::from([(PERSON.to_owned(), format!("Patient/{person}"))]);
    let mut ready = vec![];
    for (number, mapped) in arrival.mapped.resources.iter().enumerate() {
        for part in parts(tx, ctx, arrival, person, (number, mapped)).await? {
            let kind = mapped.resource.kind();
            names.entry(mapped.local.clone()).or_insert(format!("{kind}/{}", part.place.resource));
            ready.push(part);
        }
    }
    let mut filed = vec![];
    for part in ready {
        let Ready { place, item_key, resource, class, event } = part;
        let resource = named(resource, &place, &names)?;
        let message = arrival.message;
        let filing =
            Filing { key, item_key: &item_key, resource: &resource, class, message, event };
        let done = ken_records::file(tx, ctx, keys, place, &filing).await?;
        if done.is_new {
            filed.push(json!([done.resource.to_string(), done.version]));
        }
    }
    Ok(filed)
}

/// One mapped resource, in the parts in which it is filed.
async fn parts(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    arrival: &Arrival<'_>,
    person: PersonId,
    (number, mapped): (usize, &MappedResource),
) -> Result<Vec<Ready>, Error> {
    let source = &arrival.source.organisation;
    let key = mapped.key.clone().unwrap_or_else(|| format!("{}/{number}", arrival.message));
    let whole = mapped.resource.value().clone();
    let parts = match mapped.resource.kind() {
        "Patient" => patient::parts(whole),
        _ => vec![(mapped.category.as_str(), whole)],
    };
    let mut ready = Vec::with_capacity(parts.len());
    for (category, resource) in parts {
        let item_key = format!("{} {category} {key}", arrival.source.id);
        let place = ken_records::place(tx, ctx, person, source, &item_key).await?;
        let class = RowClass {
            category: Category::new(category).map_err(|_| Error::Corrupt("category"))?,
            labels: mapped.labels.iter().cloned().collect(),
            source: source.clone(),
            lineage: BTreeSet::new(),
        };
        let event = mapped.event_time.as_ref().map(ken_fhir::DateTime::starts);
        ready.push(Ready { place, item_key, resource, class, event });
    }
    Ok(ready)
}

/// The resource under its own id, with references to what the message's other resources became.
fn named(resource: Value, place: &Place, names: &BTreeMap<String, String>) -> Result<Value, Error> {
    let mut resource = ken_fhir::Resource::of(resource).map_err(|_| Error::Corrupt("resource"))?;
    resource.put("id", place.resource.to_string());
    resource.relink(&|reference| names.get(reference).cloned());
    Ok(resource.into_value())
}

/// Records what a message says about relationships and age, where it says anything new.
async fn relate(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    who: &Demographics,
    person: PersonId,
) -> Result<(), Error> {
    let source = arrival.source;
    let guard = tx.lock_people(&BTreeSet::from([person])).await?;
    let mut changed = false;
    if let Some(born) = who.born {
        changed |= fact::set_born(tx, ctx, person, &source.organisation, born).await?;
    }
    if let Some(kind) = &source.relationship {
        let grade = if source.is_trusted { Grade::System } else { Grade::Claimed };
        let held = relationship::of_person(tx, ctx, person).await?;
        let known = held.iter().any(|held| {
            held.organisation == source.organisation && held.kind == *kind && held.grade >= grade
        });
        if !known {
            let new = NewRelationship {
                person,
                kind: kind.clone(),
                organisation: source.organisation.clone(),
                practitioner: None,
                grade,
                source: source.organisation.clone(),
                until: None,
            };
            relationship::record(tx, ctx, keys, &new).await?;
            changed = true;
        }
    }
    if changed {
        guard.bump(tx).await?;
    }
    Ok(())
}

/// What the message says of the person, in the person index's words.
fn demographics(arrival: &Arrival<'_>) -> Result<Demographics, Error> {
    let said = &arrival.mapped.demographics;
    let source = record_of(arrival, &said.identifiers)?;
    let name = said.names.first();
    let address = said.addresses.first();
    let text = |text: Option<String>| Sensitive::new(text.unwrap_or_default());
    let mut who = Demographics::from_source(source);
    who.identifiers.clone_from(&said.identifiers);
    who.family = text(name.map(|name| name.family.clone()));
    who.given = text(name.map(|name| name.given.join(" ")));
    who.born = said.birth_date;
    who.sex = said.gender.and_then(|gender| gender.parse().ok());
    who.address = text(address.map(|address| address.lines.join("\n")));
    who.postcode = text(address.map(|address| address.postcode.clone()));
    who.phone = text(said.contacts.first().cloned());
    Ok(who)
}

/// The source's own number for the person; where there is none, a national one; else the message's.
fn record_of(arrival: &Arrival<'_>, identifiers: &[Identifier]) -> Result<SourceRecord, Error> {
    let local = identifiers.iter().find_map(|identifier| match identifier {
        Identifier::Local(local) => Some(local.clone()),
        _ => None,
    });
    let national = || {
        let first = identifiers.first()?;
        LocalIdentifier::new(first.system(), first.reveal()).ok()
    };
    let message = || LocalIdentifier::new(UNNUMBERED, &arrival.message.to_string()).ok();
    let local = local.or_else(national).or_else(message).ok_or(Error::Corrupt("identifier"))?;
    Ok(SourceRecord { organisation: arrival.source.organisation.clone(), local })
}
