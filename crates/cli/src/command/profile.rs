//! `profile check`, and how profiles are read.

use std::io::Read as _;
use std::path::Path;

use domain::profile::Profile;

use crate::error::CliError;
use crate::ui::Ui;

/// Says whether a profile is valid; prints it with every default filled in.
///
/// # Errors
/// [`CliError::Profile`], [`CliError::File`].
pub(crate) fn check(file: &Path, ui: Ui) -> Result<(), CliError> {
    let profile = read(file)?;
    ui.result(&profile, || {
        serde_json::to_string_pretty(&profile).unwrap_or_default()
    });
    ui.note(format_args!(
        "{}: the profile {} is valid",
        file.display(),
        profile.name
    ));
    Ok(())
}

/// The profile in a file, or in standard input for `-`.
///
/// # Errors
/// As [`check`].
pub(crate) fn read(file: &Path) -> Result<Profile, CliError> {
    if file.as_os_str() == "-" {
        const NAME: &str = "standard input";
        let mut text = Vec::new();
        let read = std::io::stdin().read_to_end(&mut text);
        read.map_err(CliError::file(NAME))?;
        return parse(NAME, &text);
    }
    let text = std::fs::read(file).map_err(CliError::file(file))?;
    parse(&file.display().to_string(), &text)
}

fn parse(file: &str, text: &[u8]) -> Result<Profile, CliError> {
    serde_json::from_slice(text).map_err(|error| {
        let words = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        CliError::Profile {
            file: file.to_owned(),
            line: error.line(),
            column: error.column(),
            reason: words.trim_end_matches(&place).to_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_may_leave_everything_out() {
        assert_eq!(parse("p.json", b"{}").unwrap(), Profile::default());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let words = |text: &str| parse("p.json", text.as_bytes()).unwrap_err().to_string();
        let unknown = words("{\n  \"video\": {\"crf\": 20, \"speed\": \"slow\"}\n}");
        assert!(
            unknown.starts_with("p.json:2:30: unknown field `speed`"),
            "{unknown}"
        );
        let negative = words("{\"video\": {\"crf\": -1}}");
        assert!(
            negative.starts_with("p.json:1:20: invalid value"),
            "{negative}"
        );
        assert!(words("{").starts_with("p.json:1:1: EOF"));
    }
}
