//! A URL that opens an object to whoever has it.

use std::fmt;

/// A presigned URL, or the local path that stands for one in tests.
///
/// Its signature is a secret for as long as it lives, so `Debug` and `Display` leave the query
/// out; only [`SignedUrl::reveal`] has it, for the argument list of ffmpeg.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl(String);

impl SignedUrl {
    /// Wraps a URL.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole URL. Never log it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once('?') {
            Some((path, _)) => write!(f, "{path}?<redacted>"),
            None => f.write_str(&self.0),
        }
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_never_printed() {
        let url = SignedUrl::new("http://h/b/k?X-Amz-Signature=secret");
        assert_eq!(url.to_string(), "http://h/b/k?<redacted>");
        assert_eq!(format!("{url:?}"), "SignedUrl(http://h/b/k?<redacted>)");
        assert!(url.reveal().ends_with("secret"));
    }
}
