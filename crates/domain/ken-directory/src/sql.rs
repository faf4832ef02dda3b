//! Every statement of this crate, and its tables.
//!
//! All are reference tables: small, read by every node, without hot foreign keys to them
//! (`core.md` 4.3). Sessions and tallies are looked up by their own key.

pub(crate) mod roster;
pub(crate) mod service;
pub(crate) mod stock;

use ken_store::{Migration, statements};

/// The tables of this crate, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    FIRST,
    PASSKEYS_TOO,
    BY_PERSON,
    DRAINED,
    PUBLIC_BODIES,
    DRAWN_BY,
    PARTNERSHIP,
    SENDINGS,
    KEYED,
    ROSTERS,
    STOCK,
    SERVICES,
];

const SERVICES: Migration = Migration {
    owner: "ken-directory",
    number: 12,
    title: "a directory of services",
    sql: service::SERVICES,
};

const STOCK: Migration = Migration {
    owner: "ken-directory",
    number: 11,
    title: "equipment and service plans",
    sql: stock::STOCK,
};

const ROSTERS: Migration =
    Migration { owner: "ken-directory", number: 10, title: "duty rosters", sql: roster::ROSTERS };

const KEYED: Migration = Migration {
    owner: "ken-directory",
    number: 9,
    title: "tallies under a key of the installation",
    sql: "
CREATE TABLE throttle_key (
  is_only BIGINT PRIMARY KEY CHECK (is_only = 1), key_id TEXT NOT NULL
);
ALTER TABLE throttle ADD COLUMN shared BIGINT NOT NULL DEFAULT 0;
DELETE FROM throttle WHERE bucket NOT LIKE 'account:%';
",
};

const SENDINGS: Migration = Migration {
    owner: "ken-directory",
    number: 8,
    title: "forms that were sent, and what they made",
    sql: "
CREATE TABLE sending (
  sending_hash TEXT PRIMARY KEY, made TEXT NOT NULL, at_us BIGINT NOT NULL
);
CREATE INDEX sending_by_time ON sending (at_us);
",
};

const PARTNERSHIP: Migration = Migration {
    owner: "ken-directory",
    number: 7,
    title: "partnerships in a tree, and what they adopted",
    sql: "
CREATE TABLE partnership (
  partnership_id TEXT PRIMARY KEY, name TEXT NOT NULL, level TEXT NOT NULL, above TEXT,
  lead TEXT NOT NULL, registered_us BIGINT NOT NULL
);
CREATE TABLE partnership_member (
  partnership_id TEXT NOT NULL, organisation_id TEXT NOT NULL,
  PRIMARY KEY (partnership_id, organisation_id)
);
CREATE TABLE partnership_adoption (
  partnership_id TEXT NOT NULL, hash TEXT NOT NULL, adopted_us BIGINT NOT NULL,
  PRIMARY KEY (partnership_id, hash)
);
",
};

const DRAWN_BY: Migration = Migration {
    owner: "ken-directory",
    number: 6,
    title: "for whom a passkey's challenge was drawn",
    sql: "
ALTER TABLE passkey_challenge ADD COLUMN drawn_by TEXT;
CREATE INDEX passkey_challenge_by_drawer ON passkey_challenge (drawn_by, until_us);
",
};

const PUBLIC_BODIES: Migration = Migration {
    owner: "ken-directory",
    number: 5,
    title: "official codes of public bodies, and what an authority is made of",
    sql: "
CREATE TABLE organisation_code (
  organisation_id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE
);
CREATE TABLE organisation_part (
  whole_id TEXT NOT NULL, part_id TEXT NOT NULL, PRIMARY KEY (whole_id, part_id)
);
CREATE INDEX organisation_part_by_part ON organisation_part (part_id);
",
};

const DRAINED: Migration = Migration {
    owner: "ken-directory",
    number: 4,
    title: "how far a tally has drained",
    sql: "ALTER TABLE throttle ADD COLUMN drained_us BIGINT;",
};

