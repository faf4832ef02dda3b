//! A change of the law is told to whoever rests on it, clause by clause and basis by basis.

use ken_agreement::Instrument;
use ken_agreement::lint::lint;

use crate::shelf;

const PACK: &str = "statute-pack@2027-04";

/// The pack that replaces the one we have, with one text for another.
fn newer(old: &str, new: &str) -> Instrument {
    let mut newer = shelf::changed(PACK, old, new);
    newer.agreement.version = "2028-04".parse().unwrap();
    newer.lifecycle.supersedes = [PACK.parse().unwrap()].into();
    newer
}

/// Where an instrument rests on what a newer pack says otherwise.
fn touched(name: &str, newer: &Instrument) -> Vec<String> {
    let all = shelf::all();
    let own = shelf::one(name);
    let others = all.iter().filter(|other| other.name() != own.name()).chain([newer]);
    let found = lint(&own, &others.collect::<Vec<_>>());
    assert!(found.iter().all(|one| one.code == "E-LAW"), "{found:?}");
    found.into_iter().map(|one| one.at).collect()
}

#[test]
fn a_change_of_law_names_each_clause_and_opens_each_basis_that_rests_on_it() {
    let asp = "glen-asp-concern@2.1.0";
    let check = |old: &str, new: &str, want: &[&str]| {
        let newer = newer(old, new);
        assert_eq!(touched(asp, &newer), want, "{new}");
        let quiet: &[&str] = &[];
        assert_eq!(touched("glen-girfec@1", &newer), quiet, "{new}: others rest on nothing of it");
    };
    // The same words, read again later.
    check("checked = 2026-11-21", "checked = 2027-11-21", &[]);
    // Section 5(3) asks something else: the police's duty rests on it, and what both confirmed.
    let s5 = "require = [\"age>=16\"]\nattest";
    check(s5, "require = [\"age>=18\"]\nattest", &["C1", "b.cec.asp", "b.police.asp"]);
    // Section 10 is gone.
    check("id = \"asp.s10\"", "id = \"asp.s10a\"", &["C4", "b.cec.asp", "b.nhsl"]);
    // Other words to affirm, which sections 5(3) and 5(2) ask for.
    let words = "necessary-proportionate = \"I share only what this purpose needs.\"";
    let other = "necessary-proportionate = \"I share what I must.\"";
    check(words, other, &["C1", "C3", "b.cec.asp", "b.nhsl", "b.police.asp"]);
}

#[test]
fn who_cites_a_provision_is_told_that_it_changed() {
    let newer = newer("within", "within");
    let newer = Instrument { clauses: vec![], ..newer };
    let law = "Adult Support and Protection (Scotland) Act 2007 s.10";
    let text = shelf::text("glen-girfec@1");
    let cites = format!("purpose = \"girfec-wellbeing\"\ncite = [\"{law}\"]\n");
    let own = Instrument::parse(&text.replacen("purpose = \"girfec-wellbeing\"\n", &cites, 1));
    let own = own.unwrap();
    let all = shelf::all();
    let others = all.iter().filter(|other| other.name() != own.name()).chain([&newer]);
    let found = lint(&own, &others.collect::<Vec<_>>());
    let at: Vec<_> = found.iter().map(|one| (one.code, one.at.as_str())).collect();
    assert_eq!(at, [("E-LAW", "W1"), ("E-LAW", "b.health"), ("E-LAW", "b.public")]);
}
