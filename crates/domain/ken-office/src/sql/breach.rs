//! The breach register's tables and statements. What was written is sealed; no column names a
//! person whom a record is about.

use ken_store::statements;

pub(super) const TABLES: &str = "
CREATE TABLE office_breach (
  organisation TEXT NOT NULL, id TEXT NOT NULL, reporter TEXT, kind TEXT NOT NULL, people BIGINT,
  key_id TEXT NOT NULL, found_us BIGINT NOT NULL, aware_us BIGINT NOT NULL, due_us BIGINT NOT NULL,
  recorded_us BIGINT NOT NULL, regulator TEXT, told TEXT, missed_us BIGINT, closed_us BIGINT,
  PRIMARY KEY (organisation, id)
);
CREATE INDEX office_breach_of_reporter ON office_breach (reporter, recorded_us);
CREATE TABLE office_breach_step (
  organisation TEXT NOT NULL, breach_id TEXT NOT NULL, id TEXT NOT NULL, did TEXT NOT NULL,
  at_us BIGINT NOT NULL, kept_us BIGINT NOT NULL, by_organisation TEXT NOT NULL,
  by_practitioner TEXT NOT NULL, sealed {bytes} NOT NULL,
  PRIMARY KEY (organisation, breach_id, id)
);
";

/// Whose people a breach concerns.
pub(super) const GROUPS: &str = "
CREATE TABLE office_breach_people (
  organisation TEXT NOT NULL, breach_id TEXT NOT NULL, of_organisation TEXT NOT NULL,
  people BIGINT NOT NULL, told BIGINT NOT NULL, by_practitioner TEXT NOT NULL,
  at_us BIGINT NOT NULL, PRIMARY KEY (organisation, breach_id, of_organisation)
);
";

statements! {
    /// Counts whom a breach concerns of one organisation's people, or counts them anew.
    UPSERT_GROUP = "INSERT INTO office_breach_people (organisation, breach_id, of_organisation,
          people, told, by_practitioner, at_us) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (organisation, breach_id, of_organisation) DO UPDATE
        SET people = excluded.people, told = excluded.told,
          by_practitioner = excluded.by_practitioner, at_us = excluded.at_us";
    /// Whose people a breach concerns.
    LIST_GROUPS = "SELECT of_organisation, people, told FROM office_breach_people
        WHERE organisation = $1 AND breach_id = $2 ORDER BY of_organisation LIMIT $3";
    /// Keeps a breach.
    INSERT_BREACH = "INSERT INTO office_breach (organisation, id, reporter, kind, people, key_id,
          found_us, aware_us, due_us, recorded_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// How many open breaches an organisation has that it, or a processor, recorded.
    COUNT_OPEN = "SELECT COUNT(*) FROM office_breach
        WHERE organisation = $1 AND reporter IS NOT DISTINCT FROM $2 AND closed_us IS NULL";
    /// The breaches of an organisation, the most urgent first; what is closed last.
    LIST_BREACHES = "SELECT organisation, id, reporter, kind, people, found_us, aware_us, due_us,
          recorded_us, regulator, told, missed_us, closed_us
        FROM office_breach WHERE organisation = $1
        ORDER BY CASE WHEN closed_us IS NULL THEN 0 ELSE 1 END,
          CASE WHEN closed_us IS NULL THEN due_us ELSE -due_us END, id LIMIT $2";
    /// What a processor reported to whom, the newest first, in the same columns.
    LIST_REPORTED = "SELECT organisation, id, reporter, kind, people, found_us, aware_us, due_us,
          recorded_us, regulator, told, missed_us, closed_us
        FROM office_breach WHERE reporter = $1 ORDER BY recorded_us DESC, id LIMIT $2";
    /// One breach of an organisation, in the same columns.
    FIND_BREACH = "SELECT organisation, id, reporter, kind, people, found_us, aware_us, due_us,
          recorded_us, regulator, told, missed_us, closed_us
        FROM office_breach WHERE organisation = $1 AND id = $2";
    /// Under which key a breach's words are.
    BREACH_KEY = "SELECT key_id FROM office_breach WHERE organisation = $1 AND id = $2";
    /// Moves a breach on, unless somebody has.
    MOVE_BREACH = "UPDATE office_breach SET regulator = $3, told = $4, closed_us = $5
        WHERE organisation = $1 AND id = $2 AND closed_us IS NULL
          AND regulator IS NOT DISTINCT FROM $6 AND told IS NOT DISTINCT FROM $7";
    /// Says that the time for the regulator passed without a decision, once.
    MISS_BREACH = "UPDATE office_breach SET missed_us = $3
        WHERE organisation = $1 AND id = $2 AND regulator IS NULL AND missed_us IS NULL
        RETURNING kind";
    /// Keeps what was done about a breach, and its words.
    INSERT_STEP = "INSERT INTO office_breach_step (organisation, breach_id, id, did, at_us,
          kept_us, by_organisation, by_practitioner, sealed)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// How much was done about a breach.
    COUNT_STEPS = "SELECT COUNT(*) FROM office_breach_step
        WHERE organisation = $1 AND breach_id = $2";
    /// What was done about a breach, the oldest first.
    LIST_STEPS = "SELECT s.id, s.did, s.at_us, s.kept_us, s.by_practitioner, s.sealed, b.key_id
        FROM office_breach_step s
        JOIN office_breach b ON b.organisation = s.organisation AND b.id = s.breach_id
        WHERE s.organisation = $1 AND s.breach_id = $2 ORDER BY s.kept_us, s.id LIMIT $3";
}
