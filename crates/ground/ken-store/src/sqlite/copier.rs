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
//!   left, and the next one begins the log anew. Only a snapshot that is older than what is left
//!   keeps it growing, and a snapshot has a limit of time.
//!
//! Source: SQLite, *Write-Ahead Logging*, "Avoiding Excessively Large WAL Files". Two connections
//! may copy beside one that writes since SQLite 3.51.3 ("The WAL-Reset Bug").

use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::writer::lock;

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

#[derive(Debug)]
struct Log {
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
        let thread = std::thread::Builder::new()
            .name("ken-store-copier".into())
            .spawn(move || while of.copy_next(&conn).is_continue() {})?;
        Ok(Self { log, thread: Some(thread) })
    }

    /// Is told from now on of each commit of `writer`, in the place of SQLite's own copying.
    pub(super) fn watch(&self, writer: &mut Connection) -> rusqlite::Result<()> {
        let log = Arc::clone(&self.log);
        writer.wal_hook(Some(move |wal: &mut rusqlite::hooks::Wal, pages| {
            if log.grew(usize::try_from(pages).unwrap_or_default()) {
                let _alone = lock(&log.copying);
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
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the copier of the store ended in a panic");
        }
    }
}

impl Log {
    /// Notes how long a commit has left the log, and says whether it must be copied at once.
    fn grew(&self, pages: usize) -> bool {
        let mut lengths = lock(&self.lengths);
        if pages < lengths.pages {
            lengths.copied = 0; // It was begun anew.
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
        let Ok(mut lengths) = self.bell.wait_while(lock(&self.lengths), waits) else {
            return ControlFlow::Break(());
        };
        if lengths.closing {
            return ControlFlow::Break(());
        }
        lengths.copied = lengths.pages;
        drop(lengths);
        let _alone = lock(&self.copying);
        told(&conn.execute_batch("PRAGMA wal_checkpoint(PASSIVE)"));
        ControlFlow::Continue(())
    }
}

fn told(copied: &rusqlite::Result<()>) {
    if copied.is_err() {
        tracing::warn!("the write-ahead log could not be copied into the database this time");
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
