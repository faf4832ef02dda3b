//! Applying: identify, file, relate, enter in the ledger; all in the caller's transaction.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::identifier::{Identifier, LocalIdentifier};
use ken_core::{Ctx, MessageId, OrganisationId, PartialDate, PersonId, Sensitive};
use ken_hl7::map::{Death, Mapped};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_person::{Demographics, Identified, Index, SourceRecord};
use ken_records::{Under, moves};
use ken_sharing::fact::{self, Grade};
use ken_sharing::relationship::{self, NewRelationship};
use ken_store::keys::KeyRing;
use ken_store::{Tx, values};
use serde_json::json;

use crate::filing::To;
use crate::held::{NewHeld, hold};
use crate::late::Order;
use crate::source::Source;
use crate::{Error, death, filing, late, numbers, restrict, since, sql};

/// The namespace of a source's people who came without a number of their own.
const UNNUMBERED: &str = "urn:ken:message";

/// The code of a message that was applied, and has broken bytes in its text.
pub(crate) const DAMAGED: &str = "hub.damaged-text";

/// The code of a message that was applied without an attachment that no record holds.
pub(crate) const LEFT_OUT: &str = "hub.attachment-left-out";

/// A message whose inbox key is claimed.
pub(crate) struct Arrival<'a> {
    pub(crate) message: MessageId,
    pub(crate) source: &'a Source,
    pub(crate) index: &'a Index,
    pub(crate) kind: &'a str,
    pub(crate) bytes: &'a [u8],
    pub(crate) mapped: &'a Mapped,
}

/// Applies a message, and gives whom it is filed under.
pub(crate) async fn apply(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
) -> Result<PersonId, Error> {
    let who = demographics(arrival)?;
    let former = numbers::adopt(tx, ctx, keys, arrival, &who.source).await?;
    if let Some(merge) = &arrival.mapped.merge {
        numbers::relink(tx, ctx, keys, arrival, merge).await?;
    }
    let identified = since::identify(tx, ctx, keys, arrival, &who).await?;
    let person = identified.person();
    let key = ken_records::key_of(tx, keys, person).await?;
    if let Some(former) = &former {
        numbers::fold_former(tx, ctx, keys, former, &who.source).await?;
    }
    let under = Under::of(&who.source.local);
    // What is told now is composed with what was told before: not until that is here.
    let organisation = &arrival.source.organisation;
    if let Some(has_failed) = moves::coming(tx, person, organisation, &under).await? {
        return Err(Error::Moving { has_failed });
    }
    let mut order = late::order(tx, ctx, keys, arrival, (person, &under)).await?;
    let to = To { person, key, under: &under };
    keep_message(tx, ctx, keys, arrival, &to, order.said).await?;
    let filed = filing::file_all(tx, ctx, keys, arrival, &to, &mut order).await?;
    late::accounts(tx, ctx, arrival, (person, &order)).await?;
    relate(tx, ctx, keys, arrival, &who, (person, &under, &order)).await?;
    late::states(tx, ctx, keys, arrival, (person, under.as_str(), &order)).await?;
    let notices = [
        (arrival.mapped.is_damaged, DAMAGED),
        (filed.is_cut, LEFT_OUT),
        (!order.is_all, late::LATE),
    ];
    for (_, code) in notices.into_iter().filter(|(is_so, _)| *is_so) {
        tell(tx, ctx, keys, arrival, code).await?;
    }
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
            "filed": filed.versions,
            "ended": filed.ended,
            "said-again": order.later.len(),
        }),
    };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(person)
}

