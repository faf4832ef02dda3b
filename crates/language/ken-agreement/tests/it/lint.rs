//! Each rule is broken once, and found; the partnership's own instruments break none.

use std::collections::BTreeSet;

use ken_agreement::Instrument;
use ken_agreement::lint::{lint, unsound};

use crate::shelf;

const ASP: &str = "glen-asp-concern@2.1.0";

fn codes(instrument: &Instrument) -> BTreeSet<String> {
    let shelf = shelf::all();
    let sources: Vec<_> = shelf.iter().collect();
    lint(instrument, &sources).into_iter().map(|f| format!("{} {}", f.code, f.at)).collect()
}

#[test]
fn the_partnership_is_clean() {
    for instrument in shelf::all() {
        assert_eq!(codes(&instrument), BTreeSet::new(), "{}", instrument.name());
    }
    // So are copies in force at another time, as the demo signs them.
    let start = jiff::civil::date(2026, 9, 22);
    let copies: Vec<_> = shelf::all().into_iter().map(|text| text.dated_from(start)).collect();
    let sources: Vec<_> = copies.iter().collect();
    for copy in &copies {
        assert_eq!(lint(copy, &sources), [], "{}", copy.name());
    }
}

/// What a change to the worked example breaks; each row is one rule, or one way to break it.
const BROKEN: &[(&str, &str, &str)] = &[
    (
        "purpose = \"support-offer\"\ncategories",
        "purpose = \"suport-offer\"\ncategories",
        "E-PURPOSE C5",
    ),
    ("categories = [\"outcome\"]", "categories = [\"outcomes\"]", "E-CATEGORY C7"),
    ("fields = [\"name\", \"phone\", \"comm", "fields = [\"name\", \"fone\", \"comm", "E-FIELD C5"),
    ("except = [\"X1\"]", "except = [\"X2\"]", "E-EXCEPT P1"),
    ("except = [\"X1\"]", "except = [\"P2\"]", "E-EXCEPT P1"),
    ("least-restrictive = \"Of", "least-strict = \"Of", "E-ATTEST C4"),
    (
        "reason-free-text = \"My reason, in my own words:\"",
        "reason-free-text = \" \"",
        "E-ATTEST X1",
    ),
    (
        "require = [\"recipient:is-referrer\"]",
        "require = [\"recipient:is-referrer@sure\"]",
        "E-GRADE C7",
    ),
    ("require = [\"sdc:phs-2.1\"]", "labels = [\"restricted\"]", "E-LABEL C8"),
    ("require = [\"sdc:phs-2.1\"]", "scope = \"lineage\"", "E-LABEL C8"),
    ("require = [\"sdc:phs-2.1\"]", "except = [\"X1\"]", "E-LABEL C8"),
    ("labels = [\"restricted\", \"third-party\"]", "require = [\"age>=16\"]", "E-PERMITONLY P2"),
    (
        "labels = [\"restricted\", \"third-party\"]",
        "attest = [\"least-restrictive\"]",
        "E-PERMITONLY P2",
    ),
    ("labels = [\"restricted\", \"third-party\"]", "purpose = \"vital\"", "E-PERMITONLY P2"),
    ("action = [\"aggregate\"]", "action = []", "E-EMPTY C8"),
    ("categories = [\"aggregate\"]", "categories = []", "E-EMPTY C8"),
    ("to = { party = \"police\", roles", "to = { party = \"polis\", roles", "E-PARTY P1"),
    ("party = \"police\"\npurposes", "party = \"polis\"\npurposes", "E-PARTY b.police.asp"),
    ("roles = [\"pp.concern-hub\"] }", "roles = [\"pp.hub\"] }", "E-ROLE C2"),
    ("roles = [\"pp.concern-hub\"] }", "roles = [\"record\"] }", "E-ROLE C2"),
    ("to = { party = \"*referrer\"", "to = { party = \"*own\"", "E-RESERVED C7"),
    ("to = { party = \"*referrer\"", "to = { party = \"*person\"", "E-RESERVED C7"),
    ("party = \"*referrer\"", "party = \"rowan\", kinds = [\"health\"]", "E-RESERVED C7"),
    ("to = { party = \"*referrer\", roles", "to = { party = \"cec\", roles", "E-SELF C7"),
    ("to = { party = \"police\", roles", "to = { party = \"*referrer\", roles", "E-REFERRER P1"),
    ("id = \"C7\"", "id = \"C6\"", "E-TWICE C6"),
    ("\"ts.manager\"]\ndpo", "\"ts/manager\"]\ndpo", "E-WORD rowan ts/manager"),
    ("\"ts.manager\"]\ndpo", "\"record\", \"ts.manager\"]\ndpo", "E-WORD rowan record"),
    (
        "to = { party = \"*\", roles = [\"*\"] }\naction = [\"agg",
        "to = { party = \"*\", kinds = [\"independent\"], roles = [\"*\"] }\naction = [\"agg",
        "E-UNREACHABLE C8",
    ),
    ("id = \"C7\"", "id = \"C7\"\nstarts = 2027-03-31", "E-STAGE C7"),
    ("id = \"C7\"", "id = \"C7\"\nstarts = 2029-04-01", "E-STAGE C7"),
    ("id = \"C1\"", "id = \"C1\"\nstarts = 2027-09-01", "E-STAGE C1"),
    ("id = \"X1\"", "id = \"X1\"\nstarts = 2027-09-01", "E-STAGE X1"),
    ("id = \"P1\"", "id = \"P1\"\nstarts = 2027-09-01", "E-STAGE P1"),
    (
        "source = \"statute-pack@2027-04#asp.s5.3\"",
        "source = \"statute-pack@2028-04#asp.s5.3\"",
        "E-SOURCE C1 Absent",
    ),
    (
        "source = \"statute-pack@2027-04#asp.s5.3\"",
        "source = \"statute-pack@2027-04#asp.s5.9\"",
        "E-SOURCE C1 Absent",
    ),
    ("kind = \"exceptional\"", "kind = \"statutory\"", "E-SOURCE X1 Kind"),
    (
        "purpose = \"vital\"\ncategories",
        "purpose = \"asp-inquiry\"\ncategories",
        "E-SOURCE X1 Purpose",
    ),
    (
        "from = { party = \"police\", roles = [\"pp.concern-hub\", \"pp.supervisor\"] }",
        "from = { party = \"rowan\", roles = [\"*\"] }",
        "E-SOURCE C1 From",
    ),
    (
        "to = { party = \"cec\", roles = [\"sw.council-officer\"] }",
        "to = { party = \"rowan\", roles = [\"*\"] }",
        "E-SOURCE C4 To",
    ),
    (
        "action = [\"push\", \"answer\", \"view\", \"alert\"]",
        "action = [\"push\", \"export\"]",
        "E-SOURCE X1 Action",
    ),
    (
        "categories = [\"health-record\"]\nrequire",
        "categories = [\"health-record\", \"core\"]\nrequire",
        "E-SOURCE C4 Category",
    ),
    (
        "text = \"CHI number\"\nfields = [\"chi\"]",
        "text = \"CHI number\"\nfields = [\"chi\", \"ucrn\"]",
        "E-SOURCE C3 Field",
    ),
    (
        "require = [\"relationship:open-inquiry\", \"age>=16\"]",
        "require = [\"age>=16\"]",
        "E-SOURCE C3 Require",
    ),
    (
        "attest = [\"three-point-belief\", \"necessary",
        "attest = [\"necessary",
        "E-SOURCE C1 Attest",
    ),
    ("\"I share only what this purpose needs.\"", "\"Yes.\"", "E-SOURCE C1 Attest"),
    (
        "purposes = [\"support-offer\", \"asp-inquiry\", \"outcome",
        "purposes = [\"asp-inquiry\", \"outcome",
        "E-NOBASIS C5 rowan",
    ),
    (
        "confirmed_by = \"J. Example, solicitor, 2027-02-01\"",
        "confirmed_by = \"\"",
        "E-UNCONFIRMED b.police.asp",
    ),
    ("art9 = \"9(2)(g)\"\n", "", "E-ART9 C1 police"),
    ("art10 = true\nappropriate_policy_document = \"apd-cec-9\"\n", "", "E-ART10 C1 cec"),
    ("appropriate_policy_document = \"apd-rowan-2\"\n", "", "E-APD b.rowan"),
    ("art6 = \"6(1)(e)\"", "art6 = \"6(1)(f)\"", "E-PUBLIC-LI C1 police"),
    ("kind = \"routine\"\n", "kind = \"routine\"\nmodality = \"must\"\n", "E-DUTY-ROUTINE C2"),
    ("require = [\"age>=16\"]", "require = [\"age>=16\", \"trained:asp\"]", "E-DUTY-BLOCKED C1"),
    ("rowan = { rule", "nobody = { rule", "E-RETENTION rowan"),
    ("source = \"scot-accord@3#X1\"\n", "", "W-ORPHAN-DUTY X1"),
    ("party = \"rowan\"\nid = \"wi-", "party = \"cec\"\nid = \"wi-", "W-NOWI rowan"),
];

