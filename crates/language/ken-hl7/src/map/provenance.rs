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
    /// The `Provenance` resource, its `target` left for filing.
    pub resource: Option<Resource>,
    /// The `MessageHeader` resource.
    pub message_header: Option<Resource>,
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Facts(..)")
    }
}

impl Facts {
    pub(crate) fn of(message: &Message<'_>, header: &Header) -> Self {
        let event = |number| message.field("EVN", number);
        let sender = header.sending_facility.as_str();
        let operator = practitioner(event(5), sender);
        let display = Value::from(operator.clone());
        let recorded = moment(event(2)).or_else(|| header.sent.clone());
        let reason = concept_of(event(4), "0062");
        Self {
            occurred: moment(event(6)),
            operator: display.get("display").and_then(Value::as_str).map(str::to_owned),
            reason: event(4).component(2).value().or_else(|| event(4).value()),
            resource: provenance(message, header, recorded.as_ref(), operator, reason).done().ok(),
            message_header: message_header(message, header).done().ok(),
            recorded,
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

fn provenance(
    message: &Message<'_>,
    header: &Header,
    recorded: Option<&DateTime>,
    operator: Object,
    reason: Object,
) -> Object {
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
        .set("recorded", recorded.filter(|at| at.moment().is_some()).map(DateTime::to_string))
        .set("location", Object::new().set("display", text(message.field("EVN", 7))))
        .push("reason", reason)
        .set("activity", Object::new().push("coding", coding("", "", &activity)))
        .push("agent", agent(facility, "author"))
        .push("agent", agent(operator, "enterer"))
        .push("entity", source(header))
}

/// The message itself, by its id: its bytes are kept beside the record, not in it.
fn source(header: &Header) -> Object {
    let system = format!("urn:ken:message:{}", table::word(&header.sending_facility));
    let identifier = Object::new().set("system", system).set("value", header.control_id.as_str());
    Object::new().set("role", "source").set("what", Object::new().set("identifier", identifier))
}

fn message_header(message: &Message<'_>, header: &Header) -> Object {
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
        .push("tag", coding(&format!("{}0103", table::V2), &header.processing, ""))
        .push(
            "security",
            Value::from(security(26)).get("coding").and_then(|all| all.get(0)).cloned(),
        )
        .push(
            "security",
            Value::from(security(27)).get("coding").and_then(|all| all.get(0)).cloned(),
        )
        .push("security", coding("", &text(msh(8)), ""));
    Resource::build("MessageHeader")
        .set("meta", meta)
        .set("language", text(msh(19)))
        .set("eventCoding", coding(&events, &header.kind.trigger, &header.kind.to_string()))
        .push("destination", destination)
        .set("sender", Object::new().set("display", header.sending_facility.as_str()))
        .set("source", source)
        .set("responsible", organisation(msh(22), &header.sending_facility))
}
