//! What is enclosed with a message, and is more than a record holds.

use ken_fhir::{DocumentReference, Resource};

use crate::world::worlds;

fn document(control_id: &str, enclosed: usize) -> String {
    format!(
        "MSH|^~\\&|A|B|KEN|HSCP|20261121101500||MDM^T02|{control_id}|P|2.5\r\
         EVN|T02|20261121101500\rPID|1||77^^^B^MR||Bain^Morag||19010101|F\r\
         TXA|1|SW|TX|20261120||||||||D1^B||||||||||||Home visit\r\
         OBX|1|TX|EVENT^What happened||She was not in.\r\
         OBX|2|ED|SCAN^The letter||^application^pdf^Base64^{}",
        "A".repeat(enclosed)
    )
}

#[tokio::test]
async fn a_message_is_taken_without_what_no_record_holds_and_says_so() {
    for world in worlds().await {
        let engine = world.databases.engine;
        assert_eq!(world.say(&document("1", 5 << 20)).await, "AA", "{engine}");
        let person = world.people().await[0];
        let sections = async || -> Vec<(String, String)> {
            let held = world.held(person, "DocumentReference", "content").await;
            let resource = Resource::of(held.body).unwrap();
            let document = DocumentReference::of(&resource).unwrap();
            document.sections().map(|one| (one.title, one.text)).collect()
        };
        let said = sections().await;
        assert_eq!(said[0], ("What happened".to_owned(), "She was not in.".to_owned()), "{engine}");
        assert_eq!(said[1].0, "The letter", "{engine}");
        assert!(said[1].1.contains("(application/pdf, 3.7 MB) was not taken"), "{:?}", said[1]);
        let held = ken_hub::held(&world.databases.db).await.unwrap();
        let codes: Vec<_> = held.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["hub.attachment-left-out"], "{engine}: a person is told");
        assert_eq!(world.messages_opened().await, 1, "{engine}: as it came");
        // Told again with one that is held, it has that.
        assert_eq!(world.say(&document("2", 1 << 20)).await, "AA", "{engine}");
        assert_eq!(sections().await.len(), 1, "{engine}");
        assert_eq!(ken_hub::held(&world.databases.db).await.unwrap().len(), 1, "{engine}");
    }
}
