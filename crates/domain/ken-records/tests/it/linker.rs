//! Whoever joined two records does not read them for a while.

use std::collections::BTreeSet;

use ken_directory::Acting;
use ken_sharing::fact::Grade;
use ken_sharing::linker::{self, LINKER_LAST};
use ken_sharing::{Decision, together};
use ken_store::Tx;

use crate::world::{World, worlds};

async fn reads(world: &World, by: &Acting) -> bool {
    let decisions = world.ask(by, "direct-care", &["nhsl"]).await;
    matches!(decisions.as_slice(), [Decision::Permit(_)])
}

#[tokio::test]
async fn whoever_joined_two_records_does_not_read_them() {
    for world in worlds().await {
        let engine = world.databases.engine;
        world.relate("practice", "direct-care", Grade::System).await;
        let linker = world.acting("practice", "gp.doctor");
        let colleague = world.acting("practice", "gp.doctor");
        assert!(reads(&world, &linker).await, "{engine}: before");
        let ctx = world.ctx();
        let people = BTreeSet::from([world.person]);
        let join = async |tx: &mut Tx| {
            let guard = together::lock(tx, &people).await?;
            linker::note(tx, &ctx, &people, linker.practitioner).await?;
            Ok::<_, ken_sharing::Error>(guard.bump(tx).await?)
        };
        world.databases.db.write("test.join", join).await.unwrap();
        assert!(!reads(&world, &linker).await, "{engine}: who joined");
        assert!(reads(&world, &colleague).await, "{engine}: somebody else");
        // Nor by another way that needs no relationship.
        let vital = world.ask(&linker, "vital", &["nhsl"]).await;
        assert!(matches!(vital.as_slice(), [Decision::Deny(_)]), "{engine}: {vital:?}");
        world.wait(LINKER_LAST.try_into().unwrap()).await;
        assert!(reads(&world, &linker).await, "{engine}: it is over");
    }
}
