//! Who a message is about, `PID`, and those close to them, `NK1`.

use super::Writer;
use crate::practitioner::Practitioner;
use crate::segment::{Segment, components};

impl Writer<'_> {
    pub(super) fn patient(&self) -> Segment {
        let (person, day) = (self.person, self.day());
        let middle = person.middle.as_deref().unwrap_or_default();
        let family = person.family_on(day);
        let mut names = vec![components(&[family, &person.given, middle, "", "", "", "L"])];
        if let Some(known_as) = person.known_as {
            names.push(components(&[family, known_as, "", "", "", "", "N"]));
        }
        let home = person
            .home_on(day)
            .map(|home| components(&[&home.line, "", home.town, "", &home.postcode, "GBR", "H"]));
        let phone = person.phone.as_ref().map(|phone| {
            components(&[phone, "PRN", if phone.starts_with("07") { "CP" } else { "PH" }])
        });
        let patient = Segment::new("PID")
            .text(1, "1")
            .raw(3, self.identifiers().join("~"))
            .raw(5, names.join("~"))
            .text(7, &person.born.to_string().replace('-', ""))
            .text(8, person.sex.code())
            .raw(11, home.unwrap_or_default())
            .raw(13, phone.unwrap_or_default())
            .raw(15, person.language.map(language).unwrap_or_default());
        match person.died.filter(|died| *died <= day) {
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

    /// Next of kin and carers, then the Named Person and Lead Professional of this organisation.
    pub(super) fn contacts(&self) -> Vec<Segment> {
        let kin = self.person.kin.iter().map(|kin| {
            let phone = crate::place::mobile(kin.phone);
            Segment::new("NK1")
                .parts(2, &[kin.family, kin.given])
                .parts(3, &["", kin.relationship])
                .parts(5, &[&phone, "PRN", "CP"])
        });
        let here = |one: &&Practitioner| one.organisation == self.organisation.id;
        let team = self.person.team.iter().filter_map(|(key, role)| {
            let one = Practitioner::find(key).filter(here)?;
            let (given, family) = one.given_and_family();
            let words = if *role == "NP" { "Named Person" } else { "Lead Professional" };
            let segment = Segment::new("NK1")
                .parts(2, &[family, given])
                .parts(3, &["", one.title])
                .parts(5, &[&self.organisation.phone(), "WPN", "PH"])
                .parts(7, &[role, words, "KENcontact"]);
            Some(segment)
        });
        let numbered = (1..).zip(kin.chain(team));
        numbered.map(|(at, segment): (usize, _)| segment.text(1, &at.to_string())).collect()
    }
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
