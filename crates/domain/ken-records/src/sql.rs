//! Every statement of this crate, and its tables. All are about one person.

use ken_store::{Migration, statements};

/// The tables of this crate, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
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
    },
    Migration {
        owner: "ken-records",
        number: 2,
        title: "under which number, what ended, what moves",
        sql: "
ALTER TABLE record_item ADD COLUMN under_number TEXT NOT NULL DEFAULT '';
ALTER TABLE record_item ADD COLUMN status TEXT NOT NULL DEFAULT 'current';
CREATE INDEX record_item_under ON record_item (person_id, source, under_number);
CREATE TABLE record_move (
  person_id TEXT NOT NULL, move_id TEXT NOT NULL, to_id TEXT NOT NULL, source TEXT NOT NULL,
  under_number TEXT NOT NULL, takes_unknown BIGINT NOT NULL CHECK (takes_unknown IN (0, 1)),
  moved BIGINT NOT NULL, made_us BIGINT NOT NULL, done_us BIGINT,
  PRIMARY KEY (person_id, move_id)
);
CREATE INDEX record_move_open ON record_move (made_us, move_id) WHERE done_us IS NULL;
",
    },
    Migration {
        owner: "ken-records",
        number: 3,
        title: "what ended before it came",
        sql: "
CREATE TABLE record_ending (
  person_id TEXT NOT NULL, source TEXT NOT NULL, under_number TEXT NOT NULL,
  own_like TEXT NOT NULL, cut_like TEXT NOT NULL, status TEXT NOT NULL,
  PRIMARY KEY (person_id, source, own_like, under_number)
);
CREATE INDEX record_move_to ON record_move (to_id) WHERE done_us IS NULL;
",
    },
    Migration {
        owner: "ken-records",
        number: 4,
        title: "moves that fail, an item for each number",
        sql: "
ALTER TABLE record_move ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE record_move ADD COLUMN failure TEXT NOT NULL DEFAULT '';
ALTER TABLE record_move ADD COLUMN retry_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE record_move ADD COLUMN goes_back BIGINT NOT NULL DEFAULT 0;
DROP INDEX record_item_of_source;
CREATE UNIQUE INDEX record_item_of_number
  ON record_item (person_id, source, item_key, under_number);
",
    },
    Migration {
        owner: "ken-records",
        number: 5,
        title: "when a source said a version",
        sql: "
ALTER TABLE record_version ADD COLUMN said_us BIGINT;
",
    },
    Migration {
        owner: "ken-records",
        number: 6,
        title: "for which merge something moves",
        sql: "
ALTER TABLE record_move ADD COLUMN merge_id TEXT NOT NULL DEFAULT '';
",
    },
    Migration {
        owner: "ken-records",
        number: 7,
        title: "names that say nothing",
        sql: "
CREATE TABLE record_names_kept (
  is_only BIGINT PRIMARY KEY CHECK (is_only = 1)
);
",
    },
];

