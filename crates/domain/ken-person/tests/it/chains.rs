//! Chains of merges against a plain reader: whom each number means is what its source said last of
//! each, in its order, in whatever order that comes; and taken back, each means whom it meant.

use jiff::Timestamp;
use ken_core::PersonId;
use ken_person::{Identified, MergeId, Merged, Said, Why, merge, unmerge};
use ken_store::{Reads as _, Snapshot, Tx, values};

use crate::world::{World, nhs, says, source, worlds};

/// The numbers of each history.
const NUMBERS: usize = 4;

/// What a source says in each history, in its order: which number is which other.
const HISTORIES: [[(usize, usize); 3]; 11] = [
    // A chain, and one whose end comes to stand elsewhere.
    [(0, 1), (1, 2), (2, 3)],
    [(2, 3), (1, 2), (0, 1)],
    // Many into one, and that into another.
    [(0, 3), (1, 3), (2, 3)],
    [(0, 1), (2, 1), (1, 3)],
    // One put right, alone and with what was merged into it.
    [(0, 1), (0, 2), (2, 3)],
    [(0, 1), (1, 2), (0, 3)],
    [(0, 1), (1, 2), (1, 3)],
    // Into a number that was merged away, at its end and before it.
    [(0, 1), (1, 2), (3, 1)],
    [(0, 1), (1, 2), (3, 0)],
    // Turned round, and then put right; and a circle.
    [(0, 1), (1, 0), (0, 2)],
    [(0, 1), (1, 2), (2, 0)],
];

/// Every order in which three may come.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// Which number each is by what was said last of each, and whether that is in a circle.
fn ends(said: &[(usize, usize)]) -> [(usize, bool); NUMBERS] {
    let mut is = [None; NUMBERS];
    for (gone, kept) in said {
        is[*gone] = Some(*kept);
    }
    std::array::from_fn(|number| {
        let end = (0..NUMBERS).fold(number, |at, _| is[at].unwrap_or(at));
        (end, is[end].is_some())
    })
}

/// Four people whom the board and a practice know, by a number of each history.
async fn known(world: &World, history: usize) -> Vec<PersonId> {
    let mut people = vec![];
    for number in 0..NUMBERS {
        let serial = history * NUMBERS + number;
        let letter = |at: usize| char::from(b'a' + u8::try_from(serial / at % 26).unwrap());
        let name = format!("Ann B{}{}n", letter(1), letter(26));
        let born = format!("{}-{:02}-{:02}", 1930 + history, number + 1, serial % 28 + 1);
        let own = [nhs(u64::try_from(serial).unwrap() + 1)];
        let board = says("nhsl", &named(history, number), &name, &born, &own);
        let person = world.identify(&board).await.person();
        let practice = says("gp", &named(history, number), &name, &born, &own);
        assert_eq!(world.identify(&practice).await, Identified::Known(person));
        people.push(person);
    }
    people
}

fn named(history: usize, number: usize) -> String {
    format!("{history}-{number}")
}

/// Whom each number of a history means to an organisation.
async fn meant(world: &World, organisation: &str, history: usize) -> Vec<PersonId> {
    const OF: &str = "SELECT person_id FROM source_number WHERE organisation_id = $1
        AND system = 'urn:test:number' AND number = $2";
    let mut all = vec![];
    for number in 0..NUMBERS {
        let number = named(history, number);
        let of = async |s: &mut Snapshot| {
            Ok(s.find(OF, values![organisation, number.as_str()], |row| row.parse(0)).await?)
        };
        all.push(world.read(of).await.unwrap());
    }
    all
}

/// The board says so, at an instant.
async fn merged(
    world: &World,
    history: usize,
    (gone, kept): (usize, usize),
    at: usize,
) -> Option<(PersonId, MergeId)> {
    let number = |number| source("nhsl", &named(history, number));
    let (gone, kept) = (number(gone), number(kept));
    let at = Timestamp::from_second(1_700_000_000 + i64::try_from(at).unwrap()).unwrap();
    let (ctx, said) = (world.ctx(), Some(Said { system: "trak", at }));
    let work = async |tx: &mut Tx| merge(tx, &ctx, &world.on.keys, &gone, &kept, said).await;
    match world.on.db.write("test.merge", work).await.unwrap() {
        Merged::Moved { from, id, .. } => Some((from, id)),
        Merged::Nothing | Merged::Late => None,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_said_last_of_each_number_stands_in_whatever_order_it_comes() {
    for world in worlds().await {
        let by = world.steward();
        let why = Why::new("the ward typed another patient's number").unwrap();
        let cases = HISTORIES.iter().flat_map(|said| ORDERS.map(|order| (said, order)));
        for (history, (said, order)) in cases.enumerate() {
            let at = format!("{} {said:?} as {order:?}", world.on.engine);
            let people = known(&world, history).await;
            let mut made = vec![];
            for one in order {
                let before = meant(&world, "nhsl", history).await;
                if let Some(merge) = merged(&world, history, said[one], one).await {
                    made.push((merge, before));
                }
            }
            let (now, ends) = (meant(&world, "nhsl", history).await, ends(said));
            for (number, (end, is_circle)) in ends.into_iter().enumerate() {
                let want = if is_circle { now[end] } else { people[end] };
                assert_eq!(now[number], want, "{at}: {number}: {now:?} of {people:?}");
            }
            for (merge, before) in made.into_iter().rev() {
                let ctx = world.ctx();
                let back =
                    async |tx: &mut Tx| unmerge(tx, &ctx, &world.on.keys, merge, &by, &why).await;
                world.on.db.write("test.unmerge", back).await.unwrap();
                assert_eq!(meant(&world, "nhsl", history).await, before, "{at}: taken back");
            }
            assert_eq!(meant(&world, "nhsl", history).await, people, "{at}: as before");
            // What another organisation calls its own is touched by none of it.
            assert_eq!(meant(&world, "gp", history).await, people, "{at}: the practice");
        }
        assert_eq!(world.places().await, [], "{}: nobody is asked", world.on.engine);
    }
}
