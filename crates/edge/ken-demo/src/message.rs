//! Events as HL7 v2 messages: the bytes that the hub is sent.
//!
//! The shape of each kind is that of `docs/messages.md`.
//!
//! # Invariants
//!
//! - A control id occurs once in a source.
//! - Whatever a person could read says that it is made up.
//! - Text is UTF-8, and MSH-18 says so.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::event::{DocumentKind, Event, What};
use crate::organisation::Organisation;
use crate::partnership::Partnership;
use crate::person::Person;
use crate::practitioner::Practitioner;
use crate::segment::{Segment, components};

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

/// What every narrative ends with.
const MADE_UP: &str = "Made up: nobody in Glen or Strath lives.";

impl Partnership {
    /// The history as messages, in time order.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        let mut counts: BTreeMap<&'static str, u32> = BTreeMap::new();
        let write = |event: &Event| {
            let person = usize::try_from(event.person).ok().and_then(|at| self.people.get(at))?;
            let organisation = Organisation::find(event.organisation)?;
            let count = counts.entry(organisation.id).or_default();
            *count += 1;
            Some(message(event, person, organisation, *count))
        };
        self.events.iter().filter_map(write).collect()
    }
}

/// One event as the `count`th message of its source.
#[must_use]
pub fn message(event: &Event, person: &Person, organisation: &Organisation, count: u32) -> Message {
    let writer = Writer { event, person, organisation, control: control_id(organisation, count) };
    let mut out = String::new();
    for segment in writer.segments() {
        segment.write(&mut out);
    }
    Message {
        source: organisation.id,
        person: person.number,
        household: person.household,
        at: event.at,
        bytes: out.into_bytes(),
    }
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
}

