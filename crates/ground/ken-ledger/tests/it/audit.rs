//! Audits of the database: what a vandal with its password did is found.

use std::sync::Mutex;

use ken_ledger::{Audited, audit};
use ken_store::{Value, values};
use serde_json::json;

use crate::setup::{World, about};
use crate::sql;

async fn audited(world: &World) -> Audited {
    audit(world.db(), &|_, _| {}).await.unwrap()
}

#[tokio::test]
async fn an_audit_names_the_first_broken_entry() {
    for change in [sql::CHANGE_KIND, sql::REMOVE_ENTRY, sql::REMOVE_LEAF] {
        for world in World::each().await {
            let mut sealer = world.sealer().await;
            world.append_some(3).await;
            let person = world.person();
            let id = world.append(about(person, json!({}))).await;
            world.append_some(600).await;
            world.seal_all(&mut sealer).await;
            let whole = audited(&world).await;
            assert_eq!((whole.leaves, whole.signed, whole.is_whole()), (604, 604, true));
            let of = values![person.to_string(), id];
            let of = if change == sql::REMOVE_LEAF { &of[1..] } else { &of[..] };
            assert_eq!(world.run(&[(change, of)]).await, 1);
            let audited = audited(&world).await;
            assert_eq!(audited.broken, Some(3), "{change}");
            assert_eq!(audited.unleafed, u64::from(change == sql::REMOVE_LEAF));
        }
    }
}

/// Leaves and entries taken away together leave nothing that does not fit, but the signature.
#[tokio::test]
async fn a_log_whose_end_was_cut_off_is_broken_there() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(6).await;
        world.seal_all(&mut sealer).await;
        world.append_some(4).await;
        world.seal_all(&mut sealer).await;
        let cut = [(sql::CUT_LEAVES, values![6_i64] as &[Value<'_>]), (sql::CUT_ENTRIES, &[])];
        assert_eq!(world.run(&cut).await, 4);
        let found = audited(&world).await;
        assert_eq!((found.broken, found.leaves, found.signed), (Some(6), 6, 10));
        assert!(!found.is_whole());
        // The sealer's own count is cut, too: the checkpoint still says it.
        world.run(&[(sql::CUT_SIZE, values![6_i64])]).await;
        let found = audited(&world).await;
        assert_eq!((found.broken, found.signed), (Some(6), 10));
        // And what nobody has signed for is no part of the log.
        world.run(&[(sql::CUT_SIZE, values![12_i64])]).await;
        assert_eq!(audited(&world).await.signed, 12);
    }
}

/// Each entry is whole and has its leaf, and yet the log is not the one that was signed.
#[tokio::test]
async fn leaves_that_were_exchanged_do_not_give_the_signed_root() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(5).await;
        world.seal_all(&mut sealer).await;
        let note = world.cosigned_by(&["police"]).await;
        sealer.witnesses().accept(world.db(), &world.ctx(), &note).await.unwrap();
        world.append_some(700).await;
        world.seal_all(&mut sealer).await;
        assert!(audited(&world).await.is_whole());
        let exchange = async |a: i64, b: i64| {
            let moves = [[a, -1], [b, a], [-1, b]].map(|of| of.map(Value::from));
            let moves: Vec<(_, &[Value<'_>])> =
                moves.iter().map(|of| (sql::MOVE_LEAF, of.as_slice())).collect();
            world.run(&moves).await;
        };
        exchange(600, 601).await;
        assert_eq!(audited(&world).await.wrong_root, Some(705));
        exchange(2, 3).await;
        assert_eq!(audited(&world).await.wrong_root, Some(5), "the first that is wrong");
        let found = audited(&world).await;
        assert_eq!((found.broken, found.unleafed, found.is_whole()), (None, 0, false));
    }
}

#[tokio::test]
async fn an_audit_reads_every_page_and_says_how_far_it_is() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        for (more, size) in [(0, 0), (1, 1), (499, 500), (1, 501), (499, 1000)] {
            world.append_some(more).await;
            world.seal_all(&mut sealer).await;
            let seen = Mutex::new(Vec::new());
            let watch = |done, of| seen.lock().unwrap().push((done, of));
            let found = audit(world.db(), &watch).await.unwrap();
            assert_eq!((found.leaves, found.signed, found.is_whole()), (size, size, true));
            let seen = seen.into_inner().unwrap();
            assert!(seen.is_sorted() && seen.iter().all(|(done, of)| done <= of), "{seen:?}");
            let last = seen.last().copied();
            assert_eq!(last, (size > 0).then_some((2 * size, 2 * size)), "{}", world.base.engine);
        }
        world.append_some(2).await;
        let found = audited(&world).await;
        assert_eq!((found.waiting, found.is_whole()), (2, true), "waiting is no fault");
    }
}
