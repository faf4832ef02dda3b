//! Signing in: what gets in, what does not, and how fast one may guess.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ken_core::Sensitive;
use ken_directory::throttle::PLACES_MAX;
use ken_directory::{Attempt, Error, SignIn, account, sign_in};
use ken_ledger::EntryKind;
use ken_store::{Reads, Snapshot, Tx};

use crate::world::{NAME, PASSWORD, worlds};

fn word(answer: &SignIn) -> &'static str {
    match answer {
        SignIn::In(_) => "in",
        SignIn::Refused => "refused",
        SignIn::Wait(_) => "wait",
    }
}

/// Many more than the module lets wait, which is 64; hashes are slow, and counting is not.
const TRIES: usize = 200;

#[tokio::test]
async fn whoever_finds_too_many_waiting_has_not_tried() {
    for world in worlds().await {
        let (engine, ctx) = (world.on.engine, world.ctx());
        // Everybody comes from a place of their own, so that nobody waits for another's tries.
        let tries = (0..TRIES).map(|place| {
            let attempt = Attempt {
                name: Sensitive::new(format!("nobody-{place}")),
                password: Sensitive::new("not the words".to_owned()),
                code: Sensitive::new("000000".to_owned()),
                address: format!("198.51.{place}.7").parse().unwrap(),
            };
            let (db, keys) = (&world.on.db, &world.on.keys);
            let (hasher, ctx) = (&world.hasher, &ctx);
            Box::pin(async move { (place, sign_in(db, ctx, keys, hasher, attempt).await) })
        });
        let mut tries: FuturesUnordered<_> = tries.collect();
        loop {
            match tries.next().await {
                Some((_, Err(Error::Busy))) => break,
                Some((_, other)) => assert!(matches!(other, Ok(SignIn::Refused)), "{engine}"),
                None => panic!("{engine}: nobody found too many"),
            }
        }
        drop(tries);
        let sql = "SELECT COUNT(*) FROM throttle WHERE bucket LIKE 'name:%' AND failures = 0";
        let read = async |s: &mut Snapshot| s.find(sql, &[], |row| row.int(0)).await;
        let untried = world.on.db.snapshot("test", read).await.unwrap();
        assert!(untried.is_some_and(|count| count > 0), "{engine}: {untried:?}");
    }
}

#[tokio::test]
async fn name_password_and_code_belong_together() {
    for world in worlds().await {
        let check = async |name: &str, password: &str, code: &str, want: &str| {
            let answer = world.try_in(name, password, code).await;
            assert_eq!(word(&answer), want, "{} {name} {password}", world.on.engine);
        };
        check(NAME, "another three words", &world.code(), "refused").await;
        check(NAME, PASSWORD, "000000", "refused").await;
        check("nobody@glen.example", PASSWORD, &world.code(), "refused").await;
        check("", PASSWORD, &world.code(), "refused").await;
        // The code was not used up by the wrong password; now it is, and once is all.
        check(" JO.Worker@glen.example ", PASSWORD, &world.code(), "in").await;
        check(NAME, PASSWORD, &world.code(), "refused").await;
        world.wait(30);
        check(NAME, PASSWORD, &world.code(), "in").await;
        let events = world.events().await;
        let sign_ins = events.iter().filter(|(kind, _)| *kind == EntryKind::SignIn);
        let names: Vec<_> = sign_ins.map(|(_, event)| event.as_str()).collect();
        let want =
            ["sign-in-refused", "sign-in-refused", "signed-in", "sign-in-refused", "signed-in"];
        assert_eq!(names, want, "{}", world.on.engine);
    }
}

