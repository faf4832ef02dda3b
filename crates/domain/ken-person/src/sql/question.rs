//! Questions to those who sent a record that nobody can tell from another.

use ken_store::statements;

/// A question is about a record of whoever is asked; the place that it is asked for is beside it.
pub(super) const QUESTIONS: &str = "
CREATE TABLE source_question (
  person_id TEXT NOT NULL, question_id TEXT NOT NULL, organisation_id TEXT NOT NULL,
  place_person_id TEXT NOT NULL, review_id TEXT NOT NULL, asked_us BIGINT NOT NULL,
  asked_by TEXT NOT NULL, due_us BIGINT NOT NULL, said TEXT, answered_us BIGINT,
  answered_by TEXT, closed_us BIGINT, PRIMARY KEY (person_id, question_id)
);
CREATE INDEX source_question_place ON source_question (place_person_id, review_id);
CREATE INDEX source_question_open ON source_question (organisation_id, asked_us)
  WHERE answered_us IS NULL AND closed_us IS NULL;
";

statements! {
    /// Who sent something of everyone for whom a person stands, and under which id of theirs.
    SENDERS = "SELECT DISTINCT s.person_id, s.organisation_id FROM person p
        JOIN person_source s ON s.person_id = p.person_id WHERE p.lead_id = $1
        ORDER BY s.person_id, s.organisation_id LIMIT $2";
    /// Asks.
    QUESTION_INSERT = "INSERT INTO source_question (person_id, question_id, organisation_id,
        place_person_id, review_id, asked_us, asked_by, due_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Whether an organisation is being asked about a record for a place already.
    QUESTION_PENDING = "SELECT 1 FROM source_question WHERE person_id = $1 AND organisation_id = $2
        AND place_person_id = $3 AND review_id = $4 AND answered_us IS NULL AND closed_us IS NULL
        AND due_us > $5";
    /// What was asked for a place, the newest first.
    QUESTIONS_OF = "SELECT person_id, question_id, organisation_id, place_person_id, review_id,
        asked_us, due_us, said, answered_us, asked_by FROM source_question
        WHERE place_person_id = $1 AND review_id = $2
        ORDER BY asked_us DESC, question_id DESC LIMIT $3";
    /// What is asked for all places and waits for its answer.
    QUESTIONS_PENDING = "SELECT person_id, question_id, organisation_id, place_person_id, review_id,
        asked_us, due_us, said, answered_us, asked_by FROM source_question
        WHERE answered_us IS NULL AND closed_us IS NULL AND due_us > $1
        ORDER BY asked_us, question_id LIMIT $2";
    /// What an organisation is asked, the oldest first.
    QUESTIONS_TO = "SELECT person_id, question_id, organisation_id, place_person_id, review_id,
        asked_us, due_us, said, answered_us, asked_by FROM source_question
        WHERE organisation_id = $1 AND answered_us IS NULL AND closed_us IS NULL AND due_us > $2
        ORDER BY asked_us, question_id LIMIT $3";
    /// One of them.
    QUESTION = "SELECT person_id, question_id, organisation_id, place_person_id, review_id,
        asked_us, due_us, said, answered_us, asked_by FROM source_question
        WHERE person_id = $1 AND question_id = $2 AND organisation_id = $3
          AND answered_us IS NULL AND closed_us IS NULL AND due_us > $4";
    /// Answers one that waits.
    QUESTION_ANSWER = "UPDATE source_question SET said = $4, answered_us = $5, answered_by = $6
        WHERE person_id = $1 AND question_id = $2 AND organisation_id = $3
          AND answered_us IS NULL AND closed_us IS NULL AND due_us > $5";
    /// Asks no more for a place.
    QUESTIONS_CLOSE = "UPDATE source_question SET closed_us = $3
        WHERE place_person_id = $1 AND review_id = $2 AND answered_us IS NULL
          AND closed_us IS NULL";
}
