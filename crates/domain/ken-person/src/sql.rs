//! Every statement of this crate, and its tables.
//!
//! `person`, `person_source`, `person_identifier`, `person_apart` and `review` belong to a person
//! and begin with `person_id`. `source_number`, `identifier_claim` and `person_name` are look-ups,
//! by what is looked up.
//!
//! Nobody is moved by a link: `person.lead_id` says who stands for whom, one step deep, and a link
//! undone is that column put back.

pub(crate) mod apart;
pub(crate) mod bounds;
pub(crate) mod counting;
pub(crate) mod index;
pub(crate) mod learning;
pub(crate) mod merge;
pub(crate) mod number;
pub(crate) mod question;
pub(crate) mod search;
pub(crate) mod standing;

use ken_store::{Migration, statements};

/// The tables of this crate, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        owner: "ken-person",
        number: 1,
        title: "people, sources, identifiers, links, review",
        sql: "
CREATE TABLE person (
  person_id TEXT PRIMARY KEY, lead_id TEXT NOT NULL,
  provisional BIGINT NOT NULL CHECK (provisional IN (0, 1)), made_us BIGINT NOT NULL
);
CREATE INDEX person_by_lead ON person (lead_id);
CREATE TABLE person_source (
  person_id TEXT NOT NULL, organisation_id TEXT NOT NULL, system TEXT NOT NULL,
  number TEXT NOT NULL, family TEXT NOT NULL, given TEXT NOT NULL,
  family_key TEXT NOT NULL, given_key TEXT NOT NULL, born TEXT, sex TEXT,
  address TEXT NOT NULL, postcode TEXT NOT NULL, phone TEXT NOT NULL, died TEXT,
  said_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, organisation_id, system, number)
);
CREATE TABLE source_number (
  organisation_id TEXT NOT NULL, system TEXT NOT NULL, number TEXT NOT NULL,
  person_id TEXT NOT NULL, PRIMARY KEY (organisation_id, system, number)
);
CREATE TABLE person_identifier (
  person_id TEXT NOT NULL, system TEXT NOT NULL, value TEXT NOT NULL,
  organisation_id TEXT NOT NULL, check_rule TEXT NOT NULL, issue_range TEXT NOT NULL,
  said_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, system, value, organisation_id)
);
CREATE TABLE identifier_claim (
  system TEXT NOT NULL, value TEXT NOT NULL, person_id TEXT NOT NULL,
  PRIMARY KEY (system, value)
);
CREATE TABLE person_name (
  family_key TEXT NOT NULL, born TEXT NOT NULL, given_key TEXT NOT NULL,
  person_id TEXT NOT NULL, organisation_id TEXT NOT NULL, system TEXT NOT NULL,
  number TEXT NOT NULL,
  PRIMARY KEY (family_key, born, given_key, person_id, organisation_id, system, number)
);
CREATE TABLE person_apart (
  person_id TEXT NOT NULL, other_id TEXT NOT NULL, said_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, other_id)
);
CREATE TABLE link_event (
  person_id TEXT NOT NULL, event_id TEXT NOT NULL, from_lead_id TEXT NOT NULL,
  to_lead_id TEXT NOT NULL, moved TEXT NOT NULL, made_us BIGINT NOT NULL,
  made_by TEXT NOT NULL, undone_us BIGINT,
  PRIMARY KEY (person_id, event_id)
);
CREATE INDEX link_event_by_id ON link_event (event_id);
CREATE TABLE review (
  person_id TEXT NOT NULL, review_id TEXT NOT NULL, organisation_id TEXT NOT NULL,
  made_us BIGINT NOT NULL, decision TEXT, decided_us BIGINT, decided_by TEXT,
  link_event_id TEXT,
  PRIMARY KEY (person_id, review_id)
);
CREATE INDEX review_open ON review (made_us, review_id) WHERE decision IS NULL;
CREATE TABLE review_candidate (
  person_id TEXT NOT NULL, review_id TEXT NOT NULL, candidate_id TEXT NOT NULL,
  reasons TEXT NOT NULL, PRIMARY KEY (person_id, review_id, candidate_id)
);
",
    },
    Migration {
        owner: "ken-person",
        number: 2,
        title: "merges of numbers, who stands together",
        sql: "
CREATE TABLE merge_event (
  person_id TEXT NOT NULL, event_id TEXT NOT NULL, to_id TEXT NOT NULL,
  organisation_id TEXT NOT NULL, system TEXT NOT NULL, number TEXT NOT NULL,
  made_us BIGINT NOT NULL, undone_us BIGINT, PRIMARY KEY (person_id, event_id)
);
ALTER TABLE link_event ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
CREATE INDEX link_event_untold ON link_event (event_id) WHERE told = 0;
",
    },
    Migration {
        owner: "ken-person",
        number: 3,
        title: "review by claim and by two, names without a birth date",
        sql: "
ALTER TABLE review ADD COLUMN claimed_by TEXT;
ALTER TABLE review ADD COLUMN claimed_until_us BIGINT;
ALTER TABLE review ADD COLUMN was_provisional BIGINT NOT NULL DEFAULT 1;
CREATE TABLE review_answer (
  person_id TEXT NOT NULL, review_id TEXT NOT NULL, answer_id TEXT NOT NULL,
  practitioner_id TEXT NOT NULL, answer TEXT NOT NULL, candidate_id TEXT, said_us BIGINT NOT NULL,
  void_us BIGINT, PRIMARY KEY (person_id, review_id, answer_id)
);
INSERT INTO person_name
    (family_key, born, given_key, person_id, organisation_id, system, number)
  SELECT family_key, '', given_key, person_id, organisation_id, system, number
  FROM person_source WHERE born IS NULL AND family_key <> '';
",
    },
    Migration {
        owner: "ken-person",
        number: 4,
        title: "merges that stand",
        sql: "
CREATE INDEX merge_event_standing ON merge_event (made_us) WHERE undone_us IS NULL;
CREATE INDEX link_event_standing ON link_event (made_us) WHERE undone_us IS NULL;
",
    },
    Migration {
        owner: "ken-person",
        number: 5,
        title: "answers of reviewers by time",
        sql: "
CREATE INDEX review_answer_said ON review_answer (said_us);
",
    },
    Migration {
        owner: "ken-person",
        number: 6,
        title: "who has changed, for those who hold them in memory",
        sql: index::FEED,
    },
    Migration {
        owner: "ken-person",
        number: 7,
        title: "how likely a candidate is",
        sql: "
ALTER TABLE review_candidate ADD COLUMN alike_millibits BIGINT;
ALTER TABLE review_candidate ADD COLUMN alike_pattern TEXT;
",
    },
    Migration {
        owner: "ken-person",
        number: 8,
        title: "searches that found nobody",
        sql: search::MISSES,
    },
    Migration {
        owner: "ken-person",
        number: 9,
        title: "whom a link names",
        sql: "
ALTER TABLE link_event ADD COLUMN one_id TEXT;
ALTER TABLE link_event ADD COLUMN other_id TEXT;
CREATE INDEX link_event_one ON link_event (one_id);
CREATE INDEX link_event_other ON link_event (other_id);
",
    },
    Migration {
        owner: "ken-person",
        number: 10,
        title: "by which decision two are apart",
        sql: apart::BY_DECISION,
    },
    Migration {
        owner: "ken-person",
        number: 11,
        title: "newcomers are asked about again",
        sql: index::NEWCOMERS,
    },
    Migration {
        owner: "ken-person",
        number: 12,
        title: "names by the day, for those who look among their own",
        sql: search::LOOKS,
    },
    Migration {
        owner: "ken-person",
        number: 13,
        title: "numbers as links that can be taken back",
        sql: number::LINKS,
    },
    Migration {
        owner: "ken-person",
        number: 14,
        title: "questions to those who sent a record",
        sql: question::QUESTIONS,
    },
    Migration {
        owner: "ken-person",
        number: 15,
        title: "models that reviewers' decisions make",
        sql: learning::MODELS,
    },
    Migration {
        owner: "ken-person",
        number: 16,
        title: "places of known truth",
        sql: learning::KNOWN_TRUTH,
    },
    Migration { owner: "ken-person", number: 17, title: "what is not asked", sql: bounds::BOUNDS },
    Migration {
        owner: "ken-person",
        number: 18,
        title: "merges that one of two wants taken back",
        sql: standing::ASKED,
    },
    Migration { owner: "ken-person", number: 19, title: "chains of merges", sql: merge::CHAINS },
];