impl Writer<'_> {
    fn segments(&self) -> Vec<Segment> {
        let (code, trigger) = kind(&self.event.what);
        let mut segments = vec![self.header(code, trigger)];
        if code != "ORU" {
            segments.push(Segment::new("EVN").text(1, trigger).text(2, &self.when()));
        }
        segments.push(self.patient());
        segments.extend(self.body());
        segments
    }

    fn header(&self, code: &str, trigger: &str) -> Segment {
        let structure = match (code, trigger) {
            ("ADT", "A28" | "A31") => "ADT_A05",
            ("ADT", "A60") => "ADT_A60",
            ("ADT", "A03") => "ADT_A03",
            ("ORU", _) => "ORU_R01",
            ("MDM", _) => "MDM_T02",
            _ => "ADT_A01",
        };
        Segment::new("MSH")
            .raw(2, "^~\\&")
            .text(3, self.organisation.application)
            .text(4, self.organisation.facility)
            .text(5, "KEN")
            .text(6, "GLEN")
            .text(7, &self.when())
            .parts(9, &[code, trigger, structure])
            .text(10, &self.control)
            // T: training. Nothing of the demo is production.
            .text(11, "T")
            .text(12, "2.5.1")
            .text(18, "UNICODE UTF-8")
    }

    fn patient(&self) -> Segment {
        let (person, day) = (self.person, self.day());
        let mut names = vec![components(&[
            person.family_on(day),
            &person.given,
            person.middle.as_deref().unwrap_or_default(),
            "",
            "",
            "",
            "L",
        ])];
        if let Some(known_as) = person.known_as {
            names.push(components(&[person.family_on(day), known_as, "", "", "", "", "N"]));
        }
        let home = person
            .home_on(day)
            .map(|home| components(&[&home.line, "", home.town, "", &home.postcode, "GBR", "H"]));
        let phone = person.phone.as_ref().map(|phone| {
            components(&[phone, "PRN", if phone.starts_with("07") { "CP" } else { "PH" }])
        });
        let died = person.died.filter(|died| *died <= day);
        let patient = Segment::new("PID")
            .text(1, "1")
            .raw(3, self.identifiers().join("~"))
            .raw(5, names.join("~"))
            .text(7, &person.born.to_string().replace('-', ""))
            .text(8, person.sex.code())
            .raw(11, home.unwrap_or_default())
            .raw(13, phone.unwrap_or_default())
            .raw(15, person.language.map(language).unwrap_or_default());
        match died {
            Some(died) => patient.text(29, &died.strftime("%Y%m%d").to_string()).text(30, "Y"),
            None => patient,
        }
    }

    fn identifiers(&self) -> Vec<String> {
        let person = self.person;
        let local = person.local_id(self.organisation);
        let mut ids = vec![components(&[&local, "", "", self.organisation.authority, "MR"])];
        // As after a seeding: each source was given the CHI of those it was sure of.
        if let Some(chi) = person.chi.as_ref() {
            ids.push(components(&[chi.reveal(), "", "", "CHI", "NI"]));
        }
        let health = matches!(self.organisation.kind, "health-board" | "practice");
        if let Some(nhs) = person.nhs.as_ref().filter(|_| health) {
            ids.push(components(&[nhs.reveal(), "", "", "NHS", "NH"]));
        }
        let council = self.organisation.kind == "council";
        if let Some(ucrn) = person.ucrn.as_ref().filter(|_| council) {
            ids.push(components(&[ucrn.reveal(), "", "", "UCRN", "NI"]));
        }
        ids
    }

    fn body(&self) -> Vec<Segment> {
        match self.event.what {
            What::Registered | What::Amended => self.kin(),
            What::Admitted { ward, reason } => self.visit("I", ward, reason, false),
            What::Discharged { ward, reason } => self.visit("I", ward, reason, true),
            What::Seen { place, reason, emergency } => {
                self.visit(if emergency { "E" } else { "O" }, place, reason, false)
            }
            What::Measured { test, tenths } => self.measured(&test, tenths),
            What::Allergic { to, reaction, severe } => vec![
                Segment::new("IAM")
                    .text(1, "1")
                    .text(2, to.kind)
                    .parts(3, &[to.code, to.name, "SCT"])
                    .text(4, if severe { "SV" } else { "MO" })
                    .text(5, reaction)
                    .text(6, "A")
                    .text(11, &self.when()),
            ],
            What::Wrote { kind, version, title, text } => self.document(kind, version, title, text),
            What::School { title, text } => self.told("EDU", title, text),
            What::SocialWork { title, text } => self.told("SOC", title, text),
            What::Support { title, text } => self.told("SUP", title, text),
            What::Concern { harm, summary, views, other } => {
                self.concern(harm, summary, views, other)
            }
        }
    }

    fn kin(&self) -> Vec<Segment> {
        (1..)
            .zip(self.person.kin)
            .map(|(at, kin): (usize, _)| {
                Segment::new("NK1")
                    .text(1, &at.to_string())
                    .parts(2, &[kin.family, kin.given])
                    .parts(3, &["", kin.relationship])
                    .parts(5, &[&crate::place::mobile(kin.phone), "PRN", "CP"])
            })
            .collect()
    }

    fn visit(&self, class: &str, place: &str, reason: &str, ended: bool) -> Vec<Segment> {
        let visit = Segment::new("PV1")
            .text(1, "1")
            .text(2, class)
            .parts(3, &[place, "", "", self.organisation.name])
            .raw(7, self.author())
            .parts(19, &[&self.control, "", "", self.organisation.authority, "VN"]);
        let visit = if ended { visit.text(45, &self.when()) } else { visit.text(44, &self.when()) };
        vec![visit, Segment::new("PV2").parts(3, &["", &said(reason)])]
    }

    fn measured(&self, test: &crate::event::Test, tenths: i64) -> Vec<Segment> {
        let range = format!("{} - {}", decimal(test.low_tenths), decimal(test.high_tenths));
        vec![
            Segment::new("OBR")
                .text(1, "1")
                .text(3, &self.control)
                .parts(4, &[test.code, test.name, "LN"])
                .text(7, &self.when())
                .text(22, &self.when())
                .text(25, "F"),
            Segment::new("OBX")
                .text(1, "1")
                .text(2, "NM")
                .parts(3, &[test.code, test.name, "LN"])
                .text(5, &decimal(tenths))
                .parts(6, &[test.unit, test.unit, "UCUM"])
                .text(7, &range)
                .text(8, test.flag(tenths))
                .text(11, "F")
                .text(14, &self.when()),
            Segment::new("NTE").text(1, "1").text(3, MADE_UP),
        ]
    }

    fn document(&self, kind: DocumentKind, version: u8, title: &str, text: &str) -> Vec<Segment> {
        let (code, name) = match kind {
            DocumentKind::KeyInformation => ("KIS", "Key Information Summary"),
            DocumentKind::ChildsPlan => ("CHILD-PLAN", "Child's plan"),
            DocumentKind::Assessment => ("ASSESSMENT", "Assessment"),
            DocumentKind::Letter => ("LETTER", "Letter"),
            DocumentKind::PowerOfAttorney => ("POA", "Power of attorney"),
        };
        let id = format!("{code}-{}-{version}", self.person.local_id(self.organisation));
        vec![
            Segment::new("TXA")
                .text(1, "1")
                .parts(2, &[code, name])
                .text(3, "TX")
                .text(4, &self.when())
                .raw(5, self.author())
                .text(12, &id)
                .text(16, title)
                .text(17, "LA"),
            Segment::new("OBX")
                .text(1, "1")
                .text(2, "TX")
                .parts(3, &[code, title])
                .text(5, &format!("{text}\n{MADE_UP}"))
                .text(11, "F"),
        ]
    }

    fn told(&self, code: &str, title: &str, text: &str) -> Vec<Segment> {
        vec![
            Segment::new("OBR")
                .text(1, "1")
                .text(3, &self.control)
                .parts(4, &[code, title])
                .text(7, &self.when())
                .raw(16, self.author())
                .text(25, "F"),
            Segment::new("OBX")
                .text(1, "1")
                .text(2, "TX")
                .parts(3, &[code, title])
                .text(5, &said(text))
                .text(11, "F"),
        ]
    }

    fn concern(&self, harm: &str, summary: &str, views: &str, other: Option<&str>) -> Vec<Segment> {
        let row = |at: usize, code: &str, name: &str, text: &str| {
            Segment::new("OBX")
                .text(1, &at.to_string())
                .text(2, "TX")
                .parts(3, &[code, name])
                .text(5, &said(text))
                .text(11, "F")
        };
        let mut segments = vec![
            Segment::new("OBR")
                .text(1, "1")
                .text(3, &self.control)
                .parts(4, &["CONCERN", "Adult concern report"])
                .text(7, &self.when())
                .raw(16, self.author())
                .text(25, "F"),
            row(1, "HARM", "Kind of harm", harm),
            row(2, "SUMMARY", "What was seen and done", summary),
            row(3, "VIEWS", "What the person said", views),
        ];
        segments.extend(other.map(|other| row(4, "OTHER", "Somebody else", other)));
        segments
    }

    fn author(&self) -> String {
        let Some(author) = self.event.author.and_then(Practitioner::find) else {
            return String::new();
        };
        let (given, family) = author.given_and_family();
        components(&[&author.registration(), family, given])
    }

    fn day(&self) -> Date {
        local(self.event.at).date()
    }

    fn when(&self) -> String {
        local(self.event.at).strftime("%Y%m%d%H%M%S%z").to_string()
    }
}