#[tokio::test]
async fn guessing_is_slowed_for_known_and_unknown_names_alike() {
    for world in worlds().await {
        let check = async |name: &str, password: &str, want: &str| {
            let answer = world.try_in(name, password, &world.code()).await;
            assert_eq!(word(&answer), want, "{} {name}", world.on.engine);
        };
        for name in [NAME, "nobody@glen.example"] {
            for _ in 0..5 {
                check(name, "wrong", "refused").await;
            }
            check(name, "wrong", "wait").await;
            // Not even with the right words: a guesser must learn nothing meanwhile.
            check(name, PASSWORD, "wait").await;
        }
        world.wait(31);
        check(NAME, "wrong", "refused").await;
        check(NAME, PASSWORD, "wait").await;
        world.wait(61);
        check(NAME, PASSWORD, "in").await;
        world.wait(31);
        // Where its holder has signed in they mistype again; the name's tally is as it was.
        check(NAME, "wrong", "refused").await;
        for _ in 0..4 {
            check(NAME, "wrong", "wait").await;
        }
        check(NAME, PASSWORD, "wait").await;
        // Tries that were not looked at left no entry: 5, 1, 1 and 4 refusals, one success.
        let events = world.events().await;
        assert_eq!(events.iter().filter(|(kind, _)| *kind == EntryKind::SignIn).count(), 12);
    }
}

/// Whoever guesses a name keeps it waiting where its holder never was, and nowhere else; at each
/// place one guesses no faster than anywhere.
#[tokio::test]
async fn a_stranger_keeps_nobody_out_of_where_they_sign_in() {
    const HOME: &str = "192.0.2.7";
    const STRANGER: &str = "198.51.100.7";
    const NEW: &str = "203.0.113.7";
    for world in worlds().await {
        let check = async |place: &str, password: &str, want: &str| {
            let answer = world.try_at(place, (NAME, password, &world.code())).await;
            assert_eq!(word(&answer), want, "{} {place}", world.on.engine);
        };
        check(HOME, PASSWORD, "in").await;
        for _ in 0..5 {
            check(STRANGER, "wrong", "refused").await;
        }
        world.wait(31);
        check(STRANGER, "wrong", "refused").await;
        check(STRANGER, "wrong", "wait").await;
        check(NEW, PASSWORD, "wait").await;
        check(HOME, PASSWORD, "in").await;
        // A good sign-in at home gives the stranger no new tries.
        check(STRANGER, "wrong", "wait").await;
        // What is wrong at home is told what it is told anywhere, and counted at home.
        for _ in 0..5 {
            check(HOME, "wrong", "wait").await;
        }
        check(HOME, PASSWORD, "wait").await;
        world.wait(91 * 86_400);
        check(STRANGER, "wrong", "refused").await;
        for _ in 0..4 {
            check(STRANGER, "wrong", "refused").await;
        }
        check(HOME, PASSWORD, "wait").await;
    }
}

#[tokio::test]
async fn the_last_places_are_kept_and_none_after_a_reset_or_a_closing() {
    const HOME: &str = "192.0.2.7";
    for world in worlds().await {
        let check = async |place: &str, password: &str, want: &str| {
            let answer = world.try_at(place, (NAME, password, &world.code())).await;
            assert_eq!(word(&answer), want, "{} {place}", world.on.engine);
        };
        let places = async || {
            let sql = "SELECT COUNT(*) FROM throttle WHERE bucket LIKE 'place:account:%'";
            let read = async |s: &mut Snapshot| s.find(sql, &[], |row| row.int(0)).await;
            world.on.db.snapshot("test", read).await.unwrap()
        };
        for n in 0..=PLACES_MAX {
            check(&format!("203.0.{n}.7"), PASSWORD, "in").await;
            world.wait(31);
        }
        assert_eq!(places().await, Some(PLACES_MAX), "{}", world.on.engine);
        for _ in 0..6 {
            world.try_at("198.51.100.7", (NAME, "wrong", "0")).await;
        }
        // Nor where whoever had the old password signed in.
        let ctx = world.ctx();
        let hash = world.hasher.hash(&ctx, Sensitive::new(PASSWORD.to_owned())).await.unwrap();
        world
            .write(async |tx: &mut Tx| {
                let new = (&hash, &world.secret);
                account::reset(tx, &ctx, &world.on.keys, world.account, new, None).await
            })
            .await;
        assert_eq!(places().await, Some(0), "{}", world.on.engine);
        // Whoever guessed the password of before keeps nobody from the one of now.
        check(HOME, PASSWORD, "in").await;
        assert_eq!(places().await, Some(1), "{}", world.on.engine);
        world
            .write(async |tx: &mut Tx| {
                account::close(tx, &world.ctx(), &world.on.keys, world.account, None).await
            })
            .await;
        assert_eq!(places().await, Some(0), "{}", world.on.engine);
    }
}

