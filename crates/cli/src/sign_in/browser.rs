//! Signing in with a browser.

use std::process::Stdio;

use tokio::net::TcpListener;
use tokio::process::Command;

use super::oidc::{Client, Secrets};
use super::{callback, settings};
use crate::error::CliError;
use crate::http::Http;
use crate::origin::Origin;
use crate::session::Tokens;
use crate::ui::Ui;

/// The port of the redirect. Issuers compare redirects as text, so it is fixed.
const PORT: u16 = 8976;
/// Programs that open an address in the user's browser: of Linux, of macOS.
const OPENERS: [&str; 2] = ["xdg-open", "open"];

/// Sends a browser to the stack's issuer and waits for it to come back.
///
/// # Errors
/// [`CliError::SignIn`], and the faults of the network.
pub(crate) async fn sign_in(http: &Http, origin: &Origin, ui: Ui) -> Result<Tokens, CliError> {
    let settings = settings(http, origin).await?;
    let client = Client::discover(http, &settings.discovery, &settings.client_id).await?;
    let listener = TcpListener::bind(("127.0.0.1", PORT)).await;
    let listener = listener.map_err(|error| CliError::SignIn {
        reason: format!("port {PORT} of this machine is needed for it: {error}"),
    })?;
    let secrets = Secrets::new()?;
    let redirect = format!("http://localhost:{PORT}{}", callback::PATH);
    let address = client.address(&settings.scopes, &redirect, &secrets);
    if open(&address) {
        ui.note("your browser asks you to sign in; if it does not, open this address:");
    } else {
        ui.note("open this address in a browser on this machine:");
    }
    ui.note(&address);
    let code = callback::code(&listener, &secrets.state).await?;
    client.exchange(http, &code, &redirect, &secrets).await
}

/// Opens an address in the user's browser; whether a program for that is there.
fn open(address: &str) -> bool {
    let mut programs = OPENERS.iter().map(|program| {
        let mut command = Command::new(program);
        command.arg(address).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    });
    programs.any(|started| started.is_ok())
}
