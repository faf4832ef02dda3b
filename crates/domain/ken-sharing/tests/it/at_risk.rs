//! Nothing about a person at risk shows to them at once, whoever looks, whatever happens and under
//! whichever number; and nothing of it reaches the stream of anybody near them.
//!
//! The choices are a function of a seed; `KEN_TEST_SEEDS` gives more.

use std::collections::BTreeSet;

use ken_core::{AccountId, EntryId, Fact, PersonId, Purpose, Sensitive};
use ken_directory::Acting;
use ken_sharing::emergency::{self, Finding, ReviewOutcome};
use ken_sharing::fact::{self, Grade};
use ken_sharing::relationship::{self, NewRelationship};
use ken_sharing::wish::{self, Answer, Asked, Ending, NewWish, What};
use ken_sharing::{Caller, Decision, Question, gate, together};
use ken_store::{Reads as _, Row, Snapshot, guard, values};

use crate::dice::Dice;
use crate::together::seeds;
use crate::world::{World, question, word, worlds};

/// States that others say of somebody, beside the one in question.
const OTHERS: [&str; 5] = [
    "protected-address",
    "objection:support-offer",
    "restriction:support-offer",
    "agreement-withdrawn:referral",
    "restricted-record",
];
/// Under which names somebody is at risk for every purpose, and for one.
const RISKS: [&str; 2] = ["at-risk", "at-risk:direct-care"];

struct Near {
    person: PersonId,
    alias: PersonId,
    relative: PersonId,
    staff: Vec<Acting>,
}

async fn near(world: &World) -> Near {
    let (person, alias, relative) =
        (world.person().await, world.person().await, world.person().await);
    world.join(person, alias).await.unwrap();
    let (ctx, register) = (world.ctx(), word("nhsl"));
    world
        .write(async |tx| {
            let guard = together::lock(tx, &BTreeSet::from([person, relative])).await?;
            fact::set_family(tx, &ctx, person, relative, &register).await?;
            fact::set_family(tx, &ctx, relative, person, &register).await?;
            guard.bump(tx).await?;
            Ok(())
        })
        .await;
    let mut staff = vec![];
    for (role, own) in [
        (("practice", "gp.doctor"), None),
        (("practice", "gp.nurse"), Some(relative)),
        (("nhsl", "nhs.ed"), None),
        (("cec", "sw.duty"), None),
        (("cec", "ig.lead"), None),
    ] {
        staff.push(world.practitioner(role, own).await);
    }
    Near { person, alias, relative, staff }
}

async fn say(world: &World, person: PersonId, name: &str, begins: bool) {
    let (ctx, source, fact) = (world.ctx(), word("nhsl"), Fact::new(name).unwrap());
    world
        .write(async |tx| {
            let guard = together::lock(tx, &BTreeSet::from([person])).await?;
            if begins {
                fact::record(tx, &ctx, person, &source, (&fact, Grade::Claimed)).await?;
            } else {
                fact::end(tx, &ctx, person, &source, &fact).await?;
            }
            guard.bump(tx).await?;
            Ok(())
        })
        .await;
}

/// Somebody asks for something of theirs, for one purpose or another.
async fn look(world: &World, dice: &mut Dice, by: &Acting, about: PersonId) {
    let (db, keys, ctx) = (&world.on.db, &world.on.keys, world.ctx());
    let purposes = ["direct-care", "own-work", "vital", "governance", "own-record"];
    let asked = Question {
        sources: dice
            .some(["nhsl", "practice", "cec"].map(word), 2)
            .into_iter()
            .chain([by.organisation.clone()])
            .collect(),
        purpose: Purpose::new(dice.text(&purposes)).unwrap(),
        ..question(about)
    };
    let caller = match dice.below(5) {
        0 => Caller::Own(AccountId::draw(&*world.ids)),
        _ => Caller::Practitioner(by),
    };
    gate::decide_many(db, &ctx, keys, &world.gate, caller, &asked).await.unwrap();
}

