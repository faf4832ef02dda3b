//! What the index in memory is filled from, and what tells every node of changes.

use ken_core::identifier::{CHI_SYSTEM, NHS_SYSTEM};
use ken_store::statements;

/// What has changed waits in `person_changed`, is given a place in `person_feed` by whoever is
/// there, and is read from there by every node.
pub(super) const FEED: &str = "
CREATE TABLE person_changed (change_id TEXT PRIMARY KEY, person_id TEXT NOT NULL);
CREATE TABLE person_feed (place BIGINT PRIMARY KEY, people TEXT NOT NULL);
CREATE TABLE person_feed_head (id TEXT PRIMARY KEY, place BIGINT NOT NULL);
INSERT INTO person_feed_head (id, place) VALUES ('feed', 0);
";

/// Newcomers are told apart from other changes, and wait in `person_unasked` from the moment that
/// their note has its place until a node that has read that place has asked whom else they may be.
/// `name_turn` has a row for each turn that is taken by name and date; it names nobody.
pub(super) const NEWCOMERS: &str = "
ALTER TABLE person_changed ADD COLUMN is_new BIGINT NOT NULL DEFAULT 0;
CREATE TABLE person_unasked (person_id TEXT PRIMARY KEY, place BIGINT NOT NULL);
CREATE INDEX person_unasked_by_place ON person_unasked (place, person_id);
CREATE TABLE name_turn (turn BIGINT PRIMARY KEY);
INSERT INTO name_turn (turn) WITH RECURSIVE n (turn) AS
  (SELECT 0 UNION ALL SELECT turn + 1 FROM n WHERE turn < 4095) SELECT turn FROM n;
";

statements! {
    /// Notes that what is said of a person has changed.
    CHANGED_PUT = "INSERT INTO person_changed (change_id, person_id) VALUES ($1, $2)";
    /// The same, where a person does not have a number yet from that organisation.
    CHANGED_PUT_UNLESS = "INSERT INTO person_changed (change_id, person_id)
        SELECT CAST($1 AS TEXT), CAST($2 AS TEXT) WHERE NOT EXISTS
          (SELECT 1 FROM person_identifier
           WHERE person_id = $2 AND system = $3 AND value = $4 AND ended_us IS NULL)";
    /// Notes that somebody is new, which they are once.
    NEWCOMER_PUT = "INSERT INTO person_changed (change_id, person_id, is_new) VALUES ($1, $1, 1)";
    /// Whether any change waits for its place.
    CHANGED_ANY = "SELECT 1 FROM person_changed LIMIT 1";
    /// Changes that wait for their place.
    CHANGED = "SELECT change_id, person_id, is_new FROM person_changed
        ORDER BY change_id LIMIT $1";
    /// Forgets a change that has its place.
    CHANGED_DELETE = "DELETE FROM person_changed WHERE change_id = $1";
    /// The newest place, held to the end of the transaction: places are given one after the other.
    FEED_HOLD = "UPDATE person_feed_head SET place = place WHERE id = 'feed' RETURNING place";
    /// The newest place.
    FEED_PLACE = "SELECT place FROM person_feed_head WHERE id = 'feed'";
    /// Moves the newest place on.
    FEED_MOVE = "UPDATE person_feed_head SET place = $1 WHERE id = 'feed'";
    /// Gives changes their place.
    FEED_PUT = "INSERT INTO person_feed (place, people) VALUES ($1, $2)";
    /// Forgets places that are long gone.
    FEED_FORGET = "DELETE FROM person_feed WHERE place <= $1";
    /// The places after one.
    FEED_AFTER = "SELECT place, people FROM person_feed WHERE place > $1 ORDER BY place LIMIT $2";
    /// Lets a newcomer wait to be asked about by a node that has read their place.
    UNASKED_PUT = "INSERT INTO person_unasked (person_id, place) VALUES ($1, $2)
        ON CONFLICT (person_id) DO NOTHING";
    /// Newcomers whose place was read, the longest here first.
    UNASKED = "SELECT person_id, place FROM person_unasked WHERE place <= $1
        ORDER BY place, person_id LIMIT $2";
    /// Whether a newcomer is still to be asked about, after another.
    UNASKED_AFTER = "SELECT 1 FROM person_unasked
        WHERE person_id = $1 AND (place, person_id) > ($2, $3)";
    /// Lets a newcomer wait no more.
    UNASKED_DELETE = "DELETE FROM person_unasked WHERE person_id = $1";
    /// Takes a turn to the end of the transaction; 1 where others may have written meanwhile.
    /// Variant: SQLite has one writer, whose turn is the lock.
    NAME_HOLD = "SELECT 0 FROM name_turn WHERE turn = $1",
        postgres = "SELECT 1 FROM name_turn WHERE turn = $1 FOR UPDATE";
    /// People after one, in their order.
    PEOPLE_AFTER = "SELECT person_id FROM person WHERE person_id > $1 ORDER BY person_id LIMIT $2";
    /// What sources say of people of one part of the order, of each the newest first.
    SOURCES_BETWEEN = "SELECT organisation_id, system, number, family, given, family_key, given_key,
        born, sex, address, postcode, phone, died, said_us, person_id FROM person_source
        WHERE person_id > $1 AND person_id <= $2
        ORDER BY person_id, said_us DESC, organisation_id, system, number LIMIT $3";
    /// What sources say of one record, the newest first.
    SOURCES_OF = "SELECT organisation_id, system, number, family, given, family_key, given_key,
        born, sex, address, postcode, phone, died, said_us, person_id FROM person_source
        WHERE person_id = $1
        ORDER BY said_us DESC, organisation_id, system, number LIMIT $2";
    /// Numbers of one kind or another of people of one part of the order.
    NUMBERS_BETWEEN = "SELECT DISTINCT person_id, system, value FROM person_identifier
        WHERE person_id > $1 AND person_id <= $2 AND system IN ($3, $4) AND ended_us IS NULL
        ORDER BY person_id, system, value LIMIT $5";
    /// The same of one record.
    NUMBERS_OF = "SELECT DISTINCT person_id, system, value FROM person_identifier
        WHERE person_id = $1 AND system IN ($2, $3) AND ended_us IS NULL
        ORDER BY person_id, system, value LIMIT $4";
}

/// The kinds of numbers that the index compares.
pub(crate) const NUMBERED: [&str; 2] = [CHI_SYSTEM, NHS_SYSTEM];
