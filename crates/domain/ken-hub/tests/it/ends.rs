//! What messages end, and what a merge that is taken back leaves as it was.

use ken_core::PersonId;
use ken_testkit::SeededIds;

use crate::merges::{message, person, pid, roll, seeds};
use crate::world::{World, worlds};

/// What the board says under the number of a person, or of whom it was merged into.
async fn says(world: &World, id: &str, (number, one): (usize, usize), kind: &str, rest: &str) {
    world.tick();
    let says = message(id, "SIMHOSP|SFAC", "A08", &pid(1, number, one), rest);
    let says = says.replace("ADT^A08", kind);
    assert_eq!(world.say(&says).await, "AA", "{id}: {rest}");
}

fn document(number: usize, parent: &str) -> String {
    format!("\rTXA|1|SW|TX|20261120||||||||D{number}^S|{parent}|||||\rOBX|1|TX|N^Note||{number}")
}

/// Something that the board may say: whom somebody has, a document or a report, whole or changed.
fn something(dice: &SeededIds, may_withdraw: bool) -> (&'static str, String) {
    let (number, other) = (roll(dice, 4), roll(dice, 4));
    match roll(dice, 6) {
        0 | 1 => {
            let named = (0..4).filter(|_| roll(dice, 2) == 0);
            let nk1 = |of: usize| format!("\rNK1|{of}|Bain^R{of}|{}", ["MTH", "NP"][of % 2]);
            ("ADT^A08", named.map(nk1).collect())
        }
        2 => ("MDM^T02", document(number, "")),
        3 => ("MDM^T10", document(number, &format!("D{other}^S"))),
        4 if may_withdraw => ("MDM^T11", document(number, "")),
        _ => {
            let lines = (0..3).filter(|_| roll(dice, 2) == 0);
            let line = |at: usize| format!("\rOBX|{at}|TX|t^Text|{at}|Line {at}||||||F");
            let lines: String = lines.map(line).collect();
            ("ORU^R01", format!("\rOBR|1||F{number}|x^X{}F{lines}", "|".repeat(21)))
        }
    }
}

/// Two people whom the practice knows too, so that the board's merges move numbers.
async fn two(world: &World) -> (PersonId, PersonId) {
    for one in [0, 1] {
        let theirs = format!("7{one}^^^B^MR~{}", person(1, one));
        let says = message(&format!("p{one}"), "A|B", "A08", &theirs, "");
        assert_eq!(world.say(&says).await, "AA");
    }
    let people = world.people().await;
    (people[0], people[1])
}

#[tokio::test]
async fn a_merge_that_is_taken_back_leaves_what_was() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (from, _) = two(&world).await;
        let mut changed = 0;
        for seed in 1..=2 * seeds() {
            let dice = SeededIds::new(seed);
            for at in 0..8 {
                let (kind, rest) = something(&dice, true);
                says(&world, &format!("{seed}a{at}"), (8, 0), kind, &rest).await;
                let (kind, rest) = something(&dice, true);
                says(&world, &format!("{seed}b{at}"), (7, 1), kind, &rest).await;
            }
            let former = world.picture(from).await;
            says(&world, &format!("{seed}m"), (7, 1), "ADT^A40", "\rMRG|1008^^^S^MR").await;
            let merged = world.picture(world.people().await[1]).await;
            for at in 0..8 {
                // What is withdrawn by its own number is an error wherever it is.
                let (kind, rest) = something(&dice, false);
                says(&world, &format!("{seed}c{at}"), (7, 1), kind, &rest).await;
            }
            let after = world.picture(world.people().await[1]).await;
            changed += merged.iter().filter(|line| !after.contains(line)).count();
            world.unmerge(from).await;
            let now = world.picture(from).await;
            let gone: Vec<_> = former.iter().filter(|line| !now.contains(line)).collect();
            let new: Vec<_> = now.iter().filter(|line| !former.contains(line)).collect();
            assert!(gone.is_empty() && new.is_empty(), "{engine} {seed}: {gone:#?} {new:#?}");
        }
        assert!(changed > 10, "{engine}: {changed}: the messages between change what they find");
    }
}

/// How many items of the board's stand so, by a text of their newest version.
async fn stand(world: &World, of: PersonId, text: &str, status: &str) -> usize {
    let all = world.picture(of).await;
    let is = |line: &&String| {
        line.contains(text) && line.contains(" true ") && line.contains(&format!(" {status} "))
    };
    all.iter().filter(is).count()
}

