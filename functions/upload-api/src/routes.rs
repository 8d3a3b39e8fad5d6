//! The paths of the API that are about uploads.

use std::sync::Arc;
use std::time::Duration;

use api::upload::{
    CompletedUpload, NewUpload, PartsWanted, SignedPart, SignedParts, Upload, Uploads,
};
use api::{DEFAULT_LIMIT, MAX_LIMIT, PageQuery, Problem, ProblemCode, Timestamp};
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use cloud::StoreError;
use cloud::lease::now_ms;
use cloud::ports::PartToSign;
use domain::ids::UploadId;
use domain::object::{ObjectKey, ObjectRef};
use domain::upload::{UploadRecord, UploadState};
use futures_util::future::try_join_all;
use service::{Body, Owner, Query, Refusal};
use utoipa::OpenApi;

use crate::accept::{Accepted, accept, is_base64_sha256};
use crate::complete::{arrived, complete, ended, finish};
use crate::describe::describe;
use crate::{Documents, Executions, Objects, Ports};

/// How long an upload may take: what the bucket's lifecycle rule leaves it.
const LIFETIME: Duration = Duration::from_hours(7 * 24);
/// How long a part's address is good for.
const ADDRESS: Duration = Duration::from_hours(1);
/// Most open uploads of an owner.
const MOST_OPEN: u32 = 100;
/// Most parts that one call signs.
const MOST_SIGNED: usize = 100;

type Shared<S, D, E> = State<Arc<Ports<S, D, E>>>;

/// The router.
pub fn router<S: Objects, D: Documents, E: Executions>(ports: Ports<S, D, E>) -> Router {
    let uploads = Router::new()
        .route("/api/uploads", post(begin::<S, D, E>).get(list::<S, D, E>))
        .route(
            "/api/uploads/{upload}",
            get(show::<S, D, E>).delete(abort::<S, D, E>),
        )
        .route("/api/uploads/{upload}/parts", post(sign::<S, D, E>))
        .route("/api/uploads/{upload}/complete", post(end::<S, D, E>));
    uploads.with_state(Arc::new(ports))
}

/// The paths as the OpenAPI document has them.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(
        paths(begin, list, show, sign, end, abort),
        components(schemas(Problem)),
        tags((name = "uploads", description = "Files on their way in, part by part"))
    )]
    struct Document;
    Document::openapi()
}

