//! The paths of the API that are about webhooks.

use api::event::EventType;
use api::webhook::{Delivery, NewWebhook, Webhook, WebhookChange, Webhooks};
use api::{Problem, ProblemCode, Timestamp};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use cloud::StoreError;
use cloud::lease::now_ms;
use cloud::ports::StoredWebhook;
use cloud::random::bits;
use cloud::webhook_secret::WebhookSecret;
use domain::ids::WebhookId;
use domain::webhook::{MAX_URL, MAX_WEBHOOKS, Outcome};
use service::{Body, Owner, Refusal};

use crate::routes::Shared;
use crate::{Documents, Executions, Objects};

/// How often a change is begun anew where others were faster.
const TRIES: u32 = 5;

/// List webhooks
#[utoipa::path(
    get,
    path = "/api/webhooks",
    operation_id = "listWebhooks",
    tag = "webhooks",
    security(("token" = [])),
    responses(
        (status = 200, description = "All of the owner, the oldest first", body = Webhooks),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
) -> Result<Json<Webhooks>, Refusal> {
    let stored = ports.documents.webhooks(owner.as_str()).await?;
    let webhooks = stored.iter().map(shown).collect();
    Ok(Json(Webhooks { webhooks }))
}

/// Make a webhook
///
/// An owner may have ten. The secret is in this answer and in no other.
#[utoipa::path(
    post,
    path = "/api/webhooks",
    operation_id = "makeWebhook",
    tag = "webhooks",
    security(("token" = [])),
    request_body = NewWebhook,
    responses(
        (status = 201, description = "The webhook, with its secret", body = Webhook,
         headers(("Location" = String, description = "Path of the webhook"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn make<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Body(wanted): Body<NewWebhook>,
) -> Result<Response, Refusal> {
    check_url(&wanted.url, ports.private_webhooks)?;
    let secret = WebhookSecret::generate()?.reveal();
    let webhook = domain::webhook::Webhook {
        id: WebhookId::of(bits()?),
        owner: owner.as_str().to_owned(),
        url: wanted.url,
        events: wanted
            .events
            .map(own_events)
            .transpose()?
            .unwrap_or_default(),
        secret: secret.clone(),
        old_secret: None,
        created_ms: now_ms(),
    };
    if !ports.documents.add_webhook(&webhook).await? {
        let detail = format!("there are {MAX_WEBHOOKS} webhooks already");
        return Err(Refusal::new(ProblemCode::TooManyWebhooks, detail));
    }
    let place = format!("/api/webhooks/{}", webhook.id);
    let fresh = StoredWebhook {
        webhook,
        enabled: true,
        version: 0,
        last: None,
    };
    let made = Webhook {
        secret: Some(secret),
        ..shown(&fresh)
    };
    let headers = [(header::LOCATION, place)];
    Ok((StatusCode::CREATED, headers, Json(made)).into_response())
}

/// Show a webhook
#[utoipa::path(
    get,
    path = "/api/webhooks/{webhook}",
    operation_id = "showWebhook",
    tag = "webhooks",
    security(("token" = [])),
    params(("webhook" = String, Path, description = "The webhook's id")),
    responses(
        (status = 200, description = "The webhook, with its last delivery", body = Webhook),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<Json<Webhook>, Refusal> {
    let webhook = named(&id)?;
    let stored = ports.documents.webhook(owner.as_str(), &webhook).await?;
    let stored = stored.ok_or_else(|| unknown(&id))?;
    Ok(Json(shown(&stored)))
}

/// Change a webhook
///
/// Its address, what it hears of, and whether anything is sent to it. With `enabled` one that was
/// paused, or that ended, begins again.
#[utoipa::path(
    patch,
    path = "/api/webhooks/{webhook}",
    operation_id = "changeWebhook",
    tag = "webhooks",
    security(("token" = [])),
    params(("webhook" = String, Path, description = "The webhook's id")),
    request_body = WebhookChange,
    responses(
        (status = 200, description = "The webhook as it is now", body = Webhook),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
    Body(change): Body<WebhookChange>,
) -> Result<Json<Webhook>, Refusal> {
    if let Some(url) = &change.url {
        check_url(url, ports.private_webhooks)?;
    }
    let events = change.events.map(own_events).transpose()?;
    let changed = swap(&ports.documents, &owner, &id, |stored| {
        let webhook = &mut stored.webhook;
        if let Some(url) = &change.url {
            webhook.url.clone_from(url);
        }
        if let Some(events) = &events {
            webhook.events.clone_from(events);
        }
        stored.enabled = change.enabled.unwrap_or(stored.enabled);
    });
    Ok(Json(shown(&changed.await?)))
}

/// Renew a webhook's secret
///
/// The new secret is in this answer and in no other. For 24 hours deliveries are signed with the one
/// before, too, so that a receiver can change over. One that was older still ends at once.
#[utoipa::path(
    post,
    path = "/api/webhooks/{webhook}/secret",
    operation_id = "renewWebhookSecret",
    tag = "webhooks",
    security(("token" = [])),
    params(("webhook" = String, Path, description = "The webhook's id")),
    responses(
        (status = 200, description = "The webhook, with its new secret", body = Webhook),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn renew<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<Json<Webhook>, Refusal> {
    let secret = WebhookSecret::generate()?.reveal();
    let renewed = swap(&ports.documents, &owner, &id, |stored| {
        stored.webhook.renew(secret.clone(), now_ms());
    });
    let renewed = shown(&renewed.await?);
    Ok(Json(Webhook {
        secret: Some(secret),
        ..renewed
    }))
}

/// Drop a webhook
///
/// Nothing is sent to it from now on but what is under way.
#[utoipa::path(
    delete,
    path = "/api/webhooks/{webhook}",
    operation_id = "dropWebhook",
    tag = "webhooks",
    security(("token" = [])),
    params(("webhook" = String, Path, description = "The webhook's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn forget<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let webhook = named(&id)?;
    if ports
        .documents
        .drop_webhook(owner.as_str(), &webhook)
        .await?
    {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(unknown(&id))
    }
}

/// Changes the webhook as it is stored, and gives what it is then.
async fn swap<D: Documents>(
    documents: &D,
    owner: &Owner,
    id: &str,
    change: impl Fn(&mut StoredWebhook),
) -> Result<StoredWebhook, Refusal> {
    let webhook = named(id)?;
    for _ in 0..TRIES {
        let stored = documents.webhook(owner.as_str(), &webhook).await?;
        let mut next = stored.ok_or_else(|| unknown(id))?;
        change(&mut next);
        next.version += 1;
        if documents.swap_webhook(&next).await? {
            return Ok(next);
        }
    }
    Err(StoreError::Contended {
        what: format!("webhook {id}"),
        attempts: TRIES,
    }
    .into())
}

fn unknown(id: &str) -> Refusal {
    let detail = format!("there is no webhook {id}");
    Refusal::new(ProblemCode::WebhookNotFound, detail)
}

fn named(id: &str) -> Result<WebhookId, Refusal> {
    WebhookId::new(id).map_err(|_| unknown(id))
}

fn invalid(detail: impl Into<String>) -> Refusal {
    Refusal::new(ProblemCode::RequestInvalid, detail)
}

/// Whether deliveries can go there. Which addresses a name has is looked at with each delivery.
fn check_url(url: &str, may_be_plain: bool) -> Result<(), Refusal> {
    let parsed: Uri = url.parse().map_err(|_| invalid("url: it is no URL"))?;
    let is_safe = parsed.scheme_str() == Some("https");
    let is_allowed = is_safe || may_be_plain && parsed.scheme_str() == Some("http");
    if !is_allowed {
        return Err(invalid("url: it should begin with https://"));
    }
    let authority = parsed
        .authority()
        .map_or("", |authority| authority.as_str());
    let has_host = parsed.host().is_some_and(|host| !host.is_empty());
    if !has_host || authority.contains('@') || url.contains('#') {
        let detail = "url: it should have a host, and no user, password or fragment";
        return Err(invalid(detail));
    }
    if url.len() > MAX_URL {
        return Err(invalid(format!("url: it has more than {MAX_URL} bytes")));
    }
    Ok(())
}

fn own_events(wanted: Vec<EventType>) -> Result<Vec<domain::event::EventType>, Refusal> {
    let most = domain::event::EventType::ALL.len();
    if !(1..=most).contains(&wanted.len()) {
        let detail = format!("events: name 1 to {most}, or leave it out");
        return Err(invalid(detail));
    }
    let mut events: Vec<_> = wanted.into_iter().map(Into::into).collect();
    events.sort();
    events.dedup();
    Ok(events)
}

fn shown(stored: &StoredWebhook) -> Webhook {
    let webhook = &stored.webhook;
    let all = domain::event::EventType::ALL.into_iter();
    let events = all.filter(|&event| webhook.wants(event));
    let old_secret = webhook.old_secret_at(now_ms());
    Webhook {
        id: webhook.id.to_string(),
        url: webhook.url.clone(),
        events: events.map(Into::into).collect(),
        secret: None,
        old_secret_until: old_secret.map(|old| Timestamp(old.until_ms)),
        enabled: stored.enabled,
        created_at: Timestamp(webhook.created_ms),
        last_delivery: stored.last.as_ref().map(delivery),
    }
}

fn delivery(last: &domain::webhook::Delivery) -> Delivery {
    let error = match &last.outcome {
        Outcome::Delivered => None,
        Outcome::Gone => Some("the receiver answered with 410: it is gone".to_owned()),
        Outcome::Refused(status) => Some(format!("the receiver answered with {status}")),
        Outcome::Unanswered(reason) => Some(reason.clone()),
    };
    Delivery {
        event: last.id.to_string(),
        kind: last.event.into(),
        time: Timestamp(last.at_ms),
        attempt: last.attempt,
        delivered: error.is_none(),
        error,
    }
}
