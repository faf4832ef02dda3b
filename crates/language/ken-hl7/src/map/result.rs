//! Results: `OBR` as a `DiagnosticReport`, its `OBX` as `Observation`s, `NTE` as their notes.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir: OBR(`DiagnosticReport`), OBX(`Observation`), NTE(`Observation`).
//! - House policy: a number that a laboratory sent as text (`<15`) is a quantity with a comparator
//!   where it can be, and else the text; digits are never changed.

use ken_fhir::{Object, Resource, coding};
use serde_json::{Number, Value};

use super::types::{
    concept, concept_of, entity, organisation, period, practitioner, text, typed, when,
};
use super::{Batch, Made, PERSON, Scope, Told, key_of, reference, table, visit};
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
    for group in groups(scope) {
        let key = group.obr.and_then(|obr| {
            let filler = key_of("report", &entity(obr.field(3), scope.sender));
            filler.or_else(|| key_of("report", &entity(obr.field(2), scope.sender)))
        });
        let mut results = Vec::with_capacity(group.found.len());
        let mut seen: Vec<String> = Vec::new();
        for found in &group.found {
            let own = key.as_ref().map(|key| result_key(key, found.obx, &mut seen));
            let made = observation(scope, found, group.obr);
            let made = Made::new("health-record", own, made).told(Told::whole());
            results.push(reference(&batch.add(made)));
        }
        if let Some(obr) = group.obr {
            let made = report(scope, obr, &group.notes).extend("result", results);
            batch.add(Made::new("health-record", key, made));
        }
    }
}

/// Observations of a message that has no orders: a height and weight in an admission.
pub(super) fn loose(scope: &Scope<'_>, batch: &mut Batch<'_>) {
    for found in groups(scope).iter().flat_map(|group| &group.found) {
        let made = observation(scope, found, None);
        batch.add(Made::new("health-record", None, made).told(Told::whole()));
    }
}

