//! Documents, notices, differences, reports and exports of the made-up partnership.

use std::collections::BTreeSet;

use ken_agreement::check::{check, sarif};
use ken_agreement::diff::diff;
use ken_agreement::export::{dpv, fhir_r4, fhir_r5, odrl};
use ken_agreement::show::{agreement, html, markdown, notice, told};
use ken_agreement::{Instrument, Shelf, Template};
use serde_json::Value;

use crate::shelf;

const ASP: &str = "glen-asp-concern@2.1.0";

fn full() -> Shelf {
    let mut shelf = Shelf::default();
    for instrument in shelf::all() {
        shelf.put(instrument).unwrap();
    }
    shelf
}

#[test]
fn the_document_has_the_sections_of_the_template_in_their_order() {
    let text = markdown(&agreement(&shelf::one(ASP)));
    let numbers: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("##"))
        .map(|line| line.trim_start_matches('#').trim().split(' ').next().unwrap())
        .collect();
    let want =
        "1.1 1.2 1.2.1 1.2.2 2 3.1 3.2 3.3 4 5 6 7 8 9 9.1 10 11.1 11.2 11.3 11.4 11.5 12 13";
    assert_eq!(numbers.join(" "), want);
    let own = shelf::one(ASP);
    assert!(text.contains(own.hash().as_str()), "the identity that is signed");
    for clause in &own.clauses {
        assert!(text.contains(&clause.text), "{}: its sentence", clause.id);
    }
    assert!(text.contains("Information Sharing Protocol (ISP)"));
    assert!(text.contains("data controllers in common"));
    assert!(text.contains("Privacy Impact Assessment (DPIA)"));
    assert!(text.contains("fair processing notice"));
}

#[test]
fn no_text_of_an_instrument_becomes_markup() {
    let nasty = "</td><script>alert(1)</script>\"'&";
    let own =
        shelf::changed(ASP, "title = \"", &format!("title = '{}' #", nasty.replace('\'', "")));
    let page = html(&agreement(&own));
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    assert_eq!(page.matches("<h1>").count(), 1);
    assert!(page.contains("<html lang=\"en-GB\">") && page.contains("<th scope=\"col\">"));
    let text = markdown(&agreement(&shelf::changed(ASP, "title = \"", "title = \"a|b `c` <i> ")));
    assert!(text.starts_with("# a\\|b \\`c\\` \\<i\\> "), "{}", &text[..40]);
}

/// From the clauses alone, by another way: recipients and purposes that a notice must name.
fn wanted(own: &Instrument) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for clause in own.clauses.iter().filter(|clause| !clause.action.is_empty()) {
        let purpose = clause.purpose.as_ref().unwrap();
        let why = own.purposes.iter().find(|one| one.id == *purpose).unwrap().text.clone();
        let to = clause.to.party.to_string();
        let names: Vec<String> = match to.as_str() {
            "*referrer" => vec!["Whoever referred you".to_owned()],
            "*person" => vec!["You, or who acts for you".to_owned()],
            "*own" => vec!["The organisation that recorded it".to_owned()],
            "*" => own
                .parties
                .iter()
                .filter(|p| {
                    let kind = clause.to.kinds.is_empty() || clause.to.kinds.contains(&p.kind);
                    // Nobody receives from itself.
                    let sends = clause.from.party.to_string() == p.id.as_str();
                    let any = clause.to.roles.contains("*");
                    let named = clause.to.roles.iter().any(|role| p.roles.contains(role));
                    kind && !sends && (any || named)
                })
                .map(|p| p.name.clone())
                .collect(),
            id => vec![own.parties.iter().find(|p| p.id.as_str() == id).unwrap().name.clone()],
        };
        all.extend(names.into_iter().map(|name| (name, why.clone())));
    }
    all
}

