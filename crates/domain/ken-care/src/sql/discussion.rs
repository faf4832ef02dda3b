//! Statements about discussions: who takes part in which. What is said stands in the record alone.

use ken_store::statements;

/// Who takes part in a discussion, and how often they have said something.
pub(super) const DISCUSSIONS: &str = "
CREATE TABLE care_discussion (
  discussion_id TEXT NOT NULL, practitioner_id TEXT NOT NULL, organisation TEXT NOT NULL,
  person_id TEXT NOT NULL, purpose TEXT NOT NULL, kind TEXT NOT NULL,
  said BIGINT NOT NULL, last_us BIGINT NOT NULL,
  is_kept_back BIGINT NOT NULL CHECK (is_kept_back IN (0, 1)),
  PRIMARY KEY (discussion_id, practitioner_id, organisation)
);
CREATE INDEX care_discussion_of ON care_discussion (practitioner_id, organisation, last_us);
CREATE INDEX care_discussion_person ON care_discussion (person_id);
";

statements! {
    /// Notes that somebody said something in a discussion.
    DISCUSSION_SAID = "INSERT INTO care_discussion
        (discussion_id, practitioner_id, organisation, person_id, purpose, kind, said, last_us,
         is_kept_back)
        VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8)
        ON CONFLICT (discussion_id, practitioner_id, organisation) DO UPDATE
        SET said = care_discussion.said + 1, last_us = excluded.last_us,
          is_kept_back = CASE WHEN excluded.is_kept_back = 1 THEN 1
            ELSE care_discussion.is_kept_back END";
    /// Of whom a discussion is, what for, of which kind, and how much was said in it.
    DISCUSSION_FIND = "SELECT person_id, purpose, kind, said, is_kept_back FROM care_discussion
        WHERE discussion_id = $1 ORDER BY practitioner_id, organisation LIMIT $2";
    /// In how many discussions of one person, for a purpose, an organisation has spoken since a
    /// moment, up to a bound.
    DISCUSSION_COUNT = "SELECT COUNT(*) FROM (SELECT DISTINCT discussion_id FROM care_discussion
        WHERE person_id = $1 AND organisation = $2 AND purpose = $3 AND last_us > $4
        LIMIT $5) AS discussions";
    /// The discussions in which somebody takes part, the last first.
    DISCUSSION_MINE = "SELECT discussion_id, person_id, purpose, kind, last_us FROM care_discussion
        WHERE practitioner_id = $1 AND organisation = $2
        ORDER BY last_us DESC, discussion_id LIMIT $3";
}
