//! Who is meant by what comes late, after its source has put right who somebody is.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::PersonId;
use ken_store::{Reads, Row, Snapshot, values};

use crate::world::{World, worlds};

/// What the practice says of whom, in its order: hour and minute, and the name.
type Says = (&'static str, &'static str);

/// A baby who is named and then called after the other parent: each name follows from the one
/// before, and the last not from the first.
const RENAMED: [Says; 4] =
    [("0900", "BAIN^BABY"), ("0930", "BAIN^BABY"), ("1000", "BAIN^ISLA"), ("1100", "REID^ISLA")];

/// A number that was used again for somebody else.
const USED_AGAIN: [Says; 4] = [
    ("0900", "BAIN^ISLA"),
    ("0930", "BAIN^ISLA"),
    ("1000", "BAIN^HAMISH"),
    ("1100", "BAIN^HAMISH"),
];

/// The number of one twin, by which the other came once.
const TWIN_BETWEEN: [Says; 4] = [
    ("0900", "BAIN^HAMISH"),
    ("0930", "BAIN^ISLA"),
    ("1000", "BAIN^HAMISH"),
    ("1100", "BAIN^HAMISH"),
];

/// The practice says it of a number, of somebody born on a day; an empty time is none.
async fn say(world: &World, id: &str, (number, born): (&str, &str), (time, name): Says) {
    world.clock.advance(jiff::SignedDuration::from_secs(1));
    let at = if time.is_empty() { String::new() } else { format!("20261120{time}30") };
    let text = format!(
        "MSH|^~\\&|A|B|KEN|HSCP|{at}||ADT^A08|{id}|P|2.5\rEVN||{at}\r\
         PID|1||{number}^^^B^MR||{name}||{born}"
    );
    assert_eq!(world.say(&text).await, "AA", "{}: {text}", world.databases.engine);
}

/// Whom a number of the practice means; nobody before its first message.
async fn meant(world: &World, number: &str) -> Option<PersonId> {
    const OF: &str = "SELECT person_id FROM source_number
        WHERE organisation_id = 'practice' AND number = $1";
    let read = async |s: &mut Snapshot| s.find(OF, values![number], |row| row.parse(0)).await;
    world.databases.db.snapshot("test.meant", read).await.unwrap()
}

/// Under whom each message lies, by its control id.
async fn filed(world: &World) -> BTreeMap<String, PersonId> {
    const ALL: &str = "SELECT i.control_id, m.person_id FROM message m
        JOIN inbox i ON i.message_id = m.message_id ORDER BY i.control_id";
    let row = |row: &Row<'_>| Ok((row.text(0)?, row.parse(1)?));
    let read = async |s: &mut Snapshot| s.list(ALL, &[], row).await;
    let all: Vec<_> = world.databases.db.snapshot("test.filed", read).await.unwrap();
    all.into_iter().collect()
}

/// Everybody whom a human is asked about together with somebody, and about these, and so on.
async fn asked_about(world: &World, person: PersonId) -> BTreeSet<PersonId> {
    const ALL: &str = "SELECT person_id, candidate_id FROM review_candidate";
    let row = |row: &Row<'_>| Ok((row.parse(0)?, row.parse(1)?));
    let read = async |s: &mut Snapshot| s.list(ALL, &[], row).await;
    let pairs: Vec<(PersonId, PersonId)> =
        world.databases.db.snapshot("test.asked", read).await.unwrap();
    let mut known = BTreeSet::from([person]);
    loop {
        let before = known.len();
        for (one, other) in &pairs {
            if known.contains(one) || known.contains(other) {
                known.extend([*one, *other]);
            }
        }
        if known.len() == before {
            return known;
        }
    }
}

/// Every order of four.
fn orders() -> Vec<[usize; 4]> {
    let mut all = vec![];
    for code in 0..256_usize {
        let order = [0, 2, 4, 6].map(|shift| (code >> shift) & 3);
        if order.iter().collect::<BTreeSet<_>>().len() == 4 {
            all.push(order);
        }
    }
    all
}

/// Sends what is said in an order, and gives whom each message lies under, in the order of its
/// time; nothing that comes late moves the number.
async fn send(
    world: &World,
    (number, born): (&str, &str),
    (said, order): (&[Says; 4], [usize; 4]),
) -> Vec<PersonId> {
    let mut came = vec![];
    for at in order {
        let before = meant(world, number).await;
        say(world, &format!("{number}-{at}"), (number, born), said[at]).await;
        if came.iter().any(|other| *other > at) {
            let now = meant(world, number).await;
            assert_eq!(now, before, "{}: {order:?}: {said:?} {at}", world.databases.engine);
        }
        came.push(at);
    }
    let filed = filed(world).await;
    (0..4).map(|at| filed[&format!("{number}-{at}")]).collect()
}

