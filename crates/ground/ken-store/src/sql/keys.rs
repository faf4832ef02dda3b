//! The table and statements of the key store, which is a database of its own.

use crate::Migration;

/// The key store's table.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "keys",
    number: 1,
    title: "wrapped keys",
    sql: "
        CREATE TABLE store_key (
            key_id TEXT PRIMARY KEY,
            wrapped {bytes},
            made_at BIGINT NOT NULL,
            erased_at BIGINT,
            CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
        );
    ",
}];

crate::statements! {
    /// Adds a key.
    KEY_INSERT = "
        INSERT INTO store_key (key_id, wrapped, made_at) VALUES ($1, $2, $3)";
    /// A key as it is kept; no bytes once it is erased.
    KEY_FIND = "
        SELECT wrapped FROM store_key WHERE key_id = $1";
    /// Some key that is not erased, to try the root key on.
    KEY_ANY = "
        SELECT key_id, wrapped FROM store_key WHERE wrapped IS NOT NULL LIMIT 1";
    /// Erases a key for good.
    KEY_ERASE = "
        UPDATE store_key SET wrapped = NULL, erased_at = $2
        WHERE key_id = $1 AND wrapped IS NOT NULL";
}
