//! Who the person is: `PID` and `PD1`.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir: PID(`Patient`), PD1(`Patient`), PV1(`Patient`).

use ken_core::PartialDate;
use ken_core::identifier::{Identifier, LocalIdentifier};
use ken_fhir::{Object, Patient, Resource};

use super::told::Stays;
use super::types::{
    address, concept_of, contact, marked, name, organisation, practitioner, text, when, words,
};
use super::{Batch, MapError, Scope, Told, numbers, related, table};
use crate::{Dtm, Part, Segment};

/// Most identifiers, names, addresses or numbers that are taken of one person. House policy.
const REPEATS_MAX: usize = 50;

/// Whom a message is about, as the person index reads it. Its `Debug` is blind.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Demographics {
    /// Identifiers that passed their check; no two the same. The sender's own number for the
    /// person (`MR` or `PI` of its own authority) comes first.
    pub identifiers: Vec<Identifier>,
    /// The number that its sender filed the person under before its own came first, where that is
    /// another: it may be a visit's, or not have passed its check, and identifies nobody by itself.
    pub former: Option<LocalIdentifier>,
    /// Names, as they were sent.
    pub names: Vec<PersonName>,
    /// The birth date, as far as it is known.
    pub birth_date: Option<PartialDate>,
    /// `male`, `female`, `other` or `unknown`.
    pub gender: Option<&'static str>,
    /// Addresses, as they were sent.
    pub addresses: Vec<PersonAddress>,
    /// Telephone numbers and mail addresses.
    pub contacts: Vec<String>,
    /// What the message says of their death, if anything.
    pub death: Option<Death>,
}

/// What a message says of a death. Its `Debug` is blind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// They have died, on this day where that is known.
    Died(Option<PartialDate>),
    /// They have not, whatever was said before.
    Withdrawn,
}

/// A name. Its `Debug` is blind.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonName {
    /// The family name.
    pub family: String,
    /// Given names, in their order.
    pub given: Vec<String>,
    /// FHIR's use: `official`, `maiden`, ...; empty if it was not said.
    pub usage: String,
}

/// An address. Its `Debug` is blind.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonAddress {
    /// Its lines, the postcode not among them.
    pub lines: Vec<String>,
    /// The postcode; empty if there is none.
    pub postcode: String,
}

macro_rules! blind {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}
blind!(Demographics, PersonName, PersonAddress, Death);

/// The `Patient` of the message; a merge's surviving person is read in the same way.
pub(super) fn read(scope: &Scope<'_>) -> Result<Resource, MapError> {
    let pid = scope.message.first("PID").ok_or(MapError::NoPerson)?;
    patient(scope, pid).done().map_err(|_| MapError::NoPerson)
}

/// What the person index reads.
pub(super) fn demographics(scope: &Scope<'_>, made: &Resource) -> Result<Demographics, MapError> {
    let patient = Patient::of(made).ok_or(MapError::NoPerson)?;
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let names = patient.names().into_iter().map(|name| PersonName {
        family: owned(name.family()),
        given: name.given().map(str::to_owned).collect(),
        usage: owned(name.usage()),
    });
    let addresses = patient.addresses().map(|address| PersonAddress {
        postcode: owned(address.postcode()),
        lines: (address.lines().into_iter())
            .filter(|line| address.postcode() != Some(line))
            .map(str::to_owned)
            .collect(),
    });
    let unchecked = numbers::unchecked(scope.sender);
    let identifiers = patient
        .identifiers()
        .filter(|one| !one.system().unwrap_or_default().starts_with(&unchecked))
        .filter_map(|identifier| Identifier::parse(identifier.system()?, identifier.value()?).ok());
    let identifiers = numbers::own_first(scope, identifiers.collect());
    let found = Demographics {
        former: numbers::former(scope, &identifiers),
        identifiers,
        names: names.collect(),
        birth_date: patient.birth_date(),
        gender: patient.gender().and_then(|gender| {
            ["male", "female", "other", "unknown"].into_iter().find(|one| *one == gender)
        }),
        addresses: addresses.collect(),
        contacts: patient.contacts().filter_map(|one| one.value().map(str::to_owned)).collect(),
        death: death(scope.message.field("PID", 29), scope.message.field("PID", 30)),
    };
    if found.identifiers.is_empty() && found.names.is_empty() {
        return Err(MapError::NoPerson);
    }
    // PID-31: what stands there is made up (`Unknown Male`, 1900), and nobody's.
    let is_unknown = text(scope.message.field("PID", 31)) == "Y";
    if is_unknown {
        let Demographics { identifiers, former, death, .. } = found;
        return Ok(Demographics { identifiers, former, death, ..Demographics::default() });
    }
    Ok(found)
}

