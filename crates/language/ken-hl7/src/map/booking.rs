//! Appointments: `SCH` and its resources as an `Appointment`.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir: SCH, AIS, AIG, AIL, AIP (`Appointment`). The trigger decides the status before
//!   SCH-25 does.

use jiff::ToSpan;
use ken_fhir::{DateTime, Object, Resource, coding, united_kingdom};

use super::result::words_of;
use super::types::{concept, concept_of, entity, moment, place, practitioner, text, words};
use super::{Batch, Made, PERSON, Scope, Told, key_of, reference, table};
use crate::{Part, Segment};

/// Longest appointment whose end is worked out, in minutes: a week. House policy.
const MINUTES_MAX: i64 = 7 * 24 * 60;

pub(super) fn map(scope: &Scope<'_>, batch: &mut Batch<'_>) {
    let Some(sch) = scope.message.first("SCH") else { return };
    let filler = entity(sch.field(2), scope.sender);
    let placer = entity(sch.field(1), scope.sender);
    let key = key_of("booking", &filler).or_else(|| key_of("booking", &placer));
    let made = appointment(scope, sch, [placer, filler]);
    let mut told = Told::default();
    told.assume(!decides(scope, sch), "status");
    batch.add(Made::new("chronology", key, made).told(told));
}

/// Whether the message says how far the appointment has got: a change of it may not.
fn decides(scope: &Scope<'_>, sch: Segment<'_>) -> bool {
    let said = [sch.field(25), scope.message.field("AIS", 10)];
    scope.trigger != "S14"
        || said.iter().any(|field| table::booking_status(&text(*field)).is_some())
}

fn status(scope: &Scope<'_>, sch: Segment<'_>) -> &'static str {
    let said = [sch.field(25), scope.message.field("AIS", 10)];
    match scope.trigger {
        "S15" | "S16" => "cancelled",
        "S17" => "entered-in-error",
        "S26" => "noshow",
        _ => said.into_iter().find_map(|one| table::booking_status(&text(one))).unwrap_or("booked"),
    }
}

/// From and until: the first of the places where senders put it.
fn times(scope: &Scope<'_>, sch: Segment<'_>) -> (Option<DateTime>, Option<DateTime>) {
    let timed = |part: Part<'_>| moment(part).filter(|at| at.moment().is_some());
    let quantity = sch.field(11);
    let start = timed(quantity.component(4))
        .or_else(|| timed(scope.message.field("TQ1", 7)))
        .or_else(|| timed(scope.message.field("AIS", 4)))
        .or_else(|| timed(scope.message.field("AIP", 6)));
    let end = timed(quantity.component(5)).or_else(|| timed(scope.message.field("TQ1", 8)));
    let end = end.or_else(|| after(start.as_ref()?, minutes(scope, sch)?));
    (start, end)
}

fn minutes(scope: &Scope<'_>, sch: Segment<'_>) -> Option<i64> {
    let duration = |part: Part<'_>, unit: Part<'_>| {
        let number: i64 = text(part).parse().ok()?;
        let minutes = match text(unit).to_ascii_lowercase().as_str() {
            "s" | "sec" => number / 60,
            "h" | "hr" | "hour" => number.checked_mul(60)?,
            _ => number,
        };
        (1..=MINUTES_MAX).contains(&minutes).then_some(minutes)
    };
    let service = |number| scope.message.field("AIS", number);
    duration(sch.field(9), sch.field(10)).or_else(|| duration(service(7), service(8)))
}

fn after(start: &DateTime, minutes: i64) -> Option<DateTime> {
    let end = start.moment()?.checked_add(minutes.minutes()).ok()?;
    let zoned = end.to_zoned(united_kingdom());
    DateTime::at(zoned.datetime(), zoned.offset(), "")
}

fn appointment(scope: &Scope<'_>, sch: Segment<'_>, numbers: [Object; 2]) -> Object {
    let (start, end) = times(scope, sch);
    let services = scope.message.all("AIS").map(|ais| concept(ais.field(3)));
    let notes = notes(scope);
    let based = [26, 27].map(|number| {
        let order = entity(sch.field(number), scope.sender);
        Object::new().set("identifier", order)
    });
    Resource::build("Appointment")
        .extend("identifier", numbers)
        .set("status", status(scope, sch))
        .extend("serviceType", services)
        .set("appointmentType", concept_of(sch.field(8), "0277"))
        .push("reasonCode", concept_of(sch.field(7), "0276"))
        .set("description", words(sch.field(7).component(2)))
        .set("start", start.map(|at| at.to_string()))
        .set("end", end.map(|at| at.to_string()))
        .set("minutesDuration", minutes(scope, sch))
        .set("comment", notes.join("\n"))
        .extend("basedOn", based)
        .extend("participant", participants(scope, sch))
}

