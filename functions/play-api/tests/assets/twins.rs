//! A service whose stores are in sight, and what it may hold.

use api::Settings;
use api::asset::Assets;
use axum::Router;
use axum::http::{Method, header};
use cloud::JobOutcome;
use cloud::StoreError;
use cloud::finish::StoredJob;
use cloud::ports::{ClaimJob, FinishJob, KeepLibrary, UploadedAt};
use cloud::signed_access::SignedAccess;
use cloud::signing_key::SigningKey;
use domain::ErrorCode;
use domain::ids::{JobId, RungId};
use domain::job::{JobError, JobRecord, JobState, Published};
use domain::layout::MediaFolder;
use domain::library::LibraryEntry;
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::profile::Profile;
use domain::result::{Rendition, RenditionKind};
use domain::time::Rational;
use play_api::{Ports, router};
use serde_json::Value;
use service::finished;
use testkit::http::{self, Answer};
use testkit::store::{FolderStore, MemoryDocuments, RecordedExecutions};

pub(crate) struct Service {
    pub(crate) router: Router,
    pub(crate) objects: FolderStore,
    pub(crate) documents: MemoryDocuments,
    pub(crate) executions: RecordedExecutions,
}

pub(crate) fn access() -> SignedAccess {
    let key = SigningKey::generate().unwrap().to_pem().unwrap();
    SignedAccess::new("https://play.example", "K1", &key).unwrap()
}

pub(crate) fn service() -> Service {
    let objects = FolderStore::temporary().unwrap();
    let documents = MemoryDocuments::default();
    let executions = RecordedExecutions::default();
    let router = router(Ports {
        objects: objects.clone(),
        documents: documents.clone(),
        executions: executions.clone(),
        work: BucketName::new("work"),
        media: BucketName::new("media"),
        access: access(),
        is_secure: true,
        private_webhooks: false,
        settings: Settings {
            issuer: "https://issuer.example".to_owned(),
            discovery: "https://issuer.example/discovery".to_owned(),
            client_id: "page".to_owned(),
            scopes: vec!["openid".to_owned()],
            max_upload_bytes: 5,
            stack: "millrace".to_owned(),
        },
    });
    Service {
        router: finished(router),
        objects,
        documents,
        executions,
    }
}

pub(crate) fn request(owner: &str, name: &str) -> SegmentInput {
    let source = SourceObject {
        object: ObjectRef {
            bucket: BucketName::new("uploads"),
            key: ObjectKey::new(format!("{owner}/u-{name}/{name}")),
        },
        version: None,
        etag: "e".to_owned(),
        size: 9,
    };
    SegmentInput::new(source, Profile::default())
}

impl Service {
    /// An upload whose job has been claimed.
    pub(crate) async fn upload(&self, owner: &str, name: &str, created_ms: u64) -> JobRecord {
        let request = request(owner, name);
        let record = JobRecord {
            job: request.job,
            asset: request.asset,
            owner: owner.to_owned(),
            source: request.source,
            profile: request.profile.name,
            state: JobState::Running,
            error: None,
        };
        let uploaded = UploadedAt(1);
        self.documents.claim(&record, uploaded).await.unwrap();
        let entry = LibraryEntry::of(&record.source, created_ms);
        self.documents.enter(&entry).await.unwrap();
        let order = StoredJob::claimed(record.clone(), uploaded, 1).order;
        let noted = self.documents.note_job(&record.asset, &record.job, &order);
        noted.await.unwrap();
        record
    }

    pub(crate) async fn end(&self, job: &JobId, outcome: JobOutcome) -> Result<(), StoreError> {
        self.documents.finish(job, 1, &outcome).await.map(|_| ())
    }

    pub(crate) async fn ready(&self, owner: &str, name: &str, created_ms: u64) -> JobRecord {
        let record = self.upload(owner, name, created_ms).await;
        let stream = JobOutcome::Ready(Box::new(published(&record)));
        self.end(&record.job, stream).await.unwrap();
        record
    }

    pub(crate) async fn failed(&self, owner: &str, name: &str, created_ms: u64) -> JobRecord {
        let record = self.upload(owner, name, created_ms).await;
        let error = JobError {
            code: ErrorCode::SourceNotMedia,
            message: format!("{name}: no demuxer recognises the file"),
        };
        self.end(&record.job, JobOutcome::Failed(error))
            .await
            .unwrap();
        record
    }

    pub(crate) async fn ask(&self, who: &str, method: Method, path: &str, body: Value) -> Answer {
        self.ask_with(who, method, path, body, None).await
    }

    pub(crate) async fn ask_with(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: Value,
        if_match: Option<&str>,
    ) -> Answer {
        let header = if_match.map(|tag| (header::IF_MATCH, tag));
        http::ask(&self.router, who, method, path, body, header.as_slice()).await
    }

    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        self.ask(who, Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&self, who: &str, path: &str) -> Answer {
        self.ask(who, Method::POST, path, Value::Null).await
    }

    /// Sends a caption file.
    pub(crate) async fn put(&self, who: &str, path: &str, media_type: &str, file: &[u8]) -> Answer {
        let headers = [(header::CONTENT_TYPE, media_type)];
        http::send(
            &self.router,
            who,
            Method::PUT,
            path,
            file.to_vec(),
            &headers,
        )
        .await
    }

    pub(crate) async fn names(&self, who: &str, query: &str) -> Vec<String> {
        let listed: Assets = self.get(who, &format!("/api/assets{query}")).await.read();
        listed.assets.into_iter().map(|asset| asset.title).collect()
    }
}

pub(crate) fn published(record: &JobRecord) -> Published {
    let folder = MediaFolder {
        asset: &record.asset,
        job: &record.job,
    };
    let rendition = |id: &str, kind, height: Option<u32>| Rendition {
        id: RungId::new(id).unwrap(),
        kind,
        codec: "avc1.64001f".to_owned(),
        width: height.map(|height| height * 16 / 9),
        height,
        bandwidth: 2,
        average_bandwidth: 1,
        segments: 1,
        bytes: 1,
    };
    Published {
        job: record.job.clone(),
        folder: folder.prefix().to_string(),
        hls: "index.m3u8".to_owned(),
        dash: "manifest.mpd".to_owned(),
        duration: Rational::new(5001, 1000).unwrap(),
        renditions: vec![
            rendition("720p", RenditionKind::Video, Some(720)),
            rendition("240p", RenditionKind::Video, Some(240)),
            rendition("und-128k", RenditionKind::Audio, None),
        ],
        poster: None,
        storyboard: None,
        tags: std::collections::BTreeMap::new(),
        stage_ms: [("segment".to_owned(), 3), ("encode-video".to_owned(), 4)].into(),
        ffmpeg_cpu_ms: 11,
        cost: None,
    }
}
