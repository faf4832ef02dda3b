//! Told in pieces, for training, under another number: what a message says, and what it does not.

use ken_core::PersonId;
use ken_store::{Snapshot, guard};

use crate::world::{World, worlds};

/// A made-up person of the practice, and whatever else the message has.
fn message(control_id: &str, kind: &str, rest: &str) -> String {
    format!(
        "MSH|^~\\&|A|B|KEN|HSCP|20261121101500||{kind}|{control_id}|P|2.5\r\
         EVN|A01|20261121101500\r\
         PID|1||9990000018^^^NHSNBR^NH~77^^^B^MR||Bain^Morag||19010101|F{rest}"
    )
}

async fn person(world: &World) -> PersonId {
    world.text("SELECT person_id FROM person ORDER BY made_us LIMIT 1").await.parse().unwrap()
}

#[tokio::test]
async fn what_a_message_leaves_out_stays_and_what_it_says_goes_goes() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let full = "|||1 Made-up Rd^^Testtown^^ZZ99 9ZZ\rPD1||||||||||||Y\r\
                    PV1|1|I|W^B^B||||||||||||||||V1^^^B|||||||||||||||||||||||||202611200900\r\
                    PV2||||||||||||||||||||||Y";
        assert_eq!(world.say(&message("1", "ADT^A01^ADT_A01", full)).await, "AA");
        let less = "\rPV1|1|I|||||||||||||||||V1^^^B";
        assert_eq!(world.say(&message("2", "ADT^A08^ADT_A01", less)).await, "AA");
        let person = person(&world).await;
        let patient = world.held(person, "Patient", "address").await;
        assert_eq!(patient.body["address"][0]["city"], "Testtown", "{engine}");
        assert!(patient.labels.contains(&"restricted".to_owned()), "{engine}: {patient:?}");
        let visit = world.held(person, "Encounter", "status").await;
        let start = visit.body["period"]["start"].as_str().unwrap_or_default();
        assert!(start.starts_with("2026-11-20T09:00"), "{engine}: {start}");
        assert!(visit.labels.contains(&"restricted".to_owned()), "{engine}");
        // Said aloud: no address, and neither is restricted any more.
        let gone = "|||\"\"\rPD1||||||||||||N\rPV1|1|I|||||||||||||||||V1^^^B\r\
                    PV2||||||||||||||||||||||N";
        assert_eq!(world.say(&message("3", "ADT^A08^ADT_A01", gone)).await, "AA");
        let patient = world.held(person, "Patient", "birthDate").await;
        assert!(patient.body.get("address").is_none(), "{engine}: {}", patient.body);
        assert!(patient.labels.is_empty(), "{engine}: {patient:?}");
        assert!(world.held(person, "Encounter", "status").await.labels.is_empty(), "{engine}");
    }
}

#[tokio::test]
async fn a_replaced_document_is_superseded_and_no_longer_current() {
    for world in worlds().await {
        let document = |control_id: &str, trigger: &str, number: &str, parent: &str| {
            let gap = "|".repeat(8);
            let rest = format!(
                "\rTXA|1|CN|TX|20261120{gap}{number}^B|{parent}\rOBX|1|TX|NOTE^Note||Of {number}"
            );
            message(control_id, &format!("MDM^{trigger}^MDM_T02"), &rest)
        };
        assert_eq!(world.say(&document("1", "T02", "D1", "")).await, "AA");
        assert_eq!(world.say(&document("2", "T02", "D9", "")).await, "AA");
        assert_eq!(world.say(&document("3", "T10", "D2", "D1^B")).await, "AA");
        let picture = world.picture(person(&world).await).await;
        let check = |number: &str, want: &str| {
            let line = picture.iter().find(|line| line.contains(&format!("|{number} ")));
            let line = line.unwrap_or_else(|| panic!("no {number}: {picture:?}"));
            assert!(line.contains(want), "{} {number}: {line}", world.databases.engine);
        };
        check("D1", " superseded ");
        check("D9", " current ");
        check("D2", " current ");
        // What it replaced may come late: it is superseded all the same, and its number's like is
        // not.
        assert_eq!(world.say(&document("4", "T10", "D4", "D3^B")).await, "AA");
        assert_eq!(world.say(&document("5", "T02", "D33", "")).await, "AA");
        assert_eq!(world.say(&document("6", "T02", "D3", "")).await, "AA");
        let picture = world.picture(person(&world).await).await;
        let late = |number: &str, want: &str| {
            let line = picture.iter().find(|line| line.contains(&format!("|{number} ")));
            let line = line.unwrap_or_else(|| panic!("no {number}: {picture:?}"));
            assert!(line.contains(want), "{} {number}: {line}", world.databases.engine);
        };
        late("D4", " current ");
        late("D33", " current ");
        late("D3", " superseded ");
    }
}

