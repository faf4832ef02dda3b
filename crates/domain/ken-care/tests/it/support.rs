//! A self-directed support plan, and what a provider reads of it.

use std::collections::BTreeMap;

use ken_care::form::{self, Answers, Form};
use ken_care::writing::{self, Answer, Request};
use ken_care::{assessment, draft};
use ken_core::Sensitive;
use ken_directory::Acting;
use ken_sharing::Decision;

use crate::world::{World, word, worlds_of};

const PARTY: &str = r#"[[party]]
id = "rowan"
name = "Rowan Support (made up)"
kind = "third-sector"
regime = "ukgdpr"
ico_registration = "Z0000004"
roles = ["ts.support-worker"]
dpo = "dpo@rowan.example"
senior_owner = "Chief Executive"
rights_contact = "rights@rowan.example"
commissioned_by = "cec"

[[purpose]]
id = "direct-care""#;

const BASIS: &str = r#"[[basis]]
id = "b.rowan"
party = "rowan"
purposes = ["direct-care"]
power = ["Contract with Glen Council"]
art6 = "6(1)(f)"
art9 = "9(2)(h)"
dpa_sch1 = ["para 2"]
confidentiality = "implied-direct-care"
confirmed_by = "J. Example, solicitor, 2027-02-01"

[[basis]]
id = "b.cec""#;

const CLAUSES: &str = r#"[[clause]]
id = "D7"
kind = "routine"
text = "Rowan Support, which gives the support, sees the plan."
from = { party = "cec", roles = ["*"] }
to = { party = "rowan", roles = ["ts.support-worker"] }
action = ["view"]
purpose = "direct-care"
categories = ["care-plan"]
require = ["relationship:direct-care"]
visible_to_person = "now"
systems = { from = "council social work system", to = "Rowan care diary" }

[[clause]]
id = "P2"
kind = "prohibition"
text = "What support costs, and what is about others, does not go to Rowan Support."
from = { party = "*", roles = ["*"] }
to = { party = "rowan", roles = ["*"] }
labels = ["budget", "third-party"]

[[clause]]
id = "S1""#;

const RETENTION: &str = r#"[retention]
rowan = { rule = "its own", cite = "retention schedule", on_source_delete = "review" }
"#;

const RESPONSIBLE: &str = r#"[responsibilities]
rowan = { requests = "manager", breaches = "dpo", corrections = "team", complaints = "manager" }
"#;

/// Direct care with a provider, who sees the plan and not what it costs.
fn with_provider(text: &str) -> String {
    if !text.contains("id = \"glen-direct-care\"") {
        return text.to_owned();
    }
    let at = [
        ("[[purpose]]\nid = \"direct-care\"", PARTY),
        ("[[basis]]\nid = \"b.cec\"", BASIS),
        ("[[clause]]\nid = \"S1\"", CLAUSES),
        ("[retention]\n", RETENTION),
        ("[responsibilities]\n", RESPONSIBLE),
        ("attest = [\"necessary-proportionate\"]\n", ""),
    ];
    at.into_iter().fold(text.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    })
}

/// The same, with nobody having agreed that the budget is kept back.
fn with_budget(text: &str) -> String {
    with_provider(text)
        .replace("labels = [\"budget\", \"third-party\"]", "labels = [\"third-party\"]")
}

fn form() -> &'static Form {
    form::find("self-directed-support").unwrap()
}

fn plan() -> Answers {
    let typed = [
        ("views", "I want the same two people"),
        ("help-none", "She chose by herself"),
        ("disagree", "Her son wants a home for her"),
        ("told", "yes"),
        ("option", "2"),
        ("budget", "CANARY 180 a week"),
        ("goals-1-what", "A bath without fear"),
        ("actions-1-what", "Help with the bath"),
        ("actions-1-who", "Rowan Support"),
        ("risk", "Nobody comes: she rings the council"),
        ("lead", "Jo Lindsay, social work"),
        ("review", "31 1 2040"),
    ];
    let pair = |(field, text): (&str, &str)| (field.to_owned(), Sensitive::new(text.to_owned()));
    Answers::of(form(), &typed.into_iter().map(pair).collect::<BTreeMap<_, _>>())
}

/// The council's social worker writes the plan and signs it.
async fn sign(world: &World) {
    let sources = [["cec", "nhsl", "practice"].map(word).into_iter().collect()];
    let (person, purpose) = (world.person, word("direct-care"));
    let request = Request { person, purpose, category: word("care-plan"), sources: &sources };
    let (db, keys, ctx) = (&world.on.db, &world.on.keys, world.ctx());
    let asked = writing::ask(db, &ctx, keys, &world.gate, &world.jo, &request).await.unwrap();
    let Answer::May(leave) = asked else { panic!("{asked:?}") };
    let saved = draft::save(db, &ctx, keys, &leave, (form(), &plan()), None).await.unwrap();
    let of = (saved.unwrap(), "Duty social worker");
    assessment::sign(db, &ctx, keys, leave, form(), of).await.unwrap().unwrap();
}

/// What a reader is shown of the council's plans.
async fn read(world: &World, by: &Acting) -> Vec<String> {
    let Decision::Permit(permit) = world.ask(by, ("cec", "care-plan")).await else {
        return vec![];
    };
    let (db, keys) = (&world.on.db, &world.on.keys);
    let of = ken_records::disclose(db, &world.ctx(), keys, vec![permit]).await.unwrap();
    of.items.iter().map(|item| item.body.to_string()).collect()
}

#[tokio::test]
async fn a_provider_reads_the_support_plan_and_not_what_its_clause_keeps_back() {
    for world in worlds_of(with_provider).await {
        let engine = world.on.engine;
        sign(&world).await;
        assert!(read(&world, &world.dawn).await.is_empty(), "{engine}: she does not know her");
        world.relate(world.person, "rowan", "direct-care").await;
        world.relate(world.person, "practice", "direct-care").await;
        let provider = read(&world, &world.dawn).await;
        assert_eq!(provider.len(), 1, "{engine}: {provider:?}");
        let wants = ["I want the same two people", "Option 2: the person chooses", "Rowan Support"];
        for want in wants {
            assert!(provider[0].contains(want), "{engine}: {want} in {provider:?}");
        }
        for hidden in ["CANARY", "Her son", "budget"] {
            assert!(!provider[0].contains(hidden), "{engine}: {hidden}");
        }
        let doctor = read(&world, &world.rao).await;
        assert_eq!(doctor.len(), 3, "{engine}: the plan, its budget, and what is about others");
        assert!(doctor.iter().any(|one| one.contains("CANARY 180 a week")), "{engine}");
        let entries = world.written(world.person).await;
        assert!(!entries[0].to_string().contains("CANARY"), "{engine}: what, and not the words");
    }
}

#[tokio::test]
async fn a_provider_reads_the_budget_where_its_clause_gives_it() {
    for world in worlds_of(with_budget).await {
        sign(&world).await;
        world.relate(world.person, "rowan", "direct-care").await;
        let provider = read(&world, &world.dawn).await;
        assert_eq!(provider.len(), 2, "{}: {provider:?}", world.on.engine);
        assert!(provider.iter().any(|one| one.contains("CANARY 180 a week")));
    }
}
