//! OpenID Connect, as far as a command line needs it: discovery, codes, refresh tokens.
//!
//! Authorization code with PKCE (RFC 7636, S256) for a public client (RFC 8252). The identity token
//! is not used, so nothing of it is checked: the API checks the access token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::{Request, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{ask, get};
use crate::error::CliError;
use crate::http::{self, Http};
use crate::session::{Tokens, now_ms};

/// The client of an issuer that `millrace` is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Client {
    id: String,
    authorization: String,
    token: String,
    revocation: Option<String>,
}

/// The issuer's description (OpenID Connect Discovery 1.0, 3).
#[derive(Deserialize)]
struct Discovery {
    #[serde(rename = "authorization_endpoint")]
    authorization: String,
    #[serde(rename = "token_endpoint")]
    token: String,
    #[serde(rename = "revocation_endpoint")]
    revocation: Option<String>,
}

/// A successful answer of the token endpoint (RFC 6749 5.1).
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<u64>,
}

/// An error of the token endpoint (RFC 6749 5.2).
#[derive(Deserialize)]
struct TokenError {
    error: String,
    error_description: Option<String>,
}

/// What nobody else may know while a browser is on its way.
pub(crate) struct Secrets {
    /// Comes back with the code.
    pub(crate) state: String,
    verifier: String,
}

impl Secrets {
    /// New ones.
    ///
    /// # Errors
    /// [`CliError::Cloud`] when the system has no randomness.
    pub(crate) fn new() -> Result<Self, CliError> {
        let text = || -> Result<String, CliError> {
            let bits = [cloud::random::bits()?, cloud::random::bits()?].concat();
            Ok(URL_SAFE_NO_PAD.encode(bits))
        };
        Ok(Self {
            state: text()?,
            verifier: text()?,
        })
    }

    /// The challenge for the verifier (RFC 7636 4.2).
    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }
}

impl Client {
    /// Asks the issuer how it is used.
    ///
    /// # Errors
    /// [`CliError::Http`], [`CliError::Answer`], [`CliError::Unclear`].
    pub(crate) async fn discover(http: &Http, discovery: &str, id: &str) -> Result<Self, CliError> {
        let found: Discovery = get(http, discovery).await?;
        Ok(Self {
            id: id.to_owned(),
            authorization: found.authorization,
            token: found.token,
            revocation: found.revocation,
        })
    }

    /// Where a browser has to go.
    pub(crate) fn address(&self, scopes: &[String], redirect: &str, secrets: &Secrets) -> String {
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", redirect),
            ("scope", &scopes.join(" ")),
            ("state", &secrets.state),
            ("code_challenge", &secrets.challenge()),
            ("code_challenge_method", "S256"),
        ]);
        let separator = if self.authorization.contains('?') {
            '&'
        } else {
            '?'
        };
        format!("{}{separator}{query}", self.authorization)
    }

    /// Tokens for the code that a browser brought.
    ///
    /// # Errors
    /// [`CliError::SignIn`] when the issuer refuses it.
    pub(crate) async fn exchange(
        &self,
        http: &Http,
        code: &str,
        redirect: &str,
        secrets: &Secrets,
    ) -> Result<Tokens, CliError> {
        let form = form(&[
            ("grant_type", "authorization_code"),
            ("client_id", &self.id),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", &secrets.verifier),
        ]);
        self.tokens(http, form, None).await
    }

    /// New tokens for a refresh token.
    ///
    /// # Errors
    /// [`CliError::SignIn`] when it has ended.
    pub(crate) async fn refresh(&self, http: &Http, refresh: &str) -> Result<Tokens, CliError> {
        let form = form(&[
            ("grant_type", "refresh_token"),
            ("client_id", &self.id),
            ("refresh_token", refresh),
        ]);
        self.tokens(http, form, Some(refresh)).await
    }

    /// Tells the issuer that a refresh token is not used any more (RFC 7009).
    ///
    /// # Errors
    /// [`CliError::Http`]. What the issuer answers makes no difference.
    pub(crate) async fn revoke(&self, http: &Http, refresh: &str) -> Result<(), CliError> {
        if let Some(revocation) = &self.revocation {
            let form = form(&[("token", refresh), ("client_id", &self.id)]);
            post(http, revocation, form).await?;
        }
        Ok(())
    }

    /// `refresh` stays where the issuer gives no new one.
    async fn tokens(
        &self,
        http: &Http,
        form: String,
        refresh: Option<&str>,
    ) -> Result<Tokens, CliError> {
        let (status, body) = post(http, &self.token, form).await?;
        if status.is_server_error() {
            return Err(CliError::Answer {
                what: "the issuer of tokens".to_owned(),
                status: status.as_u16(),
            });
        }
        if !status.is_success() {
            let said = serde_json::from_slice(&body).map(
                |TokenError {
                     error,
                     error_description,
                 }| { error_description.unwrap_or(error) },
            );
            let reason = said.unwrap_or_else(|_| format!("the issuer answered {status}"));
            return Err(CliError::SignIn { reason });
        }
        let answer: TokenAnswer =
            serde_json::from_slice(&body).map_err(|source| CliError::Unclear {
                what: "the issuer of tokens".to_owned(),
                source,
            })?;
        Ok(Tokens {
            access_token: answer.access_token,
            refresh_token: answer.refresh_token.or(refresh.map(str::to_owned)),
            expires_ms: now_ms() + 1000 * answer.expires_in.unwrap_or(300),
            issuer: Some(self.clone()),
        })
    }
}

async fn post(
    http: &Http,
    address: &str,
    form: String,
) -> Result<(hyper::StatusCode, bytes::Bytes), CliError> {
    let request = Request::post(http::uri(address)?)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(http::whole(form));
    ask(http, request).await
}

/// Pairs as a form or a query has them.
fn form(pairs: &[(&str, &str)]) -> String {
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        Client {
            id: "c1".into(),
            authorization: "https://id.example/authorize".into(),
            token: "https://id.example/token".into(),
            revocation: None,
        }
    }

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let secrets = Secrets {
            state: String::new(),
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
        };
        assert_eq!(
            secrets.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn the_browser_is_sent_with_everything_but_the_verifier() {
        let secrets = Secrets::new().unwrap();
        let scopes = ["openid".to_owned(), "email".to_owned()];
        let address = client().address(&scopes, "http://localhost:1/callback", &secrets);
        for part in [
            "https://id.example/authorize?response_type=code&client_id=c1&",
            "redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fcallback&",
            "scope=openid%20email&",
            "code_challenge_method=S256",
        ] {
            assert!(address.contains(part), "{address}");
        }
        assert!(!address.contains(&secrets.verifier));
        let other = Secrets::new().unwrap();
        assert_ne!(
            (secrets.state, secrets.verifier),
            (other.state, other.verifier)
        );
    }
}
