//! What comes late: what holds is what a source says in its own order, in whatever order it comes.

use std::collections::BTreeMap;

use ken_core::PersonId;
use ken_store::{Reads, Row, Snapshot, values};
use ken_testkit::SeededIds;

use crate::merges::{roll, seeds};
use crate::world::{World, worlds};

/// Messages in each seed.
const MESSAGES: usize = 9;
/// Orders of arrival in each seed, beside that in which they were said.
const ORDERS: usize = 4;

/// What a source says of somebody at one time, without its control id.
#[derive(Debug, Clone)]
struct Says {
    /// MSH-7 and EVN-2.
    times: (String, String),
    kind: &'static str,
    pid: String,
    rest: String,
}

impl Says {
    fn at(time: &str, kind: &'static str, pid: &str, rest: &str) -> Self {
        let times = (time.to_owned(), time.to_owned());
        Self { times, kind, pid: pid.to_owned(), rest: rest.to_owned() }
    }
}

/// The practice says it of somebody whom it knows by this number.
async fn says(world: &World, id: &str, number: &str, one: &Says) {
    world.clock.advance(jiff::SignedDuration::from_secs(1));
    let Says { times: (made, entered), kind, pid, rest } = one;
    let text = format!(
        "MSH|^~\\&|A|B|KEN|HSCP|{made}||{kind}|{id}|P|2.5\rEVN||{entered}\r\
         PID|1||{number}^^^B^MR||Bain^Morag{pid}{rest}"
    );
    let engine = world.databases.engine;
    assert_eq!(world.say(&text).await, "AA", "{engine}: {text}");
}