fn groups<'m>(scope: &Scope<'m>) -> Vec<Group<'m>> {
    let mut groups: Vec<Group<'m>> = Vec::new();
    for segment in scope.message.segments() {
        match segment.name() {
            "OBR" => groups.push(Group { obr: Some(segment), ..Group::default() }),
            "OBX" => {
                if groups.is_empty() {
                    groups.push(Group::default());
                }
                let found = Found { obx: segment, notes: Vec::new() };
                groups.extend_last(|group| group.found.push(found));
            }
            "NTE" => groups.extend_last(|group| match group.found.last_mut() {
                Some(found) => found.notes.push(segment),
                None => group.notes.push(segment),
            }),
            _ => {}
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

/// The report's key, the test's code and sub-id, and a count where those come twice.
fn result_key(report: &str, obx: Segment<'_>, seen: &mut Vec<String>) -> String {
    let code = [1, 2].map(|number| text(obx.field(3).component(number)));
    let code = code.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let name = format!("{report}|{code}|{}", text(obx.field(4)));
    let before = seen.iter().filter(|other| **other == name).count();
    seen.push(name.clone());
    if before == 0 { name } else { format!("{name}|{before}") }
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

/// An `NTE` as an annotation.
pub(super) fn note(scope: &Scope<'_>, nte: Segment<'_>) -> Object {
    let lines = nte.field(3).repetitions().map(|line| line.whole().into_owned());
    let text = lines.collect::<Vec<_>>().join("\n");
    if text.trim().is_empty() {
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
    let words = table::interpretation(&code).map_or_else(|| code.clone(), str::to_owned);
    Object::new().push("coding", coding(INTERPRETATION, &code, &words)).set("text", words)
}

/// OBX-7 as text; brackets around nothing are nothing.
fn range(field: Part<'_>) -> Object {
    let range = field.whole();
    let range = range.trim();
    let said = range.chars().any(char::is_alphanumeric);
    Object::new().set("text", said.then_some(range))
}

/// OBX-5 by the type that OBX-2 names.
fn value(made: Object, obx: Segment<'_>) -> Object {
    let field = obx.field(5);
    if !field.is_valued() {
        return made;
    }
    let unit = obx.field(6);
    match &*obx.field(2).text() {
        "NM" => quantity_or_text(made, field, unit),
        "" if unit.is_valued() => quantity_or_text(made, field, unit),
        "SN" => structured(made, field, unit),
        "CE" | "CWE" | "CNE" | "CF" | "IS" | "ID" => {
            made.set("valueCodeableConcept", concept(field))
        }
        "DT" | "DTM" | "TS" => match when(field) {
            Some(at) => made.set("valueDateTime", at),
            None => made.set("valueString", written(field)),
        },
        "TM" => match clock(&field.text()) {
            Some(time) => made.set("valueTime", time),
            None => made.set("valueString", written(field)),
        },
        "DR" => made.set("valuePeriod", period(field.component(1), field.component(2))),
        "NR" => made.set("valueRange", low_high(field.component(1), field.component(2), unit)),
        "ED" | "RP" => {
            let url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.value";
            made.extension(url, "valueAttachment", super::document::attached(obx))
        }
        _ => made.set("valueString", written(field)),
    }
}

/// A field as people read it, repetitions on lines of their own.
pub(super) fn written(field: Part<'_>) -> String {
    let lines = field.repetitions().map(|line| line.whole().into_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn quantity_or_text(made: Object, field: Part<'_>, unit: Part<'_>) -> Object {
    let said = written(field);
    let (comparator, digits) = comparator(said.trim());
    match number(digits) {
        Some(number) => {
            let value = Object::new().set("value", Value::Number(number));
            made.set("valueQuantity", measured(value.set("comparator", comparator), unit))
        }
        None => made.set("valueString", said),
    }
}

fn comparator(said: &str) -> (&'static str, &str) {
    let known = ["<=", ">=", "<", ">"];
    let found =
        known.into_iter().find_map(|sign| Some((sign, said.strip_prefix(sign)?.trim_start())));
    found.unwrap_or(("", said))
}

/// A number with its digits as sent, in the one spelling that JSON has for them.
fn number(digits: &str) -> Option<Number> {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits.strip_prefix('+').unwrap_or(digits)),
    };
    let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    if digits.len() > 40 || !digits.bytes().all(plain) || !digits.bytes().any(|b| b != b'.') {
        return None;
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}").parse().ok()
}

fn measured(value: Object, unit: Part<'_>) -> Object {
    let (code, words) = (text(unit.component(1)), text(unit.component(2)));
    let system = unit.component(3);
    let system = if system.is_valued() { table::code_system(&text(system)) } else { String::new() };
    let coded = if system.is_empty() { String::new() } else { code.clone() };
    let words = if words.is_empty() { code } else { words };
    value.set("unit", words).set("system", system).set("code", coded)
}

fn low_high(low: Part<'_>, high: Part<'_>, unit: Part<'_>) -> Object {
    let end = |part: Part<'_>| match number(&text(part)) {
        Some(number) => measured(Object::new().set("value", Value::Number(number)), unit),
        None => Object::new(),
    };
    Object::new().set("low", end(low)).set("high", end(high))
}

/// SN: `<^15`, `^10^-^20`, `^1^:^128`.
fn structured(made: Object, field: Part<'_>, unit: Part<'_>) -> Object {
    let at = |place| text(field.component(place));
    let (sign, between) = (at(1), at(3));
    let (first, second) = (number(&at(2)), number(&at(4)));
    let quantity =
        |number: Number| measured(Object::new().set("value", Value::Number(number)), unit);
    match (first, &*between, second) {
        (Some(one), "", None) => {
            let sign = comparator(&sign).0;
            made.set("valueQuantity", quantity(one).set("comparator", sign))
        }
        (Some(one), "-", Some(two)) => {
            let range = Object::new().set("low", quantity(one)).set("high", quantity(two));
            made.set("valueRange", range)
        }
        (Some(one), ":" | "/", Some(two)) => {
            let ratio = Object::new().set("numerator", quantity(one));
            made.set("valueRatio", ratio.set("denominator", quantity(two)))
        }
        _ => made.set("valueString", [1, 2, 3, 4].map(at).join(" ").trim().to_owned()),
    }
}

/// TM: `HHMM[SS]` as `hh:mm:ss`.
fn clock(said: &str) -> Option<String> {
    let digits = said.split(['.', '+', '-']).next().unwrap_or_default();
    let good = [4, 6].contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let two = |at: usize| digits.get(at..at + 2).unwrap_or("00");
    let fits = two(0) < "24" && two(2) < "60" && two(4) < "60";
    (good && fits).then(|| format!("{}:{}:{}", two(0), two(2), two(4)))
}

#[cfg(test)]
mod tests {
    use ken_fhir::{DiagnosticReport, Observation};

    use super::super::map as map_message;
    use super::*;
    use crate::Message;

    fn mapped(rest: &str) -> super::super::Mapped {
        let text = format!(
            "MSH|^~\\&|LAB|GLEN|KEN|HSCP|20261121||ORU^R01|1|P|2.4\r\
             PID|1||7^^^GLEN^MR||Bain^Morag\rOBR|1|P1|F1|us^U and E^LAB|||20261121101500\r{rest}"
        );
        map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn values_read_as_they_were_sent() {
        let check = |obx: &str, want: Option<&str>| {
            let mapped = mapped(&format!("OBX|1|{obx}"));
            let result = Observation::of(&mapped.resources[1].resource).unwrap();
            assert_eq!(result.value().as_deref(), want, "{obx}");
        };
        check("NM|a^A||98.00|umol/L", Some("98.00 umol/L"));
        check("NM|a^A||<15|mL/min", Some("<15 mL/min"));
        check("NM|a^A||.50|g", Some("0.50 g"));
        check("NM|a^A||+007|g", Some("7 g"));
        check("NM|a^A||haemolysed|g", Some("haemolysed"));
        check("|a^A||28|%", Some("28 %"));
        check("|a^A||28", Some("28"));
        check("SN|a^A||>=^5|g", Some(">=5 g"));
        check("TX|a^A||Line one~Line two", Some("Line one\nLine two"));
        check("ST|a^A||a\\S\\b", Some("a^b"));
        check("CWE|a^A||1^Positive^SCT", Some("Positive"));
        check("DT|a^A||202611", Some("2026-11"));
        check("TM|a^A||1015", Some("10:15:00"));
        check("NM|a^A||\"\"|g", None);
        check("NM|a^A|||g", None);
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
                "report|urn:ken:id:glen|F1|k|",
                "report|urn:ken:id:glen|F1|k||1",
                "report|urn:ken:id:glen|F1",
            ]
        );
    }

    #[test]
    fn numbers_keep_their_digits() {
        let check = |sent: &str, want: Option<&str>| {
            assert_eq!(number(sent).map(|number| number.to_string()).as_deref(), want, "{sent}");
        };
        check("96.40", Some("96.40"));
        check("-0.50", Some("-0.50"));
        check("1.", Some("1"));
        check("1e5", None);
        check(".", None);
        check("", None);
        check("1.2.3", None);
    }
}
