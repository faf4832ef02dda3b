//! The ledger's tables and statements.
//!
//! `ledger_entry` is distributed by `stream_id`; a person's stream id is the person id, so that an
//! entry lies beside the guard row on which its insertion depends. The other tables belong to the
//! one sealer.

use ken_store::Migration;

/// The ledger's tables.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "ledger",
    number: 1,
    title: "entries, leaves, tiles, checkpoints",
    sql: "
        CREATE TABLE ledger_entry (
            stream_id TEXT NOT NULL,
            entry_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            visibility TEXT NOT NULL,
            at_us BIGINT NOT NULL,
            key_id TEXT NOT NULL,
            nonce {bytes} NOT NULL,
            commitment {bytes} NOT NULL,
            detail {bytes} NOT NULL,
            sealed BIGINT NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1)),
            PRIMARY KEY (stream_id, entry_id)
        );
        CREATE INDEX ledger_entry_unsealed ON ledger_entry (at_us, entry_id) WHERE sealed = 0;
        CREATE TABLE ledger_stream (
            stream_id TEXT PRIMARY KEY,
            key_id TEXT NOT NULL
        );
        CREATE TABLE ledger_leaf (
            leaf_index BIGINT PRIMARY KEY,
            entry_id TEXT NOT NULL UNIQUE,
            stream_id TEXT NOT NULL,
            commitment {bytes} NOT NULL
        );
        CREATE TABLE ledger_tile (
            level BIGINT NOT NULL,
            tile BIGINT NOT NULL,
            hashes {bytes} NOT NULL,
            PRIMARY KEY (level, tile)
        );
        CREATE TABLE ledger_checkpoint (
            size BIGINT PRIMARY KEY,
            at_us BIGINT NOT NULL,
            note TEXT NOT NULL
        );
        CREATE TABLE ledger_cosignature (
            size BIGINT NOT NULL,
            witness TEXT NOT NULL,
            line TEXT NOT NULL,
            PRIMARY KEY (size, witness)
        );
        CREATE TABLE ledger_sealer (
            one BIGINT PRIMARY KEY CHECK (one = 1),
            log_key TEXT NOT NULL,
            holder TEXT NOT NULL,
            fence BIGINT NOT NULL,
            until_us BIGINT NOT NULL,
            size BIGINT NOT NULL
        );
        CREATE TABLE ledger_erasure (
            key_id TEXT PRIMARY KEY,
            stream_id TEXT NOT NULL,
            entry_id TEXT NOT NULL,
            at_us BIGINT NOT NULL
        );
    ",
}];

/// What an insertion fills in.
macro_rules! insert {
    () => {
        "INSERT INTO ledger_entry (stream_id, entry_id, kind, visibility, at_us, key_id, nonce, \
         commitment, detail) "
    };
}

/// One row of values, given its nine parameters; typed ones, for a list that stands by itself.
macro_rules! row {
    (plain $a:literal $b:literal $c:literal $d:literal $e:literal $f:literal
        $g:literal $h:literal $i:literal) => {
        concat!(
            "($", $a, ", $", $b, ", $", $c, ", $", $d, ", $", $e, ", $", $f, ", $", $g, ", $", $h,
            ", $", $i, ")"
        )
    };
    (typed $a:literal $b:literal $c:literal $d:literal $e:literal $f:literal
        $g:literal $h:literal $i:literal) => {
        concat!(
            "(CAST($",
            $a,
            " AS TEXT), CAST($",
            $b,
            " AS TEXT), CAST($",
            $c,
            " AS TEXT), CAST($",
            $d,
            " AS TEXT), CAST($",
            $e,
            " AS BIGINT), CAST($",
            $f,
            " AS TEXT), CAST($",
            $g,
            " AS BYTEA), CAST($",
            $h,
            " AS BYTEA), CAST($",
            $i,
            " AS BYTEA))"
        )
    };
}

/// Several rows, after the first parameters of the condition.
macro_rules! rows {
    ($how:ident [$($first:literal)*] $([$($next:literal)*])*) => {
        concat!(row!($how $($first)*), $(", ", row!($how $($next)*)),*)
    };
}

/// Entries whatever the state; all or none.
macro_rules! append {
    ($($row:tt)*) => { concat!(insert!(), "VALUES ", rows!(plain $($row)*)) };
}

