//! Statements and tables of duty rosters.

use ken_store::statements;

pub(super) const ROSTERS: &str = "
CREATE TABLE roster_desk (
  desk_id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL,
  phone TEXT NOT NULL, address TEXT, changed_us BIGINT NOT NULL, UNIQUE (organisation_id, name)
);
CREATE TABLE roster_shift (
  shift_id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL, desk_id TEXT NOT NULL,
  practitioner_id TEXT, phone TEXT, from_us BIGINT NOT NULL, until_us BIGINT NOT NULL,
  CHECK (until_us > from_us)
);
CREATE INDEX roster_shift_by_desk ON roster_shift (desk_id);
CREATE INDEX roster_shift_by_end ON roster_shift (until_us);
";

statements! {
    /// Keeps a desk, or brings the one of that name up to date.
    DESK_PUT = "INSERT INTO roster_desk
        (desk_id, organisation_id, name, role, phone, address, changed_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (organisation_id, name) DO UPDATE SET role = excluded.role,
          phone = excluded.phone, address = excluded.address, changed_us = excluded.changed_us
        RETURNING desk_id";
    /// Holds an organisation's desks until the write ends.
    DESKS_HOLD = "UPDATE roster_desk SET changed_us = changed_us WHERE organisation_id = $1";
    /// An organisation's desks, or everybody's.
    DESKS = "SELECT desk_id, organisation_id, name, role, phone, address FROM roster_desk
        WHERE organisation_id = COALESCE($1, organisation_id)
        ORDER BY organisation_id, name LIMIT $2";
    /// Takes out a desk of an organisation.
    DESK_DELETE = "DELETE FROM roster_desk WHERE desk_id = $1 AND organisation_id = $2";
    /// Takes out the shifts of a desk.
    SHIFTS_DELETE_OF = "DELETE FROM roster_shift WHERE desk_id = $1";
    /// Keeps a shift.
    SHIFT_INSERT = "INSERT INTO roster_shift
        (shift_id, organisation_id, desk_id, practitioner_id, phone, from_us, until_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// Takes out a shift of an organisation.
    SHIFT_DELETE = "DELETE FROM roster_shift WHERE shift_id = $1 AND organisation_id = $2";
    /// Every shift of an organisation that has not ended, whoever holds it.
    SHIFTS_HELD = "SELECT s.shift_id, s.desk_id, s.practitioner_id, s.phone, s.from_us, s.until_us,
          NULL
        FROM roster_shift s
        WHERE s.organisation_id = $1 AND s.until_us > $2 ORDER BY s.from_us, s.shift_id LIMIT $3";
    /// An organisation's shifts, or everybody's, between two instants. One of a practitioner who
    /// holds no role of the organisation at a third is nobody's.
    SHIFTS = "SELECT s.shift_id, s.desk_id, s.practitioner_id, s.phone, s.from_us, s.until_us,
          p.name
        FROM roster_shift s LEFT JOIN practitioner p ON p.practitioner_id = s.practitioner_id
        WHERE s.organisation_id = COALESCE($1, s.organisation_id)
          AND s.until_us > $2 AND s.from_us < $3
          AND (s.practitioner_id IS NULL OR EXISTS (SELECT 1 FROM practitioner_role r
            WHERE r.practitioner_id = s.practitioner_id AND r.organisation_id = s.organisation_id
              AND r.from_us <= $4 AND (r.until_us IS NULL OR r.until_us > $4)))
        ORDER BY s.from_us, s.shift_id LIMIT $5";
    /// Forgets some shifts that ended before an instant.
    SHIFTS_SWEEP = "DELETE FROM roster_shift WHERE shift_id IN
        (SELECT shift_id FROM roster_shift WHERE until_us <= $1 LIMIT $2)";
}
