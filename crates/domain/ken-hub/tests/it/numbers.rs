//! Numbers of one source for one person: what was told under each is its own.

use ken_core::{Fact, OrganisationId, PersonId};
use ken_sharing::fact;
use ken_store::Snapshot;

use crate::merges::{message, person, pid};
use crate::world::{World, worlds};

const OPEN: &str = "SELECT COUNT(*) FROM record_move WHERE done_us IS NULL";

/// Three people whom the practice knows too, so that the board's merges move numbers.
pub(crate) async fn known(world: &World) {
    for one in 0..3 {
        let theirs = format!("7{one}^^^B^MR~{}", person(1, one));
        let says = message(&format!("p{one}"), "A|B", "A08", &theirs, "");
        assert_eq!(world.say(&says).await, "AA");
    }
}

/// The board says under a number where somebody lives, and what they may not be given.
pub(crate) async fn says(world: &World, id: &str, (number, one): (usize, usize), place: &str) {
    world.tick();
    let rest = format!("|||{place} Rd\rAL1|1|DA|70618^Nuts^L|SV|{place}");
    let says = message(id, "SIMHOSP|SFAC", "A08", &pid(1, number, one), &rest);
    assert_eq!(world.say(&says).await, "AA", "{id}");
}

/// The board says something of whom a number means, and nothing of who that is.
pub(crate) async fn late(world: &World, id: &str, number: usize, rest: &str) {
    world.tick();
    let says = message(id, "SIMHOSP|SFAC", "A08", &format!("100{number}^^^S^MR|||||"), rest);
    assert_eq!(world.say(&says).await, "AA", "{id}");
}

/// The board says that a number is another of its numbers, of one of the three.
pub(crate) async fn merge(world: &World, id: &str, gone: usize, (kept, one): (usize, usize)) {
    world.tick();
    let rest = format!("\rMRG|100{gone}^^^S^MR");
    let says = message(id, "SIMHOSP|SFAC", "A40", &pid(1, kept, one), &rest);
    assert_eq!(world.say(&says).await, "AA", "{id}");
    assert_eq!(world.count(OPEN).await, 0, "{id}");
}

/// How often places stand in what is held of somebody from the board: those that hold now, and all.
async fn places(world: &World, person: PersonId, place: &str) -> (usize, usize) {
    let all = world.picture(person).await;
    let all = all.iter().filter(|line| line.starts_with("nhsl ") && line.contains(place));
    let (now, all): (Vec<_>, Vec<_>) = (
        all.clone().filter(|line| line.contains(" current ") && line.contains(" true ")).collect(),
        all.collect(),
    );
    (now.len(), all.len())
}

#[tokio::test]
async fn a_number_takes_nothing_along_that_was_told_under_another() {
    for world in worlds().await {
        let engine = world.databases.engine;
        known(&world).await;
        says(&world, "1", (7, 0), "Seven").await;
        says(&world, "2", (8, 0), "Eight").await;
        says(&world, "3", (9, 1), "Nine").await;
        says(&world, "0", (6, 2), "Six").await;
        let people = world.people().await;
        let of = async |at: usize, place: &str| places(&world, people[at], place).await;
        let (seven, eight) = (of(0, "Seven").await, of(0, "Eight").await);
        assert!(seven.0 >= 2 && eight == seven, "{engine}: {seven:?} {eight:?}: side by side");
        // Eight was another person's all along.
        merge(&world, "4", 8, (9, 1)).await;
        assert_eq!(of(0, "Seven").await, seven, "{engine}: what was told under seven stays");
        assert_eq!(of(0, "Eight").await, (0, 0), "{engine}: and no more");
        assert_eq!(of(1, "Eight").await.1, eight.1, "{engine}: all of eight's came");
        assert_eq!(of(1, "Nine").await, seven, "{engine}: and nine's is what it was");
        // A late message under the number, and then it moves on: what it has is its own.
        late(&world, "5", 8, "|||Late Rd\rAL1|1|DA|70618^Nuts^L|SV|Late").await;
        assert_eq!(of(1, "Nine").await, seven, "{engine}");
        merge(&world, "6", 8, (6, 2)).await;
        assert_eq!((of(1, "Eight").await, of(1, "Late").await), ((0, 0), (0, 0)), "{engine}");
        assert_eq!(of(1, "Nine").await, seven, "{engine}");
        assert!(of(2, "Late").await.1 >= 2, "{engine}");
        assert_eq!(of(2, "Six").await, seven, "{engine}: what was there holds");
        // Taken back, all of it is where it was, and holds.
        world.unmerge(people[1]).await;
        assert_eq!(of(1, "Nine").await, seven, "{engine}");
        assert!(of(1, "Late").await.0 >= 2, "{engine}");
        assert_eq!(of(2, "Late").await, (0, 0), "{engine}");
    }
}

