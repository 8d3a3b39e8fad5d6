//! Argument lists as a person reads them: quoted for a shell, without secrets.
//!
//! A signed URL is a key to the object, so its query never reaches a log or an error message.

use std::ffi::OsStr;

/// What stands in the place of a URL's query.
const REDACTED: &str = "?…";

/// `text` with the query and fragment of every http(s) URL in it replaced by `?…`.
///
/// A URL ends at white space or at a quote, as ffmpeg's messages print it.
#[must_use]
pub fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = find_url(rest) {
        let (before, url) = rest.split_at(start);
        let end = url
            .find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"'))
            .unwrap_or(url.len());
        let (url, after) = url.split_at(end);
        out.push_str(before);
        match url.find(['?', '#']) {
            Some(query) => {
                out.push_str(url.split_at(query).0);
                out.push_str(REDACTED);
            }
            None => out.push_str(url),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn find_url(text: &str) -> Option<usize> {
    let plain = text.find("http://");
    let secure = text.find("https://");
    match (plain, secure) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The command line, quoted so that it can be pasted into a POSIX shell, URLs without query.
pub fn shell<'a>(args: impl IntoIterator<Item = &'a OsStr>) -> String {
    let quoted: Vec<String> = args
        .into_iter()
        .map(|arg| quote(&redact(&arg.to_string_lossy())))
        .collect();
    quoted.join(" ")
}

fn quote(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,%@".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        return arg.to_owned();
    }
    format!("'{}'", arg.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_never_shows() {
        let url = "https://b.s3.amazonaws.com/k.mp4?X-Amz-Signature=secret";
        for text in [
            url.to_owned(),
            format!("{url}: Server returned 404 Not Found"),
            format!("Opening '{url}' for reading; then http://h/x?secret"),
            format!("two {url} {url}"),
        ] {
            let shown = redact(&text);
            assert!(!shown.contains("secret"), "{shown}");
            assert!(shown.contains("k.mp4"), "{shown}");
        }
    }

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let args = ["-i", "a b.mp4", "it's", "", "http://h/k?s=1"].map(OsStr::new);
        assert_eq!(shell(args), r"-i 'a b.mp4' 'it'\''s' '' 'http://h/k?…'");
    }
}
