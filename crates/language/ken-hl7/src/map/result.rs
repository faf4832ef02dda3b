//! Results: `OBR` as a `DiagnosticReport`, its `OBX` as `Observation`s, `NTE` as their notes.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir: OBR(`DiagnosticReport`), OBX(`Observation`), NTE(`Observation`).
//! - House policy: one number of a laboratory may cover several tests; what was asked for is part
//!   of a report's key.

use ken_fhir::{Object, Resource, coding};

use super::sections::apart;
use super::told::Stays;
use super::types::{
    concept, concept_of, entity, organisation, period, practitioner, text, typed, when,
};
use super::value::{value, written};
use super::{Batch, Ended, Ends, Made, PERSON, Scope, Told};
use super::{hash, key_of, reference, table, visit};
use crate::{Part, Segment};

const INTERPRETATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
const ABSENT: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";

/// An order with what was found: the segments from one `OBR` to the next.
#[derive(Default)]
struct Group<'m> {
    obr: Option<Segment<'m>>,
    notes: Vec<Segment<'m>>,
    found: Vec<Found<'m>>,
}

struct Found<'m> {
    obx: Segment<'m>,
    notes: Vec<Segment<'m>>,
}

pub(super) fn map(scope: &Scope<'_>, batch: &mut Batch<'_>) {
    let mut seen: Vec<String> = Vec::new();
    for group in groups(scope) {
        let key = group.obr.and_then(|obr| report_key(scope, obr)).map(|key| once(key, &mut seen));
        let mut results = Vec::with_capacity(group.found.len());
        let mut alone = Vec::new();
        for found in &group.found {
            let own = result_key(scope, key.as_deref(), found.obx).map(|key| once(key, &mut seen));
            let made = Made::new(HEALTH, own, observation(scope, found, group.obr));
            match apart(found.obx) {
                Some(section) => alone.push((section, made)),
                None => results.push(reference(&batch.add(made.told(told(found.obx))))),
            }
        }
        if let Some(obr) = group.obr {
            let made = report(scope, obr, &group.notes).extend("result", results);
            let mut told = Told::default();
            told.assume(!obr.field(25).is_said(), "status");
            if tells_all(&group) {
                let own = key.clone().map(|key| (key, Ends::Cut, "superseded"));
                let ended = own.map(|(key, what, status)| Ended { key, what, status });
                batch.ended.extend(ended);
            } else {
                told.stays.push(RESULTS);
            }
            batch.add(Made::new(HEALTH, key, made).told(told));
        }
        for ((category, label), made) in alone {
            let labels = label.into_iter().collect();
            batch.add(Made { category, labels, ..made.told(Told::whole()) });
        }
    }
}

/// Results of a report that says some of them stay; of any other they are all that it has.
const RESULTS: Stays = Stays { list: "result", pointer: "/reference", values: &[] };

/// Whether a report tells all of its results, so that what it told before and tells no more does
/// not hold: only where it says that it is final, corrected or cancelled (OBR-25), and its results
/// have no numbers of their own, which come one by one. Of any other the rest may come in another
/// message, and a result that was withdrawn too soon is one that nobody sees.
fn tells_all(group: &Group<'_>) -> bool {
    let is_whole = group.obr.is_some_and(|obr| {
        ["F", "C", "X"].contains(&text(obr.field(25)).to_ascii_uppercase().as_str())
    });
    let is_numbered = group.found.iter().any(|found| found.obx.field(21).is_valued());
    !group.found.is_empty() && is_whole && !is_numbered
}

/// Where results belong.
const HEALTH: &str = "health-record";

/// A result is told whole, but for one that says of what was sent before that it stands (`U`) or
/// that it was an error (`D`, `W`): those come without their value.
fn told(obx: Segment<'_>) -> Told {
    let again = ["U", "D", "W"].contains(&text(obx.field(11)).as_str());
    if again { Told::default() } else { Told::whole() }
}

/// Observations of a message that has no orders: a height and weight in an admission. One of the
/// same code at the same time is the same one, told again; so is one without a time that has the
/// same value, since every change of details repeats it.
pub(super) fn loose(scope: &Scope<'_>, batch: &mut Batch<'_>) {
    let mut seen: Vec<String> = Vec::new();
    for found in groups(scope).iter().flat_map(|group| &group.found) {
        let key = result_key(scope, None, found.obx).unwrap_or_else(|| undated_key(found.obx));
        let key = Some(once(key, &mut seen));
        let made = Made::new(HEALTH, key, observation(scope, found, None)).told(told(found.obx));
        batch.add(match apart(found.obx) {
            Some((category, label)) => {
                Made { category, labels: label.into_iter().collect(), ..made }
            }
            None => made,
        });
    }
}

