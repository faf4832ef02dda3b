//! Draining: a change of what everybody is decided by is done when nobody decides by the old.

use std::pin::pin;

use jiff::SignedDuration;
use ken_core::Ctx;
use ken_store::node::{self, Node};
use ken_store::{Db, Error, guard};
use ken_testkit::{SeededIds, TestClock, engines};
use tokio::sync::Notify;

use crate::writes::pause;

async fn bump(db: &Db) -> i64 {
    let bumped: Result<i64, Error> =
        db.write("bump", async |tx| guard::bump_policy(tx).await).await;
    bumped.unwrap()
}

async fn is_drained(db: &Db, clock: &TestClock, version: i64) -> bool {
    db.snapshot("drained", async |s| node::late(s, clock, version).await).await.unwrap() == 0
}

/// Two nodes on PostgreSQL, and one on SQLite, which has no second.
#[tokio::test]
async fn a_change_is_done_when_no_node_decides_by_the_old() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    for it in engines(&[]).await {
        let engine = it.engine;
        let other = it.another_node().await;
        assert_eq!(other.is_some(), engine == "postgres");
        let far = other.unwrap_or_else(|| it.db.clone());
        let (mut near, mut away) = (Node::new(&ids), Node::new(&ids));
        assert_eq!(near.report(&it.db, &ctx).await, Ok(1), "{engine}");
        assert_eq!(away.report(&far, &ctx).await, Ok(1), "{engine}");
        assert!(is_drained(&it.db, &clock, 1).await, "{engine}");

        // A decision, begun by the old version and not yet over.
        let (read, go) = (Notify::new(), Notify::new());
        let decision = far.snapshot("decision", async |s| {
            let version = guard::policy_version(s).await?;
            read.notify_one();
            go.notified().await;
            Ok::<_, Error>(version)
        });
        let changes = async {
            read.notified().await;
            let version = bump(&it.db).await;
            assert!(!is_drained(&it.db, &clock, version).await, "{engine}: nobody has seen it");
            if engine == "postgres" {
                assert_eq!(near.report(&it.db, &ctx).await, Ok(version));
                assert!(!is_drained(&it.db, &clock, version).await, "{engine}: one of two");
            }
            let mut report = pin!(away.report(&far, &ctx));
            // It comes as far as it can, and waits for the decision.
            for _ in 0..200 {
                assert!(futures_util::poll!(&mut report).is_pending(), "{engine}: too early");
                pause(1).await;
            }
            assert!(!is_drained(&it.db, &clock, version).await, "{engine}: one still decides");
            go.notify_one();
            assert_eq!(report.await, Ok(version), "{engine}");
            if engine == "sqlite" {
                assert!(!is_drained(&it.db, &clock, version).await, "{engine}: one of two");
                assert_eq!(near.report(&it.db, &ctx).await, Ok(version));
            }
            assert!(is_drained(&it.db, &clock, version).await, "{engine}");
            version
        };
        let (decided, version) = tokio::join!(decision, changes);
        assert_eq!((decided, version), (Ok(1), 2), "{engine}");
    }
}

#[tokio::test]
async fn a_node_that_is_gone_is_not_waited_for_longer_than_it_could_decide() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    let second = SignedDuration::from_secs(1);
    for it in engines(&[]).await {
        let (mut alive, mut killed, mut ended) =
            (Node::new(&ids), Node::new(&ids), Node::new(&ids));
        for node in [&mut alive, &mut killed, &mut ended] {
            node.report(&it.db, &ctx).await.unwrap();
        }
        ended.leave(&it.db).await.unwrap();
        let version = bump(&it.db).await;
        alive.report(&it.db, &ctx).await.unwrap();
        let wait = async |within: SignedDuration| {
            let waiting = node::wait_drained(&it.db, &clock, version, within);
            let mut waiting = pin!(waiting);
            loop {
                tokio::select! {
                    biased;
                    done = &mut waiting => return done.unwrap(),
                    () = tokio::task::yield_now() => drop(clock.advance_to_next()),
                }
            }
        };
        assert_eq!(wait(second).await, 1, "{}: the killed one may still decide", it.engine);
        assert_eq!(wait(node::SILENT_MAX).await, 0, "{}: it cannot any more", it.engine);
        let mut back = killed;
        back.report(&it.db, &ctx).await.unwrap();
        assert!(is_drained(&it.db, &clock, version).await, "{}: it has caught up", it.engine);
    }
}
