//! Language tags (RFC 5646).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest tag: what RFC 5646 4.4.1 asks everybody to have room for.
const LONGEST: usize = 35;

/// A well-formed language tag, each subtag in the case that RFC 5646 2.1.1 recommends: `de`,
/// `zh-Hant`, `pt-BR`. Whether its subtags are registered is not looked at.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

/// A text that is no language tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no language tag such as en, pt-BR or zh-Hant")]
pub struct NotALanguage(String);

impl Language {
    /// The tag of a text, upper and lower case alike.
    ///
    /// # Errors
    /// [`NotALanguage`] for what is not well-formed, for tags without a language (`x-…`, `i-…`), and
    /// for more than 35 characters.
    pub fn parse(text: &str) -> Result<Self, NotALanguage> {
        if text.len() > LONGEST || !is_well_formed(text) {
            return Err(NotALanguage(text.to_owned()));
        }
        Ok(Self(in_case(text)))
    }

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `langtag` of RFC 5646 2.1.
fn is_well_formed(text: &str) -> bool {
    let mut subtags = text.split('-').peekable();
    let language = subtags.next().unwrap_or_default();
    if !(2..=8).contains(&language.len()) || !is_alphabetic(language) {
        return false;
    }
    if language.len() <= 3 {
        for _ in 0..3 {
            subtags.next_if(|extended| extended.len() == 3 && is_alphabetic(extended));
        }
    }
    subtags.next_if(|script| script.len() == 4 && is_alphabetic(script));
    subtags.next_if(|region| is_region(region));
    while subtags.next_if(|variant| is_variant(variant)).is_some() {}
    while let Some(singleton) = subtags.next() {
        if singleton.len() != 1 || !is_alphanumeric(singleton) {
            return false;
        }
        // What follows `x` is private and may be short; an extension may not.
        let is_private = singleton.eq_ignore_ascii_case("x");
        let least = if is_private { 1 } else { 2 };
        let fits = |part: &&str| (least..=8).contains(&part.len()) && is_alphanumeric(part);
        if subtags.next_if(fits).is_none() {
            return false;
        }
        while subtags.next_if(fits).is_some() {}
        if is_private {
            return subtags.next().is_none();
        }
    }
    true
}

fn is_alphabetic(subtag: &str) -> bool {
    subtag.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_alphanumeric(subtag: &str) -> bool {
    subtag.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_region(subtag: &str) -> bool {
    subtag.len() == 2 && is_alphabetic(subtag)
        || subtag.len() == 3 && subtag.bytes().all(|b| b.is_ascii_digit())
}

fn is_variant(subtag: &str) -> bool {
    let begins_with_digit = subtag.starts_with(|c: char| c.is_ascii_digit());
    is_alphanumeric(subtag)
        && ((5..=8).contains(&subtag.len()) || subtag.len() == 4 && begins_with_digit)
}

/// Lower case; a script begins in upper case and a region is all of it, unless they stand behind a
/// singleton, where they are neither.
fn in_case(text: &str) -> String {
    let mut behind_singleton = false;
    let subtags = text.split('-').enumerate().map(|(index, subtag)| {
        let lower = subtag.to_ascii_lowercase();
        if index == 0 || behind_singleton {
            return lower;
        }
        behind_singleton = subtag.len() == 1;
        match subtag.len() {
            2 => lower.to_ascii_uppercase(),
            4 => capitalised(&lower),
            _ => lower,
        }
    });
    subtags.collect::<Vec<_>>().join("-")
}

fn capitalised(lower: &str) -> String {
    let mut chars = lower.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Language {
    type Error = NotALanguage;

    fn try_from(text: String) -> Result<Self, NotALanguage> {
        Self::parse(&text)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_one_spelling() {
        for (given, written) in [
            ("DE", "de"),
            ("pt-br", "pt-BR"),
            ("ZH-hANT-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("sl-rozaj-BISKE", "sl-rozaj-biske"),
            ("de-ch-1996", "de-CH-1996"),
            ("zh-yue-HK", "zh-yue-HK"),
            ("en-a-BBB-x-A-ab", "en-a-bbb-x-a-ab"),
        ] {
            assert_eq!(Language::parse(given).unwrap().as_str(), written);
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for wrong in [
            "",
            "d",
            "x-klingon",
            "i-klingon",
            "de_DE",
            "de-",
            "de--DE",
            "de-a",
            "de-x",
            "1a",
            "deé",
            "german-language-as-text",
            "de-DE-AT",
            "en-a-b",
            "abcdefghi",
            "de-CH-1996-a-abcdefgh-abcdefgh-abcdef",
        ] {
            assert!(Language::parse(wrong).is_err(), "{wrong}");
        }
    }
}
