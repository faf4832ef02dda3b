//! Group commit under every kind of failure: each write is kept whole or not at all, exactly
//! those told so are kept, and a neighbour falls only when SQLite loses the transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ken_store::{Db, Error, Limits, Reads, Settings, Tx, values};
use ken_testkit::patient;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::writes::{NOTES, ids, pause, put};

/// What goes wrong in the second of three writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// Nothing.
    None,
    /// The closure gives an error of its own.
    Refusal,
    /// A statement fails, and the closure passes it on.
    Statement,
    /// A statement fails, and the closure goes on as if it had not.
    Swallowed,
    /// The closure panics.
    Panic,
    /// The future is dropped while the closure waits.
    Dropped,
    /// The closure says nothing for longer than it may, and its future is still polled.
    Silent,
    /// The same, and its future is never polled again.
    Forgotten,
    /// A changing statement runs longer than it may: SQLite gives up the transaction.
    Interrupted,
    /// The database is full: SQLite gives up the transaction.
    Full,
    /// The closure asks for another write.
    Nested,
    /// A row does not hold what is read from it.
    Column,
}

const FAILURES: [Failure; 12] = [
    Failure::None,
    Failure::Refusal,
    Failure::Statement,
    Failure::Swallowed,
    Failure::Panic,
    Failure::Dropped,
    Failure::Silent,
    Failure::Forgotten,
    Failure::Interrupted,
    Failure::Full,
    Failure::Nested,
    Failure::Column,
];

impl Failure {
    /// What the second write is told; none where nobody is left to tell.
    fn told(self) -> Option<&'static str> {
        match self {
            Self::None => Some("ok"),
            Self::Refusal => Some("store.fenced"),
            Self::Statement => Some("store.unique"),
            Self::Swallowed => Some("store.spoilt"),
            Self::Panic | Self::Dropped | Self::Forgotten => None,
            Self::Silent => Some("store.revoked"),
            Self::Interrupted => Some("store.interrupted"),
            Self::Full => Some("store.disk-full"),
            Self::Nested => Some("store.nested"),
            Self::Column => Some("store.column"),
        }
    }

    /// Whether SQLite loses the whole transaction, so that the first write falls too.
    fn loses_group(self) -> bool {
        matches!(self, Self::Interrupted | Self::Full)
    }
}

/// Two writes that wait for the third to be queued, so that all are in one group.
struct Three {
    db: Db,
    failure: Failure,
    /// Before which statement of the second write it happens: 0, 1, or 2 for after the last.
    place: usize,
    stuck: Arc<Notify>,
}

async fn note(tx: &mut Tx, id: &str) -> Result<(), Error> {
    tx.execute("INSERT INTO note (id, at) VALUES ($1, 0)", values![id]).await.map(drop)
}