#[test]
fn the_notice_names_exactly_who_receives_and_why() {
    let all = shelf::all();
    let parties = |own: &&Instrument| !own.parties.is_empty() && !own.clauses.is_empty();
    let signed: Vec<_> = all.iter().filter(parties).collect();
    for own in &signed {
        let told: BTreeSet<_> =
            told(&[own]).into_iter().map(|one| (one.recipient, one.purpose)).collect();
        assert_eq!(told, wanted(own), "{}", own.name());
    }
    let want: BTreeSet<_> = signed.iter().flat_map(|own| wanted(own)).collect();
    for easy in [false, true] {
        let text = html(&notice(&signed, easy));
        for (recipient, purpose) in &want {
            let (recipient, purpose) =
                (recipient.replace('\'', "&#39;"), purpose.replace('\'', "&#39;"));
            assert!(text.contains(&recipient), "{easy}: {recipient}");
            assert!(text.contains(&purpose), "{easy}: {purpose}");
        }
    }
    // Another agreement's purposes are not in the notice of this one.
    let one = html(&notice(&[&shelf::one("glen-girfec@1")], false));
    assert!(!one.contains("adult is at risk of harm"));
}

#[test]
fn a_difference_is_told_in_words() {
    let old = shelf::one(ASP);
    assert!(diff(&old, &old).is_empty());
    let wider = shelf::changed(
        ASP,
        "to = { party = \"nhsl\", roles = [\"nhs.public-protection\", \"nhs.ooh\", \"nhs.ed\"] }",
        "to = { party = \"nhsl\", \
            roles = [\"nhs.gp\", \"nhs.public-protection\", \"nhs.ooh\", \"nhs.ed\"] }",
    );
    let changes = diff(&old, &wider);
    assert!(changes.no_longer.is_empty() && changes.otherwise.is_empty(), "{changes:#?}");
    assert_eq!(changes.newly_allowed.len(), 4, "{changes:#?}");
    let start = "NHS Glen (made up) (nhs.gp) may now be sent, be alerted with from Glen Police";
    assert!(changes.newly_allowed.iter().all(|one| one.starts_with(start)), "{changes:#?}");
    assert_eq!(diff(&wider, &old).no_longer.len(), 4);
    // One field less, and a condition more.
    let narrower = shelf::changed(ASP, "fields = [\"name\", \"phone\", ", "fields = [\"name\", ");
    let changes = diff(&old, &narrower);
    assert!(changes.newly_allowed.is_empty());
    assert_eq!(changes.no_longer.len(), 1);
    assert!(changes.no_longer[0].contains("(only phone)"), "{changes:#?}");
    let stricter = shelf::changed(ASP, "require = [\"age>=16\"]", "require = [\"age>=18\"]");
    let changes = diff(&old, &stricter);
    assert_eq!(changes.otherwise, ["C1: what it requires was age>=16, is age>=18"]);
    // A new prohibition takes away what a clause still says.
    let forbidden = shelf::changed(
        ASP,
        "labels = [\"restricted\", \"third-party\"]",
        "categories = [\"views\"]",
    );
    let changes = diff(&old, &forbidden);
    assert!(changes.no_longer.iter().any(|one| one.starts_with("Rowan Support")), "{changes:#?}");
}

#[test]
fn findings_are_told_as_a_compiler_does() {
    let text = shelf::text(ASP).replacen(
        "purpose = \"support-offer\"\ncat",
        "purpose = \"suport\"\ncat",
        1,
    );
    let checked = check("a.toml", &text, &full());
    assert!(checked.errors() >= 1);
    let told = checked.as_text();
    assert!(told.contains("error[E-PURPOSE]: C5: "), "{told}");
    assert!(told.contains("purpose = \"suport\"\n"), "{told}");
    assert!(told.contains(" | ^^^^^^^^^^^^^^^^^^\n"), "{told}");
    assert!(told.contains("= page: docs/guide/lint/E-PURPOSE.md"), "{told}");
    let json = checked.as_json();
    assert_eq!(json["found"][0]["line"], checked.found[0].line);
    let log = sarif(&[checked]);
    assert_eq!(log["version"], "2.1.0");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let result = results.iter().find(|result| result["ruleId"] == "E-PURPOSE").unwrap();
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["endColumn"].as_u64().unwrap() - region["startColumn"].as_u64().unwrap(), 18);
    let broken = check("b.toml", "x = \u{7}\n", &full()).as_text();
    assert!(broken.starts_with("error[P-") && !broken.contains('\u{7}'), "{broken}");
}

