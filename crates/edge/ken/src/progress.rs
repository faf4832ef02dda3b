//! How far the build is, on standard error where somebody watches.

use std::sync::Mutex;
use std::sync::PoisonError;

use indicatif::{ProgressBar, ProgressStyle};
use ken_demo::Progress;

use crate::say;

/// Shows how far each part is: a bar where somebody watches, lines where they are asked for, and
/// otherwise nothing.
#[derive(Debug)]
pub(crate) struct Shown {
    how: How,
    now: Mutex<Option<Part>>,
}

impl Default for Shown {
    /// A bar for whoever watches.
    fn default() -> Self {
        Self::new(false)
    }
}

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Bar,
    Lines,
    Nothing,
}

/// The part that runs.
#[derive(Debug)]
struct Part {
    bar: ProgressBar,
    lines: Lines,
}

impl Shown {
    /// Shows a bar to whoever watches, or lines if they are `asked` for.
    pub(crate) fn new(asked: bool) -> Self {
        let how = match (asked, say::is_watched()) {
            (true, _) => How::Lines,
            (false, true) => How::Bar,
            (false, false) => How::Nothing,
        };
        Self { how, now: Mutex::default() }
    }

    /// Takes note of progress.
    pub(crate) fn note(&self, progress: Progress) {
        if self.how == How::Nothing {
            return;
        }
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Progress::Began { what, total } => {
                let bar = match self.how {
                    How::Bar => begun(what, total),
                    _ => ProgressBar::hidden(),
                };
                if let Some(before) = now.replace(Part { bar, lines: Lines::new(what, total) }) {
                    before.bar.finish();
                }
            }
            Progress::Did(count) => {
                if let Some(part) = &mut *now {
                    part.bar.inc(count);
                    let line = part.lines.did(count);
                    line.filter(|_| self.how == How::Lines).iter().for_each(|line| say::err(line));
                }
            }
        }
    }

    /// Ends the last part.
    pub(crate) fn finish(&self) {
        if let Some(part) = self.now.lock().unwrap_or_else(PoisonError::into_inner).take() {
            part.bar.finish();
        }
    }
}

/// A bar that is told totals.
#[derive(Debug)]
pub(crate) struct Bar {
    what: &'static str,
    shown: Shown,
    done: Mutex<Option<u64>>,
}

impl Bar {
    /// A bar for one part.
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, shown: Shown::default(), done: Mutex::default() }
    }

    /// Says how far it is.
    pub(crate) fn note(&self, done: u64, of: u64) {
        let mut before = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let was = before.replace(done);
        if was.is_none() {
            self.shown.note(Progress::Began { what: self.what, total: of });
        }
        self.shown.note(Progress::Did(done.saturating_sub(was.unwrap_or(0))));
    }

    /// Ends it.
    pub(crate) fn finish(&self) {
        self.shown.finish();
    }
}

/// A part told in lines, one for each tenth of it.
#[derive(Debug)]
struct Lines {
    what: &'static str,
    total: u64,
    did: u64,
}

impl Lines {
    const fn new(what: &'static str, total: u64) -> Self {
        Self { what, total, did: 0 }
    }

    /// The line to print, if another tenth is done.
    fn did(&mut self, count: u64) -> Option<String> {
        let tenth = |did: u64| did.saturating_mul(10).checked_div(self.total).unwrap_or(10);
        let (before, after) = (tenth(self.did), tenth(self.did.saturating_add(count)));
        self.did = self.did.saturating_add(count);
        (after > before).then(|| format!("{}: {} of {}", self.what, self.did, self.total))
    }
}

fn begun(what: &'static str, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:32} {bar:30} {pos}/{len}");
    ProgressBar::new(total)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenth_has_one_line_and_the_end_is_said() {
        let check = |total: u64, step: u64, wants: usize| {
            let mut lines = Lines::new("Messages", total);
            let steps = total.div_ceil(step);
            let said: Vec<_> = (0..steps).filter_map(|_| lines.did(step)).collect();
            assert_eq!(said.len(), wants, "{said:?}");
            assert!(said.last().unwrap().starts_with("Messages: "), "{said:?}");
        };
        check(900, 1, 10);
        check(3, 1, 3);
        check(10, 5, 2);
        assert_eq!(Lines::new("Nothing", 0).did(0), None);
    }
}
