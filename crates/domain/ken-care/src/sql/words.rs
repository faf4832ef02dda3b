//! Statements about what a person says, of entries and of themselves. The tables only grow.

use ken_store::statements;

/// What was said of entries, sealed, beside its author; and which entries are a person's own.
pub(super) const WORDS: &str = "
CREATE TABLE care_words (
  person_id TEXT NOT NULL, id TEXT NOT NULL, item_id TEXT NOT NULL, version BIGINT NOT NULL,
  key_id TEXT NOT NULL, words {bytes} NOT NULL, at_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, id)
);
CREATE TABLE care_own (
  person_id TEXT NOT NULL, item_id TEXT NOT NULL, version BIGINT NOT NULL, at_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, item_id, version)
);
";

statements! {
    /// Keeps what a person said of an entry; nothing changes it.
    WORDS_INSERT = "INSERT INTO care_words
        (person_id, id, item_id, version, key_id, words, at_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// Of which entries a person said something, and when, the newest first; not what.
    WORDS_LIST = "SELECT id, item_id, at_us FROM care_words
        WHERE person_id = $1 ORDER BY id DESC LIMIT $2";
    /// How much a person said, up to a bound: ever, and after a moment.
    WORDS_COUNT = "SELECT COUNT(*), COUNT(CASE WHEN at_us > $2 THEN 1 END)
        FROM (SELECT at_us FROM care_words WHERE person_id = $1 LIMIT $3) AS said";
    /// Notes that a version of an entry is a person's own; nothing changes it.
    OWN_INSERT = "INSERT INTO care_own (person_id, item_id, version, at_us)
        VALUES ($1, $2, $3, $4)";
    /// How often a person wrote of themselves, up to a bound: ever, and after a moment.
    OWN_COUNT = "SELECT COUNT(*), COUNT(CASE WHEN at_us > $2 THEN 1 END)
        FROM (SELECT at_us FROM care_own WHERE person_id = $1 LIMIT $3) AS own";
    /// Which entries are a person's own.
    OWN_LIST = "SELECT DISTINCT item_id FROM care_own WHERE person_id = $1
        ORDER BY item_id LIMIT $2";
    /// What was said, sixteen at a time.
    WORDS_OPEN = "SELECT id, item_id, key_id, words FROM care_words
        WHERE person_id = $1
          AND id IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
}
