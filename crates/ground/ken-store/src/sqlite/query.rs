//! Running one statement on a SQLite connection, and naming what went wrong.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, ToSql, ffi};

use crate::row::{Engine, Read, Row};
use crate::tx::ROWS_MAX;
use crate::{Cause, Error, Result, Value};

/// Runs a changing statement and counts the rows it changed.
pub(crate) fn execute(conn: &Connection, sql: &str, of: &[Value<'_>]) -> Result<u64> {
    let mut statement = prepare(conn, sql, of)?;
    let rows = statement.raw_execute()?;
    Ok(u64::try_from(rows).unwrap_or(u64::MAX))
}

/// Reads the first row, if there is one.
pub(crate) fn find<T>(
    conn: &Connection,
    sql: &str,
    of: &[Value<'_>],
    read: Read<T>,
) -> Result<Option<T>> {
    let mut statement = prepare(conn, sql, of)?;
    let mut rows = statement.raw_query();
    rows.next()?.map(|row| read(&Row(Engine::Sqlite(row)))).transpose()
}

/// Reads every row, to the maximum.
pub(crate) fn list<T>(
    conn: &Connection,
    sql: &str,
    of: &[Value<'_>],
    read: Read<T>,
) -> Result<Vec<T>> {
    let mut statement = prepare(conn, sql, of)?;
    let mut rows = statement.raw_query();
    let mut list = Vec::new();
    while let Some(row) = rows.next()? {
        if list.len() == ROWS_MAX {
            return Err(Error::TooManyRows);
        }
        list.push(read(&Row(Engine::Sqlite(row)))?);
    }
    Ok(list)
}

/// The steps of a statement's plan, as SQLite words them.
pub(crate) fn plan(conn: &Connection, sql: &str) -> Result<Vec<String>> {
    const DETAIL: usize = 3;
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.push(row.get(DETAIL)?);
    }
    Ok(steps)
}

/// Runs a statement that opens or closes a transaction or a savepoint. It stays prepared: every
/// write and snapshot runs some.
pub(super) fn control(conn: &Connection, sql: &'static str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.raw_execute().map(drop)
}

fn prepare<'c>(conn: &'c Connection, sql: &str, of: &[Value<'_>]) -> Result<CachedStatement<'c>> {
    let mut statement = conn.prepare_cached(sql)?;
    let count = statement.parameter_count();
    for index in 1..=count {
        // SQLite counts `$2` as a name, in order of appearance: bind by what the name says.
        let name = statement.parameter_name(index).and_then(|name| name.get(1..));
        let number: usize = name.and_then(|name| name.parse().ok()).ok_or(Error::Parameters)?;
        let value = number.checked_sub(1).and_then(|at| of.get(at)).ok_or(Error::Parameters)?;
        statement.raw_bind_parameter(index, value)?;
    }
    (count == of.len()).then_some(statement).ok_or(Error::Parameters)
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Names a failure by what a caller can do about it.
pub(super) fn error(cause: &rusqlite::Error) -> Error {
    let kept = Box::new(keep(cause));
    match cause.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => match cause.sqlite_error().map(|e| e.extended_code)
        {
            Some(
                ffi::SQLITE_CONSTRAINT_UNIQUE
                | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                | ffi::SQLITE_CONSTRAINT_ROWID,
            ) => Error::Unique(kept),
            _ => Error::Constraint(kept),
        },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Contended,
        Some(ErrorCode::OperationInterrupted) => Error::Interrupted,
        Some(ErrorCode::DiskFull) => Error::DiskFull,
        Some(ErrorCode::ReadOnly) => Error::ReadOnly,
        // It says nothing of what was asked.
        Some(ErrorCode::OutOfMemory | ErrorCode::CannotOpen) => Error::Overloaded,
        _ => Error::Statement(kept),
    }
}

/// Keeps codes, the schema's names and the text of a statement; nothing that was bound or read.
fn keep(cause: &rusqlite::Error) -> Cause {
    let (code, detail) = match cause {
        rusqlite::Error::SqlInputError { error, msg, .. } => (error.extended_code, msg.clone()),
        // "UNIQUE constraint failed: table.column": SQLite names columns there, never values.
        rusqlite::Error::SqliteFailure(error, Some(message))
            if error.code == ErrorCode::ConstraintViolation =>
        {
            (error.extended_code, message.clone())
        }
        // At the time of preparing, the message speaks of the statement's own constant text.
        rusqlite::Error::SqliteFailure(error, _) => (error.extended_code, String::new()),
        rusqlite::Error::MultipleStatement => (ffi::SQLITE_MISUSE, "two statements".into()),
        _ => (ffi::SQLITE_MISUSE, String::new()),
    };
    Cause { engine: "sqlite", code: code.to_string(), detail }
}

/// Whether an I/O error was seen: lost pages may look clean afterwards.
pub(super) fn is_io(cause: &rusqlite::Error) -> bool {
    cause.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
}
