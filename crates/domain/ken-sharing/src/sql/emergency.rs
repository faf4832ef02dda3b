//! Statements of emergency access: what is open, who agrees to it, and who looks at it afterwards.

use ken_store::statements;

/// Who agreed to an access that was open already, beside whoever agreed that it be opened; and
/// which reviews nobody made in time.
pub(super) const AGREED: &str = "
CREATE TABLE emergency_agreed (
  person_id TEXT NOT NULL, access_id TEXT NOT NULL, practitioner_id TEXT NOT NULL,
  at_us BIGINT NOT NULL, PRIMARY KEY (person_id, access_id, practitioner_id)
);
ALTER TABLE emergency_access ADD COLUMN review_missed_us BIGINT;
";

statements! {
    /// Opens an emergency access.
    INSERT_EMERGENCY = "INSERT INTO emergency_access
        (person_id, id, organisation, role, practitioner_id, entry_id, from_us, until_us,
         review_due_us, second_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// The emergency access a practitioner has open for an organisation.
    FIND_EMERGENCY = "SELECT id, until_us, second_by FROM emergency_access
        WHERE person_id = $1 AND practitioner_id = $2 AND from_us <= $3 AND until_us > $3
          AND CASE WHEN organisation = $4 THEN 1 ELSE 0 END = 1 -- looked for by person alone
        ORDER BY CASE WHEN second_by IS NULL THEN 1 ELSE 0 END, until_us DESC, id LIMIT 1";
    /// Whether a practitioner has one open, whichever organisation it is for.
    HAS_EMERGENCY = "SELECT 1 FROM emergency_access
        WHERE person_id = $1 AND practitioner_id = $2 AND from_us <= $3 AND until_us > $3 LIMIT 1";
    /// Finishes early what a practitioner has open for an organisation.
    END_EMERGENCIES = "UPDATE emergency_access SET until_us = $3
        WHERE person_id = $1 AND practitioner_id = $2 AND from_us <= $3 AND until_us > $3
          AND CASE WHEN organisation = $4 THEN 1 ELSE 0 END = 1 RETURNING id"; // as above
    /// Emergency accesses of one organisation that nobody has reviewed, after one of them.
    LIST_UNREVIEWED = "SELECT person_id, id, practitioner_id, second_by, entry_id, from_us,
          until_us, review_due_us, organisation, role
        FROM emergency_access WHERE organisation = $1 AND reviewed_us IS NULL
          AND (review_due_us, id) > ($2, $3)
        ORDER BY review_due_us, id LIMIT $4";
    /// The emergency accesses that a practitioner has open. A review is due later than any access
    /// lasts, so that the index finds them.
    LIST_EMERGENCIES_OF = "SELECT person_id, from_us, until_us, second_by FROM emergency_access
        WHERE organisation = $1 AND review_due_us > $2 AND from_us <= $2 AND until_us > $2
          AND practitioner_id = $3 ORDER BY from_us DESC, id LIMIT $4";
    /// One that nobody has reviewed.
    FIND_UNREVIEWED = "SELECT person_id, id, practitioner_id, second_by, entry_id, from_us,
          until_us, review_due_us, organisation, role FROM emergency_access
        WHERE person_id = $1 AND id = $2 AND reviewed_us IS NULL";
    /// Closes the review; nobody reviews their own, nor what they agreed to. What is found not to
    /// be right is over at once.
    REVIEW_EMERGENCY = "UPDATE emergency_access SET reviewed_by = $3, reviewed_us = $4,
          outcome = $5,
          until_us = CASE WHEN until_us > $4 AND $6 = 1 THEN $4 ELSE until_us END
        WHERE person_id = $1 AND id = $2 AND reviewed_us IS NULL
          AND practitioner_id <> $3 AND (second_by IS NULL OR second_by <> $3)
          AND NOT EXISTS (SELECT 1 FROM emergency_agreed
            WHERE person_id = $1 AND access_id = $2 AND emergency_agreed.practitioner_id = $3)";
    /// Says that nobody reviewed it in time, once.
    MISS_REVIEW = "UPDATE emergency_access SET review_missed_us = $3
        WHERE person_id = $1 AND id = $2 AND reviewed_us IS NULL AND review_missed_us IS NULL
        RETURNING organisation";
    /// Says that somebody agreed to an access that was open already.
    INSERT_AGREED = "INSERT INTO emergency_agreed (person_id, access_id, practitioner_id, at_us)
        VALUES ($1, $2, $3, $4) ON CONFLICT (person_id, access_id, practitioner_id) DO NOTHING";
    /// Who agreed to an access that was open already.
    LIST_AGREED = "SELECT practitioner_id FROM emergency_agreed
        WHERE person_id = $1 AND access_id = $2 ORDER BY at_us, practitioner_id";
    /// The same of all of a page: after one of an organisation's unreviewed, up to another.
    LIST_AGREED_OF = "SELECT a.access_id, a.practitioner_id FROM emergency_access e
        JOIN emergency_agreed a ON a.person_id = e.person_id AND a.access_id = e.id
        WHERE e.organisation = $1 AND e.reviewed_us IS NULL
          AND (e.review_due_us, e.id) > ($2, $3) AND (e.review_due_us, e.id) <= ($4, $5)
        ORDER BY a.access_id, a.practitioner_id";
    /// Asks for a second person.
    INSERT_ASKING = "INSERT INTO second_person
        (id, organisation, role, practitioner_id, account_id, key_id, asked, at_us, until_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// What waits for a second person in an organisation: of each asker the newest, then of each
    /// the one before it, and so on.
    LIST_ASKINGS = "SELECT a.id, a.organisation, a.role, a.practitioner_id, a.account_id, a.key_id,
          a.asked, a.at_us
        FROM (SELECT id, at_us,
            ROW_NUMBER() OVER (PARTITION BY practitioner_id ORDER BY at_us DESC, id DESC) AS turn
          FROM second_person WHERE organisation = $1 AND decided_us IS NULL AND until_us > $2
          ORDER BY turn, at_us, id LIMIT $3) w
        JOIN second_person a ON a.id = w.id ORDER BY w.turn, w.at_us, w.id";
    /// What a practitioner asked, until it runs out, and what became of it.
    LIST_OWN_ASKINGS = "SELECT id, organisation, role, practitioner_id, account_id, key_id, asked,
          at_us, decision, decided_by
        FROM second_person
        WHERE organisation = $1 AND practitioner_id = $2 AND until_us > $3
        ORDER BY at_us DESC, id LIMIT $4";
    /// One that waits, of an organisation, and is not one's own.
    FIND_ASKING = "SELECT id, organisation, role, practitioner_id, account_id, key_id, asked, at_us
        FROM second_person
        WHERE id = $1 AND organisation = $2 AND practitioner_id <> $3
          AND decided_us IS NULL AND until_us > $4";
    /// Whether one waits.
    ASKING_WAITS = "SELECT 1 FROM second_person
        WHERE id = $1 AND decided_us IS NULL AND until_us > $2";
    /// Decides it once.
    DECIDE_ASKING = "UPDATE second_person SET decided_by = $2, decided_us = $3, decision = $4
        WHERE id = $1 AND decided_us IS NULL AND until_us > $3";
}
