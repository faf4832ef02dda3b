//! A message becomes a record, once.

use std::path::Path;

use crate::world::{World, worlds};

/// A person who does not exist, admitted.
pub(crate) fn admitted(control_id: &str, given: &str) -> String {
    format!(
        "MSH|^~\\&|A|B|KEN|HSCP|20261121101500||ADT^A01^ADT_A01|{control_id}|P|2.4\r\
         EVN|A01|20261121101500\r\
         PID|1||9990000018^^^NHSNBR^NH~77^^^B^MR||CANARY^{given}||19010101|F|||\
         1 Made-up Rd^^Testtown^^ZZ99 9ZZ\r\
         PV1|1|I|W^B^B||||||||||||||||V1^^^B\r"
    )
}

pub(crate) async fn records(world: &World) -> (i64, i64, i64) {
    (
        world.count("SELECT COUNT(*) FROM person").await,
        world.count("SELECT COUNT(*) FROM record_version").await,
        world.count("SELECT COUNT(*) FROM message").await,
    )
}

#[tokio::test]
async fn the_same_message_is_applied_once_and_answered_the_same() {
    for world in worlds().await {
        let message = admitted("1", "MORAG");
        let first = world.hub.accept(message.as_bytes()).await.into_bytes().unwrap();
        let after = records(&world).await;
        assert!(after.1 >= 3, "{}: {after:?}", world.databases.engine);
        let again = world.hub.accept(message.as_bytes()).await.into_bytes().unwrap();
        assert_eq!(first, again, "{}", world.databases.engine);
        assert_eq!(records(&world).await, after, "{}", world.databases.engine);
    }
}

/// Each is of another visit, and repeats an allergy and a condition.
#[tokio::test]
async fn messages_about_one_person_at_the_same_time_are_all_applied() {
    for world in worlds().await {
        let engine = world.databases.engine;
        for round in ["1", "2", "3"] {
            let say = async |visit: &str| {
                let id = format!("{round}-{visit}");
                let visit = admitted(&id, "MORAG").replace("V1^^^B", &format!("V{id}^^^B"));
                let message = format!(
                    "{visit}AL1|1|DA|70618^PENICILLIN^SNOMED|SV|ANAPHYLAXIS|20100101\r\
                     DG1|1||J18.9^PNEUMONIA^ICD10||20261121|A\r"
                );
                assert_eq!(world.say(&message).await, "AA", "{engine}: {id}");
            };
            tokio::join!(say("ANN"), say("BEA"), say("CAT"), say("DOT"), say("EVE"), say("FAY"));
        }
        let (people, _, messages) = records(&world).await;
        assert_eq!((people, messages), (1, 18), "{engine}");
    }
}

#[tokio::test]
async fn what_is_refused_is_kept_whole_with_its_reason() {
    for world in worlds().await {
        assert_eq!(world.say(&admitted("1", "MORAG")).await, "AA");
        let before = records(&world).await;
        let check = async |message: &str, want: &str| {
            assert_eq!(world.say(message).await, want, "{message:?}");
            // The same again is answered the same, and kept once.
            assert_eq!(world.say(message).await, want, "{message:?}");
        };
        check(&admitted("1", "ISLA"), "AE hub.same-id-other-content").await;
        check("HELLO WORLD", "AR hl7.no-header").await;
        let nobody = admitted("2", "MORAG").replace("|A|B|", "|X|Y|");
        check(&nobody, "AE hub.unknown-source").await;
        check(&admitted("3", "MORAG").replace("ADT^A01", "ADT^Z99"), "AR hl7.trigger-unknown")
            .await;
        check(&admitted("", "MORAG"), "AE hl7.no-control-id").await;
        assert_eq!(records(&world).await, before, "nothing was applied");
        let held = ken_hub::held(&world.databases.db).await.unwrap();
        let mut codes: Vec<_> = held.iter().map(|held| held.code.as_str()).collect();
        codes.sort_unstable();
        let want = [
            "hl7.no-control-id",
            "hl7.no-header",
            "hl7.trigger-unknown",
            "hub.same-id-other-content",
            "hub.unknown-source",
        ];
        assert_eq!(codes, want, "{}", world.databases.engine);
    }
}

#[tokio::test]
async fn what_is_done_by_hand_is_kept_with_its_reason_and_changes_nothing() {
    for world in worlds().await {
        let engine = world.databases.engine;
        assert_eq!(world.say(&admitted("1", "MORAG")).await, "AA");
        let before = records(&world).await;
        let other = "PID|2||88^^^B^MR||CANARY^ISLA||19020202|F";
        for (number, (trigger, code)) in [
            ("A17", "hl7.swap-by-hand"),
            ("A24", "hl7.link-by-hand"),
            ("A37", "hl7.unlink-by-hand"),
            ("A45", "hl7.move-by-hand"),
            // Two merges in one message, of which one does not say what ends.
            ("A40", "hl7.no-prior"),
        ]
        .into_iter()
        .enumerate()
        {
            let message = admitted(&format!("h{number}"), "MORAG");
            let message = message.replace("ADT^A01^ADT_A01", &format!("ADT^{trigger}"));
            let message = format!("{message}MRG|78^^^B^MR\r{other}\rMRG|");
            // The same again is answered the same, and kept once.
            for _ in 0..2 {
                assert_eq!(world.say(&message).await, format!("AE {code}"), "{engine}");
            }
            let held = ken_hub::held(&world.databases.db).await.unwrap();
            assert_eq!(held.iter().filter(|held| held.code == code).count(), 1, "{engine}");
            assert_eq!(held.len(), number + 1, "{engine}");
        }
        assert_eq!(records(&world).await, before, "{engine}: nothing was applied");
        let merges = "SELECT COUNT(*) FROM merge_event";
        assert_eq!(world.count(merges).await, 0, "{engine}");
    }
}

