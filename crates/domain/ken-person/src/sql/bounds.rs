//! What is not asked because it would be too much: of one source, and while no index is there.

use ken_store::statements;

/// Finds the open places of one source, and keeps how many newcomers nobody was asked about.
pub(super) const BOUNDS: &str = "
CREATE INDEX review_open_of_source ON review (organisation_id) WHERE decision IS NULL;
INSERT INTO person_feed_head (id, place) VALUES ('not-asked', 0);
";

statements! {
    /// How many open places an organisation's registrations made because somebody has no forename,
    /// up to a bound.
    UNNAMED_OPEN = "SELECT COUNT(*) FROM (SELECT r.review_id FROM review r
        WHERE r.organisation_id = $1 AND r.decision IS NULL AND r.copy_of IS NULL AND EXISTS
          (SELECT 1 FROM review_candidate c WHERE c.person_id = r.person_id
            AND c.review_id = r.review_id AND c.reasons LIKE '%not-yet-named%')
        LIMIT $2) AS open";
    /// The organisations of which so many are open, or more.
    UNNAMED_FULL = "SELECT r.organisation_id FROM review r
        WHERE r.decision IS NULL AND r.copy_of IS NULL AND EXISTS
          (SELECT 1 FROM review_candidate c WHERE c.person_id = r.person_id
            AND c.review_id = r.review_id AND c.reasons LIKE '%not-yet-named%')
        GROUP BY r.organisation_id HAVING COUNT(*) >= $1 ORDER BY r.organisation_id LIMIT $2";
    /// Lets newcomers up to a place wait no more.
    UNASKED_FORGET = "DELETE FROM person_unasked WHERE place <= $1";
    /// Counts those who waited in vain.
    NOT_ASKED_ADD = "UPDATE person_feed_head SET place = place + $1 WHERE id = 'not-asked'";
    /// How many waited in vain.
    NOT_ASKED = "SELECT place FROM person_feed_head WHERE id = 'not-asked'";
}
