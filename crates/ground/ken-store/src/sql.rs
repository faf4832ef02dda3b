//! The store's own tables and statements.

pub(crate) mod keys;
pub(crate) mod measure;
pub(crate) mod node;
pub(crate) mod outbox;
pub(crate) mod room;
pub(crate) mod timer;

use crate::Migration;

/// The store's tables.
pub const MIGRATIONS: &[Migration] = &[
    Migration { owner: "store", number: 1, title: "guards and policy head", sql: GUARDS },
    Migration { owner: "store", number: 2, title: "timers", sql: timer::TABLE },
    Migration { owner: "store", number: 3, title: "outbox", sql: outbox::TABLES },
    Migration { owner: "store", number: 4, title: "what is looked for", sql: LOOKED_FOR },
    Migration { owner: "store", number: 5, title: "nodes", sql: node::TABLE },
    Migration { owner: "store", number: 6, title: "room", sql: room::TABLE },
];

/// A guard for each person, and the head of what is decided by without one.
const GUARDS: &str = "
    CREATE TABLE person_guard (
        person_id TEXT PRIMARY KEY,
        epoch BIGINT NOT NULL,
        barrier TEXT
    );
    CREATE TABLE policy_head (
        id TEXT PRIMARY KEY,
        version BIGINT NOT NULL
    );
    INSERT INTO policy_head (id, version) VALUES ('policy', 1);";

/// Who is being put right, and what of the outbox has ended.
const LOOKED_FOR: &str = "
    CREATE INDEX person_guard_barred ON person_guard (person_id) WHERE barrier IS NOT NULL;
    CREATE INDEX store_outbox_ended ON store_outbox (state, ended_at);";

/// Where the database remembers what was applied. Made by every run, before anything else.
pub(crate) const MEMORY: &str = "
    CREATE TABLE IF NOT EXISTS store_migration (
        owner TEXT NOT NULL,
        number BIGINT NOT NULL,
        title TEXT NOT NULL,
        digest TEXT NOT NULL,
        applied_at BIGINT NOT NULL,
        PRIMARY KEY (owner, number)
    );";

/// What a PostgreSQL database sorts by, and whether its server keeps what it is given.
pub(crate) const POSTGRES_FACTS: &str = "
    SELECT datcollate::text, pg_encoding_to_char(encoding)::text,
           current_setting('fsync'), current_setting('full_page_writes'),
           current_setting('synchronous_commit'), current_setting('default_transaction_read_only')
    FROM pg_database WHERE datname = current_database()";

crate::statements! {
    /// What has been applied.
    MIGRATIONS_APPLIED = "
        SELECT owner, number, digest FROM store_migration ORDER BY owner, number";
    /// Remembers what has been applied.
    MIGRATION_INSERT = "
        INSERT INTO store_migration (owner, number, title, digest, applied_at)
        VALUES ($1, $2, $3, $4, $5)";
    /// Gives a person a guard row, where there is none.
    GUARD_CREATE = "
        INSERT INTO person_guard (person_id, epoch) VALUES ($1, 1)
        ON CONFLICT (person_id) DO NOTHING";
    /// Takes one person's guard. Variant: SQLite has one writer, whose turn is the lock.
    GUARD_LOCK = "
        SELECT epoch, barrier FROM person_guard WHERE person_id = $1",
        postgres = "
        SELECT epoch, barrier FROM person_guard WHERE person_id = $1 FOR UPDATE";
    /// One person's epoch and barrier.
    GUARD_FIND = "
        SELECT epoch, barrier FROM person_guard WHERE person_id = $1";
    /// A sharing fact of the person has changed.
    GUARD_BUMP = "
        UPDATE person_guard SET epoch = epoch + 1 WHERE person_id = $1";
    /// Marks one person as being put right, who is not.
    GUARD_BAR = "
        UPDATE person_guard SET epoch = epoch + 1, barrier = $2
        WHERE person_id = $1 AND barrier IS NULL";
    /// Unmarks one person whom this operation has marked.
    GUARD_UNBAR = "
        UPDATE person_guard SET epoch = epoch + 1, barrier = NULL
        WHERE person_id = $1 AND barrier = $2";
    /// Who is being put right.
    GUARDS_BARRED = "
        SELECT person_id, barrier FROM person_guard WHERE barrier IS NOT NULL
        ORDER BY person_id LIMIT $1";
    /// The version of what is decided by without a person.
    POLICY_FIND = "
        SELECT version FROM policy_head WHERE id = 'policy'";
    /// A fact without a person has changed.
    POLICY_BUMP = "
        UPDATE policy_head SET version = version + 1 WHERE id = 'policy' RETURNING version";
}
