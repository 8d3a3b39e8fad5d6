//! Bodies and queries, with a problem that names what is wrong with them.

use api::ProblemCode;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use http_body_util::{BodyExt as _, Limited};
use serde::de::DeserializeOwned;

use crate::Refusal;

/// The most bytes of a body that is JSON.
const LARGEST: usize = 64 * 1024;

/// A body that is JSON.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Body<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let named = request.headers().get(header::CONTENT_TYPE);
        let named = named.and_then(|value| value.to_str().ok());
        if !named.is_some_and(is_json) {
            return Err(invalid("the body should be application/json"));
        }
        let body = Limited::new(request.into_body(), LARGEST).collect().await;
        let body = body.map_err(|_| invalid("the body has more than 65536 bytes, or broke off"))?;
        parse(&body.to_bytes()).map(Self)
    }
}

/// A body as it came; none where it has more than `most` bytes, or broke off.
pub async fn file(body: axum::body::Body, most: usize) -> Option<Bytes> {
    let body = Limited::new(body, most).collect().await.ok()?;
    Some(body.to_bytes())
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    // A list would be read as the fields in their order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(invalid("the body: it should be an object, not a list"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        invalid(match path.as_str() {
            "." => format!("the body: {}", error.inner()),
            path => format!("{path}: {}", error.inner()),
        })
    })?;
    reader
        .end()
        .map_err(|_| invalid("the body goes on behind its JSON"))?;
    Ok(value)
}

/// The query of an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|error| invalid(error.body_text()))
    }
}

fn invalid(detail: impl Into<String>) -> Refusal {
    Refusal::new(ProblemCode::RequestInvalid, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Thing {
        number: u8,
    }

    #[test]
    fn what_is_wrong_with_a_body_is_named() {
        assert_eq!(
            parse::<Thing>(br#"{"number": 7}"#).unwrap(),
            Thing { number: 7 }
        );
        for (body, words) in [
            (&br#"{"number": 700}"#[..], "number: "),
            (br"{}", "missing field `number`"),
            (br#"{"number": 7} {"#, "goes on"),
            (b"", "the body: "),
            (b" [7]", "not a list"),
        ] {
            let Refusal(problem) = parse::<Thing>(body).unwrap_err();
            assert!(problem.detail.contains(words), "{}", problem.detail);
        }
    }

    #[test]
    fn only_json_is_json() {
        assert!(is_json("application/json; charset=utf-8"));
        assert!(!is_json("text/json"));
    }
}
