//! Restrictions and merges: what founds a state of a person, and what is left where a merge goes.

use ken_core::{Fact, OrganisationId, PersonId};
use ken_sharing::fact::{self, Grade};
use ken_store::Snapshot;

use crate::merges::{message, pid};
use crate::numbers::{known, late, merge, says};
use crate::world::{World, worlds};

const RECORD: &str = "restricted-record";
const HELD: &str = "SELECT COUNT(*) FROM held_message WHERE reason = 'hub.lift-by-hand'";

/// Three people whom the board knows by the numbers eight, seven and six.
async fn three(world: &World) -> Vec<PersonId> {
    known(world).await;
    for (id, number, one) in [("a", 8, 0), ("b", 7, 1), ("c", 6, 2)] {
        says(world, id, (number, one), "Some").await;
    }
    world.people().await
}

/// The board says something of restrictions, of whom one of its numbers means.
async fn arv(world: &World, id: &str, (number, one): (usize, usize), said: &str) {
    world.tick();
    let rest = format!("\rARV||{said}");
    let says = message(id, "SIMHOSP|SFAC", "A08", &pid(1, number, one), &rest);
    assert_eq!(world.say(&says).await, "AA", "{id}");
}

/// Whether the board says that the record is restricted.
async fn is_restricted(world: &World, person: PersonId) -> bool {
    let (ctx, board) = (world.ctx(), OrganisationId::new("nhsl").unwrap());
    let state = Fact::new(RECORD).unwrap();
    let read = async |s: &mut Snapshot| fact::says(s, &ctx, person, &board, &state).await;
    world.databases.db.snapshot("test.state", read).await.unwrap().is_some()
}

/// Somebody of the board, or an older version of this hub, has said so, and nothing stands beside.
async fn record(world: &World, person: PersonId, grade: Grade) {
    let (ctx, board) = (world.ctx(), OrganisationId::new("nhsl").unwrap());
    let state = Fact::new(RECORD).unwrap();
    let recorded = world.databases.db.write("test.record", async |tx| {
        let guard = tx.lock_people(&[person].into()).await?;
        fact::record(tx, &ctx, person, &board, (&state, grade)).await?;
        guard.bump(tx).await?;
        Ok::<_, ken_hub::Error>(())
    });
    recorded.await.unwrap();
}

#[tokio::test]
async fn what_a_merge_brought_goes_with_it_though_their_own_was_lifted_meanwhile() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let people = three(&world).await;
        arv(&world, "1", (8, 0), "A|HIV").await;
        arv(&world, "2", (7, 1), "A|PSY").await;
        merge(&world, "3", 8, (7, 1)).await;
        arv(&world, "4", (7, 1), "D|PSY").await;
        assert!(is_restricted(&world, people[1]).await, "{engine}: by what the merge brought");
        world.unmerge(people[0]).await;
        assert!(!is_restricted(&world, people[1]).await, "{engine}: nothing founds it");
        assert!(is_restricted(&world, people[0]).await, "{engine}: who had it has it");
    }
}

#[tokio::test]
async fn what_was_said_again_while_a_merge_stood_holds_for_both() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let people = three(&world).await;
        arv(&world, "1", (7, 1), "A|PSY").await;
        merge(&world, "2", 8, (7, 1)).await;
        world.tick();
        late(&world, "3", 8, "\rARV||U|PSY").await;
        world.unmerge(people[0]).await;
        assert!(is_restricted(&world, people[0]).await, "{engine}: it may be about them");
        assert!(is_restricted(&world, people[1]).await, "{engine}");
        // What was said before a merge and not again is another's.
        merge(&world, "4", 6, (7, 1)).await;
        world.unmerge(people[2]).await;
        assert!(!is_restricted(&world, people[2]).await, "{engine}");
    }
}

#[tokio::test]
async fn what_somebody_restricted_by_hand_is_not_lifted_by_name() {
    for world in worlds().await {
        let engine = world.databases.engine;
        let people = three(&world).await;
        record(&world, people[0], Grade::Confirmed).await;
        merge(&world, "1", 8, (7, 1)).await;
        arv(&world, "2", (7, 1), "A|PSY").await;
        arv(&world, "3", (7, 1), "D|PSY").await;
        assert!(is_restricted(&world, people[1]).await, "{engine}: the merge brought it");
        assert_eq!(world.count(HELD).await, 1, "{engine}: a person is told");
        world.unmerge(people[0]).await;
        assert!(!is_restricted(&world, people[1]).await, "{engine}: nothing founds it");
        assert!(is_restricted(&world, people[0]).await, "{engine}");
    }
}

#[tokio::test]
async fn what_nobody_knows_the_reason_of_outlives_every_merge() {
    outlives(false).await;
    outlives(true).await;
}

async fn outlives(is_older: bool) {
    for world in worlds().await {
        let engine = world.databases.engine;
        let people = three(&world).await;
        // Said to a version that kept no values.
        record(&world, people[1], Grade::System).await;
        arv(&world, "1", (8, 0), "A|PSY").await;
        merge(&world, "2", 8, (7, 1)).await;
        if is_older {
            // The merge was made by a version that noted no such thing: it is noted for it.
            world.change("DELETE FROM restriction_said WHERE value = '?'").await;
            let noting = ken_hub::MIGRATIONS.iter().find(|one| one.number == 8).unwrap();
            world.change(noting.sql.trim().trim_end_matches(';')).await;
        }
        world.unmerge(people[0]).await;
        assert!(is_restricted(&world, people[1]).await, "{engine}: it was theirs");
        arv(&world, "3", (7, 1), "D|PSY").await;
        assert!(is_restricted(&world, people[1]).await, "{engine}: for a person to find out");
    }
}
