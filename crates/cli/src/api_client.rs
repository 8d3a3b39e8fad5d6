//! The HTTP API, as typed calls.

use std::time::Duration;

use api::asset::{Asset, AssetChange, AssetQuery, Assets};
use api::caption::{Caption, CaptionAttributes, CaptionQuery, Captions};
use api::playback::Playback;
use api::upload::{
    CompletedUpload, NewUpload, PartWanted, PartsWanted, SignedPart, SignedParts, Upload,
};
use api::webhook::{NewWebhook, Webhook, WebhookChange, Webhooks};
use api::{Problem, ProblemCode};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::CliError;
use crate::http::{self, ANSWER, Http, HttpError};
use crate::origin::Origin;
use crate::session::Session;

/// Tries for one call.
const TRIES: u32 = 5;
/// Wait before the second try; it doubles from there.
const FIRST_WAIT: Duration = Duration::from_millis(400);
/// The longest wait that a stack can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// What is escaped in an address: all that ids are not made of.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// One stack's API, for who is signed in.
pub(crate) struct Api {
    http: Http,
    session: Session,
}

/// One call.
struct Call {
    method: Method,
    path: String,
    body: Option<Bytes>,
    media_type: &'static str,
    /// Whether a second try does no harm when the first one's answer was lost.
    repeatable: bool,
}

impl Call {
    const fn new(method: Method, path: String) -> Self {
        Self {
            method,
            path,
            body: None,
            media_type: "application/json",
            repeatable: true,
        }
    }

    fn with(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).unwrap_or_default().into());
        self
    }

    /// With a caption; which of the formats it is, the file itself says.
    fn with_caption(mut self, file: Bytes) -> Self {
        self.body = Some(file);
        self.media_type = "text/vtt";
        self
    }

    fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// What the call is, for an error about it.
    fn name(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }
}

impl Api {
    pub(crate) const fn new(http: Http, session: Session) -> Self {
        Self { http, session }
    }

    pub(crate) const fn http(&self) -> &Http {
        &self.http
    }

    pub(crate) const fn origin(&self) -> &Origin {
        self.session.origin()
    }

    pub(crate) async fn begin_upload(&self, new: &NewUpload) -> Result<Upload, CliError> {
        // A lost answer leaves an open upload without parts, which ends by itself.
        self.json(
            Call::new(Method::POST, "/api/uploads".to_owned())
                .with(new)
                .once(),
        )
        .await
    }

    pub(crate) async fn upload(&self, id: &str) -> Result<Upload, CliError> {
        self.json(Call::new(
            Method::GET,
            format!("/api/uploads/{}", segment(id)),
        ))
        .await
    }

    /// Where one part goes.
    pub(crate) async fn sign_part(&self, id: &str, number: u32) -> Result<SignedPart, CliError> {
        let path = format!("/api/uploads/{}/parts", segment(id));
        let part = PartWanted {
            number,
            sha256: None,
        };
        let wanted = PartsWanted { parts: vec![part] };
        let call = Call::new(Method::POST, path).with(&wanted);
        let name = call.name();
        let signed: SignedParts = self.json(call).await?;
        let mut parts = signed.parts.into_iter();
        parts
            .find(|part| part.number == number)
            .ok_or(CliError::Answer {
                what: name,
                status: 200,
            })
    }

    pub(crate) async fn complete_upload(&self, id: &str) -> Result<CompletedUpload, CliError> {
        let path = format!("/api/uploads/{}/complete", segment(id));
        self.json(Call::new(Method::POST, path)).await
    }

    pub(crate) async fn assets(&self, query: &AssetQuery) -> Result<Assets, CliError> {
        let call = Call::new(Method::GET, format!("/api/assets{}", query_of(query)));
        self.json(call).await
    }

    pub(crate) async fn asset(&self, id: &str) -> Result<Asset, CliError> {
        self.json(Call::new(Method::GET, asset_path(id, ""))).await
    }

