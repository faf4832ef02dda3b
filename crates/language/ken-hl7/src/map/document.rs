//! Documents: `TXA` and its `OBX` sections as a `DocumentReference`, or a `Flag` for an alert.
//!
//! # Invariants
//!
//! - A section that only some may read (`SECTIONS`) is cut out and filed alone: no reader of the
//!   document has it by accident.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir: TXA(`DocumentReference`), OBX(`DocumentReference`); HL7 v2.8, 9.6.1.
//! - The kinds of document are ours: `docs/messages.md`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ken_fhir::{Object, Resource, attachment, concept as coded};

use super::dictionary::{self, KEN_SYSTEM, SECTIONS};
use super::result::{note, written};
use super::types::{concept, concept_of, entity, period, practitioner, text, when};
use super::{Batch, Made, PERSON, Scope, key_of, reference, visit};
use crate::{Part, Segment};

/// A run of `OBX` of one code: a section of a document or of a request.
pub(super) struct Section {
    pub(super) code: String,
    pub(super) title: String,
    pub(super) text: String,
    /// What is not text: a scan, a link.
    pub(super) other: Vec<Object>,
    /// OBX-14: when what it tells of happened.
    pub(super) at: Option<String>,
}

/// Where a section belongs that may not stay in its document.
pub(super) struct Apart {
    pub(super) category: &'static str,
    pub(super) label: Option<&'static str>,
    pub(super) name: &'static str,
}

/// The sections of a message in their order, consecutive lines of one code together.
pub(super) fn sections(scope: &Scope<'_>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for obx in scope.message.all("OBX") {
        let named = obx.field(3);
        let (code, title) = (text(named.component(1)), text(named.component(2)));
        let continues =
            sections.last().is_some_and(|last| last.code == code && last.title == title);
        if !continues {
            let at = when(obx.field(14));
            sections.push(Section { code, title, text: String::new(), other: Vec::new(), at });
        }
        if let Some(section) = sections.last_mut() {
            section.take(obx);
        }
    }
    sections
}

impl Section {
    fn take(&mut self, obx: Segment<'_>) {
        match &*obx.field(2).text() {
            "ED" | "RP" => {
                let made = attached(obx);
                if !made.is_empty() {
                    self.other.push(made.set("title", self.title.clone()));
                }
            }
            "CE" | "CWE" | "CNE" => self.line(&text(obx.field(5).component(2))),
            _ => self.line(&written(obx.field(5))),
        }
    }

    fn line(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line);
    }

    /// Where it must be filed alone, if it may not stay.
    pub(super) fn apart(&self) -> Option<Apart> {
        let found = SECTIONS.iter().find(|(code, ..)| self.code.eq_ignore_ascii_case(code))?;
        let (_, name, category, label) = *found;
        Some(Apart { category, label, name })
    }

    fn contents(&self) -> Vec<Object> {
        let title = if self.title.is_empty() { &self.code } else { &self.title };
        let text = attachment(title, self.text.trim_end());
        let all = std::iter::once(text).chain(self.other.iter().cloned());
        all.filter(|one| !one.is_empty()).map(|one| Object::new().set("attachment", one)).collect()
    }
}

/// ED or RP in OBX-5 as an attachment.
pub(super) fn attached(obx: Segment<'_>) -> Object {
    let field = obx.field(5);
    let at = |number| text(field.component(number));
    if &*obx.field(2).text() == "RP" {
        let kind = [at(3), at(4)].join("/").to_ascii_lowercase();
        let kind = (kind.len() > 1).then_some(kind);
        let made = Object::new().set("contentType", kind).set("url", at(1));
        return if at(1).is_empty() { Object::new() } else { made };
    }
    let raw = field.component(5).whole();
    let data = match &*at(4).to_ascii_lowercase() {
        "base64" => raw.split_whitespace().collect::<String>(),
        "hex" => return Object::new(),
        _ => STANDARD.encode(raw.as_bytes()),
    };
    if data.is_empty() {
        return Object::new();
    }
    let kind = match (at(2).to_ascii_lowercase(), at(3).to_ascii_lowercase()) {
        (kind, part) if kind.contains('/') || part.is_empty() => kind,
        (kind, part) => format!("{kind}/{part}"),
    };
    Object::new().set("contentType", kind).set("data", data)
}

