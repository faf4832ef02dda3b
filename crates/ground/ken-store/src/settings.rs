//! Where a database is, and the bounds of everything that waits or runs in it.

use std::path::PathBuf;
use std::time::Duration;

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// The file of a SQLite database; its directory must exist.
    Sqlite(PathBuf),
    /// The address of a PostgreSQL database: `postgres://user@host/name`.
    Postgres(String),
}

impl std::fmt::Debug for Place {
    /// Says the engine only: an address may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "Sqlite(..)",
            Self::Postgres(_) => "Postgres(..)",
        })
    }
}

/// How to open a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where it is.
    pub place: Place,
    /// The certificates, in PEM, of the authority that the PostgreSQL server's own is signed by.
    /// With it, nothing is said to the server but under transport security.
    pub authority: Option<String>,
    /// Its bounds.
    pub limits: Limits,
}

impl Settings {
    /// A SQLite database in the file `path`.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::Sqlite(path.into()))
    }

    /// A PostgreSQL database at `address`.
    #[must_use]
    pub fn postgres(address: impl Into<String>) -> Self {
        Self::at(Place::Postgres(address.into()))
    }

    fn at(place: Place) -> Self {
        Self { place, authority: None, limits: Limits::default() }
    }

    /// The same under transport security, trusting the authority whose certificates these are.
    #[must_use]
    pub fn trusting(mut self, authority: impl Into<String>) -> Self {
        self.authority = Some(authority.into());
        self
    }

    /// The same with other bounds.
    #[must_use]
    pub fn with(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// The bounds of a database. The defaults are the product's; tests set others.
///
/// Source: house policy (`core.md` 4.1), from measurements on two cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most turns in one group; bounds what one failure can take along.
    pub group_turns: usize,
    /// Age at which a group commits though others wait; bounds the wait of its first member.
    pub group_age: Duration,
    /// Longest pause before or between the statements of a write; then it is revoked.
    pub silence: Duration,
    /// Longest statement; then it is interrupted.
    pub statement: Duration,
    /// Longest write in all, so that an older decision drains in a known time.
    pub turn: Duration,
    /// Longest snapshot; an old one keeps the write-ahead log, or dead rows, from being reused.
    pub snapshot: Duration,
    /// Longest wait for a turn or a connection.
    pub wait: Duration,
    /// Most writes, and most snapshots, that wait.
    pub waiting: usize,
    /// Reader connections (SQLite) or pooled connections (PostgreSQL).
    pub connections: usize,
    /// Most pages of 4 KiB a SQLite database may grow to; none means the disk is the bound.
    pub pages: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            group_turns: 64,
            group_age: Duration::from_millis(5),
            silence: Duration::from_millis(50),
            statement: Duration::from_secs(1),
            turn: Duration::from_secs(5),
            snapshot: Duration::from_secs(10),
            wait: Duration::from_secs(5),
            waiting: 4096,
            connections: 8,
            pages: None,
        }
    }
}
