//! Who recorded what, when and why: from `MSH` and `EVN`.

use ken_fhir::{DateTime, Object, Resource, coding};
use serde_json::Value;

use super::table;
use super::types::{concept_of, moment, organisation, practitioner, text};
use crate::{Header, Message};

/// What a message says of its own making. Its `Debug` is blind.
#[derive(Clone)]
pub struct Facts {
    /// When it was recorded: EVN-2, else MSH-7.
    pub recorded: Option<DateTime>,
    /// When it happened: EVN-6.
    pub occurred: Option<DateTime>,
    /// Who recorded it, by name: EVN-5.
    pub operator: Option<String>,
    /// Why: EVN-4.
    pub reason: Option<String>,
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Facts(..)")
    }
}

impl Facts {
    pub(crate) fn of(message: &Message<'_>, header: &Header) -> Self {
        let event = |number| message.field("EVN", number);
        let operator = practitioner(event(5), header.sending_facility.as_str());
        let operator = Some(operator.text("display")).filter(|name| !name.is_empty());
        Self {
            recorded: moment(event(2)).or_else(|| header.sent.clone()),
            occurred: moment(event(6)),
            operator: operator.map(str::to_owned),
            reason: event(4).component(2).value().or_else(|| event(4).value()),
        }
    }
}

fn agent(who: Object, kind: &str) -> Object {
    const KIND: &str = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
    if who.is_empty() {
        return who;
    }
    Object::new().set("type", Object::new().push("coding", coding(KIND, kind, ""))).set("who", who)
}

/// The `Provenance` resource of a message, its `target` left for filing: who recorded what it says,
/// when and why. It is made when it is asked for, since most messages are never asked.
#[must_use]
pub fn provenance(message: &Message<'_>, header: &Header) -> Option<Resource> {
    let event = |number| message.field("EVN", number);
    let operator = practitioner(event(5), header.sending_facility.as_str());
    let reason = concept_of(event(4), "0062");
    let recorded = moment(event(2)).or_else(|| header.sent.clone());
    let msh = |number| message.field("MSH", number);
    let sender = header.sending_facility.as_str();
    let responsible = organisation(msh(22), sender);
    let facility =
        if responsible.is_empty() { Object::new().set("display", sender) } else { responsible };
    let occurred = moment(message.field("EVN", 6)).or_else(|| header.sent.clone());
    let activity = format!("message - {}", header.kind);
    Resource::build("Provenance")
        .set("occurredDateTime", occurred.map(|when| when.to_string()))
        // An `instant` must have its time of day.
        .set("recorded", recorded.filter(|at| at.moment().is_some()).map(|at| at.to_string()))
        .set("location", Object::new().set("display", text(message.field("EVN", 7))))
        .push("reason", reason)
        .set("activity", Object::new().push("coding", coding("", "", activity.as_str())))
        .push("agent", agent(facility, "author"))
        .push("agent", agent(operator, "enterer"))
        .push("entity", source(header))
        .done()
        .ok()
}

/// The message itself, by its id: its bytes are kept beside the record, not in it.
fn source(header: &Header) -> Object {
    let system = format!("urn:ken:message:{}", table::word(&header.sending_facility));
    let identifier = Object::new().set("system", system).set("value", header.control_id.as_str());
    Object::new().set("role", "source").set("what", Object::new().set("identifier", identifier))
}

/// The `MessageHeader` resource of a message, made when it is asked for.
#[must_use]
pub fn message_header(message: &Message<'_>, header: &Header) -> Option<Resource> {
    let msh = |number| message.field("MSH", number);
    let events = format!("{}0003", table::V2);
    let endpoint = |number: usize, name: &str| {
        let address = text(msh(number));
        if address.is_empty() {
            format!("urn:ken:application:{}", table::word(name))
        } else {
            address
        }
    };
    let source = Object::new()
        .set("name", header.sending_application.as_str())
        .set("endpoint", endpoint(24, &header.sending_application));
    let receiver = organisation(msh(23), &header.sending_facility);
    let receiver = if receiver.is_empty() {
        Object::new().set("display", header.receiving_facility.as_str())
    } else {
        receiver
    };
    let destination = Object::new()
        .set("name", header.receiving_application.as_str())
        .set("endpoint", endpoint(25, &header.receiving_application))
        .set("receiver", receiver);
    let security = |number| concept_of(msh(number), "0717");
    let meta = Object::new()
        .push("tag", coding(&format!("{}0103", table::V2), header.processing.as_str(), ""))
        .push(
            "security",
            Value::from(security(26)).get("coding").and_then(|all| all.get(0)).cloned(),
        )
        .push(
            "security",
            Value::from(security(27)).get("coding").and_then(|all| all.get(0)).cloned(),
        )
        .push("security", coding("", text(msh(8)), ""));
    Resource::build("MessageHeader")
        .set("meta", meta)
        .set("language", text(msh(19)))
        .set("eventCoding", coding(&events, header.kind.trigger.as_str(), header.kind.to_string()))
        .push("destination", destination)
        .set("sender", Object::new().set("display", header.sending_facility.as_str()))
        .set("source", source)
        .set("responsible", organisation(msh(22), &header.sending_facility))
        .done()
        .ok()
}
