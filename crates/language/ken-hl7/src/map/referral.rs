//! Requests: `RF1` and `PRD` as a `ServiceRequest`: referrals, requests for assistance, concerns.
//!
//! # Sources
//!
//! - HL7 v2.8, chapter 11. HL7/v2-to-fhir has no map for `RF1`: this one is ours, after FHIR R4's
//!   `ServiceRequest`.

use ken_fhir::{Object, Resource, concept as coded, reference_by};

use super::dictionary::{self, KEN_SYSTEM};
use super::result::note;
use super::sections::{Origin, Section, Sections, file_apart, sections};
use super::types::{concept, concept_of, entity, text, when};
use super::{Batch, Ended, Ends, Made, PERSON, Scope, Told, key_of, reference, table};
use crate::{Part, Segment};

/// The section of a concern report that names the kind of harm.
const HARM: &str = "HARM";

pub(super) fn map(scope: &Scope<'_>, batch: &mut Batch<'_>) {
    let Some(rf1) = scope.message.first("RF1") else { return };
    let kind = dictionary::document_kind(&text(rf1.field(3).component(1)));
    let category = kind.map_or("health-record", |kind| kind.category);
    let sections = sections(scope, "RF1");
    let key = key_of("request", &entity(rf1.field(6), scope.sender));
    let labels: Vec<_> = dictionary::label_of(category).into_iter().collect();
    let made = request(scope, rf1, &sections);
    let made = Made::new(category, key.clone(), made).labels(labels.clone());
    let whole = batch.add(made.told(told(scope, rf1)));
    let document = || {
        Resource::build("DocumentReference")
            .set("status", "current")
            .set("subject", reference(PERSON))
            .set("date", when(rf1.field(7)).filter(|at| at.contains('T')))
            .set("author", provider(scope, "RP").map(|who| vec![serde_json::Value::from(who)]))
    };
    let origin = Origin {
        key: key.as_deref(),
        whole: &whole,
        labels: &labels,
        is_marked: false,
        bears: &[],
    };
    for section in &sections.apart {
        file_apart(batch, section, &origin, document());
    }
    let enclosed: Vec<_> = sections.own.iter().flat_map(Section::enclosed).collect();
    if !enclosed.is_empty() {
        let related = Object::new().push("related", reference(&whole));
        let made = document().set("description", ENCLOSED).extend("content", enclosed);
        let own = key.as_ref().map(|key| format!("{key}|ENCLOSED"));
        let made = Made::new(category, own, made.set("context", related));
        batch.add(made.labels(labels));
    }
    if let (Some(key), "revoked") = (key, status(scope, rf1)) {
        batch.ended.push(Ended { key, what: Ends::Cut, status: "superseded" });
    }
}

/// The title of what came with a request and is no text: a scanned letter.
const ENCLOSED: &str = "Enclosed with the request";

/// What the message says of the request, and what it leaves out.
fn told(scope: &Scope<'_>, rf1: Segment<'_>) -> Told {
    let mut told = Told::default();
    told.assume(scope.trigger == "I13" && !rf1.field(1).is_valued(), "status");
    told.assume(!rf1.field(7).is_valued(), "authoredOn");
    told
}

fn status(scope: &Scope<'_>, rf1: Segment<'_>) -> &'static str {
    match (scope.trigger, &*text(rf1.field(1))) {
        ("I14", _) | (_, "R") => "revoked",
        (_, "E") => "completed",
        _ => "active",
    }
}

/// RF1-2 (HL7 table 0280).
fn priority(code: &str) -> Option<&'static str> {
    table::find(&[("S", "stat"), ("A", "asap"), ("R", "routine"), ("U", "urgent")], code)
}

fn request(scope: &Scope<'_>, rf1: Segment<'_>, all: &Sections<'_>) -> Object {
    let sections = &all.own;
    let kind = dictionary::document_kind(&text(rf1.field(3).component(1)));
    let kind = match kind {
        Some(kind) => coded(&format!("{KEN_SYSTEM}request"), kind.code, kind.name),
        None => concept_of(rf1.field(3), "0281"),
    };
    let harm = sections.iter().find(|section| section.code.eq_ignore_ascii_case(HARM));
    let told: Vec<_> = sections.iter().filter(|one| !one.code.eq_ignore_ascii_case(HARM)).collect();
    let asked = match harm {
        Some(harm) => Object::new().set("text", harm.text.trim()),
        None => concept(rf1.field(10)),
    };
    let notes = told.iter().map(|section| {
        let (title, text) = (section.title.trim(), section.text.trim());
        let titled = if title.is_empty() { text.to_owned() } else { format!("{title}: {text}") };
        Object::new().set("text", if text.is_empty() { String::new() } else { titled })
    });
    let happened = told.iter().find_map(|section| section.at.clone());
    Resource::build("ServiceRequest")
        .push("identifier", entity(rf1.field(6), scope.sender))
        .push("identifier", entity(rf1.field(11), scope.sender))
        .set("status", status(scope, rf1))
        .set("intent", "order")
        .push("category", kind)
        .set("priority", priority(&text(rf1.field(2))))
        .set("code", asked)
        .set("subject", reference(PERSON))
        .set("occurrenceDateTime", happened)
        .set("authoredOn", when(rf1.field(7)).or_else(|| sent(scope)))
        .set("requester", provider(scope, "RP").map(serde_json::Value::from))
        .push("performer", provider(scope, "RT").unwrap_or_default())
        .push("reasonCode", concept(rf1.field(10)))
        .extend("note", notes)
        .extend("note", all.notes.iter().map(|nte| note(scope, *nte)))
}