statements! {
    /// The postcodes that sources say of a person.
    POSTCODES = "SELECT DISTINCT postcode FROM person_source
        WHERE person_id = $1 AND postcode <> ''";
    /// Makes a person, who stands for themselves.
    PERSON_INSERT = "INSERT INTO person (person_id, lead_id, provisional, made_us)
        VALUES ($1, $1, $2, $3)";
    /// Who stands for a person.
    PERSON_LEAD = "SELECT lead_id FROM person WHERE person_id = $1";
    /// Everyone for whom a person stands, themselves included.
    PERSON_TOGETHER = "SELECT person_id FROM person WHERE lead_id = $1
        ORDER BY person_id LIMIT $2";
    /// Lets somebody stand for another, if nobody has changed that meanwhile.
    PERSON_SET_LEAD = "UPDATE person SET lead_id = $3 WHERE person_id = $1 AND lead_id = $2";
    /// Says that a person is no longer provisional, or is again.
    PERSON_SET_PROVISIONAL = "UPDATE person SET provisional = $2 WHERE person_id = $1";
    /// Whether somebody was made for the time being.
    PERSON_PROVISIONAL = "SELECT provisional FROM person WHERE person_id = $1";
    /// Takes a source's number for a new person; nothing where it is taken.
    NUMBER_CLAIM = "INSERT INTO source_number (organisation_id, system, number, person_id)
        VALUES ($1, $2, $3, $4) ON CONFLICT (organisation_id, system, number) DO NOTHING";
    /// Gives a source's number back.
    NUMBER_DELETE = "DELETE FROM source_number
        WHERE organisation_id = $1 AND system = $2 AND number = $3 AND person_id = $4";
    /// Points a source's number to another person.
    NUMBER_MOVE = "UPDATE source_number SET person_id = $5
        WHERE organisation_id = $1 AND system = $2 AND number = $3 AND person_id = $4";
    /// Whom a source's number means, held so to the end of the transaction. Variant: SQLite has one
    /// writer, whose turn is the lock.
    NUMBER_HOLD = "SELECT person_id FROM source_number
        WHERE organisation_id = $1 AND system = $2 AND number = $3",
        postgres = "SELECT person_id FROM source_number
        WHERE organisation_id = $1 AND system = $2 AND number = $3 FOR UPDATE";
    /// Takes an identifier for a person; nothing where it is taken.
    CLAIM_INSERT = "INSERT INTO identifier_claim (system, value, person_id) VALUES ($1, $2, $3)
        ON CONFLICT (system, value) DO NOTHING";
    /// Gives an identifier back.
    CLAIM_DELETE = "DELETE FROM identifier_claim
        WHERE system = $1 AND value = $2 AND person_id = $3";
    /// Whose an identifier is.
    CLAIM_FIND = "SELECT person_id FROM identifier_claim WHERE system = $1 AND value = $2";
    /// Keeps an identifier that a source gave for a person.
    IDENTIFIER_PUT = "INSERT INTO person_identifier
        (person_id, system, value, organisation_id, check_rule, issue_range, said_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (person_id, system, value, organisation_id) DO NOTHING";
    /// The identifiers of everyone for whom a person stands, and of those that were taken back who
    /// had said them.
    IDENTIFIERS_TOGETHER = "SELECT DISTINCT i.system, i.value,
          CASE WHEN i.ended_us IS NULL THEN NULL ELSE i.organisation_id END AS ended_by
        FROM person p JOIN person_identifier i ON i.person_id = p.person_id
        WHERE p.lead_id = $1 ORDER BY i.system, i.value, ended_by LIMIT $2";
    /// Keeps what a source says about a person.
    SOURCE_PUT = "INSERT INTO person_source
        (person_id, organisation_id, system, number, family, given, family_key, given_key,
         born, sex, address, postcode, phone, died, said_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        ON CONFLICT (person_id, organisation_id, system, number) DO UPDATE SET
        family = excluded.family, given = excluded.given, family_key = excluded.family_key,
        given_key = excluded.given_key, born = excluded.born, sex = excluded.sex,
        address = excluded.address, postcode = excluded.postcode, phone = excluded.phone,
        died = excluded.died, said_us = excluded.said_us";
    /// What each source says about everyone for whom a person stands.
    SOURCES_TOGETHER = "SELECT s.organisation_id, s.system, s.number, s.family, s.given,
        s.family_key, s.given_key, s.born, s.sex, s.address, s.postcode, s.phone, s.died,
        s.said_us, s.person_id FROM person p JOIN person_source s ON s.person_id = p.person_id
        WHERE p.lead_id = $1
        ORDER BY s.person_id, s.said_us DESC, s.organisation_id, s.system, s.number LIMIT $2";
    /// Whether anybody but an organisation says something of those for whom a person stands.
    SOURCE_OTHER = "SELECT 1 FROM person p JOIN person_source s ON s.person_id = p.person_id
        WHERE p.lead_id = $1 AND s.organisation_id <> $2 LIMIT 1";
    /// Whether an organisation says something of those for whom a person stands.
    SOURCE_OWN = "SELECT 1 FROM person p JOIN person_source s ON s.person_id = p.person_id
        WHERE p.lead_id = $1 AND s.organisation_id = $2 LIMIT 1";
    /// An organisation's accounts of one record under other numbers than one.
    SOURCE_BESIDE = "SELECT 1 FROM person_source WHERE person_id = $1 AND organisation_id = $2
        AND (system <> $3 OR number <> $4) LIMIT 1";
    /// The numbers of an organisation's accounts of one record.
    SOURCE_NUMBERS = "SELECT system, number FROM person_source
        WHERE person_id = $1 AND organisation_id = $2 ORDER BY system, number LIMIT $3";
    /// When an organisation says that somebody was born, by its latest account that says it.
    SOURCE_BORN = "SELECT born FROM person_source WHERE person_id = $1 AND organisation_id = $2
        AND born IS NOT NULL ORDER BY said_us DESC, system, number LIMIT 1";
    /// Removes one source's account of a person.
    SOURCE_DELETE = "DELETE FROM person_source WHERE person_id = $1 AND organisation_id = $2
        AND system = $3 AND number = $4";
    /// Finds people by folded family name, one given name and date of birth: one in a range, or
    /// one less well known.
    NAME_FIND = "SELECT DISTINCT person_id FROM person_name
        WHERE family_key = $1 AND ' ' || given_key || ' ' LIKE $2
          AND (born IN ($3, $4, $5, $6) OR (born >= $7 AND born <= $8))
        ORDER BY person_id LIMIT $9";
    /// Finds people by folded family name and date of birth, likewise.
    FAMILY_SEARCH = "SELECT DISTINCT person_id FROM person_name
        WHERE family_key = $1 AND (born IN ($2, $3, $4) OR (born >= $5 AND born <= $6))
        ORDER BY person_id LIMIT $7";
    /// Finds people by folded family name and date of birth, after one of them.
    FAMILY_FIND = "SELECT DISTINCT person_id, given_key FROM person_name
        WHERE family_key = $1 AND born = $2 AND (person_id, given_key) > ($3, $4)
        ORDER BY person_id, given_key LIMIT $5";
    /// Lets a person be found by a source's account of them.
    NAME_INSERT = "INSERT INTO person_name
        (family_key, born, given_key, person_id, organisation_id, system, number)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    /// The account by which a person could be found so far.
    NAME_DELETE = "DELETE FROM person_name WHERE family_key = $1 AND born = $2 AND given_key = $3
        AND person_id = $4 AND organisation_id = $5 AND system = $6 AND number = $7";
    /// What one source said about a person so far.
    SOURCE = "SELECT organisation_id, system, number, family, given, family_key, given_key,
        born, sex, address, postcode, phone, died, said_us FROM person_source
        WHERE person_id = $1 AND organisation_id = $2 AND system = $3 AND number = $4";
    /// Notes a link, and whom whoever made it named.
    LINK_INSERT = "INSERT INTO link_event (person_id, event_id, from_lead_id, to_lead_id, moved,
        made_us, made_by, one_id, other_id, told) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)";
    /// Whom other links that stand name beside somebody.
    LINKS_NAMING = "SELECT one_id, other_id FROM link_event
        WHERE (one_id = $1 OR other_id = $1) AND event_id <> $2 AND undone_us IS NULL LIMIT $3";
    /// Links of before the gate was told who stands together.
    LINKS_UNTOLD = "SELECT person_id, event_id, to_lead_id FROM link_event
        WHERE told = 0 AND undone_us IS NULL AND event_id > $1 ORDER BY event_id LIMIT $2";
    /// Notes that the gate was told of a link.
    LINK_TOLD = "UPDATE link_event SET told = 1 WHERE person_id = $1 AND event_id = $2";
    /// One link.
    LINK = "SELECT from_lead_id, to_lead_id, moved, undone_us, made_us FROM link_event
        WHERE person_id = $1 AND event_id = $2";
    /// Under whom a link is kept.
    LINK_OF = "SELECT person_id FROM link_event WHERE event_id = $1";
    /// Notes that a link was undone.
    LINK_UNDO = "UPDATE link_event SET undone_us = $3
        WHERE person_id = $1 AND event_id = $2 AND undone_us IS NULL";
    /// The links of a person that stand.
    LINKS = "SELECT event_id, to_lead_id, made_us FROM link_event
        WHERE person_id = $1 AND undone_us IS NULL ORDER BY made_us, event_id LIMIT $2";
    /// Who made the links of a person that stand.
    LINK_MAKERS = "SELECT made_by FROM link_event
        WHERE person_id = $1 AND undone_us IS NULL ORDER BY event_id LIMIT $2";
    /// Puts a person into the queue.
    REVIEW_INSERT = "INSERT INTO review (person_id, review_id, organisation_id, made_us)
        VALUES ($1, $2, $3, $4)";
    /// Offers a candidate.
    REVIEW_CANDIDATE = "INSERT INTO review_candidate
        (person_id, review_id, candidate_id, reasons, alike_millibits, alike_pattern)
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// The open places in the queue after one of them, oldest first, without copies that a reviewer
    /// would know again.
    REVIEWS_OPEN = "SELECT r.person_id, r.review_id, r.organisation_id, r.made_us, r.claimed_by,
          r.claimed_until_us,
          CASE WHEN r.copy_of IS NULL THEN p.provisional ELSE r.was_provisional END,
          CASE WHEN r.copy_of IS NULL THEN 0 ELSE 1 END
        FROM review r JOIN person p ON p.person_id = r.person_id
        WHERE r.decision IS NULL AND (r.made_us, r.review_id) > ($1, $2)
          AND (r.copy_of IS NULL OR NOT EXISTS (SELECT 1 FROM review_answer a
              JOIN review o ON o.person_id = a.person_id AND o.review_id = a.review_id
              WHERE a.person_id = r.person_id AND a.practitioner_id = $4
                AND o.review_id <> r.review_id
                AND (o.review_id = r.copy_of OR o.copy_of = r.copy_of))
            AND NOT EXISTS (SELECT 1 FROM review_known k WHERE k.person_id = r.person_id
              AND k.review_id = r.copy_of AND k.marked_by = $4))
        ORDER BY r.made_us, r.review_id LIMIT $3";
    /// One open place in the queue.
    REVIEW_OPEN = "SELECT r.person_id, r.review_id, r.organisation_id, r.made_us, r.claimed_by,
          r.claimed_until_us,
          CASE WHEN r.copy_of IS NULL THEN p.provisional ELSE r.was_provisional END,
          CASE WHEN r.copy_of IS NULL THEN 0 ELSE 1 END
        FROM review r JOIN person p ON p.person_id = r.person_id
        WHERE r.person_id = $1 AND r.review_id = $2 AND r.decision IS NULL";
    /// Claims an open place that nobody else has now.
    REVIEW_CLAIM = "UPDATE review SET claimed_by = $3, claimed_until_us = $4
        WHERE person_id = $1 AND review_id = $2 AND decision IS NULL
          AND (claimed_by IS NULL OR claimed_by = $3 OR claimed_until_us <= $5)";
    /// Gives a claimed place back.
    REVIEW_RELEASE = "UPDATE review SET claimed_by = NULL, claimed_until_us = NULL
        WHERE person_id = $1 AND review_id = $2 AND claimed_by = $3";
    /// Notes what a reviewer said who left a place open.
    ANSWER_INSERT = "INSERT INTO review_answer
        (person_id, review_id, answer_id, practitioner_id, answer, candidate_id, said_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// How many have answered a place that is open still.
    ANSWERS_COUNT = "SELECT COUNT(*) FROM review_answer
        WHERE person_id = $1 AND review_id = $2 AND void_us IS NULL";
    /// Whom another reviewer takes for the person, or for none of the candidates.
    ANSWER_OF_ANOTHER = "SELECT candidate_id, practitioner_id FROM review_answer
        WHERE person_id = $1 AND review_id = $2 AND practitioner_id <> $3
          AND answer IN ('same', 'different') AND void_us IS NULL
        ORDER BY said_us DESC, answer_id DESC LIMIT 1";
    /// Whether another reviewer wants a decision taken back.
    UNDO_OF_ANOTHER = "SELECT practitioner_id FROM review_answer
        WHERE person_id = $1 AND review_id = $2 AND practitioner_id <> $3 AND answer = 'undo'
          AND said_us > $4 AND void_us IS NULL LIMIT 1";
    /// Which decisions somebody wants taken back, the longest first.
    UNDOS_ASKED = "SELECT person_id, review_id, MIN(said_us) FROM review_answer
        WHERE said_us > $1 AND answer = 'undo' AND void_us IS NULL
        GROUP BY person_id, review_id ORDER BY 3, 2 LIMIT $2";
    /// Holds a place to the end of the transaction, so that reviewers come one after the other.
    REVIEW_HOLD = "SELECT review_id FROM review WHERE person_id = $1 AND review_id = $2",
        postgres = "SELECT review_id FROM review WHERE person_id = $1 AND review_id = $2
        FOR UPDATE";
    /// Lets what one reviewer asked to take back count no more.
    UNDO_VOID_OWN = "UPDATE review_answer SET void_us = $4
        WHERE person_id = $1 AND review_id = $2 AND practitioner_id = $3 AND answer = 'undo'
          AND void_us IS NULL";
    /// Lets what one reviewer said so far count no more.
    ANSWER_VOID_OWN = "UPDATE review_answer SET void_us = $4
        WHERE person_id = $1 AND review_id = $2 AND practitioner_id = $3 AND void_us IS NULL";
    /// What two reviewers said of the same places, each apart from the other, the newest first.
    /// What one said anew fell at another moment, and what both said at one.
    ANSWER_PAIRS = "SELECT one.candidate_id, two.candidate_id, two.review_id FROM review_answer two
        JOIN review_answer one ON one.person_id = two.person_id AND one.review_id = two.review_id
          AND one.practitioner_id <> two.practitioner_id AND one.answer_id < two.answer_id
          AND one.void_us IS NOT DISTINCT FROM two.void_us
        WHERE two.said_us >= $1 AND one.answer IN ('same', 'different')
          AND two.answer IN ('same', 'different') AND NOT EXISTS (SELECT 1 FROM review r
            WHERE r.person_id = two.person_id AND r.review_id = two.review_id
              AND r.copy_of IS NOT NULL)
        ORDER BY two.said_us DESC, two.answer_id LIMIT $2";
    /// Since when the open place waits that has so many older ones before it.
    REVIEW_AT = "SELECT made_us FROM review WHERE decision IS NULL
        ORDER BY made_us, review_id LIMIT 1 OFFSET $1";
    /// Lets what reviewers said so far count no more.
    ANSWERS_VOID = "UPDATE review_answer SET void_us = $3
        WHERE person_id = $1 AND review_id = $2 AND void_us IS NULL";
    /// How many are open, up to a bound.
    REVIEWS_COUNT = "SELECT COUNT(*) FROM
        (SELECT review_id FROM review WHERE decision IS NULL LIMIT $1) AS open";
    /// One place in the queue.
    REVIEW = "SELECT r.organisation_id, r.made_us, r.decision, r.link_event_id,
          CASE WHEN r.copy_of IS NULL THEN p.provisional ELSE r.was_provisional END,
          r.was_provisional, r.decided_us, CASE WHEN r.copy_of IS NULL THEN 0 ELSE 1 END
        FROM review r JOIN person p ON p.person_id = r.person_id
        WHERE r.person_id = $1 AND r.review_id = $2";
    /// Whether a candidate was offered for a person before.
    REVIEW_OFFERED = "SELECT review_id FROM review_candidate
        WHERE person_id = $1 AND candidate_id = $2 LIMIT 1";
    /// The candidates of a place in the queue.
    REVIEW_CANDIDATES = "SELECT candidate_id, reasons, alike_millibits, alike_pattern
        FROM review_candidate WHERE person_id = $1 AND review_id = $2
        ORDER BY candidate_id LIMIT $3";
    /// Makes a place like another.
    REVIEW_LIKE = "INSERT INTO review (person_id, review_id, organisation_id, made_us)
        SELECT person_id, CAST($3 AS TEXT), organisation_id, made_us FROM review
        WHERE person_id = $1 AND review_id = $2";
    /// Moves a candidate to another place of the same person.
    REVIEW_CANDIDATE_MOVE = "UPDATE review_candidate SET review_id = $4
        WHERE person_id = $1 AND review_id = $2 AND candidate_id = $3";
    /// Whether another place of a person is open.
    REVIEW_OTHER_OPEN = "SELECT review_id FROM review
        WHERE person_id = $1 AND review_id <> $2 AND decision IS NULL AND copy_of IS NULL LIMIT 1";
    /// Decides a place in the queue that is open.
    REVIEW_DECIDE = "UPDATE review SET decision = $3, decided_us = $4, decided_by = $5,
        link_event_id = $6, was_provisional = $7, claimed_by = NULL, claimed_until_us = NULL
        WHERE person_id = $1 AND review_id = $2 AND decision IS NULL";
    /// Opens a decided place in the queue again.
    REVIEW_REOPEN = "UPDATE review SET decision = NULL, decided_us = NULL, decided_by = NULL,
        link_event_id = NULL
        WHERE person_id = $1 AND review_id = $2 AND decision IS NOT NULL";
}
