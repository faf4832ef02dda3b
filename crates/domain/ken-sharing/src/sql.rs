//! Every statement of this crate, and its tables.
//!
//! Tables about a person begin with `person_id`; instruments, signatures and suspensions are
//! reference tables. A change to a person's sharing facts takes the person's guard row first; a
//! change to an instrument bumps the policy head.

pub(crate) mod emergency;
pub(crate) mod linker;

use ken_store::{Migration, statements};

/// The tables of this crate, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        owner: "ken-sharing",
        number: 1,
        title: "instruments, facts, relationships, classes",
        sql: FIRST,
    },
    Migration { owner: "ken-sharing", number: 2, title: "who stands together", sql: TOGETHER },
    Migration {
        owner: "ken-sharing",
        number: 3,
        title: "clearances, expiring keys, departures",
        sql: SIGNING,
    },
    Migration { owner: "ken-sharing", number: 4, title: "duties", sql: DUTIES },
    Migration { owner: "ken-sharing", number: 5, title: "second persons", sql: SECOND },
    Migration {
        owner: "ken-sharing",
        number: 6,
        title: "numbers that found relationships",
        sql: NUMBERS,
    },
    Migration { owner: "ken-sharing", number: 7, title: "wishes", sql: WISHES },
    Migration { owner: "ken-sharing", number: 8, title: "seals of statute packs", sql: SEALS },
    Migration {
        owner: "ken-sharing",
        number: 9,
        title: "who agreed to an emergency, and reviews that were missed",
        sql: emergency::AGREED,
    },
    Migration {
        owner: "ken-sharing",
        number: 10,
        title: "who joined records",
        sql: linker::LINKERS,
    },
    Migration { owner: "ken-sharing", number: 11, title: "one open duty of a kind", sql: ONE_DUTY },
];

const FIRST: &str = "
CREATE TABLE instrument (
  hash TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, canonical TEXT NOT NULL,
  registered_us BIGINT NOT NULL
);
CREATE TABLE signing_key (
  party TEXT NOT NULL, signatory TEXT NOT NULL, public_key {bytes} NOT NULL,
  added_us BIGINT NOT NULL, ended_us BIGINT, PRIMARY KEY (party, signatory)
);
CREATE TABLE signature (
  hash TEXT NOT NULL, party TEXT NOT NULL, signatory TEXT NOT NULL, role TEXT NOT NULL,
  signed_us BIGINT NOT NULL, signature {bytes} NOT NULL, PRIMARY KEY (hash, party)
);
CREATE TABLE suspension (
  hash TEXT NOT NULL, id TEXT NOT NULL, by_party TEXT NOT NULL,
  from_us BIGINT NOT NULL, until_us BIGINT, PRIMARY KEY (hash, id)
);
CREATE TABLE person_fact (
  person_id TEXT NOT NULL, name TEXT NOT NULL, grade TEXT NOT NULL, source TEXT NOT NULL,
  value TEXT NOT NULL, from_us BIGINT NOT NULL, until_us BIGINT,
  PRIMARY KEY (person_id, name, source, from_us)
);
CREATE TABLE relationship (
  person_id TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, organisation TEXT NOT NULL,
  practitioner_id TEXT, grade TEXT NOT NULL, source TEXT NOT NULL, asserted_by TEXT,
  confirmed_by TEXT, from_us BIGINT NOT NULL, until_us BIGINT,
  PRIMARY KEY (person_id, id)
);
CREATE INDEX relationship_by_organisation ON relationship (organisation, from_us);
CREATE TABLE affirmation (
  person_id TEXT NOT NULL, practitioner_id TEXT NOT NULL, clause TEXT NOT NULL,
  words TEXT NOT NULL, words_hash TEXT NOT NULL, at_us BIGINT NOT NULL, until_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, practitioner_id, clause, words)
);
CREATE TABLE emergency_access (
  person_id TEXT NOT NULL, id TEXT NOT NULL, organisation TEXT NOT NULL, role TEXT NOT NULL,
  practitioner_id TEXT NOT NULL, entry_id TEXT NOT NULL,
  from_us BIGINT NOT NULL, until_us BIGINT NOT NULL, review_due_us BIGINT NOT NULL,
  second_by TEXT, reviewed_by TEXT, reviewed_us BIGINT, outcome TEXT,
  PRIMARY KEY (person_id, id)
);
CREATE INDEX emergency_access_open ON emergency_access (organisation, review_due_us);
CREATE TABLE claim (
  id TEXT PRIMARY KEY, organisation TEXT NOT NULL, kind TEXT NOT NULL,
  asserted_by TEXT NOT NULL, person_id TEXT, key_id TEXT NOT NULL, typed {bytes} NOT NULL,
  at_us BIGINT NOT NULL, until_us BIGINT NOT NULL,
  decided_by TEXT, decided_us BIGINT, decision TEXT
);
CREATE INDEX claim_open ON claim (organisation, at_us);
CREATE TABLE row_class (
  id TEXT PRIMARY KEY, category TEXT NOT NULL, labels TEXT NOT NULL, source TEXT NOT NULL,
  lineage TEXT NOT NULL
);
CREATE TABLE person_row_class (
  person_id TEXT NOT NULL, class_id TEXT NOT NULL, PRIMARY KEY (person_id, class_id)
);
";