/// A message about a document or alert: kind and number, what it replaces, and its sections.
fn written(
    (control_id, trigger): (&str, &str),
    (kind, number): (&str, &str),
    parent: &str,
    sections: &[&str],
) -> String {
    let gap = "|".repeat(8);
    let head = format!("\rTXA|1|{kind}|TX|20261120{gap}{number}^B|{parent}");
    let line = |code: &&str| format!("\rOBX|1|TX|{code}^{code}^KENsection||Words of {code}");
    let rest = head + &sections.iter().map(line).collect::<String>();
    message(control_id, &format!("MDM^{trigger}^MDM_T02"), &rest)
}

/// How everything of this name stands, each version a word.
async fn stands(world: &World, name: &str) -> Vec<String> {
    let picture = world.picture(person(world).await).await;
    let of = picture.iter().filter_map(|line| line.split_once(&format!("|{name} ")));
    of.map(|(_, rest)| rest.split(' ').next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn what_is_told_again_holds_again() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (both, less) = (&["HARM", "VIEWS"][..], &["HARM"][..]);
        let one = ("CONCERN", "D1");
        for (id, trigger, sections, want) in [
            ("1", "T02", both, "current"),
            ("2", "T08", less, "superseded"),
            ("3", "T08", both, "current"),
            ("4", "T11", &[], "entered-in-error"),
            ("5", "T02", both, "current"),
        ] {
            assert_eq!(world.say(&written((id, trigger), one, "", sections)).await, "AA");
            assert_eq!(stands(&world, "D1|VIEWS").await, [want], "{engine}: {id}");
        }
        // What another took the place of does not come back by being told once more.
        assert_eq!(world.say(&written(("6", "T10"), ("CONCERN", "D2"), "D1^B", both)).await, "AA");
        assert_eq!(stands(&world, "D1|VIEWS").await, ["superseded"], "{engine}");
        assert_eq!(world.say(&written(("7", "T08"), one, "", both)).await, "AA");
        assert_eq!(stands(&world, "D1|VIEWS").await, ["superseded"], "{engine}");
        assert_eq!(stands(&world, "D2|VIEWS").await, ["current"], "{engine}");
    }
}

#[tokio::test]
async fn an_alert_that_was_replaced_no_longer_stands_even_if_it_comes_late() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let alert = |id, trigger, number, parent| {
            written((id, trigger), ("ALERT", number), parent, &["DETAIL"])
        };
        assert_eq!(world.say(&alert("1", "T02", "A1", "")).await, "AA");
        assert_eq!(world.say(&alert("2", "T10", "A2", "A1^B")).await, "AA");
        assert_eq!(world.say(&alert("3", "T10", "A4", "A3^B")).await, "AA");
        assert_eq!(world.say(&alert("4", "T02", "A3", "")).await, "AA");
        for (number, want) in
            [("A1", "superseded"), ("A2", "current"), ("A3", "superseded"), ("A4", "current")]
        {
            assert_eq!(stands(&world, number).await, [want], "{engine}: {number}");
        }
    }
}

/// What restricts access to anybody now, as sources say it.
const STATES: &str = "SELECT COUNT(*) FROM person_fact WHERE grade = 'system'
    AND name IN ('protected-address', 'restricted-record') AND until_us IS NULL";

#[tokio::test]
async fn an_access_restriction_is_a_state_of_the_person() {
    for world in worlds().await {
        for (id, rest, want) in [
            ("1", "", 0),
            ("2", "\rARV|1|A|DEM", 1),
            // What a message leaves out stays, and so does what another restriction founds too.
            ("3", "", 1),
            ("4", "\rARV|1|A|PSY", 2),
            ("5", "\rARV|1|A|HIV", 2),
            ("6", "\rARV|1|D|PSY", 2),
            ("7", "\rARV|1|D|HIV", 1),
            ("8", "\rARV|1|D|DEM", 0),
            ("9", "\rARV|1|D|DEM", 0),
            ("10", "\rARV|1|A|SMD|VIP\rARV|2|A|SMD|EMP", 1),
            ("11", "\rARV|1|D|SMD|VIP", 1),
            ("12", "\rARV|1|D|SMD", 0),
        ] {
            world.tick();
            assert_eq!(world.say(&message(id, "ADT^A08^ADT_A01", rest)).await, "AA");
            assert_eq!(world.count(STATES).await, want, "{}: {rest}", world.databases.engine);
        }
        assert_eq!(ken_hub::held(&world.databases.db).await.unwrap(), [], "all was clear");
    }
}

