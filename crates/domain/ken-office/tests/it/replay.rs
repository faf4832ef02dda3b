//! Drafts tried on random pasts: an entry decided again gives what was written, a draft that
//! changes nothing changes nothing, and every decision is replayed or counted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::SignedDuration;
use ken_ledger::{Entry, EntryKind, Stream, scan};
use ken_office::replay::{self, Began, Desk, Direction, NotReplayed, PEOPLE_MIN, Report};
use ken_sharing::Instrument;
use ken_sharing::gate::Said;
use ken_sharing::gate::replay::Past as Decision;
use ken_sharing::instrument;
use ken_store::Snapshot;
use ken_testkit::engines;

use crate::history::{LISTS, Past, care, word};
use crate::world::World;

/// Seeds of the random pasts; `KEN_TEST_SEEDS` takes more.
#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
fn seeds() -> u64 {
    std::env::var("KEN_TEST_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// The gate's decisions, in the order of the log.
async fn decisions(past: &Past) -> Vec<Entry> {
    let (mut found, mut at) = (vec![], 0);
    loop {
        let read = async |s: &mut Snapshot| {
            let of = scan::leaves(s).await?;
            Ok::<_, ken_ledger::Error>((of, scan::decisions(s, &past.on.keys, at, of).await?))
        };
        let (of, page) = past.on.db.snapshot("test.scan", read).await.unwrap();
        found.extend(page.into_iter().map(|decided| decided.entry.unwrap()));
        at += scan::SCAN_MAX;
        if at >= of {
            return found;
        }
    }
}

async fn tried(past: &Past, draft: Instrument, days: u16) -> Report {
    let (db, ctx, keys) = (&past.on.db, past.ctx(), &past.on.keys);
    let trial = replay::prepare(db, &ctx, draft).await.unwrap();
    let watch = |_, _| ControlFlow::Continue(());
    replay::run(db, &ctx, keys, &trial, days, &watch).await.unwrap().unwrap()
}

/// Whatever was written (given, words, refused) is what the same policies and facts give again:
/// while agreements are suspended and put back in force, over every kind of person and asker.
#[tokio::test]
async fn an_entry_decided_again_gives_what_was_written() {
    for seed in 0..seeds() {
        for on in engines(&LISTS).await {
            let past = Past::begin(on, 40 + seed, 12).await;
            let (db, ctx, keys) = (&past.on.db, past.ctx(), &past.on.keys);
            let (hash, party) = (care().hash(), word("cec"));
            let mut outcomes: BTreeMap<&str, u32> = BTreeMap::new();
            let mut seen = 0;
            for round in 0..4 {
                match round % 2 {
                    1 => instrument::suspend(db, &ctx, keys, &hash, &party).await.unwrap(),
                    _ => instrument::resume(db, &ctx, keys, &hash, &party).await.unwrap(),
                }
                for _ in 0..20 {
                    past.look().await;
                }
                let current = past.gate.current(db, &past.ctx()).await.unwrap();
                past.pass(SignedDuration::from_hours(5)).await;
                let entries = decisions(&past).await;
                for entry in &entries[seen..] {
                    let decided = Decision::read(entry.detail.as_ref().unwrap()).unwrap();
                    let again = decided.again(&current.bundle).unwrap();
                    assert_eq!(again, *decided.said(), "seed {seed} {}", past.on.engine);
                    for said in again.values() {
                        let sort = match said {
                            Said::Given(..) => "given",
                            Said::Words(_) => "words",
                            Said::Refused(_) => "refused",
                        };
                        *outcomes.entry(sort).or_default() += 1;
                    }
                }
                seen = entries.len();
            }
            for sort in ["given", "words", "refused"] {
                assert!(outcomes.get(sort).is_some_and(|n| *n >= 10), "{outcomes:?}");
            }
        }
    }
}

/// A past of some days in one place.
async fn some_days(on: ken_testkit::Databases, seed: u64) -> Past {
    let past = Past::begin(on, seed, 30).await;
    for _ in 0..6 {
        for _ in 0..25 {
            past.look().await;
        }
        past.pass(SignedDuration::from_hours(12)).await;
    }
    past
}

#[tokio::test]
async fn every_decision_is_replayed_or_counted_and_the_same_text_changes_nothing() {
    for on in engines(&LISTS).await {
        let past = Box::pin(some_days(on, 7)).await;
        let all = decisions(&past).await;
        // Two more that have no leaf yet.
        past.look().await;
        let report = tried(&past, care(), 30).await;
        assert_eq!(report.replayed + report.elsewhere, all.len() as u64, "{report:?}");
        assert!(report.not_replayed[&NotReplayed::NotSealed] >= 1);
        let changes: Vec<_> = Direction::ALL
            .into_iter()
            .flat_map(|direction| report.of(direction, true))
            .filter(|line| line.direction != Direction::Kept)
            .collect();
        assert!(changes.is_empty() && report.changed == 0, "{changes:?}");
        // One day back: the entries of that day, and no others.
        let day = tried(&past, care(), 1).await;
        let since = day.since;
        let late = all.iter().filter(|entry| entry.at >= since).count();
        assert_eq!(day.replayed + day.elsewhere, late as u64);
        assert!(late > 0 && late < all.len());
    }
}

/// What a narrower and wider text changes, counted again by hand from the entries.
#[tokio::test]
async fn a_draft_is_told_by_role_field_and_purpose() {
    for on in engines(&LISTS).await {
        let past = Box::pin(some_days(on, 11)).await;
        let mut draft = care();
        draft.agreement.version = "9.0.0".parse().unwrap();
        draft.lifecycle.supersedes = vec![care().name()].into_iter().collect();
        let clause = draft.clauses.iter_mut().find(|clause| clause.id.to_string() == "D1").unwrap();
        clause.categories.remove("medication");
        clause.categories.insert(word("third-party"));
        let report = tried(&past, draft, 30).await;
        let of = |direction, kind: &str| {
            let lines = report.of(direction, true);
            lines.filter(|line| line.category == word(kind)).cloned().collect::<Vec<_>>()
        };
        let (refused, allowed) =
            (of(Direction::Refused, "medication"), of(Direction::Allowed, "third-party"));
        assert!(!refused.is_empty() && !allowed.is_empty(), "{report:?}");
        // By hand: who was given medication by D1 of the text in force.
        let d1 = format!("{}#D1", care().hash());
        let gave = |entry: &&Entry, source: &str| {
            let detail = entry.detail.as_ref().unwrap();
            let role = detail["role"].as_str() == Some("gp.doctor");
            let kinds = detail["from"][source]["clauses"][&d1].as_array();
            role && kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "medication"))
        };
        let entries = decisions(&past).await;
        for line in refused.iter().filter(|line| line.recipient.1 == word("gp.doctor")) {
            let counted: Vec<_> =
                entries.iter().filter(|entry| gave(entry, line.source.as_str())).collect();
            let people: std::collections::BTreeSet<_> =
                counted.iter().map(|entry| entry.stream.to_string()).collect();
            let told = people.len() >= PEOPLE_MIN;
            assert_eq!(line.decisions, told.then_some(counted.len() as u64), "{line:?}");
            assert_eq!(line.example.is_some(), told);
        }
        // Words that were affirmed for a clause count for the same words of its new version.
        assert_eq!(report.of(Direction::AfterWords, true).count(), 0, "{report:?}");
        nobody_is_named(&past, &report);
    }
}