    pub(crate) async fn change_asset(
        &self,
        id: &str,
        change: &AssetChange,
    ) -> Result<Asset, CliError> {
        self.json(Call::new(Method::PATCH, asset_path(id, "")).with(change))
            .await
    }

    pub(crate) async fn retry_asset(&self, id: &str) -> Result<Asset, CliError> {
        self.json(Call::new(Method::POST, asset_path(id, "/retry")).once())
            .await
    }

    pub(crate) async fn remove_asset(&self, id: &str) -> Result<Asset, CliError> {
        self.json(Call::new(Method::DELETE, asset_path(id, "")).once())
            .await
    }

    pub(crate) async fn play_asset(&self, id: &str) -> Result<Playback, CliError> {
        self.json(Call::new(Method::POST, asset_path(id, "/playback")))
            .await
    }

    pub(crate) async fn webhooks(&self) -> Result<Webhooks, CliError> {
        let call = Call::new(Method::GET, "/api/webhooks".to_owned());
        self.json(call).await
    }

    pub(crate) async fn webhook(&self, id: &str) -> Result<Webhook, CliError> {
        self.json(Call::new(Method::GET, webhook_path(id, "")))
            .await
    }

    pub(crate) async fn make_webhook(&self, new: &NewWebhook) -> Result<Webhook, CliError> {
        let call = Call::new(Method::POST, "/api/webhooks".to_owned());
        self.json(call.with(new).once()).await
    }

    pub(crate) async fn change_webhook(
        &self,
        id: &str,
        change: &WebhookChange,
    ) -> Result<Webhook, CliError> {
        self.json(Call::new(Method::PATCH, webhook_path(id, "")).with(change))
            .await
    }

    pub(crate) async fn renew_webhook(&self, id: &str) -> Result<Webhook, CliError> {
        // A second renewal would end the secret that the receiver knows.
        self.json(Call::new(Method::POST, webhook_path(id, "/secret")).once())
            .await
    }

    pub(crate) async fn drop_webhook(&self, id: &str) -> Result<(), CliError> {
        let call = Call::new(Method::DELETE, webhook_path(id, "")).once();
        self.answer(&call).await.map(|_| ())
    }

    pub(crate) async fn captions(&self, id: &str) -> Result<Captions, CliError> {
        self.json(Call::new(Method::GET, asset_path(id, "/captions")))
            .await
    }

    pub(crate) async fn add_caption(
        &self,
        id: &str,
        language: &str,
        attributes: &CaptionAttributes,
        file: Bytes,
    ) -> Result<Caption, CliError> {
        let path = caption_path(id, language, &query_of(attributes));
        self.json(Call::new(Method::PUT, path).with_caption(file))
            .await
    }

    pub(crate) async fn drop_caption(
        &self,
        id: &str,
        language: &str,
        query: &CaptionQuery,
    ) -> Result<(), CliError> {
        let path = caption_path(id, language, &query_of(query));
        let call = Call::new(Method::DELETE, path).once();
        self.answer(&call).await.map(|_| ())
    }

    async fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T, CliError> {
        let body = self.answer(&call).await?;
        serde_json::from_slice(&body).map_err(|source| CliError::Unclear {
            what: call.name(),
            source,
        })
    }

