//! Statements about what a person asks to be put right. What was asked is never changed; an answer
//! is given once.

use ken_store::statements;

/// What was asked of which organisation, and its answer; both sealed.
pub(super) const CORRECTIONS: &str = "
CREATE TABLE care_correction (
  person_id TEXT NOT NULL, id TEXT NOT NULL, item_id TEXT NOT NULL, version BIGINT NOT NULL,
  organisation TEXT NOT NULL, key_id TEXT NOT NULL, asked {bytes} NOT NULL,
  at_us BIGINT NOT NULL, due_us BIGINT NOT NULL,
  outcome TEXT, answer {bytes}, answered_us BIGINT, by_practitioner TEXT,
  PRIMARY KEY (person_id, id)
);
CREATE INDEX care_correction_waits ON care_correction (organisation, outcome, due_us);
";

statements! {
    /// Keeps what was asked.
    CORRECTION_INSERT = "INSERT INTO care_correction
        (person_id, id, item_id, version, organisation, key_id, asked, at_us, due_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// How much a person asked, up to a bound: ever, and after a moment.
    CORRECTION_COUNT = "SELECT COUNT(*), COUNT(CASE WHEN at_us > $2 THEN 1 END)
        FROM (SELECT at_us FROM care_correction WHERE person_id = $1 LIMIT $3) AS asked";
    /// What a person asked, the newest first.
    CORRECTION_LIST = "SELECT person_id, id, item_id, version, organisation, key_id, asked, at_us,
         due_us, outcome, answer FROM care_correction
        WHERE person_id = $1 ORDER BY id DESC LIMIT $2";
    /// What waits for an organisation's answer, what is due first; not what was asked.
    CORRECTION_WAITS = "SELECT person_id, id, organisation, at_us, due_us FROM care_correction
        WHERE organisation = $1 AND outcome IS NULL ORDER BY due_us, id LIMIT $2";
    /// One of it.
    CORRECTION_FIND = "SELECT person_id, id, item_id, version, organisation, key_id, asked, at_us,
         due_us, outcome, answer FROM care_correction WHERE person_id = $1 AND id = $2";
    /// Answers it, once.
    CORRECTION_ANSWER = "UPDATE care_correction
        SET outcome = $3, answer = $4, answered_us = $5, by_practitioner = $6
        WHERE person_id = $1 AND id = $2 AND outcome IS NULL";
}
