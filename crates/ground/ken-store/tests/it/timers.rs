//! Timers: due once, held by one, gone with their effect.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use ken_core::{BoxFuture, Clock, Ctx};
use ken_store::{Db, Error, timer};
use ken_testkit::{SeededIds, TestClock, engines};
use tokio_util::sync::CancellationToken;

const KIND: timer::Kind = "test.kind";
const LIFE: SignedDuration = SignedDuration::from_secs(30);

async fn claim(db: &Db, ctx: &Ctx<'_>) -> Vec<timer::Lease> {
    timer::claim(db, ctx, KIND, 10, LIFE).await.unwrap()
}

async fn set(db: &Db, ctx: &Ctx<'_>, key: &str, after: i64) {
    let due = ctx.clock.now() + SignedDuration::from_secs(after);
    let done = db.write("set", async |tx| timer::set(tx, KIND, key, due, "detail").await);
    let done: Result<(), Error> = done.await;
    done.unwrap();
}

#[tokio::test]
async fn a_timer_is_held_by_one_and_gone_with_its_effect() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    for it in engines(&[]).await {
        set(&it.db, &ctx, "a", 10).await;
        set(&it.db, &ctx, "b", 20).await;
        assert!(claim(&it.db, &ctx).await.is_empty(), "{}: nothing is due", it.engine);
        clock.advance(SignedDuration::from_secs(15));
        let first = claim(&it.db, &ctx).await;
        assert_eq!(first.iter().map(|lease| &*lease.key).collect::<Vec<_>>(), ["a"]);
        assert!(claim(&it.db, &ctx).await.is_empty(), "{}: it is held", it.engine);

        clock.advance(SignedDuration::from_secs(31));
        let second = claim(&it.db, &ctx).await;
        assert_eq!(second.len(), 2, "{}: the lease has run out", it.engine);
        assert_eq!(second[0].attempts, 2);
        let late = it.db.write("late", async |tx| first[0].done(tx).await).await;
        assert_eq!(late, Err(Error::Fenced), "{}", it.engine);
        let swallowed = it.db.write("late", async |tx| Ok(first[0].done(tx).await.is_err())).await;
        assert_eq!(swallowed, Err(Error::Spoilt), "{}", it.engine);
        for lease in &second {
            it.db.write("done", async |tx| lease.done(tx).await).await.unwrap();
        }
        let next = it.db.snapshot("next", async |s| timer::next(s, KIND).await).await;
        assert_eq!(next, Ok(None), "{}", it.engine);
    }
}

#[tokio::test]
async fn a_timer_set_anew_or_cancelled_fences_who_holds_it() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    for it in engines(&[]).await {
        set(&it.db, &ctx, "a", 0).await;
        let held = claim(&it.db, &ctx).await.remove(0);
        set(&it.db, &ctx, "a", 60).await;
        let done = it.db.write("done", async |tx| held.done(tx).await).await;
        assert_eq!(done, Err(Error::Fenced), "{}", it.engine);
        clock.advance(SignedDuration::from_secs(60));
        let held = claim(&it.db, &ctx).await.remove(0);
        let at = clock.now() + SignedDuration::from_secs(5);
        it.db.write("again", async |tx| held.again(tx, at, "test.failed").await).await.unwrap();
        let next = it.db.snapshot("next", async |s| timer::next(s, KIND).await).await;
        assert_eq!(next, Ok(Some(at)), "{}", it.engine);
        let cancel = it.db.write("cancel", async |tx| timer::cancel(tx, KIND, "a").await).await;
        assert_eq!(cancel, Ok(true), "{}", it.engine);
    }
}

/// A timer that is gone takes its count with it: what is set again must not begin where it began.
#[tokio::test]
async fn a_lease_of_a_timer_that_is_gone_ends_no_later_one() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    for it in engines(&[]).await {
        set(&it.db, &ctx, "a", 0).await;
        let stalled = claim(&it.db, &ctx).await.remove(0);
        clock.advance(SignedDuration::from_secs(31));
        let next = claim(&it.db, &ctx).await.remove(0);
        it.db.write("done", async |tx| next.done(tx).await).await.unwrap();
        for round in 0..3 {
            set(&it.db, &ctx, "a", 0).await;
            let early = it.db.write("early", async |tx| stalled.done(tx).await).await;
            assert_eq!(early, Err(Error::Fenced), "{}, round {round}", it.engine);
            let held = claim(&it.db, &ctx).await.remove(0);
            for old in [&stalled, &next] {
                let late = it.db.write("late", async |tx| old.done(tx).await).await;
                assert_eq!(late, Err(Error::Fenced), "{}, round {round}", it.engine);
                let at = clock.now();
                let again = it.db.write("again", async |tx| old.again(tx, at, "late").await).await;
                assert_eq!(again, Err(Error::Fenced), "{}, round {round}", it.engine);
            }
            it.db.write("done", async |tx| held.done(tx).await).await.unwrap();
        }
    }
}