const BY_PERSON: Migration = Migration {
    owner: "ken-directory",
    number: 3,
    title: "practitioners by who they are",
    sql: "CREATE INDEX practitioner_by_person ON practitioner (person_id);",
};

const PASSKEYS_TOO: Migration = Migration {
    owner: "ken-directory",
    number: 2,
    title: "passkeys",
    sql: "
CREATE TABLE passkey (
  credential_id TEXT PRIMARY KEY, account_id TEXT NOT NULL, public_key {bytes} NOT NULL,
  sign_count BIGINT NOT NULL, name TEXT NOT NULL, added_us BIGINT NOT NULL, used_us BIGINT
);
CREATE INDEX passkey_by_account ON passkey (account_id, added_us);
CREATE TABLE passkey_challenge (
  challenge_hash TEXT PRIMARY KEY, account_id TEXT, until_us BIGINT NOT NULL
);
CREATE INDEX passkey_challenge_by_age ON passkey_challenge (until_us);
",
};

const FIRST: Migration = Migration {
    owner: "ken-directory",
    number: 1,
    title: "organisations, practitioners, accounts, sessions",
    sql: "
CREATE TABLE organisation (
  organisation_id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL,
  contact_phone TEXT NOT NULL, registered_us BIGINT NOT NULL
);
CREATE TABLE organisation_assurance (
  organisation_id TEXT NOT NULL, name TEXT NOT NULL, recorded_us BIGINT NOT NULL,
  until_us BIGINT NOT NULL, PRIMARY KEY (organisation_id, name)
);
CREATE TABLE practitioner (
  practitioner_id TEXT PRIMARY KEY, name TEXT NOT NULL, person_id TEXT,
  registered_us BIGINT NOT NULL
);
CREATE TABLE practitioner_role (
  practitioner_id TEXT NOT NULL, organisation_id TEXT NOT NULL, role TEXT NOT NULL,
  from_us BIGINT NOT NULL, until_us BIGINT,
  PRIMARY KEY (practitioner_id, organisation_id, role)
);
CREATE INDEX practitioner_role_by_organisation ON practitioner_role (organisation_id, role);
CREATE TABLE practitioner_training (
  practitioner_id TEXT NOT NULL, course TEXT NOT NULL, recorded_us BIGINT NOT NULL,
  until_us BIGINT NOT NULL, PRIMARY KEY (practitioner_id, course)
);
CREATE TABLE account (
  account_id TEXT PRIMARY KEY, sign_in_name TEXT NOT NULL UNIQUE,
  organisation_id TEXT, practitioner_id TEXT, person_id TEXT,
  password_hash TEXT, key_id TEXT, one_time_secret {bytes}, one_time_step BIGINT NOT NULL,
  closed BIGINT NOT NULL CHECK (closed IN (0, 1)), registered_us BIGINT NOT NULL,
  CHECK ((practitioner_id IS NULL) <> (person_id IS NULL))
);
CREATE INDEX account_by_practitioner ON account (practitioner_id);
CREATE INDEX account_by_person ON account (person_id);
CREATE TABLE session (
  token_hash TEXT PRIMARY KEY, session_id TEXT NOT NULL, account_id TEXT NOT NULL,
  organisation_id TEXT, role TEXT, signed_in_us BIGINT NOT NULL, seen_us BIGINT NOT NULL
);
CREATE INDEX session_by_account ON session (account_id, signed_in_us);
CREATE INDEX session_by_age ON session (signed_in_us);
CREATE TABLE throttle (
  bucket TEXT PRIMARY KEY, failures BIGINT NOT NULL, last_us BIGINT NOT NULL
);
",
};