fn groups<'m>(scope: &Scope<'m>) -> Vec<Group<'m>> {
    let mut groups: Vec<Group<'m>> = Vec::new();
    // What a note is about: the order or the finding that it follows, or nothing of ours. The note
    // of an `ORC` is about the order that comes next.
    let (mut about, mut next) = ("", Vec::new());
    for segment in scope.message.segments() {
        match segment.name() {
            "OBR" => {
                let notes = std::mem::take(&mut next);
                groups.push(Group { obr: Some(segment), notes, found: Vec::new() });
            }
            "OBX" => {
                if groups.is_empty() {
                    groups.push(Group::default());
                }
                let found = Found { obx: segment, notes: Vec::new() };
                groups.extend_last(|group| group.found.push(found));
            }
            "NTE" => match about {
                "ORC" => next.push(segment),
                "OBR" => groups.extend_last(|group| group.notes.push(segment)),
                "OBX" => groups.extend_last(|group| {
                    group.found.extend_last(|found| found.notes.push(segment));
                }),
                _ => {}
            },
            _ => {}
        }
        if segment.name() != "NTE" {
            about = segment.name();
        }
    }
    groups
}

trait Last<T> {
    fn extend_last(&mut self, change: impl FnOnce(&mut T));
}

impl<T> Last<T> for Vec<T> {
    fn extend_last(&mut self, change: impl FnOnce(&mut T)) {
        if let Some(last) = self.last_mut() {
            change(last);
        }
    }
}

/// The report's number and what was asked for: one number often covers several tests.
fn report_key(scope: &Scope<'_>, obr: Segment<'_>) -> Option<String> {
    let number = |field| key_of("report", &entity(obr.field(field), scope.sender));
    let code = obr.field(4).one();
    let code = code.component(1).value().or_else(|| code.component(2).words());
    Some(format!("{}|{}", number(3).or_else(|| number(2))?, code.unwrap_or_default()))
}

/// The result's own number (OBX-21); else the report's key with the test's code and sub-id; else,
/// outside a report, code, sub-id and the time at which it was so.
fn result_key(scope: &Scope<'_>, report: Option<&str>, obx: Segment<'_>) -> Option<String> {
    if let Some(own) = key_of("result", &entity(obx.field(21), scope.sender)) {
        return Some(own);
    }
    let test = test(obx);
    match report {
        Some(report) => Some(format!("{report}|{test}")),
        None => Some(format!("result||{test}|{}", when(obx.field(14))?)),
    }
}

/// Code and sub-id of what was measured, and its value to the letter where nobody says when.
fn undated_key(obx: Segment<'_>) -> String {
    let value = [5, 6].map(|number| obx.field(number).raw());
    format!("result||{}||{}", test(obx), hash(&value.join("|")))
}

fn test(obx: Segment<'_>) -> String {
    let code = obx.field(3).one();
    let code = code.component(1).value().or_else(|| code.component(2).words());
    format!("{}|{}", code.unwrap_or_default(), text(obx.field(4)))
}

/// A key, with a count where it comes a second time in one message.
fn once(key: String, seen: &mut Vec<String>) -> String {
    let before = seen.iter().filter(|other| **other == key).count();
    seen.push(key.clone());
    if before == 0 { key } else { format!("{key}|{before}") }
}

