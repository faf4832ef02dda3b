//! Allergies and problems: `AL1`, `DG1`, `PRB`.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir: AL1(`AllergyIntolerance`), DG1(`Condition`). `PRB` has no map there: ours
//!   follows HL7 v2.8, 12.4.2.

use ken_fhir::{Object, Resource, concept as coded};
use serde_json::Value;

use super::types::{concept, concept_of, entity, practitioner, text, when};
use super::{Batch, Made, PERSON, Scope, Told, key_of, reference, table};
use crate::Segment;

const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const CONDITION: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/condition-ver-status";

/// Most allergies or problems that are taken of one message. House policy.
const REPEATS_MAX: usize = 500;

pub(super) fn map(scope: &Scope<'_>, batch: &mut Batch<'_>, visit: Option<&str>) {
    for al1 in scope.message.all("AL1").take(REPEATS_MAX) {
        allergy(batch, al1);
    }
    for dg1 in scope.message.all("DG1").take(REPEATS_MAX) {
        diagnosis(scope, batch, dg1, visit);
    }
}

/// `PPR`: the problems of a problem list.
pub(super) fn problems(scope: &Scope<'_>, batch: &mut Batch<'_>) {
    for prb in scope.message.all("PRB").take(REPEATS_MAX) {
        problem(scope, batch, prb);
    }
}

/// A key made of a concept's first coding, or its text.
fn concept_key(kind: &str, concept: &Object) -> Option<String> {
    let value = Value::from(concept.clone());
    let coding = value.get("coding").and_then(|all| all.get(0));
    let part = |name| coding.and_then(|one| one.get(name)).and_then(Value::as_str);
    let named = part("code").or_else(|| value.get("text").and_then(Value::as_str))?;
    Some(format!("{kind}|{}|{named}", part("system").unwrap_or_default()))
}

fn allergy(batch: &mut Batch<'_>, al1: Segment<'_>) {
    let code = concept(al1.field(3));
    if code.is_empty() {
        return;
    }
    let kind = text(al1.field(2));
    let manifestations = al1.field(5).repetitions().take(20);
    let manifestations = manifestations
        .filter_map(|part| part.value())
        .map(|words| Object::new().set("text", words));
    let severity = text(al1.field(4));
    let reaction = Object::new().extend("manifestation", manifestations);
    let reaction = if reaction.is_empty() {
        reaction
    } else {
        reaction.set("severity", table::severity(&severity))
    };
    // What was sent, on the elements that are only our reading of it.
    let sent = |number: usize, values: &str| {
        let url = format!("{}original-code", super::KEN_STRUCTURE);
        let code = concept_of(al1.field(number), values);
        Object::new().extension(&url, "valueCodeableConcept", code)
    };
    let (original, grade) = (sent(2, "0127"), sent(4, "0128"));
    let key = concept_key("allergy", &code);
    let made = Resource::build("AllergyIntolerance")
        .set("clinicalStatus", coded(CLINICAL, "active", "Active"))
        .set("type", (!kind.is_empty() && !kind.starts_with("MC")).then_some("allergy"))
        .push("category", table::allergy_category(&kind))
        .push("_category", original)
        .set("criticality", table::criticality(&severity))
        .set("_criticality", grade)
        .set("code", code)
        .set("patient", reference(PERSON))
        .set("onsetDateTime", when(al1.field(6)))
        .push("reaction", reaction);
    let mut told = Told::default();
    told.assume(true, "clinicalStatus");
    batch.add(Made::new("medication", key, made).told(told));
}

fn diagnosis(scope: &Scope<'_>, batch: &mut Batch<'_>, dg1: Segment<'_>, visit: Option<&str>) {
    let code = concept(dg1.field(3));
    let described = text(dg1.field(4));
    let code = if described.is_empty() { code } else { code.set("text", described) };
    if code.is_empty() {
        return;
    }
    let own = entity(dg1.field(20), scope.sender);
    let key = key_of("condition", &own).or_else(|| concept_key("condition", &code));
    let deleted = text(dg1.field(21)) == "D";
    let visit = visit.map(reference).unwrap_or_default();
    let parent = entity(dg1.field(22), scope.sender);
    let due_to = Object::new().set("identifier", parent);
    let attested = when(dg1.field(19));
    let url = |name: &str| format!("{}{name}", table::EXTENSION);
    let made = Resource::build("Condition")
        .extension(&url("condition-assertedDate"), "valueDateTime", attested.clone())
        .extension(&url("condition-dueTo"), "valueReference", due_to)
        .push("identifier", own)
        .set("verificationStatus", verification(deleted))
        .set("clinicalStatus", clinical(!deleted, "active"))
        .push("category", concept_of(dg1.field(6), "0052"))
        .set("code", code)
        .set("subject", reference(PERSON))
        .set("encounter", visit)
        .set("onsetDateTime", when(dg1.field(5)))
        .set("recordedDate", attested)
        .set("asserter", practitioner(dg1.field(16), scope.sender));
    let mut told = Told::default();
    told.assume(!deleted, "clinicalStatus");
    told.clear(dg1.field(5).is_null(), "onsetDateTime");
    restate(&mut told, deleted, dg1.field(21).is_said());
    batch.add(Made::new("health-record", key, made).told(told));
}

