//! Told again without something, or as something else: what then holds.

use ken_core::PersonId;

use crate::world::{World, worlds};

fn message(control_id: &str, kind: &str, rest: &str) -> String {
    format!(
        "MSH|^~\\&|A|B|KEN|HSCP|20261121101500||{kind}|{control_id}|P|2.5\r\
         EVN|A31|20261121101500\rPID|1||77^^^B^MR||Bain^Morag||19010101|F\r{rest}"
    )
}

async fn says(world: &World, control_id: &str, kind: &str, rest: &str) -> PersonId {
    world.tick();
    let engine = world.databases.engine;
    assert_eq!(world.say(&message(control_id, kind, rest)).await, "AA", "{engine}: {rest}");
    world.people().await[0]
}

/// How the items stand whose newest version has a text: key, without the system, and status.
async fn stand(world: &World, person: PersonId, text: &str) -> Vec<String> {
    let mut all = vec![];
    for line in world.picture(person).await {
        let (head, body) = line.split_at(line.find('{').unwrap());
        if !body.contains(text) || !head.trim_end().ends_with("true") {
            continue;
        }
        let status = ["current", "superseded", "entered-in-error"];
        let status = status.into_iter().find(|one| head.contains(&format!(" {one} "))).unwrap();
        let category = head.split(' ').nth(2).unwrap();
        all.push(format!("{category} {status}"));
    }
    all.sort();
    all
}

#[tokio::test]
async fn who_is_named_no_more_is_nobody_to_turn_to() {
    for world in worlds().await {
        let (ann, tom) = ("NK1|1|Bain^Ann|NP||01592 1", "NK1|2|Bain^Tom|FTH||01592 2");
        let person = says(&world, "1", "ADT^A08", &format!("{ann}\r{tom}")).await;
        // A message that names nobody, or that is of another kind, says nothing of them.
        says(&world, "2", "ADT^A08", "").await;
        says(&world, "3", "ORU^R01", &format!("{tom}\rOBR|1||F1|x^X\rOBX|1|NM|k^K||5")).await;
        assert_eq!(stand(&world, person, "Ann").await, ["named-person current"]);
        says(&world, "4", "ADT^A08", tom).await;
        assert_eq!(stand(&world, person, "Ann").await, ["named-person superseded"]);
        assert_eq!(stand(&world, person, "Tom").await, ["contacts current"]);
        // Who was the Named Person and is the mother is no Named Person.
        says(&world, "5", "ADT^A08", &tom.replace("FTH", "LP")).await;
        let now = ["contacts superseded", "named-person current"];
        assert_eq!(stand(&world, person, "Tom").await, now, "{}", world.databases.engine);
    }
}

#[tokio::test]
async fn who_is_restricted_is_so_under_every_name_until_it_is_lifted() {
    /// What an older version called them: by their place in the list.
    const OLDER: &str = "UPDATE record_item SET item_key = 'torture contacts related|0|mth|'
        WHERE resource_type = 'RelatedPerson'";
    for world in worlds().await {
        let engine = world.databases.engine;
        let ann = |name: &str, role: &str, mark: &str| {
            format!("NK1|1|{name}^Ann|{role}{}{mark}", "|".repeat(20))
        };
        let person = says(&world, "1", "ADT^A08", &ann("Bain", "MTH", "Y")).await;
        world.name_as_before(OLDER).await;
        let is = async |want: &[&str], at: &str| {
            let held = world.held(person, "RelatedPerson", "name").await;
            assert_eq!(held.labels, want, "{engine}: {at}");
        };
        says(&world, "2", "ADT^A08", &ann("Bain", "MTH", "")).await;
        is(&["restricted"], "by the key of another version").await;
        says(&world, "3", "ADT^A08", &ann("Bain", "NP", "")).await;
        is(&["restricted"], "in another category").await;
        says(&world, "4", "ADT^A08", &ann("Smith", "NP", "")).await;
        is(&["restricted"], "under another name").await;
        let tom = "\rNK1|2|Reid^Tom|FTH";
        says(&world, "5", "ADT^A08", &(ann("Smith", "NP", "") + tom)).await;
        is(&[], "who comes beside them is another").await;
        says(&world, "6", "ADT^A08", &(ann("Smith", "NP", "N") + tom)).await;
        says(&world, "7", "ADT^A08", &(ann("Gray", "NP", "") + tom)).await;
        is(&[], "lifted aloud").await;
    }
}

