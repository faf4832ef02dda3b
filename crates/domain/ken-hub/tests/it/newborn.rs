//! Who a message is about, where its numbers say little.

use crate::world::{World, worlds};

fn message(control_id: &str, kind: &str, identifiers: &str, rest: &str) -> String {
    format!(
        "MSH|^~\\&|A|B|KEN|HSCP|20261121101500||ADT^{kind}|{control_id}|P|2.5\r\
         EVN|{kind}|20261121101500\rPID|1||{identifiers}||{rest}"
    )
}

async fn says(world: &World, control_id: &str, identifiers: &str, rest: &str) {
    world.tick();
    let said = world.say(&message(control_id, "A31", identifiers, rest)).await;
    assert_eq!(said, "AA", "{}: {identifiers}", world.databases.engine);
}

/// Numbers of people of their own, and numbers of anything else.
const OWN: &str = "SELECT COUNT(*) FROM source_number WHERE number LIKE 'M%'";
const OTHERS: &str = "SELECT COUNT(*) FROM source_number WHERE number NOT LIKE 'M%'";

#[tokio::test]
async fn two_babies_of_one_number_that_fails_its_check_are_two() {
    for world in worlds().await {
        let engine = world.databases.engine;
        for (at, failed) in ["1234567890", "0000000000", "9999999999"].into_iter().enumerate() {
            for (own, family) in [("M1", "Bain"), ("M2", "Reid")] {
                let own = format!("{own}-{at}");
                let numbers = format!("{failed}^^^NHS^NH~{own}^^^B^MR");
                says(&world, &own, &numbers, &format!("{family}^Baby||20261120")).await;
            }
            assert_eq!(world.people().await.len(), 2 * at + 2, "{engine}: {failed}");
        }
        // A visit's number that comes before the person's own is nobody's.
        for (at, number) in ["V1^^^B^VN~M7^^^B^MR", "V2^^^B^VN~M7^^^B^MR"].iter().enumerate() {
            says(&world, &format!("v{at}"), number, "Gray^Ann||19010203").await;
        }
        assert_eq!(world.people().await.len(), 7, "{engine}");
        assert_eq!((world.count(OWN).await, world.count(OTHERS).await), (7, 0), "{engine}");
    }
}

#[tokio::test]
async fn a_merge_by_national_numbers_alone_waits_for_a_person() {
    const HELD: &str = "SELECT COUNT(*) FROM held_message WHERE reason = 'hl7.merge-by-hand'";
    for world in worlds().await {
        let engine = world.databases.engine;
        says(&world, "1", "9990000018^^^NHSNBR^NH~M1^^^B^MR", "Bain^Morag||19010101").await;
        says(&world, "2", "9990000026^^^NHSNBR^NH~M2^^^B^MR", "Reid^Ann||19450203").await;
        let merge = |control_id: &str, kept: &str, gone: &str| {
            message(control_id, "A40", kept, &format!("Bain^Morag||19010101\rMRG|{gone}"))
        };
        let (kept, gone) = ("9990000018^^^NHSNBR^NH", "9990000026^^^NHSNBR^NH");
        for (at, (kept, gone)) in
            [(kept, gone), ("M1^^^B^MR", gone), (kept, "M2^^^B^MR")].into_iter().enumerate()
        {
            let said = world.say(&merge(&format!("m{at}"), kept, gone)).await;
            assert_eq!(said, "AE hl7.merge-by-hand", "{engine}: {kept} {gone}");
            assert_eq!(world.count(HELD).await, i64::try_from(at).unwrap() + 1, "{engine}");
        }
        assert_eq!(world.people().await.len(), 2, "{engine}");
        // With its own numbers beside, the sender merges what is its own.
        let own = merge("m9", &format!("{kept}~M1^^^B^MR"), &format!("{gone}~M2^^^B^MR"));
        assert_eq!(world.say(&own).await, "AA", "{engine}");
    }
}

/// An older version filed people under the number that stood first; whose own number comes now is
/// the same, and has what was told.
#[tokio::test]
async fn who_was_filed_under_another_number_is_updated_under_their_own() {
    const CURRENT: &str = "SELECT COUNT(*) FROM record_item WHERE status = 'current'
        AND resource_type IN ('AllergyIntolerance', 'RelatedPerson')";
    const SAID: &str = "SELECT COUNT(*) FROM death_said";
    for world in worlds().await {
        let engine = world.databases.engine;
        let who = |name: &str, died: &str| format!("{name}||19010203{}{died}", "|".repeat(23));
        let rest = |grade: &str, near: &str| {
            format!("\rNK1|1|{near}|FTH\rAL1|1|DA|1^Latex^SCT|{grade}|Rash")
        };
        let before = format!("{}{}", who("Gray^Ann", "Y"), rest("MI", "Gray^Tom"));
        says(&world, "1", "V1^^^B^VN", &before).await;
        assert_eq!(world.count(SAID).await, 1, "{engine}");
        let now = format!("{}{}", who("Gray^Ann", "N"), rest("SV", "Gray^Ian"));
        says(&world, "2", "V1^^^B^VN~M1^^^B^MR", &now).await;
        let people = world.people().await;
        assert_eq!(people.len(), 1, "{engine}: it is the same person");
        assert_eq!(world.count(CURRENT).await, 2, "{engine}: one allergy, and one who is near");
        assert_eq!(world.count(SAID).await, 0, "{engine}: what was said is withdrawn");
        let allergy = world.held(people[0], "AllergyIntolerance", "criticality").await;
        assert_eq!(allergy.body["criticality"], "high", "{engine}");
        // Once: what is told under the other number from now on is its own.
        says(&world, "3", "V1^^^B^VN", &before).await;
        says(&world, "4", "V1^^^B^VN~M1^^^B^MR", &now).await;
        let merged = "SELECT COUNT(*) FROM record_item
            WHERE status = 'merged' AND resource_type = 'AllergyIntolerance'";
        assert_eq!(world.count(merged).await, 0, "{engine}");
    }
}

#[tokio::test]
async fn nobody_is_taken_for_whom_a_number_was_before() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let born = |name: &str, day: &str| format!("{name}||{day}");
        says(&world, "1", "F1^^^B^FN", &born("Gray^Ann", "19010203")).await;
        // Another of the family: nobody knows, until a person has looked.
        says(&world, "2", "F1^^^B^FN~M2^^^B^MR", &born("Gray^Beth", "19350607")).await;
        assert_eq!(world.people().await.len(), 2, "{engine}");
        // Who has a number of their own already is no other of the sender's.
        says(&world, "3", "F3^^^B^FN~M3^^^B^MR", &born("Reid^Baby", "20261120")).await;
        says(&world, "4", "F3^^^B^FN", &born("Reid^Baby", "20261120")).await;
        let many = world.people().await.len();
        says(&world, "5", "F3^^^B^FN~M4^^^B^MR", &born("Reid^Baby", "20261120")).await;
        assert_eq!(world.people().await.len(), many + 1, "{engine}: a twin is another");
        // What is left unsaid fits whoever the number was: a baby before its first registration.
        for (at, left_out) in ["Gray^Baby", "Gray", "^^||19010203"].into_iter().enumerate() {
            let (before, number) = (world.people().await.len(), format!("M{}", 10 + at));
            let identifiers = format!("F1^^^B^FN~{number}^^^B^MR");
            says(&world, &number, &identifiers, left_out).await;
            let now = world.people().await.len();
            assert_eq!(now, before + 1, "{engine}: {left_out} is not taken for the mother");
        }
    }
}
