//! The sections of a document or a request: runs of `OBX` of one code.
//!
//! # Invariants
//!
//! - A section that only some may read (`SECTIONS`) is cut out with its notes and filed alone: no
//!   reader of the whole has it by accident. It is never less restricted than the whole.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ken_fhir::{Object, attachment, concept};

use super::dictionary::{KEN_SYSTEM, SECTIONS};
use super::result::words_of;
use super::types::{text, when, words};
use super::value::{coded, written};
use super::{Batch, Made, Scope, Told, reference};
use crate::Segment;

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

/// The sections of a message, and the notes on the whole.
#[derive(Default)]
pub(super) struct Sections<'m> {
    /// Those that stay, in their order.
    pub(super) own: Vec<Section>,
    /// Those that are filed alone: all runs of one code together.
    pub(super) apart: Vec<Vec<Section>>,
    /// Notes that are about no section.
    pub(super) notes: Vec<Segment<'m>>,
    /// Whether lines of what stays are called wrong.
    pub(super) is_own_wrong: bool,
    /// Whether lines of what is filed alone are.
    pub(super) is_apart_wrong: bool,
}

/// Where a section belongs that may not stay in its document.
pub(super) struct Apart {
    pub(super) category: &'static str,
    pub(super) label: Option<&'static str>,
    pub(super) name: &'static str,
}

/// The sections of a message, consecutive lines of one code together, each with its notes. Lines
/// that the sender calls wrong (OBX-11 `D`, `W`) are none.
///
/// A note is about what it follows: under a section that is cut out it is cut out with it.
pub(super) fn sections<'m>(scope: &Scope<'m>, whole: &str) -> Sections<'m> {
    let mut found = Sections::default();
    let mut all: Vec<Section> = Vec::new();
    let mut about = "";
    for segment in scope.message.segments() {
        match segment.name() {
            "NTE" if about == whole => found.notes.push(segment),
            "NTE" if about == "OBX" => {
                if let Some(section) = all.last_mut() {
                    section.line(&words_of(segment));
                }
            }
            "NTE" => {}
            "OBX" if is_wrong(segment) => {
                about = "";
                let code = text(segment.field(3).component(1));
                let is_apart = section_of(&code).is_some();
                found.is_apart_wrong |= is_apart;
                found.is_own_wrong |= !is_apart;
            }
            "OBX" => {
                about = "OBX";
                take_line(&mut all, segment);
            }
            other => about = other,
        }
    }
    for section in all {
        if section.apart().is_none() {
            found.own.push(section);
            continue;
        }
        let same = |run: &&mut Vec<Section>| {
            run.first().is_some_and(|first| first.code.eq_ignore_ascii_case(&section.code))
        };
        match found.apart.iter_mut().find(same) {
            Some(run) => run.push(section),
            None => found.apart.push(vec![section]),
        }
    }
    found
}

/// Where a section of a code must be filed alone, if it may not stay.
fn section_of(code: &str) -> Option<Apart> {
    let found = SECTIONS.iter().find(|(known, ..)| code.eq_ignore_ascii_case(known))?;
    let (_, name, category, label) = *found;
    Some(Apart { category, label, name })
}

fn is_wrong(obx: Segment<'_>) -> bool {
    ["D", "W"].contains(&text(obx.field(11)).as_str())
}

fn take_line(sections: &mut Vec<Section>, obx: Segment<'_>) {
    let named = obx.field(3);
    let (code, title) = (text(named.component(1)), words(named.component(2)));
    let continues = sections.last().is_some_and(|last| last.code == code && last.title == title);
    if !continues {
        let at = when(obx.field(14));
        sections.push(Section { code, title, text: String::new(), other: Vec::new(), at });
    }
    if let Some(section) = sections.last_mut() {
        section.take(obx);
    }
}

/// Where a finding belongs that is one of our sections, and its label. Outside documents only the
/// name of our table says so: a laboratory may have a test of the same code.
pub(super) fn apart(obx: Segment<'_>) -> Option<(&'static str, Option<&'static str>)> {
    let named = obx.field(3);
    if !named.component(3).text().trim().eq_ignore_ascii_case("KENsection") {
        return None;
    }
    let code = text(named.component(1));
    let found = SECTIONS.iter().find(|(known, ..)| code.eq_ignore_ascii_case(known))?;
    Some((found.2, found.3))
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
            "CE" | "CWE" | "CNE" => self.line(&coded(obx.field(5))),
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
        section_of(&self.code)
    }

    pub(super) fn contents(&self) -> Vec<Object> {
        let title = if self.title.is_empty() { &self.code } else { &self.title };
        let text = attachment(title, self.text.trim_end());
        let text = (!text.is_empty()).then(|| Object::new().set("attachment", text));
        text.into_iter().chain(self.enclosed()).collect()
    }

    /// What is not text.
    pub(super) fn enclosed(&self) -> impl Iterator<Item = Object> {
        self.other.iter().map(|one| Object::new().set("attachment", one.clone()))
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
        "hex" => match bytes_of(&raw) {
            Some(bytes) => STANDARD.encode(bytes),
            None => return Object::new(),
        },
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

/// Digits in hexadecimal as bytes.
fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let digits: String = digits.split_whitespace().collect();
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// What a section that is filed alone was cut out of.
pub(super) struct Origin<'a> {
    pub(super) key: Option<&'a str>,
    pub(super) whole: &'a str,
    /// The marks of the whole: a section is never less restricted than what it was cut out of.
    pub(super) labels: &'a [&'static str],
    pub(super) is_marked: bool,
    pub(super) bears: &'a [String],
}

/// Files the sections of one code alone, under their own category, referring to what they were
/// cut out of.
pub(super) fn file_apart(
    batch: &mut Batch<'_>,
    sections: &[Section],
    origin: &Origin<'_>,
    made: Object,
) {
    let Some(first) = sections.first() else { return };
    let Some(Apart { category, label, name }) = first.apart() else { return };
    let code = first.code.to_ascii_uppercase();
    let kind = concept(&format!("{KEN_SYSTEM}section"), &code, name);
    let target = reference(origin.whole);
    let made = made
        .set("type", kind)
        .set("description", name)
        .extend("content", sections.iter().flat_map(Section::contents))
        .push("relatesTo", Object::new().set("code", "appends").set("target", target));
    let key = origin.key.map(|key| format!("{key}|{code}"));
    let mut labels: Vec<_> = label.into_iter().chain(origin.labels.iter().copied()).collect();
    labels.sort_unstable();
    labels.dedup();
    let told = Told { marks: origin.is_marked, ..Told::default() };
    let bears = origin.bears.to_vec();
    batch.add(Made { bears, ..Made::new(category, key, made).labels(labels).told(told) });
}
