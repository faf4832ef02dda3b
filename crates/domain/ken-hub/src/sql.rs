//! Every statement of this crate, and its tables.
//!
//! The inbox is distributed by source, a message's body by person, what is held by itself.

use ken_store::{Migration, statements};

/// The tables of this crate, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        owner: "ken-hub",
        number: 1,
        title: "sources, inbox, messages, held",
        sql: "
CREATE TABLE source (
  id TEXT PRIMARY KEY, organisation TEXT NOT NULL, name TEXT NOT NULL,
  sending_app TEXT NOT NULL, sending_facility TEXT NOT NULL, mode TEXT NOT NULL,
  relationship TEXT, trusted BIGINT NOT NULL CHECK (trusted IN (0, 1)),
  UNIQUE (sending_app, sending_facility)
);
CREATE TABLE inbox (
  source TEXT NOT NULL, control_id TEXT NOT NULL, digest {bytes} NOT NULL,
  message_id TEXT NOT NULL, received_us BIGINT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
  answer {bytes} NOT NULL, PRIMARY KEY (source, control_id)
);
CREATE TABLE message (
  person_id TEXT NOT NULL, message_id TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL,
  received_us BIGINT NOT NULL, key_id TEXT NOT NULL, body {bytes} NOT NULL,
  PRIMARY KEY (person_id, message_id)
);
CREATE TABLE held_message (
  id TEXT PRIMARY KEY, source TEXT, control_id TEXT NOT NULL, kind TEXT NOT NULL,
  reason TEXT NOT NULL, received_us BIGINT NOT NULL, key_id TEXT NOT NULL, body {bytes} NOT NULL,
  closed_us BIGINT, closed_by TEXT
);
CREATE INDEX held_message_open ON held_message (closed_us, received_us);
",
    },
    Migration {
        owner: "ken-hub",
        number: 2,
        title: "training systems",
        sql: "
ALTER TABLE source ADD COLUMN training BIGINT NOT NULL DEFAULT 0 CHECK (training IN (0, 1));
",
    },
    Migration {
        owner: "ken-hub",
        number: 3,
        title: "under which number a message came",
        sql: "
ALTER TABLE message ADD COLUMN under_number TEXT NOT NULL DEFAULT '';
CREATE INDEX message_under ON message (person_id, under_number);
",
    },
    Migration {
        owner: "ken-hub",
        number: 4,
        title: "how a held message was closed",
        sql: "
ALTER TABLE held_message ADD COLUMN closed_how TEXT;
",
    },
    Migration {
        owner: "ken-hub",
        number: 5,
        title: "which restrictions a source has said",
        sql: "
CREATE TABLE restriction_said (
  person_id TEXT NOT NULL, organisation TEXT NOT NULL, source TEXT NOT NULL, value TEXT NOT NULL,
  mark TEXT NOT NULL, visit TEXT NOT NULL, since_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, organisation, source, value, mark, visit)
);
",
    },
    Migration {
        owner: "ken-hub",
        number: 6,
        title: "which deaths a source has said",
        sql: "
CREATE TABLE death_said (
  person_id TEXT NOT NULL, organisation TEXT NOT NULL, source TEXT NOT NULL,
  under_number TEXT NOT NULL, now_number TEXT NOT NULL, since_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, organisation, source, under_number)
);
CREATE INDEX death_said_under ON death_said (organisation, under_number, person_id);
CREATE INDEX death_said_now ON death_said (organisation, now_number, person_id);
",
    },
    Migration {
        owner: "ken-hub",
        number: 7,
        title: "what merges brought",
        sql: "
CREATE TABLE restriction_copied (
  person_id TEXT NOT NULL, organisation TEXT NOT NULL, source TEXT NOT NULL, value TEXT NOT NULL,
  mark TEXT NOT NULL, visit TEXT NOT NULL, merge_id TEXT NOT NULL,
  PRIMARY KEY (person_id, organisation, source, value, mark, visit, merge_id)
);
CREATE TABLE restriction_state_copied (
  person_id TEXT NOT NULL, organisation TEXT NOT NULL, state TEXT NOT NULL,
  merge_id TEXT NOT NULL, PRIMARY KEY (person_id, organisation, state, merge_id)
);
",
    },
    Migration {
        owner: "ken-hub",
        number: 8,
        title: "what nobody knows the reason of, beside what merges brought",
        sql: "
INSERT INTO restriction_said (person_id, organisation, source, value, mark, visit, since_us)
SELECT DISTINCT c.person_id, c.organisation, '', '?', '', '', 0 FROM restriction_copied c
WHERE (c.value NOT IN ('DEM', 'LOC', 'NO', 'OI')
    AND NOT EXISTS (SELECT 1 FROM restriction_state_copied s WHERE s.person_id = c.person_id
      AND s.organisation = c.organisation AND s.merge_id = c.merge_id
      AND s.state = 'restricted-record')
    AND NOT EXISTS (SELECT 1 FROM restriction_said r WHERE r.person_id = c.person_id
      AND r.organisation = c.organisation AND r.value NOT IN ('DEM', 'LOC', 'NO', 'OI')))
  OR (c.value IN ('DEM', 'LOC', 'ALL', '', '?')
    AND NOT EXISTS (SELECT 1 FROM restriction_state_copied s WHERE s.person_id = c.person_id
      AND s.organisation = c.organisation AND s.merge_id = c.merge_id
      AND s.state = 'protected-address')
    AND NOT EXISTS (SELECT 1 FROM restriction_said r WHERE r.person_id = c.person_id
      AND r.organisation = c.organisation AND r.value IN ('DEM', 'LOC', 'ALL', '', '?')));
",
    },
    Migration {
        owner: "ken-hub",
        number: 9,
        title: "when a source said a message",
        sql: "
ALTER TABLE message ADD COLUMN said_us BIGINT;
DROP INDEX message_under;
CREATE INDEX message_under ON message (person_id, under_number, source, said_us);
",
    },
];

