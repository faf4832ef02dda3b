//! What is asked back after two people's records stood together in error. It names by id whose
//! information went out.

use ken_store::statements;

pub(super) const TABLES: &str = "
CREATE TABLE office_wrong_person (
  person_id TEXT NOT NULL, parting_id TEXT NOT NULL, holder TEXT NOT NULL, other_id TEXT NOT NULL,
  kinds TEXT NOT NULL, practitioners TEXT NOT NULL, is_whole BIGINT NOT NULL,
  times BIGINT NOT NULL, first_us BIGINT NOT NULL, last_us BIGINT NOT NULL, due_day TEXT NOT NULL,
  asked_us BIGINT NOT NULL, answer TEXT, reason TEXT, answered_by TEXT, answered_us BIGINT,
  PRIMARY KEY (person_id, parting_id, holder)
);
CREATE INDEX office_wrong_person_open ON office_wrong_person (holder, due_day)
  WHERE answer IS NULL;
";

statements! {
    /// Asks a body to destroy what it was shown of somebody else, once.
    ASK_BACK = "INSERT INTO office_wrong_person (person_id, parting_id, holder, other_id, kinds,
          practitioners, is_whole, times, first_us, last_us, due_day, asked_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (person_id, parting_id, holder) DO NOTHING";
    /// What a body has not answered yet, the most urgent first.
    LIST_ASKED_BACK = "SELECT person_id, parting_id, other_id, kinds, practitioners, is_whole,
          times, first_us, last_us, due_day
        FROM office_wrong_person WHERE holder = $1 AND answer IS NULL
        ORDER BY due_day, parting_id, person_id LIMIT $2";
    /// Answers it, once.
    ANSWER_ASKED_BACK = "UPDATE office_wrong_person SET answer = $4, reason = $5,
          answered_by = $6, answered_us = $7
        WHERE person_id = $1 AND parting_id = $2 AND holder = $3 AND answer IS NULL
        RETURNING other_id";
}