/// No id of a person, an entry, an account or a practitioner is anywhere in a report.
fn nobody_is_named(past: &Past, report: &Report) {
    let text = serde_json::to_string(report).unwrap();
    for person in &past.people {
        assert!(!text.contains(&person.to_string()));
    }
    for by in &past.staff {
        assert!(!text.contains(&by.practitioner.to_string()));
        assert!(!text.contains(&by.account.to_string()));
    }
    // Whatever looks like an id at all.
    let dashes = |word: &&str| word.len() == 36 && word.matches('-').count() == 4;
    assert_eq!(text.split(|c: char| !c.is_alphanumeric() && c != '-').find(dashes), None);
}

#[tokio::test]
async fn what_cannot_be_decided_again_is_counted_with_its_reason() {
    for on in engines(&LISTS).await {
        let past = Past::begin(on, 5, 6).await;
        let (db, ctx, keys) = (&past.on.db, past.ctx(), &past.on.keys);
        for _ in 0..10 {
            past.look().await;
        }
        let before = tried(&past, care(), 30).await;
        let stranger = ken_core::PersonId::draw(&*past.ids);
        let question = ken_sharing::Question {
            person: stranger,
            sources: [word("practice")].into(),
            action: ken_sharing::Action::View,
            purpose: word("direct-care"),
            categories: [word("core")].into(),
            before: None,
        };
        past.ask(ken_sharing::Caller::Practitioner(&past.staff[0]), &question).await;
        let old = ken_ledger::NewEntry {
            stream: Stream::Person(past.people[0]),
            kind: EntryKind::Permit,
            visibility: ken_ledger::Visibility::Now,
            detail: serde_json::json!({
                "organisation": "practice", "role": "gp.doctor", "purpose": "direct-care",
                "action": "view", "others": [], "from": { "nhsl": { "clauses": {} } },
            }),
        };
        db.write("test.old", async |tx| ken_ledger::append(tx, &ctx, keys, old).await)
            .await
            .unwrap();
        past.seal().await;
        let after = tried(&past, care(), 30).await;
        assert_eq!(after.not_replayed.get(&NotReplayed::NotDecided), Some(&1));
        assert_eq!(after.not_replayed.get(&NotReplayed::NoFacts), Some(&1));
        let waited = before.not_replayed[&NotReplayed::NotSealed];
        assert_eq!(before.replayed + before.elsewhere, 0);
        assert_eq!(after.replayed + after.elsewhere, waited);
    }
}

