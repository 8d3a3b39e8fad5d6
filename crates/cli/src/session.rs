//! Who is signed in: gives tokens, and renews them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::error::CliError;
use crate::http::Http;
use crate::origin::Origin;
use crate::sign_in::{oidc, password};
use crate::state::State;
use crate::target::Target;

/// A token that ends this soon is renewed first, in milliseconds.
const MARGIN_MS: u64 = 60_000;
/// The kind of thing that tokens are in the state folder.
const KIND: &str = "tokens";

/// Tokens of one stack, as they are remembered.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Tokens {
    /// Sent with every request.
    pub(crate) access_token: String,
    /// Gives a new one when it has ended.
    pub(crate) refresh_token: Option<String>,
    /// When the access token ends, in milliseconds since the Unix epoch.
    pub(crate) expires_ms: u64,
    /// Where a new one comes from; none for a local stack, which asks for the password again.
    pub(crate) issuer: Option<oidc::Client>,
}

/// The session with one stack.
pub(crate) struct Session {
    http: Http,
    state: State,
    target: Target,
    /// A token that the environment names; nothing renews it.
    fixed: Option<String>,
    current: Mutex<Option<Tokens>>,
}

impl Session {
    /// Goes on with the tokens that are remembered, unless the environment names one.
    pub(crate) fn new(http: Http, state: State, target: Target, fixed: Option<String>) -> Self {
        let remembered = state.read(KIND, target.origin.as_str());
        Self {
            http,
            state,
            target,
            fixed,
            current: Mutex::new(remembered),
        }
    }

    pub(crate) const fn origin(&self) -> &Origin {
        &self.target.origin
    }

    /// A token that holds for a while yet. Callers that come meanwhile wait for the same one.
    ///
    /// # Errors
    /// [`CliError::SignedOut`] when there is none to be had.
    pub(crate) async fn token(&self) -> Result<String, CliError> {
        if let Some(fixed) = &self.fixed {
            return Ok(fixed.clone());
        }
        let mut current = self.current.lock().await;
        if let Some(tokens) = current.as_ref()
            && tokens.expires_ms > now_ms() + MARGIN_MS
        {
            return Ok(tokens.access_token.clone());
        }
        let renewed = self.renewed(current.take()).await?;
        let token = renewed.access_token.clone();
        self.state.write(KIND, self.origin().as_str(), &renewed)?;
        *current = Some(renewed);
        Ok(token)
    }

    /// Says that the stack refused a token. Whether it is worth asking for another one.
    pub(crate) async fn refused(&self, token: &str) -> bool {
        let mut current = self.current.lock().await;
        if let Some(tokens) = current.as_mut()
            && tokens.access_token == token
        {
            tokens.expires_ms = 0;
        }
        self.fixed.is_none()
    }

    async fn renewed(&self, old: Option<Tokens>) -> Result<Tokens, CliError> {
        if let Some(Tokens {
            refresh_token: Some(refresh),
            issuer: Some(issuer),
            ..
        }) = old
        {
            return match issuer.refresh(&self.http, &refresh).await {
                Err(CliError::SignIn { .. }) => {
                    self.state.forget(KIND, self.origin().as_str());
                    Err(self.signed_out())
                }
                other => other,
            };
        }
        match &self.target.local {
            Some(stack) => password::sign_in(&self.http, stack, self.origin()).await,
            None => Err(self.signed_out()),
        }
    }

    fn signed_out(&self) -> CliError {
        CliError::SignedOut {
            origin: self.origin().to_string(),
        }
    }
}

/// Remembers who signed in.
///
/// # Errors
/// [`CliError::File`].
pub(crate) fn remember(state: &State, origin: &Origin, tokens: &Tokens) -> Result<(), CliError> {
    state.write(KIND, origin.as_str(), tokens)
}

/// Forgets who was signed in; gives what was remembered.
pub(crate) fn forget(state: &State, origin: &Origin) -> Option<Tokens> {
    let tokens = state.read(KIND, origin.as_str());
    state.forget(KIND, origin.as_str());
    tokens
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