statements! {
    /// Registers a source, or changes its profile.
    UPSERT_SOURCE = "INSERT INTO source
        (id, organisation, name, sending_app, sending_facility, mode, relationship, trusted,
          training)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (id) DO UPDATE SET organisation = excluded.organisation,
          name = excluded.name, sending_app = excluded.sending_app,
          sending_facility = excluded.sending_facility, mode = excluded.mode,
          relationship = excluded.relationship, trusted = excluded.trusted,
          training = excluded.training";
    /// Every source.
    LIST_SOURCES = "SELECT id, organisation, name, sending_app, sending_facility, mode,
          relationship, trusted, training FROM source ORDER BY id";
    /// Claims an inbox key; no row changes when it is taken.
    CLAIM = "INSERT INTO inbox
        (source, control_id, digest, message_id, received_us, kind, state, answer)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (source, control_id) DO NOTHING";
    /// What was answered under an inbox key.
    FIND_ANSWER = "SELECT digest, answer FROM inbox WHERE source = $1 AND control_id = $2";
    /// Keeps a message for ever beside what it became.
    INSERT_MESSAGE = "INSERT INTO message
        (person_id, message_id, source, kind, received_us, key_id, body, under_number, said_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// When a source said the last that it has said of a person under a number.
    NEWEST_SAID = "SELECT MAX(said_us) FROM message
        WHERE person_id = $1 AND under_number = $2 AND source = $3";
    /// What it has said since an instant, the last first.
    SAID_SINCE = "SELECT message_id FROM message
        WHERE person_id = $1 AND under_number = $2 AND source = $3 AND said_us > $4
        ORDER BY said_us DESC, message_id DESC LIMIT $5";
    /// What it has said since an instant, the first first.
    SAID_AFTER = "SELECT message_id FROM message
        WHERE person_id = $1 AND under_number = $2 AND source = $3 AND said_us > $4
        ORDER BY said_us, message_id LIMIT $5";
    /// What it had said by an instant, the last first.
    SAID_BEFORE = "SELECT message_id FROM message
        WHERE person_id = $1 AND under_number = $2 AND source = $3 AND said_us <= $4
        ORDER BY said_us DESC, message_id DESC LIMIT $5";
    /// Whether it has said anything of which nobody knows when.
    SAID_SOME_TIME = "SELECT 1 FROM message
        WHERE person_id = $1 AND under_number = $2 AND source = $3 AND said_us IS NULL LIMIT 1";
    /// The messages of an organisation that came under a number, the oldest first.
    MESSAGES_UNDER = "SELECT m.message_id, m.source, m.kind, m.received_us, m.key_id, m.body,
          m.said_us
        FROM message m JOIN source s ON s.id = m.source
        WHERE m.person_id = $1 AND s.organisation = $2 AND m.under_number IN ($3, $4)
        ORDER BY m.message_id LIMIT $5";
    /// A message as it came, where it was said since an instant.
    FIND_MESSAGE = "SELECT kind, said_us, key_id, body FROM message
        WHERE person_id = $1 AND message_id = $2 AND said_us > $3";
    /// How many messages of an organisation came under a number.
    COUNT_UNDER = "SELECT COUNT(*) FROM message m JOIN source s ON s.id = m.source
        WHERE m.person_id = $1 AND s.organisation = $2 AND m.under_number = $3";
    /// The messages of an organisation that came under a number came under another.
    FOLD_MESSAGES = "UPDATE message SET under_number = $4
        WHERE person_id = $1 AND under_number = $3
          AND source IN (SELECT id FROM source WHERE organisation = $2)";
    /// Takes a message away from where it was, once it stands where it belongs.
    DELETE_MESSAGE = "DELETE FROM message WHERE person_id = $1 AND message_id = $2";
    /// Keeps a message that was not applied; one that waits for nobody is closed at once.
    INSERT_HELD = "INSERT INTO held_message
        (id, source, control_id, kind, reason, received_us, key_id, body, closed_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Messages that wait for a person, the oldest first, after one of them.
    LIST_HELD = "SELECT id, source, control_id, kind, reason, received_us FROM held_message
        WHERE closed_us IS NULL AND (received_us, id) > (
            COALESCE((SELECT received_us FROM held_message WHERE id = $1), -1), $1)
        ORDER BY received_us, id LIMIT $2";
    /// How many wait, of each source.
    COUNT_HELD = "SELECT source, COUNT(*) FROM held_message
        WHERE closed_us IS NULL GROUP BY source ORDER BY source";
    /// One that waits.
    FIND_HELD = "SELECT id, source, control_id, kind, reason, received_us FROM held_message
        WHERE id = $1 AND closed_us IS NULL";
    /// Whether one was ever held for somebody, and is closed.
    IS_CLOSED = "SELECT 1 FROM held_message WHERE id = $1 AND closed_how IS NOT NULL";
    /// One that waits, as it came.
    HELD_BODY = "SELECT key_id, body FROM held_message WHERE id = $1";
    /// Closes one that waits.
    CLOSE_HELD = "UPDATE held_message SET closed_us = $2, closed_by = $3, closed_how = $4
        WHERE id = $1 AND closed_us IS NULL";
    /// How many of an organisation's systems were closed by an instant.
    COUNT_CLOSED_HELD = "SELECT COUNT(*) FROM held_message h JOIN source s ON s.id = h.source
        WHERE s.organisation = $1 AND h.closed_us <= $2";
    /// The oldest of them, with the keys of their bodies.
    LIST_CLOSED_HELD = "SELECT h.id, h.key_id FROM held_message h JOIN source s ON s.id = h.source
        WHERE s.organisation = $1 AND h.closed_us <= $2 ORDER BY h.closed_us, h.id LIMIT $3";
    /// Removes one that is closed.
    DELETE_HELD = "DELETE FROM held_message WHERE id = $1 AND closed_us IS NOT NULL";
    /// Frees the inbox key under which a message was refused.
    UNCLAIM_HELD = "DELETE FROM inbox
        WHERE source = $1 AND control_id = $2 AND digest = $3 AND state = 'held'";
    /// How many messages about a person came from a source since, beside one.
    APPLIED_SINCE = "SELECT COUNT(*) FROM message
        WHERE person_id = $1 AND source = $2 AND received_us >= $3 AND message_id <> $4";
    /// Keeps a restriction that a source has said, and when it said so last: who asks, asks what
    /// was said while a merge stood, which may be about either, and was perhaps said before too.
    RESTRICTION_SAID = "INSERT INTO restriction_said
        (person_id, organisation, source, value, mark, visit, since_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (person_id, organisation, source, value, mark, visit) DO UPDATE SET
          since_us = CASE WHEN excluded.since_us > restriction_said.since_us
            THEN excluded.since_us ELSE restriction_said.since_us END";
    /// What an organisation's systems said of one person holds of another too, by a merge.
    RESTRICTIONS_COPIED = "INSERT INTO restriction_copied
        (person_id, organisation, source, value, mark, visit, merge_id)
        SELECT $3, organisation, source, value, mark, visit, $4 FROM (
          SELECT organisation, source, value, mark, visit FROM restriction_said
          WHERE person_id = $1 AND organisation = $2
          UNION SELECT organisation, source, value, mark, visit FROM restriction_copied
          WHERE person_id = $1 AND organisation = $2) AS held WHERE 1 = 1
        ON CONFLICT (person_id, organisation, source, value, mark, visit, merge_id) DO NOTHING";
    /// A merge brought a state of a person that no restriction founds which was said by name.
    STATE_COPIED = "INSERT INTO restriction_state_copied
        (person_id, organisation, state, merge_id) VALUES ($1, $2, $3, $4)
        ON CONFLICT (person_id, organisation, state, merge_id) DO NOTHING";
    /// Whether any merge brought it.
    IS_STATE_COPIED = "SELECT 1 FROM restriction_state_copied
        WHERE person_id = $1 AND organisation = $2 AND state = $3 LIMIT 1";
    /// The values of the restrictions that one merge brought.
    VALUES_COPIED = "SELECT DISTINCT value FROM restriction_copied
        WHERE person_id = $1 AND organisation = $2 AND merge_id = $3 ORDER BY value LIMIT $4";
    /// The states that one merge brought beside them.
    STATES_COPIED = "SELECT state FROM restriction_state_copied
        WHERE person_id = $1 AND organisation = $2 AND merge_id = $3 ORDER BY state";
    /// A merge that is taken back brought no state.
    STATES_TAKEN_BACK = "DELETE FROM restriction_state_copied
        WHERE person_id = $1 AND organisation = $2 AND merge_id = $3";
    /// Nor any restriction.
    RESTRICTIONS_TAKEN_BACK = "DELETE FROM restriction_copied
        WHERE person_id = $1 AND organisation = $2 AND merge_id = $3";
    /// What an organisation's systems have said of a person, or said again, since an instant.
    RESTRICTED_SINCE = "SELECT source, value, mark, visit, since_us FROM restriction_said
        WHERE person_id = $1 AND organisation = $2 AND since_us >= $3
        ORDER BY source, value, mark, visit LIMIT $4";
    /// A source has lifted one.
    RESTRICTION_LIFTED = "DELETE FROM restriction_said WHERE person_id = $1 AND organisation = $2
        AND source = $3 AND value = $4 AND mark = $5 AND visit = $6";
    /// Of whom a source has said under a number, or under one that is this one now, that they have
    /// died.
    DEATHS_SAID = "SELECT person_id, under_number FROM death_said WHERE organisation = $1
        AND source = $2 AND (under_number = $3 OR now_number = $3) ORDER BY person_id LIMIT $4";
    /// Whether any system of an organisation has.
    ANY_DEATH = "SELECT 1 FROM death_said WHERE person_id = $1 AND organisation = $2 LIMIT 1";
    /// Keeps that a source has said it.
    SAY_DEATH = "INSERT INTO death_said
        (person_id, organisation, source, under_number, now_number, since_us)
        VALUES ($1, $2, $3, $4, $4, $5)
        ON CONFLICT (person_id, organisation, source, under_number) DO NOTHING";
    /// A source has withdrawn it.
    WITHDRAW_DEATH = "DELETE FROM death_said WHERE person_id = $1 AND organisation = $2
        AND source = $3 AND (under_number = $4 OR now_number = $4)";
    /// Keeps of another person what an organisation said under a number.
    COPY_DEATHS = "INSERT INTO death_said
        (person_id, organisation, source, under_number, now_number, since_us)
        SELECT $4, organisation, source, under_number, now_number, since_us FROM death_said
        WHERE person_id = $1 AND organisation = $2 AND under_number = $3
        ON CONFLICT (person_id, organisation, source, under_number) DO NOTHING";
    /// No longer keeps it of the one from whom the number was taken.
    DELETE_DEATHS = "DELETE FROM death_said
        WHERE person_id = $1 AND organisation = $2 AND under_number = $3";
    /// Notes which number one is now.
    RENAME_DEATHS = "UPDATE death_said SET now_number = $3
        WHERE organisation = $1 AND (under_number = $2 OR now_number = $2)";
    /// What a merge brought of it is lifted with it.
    COPY_LIFTED = "DELETE FROM restriction_copied WHERE person_id = $1 AND organisation = $2
        AND source = $3 AND value = $4 AND mark = $5 AND visit = $6";
    /// The restrictions that an organisation's systems have said of a person, or merges brought.
    RESTRICTIONS_SAID = "SELECT source, value, mark, visit FROM restriction_said
        WHERE person_id = $1 AND organisation = $2
        UNION SELECT source, value, mark, visit FROM restriction_copied
        WHERE person_id = $1 AND organisation = $2 ORDER BY source, value, mark, visit LIMIT $3";
}