#[tokio::test]
async fn one_replay_runs_at_a_time_and_what_came_of_it_is_kept() {
    for on in engines(&LISTS).await {
        let past = Box::pin(some_days(on, 3)).await;
        let (db, ctx, keys) = (&past.on.db, past.ctx(), &past.on.keys);
        let (desk, by, hash) = (Arc::new(Desk::default()), World::lead("cec"), care().hash());
        let Began::Yes(place) = desk.begin(hash.clone()) else { panic!("the desk is free") };
        assert!(matches!(desk.begin(hash.clone()), Began::Busy(_)));
        let find = async |s: &mut Snapshot| replay::kept(s, &hash).await;
        // Told to stop, it keeps nothing, and frees its place.
        place.run(db, &ctx, keys, (care(), 30), &by, &|| true).await.unwrap();
        assert_eq!(db.snapshot("test.kept", find).await.unwrap(), None);
        let Began::Yes(place) = desk.begin(hash.clone()) else { panic!("the desk is free") };
        place.run(db, &ctx, keys, (care(), 30), &by, &|| false).await.unwrap();
        assert_eq!(desk.running(), None);
        let kept = db.snapshot("test.kept", find).await.unwrap().unwrap();
        let report = kept.found.unwrap();
        assert_eq!((kept.by, &report.draft), (by.practitioner, &hash));
        assert_eq!(*report, tried(&past, care(), 30).await);
        // A text that no agreement may be is kept as a failure, with its code.
        let mut broken = care();
        broken.agreement.version = "9.9.9".parse().unwrap();
        broken.clauses[0].categories.insert(word("nothing-of-the-sort"));
        let Began::Yes(place) = desk.begin(broken.hash()) else { panic!("the desk is free") };
        place.run(db, &ctx, keys, (broken.clone(), 30), &by, &|| false).await.unwrap();
        let find = async |s: &mut Snapshot| replay::kept(s, &broken.hash()).await;
        let kept = db.snapshot("test.kept", find).await.unwrap().unwrap();
        assert!(kept.found.unwrap_err().starts_with("sharing."));
    }
}
