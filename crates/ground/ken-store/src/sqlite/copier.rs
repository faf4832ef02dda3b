//! The copier: one thread that copies the write-ahead log into the database while others write.
//!
//! Without it a commit would copy, and every other write would wait for that: some thirty
//! milliseconds for each few hundred messages.
//!
//! # Invariants
//!
//! - What stands in the log is durable; copying changes no answer, and a copy that fails is made
//!   again when more has been written.
//! - The log is bounded: the commit that makes it longer than [`Bounds::most`] copies what is
//!   left, and the next one begins the log anew, unless a snapshot is open. Where one always is,
//!   however short each of them, who writes waits between two transactions at twice that length
//!   until those that are open now have ended, for [`ANEW_MAX`] at most ([`Log::begin_anew`]).
//! - A copier that has ended is told of, and commits copy the log.
//!
//! Source: SQLite, *Write-Ahead Logging*, "Avoiding Excessively Large WAL Files". Two connections
//! may copy beside one that writes since SQLite 3.51.3 ("The WAL-Reset Bug").

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::connect;
use super::writer::lock;
use crate::telemetry;

/// Longest that a writer waits for snapshots to end so that the log can begin anew. House policy:
/// longer than a page takes to read, and short enough not to be felt.
const ANEW_MAX: Duration = Duration::from_millis(100);

/// How long the log may grow, in pages of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// After so many more it is copied by the copier: enough that a page written by many groups
    /// is copied once.
    pub(super) copy: usize,
    /// At so many a commit copies the rest itself.
    pub(super) most: usize,
}

/// The thread, and what it is told.
#[derive(Debug)]
pub(super) struct Copier {
    log: Arc<Log>,
    thread: Option<JoinHandle<()>>,
}

/// The write-ahead log: how long it is, and who copies it.
#[derive(Debug)]
pub(super) struct Log {
    bounds: Bounds,
    lengths: Mutex<Lengths>,
    bell: Condvar, // Wakes the copier.
    /// Held by whoever copies.
    copying: Mutex<()>,
}

#[derive(Debug, Default)]
struct Lengths {
    /// Pages in the log after the last commit.
    pages: usize,
    /// Pages in it when it was last copied.
    copied: usize,
    /// Pages in it when it was last to begin anew.
    waited: usize,
    closing: bool,
}

impl Copier {
    /// Starts the thread, which copies over `conn`, a connection of its own.
    pub(super) fn start(conn: Connection, bounds: Bounds) -> std::io::Result<Self> {
        let log = Log {
            bounds,
            lengths: Mutex::default(),
            bell: Condvar::new(),
            copying: Mutex::default(),
        };
        let log = Arc::new(log);
        let of = Arc::clone(&log);
        let thread =
            std::thread::Builder::new().name("ken-store-copier".into()).spawn(move || {
                let copies = || while of.copy_next(&conn).is_continue() {};
                if catch_unwind(AssertUnwindSafe(copies)).is_err() {
                    tracing::error!("the copier of the store ended in a panic; commits copy");
                }
            })?;
        Ok(Self { log, thread: Some(thread) })
    }

    /// The log that it copies.
    pub(super) fn log(&self) -> Arc<Log> {
        Arc::clone(&self.log)
    }

    /// Is told from now on of each commit of `writer`, in the place of SQLite's own copying.
    pub(super) fn watch(&self, writer: &mut Connection) -> rusqlite::Result<()> {
        let log = Arc::clone(&self.log);
        writer.wal_hook(Some(move |wal: &mut rusqlite::hooks::Wal, pages| {
            if log.grew(usize::try_from(pages).unwrap_or_default()) {
                let _alone = log.alone();
                // The commit is durable whatever becomes of this; the next one tries again.
                told(&wal.checkpoint());
            }
            Ok(())
        }))
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        lock(&self.log.lengths).closing = true;
        self.log.bell.notify_one();
        // What it ended in, it has told.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Log {
    /// Keeps everybody else from copying for as long as this is held.
    pub(super) fn alone(&self) -> MutexGuard<'_, ()> {
        lock(&self.copying)
    }

    /// Between two transactions of `writer`: begins a log anew that has grown to twice its bound
    /// because some snapshot was open whenever it was copied. Tried again when it has grown by as
    /// much as the copier copies.
    pub(super) fn begin_anew(&self, writer: &Connection) {
        {
            let mut lengths = lock(&self.lengths);
            let is_long = lengths.pages >= self.bounds.most * 2;
            if !is_long || lengths.pages < lengths.waited + self.bounds.copy {
                return;
            }
            lengths.waited = lengths.pages;
        }
        let _alone = self.alone();
        told(&connect::checkpoint(writer, "RESTART", ANEW_MAX).map(drop));
    }

    /// At the end of `writer`'s work: copies what is left and empties the log. False where a
    /// snapshot is open.
    pub(super) fn finish(&self, writer: &Connection) -> rusqlite::Result<bool> {
        lock(&self.lengths).closing = true;
        self.bell.notify_one();
        let _alone = self.alone();
        connect::checkpoint(writer, "TRUNCATE", ANEW_MAX)
    }

