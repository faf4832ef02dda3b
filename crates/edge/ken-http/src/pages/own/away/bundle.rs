//! The record for a computer: one Bundle of FHIR R4.
//!
//! # Invariants
//!
//! - Of a resource only elements of a closed list are taken along, so whatever a source adds to one
//!   leaves nothing here until somebody has judged it.
//! - Who wrote, reported or did something is in none of them (ADR 72).

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::pages::compose::{self, Held};
use crate::view::timeline::Said;

/// The elements of a resource that are taken along.
const TAKEN: &[&str] = &[
    "resourceType",
    "id",
    "identifier",
    "active",
    "status",
    "intent",
    "priority",
    "clinicalStatus",
    "verificationStatus",
    "name",
    "telecom",
    "gender",
    "birthDate",
    "deceasedBoolean",
    "deceasedDateTime",
    "address",
    "communication",
    "generalPractitioner",
    "relationship",
    "type",
    "category",
    "class",
    "code",
    "title",
    "description",
    "topic",
    "criticality",
    "severity",
    "reaction",
    "period",
    "start",
    "end",
    "date",
    "created",
    "effectiveDateTime",
    "effectivePeriod",
    "onsetDateTime",
    "abatementDateTime",
    "recordedDate",
    "authoredOn",
    "authored",
    "issued",
    "sent",
    "occurrenceDateTime",
    "occurrencePeriod",
    "performedDateTime",
    "performedPeriod",
    "valueQuantity",
    "valueString",
    "valueCodeableConcept",
    "valueInteger",
    "valueBoolean",
    "valueDateTime",
    "interpretation",
    "referenceRange",
    "component",
    "result",
    "conclusion",
    "medicationCodeableConcept",
    "dosage",
    "dosageInstruction",
    "vaccineCode",
    "reasonCode",
    "note",
    "goal",
    "activity",
    "item",
    "questionnaire",
    "payload",
    "content",
    "context",
];

/// Elements that name who wrote, reported or did something, however deep they stand.
const WHO: &[&str] = &[
    "author",
    "authorReference",
    "authorString",
    "actor",
    "agent",
    "asserter",
    "attester",
    "authenticator",
    "contained",
    "individual",
    "informant",
    "informationSource",
    "member",
    "participant",
    "performer",
    "practitioner",
    "recipient",
    "recorder",
    "reporter",
    "requester",
    "sender",
    "serviceProvider",
    "source",
    "sourcePatientInfo",
    "verifier",
];

/// The Bundle. Its order follows from what is in it.
pub(super) fn bundle(held: &[Held], made: Timestamp) -> Value {
    let mut held: Vec<_> = held.iter().filter(|held| !held.is_error()).collect();
    held.sort_by_key(|held| {
        (held.category.clone(), held.point, held.resource.kind().to_owned(), held.person)
    });
    let entries: Vec<_> = held.iter().flat_map(|held| entries(held)).collect();
    json!({
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": made.to_string(),
        "entry": entries,
    })
}

/// A resource, and what the person says of it.
fn entries(held: &Held) -> Vec<Value> {
    let at = format!("urn:uuid:{}", held.point.item());
    let resource = json!({ "fullUrl": at, "resource": taken(held.resource.value()) });
    let own = |said| words(&at, &Said { is_own: true, ..said });
    std::iter::once(resource).chain(compose::said(held).into_iter().map(own)).collect()
}

/// What the person says of an entry.
fn words(of: &str, said: &Said) -> Value {
    json!({ "resource": {
        "resourceType": "Communication",
        "status": "completed",
        "about": [{ "reference": of }],
        "payload": [{ "contentString": said.line() }],
    } })
}

fn taken(resource: &Value) -> Value {
    let elements = resource.as_object().into_iter().flatten();
    let kept = elements.filter(|(name, _)| TAKEN.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), nobody(value))).collect())
}

/// The same without who wrote, reported or did it.
fn nobody(value: &Value) -> Value {
    match value {
        Value::Object(elements) => {
            let kept = elements.iter().filter(|(name, _)| !WHO.contains(&name.as_str()));
            let kept: Map<_, _> = kept.map(|(name, value)| (name.clone(), nobody(value))).collect();
            Value::Object(kept)
        }
        Value::Array(all) => Value::Array(all.iter().map(nobody).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use ken_core::ResourceId;
    use ken_records::{Item, Status};

    use super::*;

    /// An item as it is disclosed.
    pub(in super::super) fn held(resource: ResourceId, more: &Value) -> Held {
        let mut body = json!({ "resourceType": "DocumentReference", "id": resource.to_string() });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let id = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa";
        let item = Item {
            resource,
            version: 3,
            kind: "DocumentReference".into(),
            category: "chronology".parse().unwrap(),
            source: "nhsl".parse().unwrap(),
            event: Some("2026-10-03T09:00:00Z".parse().unwrap()),
            filed: "2026-10-04T09:00:00Z".parse().unwrap(),
            message: "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap(),
            status: Status::Current,
            clauses: BTreeSet::new(),
            body,
            is_of_part: true,
            seen: None,
        };
        compose::read(id.parse().unwrap(), vec![item]).remove(0)
    }

    #[test]
    fn nobody_who_wrote_it_and_nothing_unjudged_is_taken_along() {
        let item = "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap();
        let one = held(
            item,
            &json!({
                "description": "Fell at home",
                "meta": { "versionId": "7" },
                "extension": [{ "valueString": "CANARY" }],
                "author": [{ "display": "CANARY" }],
                "contained": [{ "resourceType": "Practitioner", "name": [{ "text": "CANARY" }] }],
                "note": [{ "text": "She got up", "authorString": "CANARY" }],
                "activity": [{ "detail": { "description": "Walk", "performer": ["CANARY"] } }],
            }),
        );
        let made = "2026-11-23T09:00:00Z".parse().unwrap();
        let bundle = bundle(&[one], made);
        let text = bundle.to_string();
        for want in ["Fell at home", "She got up", "Walk", "0190163d-8694"] {
            assert!(text.contains(want), "{want}: {text}");
        }
        for none in ["CANARY", "versionId", "contained"] {
            assert!(!text.contains(none), "{none}: {text}");
        }
        assert_eq!(
            (&bundle["type"], &bundle["entry"][0]["fullUrl"]),
            (&json!("collection"), &json!("urn:uuid:0190163d-8694-739b-aea5-966c26f8ad90"))
        );
    }

    #[test]
    fn its_order_is_that_of_what_is_in_it() {
        let item = |n: u32| format!("0190163d-8694-739b-aea5-{n:012}").parse().unwrap();
        let made = "2026-11-23T09:00:00Z".parse().unwrap();
        let of = |all: [u32; 3]| bundle(&all.map(|n| held(item(n), &json!({}))), made);
        assert_eq!(of([1, 2, 3]), of([3, 1, 2]));
    }
}
