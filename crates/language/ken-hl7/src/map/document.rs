//! Documents: `TXA` and its `OBX` sections as a `DocumentReference`, or a `Flag` for an alert.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir: TXA(`DocumentReference`), OBX(`DocumentReference`); HL7 v2.8, 9.6.1.
//! - The kinds of document are ours: `docs/messages.md`.

use ken_fhir::{Object, Resource, concept as coded_in};

use super::dictionary::{self, KEN_SYSTEM};
use super::result::{note, words_of};
use super::sections::{Origin, Section, Sections, file_apart, sections};
use super::types::{concept, concept_of, entity, period, practitioner, text, when, words};
use super::{Batch, Ended, Ends, Made, PERSON, Scope, Told, key_of, reference, visit};
use crate::{Part, Segment};

pub(super) fn map(scope: &Scope<'_>, batch: &mut Batch<'_>) {
    let Some(txa) = scope.message.first("TXA") else { return };
    let kind = dictionary::document_kind(&text(txa.field(2).component(1)));
    let category = kind.map_or("health-record", |kind| kind.category);
    let sections = sections(scope, "TXA");
    let key = key_of("document", &entity(txa.field(12), scope.sender));
    let labels = labels(txa, category);
    let made = match kind {
        Some(kind) if kind.code == "ALERT" => flag(scope, txa, &sections),
        _ => whole(scope, txa, &sections),
    };
    let made = Made::new(category, key.clone(), made).labels(labels.clone());
    let told = told(scope, txa, &sections);
    let marked = told.marks;
    let bears = if marked { vec![] } else { bears(scope, txa, key.as_deref()) };
    let local = batch.add(Made { bears: bears.clone(), ..made.told(told) });
    let origin = Origin {
        key: key.as_deref(),
        whole: &local,
        labels: &labels,
        is_marked: marked,
        bears: &bears,
    };
    for section in &sections.apart {
        file_apart(batch, section, &origin, document(scope, txa, Object::new()));
    }
    batch.ended.extend(ended(scope, txa, key, &sections));
}

/// The document itself, with what may stay in it.
fn whole(scope: &Scope<'_>, txa: Segment<'_>, sections: &Sections<'_>) -> Object {
    let url = "https://ken.example/StructureDefinition/document-note";
    let made = document(scope, txa, kind_of(txa)).set("description", title(txa));
    let contents: Vec<_> = sections.own.iter().flat_map(Section::contents).collect();
    let made = if contents.is_empty() {
        // FHIR asks for a content, be it empty.
        let empty = Object::new().set("title", title(txa));
        made.push("content", Object::new().set("attachment", empty))
    } else {
        made.extend("content", contents)
    };
    let notes = sections.notes.iter().map(|nte| note(scope, *nte));
    notes.fold(made, |made, note| made.extension(url, "valueAnnotation", note))
}

/// What the message says of the document, and what it leaves out.
fn told(scope: &Scope<'_>, txa: Segment<'_>, sections: &Sections<'_>) -> Told {
    let mut told = Told { marks: txa.field(18).is_said(), ..Told::default() };
    let first = matches!(scope.trigger, "T01" | "T02" | "T09" | "T10" | "T11");
    told.assume(!first && !txa.field(19).is_valued(), "status");
    // Lines that are all called wrong say that nothing is right of what it contained.
    let unsays = sections.is_own_wrong && status(scope, txa) == "current";
    let is_empty = sections.own.iter().all(|section| section.contents().is_empty());
    told.assume(is_empty && !unsays, "content");
    told.clear(is_empty && unsays, "extension:flag-detail");
    told.assume(!txa.field(25).is_valued(), "description");
    told.assume(![6, 7].iter().any(|&at| txa.field(at).is_valued()), "date");
    told.clear(txa.field(4).is_null(), "context.period");
    told.clear(txa.field(18).is_null(), "securityLabel");
    told
}

