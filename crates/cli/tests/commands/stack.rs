//! A stack in memory, with faults that a test wishes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use api::asset::{Asset, AssetChange, AssetState, Assets, Failure, Visibility};
use api::caption::{Caption, CaptionKind, Captions};
use api::playback::{Cookie, Playback};
use api::upload::{
    ArrivedPart, CompletedUpload, NewUpload, PartsWanted, SignedPart, SignedParts, Upload,
    UploadState,
};
use api::webhook::Webhook;
use api::{Problem, ProblemCode, Settings, Timestamp};
use domain::ErrorCode;
use domain::upload::{Parts, missing};

use crate::issuer::{self, password};
use crate::server::{Answer, Request, serve};

/// The token that the API takes.
pub(crate) const TOKEN: &str = "the-token";
/// Bytes in a part.
pub(crate) const PART: u64 = 1024 * 1024;
/// The query that opens streams.
pub(crate) const SIGNATURE: &str = "Policy=p&Signature=s&Key-Pair-Id=k&Hash-Algorithm=SHA256";

/// What the stack knows.
#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) origin: String,
    pub(crate) uploads: BTreeMap<String, Upload>,
    pub(crate) parts: BTreeMap<(String, u32), Vec<u8>>,
    pub(crate) assets: BTreeMap<String, Asset>,
    /// States that an asset takes one after the other, at each look at it.
    pub(crate) coming: BTreeMap<String, Vec<Asset>>,
    /// Files of streams by path.
    pub(crate) media: BTreeMap<String, Vec<u8>>,
    /// In the order in which they were made.
    pub(crate) webhooks: Vec<Webhook>,
    /// What the issuer of tokens was asked, as forms.
    pub(crate) forms: Vec<String>,
    /// All requests, as `GET /path`.
    pub(crate) log: Vec<String>,
    faults: Vec<Fault>,
}

struct Fault {
    request: String,
    times: usize,
    answer: Answer,
}

/// A stack.
#[derive(Clone)]
pub(crate) struct Stack {
    inner: Arc<Mutex<Inner>>,
    pub(crate) origin: String,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner::default()));
        let shared = Arc::clone(&inner);
        let origin = serve(move |request| shared.lock().unwrap().answer(&request)).await;
        inner.lock().unwrap().origin.clone_from(&origin);
        Self { inner, origin }
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Answers the next requests that begin so with something else.
    pub(crate) fn fail(&self, request: &str, times: usize, answer: Answer) {
        self.inner().faults.push(Fault {
            request: request.to_owned(),
            times,
            answer,
        });
    }

    pub(crate) fn heal(&self) {
        self.inner().faults.clear();
    }

    /// Requests so far that begin so.
    pub(crate) fn count(&self, request: &str) -> usize {
        let inner = self.inner();
        inner
            .log
            .iter()
            .filter(|known| known.starts_with(request))
            .count()
    }

    pub(crate) fn add(&self, asset: Asset) {
        self.inner().assets.insert(asset.id.clone(), asset);
    }
}

