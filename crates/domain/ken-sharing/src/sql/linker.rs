//! Statements about who joined whose records.

use ken_store::statements;

/// Who joined a person's record to another, and until when they do not read it.
pub(super) const LINKERS: &str = "
CREATE TABLE linker (
  person_id TEXT NOT NULL, practitioner_id TEXT NOT NULL, until_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, practitioner_id)
);
";

statements! {
    /// Notes who joined a person's record to another.
    LINKER_PUT = "INSERT INTO linker (person_id, practitioner_id, until_us) VALUES ($1, $2, $3)
        ON CONFLICT (person_id, practitioner_id) DO UPDATE SET until_us = excluded.until_us";
    /// Removes who joined it long ago.
    LINKER_OVER = "DELETE FROM linker WHERE person_id = $1 AND until_us <= $2";
    /// Whether a practitioner not long ago joined a person's record, or that of somebody who stands
    /// together with them.
    LINKER_FIND = "SELECT 1 FROM linker
        WHERE practitioner_id = $2 AND until_us > $3 AND (person_id = $1 OR person_id IN
          (SELECT other_id FROM person_together WHERE person_id = $1)) LIMIT 1";
}
