//! Sealing: once each, whatever the order, whoever else seals, wherever it is cut short.

use std::pin::pin;
use std::task::Poll;

use jiff::SignedDuration;
use ken_core::{Clock as _, Ctx, IdSource as _};
use ken_ledger::{
    Error, Fault, SEAL_WITHIN, Sealer, Turn, Verdict, append, audit, oldest_unsealed_age, verify,
};
use ken_store::{Tx, values};
use ken_testkit::{SeededIds, TestClock};
use serde_json::json;

use crate::setup::{World, about, trust};
use crate::sql;

async fn holds(world: &World) -> u64 {
    match verify(world.export().await.as_slice(), &trust(), None).unwrap() {
        Verdict::Holds(holds) => holds.size,
        verdict @ Verdict::Broken(_) => panic!("{verdict}"),
    }
}

#[tokio::test]
async fn an_empty_log_holds_and_opens_again() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        assert_eq!(holds(&world).await, 0);
        assert_eq!(world.seal_all(&mut sealer).await, 0);
        drop(world.sealer().await);
        assert_eq!(holds(&world).await, 0);
    }
}

/// Ids are drawn before the commit, so an older id may appear after a newer one was sealed.
#[tokio::test]
async fn entries_are_sealed_whatever_their_ids() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        for _ in 0..100 {
            world.ids.ordered();
        }
        let late = world.append_some(5).await;
        world.seal_all(&mut sealer).await;
        // Another node, whose clock and ids are behind.
        let (clock, ids) = (TestClock::at("2025-01-01T00:00:00Z"), SeededIds::new(9));
        let early = {
            let (ctx, keys, person) = (Ctx::new(&clock, &ids), &world.base.keys, world.person());
            let mut written = Vec::new();
            for number in 0..5 {
                let entry = about(person, json!(number));
                let id: Result<_, Error> = world
                    .db()
                    .write("test", async |tx: &mut Tx| append(tx, &ctx, keys, entry).await)
                    .await;
                written.push(id.unwrap());
            }
            written
        };
        assert!(early.iter().max() < late.iter().min());
        assert_eq!(world.seal_all(&mut sealer).await, 10);
        assert_eq!(world.leaves().await, [late, early].concat());
        assert_eq!(holds(&world).await, 10);
    }
}

#[tokio::test]
async fn every_entry_is_sealed_once_while_others_write() {
    const WRITERS: usize = 8;
    const EACH: usize = 40;
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        let writers = async {
            let mut all = Vec::new();
            for _ in 0..WRITERS / 4 {
                let (a, b, c, d) = tokio::join!(
                    world.append_some(EACH),
                    world.append_some(EACH),
                    world.append_some(EACH),
                    world.append_some(EACH)
                );
                all.extend([a, b, c, d].concat());
            }
            all
        };
        let sealing = async {
            loop {
                world.seal_all(&mut sealer).await;
                tokio::task::yield_now().await;
            }
        };
        let mut written = tokio::select! {
            written = writers => written,
            () = async { let _: std::convert::Infallible = sealing.await; } => unreachable!(),
        };
        // The lease of a turn that was dropped half-way is still ours.
        assert_eq!(world.seal_all(&mut sealer).await, (WRITERS * EACH) as u64);
        let mut leaves = world.leaves().await;
        leaves.sort_unstable();
        written.sort_unstable();
        assert_eq!(leaves, written);
        assert_eq!(holds(&world).await, (WRITERS * EACH) as u64);
        let audited = audit(world.db(), &|_, _| {}).await.unwrap();
        assert!(audited.is_whole(), "{audited:?}");
    }
}

#[tokio::test]
async fn two_sealers_take_turns_and_the_late_one_is_fenced_out() {
    for world in World::each().await {
        let open = async |holder: &str| {
            Sealer::open(world.db(), &world.ctx(), world.settings(holder)).await.unwrap()
        };
        let (mut one, mut two) = (open("one").await, open("two").await);
        world.append_some(3).await;
        assert_eq!(world.seal_all(&mut one).await, 3);
        world.append_some(3).await;
        let turn =
            async |sealer: &mut Sealer| sealer.run_once(world.db(), &world.ctx()).await.unwrap();
        assert_eq!(turn(&mut two).await, Turn::Standby);
        world.clock.advance(SignedDuration::from_secs(11));
        let sealed = Turn::Sealed { leaves: 3, size: 6, is_more: false };
        assert_eq!(turn(&mut two).await, sealed);
        world.append_some(2).await;
        assert_eq!(turn(&mut one).await, Turn::Standby, "it believes in its lease, in vain");
        assert_eq!(turn(&mut one).await, Turn::Standby);
        assert_eq!(world.leaves().await.len(), 6);
        two.close(world.db()).await.unwrap();
        assert_eq!(turn(&mut one).await, Turn::Sealed { leaves: 2, size: 8, is_more: false });
        assert_eq!(holds(&world).await, 8);
        // A dead sealer's lease, from before the clock was put back, stops nobody for long.
        drop(one);
        world.clock.advance(SignedDuration::from_hours(-2));
        let mut three = open("three").await;
        world.append_some(1).await;
        assert_eq!(world.seal_all(&mut three).await, 9);
    }
}