fn report(scope: &Scope<'_>, obr: Segment<'_>, notes: &[Segment<'_>]) -> Object {
    let taken = when(obr.field(7));
    let ended = when(obr.field(8));
    // An order of one moment is often sent with the same time twice.
    let lasted = ended.is_some() && ended != taken;
    let effective = if lasted { period(obr.field(7), obr.field(8)) } else { Object::new() };
    let url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-DiagnosticReport.note";
    let made = Resource::build("DiagnosticReport")
        .push("identifier", typed(entity(obr.field(2), scope.sender), "PLAC", "order number"))
        .push("identifier", typed(entity(obr.field(3), scope.sender), "FILL", "report number"))
        .set("status", table::report_status(&text(obr.field(25))))
        .push("category", concept_of(obr.field(24), "0074"))
        .set("code", concept(obr.field(4)))
        .set("subject", reference(PERSON))
        .set("encounter", visit::by_number(scope))
        .set("effectiveDateTime", taken.filter(|_| !lasted))
        .set("effectivePeriod", effective)
        .set("issued", instant(obr.field(22)))
        .extend("resultsInterpreter", people(scope, obr.field(32)))
        .extend("performer", people(scope, obr.field(34)))
        .extend("performer", people(scope, obr.field(35)));
    notes.iter().fold(made, |made, nte| made.extension(url, "valueAnnotation", note(scope, *nte)))
}

/// An `instant` must have its time of day.
fn instant(part: Part<'_>) -> Option<String> {
    when(part).filter(|text| text.contains('T'))
}

/// NDL: the first component is a name whose parts are subcomponents.
fn people(scope: &Scope<'_>, field: Part<'_>) -> Vec<Object> {
    let person = |part: Part<'_>| {
        let at = |number| text(part.component(1).subcomponent(number));
        let words = [at(6), at(3), at(2)];
        let words: Vec<_> =
            words.iter().map(String::as_str).filter(|one| !one.is_empty()).collect();
        if words.is_empty() {
            return practitioner(part, scope.sender);
        }
        let system = table::identifier_system("", "", "practitioner", scope.sender);
        let identifier = Object::new().set("system", system).set("value", at(1));
        ken_fhir::reference_by("Practitioner", identifier, &words.join(" "))
    };
    field.repetitions().take(10).map(person).collect()
}

/// The words of an `NTE`, repetitions on lines of their own.
pub(super) fn words_of(nte: Segment<'_>) -> String {
    let text = written(nte.field(3));
    if text.trim().is_empty() { String::new() } else { text }
}

/// An `NTE` as an annotation.
pub(super) fn note(scope: &Scope<'_>, nte: Segment<'_>) -> Object {
    let text = words_of(nte);
    if text.is_empty() {
        return Object::new();
    }
    Object::new()
        .set("authorReference", practitioner(nte.field(5), scope.sender))
        .set("time", when(nte.field(6)))
        .set("text", text)
}

fn observation(scope: &Scope<'_>, found: &Found<'_>, obr: Option<Segment<'_>>) -> Object {
    let obx = found.obx;
    let effective = when(obx.field(14)).or_else(|| when(obr?.field(7)));
    let state = text(obx.field(11));
    let url = |name: &str| format!("{}{name}", table::EXTENSION);
    let nature = concept_of(obx.field(10), "0080");
    let made = Resource::build("Observation")
        .extension(&url("observation-analysis-date-time"), "valueDateTime", when(obx.field(19)))
        .extension(&url("observation-nature-of-abnormal-test"), "valueCodeableConcept", nature)
        .push("identifier", typed(entity(obx.field(21), scope.sender), "FILL", "result number"))
        .set("status", table::result_status(&state))
        .push("category", concept_of(obx.field(29), "0936"))
        .set("code", concept(obx.field(3)))
        .set("subject", reference(PERSON))
        .set("encounter", visit::by_number(scope))
        .set("effectiveDateTime", effective)
        .extend("performer", performers(scope, obx));
    let made = value(made, obx);
    let made = if state == "N" {
        let reason = Object::new().push("coding", coding(ABSENT, "not-asked", "Not Asked"));
        made.set("dataAbsentReason", reason)
    } else {
        made
    };
    let device = Object::new().set("identifier", entity(obx.field(18), scope.sender));
    made.extend("interpretation", obx.field(8).repetitions().take(10).map(interpretation))
        .extend("note", found.notes.iter().map(|nte| note(scope, *nte)))
        .set("bodySite", concept_of(obx.field(20), "0163"))
        .set("method", concept(obx.field(17)))
        .set("device", device)
        .push("referenceRange", range(obx.field(7)))
}

fn performers(scope: &Scope<'_>, obx: Segment<'_>) -> Vec<Object> {
    let observers = obx.field(16).repetitions().take(10);
    let mut made: Vec<_> = observers.map(|part| practitioner(part, scope.sender)).collect();
    let producer = text(obx.field(15).component(2));
    made.push(Object::new().set("display", producer));
    made.push(organisation(obx.field(23), scope.sender));
    made.push(practitioner(obx.field(25), scope.sender));
    made
}

fn interpretation(part: Part<'_>) -> Object {
    let code = text(part.component(1));
    if code.is_empty() {
        return Object::new();
    }
    match table::interpretation(&code) {
        Some(words) => {
            let code = coding(INTERPRETATION, code.to_ascii_uppercase(), words);
            Object::new().push("coding", code).set("text", words)
        }
        // A word of the sender's own is not one of the standard's.
        None => concept_of(part, "0078"),
    }
}

