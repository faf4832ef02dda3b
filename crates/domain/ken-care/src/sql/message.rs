//! Statements about messages of a person to their team. Messages and what answers them only grow;
//! since when a message waits is kept once for each person.

use ken_store::statements;

/// Messages, sealed, beside their person; which items of the record answer them; and whose wait.
pub(super) const MESSAGES: &str = "
CREATE TABLE care_message (
  person_id TEXT NOT NULL, number BIGINT NOT NULL, id TEXT NOT NULL,
  key_id TEXT NOT NULL, body {bytes} NOT NULL, at_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, number)
);
CREATE TABLE care_message_reply (
  person_id TEXT NOT NULL, number BIGINT NOT NULL, message_id TEXT NOT NULL, item_id TEXT NOT NULL,
  at_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, number)
);
CREATE TABLE care_message_wait (person_id TEXT PRIMARY KEY, since_us BIGINT);
CREATE INDEX care_role_held ON care_role (practitioner_id, organisation, person_id);
";

statements! {
    /// Keeps a message; nothing changes it.
    MESSAGE_INSERT = "INSERT INTO care_message (person_id, number, id, key_id, body, at_us)
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// The messages under one id of a person, the newest first.
    MESSAGE_LIST = "SELECT id, key_id, body, at_us, number FROM care_message
        WHERE person_id = $1 ORDER BY number DESC LIMIT $2";
    /// The newest of them.
    MESSAGE_NEWEST = "SELECT number, id FROM care_message
        WHERE person_id = $1 ORDER BY number DESC LIMIT 1";
    /// How many messages there are under one id, up to a bound: since one moment, since another.
    MESSAGE_COUNT = "SELECT COUNT(CASE WHEN at_us > $2 THEN 1 END),
          COUNT(CASE WHEN at_us > $3 THEN 1 END)
        FROM (SELECT at_us FROM care_message
          WHERE person_id = $1 ORDER BY number DESC LIMIT $4) AS sent";
    /// Notes which item of the record answers a message; nothing changes it.
    REPLY_INSERT = "INSERT INTO care_message_reply (person_id, number, message_id, item_id, at_us)
        VALUES ($1, $2, $3, $4, $5)";
    /// Which items answer which messages under one id, the newest first; not what they say.
    REPLY_LIST = "SELECT message_id, item_id FROM care_message_reply
        WHERE person_id = $1 ORDER BY number DESC LIMIT $2";
    /// The newest of them.
    REPLY_NEWEST = "SELECT number FROM care_message_reply
        WHERE person_id = $1 ORDER BY number DESC LIMIT 1";
    /// How many replies there are under one id, likewise.
    REPLY_COUNT = "SELECT COUNT(CASE WHEN at_us > $2 THEN 1 END),
          COUNT(CASE WHEN at_us > $3 THEN 1 END)
        FROM (SELECT at_us FROM care_message_reply
          WHERE person_id = $1 ORDER BY number DESC LIMIT $4) AS sent";
    /// Notes that a message waits; the first that is not answered says since when.
    WAIT_BEGIN = "INSERT INTO care_message_wait (person_id, since_us) VALUES ($1, $2)
        ON CONFLICT (person_id) DO UPDATE
        SET since_us = COALESCE(care_message_wait.since_us, excluded.since_us)";
    /// Notes that nothing waits any more.
    WAIT_END = "UPDATE care_message_wait SET since_us = NULL WHERE person_id = $1";
    /// Whose messages wait of those whom a practitioner coordinates or once did, after a place in
    /// the order, the oldest first.
    WAIT_LIST = "SELECT DISTINCT w.person_id, w.since_us
        FROM care_role AS r JOIN care_message_wait AS w ON w.person_id = r.person_id
        WHERE r.practitioner_id = $1 AND r.organisation = $2 AND r.state = 'accepted'
          AND (w.since_us > $3 OR (w.since_us = $3 AND w.person_id > $4))
        ORDER BY w.since_us, w.person_id LIMIT $5";
}
