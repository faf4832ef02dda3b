//! Every statement of this crate, and its tables. None of them names a person but `office_look`,
//! which keeps for two days, by id, whose records somebody opened.

use ken_store::{Migration, statements};

/// The tables of this crate, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration { owner: "ken-office", number: 1, title: "signatories", sql: SIGNATORIES },
    Migration { owner: "ken-office", number: 2, title: "notices, registers", sql: REGISTERS },
    Migration { owner: "ken-office", number: 3, title: "assessments", sql: ASSESSMENTS },
    Migration { owner: "ken-office", number: 4, title: "privacy notices", sql: PUBLISHED },
    Migration { owner: "ken-office", number: 5, title: "replays of drafts", sql: REPLAYS },
    Migration { owner: "ken-office", number: 6, title: "findings of the audit", sql: FINDINGS },
];

const SIGNATORIES: &str = "
CREATE TABLE office_signatory (
  party TEXT NOT NULL, name TEXT NOT NULL, practitioner_id TEXT NOT NULL, office TEXT NOT NULL,
  until_us BIGINT, key_id TEXT, sealed {bytes}, added_by TEXT NOT NULL, added_us BIGINT NOT NULL,
  ended_us BIGINT, PRIMARY KEY (party, name)
);
";

const REGISTERS: &str = "
CREATE TABLE office_notice (
  id TEXT PRIMARY KEY, lead_party TEXT NOT NULL, sent_us BIGINT NOT NULL
);
CREATE INDEX office_notice_of ON office_notice (lead_party, sent_us);
CREATE TABLE office_publication (
  hash TEXT PRIMARY KEY, reason TEXT NOT NULL, by_organisation TEXT NOT NULL, at_us BIGINT NOT NULL
);
CREATE TABLE office_register (
  organisation TEXT NOT NULL, id TEXT NOT NULL, register TEXT NOT NULL, name TEXT NOT NULL,
  owner TEXT NOT NULL, detail TEXT NOT NULL, until_day TEXT, confirmed_by TEXT NOT NULL,
  confirmed_us BIGINT NOT NULL, PRIMARY KEY (organisation, id)
);
CREATE TABLE office_question (
  agreement TEXT NOT NULL, id TEXT NOT NULL, question TEXT NOT NULL, want TEXT NOT NULL,
  by_organisation TEXT NOT NULL, at_us BIGINT NOT NULL, PRIMARY KEY (agreement, id)
);
";

const ASSESSMENTS: &str = "
CREATE TABLE office_assessment (
  hash TEXT PRIMARY KEY, agreement TEXT NOT NULL, body TEXT NOT NULL, by_practitioner TEXT NOT NULL,
  at_us BIGINT NOT NULL
);
CREATE INDEX office_assessment_of ON office_assessment (agreement, at_us);
";

const PUBLISHED: &str = "
CREATE TABLE office_published_notice (
  hash TEXT PRIMARY KEY, instrument TEXT NOT NULL UNIQUE, agreement TEXT NOT NULL,
  number BIGINT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, by_organisation TEXT NOT NULL,
  by_practitioner TEXT NOT NULL, at_us BIGINT NOT NULL, UNIQUE (agreement, number)
);
";

const REPLAYS: &str = "
CREATE TABLE office_replay (
  hash TEXT PRIMARY KEY, by_practitioner TEXT NOT NULL, at_us BIGINT NOT NULL, report TEXT,
  failure TEXT
);
";

const FINDINGS: &str = "
CREATE TABLE office_audit (
  one BIGINT PRIMARY KEY CHECK (one = 1), next_leaf BIGINT NOT NULL, decisions BIGINT NOT NULL,
  unread BIGINT NOT NULL, at_us BIGINT NOT NULL
);
CREATE TABLE office_look (
  day TEXT NOT NULL, practitioner_id TEXT NOT NULL, person_id TEXT NOT NULL,
  PRIMARY KEY (day, practitioner_id, person_id)
);
CREATE TABLE office_finding (
  finding_id TEXT PRIMARY KEY, sort_hash TEXT NOT NULL, rule TEXT NOT NULL,
  organisation TEXT NOT NULL, practitioner_id TEXT NOT NULL, day TEXT NOT NULL,
  first_us BIGINT NOT NULL, last_us BIGINT NOT NULL, looks BIGINT NOT NULL,
  threshold BIGINT NOT NULL, purpose TEXT NOT NULL, outcome TEXT NOT NULL, leaf BIGINT NOT NULL,
  judged TEXT, judged_by TEXT, judged_us BIGINT
);
CREATE UNIQUE INDEX office_finding_sort ON office_finding (sort_hash) WHERE judged IS NULL;
CREATE INDEX office_finding_open ON office_finding (organisation, first_us) WHERE judged IS NULL;
";