/// Puts a message that did not come whole, or in time, before a human, beside applying it; its body
/// is kept once, with the person.
async fn tell(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    code: &'static str,
) -> Result<(), Error> {
    let held = NewHeld {
        // Under its own id it may wait for another reason.
        id: MessageId::draw(ctx.ids),
        source: Some(&arrival.source.id),
        control_id: &arrival.mapped.header.control_id,
        kind: arrival.kind,
        code,
        body: &[],
        waits: true,
    };
    hold(tx, ctx, keys, &held).await
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
    &To { person, key, under }: &To<'_>,
    said: Option<Timestamp>,
) -> Result<(), Error> {
    let aad = associated(person, arrival.message);
    let sealed = keys.seal(&key, &aad, arrival.bytes).await?;
    let of = values![
        person,
        arrival.message,
        arrival.source.id.as_str(),
        arrival.kind,
        ctx.now_us(),
        key.to_string(),
        sealed.as_slice(),
        under.as_str(),
        said
    ];
    tx.execute_later(sql::INSERT_MESSAGE, of).await?;
    Ok(())
}

/// What a sealed message is bound to.
pub(crate) fn associated(person: PersonId, message: MessageId) -> Vec<u8> {
    format!("message/1 {person} {message}").into_bytes()
}

/// Records what a message says about relationships, age and death, where it says anything new.
async fn relate(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    who: &Demographics,
    (person, under, order): (PersonId, &Under, &Order),
) -> Result<(), Error> {
    let (source, number) = (arrival.source, under.as_str());
    let born = match who.born {
        Some(born) => newly_born(tx, ctx, person, &source.organisation, born).await?,
        None => None,
    };
    let stated = relationship_of(source, person);
    let stated = match stated {
        Some(new) if !relationship::number::is_stated(tx, ctx, &new, number).await? => Some(new),
        _ => None,
    };
    let restrictions = &arrival.mapped.restrictions;
    let lifts = order.is_all;
    // Whether somebody has died is a human's to hear where it is not known all that was said since.
    let died = if order.is_all {
        death::news(tx, ctx, arrival, (person, lifts), number).await?
    } else {
        BTreeSet::new()
    };
    // Most messages say nothing new of any, and take no guard: nobody waits for them.
    if born.is_none() && stated.is_none() && restrictions.is_empty() && died.is_empty() {
        return Ok(());
    }
    let guarded = died.iter().copied().chain([person]).collect();
    let guard = tx.lock_people(&guarded).await?;
    if let Some(born) = born {
        fact::set_born(tx, ctx, person, &source.organisation, born).await?;
    }
    if let Some(new) = stated
        && !relationship::number::is_stated(tx, ctx, &new, number).await?
    {
        relationship::number::state(tx, ctx, keys, &new, number).await?;
    }
    restrict::take(tx, ctx, keys, arrival, (person, lifts)).await?;
    death::take(tx, ctx, arrival, &died, number).await?;
    guard.bump(tx).await?;
    Ok(())
}

/// The date of birth to note, where a message says another than is noted: what the organisation's
/// accounts say together, so that it depends on them alone.
async fn newly_born(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &OrganisationId,
    said: PartialDate,
) -> Result<Option<PartialDate>, Error> {
    if fact::knows_born(tx, ctx, person, source, said).await? {
        return Ok(None);
    }
    Ok(ken_person::born_said(tx, person, source).await?.or(Some(said)))
}

/// The relationship that a message of this source states, if it states one.
fn relationship_of(source: &Source, person: PersonId) -> Option<NewRelationship> {
    Some(NewRelationship {
        person,
        kind: source.relationship.clone()?,
        organisation: source.organisation.clone(),
        practitioner: None,
        grade: if source.is_trusted { Grade::System } else { Grade::Claimed },
        source: source.organisation.clone(),
        until: None,
    })
}

/// What the message says of the person, in the person index's words.
pub(crate) fn demographics(arrival: &Arrival<'_>) -> Result<Demographics, Error> {
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
    match said.death {
        Some(Death::Died(day)) => who.died = day,
        Some(Death::Withdrawn) => who.lives = true,
        None => {}
    }
    Ok(who)
}

/// The source's own number for the person; where there is none, a national one; else the message's.
pub(crate) fn record_of(
    arrival: &Arrival<'_>,
    identifiers: &[Identifier],
) -> Result<SourceRecord, Error> {
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
