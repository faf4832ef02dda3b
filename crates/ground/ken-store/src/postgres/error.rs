//! Naming what went wrong on PostgreSQL, without what it quotes.

use std::error::Error as _;

use tokio_postgres::error::DbError;

use super::value::Mismatch;
use crate::{Cause, Error};

/// Names a failure of a statement.
pub(super) fn of(cause: &tokio_postgres::Error) -> Error {
    match cause.as_db_error() {
        Some(told) => by_state(told, String::new()),
        None if is_mismatch(cause) => Error::Parameters,
        None => Error::Broken,
    }
}

/// Names a failure to begin: a server that only follows another begins nothing that writes.
pub(super) fn of_begin(cause: &tokio_postgres::Error) -> Error {
    match cause.code() {
        Some(code) if code.code() == "0A000" => Error::ReadOnly,
        _ => of(cause),
    }
}

fn is_mismatch(cause: &tokio_postgres::Error) -> bool {
    matches!(cause.source(), Some(source) if source.is::<Mismatch>())
}

/// Names a failure to prepare; the server's message speaks of the constant text only.
pub(super) fn of_prepare(cause: &tokio_postgres::Error) -> Error {
    match cause.as_db_error() {
        Some(told) => by_state(told, told.message().to_owned()),
        None => Error::Broken,
    }
}

/// Sorts by SQLSTATE (PostgreSQL 15, appendix A).
fn by_state(told: &DbError, message: String) -> Error {
    let code = told.code().code();
    let detail = match told.constraint() {
        Some(constraint) => constraint.to_owned(),
        None => message,
    };
    let kept = Box::new(Cause { engine: "postgres", code: code.to_owned(), detail });
    match code {
        "23505" => Error::Unique(kept),
        "40001" | "40P01" | "55P03" => Error::Contended,
        "57014" => Error::Interrupted,
        "53100" => Error::DiskFull,
        "25006" => Error::ReadOnly,
        "25P02" => Error::Spoilt,
        "25P03" => Error::Revoked,
        // Out of memory, connections, locks or files: it says nothing of what was asked.
        _ if code.starts_with("53") || code.starts_with("58") => Error::Overloaded,
        _ if code.starts_with("23") => Error::Constraint(kept),
        _ if code.starts_with("57P") || code.starts_with("08") => Error::Broken,
        _ => Error::Statement(kept),
    }
}
