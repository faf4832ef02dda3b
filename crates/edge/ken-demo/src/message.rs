//! Events as HL7 v2 messages: the bytes that the hub is sent.
//!
//! The shape of each kind is that of `docs/messages.md`.
//!
//! # Invariants
//!
//! - A control id occurs once in a source.
//! - Whatever a person could read says that it is made up.
//! - Text is UTF-8, and MSH-18 says so.

mod body;
mod patient;
mod waiting;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::event::{Event, What};
use crate::organisation::Organisation;
use crate::partnership::Partnership;
use crate::person::Person;
use crate::segment::Segment;

/// A message, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The organisation whose source sends it.
    pub source: &'static str,
    /// The person's number; messages about one household keep their order.
    pub person: u32,
    /// The person's household.
    pub household: u32,
    /// When it was sent.
    pub at: Timestamp,
    /// The message, without a frame.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("source", &self.source).finish_non_exhaustive()
    }
}

/// A stay that has begun, so that its end is told of the same visit.
#[derive(Debug, Clone)]
struct Stay {
    number: String,
    since: Timestamp,
    reason: &'static str,
}

impl Partnership {
    /// The history as messages, in time order.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        let mut counts: BTreeMap<&'static str, u32> = BTreeMap::new();
        let mut stays: BTreeMap<(u32, &'static str), Stay> = BTreeMap::new();
        let write = |event: &Event| {
            let person = usize::try_from(event.person).ok().and_then(|at| self.people.get(at))?;
            let organisation = Organisation::find(event.organisation)?;
            let count = counts.entry(organisation.id).or_default();
            *count += 1;
            let control = control_id(organisation, *count);
            let place = (person.number, organisation.id);
            if let What::Admitted { reason, .. } = event.what {
                let stay = Stay { number: control.clone(), since: event.at, reason };
                stays.insert(place, stay);
            }
            let stay = match event.what {
                What::Admitted { .. } => stays.get(&place).cloned(),
                What::Discharged { .. } => stays.remove(&place),
                _ => None,
            };
            Some(Writer { event, person, organisation, control, stay }.message())
        };
        self.events.iter().filter_map(write).collect()
    }
}

/// One event that needs no other, as the `count`th message of its source.
#[must_use]
pub fn message(event: &Event, person: &Person, organisation: &Organisation, count: u32) -> Message {
    let control = control_id(organisation, count);
    Writer { event, person, organisation, control, stay: None }.message()
}

/// The control id of the `count`th message of a source, MSH-10.
#[must_use]
pub fn control_id(organisation: &Organisation, count: u32) -> String {
    format!("{}-{count:07}", organisation.authority)
}

struct Writer<'a> {
    event: &'a Event,
    person: &'a Person,
    organisation: &'a Organisation,
    control: String,
    stay: Option<Stay>,
}

impl Writer<'_> {
    fn message(&self) -> Message {
        self.of(&self.segments())
    }

    /// These segments as a message about the person.
    fn of(&self, segments: &[Segment]) -> Message {
        let mut out = String::new();
        for segment in segments {
            segment.write(&mut out);
        }
        Message {
            source: self.event.organisation,
            person: self.person.number,
            household: self.person.household,
            at: self.event.at,
            bytes: out.into_bytes(),
        }
    }

    fn segments(&self) -> Vec<Segment> {
        let (code, trigger, structure) = kind(&self.event.what);
        let mut segments = vec![self.header(&[code, trigger, structure])];
        if matches!(code, "ADT" | "MDM") {
            segments.push(Segment::new("EVN").text(1, trigger).text(2, &self.when()));
        }
        // A referral says what it asks before it says of whom.
        segments.extend(self.request());
        segments.push(self.patient());
        segments.extend(self.body());
        segments
    }

    fn header(&self, kind: &[&str]) -> Segment {
        Segment::new("MSH")
            .raw(2, "^~\\&")
            .text(3, self.organisation.application)
            .text(4, self.organisation.facility)
            .text(5, "KEN")
            .text(6, "GLEN")
            .text(7, &self.when())
            .parts(9, kind)
            .text(10, &self.control)
            // T: training. Nothing of the demo is production.
            .text(11, "T")
            .text(12, "2.5.1")
            .text(18, "UNICODE UTF-8")
    }

    fn day(&self) -> Date {
        local(self.event.at).date()
    }

    fn when(&self) -> String {
        written(self.event.at)
    }
}