/// A guesser is told the same of a name that somebody has and of one that nobody has, wherever they
/// try it, and for whatever it is kept waiting; and it takes as many hashes.
#[tokio::test]
async fn no_answer_tells_which_names_there_are_nor_where_they_sign_in() {
    const HOME: &str = "192.0.2.7";
    const STRANGER: &str = "198.51.100.7";
    const NEW: &str = "203.0.113.7";
    for world in worlds().await {
        let answer = world.try_at(HOME, (NAME, PASSWORD, &world.code())).await;
        assert_eq!(word(&answer), "in", "{}", world.on.engine);
        // Too long for anybody's, so that no time is spent on it.
        let wrong = "x".repeat(257);
        let mut told = vec![];
        for name in [NAME, "nobody@glen.example"] {
            let mut answers = vec![];
            for (wait, place, times) in [
                (31, STRANGER, 6),
                (0, HOME, 7),
                (0, NEW, 1),
                (29, HOME, 1),
                (1, HOME, 2),
                (0, STRANGER, 2),
                (61, NEW, 1),
                (31, HOME, 8),
                (0, STRANGER, 1),
                (901, HOME, 2),
                (86_401, HOME, 6),
                (0, STRANGER, 2),
            ] {
                world.wait(wait);
                for _ in 0..times {
                    let answer = world.try_at(place, (name, &wrong, "0")).await;
                    let now = world.ctx().clock.now();
                    let until = match &answer {
                        SignIn::Wait(until) => Some(until.duration_since(now)),
                        SignIn::In(_) | SignIn::Refused => None,
                    };
                    answers.push((place, word(&answer), until));
                }
            }
            told.push(answers);
        }
        assert!(told[0].iter().any(|(place, word, _)| *place == HOME && *word == "wait"));
        assert_eq!(told[0], told[1], "{}", world.on.engine);
    }
}

/// Whoever watches how long a name waits sees the same whether its holder signs in meanwhile or
/// nobody has it.
#[tokio::test]
async fn how_long_a_name_waits_does_not_tell_when_its_holder_signs_in() {
    const HOME: &str = "192.0.2.7";
    const NEW: &str = "203.0.113.7";
    const STRANGER: &str = "198.51.100.7";
    let wrong = "x".repeat(257);
    for world in worlds().await {
        let engine = world.on.engine;
        let mut told = vec![];
        for name in [NAME, "nobody@glen.example"] {
            let holder = async |place: &str, password: &str, want: &str| {
                if name == NAME {
                    let answer = world.try_at(place, (name, password, &world.code())).await;
                    assert_eq!(word(&answer), want, "{engine} {place}");
                }
            };
            let mut waits = vec![];
            let watched = async |times: usize, waits: &mut Vec<_>| {
                for _ in 0..times {
                    let answer = world.try_at(STRANGER, (name, &wrong, "0")).await;
                    let now = world.ctx().clock.now();
                    waits.push(match &answer {
                        SignIn::Wait(until) => Some(until.duration_since(now).as_secs()),
                        SignIn::In(_) | SignIn::Refused => None,
                    });
                }
            };
            holder(HOME, PASSWORD, "in").await;
            world.wait(31);
            watched(3, &mut waits).await;
            // While the name does not wait its holder mistypes at home, and signs in.
            holder(HOME, &wrong, "refused").await;
            holder(HOME, PASSWORD, "in").await;
            watched(3, &mut waits).await;
            world.wait(31);
            watched(2, &mut waits).await;
            // While it waits they mistype and sign in at home.
            holder(HOME, &wrong, "wait").await;
            holder(HOME, PASSWORD, "in").await;
            watched(1, &mut waits).await;
            world.wait(61);
            // When it waits no longer, somewhere new.
            holder(NEW, PASSWORD, "in").await;
            watched(2, &mut waits).await;
            world.wait(121);
            holder(HOME, PASSWORD, "in").await;
            watched(2, &mut waits).await;
            told.push(waits);
        }
        assert!(told[1].iter().flatten().any(|wait| *wait > 200), "{engine} {told:?}");
        assert_eq!(told[0], told[1], "{engine}");
    }
}