fn sent(scope: &Scope<'_>) -> Option<String> {
    scope.facts.recorded.as_ref().map(ToString::to_string)
}

/// The provider with a role (PRD-1, HL7 table 0286): `RP` refers, `RT` is referred to.
fn provider(scope: &Scope<'_>, role: &str) -> Option<Object> {
    let plays =
        |prd: &Segment<'_>| prd.field(1).repetitions().any(|part| text(part.component(1)) == role);
    let prd = scope.message.all("PRD").find(plays)?;
    let id = text(prd.field(7).component(1));
    let system = table::identifier_system("", "", "practitioner", scope.sender);
    let identifier = Object::new().set("value", id);
    let identifier =
        if identifier.is_empty() { identifier } else { identifier.set("system", system) };
    let words = person(prd.field(2));
    let place = text(prd.field(10));
    let words = [words, place].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
    let made = reference_by("Practitioner", identifier, &words.join(", "));
    (!made.is_empty()).then_some(made)
}

/// XPN as words: prefix, given, family.
fn person(part: Part<'_>) -> String {
    let words = [5, 2, 1].map(|number| text(part.component(number)));
    let words: Vec<_> = words.iter().map(String::as_str).filter(|one| !one.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use ken_fhir::{DocumentReference, ServiceRequest};

    use super::super::map as map_message;
    use crate::Message;

    #[test]
    fn a_concern_goes_out_in_three_parts() {
        let text = "MSH|^~\\&|POL|GLENPOL|KEN|HSCP|20261121101500||REF^I12|1|P|2.4\r\
            RF1|P|S|CONCERN^^KENrequest|||C77|20261121\rNTE|1||By phone\r\
            PRD|RP|Quill^Ada^^^PC||||||||Glen Police\rNTE|1||Not ours\r\
            PID|1||7^^^GLENPOL^PI||Bain^Morag\rOBX|1|TX|HARM^Kind of harm||Financial\r\
            OBX|2|TX|SUMMARY^What we saw||Door open.\\.br\\Cold house.||||||F|||20261120\r\
            OBX|3|TX|VIEWS^Views||Wants help.\rOBX|4|TX|THIRD-PARTY^Other||A nephew.\r\
            NTE|1||CANARY";
        let mapped = map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap();
        let found: Vec<_> = mapped.resources.iter().map(|one| one.category.as_str()).collect();
        assert_eq!(found, ["core", "concern", "views", "third-party"]);
        let request = ServiceRequest::of(&mapped.resources[1].resource).unwrap();
        assert_eq!(
            (request.name(), request.requester()),
            (Some("Financial"), Some("PC Ada Quill, Glen Police"))
        );
        let notes: Vec<_> = request.notes().collect();
        assert_eq!(notes, ["What we saw: Door open.\nCold house.", "By phone"]);
        assert_eq!(mapped.resources[1].event_time.as_ref().unwrap().as_str(), "2026-11-21");
        let written = String::from_utf8(mapped.resources[1].resource.to_bytes()).unwrap();
        assert!(!written.contains("nephew") && !written.contains("Wants"), "{written}");
        assert!(written.contains("By phone") && !written.contains("CANARY"), "{written}");
        let other = DocumentReference::of(&mapped.resources[3].resource).unwrap();
        assert_eq!(other.sections().next().unwrap().text, "A nephew.\nCANARY");
    }

    #[test]
    fn a_scanned_referral_is_filed() {
        let text = "MSH|^~\\&|GP|SURGERY|KEN|HSCP|20261121101500||REF^I14|1|P|2.4\r\
            RF1|||RFA|||C77|20261121\rPID|1||7^^^B^PI||Bain^Morag\r\
            OBX|1|ED|LETTER^Letter||^application^pdf^Base64^JVBE";
        let mapped = map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap();
        let made = &mapped.resources[2];
        let written = String::from_utf8(made.resource.to_bytes()).unwrap();
        assert!(written.contains(r#""data":"JVBE""#), "{written}");
        assert!(written.contains(r#""related":[{"reference":"urn:ken:r1"}]"#), "{written}");
        assert_eq!(made.category, mapped.resources[1].category);
        assert_eq!(mapped.ended[0].key, "request|urn:ken:id:surgery|C77");
    }
}
