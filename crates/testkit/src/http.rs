//! Asks a router as a client does, without a network.

use api::{Problem, ProblemCode};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use service::Subject;
use tower::ServiceExt as _;

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is something else.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> T {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Which problem it is.
    ///
    /// # Panics
    /// When it is none, or one with another status than the answer's.
    #[must_use]
    pub fn code(&self) -> ProblemCode {
        let problem: Problem = self.read();
        assert_eq!(problem.status, self.status.as_u16());
        problem.code
    }
}

/// Asks as the subject `who`, or without a token where that is empty; with a body unless it is null.
///
/// # Panics
/// When this makes no request.
pub async fn ask(
    router: &Router,
    who: &str,
    method: Method,
    path: &str,
    body: Value,
    headers: &[(HeaderName, &str)],
) -> Answer {
    let json = [(header::CONTENT_TYPE, "application/json")];
    match body {
        Value::Null => send(router, who, method, path, Vec::new(), headers).await,
        body => {
            let headers = [headers, &json].concat();
            let body = body.to_string().into_bytes();
            send(router, who, method, path, body, &headers).await
        }
    }
}

/// Asks with a body of any kind, as its headers name it.
///
/// # Panics
/// When this makes no request.
pub async fn send(
    router: &Router,
    who: &str,
    method: Method,
    path: &str,
    body: Vec<u8>,
    headers: &[(HeaderName, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if !who.is_empty() {
        request = request.extension(Subject(who.to_owned()));
    }
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::from(body));
    let request = request.unwrap_or_else(|error| panic!("{path}: {error}"));
    let answered = router.clone().oneshot(request).await;
    let (parts, body) = answered.unwrap_or_else(|never| match never {}).into_parts();
    let body = body.collect().await;
    let body = body.unwrap_or_else(|error| panic!("{path}: {error}"));
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.to_bytes().to_vec(),
    }
}
