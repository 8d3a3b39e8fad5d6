//! The paths of the API that are about captions.
//!
//! A text lies in the media bucket before the entry names it, and under a name of its own: so nobody
//! who is told of a caption misses its text, and of two who add at once none overwrites the other. What
//! was stored for a change that somebody else was faster with, the function `caption` takes away.

use api::caption::{Caption, CaptionAttributes, CaptionQuery, Captions};
use api::{Problem, ProblemCode, Timestamp};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use cloud::Content;
use cloud::lease::now_ms;
use cloud::ports::StoredEntry;
use domain::caption::{self, MAX_CAPTION_BYTES, MAX_CAPTION_NAME, MAX_CAPTIONS};
use domain::ids::CaptionId;
use domain::language::Language;
use domain::layout::caption_key;
use domain::library::LibraryEntry;
use domain::object::ObjectRef;
use media::{captions, webvtt};
use service::{Owner, Query, Refusal, body};

use crate::change::words;
use crate::look::Seen;
use crate::routes::{Shared, find, refuse_gone, refuse_unseen};
use crate::{Documents, Executions, Objects, Ports};

/// Media types of the two formats, as they are in use.
const TYPES: [&str; 3] = ["text/vtt", "application/x-subrip", "text/srt"];
/// How often a change is tried while others change the asset.
const TRIES: u32 = 8;