#[test]
fn every_rule_is_found_where_it_is_broken() {
    for (old, new, want) in BROKEN {
        let found = codes(&shelf::changed(ASP, old, new));
        assert!(found.contains(*want), "want {want}, found {found:?}");
    }
    let mut alone = shelf::one(ASP);
    alone.clauses.retain(|clause| clause.id.as_str() != "X1");
    assert!(lint(&alone, &[]).iter().any(|f| f.code == "E-NOEXCEPTIONAL"));
}

#[test]
fn what_would_break_the_gate_needs_no_sources_to_be_found() {
    assert_eq!(unsound(&shelf::one(ASP)), []);
    let misspelt =
        shelf::changed(ASP, "purpose = \"vital\"\ncategories", "purpose = \"vitl\"\ncategories");
    assert_eq!(unsound(&misspelt).len(), 1);
}

/// The design's own worked example, where it is at hand, lints as clean as ours.
#[test]
fn the_shared_worked_example_is_clean_in_itself() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../../shared/design/examples/glen-asp-concern.toml"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: ../shared is absent");
        return;
    };
    let instrument = Instrument::parse(&text).unwrap();
    // Its sources are not written; ours ask in other words. Everything else must be clean.
    let found = codes(&instrument);
    let rest = found.iter().filter(|found| !found.starts_with("E-SOURCE"));
    let rest: BTreeSet<_> = rest.map(|found| found.split(' ').next().unwrap()).collect();
    // It was written before these had a place in the language.
    let later = [
        "E-CHILDREN",
        "E-EQIA",
        "E-ORIGIN",
        "E-QUALITY",
        "E-RESPONSIBLE",
        "E-SYSTEMS",
        "E-WHY",
        "W-TERMS",
        "W-TRANSFER",
    ];
    assert_eq!(rest.into_iter().collect::<Vec<_>>(), later);
}
