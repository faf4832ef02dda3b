//! Entries: written, found, paged, hidden, and condition and all.

use std::collections::BTreeSet;

use ken_core::{EntryId, OrganisationId, PersonId};
use ken_ledger::{
    ENTRIES_MAX, Error, Fault, NewEntry, PAGE_MAX, Page, STATEMENTS, Stream, Visibility,
    append_all, append_if_current, entry, organisation_entries, person_entries,
};
use ken_store::{Tx, guard, values};
use serde_json::json;
use tokio::sync::oneshot;

use crate::setup::{World, about, of_police};
use crate::sql;

#[tokio::test]
async fn every_statement_prepares() {
    for world in World::each().await {
        ken_testkit::assert_prepares(world.db(), STATEMENTS).await;
    }
}

async fn seen(world: &World, person: PersonId, page: Page) -> Result<Vec<EntryId>, Error> {
    let keys = &world.base.keys;
    let found: Result<_, Error> =
        world.db().snapshot("test", async |s| person_entries(s, keys, person, page).await).await;
    Ok(found?.into_iter().map(|entry| entry.id).collect())
}

#[tokio::test]
async fn the_person_sees_what_is_visible_newest_first() {
    for world in World::each().await {
        let (person, other) = (world.person(), world.person());
        let mut want = Vec::new();
        for visibility in Visibility::ALL.iter().cycle().take(11) {
            let new = NewEntry { visibility: *visibility, ..about(person, json!({"n": 1})) };
            let id = world.append(new).await;
            if *visibility == Visibility::Now {
                want.push(id);
            }
            world.append(about(other, json!({}))).await;
        }
        want.reverse();
        assert_eq!(seen(&world, person, Page::default()).await.unwrap(), want);
        let first = Page { before: None, limit: 2 };
        assert_eq!(seen(&world, person, first).await.unwrap(), want[..2]);
        let rest = Page { before: Some(want[1]), limit: 2 };
        assert_eq!(seen(&world, person, rest).await.unwrap(), want[2..]);
        let end = Page { before: want.last().copied(), limit: PAGE_MAX };
        assert_eq!(seen(&world, person, end).await.unwrap(), []);
        assert_eq!(seen(&world, world.person(), end).await.unwrap(), []);
    }
}

#[tokio::test]
async fn details_come_back_to_whom_they_belong() {
    for world in World::each().await {
        let keys = &world.base.keys;
        let detail = json!({"who": {"role": "pp.concern-hub"}, "clauses": ["h#C1"], "n": 1.10});
        let id = world.append(of_police(detail.clone())).await;
        let police: OrganisationId = "police".parse().unwrap();
        let health: OrganisationId = "nhsl".parse().unwrap();
        let read: Result<_, Error> = world
            .db()
            .snapshot("test", async |s| {
                let ours = organisation_entries(s, keys, &police, Page::default()).await?;
                let theirs = organisation_entries(s, keys, &health, Page::default()).await?;
                let one = entry(s, keys, &Stream::Organisation(health.clone()), id).await?;
                Ok((ours, theirs, one))
            })
            .await;
        let (ours, theirs, one) = read.unwrap();
        assert_eq!(ours.len(), 1);
        assert_eq!((ours[0].id, ours[0].detail.as_ref()), (id, Some(&detail)));
        assert_eq!(ours[0].at, ken_core::Clock::now(&world.clock));
        assert!(theirs.is_empty());
        assert_eq!(one, None);
    }
}

#[tokio::test]
async fn what_was_changed_in_the_database_is_not_shown() {
    for world in World::each().await {
        let person = world.person();
        let name = Stream::Person(person).to_string();
        for change in [sql::CHANGE_KIND, sql::CHANGE_DETAIL] {
            let id = world.append(about(person, json!({}))).await;
            let of = values![&name, id, vec![0_u8; 12]];
            let of = if change == sql::CHANGE_KIND { &of[..2] } else { of };
            let changed: Result<_, Error> =
                world.db().write("test", async |tx| Ok(tx.execute(change, of).await?)).await;
            assert_eq!(changed.unwrap(), 1);
            let first = Page { before: None, limit: 1 };
            let error = seen(&world, person, first).await.unwrap_err();
            assert!(matches!(error, Error::Corrupt(Fault::Entry)), "{error:?}");
        }
    }
}

/// Writes `count` entries if `epoch` and `policy` are current.
async fn decide(
    world: &World,
    person: PersonId,
    count: usize,
    epoch: i64,
    policy: i64,
) -> Result<Option<Vec<EntryId>>, Error> {
    let (ctx, keys) = (world.ctx(), &world.base.keys);
    let of_person = |number| about(person, json!({"number": number}));
    let entries: Vec<NewEntry> = (0..count)
        .map(|number| if number % 3 == 1 { of_police(json!(number)) } else { of_person(number) })
        .collect();
    world
        .db()
        .write("test", async |tx: &mut Tx| {
            append_if_current(tx, &ctx, keys, entries, person, epoch, policy).await
        })
        .await
}

