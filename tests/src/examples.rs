//! Examples in a page of documentation: shell commands, and what they print.
//!
//! A fenced `sh` block is run; the block right behind it, of another language, is what it prints. A
//! block without one prints nothing. `…` stands for what differs each time. What a reader does by
//! hand is in a comment, `<!-- run: … -->`, and is run in its place.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

const FENCE: &str = "```";
const BY_HAND: (&str, &str) = ("<!-- run: ", " -->");

/// One block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// The page's line with its first command, from 1.
    pub line: usize,
    /// What is run.
    pub commands: String,
    /// What it prints.
    pub prints: String,
}

/// The examples of a page, in order.
#[must_use]
pub fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut lines = page.lines().zip(1..);
    // Whether the last line was the end of commands.
    let mut follows = false;
    while let Some((line, number)) = lines.next() {
        let (begin, end) = BY_HAND;
        if let Some(commands) = line.strip_prefix(begin) {
            let commands = commands.trim_end_matches(end).to_owned();
            examples.push(example(number, commands));
            continue;
        }
        let Some(language) = line.strip_prefix(FENCE) else {
            follows = false;
            continue;
        };
        let block = lines.by_ref().map(|(line, _)| line);
        let block: Vec<&str> = block.take_while(|line| *line != FENCE).collect();
        let block = block.join("\n");
        match examples.last_mut() {
            _ if language == "sh" => examples.push(example(number + 1, block)),
            Some(example) if follows => example.prints = block,
            _ => {}
        }
        follows = language == "sh";
    }
    examples
}

fn example(line: usize, commands: String) -> Example {
    let prints = String::new();
    Example {
        line,
        commands,
        prints,
    }
}

/// Runs the examples one after the other in one shell.
///
/// # Errors
/// The first one that fails, or prints something else.
pub fn run(examples: &[Example], shell: &mut Command, folder: &Path) -> Result<()> {
    ensure!(!examples.is_empty(), "there is no example");
    let script: Vec<String> = examples
        .iter()
        .map(|example| format!("exec > printed-{}\n{}\n", example.line, example.commands))
        .collect();
    let script = format!("set -euo pipefail\n{}", script.concat());
    let output = shell.args(["-c", &script]).current_dir(folder).output()?;
    for (place, example) in examples.iter().enumerate() {
        let printed = |example: &Example| folder.join(format!("printed-{}", example.line));
        let line = example.line;
        let said = std::fs::read_to_string(printed(example)).context("it was not run")?;
        let next = examples.get(place + 1);
        let went_on = next.map_or(output.status.success(), |next| printed(next).exists());
        if !went_on {
            let errors = String::from_utf8_lossy(&output.stderr);
            bail!("line {line} ends with {}: {said}{errors}", output.status);
        }
        ensure!(
            fits(said.trim_end(), &example.prints),
            "line {line} prints\n{said}\ninstead of\n{}",
            example.prints
        );
    }
    Ok(())
}

/// Whether the text is as shown, where each `…` is any text.
#[must_use]
pub fn fits(text: &str, shown: &str) -> bool {
    let mut pieces = shown.split('…');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        let Some((_, behind)) = rest.split_once(piece) else {
            return false;
        };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const PAGE: &str = "\
Words
```sh
NAME=x1
```
and `sh`
<!-- run: NUMBER=7 -->
```sh
echo \"$NAME $NUMBER\"
```
```text
x… 7
```
```json
{}
```
";

    fn tried(page: &str) -> Result<()> {
        let folder = TempDir::new()?;
        run(&examples(page), &mut Command::new("bash"), folder.path())
    }

    #[test]
    fn commands_are_followed_by_what_they_print() {
        let found = examples(PAGE);
        let lines: Vec<usize> = found.iter().map(|example| example.line).collect();
        assert_eq!(lines, [3, 6, 8]);
        assert_eq!(found[0].prints, "");
        assert_eq!(found[1].commands, "NUMBER=7");
        assert_eq!(found[2].prints, "x… 7");
    }

    #[test]
    fn an_example_that_fails_or_prints_something_else_is_named() {
        tried(PAGE).unwrap();
        for (from, to, words) in [
            ("x… 7", "x… 8", "line 8 prints"),
            ("```text\nx… 7\n```\n", "", "line 8 prints"),
            ("NAME=x1", "false", "line 3 ends"),
            ("echo \"", "echo \"$NONE", "line 8 ends"),
        ] {
            let wrong = PAGE.replace(from, to);
            assert_ne!(wrong, PAGE);
            let error = tried(&wrong).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn dots_stand_for_any_text() {
        for (text, shown) in [
            ("", ""),
            ("abc", "abc"),
            ("abc", "a…"),
            ("a1b2c", "a…b…c"),
            ("", "…"),
        ] {
            assert!(fits(text, shown), "{text} {shown}");
        }
        for (text, shown) in [
            ("abc", "ab"),
            ("abc", "b…"),
            ("abc", "a…b"),
            ("acb", "a…b…c"),
            ("x", ""),
        ] {
            assert!(!fits(text, shown), "{text} {shown}");
        }
    }
}
