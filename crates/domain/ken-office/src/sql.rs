//! Every statement of this crate, and its tables. None of them names a person but `office_look`,
//! which keeps for two days, by id, whose records somebody opened, and `office_wrong_person`, which
//! keeps by id whose information is asked back.

use ken_store::{Migration, statements};

pub(crate) mod breach;
pub(crate) mod desk;
pub(crate) mod disposal;
pub(crate) mod wrong_person;

/// The tables of this crate, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration { owner: "ken-office", number: 1, title: "signatories", sql: SIGNATORIES },
    Migration { owner: "ken-office", number: 2, title: "notices, registers", sql: REGISTERS },
    Migration { owner: "ken-office", number: 3, title: "assessments", sql: ASSESSMENTS },
    Migration { owner: "ken-office", number: 4, title: "privacy notices", sql: PUBLISHED },
    Migration { owner: "ken-office", number: 5, title: "replays of drafts", sql: REPLAYS },
    Migration { owner: "ken-office", number: 6, title: "findings of the audit", sql: FINDINGS },
    Migration { owner: "ken-office", number: 7, title: "drafts", sql: DRAFTS },
    Migration { owner: "ken-office", number: 8, title: "consultations", sql: CONSULTATIONS },
    Migration { owner: "ken-office", number: 9, title: "recalls", sql: RECALLS },
    Migration { owner: "ken-office", number: 10, title: "refusals, counted", sql: REFUSALS },
    Migration { owner: "ken-office", number: 11, title: "advice on drafts", sql: ADVICE },
    Migration { owner: "ken-office", number: 12, title: "what an entry is about", sql: ABOUT },
    Migration { owner: "ken-office", number: 13, title: "breaches", sql: breach::TABLES },
    Migration { owner: "ken-office", number: 14, title: "contests", sql: desk::CONTESTS },
    Migration { owner: "ken-office", number: 15, title: "reviews", sql: desk::RECOMMENDATIONS },
    Migration { owner: "ken-office", number: 16, title: "disposals", sql: disposal::TABLES },
    Migration { owner: "ken-office", number: 17, title: "whom it concerns", sql: breach::GROUPS },
    Migration { owner: "ken-office", number: 18, title: "second words", sql: SECOND_WORDS },
    Migration { owner: "ken-office", number: 19, title: "wrong people", sql: wrong_person::TABLES },
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

/// Which source an asset is, which organisation a processor; and what its contract lays down.
const ABOUT: &str = "
ALTER TABLE office_register ADD COLUMN about TEXT;
ALTER TABLE office_register ADD COLUMN duties TEXT;
";

const SECOND_WORDS: &str = "
ALTER TABLE office_signatory ADD COLUMN public_key {bytes};
ALTER TABLE office_signatory ADD COLUMN waits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE office_signatory ADD COLUMN second_by TEXT;
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

const REFUSALS: &str = "
CREATE TABLE office_refusal (
  day TEXT NOT NULL, asker TEXT NOT NULL, role TEXT NOT NULL, source TEXT NOT NULL,
  purpose TEXT NOT NULL, obstacle TEXT NOT NULL, what TEXT NOT NULL, asks BIGINT NOT NULL,
  PRIMARY KEY (day, asker, role, source, purpose, obstacle, what)
);
";

const ADVICE: &str = "
CREATE TABLE office_draft_advice (
  draft_id TEXT NOT NULL, id TEXT NOT NULL, asker TEXT NOT NULL, adviser TEXT NOT NULL,
  by_organisation TEXT NOT NULL, by_practitioner TEXT NOT NULL, words TEXT NOT NULL,
  revision BIGINT NOT NULL, at_us BIGINT NOT NULL, PRIMARY KEY (draft_id, id)
);
";

