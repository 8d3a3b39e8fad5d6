//! Sends replies, with the HTTP client and the TLS stack that the AWS SDK uses.

use std::time::Duration;

use bytes::Bytes;
use domain::{ErrorCode, Fault};
use http_body_util::Full;
use hyper::{Method, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::request::{Reply, ResponseUrl};
use crate::tls;

/// Longest for a reply to arrive, its connection included.
pub(super) const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// A reply that did not arrive. The invocation fails then, and Lambda tries it again.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// The address in the request is no URL. It is not shown, it may be a secret.
    #[error("ResponseURL is no URL")]
    NoUrl,
    /// No answer in time.
    #[error("no answer to the reply after {} s", REPLY_TIMEOUT.as_secs())]
    Late,
    /// The connection failed.
    #[error("the reply was not sent")]
    Unsent(#[source] hyper_util::client::legacy::Error),
    /// The bucket behind the address refused it.
    #[error("the reply was answered with {0}")]
    Refused(StatusCode),
    /// There is no TLS to send it with.
    #[error("TLS does not start")]
    Tls(#[source] rustls::Error),
    /// The reply is no JSON.
    #[error("the reply is no JSON")]
    NoJson(#[source] serde_json::Error),
}

impl Fault for ReplyError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoUrl => ErrorCode::InputInvalid,
            Self::Late | Self::Unsent(_) => ErrorCode::StorageUnavailable,
            Self::Refused(status) if status.is_server_error() => ErrorCode::StorageUnavailable,
            Self::Refused(_) => ErrorCode::StorageDenied,
            Self::Tls(_) | Self::NoJson(_) => ErrorCode::Internal,
        }
    }
}

/// Sends replies.
pub trait SendReply: Send + Sync {
    /// Puts a reply to where the request wants it; it has arrived when this returns.
    ///
    /// # Errors
    /// [`ReplyError`], after ten seconds at the latest.
    fn send(
        &self,
        url: &ResponseUrl,
        reply: &Reply,
    ) -> impl Future<Output = Result<(), ReplyError>> + Send;
}

/// Sends replies to presigned URLs. Plain HTTP is for emulators; AWS has none of it in its URLs.
#[derive(Clone, Debug)]
pub struct HttpsReplies {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl HttpsReplies {
    /// Trusts the authorities that the system trusts.
    ///
    /// # Errors
    /// [`ReplyError::Tls`].
    pub fn new() -> Result<Self, ReplyError> {
        let tls = tls::client().map_err(ReplyError::Tls)?;
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client })
    }
}

impl SendReply for HttpsReplies {
    async fn send(&self, url: &ResponseUrl, reply: &Reply) -> Result<(), ReplyError> {
        let body = serde_json::to_vec(reply).map_err(ReplyError::NoJson)?;
        // Without a content type: the URL is signed for an empty one.
        let request = hyper::Request::builder()
            .method(Method::PUT)
            .uri(url.reveal())
            .body(Full::from(body))
            .map_err(|_| ReplyError::NoUrl)?;
        let answer = tokio::time::timeout(REPLY_TIMEOUT, self.client.request(request));
        let answer = answer.await.map_err(|_| ReplyError::Late)?;
        let status = answer.map_err(ReplyError::Unsent)?.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(ReplyError::Refused(status))
        }
    }
}
