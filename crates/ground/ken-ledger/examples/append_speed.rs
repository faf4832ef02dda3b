//! How fast decisions are entered and sealed, on every engine there is:
//! `cargo run --release -p ken-ledger --example append_speed`.
//!
//! It prints the disk's own rate of durable writes beside the figures, since that bounds them.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use ken_core::{Ctx, PersonId};
use ken_ledger::{
    EntryKind, KeyUse, MIGRATIONS, NewEntry, Sealer, SealerSettings, SignerKey, Stream, Trust,
    Turn, Visibility, append_if_current, export, verify,
};
use ken_store::ambient::{SystemClock, SystemIds};
use ken_store::keys::KeyRing;
use ken_store::{Db, Limits, Tx, guard};
use ken_testkit::{Databases, engines_with};
use serde_json::json;
use tokio::task::JoinSet;

const PEOPLE: usize = 1000;
const ENTRIES: usize = 3;
const SPAN: Duration = Duration::from_secs(4);

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Outcome<()> {
    for base in engines_with(&[MIGRATIONS], Limits::default()).await {
        let rate = fsync_rate(base.dir.path())?;
        eprintln!("{}, fsync {rate:.0}/s", base.engine);
        let people = people(&base.db).await?;
        eprintln!("without a commit: {:.0?} a decision", bare(&base, &people).await?);
        for tasks in [1, 16, 64] {
            let (count, took) = decide(&base, &people, tasks).await?;
            let rate = f64::from(count) / took.as_secs_f64();
            eprintln!("{tasks:>2} at once: {rate:.0} decisions/s of {ENTRIES} entries each");
        }
        seal(&base.db, base.dir.path()).await?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn now() -> Instant {
    Instant::now()
}

fn fsync_rate(folder: &Path) -> Outcome<f64> {
    let mut file = File::create(folder.join("fsync"))?;
    let start = now();
    for _ in 0..500 {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
    }
    Ok(500.0 / start.elapsed().as_secs_f64())
}

async fn people(db: &Db) -> Outcome<Vec<PersonId>> {
    let people: Vec<PersonId> = (0..PEOPLE).map(|_| PersonId::draw(&SystemIds)).collect();
    for person in &people {
        db.write("people", async |tx| guard::create(tx, *person).await).await?;
    }
    Ok(people)
}

/// Enters decisions from `tasks` tasks, for [`SPAN`].
async fn decide(base: &Databases, people: &[PersonId], tasks: usize) -> Outcome<(u32, Duration)> {
    let start = now();
    let mut all = JoinSet::new();
    for task in 0..tasks {
        let (db, keys, people) = (base.db.clone(), base.keys.clone(), people.to_vec());
        all.spawn(async move {
            let mut count = 0_u32;
            for person in people.iter().cycle().skip(task * PEOPLE / 64) {
                if now().duration_since(start) > SPAN {
                    break;
                }
                enter(&db, &keys, *person).await?;
                count += 1;
            }
            Outcome::Ok(count)
        });
    }
    let mut count = 0;
    while let Some(done) = all.join_next().await {
        count += done??;
    }
    Ok((count, start.elapsed()))
}

/// The time of a decision within one transaction, once the keys of the people are made.
async fn bare(base: &Databases, people: &[PersonId]) -> Outcome<Duration> {
    let some = people.get(..200).unwrap_or(people);
    let mut start = now();
    for _ in 0..2 {
        start = now();
        base.db
            .write("bare", async |tx| {
                for person in some {
                    enter_in(tx, &base.keys, *person).await?;
                }
                Outcome::Ok(())
            })
            .await?;
    }
    Ok(start.elapsed() / u32::try_from(some.len())?)
}

async fn enter(db: &Db, keys: &KeyRing, person: PersonId) -> Outcome<()> {
    db.write("enter", async |tx| enter_in(tx, keys, person).await).await
}

async fn enter_in(tx: &mut Tx, keys: &KeyRing, person: PersonId) -> Outcome<()> {
    let ctx = Ctx::new(&SystemClock, &SystemIds);
    let detail = json!({
        "organisation": "police", "role": "pp.concern-hub", "practitioner": ctx.request,
        "purpose": "asp-inquiry", "clauses": ["5d41402abc4b2a76b9719d911017c592#C1"],
        "fields": ["core/name", "core/born", "contacts/phone", "alerts/current"],
    });
    let entry = |stream| NewEntry {
        stream,
        kind: EntryKind::Permit,
        visibility: Visibility::Now,
        detail: detail.clone(),
    };
    let of_person = Stream::Person(person);
    let of_police = Stream::Organisation("police".parse()?);
    let entries = vec![entry(of_person.clone()), entry(of_person), entry(of_police)];
    let entered = append_if_current(tx, &ctx, keys, entries, person, 1, 1).await?;
    entered.map(drop).ok_or_else(|| "contended".into())
}

async fn seal(db: &Db, folder: &Path) -> Outcome<()> {
    let ctx = Ctx::new(&SystemClock, &SystemIds);
    let key = SignerKey::new("glen.example/ledger", KeyUse::Log, &[1; 32])?;
    let settings = SealerSettings {
        key: key.clone(),
        holder: ctx.request.to_string(),
        trust: ken_ledger::Trust::default(),
        memory: folder.join("witnessed"),
    };
    let mut sealer = Sealer::open(db, &ctx, settings).await?;
    let start = now();
    let mut longest = Duration::ZERO;
    let size = loop {
        let turn = now();
        let turn_done = sealer.run_once(db, &ctx).await?;
        longest = longest.max(turn.elapsed());
        match turn_done {
            Turn::Sealed { size, is_more: false, .. } => break size,
            Turn::Sealed { .. } => {}
            Turn::Standby => return Err("another sealer".into()),
        }
    };
    eprintln!("sealed {size} entries in {:.1?}, longest turn {longest:.1?}", start.elapsed());
    let mut file = Vec::new();
    let start = now();
    export(db, &SystemClock, &key, &mut file).await?;
    eprintln!("exported {} bytes in {:.1?}", file.len(), start.elapsed());
    let start = now();
    let verdict = verify(file.as_slice(), &Trust::default(), None)?;
    eprint!("verified in {:.1?}\n{verdict}", start.elapsed());
    Ok(())
}