/// Entries if the person's epoch ($2) and the policy ($3) are still what was decided by.
macro_rules! append_if {
    ($how:ident, $lock:literal, $($row:tt)*) => {
        concat!(
            insert!(),
            "SELECT e.* FROM (VALUES ", rows!($how $($row)*), ") AS e, person_guard g, \
             policy_head p WHERE g.person_id = $1 AND g.epoch = $2 AND p.id = 'policy' \
             AND p.version = $3", $lock
        )
    };
}

ken_store::statements! {
    /// One entry.
    APPEND_1 = append!([1 2 3 4 5 6 7 8 9]);
    /// Two entries.
    APPEND_2 = append!([1 2 3 4 5 6 7 8 9] [10 11 12 13 14 15 16 17 18]);
    /// Four entries.
    APPEND_4 = append!([1 2 3 4 5 6 7 8 9] [10 11 12 13 14 15 16 17 18]
        [19 20 21 22 23 24 25 26 27] [28 29 30 31 32 33 34 35 36]);
    /// One entry, if current. Variant: PostgreSQL locks the guard row and wants types.
    APPEND_IF_1 = append_if!(plain, "", [4 5 6 7 8 9 10 11 12]),
        postgres = append_if!(typed, " FOR SHARE OF g", [4 5 6 7 8 9 10 11 12]);
    /// Two entries, if current. Variant: as for one.
    APPEND_IF_2 = append_if!(plain, "", [4 5 6 7 8 9 10 11 12] [13 14 15 16 17 18 19 20 21]),
        postgres = append_if!(typed, " FOR SHARE OF g", [4 5 6 7 8 9 10 11 12]
            [13 14 15 16 17 18 19 20 21]);
    /// Four entries, if current. Variant: as for one.
    APPEND_IF_4 = append_if!(plain, "", [4 5 6 7 8 9 10 11 12] [13 14 15 16 17 18 19 20 21]
            [22 23 24 25 26 27 28 29 30] [31 32 33 34 35 36 37 38 39]),
        postgres = append_if!(typed, " FOR SHARE OF g", [4 5 6 7 8 9 10 11 12]
            [13 14 15 16 17 18 19 20 21] [22 23 24 25 26 27 28 29 30]
            [31 32 33 34 35 36 37 38 39]);
    /// The key of a stream's details.
    STREAM_KEY = "SELECT key_id FROM ledger_stream WHERE stream_id = $1";
    /// The keys of some streams.
    STREAM_KEYS = "
        SELECT stream_id, key_id FROM ledger_stream WHERE stream_id IN ($1, $2, $3, $4)";
    /// Gives a stream its first key.
    STREAM_TAKE_KEY = "
        INSERT INTO ledger_stream (stream_id, key_id) VALUES ($1, $2)
        ON CONFLICT (stream_id) DO NOTHING";
    /// Takes a stream's key away, so that the next entry begins with a new one.
    STREAM_DROP_KEY = "DELETE FROM ledger_stream WHERE stream_id = $1";
    /// One entry.
    ENTRY = "
        SELECT stream_id, entry_id, kind, visibility, at_us, key_id, nonce, commitment, detail
        FROM ledger_entry WHERE stream_id = $1 AND entry_id = $2";
    /// What the receipt of an entry says.
    RECEIPT = "
        SELECT at_us, commitment FROM ledger_entry WHERE stream_id = $1 AND entry_id = $2";
    /// A page of a stream, newest first, before an entry.
    STREAM_PAGE = "
        SELECT stream_id, entry_id, kind, visibility, at_us, key_id, nonce, commitment, detail
        FROM ledger_entry WHERE stream_id = $1 AND entry_id < $2
        ORDER BY entry_id DESC LIMIT $3";
    /// A page of what the person sees, newest first, before an entry.
    STREAM_PAGE_VISIBLE = "
        SELECT stream_id, entry_id, kind, visibility, at_us, key_id, nonce, commitment, detail
        FROM ledger_entry WHERE stream_id = $1 AND entry_id < $2 AND visibility = 'now'
        ORDER BY entry_id DESC LIMIT $3";
    /// The same, of looks and of checks of them alone.
    STREAM_PAGE_LOOKS = "
        SELECT stream_id, entry_id, kind, visibility, at_us, key_id, nonce, commitment, detail
        FROM ledger_entry WHERE stream_id = $1 AND entry_id < $2 AND visibility = 'now'
          AND kind IN ('permit', 'told', 'emergency-review')
        ORDER BY entry_id DESC LIMIT $3";
    /// When the oldest entry without a leaf was written.
    OLDEST_UNSEALED = "SELECT MIN(at_us) FROM ledger_entry WHERE sealed = 0";
    /// Makes the sealer's row, where there is none.
    SEALER_CREATE = "
        INSERT INTO ledger_sealer (one, log_key, holder, fence, until_us, size)
        VALUES (1, $1, '', 0, 0, 0) ON CONFLICT (one) DO NOTHING";
    /// The log's verifier key.
    LOG_KEY = "SELECT log_key FROM ledger_sealer WHERE one = 1";
    /// The size of the log.
    LOG_SIZE = "SELECT size FROM ledger_sealer WHERE one = 1";
    /// The log's verifier key and its size.
    LOG_HEAD = "SELECT log_key, size FROM ledger_sealer WHERE one = 1";
    /// The sealer's row, to the end of the transaction. Variant: SQLite has one writer.
    SEALER_HOLD = "SELECT size FROM ledger_sealer WHERE one = 1",
        postgres = "SELECT size FROM ledger_sealer WHERE one = 1 FOR UPDATE";
    /// Takes the lease ($1, until $2) if it has run out at $3, or ends beyond any lease ($4).
    LEASE_TAKE = "
        UPDATE ledger_sealer SET holder = $1, fence = fence + 1, until_us = $2
        WHERE one = 1 AND (until_us <= $3 OR until_us > $4) RETURNING fence";
    /// Keeps the lease, and, on PostgreSQL, the sealer's row to the end of the transaction.
    LEASE_KEEP = "
        UPDATE ledger_sealer SET until_us = $1 WHERE one = 1 AND holder = $2 AND fence = $3
        RETURNING size";
    /// Gives the lease up.
    LEASE_GIVE = "
        UPDATE ledger_sealer SET until_us = 0 WHERE one = 1 AND holder = $1 AND fence = $2";
    /// Gives indices, from $1, to at most $2 entries that have none, whatever their ids.
    SEAL = "
        INSERT INTO ledger_leaf (leaf_index, entry_id, stream_id, commitment)
        SELECT CAST($1 AS BIGINT) - 1 + ROW_NUMBER() OVER (ORDER BY e.at_us, e.entry_id),
            e.entry_id, e.stream_id, e.commitment
        FROM (SELECT at_us, entry_id, stream_id, commitment FROM ledger_entry u
            WHERE u.sealed = 0
            AND NOT EXISTS (SELECT 1 FROM ledger_leaf l WHERE l.entry_id = u.entry_id)
            ORDER BY u.at_us, u.entry_id LIMIT $2) e";
    /// Marks the entries of the leaves from $1.
    SEAL_MARK = "
        UPDATE ledger_entry SET sealed = 1 WHERE (stream_id, entry_id) IN
        (SELECT stream_id, entry_id FROM ledger_leaf WHERE leaf_index >= $1)";
    /// Marks entries that have a leaf, but were not marked: after a failure between shards.
    SEAL_MEND = "
        UPDATE ledger_entry SET sealed = 1 WHERE sealed = 0
        AND EXISTS (SELECT 1 FROM ledger_leaf l WHERE l.entry_id = ledger_entry.entry_id)";
    /// The log has grown to $1.
    SEAL_SIZE = "UPDATE ledger_sealer SET size = $1 WHERE one = 1";
    /// The commitments of the leaves from $1 up to, not including, $2.
    LEAVES_BETWEEN = "
        SELECT commitment FROM ledger_leaf WHERE leaf_index >= $1 AND leaf_index < $2
        ORDER BY leaf_index";
    /// The index of an entry's leaf.
    LEAF_INDEX = "SELECT leaf_index FROM ledger_leaf WHERE entry_id = $1";
    /// Leaves from $1, at most $2, with their entries; an entry that is gone leaves nulls.
    AUDIT = "
        SELECT l.leaf_index, l.commitment, e.stream_id, e.entry_id, e.kind, e.visibility, e.at_us,
            e.key_id, e.nonce, e.commitment, e.detail
        FROM ledger_leaf l LEFT JOIN ledger_entry e
            ON e.stream_id = l.stream_id AND e.entry_id = l.entry_id
        WHERE l.leaf_index >= $1 ORDER BY l.leaf_index LIMIT $2";
    /// The leaves from $1 up to, not including, $2, with their entries: of what kind one is, only
    /// what was sealed says. An entry that is gone leaves nulls.
    SCAN = "
        SELECT l.leaf_index, l.commitment, e.stream_id, e.entry_id, e.kind, e.visibility, e.at_us,
            e.key_id, e.nonce, e.commitment, e.detail
        FROM ledger_leaf l LEFT JOIN ledger_entry e
            ON e.stream_id = l.stream_id AND e.entry_id = l.entry_id
        WHERE l.leaf_index >= $1 AND l.leaf_index < $2 ORDER BY l.leaf_index";
    /// Entries that have no leaf yet, at most $1.
    SCAN_UNSEALED = "
        SELECT stream_id, entry_id, kind, visibility, at_us, key_id, nonce, commitment, detail
        FROM ledger_entry WHERE sealed = 0 ORDER BY at_us, entry_id LIMIT $1";
    /// How many decisions have no leaf yet.
    UNSEALED_DECISIONS = "
        SELECT COUNT(*) FROM ledger_entry
        WHERE sealed = 0 AND kind IN ('permit', 'need', 'deny')";
    /// Entries after one ($1, $2), at most $3, and whether they are marked and have a leaf.
    AUDIT_ENTRIES = "
        SELECT e.stream_id, e.entry_id, e.sealed, l.leaf_index
        FROM ledger_entry e LEFT JOIN ledger_leaf l ON l.entry_id = e.entry_id
        WHERE (e.stream_id, e.entry_id) > ($1, $2)
        ORDER BY e.stream_id, e.entry_id LIMIT $3";
    /// A tile.
    TILE = "SELECT hashes FROM ledger_tile WHERE level = $1 AND tile = $2";
    /// Stores a tile, or more of it.
    TILE_PUT = "
        INSERT INTO ledger_tile (level, tile, hashes) VALUES ($1, $2, $3)
        ON CONFLICT (level, tile) DO UPDATE SET hashes = excluded.hashes";
    /// The newest checkpoint.
    CHECKPOINT_NEWEST = "
        SELECT size, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1";
    /// The newest checkpoints that a witness has cosigned, newest first.
    CHECKPOINTS_COSIGNED = "
        SELECT size, note FROM ledger_checkpoint c
        WHERE EXISTS (SELECT 1 FROM ledger_cosignature s WHERE s.size = c.size)
        ORDER BY size DESC LIMIT $1";
    /// Stores a checkpoint.
    CHECKPOINT_PUT = "
        INSERT INTO ledger_checkpoint (size, at_us, note) VALUES ($1, $2, $3)
        ON CONFLICT (size) DO NOTHING";
    /// Forgets older checkpoints that nobody has cosigned: the tiles give them back.
    CHECKPOINTS_FORGET = "
        DELETE FROM ledger_checkpoint WHERE size < $1 AND NOT EXISTS
        (SELECT 1 FROM ledger_cosignature s WHERE s.size = ledger_checkpoint.size)";
    /// The cosignatures of one checkpoint.
    COSIGNATURES = "SELECT line FROM ledger_cosignature WHERE size = $1 ORDER BY witness";
    /// Sizes, at most $1, that a witness has cosigned and whose checkpoint is gone.
    COSIGNED_LOST = "
        SELECT DISTINCT size FROM ledger_cosignature s WHERE NOT EXISTS
        (SELECT 1 FROM ledger_checkpoint c WHERE c.size = s.size) ORDER BY size LIMIT $1";
    /// Stores a cosignature; a later one of the same witness replaces it.
    COSIGNATURE_PUT = "
        INSERT INTO ledger_cosignature (size, witness, line) VALUES ($1, $2, $3)
        ON CONFLICT (size, witness) DO UPDATE SET line = excluded.line";
    /// Writes down that a key is to be destroyed, and which entry certifies it.
    ERASURE_PUT = "
        INSERT INTO ledger_erasure (key_id, stream_id, entry_id, at_us) VALUES ($1, $2, $3, $4)
        ON CONFLICT (key_id) DO NOTHING";
    /// Keys to destroy again after a restore, after $1, at most $2.
    ERASURES = "SELECT key_id FROM ledger_erasure WHERE key_id > $1 ORDER BY key_id LIMIT $2";
}
