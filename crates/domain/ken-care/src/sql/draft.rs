//! Statements about drafts of forms: one of each form for each person and writer.

use ken_store::statements;

/// Drafts; what was typed is sealed.
pub(super) const DRAFTS: &str = "
CREATE TABLE care_draft (
  person_id TEXT NOT NULL, practitioner_id TEXT NOT NULL, organisation TEXT NOT NULL,
  form TEXT NOT NULL, key_id TEXT NOT NULL, typed {bytes} NOT NULL,
  saved_us BIGINT NOT NULL, until_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, practitioner_id, organisation, form)
);
CREATE INDEX care_draft_until ON care_draft (until_us);
CREATE INDEX care_draft_of ON care_draft (practitioner_id, organisation);
";

statements! {
    /// Keeps a draft in the place of the one before.
    DRAFT_PUT = "INSERT INTO care_draft
        (person_id, practitioner_id, organisation, form, key_id, typed, saved_us, until_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (person_id, practitioner_id, organisation, form) DO UPDATE
        SET key_id = excluded.key_id, typed = excluded.typed, saved_us = excluded.saved_us,
          until_us = excluded.until_us";
    /// A writer's draft, unless it has run out.
    DRAFT_FIND = "SELECT key_id, typed, saved_us FROM care_draft
        WHERE person_id = $1 AND practitioner_id = $2 AND organisation = $3 AND form = $4
          AND until_us > $5";
    /// Which forms a writer has drafts of, about one person.
    DRAFT_LIST = "SELECT form, saved_us FROM care_draft
        WHERE person_id = $1 AND practitioner_id = $2 AND organisation = $3 AND until_us > $4
        ORDER BY form";
    /// How many drafts a writer has, apart from this one, up to a bound.
    DRAFT_COUNT = "SELECT COUNT(*) FROM (SELECT form FROM care_draft
        WHERE practitioner_id = $1 AND organisation = $2 AND until_us > $3
          AND (person_id <> $4 OR form <> $5) LIMIT $6) AS drafts";
    /// Removes a draft.
    DRAFT_DELETE = "DELETE FROM care_draft
        WHERE person_id = $1 AND practitioner_id = $2 AND organisation = $3 AND form = $4";
    /// Removes some that have run out, whose they may be.
    DRAFT_EXPIRE = "DELETE FROM care_draft WHERE until_us IN
        (SELECT until_us FROM care_draft WHERE until_us <= $1 ORDER BY until_us LIMIT $2)";
}
