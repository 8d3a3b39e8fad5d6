//! What people and programs see. The only place that writes to the standard streams.

use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;

use crate::error::{CliError, ErrorDocument};
use crate::words::printable;

/// How a command talks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ui {
    json: bool,
    quiet: bool,
}

/// An error on standard output, where programs look.
#[derive(Serialize)]
struct Failed<'a> {
    /// The file or asset, where there were several.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'a str>,
    error: ErrorDocument,
}

impl Ui {
    pub(crate) const fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether bars may be drawn.
    pub(crate) fn draws(self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// Whether somebody sits there who can answer a question.
    pub(crate) fn can_ask(self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Holds that somebody can answer, or said yes beforehand.
    ///
    /// # Errors
    /// [`CliError::Usage`].
    pub(crate) fn expect_answers(self, yes: bool) -> Result<(), CliError> {
        if yes || self.can_ask() {
            return Ok(());
        }
        Err(CliError::Usage {
            what: "nobody is there to be asked".to_owned(),
            advice: "say --yes to remove without a question",
        })
    }

    /// A result on standard output: a line of JSON, or words.
    pub(crate) fn result(self, value: &impl Serialize, words: impl FnOnce() -> String) {
        let text = if self.json {
            serde_json::to_string(value).unwrap_or_default()
        } else {
            words()
        };
        Self::raw(&format!("{text}\n"));
    }

    /// Text on standard output as it is.
    pub(crate) fn raw(text: &str) {
        let mut output = std::io::stdout().lock();
        // Whoever read it has enough, as `head` has.
        let _ = output
            .write_all(text.as_bytes())
            .and_then(|()| output.flush());
    }

    /// Whether results are for programs.
    pub(crate) const fn tells_json(self) -> bool {
        self.json
    }

    /// One of many results, on standard output as soon as it is there. Nothing for people who want
    /// quiet: the exit code says enough.
    pub(crate) fn item(self, value: &impl Serialize, words: impl FnOnce() -> String) {
        if self.json || !self.quiet {
            self.result(value, words);
        }
    }

    /// Something worth knowing on the way, on standard error.
    pub(crate) fn note(self, text: impl std::fmt::Display) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Asks for a yes.
    pub(crate) fn confirms(question: &str) -> bool {
        let _ = write!(std::io::stderr(), "{question} [y/N] ");
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        read.is_ok() && ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
    }

    /// Why one of many was not done.
    pub(crate) fn refused(self, name: &str, error: &CliError) {
        let words = error.to_string();
        let named = if words.starts_with(name) {
            words
        } else {
            format!("{name}: {words}")
        };
        let _ = writeln!(std::io::stderr(), "error: {}", printable(&named));
        if self.json {
            let failed = Failed {
                of: Some(name),
                error: error.document(),
            };
            self.result(&failed, String::new);
        }
    }

    /// Why it was not done: words on standard error, and for programs a document on standard
    /// output.
    pub(crate) fn error(self, error: &CliError) {
        let mut words = format!("error: {}", printable(&error.to_string()));
        if let Some(advice) = error.advice() {
            words = format!("{words}\n  {advice}");
        }
        let _ = writeln!(std::io::stderr(), "{words}");
        if self.json {
            let failed = Failed {
                of: None,
                error: error.document(),
            };
            self.result(&failed, String::new);
        }
    }
}
