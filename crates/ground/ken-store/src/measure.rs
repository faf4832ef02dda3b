//! How fast a place is: for `examples/commit_rate.rs`, and for an operator who asks.
//!
//! Measure in a database of its own, since it writes rows: open one, migrate [`MIGRATIONS`].

use std::fs::OpenOptions;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::sql::measure as sql;
pub use crate::sql::measure::{ALL as STATEMENTS, MIGRATIONS};
use crate::telemetry::instant;
use crate::{Db, Error, Reads, Result, values};

/// Writes of one page a second that the disk makes durable one after another.
///
/// # Errors
///
/// [`Error::File`] when `dir` cannot be written.
pub fn fsync_rate(dir: &Path, lasts: Duration) -> Result<f64> {
    let path = dir.join(".ken-measure");
    let measured = fsyncs(&path, lasts);
    let _ = std::fs::remove_file(&path);
    measured.map_err(|cause| Error::File(cause.kind()))
}

fn fsyncs(path: &Path, lasts: Duration) -> std::io::Result<f64> {
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
    file.set_len(1 << 20)?;
    file.sync_all()?;
    let (began, mut count) = (instant(), 0_u32);
    while began.elapsed() < lasts {
        file.seek(SeekFrom::Start(u64::from(count % 256) * 4096))?;
        file.write_all(&[1; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

/// Writes a second of `tasks` tasks, each write one row read and one row written.
///
/// # Errors
///
/// Those of a write.
pub async fn write_rate(db: &Db, tasks: u32, lasts: Duration) -> Result<f64> {
    rate(db, tasks, lasts, Kind::Write).await
}

/// Snapshots a second of `tasks` tasks, each reading one row.
///
/// # Errors
///
/// Those of a snapshot.
pub async fn read_rate(db: &Db, tasks: u32, lasts: Duration) -> Result<f64> {
    rate(db, tasks, lasts, Kind::Snapshot).await
}

#[derive(Clone, Copy)]
enum Kind {
    Write,
    Snapshot,
}

impl Kind {
    async fn once(self, db: &Db, key: i64) -> Result<()> {
        let id = key % 10_000;
        match self {
            Self::Write => {
                let write = db.write("measure-write", async |tx| {
                    tx.find(sql::MEASURE_FIND, values![id / 10], |row| row.int(0)).await?;
                    tx.execute(sql::MEASURE_PUT, values![id]).await.map(drop)
                });
                write.await
            }
            Self::Snapshot => {
                let read = db.snapshot("measure-read", async |s| {
                    s.find(sql::MEASURE_FIND, values![id], |row| row.int(0)).await.map(drop)
                });
                read.await
            }
        }
    }
}

async fn rate(db: &Db, tasks: u32, lasts: Duration, kind: Kind) -> Result<f64> {
    let (began, count) = (instant(), Arc::new(AtomicU64::new(0)));
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let (db, count) = (db.clone(), Arc::clone(&count));
        running.spawn(async move {
            let mut key = i64::from(task) * 7919;
            while began.elapsed() < lasts {
                key += 1;
                match kind.once(&db, key).await {
                    Ok(()) => drop(count.fetch_add(1, Ordering::Relaxed)),
                    // A machine that is busy otherwise: what is refused is not counted.
                    Err(error) if error.is_transient() => {}
                    Err(error) => return Err(error),
                }
            }
            Ok::<(), Error>(())
        });
    }
    while let Some(done) = running.join_next().await {
        done.map_err(|_| Error::Closed)??;
    }
    let count = u32::try_from(count.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}
