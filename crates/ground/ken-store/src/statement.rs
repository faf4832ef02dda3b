//! The texts of statements: portable, constant, and checked by their first word.

use crate::{Error, Result};

/// A statement: one text, or, rarely (ADR), one for each engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sql {
    /// The text for SQLite.
    pub sqlite: &'static str,
    /// The text for PostgreSQL.
    pub postgres: &'static str,
}

impl Sql {
    /// One text for both engines.
    #[must_use]
    pub const fn both(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }

    /// The same, with another text for PostgreSQL.
    #[must_use]
    pub const fn or_postgres(self, text: &'static str) -> Self {
        Self { sqlite: self.sqlite, postgres: text }
    }
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::both(text)
    }
}

/// Declares the statements of a crate, and `ALL` of them for the test that prepares each.
///
/// `NAME = "one text";`, or, for a listed variant, `NAME = "sqlite", postgres = "postgres";`
#[macro_export]
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr $(, postgres = $other:expr)?;)*) => {
        $(
            $(#[$doc])*
            pub(crate) const $name: $crate::Sql = $crate::Sql::both($text)$(.or_postgres($other))?;
        )*
        /// Every statement of this crate, by name.
        pub const ALL: &[(&str, $crate::Sql)] = &[$((stringify!($name), $name)),*];
    };
}

/// The first words that a closure may run. Others would end, nest or reconfigure what the store
/// has opened.
const CHANGING: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "WITH"];
const READING: [&str; 3] = ["SELECT", "WITH", "VALUES"];

/// Checks that `text` may run in a closure: a reading one, or, in a write, a changing one.
pub(crate) fn check(text: &str, may_change: bool) -> Result<()> {
    let first = text.trim_start().split(|byte: char| !byte.is_ascii_alphabetic()).next();
    let first = first.unwrap_or_default();
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(first));
    (is(&READING) || may_change && is(&CHANGING)).then_some(()).ok_or(Error::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_data_statements_run() {
        let say = |text, may_change, want: bool| {
            assert_eq!(check(text, may_change).is_ok(), want, "{text}");
        };
        say("SELECT 1", false, true);
        say("  select 1", true, true);
        say("INSERT INTO a VALUES (1)", true, true);
        say("INSERT INTO a VALUES (1)", false, false);
        say("WITH a AS (SELECT 1) DELETE FROM b", true, true);
        for text in ["COMMIT", "ROLLBACK TO turn", "begin", "PRAGMA a", "", "SAVEPOINT x", ";"] {
            say(text, true, false);
        }
    }
}