statements! {
    /// Registers a signatory, or registers them anew with another key.
    UPSERT_SIGNATORY = "INSERT INTO office_signatory
        (party, name, practitioner_id, office, until_us, key_id, sealed, added_by, added_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (party, name) DO UPDATE SET practitioner_id = excluded.practitioner_id,
          office = excluded.office, until_us = excluded.until_us, key_id = excluded.key_id,
          sealed = excluded.sealed, added_by = excluded.added_by, added_us = excluded.added_us,
          ended_us = NULL";
    /// Who may sign for a party.
    LIST_SIGNATORIES = "SELECT name, practitioner_id, office, until_us, key_id
        FROM office_signatory WHERE party = $1 AND ended_us IS NULL ORDER BY name LIMIT $2";
    /// The signatory that a practitioner is for a party, with the key that is kept for them.
    FIND_OWN_SIGNATORY = "SELECT name, office, key_id, sealed FROM office_signatory
        WHERE party = $1 AND practitioner_id = $2 AND ended_us IS NULL
        ORDER BY added_us DESC, name LIMIT 1";
    /// Ends a signatory.
    END_SIGNATORY = "UPDATE office_signatory SET ended_us = $3, sealed = NULL
        WHERE party = $1 AND name = $2 AND ended_us IS NULL";
    /// Whether a notice was sent.
    FIND_NOTICE = "SELECT sent_us FROM office_notice WHERE id = $1";
    /// Notes that a notice was sent, once.
    INSERT_NOTICE = "INSERT INTO office_notice (id, lead_party, sent_us) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO NOTHING";
    /// The notices that a party was sent, newest first.
    LIST_NOTICES = "SELECT id, sent_us FROM office_notice WHERE lead_party = $1
        ORDER BY sent_us DESC, id LIMIT $2";
    /// Withholds an agreement from the public register.
    UPSERT_WITHHELD = "INSERT INTO office_publication (hash, reason, by_organisation, at_us)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (hash) DO UPDATE SET reason = excluded.reason,
          by_organisation = excluded.by_organisation, at_us = excluded.at_us";
    /// Shows an agreement in the public register again.
    DELETE_WITHHELD = "DELETE FROM office_publication WHERE hash = $1";
    /// What the public register withholds, and why.
    LIST_WITHHELD = "SELECT hash, reason FROM office_publication ORDER BY hash";
    /// Puts an entry into a register, or confirms it anew.
    UPSERT_REGISTER = "INSERT INTO office_register
        (organisation, id, register, name, owner, detail, until_day, confirmed_by, confirmed_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (organisation, id) DO UPDATE SET name = excluded.name,
          owner = excluded.owner, detail = excluded.detail, until_day = excluded.until_day,
          confirmed_by = excluded.confirmed_by, confirmed_us = excluded.confirmed_us";
    /// Confirms an entry as it stands.
    CONFIRM_REGISTER = "UPDATE office_register SET confirmed_by = $3, confirmed_us = $4
        WHERE organisation = $1 AND id = $2";
    /// Takes an entry out of a register.
    DELETE_REGISTER = "DELETE FROM office_register WHERE organisation = $1 AND id = $2";
    /// One register, of every organisation.
    LIST_REGISTER = "SELECT organisation, id, name, owner, detail, until_day, confirmed_us
        FROM office_register WHERE register = $1 ORDER BY organisation, name, id LIMIT $2";
    /// Saves a question with the answer it must have.
    UPSERT_QUESTION = "INSERT INTO office_question
        (agreement, id, question, want, by_organisation, at_us) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (agreement, id) DO UPDATE SET want = excluded.want,
          by_organisation = excluded.by_organisation, at_us = excluded.at_us";
    /// The questions that are saved for an agreement, whatever its version.
    LIST_QUESTIONS = "SELECT id, question, want FROM office_question
        WHERE agreement = $1 ORDER BY id LIMIT $2";
    /// Takes a saved question away.
    DELETE_QUESTION = "DELETE FROM office_question WHERE agreement = $1 AND id = $2";
    /// The assessment of a text, or else the newest of its agreement.
    FIND_ASSESSMENT = "SELECT hash, body FROM office_assessment
        WHERE hash = $1 OR agreement = $2
        ORDER BY CASE WHEN hash = $1 THEN 0 ELSE 1 END, at_us DESC, hash LIMIT 1";
    /// Writes the assessment of a text.
    UPSERT_ASSESSMENT = "INSERT INTO office_assessment
        (hash, agreement, body, by_practitioner, at_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (hash) DO UPDATE SET body = excluded.body,
          by_practitioner = excluded.by_practitioner, at_us = excluded.at_us";
    /// Keeps a published notice; nothing where its text, its number or its hash has one.
    INSERT_PUBLISHED = "INSERT INTO office_published_notice
        (hash, instrument, agreement, number, title, body, by_organisation, by_practitioner, at_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    /// A published notice.
    FIND_PUBLISHED = "SELECT hash, body, by_organisation, at_us FROM office_published_notice
        WHERE hash = $1";
    /// The published notice of a text.
    FIND_PUBLISHED_OF = "SELECT hash, body, by_organisation, at_us FROM office_published_notice
        WHERE instrument = $1";
    /// The number of an agreement's newest notice.
    LAST_NOTICE = "SELECT number FROM office_published_notice WHERE agreement = $1
        ORDER BY number DESC LIMIT 1";
    /// Every published notice, by agreement, the newest first.
    LIST_PUBLISHED = "SELECT hash, instrument, agreement, number, title, at_us
        FROM office_published_notice ORDER BY agreement, number DESC LIMIT $1";
    /// Keeps what came of a draft's replay, in place of the one before.
    UPSERT_REPLAY = "INSERT INTO office_replay (hash, by_practitioner, at_us, report, failure)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (hash) DO UPDATE SET by_practitioner = excluded.by_practitioner,
          at_us = excluded.at_us, report = excluded.report, failure = excluded.failure";
    /// What came of a draft's last replay.
    FIND_REPLAY = "SELECT by_practitioner, at_us, report, failure FROM office_replay
        WHERE hash = $1";
    /// Makes the audit's row, where there is none.
    BEGIN_AUDIT = "INSERT INTO office_audit (one, next_leaf, decisions, unread, at_us)
        VALUES (1, 0, 0, 0, $1) ON CONFLICT (one) DO NOTHING";
    /// How far the audit is.
    FIND_AUDIT = "SELECT next_leaf, decisions, unread, at_us FROM office_audit WHERE one = 1";
    /// Moves the audit on from $1 to $2, unless somebody has.
    MOVE_AUDIT = "UPDATE office_audit SET next_leaf = $2, decisions = decisions + $3,
        unread = unread + $4, at_us = $5 WHERE one = 1 AND next_leaf = $1";
    /// Notes whose record somebody opened on a day, once.
    INSERT_LOOK = "INSERT INTO office_look (day, practitioner_id, person_id) VALUES ($1, $2, $3)
        ON CONFLICT (day, practitioner_id, person_id) DO NOTHING";
    /// How many people's records a practitioner opened on a day.
    COUNT_LOOKS = "SELECT COUNT(*) FROM office_look WHERE day = $1 AND practitioner_id = $2";
    /// Forgets whose records were opened before a day.
    DELETE_LOOKS = "DELETE FROM office_look WHERE day < $1";
    /// Notes a finding, or one entry more of one that is open; which, and how many entries.
    UPSERT_FINDING = "INSERT INTO office_finding (finding_id, sort_hash, rule, organisation,
          practitioner_id, day, first_us, last_us, looks, threshold, purpose, outcome, leaf)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 1, $11, $8, $9, $10)
        ON CONFLICT (sort_hash) WHERE judged IS NULL DO UPDATE
        SET looks = office_finding.looks + 1, last_us = excluded.last_us
        RETURNING finding_id, looks";
    /// The open findings about an organisation's practitioners, the oldest first.
    LIST_FINDINGS = "SELECT finding_id, rule, practitioner_id, day, first_us, last_us, looks,
          purpose, outcome, leaf FROM office_finding
        WHERE organisation = $1 AND judged IS NULL AND looks >= threshold
        ORDER BY first_us, finding_id LIMIT $2";
    /// One open finding.
    FIND_FINDING = "SELECT finding_id, rule, practitioner_id, day, first_us, last_us, looks,
          purpose, outcome, leaf FROM office_finding
        WHERE finding_id = $1 AND organisation = $2 AND judged IS NULL AND looks >= threshold";
    /// Closes a finding.
    CLOSE_FINDING = "UPDATE office_finding SET judged = $2, judged_by = $3, judged_us = $4
        WHERE finding_id = $1 AND judged IS NULL";
    /// What became of an organisation's findings.
    COUNT_FINDINGS = "SELECT rule, COALESCE(judged, ''), COUNT(*) FROM office_finding
        WHERE organisation = $1 AND looks >= threshold
        GROUP BY rule, COALESCE(judged, '') ORDER BY rule, COALESCE(judged, '')";
}