/// Polls `work` at most `polls` times, then drops it where it is; whether it ended.
async fn cut_after<T>(polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left = polls;
    std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Cuts a turn after no poll, one, two, until one ends whole; after how many that was.
async fn cut_everywhere(world: &World, total: &mut u64) -> usize {
    let mut polls = 0;
    loop {
        world.append_some(3).await;
        *total += 3;
        let settings = world.settings(&format!("cut {polls} of {total}"));
        let ended = cut_after(polls, async {
            let mut sealer = Sealer::open(world.db(), &world.ctx(), settings).await.unwrap();
            let turn = sealer.run_once(world.db(), &world.ctx()).await.unwrap();
            assert!(matches!(turn, Turn::Sealed { .. }), "{turn:?}");
        });
        let ended = Box::pin(ended).await.is_some();
        world.clock.advance(SignedDuration::from_secs(11));
        assert!(holds_if_begun(world).await <= *total);
        let mut sealer = world.sealer().await;
        assert_eq!(world.seal_all(&mut sealer).await, *total);
        sealer.close(world.db()).await.unwrap();
        assert_eq!(holds(world).await, *total);
        assert_eq!(world.number(sql::UNSEALED).await, 0);
        if ended {
            return polls;
        }
        polls += 1;
    }
}

/// How often a turn is tried that a very quick disk ends within its first poll.
const TRIES_MAX: usize = 50;

#[tokio::test]
async fn a_turn_cut_short_anywhere_leaves_the_log_whole() {
    for world in World::each().await {
        let (mut total, mut tries) = (0, 0);
        while Box::pin(cut_everywhere(&world, &mut total)).await <= 1 {
            tries += 1;
            assert!(tries < TRIES_MAX, "the turn was never cut");
        }
        assert_eq!(world.leaves().await.len() as u64, total);
    }
}

/// Before the first opening is through, there is nothing to export.
async fn holds_if_begun(world: &World) -> u64 {
    match ken_ledger::export(world.db(), &world.clock, &crate::setup::log_key(), &mut Vec::new())
        .await
    {
        Err(Error::Unsealed) => 0,
        _ => holds(world).await,
    }
}

#[tokio::test]
async fn marks_that_were_lost_are_mended_and_nothing_is_sealed_twice() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(4).await;
        world.seal_all(&mut sealer).await;
        sealer.close(world.db()).await.unwrap();
        let lost: Result<u64, Error> =
            world.db().write("test", async |tx| Ok(tx.execute(sql::UNMARK, &[]).await?)).await;
        assert_eq!(lost.unwrap(), 4);
        let mut sealer = world.sealer().await;
        assert_eq!(world.seal_all(&mut sealer).await, 4);
        assert_eq!(world.number(sql::UNSEALED).await, 0);
    }
}

#[tokio::test]
async fn the_oldest_unsealed_entry_has_an_age() {
    for world in World::each().await {
        let age = async || {
            let age: Result<_, Error> = world
                .db()
                .snapshot("test", async |s| oldest_unsealed_age(s, &world.ctx()).await)
                .await;
            age.unwrap()
        };
        let mut sealer = world.sealer().await;
        assert_eq!(age().await, SignedDuration::ZERO);
        world.append_some(1).await;
        world.clock.advance(SEAL_WITHIN);
        world.append_some(1).await;
        assert_eq!(age().await, SEAL_WITHIN);
        world.clock.set(world.clock.now() - SignedDuration::from_hours(1));
        assert_eq!(age().await, SignedDuration::ZERO, "never negative");
        world.clock.advance(SignedDuration::from_hours(2));
        world.seal_all(&mut sealer).await;
        assert_eq!(age().await, SignedDuration::ZERO);
    }
}

#[tokio::test]
async fn another_key_does_not_open_the_log() {
    for world in World::each().await {
        drop(world.sealer().await);
        let mut settings = world.settings("one");
        settings.key =
            ken_ledger::SignerKey::new(crate::setup::ORIGIN, ken_ledger::KeyUse::Log, &[2; 32])
                .unwrap();
        let error = Sealer::open(world.db(), &world.ctx(), settings).await.unwrap_err();
        assert_eq!(error.code(), "ledger.key-file-other-name");
    }
}

#[tokio::test]
async fn a_changed_tile_is_found_at_start_and_in_an_export() {
    for world in World::each().await {
        let mut sealer = world.sealer().await;
        world.append_some(3).await;
        world.seal_all(&mut sealer).await;
        let changed: Result<u64, Error> = world
            .db()
            .write("test", async |tx| {
                Ok(tx.execute(sql::CHANGE_TILE, values![vec![5_u8; 96]]).await?)
            })
            .await;
        assert_eq!(changed.unwrap(), 1);
        let opened = Sealer::open(world.db(), &world.ctx(), world.settings("two")).await;
        assert!(matches!(opened.unwrap_err(), Error::Corrupt(Fault::Root)));
        let verdict = verify(world.export().await.as_slice(), &trust(), None).unwrap();
        let Verdict::Broken(broken) = verdict else { panic!("{verdict}") };
        assert_eq!(broken.entry, Some(0));
    }
}