pub(super) fn map(scope: &Scope<'_>, batch: &mut Batch<'_>, patient: Resource) {
    // PD1-12: whether what is known of the person is to be kept from others.
    let labels = marked(scope.message.field("PD1", 12));
    let key = Some("patient".to_owned());
    batch.push("core", &labels, key, patient, told(scope));
    related::map(scope, batch);
}

/// What the message says of the person, and what it leaves out.
fn told(scope: &Scope<'_>) -> Told {
    const CLEARED: [(&str, usize, &str); 21] = [
        ("PID", 5, "name"),
        ("PID", 6, "extension:patient-mothersMaidenName"),
        ("PID", 7, "birthDate"),
        ("PID", 8, "gender"),
        ("PID", 9, "name"),
        ("PID", 11, "address"),
        ("PID", 13, "telecom"),
        ("PID", 14, "telecom"),
        ("PID", 15, "communication"),
        ("PID", 16, "maritalStatus"),
        ("PID", 17, "extension:patient-religion"),
        ("PID", 23, "extension:patient-birthPlace"),
        ("PID", 24, "multipleBirthBoolean"),
        ("PID", 25, "multipleBirthInteger"),
        ("PID", 26, "extension:patient-citizenship"),
        ("PID", 28, "extension:patient-nationality"),
        ("PID", 29, "deceasedDateTime"),
        ("PID", 30, "deceasedBoolean"),
        ("PID", 40, "telecom"),
        ("PD1", 3, "generalPractitioner"),
        ("PD1", 4, "generalPractitioner"),
    ];
    /// Fields without which these items of a list stay.
    const UNSAID: [(&str, &[usize], Stays); 6] = [
        ("PID", &[5], Stays { list: "name", pointer: "/use", values: &CURRENT }),
        ("PID", &[9], Stays { list: "name", pointer: "/use", values: &ALIAS }),
        ("PID", &[13, 40], Stays { list: "telecom", pointer: "/use", values: &NOT_WORK }),
        ("PID", &[14, 40], Stays { list: "telecom", pointer: "/use", values: &["work"] }),
        ("PD1", &[3], Stays { list: GP, pointer: "/type", values: &["Organization"] }),
        ("PD1", &[4], Stays { list: GP, pointer: "/type", values: &["Practitioner"] }),
    ];
    const GP: &str = "generalPractitioner";
    const CURRENT: [&str; 5] = ["", "official", "usual", "temp", "anonymous"];
    const ALIAS: [&str; 3] = ["old", "maiden", "nickname"];
    const NOT_WORK: [&str; 5] = ["", "home", "mobile", "temp", "old"];
    let field = |segment, number| scope.message.field(segment, number);
    let mut told = Told { marks: field("PD1", 12).is_said(), ..Told::default() };
    for (segment, number, element) in CLEARED {
        told.clear(field(segment, number).is_null(), element);
    }
    for (segment, numbers, stays) in UNSAID {
        if !numbers.iter().any(|&number| field(segment, number).is_said()) {
            told.stays.push(stays);
        }
    }
    // A county alone is no address.
    told.assume(!field("PID", 11).is_said(), "address");
    told
}

