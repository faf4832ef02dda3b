//! Statements about what was said by word of mouth. The table only grows, but for its answers.

use ken_store::statements;

/// What was told or heard, and whether a clause covered it; to whom outside is sealed.
pub(super) const TOLD: &str = "
CREATE TABLE care_told (
  id TEXT NOT NULL PRIMARY KEY, person_id TEXT NOT NULL,
  by_practitioner TEXT NOT NULL, by_organisation TEXT NOT NULL, by_role TEXT NOT NULL,
  is_heard BIGINT NOT NULL CHECK (is_heard IN (0, 1)), how TEXT NOT NULL,
  with_organisation TEXT, with_role TEXT, purpose TEXT NOT NULL, categories TEXT NOT NULL,
  said_us BIGINT NOT NULL, at_us BIGINT NOT NULL,
  is_covered BIGINT NOT NULL CHECK (is_covered IN (0, 1)),
  key_id TEXT NOT NULL, outside {bytes} NOT NULL, closed_us BIGINT
);
CREATE INDEX care_told_by ON care_told (by_practitioner, at_us);
CREATE INDEX care_told_open ON care_told (by_organisation, at_us)
  WHERE is_covered = 0 AND closed_us IS NULL;
";

statements! {
    /// Keeps that something was said; nothing changes it.
    TOLD_INSERT = "INSERT INTO care_told
        (id, person_id, by_practitioner, by_organisation, by_role, is_heard, how,
         with_organisation, with_role, purpose, categories, said_us, at_us, is_covered, key_id,
         outside)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    /// How often somebody recorded something since a moment, up to a bound.
    TOLD_COUNT = "SELECT COUNT(*) FROM (SELECT id FROM care_told
        WHERE by_practitioner = $1 AND at_us > $2 LIMIT $3) AS told";
    /// With which role somebody spoke when they last recorded something, and how.
    TOLD_LAST = "SELECT with_organisation, with_role, how FROM care_told
        WHERE by_practitioner = $1 AND by_organisation = $2
        ORDER BY at_us DESC, id DESC LIMIT 1";
    /// What an organisation's practitioners said that no clause covered and nobody has looked into,
    /// the oldest first.
    TOLD_UNCOVERED = "SELECT id, by_practitioner, by_role, is_heard, how, with_organisation,
         with_role, purpose, categories, said_us, key_id, outside FROM care_told
        WHERE by_organisation = $1 AND is_covered = 0 AND closed_us IS NULL
        ORDER BY at_us, id LIMIT $2";
    /// Closes one of these, of somebody else's.
    TOLD_CLOSE = "UPDATE care_told SET closed_us = $4
        WHERE id = $1 AND by_organisation = $2 AND by_practitioner <> $3
          AND is_covered = 0 AND closed_us IS NULL";
}