/// Something happens to somebody: they are looked at, or begin or end to be worked with.
async fn happens(world: &World, dice: &mut Dice, near: &Near, about: PersonId) {
    let (db, keys, ctx) = (&world.on.db, &world.on.keys, world.ctx());
    let by = dice.pick(&near.staff).clone();
    match dice.below(6) {
        0..=2 => look(world, dice, &by, about).await,
        3 => {
            let new = NewRelationship {
                person: about,
                kind: "direct-care".to_owned(),
                organisation: by.organisation.clone(),
                practitioner: None,
                grade: Grade::System,
                source: by.organisation.clone(),
                until: None,
            };
            world
                .write(async |tx| {
                    let guard = together::lock(tx, &BTreeSet::from([about])).await?;
                    relationship::record(tx, &ctx, keys, &new).await?;
                    let held = relationship::of_person(tx, &ctx, about).await?;
                    if let Some(first) = held.first() {
                        relationship::end(tx, &ctx, keys, about, first).await?;
                    }
                    guard.bump(tx).await?;
                    Ok(())
                })
                .await;
        }
        4 => {
            let typed = Sensitive::new("Works with them".to_owned());
            let id = relationship::claim(db, &ctx, keys, &by, "direct-care", Some(about), &typed);
            let id = id.await.unwrap();
            for other in &near.staff {
                relationship::decide_claim(db, &ctx, keys, other, id, true).await.unwrap();
            }
        }
        _ => {
            let reason = Sensitive::new("Does not answer".to_owned());
            let none = BTreeSet::new();
            emergency::open(db, &ctx, keys, &by, about, &reason, &none).await.unwrap();
            for one in emergency::unreviewed(db, &ctx, &by).await.unwrap().first {
                for other in near.staff.iter().filter(|other| other.practitioner != by.practitioner)
                {
                    let which = (one.person, one.id);
                    let outcome = ReviewOutcome::Justified;
                    let right = Finding { outcome, shows_reason: true };
                    emergency::review(db, &ctx, keys, other, which, right).await.unwrap();
                }
            }
        }
    }
}

/// How many entries of a stream show at once, for each purpose that a look was for.
async fn shown(world: &World, person: PersonId) -> Vec<String> {
    let keys = &world.on.keys;
    let page = ken_ledger::Page { before: None, limit: ken_ledger::PAGE_MAX };
    let read = async |s: &mut Snapshot| ken_ledger::person_entries(s, keys, person, page).await;
    let entries = world.on.db.snapshot("test.shown", read).await.unwrap();
    let what = |entry: &ken_ledger::Entry| {
        let purpose =
            entry.detail.as_ref().and_then(|d| d.get("purpose")?.as_str().map(str::to_owned));
        format!("{} {}", entry.kind, purpose.unwrap_or_default())
    };
    entries.iter().map(what).collect()
}

async fn count(world: &World, person: PersonId) -> i64 {
    let sql = "SELECT COUNT(*) FROM ledger_entry WHERE stream_id = $1";
    let row = |row: &Row<'_>| row.int(0);
    let read = async |s: &mut Snapshot| s.find(sql, values![person.to_string()], row).await;
    world.on.db.snapshot("test.count", read).await.unwrap().unwrap()
}

#[tokio::test]
async fn nothing_about_somebody_at_risk_shows_at_once_to_them_or_theirs() {
    let (mut seen_without, mut hidden) = (0, 0);
    for seed in 0..seeds() {
        for world in worlds(900 + seed).await {
            let mut dice = Dice(seed);
            let near = near(&world).await;
            let ids = [near.person, near.alias];
            let relative = (shown(&world, near.relative).await, count(&world, near.relative).await);
            for turn in 0..12 {
                let what = format!("seed {seed}, turn {turn}, {}", world.on.engine);
                let others = dice.some(OTHERS, 3);
                let risk = *dice.pick(&RISKS);
                let (flagged, about) = (*dice.pick(&ids), *dice.pick(&ids));
                for other in &others {
                    say(&world, *dice.pick(&ids), other, true).await;
                }
                // What happens without the flag may show; with it, nothing of it does.
                let before = shown(&world, about).await.len();
                happens(&world, &mut dice, &near, about).await;
                seen_without += shown(&world, about).await.len() - before;
                say(&world, flagged, risk, true).await;
                let before = [shown(&world, ids[0]).await, shown(&world, ids[1]).await];
                let all = count(&world, about).await;
                for _ in 0..3 {
                    happens(&world, &mut dice, &near, about).await;
                }
                hidden += count(&world, about).await - all;
                for (id, before) in ids.iter().zip(&before) {
                    let now = shown(&world, *id).await;
                    let new = &now[..now.len() - before.len()];
                    // At risk for one purpose, a look for another still shows.
                    let may = |entry: &String| {
                        risk != RISKS[0]
                            && entry.starts_with("permit")
                            && !entry.ends_with("direct-care")
                    };
                    assert!(new.iter().all(may), "{what}: {new:?} under {risk}");
                }
                let theirs =
                    (shown(&world, near.relative).await, count(&world, near.relative).await);
                assert_eq!(theirs, relative, "{what}: something is told of them to their family");
                say(&world, flagged, risk, false).await;
                for id in ids {
                    for other in OTHERS {
                        say(&world, id, other, false).await;
                    }
                }
            }
        }
    }
    assert!(seen_without > 3 && hidden > 20, "the test is blind: {seen_without}, {hidden}");
}