/// What fails is tried on, and from the tenth time on somebody is told.
#[tokio::test]
async fn what_fails_and_fails_is_told_of() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    for it in engines(&[]).await {
        let failing = async || it.db.snapshot("failing", async |s| timer::failing(s).await).await;
        for key in ["a", "b"] {
            set(&it.db, &ctx, key, 0).await;
        }
        for attempt in 1..=timer::ALARM_AFTER {
            assert_eq!(failing().await, Ok(vec![]), "{}: {attempt}", it.engine);
            for held in claim(&it.db, &ctx).await {
                let at = clock.now();
                let again = it.db.write("again", async |tx| held.again(tx, at, "test.no").await);
                again.await.unwrap();
            }
        }
        let two = timer::Failing { kind: KIND.into(), code: "test.no".into(), count: 2 };
        assert_eq!(failing().await, Ok(vec![two]), "{}", it.engine);
        set(&it.db, &ctx, "a", 60).await;
        assert_eq!(failing().await.unwrap()[0].count, 1, "{}: it was set anew", it.engine);
    }
}

#[tokio::test]
async fn many_workers_never_hold_the_same_timer() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    for it in engines(&[]).await {
        let now = ctx.clock.now();
        let set = it.db.write("set", async |tx| {
            for key in 0..40 {
                timer::set(tx, KIND, &format!("{key:02}"), now, "").await?;
            }
            Ok::<(), Error>(())
        });
        set.await.unwrap();
        let claims = (0..8).map(|_| timer::claim(&it.db, &ctx, KIND, 5, LIFE));
        let claims = futures_util::future::join_all(claims).await;
        let mut keys: Vec<_> =
            claims.into_iter().flat_map(Result::unwrap).map(|lease| lease.key).collect();
        keys.sort();
        let held = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), held, "{}: nobody shares", it.engine);
        assert!(held >= 5, "{}: somebody works", it.engine);
    }
}

/// Fails the first time, then does its work.
#[derive(Debug, Default)]
struct Second(std::sync::atomic::AtomicUsize);

impl timer::Handler for Second {
    fn kind(&self) -> timer::Kind {
        KIND
    }

    fn fire<'a>(
        &'a self,
        db: &'a Db,
        _: Ctx<'a>,
        lease: &'a timer::Lease,
    ) -> BoxFuture<'a, Result<(), timer::Failure>> {
        Box::pin(async move {
            if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
                return Err(timer::Failure { code: "test.down" });
            }
            db.write("effect", async |tx| lease.done(tx).await).await?;
            Ok(())
        })
    }
}

#[tokio::test]
async fn the_runner_tries_again_until_it_is_done() {
    let ids = SeededIds::default();
    for it in engines(&[]).await {
        let clock = TestClock::default();
        let ctx = Ctx::new(&clock, &ids);
        set(&it.db, &ctx, "a", 10).await;
        let second = Arc::new(Second::default());
        let runner = timer::Runner::default().with(Arc::clone(&second) as Arc<dyn timer::Handler>);
        let stop = CancellationToken::new();
        let drive = async {
            for _ in 0..2000 {
                let done = it.db.snapshot("next", async |s| timer::next(s, KIND).await).await;
                if done == Ok(None) {
                    break;
                }
                clock.advance_to_next();
                crate::writes::pause(1).await;
            }
            stop.cancel();
            clock.advance_to_next();
        };
        tokio::join!(runner.run(&it.db, &clock, &ids, &stop), drive);
        assert_eq!(second.0.load(Ordering::Relaxed), 2, "{}", it.engine);
        assert_eq!(runner.run_once(&it.db, ctx).await, Ok(0), "{}", it.engine);
    }
}

#[tokio::test]
async fn what_begins_with_every_start_is_set_once() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    for it in engines(&[]).await {
        let once = async |after: i64| {
            let due = ctx.clock.now() + SignedDuration::from_secs(after);
            let done =
                it.db.write("once", async |tx| timer::set_once(tx, KIND, "sweep", due, "").await);
            let done: Result<bool, Error> = done.await;
            done.unwrap()
        };
        assert!(once(10).await);
        assert!(!once(1).await, "{}: it is set", it.engine);
        let next = it.db.snapshot("next", async |s| timer::next(s, KIND).await).await;
        assert_eq!(next, Ok(Some(ctx.clock.now() + SignedDuration::from_secs(10))));
        clock.advance(SignedDuration::from_secs(10));
        let lease = claim(&it.db, &ctx).await.remove(0);
        assert!(!once(1).await, "{}: a start does not disturb who works", it.engine);
        it.db.write("done", async |tx| lease.done(tx).await).await.unwrap();
        assert!(once(1).await, "{}", it.engine);
    }
}