/// What was an error and is told again is none any more; an error has no clinical status.
fn restate(told: &mut Told, deleted: bool, says: bool) {
    told.clear(deleted, "clinicalStatus");
    told.clear(!deleted && says, "verificationStatus");
}

fn verification(deleted: bool) -> Object {
    if deleted {
        coded(VERIFICATION, "entered-in-error", "Entered in error")
    } else {
        Object::new()
    }
}

/// FHIR forbids a clinical status on what was entered in error (R4, `con-5`).
fn clinical(stands: bool, status: &str) -> Object {
    if stands { coded(CONDITION, status, "") } else { Object::new() }
}

fn problem(scope: &Scope<'_>, batch: &mut Batch<'_>, prb: Segment<'_>) {
    let code = concept(prb.field(3));
    if code.is_empty() {
        return;
    }
    let own = entity(prb.field(4), scope.sender);
    let key = key_of("condition", &own).or_else(|| concept_key("condition", &code));
    let deleted = text(prb.field(1)).starts_with("DE") || scope.trigger == "PC3";
    let resolved = when(prb.field(9));
    let status = if resolved.is_some() { "resolved" } else { "active" };
    let made = Resource::build("Condition")
        .push("identifier", own)
        .set("clinicalStatus", clinical(!deleted, status))
        .set("verificationStatus", verification(deleted))
        .set("code", code)
        .set("subject", reference(PERSON))
        .set("onsetDateTime", when(prb.field(16)).or_else(|| when(prb.field(7))))
        .set("abatementDateTime", resolved)
        .set("recordedDate", when(prb.field(2)));
    let mut told = Told::default();
    told.clear(prb.field(9).is_null(), "abatementDateTime");
    told.assume(!deleted && !prb.field(9).is_said(), "clinicalStatus");
    restate(&mut told, deleted, prb.field(1).is_said());
    batch.add(Made::new("health-record", key, made).told(told));
}

#[cfg(test)]
mod tests {
    use ken_fhir::{AllergyIntolerance, Condition};

    use super::super::map as map_message;
    use crate::Message;

    fn mapped(kind: &str, rest: &str) -> super::super::Mapped {
        let text = format!(
            "MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||{kind}|1|P|2.4\r\
             PID|1||7^^^GLEN^MR||Bain^Morag\r{rest}"
        );
        map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn an_allergy_keeps_its_grade() {
        let mapped = mapped(
            "ADT^A31",
            "AL1|1|DA|764146007^Penicillin^SCT|SV|Rash~Wheezing|20100101\rAL1|2|FA||MI",
        );
        assert_eq!(mapped.resources.len(), 2, "an allergy to nothing is none");
        let made = &mapped.resources[1];
        let allergy = AllergyIntolerance::of(&made.resource).unwrap();
        assert_eq!((allergy.name(), allergy.criticality()), (Some("Penicillin"), Some("high")));
        assert_eq!(allergy.reactions().collect::<Vec<_>>(), ["Rash", "Wheezing"]);
        assert_eq!(made.key.as_deref(), Some("allergy|http://snomed.info/sct|764146007"));
        assert_eq!(made.event_time.as_ref().unwrap().as_str(), "2010-01-01");
        assert_eq!(made.category.as_str(), "medication");
    }

    #[test]
    fn a_problem_may_be_an_error() {
        let check = |kind: &str, rest: &str, error: bool, status: Option<&str>| {
            let mapped = mapped(kind, rest);
            let condition = Condition::of(&mapped.resources[1].resource).unwrap();
            assert_eq!((condition.is_error(), condition.status()), (error, status), "{rest}");
        };
        check("ADT^A08", "DG1|1||J18.9^Pneumonia^ICD10||20261121|A", false, Some("active"));
        let deleted = format!("DG1|1||J18.9^Pneumonia^ICD10|{}D", "|".repeat(17));
        check("ADT^A08", &deleted, true, None);
        check("PPR^PC1", "PRB|AD|20261121|44054006^Diabetes^SCT", false, Some("active"));
        check("PPR^PC3", "PRB|DE|20261121|44054006^Diabetes^SCT", true, None);
        check("PPR^PC1", "PRB|AD|2026|1^Asthma^SCT||||||20260101", false, Some("resolved"));
    }
}