/// Message code, trigger and structure of an event.
const fn kind(what: &What) -> (&'static str, &'static str, &'static str) {
    match what {
        What::Registered => ("ADT", "A28", "ADT_A05"),
        What::Amended | What::Allergic { .. } => ("ADT", "A31", "ADT_A05"),
        What::Admitted { .. } => ("ADT", "A01", "ADT_A01"),
        What::Discharged { .. } => ("ADT", "A03", "ADT_A03"),
        What::Seen { .. } => ("ADT", "A04", "ADT_A01"),
        What::Measured { .. } => ("ORU", "R01", "ORU_R01"),
        What::Wrote { version: 2.., .. } => ("MDM", "T08", "MDM_T02"),
        What::Wrote { .. }
        | What::School { .. }
        | What::SocialWork { .. }
        | What::Support { .. } => ("MDM", "T02", "MDM_T02"),
        What::Concern { .. } => ("REF", "I12", "REF_I12"),
    }
}

fn local(at: Timestamp) -> Zoned {
    at.to_zoned(TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC))
}

/// A moment as HL7 writes it, with its offset.
fn written(at: Timestamp) -> String {
    local(at).strftime("%Y%m%d%H%M%S%z").to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;
    use ken_hl7::{Header, Message as Read};

    use super::*;
    use crate::SEED;

    fn messages() -> Vec<Message> {
        Partnership::new(SEED, date(2026, 11, 21)).messages()
    }

    #[test]
    fn every_message_parses_and_has_an_id_of_its_own() {
        let mut seen = BTreeSet::new();
        for message in messages() {
            let read = Read::parse(&message.bytes).unwrap();
            let header = Header::of(&read).unwrap();
            let source = Organisation::find(message.source).unwrap();
            assert_eq!(header.sending_application, source.application);
            assert_eq!(header.sending_facility, source.facility);
            let sender = (header.sending_application, header.sending_facility);
            assert!(seen.insert((sender, header.control_id)));
            assert_eq!(header.processing, "T");
        }
    }

    #[test]
    fn every_message_maps() {
        let mut kinds = BTreeSet::new();
        for message in messages() {
            let read = Read::parse(&message.bytes).unwrap();
            let mapped = ken_hl7::map::map(&read).unwrap();
            assert!(!mapped.demographics.identifiers.is_empty());
            let said = mapped.resources.iter().map(|one| one.category.as_str().to_owned());
            kinds.extend(said);
        }
        for category in [
            "core",
            "contacts",
            "named-person",
            "chronology",
            "health-record",
            "health-summary",
            "medication",
            "care-plan",
            "assessment",
            "education",
            "concern",
            "views",
            "third-party",
        ] {
            assert!(kinds.contains(category), "{category} of {kinds:?}");
        }
    }

    #[test]
    fn a_stay_ends_as_the_visit_that_began() {
        let glen = Partnership::new(SEED, date(2026, 11, 21));
        let stays = |code: &str| -> Vec<String> {
            let all = glen.messages();
            let text = |one: &Message| String::from_utf8(one.bytes.clone()).unwrap();
            let of = all.iter().map(text).filter(|text| text.contains(code));
            let number = |text: &str| {
                let pv1 = text.split('\r').find(|line| line.starts_with("PV1")).unwrap();
                pv1.split('|').nth(19).unwrap().to_owned()
            };
            let mut numbers: Vec<String> = of.map(|text| number(&text)).collect();
            numbers.sort();
            numbers
        };
        assert_eq!(stays("ADT^A01^"), stays("ADT^A03^"));
        assert!(stays("ADT^A01^").len() > 50);
    }

    #[test]
    fn every_event_is_told_and_in_order() {
        let glen = Partnership::new(SEED, date(2026, 11, 21));
        let messages = glen.messages();
        assert_eq!(messages.len(), glen.events.len());
        assert!(messages.is_sorted_by_key(|message| message.at));
    }

    #[test]
    fn whatever_is_told_says_that_it_is_made_up() {
        for message in messages() {
            let text = String::from_utf8(message.bytes).unwrap();
            let tells =
                ["PV1|", "OBX|", "TXA|", "AL1|"].iter().any(|segment| text.contains(segment));
            assert!(!tells || text.contains("Made up"), "{text}");
        }
    }

    #[test]
    fn a_name_is_the_one_of_the_day() {
        let glen = Partnership::new(SEED, date(2026, 11, 21));
        let ailsa = glen.person("ailsa").unwrap().number;
        let of = |message: &Message| String::from_utf8(message.bytes.clone()).unwrap();
        let told: Vec<String> =
            glen.messages().iter().filter(|one| one.person == ailsa).map(of).collect();
        assert!(told[0].contains("|Munro^Ailsa") && !told[0].contains("Kaur-Munro"), "{}", told[0]);
        assert!(told.last().unwrap().contains("|Kaur-Munro^Ailsa"));
    }
}
