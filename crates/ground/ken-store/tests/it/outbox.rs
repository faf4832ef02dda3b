//! The outbox: in order within a lane, at least once, never lost.

use std::sync::Arc;

use jiff::SignedDuration;
use ken_core::{Ctx, MessageId, PersonId};
use ken_store::outbox::{self, Claim, Lane};
use ken_store::{Db, Error, timer, values};
use ken_testkit::{SeededIds, TestClock, engines};

const LIFE: SignedDuration = SignedDuration::from_secs(30);

async fn put(db: &Db, ctx: &Ctx<'_>, lane: &Lane, body: &str) -> MessageId {
    let id = MessageId::draw(ctx.ids);
    let put = db.write("put", async |tx| outbox::put(tx, ctx, lane, id, body.as_bytes()).await);
    let put: Result<(), Error> = put.await;
    put.unwrap();
    id
}

async fn claim(db: &Db, ctx: &Ctx<'_>) -> Vec<Claim> {
    outbox::claim(db, ctx, "rowan", 10, LIFE).await.unwrap()
}

fn bodies(claims: &[Claim]) -> Vec<String> {
    let mut bodies: Vec<_> =
        claims.iter().map(|claim| String::from_utf8(claim.body.clone()).unwrap()).collect();
    bodies.sort();
    bodies
}

fn lanes(ids: &SeededIds) -> [Lane; 3] {
    let lane = |person| Lane { destination: "rowan".into(), person };
    [lane(Some(PersonId::draw(ids))), lane(Some(PersonId::draw(ids))), lane(None)]
}

#[tokio::test]
async fn lanes_are_served_in_order_and_beside_each_other() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    for it in engines(&[]).await {
        let [a, b, nobody] = lanes(&ids);
        for (lane, body) in [(&a, "a1"), (&a, "a2"), (&b, "b1"), (&nobody, "n1")] {
            put(&it.db, &ctx, lane, body).await;
        }
        let first = claim(&it.db, &ctx).await;
        assert_eq!(bodies(&first), ["a1", "b1", "n1"], "{}", it.engine);
        assert!(claim(&it.db, &ctx).await.is_empty(), "{}: all lanes are held", it.engine);
        for one in &first {
            it.db.write("sending", async |tx| one.sending(tx).await).await.unwrap();
            it.db.write("sent", async |tx| one.sent(tx, &ctx).await).await.unwrap();
        }
        let second = claim(&it.db, &ctx).await;
        assert_eq!(bodies(&second), ["a2"], "{}", it.engine);
        it.db.write("sent", async |tx| second[0].sent(tx, &ctx).await).await.unwrap();
        assert!(claim(&it.db, &ctx).await.is_empty(), "{}: all is sent", it.engine);
        put(&it.db, &ctx, &a, "a3").await;
        assert_eq!(bodies(&claim(&it.db, &ctx).await), ["a3"], "{}", it.engine);
        let count = it.db.snapshot("count", async |s| outbox::count(s, "rowan").await).await;
        assert_eq!(count, Ok(vec![("sent".into(), 4), ("waiting".into(), 1)]), "{}", it.engine);
    }
}

#[tokio::test]
async fn an_attempt_without_an_answer_is_made_again_with_the_same_id() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    for it in engines(&[]).await {
        let [a, ..] = lanes(&ids);
        let id = put(&it.db, &ctx, &a, "a1").await;
        let lost = claim(&it.db, &ctx).await.remove(0);
        assert!(!lost.may_have_arrived);
        it.db.write("sending", async |tx| lost.sending(tx).await).await.unwrap();
        clock.advance(LIFE + SignedDuration::from_secs(1));
        let second = claim(&it.db, &ctx).await.remove(0);
        assert_eq!((second.message, second.attempts), (id, 2), "{}", it.engine);
        assert!(second.may_have_arrived, "{}", it.engine);
        for late in [
            it.db.write("late", async |tx| lost.sent(tx, &ctx).await).await,
            it.db.write("late", async |tx| lost.sending(tx).await).await,
        ] {
            assert_eq!(late, Err(Error::Fenced), "{}", it.engine);
        }
        it.db.write("again", async |tx| second.again(tx, &ctx, "test.down").await).await.unwrap();
        assert!(claim(&it.db, &ctx).await.is_empty(), "{}: it pauses", it.engine);
        clock.advance(outbox::pause(2));
        assert_eq!(claim(&it.db, &ctx).await.remove(0).attempts, 3, "{}", it.engine);
    }
}

#[tokio::test]
async fn a_dead_letter_makes_way_and_can_be_revived() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    for it in engines(&[]).await {
        let [a, ..] = lanes(&ids);
        let id = put(&it.db, &ctx, &a, "a1").await;
        put(&it.db, &ctx, &a, "a2").await;
        let one = claim(&it.db, &ctx).await.remove(0);
        it.db.write("dead", async |tx| one.give_up(tx, &ctx, "test.no").await).await.unwrap();
        let dead = it.db.snapshot("dead", async |s| outbox::dead(s, "rowan", 9).await).await;
        let letter = dead.unwrap().remove(0);
        assert_eq!((letter.message, &*letter.failure), (id, "test.no"), "{}", it.engine);
        let revive = async || {
            it.db.write("revive", async |tx| outbox::revive(tx, &ctx, &letter).await).await
        };
        assert_eq!(revive().await, Ok(true), "{}", it.engine);
        assert_eq!(revive().await, Ok(false), "{}", it.engine);
        assert_eq!(bodies(&claim(&it.db, &ctx).await), ["a1"], "{}: first again", it.engine);
    }
}

