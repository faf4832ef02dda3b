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
