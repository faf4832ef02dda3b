//! Every statement of this crate, and its tables. All but drafts, and since when a message waits,
//! only grow; of what is to be put right the answer is added, once.

pub(crate) mod correction;
pub(crate) mod discussion;
pub(crate) mod draft;
pub(crate) mod message;
pub(crate) mod request;
pub(crate) mod told;
pub(crate) mod words;

use ken_store::{Migration, statements};

/// The tables of this crate, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        owner: "ken-care",
        number: 1,
        title: "coordinating roles and the team's access",
        sql: FIRST,
    },
    Migration { owner: "ken-care", number: 2, title: "drafts of forms", sql: draft::DRAFTS },
    Migration {
        owner: "ken-care",
        number: 3,
        title: "requests for assistance",
        sql: request::REQUESTS,
    },
    Migration { owner: "ken-care", number: 4, title: "the person's words", sql: words::WORDS },
    Migration {
        owner: "ken-care",
        number: 5,
        title: "a turn of a role may be the person's own",
        sql: ANSWERED,
    },
    Migration { owner: "ken-care", number: 6, title: "what was said", sql: told::TOLD },
    Migration { owner: "ken-care", number: 7, title: "discussions", sql: discussion::DISCUSSIONS },
    Migration {
        owner: "ken-care",
        number: 8,
        title: "what is to be put right",
        sql: correction::CORRECTIONS,
    },
    Migration { owner: "ken-care", number: 9, title: "messages", sql: message::MESSAGES },
];

/// Turns of coordinating roles, and what became of access to the team; beside their person. Why
/// is sealed.
const FIRST: &str = "
CREATE TABLE care_role (
  person_id TEXT NOT NULL, kind TEXT NOT NULL, turn BIGINT NOT NULL, state TEXT NOT NULL,
  practitioner_id TEXT, organisation TEXT, role TEXT,
  phone TEXT, address TEXT, hours TEXT, cover TEXT,
  by_practitioner TEXT NOT NULL, by_organisation TEXT NOT NULL,
  key_id TEXT NOT NULL, why {bytes} NOT NULL, at_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, kind, turn)
);
CREATE TABLE care_team (
  person_id TEXT NOT NULL, relationship_id TEXT NOT NULL, what TEXT NOT NULL,
  kind TEXT NOT NULL, practitioner_id TEXT NOT NULL, organisation TEXT NOT NULL,
  role TEXT NOT NULL, by_practitioner TEXT NOT NULL, by_organisation TEXT NOT NULL,
  key_id TEXT NOT NULL, why {bytes} NOT NULL, at_us BIGINT NOT NULL, until_us BIGINT NOT NULL,
  is_shown BIGINT NOT NULL CHECK (is_shown IN (0, 1)),
  PRIMARY KEY (person_id, relationship_id, what)
);
";

/// The person answers an offer themselves. Whether they were told of a turn was not kept before:
/// what is not known to be told is not.
const ANSWERED: &str = "
ALTER TABLE care_role RENAME TO care_role_before;
CREATE TABLE care_role (
  person_id TEXT NOT NULL, kind TEXT NOT NULL, turn BIGINT NOT NULL, state TEXT NOT NULL,
  practitioner_id TEXT, organisation TEXT, role TEXT,
  phone TEXT, address TEXT, hours TEXT, cover TEXT,
  by_practitioner TEXT, by_organisation TEXT, by_account TEXT,
  key_id TEXT NOT NULL, why {bytes} NOT NULL, at_us BIGINT NOT NULL,
  is_shown BIGINT NOT NULL CHECK (is_shown IN (0, 1)),
  PRIMARY KEY (person_id, kind, turn),
  CHECK ((by_account IS NULL) = (by_practitioner IS NOT NULL AND by_organisation IS NOT NULL))
);
INSERT INTO care_role
  (person_id, kind, turn, state, practitioner_id, organisation, role, phone, address, hours, cover,
   by_practitioner, by_organisation, key_id, why, at_us, is_shown)
  SELECT person_id, kind, turn, state, practitioner_id, organisation, role, phone, address, hours,
   cover, by_practitioner, by_organisation, key_id, why, at_us, 0 FROM care_role_before;
DROP TABLE care_role_before;
";

statements! {
    /// Adds a turn of a role; nothing changes one.
    ROLE_INSERT = "INSERT INTO care_role
        (person_id, kind, turn, state, practitioner_id, organisation, role, phone, address, hours,
         cover, by_practitioner, by_organisation, key_id, why, at_us, by_account, is_shown)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    /// The turns of a person's roles, the oldest first.
    ROLE_LIST = "SELECT kind, turn, state, practitioner_id, organisation, role, phone, address,
         hours, cover, by_practitioner, by_organisation, at_us, key_id, why, person_id, by_account,
         is_shown
        FROM care_role
        WHERE person_id = $1 ORDER BY kind, turn LIMIT $2";
    /// Says what became of somebody's access to the team; nothing changes it.
    TEAM_INSERT = "INSERT INTO care_team
        (person_id, relationship_id, what, kind, practitioner_id, organisation, role,
         by_practitioner, by_organisation, key_id, why, at_us, until_us, is_shown)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    /// Who was let into a person's team until a day that is still to come, and what became of it,
    /// the oldest first.
    TEAM_LIST = "SELECT relationship_id, what, kind, practitioner_id, organisation, role,
         by_practitioner, by_organisation, at_us, until_us, is_shown, key_id, why FROM care_team
        WHERE person_id = $1 AND until_us > $2
        ORDER BY at_us, relationship_id, what LIMIT $3";
}
