//! How far the build is, on standard error where somebody watches.

use std::sync::Mutex;
use std::sync::PoisonError;

use indicatif::{ProgressBar, ProgressStyle};
use ken_demo::Progress;

use crate::say;

/// Shows a bar for the part that runs; nothing where nobody watches.
#[derive(Debug, Default)]
pub(crate) struct Shown(Mutex<Option<ProgressBar>>);

impl Shown {
    /// Takes note of progress.
    pub(crate) fn note(&self, progress: Progress) {
        if !say::is_watched() {
            return;
        }
        let mut bar = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Progress::Began { what, total } => {
                if let Some(before) = bar.replace(begun(what, total)) {
                    before.finish();
                }
            }
            Progress::Did(count) => {
                if let Some(bar) = &*bar {
                    bar.inc(count);
                }
            }
        }
    }

    /// Ends the last bar.
    pub(crate) fn finish(&self) {
        if let Some(bar) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish();
        }
    }
}

fn begun(what: &'static str, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:32} {bar:30} {pos}/{len}");
    ProgressBar::new(total)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(what)
}