#[tokio::test]
async fn a_lift_that_is_not_clear_lifts_nothing_and_waits_for_a_human() {
    for world in worlds().await {
        // Where nothing is restricted there is nothing to lift.
        assert_eq!(world.say(&message("0", "ADT^A08^ADT_A01", "\rARV|1|D|")).await, "AA");
        assert_eq!(ken_hub::held(&world.databases.db).await.unwrap(), []);
        let both = "\rARV|1|A|SMD|VIP\rARV|2|A|SMD|EMP\rARV|3|A|LOC";
        assert_eq!(world.say(&message("1", "ADT^A08^ADT_A01", both)).await, "AA");
        for (waiting, (id, rest)) in (1..).zip([
            ("2", "\rARV|1|D|SMD"),
            ("3", "\rARV|1|D|ALL"),
            ("4", "\rARV|1|D|HIV"),
            ("5", "\rARV|1|A|NO"),
            ("6", "\rARV|1|D|LOC|||20270101"),
            ("7", "\rPV1|1|I|W^B^B\rARV|1|D|LOC"),
            ("8", "\rARV|1|D|"),
        ]) {
            world.tick();
            assert_eq!(world.say(&message(id, "ADT^A08^ADT_A01", rest)).await, "AA", "{rest}");
            let engine = world.databases.engine;
            assert_eq!(world.count(STATES).await, 2, "{engine}: {rest}");
            let held = ken_hub::held(&world.databases.db).await.unwrap();
            assert_eq!(held.len(), waiting, "{engine}: {rest}");
            assert!(held.iter().all(|one| one.code == "hub.lift-by-hand"), "{held:?}");
        }
        assert_eq!(world.say(&message("9", "ADT^A08^ADT_A01", "\rARV|1|D|LOC")).await, "AA");
        assert_eq!(world.count(STATES).await, 1, "{}", world.databases.engine);
    }
}

#[tokio::test]
async fn nobody_lifts_what_another_system_restricted_or_nobody_knows_the_reason_of() {
    const FORGET: &str = "DELETE FROM restriction_said";
    for world in worlds().await {
        let engine = world.databases.engine;
        world.let_train().await;
        let say = async |id: &str, rest: &str, from: &str| {
            world.tick();
            let said = message(id, "ADT^A08^ADT_A01", rest).replace("|A|B|", from);
            assert_eq!(world.say(&said).await, "AA", "{engine}: {rest}");
            let held = ken_hub::held(&world.databases.db).await.unwrap();
            (world.count(STATES).await, held.len())
        };
        let visit = |number: &str| format!("\rPV1|1|I|{}{number}", "|".repeat(16));
        assert_eq!(say("1", "\rARV|1|A|LOC", "|A|B|").await, (1, 0));
        // Another system of the same practice, then a hospital that restricted nothing.
        assert_eq!(say("2", "\rARV|1|D|LOC", "|TRAIN|B|").await, (1, 1));
        assert_eq!(say("3", "\rARV|1|D|LOC", "|SIMHOSP|SFAC|").await, (1, 1));
        let of_visit = |id: &str, what: &str| format!("{}\rARV|1|{what}|PSY", visit(id));
        assert_eq!(say("4", &of_visit("V1", "A"), "|A|B|").await, (2, 1));
        assert_eq!(say("5", &of_visit("V2", "D"), "|A|B|").await, (2, 2));
        assert_eq!(say("6", &of_visit("V1", "D"), "|A|B|").await, (1, 2));
        // As a database of before this was kept.
        world.change(FORGET).await;
        assert_eq!(say("7", "\rARV|1|A|DEM", "|A|B|").await, (1, 2));
        assert_eq!(say("8", "\rARV|1|D|DEM", "|A|B|").await, (1, 3));
        assert_eq!(say("9", "\rARV|1|D|?", "|A|B|").await, (1, 4));
    }
}