#[tokio::test]
async fn a_decision_is_entered_only_while_it_is_current() {
    for world in World::each().await {
        let person = world.person();
        assert_eq!(decide(&world, person, 1, 1, 1).await.unwrap(), None, "no guard row");
        let begun: Result<(i64, i64), Error> = world
            .db()
            .write("test", async |tx| {
                guard::create(tx, person).await?;
                let epoch = guard::find(tx, person).await?.unwrap().epoch;
                Ok((epoch, guard::policy_version(tx).await?))
            })
            .await;
        let (epoch, policy) = begun.unwrap();
        let mut total = 0;
        for count in 1..=9 {
            let ids = decide(&world, person, count, epoch, policy).await.unwrap().unwrap();
            assert_eq!(ids.len(), count);
            total += i64::try_from(count).unwrap();
            assert_eq!(world.number(sql::COUNT).await, total, "{}", world.base.engine);
            for (epoch, policy) in [(epoch + 1, policy), (epoch, policy - 1), (0, 0)] {
                let written = decide(&world, person, count, epoch, policy).await.unwrap();
                assert_eq!(written, None);
            }
            assert_eq!(world.number(sql::COUNT).await, total);
        }
        let bumped: Result<i64, Error> = world
            .db()
            .write("test", async |tx| {
                tx.lock_people(&[person].into()).await?.bump(tx).await?;
                Ok(guard::bump_policy(tx).await?)
            })
            .await;
        let next = bumped.unwrap();
        assert_eq!(decide(&world, person, 2, epoch, next).await.unwrap(), None);
        assert_eq!(decide(&world, person, 2, epoch + 1, policy).await.unwrap(), None);
        assert!(decide(&world, person, 2, epoch + 1, next).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn entries_given_together_are_bounded_and_whole() {
    for world in World::each().await {
        let (ctx, keys) = (world.ctx(), &world.base.keys);
        let many = |count: usize| vec![of_police(json!({})); count];
        for (count, want) in [(0, true), (3, true), (ENTRIES_MAX, true), (ENTRIES_MAX + 1, false)] {
            let before = world.number(sql::COUNT).await;
            let entries = many(count);
            let written: Result<_, Error> = world
                .db()
                .write("test", async |tx: &mut Tx| append_all(tx, &ctx, keys, entries).await)
                .await;
            let added = world.number(sql::COUNT).await - before;
            let len = if want { count } else { 0 };
            assert_eq!(usize::try_from(added), Ok(len));
            assert_eq!(written.map(|ids| ids.len()).ok(), want.then_some(count));
        }
    }
}

/// Who changes a fact comes first: a decision that waited for them was taken by what is no more.
#[tokio::test]
async fn a_decision_that_met_a_change_is_contended() {
    for world in World::each().await {
        let person = world.person();
        let created: Result<_, Error> =
            world.db().write("test", async |tx| Ok(guard::create(tx, person).await?)).await;
        created.unwrap();
        let (begin, has_begun) = oneshot::channel();
        let change = async {
            let changed: Result<_, Error> = world
                .db()
                .write("test", async |tx| {
                    let held = tx.lock_people(&BTreeSet::from([person])).await?;
                    held.bump(tx).await?;
                    begin.send(()).unwrap();
                    // Long enough for the other to arrive at the row.
                    for _ in 0..200 {
                        tokio::task::yield_now().await;
                    }
                    Ok(())
                })
                .await;
            changed.unwrap();
        };
        let decision = async {
            has_begun.await.unwrap();
            decide(&world, person, 3, 1, 1).await.unwrap()
        };
        let ((), written) = tokio::join!(change, decision);
        assert_eq!(written, None, "{}", world.base.engine);
        assert_eq!(world.number(sql::COUNT).await, 0);
    }
}

#[tokio::test]
async fn the_first_entries_of_a_stream_share_its_key() {
    for world in World::each().await {
        let keys = &world.base.keys;
        let four = async |from: u32| {
            for number in from..from + 4 {
                world.append(of_police(json!(number))).await;
            }
        };
        tokio::join!(four(0), four(4), four(8), four(12));
        let police: OrganisationId = "police".parse().unwrap();
        let read: Result<_, Error> = world
            .db()
            .snapshot("test", async |s| {
                organisation_entries(s, keys, &police, Page::default()).await
            })
            .await;
        let numbers: BTreeSet<u64> = read
            .unwrap()
            .iter()
            .map(|entry| entry.detail.as_ref().unwrap().as_u64().unwrap())
            .collect();
        assert_eq!(numbers, (0..16).collect());
    }
}