pub(super) fn all(field: Part<'_>) -> impl Iterator<Item = Part<'_>> {
    field.repetitions().take(REPEATS_MAX)
}

/// PID-29 and PID-30: a death is withdrawn aloud, by the indicator. It wins over a day, which a
/// system may keep when its user has taken the death back: whoever is said to be alive has not
/// died, since a death stops what is shared.
fn death(day: Part<'_>, indicator: Part<'_>) -> Option<Death> {
    let day = Dtm::parse(&day.text()).ok().map(|day| day.date());
    match (day, died(indicator)) {
        (_, Some(false)) => Some(Death::Withdrawn),
        _ if indicator.is_null() => Some(Death::Withdrawn),
        (None, None) => None,
        (day, _) => Some(Death::Died(day)),
    }
}

/// PID-30, where it says whether they have died.
fn died(indicator: Part<'_>) -> Option<bool> {
    match text(indicator).as_str() {
        "Y" | "y" | "1" => Some(true),
        "N" | "n" | "0" => Some(false),
        _ => None,
    }
}

fn identifiers(scope: &Scope<'_>, pid: Segment<'_>) -> Vec<Object> {
    let mut found: Vec<Object> = Vec::new();
    for part in [3, 2, 4].into_iter().flat_map(|number| all(pid.field(number))) {
        let made = numbers::checked(part, scope.sender);
        let same = |one: &Object| {
            one.get("system") == made.get("system") && one.get("value") == made.get("value")
        };
        if !found.iter().any(same) {
            found.push(made);
        }
    }
    found
}

fn patient(scope: &Scope<'_>, pid: Segment<'_>) -> Object {
    let born = Dtm::parse(&pid.field(7).text()).ok();
    let birth_time = born.as_ref().filter(|born| born.has_time()).map(Dtm::to_fhir);
    let language = Object::new().set("language", concept_of(pid.field(15), "0296"));
    let made = Resource::build("Patient")
        .extend("identifier", identifiers(scope, pid))
        .set("active", true)
        .extend("name", [5, 9].into_iter().flat_map(|at| all(pid.field(at))).map(name))
        .extend("telecom", all(pid.field(13)).map(|part| contact(part, "home")))
        .extend("telecom", all(pid.field(14)).map(|part| contact(part, "work")))
        .extend("telecom", all(pid.field(40)).map(|part| contact(part, "")))
        .set("gender", table::gender(&text(pid.field(8))))
        .set("birthDate", born.map(|born| born.date().to_string()))
        .extend("address", addresses(pid))
        .set("maritalStatus", concept_of(pid.field(16), "0002"))
        .push("communication", language);
    let made = deceased(made, pid);
    let made = births(made, pid);
    let made = match birth_time {
        None => made,
        Some(time) => {
            let url = format!("{}patient-birthTime", table::EXTENSION);
            let extended = Object::new().extension(&url, "valueDateTime", time.to_string());
            made.set("_birthDate", extended)
        }
    };
    practice(extensions(made, pid, scope), scope)
}

/// PID-11, and PID-12, a county that stands beside it.
fn addresses(pid: Segment<'_>) -> Vec<Object> {
    let county = text(pid.field(12));
    let mut made: Vec<Object> = all(pid.field(11)).map(address).collect();
    match made.as_slice() {
        _ if county.is_empty() => {}
        [one] if !pid.field(11).component(9).is_valued() => {
            made = vec![one.clone().set("district", county)];
        }
        _ => made.push(Object::new().set("district", county)),
    }
    made
}

fn deceased(made: Object, pid: Segment<'_>) -> Object {
    match (when(pid.field(29)), died(pid.field(30))) {
        (_, Some(false)) => made.set("deceasedBoolean", false),
        _ if pid.field(30).is_null() => made,
        (Some(day), _) => made.set("deceasedDateTime", day),
        (None, Some(true)) => made.set("deceasedBoolean", true),
        (None, None) => made,
    }
}

fn births(made: Object, pid: Segment<'_>) -> Object {
    match (text(pid.field(25)).parse::<u32>(), &*pid.field(24).text()) {
        (Ok(order), _) => made.set("multipleBirthInteger", order),
        (Err(_), "Y") => made.set("multipleBirthBoolean", true),
        (Err(_), "N") => made.set("multipleBirthBoolean", false),
        _ => made,
    }
}

fn extensions(made: Object, pid: Segment<'_>, scope: &Scope<'_>) -> Object {
    let url = |name: &str| format!("{}{name}", table::EXTENSION);
    let code = |field: Part<'_>, name: &str, inner: &str| {
        let held =
            Object::new().extension(inner, "valueCodeableConcept", concept_of(field, "0171"));
        if held.is_empty() { held } else { held.set("url", url(name)) }
    };
    let mother = name(pid.field(6));
    let maiden = mother.text("family").to_owned();
    let born_at = Object::new().set("text", words(pid.field(23)));
    let importance = concept_of(scope.message.field("PV1", 16), "0099");
    made.extension(&url("patient-mothersMaidenName"), "valueString", maiden)
        .extension(
            &url("patient-religion"),
            "valueCodeableConcept",
            concept_of(pid.field(17), "0006"),
        )
        .extension(&url("patient-birthPlace"), "valueAddress", born_at)
        .push("extension", code(pid.field(26), "patient-citizenship", "code"))
        .push("extension", code(pid.field(28), "patient-nationality", "code"))
        .extension(&url("patient-importance"), "valueCodeableConcept", importance)
        .extension(
            &url("patient-disability"),
            "valueCodeableConcept",
            concept_of(scope.message.field("PD1", 6), "0295"),
        )
        .extension(
            &url("patient-congregation"),
            "valueString",
            words(scope.message.field("PD1", 14)),
        )
}

