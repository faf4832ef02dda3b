//! Every statement of this crate, and its tables. None of them names a person.

use ken_store::{Migration, statements};

/// The tables of this crate, oldest first.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "ken-office",
    number: 1,
    title: "signatories",
    sql: "
CREATE TABLE office_signatory (
  party TEXT NOT NULL, name TEXT NOT NULL, practitioner_id TEXT NOT NULL, office TEXT NOT NULL,
  until_us BIGINT, key_id TEXT, sealed {bytes}, added_by TEXT NOT NULL, added_us BIGINT NOT NULL,
  ended_us BIGINT, PRIMARY KEY (party, name)
);
",
}];

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
}
