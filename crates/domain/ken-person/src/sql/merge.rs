//! Merges of a source's numbers, and what it said of which number is which other.

use ken_store::statements;

/// What each source said of its numbers, in whatever way it was done; and which moves of numbers
/// a merge brought about beside that of its own.
pub(super) const CHAINS: &str = "
CREATE TABLE number_merged (
  event_id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL, system TEXT NOT NULL,
  number TEXT NOT NULL, kept_system TEXT NOT NULL, kept_number TEXT NOT NULL,
  has_moved BIGINT NOT NULL, said_by TEXT NOT NULL, said_us BIGINT, made_us BIGINT NOT NULL,
  undone_us BIGINT
);
CREATE INDEX number_merged_last ON number_merged
  (organisation_id, system, number, made_us, event_id) WHERE undone_us IS NULL;
CREATE INDEX number_merged_into ON number_merged
  (organisation_id, kept_system, kept_number, made_us, event_id) WHERE undone_us IS NULL;
ALTER TABLE merge_event ADD COLUMN carried_by TEXT NOT NULL DEFAULT '';
CREATE INDEX merge_event_carried ON merge_event (carried_by) WHERE carried_by <> '';
CREATE INDEX merge_event_to ON merge_event (to_id) WHERE undone_us IS NULL;
";

statements! {
    /// Notes that a number was moved.
    MERGE_INSERT = "INSERT INTO merge_event
        (person_id, event_id, to_id, organisation_id, system, number, made_us, carried_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// One merge.
    MERGE = "SELECT to_id, organisation_id, system, number, undone_us, made_us FROM merge_event
        WHERE person_id = $1 AND event_id = $2 AND carried_by = ''";
    /// The moves that a merge brought about beside its own, the newest first.
    CARRIED = "SELECT person_id, event_id, to_id, organisation_id, system, number, made_us
        FROM merge_event WHERE carried_by = $1 AND carried_by <> '' AND undone_us IS NULL
        ORDER BY made_us DESC, event_id DESC LIMIT $2";
    /// Whether other numbers of an organisation than one were merged into a person's, of which it
    /// is not kept into which.
    MERGED_INTO = "SELECT 1 FROM merge_event m
        WHERE m.to_id = $1 AND m.organisation_id = $2 AND (m.system <> $3 OR m.number <> $4)
          AND m.undone_us IS NULL AND m.carried_by = ''
          AND NOT EXISTS (SELECT 1 FROM number_merged j WHERE j.event_id = m.event_id)
          AND EXISTS (SELECT 1 FROM source_number n
            WHERE n.organisation_id = m.organisation_id AND n.system = m.system
              AND n.number = m.number AND n.person_id = m.to_id)
        LIMIT 1";
    /// Whether a merge brought a number to a person.
    IS_BROUGHT = "SELECT 1 FROM merge_event
        WHERE to_id = $1 AND organisation_id = $2 AND system = $3 AND number = $4
          AND undone_us IS NULL LIMIT 1";
    /// Whether a merge took a number away from a person.
    IS_TAKEN = "SELECT 1 FROM merge_event
        WHERE person_id = $1 AND organisation_id = $2 AND system = $3 AND number = $4
          AND undone_us IS NULL LIMIT 1";
    /// Notes that a merge was taken back.
    MERGE_UNDO = "UPDATE merge_event SET undone_us = $3
        WHERE person_id = $1 AND event_id = $2 AND undone_us IS NULL";
    /// The merges that moved a number away from a person, and that stand.
    MERGES = "SELECT event_id, to_id FROM merge_event
        WHERE person_id = $1 AND undone_us IS NULL AND carried_by = ''
        ORDER BY made_us, event_id LIMIT $2";
    /// Notes what a source says of a number.
    SAY = "INSERT INTO number_merged (event_id, organisation_id, system, number, kept_system,
          kept_number, has_moved, said_by, said_us, made_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// Notes that it says so again.
    SAY_AGAIN = "UPDATE number_merged SET said_by = $2, said_us = $3 WHERE event_id = $1";
    /// What a source last said of a number.
    SAID_LAST = "SELECT event_id, kept_system, kept_number, said_by, said_us FROM number_merged
        WHERE organisation_id = $1 AND system = $2 AND number = $3 AND undone_us IS NULL
        ORDER BY made_us DESC, event_id DESC LIMIT 1";
    /// The numbers of which a source last said that they are another.
    SAID_INTO = "SELECT j.system, j.number FROM number_merged j
        WHERE j.organisation_id = $1 AND j.kept_system = $2 AND j.kept_number = $3
          AND j.undone_us IS NULL AND NOT EXISTS (SELECT 1 FROM number_merged l
            WHERE l.organisation_id = j.organisation_id AND l.system = j.system
              AND l.number = j.number AND l.undone_us IS NULL
              AND (l.made_us, l.event_id) > (j.made_us, j.event_id))
        ORDER BY j.made_us, j.event_id LIMIT $4";
    /// Whether another was merged into a number since a merge, and stands so.
    INTO_SINCE = "SELECT 1 FROM number_merged
        WHERE organisation_id = $1 AND kept_system = $2 AND kept_number = $3 AND has_moved = 1
          AND undone_us IS NULL AND (made_us, event_id) > ($4, $5) LIMIT 1";
    /// Of which number a merge said that it is another.
    SAID_BY_MERGE = "SELECT organisation_id, system, number FROM number_merged
        WHERE event_id = $1 AND undone_us IS NULL";
    /// What was said by a merge that was taken back is said no more.
    SAY_NO_MORE = "UPDATE number_merged SET undone_us = $2
        WHERE event_id = $1 AND undone_us IS NULL";
}
