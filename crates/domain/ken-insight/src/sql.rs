//! Every statement of this crate, and its tables. None names a person.

use ken_store::{Migration, statements};

/// The tables of this crate, oldest first.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "ken-insight",
    number: 1,
    title: "planning extracts",
    sql: "
CREATE TABLE insight_extract (
  extract_id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL, role_id TEXT NOT NULL,
  practitioner_id TEXT NOT NULL, from_day TEXT NOT NULL, until_day TEXT NOT NULL,
  made_us BIGINT NOT NULL, given_us BIGINT, entry_id TEXT, body TEXT NOT NULL
);
CREATE INDEX insight_extract_given ON insight_extract (until_day, from_day)
  WHERE given_us IS NOT NULL;
CREATE INDEX insight_extract_waits ON insight_extract (made_us) WHERE given_us IS NULL;
CREATE TABLE insight_reader (
  organisation_id TEXT NOT NULL, extract_id TEXT NOT NULL, given_us BIGINT NOT NULL,
  sees BIGINT NOT NULL CHECK (sees IN (0, 1)), PRIMARY KEY (organisation_id, extract_id)
);
CREATE INDEX insight_reader_newest ON insight_reader (organisation_id, given_us);
CREATE TABLE insight_turn (
  is_only BIGINT PRIMARY KEY CHECK (is_only = 1), given BIGINT NOT NULL
);
",
}];

statements! {
    /// Keeps a table that was counted and waits to be given.
    INSERT = "INSERT INTO insight_extract (extract_id, organisation_id, role_id, practitioner_id,
        from_day, until_day, made_us, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Forgets what was counted before an instant and never given.
    SWEEP = "DELETE FROM insight_extract WHERE given_us IS NULL AND made_us <= $1";
    /// An extract.
    FIND = "SELECT extract_id, organisation_id, role_id, practitioner_id, made_us, given_us,
        entry_id, body FROM insight_extract WHERE extract_id = $1";
    /// Whether an organisation reads an extract that was given.
    IS_READER = "SELECT 1 FROM insight_reader
        WHERE organisation_id = $1 AND extract_id = $2 AND sees = 1";
    /// What was given and is of some of the days from one up to another, in the same columns.
    LIST_MEETING = "SELECT extract_id, organisation_id, role_id, practitioner_id, made_us, given_us,
        entry_id, body FROM insight_extract
        WHERE given_us IS NOT NULL AND until_day > $1 AND from_day < $2
        ORDER BY given_us, extract_id LIMIT $3";
    /// What was given to an organisation or of its records, the newest first, in the same columns
    /// with whether it is read there.
    LIST_READ = "SELECT e.extract_id, e.organisation_id, e.role_id, e.practitioner_id, e.made_us,
          e.given_us, e.entry_id, e.body, r.sees
        FROM (SELECT extract_id, given_us, sees FROM insight_reader WHERE organisation_id = $1
            ORDER BY given_us DESC, extract_id LIMIT $2) r
        JOIN insight_extract e ON e.extract_id = r.extract_id
        ORDER BY r.given_us DESC, e.extract_id";
    /// Takes the turn in which extracts are given, one after the other, to the end of the write.
    TURN = "INSERT INTO insight_turn (is_only, given) VALUES (1, 1)
        ON CONFLICT (is_only) DO UPDATE SET given = insight_turn.given + 1";
    /// Gives an extract, once.
    GIVE = "UPDATE insight_extract SET given_us = $2, entry_id = $3, body = $4
        WHERE extract_id = $1 AND given_us IS NULL";
    /// Lists an extract for an organisation, which may read it or not.
    INSERT_READER = "INSERT INTO insight_reader (organisation_id, extract_id, given_us, sees)
        VALUES ($1, $2, $3, $4) ON CONFLICT (organisation_id, extract_id) DO NOTHING";
}