#[tokio::test]
async fn two_numbers_of_one_person_become_one() {
    for world in worlds().await {
        let engine = world.databases.engine;
        known(&world).await;
        says(&world, "1", (7, 0), "Seven").await;
        says(&world, "2", (8, 0), "Eight").await;
        let people = world.people().await;
        // The board says itself that both are one: what it told last under the other holds, and
        // both allergies do.
        merge(&world, "3", 8, (7, 0)).await;
        let (seven, eight) =
            (places(&world, people[0], "Seven").await, places(&world, people[0], "Eight").await);
        assert!(seven.0 > 1 && eight.0 == 1 && eight.1 > 1, "{engine}: {seven:?} {eight:?}");
        // A number that nobody knew yet takes what the one before it had.
        merge(&world, "4", 7, (5, 0)).await;
        says(&world, "5", (5, 0), "Five").await;
        let seven = places(&world, people[0], "Seven").await;
        assert_eq!(seven.0, 0, "{engine}: {seven:?}: it is told anew");
    }
}

/// An allergy that was entered in error under the one number is true under the other, whether both
/// meant one person or two.
#[tokio::test]
async fn what_is_withdrawn_under_one_number_hides_no_allergy_of_another() {
    for seven in [0, 1] {
        for world in worlds().await {
            withdrawn(&world, seven).await;
        }
    }
}

async fn withdrawn(world: &World, seven: usize) {
    let engine = world.databases.engine;
    known(world).await;
    for (id, (number, one), action) in
        [("1", (7, seven), "A"), ("2", (7, seven), "D"), ("3", (8, 0), "A")]
    {
        world.tick();
        let rest = format!("\rIAM|1|DA|OTHER^Latex|SV|Rash|{action}");
        let says = message(id, "SIMHOSP|SFAC", "A08", &pid(1, number, one), &rest);
        assert_eq!(world.say(&says).await, "AA", "{engine}: {id}");
    }
    merge(world, "4", 8, (7, seven)).await;
    let people = world.people().await;
    let all = world.picture(people[seven]).await;
    let is_true = |line: &&String| {
        ["nhsl ", " current ", " true ", "Latex", "\"active\""].iter().all(|one| line.contains(one))
    };
    assert_eq!(all.iter().filter(is_true).count(), 1, "{engine} {seven}: {all:?}");
}

