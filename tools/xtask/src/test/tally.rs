//! Counts what the steps said and prints it at the end.
//!
//! Every test counts as one; a step that runs no tests of its own (formatting, lints) counts as
//! one check. The last line is `N passed, N failed`, alone.

/// Which words a step's own output counts its tests in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Counts nothing: the exit code says all.
    Check,
    /// `cargo nextest`: one `Summary` line.
    Nextest,
    /// The plain runner: one `test result:` line for each binary.
    Libtest,
    /// A program of ours: `N passed, N failed` alone on a line.
    Plain,
}

/// Tests counted in a step's output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Count {
    /// Adds what one line of output says.
    pub(super) fn read(&mut self, kind: Kind, line: &str) {
        let line = line.trim_end();
        match kind {
            Kind::Check => {}
            Kind::Nextest => {
                if let Some(rest) = line.trim_start().strip_prefix("Summary [") {
                    self.add(rest, " tests run:", ',');
                }
            }
            Kind::Libtest => {
                if let Some(rest) = line.strip_prefix("test result:") {
                    self.add(rest, ".", ';');
                }
            }
            Kind::Plain => {
                if line.contains(" passed, ") && line.starts_with(|c: char| c.is_ascii_digit()) {
                    self.pieces(line, ',');
                }
            }
        }
    }

    /// Adds `N word` pieces that follow a mark.
    fn add(&mut self, line: &str, mark: &str, between: char) {
        if let Some((_, pieces)) = line.split_once(mark) {
            self.pieces(pieces, between);
        }
    }

    fn pieces(&mut self, pieces: &str, between: char) {
        for piece in pieces.split(between) {
            let mut words = piece.split_whitespace();
            let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else {
                continue;
            };
            match words.next() {
                Some("passed") => self.passed += number,
                Some("skipped" | "ignored") => self.skipped += number,
                Some("failed" | "timed" | "exec") => self.failed += number,
                _ => {}
            }
        }
    }

    fn ran(self) -> u64 {
        self.passed + self.failed
    }
}

/// How a step went: counts where it counts, and whether it succeeded.
pub(super) type Outcome = Result<Option<Count>, Option<Count>>;

#[derive(Debug)]
struct Step {
    name: String,
    seconds: f64,
    count: Count,
    said: String,
}

/// All steps so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    steps: Vec<Step>,
}

impl Tally {
    /// Keeps a step. One that counts tests and ran none has failed.
    pub(super) fn step(&mut self, name: &str, seconds: f64, outcome: Outcome) {
        let (count, said) = match outcome {
            Ok(Some(count)) if count.ran() == 0 && name == "tests" => {
                (Count { failed: 1, ..count }, "FAILED: no test ran")
            }
            Ok(Some(count)) => (count, "ok"),
            Ok(None) => (Count { passed: 1, ..Count::default() }, "ok"),
            Err(count) => {
                let count = count.unwrap_or_default();
                // A step can fail before or after its tests: then something other than one did.
                (Count { failed: count.failed.max(1), ..count }, "FAILED")
            }
        };
        self.steps.push(Step { name: name.to_owned(), seconds, count, said: said.to_owned() });
    }

    /// Keeps what had to be made ready; it is no check and counts as none.
    pub(super) fn ready(&mut self, name: &str, seconds: f64) {
        let (count, said) = (Count::default(), "ready".to_owned());
        self.steps.push(Step { name: name.to_owned(), seconds, count, said });
    }

    pub(super) fn skipped(&mut self, name: &str, why: &str) {
        let count = Count { skipped: 1, ..Count::default() };
        let said = format!("skipped: {why}");
        self.steps.push(Step { name: name.to_owned(), seconds: 0.0, count, said });
    }

    pub(super) fn is_green(&self) -> bool {
        self.total().failed == 0
    }

    fn total(&self) -> Count {
        let mut total = Count::default();
        for step in &self.steps {
            total.passed += step.count.passed;
            total.failed += step.count.failed;
            total.skipped += step.count.skipped;
        }
        total
    }

    /// The table and the closing line.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines =
            vec![String::new(), format!("{:<18} {:>9} {:>7}  outcome", "step", "seconds", "tests")];
        for step in &self.steps {
            let (name, seconds, ran) = (&step.name, step.seconds, step.count.ran());
            lines.push(format!("{name:<18} {seconds:>9.1} {ran:>7}  {}", step.said));
        }
        let seconds: f64 = self.steps.iter().map(|step| step.seconds).sum();
        let total = self.total();
        lines.push(format!("{:<18} {seconds:>9.1} {:>7}", "all", total.ran()));
        lines.push(String::new());
        let skipped = match total.skipped {
            0 => String::new(),
            skipped => format!(", {skipped} skipped"),
        };
        lines.push(format!("{} passed, {} failed{skipped}", total.passed, total.failed));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(kind: Kind, lines: &[&str]) -> (u64, u64, u64) {
        let mut count = Count::default();
        for line in lines {
            count.read(kind, line);
        }
        (count.passed, count.failed, count.skipped)
    }

    #[test]
    fn each_runner_is_counted_in_its_own_words() {
        let check = |kind, line, counted| assert_eq!(count(kind, &[line]), counted, "{line}");
        let summary = "     Summary [   0.125s] 53 tests run: 53 passed, 0 skipped";
        check(Kind::Nextest, summary, (53, 0, 0));
        let mixed = "     Summary [  9.1s] 27/53 tests run: 24 passed (1 slow), 1 failed, \
                     1 timed out, 1 exec failed, 2 skipped";
        check(Kind::Nextest, mixed, (24, 3, 2));
        let failing = "    test result: FAILED. 0 passed; 1 failed; 0 ignored";
        check(Kind::Nextest, failing, (0, 0, 0));
        let plain = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out";
        check(Kind::Libtest, plain, (5, 0, 1));
        check(Kind::Libtest, "test it ... ok", (0, 0, 0));
        check(Kind::Plain, "12 passed, 2 failed", (12, 2, 0));
        check(Kind::Plain, "FAILED a page: 3 passed, 1 failed", (0, 0, 0));
        check(Kind::Check, summary, (0, 0, 0));
    }

    #[test]
    fn the_last_line_is_plain() {
        let mut tally = Tally::default();
        let ran = Count { passed: 7, failed: 0, skipped: 0 };
        tally.step("format", 0.5, Ok(None));
        tally.step("tests", 2.0, Ok(Some(ran)));
        assert!(tally.is_green());
        assert_eq!(tally.lines().last().map(String::as_str), Some("8 passed, 0 failed"));
        tally.skipped("deny", "cargo-deny is not installed");
        assert!(tally.is_green());
        assert_eq!(tally.lines().last().map(String::as_str), Some("8 passed, 0 failed, 1 skipped"));
    }

    #[test]
    fn a_run_without_tests_has_failed() {
        let mut tally = Tally::default();
        tally.step("tests", 1.0, Ok(Some(Count::default())));
        assert!(!tally.is_green());
    }

    #[test]
    fn a_step_that_fails_without_a_count_is_one_failure() {
        let mut tally = Tally::default();
        tally.step("clippy", 1.0, Err(None));
        tally.step("tests", 1.0, Err(Some(Count { passed: 3, failed: 0, skipped: 0 })));
        assert_eq!(tally.lines().last().map(String::as_str), Some("3 passed, 2 failed"));
    }
}