#[tokio::test]
async fn what_is_too_long_is_refused() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    for it in engines(&[]).await {
        let [a, ..] = lanes(&ids);
        let body = vec![0; outbox::BODY_MAX + 1];
        let id = MessageId::draw(&ids);
        let put = it.db.write("put", async |tx| outbox::put(tx, &ctx, &a, id, &body).await);
        assert_eq!(put.await.map_err(|error: Error| error.code()), Err("store.too-long"));
    }
}

/// Puts, claims and sends, and says so.
async fn send(db: &Db, ctx: &Ctx<'_>, lane: &Lane, body: &str) {
    put(db, ctx, lane, body).await;
    let claim = claim(db, ctx).await.remove(0);
    db.write("sent", async |tx| claim.sent(tx, ctx).await).await.unwrap();
}

async fn states(db: &Db) -> Vec<(String, i64)> {
    db.snapshot("count", async |s| outbox::count(s, "rowan").await).await.unwrap()
}

#[tokio::test]
async fn what_was_sent_is_swept_after_its_time_and_nothing_else_is() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    let second = SignedDuration::from_secs(1);
    for it in engines(&[]).await {
        let [a, b, nobody] = lanes(&ids);
        let begun = async || {
            let begun = it.db.write("begin", async |tx| outbox::Sweep::begin(tx, &ctx).await).await;
            begun.unwrap();
        };
        let runner = timer::Runner::default().with(Arc::new(outbox::Sweep));
        begun().await;
        send(&it.db, &ctx, &a, "a1").await;
        put(&it.db, &ctx, &b, "b1").await;
        let dead = claim(&it.db, &ctx).await.remove(0);
        it.db.write("dead", async |tx| dead.give_up(tx, &ctx, "test.no").await).await.unwrap();
        put(&it.db, &ctx, &nobody, "n1").await;
        let all = |sent| {
            let mut all = vec![("dead".to_owned(), 1), ("waiting".to_owned(), 1)];
            if sent > 0 {
                all.insert(1, ("sent".to_owned(), sent));
            }
            all
        };
        clock.advance(outbox::SENT_KEPT);
        send(&it.db, &ctx, &a, "a2").await;
        assert_eq!(runner.run_once(&it.db, ctx).await, Ok(1), "{}", it.engine);
        assert_eq!(states(&it.db).await, all(2), "{}: not yet", it.engine);
        begun().await;
        clock.advance(SignedDuration::from_hours(1));
        assert_eq!(runner.run_once(&it.db, ctx).await, Ok(1), "{}: every hour", it.engine);
        assert_eq!(states(&it.db).await, all(1), "{}", it.engine);
        clock.advance(outbox::SENT_KEPT + second);
        assert_eq!(runner.run_once(&it.db, ctx).await, Ok(1), "{}", it.engine);
        assert_eq!(states(&it.db).await, all(0), "{}", it.engine);
    }
}

#[tokio::test]
async fn dead_letters_are_bounded_and_none_is_lost() {
    let (clock, ids) = (TestClock::default(), SeededIds::default());
    let ctx = Ctx::new(&clock, &ids);
    for it in engines(&[]).await {
        let [a, ..] = lanes(&ids);
        let fill = "
            INSERT INTO store_outbox (person_id, destination, place, message_id, body, state,
                put_at, ended_at)
            WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
            SELECT '', 'rowan', i, CAST($3 AS TEXT), $2, 'dead', 0, 0 FROM n";
        let body = vec![1_u8];
        let filled = it.db.write("fill", async |tx| {
            tx.execute(fill, values![outbox::DEAD_MAX, &body, MessageId::draw(&ids)]).await
        });
        let filled: Result<u64, Error> = filled.await;
        assert_eq!(filled, Ok(u64::try_from(outbox::DEAD_MAX).unwrap() - 1), "{}", it.engine);
        let give_up = async || {
            let one = claim(&it.db, &ctx).await.remove(0);
            let told = it.db.write("dead", async |tx| one.give_up(tx, &ctx, "test.no").await);
            let told: Result<bool, Error> = told.await;
            (one.message, told.unwrap())
        };
        let first = put(&it.db, &ctx, &a, "a1").await;
        let second = put(&it.db, &ctx, &a, "a2").await;
        assert_eq!(give_up().await, (first, true), "{}", it.engine);
        assert_eq!(give_up().await, (second, false), "{}: there are too many", it.engine);
        assert!(claim(&it.db, &ctx).await.is_empty(), "{}: the lane pauses", it.engine);
        clock.advance(outbox::PAUSE_MAX);
        assert_eq!(give_up().await, (second, false), "{}: and is tried again", it.engine);
        let letters =
            it.db.snapshot("dead", async |s| outbox::dead(s, "rowan", u32::MAX >> 1).await);
        let letters = letters.await.unwrap();
        let letter = letters.iter().find(|letter| letter.message == first).unwrap();
        for gone in [true, false] {
            let told = it.db.write("discard", async |tx| outbox::discard(tx, letter).await).await;
            assert_eq!(told, Ok(gone), "{}", it.engine);
        }
        clock.advance(outbox::PAUSE_MAX);
        assert_eq!(give_up().await, (second, true), "{}: a person has made room", it.engine);
    }
}