impl Inner {
    fn answer(&mut self, request: &Request) -> Answer {
        let name = format!("{} {}", request.method, request.path);
        self.log.push(name.clone());
        let mut faults = self.faults.iter_mut();
        let fault = faults.find(|fault| fault.times > 0 && name.starts_with(&fault.request));
        if let Some(fault) = fault {
            fault.times -= 1;
            return fault.answer.clone();
        }
        let parts: Vec<&str> = request.path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["api", "config"] => Answer::json(200, &self.settings()),
            ["discovery" | "token" | "revoke"] => issuer::answer(self, request),
            ["storage", upload, number] => self.store(upload, number.parse().unwrap(), request),
            ["assets", ..] => self.stream(request),
            [""] if !request.target.is_empty() => password(request),
            ["api", ..] if request.authorization != format!("Bearer {TOKEN}") => {
                Answer::new(401, r#"{"message":"Unauthorized"}"#)
            }
            ["api", rest @ ..] => match self.call(rest, request) {
                Ok(answer) => answer,
                Err(problem) => Answer::json(problem.status, &problem),
            },
            _ => Answer::new(404, r#"{"message":"Not Found"}"#),
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            issuer: self.origin.clone(),
            discovery: format!("{}/discovery", self.origin),
            client_id: "client".into(),
            scopes: vec!["openid".into()],
            max_upload_bytes: 1 << 40,
            stack: "test".into(),
        }
    }

    fn call(&mut self, path: &[&str], request: &Request) -> Result<Answer, Box<Problem>> {
        match (request.method.as_str(), path) {
            ("POST", ["uploads"]) => Ok(self.begin(request)),
            ("GET", ["uploads", id]) => Ok(Answer::json(200, &self.upload(id)?)),
            ("POST", ["uploads", id, "parts"]) => self.sign(id, request),
            ("POST", ["uploads", id, "complete"]) => self.complete(id),
            ("GET", ["assets"]) => Ok(self.list(request)),
            (method, ["webhooks", rest @ ..]) => self.webhook(method, rest, request),
            (method, ["assets", id, rest @ ..]) => self.asset(method, id, rest, request),
            _ => Err(problem(ProblemCode::NotFound, "there is nothing here")),
        }
    }

    fn begin(&mut self, request: &Request) -> Answer {
        let new: NewUpload = serde_json::from_slice(&request.body).unwrap();
        let known = self.uploads.values().find(|upload| {
            upload.state == UploadState::Open
                && new.sha256.is_some()
                && (&upload.name, upload.size, &upload.sha256) == (&new.name, new.size, &new.sha256)
        });
        if let Some(known) = known {
            return Answer::json(200, &self.upload(&known.id).unwrap());
        }
        if new.size == 0 {
            let problem =
                Problem::new(ProblemCode::FileEmpty, format!("{} has no bytes", new.name));
            return Answer::json(400, &problem);
        }
        let id = format!("u{}", self.uploads.len() + 1);
        let parts = Parts::new(new.size, PART);
        let upload = Upload {
            asset: format!("a{}", self.uploads.len() + 1),
            id: id.clone(),
            state: UploadState::Open,
            title: new.title.unwrap_or_else(|| new.name.clone()),
            name: new.name,
            size: new.size,
            media_type: new.media_type,
            profile: "default".into(),
            sha256: new.sha256,
            part_sha256: false,
            part_size: parts.part_size(),
            part_count: parts.count(),
            parts: Vec::new(),
            created_at: Timestamp(0),
            expires_at: Timestamp(0),
        };
        self.uploads.insert(id, upload.clone());
        Answer::json(201, &upload)
    }

    fn upload(&self, id: &str) -> Result<Upload, Box<Problem>> {
        let upload = self.uploads.get(id).cloned();
        let mut upload = upload.ok_or_else(|| problem(ProblemCode::UploadNotFound, id))?;
        let parts = self.parts.iter().filter(|((owner, _), _)| owner == id);
        upload.parts = parts
            .map(|((_, number), bytes)| ArrivedPart {
                number: *number,
                size: bytes.len() as u64,
            })
            .collect();
        Ok(upload)
    }

    fn sign(&self, id: &str, request: &Request) -> Result<Answer, Box<Problem>> {
        let upload = self.upload(id)?;
        if upload.state != UploadState::Open {
            return Err(problem(ProblemCode::UploadEnded, id));
        }
        let wanted: PartsWanted = serde_json::from_slice(&request.body).unwrap();
        let plan = Parts::new(upload.size, upload.part_size);
        let parts = wanted.parts.into_iter().map(|part| {
            let range = plan.range(part.number).unwrap();
            SignedPart {
                number: part.number,
                size: range.end - range.start,
                url: format!(
                    "{}/storage/{id}/{}?X-Amz-Signature=s",
                    self.origin, part.number
                ),
                headers: BTreeMap::new(),
            }
        });
        let signed = SignedParts {
            parts: parts.collect(),
            expires_at: Timestamp(0),
        };
        Ok(Answer::json(200, &signed))
    }

    fn store(&mut self, upload: &str, number: u32, request: &Request) -> Answer {
        assert!(request.authorization.is_empty(), "a token went to storage");
        if request.query != "X-Amz-Signature=s" {
            return Answer::new(403, "SignatureDoesNotMatch");
        }
        let key = (upload.to_owned(), number);
        self.parts.insert(key, request.body.clone());
        Answer::new(200, "")
    }

    fn complete(&mut self, id: &str) -> Result<Answer, Box<Problem>> {
        let upload = self.upload(id)?;
        let there: Vec<_> = upload
            .parts
            .iter()
            .map(|part| domain::upload::UploadedPart {
                number: part.number,
                size: part.size,
            })
            .collect();
        let missing = missing(Parts::new(upload.size, upload.part_size), &there);
        if !missing.is_empty() {
            let refused = Problem::new(ProblemCode::UploadIncomplete, "parts are not there");
            return Err(Box::new(Problem { missing, ..refused }));
        }
        if let Some(upload) = self.uploads.get_mut(id) {
            upload.state = UploadState::Completed;
        }
        let entered = asset(&upload.asset, &upload.title, AssetState::Processing);
        self.assets.entry(upload.asset.clone()).or_insert(entered);
        let completed = CompletedUpload {
            upload: id.to_owned(),
            asset: upload.asset,
            job: "j1".into(),
        };
        Ok(Answer::json(200, &completed))
    }

    fn list(&self, request: &Request) -> Answer {
        let value = |name: &str| {
            let mut pairs = request
                .query
                .split('&')
                .filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.to_owned())
        };
        let wanted = |asset: &&Asset| value("q").is_none_or(|words| asset.title.contains(&words));
        let found: Vec<Asset> = self.assets.values().filter(wanted).cloned().collect();
        // One asset on a page, so that there are pages.
        let place: usize = value("cursor").map_or(0, |cursor| cursor.parse().unwrap());
        let next = (place + 1 < found.len()).then(|| (place + 1).to_string());
        let assets = found.into_iter().skip(place).take(1).collect();
        Answer::json(200, &Assets { assets, next })
    }

