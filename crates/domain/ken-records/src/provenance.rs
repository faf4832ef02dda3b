//! Where a disclosed item comes from, as FHIR's `Provenance`.
//!
//! Nothing is filed for it: message, source, class and time stand with every version, and this is
//! the view of them.
//!
//! Source: FHIR R4, `Provenance`; `core.md` section 6.

use serde_json::{Value, json};

use crate::Item;

/// The provenance of an item as it was disclosed: which message of whom brought the version, and
/// when it was filed here.
#[must_use]
pub fn provenance_of(item: &Item) -> Value {
    let target = format!("{}/{}/_history/{}", item.kind, item.resource, item.version);
    let message = json!({ "system": "urn:ken:message", "value": item.message.to_string() });
    let source = json!({ "system": "urn:ken:organisation", "value": item.source.as_str() });
    let author = json!({
        "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
        "code": "author",
    });
    json!({
        "resourceType": "Provenance",
        "target": [{ "reference": target }],
        "recorded": item.filed.to_string(),
        "agent": [{ "type": { "coding": [author] }, "who": { "identifier": source } }],
        "entity": [{ "role": "source", "what": { "identifier": message } }],
    })
}
