//! Allergies that are taken back, told again, and many under one code.

use ken_core::PersonId;
use serde_json::Value;

use crate::world::{World, worlds};

fn message(control_id: &str, rest: &str) -> String {
    format!(
        "MSH|^~\\&|A|B|KEN|HSCP|20261121101500||ADT^A08^ADT_A01|{control_id}|P|2.5\r\
         EVN|A08|20261121101500\r\
         PID|1||77^^^B^MR||Bain^Morag||19010101|F\r{rest}"
    )
}

/// What is held of each allergy: name, clinical status, how sure, and what it does.
async fn allergies(world: &World, person: PersonId) -> Vec<String> {
    let mut all = vec![];
    for line in world.picture(person).await {
        let (head, body) = line.split_at(line.find('{').unwrap());
        let body: Value = serde_json::from_str(body).unwrap();
        if body["resourceType"] != "AllergyIntolerance" || !head.trim_end().ends_with("true") {
            continue;
        }
        assert!(head.contains(" current "), "{head}");
        let at = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
        let parts = [
            at("/code/text"),
            at("/clinicalStatus/coding/0/code"),
            at("/verificationStatus/coding/0/code"),
            at("/reaction/0/manifestation/0/text"),
        ];
        all.push(parts.join(" "));
    }
    all.sort();
    all
}

async fn says(world: &World, control_id: &str, rest: &str, want: &[&str]) {
    world.tick();
    assert_eq!(world.say(&message(control_id, rest)).await, "AA", "{rest}");
    let people = world.people().await;
    assert_eq!(people.len(), 1);
    let engine = world.databases.engine;
    assert_eq!(allergies(world, people[0]).await, want, "{engine}: {rest}");
}

#[tokio::test]
async fn an_allergy_that_was_taken_back_and_is_told_again_stands() {
    for world in worlds().await {
        let iam = |action: &str| format!("IAM|1|DA|1^Latex^SCT|SV|Rash|{action}");
        says(&world, "1", &iam("A"), &["Latex active - Rash"]).await;
        says(&world, "2", &iam("D"), &["Latex - entered-in-error Rash"]).await;
        says(&world, "3", &iam("A"), &["Latex active - Rash"]).await;
        says(&world, "4", &iam("D"), &["Latex - entered-in-error Rash"]).await;
        says(&world, "5", "AL1|1|DA|1^Latex^SCT|SV|Rash", &["Latex active - Rash"]).await;
    }
}

#[tokio::test]
async fn two_allergies_of_one_code_are_two() {
    for world in worlds().await {
        let iam = |n: u8, what: &str, action: &str| {
            format!("IAM|{n}|DA|P^Penicillin^L|SV|{what}|{action}|A{n}^PAS\r")
        };
        let both = iam(1, "Rash", "A") + &iam(2, "Shock", "A");
        let (rash, shock) = ("Penicillin active - Rash", "Penicillin active - Shock");
        says(&world, "1", &both, &[rash, shock]).await;
        let gone = "Penicillin - entered-in-error Rash";
        says(&world, "2", &iam(1, "", "D"), &[gone, shock]).await;
        // One code for all that there is no code for.
        let other = |n: u8, name: &str| format!("AL1|{n}|DA|OTHER^{name}\r");
        let all = other(1, "Nuts") + &other(2, "Latex");
        let (latex, nuts) = ("Latex active - -", "Nuts active - -");
        says(&world, "3", &all, &[latex, nuts, gone, shock]).await;
        says(&world, "4", &other(1, "Latex"), &[latex, nuts, gone, shock]).await;
    }
}

#[tokio::test]
async fn an_allergy_filed_by_its_code_alone_is_recognised_by_its_words() {
    const NUTS: &str = "UPDATE record_item SET item_key = 'torture medication allergy||OTHER'
        WHERE item_key LIKE '%allergy|=%|=%|=%'";
    const LATEX: &str = "UPDATE record_item SET item_key = 'torture medication allergy||OTHER#2'
        WHERE item_key LIKE '%allergy|=%|=%|=%'";
    for world in worlds().await {
        let other = |n: u8, name: &str| format!("AL1|{n}|DA|OTHER^{name}\r");
        let (latex, nuts) = ("Latex active - -", "Nuts active - -");
        // As a database of before has them.
        says(&world, "1", &other(1, "Nuts"), &[nuts]).await;
        world.name_as_before(NUTS).await;
        says(&world, "2", &other(2, "Latex"), &[latex, nuts]).await;
        world.name_as_before(LATEX).await;
        // A number says nothing of what another may have told last.
        let taken_back = "Nuts - entered-in-error -";
        says(&world, "3", "IAM|1|DA|OTHER^Nuts|||D|A9^PAS", &[latex, taken_back, nuts]).await;
        let severe = "AL1|1|DA|OTHER^LATEX|SV|Rash";
        let now = &["LATEX active - Rash", taken_back, nuts];
        says(&world, "4", severe, now).await;
        says(&world, "5", &other(1, "Nuts"), now).await;
        let numbered = "IAM|1|DA|OTHER^Pollen|||A|A7^PAS";
        let pollen = &["LATEX active - Rash", taken_back, nuts, "Pollen active - -"];
        says(&world, "6", numbered, pollen).await;
    }
}

#[tokio::test]
async fn a_number_takes_over_only_what_does_the_same() {
    const BEFORE: &str = "UPDATE record_item SET item_key = 'torture medication allergy||P'
        WHERE item_key LIKE '%allergy|=%|=%|=%'";
    for world in worlds().await {
        let iam = |n: u8, what: &str, action: &str| {
            format!("IAM|{n}|DA|P^Penicillin|SV|{what}|{action}|A{n}^PAS")
        };
        let (rash, shock) = ("Penicillin active - Rash", "Penicillin active - Shock");
        says(&world, "1", "AL1|1|DA|P^Penicillin|SV|Rash", &[rash]).await;
        world.name_as_before(BEFORE).await;
        // It may have been another number that told of the rash last.
        says(&world, "2", &iam(1, "Shock", "A"), &[rash, shock]).await;
        says(&world, "3", &iam(2, "Rash", "A"), &[rash, shock]).await;
        let gone = "Penicillin - entered-in-error Rash";
        says(&world, "4", &iam(2, "", "D"), &[gone, shock]).await;
    }
}