    /// Notes how long a commit has left the log, and says whether it must be copied at once.
    fn grew(&self, pages: usize) -> bool {
        let mut lengths = lock(&self.lengths);
        if pages < lengths.pages {
            (lengths.copied, lengths.waited) = (0, 0); // It was begun anew.
        }
        lengths.pages = pages;
        if self.is_due(&lengths) {
            self.bell.notify_one();
        }
        pages >= self.bounds.most
    }

    fn is_due(&self, lengths: &Lengths) -> bool {
        lengths.pages >= lengths.copied + self.bounds.copy
    }

    /// Waits until the log has grown, and copies it.
    fn copy_next(&self, conn: &Connection) -> ControlFlow<()> {
        let waits = |lengths: &mut Lengths| !lengths.closing && !self.is_due(lengths);
        let lengths = self.bell.wait_while(lock(&self.lengths), waits);
        let mut lengths = lengths.unwrap_or_else(PoisonError::into_inner);
        if lengths.closing {
            return ControlFlow::Break(());
        }
        lengths.copied = lengths.pages;
        drop(lengths);
        let _alone = self.alone();
        told(&conn.execute_batch("PRAGMA wal_checkpoint(PASSIVE)"));
        ControlFlow::Continue(())
    }
}

fn told(copied: &rusqlite::Result<()>) {
    if let Err(cause) = copied {
        telemetry::not_copied();
        let code = cause.sqlite_error().map(|code| code.extended_code);
        tracing::warn!(
            sqlite.code = code,
            "the write-ahead log could not be copied into the database this time"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::connect;

    const BOUNDS: Bounds = Bounds { copy: 40, most: 160 };
    /// Pages that one commit of the test leaves in the log at most.
    const COMMIT: usize = 12;

    fn pages(conn: &Connection) -> i64 {
        conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1)).unwrap()
    }

    fn write(conn: &Connection, number: i64) {
        let sql = "INSERT INTO t VALUES (?1, randomblob(6000))";
        assert_eq!(conn.execute(sql, [number]).unwrap(), 1);
    }

    /// Readers of whom some always sees an older state, each for a moment only.
    #[test]
    fn short_snapshots_without_a_gap_do_not_let_it_grow() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("read.db");
        let mut writer = connect::plain(&path).unwrap();
        writer.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)").unwrap();
        let copier = Copier::start(connect::plain(&path).unwrap(), BOUNDS).unwrap();
        copier.watch(&mut writer).unwrap();
        let (log, over) = (copier.log(), std::sync::atomic::AtomicBool::new(false));
        let most = std::thread::scope(|scope| {
            for n in 0..8 {
                let (path, over) = (&path, &over);
                scope.spawn(move || {
                    let reader = connect::plain(path).unwrap();
                    std::thread::sleep(Duration::from_millis(3 * n));
                    while !over.load(std::sync::atomic::Ordering::Relaxed) {
                        reader.execute_batch("BEGIN; SELECT COUNT(*) FROM t").unwrap();
                        std::thread::sleep(Duration::from_millis(20));
                        reader.execute_batch("COMMIT").unwrap();
                    }
                });
            }
            let mut most = 0;
            for number in 1..=1_500 {
                write(&writer, number);
                most = most.max(lock(&log.lengths).pages);
                log.begin_anew(&writer);
            }
            over.store(true, std::sync::atomic::Ordering::Relaxed);
            most
        });
        // Some waits may be in vain; without any it would have five thousand pages.
        assert!(most <= 2 * BOUNDS.most + 20 * BOUNDS.copy, "the log had {most} pages");
        assert!(log.finish(&writer).unwrap(), "nobody reads any more");
    }

    #[test]
    fn the_log_stays_short_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copied.db");
        let (mut writer, reader) = (connect::plain(&path).unwrap(), connect::plain(&path).unwrap());
        writer.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)").unwrap();
        let copier = Copier::start(connect::plain(&path).unwrap(), BOUNDS).unwrap();
        copier.watch(&mut writer).unwrap();
        let mut begun_anew = 0;
        for number in 1..=600 {
            let before = lock(&copier.log.lengths).pages;
            write(&writer, number);
            let after = lock(&copier.log.lengths).pages;
            assert!(after <= BOUNDS.most + COMMIT, "the log has {after} pages");
            begun_anew += usize::from(after < before);
        }
        assert!(begun_anew >= 5, "the log was begun anew {begun_anew} times");
        // A snapshot keeps what it sees, and the log goes on as it must.
        reader.execute_batch("BEGIN").unwrap();
        let count = "SELECT COUNT(*) FROM t";
        let seen = |conn: &Connection| -> i64 { conn.query_row(count, [], |r| r.get(0)).unwrap() };
        assert_eq!(seen(&reader), 600);
        (601..=700).for_each(|number| write(&writer, number));
        assert_eq!(seen(&reader), 600);
        reader.execute_batch("COMMIT").unwrap();
        assert_eq!(seen(&reader), 700);
        drop((copier, writer, reader));
        let again = connect::plain(&path).unwrap();
        assert_eq!((seen(&again), pages(&again)), (700, 0));
        let check: String = again.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
        assert_eq!(check, "ok");
    }
}