/// Begin an upload
///
/// With `sha256`, an open upload of the same file is given back instead of a new one, so that a
/// client that lost everything can go on.
#[utoipa::path(
    post,
    path = "/api/uploads",
    operation_id = "beginUpload",
    tag = "uploads",
    security(("token" = [])),
    request_body = NewUpload,
    responses(
        (status = 201, description = "A new upload", body = Upload,
         headers(("Location" = String, description = "Path of the upload"))),
        (status = 200, description = "The open upload of the same file", body = Upload),
        (status = "4XX", description = "Not taken", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn begin<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Body(new): Body<NewUpload>,
) -> Result<Response, Refusal> {
    let accepted = accept(new, ports.max_bytes)?;
    let open = ports
        .documents
        .open_uploads(owner.as_str(), None, MOST_OPEN);
    let open = open.await?;
    let record = record(accepted, &owner, &ports)?;
    if let Some(known) = open
        .uploads
        .iter()
        .find(|known| known.is_same_file(&record))
        && let Some(there) = arrived(known, &ports).await?
    {
        return Ok(Json(describe(known, &there)).into_response());
    }
    if open.uploads.len() >= MOST_OPEN as usize {
        let detail = format!("{MOST_OPEN} uploads are open");
        return Err(Refusal::new(ProblemCode::TooManyUploads, detail));
    }
    let media_type = match record.media_type.as_str() {
        "" => "application/octet-stream",
        known => known,
    };
    // Should this call die before the record is kept, the bucket's lifecycle rule clears up.
    let multipart = ports
        .objects
        .begin_parts(&record.object, media_type, record.part_sha256)
        .await?;
    let record = UploadRecord {
        multipart,
        ..record
    };
    ports.documents.keep_upload(&record).await?;
    tracing::info!(upload = %record.id, size = record.size, "upload began");
    let location = [(header::LOCATION, format!("/api/uploads/{}", record.id))];
    Ok((StatusCode::CREATED, location, Json(describe(&record, &[]))).into_response())
}

fn record<S, D, E>(
    accepted: Accepted,
    owner: &Owner,
    ports: &Ports<S, D, E>,
) -> Result<UploadRecord, Refusal> {
    let id = UploadId::of(cloud::random::bits()?);
    let created_ms = now_ms();
    let lifetime = u64::try_from(LIFETIME.as_millis()).unwrap_or(u64::MAX);
    Ok(UploadRecord {
        object: ObjectRef {
            bucket: ports.bucket.clone(),
            key: ObjectKey::new(format!("{}/{id}/{}", owner.as_str(), accepted.name)),
        },
        id,
        owner: owner.as_str().to_owned(),
        multipart: String::new(),
        name: accepted.name,
        size: accepted.size,
        media_type: accepted.media_type,
        title: accepted.title,
        profile: accepted.profile,
        sha256: accepted.sha256,
        part_sha256: accepted.part_sha256,
        created_ms,
        expires_ms: created_ms + lifetime,
        state: UploadState::Open,
    })
}

/// List open uploads
#[utoipa::path(
    get,
    path = "/api/uploads",
    operation_id = "listUploads",
    tag = "uploads",
    security(("token" = [])),
    params(PageQuery),
    responses(
        (status = 200, description = "The newest first, without their parts", body = Uploads),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Query(query): Query<PageQuery>,
) -> Result<Json<Uploads>, Refusal> {
    let limit = service::paging::limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let after = service::paging::place(query.cursor)?;
    let page = ports
        .documents
        .open_uploads(owner.as_str(), after.as_deref(), limit);
    let page = page.await?;
    let uploads = page.uploads.iter().map(|record| describe(record, &[]));
    Ok(Json(Uploads {
        uploads: uploads.collect(),
        next: page.next,
    }))
}

/// The owner's upload. Another owner's is not there.
async fn find<S, D: Documents, E>(
    id: &str,
    owner: &Owner,
    ports: &Ports<S, D, E>,
) -> Result<UploadRecord, Refusal> {
    let unknown = || {
        Refusal::new(
            ProblemCode::UploadNotFound,
            format!("there is no upload {id}"),
        )
    };
    let id = UploadId::new(id).map_err(|_| unknown())?;
    let record = ports.documents.upload(&id).await?;
    let record = record.filter(|record| record.owner == owner.as_str());
    record.ok_or_else(unknown)
}

/// Show an upload with the parts that are there
#[utoipa::path(
    get,
    path = "/api/uploads/{upload}",
    operation_id = "showUpload",
    tag = "uploads",
    security(("token" = [])),
    params(("upload" = String, Path, description = "The upload's id")),
    responses(
        (status = 200, description = "The upload", body = Upload),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn show<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<Json<Upload>, Refusal> {
    let record = find(&id, &owner, &ports).await?;
    match record.state {
        UploadState::Completed { .. } => Ok(Json(describe(&record, &[]))),
        UploadState::Aborted => Err(ended(&record)),
        UploadState::Open => {
            if let Some(there) = arrived(&record, &ports).await? {
                return Ok(Json(describe(&record, &there)));
            }
            // A call to complete it died before it could say so.
            let job = finish(&record, &ports)
                .await?
                .ok_or_else(|| ended(&record))?;
            let state = UploadState::Completed { job };
            Ok(Json(describe(&UploadRecord { state, ..record }, &[])))
        }
    }
}

/// Get addresses to send parts to
///
/// Parts may be sent in any order, several at a time, and again.
#[utoipa::path(
    post,
    path = "/api/uploads/{upload}/parts",
    operation_id = "signParts",
    tag = "uploads",
    security(("token" = [])),
    params(("upload" = String, Path, description = "The upload's id")),
    request_body = PartsWanted,
    responses(
        (status = 200, description = "One address for each part", body = SignedParts),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn sign<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
    Body(wanted): Body<PartsWanted>,
) -> Result<Json<SignedParts>, Refusal> {
    let record = find(&id, &owner, &ports).await?;
    if record.state != UploadState::Open {
        return Err(ended(&record));
    }
    let wanted = planned(&record, wanted)?;
    let expires_at = now_ms() + u64::try_from(ADDRESS.as_millis()).unwrap_or(u64::MAX);
    let signed = wanted.iter().map(async |part| {
        let UploadRecord {
            object, multipart, ..
        } = &record;
        let put = ports.objects.sign_part(object, multipart, part, ADDRESS);
        let put = put.await?;
        Ok::<_, StoreError>(SignedPart {
            number: part.number,
            size: part.size,
            url: put.url.reveal().to_owned(),
            headers: put.headers,
        })
    });
    Ok(Json(SignedParts {
        parts: try_join_all(signed).await?,
        expires_at: Timestamp(expires_at),
    }))
}

fn planned(record: &UploadRecord, wanted: PartsWanted) -> Result<Vec<PartToSign>, Refusal> {
    let invalid = |detail: String| Refusal::new(ProblemCode::RequestInvalid, detail);
    if !(1..=MOST_SIGNED).contains(&wanted.parts.len()) {
        return Err(invalid(format!(
            "parts: there should be 1 to {MOST_SIGNED}"
        )));
    }
    let plan = record.parts();
    let parts = wanted.parts.into_iter().map(|part| {
        let range = plan.range(part.number).ok_or_else(|| {
            let (number, count) = (part.number, plan.count());
            invalid(format!("parts: {number} is not one of 1 to {count}"))
        })?;
        let fits = match &part.sha256 {
            Some(sum) => record.part_sha256 && is_base64_sha256(sum),
            None => !record.part_sha256,
        };
        if !fits {
            let number = part.number;
            let wanted = if record.part_sha256 {
                "should be there, in base 64"
            } else {
                "was not announced when the upload began"
            };
            return Err(invalid(format!("parts: the sha256 of {number} {wanted}")));
        }
        Ok(PartToSign {
            number: part.number,
            size: range.end - range.start,
            sha256: part.sha256,
        })
    });
    parts.collect()
}

/// Complete an upload
///
/// Its job starts at once. The same call again gives the same answer.
#[utoipa::path(
    post,
    path = "/api/uploads/{upload}/complete",
    operation_id = "completeUpload",
    tag = "uploads",
    security(("token" = [])),
    params(("upload" = String, Path, description = "The upload's id")),
    responses(
        (status = 200, description = "What it has become", body = CompletedUpload),
        (status = "4XX", description = "Refused; `missing` names parts that are not there", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn end<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<Json<CompletedUpload>, Refusal> {
    let record = find(&id, &owner, &ports).await?;
    Ok(Json(complete(record, &ports).await?))
}

/// Give an upload up
#[utoipa::path(
    delete,
    path = "/api/uploads/{upload}",
    operation_id = "abortUpload",
    tag = "uploads",
    security(("token" = [])),
    params(("upload" = String, Path, description = "The upload's id")),
    responses(
        (status = 204, description = "Its parts are forgotten"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn abort<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let record = find(&id, &owner, &ports).await?;
    if matches!(record.state, UploadState::Completed { .. }) {
        return Err(ended(&record));
    }
    let UploadRecord {
        object, multipart, ..
    } = &record;
    ports.objects.drop_parts(object, multipart).await?;
    let state = UploadState::Aborted;
    ports
        .documents
        .keep_upload(&UploadRecord { state, ..record })
        .await?;
    let nothing: [(HeaderName, &str); 0] = [];
    Ok((StatusCode::NO_CONTENT, nothing).into_response())
}
