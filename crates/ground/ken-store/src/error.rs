//! What can go wrong in the store, and what a caller can do about it.
//!
//! # Invariants
//!
//! - No text of an engine that could quote a value is kept: a [`Cause`] holds codes and names of
//!   the schema only. PostgreSQL's `DETAIL` quotes keys, and full-text errors quote the search.

use std::fmt;

use thiserror::Error;

/// The engine's own account of a failure, without anything that was written or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// `sqlite` or `postgres`.
    pub engine: &'static str,
    /// SQLite's extended result code, or the SQLSTATE.
    pub code: String,
    /// A constraint's or table's name, or why a statement's text could not be prepared.
    pub detail: String,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.detail.is_empty() { "" } else { ": " };
        write!(f, "{} {}{colon}{}", self.engine, self.code, self.detail)
    }
}

impl std::error::Error for Cause {}

/// Why a read or a write gave no answer. Nothing of such a write is kept.
///
/// (After an I/O error in SQLite's `COMMIT` the process ends: nobody is told either.)
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// A statement failed for a reason that no other variant names.
    #[error("statement failed")]
    Statement(#[source] Box<Cause>),
    /// A row with this key exists.
    #[error("a row with this key exists")]
    Unique(#[source] Box<Cause>),
    /// A foreign key, check or not-null constraint refused the row.
    #[error("a constraint refused the row")]
    Constraint(#[source] Box<Cause>),
    /// Another write was faster; running the whole request again may succeed.
    #[error("lost a race with another write")]
    Contended,
    /// A statement took longer than [`Limits::statement`](crate::Limits).
    #[error("statement took longer than it may")]
    Interrupted,
    /// The disk, or the quota set for the database, is full.
    #[error("no space left for the database")]
    DiskFull,
    /// The database, or its place, cannot be written.
    #[error("database cannot be written")]
    ReadOnly,
    /// The closure went on after a failed statement.
    #[error("an earlier statement of this write failed")]
    Spoilt,
    /// Another write of the group lost the transaction: disk full, interrupt, I/O.
    #[error("group lost to a failure in one of its writes")]
    GroupLost(#[source] Box<Error>),
    /// `COMMIT` failed; nothing of it is kept.
    #[error("commit failed")]
    Commit(#[source] Box<Error>),
    /// The connection to the server broke. If this came from `COMMIT`, it is not known whether
    /// the write was kept.
    #[error("connection to the database broke")]
    Broken,
    /// The closure was silent for too long, or took too long in all.
    #[error("turn revoked after silence or overrun")]
    Revoked,
    /// Asked for inside another write or snapshot.
    #[error("a store closure is already open in this task")]
    Nested,
    /// Too many wait, or the wait was too long, or the database has no memory or files left; try
    /// again later.
    #[error("store is overloaded")]
    Overloaded,
    /// The store has been closed.
    #[error("store is closed")]
    Closed,
    /// The statement's first word is not one that a closure may run.
    #[error("not a statement for a closure")]
    Refused,
    /// The statement and the values given to it do not fit.
    #[error("statement and values do not fit")]
    Parameters,
    /// Column `index`, from 0, is absent or does not hold what is read from it.
    #[error("column {index} does not hold what is read from it")]
    Column {
        /// Position in the row, from 0.
        index: usize,
    },
    /// A list had more than [`ROWS_MAX`](crate::Reads::ROWS_MAX) rows.
    #[error("more rows than a list may have")]
    TooManyRows,
    /// Something is longer than its stated maximum.
    #[error("{what} is longer than {max} bytes")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Its maximum, in bytes.
        max: usize,
    },
    /// A guard was used in a transaction that does not hold it.
    #[error("guard belongs to another transaction")]
    ForeignGuard,
    /// A lease has run out and another worker may hold the work.
    #[error("lease is no longer held")]
    Fenced,
    /// Sealed bytes do not open under their key: they were changed, or the key is another's.
    #[error("sealed bytes do not open under their key")]
    Unsealable,
    /// The key does not exist.
    #[error("key is not known")]
    KeyUnknown,
    /// The key has been erased, and nothing can be sealed under it again.
    #[error("key has been erased")]
    KeyErased,
    /// A file could not be read or written.
    #[error("file could not be read or written")]
    File(std::io::ErrorKind),
}

impl Error {
    /// The stable code of this error; `docs/errors.md` explains each.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Statement(_) => "store.statement",
            Self::Unique(_) => "store.unique",
            Self::Constraint(_) => "store.constraint",
            Self::Contended => "store.contended",
            Self::Interrupted => "store.interrupted",
            Self::DiskFull => "store.disk-full",
            Self::ReadOnly => "store.read-only",
            Self::Spoilt => "store.spoilt",
            Self::GroupLost(_) => "store.group-lost",
            // Whoever reads the log must see that the disk is full, whichever step found it so.
            Self::Commit(cause) => match **cause {
                Self::DiskFull | Self::ReadOnly => cause.code(),
                _ => "store.commit",
            },
            Self::Broken => "store.broken",
            Self::Revoked => "store.revoked",
            Self::Nested => "store.nested",
            Self::Overloaded => "store.overloaded",
            Self::Closed => "store.closed",
            Self::Refused => "store.refused",
            Self::Parameters => "store.parameters",
            Self::Column { .. } => "store.column",
            Self::TooManyRows => "store.too-many-rows",
            Self::TooLong { .. } => "store.too-long",
            Self::ForeignGuard => "store.foreign-guard",
            Self::Fenced => "store.fenced",
            Self::Unsealable => "store.unsealable",
            Self::KeyUnknown => "store.key-unknown",
            Self::KeyErased => "store.key-erased",
            Self::File(_) => "store.file",
        }
    }

    /// Whether there was no room for what was written, whichever step found it so.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::DiskFull => true,
            Self::Commit(cause) | Self::GroupLost(cause) => cause.is_full(),
            _ => false,
        }
    }

    /// Whether the same request, run again from its start, may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Contended | Self::Revoked | Self::GroupLost(_) | Self::Overloaded | Self::Broken
        )
    }
}

