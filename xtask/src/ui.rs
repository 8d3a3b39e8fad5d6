//! What people see. The only place in xtask that prints.
//!
//! Results go to standard output, everything about the way there to standard error, so that a
//! result can be piped.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to people; this module is where it does"
)]

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// A result, on standard output.
pub(crate) fn line(text: impl std::fmt::Display) {
    println!("{text}");
}

/// Something worth knowing on the way, on standard error.
pub(crate) fn note(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// Why the command failed, with all causes.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// One thing that takes a while: a line that says so, and in the end how long it took.
#[derive(Debug)]
pub(crate) struct Step {
    text: String,
    began: Instant,
    /// Whether the line is open, to be overwritten: on a terminal, and while it goes on.
    open: bool,
}

impl Step {
    /// Says what is going on. On a terminal the line stays open until [`Step::done`].
    pub(crate) fn start(text: impl Into<String>) -> Self {
        let step = Self {
            text: text.into(),
            began: Instant::now(),
            open: std::io::stderr().is_terminal(),
        };
        step.show();
        step
    }

    /// Says what part of it is going on.
    pub(crate) fn update(&mut self, text: impl Into<String>) {
        self.text = text.into();
        self.show();
    }

    /// It worked.
    pub(crate) fn done(mut self, text: impl std::fmt::Display) {
        self.clear();
        eprintln!("{text} ({})", seconds(self.began.elapsed()));
        self.open = false;
    }

    fn clear(&self) {
        if self.open {
            eprint!("\r\x1b[K");
        }
    }

    fn show(&self) {
        if self.open {
            eprint!("\r\x1b[K{} …", self.text);
            // An unwritable terminal is no reason to fail.
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{} …", self.text);
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        // It failed: the error message begins on a line of its own.
        self.clear();
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