/// What the message ends: the document that it replaces, and what was cut out of one that it
/// withdraws, or tells again without it.
fn ended(
    scope: &Scope<'_>,
    txa: Segment<'_>,
    key: Option<String>,
    sections: &Sections<'_>,
) -> Vec<Ended> {
    let parent = key_of("document", &entity(txa.field(13), scope.sender));
    let replaced = parent.filter(|parent| replaces(scope) && Some(parent) != key.as_ref());
    let replaced = replaced.map(|key| Ended { key, what: Ends::Whole, status: "superseded" });
    let stands = status(scope, txa);
    let wrong = sections.is_own_wrong || sections.is_apart_wrong;
    let told = wrong || !sections.own.is_empty() || !sections.apart.is_empty();
    // Under another kind it is filed apart: what it was before ends with a withdrawal whatever kind
    // that names, and with contents that come under a kind.
    let kind_told = txa.field(2).component(1).is_valued();
    let ends = match stands {
        "current" if told && scope.trigger != "T06" && kind_told => {
            Some((Ends::Held, "superseded"))
        }
        "current" if told && scope.trigger != "T06" => Some((Ends::Cut, "superseded")),
        "current" => None,
        other => Some((Ends::Held, other)),
    };
    let own = key.zip(ends).map(|(key, (what, status))| Ended { key, what, status });
    replaced.into_iter().chain(own).collect()
}

/// Whose marks a document bears that says nothing of marks: its own under another kind, and those
/// of what it replaces.
fn bears(scope: &Scope<'_>, txa: Segment<'_>, key: Option<&str>) -> Vec<String> {
    let parent = key_of("document", &entity(txa.field(13), scope.sender));
    let parent = parent.filter(|_| replaces(scope));
    key.map(str::to_owned).into_iter().chain(parent).collect()
}

/// Whether the message replaces another document (`T09` tells of it without its contents).
fn replaces(scope: &Scope<'_>) -> bool {
    matches!(scope.trigger, "T09" | "T10")
}

/// TXA-18 (HL7 table 0272): restricted and very restricted, and whatever is not usual control;
/// TXA-19 `UN` is unavailable for the care of the person.
fn labels(txa: Segment<'_>, category: &str) -> Vec<&'static str> {
    let usual = ["", "U", "N"].contains(&text(txa.field(18)).to_ascii_uppercase().as_str());
    let open = usual && text(txa.field(19)) != "UN";
    let restricted = (!open).then_some("restricted");
    let own = dictionary::label_of(category);
    let mut labels: Vec<_> = restricted.into_iter().chain(own).collect();
    labels.dedup();
    labels
}

fn kind_of(txa: Segment<'_>) -> Object {
    let field = txa.field(2);
    match dictionary::document_kind(&text(field.component(1))) {
        Some(kind) => coded_in(&format!("{KEN_SYSTEM}document"), kind.code, kind.name),
        None => concept_of(field, "0270"),
    }
}

fn title(txa: Segment<'_>) -> String {
    let kind = dictionary::document_kind(&text(txa.field(2).component(1)));
    let said = [words(txa.field(25)), kind.map_or_else(String::new, |kind| kind.name.to_owned())];
    let coded = [words(txa.field(2).component(2)), text(txa.field(16)), "Document".to_owned()];
    said.into_iter().chain(coded).find(|text| !text.is_empty()).unwrap_or_default()
}

fn authors(scope: &Scope<'_>, field: Part<'_>) -> Vec<Object> {
    field.repetitions().take(10).map(|part| practitioner(part, scope.sender)).collect()
}

fn status(scope: &Scope<'_>, txa: Segment<'_>) -> &'static str {
    match (scope.trigger, &*text(txa.field(19))) {
        ("T11", _) | (_, "CA") => "entered-in-error",
        (_, "OB") => "superseded",
        _ => "current",
    }
}