const fn kind(what: &What) -> (&'static str, &'static str) {
    match what {
        What::Registered => ("ADT", "A28"),
        What::Amended => ("ADT", "A31"),
        What::Admitted { .. } => ("ADT", "A01"),
        What::Discharged { .. } => ("ADT", "A03"),
        What::Seen { .. } => ("ADT", "A04"),
        What::Allergic { .. } => ("ADT", "A60"),
        What::Measured { .. }
        | What::School { .. }
        | What::SocialWork { .. }
        | What::Support { .. }
        | What::Concern { .. } => ("ORU", "R01"),
        What::Wrote { .. } => ("MDM", "T02"),
    }
}

fn local(at: Timestamp) -> jiff::Zoned {
    at.to_zoned(TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC))
}

fn said(text: &str) -> String {
    format!("{text} ({MADE_UP})")
}

fn decimal(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The language as ISO 639-1 code and name.
fn language(name: &str) -> String {
    let code = match name {
        "Scottish Gaelic" => "gd",
        "Punjabi" => "pa",
        "Polish" => "pl",
        "Cantonese" => "zh",
        "Arabic" => "ar",
        _ => "",
    };
    components(&[code, name, "ISO639"])
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
            let tells = ["PV1|", "OBX|", "TXA|"].iter().any(|segment| text.contains(segment));
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
