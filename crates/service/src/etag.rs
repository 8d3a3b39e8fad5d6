//! Entity tags (RFC 9110 8.8.3): what did not change is not sent again.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The most bytes of an answer that a function gives (the limit of Lambda's answers).
const LARGEST: usize = 6 * 1024 * 1024;

/// Gives each answer to a `GET` a tag, and answers 304 to whoever has it already.
///
/// The tag is weak: a hash of the body, unless the answer brings one of its own. Answers are personal and change at any time, so they may be
/// kept, but not used without asking.
pub async fn tagged(request: Request, next: Next) -> Response {
    let asked = request.method() == Method::GET;
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    if !asked || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let own = parts.headers.get(header::ETAG).cloned();
    let Some(value) = own.or_else(|| tag(&body)) else {
        return Response::from_parts(parts, Body::from(body));
    };
    let tag = value.to_str().unwrap_or_default().to_owned();
    parts.headers.insert(header::ETAG, value);
    let revalidate = HeaderValue::from_static("private, no-cache");
    parts
        .headers
        .entry(header::CACHE_CONTROL)
        .or_insert(revalidate);
    if known.is_some_and(|known| names(&known, &tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(body))
}

/// Whether `If-Match` is absent, or names this version of a thing.
#[must_use]
pub fn may_change(headers: &HeaderMap, version: u64) -> bool {
    let wanted = headers.get(header::IF_MATCH);
    wanted.is_none_or(|wanted| names(wanted, &version_tag(version)))
}

/// The tag of a version that a client may name in `If-Match`.
#[must_use]
pub fn version_tag(version: u64) -> String {
    format!("\"v{version}\"")
}

/// A tag for an answer that is the same as long as `content` is.
#[must_use]
pub fn tag_of(content: &impl Serialize) -> Option<HeaderValue> {
    tag(&serde_json::to_vec(content).ok()?)
}

fn tag(body: &[u8]) -> Option<HeaderValue> {
    let mut head = [0; 16];
    head.copy_from_slice(Sha256::digest(body).split_at(16).0);
    let hash = u128::from_be_bytes(head);
    HeaderValue::from_str(&format!("W/\"{hash:032x}\"")).ok()
}

/// Whether a list of tags has this one.
fn names(list: &HeaderValue, tag: &str) -> bool {
    let list = list.to_str().unwrap_or_default();
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    list.trim() == "*" || list.split(',').any(|known| opaque(known) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt as _;

    async fn ask(tag: Option<&str>) -> Response {
        let router = Router::new().route("/", get(|| async { "words" }));
        let mut request = Request::get("/");
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let request = request.body(Body::empty()).unwrap();
        router
            .layer(from_fn(tagged))
            .oneshot(request)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn who_has_an_answer_does_not_get_it_again() {
        let first = ask(None).await;
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        let again = ask(Some(&format!("\"other\", {tag}"))).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again.headers()[header::ETAG], tag);
        assert!(to_bytes(again.into_body(), 10).await.unwrap().is_empty());
        assert_eq!(ask(Some("\"other\"")).await.status(), StatusCode::OK);
    }

    #[test]
    fn a_change_is_for_the_version_that_was_seen() {
        let with = |tag: &'static str| {
            HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_static(tag))])
        };
        assert!(may_change(&HeaderMap::new(), 3));
        assert!(may_change(&with("\"v3\""), 3));
        assert!(may_change(&with("*"), 3));
        assert!(!may_change(&with("\"v2\""), 3));
    }
}
