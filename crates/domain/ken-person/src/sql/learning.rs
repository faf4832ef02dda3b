//! What reviewers' decisions are read by, and the models that come of them.

use ken_store::statements;

/// Models that were proposed, of which one at most is open, and who signed them. None of it names a
/// person whom a record is about.
pub(super) const MODELS: &str = "
CREATE TABLE person_model (
  model_id TEXT PRIMARY KEY, hash TEXT NOT NULL, body TEXT NOT NULL, report TEXT NOT NULL,
  made_us BIGINT NOT NULL, made_by TEXT NOT NULL, is_open BIGINT CHECK (is_open = 1),
  place BIGINT, adopted_us BIGINT, withdrawn_us BIGINT
);
CREATE UNIQUE INDEX person_model_open ON person_model (is_open);
CREATE UNIQUE INDEX person_model_place ON person_model (place);
CREATE TABLE person_model_signature (
  model_id TEXT NOT NULL, act TEXT NOT NULL, practitioner_id TEXT NOT NULL, party TEXT NOT NULL,
  signatory TEXT NOT NULL, public_key {bytes} NOT NULL, signature {bytes} NOT NULL,
  signed_us BIGINT NOT NULL, PRIMARY KEY (model_id, act, practitioner_id)
);
";

/// Which decided places are of known truth, and of which of them a place is a copy.
pub(super) const KNOWN_TRUTH: &str = "
ALTER TABLE review ADD COLUMN copy_of TEXT;
CREATE INDEX review_copy_open ON review (made_us) WHERE copy_of IS NOT NULL AND decision IS NULL;
CREATE INDEX review_by_age ON review (made_us);
CREATE TABLE review_known (
  person_id TEXT NOT NULL, review_id TEXT NOT NULL, truth_id TEXT, seen TEXT NOT NULL,
  marked_us BIGINT NOT NULL, marked_by TEXT NOT NULL, put_us BIGINT NOT NULL,
  puts BIGINT NOT NULL, withdrawn_us BIGINT, PRIMARY KEY (person_id, review_id)
);
CREATE INDEX review_known_put ON review_known (put_us);
";