/// Both orders of every pair, so that who stands together with a person lies beside their guard.
const TOGETHER: &str = "
CREATE TABLE person_together (
  person_id TEXT NOT NULL, other_id TEXT NOT NULL, PRIMARY KEY (person_id, other_id)
);
";

/// What signing rests on, keys that expire, and parties that leave.
const SIGNING: &str = "
ALTER TABLE signing_key ADD COLUMN until_us BIGINT;
ALTER TABLE signature ADD COLUMN public_key {bytes};
CREATE TABLE clearance (
  hash TEXT NOT NULL, what TEXT NOT NULL, by_organisation TEXT NOT NULL, given_us BIGINT NOT NULL,
  until_day TEXT, PRIMARY KEY (hash, what)
);
CREATE TABLE departure (
  hash TEXT NOT NULL, party TEXT NOT NULL, from_day TEXT NOT NULL, kind TEXT NOT NULL,
  given_us BIGINT NOT NULL, PRIMARY KEY (hash, party)
);
";

/// Duties that disclosures bring, beside their person.
const DUTIES: &str = "
CREATE TABLE duty (
  person_id TEXT NOT NULL, id TEXT NOT NULL, organisation TEXT NOT NULL,
  practitioner_id TEXT NOT NULL, entry_id TEXT NOT NULL, clause TEXT NOT NULL, what TEXT NOT NULL,
  is_must BIGINT NOT NULL CHECK (is_must IN (0, 1)), due_us BIGINT NOT NULL,
  set_us BIGINT NOT NULL, done_us BIGINT, done_by TEXT, missed_us BIGINT,
  PRIMARY KEY (person_id, id)
);
CREATE INDEX duty_open ON duty (organisation, due_us);
CREATE INDEX duty_of_practitioner ON duty (person_id, practitioner_id, clause);
";

/// Two looks at one moment may have set the same duty twice; the first stands.
const ONE_DUTY: &str = "
DELETE FROM duty WHERE done_us IS NULL AND EXISTS (
  SELECT 1 FROM duty AS earlier WHERE earlier.person_id = duty.person_id AND earlier.id < duty.id
    AND earlier.practitioner_id = duty.practitioner_id AND earlier.clause = duty.clause
    AND earlier.what = duty.what AND earlier.organisation = duty.organisation
    AND earlier.done_us IS NULL
);
CREATE UNIQUE INDEX duty_once ON duty (person_id, practitioner_id, clause, what, organisation)
  WHERE done_us IS NULL;
";

const SECOND: &str = "
CREATE TABLE second_person (
  id TEXT PRIMARY KEY, organisation TEXT NOT NULL, role TEXT NOT NULL,
  practitioner_id TEXT NOT NULL, account_id TEXT NOT NULL, key_id TEXT NOT NULL,
  asked {bytes} NOT NULL, at_us BIGINT NOT NULL, until_us BIGINT NOT NULL,
  decided_by TEXT, decided_us BIGINT, decision TEXT
);
CREATE INDEX second_person_open ON second_person (organisation, at_us);
";

