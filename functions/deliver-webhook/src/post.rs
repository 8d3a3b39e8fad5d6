//! Sends a letter to a receiver, by the HTTP client and the TLS stack that the AWS SDK uses.
//!
//! The addresses of the receiver's name are looked up once for each letter, checked, and the
//! connection is made to one of those: a name that changes its mind in between gains nothing.

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec::IntoIter;

use bytes::Bytes;
use domain::webhook::Outcome;
use http_body_util::Full;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use rustls::{CertificateError, ClientConfig};
use tower::Service;

use crate::address::is_public;

/// Longest for an answer, the connection included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most that is told of why there was no answer, in characters.
const LONGEST_REASON: usize = 200;
const NOT_PUBLIC: &str = "the address is not on the internet";

/// An event, signed, for one receiver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    /// Where it goes.
    pub url: String,
    /// The event's id: the same at each try.
    pub id: String,
    /// When it is sent, in seconds since the Unix epoch.
    pub timestamp: u64,
    /// Over the three others, one for each secret, with spaces in between.
    pub signatures: String,
    /// What it says.
    pub body: String,
}

/// Sends letters.
pub trait Post: Send + Sync {
    /// What became of the letter, after ten seconds at the latest. Redirects are not followed.
    fn post(&self, letter: &Letter) -> impl Future<Output = Outcome> + Send;
}

/// Sends letters over the internet.
#[derive(Clone, Debug)]
pub struct Internet {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    resolver: Resolver,
}

impl Internet {
    /// Sends to public addresses by HTTPS alone, or with `may_be_private` to any address and by
    /// plain HTTP, too.
    ///
    /// # Errors
    /// When TLS does not start.
    pub fn new(may_be_private: bool) -> Result<Self, rustls::Error> {
        Ok(Self::over(runtime::tls::client()?, may_be_private))
    }

    /// As [`Internet::new`], with TLS that trusts whom it was made to trust.
    #[must_use]
    pub fn over(tls: ClientConfig, may_be_private: bool) -> Self {
        let resolver = Resolver { may_be_private };
        let mut http = HttpConnector::new_with_resolver(resolver);
        http.enforce_http(false);
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls);
        let connector = if may_be_private {
            connector.https_or_http()
        } else {
            connector.https_only()
        };
        let connector = connector.enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            // A connection that was kept would be one whose address nobody looked at.
            .pool_max_idle_per_host(0)
            .build(connector);
        Self { client, resolver }
    }

    async fn send(&self, letter: &Letter) -> Result<StatusCode, Box<dyn Error + Send + Sync>> {
        let uri: Uri = letter.url.parse()?;
        self.resolver.check_literal(&uri)?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header("content-type", "application/json")
            .header("user-agent", "Millrace")
            .header("webhook-id", &letter.id)
            .header("webhook-timestamp", letter.timestamp)
            .header("webhook-signature", &letter.signatures)
            .body(Full::from(letter.body.clone()))?;
        let answer = tokio::time::timeout(TIMEOUT, self.client.request(request)).await;
        let answer = answer.map_err(|_| format!("no answer after {} s", TIMEOUT.as_secs()))?;
        Ok(answer?.status())
    }
}

impl Post for Internet {
    async fn post(&self, letter: &Letter) -> Outcome {
        match self.send(letter).await {
            Ok(status) if status.is_success() => Outcome::Delivered,
            Ok(StatusCode::GONE) => Outcome::Gone,
            Ok(status) => Outcome::Refused(status.as_u16()),
            Err(error) => Outcome::Unanswered(reason(&*error)),
        }
    }
}

/// What lies lowest: the layers above only say that there was an error.
fn reason(error: &(dyn Error + 'static)) -> String {
    let mut lowest = error;
    while let Some(next) = below(lowest) {
        lowest = next;
    }
    let words = match lowest.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(fault)) => distrust(fault),
        _ => None,
    };
    let words = words.map_or_else(|| lowest.to_string(), str::to_owned);
    words.chars().take(LONGEST_REASON).collect()
}

/// The cause of an error. A fault of input or output leaves out of its `source` what it wraps.
fn below<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let wrapped = error.downcast_ref().and_then(io::Error::get_ref);
    wrapped.map_or_else(|| error.source(), |wrapped| Some(wrapped))
}

/// What an owner can do something about, in plain words.
fn distrust(fault: &CertificateError) -> Option<&'static str> {
    match fault {
        CertificateError::UnknownIssuer => {
            Some("the certificate is of an authority that is not trusted")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some("the certificate is for another name")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some("the certificate has expired")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some("the certificate is not valid yet")
        }
        _ => None,
    }
}

/// Finds the addresses of a name, all of them public.
#[derive(Clone, Copy, Debug)]
struct Resolver {
    may_be_private: bool,
}

impl Resolver {
    fn check(self, address: IpAddr) -> io::Result<()> {
        if self.may_be_private || is_public(address) {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::PermissionDenied, NOT_PUBLIC))
    }

    /// Checks a host that is an address already: nobody is asked for it.
    fn check_literal(self, uri: &Uri) -> io::Result<()> {
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host.parse().map_or(Ok(()), |address| self.check(address))
    }

    async fn resolve(self, name: Name) -> io::Result<IntoIter<SocketAddr>> {
        let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
        let found: Vec<_> = found.collect();
        for address in &found {
            self.check(address.ip())?;
        }
        Ok(found.into_iter())
    }
}

impl Service<Name> for Resolver {
    type Response = IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.resolve(name))
    }
}
