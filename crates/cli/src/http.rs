//! HTTP, with the client and the TLS stack that the functions use.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

use crate::proxy::Connector;

/// Longest from a request of a few bytes to the head of its answer: API Gateway waits half a minute
/// for a function.
pub(crate) const ANSWER: Duration = Duration::from_secs(40);
/// Longest without a byte in the middle of an answer.
const STALL: Duration = Duration::from_secs(30);
/// The most bytes of an answer that is read as a whole; the limit of functions.
const LARGEST: usize = 6 * 1024 * 1024;

/// A body that is sent.
pub(crate) type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// A request without a usable answer. Never shows more of an address than its host.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The address is none.
    #[error("{0} is no address")]
    NoAddress(String),
    /// The connection failed.
    #[error("{host} cannot be reached: {reason}")]
    Unsent {
        /// Who was asked.
        host: String,
        /// All causes.
        reason: String,
    },
    /// Nothing came in time.
    #[error("{host} does not answer")]
    Late {
        /// Who was asked.
        host: String,
    },
    /// The answer has no end.
    #[error("the answer of {host} broke off")]
    BrokenOff {
        /// Who was asked.
        host: String,
    },
    /// TLS cannot start.
    #[error("TLS does not start: {0}")]
    Tls(#[from] rustls::Error),
}

/// The client. Keeps connections for the next request.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client<HttpsConnector<Connector>, Body>,
}

impl Http {
    /// Trusts the authorities that the system trusts.
    ///
    /// # Errors
    /// [`HttpError::Tls`].
    pub(crate) fn new() -> Result<Self, HttpError> {
        let mut roots = RootCertStore::empty();
        // What cannot be read is not trusted; that is no reason to give up.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Connector::from_env());
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client })
    }

    /// Sends a request; the head of the answer is there when this returns.
    ///
    /// # Errors
    /// [`HttpError`], after `patience` at the latest.
    pub(crate) async fn send(
        &self,
        request: Request<Body>,
        patience: Duration,
    ) -> Result<Response<Incoming>, HttpError> {
        let host = host(request.uri());
        let answer = tokio::time::timeout(patience, self.client.request(request)).await;
        let Ok(answer) = answer else {
            return Err(HttpError::Late { host });
        };
        answer.map_err(|error| HttpError::Unsent {
            host,
            reason: causes(&error),
        })
    }

    /// Gets what is at an address.
    ///
    /// # Errors
    /// [`HttpError`].
    pub(crate) async fn get(&self, address: &str) -> Result<Response<Incoming>, HttpError> {
        let request = Request::get(uri(address)?).body(whole(Bytes::new()));
        let request = request.map_err(|_| HttpError::NoAddress(shown(address)))?;
        self.send(request, ANSWER).await
    }
}

/// The address, if it is one.
pub(crate) fn uri(address: &str) -> Result<Uri, HttpError> {
    address
        .parse()
        .map_err(|_| HttpError::NoAddress(shown(address)))
}

/// A body of bytes that are there.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// The whole body of an answer, of 6 MiB at most.
///
/// # Errors
/// [`HttpError::BrokenOff`].
pub(crate) async fn read(answer: Response<Incoming>, host: &str) -> Result<Bytes, HttpError> {
    let broken = || HttpError::BrokenOff {
        host: host.to_owned(),
    };
    let body = Limited::new(answer.into_body(), LARGEST).collect();
    let body = tokio::time::timeout(ANSWER, body).await;
    let body = body.map_err(|_| broken())?.map_err(|_| broken())?;
    Ok(body.to_bytes())
}

/// The next bytes of an answer; none at its end.
///
/// # Errors
/// [`HttpError::BrokenOff`].
pub(crate) async fn next(body: &mut Incoming, host: &str) -> Result<Option<Bytes>, HttpError> {
    let broken = || HttpError::BrokenOff {
        host: host.to_owned(),
    };
    loop {
        let frame = tokio::time::timeout(STALL, body.frame()).await;
        match frame.map_err(|_| broken())? {
            None => return Ok(None),
            Some(Err(_)) => return Err(broken()),
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}

/// Who is asked.
pub(crate) fn host(uri: &Uri) -> String {
    uri.authority().map(ToString::to_string).unwrap_or_default()
}

/// An address without its query, which may be a secret.
fn shown(address: &str) -> String {
    let bare = address.split('?').next().unwrap_or_default();
    bare.to_owned()
}

/// An error with everything that lies below it.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        words = format!("{words}: {cause}");
        below = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secret() {
        let error = uri("https://exa mple.com/a?X-Amz-Signature=s").unwrap_err();
        assert_eq!(error.to_string(), "https://exa mple.com/a is no address");
    }

    #[tokio::test]
    async fn who_is_not_there_is_named() {
        let http = Http::new().unwrap();
        // Port 1 of this machine: nobody listens.
        let error = http.get("http://127.0.0.1:1/a?secret").await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("127.0.0.1:1 cannot be reached"),
            "{error}"
        );
        assert!(!error.to_string().contains("secret"));
    }
}
