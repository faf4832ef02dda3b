//! A role as the shared record has it: one item of the category `named-person` for each
//! organisation and role, of which every turn makes a version. So it is read under the same
//! permits, masks and clauses as all else, and nothing of it is ever changed.

use std::collections::BTreeSet;

use ken_core::{Ctx, MessageId, OrganisationId, PersonId};
use ken_directory::{Organisation, organisation, practitioner};
use ken_records::{Filing, Under};
use ken_sharing::RowClass;
use ken_store::Tx;
use ken_store::keys::{KeyId, KeyRing};
use serde_json::{Value, json};

use super::{Contact, Holder, Kind, Standing};
use crate::Error;

/// The kind of information that a role is.
const CATEGORY: &str = "named-person";
/// What stands for the number of a source where there is none: a role is said by nobody's system,
/// and goes with no number that moves.
const NO_NUMBER: &str = "role";
/// What is said where nobody holds a role because the person or their family chose so.
const NONE_CHOSEN: &str = "None: the person or their family chose this";

/// Files how a role stands: at the organisation `at`, under the key of the person's bodies.
pub(super) async fn file(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, key): (PersonId, KeyId),
    (kind, standing): (Kind, &Standing),
    at: &OrganisationId,
) -> Result<(), Error> {
    let item_key = format!("role/{}", kind.code());
    let under = Under::from(NO_NUMBER.to_owned());
    let place = ken_records::place(tx, ctx, person, (at, &under), &item_key).await?;
    let holder = standing.holder.as_ref().map(|(holder, _)| holder);
    let here = holder.filter(|holder| holder.organisation == *at);
    let said = match here {
        Some(holder) => Some(named(tx, holder).await?),
        None if standing.is_declined => Some((NONE_CHOSEN.to_owned(), vec![])),
        None => None,
    };
    if said.is_none() && place.is_new() {
        return Ok(());
    }
    let resource = resource(&place.resource.to_string(), (person, kind), said);
    let category = CATEGORY.parse().map_err(|_| Error::Corrupt("word"))?;
    let (labels, lineage) = (BTreeSet::new(), BTreeSet::new());
    let class = RowClass { category, labels, source: at.clone(), lineage };
    let message = MessageId::draw(ctx.ids);
    let filing = Filing {
        key,
        item_key: &item_key,
        resource,
        class,
        message,
        event: None,
        under: &under,
        told: None,
        said: None,
    };
    ken_records::file(tx, ctx, keys, place, filing).await?;
    Ok(())
}

/// A holder's name with their organisation's, and how they are reached.
async fn named(tx: &mut Tx, holder: &Holder) -> Result<(String, Vec<Value>), Error> {
    let name = practitioner::find(tx, holder.practitioner).await?;
    let name = name.ok_or(Error::Corrupt("practitioner"))?.name;
    let desk = organisation::find(tx, &holder.organisation).await?;
    let desk = desk.ok_or(Error::Corrupt("organisation"))?;
    Ok((format!("{name}, {}", desk.name), reached(&holder.contact, &desk)))
}

/// How a holder is reached: what they gave, and the desk of their organisation where they gave no
/// telephone number.
fn reached(contact: &Contact, desk: &Organisation) -> Vec<Value> {
    let phone = match contact.phone.trim() {
        "" => format!("{} (the desk of {})", desk.contact_phone, desk.name),
        phone => phone.to_owned(),
    };
    let other = |value: &str| json!({ "system": "other", "value": value });
    let said = [&contact.hours, &contact.cover, &contact.address];
    let said = said.into_iter().map(|said| said.trim()).filter(|said| !said.is_empty());
    let phone = json!({ "system": "phone", "use": "work", "value": phone });
    std::iter::once(phone).chain(said.map(other)).collect()
}

/// The FHIR resource; one that says nothing is of somebody who holds the role no more.
fn resource(
    id: &str,
    (person, kind): (PersonId, Kind),
    said: Option<(String, Vec<Value>)>,
) -> Value {
    let mut resource = json!({
        "resourceType": "RelatedPerson",
        "id": id,
        "active": said.is_some(),
        "patient": { "reference": format!("Patient/{person}") },
        "relationship": [{ "text": kind.says() }],
    });
    if let (Some(fields), Some((name, telecom))) = (resource.as_object_mut(), said) {
        fields.insert("name".to_owned(), json!([{ "text": name }]));
        if !telecom.is_empty() {
            fields.insert("telecom".to_owned(), json!(telecom));
        }
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_named_without_a_way_to_reach_them() {
        let desk = Organisation {
            id: "cec".parse().unwrap(),
            name: "Glen Council".into(),
            kind: "council".into(),
            contact_phone: "01632 960 100".into(),
        };
        let check = |phone: &str, want: &str| {
            let contact = Contact { phone: phone.into(), ..Contact::default() };
            let reached = reached(&contact, &desk);
            assert_eq!(reached[0]["value"], want);
            assert_eq!(reached.len(), 1);
        };
        check("01632 960 123", "01632 960 123");
        check("  ", "01632 960 100 (the desk of Glen Council)");
        let contact = Contact {
            phone: String::new(),
            address: "1 Made-up Road".into(),
            hours: "Monday to Friday, 9 to 5".into(),
            cover: "When away: the duty team".into(),
        };
        let said = reached(&contact, &desk);
        assert_eq!(said[1]["value"], "Monday to Friday, 9 to 5");
        assert_eq!(said.len(), 4);
    }
}