#[test]
fn every_template_parses_and_leaves_only_what_people_must_decide() {
    for template in Template::ALL {
        let instrument = Instrument::parse(&template.text()).unwrap();
        let mut codes: Vec<_> = full().lint(&instrument).iter().map(|f| f.code).collect();
        codes.sort_unstable();
        codes.dedup();
        let accord = template == Template::Saspi;
        let want: &[&str] = if accord {
            &["E-UNCONFIRMED"]
        } else {
            &["E-NOEXCEPTIONAL", "E-UNCONFIRMED", "E-UNDER"]
        };
        assert_eq!(codes, want, "{template:?}");
    }
}

#[test]
fn each_export_says_every_clause_and_what_it_loses() {
    let own = shelf::one(ASP);
    let exports = [
        ("odrl", odrl(&own)),
        ("dpv", dpv(&own)),
        ("fhir-r4", fhir_r4(&own)),
        ("fhir-r5", fhir_r5(&own)),
    ];
    for (name, export) in exports {
        let text = export.body.to_string();
        for clause in &own.clauses {
            let id = clause.id.as_str();
            let lost =
                export.lost.iter().any(|one| one.clause == id && one.what.contains("as a whole"));
            let there =
                text.contains(&format!("#{id}\"")) || text.contains(&format!("\"id\":\"{id}\""));
            assert!(there != lost, "{name}: {id}");
            let loses =
                |what: &str| export.lost.iter().any(|o| o.clause == id && o.what.contains(what));
            assert_eq!(loses("never block"), !clause.expect.is_empty(), "{name} {id}");
            assert_eq!(loses("survives"), clause.source.is_some(), "{name} {id}");
        }
        assert!(
            !empty(&export.body) || !name.starts_with("fhir"),
            "{name}: FHIR has nothing empty"
        );
        assert!(export.whole()["lost"].as_array().unwrap().len() > 5);
    }
    let affirmed = &own.attestations.values().next().unwrap();
    assert!(fhir_r4(&own).body.to_string().contains(affirmed.as_str()));
}

#[test]
fn whatever_linked_data_takes_for_a_name_is_one() {
    let is_name = |text: &Value| {
        let text = text.as_str().unwrap_or_default();
        ["urn:", "ken:", "dpv:", "eu-gdpr:"].iter().any(|start| text.starts_with(start))
    };
    for own in shelf::all() {
        let odrl = odrl(&own).body;
        let rules =
            ["permission", "prohibition"].map(|kind| odrl[kind].as_array().unwrap().clone());
        for rule in rules.concat() {
            for end in ["assigner", "assignee", "target"] {
                let named = rule[end].as_array().unwrap();
                assert!(!named.is_empty() && named.iter().all(is_name), "{end} of {rule}");
            }
        }
        let dpv = dpv(&own).body;
        let all = dpv["@graph"].as_array().unwrap().iter();
        for one in all.filter(|one| one["@type"] == "dpv:Process") {
            for link in ["dpv:hasLegalBasis", "dpv:hasRecipient", "dpv:hasPersonalData"] {
                let named = one[link].as_array().unwrap();
                assert!(named.iter().all(|named| is_name(&named["@id"])), "{link} of {one}");
            }
        }
    }
}

/// Whether a list, an object or a null stands empty anywhere.
fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty() || items.iter().any(empty),
        Value::Object(members) => members.is_empty() || members.values().any(empty),
        _ => false,
    }
}