#[tokio::test]
async fn what_is_for_training_is_nobodys() {
    for world in worlds().await {
        let real = message("1", "ADT^A01^ADT_A01", "\rPV1|1|I|W^B^B");
        for (code, id) in [("T", "1"), ("D", "2"), ("T^A", "3")] {
            let training = real.replace("|1|P|2.5", &format!("|{id}|{code}|2.5"));
            assert_eq!(world.say(&training).await, "AA", "{code}");
            assert_eq!(world.say(&training).await, "AA", "{code}: again");
        }
        let engine = world.databases.engine;
        assert_eq!(world.count("SELECT COUNT(*) FROM person").await, 0, "{engine}");
        assert_eq!(world.count("SELECT COUNT(*) FROM record_version").await, 0, "{engine}");
        let kept = "SELECT COUNT(*) FROM held_message
            WHERE reason = 'hub.training' AND closed_us IS NOT NULL";
        assert_eq!(world.count(kept).await, 3, "{engine}");
        assert!(ken_hub::held(&world.databases.db).await.unwrap().is_empty(), "{engine}");
        // What nobody knows is nobody's either, and a person is told.
        for (code, id) in [("X", "4"), ("U^T", "5")] {
            let unknown = real.replace("|1|P|2.5", &format!("|{id}|{code}|2.5"));
            assert_eq!(world.say(&unknown).await, "AE hub.unknown-use", "{engine}: {code}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM record_version").await, 0, "{engine}");
        assert_eq!(ken_hub::held(&world.databases.db).await.unwrap().len(), 2, "{engine}");
        // A training system's own are filed: that is what it is for.
        world.let_train().await;
        let trained = real.replace("|A|B|", "|TRAIN|B|").replace("|P|2.5", "|T|2.5");
        assert_eq!(world.say(&trained).await, "AA", "{engine}");
        assert_eq!(world.count("SELECT COUNT(*) FROM person").await, 1, "{engine}");
    }
}

/// Two of the board's numbers, of which the practice knows one person as well.
async fn known_twice(world: &World) -> (PersonId, PersonId) {
    let says = |id: &str, from: &str, number: &str, given: &str, rest: &str| {
        message(id, "ADT^A08^ADT_A01", rest)
            .replace("|A|B|", from)
            .replace("~77^^^B^MR", &format!("~{number}^^^S^MR"))
            .replace("Morag", given)
    };
    let visit = "\rPV1|1|I|||||||||||||||||V1^^^S";
    assert_eq!(world.say(&says("1", "|SIMHOSP|SFAC|", "8", "Morag", visit)).await, "AA");
    let again = "|||2 Made-up Rd^^Testtown\rPV1|1|I|W4^B^B||||||||||||||||V1^^^S";
    assert_eq!(world.say(&says("2", "|SIMHOSP|SFAC|", "8", "Morag", again)).await, "AA");
    // The practice knows the same person, and files something of its own.
    assert_eq!(world.say(&says("3", "|A|B|", "77", "Morag", visit)).await, "AA");
    let other = says("4", "|SIMHOSP|SFAC|", "7", "Morag", visit)
        .replace("9990000018^^^NHSNBR^NH~", "")
        .replace("19010101", "19010111");
    assert_eq!(world.say(&other).await, "AA");
    let people = world.people().await;
    assert_eq!(people.len(), 2, "{}", world.databases.engine);
    (people[0], people[1])
}