/// Something that a source may say, whose pieces others say otherwise.
fn something(dice: &SeededIds, minute: usize) -> Says {
    let pick = |of: &[&'static str]| of[roll(dice, of.len())];
    let gap = "|".repeat(18);
    let died = [String::new(), String::new(), format!("{gap}20261101|Y"), format!("{gap}|N")];
    let died = &died[roll(dice, 4)];
    let place = pick(&["", "1 Test St^^Town", "2 Other Rd^^City", "\"\""]);
    let pid = match (place, died.as_str()) {
        ("", "") => String::new(),
        (place, died) => format!("||||||{place}{died}"),
    };
    let number = roll(dice, 3);
    let (kind, rest) = match roll(dice, 9) {
        0 => {
            let named = (0..4).filter(|_| roll(dice, 2) == 0);
            let marks = [0; 4].map(|_| pick(&["", "", "Y", "N"]));
            let nk1 = |of: usize| {
                let (role, mark) = (["MTH", "NP"][of % 2], marks[of]);
                format!("\rNK1|{of}|Bain^R{of}|{role}{}{mark}", "|".repeat(20))
            };
            ("ADT^A08", named.map(nk1).collect())
        }
        1 => {
            let mark = format!("\rPV2{}{}", "|".repeat(22), pick(&["", "Y", "N"]));
            let (ward, gap) = (pick(&["W4", "W5", ""]), "|".repeat(16));
            let (kind, times) = match roll(dice, 4) {
                0 => ("ADT^A01", "202611010900"),
                1 => ("ADT^A03", "|202611051000"),
                2 => ("ADT^A13", ""),
                _ => ("ADT^A08", ""),
            };
            let times = if times.is_empty() { String::new() } else { "|".repeat(25) + times };
            (kind, format!("\rPV1|1|I|{ward}{gap}V{number}^^^B{times}{mark}"))
        }
        2 => {
            let (action, grade) = (pick(&["A", "U", "D"]), pick(&["SV", "MI"]));
            ("ADT^A60", format!("\rIAM|1|DA|{number}^Nuts{number}^L|{grade}|Rash|{action}"))
        }
        3 => ("MDM^T02", document(number, "", pick(&["R", "U", ""]), minute)),
        // It bears the mark that what it replaces has then, unless it says one.
        4 => {
            let parent = format!("D{}^B", roll(dice, 3));
            ("MDM^T10", document(number, &parent, pick(&["", "", "U"]), minute))
        }
        5 => ("MDM^T11", document(number, "", "", minute)),
        6 => {
            let lines = (0..3).filter(|_| roll(dice, 2) == 0);
            let line = |at: usize| format!("\rOBX|{at}|TX|t^Text|{at}|{minute}||||||F");
            let lines: String = lines.map(line).collect();
            let status = pick(&["P", "F", "C"]);
            ("ORU^R01", format!("\rOBR|1||F{number}|x^X{}{status}{lines}", "|".repeat(21)))
        }
        7 => ("ADT^A08", format!("\rARV||{}|{}", pick(&["A", "D"]), pick(&["LOC", "PSY"]))),
        _ => ("ADT^A31", format!("\rPD1{}{}", "|".repeat(12), pick(&["Y", "N", ""]))),
    };
    Says::at(&format!("2026112008{minute:02}30"), kind, &pid, &rest)
}

fn document(number: usize, parent: &str, mark: &str, minute: usize) -> String {
    format!(
        "\rTXA|1|SW|TX|20261120||||||||D{number}^B|{parent}|||||{mark}|\
         \rOBX|1|TX|N^Note||Said at {minute}\rOBX|2|TX|VIEWS^Views^KENsection||Views of {minute}"
    )
}

/// What is held of somebody and what follows from it, a line each, with names in the place of ids.
async fn picture(world: &World, person: PersonId, number: &str) -> Vec<String> {
    const ACCOUNT: &str = "SELECT family, given, address, phone, COALESCE(died, '-')
        FROM person_source WHERE person_id = $1";
    const STATES: &str = "SELECT name FROM person_fact
        WHERE person_id = $1 AND until_us IS NULL ORDER BY name";
    const ITEMS: &str = "SELECT i.resource_id, i.item_key, i.status, i.event_us, c.labels
        FROM record_item i JOIN row_class c ON c.id = i.class_id WHERE i.person_id = $1";
    let read = async |s: &mut Snapshot| {
        let account = |row: &Row<'_>| {
            let [family, given, address] = [row.text(0)?, row.text(1)?, row.text(2)?];
            Ok(format!("{family} {given} {address} {} {}", row.text(3)?, row.text(4)?))
        };
        let item = |row: &Row<'_>| {
            let head = format!("{} {:?} {}", row.text(2)?, row.int_opt(3)?, row.text(4)?);
            Ok((row.text(0)?, row.text(1)?, head))
        };
        let mut lines = s.list(ACCOUNT, values![person], account).await?;
        lines.extend(s.list(STATES, values![person], |row| row.text(0)).await?);
        Ok::<_, ken_store::Error>((lines, s.list(ITEMS, values![person], item).await?))
    };
    let (mut lines, mut items) = world.databases.db.snapshot("test.late", read).await.unwrap();
    for (_, name, _) in &mut items {
        *name = world.as_told(name);
    }
    let names: BTreeMap<String, &str> =
        items.iter().map(|(id, name, _)| (id.clone(), name.as_str())).collect();
    for line in world.picture(person).await.into_iter().filter(|line| line.contains(" true ")) {
        let at = line.find('{').unwrap();
        let id = names.keys().find(|id| line[..at].contains(id.as_str())).unwrap();
        let head = items.iter().find(|(item, ..)| item == id).map(|(.., head)| head).unwrap();
        let mut body = line[at..].replace(&person.to_string(), "PERSON");
        for (id, name) in &names {
            body = body.replace(id.as_str(), name);
        }
        lines.push(format!("{} {head} {body}", names[id]).replace(number, "NUMBER"));
    }
    lines.sort();
    lines
}

/// What is held where nobody near the person bears a mark that they do not bear where everything
/// came in its order, and how many do: nobody knows any more whom a list left, so more of them are
/// marked than need be. Never fewer.
fn without_more_marks(want: &[String], mut now: Vec<String>) -> (Vec<String>, usize) {
    let mut more = 0;
    let near = |line: &&mut String| line.contains(" related|") && !want.contains(&**line);
    for line in now.iter_mut().filter(near) {
        let less = line.replacen(" restricted {", "  {", 1);
        if less != *line && want.contains(&less) {
            *line = less;
            more += 1;
        }
    }
    (now, more)
}

