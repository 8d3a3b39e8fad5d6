//! The paths of the API that are about assets, and the router with all paths.

use std::sync::Arc;

use api::asset::{Asset, AssetChange, AssetQuery, Assets};
use api::{Problem, ProblemCode, Settings};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use cloud::ports::{Shelf, StoredEntry};
use domain::ids::AssetId;
use service::{Body, Owner, Query, Refusal, etag};
use utoipa::OpenApi;

use crate::change::{changed, give_up, try_again, write};
use crate::look::Seen;
use crate::playback::hand_out;
use crate::present::{Detail, present, tag, tagged};
use crate::search::search;
use crate::{Documents, Executions, Objects, Ports, captions, public, webhooks};

/// The description of the whole API; a test holds it to the code.
const OPENAPI: &str = include_str!("../../../docs/openapi.json");

pub(crate) type Shared<S, D, E> = State<Arc<Ports<S, D, E>>>;

/// The router.
pub fn router<S: Objects, D: Documents, E: Executions>(ports: Ports<S, D, E>) -> Router {
    let assets = Router::new()
        .route("/api/assets", get(list::<S, D, E>))
        .route(
            "/api/assets/{asset}",
            get(show::<S, D, E>)
                .patch(change::<S, D, E>)
                .delete(remove::<S, D, E>),
        )
        .route("/api/assets/{asset}/retry", post(again::<S, D, E>))
        .route("/api/assets/{asset}/playback", post(play::<S, D, E>))
        .route(
            "/api/assets/{asset}/captions",
            get(captions::show::<S, D, E>),
        )
        .route(
            "/api/assets/{asset}/captions/{language}",
            put(captions::add::<S, D, E>).delete(captions::drop::<S, D, E>),
        );
    let public = Router::new()
        .route("/api/public/assets", get(public::list::<S, D, E>))
        .route("/api/public/assets/{asset}", get(public::show::<S, D, E>))
        .route(
            "/api/public/assets/{asset}/playback",
            post(public::play::<S, D, E>),
        );
    let webhooks = Router::new()
        .route(
            "/api/webhooks",
            get(webhooks::list::<S, D, E>).post(webhooks::make::<S, D, E>),
        )
        .route(
            "/api/webhooks/{webhook}",
            get(webhooks::show::<S, D, E>)
                .patch(webhooks::change::<S, D, E>)
                .delete(webhooks::forget::<S, D, E>),
        )
        .route(
            "/api/webhooks/{webhook}/secret",
            post(webhooks::renew::<S, D, E>),
        );
    let about = Router::new()
        .route("/api/config", get(settings::<S, D, E>))
        .route("/api/openapi.json", get(description));
    let all = assets.merge(public).merge(webhooks).merge(about);
    all.with_state(Arc::new(ports))
}

/// The paths as the OpenAPI document has them.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(
        paths(
            list,
            show,
            change,
            remove,
            again,
            play,
            captions::show,
            captions::add,
            captions::drop,
            public::list,
            public::show,
            public::play,
            webhooks::list,
            webhooks::make,
            webhooks::show,
            webhooks::change,
            webhooks::renew,
            webhooks::forget,
            settings,
            description
        ),
        components(schemas(Problem, api::event::Event)),
        tags(
            (name = "assets", description = "What an owner has"),
            (name = "captions", description = "Words beside the film"),
            (name = "public", description = "What everybody may watch"),
            (name = "webhooks", description = "Where an owner hears of their assets"),
            (name = "about", description = "What a client has to know first"),
        )
    )]
    struct Document;
    Document::openapi()
}

/// The owner's asset. Another owner's is not there.
pub(crate) async fn find<S, D: Documents, E>(
    id: &str,
    owner: &Owner,
    ports: &Ports<S, D, E>,
) -> Result<StoredEntry, Refusal> {
    let unknown = || {
        Refusal::new(
            ProblemCode::AssetNotFound,
            format!("there is no asset {id}"),
        )
    };
    let asset = AssetId::new(id).map_err(|_| unknown())?;
    let stored = ports.documents.entry(&asset).await?;
    let stored = stored.filter(|stored| stored.entry.owner == owner.as_str());
    stored.ok_or_else(unknown)
}

/// What is being removed can be looked at until it is gone, and nothing else.
pub(crate) fn refuse_gone(stored: &StoredEntry) -> Result<(), Refusal> {
    if stored.entry.removing {
        let detail = format!("{} is being removed", stored.entry.title);
        return Err(Refusal::new(ProblemCode::AssetNotFound, detail));
    }
    Ok(())
}

/// What a client names in `If-Match` has to be what it changes.
pub(crate) fn refuse_unseen(headers: &HeaderMap, stored: &StoredEntry) -> Result<(), Refusal> {
    if etag::may_change(headers, stored.version) {
        return Ok(());
    }
    let detail = format!("{} is at version {}", stored.entry.asset, stored.version);
    Err(Refusal::new(ProblemCode::PreconditionFailed, detail))
}

