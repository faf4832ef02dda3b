//! Statements and tables of the governance desk: what is contested, and what others recommend.

use ken_store::statements;

pub(super) const CONTESTS: &str = "
CREATE TABLE office_contest (
  organisation TEXT NOT NULL, id TEXT NOT NULL, practitioner_id TEXT NOT NULL, role TEXT NOT NULL,
  side TEXT NOT NULL, entry_id TEXT NOT NULL, at_us BIGINT NOT NULL, due_us BIGINT NOT NULL,
  advice TEXT, answer_entry TEXT, answered_by TEXT, answered_us BIGINT,
  PRIMARY KEY (organisation, id)
);
CREATE INDEX office_contest_open ON office_contest (organisation, due_us) WHERE advice IS NULL;
CREATE INDEX office_contest_of ON office_contest (organisation, practitioner_id, at_us);
";

pub(super) const RECOMMENDATIONS: &str = "
CREATE TABLE office_review_list (
  organisation TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL, made_by TEXT NOT NULL,
  imported_by TEXT NOT NULL, imported_us BIGINT NOT NULL, PRIMARY KEY (organisation, id)
);
CREATE TABLE office_recommendation (
  organisation TEXT NOT NULL, list_id TEXT NOT NULL, place BIGINT NOT NULL, number TEXT NOT NULL,
  says TEXT NOT NULL, owner TEXT, due_day TEXT, closed_by TEXT, closed_us BIGINT, outcome TEXT,
  PRIMARY KEY (organisation, list_id, number)
);
CREATE TABLE office_evidence (
  organisation TEXT NOT NULL, list_id TEXT NOT NULL, number TEXT NOT NULL, id TEXT NOT NULL,
  says TEXT NOT NULL, by_practitioner TEXT NOT NULL, at_us BIGINT NOT NULL,
  PRIMARY KEY (organisation, list_id, number, id)
);
";

statements! {
    /// Keeps that a disclosure is contested; what was said is on the ledger alone.
    INSERT_CONTEST = "INSERT INTO office_contest (organisation, id, practitioner_id, role, side,
          entry_id, at_us, due_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// How many questions of an organisation wait for its Guardian.
    COUNT_CONTESTS = "SELECT COUNT(*) FROM office_contest
        WHERE organisation = $1 AND advice IS NULL";
    /// What waits for an organisation's Guardian, the most urgent first.
    LIST_CONTESTS = "SELECT id, practitioner_id, role, side, entry_id, at_us, due_us, advice,
          answer_entry, answered_by, answered_us FROM office_contest
        WHERE organisation = $1 AND advice IS NULL ORDER BY due_us, id LIMIT $2";
    /// What was answered in an organisation, the newest first, in the same columns.
    LIST_ANSWERED = "SELECT id, practitioner_id, role, side, entry_id, at_us, due_us, advice,
          answer_entry, answered_by, answered_us FROM office_contest
        WHERE organisation = $1 AND advice IS NOT NULL ORDER BY answered_us DESC, id LIMIT $2";
    /// What a practitioner asked, the newest first, in the same columns.
    LIST_CONTESTS_OF = "SELECT id, practitioner_id, role, side, entry_id, at_us, due_us, advice,
          answer_entry, answered_by, answered_us FROM office_contest
        WHERE organisation = $1 AND practitioner_id = $2 ORDER BY at_us DESC, id LIMIT $3";
    /// A question that waits, and is not the answerer's own.
    FIND_OPEN_CONTEST = "SELECT id FROM office_contest
        WHERE organisation = $1 AND id = $2 AND advice IS NULL AND practitioner_id <> $3";
    /// Answers a question once, and nobody their own.
    ANSWER_CONTEST = "UPDATE office_contest SET advice = $3, answer_entry = $4, answered_by = $5,
          answered_us = $6
        WHERE organisation = $1 AND id = $2 AND advice IS NULL AND practitioner_id <> $5";
    /// Keeps a list of recommendations.
    INSERT_REVIEW_LIST = "INSERT INTO office_review_list
        (organisation, id, title, made_by, imported_by, imported_us)
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// How many lists an organisation has.
    COUNT_REVIEW_LISTS = "SELECT COUNT(*) FROM office_review_list WHERE organisation = $1";
    /// An organisation's lists, the newest first.
    LIST_REVIEW_LISTS = "SELECT id, title, made_by, imported_us FROM office_review_list
        WHERE organisation = $1 ORDER BY imported_us DESC, id LIMIT $2";
    /// Keeps a recommendation.
    INSERT_RECOMMENDATION = "INSERT INTO office_recommendation
        (organisation, list_id, place, number, says, owner, due_day)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// Every recommendation of an organisation, in the order of its lists.
    LIST_RECOMMENDATIONS = "SELECT list_id, number, says, owner, due_day, closed_by, closed_us,
          outcome FROM office_recommendation
        WHERE organisation = $1 ORDER BY list_id, place LIMIT $2";
    /// One recommendation, in the same columns.
    FIND_RECOMMENDATION = "SELECT list_id, number, says, owner, due_day, closed_by, closed_us,
          outcome FROM office_recommendation
        WHERE organisation = $1 AND list_id = $2 AND number = $3";
    /// Gives an open recommendation to somebody.
    ASSIGN_RECOMMENDATION = "UPDATE office_recommendation SET owner = $4, due_day = $5
        WHERE organisation = $1 AND list_id = $2 AND number = $3 AND closed_us IS NULL";
    /// Closes a recommendation, once.
    CLOSE_RECOMMENDATION = "UPDATE office_recommendation SET closed_by = $4, closed_us = $5,
          outcome = $6
        WHERE organisation = $1 AND list_id = $2 AND number = $3 AND closed_us IS NULL";
    /// Opens a closed recommendation again.
    REOPEN_RECOMMENDATION = "UPDATE office_recommendation SET closed_by = NULL, closed_us = NULL,
          outcome = NULL
        WHERE organisation = $1 AND list_id = $2 AND number = $3 AND closed_us IS NOT NULL";
    /// Keeps what shows that something was done.
    INSERT_EVIDENCE = "INSERT INTO office_evidence
        (organisation, list_id, number, id, says, by_practitioner, at_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// How much evidence a recommendation has.
    COUNT_EVIDENCE = "SELECT COUNT(*) FROM office_evidence
        WHERE organisation = $1 AND list_id = $2 AND number = $3";
    /// The evidence of a list, the oldest first.
    LIST_EVIDENCE = "SELECT number, says, by_practitioner, at_us FROM office_evidence
        WHERE organisation = $1 AND list_id = $2 ORDER BY at_us, id LIMIT $3";
}