/// Whom a number of the practice means.
async fn meant(world: &World, number: &str) -> PersonId {
    const OF: &str = "SELECT person_id FROM source_number
        WHERE organisation_id = 'practice' AND number = $1";
    let read = async |s: &mut Snapshot| s.find(OF, values![number], |row| row.parse(0)).await;
    world.databases.db.snapshot("test.meant", read).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_holds_is_what_was_said_last_in_whatever_order_it_comes() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (mut late, mut more) = (0, 0);
        for seed in 1..=4 * seeds() {
            let dice = SeededIds::new(seed);
            let said: Vec<Says> = (0..MESSAGES).map(|at| something(&dice, 10 + at)).collect();
            let mut want = None;
            for order in 0..=ORDERS {
                let mut left: Vec<usize> = (0..MESSAGES).collect();
                let number = format!("N{seed}X{order}");
                let mut came = vec![];
                while !left.is_empty() {
                    let next = if order == 0 { 0 } else { roll(&dice, left.len()) };
                    let at = left.remove(next);
                    late += usize::from(came.iter().any(|before| *before > at));
                    came.push(at);
                    says(&world, &format!("{number}-{at}"), &number, &said[at]).await;
                }
                let person = meant(&world, &number).await;
                let now = picture(&world, person, &number).await;
                let want = want.get_or_insert_with(|| now.clone());
                let (now, over) = without_more_marks(want, now);
                more += over;
                let gone: Vec<_> = want.iter().filter(|line| !now.contains(line)).collect();
                let new: Vec<_> = now.iter().filter(|line| !want.contains(line)).collect();
                assert!(
                    gone.is_empty() && new.is_empty(),
                    "{engine} seed {seed} {came:?}: {said:#?}\nwant {gone:#?}\nnow {new:#?}"
                );
            }
        }
        assert!(late > 100, "{engine}: {late} came late");
        assert!(more < late / 20, "{engine}: {more} are marked and need not be");
    }
}

/// The labels of the one current thing whose name ends so.
async fn labels(world: &World, number: &str, name: &str) -> String {
    let person = meant(world, number).await;
    let all = picture(world, person, number).await;
    let of: Vec<_> = all.iter().filter_map(|line| line.split_once(&format!("{name} "))).collect();
    let [(_, rest)] = of.as_slice() else { panic!("{}: {name}: {all:#?}", world.databases.engine) };
    let head = rest.split(" {").next().unwrap_or_default();
    head.split(' ').skip(2).collect::<Vec<_>>().join(" ").trim().to_owned()
}

#[tokio::test]
async fn a_mark_that_comes_late_reaches_what_took_its_place() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let writes = |minute: usize, kind: &'static str, (number, parent): (usize, &str), mark| {
            let rest = document(number, parent, mark, minute);
            Says::at(&format!("2026112008{minute:02}30"), kind, "", &rest)
        };
        for (id, one, second, third) in [
            ("d1", writes(10, "MDM^T02", (1, ""), ""), None, None),
            ("d2", writes(30, "MDM^T10", (2, "D1^B"), ""), Some(""), None),
            ("d3", writes(40, "MDM^T10", (3, "D2^B"), ""), Some(""), Some("")),
            // Said before either took its place.
            ("r", writes(20, "MDM^T08", (1, ""), "R"), Some("restricted"), Some("restricted")),
            // Said of the second itself, before the third took its place, and after it.
            ("u2", writes(35, "MDM^T08", (2, ""), "U"), Some(""), Some("")),
            ("r2", writes(50, "MDM^T08", (2, ""), "R"), Some("restricted"), Some("")),
            ("r3", writes(36, "MDM^T08", (2, ""), "R"), Some("restricted"), Some("restricted")),
            // Lifted again before the third, whatever was said of the first.
            ("u3", writes(37, "MDM^T08", (2, ""), "U"), Some("restricted"), Some("")),
        ] {
            says(&world, id, "77", &one).await;
            for (name, want) in [("|D2", second), ("|D3", third)] {
                let Some(want) = want else { continue };
                assert_eq!(labels(&world, "77", name).await, want, "{engine}: {id} {name}");
                let views = labels(&world, "77", &format!("{name}|VIEWS")).await;
                assert_eq!(views.is_empty(), want.is_empty(), "{engine}: {id} {name}: {views}");
            }
        }
        // What it replaces comes after it.
        says(&world, "e2", "78", &writes(30, "MDM^T10", (2, "D1^B"), "")).await;
        says(&world, "e1", "78", &writes(10, "MDM^T02", (1, ""), "R")).await;
        assert_eq!(labels(&world, "78", "|D2").await, "restricted", "{engine}");
        // Who left a list is found to be restricted.
        let names = |minute: usize, name: &str, mark: &str| {
            let rest = format!("\rNK1|1|{name}^Ann|MTH{}{mark}", "|".repeat(20));
            Says::at(&format!("2026112008{minute:02}30"), "ADT^A08", "", &rest)
        };
        says(&world, "n1", "79", &names(10, "Bain", "")).await;
        says(&world, "n3", "79", &names(30, "Smith", "")).await;
        says(&world, "n4", "79", &names(40, "Gray", "N")).await;
        says(&world, "n2", "79", &names(20, "Bain", "Y")).await;
        for (name, want) in [("Bain", "restricted"), ("Smith", "restricted"), ("Gray", "")] {
            let person = meant(&world, "79").await;
            let all = picture(&world, person, "79").await;
            let line = all.iter().find(|line| line.contains(&format!("\"{name}\""))).unwrap();
            let is = line.contains(" restricted {");
            assert_eq!(is, !want.is_empty(), "{engine}: {line}");
        }
    }
}

