//! Tables and statements of disposal: what was asked and done, and what is held back. They count;
//! no column names a person whom a record is about.

use ken_store::statements;

pub(super) const TABLES: &str = "
CREATE TABLE office_disposal (
  organisation TEXT NOT NULL, id TEXT NOT NULL, record_set TEXT NOT NULL, rule TEXT NOT NULL,
  before_us BIGINT NOT NULL, counted BIGINT NOT NULL, asked_by TEXT NOT NULL,
  asked_us BIGINT NOT NULL, done_by TEXT, done_us BIGINT, removed BIGINT, entry_id TEXT,
  PRIMARY KEY (organisation, id)
);
CREATE INDEX office_disposal_by_age ON office_disposal (organisation, asked_us);
CREATE TABLE office_hold (
  organisation TEXT NOT NULL, record_set TEXT NOT NULL, reason TEXT NOT NULL,
  by_practitioner TEXT NOT NULL, at_us BIGINT NOT NULL, PRIMARY KEY (organisation, record_set)
);
";

statements! {
    /// Keeps what somebody asks to dispose of.
    INSERT_DISPOSAL = "INSERT INTO office_disposal (organisation, id, record_set, rule, before_us,
          counted, asked_by, asked_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Whether a disposal of a set waits for its second officer.
    FIND_WAITING = "SELECT id FROM office_disposal
        WHERE organisation = $1 AND record_set = $2 AND done_us IS NULL AND asked_us > $3";
    /// What was asked and done, the newest first.
    LIST_DISPOSALS = "SELECT id, record_set, rule, before_us, counted, asked_by, asked_us, done_by,
          done_us, removed, entry_id FROM office_disposal
        WHERE organisation = $1 ORDER BY asked_us DESC, id LIMIT $2";
    /// One of them, in the same columns.
    FIND_DISPOSAL = "SELECT id, record_set, rule, before_us, counted, asked_by, asked_us, done_by,
          done_us, removed, entry_id FROM office_disposal WHERE organisation = $1 AND id = $2";
    /// Says that it is done, once.
    FINISH_DISPOSAL = "UPDATE office_disposal SET done_by = $3, done_us = $4, removed = $5,
          entry_id = $6 WHERE organisation = $1 AND id = $2 AND done_us IS NULL";
    /// Takes a disposal that is not done, to the end of the write: whoever holds its set back comes
    /// before or after.
    LOCK_DISPOSAL = "UPDATE office_disposal SET counted = counted
        WHERE organisation = $1 AND id = $2 AND done_us IS NULL";
    /// Takes those of a set that are not done.
    LOCK_SET = "UPDATE office_disposal SET counted = counted
        WHERE organisation = $1 AND record_set = $2 AND done_us IS NULL";
    /// Holds a set back, or says anew why.
    UPSERT_HOLD = "INSERT INTO office_hold (organisation, record_set, reason, by_practitioner,
          at_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (organisation, record_set) DO UPDATE SET reason = excluded.reason,
          by_practitioner = excluded.by_practitioner, at_us = excluded.at_us";
    /// Ends a hold.
    DELETE_HOLD = "DELETE FROM office_hold WHERE organisation = $1 AND record_set = $2";
    /// What is held back, and why.
    LIST_HOLDS = "SELECT record_set, reason, at_us FROM office_hold
        WHERE organisation = $1 ORDER BY record_set";
    /// How many findings were closed by an instant.
    COUNT_CLOSED_FINDINGS = "SELECT COUNT(*) FROM office_finding
        WHERE organisation = $1 AND judged_us <= $2";
    /// The oldest of them.
    LIST_CLOSED_FINDINGS = "SELECT finding_id FROM office_finding
        WHERE organisation = $1 AND judged_us <= $2 ORDER BY judged_us, finding_id LIMIT $3";
    /// Removes one.
    DELETE_FINDING = "DELETE FROM office_finding
        WHERE finding_id = $1 AND judged_us IS NOT NULL";
    /// How many breaches were closed by an instant.
    COUNT_CLOSED_BREACHES = "SELECT COUNT(*) FROM office_breach
        WHERE organisation = $1 AND closed_us <= $2";
    /// The oldest of them.
    LIST_CLOSED_BREACHES = "SELECT id, key_id FROM office_breach
        WHERE organisation = $1 AND closed_us <= $2 ORDER BY closed_us, id LIMIT $3";
    /// Removes what was written of a breach.
    DELETE_STEPS = "DELETE FROM office_breach_step WHERE organisation = $1 AND breach_id = $2";
    /// Removes how many people it concerned.
    DELETE_GROUPS = "DELETE FROM office_breach_people WHERE organisation = $1 AND breach_id = $2";
    /// Removes one.
    DELETE_BREACH = "DELETE FROM office_breach
        WHERE organisation = $1 AND id = $2 AND closed_us IS NOT NULL";
}