statements! {
    /// The key of a person's bodies. Whoever files for the same person waits here for whoever was
    /// first; SQLite has one writer anyway.
    FIND_KEY = "SELECT key_id FROM record_key WHERE person_id = $1",
        postgres = "SELECT key_id FROM record_key WHERE person_id = $1 FOR UPDATE";
    /// The key of a person's bodies, without holding it.
    FIND_KEY_ALONE = "SELECT key_id FROM record_key WHERE person_id = $1";
    /// Gives a person their key.
    INSERT_KEY = "INSERT INTO record_key (person_id, key_id) VALUES ($1, $2)
        ON CONFLICT (person_id) DO NOTHING";
    /// The current versions of what a source calls by these keys under a number, and of what it
    /// called so before numbers were noted; unused places repeat one.
    FIND_ITEMS = "SELECT i.item_key, i.resource_id, i.version, i.class_id, v.key_id, v.body,
          i.status, i.under_number
        FROM record_item i JOIN record_version v
          ON v.person_id = i.person_id AND v.resource_id = i.resource_id AND v.version = i.version
        WHERE i.person_id = $1 AND i.source = $2 AND i.under_number IN ($3, '')
          AND i.item_key IN ($4, $5, $6, $7, $8, $9, $10, $11)";
    /// Points to an item's current version. An event without a new one stays, and so does its
    /// status, but for what stood beside another: it is told again, and holds.
    UPSERT_ITEM = "INSERT INTO record_item (person_id, resource_id, source, item_key,
          resource_type, class_id, version, event_us, under_number)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (person_id, resource_id) DO UPDATE SET class_id = excluded.class_id,
          version = excluded.version, under_number = excluded.under_number,
          status = CASE record_item.status WHEN 'merged' THEN 'current'
            ELSE record_item.status END,
          event_us = COALESCE(excluded.event_us, record_item.event_us)";
    /// Points to the current versions of two items.
    UPSERT_ITEM_2 = "INSERT INTO record_item (person_id, resource_id, source, item_key,
          resource_type, class_id, version, event_us, under_number)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9),
          ($10, $11, $12, $13, $14, $15, $16, $17, $18)
        ON CONFLICT (person_id, resource_id) DO UPDATE SET class_id = excluded.class_id,
          version = excluded.version, under_number = excluded.under_number,
          status = CASE record_item.status WHEN 'merged' THEN 'current'
            ELSE record_item.status END,
          event_us = COALESCE(excluded.event_us, record_item.event_us)";
    /// Points to the current versions of four items.
    UPSERT_ITEM_4 = "INSERT INTO record_item (person_id, resource_id, source, item_key,
          resource_type, class_id, version, event_us, under_number)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9),
          ($10, $11, $12, $13, $14, $15, $16, $17, $18),
          ($19, $20, $21, $22, $23, $24, $25, $26, $27),
          ($28, $29, $30, $31, $32, $33, $34, $35, $36)
        ON CONFLICT (person_id, resource_id) DO UPDATE SET class_id = excluded.class_id,
          version = excluded.version, under_number = excluded.under_number,
          status = CASE record_item.status WHEN 'merged' THEN 'current'
            ELSE record_item.status END,
          event_us = COALESCE(excluded.event_us, record_item.event_us)";
    /// Keeps a version for ever.
    INSERT_VERSION = "INSERT INTO record_version
        (person_id, resource_id, version, class_id, message_id, filed_us, key_id, body, said_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Keeps two versions for ever.
    INSERT_VERSION_2 = "INSERT INTO record_version
        (person_id, resource_id, version, class_id, message_id, filed_us, key_id, body, said_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9),
          ($10, $11, $12, $13, $14, $15, $16, $17, $18)";
    /// Keeps four versions for ever.
    INSERT_VERSION_4 = "INSERT INTO record_version
        (person_id, resource_id, version, class_id, message_id, filed_us, key_id, body, said_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9),
          ($10, $11, $12, $13, $14, $15, $16, $17, $18),
          ($19, $20, $21, $22, $23, $24, $25, $26, $27),
          ($28, $29, $30, $31, $32, $33, $34, $35, $36)";
    /// The newest version of an item that its source had said by an instant.
    FIND_BY_THEN = "SELECT version, class_id, key_id, body FROM record_version
        WHERE person_id = $1 AND resource_id = $2 AND (said_us IS NULL OR said_us <= $3)
        ORDER BY version DESC LIMIT 1";
    /// The class of an item by what its source had said before it said a message.
    CLASS_BY_THEN = "SELECT class_id FROM record_version
        WHERE person_id = $1 AND resource_id = $2
          AND (said_us IS NULL OR said_us < $3 OR (said_us = $3 AND message_id < $4))
        ORDER BY version DESC LIMIT 1";
    /// Whether its source had told an item before it said a message.
    TOLD_BEFORE = "SELECT 1 FROM record_version
        WHERE person_id = $1 AND resource_id = $2
          AND (said_us IS NULL OR said_us < $3 OR (said_us = $3 AND message_id < $4))
        LIMIT 1";
    /// The current items of the permitted classes that stand whatever has happened, without their
    /// bodies. The mask is the list of classes; unused places repeat one that is used.
    LIST_STANDING = "SELECT i.resource_id, i.version, i.class_id, i.resource_type, i.event_us,
          v.filed_us, v.key_id, CAST(LENGTH(v.body) AS BIGINT), v.message_id, i.status
        FROM record_item i JOIN record_version v
          ON v.person_id = i.person_id AND v.resource_id = i.resource_id AND v.version = i.version
        WHERE i.person_id = $1 AND i.class_id IN ($2, $3, $4, $5, $6, $7, $8, $9)
          AND i.resource_type IN
            ('Patient', 'RelatedPerson', 'Flag', 'CarePlan', 'AllergyIntolerance')
        ORDER BY COALESCE(i.event_us, -9000000000000000000) DESC, i.resource_id DESC LIMIT $10";
    /// The newest of what was written in the permitted classes, without bodies: of a class of
    /// summaries for urgent care these are the summaries, and not the conditions beside them.
    LIST_SUMMARIES = "SELECT i.resource_id, i.version, i.class_id, i.resource_type, i.event_us,
          v.filed_us, v.key_id, CAST(LENGTH(v.body) AS BIGINT), v.message_id, i.status
        FROM record_item i JOIN record_version v
          ON v.person_id = i.person_id AND v.resource_id = i.resource_id AND v.version = i.version
        WHERE i.person_id = $1 AND i.class_id IN ($2, $3, $4, $5, $6, $7, $8, $9)
          AND i.resource_type IN ('DocumentReference', 'QuestionnaireResponse')
          AND i.status = 'current'
        ORDER BY COALESCE(i.event_us, -9000000000000000000) DESC, i.resource_id DESC LIMIT $10";
    /// The newest current items of the permitted classes between two points, by row and not by
    /// count, without their bodies.
    LIST_PART = "SELECT i.resource_id, i.version, i.class_id, i.resource_type, i.event_us,
          v.filed_us, v.key_id, CAST(LENGTH(v.body) AS BIGINT), v.message_id, i.status
        FROM (SELECT person_id, resource_id, version, class_id, resource_type, event_us, status
            FROM record_item
            WHERE person_id = $1 AND class_id IN ($2, $3, $4, $5, $6, $7, $8, $9)
              AND resource_type NOT IN ('Patient', 'RelatedPerson')
              AND (COALESCE(event_us, -9000000000000000000), resource_id) < ($10, $11)
              AND (COALESCE(event_us, -9000000000000000000), resource_id) > ($12, $13)
            ORDER BY COALESCE(event_us, -9000000000000000000) DESC, resource_id DESC
            LIMIT $14) i
        JOIN record_version v
          ON v.person_id = i.person_id AND v.resource_id = i.resource_id AND v.version = i.version";
    /// The oldest of the same.
    LIST_PART_RISING = "SELECT i.resource_id, i.version, i.class_id, i.resource_type, i.event_us,
          v.filed_us, v.key_id, CAST(LENGTH(v.body) AS BIGINT), v.message_id, i.status
        FROM (SELECT person_id, resource_id, version, class_id, resource_type, event_us, status
            FROM record_item
            WHERE person_id = $1 AND class_id IN ($2, $3, $4, $5, $6, $7, $8, $9)
              AND resource_type NOT IN ('Patient', 'RelatedPerson')
              AND (COALESCE(event_us, -9000000000000000000), resource_id) < ($10, $11)
              AND (COALESCE(event_us, -9000000000000000000), resource_id) > ($12, $13)
            ORDER BY COALESCE(event_us, -9000000000000000000), resource_id
            LIMIT $14) i
        JOIN record_version v
          ON v.person_id = i.person_id AND v.resource_id = i.resource_id AND v.version = i.version";
    /// When the newest version of a class was filed about a person, by an instant.
    FILED_BY = "SELECT MAX(filed_us) FROM record_version
        WHERE person_id = $1 AND class_id = $2 AND filed_us <= $3";
    /// What happened to a person between two instants and stands: the next items after one.
    HAPPENED = "SELECT resource_id, class_id, event_us FROM record_item
        WHERE person_id = $1 AND resource_id > $2 AND event_us >= $3 AND event_us < $4
          AND status = 'current' AND resource_type NOT IN
            ('Patient', 'RelatedPerson', 'Flag', 'CarePlan', 'AllergyIntolerance')
        ORDER BY resource_id LIMIT $5";
    /// The versions of a person's next items after one, each with the class, the number, when it
    /// was filed, and when the next version took its place.
    HELD_TIMES = "SELECT i.resource_id, v.class_id, i.under_number, v.filed_us,
          LEAD(v.filed_us) OVER (PARTITION BY v.resource_id ORDER BY v.version)
        FROM (SELECT person_id, resource_id, under_number FROM record_item
            WHERE person_id = $1 AND resource_id > $2 ORDER BY resource_id LIMIT $3) i
        JOIN record_version v ON v.person_id = i.person_id AND v.resource_id = i.resource_id
        ORDER BY i.resource_id, v.version";
    /// The messages that made the newest versions of an item that were said since an instant.
    MADE_SINCE = "SELECT message_id FROM record_version
        WHERE person_id = $1 AND resource_id = $2 AND said_us > $3
        ORDER BY version DESC LIMIT $4";
    /// The bodies of the current versions of these items; unused places repeat one.
    LIST_BODIES = "SELECT i.resource_id, v.body
        FROM record_item i JOIN record_version v
          ON v.person_id = i.person_id AND v.resource_id = i.resource_id AND v.version = i.version
        WHERE i.person_id = $1 AND i.resource_id IN ($2, $3, $4, $5, $6, $7, $8, $9,
          $10, $11, $12, $13, $14, $15, $16, $17)";
    /// The versions of an item that are of the permitted classes, the newest first, without their
    /// bodies; unused places repeat one that is used.
    LIST_VERSIONS = "SELECT i.resource_id, v.version, v.class_id, i.resource_type, i.event_us,
          v.filed_us, v.key_id, CAST(LENGTH(v.body) AS BIGINT), v.message_id, i.status
        FROM record_item i JOIN record_version v
          ON v.person_id = i.person_id AND v.resource_id = i.resource_id
        WHERE i.person_id = $1 AND i.resource_id = $2
          AND v.class_id IN ($3, $4, $5, $6, $7, $8, $9, $10)
        ORDER BY v.version DESC LIMIT $11";
    /// The bodies of these versions of an item; unused places repeat one.
    VERSION_BODIES = "SELECT version, body FROM record_version
        WHERE person_id = $1 AND resource_id = $2
          AND version IN ($3, $4, $5, $6, $7, $8, $9, $10)";
    /// What an item is called, and how it stands.
    ITEM_CALLED = "SELECT source, item_key, status, class_id, version FROM record_item
        WHERE person_id = $1 AND resource_id = $2";
    /// Under which number a source has an item of this key.
    UNDER_NAMED = "SELECT under_number FROM record_item
        WHERE person_id = $1 AND source = $2 AND item_key = $3 ORDER BY under_number LIMIT 1";
    /// The items of a source in six runs of names that stand otherwise than $3 says and may come
    /// to stand so.
    FIND_STANDING = "SELECT resource_id, item_key, under_number FROM record_item
        WHERE person_id = $1 AND source = $2 AND item_key BETWEEN $5 AND $6
          AND (status = 'current' OR ($3 = 'entered-in-error' AND status <> $3))
        UNION ALL SELECT resource_id, item_key, under_number FROM record_item
        WHERE person_id = $1 AND source = $2 AND item_key BETWEEN $7 AND $8
          AND (status = 'current' OR ($3 = 'entered-in-error' AND status <> $3))
        UNION ALL SELECT resource_id, item_key, under_number FROM record_item
        WHERE person_id = $1 AND source = $2 AND item_key BETWEEN $9 AND $10
          AND (status = 'current' OR ($3 = 'entered-in-error' AND status <> $3))
        UNION ALL SELECT resource_id, item_key, under_number FROM record_item
        WHERE person_id = $1 AND source = $2 AND item_key BETWEEN $11 AND $12
          AND (status = 'current' OR ($3 = 'entered-in-error' AND status <> $3))
        UNION ALL SELECT resource_id, item_key, under_number FROM record_item
        WHERE person_id = $1 AND source = $2 AND item_key BETWEEN $13 AND $14
          AND (status = 'current' OR ($3 = 'entered-in-error' AND status <> $3))
        UNION ALL SELECT resource_id, item_key, under_number FROM record_item
        WHERE person_id = $1 AND source = $2 AND item_key BETWEEN $15 AND $16
          AND (status = 'current' OR ($3 = 'entered-in-error' AND status <> $3))
        ORDER BY item_key, under_number LIMIT $4";
    /// What a source calls by a former name, or one of a run of them, unless something has its
    /// name of now.
    FIND_FORMER = "SELECT i.resource_id, i.version, v.key_id, v.body
        FROM record_item i JOIN record_version v
          ON v.person_id = i.person_id AND v.resource_id = i.resource_id AND v.version = i.version
        WHERE i.person_id = $1 AND i.source = $2 AND i.item_key BETWEEN $3 AND $4
          AND i.under_number IN ($5, '') AND NOT EXISTS (
            SELECT 1 FROM record_item n
            WHERE n.person_id = $1 AND n.source = $2 AND n.item_key = $6
              AND n.under_number IN ($5, ''))
        ORDER BY i.item_key LIMIT $7";
    /// What a source calls by one of eight names.
    ITEMS_NAMED = "SELECT resource_id FROM record_item
        WHERE person_id = $1 AND source = $2
          AND item_key IN ($4, $5, $6, $7, $8, $9, $10, $11)
        ORDER BY item_key LIMIT $3";
    /// What a source calls by a name, and by those of a run.
    NAMESAKES = "SELECT resource_id FROM record_item
        WHERE person_id = $1 AND source = $2 AND (item_key = $3 OR item_key BETWEEN $4 AND $5)
        ORDER BY item_key LIMIT $6";
    /// The class of an item.
    CLASS_OF = "SELECT class_id FROM record_item WHERE person_id = $1 AND resource_id = $2";
    /// Gives an item its name of now.
    RENAME_ITEM = "UPDATE record_item SET item_key = $3 WHERE person_id = $1 AND resource_id = $2";
    /// Whether no name is kept as it was told.
    NAMES_KEPT = "SELECT is_only FROM record_names_kept WHERE is_only = 1";
    /// Says that none is.
    PUT_NAMES_KEPT = "INSERT INTO record_names_kept (is_only) VALUES (1)
        ON CONFLICT (is_only) DO NOTHING";
    /// The next items and their names, of everybody.
    NEXT_NAMES = "SELECT person_id, resource_id, item_key, under_number FROM record_item
        WHERE (person_id, resource_id) > ($1, $2) ORDER BY person_id, resource_id LIMIT $3";
    /// The next endings, of everybody.
    NEXT_ENDINGS = "SELECT person_id, source, own_like, under_number FROM record_ending
        WHERE (person_id, source, own_like, under_number) > ($1, $2, $3, $4)
        ORDER BY person_id, source, own_like, under_number LIMIT $5";
    /// Gives an ending its name of now.
    RENAME_ENDING = "UPDATE record_ending SET own_like = $5, cut_like = $6
        WHERE person_id = $1 AND source = $2 AND own_like = $3 AND under_number = $4";
    /// Points to an item's current version, which bears other marks; it stands as it did.
    RECLASS_ITEM = "UPDATE record_item SET class_id = $3, version = $4
        WHERE person_id = $1 AND resource_id = $2";
    /// Says how an item stands.
    SET_STATUS = "UPDATE record_item SET status = $3 WHERE person_id = $1 AND resource_id = $2";
    /// Remembers that a source ended what it calls so, for when it comes late.
    PUT_ENDING = "INSERT INTO record_ending
        (person_id, source, under_number, own_like, cut_like, status)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (person_id, source, own_like, under_number) DO UPDATE
        SET status = excluded.status";
    /// How a source ended what one of eight endings is of, before it came, and whether it said so
    /// under another number.
    FIND_ENDING = "SELECT status, CASE WHEN under_number IN ($3, '') THEN 0 ELSE 1 END AS other
        FROM record_ending WHERE person_id = $1 AND source = $2
          AND own_like IN ($4, $5, $6, $7, $8, $9, $10, $11)
        ORDER BY status, 2 LIMIT 1";
    /// Remembers of another person what a source ended under a number.
    COPY_ENDINGS = "INSERT INTO record_ending
        (person_id, source, under_number, own_like, cut_like, status)
        SELECT $5, source, $6, own_like, cut_like, status FROM record_ending
        WHERE person_id = $1 AND source = $2 AND under_number IN ($3, $4)
        ON CONFLICT (person_id, source, own_like, under_number) DO NOTHING";
    /// No longer remembers it of the one from whom the number was taken.
    DELETE_ENDINGS = "DELETE FROM record_ending
        WHERE person_id = $1 AND source = $2 AND under_number IN ($3, $4)";
    /// Begins to move what a source filed under a number.
    INSERT_MOVE = "INSERT INTO record_move (person_id, move_id, to_id, source, under_number,
        takes_unknown, moved, made_us, goes_back, merge_id)
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9)";
    /// Under which number a move is, and when it came to its end.
    MOVE_FOR = "SELECT under_number, done_us FROM record_move
        WHERE person_id = $1 AND merge_id = $2 ORDER BY made_us DESC LIMIT 1";
    /// Moves that are not at their end after one of them, the oldest first.
    LIST_MOVES = "SELECT person_id, move_id, to_id, source, under_number, takes_unknown, made_us,
          failures, retry_us, goes_back FROM record_move
        WHERE done_us IS NULL AND (made_us, move_id) > ($1, $2)
        ORDER BY made_us, move_id LIMIT $3";
    /// Whether an earlier move of the same source, of either person, is not at its end.
    MOVE_BEFORE = "SELECT moved FROM record_move
        WHERE done_us IS NULL AND source = $3 AND (made_us, move_id) < ($4, $5)
          AND (person_id IN ($1, $2) OR to_id IN ($1, $2))
        ORDER BY made_us, move_id LIMIT 1";
    /// Notes that a step of a move failed, and when it is tried again.
    MOVE_FAILED = "UPDATE record_move SET failures = failures + 1, failure = $3, retry_us = $4
        WHERE person_id = $1 AND move_id = $2 AND done_us IS NULL";
    /// Moves that have failed so often, the oldest first.
    MOVES_STOPPED = "SELECT source, made_us, failures, failure FROM record_move
        WHERE done_us IS NULL AND failures >= $1 ORDER BY made_us, move_id LIMIT $2";
    /// Whether a move is not at its end.
    MOVE_IS_OPEN = "SELECT moved FROM record_move
        WHERE person_id = $1 AND move_id = $2 AND done_us IS NULL";
    /// Whether a move to or from a person is not at its end.
    MOVE_OF = "SELECT moved FROM record_move
        WHERE (person_id = $1 OR to_id = $1) AND done_us IS NULL LIMIT 1";
    /// How often the move of a number to a person has failed that is not at its end.
    MOVE_COMING = "SELECT failures FROM record_move
        WHERE to_id = $1 AND source = $2 AND under_number = $3 AND done_us IS NULL
        ORDER BY failures DESC LIMIT 1";
    /// Notes how far a move has come.
    PUT_MOVE = "UPDATE record_move SET moved = moved + $3, done_us = $4, failures = 0
        WHERE person_id = $1 AND move_id = $2";
    /// The next item that a move takes.
    NEXT_TO_MOVE = "SELECT resource_id, item_key, resource_type, class_id, version, event_us,
          under_number, status FROM record_item
        WHERE person_id = $1 AND source = $2 AND under_number IN ($3, $4)
        ORDER BY resource_id LIMIT 1";
    /// How many items a source filed under a number.
    COUNT_UNDER = "SELECT COUNT(*) FROM record_item
        WHERE person_id = $1 AND source = $2 AND under_number = $3";
    /// The oldest versions of an item.
    OLDEST_VERSIONS = "SELECT version, class_id, message_id, filed_us, key_id, body, said_us
        FROM record_version WHERE person_id = $1 AND resource_id = $2
        ORDER BY version LIMIT $3";
    /// Takes a version away from where it was, once it stands where it belongs.
    DELETE_VERSION = "DELETE FROM record_version
        WHERE person_id = $1 AND resource_id = $2 AND version = $3";
    /// Takes an item away from where it was, once its versions are gone.
    DELETE_ITEM = "DELETE FROM record_item WHERE person_id = $1 AND resource_id = $2";
    /// What a source calls by this key that holds, under whatever number.
    LIKES = "SELECT i.resource_id, i.under_number, i.resource_type, i.version, i.class_id, v.key_id,
          v.body, i.status
        FROM record_item i JOIN record_version v
          ON v.person_id = i.person_id AND v.resource_id = i.resource_id AND v.version = i.version
        WHERE i.person_id = $1 AND i.source = $2 AND i.item_key = $3 AND i.status = 'current'
        ORDER BY i.resource_id LIMIT $4";
    /// The message that made a version.
    MESSAGE_OF = "SELECT message_id FROM record_version
        WHERE person_id = $1 AND resource_id = $2 AND version = $3";
    /// The next things that a source told under a number and of which it tells another under
    /// another, by name.
    FOLD_LIKES = "SELECT i.item_key, i.resource_id, i.class_id, i.version FROM record_item i
        WHERE i.person_id = $1 AND i.source = $2 AND i.under_number = $3 AND i.item_key > $5
          AND EXISTS (SELECT 1 FROM record_item o WHERE o.person_id = $1 AND o.source = $2
            AND o.item_key = i.item_key AND o.under_number = $4 AND o.status = 'current')
        ORDER BY i.item_key LIMIT $6";
    /// Whether a source has an item of this key under a number.
    HAS_NAME = "SELECT resource_id FROM record_item
        WHERE person_id = $1 AND source = $2 AND item_key = $3 AND under_number = $4";
    /// What a source told under a number stands beside what it told under another of this key and
    /// holds; but for what is safe to be shown twice, as `beside.rs` has it.
    FOLD_BESIDE = "UPDATE record_item SET status = 'merged'
        WHERE person_id = $1 AND source = $2 AND under_number = $3 AND status = 'current'
          AND resource_type NOT IN ('AllergyIntolerance', 'Flag', 'Condition')
          AND EXISTS (SELECT 1 FROM record_item o WHERE o.person_id = $1 AND o.source = $2
            AND o.item_key = record_item.item_key AND o.under_number = $4
            AND o.status = 'current')";
    /// What a source told under a number is told under another from now on.
    FOLD = "UPDATE record_item SET under_number = $4
        WHERE person_id = $1 AND source = $2 AND under_number = $3
          AND NOT EXISTS (SELECT 1 FROM record_item o WHERE o.person_id = $1 AND o.source = $2
            AND o.item_key = record_item.item_key AND o.under_number = $4)";
    /// Puts an item where it belongs.
    INSERT_ITEM = "INSERT INTO record_item (person_id, resource_id, source, item_key,
          resource_type, class_id, version, event_us, under_number, status)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
}