#[tokio::test]
async fn a_corrected_report_keeps_no_line_that_it_tells_no_more() {
    for world in worlds().await {
        let report = |status: &str, lines: &[&str]| {
            let head = format!("OBR|1||F1|x^X{}{status}", "|".repeat(21));
            let line = |(at, line): (usize, &&str)| format!("\rOBX|{at}|TX|t^Text||{line}||||||F");
            head + &lines.iter().enumerate().map(line).collect::<String>()
        };
        let first = report("F", &["No harm seen", "A fracture of the wrist"]);
        let person = says(&world, "1", "ORU^R01", &first).await;
        // What is incomplete says nothing of the rest.
        says(&world, "2", "ORU^R01", &report("P", &["No harm seen"])).await;
        let is = async |want: &str| {
            let found = stand(&world, person, "fracture").await;
            assert_eq!(found, [format!("health-record {want}")], "{}", world.databases.engine);
        };
        is("current").await;
        says(&world, "3", "ORU^R01", &report("C", &["No harm seen"])).await;
        is("superseded").await;
        assert_eq!(stand(&world, person, "No harm").await, ["health-record current"]);
        let report = world.held(person, "DiagnosticReport", "result").await;
        assert_eq!(report.body["result"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_document_ends_under_every_kind_and_its_mark_goes_with_it() {
    for world in worlds().await {
        let document = |kind: &str, number: &str, parent: &str, mark: &str| {
            let title = format!("{mark}||||||| Of {number}").replace("| Of", "|Of");
            format!("TXA|1|{kind}|TX|20261120||||||||{number}^B|{parent}|||||{title}")
        };
        let text = "\rOBX|1|TX|NOTE^Note||All well.";
        let first = document("SW", "D1", "", "R") + text;
        let person = says(&world, "1", "MDM^T02", &first).await;
        let second = document("SW", "D2", "D1^B", "") + text;
        says(&world, "2", "MDM^T10", &second).await;
        let is = async |number: &str, want: &[&str]| {
            let found = stand(&world, person, &format!("\"Of {number}\"")).await;
            assert_eq!(found, want, "{} {number}", world.databases.engine);
        };
        is("D1", &["chronology superseded"]).await;
        is("D2", &["chronology current"]).await;
        let held = async || world.held(person, "DocumentReference", "description").await;
        assert_eq!(held().await.labels, ["restricted"], "{}", world.databases.engine);
        says(&world, "3", "MDM^T08", &(document("SCHOOL", "D2", "", "") + text)).await;
        is("D2", &["chronology superseded", "education current"]).await;
        assert_eq!(held().await.labels, ["restricted"], "{}", world.databases.engine);
        // Lifted aloud, it stays lifted, whatever it was under another kind.
        for (at, mark) in ["U", ""].into_iter().enumerate() {
            let again = document("SCHOOL", "D2", "", mark) + text;
            says(&world, &format!("u{at}"), "MDM^T08", &again).await;
            assert!(held().await.labels.is_empty(), "{}", world.databases.engine);
        }
        says(&world, "4", "MDM^T11", &document("", "D2", "", "")).await;
        let gone = &["chronology entered-in-error", "education entered-in-error"];
        let now = stand(&world, person, "\"Of D2\"").await;
        assert!(gone.iter().all(|one| now.contains(&(*one).to_owned())), "{now:?}");
    }
}

#[tokio::test]
async fn what_is_called_wrong_is_no_longer_there() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let write = |lines: &[(&str, &str)], note: &str| {
            let head = format!("TXA|1|SW|TX|20261120||||||||D1^B|{note}");
            let line = |(code, status): &(&str, &str)| {
                format!("\rOBX|1|TX|{code}^{code}^KENsection||Words of {code}||||||{status}")
            };
            head + &lines.iter().map(line).collect::<String>()
        };
        let (whole, edit) = ("MDM^T02", "MDM^T08");
        for (id, kind, lines, harm, views) in [
            ("1", whole, &[("HARM", "F"), ("VIEWS", "F")][..], true, "current"),
            // A change that repeats nothing leaves all.
            ("2", edit, &[][..], true, "current"),
            ("3", edit, &[("VIEWS", "W")][..], true, "superseded"),
            ("4", edit, &[("HARM", "F"), ("VIEWS", "F")][..], true, "current"),
            ("5", edit, &[("HARM", "D")][..], false, "superseded"),
            ("6", edit, &[("HARM", "F")][..], true, "superseded"),
        ] {
            let note = if kind == whole { "\rNTE|1||About it all" } else { "" };
            let person = says(&world, id, kind, &write(lines, note)).await;
            let all = world.picture(person).await;
            let now = |name: &str| {
                let is = |line: &&String| line.contains(name) && line.contains(" true ");
                all.iter().find(is).unwrap_or_else(|| panic!("{engine} {id}: {name}")).clone()
            };
            assert_eq!(now("|D1 ").contains("\"data\""), harm, "{engine}: {id} {}", now("|D1 "));
            assert!(now("|D1 ").contains("About it all"), "{engine}: {id}: nobody unsaid the note");
            let stands = now("|D1|VIEWS ");
            assert!(stands.contains(&format!(" {views} ")), "{engine}: {id} {stands}");
        }
    }
}

#[tokio::test]
async fn broken_letters_are_marked_and_a_person_is_told() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let whole = message("1", "ADT^A08", "NK1|1|Ó Néill^Áine").replace("Bain^", "Ba?n^");
        let broken: Vec<u8> =
            whole.bytes().map(|byte| if byte == b'?' { 0xc3 } else { byte }).collect();
        let answer = world.hub.accept(&broken).await.into_bytes().unwrap();
        assert!(String::from_utf8(answer).unwrap().contains("MSA|AA|1"), "{engine}");
        let person = world.people().await[0];
        let patient = world.held(person, "Patient", "name").await;
        assert_eq!(patient.body["name"][0]["family"], "Ba\u{fffd}n", "{engine}");
        let related = world.held(person, "RelatedPerson", "name").await;
        assert_eq!(related.body["name"][0]["given"][0], "Áine", "{engine}");
        let codes = async || -> Vec<String> {
            let held = ken_hub::held(&world.databases.db).await.unwrap();
            held.into_iter().map(|one| one.code).collect()
        };
        assert_eq!(codes().await, ["hub.damaged-text"], "{engine}");
        let unread = message("2", "ADT^A08", "").replace("|2|P|2.5", "|2|P|2.5||||||8859/5");
        let unread: Vec<u8> =
            unread.bytes().map(|byte| if byte == b'a' { 0xd0 } else { byte }).collect();
        let answer = world.hub.accept(&unread).await.into_bytes().unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.contains("MSA|AE|2") && answer.contains("hl7.charset-unknown"), "{answer}");
        assert_eq!(codes().await.len(), 2, "{engine}");
        assert_eq!(world.count("SELECT COUNT(*) FROM message").await, 1, "{engine}");
    }
}

/// Father and son of one name: the next list has them the other way round, or one of them alone.
#[tokio::test]
async fn of_two_of_one_name_neither_takes_the_others_mark_away() {
    const OPEN: &str = "SELECT COUNT(*) FROM record_item i JOIN row_class c ON c.id = i.class_id
        WHERE i.resource_type = 'RelatedPerson' AND i.status = 'current'
          AND c.labels NOT LIKE '%restricted%'";
    let (father, son) = ("Bain^John|FTH||01592 1", "Bain^John|SON||01592 2");
    for later in [vec![son, father], vec![son]] {
        for world in worlds().await {
            let engine = world.databases.engine;
            let marked = format!("NK1|1|{father}\rNK1|2|{son}{}Y", "|".repeat(18));
            says(&world, "1", "ADT^A08", &marked).await;
            assert_eq!(world.count(OPEN).await, 1, "{engine}: the father");
            let list = later.iter().enumerate().map(|(at, one)| format!("NK1|{at}|{one}"));
            let list: Vec<_> = list.collect();
            says(&world, "2", "ADT^A08", &list.join("\r")).await;
            assert_eq!(world.count(OPEN).await, 0, "{engine}: {later:?}");
        }
    }
}
