//! Stays and visits: `PV1` and `PV2` as an `Encounter`.
//!
//! Only `ADT` messages make one: a result that repeats the visit it was ordered in would otherwise
//! put a finished visit back to begun. Other messages refer to the visit by its number.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir: PV1(`Encounter`), PV2(`Encounter`). The trigger decides the status before PV1
//!   does: what `A11` cancels is cancelled, whatever its class.

use ken_fhir::{Object, Resource, coding};
use serde_json::Value;

use super::types::{
    concept, concept_of, identifier, marked, period, place, practitioner, text, typed, when, words,
};
use super::{Batch, Made, PERSON, Scope, Told, key_of, reference, table};
use crate::{Part, Segment};

/// Maps the visit and returns its placeholder; `None` if the message has none.
pub(super) fn map(scope: &Scope<'_>, batch: &mut Batch<'_>) -> Option<String> {
    let pv1 = scope.message.first("PV1")?;
    // Class `N` is the standard's way to say that there is no visit in a required segment.
    if text(pv1.field(2)) == "N" || (2..=pv1.fields()).all(|at| !pv1.field(at).is_valued()) {
        return None;
    }
    let number = identifier(pv1.field(19), scope.sender);
    let key = key_of("visit", &number);
    let made = encounter(scope, pv1, number);
    let made = match scope.message.first("PV2") {
        Some(pv2) => detail(pv2, made),
        None => made,
    };
    let marks = scope.message.first("PV2").map(|pv2| pv2.field(22));
    let labels = marks.map(marked).unwrap_or_default();
    let told = Told { marks: marks.is_some_and(|mark| mark.is_said()), ..told(scope, pv1) };
    let made = Made::new("chronology", key, made).told(told);
    Some(batch.add(made.labels(labels)))
}

/// What the message says of the visit, and what it leaves out.
fn told(scope: &Scope<'_>, pv1: Segment<'_>) -> Told {
    const CLEARED: [(&str, usize, &str); 17] = [
        ("PV1", 4, "type"),
        ("PV1", 10, "serviceType"),
        ("PV1", 13, "hospitalization.reAdmission"),
        ("PV1", 14, "hospitalization.admitSource"),
        ("PV1", 15, "hospitalization.specialArrangement"),
        ("PV1", 16, "hospitalization.specialCourtesy"),
        ("PV1", 36, "hospitalization.dischargeDisposition"),
        ("PV1", 37, "hospitalization.destination"),
        ("PV1", 38, "hospitalization.dietPreference"),
        ("PV1", 44, "period.start"),
        ("PV1", 45, "period.end"),
        ("PV1", 54, "episodeOfCare"),
        ("PV2", 3, "reasonCode"),
        ("PV2", 8, "extension:extension-Encounter.plannedStartDate"),
        ("PV2", 9, "extension:extension-Encounter.plannedEndDate"),
        ("PV2", 11, "length"),
        ("PV2", 25, "priority"),
    ];
    let mut told = Told::default();
    for (segment, number, element) in CLEARED {
        told.clear(scope.message.field(segment, number).is_null(), element);
    }
    // A visit that goes on has no end, whatever was said before of it.
    told.clear(matches!(scope.trigger, "A01" | "A04" | "A13"), "period.end");
    told.clear(scope.message.first("PV2").is_some_and(|pv2| pv2.field(22).is_said()), MARK);
    told.assume(!decides(scope, pv1), "status");
    told.assume(!pv1.field(2).is_valued(), "class");
    told
}

/// The element in which a visit is marked as protected (PV2-22).
const MARK: &str = "meta.security";

/// Whether the message says how far the visit has got. A change of details (`A08`) or a transfer
/// that was taken back (`A12`) repeats the class, which is no news of a visit that has ended.
fn decides(scope: &Scope<'_>, pv1: Segment<'_>) -> bool {
    match scope.trigger {
        "A03" | "A05" | "A11" | "A13" | "A23" | "A27" | "A38" => true,
        "A08" | "A12" => pv1.field(45).is_said(),
        _ => pv1.field(45).is_said() || pv1.field(2).is_valued(),
    }
}

/// A reference to the visit by its number, for messages that do not make it.
pub(super) fn by_number(scope: &Scope<'_>) -> Object {
    let number = identifier(scope.message.field("PV1", 19), scope.sender);
    Object::new().set("identifier", number)
}