pub(super) fn map(scope: &Scope<'_>, batch: &mut Batch<'_>) {
    let Some(txa) = scope.message.first("TXA") else { return };
    let kind = dictionary::document_kind(&text(txa.field(2).component(1)));
    let category = kind.map_or("health-record", |kind| kind.category);
    let (apart, own): (Vec<_>, Vec<_>) =
        sections(scope).into_iter().partition(|section| section.apart().is_some());
    let key = key_of("document", &entity(txa.field(12), scope.sender));
    let labels = labels(txa, category);
    let made = match kind {
        Some(kind) if kind.code == "ALERT" => flag(scope, txa, &own),
        _ => {
            let made = document(scope, txa, kind_of(txa)).set("description", title(txa));
            let made = made.extend("content", own.iter().flat_map(Section::contents));
            if own.iter().all(|section| section.contents().is_empty()) {
                let empty = Object::new().set("title", title(txa));
                made.push("content", Object::new().set("attachment", empty))
            } else {
                made
            }
        }
    };
    let whole = batch.add(Made::new(category, key.clone(), made).labels(labels));
    for section in &apart {
        let made = document(scope, txa, Object::new());
        file_apart(batch, section, key.as_deref(), &whole, made);
    }
}

/// Files a section alone, under its own category, referring to what it was cut out of.
pub(super) fn file_apart(
    batch: &mut Batch<'_>,
    section: &Section,
    key: Option<&str>,
    whole: &str,
    made: Object,
) {
    let Some(Apart { category, label, name }) = section.apart() else { return };
    let kind = coded(&format!("{KEN_SYSTEM}section"), &section.code, name);
    let made = made
        .set("type", kind)
        .set("description", name)
        .extend("content", section.contents())
        .push("relatesTo", Object::new().set("code", "appends").set("target", reference(whole)));
    let key = key.map(|key| format!("{key}|{}", section.code));
    batch.add(Made::new(category, key, made).labels(label.into_iter().collect()));
}

/// TXA-18 (HL7 table 0272): restricted and very restricted.
fn labels(txa: Segment<'_>, category: &str) -> Vec<&'static str> {
    let restricted = ["R", "V"].contains(&text(txa.field(18)).as_str()).then_some("restricted");
    let own = dictionary::label_of(category);
    let mut labels: Vec<_> = restricted.into_iter().chain(own).collect();
    labels.dedup();
    labels
}

fn kind_of(txa: Segment<'_>) -> Object {
    let field = txa.field(2);
    match dictionary::document_kind(&text(field.component(1))) {
        Some(kind) => coded(&format!("{KEN_SYSTEM}document"), kind.code, kind.name),
        None => concept_of(field, "0270"),
    }
}

fn title(txa: Segment<'_>) -> String {
    let kind = dictionary::document_kind(&text(txa.field(2).component(1)));
    let said = [text(txa.field(25)), kind.map_or_else(String::new, |kind| kind.name.to_owned())];
    let coded = [text(txa.field(2).component(2)), text(txa.field(16)), "Document".to_owned()];
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
    let replaced = if parent.is_empty() {
        Object::new()
    } else {
        let code = if scope.trigger == "T10" { "replaces" } else { "appends" };
        Object::new().set("code", code).set("target", Object::new().set("identifier", parent))
    };
    let happened = txa.field(4);
    let visit = visit::by_number(scope);
    let context =
        Object::new().push("encounter", visit).set("period", period(happened, Part::EMPTY));
    let notes = scope.message.all("NTE").map(|nte| note(scope, nte));
    let extension = "https://ken.example/StructureDefinition/document-note";
    let made = Resource::build("DocumentReference")
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
        .set("context", context);
    notes.fold(made, |made, note| made.extension(extension, "valueAnnotation", note))
}

/// An alert stands on the record until it is withdrawn: `TXA-19` `OB` or `CA`.
fn flag(scope: &Scope<'_>, txa: Segment<'_>, sections: &[Section]) -> Object {
    let stands = match status(scope, txa) {
        "current" => "active",
        "superseded" => "inactive",
        other => other,
    };
    let details =
        sections.iter().map(|section| section.text.trim()).filter(|text| !text.is_empty());
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

    use super::super::{Mapped, map as map_message};
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
}
