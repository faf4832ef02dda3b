//! What went wrong, for the person at the keyboard: what happened, what is safe, what to do.
//!
//! # Invariants
//!
//! - The words hold no personal data: a path, an address, a code, a count.
//! - Each has a stable code, documented in `docs/errors.md`.

use std::fmt;

/// Why a command stopped.
#[derive(Debug)]
pub(crate) struct Trouble {
    code: &'static str,
    happened: String,
    safe: &'static str,
    next: String,
    cause: Option<anyhow::Error>,
}

impl Trouble {
    /// A trouble with its three sentences.
    pub(crate) fn new(
        code: &'static str,
        happened: impl Into<String>,
        safe: &'static str,
        next: impl Into<String>,
    ) -> Self {
        Self { code, happened: happened.into(), safe, next: next.into(), cause: None }
    }

    /// The same, with what the machine said.
    pub(crate) fn because(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The stable code.
    #[cfg(test)]
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.happened, self.code)?;
        writeln!(f, "{}", self.safe)?;
        write!(f, "{}", self.next)?;
        if let Some(cause) = &self.cause {
            // The whole chain, once, on one line.
            write!(f, "\nThe machine said: {cause:#}")?;
        }
        Ok(())
    }
}

/// Nothing was begun.
pub(crate) const NOTHING_DONE: &str = "Nothing was changed.";
/// What is on disk is whole.
pub(crate) const DATA_SAFE: &str = "What was acknowledged before is safe on disk.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_three_things_and_the_cause_once() {
        let cause = anyhow::anyhow!("inner").context("outer");
        let trouble =
            Trouble::new("ken.sample", "A happened.", NOTHING_DONE, "Do B.").because(cause);
        let shown = trouble.to_string();
        let lines: Vec<&str> = shown.lines().collect();
        let want = ["A happened. (ken.sample)", "Nothing was changed.", "Do B."];
        assert_eq!(lines.get(..3), Some(&want[..]));
        assert_eq!(lines.last(), Some(&"The machine said: outer: inner"));
        assert_eq!(trouble.code(), "ken.sample");
    }
}