/// Which numbers of a source state a relationship, and what merges brought and took.
const NUMBERS: &str = "
CREATE TABLE relationship_number (
  person_id TEXT NOT NULL, relationship_id TEXT NOT NULL, number TEXT NOT NULL,
  moved_by TEXT NOT NULL, stated_us BIGINT NOT NULL, ended_by TEXT,
  PRIMARY KEY (person_id, relationship_id, number, moved_by)
);
";

/// What people ask of sharing, beside their person. What was typed and answered is sealed.
const WISHES: &str = "
CREATE TABLE wish (
  person_id TEXT NOT NULL, id TEXT NOT NULL, what TEXT NOT NULL, organisation TEXT NOT NULL,
  key_id TEXT, typed {bytes}, asked_us BIGINT NOT NULL, due_us BIGINT,
  is_shown BIGINT NOT NULL CHECK (is_shown IN (0, 1)),
  decided_by TEXT, decided_us BIGINT, is_granted BIGINT CHECK (is_granted IN (0, 1)),
  answer {bytes}, ended_us BIGINT, PRIMARY KEY (person_id, id)
);
CREATE INDEX wish_open ON wish (organisation, due_us);
";

/// Who vouches for a statute pack. One that was adopted before packs were signed has no note: a
/// duty does not end because the program asks for more than it did.
const SEALS: &str = "
CREATE TABLE pack_seal (
  hash TEXT PRIMARY KEY, note TEXT, issuer TEXT, sealed_us BIGINT NOT NULL
);
INSERT INTO pack_seal (hash, sealed_us)
  SELECT hash, registered_us FROM instrument
  WHERE canonical LIKE '%\"tier\":\"statute-pack\"%'
    AND EXISTS (SELECT 1 FROM signature WHERE signature.hash = instrument.hash);
";

