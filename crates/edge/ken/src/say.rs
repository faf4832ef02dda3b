//! The one place that writes to standard output and standard error.

use std::io::{self, IsTerminal, Write};

/// Prints to standard output and flushes, so that a script that waits for a line gets it.
///
/// A reader that went away is no trouble of ours: the demo goes on.
pub(crate) fn out(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// Prints to standard error.
pub(crate) fn err(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether somebody watches standard error.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}
