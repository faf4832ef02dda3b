//! What restricts under one id counts under every id that stands together with it.

use std::collections::BTreeSet;

use ken_core::{Fact, IdSource, PersonId};
use ken_sharing::fact::{self, Grade};
use ken_sharing::{Error, together};
use ken_store::{Snapshot, guard};
use ken_testkit::SeededIds;

use crate::world::{World, word, worlds};

async fn family(world: &World, (one, other): (PersonId, PersonId), begins: bool) {
    let (ctx, register) = (world.ctx(), word("nhsl"));
    world
        .write(async |tx| {
            // Its guard alone, as a careless caller would: the others of the group are bumped too.
            let guard = tx.lock_people(&BTreeSet::from([one])).await?;
            if begins {
                fact::set_family(tx, &ctx, one, other, &register).await?;
            } else {
                let fact = Fact::new(format!("family/{other}")).unwrap();
                fact::end(tx, &ctx, one, &register, &fact).await?;
            }
            guard.bump(tx).await?;
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn a_relative_known_under_another_id_is_refused() {
    for world in worlds(3).await {
        let engine = world.on.engine;
        let (one, alias, own, own_alias) = (
            world.person().await,
            world.person().await,
            world.person().await,
            world.person().await,
        );
        let doctor = world.practitioner(("practice", "gp.doctor"), Some(own)).await;
        assert!(world.permits(&doctor, one).await, "{engine}: nothing restricts yet");
        family(&world, (alias, own_alias), true).await;
        assert!(world.permits(&doctor, one).await, "{engine}: of two people nobody knows about");
        world.join(one, alias).await.unwrap();
        assert!(world.permits(&doctor, one).await, "{engine}: the relative is not the doctor");
        world.join(own, own_alias).await.unwrap();
        assert!(!world.permits(&doctor, one).await, "{engine}: both links count");
        assert!(!world.permits(&doctor, alias).await, "{engine}: and under either id");
        assert!(!world.permits(&doctor, own_alias).await, "{engine}: it is oneself");
        world.part(&BTreeSet::from([alias])).await;
        assert!(world.permits(&doctor, one).await, "{engine}: parted, it counts no more");
        assert!(!world.permits(&doctor, alias).await, "{engine}: but where it was said");
    }
}

#[tokio::test]
async fn a_relationship_never_crosses_a_link() {
    for world in worlds(4).await {
        let (one, other) = (world.person().await, PersonId::draw(&*world.ids));
        world.write(async |tx| Ok(guard::create(tx, other).await?)).await;
        let doctor = world.practitioner(("practice", "gp.doctor"), None).await;
        world.join(one, other).await.unwrap();
        assert!(world.permits(&doctor, one).await, "{}", world.on.engine);
        assert!(!world.permits(&doctor, other).await, "{}", world.on.engine);
    }
}

#[tokio::test]
async fn a_change_under_one_id_makes_decisions_about_every_id_stale() {
    for world in worlds(5).await {
        let engine = world.on.engine;
        let people = [world.person().await, world.person().await, world.person().await];
        let [one, other, third] = people;
        let mut before = [1; 3];
        let mut moved = async |what: &str, want: [bool; 3]| {
            let mut now = [0; 3];
            for (now, person) in now.iter_mut().zip(people) {
                *now = world.epoch(person).await;
            }
            let bumped = [0, 1, 2].map(|i| now[i] > before[i]);
            assert_eq!(bumped, want, "{engine}: {what}");
            before = now;
        };
        world.join(one, other).await.unwrap();
        moved("joined", [true, true, false]).await;
        world.join(other, third).await.unwrap();
        moved("joined to a group", [true; 3]).await;
        world.join(one, third).await.unwrap();
        moved("joined already", [false; 3]).await;
        let (ctx, source) = (world.ctx(), word("nhsl"));
        let objection = Fact::new("objection").unwrap();
        let record = async |begins: bool| {
            world
                .write(async |tx| {
                    let guard = tx.lock_people(&BTreeSet::from([third])).await?;
                    if begins {
                        let said = (&objection, Grade::Confirmed);
                        fact::record(tx, &ctx, third, &source, said).await?;
                    } else {
                        fact::end(tx, &ctx, third, &source, &objection).await?;
                    }
                    guard.bump(tx).await?;
                    Ok(())
                })
                .await;
        };
        record(true).await;
        moved("objected", [true; 3]).await;
        record(false).await;
        moved("no longer", [true; 3]).await;
        world.part(&BTreeSet::from([other])).await;
        moved("parted", [true; 3]).await;
        record(true).await;
        moved("of two that are left", [true, false, true]).await;
    }
}

#[tokio::test]
async fn a_group_is_bounded_and_its_guards_are_demanded() {
    for world in worlds(6).await {
        let first = PersonId::draw(&*world.ids);
        for _ in 1..together::GROUP_MAX {
            world.join(first, PersonId::draw(&*world.ids)).await.unwrap();
        }
        let last = PersonId::draw(&*world.ids);
        let full = world.join(first, last).await.unwrap_err();
        assert_eq!(full.code(), "sharing.too-many-together", "{}", world.on.engine);
        let one = PersonId::draw(&*world.ids);
        let unheld = world.on.db.write("test.unheld", async |tx| {
            let guard = tx.lock_people(&BTreeSet::from([one])).await?;
            together::join(tx, &guard, one, last).await
        });
        let unheld = unheld.await.unwrap_err();
        assert_eq!(unheld.code(), "sharing.not-held", "{}", world.on.engine);
        let read = async |s: &mut Snapshot| together::others(s, last).await;
        let alone: Result<_, Error> = world.on.db.snapshot("test.others", read).await;
        assert_eq!(alone.unwrap(), BTreeSet::new(), "{}: nothing is half-done", world.on.engine);
    }
}

/// Two, or as many as `KEN_TEST_SEEDS` says.
#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
pub(crate) fn seeds() -> u64 {
    std::env::var("KEN_TEST_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// Rolls of a seeded die.
fn roll(ids: &SeededIds, below: usize) -> usize {
    let mut bytes = [0; 8];
    ids.entropy(&mut bytes);
    usize::try_from(u64::from_le_bytes(bytes) % below as u64).unwrap()
}

/// What the naive reader knows: everybody's group, and who said to be whose family.
struct Model {
    people: Vec<PersonId>,
    group: Vec<usize>,
    family: BTreeSet<(usize, usize)>,
}

impl Model {
    /// `own` opens `person` only where no id of either is the other's, or its family.
    fn is_refused(&self, own: usize, person: usize) -> bool {
        let same = |one: usize, other: usize| self.group[one] == self.group[other];
        same(own, person)
            || self.family.iter().any(|(of, kin)| same(*of, person) && same(*kin, own))
    }

    fn members(&self, one: usize) -> Vec<usize> {
        (0..self.people.len()).filter(|other| self.group[*other] == self.group[one]).collect()
    }
}

#[tokio::test]
async fn no_id_opens_what_another_id_of_the_same_person_refuses() {
    const PEOPLE: usize = 6;
    let seeds = seeds();
    let (mut refused, mut permitted) = (0, 0);
    for seed in 0..seeds {
        let dice = SeededIds::new(1_000 + seed);
        for world in worlds(seed).await {
            let dice = SeededIds::new(roll(&dice, 1 << 40) as u64);
            let mut people = vec![];
            for _ in 0..PEOPLE {
                people.push(world.person().await);
            }
            let doctor = world.practitioner(("practice", "gp.doctor"), Some(people[0])).await;
            let group = (0..PEOPLE).collect();
            let mut model = Model { people, group, family: BTreeSet::new() };
            for step in 0..24 {
                change(&world, &mut model, &dice).await;
                let asked = roll(&dice, PEOPLE);
                let want = !model.is_refused(0, asked);
                let got = world.permits(&doctor, model.people[asked]).await;
                let engine = world.on.engine;
                assert_eq!(got, want, "{engine}, seed {seed}, step {step}, person {asked}");
                *(if got { &mut permitted } else { &mut refused }) += 1;
            }
        }
    }
    assert!(refused > 10 && permitted > 10, "{refused} refused, {permitted} permitted");
}

/// Joins, parts, or says or unsays a family, in the store and in the model alike.
async fn change(world: &World, model: &mut Model, dice: &SeededIds) {
    let (one, other) = (roll(dice, model.people.len()), roll(dice, model.people.len()));
    match roll(dice, 4) {
        0 => {
            world.join(model.people[one], model.people[other]).await.unwrap();
            let (from, to) = (model.group[one], model.group[other]);
            model.group.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
        }
        1 => {
            let members = model.members(one);
            let parted = members.iter().filter(|_| roll(dice, 2) == 0).copied();
            let parted: BTreeSet<_> = parted.collect();
            let fresh = model.group.iter().max().unwrap() + 1;
            for id in &parted {
                model.group[*id] = fresh;
            }
            world.part(&parted.iter().map(|id| model.people[*id]).collect()).await;
        }
        2 => {
            model.family.insert((one, other));
            family(world, (model.people[one], model.people[other]), true).await;
        }
        _ => {
            if let Some((one, other)) = model.family.pop_first() {
                family(world, (model.people[one], model.people[other]), false).await;
            }
        }
    }
}
