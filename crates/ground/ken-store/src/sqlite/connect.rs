//! Opening connections, and refusing places that would not keep what they are given.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Result as SqlResult};

use super::copier::{Bounds, Copier};
use super::query;
use crate::{Limits, OpenError};

/// Statements kept prepared on each connection; more than all crates together declare.
const CACHED_MAX: usize = 512;
/// How long a connection of this process waits for another of its own.
const BUSY: Duration = Duration::from_secs(5);
/// Size in bytes to which the write-ahead log is cut when it is reused.
const LOG_BYTES: i64 = 64 << 20;
/// Pages that the writer keeps in memory, in KiB: what every message touches stays there.
const WRITER_CACHE_KIB: i64 = 32 << 10;
/// Pages of the write-ahead log after which it is copied into the database: by the copier beside
/// the writer, and by whatever other connection writes.
const LOG_PAGES: i64 = 4000;
/// The same for the writer; what a log of that length is cut to is [`LOG_BYTES`].
const LOG_BOUNDS: Bounds = Bounds { copy: 4_000, most: 16_000 };

/// Takes the lock of the database, which one process has at a time.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let options =
        OpenOptions::new().create(true).truncate(false).write(true).open(PathBuf::from(name));
    let file = options.map_err(OpenError::Place)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
        Err(TryLockError::Error(cause)) => Err(OpenError::Place(cause)),
    }
}

/// The connection that writes.
pub(super) fn writer(path: &Path, limits: &Limits) -> Result<Connection, OpenError> {
    let conn = plain(path).map_err(|cause| refusal(&cause))?;
    if let Some(pages) = limits.pages {
        conn.pragma_update(None, "max_page_count", pages).map_err(|cause| refusal(&cause))?;
    }
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(|cause| refusal(&cause))?;
    durable(&conn)?;
    Ok(conn)
}

/// The thread that copies the log of the connection that writes.
pub(super) fn copier(path: &Path, writer: &mut Connection) -> Result<Copier, OpenError> {
    let conn = plain(path).map_err(|cause| refusal(&cause))?;
    let copier = Copier::start(conn, LOG_BOUNDS).map_err(OpenError::Place)?;
    copier.watch(writer).map_err(|cause| refusal(&cause))?;
    Ok(copier)
}

/// A connection that reads.
pub(super) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let conn = plain(path).map_err(|cause| refusal(&cause))?;
    conn.pragma_update(None, "query_only", true).map_err(|cause| refusal(&cause))?;
    Ok(conn)
}

/// A connection with the settings that all share.
pub(super) fn plain(path: &Path) -> SqlResult<Connection> {
    // Ours alone by `state`, so without SQLite's own mutex; no `file:` URIs.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(CACHED_MAX);
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "case_sensitive_like", true)?; // as PostgreSQL's LIKE
    conn.pragma_update(None, "secure_delete", true)?; // erased keys leave no copy in free pages
    conn.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))?;
    conn.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES, |_| Ok(()))?;
    conn.pragma_update(None, "temp_store", "MEMORY")?; // what a savepoint would undo, too
    // A plan is for every value: else statements are prepared anew whenever a value differs.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
}

/// Copies the write-ahead log in a mode of SQLite's, waiting for others at most so long. False
/// where somebody was in the way to the end.
pub(super) fn checkpoint(conn: &Connection, mode: &str, wait: Duration) -> SqlResult<bool> {
    conn.busy_timeout(wait)?;
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    let busy = conn.query_row(&sql, [], |row| row.get::<_, i64>(0));
    conn.busy_timeout(BUSY)?;
    Ok(busy? == 0)
}

/// Asserts that a commit outlives a power cut.
fn durable(conn: &Connection) -> Result<(), OpenError> {
    let text = |name: &'static str| -> Result<String, OpenError> {
        let read = conn.pragma_query_value(None, name, |row| {
            Ok(match row.get_ref(0)? {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                other => other.as_str().unwrap_or_default().to_owned(),
            })
        });
        read.map_err(|cause| refusal(&cause))
    };
    for (setting, wanted) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")]
    {
        let found = text(setting)?;
        if found != wanted {
            return Err(OpenError::NotDurable { setting, found, wanted });
        }
    }
    Ok(())
}

fn refusal(cause: &rusqlite::Error) -> OpenError {
    match cause.sqlite_error_code() {
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            OpenError::Place(std::io::ErrorKind::PermissionDenied.into())
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::InUse,
        _ => OpenError::Store(query::error(cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_would_not_keep_what_it_is_given_is_refused() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("ken.db");
        let check = |pragma: &str, want: &str| {
            let conn = writer(&path, &Limits::default()).unwrap();
            conn.execute_batch(pragma).unwrap();
            let told = durable(&conn).map_or_else(|refused| refused.to_string(), |()| "ok".into());
            assert!(told.contains(want), "{pragma}: {told}");
        };
        check("", "ok");
        check("PRAGMA synchronous = NORMAL", "`synchronous` is `1`");
        check("PRAGMA synchronous = OFF", "`synchronous` is `0`");
        check("PRAGMA foreign_keys = OFF", "`foreign_keys` is `0`");
        check("PRAGMA journal_mode = DELETE", "`journal_mode` is `delete`");
    }
}
