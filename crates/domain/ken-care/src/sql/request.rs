//! Statements about requests for assistance. Every table only grows.

use ken_store::statements;

/// Requests, their turns, and to whom each was told; what is written is sealed.
pub(super) const REQUESTS: &str = "
CREATE TABLE care_request (
  id TEXT NOT NULL PRIMARY KEY, person_id TEXT NOT NULL, kind TEXT NOT NULL, purpose TEXT NOT NULL,
  days TEXT NOT NULL, key_id TEXT NOT NULL, body {bytes} NOT NULL, at_us BIGINT NOT NULL
);
CREATE INDEX care_request_person ON care_request (person_id);
CREATE TABLE care_request_turn (
  request_id TEXT NOT NULL, turn BIGINT NOT NULL, state TEXT NOT NULL,
  by_practitioner TEXT, by_organisation TEXT, by_role TEXT,
  to_organisation TEXT, to_role TEXT, relationship_id TEXT, due_us BIGINT,
  words {bytes} NOT NULL, at_us BIGINT NOT NULL,
  PRIMARY KEY (request_id, turn)
);
CREATE INDEX care_request_by ON care_request_turn (by_organisation, request_id);
CREATE TABLE care_request_told (
  request_id TEXT NOT NULL, turn BIGINT NOT NULL, organisation TEXT NOT NULL,
  role TEXT NOT NULL, clauses TEXT NOT NULL, lineage TEXT NOT NULL, at_us BIGINT NOT NULL,
  PRIMARY KEY (request_id, turn, organisation)
);
CREATE INDEX care_request_told_to ON care_request_told (organisation, request_id);
";

statements! {
    /// Keeps what was asked; nothing changes it.
    REQUEST_INSERT = "INSERT INTO care_request
        (id, person_id, kind, purpose, days, key_id, body, at_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// One request.
    REQUEST_FIND = "SELECT id, person_id, kind, purpose, days, key_id, body, at_us
        FROM care_request WHERE id = $1";
    /// Adds a turn; nothing changes one.
    REQUEST_TURN_INSERT = "INSERT INTO care_request_turn
        (request_id, turn, state, by_practitioner, by_organisation, by_role, to_organisation,
         to_role, relationship_id, due_us, words, at_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    /// The turns of a request, the oldest first.
    REQUEST_TURNS = "SELECT turn, state, by_practitioner, by_organisation, by_role,
         to_organisation, to_role, relationship_id, due_us, words, at_us
        FROM care_request_turn WHERE request_id = $1 ORDER BY turn";
    /// Notes that a turn was told to an organisation; nothing changes it.
    REQUEST_TELL = "INSERT INTO care_request_told
        (request_id, turn, organisation, role, clauses, lineage, at_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (request_id, turn, organisation) DO NOTHING";
    /// To whom the turns of a request were told.
    REQUEST_TOLD = "SELECT turn, organisation, role, clauses, lineage
        FROM care_request_told WHERE request_id = $1 ORDER BY turn, organisation";
    /// The requests that an organisation sent or was told of: what is not over first, each the
    /// newest first.
    REQUEST_LIST = "SELECT id, person_id, kind, purpose, days, key_id, body, at_us
        FROM care_request WHERE id IN
          (SELECT request_id FROM care_request_turn WHERE by_organisation = $1 UNION
           SELECT request_id FROM care_request_told WHERE organisation = $1)
        ORDER BY CASE WHEN EXISTS (SELECT 1 FROM care_request_turn
            WHERE request_id = id AND state IN ('returned', 'closed')) THEN 1 ELSE 0 END,
          at_us DESC, id DESC LIMIT $2";
}
