//! Who is near the person: `NK1`.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir: NK1(`RelatedPerson`).
//! - HL7 v2.8, 2.10.4.1: a repeating group is sent as a snapshot of what is true now.

use ken_core::normalise;
use ken_fhir::{Object, Resource};

use super::numbers::checked;
use super::person::all;
use super::types::{address, concept_of, contact, marked, name, period, text};
use super::{Batch, Ended, Ends, Made, PERSON, Scope, Told};
use super::{dictionary, digest, key_of, reference, table};
use crate::{Dtm, Segment};

/// Most related people that are taken of one person. House policy.
const RELATED_MAX: usize = 50;

pub(super) fn map(scope: &Scope<'_>, batch: &mut Batch<'_>) {
    let all: Vec<_> = scope.message.all("NK1").take(RELATED_MAX + 1).collect();
    let said: Vec<_> = all.iter().enumerate().filter(|(_, nk1)| is_said(**nk1)).collect();
    for (place, nk1) in said.iter().filter(|(place, _)| *place < RELATED_MAX) {
        related(scope, batch, **nk1, *place);
    }
    // An ADT message that names any names all: who is not among them is so no more, and whoever
    // was the Named Person is that no more (HL7 v2.8, 2.10.4.1, snapshot). A segment that stands
    // empty names nobody, and a list that is cut ends nobody.
    let tells_all = text(scope.message.field("MSH", 9).component(1)) == "ADT";
    if tells_all && !said.is_empty() && all.len() <= RELATED_MAX {
        let (key, what) = ("related".to_owned(), Ends::Cut);
        batch.ended.push(Ended { key, what, status: "superseded" });
    }
}

/// Whether a segment says anything but its own place in the list.
fn is_said(nk1: Segment<'_>) -> bool {
    (2..=nk1.fields()).any(|at| nk1.field(at).is_said())
}

/// What a related person is called, the last first: their number; else their name, and only where
/// there is none what they are. A place in a list may be somebody else's the next time; it is the
/// first of the names, under which they were filed before names counted.
fn related_keys(own: &[Object], nk1: Segment<'_>, place: usize) -> Vec<String> {
    let roles = [3, 7].map(|number| table::word(&text(nk1.field(number)))).join("|");
    let name = name(nk1.field(2).one());
    let given = name.get("given").and_then(|given| given.get(0)?.as_str()).unwrap_or_default();
    let who = format!("{given} {}", name.text("family"));
    let is_named = !normalise(&who).is_empty();
    let called = if is_named { digest(&who) } else { format!("|{roles}") };
    let named = format!("related|{called}");
    let number = own.first().and_then(|one| key_of("related", one));
    [format!("related|{place}|{roles}"), named].into_iter().chain(number).collect()
}

fn related(scope: &Scope<'_>, batch: &mut Batch<'_>, nk1: Segment<'_>, place: usize) {
    let relationship = concept_of(nk1.field(3), "0063");
    let role = concept_of(nk1.field(7), "0131");
    let language = Object::new().set("language", concept_of(nk1.field(20), "0296"));
    let born = Dtm::parse(&nk1.field(16).text()).ok().map(|born| born.date().to_string());
    let numbers = [12, 33].into_iter().flat_map(|at| all(nk1.field(at)));
    let own: Vec<Object> = numbers.map(|part| checked(part, scope.sender)).collect();
    // Only who has a number is told in pieces.
    let told = if own.is_empty() { Told::whole() } else { Told::default() };
    let keys = related_keys(&own, nk1, place);
    let key = keys.last().cloned();
    let made = Resource::build("RelatedPerson")
        .extend("identifier", own)
        .set("active", !nk1.field(2).is_null())
        .set("patient", reference(PERSON))
        .push("relationship", relationship)
        .push("relationship", role)
        .extend("name", [2, 30].into_iter().flat_map(|at| all(nk1.field(at))).map(name))
        .extend("telecom", all(nk1.field(5)).map(|part| contact(part, "home")))
        .extend("telecom", all(nk1.field(6)).map(|part| contact(part, "work")))
        .extend(
            "telecom",
            [31, 40, 41]
                .into_iter()
                .flat_map(|at| all(nk1.field(at)))
                .map(|part| contact(part, "")),
        )
        .set("gender", table::gender(&text(nk1.field(15))))
        .set("birthDate", born)
        .extend("address", [4, 32].into_iter().flat_map(|at| all(nk1.field(at))).map(address))
        .set("period", period(nk1.field(8), nk1.field(9)))
        .push("communication", language);
    let roles = [text(nk1.field(3)), text(nk1.field(7))];
    let category = dictionary::contact_category(&roles);
    let told = Told { marks: nk1.field(23).is_said(), ..told };
    // Whoever says nothing of the mark lifts none, under whatever name or category it was said.
    let bears = if told.marks { vec![] } else { keys };
    let made = Made::new(category, key, made).told(told).labels(marked(nk1.field(23)));
    batch.add(Made { bears, ..made });
}