/// The address that is shown of somebody now, and how many versions tell of one.
async fn address(world: &World, person: PersonId, of: &str) -> (String, usize) {
    let all = world.picture(person).await;
    let own = |line: &&String| line.contains(&format!("{of} core patient"));
    let now = all.iter().filter(own).find(|line| line.contains(" true ")).unwrap();
    let line = now.split("\"line\":[\"").nth(1);
    let place = line.and_then(|rest| rest.split('"').next()).unwrap_or_default();
    (place.to_owned(), all.iter().filter(own).count())
}

#[tokio::test]
async fn times_that_cannot_be_are_as_they_come() {
    for world in worlds().await {
        let engine = world.databases.engine;
        world.let_train().await;
        let lives = |made: &str, entered: &str, place: &str| {
            let says = Says::at(made, "ADT^A31", &format!("||||||{place}"), "");
            Says { times: (made.to_owned(), entered.to_owned()), ..says }
        };
        // It is nine o'clock here.
        for (at, (made, entered, place, want)) in (1..).zip([
            ("20261121083000", "20261121083000", "1 First St", "1 First St"),
            ("20261121082000", "20261121082000", "2 Late St", "1 First St"),
            // Extracted again: made now, and entered before.
            ("20261121085000", "20261121082500", "3 Again St", "1 First St"),
            ("20261121085500", "20261121085000", "4 New St", "4 New St"),
            // In the future, without a time, on a day: as they come.
            ("20261121120000", "20261121120000", "5 Future St", "5 Future St"),
            ("", "", "6 Timeless St", "6 Timeless St"),
            ("20261121", "20261101", "7 Day St", "7 Day St"),
            ("20261121085100", "", "8 Now St", "8 Now St"),
            ("20261121085059", "20261121120000", "9 Older St", "8 Now St"),
        ]) {
            says(&world, &format!("a{at}"), "77", &lives(made, entered, place)).await;
            let person = meant(&world, "77").await;
            let (now, _) = address(&world, person, "torture").await;
            assert_eq!(now, want, "{engine}: {at}");
        }
        // Another system of the same organisation has another clock.
        let says_too = "MSH|^~\\&|TRAIN|B|KEN|HSCP|20261120||ADT^A31|t|P|2.5\rEVN||20261120100000\r\
                        PID|1||77^^^B^MR||Bain^Morag||||||8 Own St";
        assert_eq!(world.say(says_too).await, "AA", "{engine}");
        let person = meant(&world, "77").await;
        assert_eq!(address(&world, person, "training").await, ("8 Own St".to_owned(), 1));
        // Each of those that came late is in the history, and what was said since stands again.
        let (_, versions) = address(&world, person, "torture").await;
        assert_eq!(versions, 12, "{engine}");
    }
}

