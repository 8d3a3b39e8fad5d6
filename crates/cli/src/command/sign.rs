//! `login` and `logout`.

use serde_json::json;

use crate::error::CliError;
use crate::http::Http;
use crate::session;
use crate::sign_in::{browser, password};
use crate::state::State;
use crate::target::Target;
use crate::ui::Ui;

/// Signs in: with a browser, or at a local stack as its user.
///
/// # Errors
/// [`CliError::SignIn`], and the faults of the network.
pub(crate) async fn sign_in(target: &Target, state: &State, ui: Ui) -> Result<(), CliError> {
    let http = Http::new()?;
    let origin = &target.origin;
    let tokens = match &target.local {
        Some(stack) => password::sign_in(&http, stack, origin).await?,
        None => browser::sign_in(&http, origin, ui).await?,
    };
    session::remember(state, origin, &tokens)?;
    ui.result(&json!({"origin": origin}), || {
        format!("signed in at {origin}")
    });
    Ok(())
}

/// Forgets the tokens, here and at the issuer.
///
/// # Errors
/// [`CliError::Http`] when the issuer could not be told; they are forgotten here all the same.
pub(crate) async fn sign_out(target: &Target, state: &State, ui: Ui) -> Result<(), CliError> {
    let origin = &target.origin;
    let tokens = session::forget(state, origin);
    if let Some(tokens) = tokens
        && let (Some(issuer), Some(refresh)) = (tokens.issuer, tokens.refresh_token)
    {
        issuer.revoke(&Http::new()?, &refresh).await?;
    }
    ui.result(&json!({"origin": origin}), || {
        format!("signed out at {origin}")
    });
    Ok(())
}