/// List captions
#[utoipa::path(
    get,
    path = "/api/assets/{asset}/captions",
    operation_id = "listCaptions",
    tag = "captions",
    security(("token" = [])),
    params(("asset" = String, Path, description = "The asset's id")),
    responses(
        (status = 200, description = "All of the asset", body = Captions),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<Json<Captions>, Refusal> {
    let stored = find(&id, &owner, &ports).await?;
    let seen = Seen::of(stored, &ports.documents).await?;
    let captions = list(&seen);
    Ok(Json(Captions { captions }))
}

/// Add or replace a caption
///
/// WebVTT or SubRip of at most 2 MiB, in UTF-8 or, with a byte order mark, UTF-16. An asset has one
/// caption of a language and a kind, and at most 50. Nothing is encoded again: a stream that plays has
/// it some seconds later, for who begins to watch then.
#[utoipa::path(
    put,
    path = "/api/assets/{asset}/captions/{language}",
    operation_id = "addCaption",
    tag = "captions",
    security(("token" = [])),
    params(
        ("asset" = String, Path, description = "The asset's id"),
        ("language" = String, Path, description = "Language tag (RFC 5646)"),
        CaptionAttributes,
        ("If-Match" = Option<String>, Header, description = "The asset's version that is changed"),
    ),
    request_body(description = "The file", content(
        (String = "text/vtt"), (String = "application/x-subrip"), (String = "text/srt"),
    )),
    responses(
        (status = 200, description = "The caption", body = Caption),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path((id, language)): Path<(String, String)>,
    Query(attributes): Query<CaptionAttributes>,
    request: Request,
) -> Result<Json<Caption>, Refusal> {
    let language = tag(&language)?;
    let (head, body) = request.into_parts();
    let wanted = Wanted {
        kind: attributes.kind.into(),
        name: name(attributes.name)?,
        text: text(&head.headers, body).await?,
        language,
    };
    for _ in 0..TRIES {
        let stored = find(&id, &owner, &ports).await?;
        refuse_unseen(&head.headers, &stored)?;
        refuse_gone(&stored)?;
        let captions = &stored.entry.captions;
        let known = captions.find(&wanted.language, wanted.kind);
        if let Some(known) = known.filter(|known| known.id.says(&wanted.said())) {
            let known = known.clone();
            return shown(stored, &known, &ports).await;
        }
        if known.is_none() && captions.list.len() >= MAX_CAPTIONS {
            let detail = format!("{} has {MAX_CAPTIONS} captions", stored.entry.title);
            return Err(Refusal::new(ProblemCode::TooManyCaptions, detail));
        }
        let caption = wanted.caption(captions.revision + 1);
        keep(&stored, &caption, wanted.text.clone(), &ports).await?;
        let next = captions.with(caption.clone());
        if let Some(stored) = changed(&stored, next, &ports).await? {
            return shown(stored, &caption, &ports).await;
        }
    }
    Err(busy(&id))
}

/// Drop a caption
#[utoipa::path(
    delete,
    path = "/api/assets/{asset}/captions/{language}",
    operation_id = "dropCaption",
    tag = "captions",
    security(("token" = [])),
    params(
        ("asset" = String, Path, description = "The asset's id"),
        ("language" = String, Path, description = "Language tag (RFC 5646)"),
        CaptionQuery,
        ("If-Match" = Option<String>, Header, description = "The asset's version that is changed"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn drop<S: Objects, D: Documents, E: Executions>(
    State(ports): Shared<S, D, E>,
    owner: Owner,
    Path((id, language)): Path<(String, String)>,
    Query(CaptionQuery { kind }): Query<CaptionQuery>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let (language, kind) = (tag(&language)?, kind.into());
    for _ in 0..TRIES {
        let stored = find(&id, &owner, &ports).await?;
        refuse_unseen(&headers, &stored)?;
        refuse_gone(&stored)?;
        let captions = &stored.entry.captions;
        if captions.find(&language, kind).is_none() {
            let title = &stored.entry.title;
            let detail = format!("{title} has no {} in {language}", kind.name());
            return Err(Refusal::new(ProblemCode::CaptionNotFound, detail));
        }
        let next = captions.without(&language, kind);
        if changed(&stored, next, &ports).await?.is_some() {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(busy(&id))
}

/// All captions of an asset.
pub(crate) fn list(seen: &Seen) -> Vec<Caption> {
    let captions = &seen.stored.entry.captions.list;
    captions.iter().map(|caption| line(caption, seen)).collect()
}

fn line(caption: &caption::Caption, seen: &Seen) -> Caption {
    Caption {
        language: caption.language.to_string(),
        kind: caption.kind.into(),
        name: caption.name.clone(),
        added_at: Timestamp(caption.added_ms),
        // No revision is at or before none.
        playable: caption.id.revision() <= seen.captioned(),
    }
}

/// A caption that is to be.
struct Wanted {
    language: Language,
    kind: caption::CaptionKind,
    name: Option<String>,
    /// As WebVTT.
    text: Bytes,
}

impl Wanted {
    fn said(&self) -> [&str; 4] {
        let name = self.name.as_deref().unwrap_or_default();
        let text = str::from_utf8(&self.text).unwrap_or_default();
        [self.language.as_str(), self.kind.name(), name, text]
    }

    fn caption(&self, revision: u64) -> caption::Caption {
        caption::Caption {
            id: CaptionId::of(revision, &self.said()),
            language: self.language.clone(),
            kind: self.kind,
            name: self.name.clone(),
            added_ms: now_ms(),
        }
    }
}

fn tag(language: &str) -> Result<Language, Refusal> {
    Language::parse(language)
        .map_err(|error| Refusal::new(ProblemCode::RequestInvalid, error.to_string()))
}

fn name(given: Option<String>) -> Result<Option<String>, Refusal> {
    given
        .map(|name| words("name", &name, MAX_CAPTION_NAME))
        .transpose()
}

/// The file as WebVTT, whatever it was.
async fn text(headers: &HeaderMap, body: axum::body::Body) -> Result<Bytes, Refusal> {
    let named = headers.get(header::CONTENT_TYPE);
    let named = named.and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = named.split(';').next().unwrap_or_default().trim();
    if !TYPES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(essence))
    {
        let detail = format!("its type is `{essence}`");
        return Err(Refusal::new(ProblemCode::CaptionTypeUnsupported, detail));
    }
    let file = body::file(body, MAX_CAPTION_BYTES).await.ok_or_else(|| {
        let detail = format!("it has more than {MAX_CAPTION_BYTES} bytes, or broke off");
        Refusal::new(ProblemCode::CaptionTooLarge, detail)
    })?;
    let cues = captions::read(&file)
        .map_err(|error| Refusal::new(ProblemCode::CaptionInvalid, error.to_string()))?;
    Ok(Bytes::from(webvtt::render(&cues)))
}

async fn keep<S: Objects, D, E>(
    stored: &StoredEntry,
    caption: &caption::Caption,
    text: Bytes,
    ports: &Ports<S, D, E>,
) -> Result<(), Refusal> {
    let object = ObjectRef {
        bucket: ports.media.clone(),
        key: caption_key(&stored.entry.asset, &caption.id),
    };
    let written = ports.objects.write(&object, text, Content::WebVtt).await;
    Ok(written?)
}

/// The asset with other captions; none where somebody else changed it meanwhile.
async fn changed<S, D: Documents, E>(
    seen: &StoredEntry,
    captions: caption::Captions,
    ports: &Ports<S, D, E>,
) -> Result<Option<StoredEntry>, Refusal> {
    let entry = LibraryEntry {
        captions,
        changed_ms: now_ms(),
        ..seen.entry.clone()
    };
    let is_written = ports.documents.change_entry(seen, &entry).await?;
    Ok(is_written.then(|| StoredEntry {
        entry,
        version: seen.version + 1,
        ..seen.clone()
    }))
}

async fn shown<S, D: Documents, E>(
    stored: StoredEntry,
    caption: &caption::Caption,
    ports: &Ports<S, D, E>,
) -> Result<Json<Caption>, Refusal> {
    let seen = Seen::of(stored, &ports.documents).await?;
    Ok(Json(line(caption, &seen)))
}

fn busy(id: &str) -> Refusal {
    let detail = format!("{id} is being changed all the time");
    Refusal::new(ProblemCode::AssetBusy, detail)
}