fn status(scope: &Scope<'_>, pv1: Segment<'_>) -> &'static str {
    let class = text(pv1.field(2));
    match scope.trigger {
        "A11" | "A27" | "A38" => "cancelled",
        "A23" => "entered-in-error",
        "A13" => "in-progress",
        "A03" => "finished",
        "A05" => "planned",
        _ if pv1.field(45).is_valued() => "finished",
        _ => table::class_status(&class),
    }
}

fn encounter(scope: &Scope<'_>, pv1: Segment<'_>, number: Object) -> Object {
    let class = text(pv1.field(2));
    let (code, words) = table::encounter_class(&class);
    let priority = scope.message.field("PV2", 25);
    Resource::build("Encounter")
        .push("identifier", typed(number, "VN", "visit number"))
        .push("identifier", identifier(pv1.field(50), scope.sender))
        .set("status", status(scope, pv1))
        .set("class", coding(table::V3_ACT, code, words))
        .push("type", concept_of(pv1.field(4), "0007"))
        .set("serviceType", concept_of(pv1.field(10), "0069"))
        .set("priority", concept_of(priority, "0217"))
        .set("subject", reference(PERSON))
        .extend("participant", participants(scope, pv1))
        .set("period", stay(scope, pv1))
        .extend("location", locations(pv1, &class))
        .set("hospitalization", hospital(scope, pv1))
        .push("episodeOfCare", episode(scope, pv1))
}

/// The visit's own times, and none that it does not say: the time of a message is not one.
fn stay(scope: &Scope<'_>, pv1: Segment<'_>) -> Object {
    let ended = scope.trigger != "A13";
    period(pv1.field(44), if ended { pv1.field(45) } else { Part::EMPTY })
}

fn participants(scope: &Scope<'_>, pv1: Segment<'_>) -> Vec<Object> {
    const ROLES: [(&str, usize, &str, &str); 6] = [
        ("PV1", 7, "ATND", "attender"),
        ("PV1", 8, "REF", "referrer"),
        ("PV1", 9, "CON", "consultant"),
        ("PV1", 17, "ADM", "admitter"),
        ("PV1", 52, "PART", "Participation"),
        ("PV2", 13, "REF", "referrer"),
    ];
    let mut made = Vec::new();
    for (segment, number, code, words) in ROLES {
        let field = match segment {
            "PV1" => pv1.field(number),
            _ => scope.message.first("PV2").map_or(Part::EMPTY, |pv2| pv2.field(number)),
        };
        for part in field.repetitions().take(10) {
            let who = practitioner(part, scope.sender);
            if !who.is_empty() {
                let role = coding(table::V3_PARTICIPATION, code, words);
                let role = Object::new().push("coding", role).set("text", words);
                made.push(Object::new().push("type", role).set("individual", who));
            }
        }
    }
    made
}

fn locations(pv1: Segment<'_>, class: &str) -> Vec<Object> {
    let now = if class == "P" { "planned" } else { "active" };
    let of = [(3, now), (6, "completed"), (11, "active"), (42, "reserved")];
    let made = of.into_iter().filter_map(|(number, status)| {
        let place = place(pv1.field(number));
        let made = Object::new().set("location", place);
        if made.is_empty() {
            return None;
        }
        let bed = (number == 3).then(|| text(pv1.field(40)));
        let bed = bed.filter(|bed| !bed.is_empty());
        let url = "https://ken.example/StructureDefinition/bed-status";
        let kind = (number == 11).then_some("temporary");
        let subject = format!("{}subject-locationClassification", table::EXTENSION);
        let kind = kind.map(|kind| Object::new().push("coding", coding("", kind, kind)));
        Some(
            made.extension(&subject, "valueCodeableConcept", kind)
                .extension(url, "valueCode", bed)
                .set("status", status),
        )
    });
    made.collect()
}

fn hospital(scope: &Scope<'_>, pv1: Segment<'_>) -> Object {
    let concept = |number: usize, table: &str| concept_of(pv1.field(number), table);
    Object::new()
        .set("preAdmissionIdentifier", identifier(pv1.field(5), scope.sender))
        .set("admitSource", concept(14, "0023"))
        .set("reAdmission", concept(13, "0092"))
        .push("dietPreference", concept(38, "0114"))
        .push("specialCourtesy", concept(16, "0099"))
        .extend(
            "specialArrangement",
            pv1.field(15).repetitions().take(10).map(|part| concept_of(part, "0009")),
        )
        .set("destination", place(pv1.field(37)))
        .set("dischargeDisposition", concept(36, "0112"))
}

fn episode(scope: &Scope<'_>, pv1: Segment<'_>) -> Object {
    Object::new()
        .set("identifier", identifier(pv1.field(54), scope.sender))
        .set("display", words(pv1.field(53)))
}