/// The asset as it is now.
async fn shown<S: Objects, D: Documents, E: Executions>(
    stored: StoredEntry,
    ports: &Ports<S, D, E>,
) -> Result<Response, Refusal> {
    let seen = Seen::of(stored, &ports.documents).await?;
    let asset = present(&seen, Detail::Whole, ports).await?;
    Ok(tagged(tag(std::slice::from_ref(&asset)), Json(asset)))
}

/// List and search assets
#[utoipa::path(
    get,
    path = "/api/assets",
    operation_id = "listAssets",
    tag = "assets",
    security(("token" = [])),
    params(AssetQuery),
    responses(
        (status = 200, description = "The newest first", body = Assets),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Query(query): Query<AssetQuery>,
) -> Result<Response, Refusal> {
    let shelf = Shelf::Owner(owner.as_str());
    let page = search(shelf, query, &ports).await?;
    Ok(tagged(tag(&page.assets), Json(page)))
}

/// Show an asset
#[utoipa::path(
    get,
    path = "/api/assets/{asset}",
    operation_id = "showAsset",
    tag = "assets",
    security(("token" = [])),
    params(("asset" = String, Path, description = "The asset's id")),
    responses(
        (status = 200, description = "The asset", body = Asset),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn show<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    shown(find(&id, &owner, &ports).await?, &ports).await
}

/// Rename, tag, or open an asset to others
///
/// With `If-Match: "v` and the asset's `version` and `"`, only the version that the client saw is
/// changed.
#[utoipa::path(
    patch,
    path = "/api/assets/{asset}",
    operation_id = "changeAsset",
    tag = "assets",
    security(("token" = [])),
    params(
        ("asset" = String, Path, description = "The asset's id"),
        ("If-Match" = Option<String>, Header, description = "The version that is changed"),
    ),
    request_body = AssetChange,
    responses(
        (status = 200, description = "The asset as it is now", body = Asset),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn change<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(change): Body<AssetChange>,
) -> Result<Response, Refusal> {
    let stored = find(&id, &owner, &ports).await?;
    refuse_unseen(&headers, &stored)?;
    refuse_gone(&stored)?;
    let next = changed(&stored.entry, change)?;
    write(&stored, &next, &ports.documents).await?;
    let written = StoredEntry {
        entry: next,
        version: stored.version + 1,
        ..stored
    };
    shown(written, &ports).await
}

/// Remove an asset
///
/// Its stream, its source and all that is known of it go, within a minute. Nobody can play it from
/// now on but who has signed access already. The same call again does no harm.
#[utoipa::path(
    delete,
    path = "/api/assets/{asset}",
    operation_id = "removeAsset",
    tag = "assets",
    security(("token" = [])),
    params(("asset" = String, Path, description = "The asset's id")),
    responses(
        (status = 202, description = "It is being removed", body = Asset),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn remove<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let stored = find(&id, &owner, &ports).await?;
    let gone = give_up(&stored, &ports).await?;
    let asset = shown(gone, &ports).await?;
    Ok((StatusCode::ACCEPTED, asset).into_response())
}

/// Try a failed asset again
#[utoipa::path(
    post,
    path = "/api/assets/{asset}/retry",
    operation_id = "retryAsset",
    tag = "assets",
    security(("token" = [])),
    params(("asset" = String, Path, description = "The asset's id")),
    responses(
        (status = 202, description = "It is tried again", body = Asset),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn again<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let stored = find(&id, &owner, &ports).await?;
    refuse_gone(&stored)?;
    let seen = Seen::of(stored, &ports.documents).await?;
    try_again(&seen, &ports).await?;
    let asset = shown(seen.stored, &ports).await?;
    Ok((StatusCode::ACCEPTED, asset).into_response())
}

/// Play an asset
#[utoipa::path(
    post,
    path = "/api/assets/{asset}/playback",
    operation_id = "playAsset",
    tag = "assets",
    security(("token" = [])),
    params(("asset" = String, Path, description = "The asset's id")),
    responses(
        (status = 200, description = "Signed access to its stream", body = api::playback::Playback),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn play<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let stored = find(&id, &owner, &ports).await?;
    refuse_gone(&stored)?;
    let seen = Seen::of(stored, &ports.documents).await?;
    hand_out(&seen, &ports)
}

/// What a client has to know before it can sign in
#[utoipa::path(
    get,
    path = "/api/config",
    operation_id = "showSettings",
    tag = "about",
    responses((status = 200, description = "The settings", body = Settings))
)]
async fn settings<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
) -> Json<Settings> {
    Json(ports.settings.clone())
}

/// This document
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "describeApi",
    tag = "about",
    responses((status = 200, description = "The OpenAPI document"))
)]
async fn description() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
