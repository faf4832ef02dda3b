//! Chains of merges as a hub takes them, late and out of order, and as they are taken back: whom
//! each number means, and where all lies that was told under it, against a plain reader.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::PersonId;
use ken_store::{Reads, Snapshot, values};
use ken_testkit::SeededIds;

use crate::merges::{message, person, pid, roll, seeds};
use crate::world::{World, worlds};

/// The board's numbers in each seed, each of somebody else to begin with.
const NUMBERS: usize = 6;
/// What the board says in each seed.
const STEPS: usize = 14;
/// The minutes of the morning at which it may say it.
const MINUTES: usize = 40;

/// Whom each number means.
type Picture = Vec<PersonId>;

/// A merge that moved a number: whom it was taken from, its id, and the pictures around it.
struct Made {
    from: PersonId,
    id: String,
    before: Picture,
    after: Picture,
}

/// What the board said at a minute, whenever it comes.
fn said_at(minute: usize, (id, kind): (&str, &str), pid: &str, rest: &str) -> String {
    let time = format!("2026112108{minute:02}30");
    format!(
        "MSH|^~\\&|SIMHOSP|SFAC|KEN|HSCP|{time}||ADT^{kind}|{id}|P|2.5\r\
         EVN|{kind}|{time}\rPID|1||{pid}{rest}"
    )
}

/// Where somebody lives, and what they may not be given.
fn place(name: &str) -> String {
    format!("|||{name} Rd\rAL1|1|DA|70618^Nuts^L|SV|{name}")
}

/// Everybody of a seed, whom the practice knows too, so that the board's merges move numbers.
async fn known(world: &World, seed: u64) -> Picture {
    for one in 0..NUMBERS {
        let theirs = format!("{seed}7{one}^^^B^MR~{}", person(seed, one));
        let says = message(&format!("{seed}-p{one}"), "A|B", "A08", &theirs, "");
        assert_eq!(world.say(&says).await, "AA");
        let (id, own) = (format!("{seed}-b{one}"), pid(seed, one, one));
        let says = said_at(0, (&id, "A08"), &own, &place("Home"));
        assert_eq!(world.say(&says).await, "AA");
    }
    let people = meant(world, seed).await;
    assert_eq!(people.iter().collect::<BTreeSet<_>>().len(), NUMBERS, "each is somebody else");
    people
}

/// Whom the board's numbers mean.
async fn meant(world: &World, seed: u64) -> Picture {
    const OF: &str = "SELECT person_id FROM source_number
        WHERE organisation_id = 'nhsl' AND number = $1";
    let mut all = vec![];
    for number in 0..NUMBERS {
        let number = format!("{seed}00{number}");
        let of =
            async |s: &mut Snapshot| s.find(OF, values![number.as_str()], |row| row.parse(0)).await;
        all.push(world.databases.db.snapshot("test.meant", of).await.unwrap().unwrap());
    }
    all
}

/// With whom what was told lies, by the mark of the number: items and messages.
async fn told(world: &World) -> BTreeMap<String, BTreeSet<PersonId>> {
    const ALL: &str = "SELECT under_number, person_id FROM record_item WHERE source = 'nhsl'
        UNION SELECT under_number, person_id FROM message WHERE source = 'simhospital'
        ORDER BY under_number, person_id";
    let read = async |s: &mut Snapshot| {
        s.list(ALL, &[], |row| Ok((row.text(0)?, row.parse::<PersonId>(1)?))).await
    };
    let mut all: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (under, person) in world.databases.db.snapshot("test.told", read).await.unwrap() {
        all.entry(under).or_default().insert(person);
    }
    all
}

/// The merge that was made last, if it is none of these.
async fn newest(world: &World, made: &[Made]) -> Option<(PersonId, String)> {
    const LAST: &str = "SELECT person_id, event_id FROM merge_event
        WHERE carried_by = '' ORDER BY event_id DESC LIMIT 1";
    let read = async |s: &mut Snapshot| {
        s.find(LAST, &[], |row| Ok((row.parse::<PersonId>(0)?, row.text(1)?))).await
    };
    let last = world.databases.db.snapshot("test.newest", read).await.unwrap()?;
    made.iter().all(|one| one.id != last.1).then_some(last)
}

/// What was said last of each number, by when it was said, and where that leads.
fn check(said: &BTreeMap<usize, (usize, usize)>, home: &[PersonId], now: &[PersonId], at: &str) {
    let mut is = [None; NUMBERS];
    for (gone, kept) in said.values() {
        is[*gone] = Some(*kept);
    }
    for number in 0..NUMBERS {
        let end = (0..NUMBERS).fold(number, |at, _| is[at].unwrap_or(at));
        // A circle has no end: all of it is one person.
        let want = if is[end].is_some() { now[end] } else { home[end] };
        assert_eq!(now[number], want, "{at}: {number} by {said:?}: {now:?} of {home:?}");
    }
}