/// Somebody lives in another street with each second.
fn lives(at: usize) -> Says {
    let time = format!("2026112007{:02}{:02}", at / 60, at % 60);
    Says::at(&time, "ADT^A31", &format!("||||||{at} St"), "")
}

#[tokio::test]
async fn what_is_too_late_to_put_right_waits_for_a_person() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let restricts = |at: usize, action: &str| {
            let time = format!("2026112006{at:02}30");
            Says::at(&time, "ADT^A08", "", &format!("\rARV||{action}|PSY"))
        };
        for (at, action) in [(10, "A"), (30, "A")] {
            says(&world, &format!("mark{at}"), "77", &restricts(at, action)).await;
        }
        for at in 1..=101 {
            says(&world, &format!("{at}"), "77", &lives(at)).await;
        }
        let person = meant(&world, "77").await;
        let report = |minute: usize, status: &str, line: &str| {
            let rest = format!("\rOBR|1||F1|x^X{}{status}\rOBX|1|TX|t^T|1|{line}", "|".repeat(21));
            Says::at(&format!("2026112006{minute:02}30"), "ORU^R01", "", &rest)
        };
        says(&world, "final", "77", &report(59, "F", "No harm")).await;
        let mut waits = vec!["hub.late-by-hand"];
        for (id, one, is_all) in [
            ("l1", lives(1), true),
            ("l0", lives(0), false),
            // What made something of the same thing is said again, however long ago it came.
            ("first", report(50, "P", "Some harm"), false),
        ] {
            says(&world, id, "77", &one).await;
            waits.extend((!is_all).then_some("hub.late-by-hand"));
            let held = ken_hub::held(&world.databases.db).await.unwrap();
            let codes: Vec<_> = held.iter().map(|one| one.code.as_str()).collect();
            assert_eq!(codes, waits, "{engine}: {id}");
            assert_eq!(address(&world, person, "torture").await.0, "101 St", "{engine}");
        }
        let result = world.held(person, "Observation", "valueString").await;
        assert_eq!(result.body["valueString"], "No harm", "{engine}");
        // A long message is not said again.
        let long = lives(1).rest + "\rZZZ|" + &"z".repeat(5 << 20);
        says(&world, "long", "78", &Says { rest: long, ..lives(2) }).await;
        says(&world, "short", "78", &lives(1)).await;
        let held = ken_hub::held(&world.databases.db).await.unwrap();
        assert_eq!(held.len(), waits.len() + 1, "{engine}");
        // It was said again since, in a message that is not read again.
        says(&world, "lift", "77", &restricts(20, "D")).await;
        let states = "SELECT name FROM person_fact
            WHERE person_id = $1 AND until_us IS NULL AND name LIKE 'restricted%'";
        let read =
            async |s: &mut Snapshot| s.list(states, values![person], |row| row.text(0)).await;
        let held = world.databases.db.snapshot("test.states", read).await.unwrap();
        assert!(!held.is_empty(), "{engine}: a restriction is lifted by what is not the last word");
    }
}

