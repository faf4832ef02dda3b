//! That somebody has died, as their sources say and withdraw.

use crate::world::worlds;

fn message(control_id: &str, from: &str, identifiers: &str, rest: &str) -> String {
    format!(
        "MSH|^~\\&|{from}|KEN|HSCP|20261121101500||ADT^A31^ADT_A05|{control_id}|P|2.5\r\
         EVN|A31|20261121101500\rPID|1||{identifiers}||{rest}"
    )
}

/// Sources that say that somebody has died, and who is so to the gate.
const STATES: &str = "SELECT COUNT(*) FROM person_fact
    WHERE name = 'deceased' AND grade = 'system' AND until_us IS NULL";
/// Everybody who is so, of whom there is one at most.
const DEAD: &str = "SELECT COALESCE(MAX(person_id), '') FROM person_fact
    WHERE name = 'deceased' AND until_us IS NULL";
/// Accounts of the index with a day of death.
const DAYS: &str = "SELECT COUNT(*) FROM person_source WHERE died IS NOT NULL";

#[tokio::test]
async fn a_death_is_a_state_of_the_person_until_its_own_source_withdraws_it() {
    for world in worlds().await {
        let engine = world.databases.engine;
        world.let_train().await;
        let (practice, other, board) = ("A|B", "TRAIN|B", "SIMHOSP|SFAC");
        let known = "9990000018^^^NHSNBR^NH~77^^^B^MR";
        let at_board = "9990000018^^^NHSNBR^NH~7^^^S^MR";
        for (at, (from, day, yes, want)) in (1..).zip([
            (practice, "", "", (0, 0)),
            (practice, "20261101", "Y", (1, 1)),
            (practice, "", "", (1, 1)),
            (board, "", "N", (1, 1)),
            // The index has one account of the practice's number, whichever system speaks.
            (other, "", "N", (1, 0)),
            (board, "", "Y", (2, 0)),
            (practice, "", "N", (1, 0)),
            (board, "", "\"\"", (0, 0)),
            // One system of the practice withdraws what it said, and not what the other says.
            (practice, "", "Y", (1, 0)),
            (other, "", "Y", (1, 0)),
            (practice, "", "N", (1, 0)),
            (other, "", "N", (0, 0)),
        ]) {
            world.tick();
            let number = if from == board { at_board } else { known };
            let gap = "|".repeat(21);
            let rest = format!("Bain^Morag||19010101|F{gap}{day}|{yes}");
            assert_eq!(world.say(&message(&format!("{at}"), from, number, &rest)).await, "AA");
            let now = (world.count(STATES).await, world.count(DAYS).await);
            assert_eq!(now, want, "{engine}: {at} {from} {day} {yes}");
        }
        assert_eq!(world.people().await.len(), 1, "{engine}");
    }
}

#[tokio::test]
async fn a_death_follows_its_number_and_ends_under_the_one_that_is_left() {
    const KEPT: &str = "Bain^Morag||19010101|F";
    const GONE: &str = "Reid^Ann||19450203|F";
    let one = worlds().await.into_iter().map(|world| (world, false));
    let other = worlds().await.into_iter().map(|world| (world, true));
    for (world, linked) in one.chain(other) {
        let engine = world.databases.engine;
        let say = async |control_id: &str, from: &str, number: &str, rest: &str| {
            world.tick();
            let said = message(control_id, from, number, rest);
            assert_eq!(world.say(&said).await, "AA", "{engine}: {rest}");
        };
        let death = |who: &str, yes: &str| format!("{who}{}{yes}", "|".repeat(22));
        let (board, known) = ("SIMHOSP|SFAC", "8^^^S^MR~9990000018^^^NHSNBR^NH");
        say("1", board, "7^^^S^MR", KEPT).await;
        say("2", board, known, &death(GONE, "Y")).await;
        let people = world.people().await;
        let [kept, gone] = people.as_slice() else { panic!("{engine}: {}", people.len()) };
        if !linked {
            // Whom others know too is not joined with anybody by the board: its number moves.
            say("p", "A|B", "1^^^B^MR~9990000018^^^NHSNBR^NH", GONE).await;
        }
        let dead = async |want: &str, step: &str| {
            assert_eq!(world.text(DEAD).await, want, "{engine}: {linked} {step}");
        };
        let (kept, of_gone) = (kept.to_string(), gone.to_string());
        let merged = if linked { of_gone.as_str() } else { kept.as_str() };
        dead(&of_gone, "said").await;
        let merge = async |control_id: &str| {
            world.tick();
            let says = format!(
                "MSH|^~\\&|SIMHOSP|SFAC|KEN|HSCP|20261121||ADT^A40|{control_id}|P|2.5\r\
                 EVN|A40|20261121\rPID|1||7^^^S^MR||{KEPT}\rMRG|8^^^S^MR"
            );
            assert_eq!(world.say(&says).await, "AA", "{engine}");
        };
        merge("3").await;
        dead(merged, "merged").await;
        if !linked {
            world.unmerge(*gone).await;
            dead(&of_gone, "unmerged").await;
            // Apart again, the one says nothing of the other.
            say("4", board, "7^^^S^MR", &death(KEPT, "N")).await;
            dead(&of_gone, "of another").await;
            merge("5").await;
            dead(merged, "merged again").await;
        }
        // Nobody says anything under the merged number any more.
        say("6", board, "7^^^S^MR", &death(KEPT, "N")).await;
        dead("", "withdrawn").await;
    }
}
