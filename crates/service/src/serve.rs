//! The Lambda bootstrap.

use api::ProblemCode;
use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use domain::Fault;
use lambda_http::Context;
use lambda_http::request::RequestContext;

use crate::{Refusal, Subject, etag};

/// The bootstrap lost Lambda's runtime API.
#[derive(Debug, thiserror::Error)]
#[error("lost Lambda's runtime API")]
pub struct ServeError(#[source] lambda_http::Error);

/// Answers API Gateway's requests with a router until Lambda ends the process.
///
/// The router is made once. Where that fails (a variable is not set), every request is answered
/// with a problem, and the log says why.
///
/// # Errors
/// [`ServeError`] when the runtime API does not answer.
pub async fn serve<F: Fault>(
    router: impl Future<Output = Result<Router, F>>,
) -> Result<(), ServeError> {
    runtime::logging::init();
    // The SDK's start-up alone is a future of 60 KB: on the heap.
    let router = match Box::pin(router).await {
        Ok(router) => finished(router),
        Err(error) => {
            let code = error.code().name();
            tracing::error!(code, reason = %error, "the function is not configured");
            Router::new().fallback(|| async { refused(ProblemCode::Internal, "no configuration") })
        }
    };
    lambda_http::run(router.layer(from_fn(identified)))
        .await
        .map_err(ServeError)
}

/// A router with what all have: entity tags, and problems for what it does not know.
pub fn finished(router: Router) -> Router {
    router
        .fallback(|uri: Uri| async move {
            refused(ProblemCode::NotFound, format!("there is no {}", uri.path()))
        })
        .method_not_allowed_fallback(|uri: Uri| async move {
            let detail = format!("{} does not take this method", uri.path());
            refused(ProblemCode::MethodNotAllowed, detail)
        })
        .layer(from_fn(etag::tagged))
        .layer(from_fn(logged))
}

fn refused(code: ProblemCode, detail: impl Into<String>) -> Response {
    Refusal::new(code, detail).into_response()
}

/// Notes the subject of the token that API Gateway's authorizer has checked.
async fn identified(mut request: Request, next: Next) -> Response {
    if let Some(subject) = subject(request.extensions().get()) {
        request.extensions_mut().insert(subject);
    }
    next.run(request).await
}

fn subject(context: Option<&RequestContext>) -> Option<Subject> {
    let token = context?.authorizer()?.jwt.as_ref()?;
    token.claims.get("sub").cloned().map(Subject)
}

/// One line for each request, without its query: that may hold what is not for the log.
async fn logged(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let id = request.extensions().get::<Context>();
    let id = id.map(|context| context.request_id.clone());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    tracing::info!(%method, path, status, request = id, "request answered");
    response
}