/// A clock that was a month ahead for a minute keeps nobody waiting for a month.
#[tokio::test]
async fn what_was_counted_in_the_future_waits_no_longer_than_anything() {
    let wrong = "x".repeat(257);
    for world in worlds().await {
        world.wait(30 * 86_400);
        for _ in 0..6 {
            world.try_in(NAME, &wrong, "0").await;
        }
        world.wait(-30 * 86_400);
        let answer = world.try_in(NAME, PASSWORD, &world.code()).await;
        assert_eq!(word(&answer), "wait", "{}", world.on.engine);
        world.wait(901);
        let answer = world.try_in(NAME, PASSWORD, &world.code()).await;
        assert_eq!(word(&answer), "in", "{}", world.on.engine);
    }
}

#[tokio::test]
async fn who_mistypes_at_home_every_day_is_kept_waiting_nowhere() {
    let wrong = "x".repeat(257);
    for world in worlds().await {
        let check = async |place: &str, password: &str, want: &str| {
            let answer = world.try_at(place, (NAME, password, &world.code())).await;
            assert_eq!(word(&answer), want, "{} {place}", world.on.engine);
        };
        check("192.0.2.7", PASSWORD, "in").await;
        for _ in 0..6 {
            world.wait(80_000);
            check("192.0.2.7", &wrong, "refused").await;
            check("192.0.2.7", PASSWORD, "in").await;
        }
        for _ in 0..5 {
            check("203.0.113.7", &wrong, "refused").await;
        }
        check("203.0.113.7", &wrong, "wait").await;
    }
}

#[tokio::test]
async fn a_site_that_mistypes_every_day_is_not_shut_out() {
    // Too long for anybody's, so that no time is spent on it.
    let wrong = "x".repeat(257);
    for world in worlds().await {
        // A hundred wrong tries under as many names, then one every hour: never a quiet day.
        for n in 0..100 {
            let answer = world.try_in(&format!("mistyped{n}@glen.example"), &wrong, "0").await;
            assert_eq!(word(&answer), "refused", "{} {n}", world.on.engine);
        }
        let answer = world.try_in(NAME, PASSWORD, &world.code()).await;
        assert_eq!(word(&answer), "wait", "{}", world.on.engine);
        for n in 0..3 {
            world.wait(3_600);
            let answer = world.try_in(&format!("later{n}@glen.example"), &wrong, "0").await;
            assert_eq!(word(&answer), "refused", "{} {n}", world.on.engine);
        }
        for _ in 0..20 {
            let answer = world.try_in("again@glen.example", &wrong, "0").await;
            assert!(word(&answer) != "in");
        }
        let answer = world.try_in(NAME, PASSWORD, &world.code()).await;
        assert_eq!(word(&answer), "in", "{}: it has drained", world.on.engine);
    }
}

#[tokio::test]
async fn a_burst_of_guesses_is_counted_before_any_is_answered() {
    for world in worlds().await {
        let code = world.code();
        let tries = (0..12).map(|_| world.try_in(NAME, "wrong", &code));
        let mut answers = Vec::new();
        for one in futures_join(tries).await {
            answers.push(word(&one));
        }
        let refused = answers.iter().filter(|answer| **answer == "refused").count();
        assert_eq!(refused, 5, "{} {answers:?}", world.on.engine);
    }
}

/// Runs futures side by side on this task.
async fn futures_join<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|cx| {
        let mut pending = false;
        for (one, done) in &mut waiting {
            if done.is_none() {
                match one.as_mut().poll(cx) {
                    std::task::Poll::Ready(value) => *done = Some(value),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    waiting.into_iter().filter_map(|(_, done)| done).collect()
}

#[tokio::test]
async fn one_code_opens_one_session_even_at_once() {
    for world in worlds().await {
        let code = world.code();
        let tries = (0..4).map(|_| world.try_in(NAME, PASSWORD, &code));
        let answers = futures_join(tries).await;
        let inside = answers.iter().filter(|answer| word(answer) == "in").count();
        assert_eq!(inside, 1, "{}", world.on.engine);
    }
}

#[tokio::test]
async fn a_closed_account_is_nobodys() {
    for world in worlds().await {
        world
            .write(async |tx: &mut Tx| {
                account::close(tx, &world.ctx(), &world.on.keys, world.account, None).await
            })
            .await;
        let answer = world.try_in(NAME, PASSWORD, &world.code()).await;
        assert_eq!(word(&answer), "refused", "{}", world.on.engine);
    }
}
