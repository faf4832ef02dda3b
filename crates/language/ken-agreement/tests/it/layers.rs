//! Four layers on one shelf: what stands above, what is missing, what replaces what.

use ken_agreement::{KNOWN, PACKS, Shelf, Tier};

use crate::shelf;

fn full() -> Shelf {
    let mut shelf = Shelf::default();
    for instrument in shelf::all() {
        shelf.put(instrument).unwrap();
    }
    shelf
}

#[test]
fn a_work_instruction_stands_under_all_four_layers() {
    let shelf = full();
    let work = shelf::one("glen-police-asp@1");
    let above: Vec<_> = shelf.above(&work).iter().map(|i| i.name().to_string()).collect();
    assert_eq!(above, ["glen-asp-concern@2.1.0", "scot-accord@3", "statute-pack@2027-04"]);
    assert!(shelf.missing(&work).is_empty());
    assert!(shelf.lint(&work).is_empty(), "{:?}", shelf.lint(&work));
    let asp = shelf::one("glen-asp-concern@2.1.0");
    let mut alone = Shelf::default();
    alone.put(asp.clone()).unwrap();
    let missing: Vec<_> = alone.missing(&asp).iter().map(ToString::to_string).collect();
    assert_eq!(missing, ["scot-accord@3", "statute-pack@2027-04"]);
    let codes: Vec<_> = alone.lint(&asp).iter().map(|f| f.code).collect();
    assert!(codes.contains(&"E-UNDER") && codes.contains(&"E-SOURCE"), "{codes:?}");
}

#[test]
fn a_circle_ends() {
    let mut shelf = full();
    let mut accord = shelf::one("scot-accord@3");
    accord.agreement.version = "4".parse().unwrap();
    accord.agreement.under = ["glen-girfec@2".parse().unwrap()].into();
    let mut girfec = shelf::one("glen-girfec@1");
    girfec.agreement.version = "2".parse().unwrap();
    girfec.agreement.under = ["scot-accord@4".parse().unwrap()].into();
    girfec.lifecycle.supersedes = ["glen-girfec@1".parse().unwrap()].into();
    shelf.put(accord).unwrap();
    shelf.put(girfec.clone()).unwrap();
    assert_eq!(shelf.above(&girfec).len(), 1);
    let old = "glen-girfec@1".parse().unwrap();
    let newer: Vec<_> = shelf.replaced_by(&old).map(|i| i.name().to_string()).collect();
    assert_eq!(newer, ["glen-girfec@2"]);
}

#[test]
fn one_name_is_one_instrument() {
    let mut shelf = full();
    let mut other = shelf::one("glen-girfec@1");
    shelf.put(other.clone()).unwrap();
    other.agreement.notice_days = 91;
    assert_eq!(shelf.put(other).unwrap_err().to_string(), "glen-girfec@1");
}

#[test]
fn each_pack_is_what_was_published() {
    for pack in PACKS {
        let own = ken_agreement::Instrument::parse(pack.text).unwrap().hash();
        let opened = pack.open().unwrap_or_else(|| panic!("pinned {}, is {own}", pack.hash));
        assert_eq!(opened.agreement.tier, Tier::StatutePack);
        for clause in &opened.clauses {
            assert!(!clause.cite.is_empty() && clause.checked.is_some(), "{}", clause.id);
        }
        let other = ken_agreement::Pack { hash: "ab12", ..pack };
        assert!(other.open().is_none());
    }
}

#[test]
fn people_read_the_names_that_they_know() {
    let check = |name: &str, want: &str| {
        assert_eq!(shelf::one(name).agreement.shown_as(), want);
    };
    let accord = "Accord (SASPI; now Information Sharing Toolkit); accord (tier 1)";
    check("scot-accord@3", accord);
    check("glen-girfec@1", "Information Sharing Protocol (ISP); information sharing agreement");
    check("glen-police-asp@1", "work instruction");
    let mut other = shelf::one("glen-girfec@1").agreement;
    other.known_as = Some("Tier 2 agreement".to_owned());
    assert_eq!(other.shown_as(), "Tier 2 agreement; information sharing agreement");
    assert_eq!(KNOWN.len(), 6);
}
