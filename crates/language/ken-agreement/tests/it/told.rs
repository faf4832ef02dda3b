//! What an agreement tells people beside its flows: who decides together, who processes for whom,
//! what binds and runs nothing, what it rests on, and the name they know it by.

use ken_agreement::cedar::policies;
use ken_agreement::lint::{lint, unsound};
use ken_agreement::show::{agreement, markdown, notice};
use ken_agreement::{Instrument, Template, Tier};

use crate::shelf;

const ASP: &str = "glen-asp-concern@2.1.0";

fn codes(own: &Instrument) -> Vec<&'static str> {
    let all = shelf::all();
    let others: Vec<_> = all.iter().filter(|other| other.name() != own.name()).collect();
    lint(own, &others).iter().map(|one| one.code).collect()
}

#[test]
fn people_are_told_who_decides_together_for_which_purpose() {
    let told = |own: &Instrument, easy| markdown(&notice(&[own], easy));
    let alone = shelf::one(ASP);
    for easy in [false, true] {
        assert!(!told(&alone, easy).contains("together"), "{easy}: controllers in common");
    }
    let part =
        shelf::changed(ASP, "dpv = \"dpv:CommunicationManagement\"", "controllership = \"joint\"");
    assert_eq!(codes(&part), [""; 0]);
    let said = told(&part, false);
    let joint: Vec<_> = said.lines().filter(|line| line.contains("decide together")).collect();
    assert_eq!(joint.len(), 1, "{joint:?}");
    assert!(joint[0].contains("Tell whoever referred the adult"), "{joint:?}");
    assert!(joint[0].contains("Begin with Glen Council (made up)"), "{joint:?}");
    let each = said.lines().filter(|line| line.contains("each decide and answer for themselves"));
    assert_eq!(each.count(), 5, "every other purpose is each one's own");
    assert!(told(&part, true).contains("decide some things together"));
    assert!(markdown(&agreement(&part)).contains("| joint controllers |"));
    // Who answers a request, of each party.
    let row = "| Rowan Support (made up) | information governance team | the team that recorded it";
    assert!(said.contains(row), "{said}");
    // Joint controllers without a point to turn to are no arrangement.
    let text = shelf::text(ASP).replacen("single_point = \"cec\"\n", "", 1);
    let text = text.replacen("controllership = \"independent\"", "controllership = \"joint\"", 1);
    assert!(codes(&Instrument::parse(&text).unwrap()).contains(&"E-JOINT"));
}

#[test]
fn a_processor_is_no_party_and_its_own_processors_are_listed() {
    let with = |id: &str, more: &str| {
        let one = format!(
            "[[processor]]\nid = \"{id}\"\nname = \"Glen Hosting (made up)\"\nacts_for = \"cec\"\n\
            terms = \"contract 17\"\n{more}\n[transparency]\n"
        );
        shelf::changed(ASP, "[transparency]\n", &one)
    };
    let below = with("hosting", "sub_processors = [\"Backup Ltd\", \"Cloud Ltd\"]\n");
    assert_eq!(codes(&below), [""; 0]);
    let shown = markdown(&agreement(&below));
    assert!(shown.contains("Glen Hosting (made up) processes for Glen Council (made up)"));
    assert!(shown.contains("Its own processors: Backup Ltd, Cloud Ltd."), "{shown}");
    assert!(markdown(&agreement(&with("hosting", ""))).contains("no processor of its own"));
    assert_ne!(below.hash(), with("hosting", "").hash(), "they are signed");
    assert_eq!(codes(&with("rowan", "")), ["E-PROCESSOR"], "a party is no processor");
}

#[test]
fn terms_are_signed_and_shown_and_run_nothing() {
    let own = shelf::one(ASP);
    let said = "Each party answers for the loss that its own people cause";
    let other = shelf::changed(ASP, said, "The council answers for the loss that others cause");
    assert_ne!(own.hash(), other.hash(), "a signature is over the terms too");
    let shown = markdown(&agreement(&own));
    let line = shown.lines().find(|line| line.contains(said)).unwrap();
    assert!(line.contains("binds the parties; no program executes it"), "{line}");
    let run = |of: &Instrument| {
        let all = policies(of, &own.hash());
        all.into_iter().map(|one| format!("{one:?}")).collect::<Vec<_>>()
    };
    assert_eq!(run(&own), run(&other), "no rule changes");
}

#[test]
fn what_a_clause_rests_on_is_signed_and_shown() {
    let guide = "National Guidance for Child Protection in Scotland 2021";
    let own = shelf::one("glen-girfec@1");
    let cites = format!("cite = [\"{guide}\"]\nrequire = [\"relationship:girfec-team\"]");
    let with = shelf::changed("glen-girfec@1", "require = [\"relationship:girfec-team\"]", &cites);
    assert_eq!(codes(&with), [""; 0]);
    assert_ne!(own.hash(), with.hash());
    let shown = markdown(&agreement(&with));
    let row = shown.lines().find(|line| line.starts_with("| W1 |")).unwrap();
    assert!(row.contains(&format!("rests on {guide}")), "{row}");
    assert!(!markdown(&agreement(&own)).contains(guide));
}

#[test]
fn a_situation_specific_agreement_is_an_agreement_by_its_own_name() {
    let own = Instrument::parse(&Template::Sissa.text()).unwrap();
    assert_eq!(own.agreement.tier, Tier::Isa);
    let name = "Situation-specific information sharing agreement (SISSA); information sharing \
        agreement";
    assert_eq!(own.agreement.shown_as(), name);
    assert!(markdown(&agreement(&own)).contains(name));
    assert_eq!(unsound(&own), [], "it runs as any agreement does");
    assert_eq!(policies(&own, &own.hash()).len(), own.clauses.len());
}