impl Three {
    async fn fail(&self, tx: &mut Tx) -> Result<(), Error> {
        match self.failure {
            Failure::None => Ok(()),
            Failure::Refusal => Err(Error::Fenced),
            Failure::Statement => note(tx, "old").await,
            Failure::Swallowed => {
                assert!(note(tx, "old").await.is_err());
                assert_eq!(note(tx, "after").await, Err(Error::Spoilt));
                Ok(())
            }
            Failure::Panic => panic!("a closure that panics"),
            Failure::Dropped | Failure::Forgotten => {
                self.stuck.notify_one();
                std::future::pending().await
            }
            Failure::Silent => {
                pause(1200).await; // Six times what it may: the keeper, too, may be late.
                note(tx, "late").await
            }
            Failure::Interrupted => {
                let endless = "INSERT INTO note (id, at) WITH RECURSIVE n (i) AS
                    (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'x' || i, 0 FROM n
                    WHERE i < 0";
                tx.execute(endless, &[]).await.map(drop)
            }
            Failure::Full => {
                let large = "INSERT INTO note (id, body) VALUES ('large', zeroblob($1))";
                tx.execute(large, values![4_000_000_i64]).await.map(drop)
            }
            Failure::Nested => put(&self.db, "nested").await,
            Failure::Column => {
                tx.find("SELECT at FROM note", &[], |row| row.text(0)).await.map(drop)
            }
        }
    }

    async fn second(&self) -> Result<(), Error> {
        self.db
            .write("second", async |tx| {
                for place in 0..=2 {
                    if place == self.place {
                        self.fail(tx).await?;
                    }
                    if place < 2 {
                        note(tx, &format!("2-{place}")).await?;
                    }
                }
                Ok(())
            })
            .await
    }
}

fn limits() -> Limits {
    Limits {
        silence: Duration::from_millis(200),
        statement: Duration::from_millis(300),
        group_age: Duration::from_mins(1),
        pages: Some(200),
        ..patient()
    }
}

async fn open(dir: &TempDir, limits: Limits) -> Db {
    let db = Db::open(Settings::sqlite(dir.path().join("ken.db")).with(limits)).await.unwrap();
    db.migrate(&[NOTES]).await.unwrap();
    db
}

/// Runs the three and gives what each was told.
async fn run(three: Arc<Three>) -> [Option<Result<(), Error>>; 3] {
    let queued = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    let begun = Arc::new(Notify::new());
    let (db, wait, told) = (three.db.clone(), Arc::clone(&queued), Arc::clone(&begun));
    tasks.spawn(async move {
        let first = db.write("first", async |tx| {
            note(tx, "1").await?;
            told.notify_one();
            while !wait.load(Ordering::Relaxed) {
                tx.find("SELECT 1", &[], |row| row.int(0)).await?;
                tokio::task::yield_now().await;
            }
            Ok(())
        });
        (0, first.await)
    });
    begun.notified().await;
    let (two, stuck) = (Arc::clone(&three), Arc::clone(&three.stuck));
    let forget = three.failure == Failure::Forgotten;
    let told = Arc::clone(&begun);
    tasks.spawn(async move {
        told.notify_one();
        if !matches!(two.failure, Failure::Dropped | Failure::Forgotten) {
            return (1, two.second().await);
        }
        let mut second = Box::pin(async move { two.second().await });
        tokio::select! {
            biased;
            told = &mut second => return (1, told),
            () = stuck.notified() => {}
        }
        if forget {
            std::mem::forget(second);
        }
        panic!("nobody is left to tell");
    });
    begun.notified().await;
    pause(20).await; // It queues in the same breath.
    let (db, told) = (three.db.clone(), Arc::clone(&begun));
    tasks.spawn(async move {
        told.notify_one();
        (2, put(&db, "3").await)
    });
    begun.notified().await;
    pause(20).await;
    queued.store(true, Ordering::Relaxed);
    let mut told = [None, None, None];
    while let Some(done) = tasks.join_next().await {
        if let Ok((which, answer)) = done {
            told[which] = Some(answer);
        }
    }
    told
}

async fn check(failure: Failure, place: usize) {
    let what = format!("{failure:?} at {place}");
    let dir = TempDir::new().unwrap();
    let db = open(&dir, limits()).await;
    put(&db, "old").await.unwrap();
    let stuck = Arc::new(Notify::new());
    let [first, second, third] =
        run(Arc::new(Three { db: db.clone(), failure, place, stuck })).await;

    let code = |told: &Result<(), Error>| told.as_ref().map_or_else(Error::code, |()| "ok");
    assert_eq!(second.as_ref().map(code), failure.told(), "{what}: second");
    let first_told = if failure.loses_group() { "store.group-lost" } else { "ok" };
    assert_eq!(first.as_ref().map(code), Some(first_told), "{what}: first");
    assert_eq!(third.as_ref().map(code), Some("ok"), "{what}: third");

    let mut want = vec!["old", "3"];
    want.extend((!failure.loses_group()).then_some("1"));
    want.extend(if failure == Failure::None { &["2-0", "2-1"][..] } else { &[] });
    want.sort_unstable();
    assert_eq!(ids(&db).await, want, "{what}: kept");
    // The same holds for who finds the files afterwards. (A forgotten future keeps its lock.)
    db.close().await;
    let found = TempDir::new().unwrap();
    for file in ["ken.db", "ken.db-wal"] {
        std::fs::copy(dir.path().join(file), found.path().join(file)).unwrap();
    }
    assert_eq!(ids(&open(&found, limits()).await).await, want, "{what}: kept on disk");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_write_is_kept_whole_or_not_at_all() {
    for failure in FAILURES {
        for place in 0..=2 {
            check(failure, place).await;
        }
    }
}

/// Writes that wait behind one that holds the turn become one group with it, however slow the
/// machine is: the limits leave the group open for as long as somebody waits.
#[tokio::test]
async fn a_group_is_one_commit_and_its_answers_come_after_it() {
    let dir = TempDir::new().unwrap();
    let limits = Limits { group_age: Duration::from_secs(30), group_turns: 64, ..patient() };
    let db = open(&dir, limits).await;
    let before = std::fs::metadata(dir.path().join("ken.db-wal")).unwrap().len();
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let mut tasks = JoinSet::new();
    tasks.spawn({
        let (db, begun, go) = (db.clone(), Arc::clone(&begun), Arc::clone(&go));
        async move {
            let first = db.write("first", async |tx| {
                note(tx, "00").await?;
                begun.notify_one();
                go.notified().await;
                Ok::<(), Error>(())
            });
            first.await
        }
    });
    begun.notified().await;
    for id in 1..50 {
        let db = db.clone();
        tasks.spawn(async move { put(&db, &format!("{id:02}")).await });
    }
    for _ in 0..200 {
        tokio::task::yield_now().await; // Every task is in the queue after its first turn here.
    }
    go.notify_one();
    let told = tasks.join_all().await;
    assert!(told.iter().all(Result::is_ok));
    assert_eq!(ids(&db).await.len(), 50);
    let after = std::fs::metadata(dir.path().join("ken.db-wal")).unwrap().len();
    // Alone, each write would add at least two pages of 4 KiB to the log.
    assert!(after - before < 10 * 2 * 4096, "{} bytes for 50 writes", after - before);
}

#[tokio::test]
async fn what_follows_a_commit_runs_once_it_is_kept_and_not_otherwise() {
    let dir = TempDir::new().unwrap();
    let db = open(&dir, patient()).await;
    let ran = Arc::new(AtomicBool::new(false));
    for (id, refuse) in [("a", true), ("b", false)] {
        let hook = Arc::clone(&ran);
        let told = db.write("hook", async |tx| {
            tx.after_commit(|| panic!("a hook that panics harms nobody"));
            tx.after_commit(move || hook.store(true, Ordering::Relaxed));
            note(tx, id).await?;
            if refuse { Err(Error::Fenced) } else { Ok(()) }
        });
        assert_eq!(told.await.is_err(), refuse);
        assert_eq!(ran.load(Ordering::Relaxed), !refuse, "{id}");
    }
    put(&db, "c").await.unwrap();
}

#[tokio::test]
async fn a_write_whose_caller_goes_after_its_closure_is_kept() {
    let dir = TempDir::new().unwrap();
    let db = open(&dir, patient()).await;
    let returned = AtomicBool::new(false);
    {
        let write = db.write("gone", async |tx| {
            note(tx, "kept").await?;
            returned.store(true, Ordering::Relaxed);
            Ok::<(), Error>(())
        });
        let mut write = std::pin::pin!(write);
        // Polled until the closure has returned, and never again.
        while !returned.load(Ordering::Relaxed) {
            let once = std::future::poll_fn(|cx| {
                let _ = write.as_mut().poll(cx);
                std::task::Poll::Ready(())
            });
            once.await;
        }
    }
    drop(db);
    assert_eq!(ids(&open(&dir, patient()).await).await, ["kept"]);
}

#[tokio::test]
async fn a_turn_that_was_granted_but_never_began_harms_nobody() {
    let dir = TempDir::new().unwrap();
    let db = open(&dir, Limits { silence: Duration::from_millis(100), ..patient() }).await;
    for forget in [false, true] {
        let go = Notify::new();
        let first = db.write("first", async |tx| {
            note(tx, if forget { "a" } else { "b" }).await?;
            go.notified().await;
            Ok::<(), Error>(())
        });
        let mut granted = Box::pin(put(&db, "never"));
        let drive = async {
            tokio::task::yield_now().await;
            // Queued behind the first, whose end grants it the turn; it is not polled again.
            assert!(futures_util::poll!(&mut granted).is_pending());
            go.notify_one();
        };
        let (told, ()) = tokio::join!(first, drive);
        told.unwrap();
        if forget {
            std::mem::forget(granted);
        } else {
            drop(granted);
        }
        put(&db, if forget { "c" } else { "d" }).await.unwrap();
    }
    assert_eq!(ids(&db).await, ["a", "b", "c", "d"]);
}

/// The whole process stands still, as on a machine that is stopped or overloaded: nobody is to
/// blame for a silence in which nobody could have spoken. The one thread of this runtime is kept.
#[tokio::test]
async fn a_turn_that_a_starved_machine_silences_is_not_revoked() {
    let dir = TempDir::new().unwrap();
    let silence = Duration::from_millis(60);
    let db = open(&dir, Limits { silence, ..patient() }).await;
    let (begun, go) = (Notify::new(), Notify::new());
    let write = db.write("starved", async |tx| {
        note(tx, "before").await?;
        begun.notify_one();
        go.notified().await;
        note(tx, "after").await
    });
    let starve = async {
        begun.notified().await;
        std::thread::sleep(silence * 10);
        go.notify_one();
    };
    let (told, ()) = tokio::join!(write, starve);
    assert_eq!(told, Ok(()));
    assert_eq!(ids(&db).await, ["after", "before"]);
}

/// A closure that is at work between two statements holds nobody up by mistake, even while other
/// threads of its runtime have nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_turn_that_computes_is_not_silent() {
    let dir = TempDir::new().unwrap();
    let silence = Duration::from_millis(20);
    let db = open(&dir, Limits { silence, ..patient() }).await;
    let told = db.write("works", async |tx| {
        note(tx, "before").await?;
        std::thread::sleep(silence * 20);
        note(tx, "after").await
    });
    assert_eq!(told.await, Ok(()));
    assert_eq!(ids(&db).await, ["after", "before"]);
}

#[tokio::test]
async fn queues_are_bounded_and_a_closed_store_says_so() {
    let dir = TempDir::new().unwrap();
    let db = open(&dir, Limits { waiting: 2, ..patient() }).await;
    let go = Notify::new();
    let first = db.write("first", async |tx| {
        note(tx, "first").await?;
        go.notified().await;
        Ok::<(), Error>(())
    });
    let others = async {
        tokio::task::yield_now().await;
        let (mut a, mut b) = (Box::pin(put(&db, "a")), Box::pin(put(&db, "b")));
        assert!(futures_util::poll!(&mut a).is_pending());
        assert!(futures_util::poll!(&mut b).is_pending());
        assert_eq!(put(&db, "c").await, Err(Error::Overloaded));
        drop(b);
        let mut d = Box::pin(put(&db, "d"));
        assert!(futures_util::poll!(&mut d).is_pending(), "who has gone takes no place");
        go.notify_one();
        tokio::join!(a, d)
    };
    let (first, (a, d)) = tokio::join!(first, others);
    assert_eq!((first, a, d), (Ok(()), Ok(()), Ok(())));
    db.close().await;
    assert_eq!(put(&db, "late").await, Err(Error::Closed));
    let read: Result<Option<i64>, Error> =
        db.snapshot("late", async |s| s.find("SELECT 1", &[], |row| row.int(0)).await).await;
    assert_eq!(read, Err(Error::Closed));
}
