//! Merges that stand, and those of long ago that somebody wants taken back.

use ken_store::statements;

/// Who wants which merge taken back: one of two.
pub(super) const ASKED: &str = "
CREATE TABLE merge_back_asked (
  person_id TEXT NOT NULL, event_id TEXT NOT NULL, practitioner_id TEXT NOT NULL,
  asked_us BIGINT NOT NULL, PRIMARY KEY (person_id, event_id)
);
CREATE INDEX merge_back_asked_since ON merge_back_asked (asked_us);
";

statements! {
    /// The numbers that were moved and stand so, the newest first.
    MERGES_STANDING = "SELECT person_id, event_id, to_id, organisation_id, made_us FROM merge_event
        WHERE undone_us IS NULL AND carried_by = ''
        ORDER BY made_us DESC, event_id DESC LIMIT $1";
    /// One of them.
    MERGE_STANDING = "SELECT person_id, event_id, to_id, organisation_id, made_us FROM merge_event
        WHERE person_id = $1 AND event_id = $2 AND undone_us IS NULL AND carried_by = ''";
    /// The records that sources joined and that stand so, the newest first.
    LINKS_STANDING = "SELECT person_id, event_id, to_lead_id, made_by, made_us FROM link_event
        WHERE undone_us IS NULL AND made_by NOT LIKE $1
        ORDER BY made_us DESC, event_id DESC LIMIT $2";
    /// One of them.
    LINK_STANDING = "SELECT person_id, event_id, to_lead_id, made_by, made_us FROM link_event
        WHERE person_id = $1 AND event_id = $2 AND undone_us IS NULL AND made_by NOT LIKE $3";
    /// Notes who wants a merge taken back, and says whose word counts: that of whoever said so
    /// before, unless it was too long ago.
    ASK = "INSERT INTO merge_back_asked (person_id, event_id, practitioner_id, asked_us)
        VALUES ($1, $2, $3, $4) ON CONFLICT (person_id, event_id) DO UPDATE SET
          practitioner_id = CASE WHEN merge_back_asked.asked_us <= $5
            THEN excluded.practitioner_id ELSE merge_back_asked.practitioner_id END,
          asked_us = CASE WHEN merge_back_asked.asked_us <= $5
              OR merge_back_asked.practitioner_id = excluded.practitioner_id
            THEN excluded.asked_us ELSE merge_back_asked.asked_us END
        RETURNING practitioner_id";
    /// Who wants one taken back, since an instant.
    ASKED_OF = "SELECT practitioner_id FROM merge_back_asked
        WHERE person_id = $1 AND event_id = $2 AND asked_us > $3";
    /// Which are to be taken back, the longest first.
    ASKED_SINCE = "SELECT event_id FROM merge_back_asked WHERE asked_us > $1
        ORDER BY asked_us, event_id LIMIT $2";
    /// One that was taken back waits for nobody.
    OVER = "DELETE FROM merge_back_asked WHERE person_id = $1 AND event_id = $2";
}