/// PD1-3 and PD1-4: the practice, and the doctor in it.
fn practice(made: Object, scope: &Scope<'_>) -> Object {
    let pd1 = |number| scope.message.field("PD1", number);
    made.extend("generalPractitioner", all(pd1(3)).map(|part| organisation(part, scope.sender)))
        .extend("generalPractitioner", all(pd1(4)).map(|part| practitioner(part, scope.sender)))
}

#[cfg(test)]
mod tests {
    use super::super::map as map_message;
    use super::Death;
    use crate::Message;

    fn mapped(rest: &str) -> super::super::Mapped {
        let text = format!("MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||ADT^A31|1|P|2.4\r{rest}");
        map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn demographics_are_what_the_index_compares() {
        let mapped = mapped(
            "PID|1|7^^^GLEN^MR|7^^^GLEN^MR~9990000018^^^NHSNBR^NH~1234567890^^^NHS^NH||\
             Bain^Morag^Ann^^Mrs^^L~Reid^Morag^^^^^M||194803|F|||1 Test St^^Testtown^^ZZ99 9ZZ^^H||\
             01592 000000^PRN^PH~^NET^Internet^m@x.example||||||||||||||||20260101|Y",
        );
        let known = &mapped.demographics;
        let numbers: Vec<_> =
            known.identifiers.iter().map(|one| (one.system(), one.reveal())).collect();
        assert_eq!(
            numbers,
            [("urn:ken:id:glen:glen", "7"), ("https://fhir.nhs.uk/Id/nhs-number", "9990000018"),]
        );
        let kept = mapped.resources[0].resource.value()["identifier"][2]["system"].as_str();
        assert_eq!(kept, Some("urn:ken:id:glen:unchecked:nhs"));
        assert_eq!(known.names[0].family, "Bain");
        assert_eq!(known.names[1].usage, "maiden");
        assert_eq!(known.birth_date.unwrap().to_string(), "1948-03");
        assert_eq!(known.addresses[0].postcode, "ZZ99 9ZZ");
        assert_eq!(known.addresses[0].lines, ["1 Test St", "Testtown"]);
        assert_eq!(known.contacts, ["01592 000000", "m@x.example"]);
        assert!(matches!(known.death, Some(Death::Died(Some(_)))));
        assert_eq!(mapped.resources[0].category.as_str(), "core");
    }

    #[test]
    fn who_is_said_to_be_alive_has_not_died() {
        let check = |day: &str, indicator: &str, want: Option<bool>| {
            let gap = "|".repeat(24);
            let mapped = mapped(&format!("PID|1||7^^^GLEN^MR||Bain^Morag{gap}{day}|{indicator}"));
            let died = mapped.demographics.death.map(|death| matches!(death, Death::Died(_)));
            assert_eq!(died, want, "{day} {indicator}");
        };
        for day in ["20260101", "00000000", "", "\"\""] {
            for indicator in ["N", "n", "0", "\"\""] {
                check(day, indicator, Some(false));
            }
            check(day, "Y", Some(true));
        }
        check("20260101", "", Some(true));
        check("", "", None);
        check("\"\"", "", None);
    }

    #[test]
    fn the_number_that_was_first_before_is_known() {
        let check = |identifiers: &str, want: Option<&str>| {
            let known = mapped(&format!("PID|1||{identifiers}||Bain^Ann")).demographics;
            let former = known.former.as_ref().map(ken_core::identifier::LocalIdentifier::reveal);
            assert_eq!(former, want, "{identifiers}");
        };
        check("M1^^^GLEN^MR", None);
        check("M1^^^GLEN^MR~V9^^^GLEN^VN", None);
        check("9990000018^^^NHS^NH~M1^^^GLEN^MR", None);
        check("V9^^^GLEN^VN~M1^^^GLEN^MR", Some("V9"));
        check("X9^^^OTHER^MR~M1^^^PMS^PI", Some("X9"));
        check("1234567890^^^NHS^NH~M1^^^GLEN^MR", Some("1234567890"));
        check("V9^^^GLEN^VN~X9^^^OTHER^MR", None);
        // What every baby has that has no number yet was nobody's.
        check("1111111111^^^NHS^NH~M1^^^GLEN^MR", None);
    }

    #[test]
    fn nobody_is_found_by_what_is_made_up() {
        let of = |unknown: &str| {
            let gap = "|".repeat(23);
            mapped(&format!("PID|1||7^^^GLEN^MR||Unknown^Male||19000101|M{gap}{unknown}"))
        };
        let known = of("Y").demographics;
        assert_eq!((known.identifiers.len(), known.names.len()), (1, 0));
        assert!(known.birth_date.is_none() && known.gender.is_none());
        assert_eq!(of("N").demographics.names.len(), 1);
        assert_eq!(of("Y").resources[0].resource.value()["name"][0]["family"], "Unknown");
    }

    #[test]
    fn the_senders_own_number_comes_first_and_what_fails_its_check_not_at_all() {
        let check = |identifiers: &str, want: &[&str]| {
            let known = mapped(&format!("PID|1||{identifiers}||Bain^Baby||20261120")).demographics;
            let found: Vec<_> = known.identifiers.iter().map(super::Identifier::reveal).collect();
            assert_eq!(found, want, "{identifiers}");
        };
        check("1234567890^^^NHS^NH~M1^^^GLEN^MR", &["M1"]);
        check("V9^^^GLEN^VN~M1^^^GLEN^MR", &["M1", "V9"]);
        check("X9^^^OTHER^MR~9990000018^^^NHS^NH~M1^^^PMS^PI", &["M1", "X9", "9990000018"]);
        check("V9^^^GLEN^VN~X9^^^OTHER^MR", &["V9", "X9"]);
        for filler in ["0000000000", "1111111111", "9999999999"] {
            check(&format!("{filler}^^^NHS^NH~{filler}^^^NHSScotland^CHI~M1^^^^MR"), &["M1"]);
        }
    }

    #[test]
    fn what_is_null_is_cleared() {
        let mapped = mapped("PID|1||7^^^GLEN^MR||Bain^Morag||||||\"\"||\"\"");
        assert_eq!(mapped.resources[0].told.cleared, ["address", "telecom"]);
        assert!(mapped.demographics.addresses.is_empty());
    }
}
