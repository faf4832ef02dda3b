//! Prints to standard output: the one place of this tool that does.
//!
//! A closed pipe is not an error worth ending a test run for, so failures to print are let go.

use std::io::Write;

/// One line, flushed at once so that progress is seen while a step still runs.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