fn document(scope: &Scope<'_>, txa: Segment<'_>, kind: Object) -> Object {
    let instant = |number| when(txa.field(number)).filter(|at| at.contains('T'));
    let recorded = || scope.facts.recorded.as_ref().filter(|at| at.moment().is_some());
    let written = instant(6).or_else(|| instant(7)).or_else(|| recorded().map(ToString::to_string));
    let file = text(txa.field(16));
    let authors_of = |number| authors(scope, txa.field(number));
    let author = if txa.field(9).is_valued() { authors_of(9) } else { authors_of(5) };
    let parent = entity(txa.field(13), scope.sender);
    let replaced = if parent.is_empty() || txa.field(13).raw() == txa.field(12).raw() {
        Object::new()
    } else {
        let code = if replaces(scope) { "replaces" } else { "appends" };
        Object::new().set("code", code).set("target", Object::new().set("identifier", parent))
    };
    let happened = txa.field(4);
    let visit = visit::by_number(scope);
    let context =
        Object::new().push("encounter", visit).set("period", period(happened, Part::EMPTY));
    Resource::build("DocumentReference")
        .set("masterIdentifier", entity(txa.field(12), scope.sender))
        .push("identifier", Object::new().set("value", file))
        .set("status", status(scope, txa))
        .set("docStatus", super::table::document_status(&text(txa.field(17))))
        .set("type", kind)
        .set("subject", reference(PERSON))
        .set("date", written)
        .extend("author", author)
        .set("authenticator", authors_of(10).into_iter().next().map(serde_json::Value::from))
        .set("custodian", Object::new().set("display", scope.sender))
        .push("relatesTo", replaced)
        .push("securityLabel", concept_of(txa.field(18), "0272"))
        .set("context", context)
}

/// An alert stands on the record until it is withdrawn: `TXA-19` `OB` or `CA`.
fn flag(scope: &Scope<'_>, txa: Segment<'_>, sections: &Sections<'_>) -> Object {
    let stands = match status(scope, txa) {
        "current" => "active",
        "superseded" => "inactive",
        other => other,
    };
    let notes = sections.notes.iter().map(|nte| words_of(*nte));
    let details = sections.own.iter().map(|section| section.text.clone()).chain(notes);
    let details = details.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let url = "https://ken.example/StructureDefinition/flag-detail";
    let start = if txa.field(4).is_valued() { txa.field(4) } else { txa.field(6) };
    let code = concept(txa.field(2)).set("text", title(txa));
    let made = Resource::build("Flag")
        .push("identifier", entity(txa.field(12), scope.sender))
        .set("status", stands)
        .set("code", code)
        .set("subject", reference(PERSON))
        .set("period", period(start, Part::EMPTY))
        .set(
            "author",
            authors(scope, txa.field(9)).into_iter().next().map(serde_json::Value::from),
        );
    details.fold(made, |made, text| made.extension(url, "valueString", text))
}

#[cfg(test)]
mod tests {
    use ken_fhir::{DocumentReference, Flag};

    use super::super::{Ends, Mapped, map as map_message};
    use crate::Message;