/// What the person may open of their own is the same with the flag and without it.
#[tokio::test]
async fn a_flag_takes_nothing_from_the_persons_own_reading() {
    for world in worlds(950).await {
        let near = near(&world).await;
        let own = async || {
            let asked =
                Question { purpose: Purpose::new("own-record").unwrap(), ..question(near.person) };
            let caller = Caller::Own(AccountId::draw(&*world.ids));
            let (db, keys) = (&world.on.db, &world.on.keys);
            gate::decide(db, &world.ctx(), keys, &world.gate, caller, &asked).await.unwrap()
        };
        let categories = |decision: Decision| match decision {
            Decision::Permit(permit) => permit.categories().clone(),
            other => panic!("{other:?}"),
        };
        let before = categories(own().await);
        for risk in RISKS {
            say(&world, near.alias, risk, true).await;
            assert_eq!(categories(own().await), before, "{}: {risk}", world.on.engine);
        }
    }
}

/// An officer who grants that somebody is at risk hides what comes after, and it ends as it began.
#[tokio::test]
async fn a_risk_that_an_officer_grants_hides_and_one_that_ends_does_not() {
    for world in worlds(951).await {
        let near = near(&world).await;
        let (db, keys, gp) = (&world.on.db, &world.on.keys, &near.staff[0]);
        let officer = &near.staff[4];
        let looks = async || {
            let before = shown(&world, near.person).await.len();
            assert!(world.permits(gp, near.person).await);
            shown(&world, near.person).await.len() - before
        };
        assert_eq!(looks().await, 1, "{}", world.on.engine);
        let new = NewWish {
            person: near.person,
            account: AccountId::draw(&*world.ids),
            what: What::AtRisk,
            organisation: word("cec"),
            typed: Some(Sensitive::new("In the library".to_owned())),
        };
        let asked = wish::ask(db, &world.ctx(), keys, &new).await.unwrap();
        let Asked::Kept(id) = asked else { panic!("{asked:?}") };
        assert_eq!(looks().await, 1, "{}: nobody has granted it", world.on.engine);
        let which: (PersonId, EntryId) = (near.person, id);
        let words = Sensitive::new("Spoke with her".to_owned());
        let (is_granted, is_shown) = (true, true);
        let answer =
            Answer { person: which.0, id: which.1, is_granted, is_shown, words: words.clone() };
        assert!(wish::decide(db, &world.ctx(), keys, officer, &answer).await.unwrap());
        assert_eq!(looks().await, 0, "{}", world.on.engine);
        // Who asks again may be in danger again: nothing ends before somebody has answered that.
        let again = wish::ask(db, &world.ctx(), keys, &new).await.unwrap();
        let Asked::Kept(again) = again else { panic!("{again:?}") };
        let end = async || wish::end(db, &world.ctx(), keys, officer, (which, &words)).await;
        assert_eq!(end().await.unwrap(), Ending::AskedAgain, "{}", world.on.engine);
        let waiting = wish::waiting(db, &world.ctx(), keys, officer).await.unwrap();
        assert!(waiting.iter().any(|one| one.id == again), "{}", world.on.engine);
        assert_eq!(looks().await, 0, "{}", world.on.engine);
        let answer = Answer { id: again, is_granted: false, ..answer };
        assert!(wish::decide(db, &world.ctx(), keys, officer, &answer).await.unwrap());
        assert_eq!(end().await.unwrap(), Ending::Done, "{}", world.on.engine);
        assert_eq!(looks().await, 1, "{}", world.on.engine);
        let kept = async |s: &mut Snapshot| guard::find(s, near.person).await;
        assert!(db.snapshot("test.guard", kept).await.unwrap().is_some());
    }
}
