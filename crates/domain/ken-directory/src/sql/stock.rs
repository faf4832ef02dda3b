//! Statements and tables of equipment and service plans.

use ken_store::statements;

pub(super) const STOCK: &str = "
CREATE TABLE stock_equipment (
  equipment_id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL, category TEXT NOT NULL,
  name TEXT NOT NULL, available BIGINT NOT NULL CHECK (available >= 0), place TEXT NOT NULL,
  area TEXT NOT NULL, contact TEXT NOT NULL, checked_us BIGINT NOT NULL,
  UNIQUE (organisation_id, name, place)
);
CREATE TABLE stock_plan (
  plan_id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL, title TEXT NOT NULL,
  from_year BIGINT NOT NULL, until_year BIGINT NOT NULL, document TEXT NOT NULL,
  contact TEXT NOT NULL, checked_us BIGINT NOT NULL, UNIQUE (organisation_id, title),
  CHECK (until_year >= from_year)
);
";

statements! {
    /// Keeps equipment, or brings what is called so at that place up to date.
    EQUIPMENT_PUT = "INSERT INTO stock_equipment
        (equipment_id, organisation_id, category, name, available, place, area, contact, checked_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (organisation_id, name, place) DO UPDATE SET category = excluded.category,
          available = excluded.available, area = excluded.area, contact = excluded.contact,
          checked_us = excluded.checked_us";
    /// Equipment of an organisation, or of all.
    EQUIPMENT = "SELECT equipment_id, organisation_id, category, name, available, place, area,
          contact, checked_us FROM stock_equipment
        WHERE organisation_id = COALESCE($1, organisation_id)
        ORDER BY organisation_id, name, place LIMIT $2";
    /// Says that equipment is still so.
    EQUIPMENT_CHECK = "UPDATE stock_equipment SET checked_us = $3
        WHERE equipment_id = $1 AND organisation_id = $2";
    /// Takes equipment out.
    EQUIPMENT_DELETE = "DELETE FROM stock_equipment
        WHERE equipment_id = $1 AND organisation_id = $2";
    /// Keeps a service plan, or brings the one of that title up to date.
    PLAN_PUT = "INSERT INTO stock_plan
        (plan_id, organisation_id, title, from_year, until_year, document, contact, checked_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (organisation_id, title) DO UPDATE SET from_year = excluded.from_year,
          until_year = excluded.until_year, document = excluded.document,
          contact = excluded.contact, checked_us = excluded.checked_us";
    /// Service plans of an organisation, or of all.
    PLANS = "SELECT plan_id, organisation_id, title, from_year, until_year, document, contact,
          checked_us FROM stock_plan
        WHERE organisation_id = COALESCE($1, organisation_id)
        ORDER BY organisation_id, title LIMIT $2";
    /// Says that a plan is still so.
    PLAN_CHECK = "UPDATE stock_plan SET checked_us = $3
        WHERE plan_id = $1 AND organisation_id = $2";
    /// Takes a plan out.
    PLAN_DELETE = "DELETE FROM stock_plan WHERE plan_id = $1 AND organisation_id = $2";
    /// Forgets equipment that nobody has checked since an instant.
    EQUIPMENT_SWEEP = "DELETE FROM stock_equipment WHERE checked_us <= $1";
    /// Forgets plans that nobody has checked since an instant.
    PLANS_SWEEP = "DELETE FROM stock_plan WHERE checked_us <= $1";
}
