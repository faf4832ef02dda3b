//! Without `identifiers` no number leaves, and two bodies have a name of their own for a person.

use std::collections::BTreeSet;

use ken_core::PersonId;
use ken_records::{Pseudonym, pseudonym};
use ken_sharing::Decision;
use ken_store::Snapshot;
use serde_json::json;

use crate::world::{World, word, worlds};

/// What a council signs with a charity, which needs no number.
const CHECKS: &str = include_str!("../../../../../agreements/glen-welfare-checks.toml");
/// What a text says that has numbers.
const NUMBERS: &str = r#"[[category]]
id = "identifiers"
text = "CHI number"
fields = ["chi"]
source = "the Community Health Index"
why = "so that two bodies mean the same person"

[[basis]]
id = "b.cec""#;
/// A number of the range that is never given to anybody.
const NUMBER: &str = "9990000018";

async fn called(world: &World, person: PersonId, pair: (&str, &str)) -> Option<Pseudonym> {
    let keys = &world.databases.keys;
    let pair = (word(pair.0), word(pair.1));
    let read = async |s: &mut Snapshot| pseudonym(s, keys, person, (&pair.0, &pair.1)).await;
    world.databases.db.snapshot("test.called", read).await.unwrap()
}

#[tokio::test]
async fn no_number_leaves_without_identifiers_and_the_pair_has_a_name_of_its_own() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let chi = json!({ "resourceType": "Patient", "identifier": [{
            "system": "urn:oid:2.16.840.1.113883.2.1.3.2.4.16.53", "value": NUMBER }] });
        let named = json!({ "resourceType": "Patient", "name": [{ "family": "Sample" }],
            "identifier": [{ "value": NUMBER }] });
        world.file("nhsl", "identifiers", &[], &chi).await;
        world.file("nhsl", "core", &[], &named).await;
        world.relate("practice", "direct-care", ken_sharing::fact::Grade::System).await;
        let doctor = world.acting("practice", "gp.doctor");
        for carries in [true, false] {
            let mut question = world.question("direct-care", &["nhsl"]);
            if !carries {
                question.categories.retain(|kind| kind.as_str() != "identifiers");
            }
            let by = ken_sharing::Caller::Practitioner(&doctor);
            let decisions = world.ask_as(by, &question).await;
            assert!(matches!(decisions.as_slice(), [Decision::Permit(_)]), "{engine}");
            let shown = world.read(decisions).await.unwrap();
            let bodies: Vec<_> = shown.items.iter().map(|item| item.body.to_string()).collect();
            assert!(bodies.iter().any(|body| body.contains("Sample")), "{engine}: {bodies:?}");
            let number = bodies.iter().any(|body| body.contains(NUMBER));
            assert_eq!(number, carries, "{engine}: {bodies:?}");
        }
        let ours = called(&world, world.person, ("nhsl", "practice")).await.unwrap();
        assert_eq!(called(&world, world.person, ("practice", "nhsl")).await, Some(ours.clone()));
        let text = ours.to_string();
        assert_eq!((text.len(), text.split('-').count()), (14, 3), "{engine}: {text}");
        // Another pair has another, though one of the two is the same.
        let mut all = BTreeSet::from([ours]);
        for pair in [("nhsl", "cec"), ("practice", "cec"), ("nhsl", "rowan"), ("cec", "rowan")] {
            assert!(all.insert(called(&world, world.person, pair).await.unwrap()), "{engine}");
        }
        let other = PersonId::draw(&*world.ids);
        assert_eq!(called(&world, other, ("nhsl", "practice")).await, None, "{engine}: nobody");
    }
}

/// The same text, for reading; with the number where a clause is to say so.
fn checks(says_numbers: bool) -> String {
    let from = r#"from = { party = "cec", roles = ["sw.duty"] }"#;
    let (kinds, fields) = (r#"["core", "contacts"]"#, r#"fields = ["name", "address""#);
    let mut text = CHECKS.to_owned();
    for (old, new) in [
        (from, r#"from = { party = "cec", roles = ["*"] }"#),
        (r#"["lowland-accord@1", "scot-accord@3"]"#, r#"["scot-accord@3"]"#),
        (r#"action = ["push"]"#, r#"action = ["view"]"#),
    ] {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    if !says_numbers {
        return text;
    }
    for (old, new) in [
        ("[[basis]]\nid = \"b.cec\"", NUMBERS),
        (kinds, r#"["core", "contacts", "identifiers"]"#),
        (fields, r#"fields = ["chi", "name", "address""#),
    ] {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    text
}

#[tokio::test]
async fn no_third_sector_payload_has_a_chi_unless_its_clause_says_identifiers() {
    for says_numbers in [false, true] {
        for world in worlds().await {
            let engine = world.databases.engine;
            world.sign(&checks(says_numbers), |_| true).await;
            let number = json!([{ "value": NUMBER,
                "system": "urn:oid:2.16.840.1.113883.2.1.3.2.4.16.53" }]);
            for (category, kind, family) in [
                ("core", "Patient", "Sample"),
                ("identifiers", "Patient", "Sample"),
                ("contacts", "RelatedPerson", "Neighbour"),
            ] {
                let told = json!({ "resourceType": kind, "identifier": number,
                    "name": [{ "family": family }] });
                world.file("cec", category, &[], &told).await;
            }
            let worker = world.acting("rowan", "ts.support-worker");
            let mut question = world.question("welfare-check", &["cec"]);
            question.categories.insert(word("contacts"));
            let by = ken_sharing::Caller::Practitioner(&worker);
            let decisions = world.ask_as(by, &question).await;
            assert!(matches!(decisions.as_slice(), [Decision::Permit(_)]), "{engine}");
            let shown = world.read(decisions).await.unwrap();
            let payload: String = shown.items.iter().map(|item| item.body.to_string()).collect();
            for name in ["Sample", "Neighbour"] {
                assert!(payload.contains(name), "{engine}: {payload}");
            }
            assert_eq!(payload.contains(NUMBER), says_numbers, "{engine}: {payload}");
            // What they call the person between them stands in its place, and is theirs alone.
            let theirs = called(&world, world.person, ("cec", "rowan")).await;
            assert!(theirs.is_some(), "{engine}");
            assert_ne!(theirs, called(&world, world.person, ("cec", "practice")).await);
        }
    }
}