/// OBX-7 as text; brackets around nothing are nothing.
fn range(field: Part<'_>) -> Object {
    let range = field.whole();
    let range = range.trim();
    let said = range.chars().any(char::is_alphanumeric);
    Object::new().set("text", said.then_some(range))
}

#[cfg(test)]
mod tests {
    use ken_fhir::{DiagnosticReport, Observation};

    use super::super::map as map_message;
    use crate::Message;

    fn mapped(rest: &str) -> super::super::Mapped {
        let text = format!(
            "MSH|^~\\&|LAB|GLEN|KEN|HSCP|20261121||ORU^R01|1|P|2.4\r\
             PID|1||7^^^GLEN^MR||Bain^Morag\rOBR|1|P1|F1|us^U and E^LAB|||20261121101500\r{rest}"
        );
        map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap()
    }

    fn mapped_as(status: &str, rest: &str) -> super::super::Mapped {
        let text = format!(
            "MSH|^~\\&|LAB|GLEN|KEN|HSCP|20261121||ORU^R01|1|P|2.4\r\
             PID|1||7^^^GLEN^MR||Bain\rOBR|1|P1|F1|us^U and E^LAB{}{status}\r{rest}",
            "|".repeat(21)
        );
        map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn a_report_gathers_its_results() {
        let mapped = mapped(
            "NTE|1||Of the order\rOBX|1|NM|k^Potassium||5.1|mmol/L|[ ]|H|||F\rNTE|1||High\r\
             NTE|2||Repeat\rOBX|2|NM|k^Potassium||5.0|mmol/L|3.5 - 5.3||||C|||20261122",
        );
        let report = DiagnosticReport::of(&mapped.resources[3].resource).unwrap();
        let locals: Vec<_> = mapped.resources[1..3].iter().map(|one| one.local.as_str()).collect();
        assert_eq!(report.results().collect::<Vec<_>>(), locals);
        let first = Observation::of(&mapped.resources[1].resource).unwrap();
        assert_eq!(first.notes().collect::<Vec<_>>(), ["High", "Repeat"]);
        assert_eq!((first.range(), first.interpretation()), (None, Some("High")));
        assert_eq!(first.when().unwrap().as_str(), "2026-11-21T10:15:00+00:00");
        let second = Observation::of(&mapped.resources[2].resource).unwrap();
        assert_eq!((second.range(), second.status()), (Some("3.5 - 5.3"), Some("corrected")));
        assert_eq!(second.when().unwrap().as_str(), "2026-11-22");
        let keys: Vec<_> = mapped.resources.iter().map(|one| one.key.as_deref().unwrap()).collect();
        assert_eq!(
            keys,
            [
                "patient",
                "report|urn:ken:id:glen|F1|us|k|",
                "report|urn:ken:id:glen|F1|us|k||1",
                "report|urn:ken:id:glen|F1|us",
            ]
        );
    }

    #[test]
    fn two_tests_of_one_number_stand_beside_each_other() {
        let mapped = mapped(
            "OBX|1|NM|k^K||5.1|mmol/L\rOBR|2|P1|F1|fbc^FBC^LAB\rOBX|1|NM|hb^Hb||120|g/L\r\
             OBR|3|P1|F1|fbc^FBC^LAB\rOBX|1|NM|hb^Hb||121|g/L|||||||||||||||R7^LAB",
        );
        let keys: Vec<_> = mapped.resources.iter().map(|one| one.key.as_deref().unwrap()).collect();
        assert_eq!(
            keys[1..],
            [
                "report|urn:ken:id:glen|F1|us|k|",
                "report|urn:ken:id:glen|F1|us",
                "report|urn:ken:id:glen|F1|fbc|hb|",
                "report|urn:ken:id:glen|F1|fbc",
                "result|urn:ken:id:glen:lab|R7",
                "report|urn:ken:id:glen|F1|fbc|1",
            ]
        );
    }

    #[test]
    fn a_state_is_kept_and_takes_nothing_with_it() {
        let check = |state: &str, value: &str, want: (&str, Option<&str>)| {
            let first = mapped("OBX|1|NM|k^K||5.1|mmol/L|||||P");
            let second = mapped(&format!("OBX|1|NM|k^K||{value}|mmol/L|||||{state}"));
            let made = &second.resources[1];
            let now = made.told.onto(&first.resources[1].resource, made.resource.clone());
            let result = Observation::of(&now).unwrap();
            assert_eq!((result.status().unwrap(), result.value().as_deref()), want, "{state}");
        };
        check("F", "5.2", ("final", Some("5.2 mmol/L")));
        check("C", "5.2", ("corrected", Some("5.2 mmol/L")));
        check("U", "", ("final", Some("5.1 mmol/L")));
        check("D", "", ("entered-in-error", Some("5.1 mmol/L")));
        check("W", "", ("entered-in-error", Some("5.1 mmol/L")));
        check("X", "", ("cancelled", None));
        check("R", "5.1", ("preliminary", Some("5.1 mmol/L")));
        check("", "5.1", ("unknown", Some("5.1 mmol/L")));
    }

    #[test]
    fn a_corrected_report_has_no_other_results_than_it_tells() {
        let check = |status: &str, number: &str, want: &[&str]| {
            let gap = "|".repeat(21);
            let head = "OBX|1|NM|k^K||5.1";
            let text = mapped_as(status, &format!("{head}{gap}{number}"));
            let ended: Vec<_> = text.ended.iter().map(|one| one.key.as_str()).collect();
            assert_eq!(ended, want, "{status} {number}");
        };
        let report = "report|urn:ken:id:glen|F1|us";
        check("C", "", &[report]);
        check("F", "", &[report]);
        check("X", "", &[report]);
        check("f", "", &[report]);
        // Who does not say that it is whole may send the rest in another message.
        for status in ["", "P", "A", "R", "I", "S", "O", "Z"] {
            check(status, "", &[]);
        }
        assert_eq!(mapped("NTE|1||Only words").ended.len(), 0, "no results are told");
        let first = mapped_as("F", "OBX|1|TX|t^Text||Line one\rOBX|2|TX|u^Text||Line two");
        let held = &first.resources[3].resource;
        for (status, want) in [("C", 1), ("", 2)] {
            let second = mapped_as(status, "OBX|1|TX|t^Text||Line one");
            let made = &second.resources[2];
            let now = made.told.onto(held, made.resource.clone());
            assert_eq!(DiagnosticReport::of(&now).unwrap().results().count(), want, "{status}");
        }
    }

    #[test]
    fn notes_stay_with_what_they_are_about() {
        let mapped = mapped(
            "NTE|1||of the order\rOBX|1|NM|k^K||5.1\rNTE|1||of the finding\rSPM|1\r\
             NTE|1||of the specimen\rOBX|2|TX|THIRD-PARTY^Other^KENsection||A nephew\r\
             NTE|1||CANARY\rORC|RE\rNTE|1||of the next\rOBR|2|P2|F2|fbc^FBC",
        );
        let found: Vec<_> = mapped.resources[1..]
            .iter()
            .map(|one| (one.resource.kind(), one.category.as_str(), one.labels.len()))
            .collect();
        let want = [
            ("Observation", "health-record", 0),
            ("DiagnosticReport", "health-record", 0),
            ("Observation", "third-party", 1),
            ("DiagnosticReport", "health-record", 0),
        ];
        assert_eq!(found, want);
        let written =
            |at: usize| String::from_utf8(mapped.resources[at].resource.to_bytes()).unwrap();
        assert!(written(1).contains("of the finding") && !written(1).contains("specimen"));
        assert!(written(2).contains("of the order") && !written(2).contains("r3"));
        assert!(written(3).contains("CANARY") && written(4).contains("of the next"));
        assert!(![1, 2, 4].iter().any(|at| written(*at).contains("CANARY")));
    }

    #[test]
    fn a_measurement_told_twice_is_one() {
        let said = |value: &str, at: &str| {
            let text = format!(
                "MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||ADT^A08|1|P|2.4\r\
                 PID|1||7^^^GLEN^MR||Bain\rOBX|1|NM|w^Weight||{value}|kg||||||||{at}"
            );
            let mapped = map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap();
            mapped.resources[1].key.clone().unwrap()
        };
        assert_eq!(said("70.5", "20261101"), "result||w||2026-11-01");
        // What every change of details repeats is one, and another value is another.
        let values = ["70.5", "70,5", "<70.5", ">70.5", "-70.5", "71"].map(|value| said(value, ""));
        assert_eq!(said("70.5", ""), values[0]);
        let different: std::collections::BTreeSet<_> = values.iter().collect();
        assert_eq!(different.len(), values.len());
    }
}