#[tokio::test]
async fn anybody_may_send_where_a_source_says_so() {
    for world in worlds().await {
        let stranger = admitted("1", "MORAG").replace("|A|B|", "|X|Y|");
        let other = admitted("1", "MORAG").replace("|A|B|", "|X|Z|");
        assert_eq!(world.say(&stranger).await, "AE hub.unknown-source");
        world.let_anybody_send().await;
        assert_eq!(world.say(&admitted("1", "MORAG")).await, "AA", "the named source is its own");
        assert_eq!(world.say(&other).await, "AA");
        assert_eq!(world.say(&other).await, "AA");
        let third = admitted("1", "MORAG").replace("|A|B|", "|W|Z|");
        assert_eq!(world.say(&third).await, "AA", "one id of two senders is two messages");
        assert_eq!(records(&world).await.2, 3, "{}", world.databases.engine);
    }
}

#[tokio::test]
async fn an_uncertain_identity_is_accepted_and_queued() {
    for world in worlds().await {
        assert_eq!(world.say(&admitted("1", "MORAG")).await, "AA");
        // Another source number, the same name and date of birth, no national number.
        let unsure = admitted("2", "MORAG").replace("9990000018^^^NHSNBR^NH~77", "88");
        assert_eq!(world.say(&unsure).await, "AA");
        let waiting = world.count("SELECT COUNT(*) FROM review WHERE decision IS NULL").await;
        assert_eq!((waiting, records(&world).await.0), (1, 2), "{}", world.databases.engine);
    }
}

#[tokio::test]
async fn every_message_of_the_hospital_is_taken_once() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../../shared/data/hl7/simhospital/messages.hl7");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: ../shared is absent");
        return;
    };
    let messages: Vec<_> = text
        .split("MSH|")
        .filter(|message| !message.trim().is_empty())
        .map(|message| format!("MSH|{}", message.trim_end()).replace('\n', "\r"))
        .collect();
    assert_eq!(messages.len(), 507);
    for world in worlds().await {
        let engine = world.databases.engine;
        for (number, message) in messages.iter().enumerate() {
            assert_eq!(world.say(message).await, "AA", "{engine}: message {number}");
        }
        let after = records(&world).await;
        assert_eq!(after.2, 507, "{engine}");
        assert!(after.0 > 50 && after.1 > 1_500, "{engine}: {after:?}");
        for message in messages.iter().step_by(17) {
            assert_eq!(world.say(message).await, "AA", "{engine}");
        }
        assert_eq!(records(&world).await, after, "{engine}: repeats change nothing");
        let received = world.count("SELECT COUNT(*) FROM ledger_entry WHERE kind = 'received'");
        assert_eq!(received.await, 507, "{engine}");
    }
}

/// No setting of a source makes its organisation the referrer of everybody it writes about.
#[tokio::test]
async fn no_source_is_registered_whose_every_message_would_be_a_referral() {
    for world in worlds().await {
        let db = &world.databases.db;
        let before = ken_hub::sources(db).await.unwrap();
        for is_trusted in [true, false] {
            let relationship = Some(ken_sharing::relationship::REFERRER.to_owned());
            let source = ken_hub::Source { relationship, is_trusted, ..before[0].clone() };
            let refused = ken_hub::register(db, &source).await;
            assert_eq!(refused.map_err(|error| error.code()), Err("hub.unfit-source"));
        }
        let after = ken_hub::sources(db).await.unwrap();
        assert_eq!(after, before, "{}", world.databases.engine);
    }
}

/// NUL is what old systems fill their fields with, and what no row of PostgreSQL may hold.
#[tokio::test]
async fn a_byte_that_no_row_holds_keeps_back_nobody() {
    for world in worlds().await {
        let engine = world.databases.engine;
        for id in ["n\\X00\\", "m\0\0"] {
            assert_eq!(world.say(&admitted(id, "MORAG")).await, "AA", "{engine}: {id:?}");
        }
        let unknown = admitted("o\0", "MORAG").replace("|A|B|", "|X\0|Y|");
        assert_eq!(world.say(&unknown).await, "AE hub.unknown-source", "{engine}");
        for name in ["MOR\\X00\\AG", "MOR\0AG"] {
            let id = format!("p{}", name.len());
            assert_eq!(world.say(&admitted(&id, name)).await, "AA", "{engine}: {name:?}");
        }
    }
}
