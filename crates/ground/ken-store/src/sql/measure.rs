//! The table and statements that measurements use, in a database of their own.

use crate::Migration;

/// The table.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "measure",
    number: 1,
    title: "rows to measure with",
    sql: "CREATE TABLE store_measure (id BIGINT PRIMARY KEY, times BIGINT NOT NULL);",
}];

crate::statements! {
    /// Writes a row, or writes it again.
    MEASURE_PUT = "
        INSERT INTO store_measure (id, times) VALUES ($1, 1)
        ON CONFLICT (id) DO UPDATE SET times = store_measure.times + 1";
    /// Reads a row.
    MEASURE_FIND = "
        SELECT times FROM store_measure WHERE id = $1";
}
