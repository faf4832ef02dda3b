//! Every write that was told as kept is there after a power cut, each whole or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use ken_disk::{Journal, Lie, Picture};
use ken_store::{Db, Error, Limits, Migration, Reads as _, Settings, values};
use ken_testkit::patient;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Where the child finds its database.
const DIR: &str = "KEN_DISK_DIR";
const JOURNAL: &str = "KEN_DISK_JOURNAL";
/// The first seed, and how many cuts; the environment can ask for more.
const SEED: &str = "KEN_TEST_SEED";
const CUTS: &str = "KEN_TEST_CUTS";
const CUTS_USUAL: u64 = 200;

const NOTES: &[Migration] = &[Migration {
    owner: "notes",
    number: 1,
    title: "notes",
    sql: "CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT NOT NULL);",
}];

const TASKS: usize = 3;
/// Together more than the thousand pages after which SQLite empties its log into the database.
const TURNS: usize = 90;

async fn open(dir: &Path) -> Db {
    let limits = Limits { connections: 1, ..patient() };
    let db = Db::open(Settings::sqlite(dir.join("ken.db")).with(limits)).await.unwrap();
    db.migrate(&[NOTES]).await.unwrap();
    db
}

#[expect(clippy::disallowed_methods, reason = "tests are told their seed by the environment")]
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The child: tasks write pairs of rows, large enough for several pages, and say which are kept.
#[tokio::test]
#[ignore = "only run as the child of the tests below"]
#[expect(clippy::disallowed_methods, reason = "the parent says where the database is")]
async fn child() {
    let dir = PathBuf::from(std::env::var(DIR).unwrap());
    let said = Mutex::new(fs::File::create(dir.join("said")).unwrap());
    let said = std::sync::Arc::new(said);
    let db = open(&dir).await;
    // One write for each line: it is one mark in the recording.
    let say = |line: String| said.lock().unwrap().write_all(line.as_bytes()).unwrap();
    say("open\n".to_owned());
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (db, said) = (db.clone(), said.clone());
        tasks.spawn(async move {
            for turn in 0..TURNS {
                let id = format!("{task}-{turn}");
                let pair = db.write("pair", async |tx| {
                    for half in ["a", "b"] {
                        let of = values![format!("{id}{half}"), id.repeat(700)];
                        tx.execute("INSERT INTO note (id, body) VALUES ($1, $2)", of).await?;
                    }
                    Ok::<(), Error>(())
                });
                pair.await.unwrap();
                let line = format!("kept {id}\n");
                said.lock().unwrap().write_all(line.as_bytes()).unwrap();
            }
        });
    }
    tasks.join_all().await;
    db.close().await;
    say("closed\n".to_owned());
}

fn recorded() -> Journal {
    let (dir, beside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let exe = std::env::current_exe().unwrap();
    let target = exe.parent().and_then(Path::parent).unwrap();
    let recorder = target.join("examples/libken_disk_recorder.so");
    assert!(recorder.exists(), "cargo builds it with the tests: {}", recorder.display());
    let journal = beside.path().join("journal");
    let status = Command::new(exe)
        .args(["--exact", "power::child", "--ignored"])
        .env("LD_PRELOAD", recorder)
        .env(DIR, dir.path())
        .env(JOURNAL, &journal)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    Journal::read(&fs::read_to_string(journal).unwrap()).unwrap()
}

/// Opens what is left; what is wrong with it, if anything is.
async fn fault(picture: &Picture) -> Option<String> {
    let dir = TempDir::new().unwrap();
    picture.put(dir.path()).unwrap();
    let limits = Limits { connections: 1, ..patient() };
    let settings = Settings::sqlite(dir.path().join("ken.db")).with(limits);
    let db = match Db::open(settings).await {
        Ok(db) => db,
        Err(error) => return Some(format!("it does not open: {error}")),
    };
    if let Err(error) = db.migrate(&[NOTES]).await {
        return Some(format!("its tables are broken: {error}"));
    }
    let found: Result<Vec<(String, String)>, Error> = db
        .snapshot("found", async |s| {
            s.list("SELECT id, body FROM note", &[], |row| Ok((row.text(0)?, row.text(1)?))).await
        })
        .await;
    let found = match found {
        Ok(found) => found,
        Err(error) => return Some(format!("it does not read: {error}")),
    };
    db.close().await;
    let ids: BTreeSet<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    for (id, body) in &found {
        let pair = &id[..id.len() - 1];
        let whole = ["a", "b"].iter().all(|half| ids.contains(format!("{pair}{half}").as_str()));
        if !whole || *body != pair.repeat(700) {
            return Some(format!("{pair} was kept by halves"));
        }
    }
    let told = picture.said.iter().filter_map(|line| line.strip_prefix("kept "));
    let lost = told.filter(|id| !ids.contains(format!("{id}a").as_str()));
    lost.map(|id| format!("{id} was told as kept, and is lost")).next()
}

/// Cuts the power at `cuts` places that a seed chooses; the first fault, with its seed.
async fn first_fault(journal: &Journal, cuts: u64, lie: &Lie) -> Option<String> {
    let first = setting(SEED, 1);
    let events = u64::try_from(journal.events.len()).unwrap();
    for seed in first..first + cuts {
        // Spread over the whole recording, whatever its length.
        let at = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (events + 1);
        let picture = journal.cut(usize::try_from(at).unwrap(), seed, lie);
        if let Some(fault) = fault(&picture).await {
            return Some(format!("seed {seed}, after {at} of {events} steps: {fault}"));
        }
    }
    None
}

#[tokio::test]
async fn what_was_told_outlives_a_power_cut() {
    let journal = recorded();
    let kept = journal.cut(usize::MAX, 1, &Lie::None).said;
    assert_eq!(kept.len(), TASKS * TURNS + 2, "all was recorded: {kept:?}");
    let cuts = setting(CUTS, CUTS_USUAL);
    assert_eq!(first_fault(&journal, cuts, &Lie::None).await, None);
}

/// What commits without `synchronous=FULL`, or without a synchronised folder, would come to: the
/// test above can fail.
#[tokio::test]
async fn a_promise_that_is_not_synchronised_is_found_broken() {
    let journal = recorded();
    for lie in [Lie::Files("-wal"), Lie::Files(".db"), Lie::Names] {
        let found = first_fault(&journal, CUTS_USUAL, &lie).await;
        assert!(found.is_some(), "{lie:?} was not noticed");
    }
}
