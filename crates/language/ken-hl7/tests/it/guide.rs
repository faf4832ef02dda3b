//! `docs/messages.md` says what the code does: its tables and its examples are tried.

use std::collections::BTreeSet;

use ken_fhir::standard::Standard;
use ken_hl7::Message;
use ken_hl7::map::{DOCUMENT_KINDS, SECTIONS, map};

const GUIDE: &str = include_str!("../../../../../docs/messages.md");

#[test]
fn every_code_stands_in_the_guide() {
    for kind in DOCUMENT_KINDS {
        let row = format!("| {} | {} | {} |", kind.code, kind.name, kind.category);
        assert!(GUIDE.contains(&row), "missing: {row}");
    }
    for (code, _, category, label) in SECTIONS {
        let found = GUIDE.lines().any(|line| {
            let end = format!("| {category} | {} |", label.unwrap_or("–"));
            line.starts_with(&format!("| {code} |")) && line.ends_with(&end)
        });
        assert!(found, "missing: {code}");
    }
}

#[test]
fn the_examples_are_mapped_as_it_says() {
    let blocks = GUIDE.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mapped = blocks.map(|text| {
        let mapped = map(&Message::parse(text.as_bytes()).unwrap()).unwrap();
        let categories: Vec<_> =
            mapped.resources.iter().map(|made| made.category.as_str().to_owned()).collect();
        (mapped.resources[1].title.clone(), categories.join(" "))
    });
    let mapped: Vec<_> = mapped.collect();
    let want = [
        ("Home visit", "core chronology views"),
        ("Self-neglect", "core concern views third-party"),
    ];
    assert_eq!(mapped, want.map(|(title, all)| (title.to_owned(), all.to_owned())));
}

#[test]
fn its_maxima_are_those_of_the_code() {
    let check = |text: String| assert!(GUIDE.contains(&text), "{text}");
    check(format!("{} MiB", ken_hl7::LEN_MAX >> 20));
    check("20,000 segments and 1,000,000 fields".to_owned());
    assert_eq!((ken_hl7::SEGMENTS_MAX, ken_hl7::FIELDS_MAX), (20_000, 1_000_000));
}

/// A message of each kind that the hub takes is a document of the standards, and the standards have
/// no other kind.
#[test]
fn what_the_hub_makes_of_a_message_is_a_document_of_the_standards() {
    let kinds = Standard::Message.schema().value()["properties"]["kind"]["enum"].clone();
    let kinds: Vec<String> = serde_json::from_value(kinds).unwrap();
    let known: BTreeSet<_> = DOCUMENT_KINDS.iter().map(|kind| kind.code).collect();
    let told: BTreeSet<_> = kinds.iter().map(String::as_str).chain(["ALERT"]).collect();
    assert_eq!(told, known);
    for kind in DOCUMENT_KINDS {
        let text = format!(
            "MSH|^~\\&|SWIS|CEC|KEN|HUB|20261121101500||MDM^T02^MDM_T02|SW-1|P|2.5\r\
             EVN|T02|20261121101500\r\
             PID|1||991^^^CEC^PI||Sample^Isla\r\
             TXA|1|{}^^KENdocument|TX|202611201400|||||S12^Field^Ana|||N-8|||||AU||AV||||||Told\r\
             OBX|1|TX|EVENT^What happened^KENsection||Isla was making supper.||||||F\r",
            kind.code,
        );
        let mapped = map(&Message::parse(text.as_bytes()).unwrap()).unwrap();
        let made = &mapped.resources[1];
        let mut resource = made.resource.clone();
        resource.relink(&|_| Some("Patient/6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".to_owned()));
        let marks: Vec<&str> = made.labels.iter().map(ken_core::Label::as_str).collect();
        let is_alert = kind.code == "ALERT";
        let standard = if is_alert { Standard::Alert } else { Standard::Message };
        let document = standard.read(&resource, &marks).unwrap();
        let said = document.value();
        assert_eq!(said["title"], "Told", "{}", kind.code);
        assert_eq!(said["id"]["value"], "N-8", "{}", kind.code);
        assert_eq!(said["person"]["identifiers"][0]["system"], "urn:ken:person", "{}", kind.code);
        let text = if is_alert { &said["details"][0] } else { &said["sections"][0]["text"] };
        assert_eq!(text, "Isla was making supper.", "{}", kind.code);
        let borne = said.get("marks").map_or(0, |borne| borne.as_array().unwrap().len());
        assert_eq!(borne, marks.len(), "{}", kind.code);
        let again = standard.read(&document.resource().unwrap(), &[]).unwrap();
        assert_eq!(&again, &document, "{}", kind.code);
    }
}