/// Notes on the appointment and its resources; one that follows anything else is not about it.
fn notes(scope: &Scope<'_>) -> Vec<String> {
    const OURS: [&str; 6] = ["SCH", "RGS", "AIS", "AIG", "AIL", "AIP"];
    let mut about = "";
    let mut notes = Vec::new();
    for segment in scope.message.segments() {
        match segment.name() {
            "NTE" if OURS.contains(&about) => notes.push(words_of(segment)),
            "NTE" => {}
            other => about = other,
        }
    }
    notes.retain(|note| !note.is_empty());
    notes
}

fn participant(actor: Object, kind: Object, part: Object) -> Object {
    if actor.is_empty() {
        return actor;
    }
    Object::new()
        .push("type", kind)
        .set("actor", actor)
        .set("status", "accepted")
        .set("period", part)
}

fn participants(scope: &Scope<'_>, sch: Segment<'_>) -> Vec<Object> {
    let mut made = vec![participant(reference(PERSON), Object::new(), Object::new())];
    let roles = [(12, "placer contact"), (16, "filler contact"), (20, "enterer")];
    for (number, role) in roles {
        let kind = Object::new().push("coding", coding("", role, role));
        made.push(participant(practitioner(sch.field(number), scope.sender), kind, Object::new()));
    }
    for aip in scope.message.all("AIP") {
        let kind = concept_of(aip.field(4), "0182");
        let who = practitioner(aip.field(3), scope.sender);
        made.push(participant(who, kind, lasting(aip, 6, 9)));
    }
    for ail in scope.message.all("AIL") {
        let kind = Object::new().push("coding", coding(table::V3_PARTICIPATION, "LOC", "location"));
        made.push(participant(place(ail.field(3)), kind, lasting(ail, 6, 9)));
    }
    for aig in scope.message.all("AIG") {
        let thing = aig.field(3);
        let what = Object::new().set("display", text(thing.component(2)));
        let number = Object::new().set("value", text(thing.component(1)));
        let kind = concept(aig.field(4));
        made.push(participant(what.set("identifier", number), kind, lasting(aig, 8, 11)));
    }
    made
}

/// When a resource takes part: its own start, and its own length in minutes after that.
fn lasting(segment: Segment<'_>, start: usize, length: usize) -> Object {
    let begins = moment(segment.field(start));
    let minutes: Option<i64> = text(segment.field(length)).parse().ok();
    let minutes = minutes.filter(|minutes| (1..=MINUTES_MAX).contains(minutes));
    let ends = begins.as_ref().zip(minutes).and_then(|(at, minutes)| after(at, minutes));
    let words = |at: Option<DateTime>| at.map(|at| at.to_string());
    Object::new().set("start", words(begins)).set("end", words(ends))
}

#[cfg(test)]
mod tests {
    use ken_fhir::Appointment;

    use super::super::map as map_message;
    use crate::Message;

    #[test]
    fn a_booking_and_its_cancellation_are_one_thing() {
        let check = |trigger: &str, want: &str| {
            let text = format!(
                "MSH|^~\\&|SW|CEC|KEN|HSCP|20261121||SIU^{trigger}|1|P|2.4\r\
                 SCH|P1|F1|||||VISIT^Home visit|ROUTINE|45|min|^^^202612011400\r\
                 PID|1||7^^^CEC^PI||Bain^Morag\rRGS|1\rAIP|1||S1^Field^Ana^^^Ms|SW^Social worker"
            );
            let mapped = map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap();
            let made = &mapped.resources[1];
            let booking = Appointment::of(&made.resource).unwrap();
            assert_eq!((booking.status(), booking.name()), (Some(want), Some("Home visit")));
            let period = booking.period();
            assert_eq!(period.start.unwrap().as_str(), "2026-12-01T14:00:00+00:00");
            assert_eq!(period.end.unwrap().as_str(), "2026-12-01T14:45:00+00:00");
            assert_eq!(made.key.as_deref(), Some("booking|urn:ken:id:cec|F1"));
        };
        check("S12", "booked");
        check("S15", "cancelled");
        check("S26", "noshow");
        check("S16", "cancelled");
        check("S17", "entered-in-error");
    }

    #[test]
    fn notes_are_of_the_appointment_and_whole() {
        let text = "MSH|^~\\&|SW|CEC|KEN|HSCP|20261121||SIU^S14|1|P|2.4\r\
            SCH|P1|F1|||||VISIT^Home visit\rNTE|1||Ring ^ the & bell~twice\r\
            PID|1||7^^^CEC^PI||Bain^Morag\rNTE|1||CANARY\rOBX|1|TX|x||y\rNTE|1||CANARY\r\
            RGS|1\rAIL|1||Ward\rNTE|1||Door 2";
        let mapped = map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap();
        let made = &mapped.resources[1];
        let comment = made.resource.value()["comment"].as_str().unwrap();
        assert_eq!(comment, "Ring ^ the & bell\ntwice\nDoor 2");
        assert_eq!(made.told.assumed, ["status"]);
    }
}