#[cfg(test)]
mod tests {
    use super::super::map as map_message;
    use super::Ends;
    use crate::Message;

    fn mapped(rest: &str) -> super::super::Mapped {
        let text = format!("MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||ADT^A31|1|P|2.4\r{rest}");
        map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn the_named_person_is_no_ordinary_contact() {
        let mapped = mapped(
            "PID|1||7^^^GLEN^MR||Bain^Isla\rNK1|1|Bain^Ann|MTH^Mother^HL70063||01592 1\r\
             NK1|2|Head^Ms|OTH||01592 2||NP^Named Person^KENcontact",
        );
        let found: Vec<_> = mapped.resources.iter().map(|one| one.category.as_str()).collect();
        assert_eq!(found, ["core", "contacts", "named-person"]);
        let keys: Vec<_> = mapped.resources.iter().map(|one| one.key.as_deref().unwrap()).collect();
        let named = |name: &str| format!("related|{}", super::digest(name));
        assert_eq!(keys, ["patient", &named("ann bain"), &named("ms head")]);
        let ended: Vec<_> = mapped.ended.iter().map(|one| (one.key.as_str(), one.what)).collect();
        assert_eq!(ended, [("related", Ends::Cut)]);
    }

    #[test]
    fn what_says_nothing_of_marks_bears_those_of_every_name_it_had() {
        let bears = |rest: &str| -> Vec<String> {
            let mapped = mapped(&format!("PID|1||7^^^GLEN^MR||Bain^Isla\rNK1|2|{rest}"));
            mapped.resources[1].bears.clone()
        };
        let named = format!("related|{}", super::digest("ann bain"));
        let before = "related|0|mth|np".to_owned();
        let ann = "Bain^Ann|MTH||||NP";
        assert_eq!(bears(ann), [before.clone(), named.clone()]);
        let numbered = format!("{ann}{}9^^^GLEN^PI", "|".repeat(26));
        let number = "related|urn:ken:id:glen:glen|9".to_owned();
        assert_eq!(bears(&numbered), [before, named, number]);
        for said in ["Y", "N", "\"\""] {
            assert_eq!(bears(&format!("{ann}{}{said}", "|".repeat(16))), [""; 0], "{said}");
        }
    }

    #[test]
    fn only_who_names_somebody_ends_the_others() {
        let check = |rest: &str, want: (usize, usize)| {
            let mapped = mapped(&format!("PID|1||7^^^GLEN^MR||Bain^Isla\r{rest}"));
            assert_eq!((mapped.resources.len() - 1, mapped.ended.len()), want, "{rest}");
        };
        check("NK1|1", (0, 0));
        check("NK1|1||||^^^|", (0, 0));
        check("NK1|1|\"\"", (1, 1));
        check("NK1|1\rNK1|2|Bain^Ann|MTH", (1, 1));
        let many: Vec<_> = (0..60).map(|at| format!("NK1|{at}|Bain^Ann{at}")).collect();
        // Nobody is ended by a list that is cut.
        check(&many.join("\r"), (50, 0));
    }

    #[test]
    fn a_relative_is_a_number_or_a_name_and_no_place_in_a_list() {
        let keys = |rest: &str| -> Vec<String> {
            let mapped = mapped(&format!("PID|1||7^^^GLEN^MR||Bain^Isla\r{rest}"));
            mapped.resources.into_iter().skip(1).filter_map(|one| one.key).collect()
        };
        let (ann, tom) = ("Bain^Ann|MTH", "Bain^Tom|FTH");
        let both = keys(&format!("NK1|1|{ann}\rNK1|2|{tom}"));
        assert_eq!(keys(&format!("NK1|1|{tom}\rNK1|2|{ann}")), [&*both[1], &*both[0]]);
        assert_eq!(keys(&format!("NK1|1|{}", ann.replace("MTH", "GRD"))), [&*both[0]]);
        let numbered = format!("NK1|1|Bain^Ann|MTH{}9^^^GLEN^PI", "|".repeat(30));
        assert_eq!(keys(&numbered), ["related|urn:ken:id:glen:glen|9"]);
        assert_eq!(keys("NK1|1||MTH"), ["related||mth|"]);
        assert!(mapped("PID|1||7^^^GLEN^MR||Bain^Isla").ended.is_empty());
    }
}