#[tokio::test]
async fn what_was_filed_under_a_merged_number_follows_it_and_comes_back() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (from, to) = known_twice(&world).await;
        let before = (world.picture(from).await, world.picture(to).await);
        assert!(before.0.iter().any(|line| line.contains("nhsl")), "{engine}");
        let merge = "MSH|^~\\&|SIMHOSP|SFAC|KEN|HSCP|20261121||ADT^A40|9|P|2.5\rEVN|A40|20261121\r\
                     PID|1||7^^^S^MR||Bain^Morag||19010111|F\rMRG|8^^^S^MR";
        assert_eq!(world.say(merge).await, "AA");
        let after = (world.picture(from).await, world.picture(to).await);
        let of = |lines: &[String], source: &str| {
            lines.iter().filter(|line| line.contains(source)).count()
        };
        // All of the board's went, none of the practice's did.
        assert_eq!(of(&after.0, "nhsl"), 0, "{engine}: {:?}", after.0);
        assert_eq!(of(&after.0, "practice"), of(&before.0, "practice"), "{engine}");
        let all = of(&before.0, "nhsl") + of(&before.1, "nhsl");
        assert_eq!(of(&after.1, "nhsl"), all, "{engine}: {:?}", after.1);
        assert!(after.1.iter().all(|line| !line.contains("unreadable")), "{engine}");
        assert!(after.1.iter().all(|line| !line.contains(&from.to_string())), "{engine}");
        assert_eq!(world.count("SELECT COUNT(*) FROM record_move WHERE done_us IS NULL").await, 0);
        // Taken back, everything stands where it stood.
        world.unmerge(from).await;
        let again = (world.picture(from).await, world.picture(to).await);
        let board = |lines: &[String]| {
            let lines = lines.iter().filter(|line| !line.contains("19010111"));
            lines.cloned().collect::<Vec<_>>()
        };
        assert_eq!(again.0, before.0, "{engine}");
        assert_eq!(board(&again.1).len(), board(&before.1).len(), "{engine}: {:?}", again.1);
    }
}

#[tokio::test]
async fn a_merge_of_two_pairs_moves_both_or_neither() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (from, to) = known_twice(&world).await;
        // A second number of the same person, which the practice's number joined.
        let second = message("5", "ADT^A08^ADT_A01", "").replace("|A|B|", "|SIMHOSP|SFAC|");
        assert_eq!(world.say(&second.replace("~77^^^B^MR", "~6^^^S^MR")).await, "AA");
        let pair =
            |number: &str| format!("PID|1||7^^^S^MR||Bain^Morag||19010111|F\rMRG|{number}\r");
        let both = |id: &str, two: &str| {
            format!(
                "MSH|^~\\&|SIMHOSP|SFAC|KEN|HSCP|20261121||ADT^A40|{id}|P|2.5\rEVN|A40|20261121\r\
                 {}{}",
                pair("8^^^S^MR"),
                pair(two)
            )
        };
        let merges = "SELECT COUNT(*) FROM merge_event";
        let kept = "SELECT COUNT(*) FROM message";
        let before = world.count(kept).await;
        assert_eq!(world.say(&both("9", "")).await, "AE hl7.no-prior", "{engine}");
        assert_eq!((world.count(merges).await, world.count(kept).await), (0, before), "{engine}");
        assert_eq!(world.say(&both("10", "6^^^S^MR")).await, "AA", "{engine}");
        assert_eq!(world.say(&both("10", "6^^^S^MR")).await, "AA", "{engine}: once");
        assert_eq!((world.count(merges).await, world.count(kept).await), (2, before + 2));
        let of = |lines: Vec<String>| lines.iter().filter(|line| line.contains("nhsl")).count();
        assert_eq!(of(world.picture(from).await), 0, "{engine}");
        assert!(of(world.picture(to).await) > 0, "{engine}");
    }
}

#[tokio::test]
async fn a_move_that_was_broken_off_goes_on() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (from, _) = known_twice(&world).await;
        for n in 0..130 {
            let more = message(&format!("m{n}"), "ADT^A08^ADT_A01", &format!("|||{n} Made-up Rd"))
                .replace("|A|B|", "|SIMHOSP|SFAC|")
                .replace("~77^^^B^MR", "~8^^^S^MR");
            assert_eq!(world.say(&more).await, "AA");
        }
        let count = world.count("SELECT COUNT(*) FROM record_version").await;
        assert!(world.begin_merge(("8", "7")).await, "{engine}: one step is not enough");
        assert_eq!(world.count("SELECT COUNT(*) FROM record_version").await, count, "{engine}");
        assert!(world.picture(from).await.iter().all(|line| !line.contains("unreadable")));
        let barred = async |s: &mut Snapshot| guard::barred(s, 10).await;
        let both = world.databases.db.snapshot("test.barred", barred).await.unwrap();
        assert_eq!(both.len(), 2, "{engine}: both are being put right");
        world.reopen().await;
        let left = world.databases.db.snapshot("test.barred", barred).await.unwrap();
        assert!(left.is_empty(), "{engine}: {left:?}");
        let left = world.picture(from).await;
        assert!(left.iter().all(|line| !line.contains("nhsl")), "{engine}: {left:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM record_version").await, count, "{engine}");
    }
}
