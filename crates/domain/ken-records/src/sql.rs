//! Every statement of this crate, and its tables. All are about one person.

use ken_store::{Migration, statements};

/// The tables of this crate, oldest first.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "ken-records",
    number: 1,
    title: "items and their versions",
    sql: "
CREATE TABLE record_key (person_id TEXT PRIMARY KEY, key_id TEXT NOT NULL);
CREATE TABLE record_item (
  person_id TEXT NOT NULL, resource_id TEXT NOT NULL, source TEXT NOT NULL, item_key TEXT NOT NULL,
  resource_type TEXT NOT NULL, class_id TEXT NOT NULL, version BIGINT NOT NULL,
  event_us BIGINT, PRIMARY KEY (person_id, resource_id)
);
CREATE UNIQUE INDEX record_item_of_source ON record_item (person_id, source, item_key);
CREATE INDEX record_item_of_class ON record_item (person_id, class_id, event_us);
CREATE TABLE record_version (
  person_id TEXT NOT NULL, resource_id TEXT NOT NULL, version BIGINT NOT NULL,
  class_id TEXT NOT NULL, message_id TEXT NOT NULL, filed_us BIGINT NOT NULL,
  key_id TEXT NOT NULL, body {bytes} NOT NULL,
  PRIMARY KEY (person_id, resource_id, version)
);
",
}];

statements! {
    /// The key of a person's bodies.
    FIND_KEY = "SELECT key_id FROM record_key WHERE person_id = $1";
    /// Gives a person their key.
    INSERT_KEY = "INSERT INTO record_key (person_id, key_id) VALUES ($1, $2)
        ON CONFLICT (person_id) DO NOTHING";
    /// The current version of what a source calls by this key.
    FIND_ITEM = "SELECT i.resource_id, i.version, i.class_id, v.key_id, v.body
        FROM record_item i JOIN record_version v
          ON v.person_id = i.person_id AND v.resource_id = i.resource_id AND v.version = i.version
        WHERE i.person_id = $1 AND i.source = $2 AND i.item_key = $3";
    /// Points to an item's current version.
    UPSERT_ITEM = "INSERT INTO record_item
        (person_id, resource_id, source, item_key, resource_type, class_id, version, event_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (person_id, resource_id) DO UPDATE
        SET class_id = excluded.class_id, version = excluded.version, event_us = excluded.event_us";
    /// Keeps a version for ever.
    INSERT_VERSION = "INSERT INTO record_version
        (person_id, resource_id, version, class_id, message_id, filed_us, key_id, body)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// The current items of the permitted classes, the newest first. The mask is the list of
    /// classes; unused places repeat one that is used.
    LIST_PERMITTED = "SELECT i.resource_id, i.version, i.class_id, i.resource_type, i.event_us,
          v.filed_us, v.key_id, v.body
        FROM record_item i JOIN record_version v
          ON v.person_id = i.person_id AND v.resource_id = i.resource_id AND v.version = i.version
        WHERE i.person_id = $1 AND i.class_id IN ($2, $3, $4, $5, $6, $7, $8, $9)
        ORDER BY i.event_us DESC, i.resource_id LIMIT $10";
}