statements! {
    /// Registers an organisation, or brings its entry up to date.
    ORGANISATION_PUT = "INSERT INTO organisation
        (organisation_id, name, kind, contact_phone, registered_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (organisation_id) DO UPDATE SET name = excluded.name, kind = excluded.kind,
        contact_phone = excluded.contact_phone";
    /// One organisation.
    ORGANISATION = "SELECT organisation_id, name, kind, contact_phone FROM organisation
        WHERE organisation_id = $1";
    /// All organisations, by id.
    ORGANISATIONS = "SELECT organisation_id, name, kind, contact_phone FROM organisation
        ORDER BY organisation_id LIMIT $1";
    /// Which organisation has an official code.
    CODE_HOLDER = "SELECT organisation_id FROM organisation_code WHERE code = $1";
    /// The official code of an organisation.
    CODE_OF = "SELECT code FROM organisation_code WHERE organisation_id = $1";
    /// Gives an organisation its official code.
    CODE_INSERT = "INSERT INTO organisation_code (organisation_id, code) VALUES ($1, $2)";
    /// Says that one organisation is made of another.
    PART_INSERT = "INSERT INTO organisation_part (whole_id, part_id) VALUES ($1, $2)";
    /// What an organisation is made of.
    PARTS = "SELECT part_id FROM organisation_part WHERE whole_id = $1 ORDER BY part_id";
    /// What an organisation is part of.
    WHOLES = "SELECT whole_id FROM organisation_part WHERE part_id = $1 ORDER BY whole_id";
    /// Registers a partnership, or brings its name up to date.
    PARTNERSHIP_PUT = "INSERT INTO partnership
        (partnership_id, name, level, above, lead, registered_us) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (partnership_id) DO UPDATE SET name = excluded.name";
    /// Every partnership.
    PARTNERSHIPS = "SELECT partnership_id, name, level, above, lead FROM partnership
        ORDER BY partnership_id LIMIT $1";
    /// Forgets who is a member of a partnership, before they are written anew.
    MEMBERS_DELETE = "DELETE FROM partnership_member WHERE partnership_id = $1";
    /// Makes an organisation a member of a partnership.
    MEMBER_INSERT = "INSERT INTO partnership_member (partnership_id, organisation_id)
        VALUES ($1, $2)";
    /// Every member of every partnership.
    MEMBERS = "SELECT partnership_id, organisation_id FROM partnership_member
        ORDER BY partnership_id, organisation_id LIMIT $1";
    /// Keeps that a partnership adopted an instrument; nothing where it had.
    ADOPTION_INSERT = "INSERT INTO partnership_adoption (partnership_id, hash, adopted_us)
        VALUES ($1, $2, $3) ON CONFLICT (partnership_id, hash) DO NOTHING";
    /// Every adoption.
    ADOPTIONS = "SELECT partnership_id, hash, adopted_us FROM partnership_adoption
        ORDER BY adopted_us, partnership_id, hash LIMIT $1";
    /// Records or renews an assurance.
    ASSURANCE_PUT = "INSERT INTO organisation_assurance
        (organisation_id, name, recorded_us, until_us) VALUES ($1, $2, $3, $4)
        ON CONFLICT (organisation_id, name) DO UPDATE
        SET recorded_us = excluded.recorded_us, until_us = excluded.until_us";
    /// The assurances of an organisation that hold at an instant.
    ASSURANCES = "SELECT name, until_us FROM organisation_assurance
        WHERE organisation_id = $1 AND until_us > $2 ORDER BY name LIMIT $3";
    /// Registers a practitioner.
    PRACTITIONER_INSERT = "INSERT INTO practitioner
        (practitioner_id, name, person_id, registered_us) VALUES ($1, $2, $3, $4)";
    /// Says who, as a person, a practitioner is.
    PRACTITIONER_SET_PERSON = "UPDATE practitioner SET person_id = $2 WHERE practitioner_id = $1";
    /// One practitioner.
    PRACTITIONER = "SELECT practitioner_id, name, person_id FROM practitioner
        WHERE practitioner_id = $1";
    /// A practitioner who is this person.
    PRACTITIONER_OF_PERSON = "SELECT practitioner_id FROM practitioner
        WHERE person_id = $1 LIMIT 1";
    /// The organisations in which a practitioner who is this person holds a role at an instant.
    ORGANISATIONS_OF_PERSON = "SELECT DISTINCT r.organisation_id FROM practitioner p
        JOIN practitioner_role r ON r.practitioner_id = p.practitioner_id
        WHERE p.person_id = $1 AND r.from_us <= $2 AND (r.until_us IS NULL OR r.until_us > $2)
        ORDER BY r.organisation_id LIMIT $3";
    /// How many practitioners there are, and of how many it is known who they are.
    PRACTITIONERS_KNOWN = "SELECT COUNT(*), COUNT(person_id) FROM practitioner";
    /// The practitioners of an organisation at an instant, with their roles.
    PRACTITIONERS_OF = "SELECT p.practitioner_id, p.name, r.role FROM practitioner_role r
        JOIN practitioner p ON p.practitioner_id = r.practitioner_id
        WHERE r.organisation_id = $1 AND r.from_us <= $2 AND (r.until_us IS NULL OR r.until_us > $2)
        ORDER BY p.name, p.practitioner_id, r.role LIMIT $3";
    /// Whoever holds a role of an organisation at an instant, each once, by name.
    STAFF = "SELECT DISTINCT p.practitioner_id, p.name FROM practitioner_role r
        JOIN practitioner p ON p.practitioner_id = r.practitioner_id
        WHERE r.organisation_id = $1 AND r.from_us <= $2 AND (r.until_us IS NULL OR r.until_us > $2)
        ORDER BY p.name, p.practitioner_id LIMIT $3";
    /// Whoever holds one role of an organisation at an instant, by name.
    STAFF_IN = "SELECT DISTINCT p.practitioner_id, p.name, r.role FROM practitioner_role r
        JOIN practitioner p ON p.practitioner_id = r.practitioner_id
        WHERE r.organisation_id = $1 AND r.role = $2 AND r.from_us <= $3
          AND (r.until_us IS NULL OR r.until_us > $3)
        ORDER BY p.name, p.practitioner_id LIMIT $4";
    /// The roles of an organisation that somebody holds at an instant.
    ROLES_IN = "SELECT DISTINCT role FROM practitioner_role
        WHERE organisation_id = $1 AND from_us <= $2 AND (until_us IS NULL OR until_us > $2)
        ORDER BY role LIMIT $3";
    /// Whoever ever held a role at an organisation, and whether they hold one at an instant.
    PRACTITIONERS_EVER = "SELECT p.practitioner_id, p.name,
          MAX(CASE WHEN r.from_us <= $2 AND (r.until_us IS NULL OR r.until_us > $2)
            THEN 1 ELSE 0 END)
        FROM practitioner_role r JOIN practitioner p ON p.practitioner_id = r.practitioner_id
        WHERE r.organisation_id = $1 GROUP BY p.practitioner_id, p.name
        ORDER BY p.name, p.practitioner_id LIMIT $3";
    /// Practitioners with an open account, in one of some roles of an organisation.
    IN_ROLE = "SELECT DISTINCT r.practitioner_id FROM practitioner_role r
        JOIN account a ON a.practitioner_id = r.practitioner_id
        WHERE r.organisation_id = $1 AND r.role LIKE $2 AND r.role <> $3
        AND r.from_us <= $4 AND (r.until_us IS NULL OR r.until_us > $4)
        AND a.closed = 0 ORDER BY r.practitioner_id LIMIT $5";
    /// Gives a role, again if it had ended.
    ROLE_PUT = "INSERT INTO practitioner_role
        (practitioner_id, organisation_id, role, from_us, until_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (practitioner_id, organisation_id, role) DO UPDATE
        SET from_us = excluded.from_us, until_us = excluded.until_us";
    /// Ends a role.
    ROLE_END = "UPDATE practitioner_role SET until_us = $4 WHERE practitioner_id = $1
        AND organisation_id = $2 AND role = $3 AND (until_us IS NULL OR until_us > $4)";
    /// The roles that a practitioner holds at an instant.
    ROLES = "SELECT organisation_id, role FROM practitioner_role
        WHERE practitioner_id = $1 AND from_us <= $2 AND (until_us IS NULL OR until_us > $2)
        ORDER BY from_us, organisation_id, role LIMIT $3";
    /// Records or renews a training.
    TRAINING_PUT = "INSERT INTO practitioner_training
        (practitioner_id, course, recorded_us, until_us) VALUES ($1, $2, $3, $4)
        ON CONFLICT (practitioner_id, course) DO UPDATE
        SET recorded_us = excluded.recorded_us, until_us = excluded.until_us";
    /// The trainings of a practitioner that hold at an instant.
    TRAININGS = "SELECT course, until_us FROM practitioner_training
        WHERE practitioner_id = $1 AND until_us > $2 ORDER BY course LIMIT $3";
    /// Whether an account is closed, or a role is registered and not held at an instant.
    HAS_LEFT = "SELECT account_id FROM account WHERE account_id = $1 AND closed = 1
        UNION ALL
        SELECT role FROM practitioner_role WHERE practitioner_id = $2 AND organisation_id = $3
        AND role = $4 AND (from_us > $5 OR until_us <= $5)
        LIMIT 1";
    /// Whether an account is closed.
    IS_CLOSED = "SELECT account_id FROM account WHERE account_id = $1 AND closed = 1";
    /// Registers an account; nothing where the name is taken.
    ACCOUNT_INSERT = "INSERT INTO account
        (account_id, sign_in_name, organisation_id, practitioner_id, person_id, password_hash,
         key_id, one_time_secret, one_time_step, closed, registered_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9)
        ON CONFLICT (sign_in_name) DO NOTHING";
    /// An account by its sign-in name, with what a sign-in needs.
    ACCOUNT_BY_NAME = "SELECT account_id, organisation_id, practitioner_id, person_id,
        password_hash, key_id, one_time_secret, one_time_step, closed FROM account
        WHERE sign_in_name = $1";
    /// An account by its id, in the same columns.
    ACCOUNT = "SELECT account_id, organisation_id, practitioner_id, person_id,
        password_hash, key_id, one_time_secret, one_time_step, closed FROM account
        WHERE account_id = $1";
    /// Accounts by sign-in name, after one.
    ACCOUNTS = "SELECT account_id, organisation_id, practitioner_id, person_id, sign_in_name, closed
        FROM account WHERE sign_in_name > $1 ORDER BY sign_in_name LIMIT $2";
    /// Gives an account another password and secret.
    ACCOUNT_RESET = "UPDATE account SET password_hash = $2, key_id = $3, one_time_secret = $4,
        one_time_step = 0 WHERE account_id = $1 AND closed = 0";
    /// A new password in the place of one.
    ACCOUNT_SET_PASSWORD = "UPDATE account SET password_hash = $2
        WHERE account_id = $1 AND closed = 0 AND password_hash IS NOT NULL";
    /// Removes every passkey of an account.
    PASSKEYS_DELETE_OF = "DELETE FROM passkey WHERE account_id = $1";
    /// Uses up a one-time code: nothing where it, or a later one, was used already.
    ONE_TIME_USE = "UPDATE account SET one_time_step = $2
        WHERE account_id = $1 AND one_time_step < $2 AND closed = 0";
    /// Holds an account until the write ends.
    ACCOUNT_HOLD = "UPDATE account SET closed = closed WHERE account_id = $1";
    /// Closes an account.
    ACCOUNT_CLOSE = "UPDATE account SET closed = 1 WHERE account_id = $1";
    /// Opens a session.
    SESSION_INSERT = "INSERT INTO session
        (token_hash, session_id, account_id, organisation_id, role, signed_in_us, seen_us)
        VALUES ($1, $2, $3, $4, $5, $6, $6)";
    /// A session with its account, and whether its role is still held at an instant.
    SESSION = "SELECT s.session_id, s.account_id, a.practitioner_id, a.person_id,
        s.organisation_id, s.role, s.signed_in_us, s.seen_us, a.closed,
        CASE WHEN r.from_us <= $2 AND (r.until_us IS NULL OR r.until_us > $2) THEN 1 ELSE 0 END
        FROM session s JOIN account a ON a.account_id = s.account_id
        LEFT JOIN practitioner_role r ON r.practitioner_id = a.practitioner_id
        AND r.organisation_id = s.organisation_id AND r.role = s.role
        WHERE s.token_hash = $1";
    /// Notes that a session was used.
    SESSION_SEEN = "UPDATE session SET seen_us = $2 WHERE token_hash = $1 AND seen_us < $2";
    /// Changes the role of a session.
    SESSION_ACT = "UPDATE session SET organisation_id = $2, role = $3 WHERE token_hash = $1";
    /// Ends one session.
    SESSION_DELETE = "DELETE FROM session WHERE token_hash = $1";
    /// Ends all sessions of an account.
    SESSIONS_DELETE_OF = "DELETE FROM session WHERE account_id = $1";
    /// Ends all sessions of an account but one.
    SESSIONS_DELETE_OTHERS = "DELETE FROM session WHERE account_id = $1 AND token_hash <> $2";
    /// Ends all but the newest sessions of an account.
    SESSIONS_TRIM = "DELETE FROM session WHERE account_id = $1 AND token_hash NOT IN
        (SELECT token_hash FROM session WHERE account_id = $1
         ORDER BY signed_in_us DESC, session_id DESC LIMIT $2)";
    /// Removes some sessions that have ended by their age or by silence.
    SESSIONS_SWEEP = "DELETE FROM session WHERE token_hash IN
        (SELECT token_hash FROM session WHERE signed_in_us <= $1 OR seen_us <= $2 LIMIT $3)";
    /// Notes what a request makes, unless it made it before.
    SENDING_PUT = "INSERT INTO sending (sending_hash, made, at_us) VALUES ($1, $2, $3)
        ON CONFLICT (sending_hash) DO NOTHING";
    /// Notes what a request made in the place of what is over.
    SENDING_MOVE = "UPDATE sending SET made = $2, at_us = $3
        WHERE sending_hash = $1 AND made = $4";
    /// What a request made.
    SENDING_FIND = "SELECT made FROM sending WHERE sending_hash = $1";
    /// Forgets some sendings.
    SENDINGS_SWEEP = "DELETE FROM sending WHERE sending_hash IN
        (SELECT sending_hash FROM sending WHERE at_us <= $1 LIMIT $2)";
    /// Reads a tally, making it if need be, and holds it until the write ends. What was noted by a
    /// clock that was ahead is noted now.
    THROTTLE_TAKE = "INSERT INTO throttle (bucket, failures, last_us, drained_us)
        VALUES ($1, 0, $2, $2)
        ON CONFLICT (bucket) DO UPDATE
          SET last_us = CASE WHEN throttle.last_us > $2 THEN $2 ELSE throttle.last_us END,
            drained_us = CASE WHEN throttle.drained_us > $2 THEN $2 ELSE throttle.drained_us END
        RETURNING failures, last_us, drained_us, shared";
    /// Keeps a tally.
    THROTTLE_PUT = "UPDATE throttle SET failures = $2, last_us = $3, drained_us = $4, shared = $5
        WHERE bucket = $1";
    /// The key under which names and addresses are kept.
    THROTTLE_KEY = "SELECT key_id FROM throttle_key";
    /// Gives the installation its key, once.
    THROTTLE_KEY_PUT = "INSERT INTO throttle_key (is_only, key_id) VALUES (1, $1)
        ON CONFLICT (is_only) DO NOTHING";
    /// Forgets a tally.
    THROTTLE_CLEAR = "DELETE FROM throttle WHERE bucket = $1";
    /// Whether a sign-in was good at a place since an instant.
    THROTTLE_PLACE = "SELECT 1 FROM throttle WHERE bucket = $1 AND drained_us >= $2";
    /// Forgets the places of an account, between two words, but the last used since an instant.
    THROTTLE_PLACES_SWEEP = "DELETE FROM throttle WHERE bucket >= $1 AND bucket < $2
        AND bucket NOT IN (SELECT bucket FROM throttle
          WHERE bucket >= $1 AND bucket < $2 AND drained_us >= $3
          ORDER BY drained_us DESC, bucket LIMIT $4)";
    /// Forgets the places of an account, between two words.
    THROTTLE_PLACES_CLEAR = "DELETE FROM throttle WHERE bucket >= $1 AND bucket < $2";
    /// Takes one try back.
    THROTTLE_FORGIVE = "UPDATE throttle SET failures = failures - 1
        WHERE bucket = $1 AND failures > 0";
    /// Takes one try back at an account's place, which stood in the account's tally too, or not.
    THROTTLE_FORGIVE_HERE = "UPDATE throttle SET failures = failures - 1, shared = shared - $2
        WHERE bucket = $1 AND failures > 0 AND shared >= $2";
    /// Keeps a challenge's hash.
    CHALLENGE_INSERT = "INSERT INTO passkey_challenge
        (challenge_hash, account_id, drawn_by, until_us) VALUES ($1, $2, $3, $4)";
    /// Uses a challenge up, if it is good and was drawn for this account, or for nobody.
    CHALLENGE_USE = "DELETE FROM passkey_challenge WHERE challenge_hash = $1
        AND account_id IS NOT DISTINCT FROM $2 AND until_us > $3";
    /// Removes the challenges that have ended.
    CHALLENGES_SWEEP = "DELETE FROM passkey_challenge WHERE until_us <= $1";
    /// Removes all but the newest challenges of one drawer.
    CHALLENGES_TRIM = "DELETE FROM passkey_challenge WHERE drawn_by = $1 AND until_us <=
        (SELECT until_us FROM passkey_challenge WHERE drawn_by = $1
            ORDER BY until_us DESC LIMIT 1 OFFSET $2)";
    /// Removes all but the newest challenges that are nobody's yet.
    CHALLENGES_TRIM_ALL = "DELETE FROM passkey_challenge WHERE account_id IS NULL AND until_us <=
        (SELECT until_us FROM passkey_challenge WHERE account_id IS NULL
            ORDER BY until_us DESC LIMIT 1 OFFSET $1)";
    /// Adds a passkey; nothing where it is somebody's already.
    PASSKEY_INSERT = "INSERT INTO passkey
        (credential_id, account_id, public_key, sign_count, name, added_us)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (credential_id) DO NOTHING";
    /// Whose a passkey is, with its key and counter.
    PASSKEY = "SELECT account_id, public_key, sign_count FROM passkey WHERE credential_id = $1";
    /// Notes that a passkey was used, if its counter is still what it was.
    PASSKEY_USED = "UPDATE passkey SET sign_count = $2, used_us = $4
        WHERE credential_id = $1 AND sign_count = $3";
    /// The passkeys of an account.
    PASSKEYS = "SELECT credential_id, name, added_us, used_us FROM passkey
        WHERE account_id = $1 ORDER BY added_us, credential_id LIMIT $2";
    /// Removes a passkey of an account.
    PASSKEY_DELETE = "DELETE FROM passkey WHERE credential_id = $1 AND account_id = $2";
}
