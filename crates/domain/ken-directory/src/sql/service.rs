//! Statements and tables of the service directory.

use ken_store::statements;

pub(super) const SERVICES: &str = "
CREATE TABLE service_import (
  import_id TEXT PRIMARY KEY, licence TEXT NOT NULL, attribution TEXT NOT NULL,
  imported_us BIGINT NOT NULL
);
CREATE TABLE service_entry (
  service_id TEXT PRIMARY KEY, provider_id TEXT NOT NULL, import_id TEXT NOT NULL,
  name TEXT NOT NULL, body TEXT NOT NULL, updated_us BIGINT NOT NULL, checked_us BIGINT NOT NULL,
  brought_us BIGINT NOT NULL, corrected_us BIGINT, assured_by TEXT, assured_us BIGINT,
  withdrawn_us BIGINT,
  CHECK ((assured_by IS NULL) = (assured_us IS NULL))
);
CREATE INDEX service_entry_by_name ON service_entry (name, service_id);
CREATE INDEX service_entry_by_import ON service_entry (import_id);
CREATE TABLE service_provider (
  provider_id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL, claimed_us BIGINT NOT NULL
);
CREATE TABLE service_proposal (
  proposal_id TEXT PRIMARY KEY, service_id TEXT NOT NULL UNIQUE, organisation_id TEXT NOT NULL,
  proposed_by TEXT NOT NULL, says TEXT NOT NULL, proposed_us BIGINT NOT NULL
);
";

statements! {
    /// Notes an import: under which licence, and whom to name.
    IMPORT_INSERT = "INSERT INTO service_import (import_id, licence, attribution, imported_us)
        VALUES ($1, $2, $3, $4)";
    /// Keeps an entry as its source tells it, which nobody has assured.
    ENTRY_PUT = "INSERT INTO service_entry
        (service_id, provider_id, import_id, name, body, updated_us, checked_us, brought_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (service_id) DO UPDATE SET provider_id = excluded.provider_id,
          import_id = excluded.import_id, name = excluded.name, body = excluded.body,
          updated_us = excluded.updated_us, checked_us = excluded.checked_us,
          brought_us = excluded.brought_us,
          corrected_us = NULL, assured_by = NULL, assured_us = NULL";
    /// Notes that a source told an entry again as it was; a check is never taken back.
    ENTRY_AGAIN = "UPDATE service_entry SET import_id = $2, brought_us = $5,
          updated_us = CASE WHEN updated_us < $3 THEN $3 ELSE updated_us END,
          checked_us = CASE WHEN checked_us < $4 THEN $4 ELSE checked_us END
        WHERE service_id = $1";
    /// Every entry, with whose it is here and under which licence.
    ENTRIES = "SELECT e.body, e.updated_us, e.checked_us, e.corrected_us, e.assured_by,
          e.assured_us, p.organisation_id, i.licence, i.attribution
        FROM service_entry e JOIN service_import i ON i.import_id = e.import_id
        LEFT JOIN service_provider p ON p.provider_id = e.provider_id
        WHERE e.withdrawn_us IS NULL ORDER BY e.name, e.service_id LIMIT $1";
    /// One entry, likewise.
    ENTRY = "SELECT e.body, e.updated_us, e.checked_us, e.corrected_us, e.assured_by,
          e.assured_us, p.organisation_id, i.licence, i.attribution
        FROM service_entry e JOIN service_import i ON i.import_id = e.import_id
        LEFT JOIN service_provider p ON p.provider_id = e.provider_id
        WHERE e.service_id = $1 AND e.withdrawn_us IS NULL";
    /// What was withdrawn here: no import brings it back.
    WITHDRAWN = "SELECT service_id FROM service_entry WHERE withdrawn_us IS NOT NULL
        ORDER BY service_id LIMIT $1";
    /// Withdraws an entry.
    ENTRY_WITHDRAW = "UPDATE service_entry SET withdrawn_us = $2
        WHERE service_id = $1 AND withdrawn_us IS NULL";
    /// Notes that a source told an entry again that stays as it is here.
    ENTRY_TOLD = "UPDATE service_entry SET brought_us = $2 WHERE service_id = $1";
    /// Ends what an organisation assured of a provider's entries.
    ASSURANCES_END = "UPDATE service_entry SET assured_by = NULL, assured_us = NULL
        WHERE provider_id = $1 AND assured_by = $2";
    /// Says that an entry is still so.
    ENTRY_CHECK = "UPDATE service_entry SET checked_us = $2 WHERE service_id = $1";
    /// Says who assures an entry as it stands, which is a check.
    ENTRY_ASSURE = "UPDATE service_entry SET assured_by = $2, assured_us = $3, checked_us = $3
        WHERE service_id = $1";
    /// Corrects an entry, which nobody has assured as it then stands.
    ENTRY_CORRECT = "UPDATE service_entry SET name = $2, body = $3, corrected_us = $4,
          checked_us = $4, assured_by = NULL, assured_us = NULL WHERE service_id = $1";
    /// Says whose the entries of a provider are.
    PROVIDER_PUT = "INSERT INTO service_provider (provider_id, organisation_id, claimed_us)
        VALUES ($1, $2, $3) ON CONFLICT (provider_id) DO UPDATE
        SET organisation_id = excluded.organisation_id, claimed_us = excluded.claimed_us";
    /// Keeps a correction that waits, in place of the one that waited before.
    PROPOSAL_PUT = "INSERT INTO service_proposal
        (proposal_id, service_id, organisation_id, proposed_by, says, proposed_us)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (service_id) DO UPDATE SET proposal_id = excluded.proposal_id,
          organisation_id = excluded.organisation_id, proposed_by = excluded.proposed_by,
          says = excluded.says, proposed_us = excluded.proposed_us";
    /// Every correction that waits, the oldest first.
    PROPOSALS = "SELECT proposal_id, service_id, organisation_id, proposed_by, says, proposed_us
        FROM service_proposal ORDER BY proposed_us, proposal_id LIMIT $1";
    /// One correction that waits.
    PROPOSAL = "SELECT proposal_id, service_id, organisation_id, proposed_by, says, proposed_us
        FROM service_proposal WHERE proposal_id = $1";
    /// Takes a correction away that was decided.
    PROPOSAL_DELETE = "DELETE FROM service_proposal WHERE proposal_id = $1";
    /// Takes away a correction of an entry that its source has changed meanwhile.
    PROPOSAL_END = "DELETE FROM service_proposal WHERE service_id = $1";
    /// Forgets entries that nobody has told or checked since an instant.
    ENTRIES_SWEEP = "DELETE FROM service_entry WHERE checked_us <= $1 AND brought_us <= $1";
    /// Forgets corrections that nobody has decided since an instant.
    PROPOSALS_SWEEP = "DELETE FROM service_proposal WHERE proposed_us <= $1";
    /// Forgets imports of which no entry is left.
    IMPORTS_SWEEP = "DELETE FROM service_import WHERE NOT EXISTS
        (SELECT 1 FROM service_entry e WHERE e.import_id = service_import.import_id)";
}