statements! {
    /// Registers an instrument once; its hash is its identity.
    INSERT_INSTRUMENT = "INSERT INTO instrument (hash, name, canonical, registered_us)
        VALUES ($1, $2, $3, $4) ON CONFLICT (hash) DO NOTHING";
    /// What is registered under a name.
    FIND_INSTRUMENT_NAMED = "SELECT hash FROM instrument WHERE name = $1";
    /// Every instrument ever registered, so that those of ended agreements still follow their data.
    LIST_INSTRUMENTS = "SELECT hash, canonical, name FROM instrument ORDER BY registered_us, hash";
    /// How many instruments are registered.
    COUNT_INSTRUMENTS = "SELECT COUNT(*) FROM instrument";
    /// Whether an instrument is registered.
    FIND_INSTRUMENT = "SELECT canonical FROM instrument WHERE hash = $1";
    /// Who may sign for a party; a live key is not written over with another.
    INSERT_SIGNING_KEY = "INSERT INTO signing_key
        (party, signatory, public_key, added_us, until_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (party, signatory) DO UPDATE
        SET public_key = excluded.public_key, added_us = excluded.added_us, ended_us = NULL,
          until_us = excluded.until_us
        WHERE signing_key.ended_us IS NOT NULL OR signing_key.public_key = excluded.public_key";
    /// The key a signatory signs with now, from when and until when.
    FIND_SIGNING_KEY = "SELECT public_key, added_us, until_us FROM signing_key
        WHERE party = $1 AND signatory = $2 AND ended_us IS NULL";
    /// Takes a signatory's key away.
    END_SIGNING_KEY = "UPDATE signing_key SET ended_us = $3
        WHERE party = $1 AND signatory = $2 AND ended_us IS NULL";
    /// Who has signed one instrument, when and in which office.
    LIST_SIGNATURES_OF = "SELECT party, signatory, role, signed_us FROM signature
        WHERE hash = $1 ORDER BY party";
    /// When the newest thing that a signature rests on was registered.
    FIND_REGISTERED = "SELECT registered_us FROM instrument WHERE hash = $1";
    /// Keeps who vouches for a statute pack; a later seal that holds takes an earlier one's place.
    UPSERT_SEAL = "INSERT INTO pack_seal (hash, note, issuer, sealed_us) VALUES ($1, $2, $3, $4)
        ON CONFLICT (hash) DO UPDATE
        SET note = excluded.note, issuer = excluded.issuer, sealed_us = excluded.sealed_us";
    /// Who vouches for which statute pack.
    LIST_SEALS = "SELECT hash, note, issuer FROM pack_seal ORDER BY hash";
    /// Clears a text, or clears it anew.
    UPSERT_CLEARANCE = "INSERT INTO clearance (hash, what, by_organisation, given_us, until_day)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (hash, what) DO UPDATE SET by_organisation = excluded.by_organisation,
          given_us = excluded.given_us, until_day = excluded.until_day";
    /// Takes a clearance back.
    DELETE_CLEARANCE = "DELETE FROM clearance WHERE hash = $1 AND what = $2";
    /// What is cleared for a text.
    LIST_CLEARANCES = "SELECT what, until_day FROM clearance WHERE hash = $1 ORDER BY what";
    /// Says from which day a party is out; the first word stands, unless a sooner day is given.
    UPSERT_DEPARTURE = "INSERT INTO departure (hash, party, from_day, kind, given_us)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (hash, party) DO UPDATE SET from_day = excluded.from_day,
          kind = excluded.kind, given_us = excluded.given_us
        WHERE excluded.from_day < departure.from_day";
    /// Who has left what, and from when.
    LIST_DEPARTURES = "SELECT hash, party, from_day FROM departure ORDER BY hash, party";
    /// Who has left one instrument, from when, and how.
    LIST_DEPARTURES_OF = "SELECT party, from_day, kind FROM departure
        WHERE hash = $1 ORDER BY party";
    /// Keeps a party's signature; the first stands.
    INSERT_SIGNATURE = "INSERT INTO signature
        (hash, party, signatory, role, signed_us, signature, public_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (hash, party) DO NOTHING";
    /// Who has signed what.
    LIST_SIGNATURES = "SELECT hash, party FROM signature ORDER BY hash, party";
    /// Suspends an instrument.
    INSERT_SUSPENSION = "INSERT INTO suspension (hash, id, by_party, from_us, until_us)
        VALUES ($1, $2, $3, $4, NULL)";
    /// Ends the suspensions of one instrument by one party.
    END_SUSPENSIONS = "UPDATE suspension SET until_us = $3
        WHERE hash = $1 AND by_party = $2 AND until_us IS NULL";
    /// Instruments suspended at a moment, and by whom.
    LIST_SUSPENDED = "SELECT DISTINCT hash, by_party FROM suspension
        WHERE from_us <= $1 AND (until_us IS NULL OR until_us > $1) ORDER BY hash, by_party";
    /// Records a fact about a person.
    INSERT_FACT = "INSERT INTO person_fact
        (person_id, name, grade, source, value, from_us, until_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (person_id, name, source, from_us) DO UPDATE
        SET value = excluded.value, grade = excluded.grade, until_us = excluded.until_us";
    /// Ends what one source says under one name.
    END_FACT = "UPDATE person_fact SET until_us = $4
        WHERE person_id = $1 AND name = $2 AND source = $3
          AND (until_us IS NULL OR until_us > $4)";
    /// What a source says now under a name.
    FIND_FACT = "SELECT value, grade FROM person_fact
        WHERE person_id = $1 AND name = $2 AND source = $3
          AND (until_us IS NULL OR until_us > $4)";
    /// A person's live facts.
    LIST_FACTS = "SELECT name, grade, value FROM person_fact
        WHERE person_id = $1 AND from_us <= $2 AND (until_us IS NULL OR until_us > $2)
        ORDER BY name, source";
    /// Who stands together with a person.
    LIST_TOGETHER = "SELECT other_id FROM person_together WHERE person_id = $1 ORDER BY other_id";
    /// Says that two people stand together; one of both rows.
    INSERT_TOGETHER = "INSERT INTO person_together (person_id, other_id) VALUES ($1, $2)
        ON CONFLICT (person_id, other_id) DO NOTHING";
    /// Says that they do not; one of both rows.
    DELETE_TOGETHER = "DELETE FROM person_together WHERE person_id = $1 AND other_id = $2";
    /// Records a relationship.
    INSERT_RELATIONSHIP = "INSERT INTO relationship
        (person_id, id, kind, organisation, practitioner_id, grade, source, asserted_by,
         confirmed_by, from_us, until_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    /// A person's live relationships.
    LIST_RELATIONSHIPS = "SELECT id, kind, organisation, practitioner_id, grade FROM relationship
        WHERE person_id = $1 AND from_us <= $2 AND (until_us IS NULL OR until_us > $2)
        ORDER BY id";
    /// Ends a relationship.
    END_RELATIONSHIP = "UPDATE relationship SET until_us = $3
        WHERE person_id = $1 AND id = $2 AND (until_us IS NULL OR until_us > $3)";
    /// The whole organisation's relationships of a kind that its systems state with a person.
    ///
    /// Not by age: SQLite would walk everybody of the organisation for that order.
    LIST_STATED = "SELECT id, grade, from_us FROM relationship
        WHERE person_id = $1 AND organisation = $2 AND source = $2 AND kind = $3
          AND practitioner_id IS NULL AND asserted_by IS NULL
          AND (until_us IS NULL OR until_us > $4)
        ORDER BY id";
    /// Those of a source with a person that no number is noted for.
    LIST_UNNUMBERED = "SELECT id FROM relationship r
        WHERE r.person_id = $1 AND r.organisation = $2 AND r.source = $2
          AND r.practitioner_id IS NULL AND r.asserted_by IS NULL
          AND (r.until_us IS NULL OR r.until_us > $3)
          AND NOT EXISTS (SELECT 1 FROM relationship_number n
            WHERE n.person_id = r.person_id AND n.relationship_id = r.id)
        ORDER BY r.id";
    /// What a number of a source states about a person now.
    STATED_UNDER = "SELECT r.id, r.kind, r.grade, n.moved_by, n.stated_us, r.until_us
        FROM relationship_number n JOIN relationship r
          ON r.person_id = n.person_id AND r.id = n.relationship_id
        WHERE n.person_id = $1 AND r.source = $2 AND n.number = $3 AND n.ended_by IS NULL
          AND (r.until_us IS NULL OR r.until_us > $4)
        ORDER BY r.id, n.moved_by";
    /// What a merge took from a person.
    TAKEN_BY = "SELECT r.id, r.kind, r.grade, n.moved_by, n.stated_us, r.until_us
        FROM relationship_number n JOIN relationship r
          ON r.person_id = n.person_id AND r.id = n.relationship_id
        WHERE n.person_id = $1 AND r.source = $2 AND n.number = $3 AND n.ended_by = $4
        ORDER BY r.id, n.moved_by";
    /// Notes that a number states a relationship.
    PUT_STATED = "INSERT INTO relationship_number
        (person_id, relationship_id, number, moved_by, stated_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (person_id, relationship_id, number, moved_by) DO UPDATE
        SET stated_us = excluded.stated_us, ended_by = NULL
        WHERE relationship_number.ended_by IS NOT NULL";
    /// Notes that a number states a relationship no longer, by which merge; or that it does again.
    TAKE_STATED = "UPDATE relationship_number SET ended_by = $5
        WHERE person_id = $1 AND relationship_id = $2 AND number = $3 AND moved_by = $4";
    /// Whether anything states a relationship still.
    STATED_LEFT = "SELECT stated_us FROM relationship_number
        WHERE person_id = $1 AND relationship_id = $2 AND ended_by IS NULL LIMIT 1";
    /// People a practitioner, or the whole, of an organisation has a live relationship with.
    LIST_RELATED_PEOPLE = "SELECT person_id FROM relationship
        WHERE organisation = $1 AND from_us <= $2 AND (until_us IS NULL OR until_us > $2)
          AND grade <> 'claimed' AND practitioner_id IS NOT DISTINCT FROM CAST($3 AS TEXT)
        GROUP BY person_id ORDER BY MAX(from_us) DESC, person_id LIMIT $4";
    /// Keeps affirmed words for a while.
    UPSERT_AFFIRMATION = "INSERT INTO affirmation
        (person_id, practitioner_id, clause, words, words_hash, at_us, until_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (person_id, practitioner_id, clause, words) DO UPDATE
        SET words_hash = excluded.words_hash, at_us = excluded.at_us, until_us = excluded.until_us";
    /// What a practitioner has affirmed about a person, still good.
    LIST_AFFIRMATIONS = "SELECT clause, words FROM affirmation
        WHERE person_id = $1 AND practitioner_id = $2 AND at_us <= $3 AND until_us > $3
        ORDER BY clause, words";
    /// Withdraws what a practitioner affirmed for one clause.
    DELETE_AFFIRMATIONS = "DELETE FROM affirmation
        WHERE person_id = $1 AND practitioner_id = $2 AND clause = $3";
    /// Keeps a claim of a relationship, whether or not anybody fits what was typed.
    INSERT_CLAIM = "INSERT INTO claim
        (id, organisation, kind, asserted_by, person_id, key_id, typed, at_us, until_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Open claims of one organisation: of each claimant the newest, then of each the one before
    /// it, and so on.
    LIST_CLAIMS = "SELECT c.id, c.kind, c.asserted_by, c.key_id, c.typed, c.at_us
        FROM (SELECT id, at_us,
            ROW_NUMBER() OVER (PARTITION BY asserted_by ORDER BY at_us DESC, id DESC) AS turn
          FROM claim WHERE organisation = $1 AND decided_us IS NULL AND until_us > $2
          ORDER BY turn, at_us, id LIMIT $3) w
        JOIN claim c ON c.id = w.id ORDER BY w.turn, w.at_us, w.id";
    /// One open claim of an organisation, not one's own.
    FIND_CLAIM = "SELECT kind, asserted_by, person_id FROM claim
        WHERE id = $1 AND organisation = $2 AND asserted_by <> $3
          AND decided_us IS NULL AND until_us > $4";
    /// Whether a claim is open.
    CLAIM_WAITS = "SELECT 1 FROM claim WHERE id = $1 AND decided_us IS NULL AND until_us > $2";
    /// Decides a claim once.
    DECIDE_CLAIM = "UPDATE claim SET decided_by = $2, decided_us = $3, decision = $4
        WHERE id = $1 AND decided_us IS NULL";
    /// Interns a row class.
    INSERT_CLASS = "INSERT INTO row_class (id, category, labels, source, lineage)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
    /// One class.
    FIND_CLASS = "SELECT category, labels, source, lineage FROM row_class WHERE id = $1";
    /// Notes that something of a class is held about a person.
    INSERT_HELD_CLASS = "INSERT INTO person_row_class (person_id, class_id)
        VALUES ($1, $2) ON CONFLICT (person_id, class_id) DO NOTHING";
    /// A class held about a person after so many others.
    HELD_CLASS_AFTER = "SELECT class_id FROM person_row_class WHERE person_id = $1
        ORDER BY class_id LIMIT 1 OFFSET $2";
    /// The classes held about a person.
    LIST_HELD_CLASSES = "SELECT c.category, c.labels, c.source, c.lineage
        FROM person_row_class p JOIN row_class c ON c.id = p.class_id
        WHERE p.person_id = $1 ORDER BY c.id";
    /// Sets a duty, unless the same one is open, or is being set at this moment.
    INSERT_DUTY = "INSERT INTO duty (person_id, id, organisation, practitioner_id, entry_id, clause,
          what, is_must, due_us, set_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (person_id, practitioner_id, clause, what, organisation)
          WHERE done_us IS NULL DO NOTHING";
    /// The open duties of an organisation, the most urgent first.
    LIST_DUTIES = "SELECT id, person_id, practitioner_id, what, clause, is_must, due_us, missed_us
        FROM duty WHERE organisation = $1 AND done_us IS NULL ORDER BY due_us, id LIMIT $2";
    /// A practitioner's own open duties, the most urgent first.
    LIST_DUTIES_OF = "SELECT id, person_id, practitioner_id, what, clause, is_must, due_us,
          missed_us
        FROM duty WHERE organisation = $1 AND practitioner_id = $2 AND done_us IS NULL
        ORDER BY due_us, id LIMIT $3";
    /// The acknowledgements that an organisation was asked for since an instant, newest first.
    LIST_ACKNOWLEDGEMENTS = "SELECT person_id, clause, set_us, done_us, missed_us FROM duty
        WHERE organisation = $1 AND what = $2 AND set_us >= $3 ORDER BY set_us DESC, id LIMIT $4";
    /// Says that one's own duty is done.
    CLOSE_OWN_DUTY = "UPDATE duty SET done_by = $4, done_us = $5
        WHERE person_id = $1 AND id = $2 AND organisation = $3 AND practitioner_id = $4
          AND done_us IS NULL
        RETURNING what";
    /// Says that a duty is done.
    CLOSE_DUTY = "UPDATE duty SET done_by = $4, done_us = $5
        WHERE person_id = $1 AND id = $2 AND organisation = $3 AND done_us IS NULL
        RETURNING what";
    /// Says that an open duty was missed, once.
    MISS_DUTY = "UPDATE duty SET missed_us = $3
        WHERE person_id = $1 AND id = $2 AND done_us IS NULL AND missed_us IS NULL
        RETURNING organisation, what, clause, is_must";
    /// Keeps what a person asks.
    INSERT_WISH = "INSERT INTO wish (person_id, id, what, organisation, key_id, typed, asked_us,
          due_us, is_shown)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Whether a person asks that already.
    FIND_LIVE_WISH = "SELECT id FROM wish
        WHERE person_id = $1 AND what = $2 AND ended_us IS NULL LIMIT 1";
    /// How much a person asked since a moment.
    COUNT_WISHES = "SELECT COUNT(*) FROM wish WHERE person_id = $1 AND asked_us > $2
        AND CASE WHEN what IN ('protected-address', 'restricted-record', 'at-risk')
          THEN 1 ELSE 0 END = $3";
    /// What a person asked that shows on their own pages, the newest first.
    LIST_WISHES = "SELECT person_id, id, what, asked_us, due_us, is_granted, ended_us, key_id,
          answer
        FROM wish WHERE person_id = $1 AND is_shown = 1 ORDER BY asked_us DESC, id LIMIT $2";
    /// Ends what a person asked, by what it is.
    END_WISHES = "UPDATE wish SET ended_us = $3
        WHERE person_id = $1 AND what = $2 AND ended_us IS NULL";
    /// Whether the same was asked again since one was granted, and waits for an answer, whoever is
    /// to give it.
    ASKED_AGAIN = "SELECT w.organisation FROM wish w
        JOIN wish g ON g.person_id = w.person_id AND g.id = $3
        WHERE w.person_id = $1 AND w.what = $2 AND w.due_us IS NOT NULL
          AND w.decided_us IS NULL AND w.ended_us IS NULL AND w.asked_us >= g.decided_us
        ORDER BY w.organisation LIMIT $4";
    /// Whether the same is granted and stands, whoever granted it.
    GRANTED_WISH = "SELECT id FROM wish
        WHERE person_id = $1 AND what = $2 AND is_granted = 1 AND ended_us IS NULL LIMIT 1";
    /// Ends one thing that shows on the person's own pages.
    END_OWN_WISH = "UPDATE wish SET ended_us = $3
        WHERE person_id = $1 AND id = $2 AND is_shown = 1 AND ended_us IS NULL
        RETURNING what";
    /// What waits for an organisation's answer, the most urgent first.
    LIST_WAITING_WISHES = "SELECT person_id, id, what, asked_us, due_us, is_granted, key_id, typed,
          organisation
        FROM wish WHERE organisation = $1 AND due_us IS NOT NULL AND decided_us IS NULL
          AND ended_us IS NULL ORDER BY due_us, id LIMIT $2";
    /// What an organisation granted and stands, the newest first.
    LIST_GRANTED_WISHES = "SELECT person_id, id, what, asked_us, due_us, is_granted, key_id, typed,
          organisation
        FROM wish WHERE organisation = $1 AND is_granted = 1 AND ended_us IS NULL
        ORDER BY asked_us DESC, id LIMIT $2";
    /// One thing that somebody has to answer, or granted, and that stands.
    FIND_WISH = "SELECT person_id, id, what, asked_us, due_us, is_granted, key_id, typed,
          organisation
        FROM wish WHERE person_id = $1 AND id = $2 AND due_us IS NOT NULL AND ended_us IS NULL";
    /// Answers it, once; what is not granted ends with the answer.
    DECIDE_WISH = "UPDATE wish SET decided_by = $4, decided_us = $5, is_granted = $6,
          is_shown = $7, key_id = $8, answer = $9, ended_us = $10
        WHERE person_id = $1 AND id = $2 AND organisation = $3 AND decided_us IS NULL
          AND ended_us IS NULL";
    /// Ends what was granted.
    END_GRANTED_WISH = "UPDATE wish SET ended_us = $4
        WHERE person_id = $1 AND id = $2 AND organisation = $3 AND is_granted = 1
          AND ended_us IS NULL";
}
