//! Runs one command, passes its output on line by line, and counts the tests in it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result};

use super::tally::{Count, Kind, Outcome};
use crate::say;

/// Runs to the end; the error is for a command that could not be started at all.
pub(super) fn stream(kind: Kind, command: &mut Command) -> Result<Outcome> {
    // No colours, so that what is counted is what is printed, here and in a log file.
    command.env("CARGO_TERM_COLOR", "never").env("NO_COLOR", "1");
    // A changed snapshot is a failure, never a new truth.
    command.env("INSTA_UPDATE", "no").env("INSTA_FORCE_PASS", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("could not start {}", command.get_program().display()))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let count = thread::scope(|scope| {
        let errors = scope.spawn(|| pass_on(kind, err));
        let mut count = pass_on(kind, out);
        if let Ok(more) = errors.join() {
            count.passed += more.passed;
            count.failed += more.failed;
            count.skipped += more.skipped;
        }
        count
    });
    let status = child.wait().context("the step was lost")?;
    let counted = (kind != Kind::Check).then_some(count);
    Ok(if status.success() { Ok(counted) } else { Err(counted) })
}

fn pass_on(kind: Kind, from: Option<impl Read>) -> Count {
    let mut count = Count::default();
    let Some(from) = from else { return count };
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        count.read(kind, &line);
        say::line(&line);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_is_counted_from_both_pipes_and_the_exit_code_decides() {
        let both = "echo 'test result: ok. 2 passed; 0 failed; 0 ignored'; \
                    echo 'test result: ok. 1 passed; 0 failed; 0 ignored' >&2";
        let counted = Count { passed: 3, failed: 0, skipped: 0 };
        let ran = stream(Kind::Libtest, &mut shell(both)).expect("a shell");
        assert_eq!(ran, Ok(Some(counted)));
        let failed = stream(Kind::Libtest, &mut shell(&format!("{both}; exit 3")));
        assert_eq!(failed.expect("a shell"), Err(Some(counted)));
        assert_eq!(stream(Kind::Check, &mut shell(both)).expect("a shell"), Ok(None));
    }

    #[test]
    fn a_command_that_is_not_there_is_said() {
        let error = stream(Kind::Check, &mut Command::new("no-such-command-here"));
        assert!(error.expect_err("no command").to_string().contains("no-such-command-here"));
    }
}
