//! Merges against a naive reader: who has a relationship with whom, after any order of messages,
//! merges and unmerges.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::{IdSource, PersonId};
use ken_person::Why;
use ken_store::{Reads, Snapshot, guard, values};
use ken_testkit::SeededIds;

use crate::world::{World, worlds};

/// Whom the practice and the board know, in each seed.
const PEOPLE: usize = 3;
/// The board's own numbers, in each seed.
const NUMBERS: usize = 5;
/// What is done in each seed.
const STEPS: usize = 28;

/// Three, or as many as `KEN_TEST_SEEDS` says.
#[expect(clippy::disallowed_methods, reason = "more seeds on demand, from the environment")]
pub(crate) fn seeds() -> u64 {
    std::env::var("KEN_TEST_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

pub(crate) fn roll(ids: &SeededIds, below: usize) -> usize {
    let mut bytes = [0; 8];
    ids.entropy(&mut bytes);
    usize::try_from(u64::from_le_bytes(bytes) % below as u64).unwrap()
}

/// A valid NHS number of the range that is never issued.
pub(crate) fn nhs(mut serial: usize) -> String {
    loop {
        let body = format!("999{serial:06}");
        let digits = body.bytes().map(|digit| usize::from(digit - b'0'));
        let sum: usize = digits.zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
        match 11 - sum % 11 {
            11 => return format!("{body}0"),
            10 => serial += 100_000,
            check => return format!("{body}{check}"),
        }
    }
}

/// Somebody of a seed, as a message names them.
pub(crate) fn person(seed: u64, one: usize) -> String {
    let number = nhs(usize::try_from(seed).unwrap() * 100 + one);
    let year = 1901 + 7 * one;
    format!("{number}^^^NHSNBR^NH||Bain{seed}x{one}^Morag{one}||{year}0101|F")
}

pub(crate) fn pid(seed: u64, number: usize, one: usize) -> String {
    let who = person(seed, one);
    let (national, rest) = who.split_once("||").unwrap();
    format!("{seed}00{number}^^^S^MR~{national}||{rest}")
}

pub(crate) fn message(id: &str, from: &str, kind: &str, pid: &str, rest: &str) -> String {
    format!(
        "MSH|^~\\&|{from}|KEN|HSCP|20261121101500||ADT^{kind}|{id}|P|2.5\r\
         EVN|{kind}|20261121101500\rPID|1||{pid}{rest}"
    )
}

/// A merge that moved a number.
#[derive(Debug, Clone)]
struct Merge {
    id: String,
    number: String,
    from: PersonId,
    to: PersonId,
    /// Whether the number stated anything of the one before the merge, and of the other.
    had: (bool, bool),
    /// The merge that brought it about, where that was of another number.
    carried_by: String,
}

/// The naive reader: which number has stated a relationship with whom.
#[derive(Debug, Default)]
struct Model {
    stated: BTreeSet<(String, PersonId)>,
    merges: BTreeMap<String, Merge>,
}

impl Model {
    fn merged(&mut self, mut merge: Merge) {
        let (old, new) = ((merge.number.clone(), merge.from), (merge.number.clone(), merge.to));
        merge.had = (self.stated.contains(&old), self.stated.contains(&new));
        if self.stated.remove(&old) {
            self.stated.insert(new);
        }
        self.merges.insert(merge.id.clone(), merge);
    }

    /// The merge is taken back, and all that it brought about.
    fn taken_back(&mut self, id: &str) {
        let all = self.merges.values().filter(|one| one.id == id || one.carried_by == id);
        for id in all.map(|one| one.id.clone()).collect::<Vec<_>>() {
            self.unmerged(&id);
        }
    }

    /// The number means whom it meant. What it stated before is so again, and what it has stated
    /// of the other since it stated of the one.
    fn unmerged(&mut self, id: &str) {
        let merge = self.merges.remove(id).unwrap();
        let (old, new) = ((merge.number.clone(), merge.from), (merge.number, merge.to));
        let (old_had, new_had) = merge.had;
        let stated_since = !new_had && self.stated.contains(&new);
        if !new_had {
            self.stated.remove(&new);
        }
        if old_had || stated_since {
            self.stated.insert(old);
        }
    }
}

/// Every merge there is: id, number, whom it meant and means.
async fn merges(world: &World) -> Vec<Merge> {
    const ALL: &str = "SELECT event_id, number, person_id, to_id, carried_by FROM merge_event
        WHERE undone_us IS NULL ORDER BY event_id";
    let read = async |s: &mut Snapshot| {
        s.list(ALL, &[], |row| {
            let (id, number, carried_by) = (row.text(0)?, row.text(1)?, row.text(4)?);
            let (from, to) = (row.parse(2)?, row.parse(3)?);
            Ok(Merge { id, number, from, to, had: (false, false), carried_by })
        })
        .await
    };
    world.databases.db.snapshot("test.merges", read).await.unwrap()
}

/// Whom a number of the board means.
async fn meant(world: &World, number: &str) -> PersonId {
    const OF: &str = "SELECT person_id FROM source_number
        WHERE organisation_id = 'nhsl' AND number = $1";
    let read = async |s: &mut Snapshot| s.find(OF, values![number], |row| row.parse(0)).await;
    world.databases.db.snapshot("test.meant", read).await.unwrap().unwrap()
}

/// With whom the board has a relationship, each once.
async fn related(world: &World) -> BTreeSet<PersonId> {
    const ALL: &str = "SELECT DISTINCT person_id FROM relationship
        WHERE organisation = 'nhsl' AND until_us IS NULL";
    let read = async |s: &mut Snapshot| s.list(ALL, &[], |row| row.parse(0)).await;
    let all = world.databases.db.snapshot("test.related", read).await.unwrap();
    all.into_iter().collect()
}

const LIVE: &str = "SELECT COUNT(*) FROM relationship
    WHERE organisation = 'nhsl' AND until_us IS NULL";
/// Dates of birth that the board is held to have said, and says no more.
const VAIN: &str = "SELECT COUNT(*) FROM person_fact f
    WHERE f.name = 'born' AND f.source = 'nhsl' AND f.until_us IS NULL AND NOT EXISTS
      (SELECT 1 FROM person_source s WHERE s.person_id = f.person_id
         AND s.organisation_id = 'nhsl' AND s.born = f.value)";
const PRACTICE: &str = "SELECT COUNT(*) FROM relationship
    WHERE organisation = 'practice' AND until_us IS NULL";

async fn check(world: &World, model: &Model, at: &str) {
    let want: BTreeSet<_> = model.stated.iter().map(|(_, person)| *person).collect();
    assert_eq!(related(world).await, want, "{at}: {model:?}");
    let live = usize::try_from(world.count(LIVE).await).unwrap();
    assert_eq!(live, want.len(), "{at}: each stands once");
    assert_eq!(world.count(VAIN).await, 0, "{at}: births");
}

async fn seed_runs(world: &World, seed: u64, model: &mut Model) -> i64 {
    let dice = SeededIds::new(seed);
    let mut sent = 0;
    for one in 0..PEOPLE {
        let pid = format!("{seed}7{one}^^^B^MR~{}", person(seed, one));
        let says = message(&format!("{seed}-p{one}"), "A|B", "A08", &pid, "");
        assert_eq!(world.say(&says).await, "AA");
        sent += 1;
    }
    for step in 0..STEPS {
        world.tick();
        let at = format!("{} seed {seed} step {step}", world.databases.engine);
        let id = format!("{seed}-{step}");
        let (number, one) = (roll(&dice, NUMBERS), roll(&dice, PEOPLE));
        let other = (number + 1 + roll(&dice, NUMBERS - 1)) % NUMBERS;
        match roll(&dice, 10) {
            0..=4 => {
                let pid = pid(seed, number, one);
                let says = message(&id, "SIMHOSP|SFAC", "A08", &pid, "");
                assert_eq!(world.say(&says).await, "AA", "{at}");
                let named = format!("{seed}00{number}");
                model.stated.insert((named.clone(), meant(world, &named).await));
                sent += 1;
            }
            5..=7 => {
                let rest = format!("\rMRG|{seed}00{other}^^^S^MR");
                let pid = pid(seed, number, one);
                let says = message(&id, "SIMHOSP|SFAC", "A40", &pid, &rest);
                assert_eq!(world.say(&says).await, "AA", "{at}");
                for merge in merges(world).await {
                    if !model.merges.contains_key(&merge.id) {
                        model.merged(merge);
                    }
                }
                let named = format!("{seed}00{number}");
                model.stated.insert((named.clone(), meant(world, &named).await));
                sent += 1;
            }
            _ => {
                let mut all = merges(world).await;
                all.retain(|merge| merge.carried_by.is_empty());
                if all.is_empty() {
                    continue;
                }
                let merge = &all[roll(&dice, all.len())];
                if world.try_unmerge(merge.from, &merge.id).await {
                    model.taken_back(&merge.id);
                }
            }
        }
        check(world, model, &at).await;
    }
    sent
}

#[tokio::test]
async fn relationships_follow_their_numbers_and_come_back() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let (mut model, mut sent) = (Model::default(), 0);
        for seed in 1..=seeds() {
            sent += seed_runs(&world, seed, &mut model).await;
        }
        // What is another's is touched by none of it, and nothing that came is lost.
        let practice = i64::try_from(PEOPLE).unwrap() * i64::try_from(seeds()).unwrap();
        assert_eq!(world.count(PRACTICE).await, practice, "{engine}");
        assert_eq!(world.messages_opened().await, sent, "{engine}");
        let barred = async |s: &mut Snapshot| guard::barred(s, 10).await;
        let barred = world.databases.db.snapshot("test.barred", barred).await.unwrap();
        assert!(barred.is_empty(), "{engine}: {barred:?}");
        let made = world.count("SELECT COUNT(*) FROM merge_event").await;
        let undone = "SELECT COUNT(*) FROM merge_event WHERE undone_us IS NOT NULL";
        assert!(made >= 3 && world.count(undone).await >= 1, "{engine}: {made} merges");
    }
}

pub(crate) fn reason() -> Why {
    Why::new("the ward typed another patient's number").unwrap()
}
