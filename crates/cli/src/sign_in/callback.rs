//! The end of a browser's way: one request to this machine that brings a code.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::error::CliError;

/// The path of the redirect, which issuers know.
pub(crate) const PATH: &str = "/callback";
/// How long somebody may take to sign in.
const PATIENCE: Duration = Duration::from_mins(10);
/// Longest for a browser to say what it wants.
const REQUEST: Duration = Duration::from_secs(10);
/// The longest request line and the longest headers that are read.
const LARGEST: u64 = 64 * 1024;

/// Waits for the browser that comes back with this state; gives its code. Whoever else asks is
/// answered and forgotten.
///
/// # Errors
/// [`CliError::SignIn`] when the issuer refused, or nobody came.
pub(crate) async fn code(listener: &TcpListener, state: &str) -> Result<String, CliError> {
    let wait = async {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            let outcome = tokio::time::timeout(REQUEST, serve(stream, state)).await;
            if let Ok(Some(outcome)) = outcome {
                return outcome;
            }
        }
    };
    let nobody = |_| CliError::SignIn {
        reason: "nobody came back from the browser".to_owned(),
    };
    tokio::time::timeout(PATIENCE, wait).await.map_err(nobody)?
}

/// Answers one request.
async fn serve(mut stream: TcpStream, state: &str) -> Option<Result<String, CliError>> {
    let target = target(&mut stream).await?;
    let outcome = outcome(&target, state);
    let (status, words) = match &outcome {
        Some(Ok(_)) => ("200 OK", "You are signed in. You can close this page."),
        Some(Err(_)) => ("200 OK", "Signing in failed. The terminal says why."),
        None => ("404 Not Found", "There is nothing here."),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{words}",
        words.len()
    );
    // Whether the browser reads it or not, it has brought what it should.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    outcome
}

/// What a request asks for; its headers are read and ignored.
async fn target(stream: &mut TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream.take(LARGEST)).lines();
    let first = lines.next_line().await.ok()??;
    while let Some(line) = lines.next_line().await.ok()? {
        if line.is_empty() {
            break;
        }
    }
    let target = first.strip_prefix("GET ")?.split(' ').next()?;
    Some(target.to_owned())
}

/// What a redirect brings (RFC 6749 4.1.2); none for any other address, and for the redirect of
/// somebody else.
fn outcome(target: &str, state: &str) -> Option<Result<String, CliError>> {
    let (path, query) = target.split_once('?')?;
    let value = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(known, _)| *known == name);
        let (_, value) = values.next()?;
        let spaced = value.replace('+', " ");
        Some(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
    };
    if path != PATH || value("state")? != state {
        return None;
    }
    if let Some(error) = value("error") {
        let reason = value("error_description").unwrap_or(error);
        return Some(Err(CliError::SignIn { reason }));
    }
    value("code").map(Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_redirect_with_our_state_brings_a_code() {
        let code = |target| outcome(target, "s 1").map(Result::unwrap);
        assert_eq!(
            code("/callback?code=a%2Bb&state=s+1"),
            Some("a+b".to_owned())
        );
        assert_eq!(code("/callback?code=a&state=other"), None);
        assert_eq!(code("/callback?code=a"), None);
        assert_eq!(code("/favicon.ico?code=a&state=s+1"), None);
        assert_eq!(code("/callback?state=s+1"), None);
    }

    #[test]
    fn a_refusal_says_why() {
        let refused = outcome(
            "/callback?error=denied&error_description=not+you&state=s",
            "s",
        );
        let error = refused.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "signing in failed: not you");
    }

    #[tokio::test]
    async fn a_browser_brings_the_code_after_others_came() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let visit = async |target: &str| {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let browser = async {
            assert!(visit("/favicon.ico").await.starts_with("HTTP/1.1 404"));
            assert!(
                visit("/callback?code=c&state=s")
                    .await
                    .contains("signed in")
            );
        };
        let (code, ()) = tokio::join!(code(&listener, "s"), browser);
        assert_eq!(code.unwrap(), "c");
    }
}