#[tokio::test]
async fn what_comes_late_is_of_whom_it_was_when_it_was_said() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let of = ("77", "20200101");
        // The second comes last, after the third and the fourth have put it right.
        let filed = send(&world, of, (&RENAMED, [0, 2, 3, 1])).await;
        assert_eq!(filed.iter().collect::<BTreeSet<_>>().len(), 1, "{engine}: {filed:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM review").await, 0, "{engine}");
        // What the source says next finds whom it means, by the name that holds.
        say(&world, "next", of, ("1200", "REID^ISLA")).await;
        assert_eq!(meant(&world, "77").await, Some(filed[0]), "{engine}");
        assert_eq!(world.people().await, [filed[0]], "{engine}");
        let name = "SELECT family || ' ' || given FROM person_source";
        assert_eq!(world.text(name).await, "REID ISLA", "{engine}");
    }
}

#[tokio::test]
async fn no_order_of_arrival_moves_a_number_by_what_is_late() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let mut whole = 0;
        for (kind, said) in [("a", &RENAMED), ("b", &USED_AGAIN)] {
            for (n, order) in (1..).zip(orders()) {
                // Born on a day of their own: nobody of another order is like them.
                let (number, month) = (format!("{kind}{n}"), if kind == "a" { 3 } else { 8 });
                let born = format!("2020{month:02}{n:02}");
                let filed = send(&world, (&number, &born), (said, order)).await;
                let people: BTreeSet<_> = filed.iter().copied().collect();
                whole += usize::from(kind == "a" && people.len() == 1);
                // As in the order of their times, or before a human.
                let asked = asked_about(&world, filed[3]).await;
                assert!(people.is_subset(&asked), "{engine}: {kind} {order:?}: {filed:?}");
                if kind == "b" {
                    let (first, then) = filed.split_at(2);
                    let mixed = first.iter().any(|one| then.contains(one));
                    assert!(!mixed, "{engine}: {order:?}: two people are one: {filed:?}");
                }
            }
        }
        // In their order, and in these others, all is one person's.
        assert_eq!(whole, 14, "{engine}");
    }
}

#[tokio::test]
async fn who_is_between_two_of_another_is_not_taken_for_them() {
    const UNTIMED: Says = ("", "BAIN^HAMISH");
    for world in worlds().await {
        let engine = world.databases.engine;
        let filed = send(&world, ("1", "20200101"), (&TWIN_BETWEEN, [0, 2, 3, 1])).await;
        assert!(filed[0] == filed[2] && filed[0] == filed[3], "{engine}: {filed:?}");
        assert_ne!(filed[0], filed[1], "{engine}: a twin is filed under the other");
        assert!(asked_about(&world, filed[0]).await.contains(&filed[1]), "{engine}");
        // What comes late of the former holder of a number comes to one person, not to many.
        let filed = send(&world, ("2", "20200102"), (&USED_AGAIN, [2, 3, 0, 1])).await;
        assert!(filed[0] == filed[1] && filed[2] == filed[3], "{engine}: {filed:?}");
        // Who says too little, before or since, vouches for nobody.
        for (number, born, said) in [
            ("3", "20200103", [UNTIMED, ("1100", ""), ("1000", "BAIN^ISLA")]),
            ("4", "20200104", [("0900", ""), ("1200", "BAIN^HAMISH"), ("1000", "BAIN^ISLA")]),
            ("5", "20200105", [("0900", "BAIN^HAMISH"), ("1100", ""), ("1000", "BAIN^ISLA")]),
        ] {
            for (at, one) in said.into_iter().enumerate() {
                say(&world, &format!("{number}-{at}"), (number, born), one).await;
            }
            let filed = of_number(&world, number).await;
            assert_eq!(filed[0], filed[1], "{engine}: {number}");
            assert_ne!(filed[0], filed[2], "{engine}: {number}: a twin is filed under the other");
            assert_eq!(meant(&world, number).await, Some(filed[0]), "{engine}: {number}");
        }
    }
}

/// Under whom each message of a number lies, in the order in which they were sent.
async fn of_number(world: &World, number: &str) -> Vec<PersonId> {
    let filed = filed(world).await;
    (0..3).map(|at| filed[&format!("{number}-{at}")]).collect()
}