#[tokio::test]
async fn what_is_too_late_withdraws_no_death_and_ends_nothing_else() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let died = |time: &str, said: &str| {
            let pid = format!("{}{said}", "|".repeat(25));
            Says::at(&format!("20261120{time}30"), "ADT^A31", &pid, "")
        };
        let near = |minute: usize, rest: &str| {
            Says::at(&format!("2026112006{minute:02}30"), "ADT^A08", "", rest)
        };
        // What made something of the same things is said again: this is the first of all.
        says(&world, "first", "77", &near(30, "")).await;
        says(&world, "died", "77", &died("0640", "Y")).await;
        let nuts = |grade: &str| format!("\rIAM|1|DA|1^Nuts^L|{grade}|Rash|A");
        let (tom, ann) = ("\rNK1|1|Bain^Tom|FTH", "\rNK1|2|Bain^Ann|MTH");
        says(&world, "near1", "77", &near(41, &format!("{tom}{ann}"))).await;
        says(&world, "near2", "77", &near(42, &format!("{}{tom}", nuts("SV")))).await;
        says(&world, "near3", "77", &near(43, &format!("{tom}{ann}"))).await;
        for at in 1..=101 {
            says(&world, &format!("{at}"), "77", &lives(at)).await;
        }
        let person = meant(&world, "77").await;
        // Nobody knows whether what is said last of all is said again: a death stays.
        let is_dead = "SELECT COUNT(*) FROM person_fact
            WHERE name = 'deceased' AND until_us IS NULL";
        says(&world, "lives", "77", &died("0635", "N")).await;
        assert_eq!(world.count(is_dead).await, 1, "{engine}: a death is withdrawn too late");
        says(&world, "lives-now", "77", &died("0859", "N")).await;
        says(&world, "died-late", "77", &died("0636", "Y")).await;
        assert_eq!(world.count(is_dead).await, 0, "{engine}: what was said last is known");
        // What is said again for one thing ends no other.
        says(&world, "nuts", "77", &near(38, &nuts("MI"))).await;
        let nuts = world.held(person, "AllergyIntolerance", "criticality").await;
        assert_eq!(nuts.body["criticality"], "high", "{engine}: {}", nuts.body);
        let all = picture(&world, person, "77").await;
        let ann = all.iter().find(|line| line.contains("\"Ann\"")).unwrap();
        assert!(ann.contains(" current "), "{engine}: {ann}");
        // Nor does it say a death: what says that they live may be among what is not known.
        for at in 1..=101 {
            says(&world, &format!("b{at}"), "80", &lives(at)).await;
        }
        says(&world, "died-80", "80", &died("0636", "Y")).await;
        assert_eq!(world.count(is_dead).await, 0, "{engine}: who may live is put as dead");
    }
}

#[tokio::test]
async fn what_is_not_known_is_neither_told_over_nor_lifted() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let writes = |minute: usize, kind: &'static str, (number, parent): (usize, &str), mark| {
            let rest = document(number, parent, mark, minute);
            Says::at(&format!("2026112008{minute:02}30"), kind, "", &rest)
        };
        // What is too long is not said again.
        let long = |one: Says| Says { rest: one.rest + "\rZZZ|" + &"z".repeat(5 << 20), ..one };
        let one = |minute, mark| writes(minute, "MDM^T08", (1, ""), mark);
        says(&world, "d1", "77", &writes(10, "MDM^T02", (1, ""), "")).await;
        says(&world, "d2", "77", &writes(30, "MDM^T10", (2, "D1^B"), "")).await;
        says(&world, "d2-long", "77", &long(writes(40, "MDM^T08", (2, ""), ""))).await;
        let person = meant(&world, "77").await;
        let body = async || {
            let all = picture(&world, person, "77").await;
            let line = all.into_iter().find(|line| line.contains("|D2 ")).unwrap();
            line[line.find('{').unwrap()..].to_owned()
        };
        let corrected = body().await;
        says(&world, "r", "77", &one(20, "R")).await;
        assert_eq!(labels(&world, "77", "|D2").await, "restricted", "{engine}");
        assert_eq!(body().await, corrected, "{engine}: what is older is put over it");
        says(&world, "u", "77", &one(25, "U")).await;
        assert_eq!(labels(&world, "77", "|D1").await, "restricted", "{engine}: lifted too late");
        // They live, whatever is said of before, and whatever else was said since.
        let died = |minute: usize, said: &str| {
            let pid = format!("{}{said}", "|".repeat(25));
            Says::at(&format!("2026112008{minute:02}30"), "ADT^A31", &pid, "")
        };
        says(&world, "n", "78", &died(30, "N")).await;
        says(&world, "n-long", "78", &long(died(40, ""))).await;
        says(&world, "y", "78", &died(20, "Y")).await;
        let is_dead = "SELECT COUNT(*) FROM person_fact
            WHERE name = 'deceased' AND until_us IS NULL";
        assert_eq!(world.count(is_dead).await, 0, "{engine}: who lives is put as dead");
        let held = ken_hub::held(&world.databases.db).await.unwrap();
        assert_eq!(held.len(), 3, "{engine}: a person is told each time");
    }
}