#[tokio::test]
async fn an_error_stays_one_and_the_two_hundredth_ends_too() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (person, _) = two(&world).await;
        says(&world, "1", (8, 0), "MDM^T02", &document(1, "")).await;
        // It does not say of which kind it is: what is held of it ends, under whatever kind.
        let withdrawn = document(1, "").replace("|SW|", "||");
        says(&world, "2", (8, 0), "MDM^T11", &withdrawn).await;
        assert_eq!(stand(&world, person, "|D1 ", "entered-in-error").await, 1, "{engine}");
        says(&world, "3", (8, 0), "MDM^T10", &document(2, "D1^S")).await;
        assert_eq!(stand(&world, person, "|D1 ", "entered-in-error").await, 1, "{engine}");
        // Whom a list names no more ends, however many have ended before.
        for at in 0..6 {
            let nk1 = |of: usize| format!("\rNK1|{of}|Bain^R{at}x{of}|OTH");
            let many: String = (0..50).map(nk1).collect();
            says(&world, &format!("n{at}"), (8, 0), "ADT^A08", &many).await;
        }
        let related = "RelatedPerson";
        assert_eq!(stand(&world, person, related, "current").await, 50, "{engine}");
        assert_eq!(stand(&world, person, related, "superseded").await, 250, "{engine}");
    }
}

#[tokio::test]
async fn what_is_taken_back_after_a_merge_is_so_under_both_numbers() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (from, to) = two(&world).await;
        let all = |action: &str| {
            let dg1 = if action == "D" { "D" } else { "A" };
            format!(
                "\rIAM|1|DA|1^Latex^L|SV|Rash|{action}\rDG1|1||J45^Asthma^I10||20260101{}{dg1}",
                "|".repeat(16)
            )
        };
        // Its key begins as that of the other does.
        let like = "\rDG1|1||J45|Other^^||20260101";
        says(&world, "1", (8, 0), "ADT^A08", &(all("A") + like)).await;
        says(&world, "2", (7, 1), "ADT^A08", "").await;
        says(&world, "m", (7, 1), "ADT^A40", "\rMRG|1008^^^S^MR").await;
        says(&world, "3", (7, 1), "ADT^A08", &all("D")).await;
        for text in ["Latex", "Asthma"] {
            let beside = stand(&world, to, text, "merged").await;
            assert_eq!(beside, 1, "{engine}: {text} under the number that ended");
            let active = async || stand_as(&world, to, text, "\"active\"").await;
            assert_eq!(active().await, 0, "{engine}: {text} is shown though it was taken back");
        }
        assert_eq!(stand(&world, to, "Other", "current").await, 1, "{engine}");
        says(&world, "4", (7, 1), "ADT^A08", &all("A")).await;
        for text in ["Latex", "Asthma"] {
            assert_eq!(stand_as(&world, to, text, "\"active\"").await, 1, "{engine}: {text} again");
        }
        says(&world, "5", (7, 1), "ADT^A08", &all("D")).await;
        // Whoever took it back took it back of one person, and they were two.
        world.unmerge(from).await;
        for text in ["Latex", "Asthma"] {
            let theirs = stand_as(&world, from, text, "\"active\"").await;
            assert_eq!(theirs, 1, "{engine}: {text} of another was taken back");
        }
    }
}

/// How many of the board's things with a text hold, and say another.
async fn stand_as(world: &World, of: PersonId, text: &str, other: &str) -> usize {
    let all = world.picture(of).await;
    let is =
        |line: &&String| line.contains(text) && line.contains(other) && line.contains(" true ");
    all.iter().filter(is).filter(|line| line.contains(" current ")).count()
}

#[tokio::test]
async fn names_are_found_by_their_place_in_the_index() {
    for world in worlds().await {
        for name in ["FIND_STANDING", "FIND_FORMER", "ITEMS_NAMED", "FIND_ENDING", "FIND_ITEMS"] {
            let (_, sql) = ken_records::STATEMENTS.iter().find(|(of, _)| *of == name).unwrap();
            let plan = world.databases.db.plan(*sql).await.unwrap();
            let items = plan.iter().filter(|step| {
                ["record_item", "record_ending", " i ", " n "].iter().any(|of| step.contains(of))
            });
            for step in items {
                let by_name = ["item_key", "own_like"].iter().any(|key| step.contains(key));
                assert!(by_name && step.starts_with("SEARCH"), "{name}: {step}");
            }
        }
    }
}