    fn asset(
        &mut self,
        method: &str,
        id: &str,
        rest: &[&str],
        request: &Request,
    ) -> Result<Answer, Box<Problem>> {
        if let Some(coming) = self.coming.get_mut(id)
            && !coming.is_empty()
        {
            self.assets.insert(id.to_owned(), coming.remove(0));
        }
        let unknown = || {
            problem(
                ProblemCode::AssetNotFound,
                &format!("there is no asset {id}"),
            )
        };
        let asset = self.assets.get_mut(id).ok_or_else(unknown)?;
        match (method, rest) {
            ("GET", []) => Ok(Answer::json(200, asset)),
            ("PATCH", []) => {
                let change: AssetChange = serde_json::from_slice(&request.body).unwrap();
                asset.title = change.title.unwrap_or_else(|| asset.title.clone());
                asset.tags = change.tags.unwrap_or_else(|| asset.tags.clone());
                asset.visibility = change.visibility.unwrap_or(asset.visibility);
                Ok(Answer::json(200, asset))
            }
            ("DELETE", []) => {
                asset.state = AssetState::Deleting;
                Ok(Answer::json(202, asset))
            }
            ("POST", ["retry"]) if asset.error.is_some() => {
                asset.error = None;
                asset.state = AssetState::Processing;
                Ok(Answer::json(202, asset))
            }
            ("POST", ["retry"]) => Err(problem(ProblemCode::RetryRefused, "nothing failed")),
            (_, ["captions", rest @ ..]) => captions(asset, method, rest, request),
            ("POST", ["playback"]) if asset.playable => Ok(Answer::json(200, &playback(id))),
            ("POST", ["playback"]) => Err(problem(ProblemCode::AssetNotReady, id)),
            _ => Err(problem(ProblemCode::NotFound, "there is nothing here")),
        }
    }

    fn stream(&self, request: &Request) -> Answer {
        assert!(request.authorization.is_empty(), "a token went to a stream");
        match self.media.get(&request.path) {
            _ if request.query != SIGNATURE => Answer::new(403, "MissingKey"),
            Some(bytes) => Answer::new(200, bytes.clone()),
            None => Answer::new(404, ""),
        }
    }
}

#[expect(
    clippy::unnecessary_box_returns,
    reason = "every caller wants it boxed, as an error"
)]
pub(crate) fn problem(code: ProblemCode, detail: &str) -> Box<Problem> {
    Box::new(Problem::new(code, detail))
}

/// What the API does with captions, but for reading their files.
fn captions(
    asset: &mut Asset,
    method: &str,
    rest: &[&str],
    request: &Request,
) -> Result<Answer, Box<Problem>> {
    let [language] = rest else {
        let captions = asset.captions.clone();
        return Ok(Answer::json(200, &Captions { captions }));
    };
    let kind = if request.query.contains("kind=captions") {
        CaptionKind::Captions
    } else {
        CaptionKind::Subtitles
    };
    let before = asset.captions.len();
    asset
        .captions
        .retain(|known| &&*known.language != language || known.kind != kind);
    match method {
        "DELETE" if asset.captions.len() < before => Ok(Answer::new(204, "")),
        "DELETE" => Err(problem(ProblemCode::CaptionNotFound, language)),
        _ if !request.body.starts_with(b"WEBVTT") => {
            Err(problem(ProblemCode::CaptionInvalid, "line 1: no time span"))
        }
        _ => {
            let caption = Caption {
                language: (*language).to_owned(),
                kind,
                name: request.query.contains("name=Hi").then(|| "Hi".to_owned()),
                added_at: Timestamp(0),
                playable: false,
            };
            asset.captions.push(caption.clone());
            Ok(Answer::json(200, &caption))
        }
    }
}

fn playback(id: &str) -> Playback {
    let folder = format!("/assets/{id}/j1/");
    Playback {
        asset: id.to_owned(),
        job: "j1".into(),
        hls: format!("{folder}index.m3u8"),
        dash: format!("{folder}manifest.mpd"),
        poster: Some(format!("{folder}thumbs/poster.jpg")),
        storyboard: Some(format!("{folder}thumbs/storyboard.vtt")),
        expires_at: Timestamp(1_800_000_000_000),
        query: SIGNATURE.to_owned(),
        cookies: vec![Cookie {
            name: "CloudFront-Policy".into(),
            value: "p".into(),
            path: folder,
        }],
    }
}

/// An asset that stands so.
pub(crate) fn asset(id: &str, title: &str, state: AssetState) -> Asset {
    let failure = || Failure {
        code: ErrorCode::SourceNotMedia,
        message: "notes.txt: no demuxer knows it".into(),
        advice: "upload a video or audio file".into(),
    };
    Asset {
        id: id.to_owned(),
        title: title.to_owned(),
        file: "film.mp4".into(),
        state,
        visibility: Visibility::Private,
        tags: Vec::new(),
        version: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
        playable: state == AssetState::Ready,
        kind: None,
        duration_ms: None,
        width: None,
        height: None,
        poster: None,
        progress: None,
        error: (state == AssetState::Failed).then(failure),
        job: None,
        renditions: Vec::new(),
        captions: Vec::new(),
        cost: None,
    }
}