/// Why a database cannot be opened or brought up to date.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has this database open.
    #[error("another process is using this database: stop it first, or choose another place")]
    InUse,
    /// The directory does not exist, or cannot be written.
    #[error("the place of the database cannot be written: check the directory and its owner")]
    Place(#[source] std::io::Error),
    /// The engine would not promise that a commit outlives a power cut.
    #[error("commits would not be durable: `{setting}` is `{found}`, and `{wanted}` is needed")]
    NotDurable {
        /// The engine's setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// The PostgreSQL database sorts by a language's rules.
    #[error(
        "the database has collation `{found}`: create it with \
         `LC_COLLATE 'C' LC_CTYPE 'C' ENCODING 'UTF8' TEMPLATE template0`"
    )]
    Collation {
        /// The collation, or the encoding, that was found.
        found: String,
    },
    /// The text is not an address of a PostgreSQL server.
    #[error("the address of the PostgreSQL server cannot be understood")]
    Address,
    /// The address asks for transport security, and nobody is named who vouches for the server.
    #[error(
        "the address asks for transport security, and no authority is named that signs the \
         server's certificate: name its file in `database_ca_file`"
    )]
    NoTls,
    /// An authority is named, and the address leaves no way to use it.
    #[error(
        "an authority for transport security is named, and this address has no use for it: \
         {why}; mend the address, or leave `database_ca_file` out"
    )]
    NoWay {
        /// What in the address is against it.
        why: &'static str,
    },
    /// The file of the authority cannot be used.
    #[error(
        "the file of the authority holds no certificate that can be used: it must be in PEM, \
         from `-----BEGIN CERTIFICATE-----` on"
    )]
    Authority,
    /// The server's certificate does not show that it is the server that the address names.
    #[error("the database server's certificate is not trusted: {why}; nothing was said to it")]
    Untrusted {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The server has no transport security.
    #[error(
        "the database server has no transport security: set `ssl = on` there, with its \
         certificate and key; nothing was said to it"
    )]
    ServerPlain,
    /// The server is on another machine, and the way there would be plain text.
    #[error(
        "the address names another machine, and what is said would pass the network in plain \
         text: name the authority of its certificate in `database_ca_file`, or use a unix socket"
    )]
    PlainText,
    /// The database was written by a newer version of Ken.
    #[error(
        "the database is newer than this program: `{owner}` is at {found}, and {known} is the \
         newest known here; run the newer program"
    )]
    Newer {
        /// Whose migrations.
        owner: String,
        /// The newest applied number.
        found: i64,
        /// The newest number this program knows; 0 when it does not know the owner.
        known: i64,
    },
    /// A migration that was applied has another text now.
    #[error("migration {number} of `{owner}` was changed after it was applied")]
    Changed {
        /// Whose migration.
        owner: String,
        /// Its number.
        number: i64,
    },
    /// The list of an owner does not count 1, 2, 3.
    #[error("the migrations of `{owner}` do not count up from 1 at {number}")]
    Order {
        /// Whose migrations.
        owner: &'static str,
        /// The number that is out of order.
        number: i64,
    },
    /// A migration failed; none of this run was applied.
    #[error("migration {number} of `{owner}` failed")]
    Migration {
        /// Whose migration.
        owner: &'static str,
        /// Its number.
        number: i64,
        /// What the engine said.
        #[source]
        cause: Error,
    },
    /// The file of the root key is missing its form, or others may read it.
    #[error("the root key file must hold 32 bytes and be readable by its owner alone (0600)")]
    RootKey,
    /// The engine failed.
    #[error("the database cannot be opened")]
    Store(#[from] Error),
}

impl OpenError {
    /// The stable code of this error; `docs/errors.md` explains each.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse => "store.in-use",
            Self::Place(_) => "store.place",
            Self::NotDurable { .. } => "store.not-durable",
            Self::Collation { .. } => "store.collation",
            Self::Address => "store.address",
            Self::NoTls => "store.no-tls",
            Self::NoWay { .. } => "store.no-way",
            Self::Authority => "store.authority",
            Self::Untrusted { .. } => "store.untrusted",
            Self::ServerPlain => "store.server-plain",
            Self::PlainText => "store.plain-text",
            Self::Newer { .. } => "store.newer",
            Self::Changed { .. } => "store.migration-changed",
            Self::Order { .. } => "store.migration-order",
            Self::Migration { .. } => "store.migration",
            Self::RootKey => "store.root-key",
            Self::Store(error) => error.code(),
        }
    }
}
