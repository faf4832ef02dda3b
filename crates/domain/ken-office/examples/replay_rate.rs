//! How fast a draft is tried on past decisions, and how fast the ledger says whom a breach of that
//! month concerns: 100,000 decisions, made by the gate and sealed.
//!
//! `cargo run --release -p ken-office --example replay_rate`; `KEN_REPLAY_DECISIONS` asks for
//! another number. With `KEN_TEST_POSTGRES` both engines are measured.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement has nobody to answer"
)]

#[path = "../tests/it/history.rs"]
mod history;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use ken_core::Sensitive;
use ken_office::breach::{self, Affecteds, Answer, Asked, Desk, FIELDS, Kind, New, Selection};
use ken_office::replay::{self, Direction, Report};
use ken_sharing::Instrument;
use ken_store::ambient::SystemClock;
use ken_testkit::engines;

use history::{LISTS, Past, care, word};

/// How many looks are taken; the goal is 100,000 decisions tried in under 30 s.
const DECISIONS: u64 = 100_000;
/// People that they are about: what a town's practice has.
const PEOPLE: usize = 5_000;
/// Days that they are spread over, and hours of each between two sealings.
const DAYS: u64 = 30;
/// Looks that are taken at the same time.
const AT_ONCE: u64 = 16;

#[tokio::main]
async fn main() {
    let asked = std::env::var("KEN_REPLAY_DECISIONS").ok().and_then(|text| text.parse().ok());
    let asked = asked.unwrap_or(DECISIONS);
    for on in engines(&LISTS).await {
        let engine = on.engine;
        let begun = now();
        let past = past(on, asked).await;
        line(&format!("{engine}: history made in {:.1} s", seconds(begun)));
        for (what, draft) in [("the same text", care()), ("a changed text", changed())] {
            let begun = now();
            let report = tried(&past, draft).await;
            let took = seconds(begun);
            let all = report.replayed + report.elsewhere;
            #[expect(clippy::cast_precision_loss, reason = "a rate is printed to three digits")]
            let rate = all as f64 / took;
            let refused = report.of(Direction::Refused, true).count();
            let allowed = report.of(Direction::Allowed, true).count();
            line(&format!(
                "{engine}: {what}: {all} decisions in {took:.2} s, {rate:.0}/s; {} changed, \
                 {refused} kinds newly refused, {allowed} newly allowed, not replayed {:?}",
                report.changed, report.not_replayed
            ));
        }
        let begun = now();
        let found = listed(&past).await;
        line(&format!(
            "{engine}: a breach of the month: {} people, {} disclosures, in {:.2} s",
            found.people.len(),
            found.disclosures,
            seconds(begun)
        ));
    }
}

/// Days of looks, sealed as they go.
async fn past(on: ken_testkit::Databases, asked: u64) -> Past {
    let past = Arc::new(Past::begin(on, 1, PEOPLE).await);
    let hours = DAYS * 24 - 1;
    let done = Arc::new(AtomicU64::new(0));
    for hour in 0..hours {
        let until = asked * (hour + 1) / hours;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            let (past, done) = (Arc::clone(&past), Arc::clone(&done));
            tasks.spawn(async move {
                while done.fetch_add(1, Ordering::Relaxed) < until {
                    past.look().await;
                }
                done.fetch_sub(1, Ordering::Relaxed);
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        past.pass(SignedDuration::from_hours(1)).await;
    }
    Arc::into_inner(past).unwrap()
}

/// The agreement on direct care with less for some and more for others.
fn changed() -> Instrument {
    let mut draft = care();
    draft.agreement.version = "9.0.0".parse().unwrap();
    draft.lifecycle.supersedes = std::iter::once(care().name()).collect();
    for clause in &mut draft.clauses {
        if clause.id.to_string() == "D1" {
            clause.categories.remove("medication");
            clause.categories.insert(word("third-party"));
        }
    }
    draft
}

async fn tried(past: &Past, draft: Instrument) -> Report {
    let (db, ctx, keys) = (&past.on.db, past.ctx(), &past.on.keys);
    let trial = replay::prepare(db, &ctx, draft).await.unwrap();
    let watch = |_, _| ControlFlow::Continue(());
    replay::run(db, &ctx, keys, &trial, 31, &watch).await.unwrap().unwrap()
}

/// Whom a breach of the practice concerns, of all that was looked at.
async fn listed(past: &Past) -> Arc<Affecteds> {
    let by = past.practitioner(("practice", "ig.lead"), None).await;
    let (db, ctx, keys) = (&past.on.db, past.ctx(), &past.on.keys);
    let until = ctx.clock.now();
    let words = FIELDS.iter().map(|field| ((*field).to_owned(), "made up".to_owned()));
    let words = Sensitive::new(words.collect());
    let controller = word("practice");
    let new = New { controller, kind: Kind::Access, found: until, people: None, words };
    let id = breach::record(db, &ctx, keys, &by, &new).await.unwrap().unwrap();
    let from = until - SignedDuration::from_hours(24 * 31);
    let of = Selection { from, until, to: None, by: None, source: None, under: None };
    let current = past.gate.current(db, &ctx).await.unwrap();
    let under = (&current.bundle, &Arc::new(Desk::reading_at_once(u64::MAX)));
    let what = (id, &of, Asked::List);
    match breach::affected(db, &ctx, keys, under, &by, what).await.unwrap() {
        Ok(Answer::Told(found)) => found,
        other => panic!("{other:?}"),
    }
}

fn now() -> Timestamp {
    ken_core::Clock::now(&SystemClock)
}

fn seconds(since: Timestamp) -> f64 {
    now().duration_since(since).as_secs_f64()
}

fn line(text: &str) {
    println!("{text}");
}
