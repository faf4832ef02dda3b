//! `docs/messages.md` says what the code does: its tables and its examples are tried.

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
