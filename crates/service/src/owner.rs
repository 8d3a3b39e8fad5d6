//! Who asks.

use api::ProblemCode;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use domain::ids::OwnerId;

use crate::Refusal;

/// The subject of the token that API Gateway has checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject(pub String);

/// The owner that a request comes from: from its token, and from nowhere else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner(pub OwnerId);

impl Owner {
    /// The owner as keys and records have it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

fn owner(parts: &Parts) -> Option<Owner> {
    let Subject(subject) = parts.extensions.get()?;
    Some(Owner(OwnerId::of_subject(subject)))
}

impl<S: Sync> FromRequestParts<S> for Owner {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        owner(parts)
            .ok_or_else(|| Refusal::new(ProblemCode::Unauthorized, "the request has no token"))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Owner {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Refusal> {
        Ok(owner(parts))
    }
}