/// What few may read of a person stays so where it meets, under the other number, the same that
/// anybody may read.
#[tokio::test]
async fn what_is_marked_under_one_number_protects_its_like_under_another() {
    const PATIENTS: &str =
        "SELECT COUNT(*) FROM record_item i JOIN row_class c ON c.id = i.class_id
        WHERE i.resource_type = 'Patient' AND i.status = 'current' AND c.labels LIKE '%restricted%'
          AND i.person_id IN (SELECT person_id FROM record_item WHERE status = 'merged')";
    const OPEN: &str = "SELECT COUNT(*) FROM record_item i JOIN row_class c ON c.id = i.class_id
        WHERE i.resource_type = 'Patient' AND i.status = 'current' AND i.source = 'nhsl'
          AND c.labels NOT LIKE '%restricted%'
          AND i.person_id IN (SELECT person_id FROM record_item WHERE status = 'merged')";
    for seven in [0, 1] {
        for world in worlds().await {
            let engine = world.databases.engine;
            known(&world).await;
            says(&world, "1", (7, seven), "Seven").await;
            world.tick();
            let rest = "|||Eight Rd\rPD1||||||||||||Y";
            let hidden = message("2", "SIMHOSP|SFAC", "A08", &pid(1, 8, 0), rest);
            assert_eq!(world.say(&hidden).await, "AA");
            merge(&world, "3", 8, (7, seven)).await;
            assert_eq!(world.count(OPEN).await, 0, "{engine} {seven}");
            assert!(world.count(PATIENTS).await > 0, "{engine} {seven}");
            // What says nothing of marks lifts none, and who lifts it says so.
            says(&world, "4", (7, seven), "Seven").await;
            assert_eq!(world.count(OPEN).await, 0, "{engine} {seven}: it stays");
            world.tick();
            let lifts = "|||Seven Rd\rPD1||||||||||||N";
            let lifts = message("5", "SIMHOSP|SFAC", "A08", &pid(1, 7, seven), lifts);
            assert_eq!(world.say(&lifts).await, "AA");
            assert!(world.count(OPEN).await > 0, "{engine} {seven}: it is lifted aloud");
        }
    }
}

/// What was merged into a number goes with it, with all that was told under it, and comes back with
/// it; and a merge that is said twice takes nothing from what came by the first.
#[tokio::test]
async fn what_was_merged_into_a_number_goes_with_it_and_comes_back() {
    for world in worlds().await {
        let engine = world.databases.engine;
        known(&world).await;
        let told = [("1", (7, 1), "Seven"), ("2", (6, 2), "Six"), ("3", (8, 0), "Eight")];
        for (id, of, place) in told {
            says(&world, id, of, place).await;
        }
        let people = world.people().await;
        let of = async |at: usize, place: &str| places(&world, people[at], place).await;
        let eight_was = of(0, "Eight").await;
        merge(&world, "4", 8, (7, 1)).await;
        merge(&world, "5", 8, (7, 1)).await;
        let (seven, eight) = (of(1, "Seven").await, of(1, "Eight").await);
        assert!(eight.1 >= 2, "{engine}: {eight:?}");
        merge(&world, "6", 7, (6, 2)).await;
        for (place, all) in [("Seven", seven.1), ("Eight", eight.1)] {
            assert_eq!(of(1, place).await, (0, 0), "{engine}: {place} goes");
            assert_eq!(of(2, place).await.1, all, "{engine}: {place} is there");
        }
        assert!(of(2, "Six").await.0 >= 2, "{engine}: what was there holds");
        // Another was merged into it since: that is taken back first.
        assert!(!try_back(&world, people[0]).await, "{engine}: the middle of a chain");
        world.unmerge(people[1]).await;
        assert_eq!(of(1, "Seven").await, seven, "{engine}: it is back");
        assert_eq!(of(1, "Eight").await.1, eight.1, "{engine}: and what came with it");
        assert_eq!((of(2, "Seven").await, of(2, "Eight").await), ((0, 0), (0, 0)), "{engine}");
        world.unmerge(people[0]).await;
        assert_eq!(of(1, "Seven").await, seven, "{engine}");
        assert_eq!(of(1, "Eight").await, (0, 0), "{engine}");
        assert_eq!(of(0, "Eight").await, eight_was, "{engine}: it holds as it did");
    }
}

/// Tries to take the one merge back that moved a number away from somebody.
async fn try_back(world: &World, person: PersonId) -> bool {
    let read = async |s: &mut Snapshot| ken_person::merges(s, person).await;
    let merges = world.databases.db.snapshot("test", read).await.unwrap();
    world.try_unmerge(person, &merges[0].0.to_string()).await
}

