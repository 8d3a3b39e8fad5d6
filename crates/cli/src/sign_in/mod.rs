//! Three ways to a token: a browser, a refresh token, and on a local stack a password.

pub(crate) mod browser;
pub(crate) mod callback;
pub(crate) mod oidc;
pub(crate) mod password;

use api::Settings;
use bytes::Bytes;
use hyper::{Request, StatusCode};
use serde::de::DeserializeOwned;

use crate::error::CliError;
use crate::http::{self, ANSWER, Http};
use crate::origin::Origin;

/// What a stack says about how to sign in.
///
/// # Errors
/// [`CliError::Http`], or [`CliError::Answer`] when there is no such stack.
pub(crate) async fn settings(http: &Http, origin: &Origin) -> Result<Settings, CliError> {
    get(http, &origin.address("/api/config")).await
}

/// Gets JSON that is for everybody.
async fn get<T: DeserializeOwned>(http: &Http, address: &str) -> Result<T, CliError> {
    let request = Request::get(http::uri(address)?).body(http::whole(Bytes::new()));
    let (status, body) = ask(http, request).await?;
    if !status.is_success() {
        return Err(CliError::Answer {
            what: address.to_owned(),
            status: status.as_u16(),
        });
    }
    serde_json::from_slice(&body).map_err(|source| CliError::Unclear {
        what: address.to_owned(),
        source,
    })
}

/// Sends a request; gives status and body of the answer.
async fn ask(
    http: &Http,
    request: Result<Request<http::Body>, hyper::http::Error>,
) -> Result<(StatusCode, Bytes), CliError> {
    let request = request.map_err(|error| CliError::SignIn {
        reason: error.to_string(),
    })?;
    let host = http::host(request.uri());
    let answer = http.send(request, ANSWER).await?;
    let status = answer.status();
    Ok((status, http::read(answer, &host).await?))
}
