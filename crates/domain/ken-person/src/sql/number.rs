//! Numbers as links: who says that a number is somebody's, since when, and whether it was taken
//! back.

use ken_store::statements;

/// What stands is a column of the number; what people did to it is kept beside it, for ever.
pub(super) const LINKS: &str = "
ALTER TABLE person_identifier ADD COLUMN practitioner_id TEXT;
ALTER TABLE person_identifier ADD COLUMN evidence TEXT NOT NULL DEFAULT 'message';
ALTER TABLE person_identifier ADD COLUMN ended_us BIGINT;
CREATE TABLE identifier_event (
  person_id TEXT NOT NULL, event_id TEXT NOT NULL, system TEXT NOT NULL, value TEXT NOT NULL,
  organisation_id TEXT NOT NULL, practitioner_id TEXT NOT NULL,
  event TEXT NOT NULL CHECK (event IN ('given', 'taken-back')), evidence TEXT,
  made_us BIGINT NOT NULL, PRIMARY KEY (person_id, event_id)
);
";

statements! {
    /// Whose a number is, so to the end of the transaction: nobody takes it back meanwhile.
    /// Variant: SQLite has one writer, whose turn is the lock.
    CLAIM_SHARE = "SELECT person_id FROM identifier_claim WHERE system = $1 AND value = $2",
        postgres = "SELECT person_id FROM identifier_claim WHERE system = $1 AND value = $2
        FOR SHARE";
    /// Waits for those who read whose a number is, and keeps others from it.
    CLAIM_HOLD = "UPDATE identifier_claim SET person_id = person_id
        WHERE system = $1 AND value = $2";
    /// The numbers of everyone for whom a person stands, with who says so.
    NUMBERS_TOGETHER = "SELECT i.system, i.value, i.organisation_id, i.practitioner_id, i.evidence,
        i.check_rule, i.issue_range, i.said_us, i.ended_us
        FROM person p JOIN person_identifier i ON i.person_id = p.person_id
        WHERE p.lead_id = $1
        ORDER BY i.system, i.value, i.said_us, i.organisation_id, i.person_id LIMIT $2";
    /// Keeps a number by a practitioner's word, in the place of what their organisation said of it.
    NUMBER_GIVE = "INSERT INTO person_identifier (person_id, system, value, organisation_id,
        check_rule, issue_range, said_us, practitioner_id, evidence)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (person_id, system, value, organisation_id) DO UPDATE SET
        said_us = excluded.said_us, practitioner_id = excluded.practitioner_id,
        evidence = excluded.evidence, ended_us = NULL";
    /// Ends what everybody says of a number of one record.
    NUMBER_END = "UPDATE person_identifier SET ended_us = $4
        WHERE person_id = $1 AND system = $2 AND value = $3 AND ended_us IS NULL";
    /// Notes what a practitioner did to a number.
    NUMBER_EVENT = "INSERT INTO identifier_event (person_id, event_id, system, value,
        organisation_id, practitioner_id, event, evidence, made_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// What practitioners did to the numbers of everyone for whom a person stands, newest first.
    NUMBER_EVENTS = "SELECT e.system, e.value, e.organisation_id, e.practitioner_id, e.event,
        e.evidence, e.made_us
        FROM person p JOIN identifier_event e ON e.person_id = p.person_id
        WHERE p.lead_id = $1 ORDER BY e.made_us DESC, e.event_id DESC LIMIT $2";
}