const DRAFTS: &str = "
CREATE TABLE office_draft (
  id TEXT PRIMARY KEY, agreement TEXT NOT NULL, title TEXT NOT NULL, lead_party TEXT NOT NULL,
  revision BIGINT NOT NULL, registered TEXT, changed_us BIGINT NOT NULL
);
CREATE TABLE office_draft_member (
  draft_id TEXT NOT NULL, organisation TEXT NOT NULL,
  is_party BIGINT NOT NULL CHECK (is_party IN (0, 1)), PRIMARY KEY (draft_id, organisation)
);
CREATE INDEX office_draft_member_of ON office_draft_member (organisation);
CREATE TABLE office_draft_revision (
  draft_id TEXT NOT NULL, revision BIGINT NOT NULL, body TEXT NOT NULL,
  by_organisation TEXT NOT NULL, by_practitioner TEXT NOT NULL, at_us BIGINT NOT NULL,
  PRIMARY KEY (draft_id, revision)
);
CREATE TABLE office_draft_comment (
  draft_id TEXT NOT NULL, id TEXT NOT NULL, clause TEXT NOT NULL, words TEXT NOT NULL,
  by_organisation TEXT NOT NULL, by_practitioner TEXT NOT NULL, revision BIGINT NOT NULL,
  at_us BIGINT NOT NULL, PRIMARY KEY (draft_id, id)
);
CREATE TABLE office_draft_proposal (
  draft_id TEXT NOT NULL, id TEXT NOT NULL, clause TEXT NOT NULL, body TEXT NOT NULL,
  base TEXT NOT NULL, said TEXT NOT NULL, why TEXT NOT NULL, by_organisation TEXT NOT NULL,
  by_practitioner TEXT NOT NULL, at_us BIGINT NOT NULL, decision TEXT, reason TEXT,
  decided_by TEXT, decided_us BIGINT, PRIMARY KEY (draft_id, id)
);
";

const CONSULTATIONS: &str = "
CREATE TABLE office_consultation (
  id TEXT PRIMARY KEY, draft_id TEXT NOT NULL, revision BIGINT NOT NULL, title TEXT NOT NULL,
  question TEXT NOT NULL, closes_day TEXT NOT NULL, by_organisation TEXT NOT NULL,
  by_practitioner TEXT NOT NULL, opened_us BIGINT NOT NULL, reply TEXT, replied_us BIGINT
);
CREATE INDEX office_consultation_by_age ON office_consultation (opened_us);
CREATE TABLE office_view (
  consultation_id TEXT NOT NULL, id TEXT NOT NULL, key_id TEXT, sealed {bytes},
  at_us BIGINT NOT NULL, state TEXT NOT NULL, judged_by TEXT, judged_us BIGINT,
  PRIMARY KEY (consultation_id, id)
);
";

const RECALLS: &str = "
CREATE TABLE office_recall (
  hash TEXT NOT NULL, holder TEXT NOT NULL, source TEXT NOT NULL, due_day TEXT NOT NULL,
  asked_us BIGINT NOT NULL, answer TEXT, reason TEXT, answered_by TEXT, answered_us BIGINT,
  PRIMARY KEY (hash, holder, source)
);
CREATE INDEX office_recall_of ON office_recall (holder, due_day);
";