    fn mapped(trigger: &str, rest: &str) -> Mapped {
        let text = format!(
            "MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121101500||MDM^{trigger}|1|P|2.4\r\
             PID|1||7^^^GLEN^MR||Bain^Morag\r{rest}"
        );
        map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn a_summary_comes_in_sections() {
        let mapped = mapped(
            "T02",
            "TXA|1|KIS^^KENdocument|TX|20261120|G1^Bell^Ada^^^Dr|202611211000|||G1^Bell^Ada^^^Dr\
             |||D7^PMS|||||AU||AV\rOBX|1|TX|CARE^Current care||Lives alone.\r\
             OBX|2|TX|CARE^Current care||Falls at night.\rOBX|3|TX|WISH^Wishes||Home.",
        );
        let made = &mapped.resources[1];
        let document = DocumentReference::of(&made.resource).unwrap();
        let sections: Vec<_> = document.sections().map(|one| (one.title, one.text)).collect();
        assert_eq!(
            sections,
            [
                ("Current care".to_owned(), "Lives alone.\nFalls at night.".to_owned()),
                ("Wishes".to_owned(), "Home.".to_owned()),
            ]
        );
        assert_eq!((document.code(), document.author()), (Some("KIS"), Some("Dr Ada Bell")));
        assert_eq!(document.title(), Some("Key Information Summary"));
        assert_eq!(made.category.as_str(), "health-summary");
        assert_eq!(made.event_time.as_ref().unwrap().as_str(), "2026-11-20");
        assert_eq!(made.key.as_deref(), Some("document|urn:ken:id:glen:pms|D7"));
    }

    #[test]
    fn what_few_may_read_is_cut_out() {
        let mapped = mapped(
            "T02",
            "TXA|1|SW|TX|||||||||D8\rOBX|1|TX|EVENT^Event||Visit.\r\
             OBX|2|TX|VIEWS^Views||Wants peace.\rOBX|3|TX|THIRD-PARTY^Other||CANARY next door.",
        );
        let found = mapped.resources[1..].iter().map(|one| {
            let labels: Vec<_> = one.labels.iter().map(ken_core::Label::as_str).collect();
            (one.category.as_str(), labels.join(","))
        });
        let found: Vec<_> = found.collect();
        let want = [("chronology", ""), ("views", ""), ("third-party", "third-party")];
        assert_eq!(found, want.map(|(category, label)| (category, label.to_owned())));
        let held = |at: usize| {
            let document = DocumentReference::of(&mapped.resources[at].resource).unwrap();
            document.sections().map(|one| one.text).collect::<Vec<_>>().join("|")
        };
        assert_eq!([held(1), held(2), held(3)], ["Visit.", "Wants peace.", "CANARY next door."]);
        assert_eq!(
            mapped.resources[3].key.as_deref(),
            Some("document|urn:ken:id:glen|D8|THIRD-PARTY")
        );
    }

    #[test]
    fn an_alert_is_a_flag_until_withdrawn() {
        let check = |state: &str, active: bool| {
            let mapped = mapped(
                "T02",
                &format!(
                    "TXA|1|ALERT|TX|20261101||||||||A1|||||||{state}||||||Dog in house\r\
                 OBX|1|TX|D||Ring first."
                ),
            );
            let made = &mapped.resources[1];
            let flag = Flag::of(&made.resource).unwrap();
            assert_eq!((flag.name(), flag.is_active()), (Some("Dog in house"), active), "{state}");
            assert_eq!(flag.details().collect::<Vec<_>>(), ["Ring first."]);
            assert_eq!(made.category.as_str(), "alerts");
        };
        check("AV", true);
        check("", true);
        check("OB", false);
        check("CA", false);
    }

    #[test]
    fn kinds_that_nobody_knows_are_restricted() {
        let mapped = mapped("T02", "TXA|1|XX^Odd\rOBX|1|ED|S^Scan||^application^pdf^Base64^JVBE\r");
        assert_eq!(mapped.resources[1].category.as_str(), "health-record");
        let text = String::from_utf8(mapped.resources[1].resource.to_bytes()).unwrap();
        assert!(text.contains(r#""contentType":"application/pdf","data":"JVBE""#), "{text}");
        let withdrawn = super::super::map(
            &Message::parse(b"MSH|^~\\&|A|B|C|D|2026||MDM^T11|1\rPID|||7^^^B^MR\rTXA|1|KIS")
                .unwrap(),
        );
        let withdrawn = withdrawn.unwrap();
        let document = DocumentReference::of(&withdrawn.resources[1].resource).unwrap();
        assert!(!document.is_current());
    }

    #[test]
    fn notes_are_cut_out_with_their_section() {
        let mapped = mapped(
            "T02",
            "TXA|1|SW|TX|||||||||D8\rNTE|1||About it all.\rOBX|1|TX|EVENT^Event||Visit.\r\
             NTE|1||At noon.\rOBX|2|TX|THIRD-PARTY^Other||A nephew.\rNTE|1||CANARY said so.\r\
             OBX|3|TX|EVENT^Event||Left.\rOBX|4|TX|third-party^More||And his wife.\r\
             OBX|5|TX|EVENT^Event||Not so.||||||W\rNTE|1||CANARY too.",
        );
        let written = |at: usize| {
            let made = &mapped.resources[at].resource;
            let document = DocumentReference::of(made).unwrap();
            let sections = document.sections().map(|one| one.text).collect::<Vec<_>>().join("|");
            (sections, String::from_utf8(made.to_bytes()).unwrap().contains("About it all."))
        };
        assert_eq!(mapped.resources.len(), 3, "runs of one code are one thing");
        assert_eq!(written(1), ("Visit.\nAt noon.|Left.".to_owned(), true));
        assert_eq!(written(2), ("A nephew.\nCANARY said so.|And his wife.".to_owned(), false));
    }

    #[test]
    fn what_is_cut_out_is_as_restricted_as_the_whole() {
        let check = |mark: &str, want: (&str, bool)| {
            let txa = format!("TXA|1|SW|TX|||||||||D8||||||{mark}\rOBX|1|TX|VIEWS^V||Peace.");
            for made in &mapped("T08", &txa).resources[1..] {
                let labels: Vec<_> = made.labels.iter().map(ken_core::Label::as_str).collect();
                assert_eq!((&*labels.join(","), made.told.marks), want, "{mark}");
            }
        };
        check("R", ("restricted", true));
        check("V", ("restricted", true));
        check("Secret", ("restricted", true));
        check("U", ("", true));
        check("\"\"", ("", true));
        check("", ("", false));
    }

    #[test]
    fn what_a_document_replaces_or_withdraws_is_named() {
        use Ends::{Cut, Held, Whole};
        let check = |trigger: &str, rest: &str, want: &[(&str, Ends, &str)]| {
            let mapped = mapped(trigger, &format!("TXA|1|SW|TX|||||||||{rest}"));
            let found: Vec<_> =
                mapped.ended.iter().map(|one| (one.key.as_str(), one.what, one.status)).collect();
            assert_eq!(found, want, "{trigger} {rest}");
        };
        let (eight, nine) = ("document|urn:ken:id:glen|D8", "document|urn:ken:id:glen|D9");
        let text = "\rOBX|1|TX|E^Event||Visit.";
        check("T02", "D8", &[]);
        check("T02", &format!("D8{text}"), &[(eight, Held, "superseded")]);
        check("T10", "D9|D8", &[(eight, Whole, "superseded")]);
        let again = [(eight, Whole, "superseded"), (nine, Held, "superseded")];
        check("T10", &format!("D9|D8{text}"), &again);
        check("T10", "D8|D8", &[]);
        check("T06", &format!("D9|D8{text}"), &[]);
        check("T11", "D8", &[(eight, Held, "entered-in-error")]);
        check("T08", "D8|||||||CA", &[(eight, Held, "entered-in-error")]);
        let kindless = mapped("T08", &format!("TXA|1||TX|||||||||D8{text}"));
        assert_eq!(kindless.ended[0].what, Cut);
        check("T11", "", &[]);
    }

    #[test]
    fn what_says_nothing_of_marks_bears_those_of_what_it_replaces() {
        let check = |trigger: &str, rest: &str, want: &[&str]| {
            let rest = format!("TXA|1|SW|TX|||||||||{rest}\rOBX|1|TX|VIEWS^V||Peace.");
            for made in &mapped(trigger, &rest).resources[1..] {
                assert_eq!(made.bears, want, "{trigger} {rest}");
            }
        };
        let (eight, nine) = ("document|urn:ken:id:glen|D8", "document|urn:ken:id:glen|D9");
        check("T02", "D8", &[eight]);
        check("T10", "D9|D8", &[nine, eight]);
        check("T06", "D9|D8", &[nine]);
        check("T10", "D9|D8|||||U", &[]);
    }

    #[test]
    fn a_withdrawal_keeps_what_was_written() {
        let first = mapped(
            "T02",
            "TXA|1|SW|TX|202611200900||||||||D8|||||AU||AV||||||Home visit\r\
            OBX|1|TX|E^Event||All well.",
        );
        let check = |trigger: &str, status: &str, want: (&str, &str)| {
            let next = mapped(trigger, &format!("TXA|1|SW|TX|||||||||D8|||||||{status}"));
            let made = &next.resources[1];
            let now = made.told.onto(&first.resources[1].resource, made.resource.clone());
            let document = DocumentReference::of(&now).unwrap();
            assert_eq!((document.status().unwrap(), document.title().unwrap()), want, "{trigger}");
            assert_eq!(document.sections().next().unwrap().text, "All well.", "{trigger}");
            assert!(document.happened().is_some());
        };
        check("T11", "", ("entered-in-error", "Home visit"));
        check("T08", "OB", ("superseded", "Home visit"));
        check("T08", "", ("current", "Home visit"));
        check("T03", "", ("current", "Home visit"));
    }
}
