//! Progress on the terminal. Where standard error is none, nothing is drawn.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ui::Ui;
use crate::words::printable;

/// Bytes: name, bar, how many of how many, how fast, how long yet.
const BYTES: &str =
    "{prefix:<28!} {bar:24} {bytes:>10}/{total_bytes:<10} {bytes_per_sec:>12} {eta:>4} left";
/// Files: the same, counted.
const FILES: &str = "{prefix:<28!} {bar:24} {pos:>6}/{len:<6} files {eta:>4} left";
/// Hundredths of a job, and what it is doing.
const HUNDREDTHS: &str = "{prefix:<28!} {bar:24} {pos:>3} % {msg}";

/// All bars of a command.
#[derive(Clone, Debug)]
pub(crate) struct Bars {
    all: MultiProgress,
}

impl Bars {
    pub(crate) fn new(ui: Ui) -> Self {
        let target = if ui.draws() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            all: MultiProgress::with_draw_target(target),
        }
    }

    /// For so many bytes.
    pub(crate) fn bytes(&self, name: &str, length: u64) -> ProgressBar {
        self.bar(name, length, BYTES)
    }

    /// For files, of which more may become known.
    pub(crate) fn files(&self, name: &str) -> ProgressBar {
        self.bar(name, 1, FILES)
    }

    /// For a job.
    pub(crate) fn hundredths(&self, name: &str) -> ProgressBar {
        self.bar(name, 100, HUNDREDTHS)
    }

    /// Does what writes on the terminal while no bar is there.
    pub(crate) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.all.suspend(write)
    }

    fn bar(&self, name: &str, length: u64, template: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(template);
        let bar = self.all.add(ProgressBar::new(length));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(printable(name));
        bar
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_one() {
        for template in [BYTES, FILES, HUNDREDTHS] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
