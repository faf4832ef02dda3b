//! The data sharing code's checklist: what a text leaves out stops a signature, item by item.
//!
//! # Sources
//!
//! - The Information Commissioner's data sharing code, annex A, in our own words.

use std::collections::BTreeSet;

use ken_agreement::Instrument;
use ken_agreement::lint::{Severity, lint};

use crate::shelf;

const ASP: &str = "glen-asp-concern@2.1.0";

/// What is taken out of the worked example: a whole table by its head, or one text for another.
enum Left {
    Table(&'static str),
    Text(&'static str, &'static str),
}
use Left::{Table, Text};

/// An item of the checklist, what is left out, and the code that stops a signature then.
const ITEMS: &[(&str, Left, &str)] = &[
    (
        "what it is to achieve",
        Text(
            "text = \"Plan services from counts that identify nobody.\"",
            "text = \"To share information as required.\"",
        ),
        "E-VAGUE",
    ),
    (
        "why it is needed, and whether less would do",
        Text("why = \"to decide whether somebody is at risk; a count could not\"\n", ""),
        "E-WHY",
    ),
    ("where it comes from", Text("source = \"the Community Health Index\"\n", ""), "E-ORIGIN"),
    ("no more than is needed", Text("\"C5.fields\"", "\"C2.fields\""), "E-MITIGATION"),
    ("what could go wrong for people", Table("[dpia]"), "E-DPIA"),
    ("whether it is fair to all", Table("[equality]"), "E-EQIA"),
    (
        "children's best interests",
        Text("children = \"Only", "children = \"\" # \"Only"),
        "E-CHILDREN",
    ),
    ("special categories", Text("art9 = \"9(2)(g)\"\n", ""), "E-ART9"),
    ("offences", Text("art10 = true\n", ""), "E-ART10"),
    ("law enforcement", Text("part3_gateway = \"DPA 2018 part 3: ", "# "), "E-PART3"),
    (
        "the lawful basis",
        Text("purposes = [\"support-offer\"]", "purposes = [\"vital\"]"),
        "E-NOBASIS",
    ),
    ("the power", Text("power = [\"Contract with Glen Council\"]", "power = []"), "E-POWER"),
    ("the duty of confidence", Text("confidentiality = \"public-interest\"\n", ""), "P-MISSING"),
    (
        "who confirmed it",
        Text("confirmed_by = \"J. Example, solicitor, 2027-02-01\"", "confirmed_by = \"\""),
        "E-UNCONFIRMED",
    ),
    ("who is involved", Text("{ party = \"rowan\", roles", "{ party = \"oak\", roles"), "E-PARTY"),
    ("how people are told", Table("[transparency]"), "E-NOTICE"),
    ("how it is kept accurate", Table("[quality]"), "E-QUALITY"),
    ("how it is kept safe", Table("[security]"), "E-SECURITY"),
    ("how long it is kept", Text("rowan = { rule", "# rowan = { rule"), "E-RETENTION"),
    ("how people use their rights", Table("[rights]"), "E-RIGHTS"),
    ("who answers them", Table("[responsibilities]"), "E-RESPONSIBLE"),
    ("when it is looked at again", Text("review_due = 2028-03-31\n", ""), "P-MISSING"),
    ("which systems it runs between", Text("systems = { from", "# systems = { from"), "E-SYSTEMS"),
];

fn without(left: &Left) -> String {
    let text = shelf::text(ASP);
    match left {
        Text(old, new) => {
            assert!(text.contains(old), "{old}");
            text.replacen(old, new, 1)
        }
        Table(head) => {
            let start = text.find(&format!("\n{head}\n")).unwrap_or_else(|| panic!("{head}")) + 1;
            let rest = &text[start + head.len()..];
            let end = rest.find("\n[").map_or(text.len(), |at| start + head.len() + at);
            format!("{}{}", &text[..start], &text[end..])
        }
    }
}

/// The codes that stop a text from being signed.
fn stops(text: &str) -> BTreeSet<&'static str> {
    let own = match Instrument::parse(text) {
        Ok(own) => own,
        Err(error) => return error.faults.iter().map(|fault| fault.code).collect(),
    };
    let all = shelf::all();
    let others: Vec<_> = all.iter().filter(|other| other.name() != own.name()).collect();
    let found = lint(&own, &others);
    found.iter().filter(|one| one.severity < Severity::Warning).map(|one| one.code).collect()
}

#[test]
fn each_item_of_the_data_sharing_code_stops_a_signature_when_it_is_missing() {
    assert_eq!(stops(shelf::text(ASP)), BTreeSet::new());
    for (item, left, code) in ITEMS {
        let found = stops(&without(left));
        assert!(found.contains(code), "{item}: want {code}, found {found:?}");
    }
    // An emergency is planned for, in the text or in what it stands under.
    let alone = shelf::one("glen-girfec@1");
    assert!(lint(&alone, &[]).iter().any(|one| one.code == "E-NOEXCEPTIONAL"));
}

/// Confidence is a field of its own: no basis has none, and none stands in for it.
#[test]
fn a_basis_says_what_satisfies_the_duty_of_confidence() {
    let text = shelf::text(ASP);
    let said = text.lines().filter(|line| line.starts_with("confidentiality = "));
    assert_eq!(said.clone().count(), 5);
    for line in said.collect::<BTreeSet<_>>() {
        for new in ["", "confidentiality = \"6(1)(e)\"", "confidentiality = \"\""] {
            let told = Instrument::parse(&text.replacen(line, new, 1)).unwrap_err().faults;
            let codes: BTreeSet<_> = told.iter().map(|fault| fault.code).collect();
            assert!(codes.contains("P-MISSING") || codes.contains("P-WORD"), "{new}: {codes:?}");
        }
    }
    let shown = ken_agreement::show::markdown(&ken_agreement::show::agreement(&shelf::one(ASP)));
    let row = shown.lines().find(|line| line.contains("Contract with Glen Council |")).unwrap();
    assert!(row.contains("UK GDPR art. 6(1)(f)") && row.contains("| public interest |"), "{row}");
}
