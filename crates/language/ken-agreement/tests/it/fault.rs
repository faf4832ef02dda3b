//! What a text that is no instrument is told: every fault, where, why, and what to write.

use ken_agreement::{FAULT_KINDS, FAULTS_MAX, Instrument};

use crate::shelf;

const ASP: &str = "glen-asp-concern@2.1.0";

/// Faults as `line:column code what; help`.
fn faults(text: &str) -> Vec<String> {
    let told = Instrument::parse(text).unwrap_err().faults;
    let help = |help: &Option<String>| help.as_ref().map_or(String::new(), |h| format!("; {h}"));
    told.iter()
        .map(|f| format!("{}:{} {} {}{}", f.line, f.column, f.code, f.what, help(&f.help)))
        .collect()
}

#[test]
fn every_fault_is_told_at_its_place() {
    let text = "schema = \"isa/2\"\nagrement = 1\n\n[lifecycle]\nreview_due = 2028-03-31T10:00:00\n\
                grace_days = \"30\"\non_review_lapse = \"suspend-rutine\"\nsupersedes = [\"x\"]\n";
    let told = faults(text);
    let want = [
        "1:1 P-MISSING missing field `agreement`; add `agreement = \"...\"`",
        "1:10 P-VERSION unknown version `isa/2`; write `isa/1`",
        "2:1 P-UNKNOWN unknown field `agrement`; did you mean `agreement`?",
        "5:14 P-FORM expected a date, found a time of day; write a day as 2027-04-01",
        "6:14 P-KIND expected a whole number, found text; write it without quotes",
        "7:19 P-WORD unknown word `suspend-rutine`; did you mean `suspend-routine`?",
        "8:15 P-FORM `x` is not an id",
    ];
    assert_eq!(told.len(), want.len(), "{told:#?}");
    for (told, want) in told.iter().zip(want) {
        assert!(told.starts_with(want), "want {want}\n got {told}");
    }
}

#[test]
fn a_text_that_is_not_toml_is_told_all_its_broken_lines() {
    let told = faults("schema = \n\n[agreement\nid = \"a\"\nx y\n");
    assert!(told.len() >= 3, "{told:#?}");
    assert!(told[0].starts_with("1:") && told[0].contains("P-SYNTAX"), "{told:#?}");
    assert!(told.iter().any(|fault| fault.starts_with("5:")), "{told:#?}");
    assert!(!told.iter().any(|fault| fault.contains("P-MISSING")), "{told:#?}");
}

#[test]
fn every_kind_of_fault_is_found() {
    let text = shelf::text(ASP);
    let check = |old: &str, new: &str, want: &str| {
        assert!(text.contains(old), "{old}");
        let told = faults(&text.replacen(old, new, 1));
        assert!(told.iter().any(|fault| fault.contains(want)), "{want}: {told:#?}");
    };
    check("schema = \"isa/1\"", "schema = ", "P-SYNTAX");
    check("schema = \"isa/1\"", "schema = \"isa/2\"", "P-VERSION");
    check("deadline = \"1wd\"", "dead_line = \"1wd\"", "P-UNKNOWN unknown field `dead_line`");
    check("art6 = \"6(1)(e)\"\n", "", "P-MISSING missing field `art6`; add `art6 = \"6(1)(e)\"`");
    check("special = true", "special = \"yes\"", "P-KIND expected true or false, found text");
    check("kind = \"health\"", "kind = \"helth\"", "P-WORD unknown word `helth`; did you mean");
    check("id = \"C1\"", "id = \"C 1\"", "P-FORM `C 1` is not an id");
    check("cec = { rule", "\"c c\" = { rule", "P-FORM `c c` is not a word");
    let long = "#".repeat((1 << 20) + 1);
    assert!(faults(&long)[0].contains("P-SIZE"));
    for kind in FAULT_KINDS {
        assert!(!kind.why.is_empty(), "{}", kind.code);
    }
}

#[test]
fn faults_are_bounded() {
    let text = "x = 1\n".repeat(100_000);
    assert_eq!(Instrument::parse(&text).unwrap_err().faults.len(), FAULTS_MAX);
}
