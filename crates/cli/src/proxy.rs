//! Connections, through a proxy where the environment names one.
//!
//! `HTTPS_PROXY` and `NO_PROXY`, as other programs read them. What is not encrypted stays on this
//! machine or in its network, and goes directly.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::Service;

/// Longest for a connection.
const CONNECT: Duration = Duration::from_secs(10);

type Error = Box<dyn std::error::Error + Send + Sync>;
type Connecting = Pin<Box<dyn Future<Output = Result<TokioIo<TcpStream>, Error>> + Send>>;

/// Connects, before TLS.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    direct: HttpConnector,
    proxies: Arc<Matcher>,
}

impl Connector {
    /// With the proxies that the environment names.
    pub(crate) fn from_env() -> Self {
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        direct.set_connect_timeout(Some(CONNECT));
        Self {
            direct,
            proxies: Arc::new(Matcher::from_env()),
        }
    }

    fn proxy(&self, target: &Uri) -> Option<Intercept> {
        if target.scheme() != Some(&Scheme::HTTPS) {
            return None;
        }
        self.proxies.intercept(target)
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = Error;
    type Future = Connecting;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.direct.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Connecting {
        let mut direct = self.direct.clone();
        let Some(proxy) = self.proxy(&target) else {
            return Box::pin(async move { Ok(direct.call(target).await?) });
        };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), direct);
        if let Some(password) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(password.clone());
        }
        Box::pin(async move { Ok(tunnel.call(target).await?) })
    }
}