fn detail(pv2: Segment<'_>, made: Object) -> Object {
    let url = |name: &str| format!("http://hl7.org/fhir/5.0/StructureDefinition/extension-{name}");
    let days = text(pv2.field(11)).parse::<serde_json::Number>().ok();
    let length = days.map(|days| {
        let unit = Object::new().set("value", Value::Number(days)).set("unit", "days");
        unit.set("system", "http://unitsofmeasure.org").set("code", "d")
    });
    let earlier = place(pv2.field(1));
    let earlier = if earlier.is_empty() {
        earlier
    } else {
        Object::new().set("location", earlier).set("status", "planned")
    };
    let arrival = concept_of(pv2.field(38), "0430");
    let arrival = arrival.get("coding").and_then(|all| all.get(0)).cloned();
    let protected = if marked(pv2.field(22)).is_empty() {
        Object::new()
    } else {
        coding(&format!("{}0136", table::V2), "Y", "visit protected")
    };
    let words = Object::new().set("text", words(pv2.field(12)));
    made.push("location", earlier)
        .push("reasonCode", concept(pv2.field(3)))
        .push("reasonCode", words)
        .set("length", length.map(Value::from))
        .extension(&url("Encounter.plannedStartDate"), "valueDateTime", when(pv2.field(8)))
        .extension(&url("Encounter.plannedEndDate"), "valueDateTime", when(pv2.field(9)))
        .extension(&format!("{}encounter-modeOfArrival", table::EXTENSION), "valueCoding", arrival)
        .set("meta", Object::new().push("security", protected))
}

#[cfg(test)]
mod tests {
    use ken_fhir::Encounter;

    use super::super::map as map_message;
    use crate::Message;

    fn stay(trigger: &str, pv1: &str) -> Option<(String, String, String, Option<String>)> {
        let text = format!(
            "MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||ADT^{trigger}|1|P|2.4\r\
             EVN|{trigger}|202611211000|||||GLEN\rPID|1||7^^^GLEN^MR||Bain^Morag\rPV1|{pv1}"
        );
        let mapped = map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap();
        let made = mapped.resources.get(1)?;
        let view = Encounter::of(&made.resource).unwrap();
        let read = |when: Option<ken_fhir::DateTime>| when.map(|at| at.to_string());
        let period = view.period();
        let times = [read(period.start), read(period.end)].map(Option::unwrap_or_default).join("/");
        let words = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Some((words(view.status()), words(view.class()), times, made.key.clone()))
    }

    #[test]
    fn the_trigger_decides_the_status() {
        let number = "||||||||||||||||";
        let check = |trigger: &str, pv1: &str, want: (&str, &str, &str)| {
            let (status, class, times, _) = stay(trigger, pv1).unwrap();
            assert_eq!((&*status, &*class, &*times), want, "{trigger} {pv1}");
        };
        let unsaid = "/";
        check("A01", "1|I|W4", ("in-progress", "IMP", unsaid));
        check("A04", "1|E|ED", ("in-progress", "EMER", unsaid));
        check("A03", "1|I|W4", ("finished", "IMP", unsaid));
        check("A05", "1|P|W4", ("planned", "PRENC", unsaid));
        check("A11", "1|I|W4", ("cancelled", "IMP", unsaid));
        check("A13", "1|I|W4", ("in-progress", "IMP", unsaid));
        check("A12", "1|I|W4", ("in-progress", "IMP", unsaid));
        check("A23", "1|I|W4", ("entered-in-error", "IMP", unsaid));
        check("A27", "1|P|W4", ("cancelled", "PRENC", unsaid));
        check("A38", "1|P|W4", ("cancelled", "PRENC", unsaid));
        let times = format!("1|I|W4{}202605011000|202605011015", "|".repeat(41));
        check("A13", &times, ("in-progress", "IMP", "2026-05-01T10:00:00+01:00/"));
        let times = times.replace("I|W4", "O|Clinic");
        check(
            "A08",
            &times,
            ("finished", "AMB", "2026-05-01T10:00:00+01:00/2026-05-01T10:15:00+01:00"),
        );
        assert_eq!(stay("A31", "1|I|W4"), None);
        assert_eq!(stay("A01", "1|N"), None);
        assert_eq!(stay("A01", "1"), None);
        let key = stay("A01", &format!("1|I|{number}V7^^^GLEN")).unwrap().3;
        assert_eq!(key.as_deref(), Some("visit|urn:ken:id:glen:glen|V7"));
    }
}
