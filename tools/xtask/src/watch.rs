//! Elapsed time and the environment, read in this one place of the tool.

use std::ffi::OsString;
use std::time::{Duration, Instant};

/// A stopwatch that runs from when it is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch(Instant);

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a tool measures real time")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    pub(crate) fn seconds(self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}

/// A setting of the environment, if it is there and text.
#[expect(
    clippy::disallowed_methods,
    reason = "this tool is one of the two homes of the environment"
)]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The folders in which commands are looked for.
pub(crate) fn command_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
