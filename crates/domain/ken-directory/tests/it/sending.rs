//! What is sent twice makes one thing, whatever comes between.

use ken_core::{Ctx, EntryId};
use ken_directory::{Error, sending, session};
use ken_store::Tx;
use tokio::sync::Notify;

use crate::world::{World, worlds};

const WHAT: [&str; 2] = ["claim", "CANARY"];

async fn once(world: &World, ctx: &Ctx<'_>, what: &[&str], made: EntryId) -> Option<EntryId> {
    let work = async |tx: &mut Tx| sending::once(tx, ctx, what, made).await;
    world.on.db.write("test.once", work).await.unwrap()
}

#[tokio::test]
async fn a_sending_is_remembered_for_a_day_with_what_it_made() {
    for world in worlds().await {
        let engine = world.on.engine;
        let (ctx, other) = (world.ctx(), world.ctx());
        let [first, second] = [EntryId::draw(ctx.ids), EntryId::draw(ctx.ids)];
        // What is not kept is not noted: whoever could not be served tries again.
        let failed = world.on.db.write("test.fails", async |tx: &mut Tx| {
            sending::once(tx, &ctx, &WHAT, second).await?;
            Err::<(), _>(Error::Busy)
        });
        assert!(failed.await.is_err(), "{engine}");
        assert_eq!(once(&world, &ctx, &WHAT, first).await, None, "{engine}");
        assert_eq!(once(&world, &ctx, &WHAT, second).await, Some(first), "{engine}");
        // Another request, another kind, other words, or these cut elsewhere: another thing.
        assert_eq!(once(&world, &other, &WHAT, second).await, None, "{engine}");
        for what in [["breach", "CANARY"], ["claim", "canary"], ["claimC", "ANARY"]] {
            assert_eq!(once(&world, &ctx, &what, second).await, None, "{engine}: {what:?}");
        }
        let sweep = async || {
            let work = async |tx: &mut Tx| session::sweep(tx, &world.ctx()).await;
            world.on.db.write("test.sweep", work).await.unwrap()
        };
        world.wait(24 * 60 * 60 - 1);
        assert_eq!(sweep().await, 0, "{engine}");
        world.wait(1);
        assert_eq!(sweep().await, 5, "{engine}");
        assert_eq!(once(&world, &ctx, &WHAT, second).await, None, "{engine}");
    }
}

#[tokio::test]
async fn two_at_once_make_one() {
    for world in worlds().await {
        let (ctx, inside, go) = (world.ctx(), Notify::new(), Notify::new());
        let [first, second] = [EntryId::draw(ctx.ids), EntryId::draw(ctx.ids)];
        let held = world.on.db.write("test.held", async |tx: &mut Tx| {
            let made = sending::once(tx, &ctx, &WHAT, first).await?;
            inside.notify_one();
            go.notified().await;
            Ok::<_, Error>(made)
        });
        let other = async {
            // The first has noted it and has not committed.
            inside.notified().await;
            go.notify_one();
            once(&world, &ctx, &WHAT, second).await
        };
        let (held, other) = tokio::join!(held, other);
        assert_eq!((held.unwrap(), other), (None, Some(first)), "{}", world.on.engine);
    }
}