/// All that was told under each number lies with whom it means, and nothing is on its way.
async fn check_told(world: &World, marks: &[String], now: &[PersonId], at: &str) {
    const OPEN: &str = "SELECT COUNT(*) FROM record_move WHERE done_us IS NULL";
    assert_eq!(world.count(OPEN).await, 0, "{at}");
    let told = told(world).await;
    for (mark, person) in marks.iter().zip(now) {
        assert_eq!(told[mark], BTreeSet::from([*person]), "{at}");
    }
}

/// The marks of a seed's numbers, while each means somebody else.
async fn marks(world: &World, home: &[PersonId]) -> Vec<String> {
    let told = told(world).await;
    let of = |person: &PersonId| {
        let mut mine = told.iter().filter(|(_, people)| people.contains(person));
        mine.next().unwrap().0.clone()
    };
    home.iter().map(of).collect()
}

/// Takes all merges back: any where nothing stands on it, else the last. Each number means again
/// whom it meant before that merge, and no other number means anybody else.
async fn unwind(world: &World, (seed, dice): (u64, &SeededIds), mut made: Vec<Made>, at: &str) {
    while let Some(last) = made.len().checked_sub(1) {
        let now = meant(world, seed).await;
        let mut one = roll(dice, made.len());
        if !world.try_unmerge(made[one].from, &made[one].id).await {
            assert_eq!(meant(world, seed).await, now, "{at}: refused, and nothing moves");
            one = last;
            assert!(world.try_unmerge(made[one].from, &made[one].id).await, "{at}: the last");
        }
        let gone = made.remove(one);
        let moved: Vec<_> =
            (0..NUMBERS).filter(|number| gone.before[*number] != gone.after[*number]).collect();
        let mut want = now;
        for number in moved {
            want[number] = gone.before[number];
            for later in &mut made[one..] {
                later.before[number] = gone.before[number];
                later.after[number] = gone.before[number];
            }
        }
        assert_eq!(meant(world, seed).await, want, "{at}: taken back");
    }
}

/// Random merges and late messages, in no order; says how many messages came and merges moved.
async fn seed_runs(world: &World, seed: u64) -> (i64, usize) {
    let dice = SeededIds::new(seed);
    let home = known(world, seed).await;
    let marks = marks(world, &home).await;
    let mut minutes: Vec<usize> = (1..=MINUTES).collect();
    let (mut said, mut made) = (BTreeMap::new(), Vec::<Made>::new());
    for step in 0..STEPS {
        world.tick();
        let at = format!("{} seed {seed} step {step}", world.databases.engine);
        let minute = minutes.swap_remove(roll(&dice, minutes.len()));
        let id = format!("{seed}-{step}");
        let (before, kept) = (meant(world, seed).await, roll(&dice, NUMBERS));
        let own = format!("{seed}00{kept}^^^S^MR");
        if roll(&dice, 4) == 0 {
            let rest = format!("|||||{}", place(&format!("Late{step}")));
            let says = said_at(minute, (&id, "A08"), &own, &rest);
            assert_eq!(world.say(&says).await, "AA", "{at}");
        } else {
            let gone = (kept + 1 + roll(&dice, NUMBERS - 1)) % NUMBERS;
            let rest = format!("\rMRG|{seed}00{gone}^^^S^MR");
            let says = said_at(minute, (&id, "A40"), &own, &rest);
            assert_eq!(world.say(&says).await, "AA", "{at}");
            said.insert(minute, (gone, kept));
        }
        let now = meant(world, seed).await;
        check(&said, &home, &now, &at);
        check_told(world, &marks, &now, &at).await;
        if let Some((from, id)) = newest(world, &made).await.filter(|_| before != now) {
            made.push(Made { from, id, before, after: now });
        }
    }
    let (moved, at) = (made.len(), format!("{} seed {seed}", world.databases.engine));
    unwind(world, (seed, &dice), made, &at).await;
    assert_eq!(meant(world, seed).await, home, "{at}: as before");
    check_told(world, &marks, &home, &at).await;
    (i64::try_from(2 * NUMBERS + STEPS).unwrap(), moved)
}

#[tokio::test]
async fn no_order_of_merges_loses_or_misplaces_anything_and_each_can_be_taken_back() {
    const BESIDE: &str = "SELECT COUNT(*) FROM record_item WHERE status = 'merged'";
    const ASKED: &str = "SELECT COUNT(*) FROM review";
    const PRACTICE: &str = "SELECT COUNT(DISTINCT person_id) FROM record_item
        WHERE source = 'practice'";
    for world in worlds().await {
        let engine = world.databases.engine;
        let (mut sent, mut moved) = (0, 0);
        for seed in 1..=seeds() {
            let (came, merges) = seed_runs(&world, seed).await;
            sent += came;
            moved += merges;
        }
        assert!(moved >= 6, "{engine}: {moved} merges moved a number");
        assert_eq!(world.count(BESIDE).await, 0, "{engine}: each holds as it did");
        assert_eq!(world.count(ASKED).await, 0, "{engine}: nobody is asked");
        assert_eq!(world.messages_opened().await, sent, "{engine}: nothing is lost");
        let people = i64::try_from(NUMBERS).unwrap() * i64::try_from(seeds()).unwrap();
        assert_eq!(world.count(PRACTICE).await, people, "{engine}: the practice's stay");
    }
}
