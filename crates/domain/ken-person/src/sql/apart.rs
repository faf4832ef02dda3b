//! That two are not one, as decisions say: of the very records that were compared.

use ken_store::statements;

/// By which decision two are apart.
pub(super) const BY_DECISION: &str = "
ALTER TABLE person_apart RENAME TO person_apart_before;
CREATE TABLE person_apart (
  person_id TEXT NOT NULL, other_id TEXT NOT NULL, review_id TEXT NOT NULL, said_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, other_id, review_id)
);
INSERT INTO person_apart SELECT person_id, other_id, '', said_us FROM person_apart_before;
DROP TABLE person_apart_before;
";

statements! {
    /// Says by a decision that two are not one.
    INSERT = "INSERT INTO person_apart (person_id, other_id, review_id, said_us)
        VALUES ($1, $2, $3, $4) ON CONFLICT (person_id, other_id, review_id) DO NOTHING";
    /// Takes back that two are not one, as a decision says; what was said before decisions were
    /// noted goes with it.
    DELETE = "DELETE FROM person_apart
        WHERE person_id = $1 AND other_id = $2 AND review_id IN ($3, '')";
    /// Whether a human said that somebody for whom a lead stands is not one with another.
    FIND = "SELECT a.said_us FROM person p
        JOIN person_apart a ON a.person_id = p.person_id
        WHERE p.lead_id = $1 AND a.other_id = $2 LIMIT 1";
}