    /// The body of a successful answer; tries again what passes by itself, and once with a new
    /// token.
    async fn answer(&self, call: &Call) -> Result<Bytes, CliError> {
        let mut wait = FIRST_WAIT;
        let mut may_renew = true;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let is_last = attempt == TRIES;
            let token = self.session.token().await?;
            match self.send(call, &token).await {
                Err(_) if call.repeatable && !is_last => {}
                Err(error) => return Err(error.into()),
                Ok((StatusCode::UNAUTHORIZED, ..))
                    if may_renew && self.session.refused(&token).await =>
                {
                    may_renew = false;
                    continue;
                }
                Ok((status, headers, body)) => {
                    if status.is_success() {
                        return Ok(body);
                    }
                    let error = self.error(call, status, &body);
                    if is_last || !passes(status, &error) {
                        return Err(error);
                    }
                    wait = wait.max(asked_wait(&headers));
                }
            }
            tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
            wait *= 2;
        }
    }

    async fn send(
        &self,
        call: &Call,
        token: &str,
    ) -> Result<(StatusCode, HeaderMap, Bytes), HttpError> {
        let address = self.origin().address(&call.path);
        let mut request = Request::builder()
            .method(&call.method)
            .uri(http::uri(&address)?)
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        if call.body.is_some() {
            request = request.header(header::CONTENT_TYPE, call.media_type);
        }
        let body = http::whole(call.body.clone().unwrap_or_default());
        let request = request
            .body(body)
            .map_err(|_| HttpError::NoAddress(address.clone()))?;
        let host = http::host(request.uri());
        let answer: Response<Incoming> = self.http.send(request, ANSWER).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok((status, headers, http::read(answer, &host).await?))
    }

    /// The error behind an answer: a problem of the API, or the words of what stands before it.
    fn error(&self, call: &Call, status: StatusCode, body: &[u8]) -> CliError {
        if let Ok(problem) = serde_json::from_slice::<Problem>(body) {
            return problem.into();
        }
        if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status) {
            return self.signed_out();
        }
        CliError::Answer {
            what: call.name(),
            status: status.as_u16(),
        }
    }

    fn signed_out(&self) -> CliError {
        CliError::SignedOut {
            origin: self.origin().to_string(),
        }
    }
}

/// Whether the same request may be answered better later.
fn passes(status: StatusCode, error: &CliError) -> bool {
    let limits = [ProblemCode::TooManyUploads, ProblemCode::TooManyWebhooks];
    let is_limit = matches!(error, CliError::Problem(problem) if limits.contains(&problem.code));
    let passing = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ];
    passing.contains(&status) && !is_limit
}

/// `Retry-After` in seconds.
fn asked_wait(headers: &HeaderMap) -> Duration {
    let value = headers.get(header::RETRY_AFTER);
    let seconds = value.and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

fn asset_path(id: &str, rest: &str) -> String {
    format!("/api/assets/{}{rest}", segment(id))
}

fn webhook_path(id: &str, rest: &str) -> String {
    format!("/api/webhooks/{}{rest}", segment(id))
}

fn caption_path(id: &str, language: &str, query: &str) -> String {
    let language = segment(language);
    asset_path(id, &format!("/captions/{language}{query}"))
}

/// An id as one segment of a path, whatever was typed.
fn segment(id: &str) -> String {
    utf8_percent_encode(id, ESCAPED).to_string()
}

/// The query of an address, from what serialises to an object of texts and numbers.
fn query_of(query: &impl Serialize) -> String {
    let value = serde_json::to_value(query).unwrap_or_default();
    let members = value.as_object().cloned().unwrap_or_default();
    let pairs: Vec<String> = members
        .iter()
        .map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!("{name}={}", segment(&text))
        })
        .collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::asset::AssetState;

    #[test]
    fn a_query_has_what_is_asked_for_and_nothing_else() {
        assert_eq!(query_of(&AssetQuery::default()), "");
        let query = AssetQuery {
            q: Some("sea & sand".into()),
            state: Some(AssetState::Ready),
            limit: Some(100),
            ..AssetQuery::default()
        };
        assert_eq!(
            query_of(&query),
            "?limit=100&q=sea%20%26%20sand&state=ready"
        );
    }

    #[test]
    fn an_id_stays_one_segment_of_the_path() {
        assert_eq!(
            asset_path("../x?y", "/retry"),
            "/api/assets/%2E%2E%2Fx%3Fy/retry"
        );
        assert_eq!(asset_path("a1", ""), "/api/assets/a1");
    }
}
