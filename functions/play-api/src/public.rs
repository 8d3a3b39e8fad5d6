//! What everybody may see: public and unlisted assets that play.

use api::asset::{Asset, AssetQuery, Assets};
use api::{PageQuery, Problem, ProblemCode};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use cloud::ports::Shelf;
use domain::ids::AssetId;
use service::{Query, Refusal};

use crate::look::Seen;
use crate::playback::hand_out;
use crate::present::{Detail, for_viewers, present, tag, tagged};
use crate::routes::Shared;
use crate::search::search;
use crate::{Documents, Executions, Objects, Ports};

/// List public assets
#[utoipa::path(
    get,
    path = "/api/public/assets",
    operation_id = "listPublicAssets",
    tag = "public",
    params(PageQuery, ("q" = Option<String>, Query, max_length = 200, description = "Words that are all in title, file name or tags")),
    responses(
        (status = 200, description = "The newest first", body = Assets),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    Query(query): Query<AssetQuery>,
) -> Result<Response, Refusal> {
    let query = AssetQuery {
        q: query.q,
        limit: query.limit,
        cursor: query.cursor,
        ..AssetQuery::default()
    };
    let page = search(Shelf::Public, query, &ports).await?;
    Ok(tagged(tag(&page.assets), Json(page)))
}

async fn find<S, D: Documents, E>(id: &str, ports: &Ports<S, D, E>) -> Result<Seen, Refusal> {
    let unknown = || {
        Refusal::new(
            ProblemCode::AssetNotFound,
            format!("there is no asset {id}"),
        )
    };
    let asset = AssetId::new(id).map_err(|_| unknown())?;
    let stored = ports.documents.entry(&asset).await?.ok_or_else(unknown)?;
    let seen = Seen::of(stored, &ports.documents).await?;
    Some(seen).filter(Seen::is_open_to_all).ok_or_else(unknown)
}

/// Show a public or unlisted asset
#[utoipa::path(
    get,
    path = "/api/public/assets/{asset}",
    operation_id = "showPublicAsset",
    tag = "public",
    params(("asset" = String, Path, description = "The asset's id")),
    responses(
        (status = 200, description = "The asset", body = Asset),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let seen = find(&id, &ports).await?;
    let asset = for_viewers(present(&seen, Detail::Whole, &ports).await?);
    Ok(tagged(tag(std::slice::from_ref(&asset)), Json(asset)))
}

/// Play a public or unlisted asset
#[utoipa::path(
    post,
    path = "/api/public/assets/{asset}/playback",
    operation_id = "playPublicAsset",
    tag = "public",
    params(("asset" = String, Path, description = "The asset's id")),
    responses(
        (status = 200, description = "Signed access to its stream", body = api::playback::Playback),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn play<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let seen = find(&id, &ports).await?;
    hand_out(&seen, &ports)
}