#[tokio::test]
async fn what_a_sender_restricts_holds_for_both_when_a_number_moves() {
    for world in worlds().await {
        let engine = world.databases.engine;
        known(&world).await;
        says(&world, "1", (7, 1), "Seven").await;
        let hidden = message("2", "SIMHOSP|SFAC", "A08", &pid(1, 8, 0), "\rARV||A|LOC");
        assert_eq!(world.say(&hidden).await, "AA");
        let people = world.people().await;
        let is_hidden = async |person: PersonId| {
            let (ctx, board) = (world.ctx(), OrganisationId::new("nhsl").unwrap());
            let state = Fact::new("protected-address").unwrap();
            let read = async |s: &mut Snapshot| fact::says(s, &ctx, person, &board, &state).await;
            world.databases.db.snapshot("test.state", read).await.unwrap().is_some()
        };
        assert!(is_hidden(people[0]).await && !is_hidden(people[1]).await, "{engine}");
        merge(&world, "3", 8, (7, 1)).await;
        assert!(is_hidden(people[0]).await && is_hidden(people[1]).await, "{engine}");
        // The sender lifts it of whom the number means now, by name.
        late(&world, "4", 8, "\rARV||D|LOC").await;
        assert!(is_hidden(people[0]).await && !is_hidden(people[1]).await, "{engine}");
    }
}

/// A merge was wrong: what it brought to the other person goes, what they have of themselves stays,
/// and what was restricted meanwhile holds for both, for it may be about either.
#[tokio::test]
async fn what_a_merge_restricted_goes_when_it_is_taken_back() {
    for world in worlds().await {
        let engine = world.databases.engine;
        known(&world).await;
        for (id, number, one) in [("1", 7, 1), ("2", 6, 2), ("3", 8, 0)] {
            says(&world, id, (number, one), "Some").await;
        }
        let hidden = async |id: &str, (number, one), value: &str| {
            world.tick();
            let rest = format!("\rARV||A|{value}");
            let says = message(id, "SIMHOSP|SFAC", "A08", &pid(1, number, one), &rest);
            assert_eq!(world.say(&says).await, "AA", "{id}");
        };
        let people = world.people().await;
        let states = async |of: usize| {
            let (ctx, board) = (world.ctx(), OrganisationId::new("nhsl").unwrap());
            let mut held = vec![];
            for state in ["protected-address", "restricted-record"] {
                let fact = Fact::new(state).unwrap();
                let read =
                    async |s: &mut Snapshot| fact::says(s, &ctx, people[of], &board, &fact).await;
                if world.databases.db.snapshot("test.state", read).await.unwrap().is_some() {
                    held.push(state);
                }
            }
            held
        };
        let (address, record) = ("protected-address", "restricted-record");
        hidden("4", (8, 0), "LOC").await;
        merge(&world, "5", 8, (7, 1)).await;
        assert_eq!(states(1).await, [address], "{engine}: it holds for both");
        world.unmerge(people[0]).await;
        assert_eq!(states(1).await, [""; 0], "{engine}: what it brought is gone");
        assert_eq!(states(0).await, [address], "{engine}: who had it has it");
        // What they have of themselves stays, also where it is said of them while the merge stands.
        merge(&world, "6", 8, (7, 1)).await;
        hidden("7", (7, 1), "LOC").await;
        world.unmerge(people[0]).await;
        assert_eq!(states(1).await, [address], "{engine}: it is their own");
        // A third is merged in twice: each merge brings it, and only the last that goes takes it.
        merge(&world, "8", 8, (6, 2)).await;
        merge(&world, "9", 7, (6, 2)).await;
        assert_eq!(states(2).await, [address], "{engine}");
        world.unmerge(people[1]).await;
        assert_eq!(states(2).await, [address], "{engine}: the other merge stands");
        // Said while the number meant another: nobody knows of whom.
        hidden("10", (6, 2), "PSY").await;
        world.unmerge(people[0]).await;
        assert_eq!(states(2).await, [record], "{engine}: what it brought is gone, this is not");
        assert_eq!(states(0).await, [address, record], "{engine}: it may be about them");
        assert_eq!(states(1).await, [address], "{engine}: it was another's by then");
    }
}
