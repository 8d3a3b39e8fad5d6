//! A local stack's own way: its emulator of Cognito takes user and password without a browser.

use hyper::{Request, header};
use serde::Deserialize;
use serde_json::json;

use super::{ask, settings};
use crate::error::CliError;
use crate::http::{self, Http};
use crate::local_stack::LocalStack;
use crate::origin::Origin;
use crate::session::{Tokens, now_ms};

/// The answer of Cognito's `InitiateAuth`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    authentication_result: Authenticated,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Authenticated {
    access_token: String,
    expires_in: u64,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

/// Signs in as the user of a local stack.
///
/// # Errors
/// [`CliError::SignIn`] when the emulator refuses, and the faults of the network.
pub(crate) async fn sign_in(
    http: &Http,
    stack: &LocalStack,
    origin: &Origin,
) -> Result<Tokens, CliError> {
    let settings = settings(http, origin).await?;
    let body = json!({
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": settings.client_id,
        "AuthParameters": {"USERNAME": stack.user, "PASSWORD": stack.password},
    });
    let request = Request::post(http::uri(&stack.endpoint)?)
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
        .header(
            "x-amz-target",
            "AWSCognitoIdentityProviderService.InitiateAuth",
        )
        .body(http::whole(body.to_string()));
    let (status, body) = ask(http, request).await?;
    let answer = serde_json::from_slice(&body);
    let Ok(Answer {
        authentication_result,
    }) = answer
    else {
        let refusal = serde_json::from_slice(&body);
        let words = refusal.map_or_else(|_| status.to_string(), |Refusal { message }| message);
        return Err(CliError::SignIn {
            reason: format!("the local stack {} answered: {words}", stack.name),
        });
    };
    Ok(Tokens {
        access_token: authentication_result.access_token,
        refresh_token: None,
        expires_ms: now_ms() + 1000 * authentication_result.expires_in,
        issuer: None,
    })
}
