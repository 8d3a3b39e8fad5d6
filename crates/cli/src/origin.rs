//! Where a stack is: scheme, host and port.

use std::fmt;

use hyper::Uri;
use serde::{Deserialize, Serialize};

use crate::error::CliError;

/// The origin under which a stack has everything. Encrypted, unless it is this machine: tokens are
/// sent there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Origin(String);

impl Origin {
    /// An origin as people write it: with or without a slash at its end.
    ///
    /// # Errors
    /// [`CliError::Usage`].
    pub(crate) fn parse(text: &str) -> Result<Self, CliError> {
        let uri: Option<Uri> = text.parse().ok();
        let parts = uri.as_ref().and_then(|uri| {
            let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
            let authority = uri.authority().filter(|name| !name.as_str().contains('@'));
            bare.then_some((uri.scheme_str()?, authority?))
        });
        let allowed = |scheme: &str, host: &str| match scheme {
            "https" => true,
            "http" => is_this_machine(host),
            _ => false,
        };
        match parts {
            Some((scheme, authority)) if allowed(scheme, authority.host()) => {
                Ok(Self(format!("{scheme}://{authority}")))
            }
            _ => Err(CliError::Usage {
                what: format!("{text} is not the address of a stack"),
                advice: "write it as https://HOST, without a path; http is for this machine only",
            }),
        }
    }

    /// The address of a path under it.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_this_machine(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].contains(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for (text, origin) in [
            ("https://d1.cloudfront.net/", "https://d1.cloudfront.net"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().as_str(), origin);
        }
    }

    #[test]
    fn a_token_is_sent_to_nobody_in_the_clear() {
        for text in [
            "http://example.com",
            "ftp://127.0.0.1",
            "example.com",
            "https://u:p@example.com",
            "https://example.com/path",
            "https://example.com/?q",
            "",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }
}