statements! {
    /// Registers a signatory, unless one of that name is live.
    INSERT_SIGNATORY = "INSERT INTO office_signatory
        (party, name, practitioner_id, office, until_us, key_id, sealed, public_key, waits,
          added_by, added_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (party, name) DO UPDATE SET practitioner_id = excluded.practitioner_id,
          office = excluded.office, until_us = excluded.until_us, key_id = excluded.key_id,
          sealed = excluded.sealed, public_key = excluded.public_key, waits = excluded.waits,
          added_by = excluded.added_by, added_us = excluded.added_us, second_by = NULL,
          ended_us = NULL
        WHERE office_signatory.ended_us IS NOT NULL";
    /// Who may sign for a party, and whose key waits.
    LIST_SIGNATORIES = "SELECT name, practitioner_id, office, until_us, key_id, public_key, waits,
          added_by
        FROM office_signatory WHERE party = $1 AND ended_us IS NULL ORDER BY name LIMIT $2";
    /// The live signatory of a name.
    FIND_SIGNATORY = "SELECT practitioner_id, office, until_us, added_by, public_key, waits
        FROM office_signatory WHERE party = $1 AND name = $2 AND ended_us IS NULL";
    /// Confirms a key that waits, by another than who registered it.
    SECOND_SIGNATORY = "UPDATE office_signatory SET waits = 0, second_by = $3
        WHERE party = $1 AND name = $2 AND ended_us IS NULL AND waits = 1 AND added_by <> $3";
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
        (organisation, id, register, name, owner, detail, until_day, confirmed_by, confirmed_us,
          about, duties)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (organisation, id) DO UPDATE SET name = excluded.name,
          owner = excluded.owner, detail = excluded.detail, until_day = excluded.until_day,
          confirmed_by = excluded.confirmed_by, confirmed_us = excluded.confirmed_us,
          about = excluded.about, duties = excluded.duties";
    /// Confirms an entry as it stands.
    CONFIRM_REGISTER = "UPDATE office_register SET confirmed_by = $3, confirmed_us = $4
        WHERE organisation = $1 AND id = $2";
    /// Takes an entry out of a register.
    DELETE_REGISTER = "DELETE FROM office_register WHERE organisation = $1 AND id = $2";
    /// One register, of every organisation.
    LIST_REGISTER = "SELECT organisation, id, name, owner, detail, until_day, confirmed_us,
          about, duties
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
    /// Adds so many refused asks of one sort and day.
    ADD_REFUSALS = "INSERT INTO office_refusal
          (day, asker, role, source, purpose, obstacle, what, asks)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (day, asker, role, source, purpose, obstacle, what)
        DO UPDATE SET asks = office_refusal.asks + excluded.asks";
    /// Forgets what was refused before a day.
    DELETE_REFUSALS = "DELETE FROM office_refusal WHERE day < $1";
    /// What was refused to a body or of its records since a day, the most frequent first.
    LIST_REFUSALS = "SELECT asker, role, source, purpose, obstacle, what,
          CAST(SUM(asks) AS BIGINT) FROM office_refusal
        WHERE (asker = $1 OR source = $1) AND day >= $2
        GROUP BY asker, role, source, purpose, obstacle, what
        ORDER BY CAST(SUM(asks) AS BIGINT) DESC, asker, role, source, purpose, obstacle, what
        LIMIT $3";
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
    /// Opens a draft.
    INSERT_DRAFT = "INSERT INTO office_draft
        (id, agreement, title, lead_party, revision, changed_us) VALUES ($1, $2, $3, $4, 1, $5)";
    /// Moves a draft on to its next revision, if it is open and still at this one.
    NEXT_REVISION = "UPDATE office_draft SET revision = revision + 1, title = $3, changed_us = $4
        WHERE id = $1 AND revision = $2 AND registered IS NULL";
    /// Closes a draft whose text, this revision, is registered.
    CLOSE_DRAFT = "UPDATE office_draft SET registered = $3
        WHERE id = $1 AND revision = $2 AND registered IS NULL";
    /// A draft with its newest text.
    FIND_DRAFT = "SELECT d.revision, d.registered, r.body FROM office_draft d
        JOIN office_draft_revision r ON r.draft_id = d.id AND r.revision = d.revision
        WHERE d.id = $1";
    /// The drafts that a body takes part in, the newest change first.
    LIST_DRAFTS = "SELECT d.id, d.title, d.lead_party, d.revision, d.registered, d.changed_us
        FROM office_draft_member m JOIN office_draft d ON d.id = m.draft_id
        WHERE m.organisation = $1 ORDER BY d.changed_us DESC, d.id LIMIT $2";
    /// Keeps a text of a draft.
    INSERT_REVISION = "INSERT INTO office_draft_revision
        (draft_id, revision, body, by_organisation, by_practitioner, at_us)
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// A text of a draft.
    FIND_REVISION = "SELECT body FROM office_draft_revision WHERE draft_id = $1 AND revision = $2";
    /// Lets a body take part in a draft.
    INSERT_MEMBER = "INSERT INTO office_draft_member (draft_id, organisation, is_party)
        VALUES ($1, $2, $3) ON CONFLICT (draft_id, organisation) DO NOTHING";
    /// Lets a party take part in a draft, also where it could only comment before.
    UPSERT_PARTY = "INSERT INTO office_draft_member (draft_id, organisation, is_party)
        VALUES ($1, $2, 1) ON CONFLICT (draft_id, organisation) DO UPDATE SET is_party = 1";
    /// Who takes part in a draft.
    LIST_MEMBERS = "SELECT organisation, is_party FROM office_draft_member
        WHERE draft_id = $1 ORDER BY organisation LIMIT $2";
    /// Keeps a comment.
    INSERT_COMMENT = "INSERT INTO office_draft_comment
        (draft_id, id, clause, words, by_organisation, by_practitioner, revision, at_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// How many comments a draft has.
    COUNT_COMMENTS = "SELECT COUNT(*) FROM office_draft_comment WHERE draft_id = $1";
    /// What was said of a draft, oldest first.
    LIST_COMMENTS = "SELECT clause, words, by_organisation, revision, at_us
        FROM office_draft_comment WHERE draft_id = $1 ORDER BY at_us, id LIMIT $2";
    /// Keeps what was said between a party and its adviser.
    INSERT_ADVICE = "INSERT INTO office_draft_advice (draft_id, id, asker, adviser,
          by_organisation, by_practitioner, words, revision, at_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// How much was said in advice on a draft.
    COUNT_ADVICE = "SELECT COUNT(*) FROM office_draft_advice WHERE draft_id = $1";
    /// How much a party and a body that it asked have said.
    COUNT_ADVICE_BETWEEN = "SELECT COUNT(*) FROM office_draft_advice
        WHERE draft_id = $1 AND asker = $2 AND adviser = $3";
    /// What a body has asked, advised and was told on a draft, the oldest first.
    LIST_ADVICE = "SELECT asker, adviser, by_organisation, words, revision, at_us
        FROM office_draft_advice WHERE draft_id = $1 AND (asker = $2 OR adviser = $2)
        ORDER BY at_us, id LIMIT $3";
    /// Keeps a proposal.
    INSERT_PROPOSAL = "INSERT INTO office_draft_proposal
        (draft_id, id, clause, body, base, said, why, by_organisation, by_practitioner, at_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// How many proposals a draft has.
    COUNT_PROPOSALS = "SELECT COUNT(*) FROM office_draft_proposal WHERE draft_id = $1";
    /// What was proposed for a draft, oldest first.
    LIST_PROPOSALS = "SELECT id, clause, body, base, said, why, by_organisation, at_us, decision,
        reason FROM office_draft_proposal WHERE draft_id = $1 ORDER BY at_us, id LIMIT $2";
    /// One proposal, in the same columns.
    FIND_PROPOSAL = "SELECT id, clause, body, base, said, why, by_organisation, at_us, decision,
        reason FROM office_draft_proposal WHERE draft_id = $1 AND id = $2";
    /// Decides a proposal, once.
    DECIDE_PROPOSAL = "UPDATE office_draft_proposal SET decision = $3, reason = $4,
        decided_by = $5, decided_us = $6 WHERE draft_id = $1 AND id = $2 AND decision IS NULL";
    /// Opens a consultation.
    INSERT_CONSULTATION = "INSERT INTO office_consultation
        (id, draft_id, revision, title, question, closes_day, by_organisation, by_practitioner,
         opened_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// A consultation.
    FIND_CONSULTATION = "SELECT id, draft_id, revision, title, question, closes_day,
        by_organisation, opened_us, reply FROM office_consultation WHERE id = $1";
    /// Every consultation, the newest first, in the same columns.
    LIST_CONSULTATIONS = "SELECT id, draft_id, revision, title, question, closes_day,
        by_organisation, opened_us, reply FROM office_consultation
        ORDER BY opened_us DESC, id LIMIT $1";
    /// Publishes the reply to a consultation, once.
    REPLY = "UPDATE office_consultation SET reply = $2, replied_us = $3
        WHERE id = $1 AND reply IS NULL";
    /// Keeps a view until an officer has looked at it.
    INSERT_VIEW = "INSERT INTO office_view (consultation_id, id, key_id, sealed, at_us, state)
        VALUES ($1, $2, $3, $4, $5, 'waiting')";
    /// How many views a consultation has, and how many of them came after an instant.
    COUNT_VIEWS = "SELECT COUNT(*), COUNT(CASE WHEN at_us > $2 THEN 1 END) FROM office_view
        WHERE consultation_id = $1";
    /// Releases a view or sets it aside, once; what is set aside is deleted.
    JUDGE_VIEW = "UPDATE office_view SET state = $3, judged_by = $4, judged_us = $5,
        sealed = CASE WHEN $3 = 'released' THEN sealed END,
        key_id = CASE WHEN $3 = 'released' THEN key_id END
        WHERE consultation_id = $1 AND id = $2 AND state = 'waiting'";
    /// The views of a consultation, oldest first.
    LIST_VIEWS = "SELECT id, key_id, sealed, at_us, state FROM office_view
        WHERE consultation_id = $1 ORDER BY at_us, id LIMIT $2";
    /// Asks a body to give back what it had of another.
    INSERT_RECALL = "INSERT INTO office_recall (hash, holder, source, due_day, asked_us)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (hash, holder, source) DO NOTHING";
    /// What is asked back from a body, the most urgent first; what is answered last.
    LIST_RECALLS = "SELECT hash, holder, source, due_day, answer, reason FROM office_recall
        WHERE holder = $1
        ORDER BY CASE WHEN answer IS NULL THEN 0 ELSE 1 END, due_day, hash, source LIMIT $2";
    /// What an agreement asked back from everybody.
    LIST_RECALLS_OF = "SELECT hash, holder, source, due_day, answer, reason FROM office_recall
        WHERE hash = $1 ORDER BY holder, source LIMIT $2";
    /// Answers a recall, once.
    ANSWER_RECALL = "UPDATE office_recall SET answer = $4, reason = $5, answered_by = $6,
        answered_us = $7 WHERE hash = $1 AND holder = $2 AND source = $3 AND answer IS NULL";
}
