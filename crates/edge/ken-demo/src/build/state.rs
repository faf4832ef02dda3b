//! What the data directory remembers: which partnership it holds, and whether it is whole.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use jiff::civil::Date;
use serde_json::{Value, json};

use super::Error;

/// The file, in the data directory.
const FILE: &str = "demo.json";

/// What the data directory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// The seed of the partnership.
    pub(super) seed: u64,
    /// The day it starts.
    pub(super) start: Date,
    /// Whether every step of the build was done.
    pub(super) whole: bool,
}

impl State {
    /// What is remembered; `None` in a new directory.
    pub(super) fn find(dir: &Path) -> Result<Option<Self>, Error> {
        match fs::read_to_string(dir.join(FILE)) {
            Ok(text) => Self::parse(&text).map(Some).ok_or(Error::Foreign),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::Data(error)),
        }
    }

    /// Remembers, durably and at once.
    pub(super) fn keep(&self, dir: &Path) -> Result<(), Error> {
        let (file, fresh) = (dir.join(FILE), dir.join("demo.json.new"));
        let text = json!({
            "seed": self.seed,
            "start": self.start.to_string(),
            "whole": self.whole,
        });
        let write = || {
            let mut new = File::create(&fresh)?;
            writeln!(new, "{text}")?;
            new.sync_all()?;
            fs::rename(&fresh, &file)?;
            File::open(dir)?.sync_all()
        };
        write().map_err(Error::Data)
    }

    fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        Some(Self {
            seed: value.get("seed")?.as_u64()?,
            start: value.get("start")?.as_str()?.parse().ok()?,
            whole: value.get("whole")?.as_bool()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_is_kept_is_found() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(State::find(dir.path()).unwrap(), None);
        for whole in [false, true] {
            let state = State { seed: u64::MAX, start: date(2026, 11, 21), whole };
            state.keep(dir.path()).unwrap();
            assert_eq!(State::find(dir.path()).unwrap(), Some(state));
        }
    }

    #[test]
    fn anything_else_is_foreign() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["", "{}", "{\"seed\":1,\"start\":\"soon\",\"whole\":true}"] {
            fs::write(dir.path().join(FILE), text).unwrap();
            assert!(matches!(State::find(dir.path()), Err(Error::Foreign)), "{text}");
        }
    }
}
