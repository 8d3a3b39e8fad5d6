//! Attribute lists (4.2).

use std::fmt;

/// A tag with attributes, `#TAG:NAME=value,NAME="value"`, in the order in which the attributes are added.
pub(super) struct Tag {
    name: &'static str,
    attributes: Vec<String>,
}

impl Tag {
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            attributes: Vec::new(),
        }
    }

    /// A number, a resolution, or an enumerated string: written as it is.
    pub(super) fn plain(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.attributes.push(format!("{name}={value}"));
        self
    }

    /// A quoted string. It cannot hold a double quote or a line break and knows no escape, so a
    /// quote becomes an apostrophe and every control character a space.
    pub(super) fn quoted(self, name: &str, value: &str) -> Self {
        self.plain(name, format_args!("\"{}\"", quotable(value)))
    }

    /// The line, without a line break.
    pub(super) fn line(&self) -> String {
        format!("#{}:{}", self.name, self.attributes.join(","))
    }
}

/// What of a text can stand in a quoted string.
pub(super) fn quotable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' => '\'',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_string_cannot_end_early_or_break_the_line() {
        let tag = Tag::new("EXT-X-MEDIA")
            .quoted("NAME", "a \"b\"\r\nURI=c")
            .plain("N", 1);
        assert_eq!(tag.line(), "#EXT-X-MEDIA:NAME=\"a 'b'  URI=c\",N=1");
    }
}
