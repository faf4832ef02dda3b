//! The process ends in the middle: what it told as kept is there, and nothing by halves.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ken_store::{Db, Error, Settings, values};
use ken_testkit::patient;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::writes::{NOTES, ids};

/// Where the child finds its database.
const DIR: &str = "KEN_TEST_CRASH_DIR";
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;

async fn open(dir: &Path) -> Db {
    let db = Db::open(Settings::sqlite(dir.join("ken.db")).with(patient())).await.unwrap();
    db.migrate(&[NOTES]).await.unwrap();
    db
}

/// The child: four tasks write pairs of rows and say which were kept, until the process ends.
#[tokio::test]
#[ignore = "only run as the child of the tests below"]
#[expect(clippy::disallowed_methods, reason = "the parent says where the database is")]
async fn child() {
    let dir = std::env::var(DIR).unwrap();
    let db = open(Path::new(&dir)).await;
    let mut tasks = JoinSet::new();
    for task in 0..4 {
        let db = db.clone();
        tasks.spawn(async move {
            for turn in 0.. {
                let id = format!("{task}-{turn:06}");
                let pair = db.write("pair", async |tx| {
                    for half in ["a", "b"] {
                        let id = format!("{id}{half}");
                        let sql = "INSERT INTO note (id, body) VALUES ($1, zeroblob(20000))";
                        tx.execute(sql, values![id]).await?;
                    }
                    Ok::<(), Error>(())
                });
                pair.await.unwrap();
                // One write: an end in the middle of a line would tell something else.
                let line = format!("kept {id}\n");
                std::io::stderr().write_all(line.as_bytes()).unwrap();
            }
        });
    }
    tasks.join_all().await;
}

/// Starts the child; no file of its may grow beyond `blocks` of 512 bytes.
fn start(dir: &TempDir, blocks: u32) -> Child {
    let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &limited])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--ignored", "--nocapture"])
        .env(DIR, dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Reads what the child told, until it ends or has told `most`.
fn told(child: &mut Child, most: usize) -> BTreeSet<String> {
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let kept = lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("kept ").map(str::to_owned));
    kept.take(most).collect()
}

async fn check(dir: &TempDir, told: &BTreeSet<String>) {
    assert!(told.len() > 5, "the child did some work: {told:?}");
    let found: BTreeSet<_> = ids(&open(dir.path()).await).await.into_iter().collect();
    for id in told {
        assert!(found.contains(&format!("{id}a")), "{id} was told as kept");
    }
    for id in &found {
        let (pair, _) = id.split_at(id.len() - 1);
        let whole = ["a", "b"].iter().all(|half| found.contains(&format!("{pair}{half}")));
        assert!(whole, "{pair} was kept by halves");
    }
}

#[tokio::test]
async fn an_io_error_in_commit_ends_the_process() {
    let dir = TempDir::new().unwrap();
    let mut child = start(&dir, 6000);
    let told = told(&mut child, usize::MAX);
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(SIGABRT), "{status}");
    check(&dir, &told).await;
}

#[tokio::test]
async fn what_was_told_outlives_a_kill() {
    let dir = TempDir::new().unwrap();
    let mut child = start(&dir, 10_000_000);
    let told = told(&mut child, 200);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(SIGKILL));
    check(&dir, &told).await;
}