statements! {
    /// What reviewers said, the newest first, of pairs whose pattern is known, at places that are
    /// decided and stand so. Who says that somebody is one candidate says nothing of the others.
    EVIDENCE = "SELECT a.practitioner_id, a.answer, c.alike_pattern, r.organisation_id
        FROM review_answer a
        JOIN review r ON r.person_id = a.person_id AND r.review_id = a.review_id
        JOIN review_candidate c ON c.person_id = a.person_id AND c.review_id = a.review_id
        WHERE r.decision IS NOT NULL AND r.copy_of IS NULL AND a.void_us IS NULL
          AND a.answer IN ('same', 'different') AND c.alike_pattern IS NOT NULL
          AND (a.answer = 'different' OR a.candidate_id = c.candidate_id)
        ORDER BY a.said_us DESC, a.answer_id DESC, c.candidate_id LIMIT $1";
    /// What reviewers said who were shown a copy of a place of known truth, the newest first, with
    /// that truth, and how two of it agree: all that they said, taken back or not. Who could know
    /// it already is left out.
    EVIDENCE_KNOWN = "SELECT a.practitioner_id, a.candidate_id, k.truth_id, r.organisation_id,
          (SELECT MIN(c.alike_pattern) FROM review_candidate c
            WHERE c.person_id = k.person_id AND c.review_id = k.review_id),
          k.person_id, k.review_id
        FROM review_known k
        JOIN review r ON r.person_id = k.person_id AND r.copy_of = k.review_id
        JOIN review_answer a ON a.person_id = r.person_id AND a.review_id = r.review_id
        WHERE k.withdrawn_us IS NULL AND a.answer IN ('same', 'different')
          AND k.marked_by <> a.practitioner_id AND NOT EXISTS (
            SELECT 1 FROM review_answer o WHERE o.person_id = k.person_id
              AND o.review_id = k.review_id AND o.practitioner_id = a.practitioner_id)
        ORDER BY a.said_us DESC, a.answer_id DESC LIMIT $1";
    /// Whether a place is marked as one of known truth.
    KNOWN = "SELECT person_id, review_id, truth_id, seen, put_us FROM review_known
        WHERE person_id = $1 AND review_id = $2";
    /// Whom a decided place was found to be, or nobody of the candidates, where two agreed before a
    /// moment, and nobody ever said otherwise or wanted it taken back.
    KNOWN_FITTING = "SELECT MIN(a.candidate_id) FROM review r
        JOIN review_answer a ON a.person_id = r.person_id AND a.review_id = r.review_id
        WHERE r.person_id = $1 AND r.review_id = $2 AND r.decision IS NOT NULL
          AND r.decided_us <= $3 AND a.answer = r.decision AND a.void_us IS NULL
          AND NOT EXISTS (SELECT 1 FROM review_answer o
            WHERE o.person_id = r.person_id AND o.review_id = r.review_id
              AND (o.answer = 'undo' OR o.answer <> 'not-sure' AND o.void_us IS NOT NULL))
        GROUP BY r.review_id HAVING COUNT(DISTINCT a.practitioner_id) >= 2
          AND COUNT(DISTINCT COALESCE(a.candidate_id, '')) = 1";
    /// How many accounts there are of one record, and of when the newest is.
    SOURCES_SEEN = "SELECT COUNT(*), MAX(said_us) FROM person_source WHERE person_id = $1";
    /// Marks a decided place as one of known truth.
    KNOWN_INSERT = "INSERT INTO review_known
        (person_id, review_id, truth_id, seen, marked_us, marked_by, put_us, puts)
        VALUES ($1, $2, $3, $4, $5, $6, 0, 0) ON CONFLICT (person_id, review_id) DO NOTHING";
    /// Of which place one is a copy.
    COPY_OF = "SELECT copy_of FROM review WHERE person_id = $1 AND review_id = $2";
    /// The truth of a copy.
    KNOWN_OF_COPY = "SELECT k.person_id, k.review_id, k.truth_id, k.seen, k.put_us FROM review r
        JOIN review_known k ON k.person_id = r.person_id AND k.review_id = r.copy_of
        WHERE r.person_id = $1 AND r.review_id = $2 AND k.withdrawn_us IS NULL";
    /// Whether a reviewer has answered the place of a copy, or another copy of it, or marked it.
    COPY_KNOWS = "SELECT 1 FROM review_answer a
        JOIN review o ON o.person_id = a.person_id AND o.review_id = a.review_id
        WHERE a.person_id = $1 AND (o.review_id = $2 OR o.copy_of = $2) AND o.review_id <> $3
          AND a.practitioner_id = $4
        UNION ALL SELECT 1 FROM review_known k
        WHERE k.person_id = $1 AND k.review_id = $2 AND k.marked_by = $4 LIMIT 1";
    /// How many open copies a reviewer would know again.
    COPIES_NOT_SHOWN = "SELECT COUNT(*) FROM review r
        WHERE r.decision IS NULL AND r.copy_of IS NOT NULL AND (EXISTS (
            SELECT 1 FROM review_answer a
            JOIN review o ON o.person_id = a.person_id AND o.review_id = a.review_id
            WHERE a.person_id = r.person_id AND a.practitioner_id = $1
              AND o.review_id <> r.review_id
              AND (o.review_id = r.copy_of OR o.copy_of = r.copy_of))
          OR EXISTS (SELECT 1 FROM review_known k WHERE k.person_id = r.person_id
            AND k.review_id = r.copy_of AND k.marked_by = $1))";
    /// The copies that are open, the oldest first.
    COPIES_OPEN = "SELECT person_id, review_id FROM review
        WHERE decision IS NULL AND copy_of IS NOT NULL ORDER BY made_us, review_id LIMIT $1";
    /// Says that the truth of a copy is known no more.
    KNOWN_WITHDRAW = "UPDATE review_known SET withdrawn_us = $3
        WHERE withdrawn_us IS NULL AND person_id = $1 AND review_id =
          (SELECT copy_of FROM review WHERE person_id = $1 AND review_id = $2)";
    /// The same, of a place that has no open copy.
    KNOWN_WITHDRAW_ONE = "UPDATE review_known SET withdrawn_us = $3
        WHERE withdrawn_us IS NULL AND person_id = $1 AND review_id = $2";
    /// Ends an open copy as its place was decided.
    COPY_CLOSE = "UPDATE review SET decided_us = $3, claimed_by = NULL, claimed_until_us = NULL,
          decision = (SELECT CASE WHEN k.truth_id IS NULL THEN 'different' ELSE 'same' END
            FROM review_known k
            WHERE k.person_id = review.person_id AND k.review_id = review.copy_of)
        WHERE person_id = $1 AND review_id = $2 AND decision IS NULL AND copy_of IS NOT NULL";
    /// When one was last put among the others.
    KNOWN_LAST_PUT = "SELECT MAX(put_us) FROM review_known";
    /// The place of its own that has so many older ones before it since a moment.
    REVIEW_NTH_SINCE = "SELECT review_id, made_us FROM review
        WHERE copy_of IS NULL AND made_us > $1 ORDER BY made_us, review_id LIMIT 1 OFFSET $2";
    /// Places of known truth without an open copy, of which one was put among the others least
    /// lately, and not too often.
    KNOWN_NEXT = "SELECT k.person_id, k.review_id, k.truth_id, k.seen, k.put_us
        FROM review_known k
        WHERE k.withdrawn_us IS NULL AND k.puts < $1 AND NOT EXISTS (
          SELECT 1 FROM review r WHERE r.person_id = k.person_id AND r.copy_of = k.review_id
            AND r.decision IS NULL)
        ORDER BY k.put_us, k.review_id LIMIT $2";
    /// Notes that one is put among the others.
    KNOWN_PUT = "UPDATE review_known SET put_us = $4, puts = puts + 1
        WHERE person_id = $1 AND review_id = $2 AND put_us = $3 AND withdrawn_us IS NULL";
    /// Makes an open copy of a decided place, as it stood before that.
    COPY_INSERT = "INSERT INTO review
          (person_id, review_id, organisation_id, made_us, was_provisional, copy_of)
        SELECT person_id, CAST($3 AS TEXT), organisation_id, CAST($4 AS BIGINT), was_provisional,
          review_id
        FROM review WHERE person_id = $1 AND review_id = $2";
    /// Offers in it whom that place offered.
    COPY_CANDIDATES = "INSERT INTO review_candidate
          (person_id, review_id, candidate_id, reasons, alike_millibits, alike_pattern)
        SELECT person_id, CAST($3 AS TEXT), candidate_id, reasons, alike_millibits, alike_pattern
        FROM review_candidate WHERE person_id = $1 AND review_id = $2";
    /// How open places' candidates agree, the oldest place first.
    OPEN_ALIKE = "SELECT c.alike_pattern FROM review r
        JOIN review_candidate c ON c.person_id = r.person_id AND c.review_id = r.review_id
        WHERE r.decision IS NULL AND r.copy_of IS NULL AND c.alike_pattern IS NOT NULL
        ORDER BY r.made_us, r.review_id, c.candidate_id LIMIT $1";
    /// The model that is proposed.
    MODEL_OPEN = "SELECT model_id, hash, body, report, made_us, made_by, adopted_us
        FROM person_model WHERE is_open = 1";
    /// The model that is in use: of those that stand, the one adopted last.
    MODEL_IN_USE = "SELECT model_id, hash, body, report, made_us, made_by, adopted_us
        FROM person_model WHERE adopted_us IS NOT NULL AND withdrawn_us IS NULL
        ORDER BY place DESC LIMIT 1";
    /// Which that is.
    MODEL_IN_USE_ID = "SELECT model_id FROM person_model
        WHERE adopted_us IS NOT NULL AND withdrawn_us IS NULL ORDER BY place DESC LIMIT 1";
    /// Lets a proposal go, and what it would have been.
    MODEL_CLOSE = "UPDATE person_model SET is_open = NULL, body = '' WHERE is_open = 1";
    /// Proposes a model; nothing where another was proposed in the same moment.
    MODEL_INSERT = "INSERT INTO person_model
        (model_id, hash, body, report, made_us, made_by, is_open) VALUES ($1, $2, $3, $4, $5, $6, 1)
        ON CONFLICT DO NOTHING";
    /// Holds a model to the end of the transaction: signatures are taken one after the other.
    MODEL_HOLD = "UPDATE person_model SET hash = hash WHERE model_id = $1";
    /// Takes a proposed model into use.
    MODEL_ADOPT = "UPDATE person_model SET is_open = NULL, adopted_us = $2,
          place = (SELECT COALESCE(MAX(place), 0) + 1 FROM person_model)
        WHERE model_id = $1 AND is_open = 1";
    /// Takes a model out of use.
    MODEL_WITHDRAW = "UPDATE person_model SET withdrawn_us = $2
        WHERE model_id = $1 AND adopted_us IS NOT NULL AND withdrawn_us IS NULL";
    /// Who signed for one or the other, in the order in which they did.
    SIGNATURES = "SELECT practitioner_id, party, signatory, public_key, signature, signed_us
        FROM person_model_signature WHERE model_id = $1 AND act = $2
        ORDER BY signed_us, practitioner_id LIMIT $3";
    /// Keeps a signature.
    SIGNATURE_INSERT = "INSERT INTO person_model_signature
        (model_id, act, practitioner_id, party, signatory, public_key, signature, signed_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
}
