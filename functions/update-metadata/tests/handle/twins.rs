//! Twins of the stores, and a job between them.

use std::sync::Mutex;
use std::time::Duration;

use cloud::ports::{ClaimJob, KeepJob, KeepLibrary, KeepUploads, ReadDocuments, UploadedAt};
use database::{DatabaseError, DescribeAsset, Outcome, RecordOutcome, RemoveAsset};
use domain::ids::{AssetId, UploadId};
use domain::job::{AssetDocument, JobRecord, JobState};
use domain::layout::WorkFolder;
use domain::library::LibraryEntry;
use domain::message::{
    CaughtError, ChangedAsset, ChangedInput, Removal, RemoveInput, SegmentInput,
    UpdateMetadataCall, UpdateMetadataInput,
};
use domain::object::BucketName;
use domain::plan::Plan;
use domain::profile::Profile;
use domain::result::{ManifestResult, SegmentResult, ThumbnailResult, Usage};
use domain::upload::{UploadRecord, UploadState};
use runtime::StageContext;
use stage::Work;
use testkit::sample;
use testkit::store::{FolderStore, MemoryDocuments};
use tokio::time::Instant;
use update_metadata::{Ports, UpdateMetadataError, handle};

/// A relational core that keeps the newest revision, remembers states, and is down for its first
/// `down` calls.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) down: Mutex<u32>,
    pub(crate) states: Mutex<Vec<JobState>>,
    pub(crate) asset: Mutex<Option<(u64, AssetDocument)>>,
    pub(crate) title: Mutex<(u64, String)>,
}

impl RecordOutcome for Rows {
    async fn record(&self, outcome: &Outcome<'_>) -> Result<(), DatabaseError> {
        let mut down = self.down.lock().unwrap();
        if *down > 0 {
            *down -= 1;
            return Err(DatabaseError::Unavailable {
                action: "record an outcome".to_owned(),
                source: sqlx::Error::PoolTimedOut,
            });
        }
        self.states.lock().unwrap().push(outcome.record.state);
        let mut asset = self.asset.lock().unwrap();
        if asset.as_ref().is_none_or(|old| old.0 < outcome.revision) {
            *asset = Some((outcome.revision, outcome.asset.clone()));
        }
        Ok(())
    }
}

impl DescribeAsset for Rows {
    async fn describe(
        &self,
        asset: &AssetId,
        title: &str,
        version: u64,
    ) -> Result<(), DatabaseError> {
        let row = self.asset.lock().unwrap();
        let mut known = self.title.lock().unwrap();
        let is_there = row.as_ref().is_some_and(|(_, row)| row.asset == *asset);
        if is_there && known.0 < version {
            *known = (version, title.to_owned());
        }
        Ok(())
    }
}

impl RemoveAsset for Rows {
    async fn remove(&self, asset: &AssetId) -> Result<(), DatabaseError> {
        let mut row = self.asset.lock().unwrap();
        if row.as_ref().is_some_and(|(_, known)| known.asset == *asset) {
            *row = None;
        }
        Ok(())
    }
}

pub(crate) struct Twins {
    pub(crate) ports: Ports<FolderStore, MemoryDocuments, Rows>,
    pub(crate) plan: Plan,
}

impl Twins {
    /// A claimed job with nothing in its work folder.
    pub(crate) async fn claimed() -> Self {
        let plan = sample::plan(1000).unwrap();
        let ports = Ports {
            objects: FolderStore::temporary().unwrap(),
            work: BucketName::new("work"),
            media: BucketName::new("media"),
            documents: MemoryDocuments::default(),
            database: Rows::default(),
        };
        let record = JobRecord {
            job: plan.job.clone(),
            asset: plan.asset.clone(),
            owner: "ann".to_owned(),
            source: plan.source.clone(),
            profile: plan.profile.name.clone(),
            state: JobState::Running,
            error: None,
        };
        let claim = ports.documents.claim(&record, UploadedAt(1));
        claim.await.unwrap();
        Self { ports, plan }
    }

    /// Leaves the job no attempt after this one.
    pub(crate) async fn last_attempt(self) -> Self {
        let documents = &self.ports.documents;
        let seen = documents.load(&self.plan.job).await.unwrap().unwrap();
        let mut lease = seen.lease;
        lease.last_attempt = lease.attempt;
        let next = seen.with_lease(lease);
        assert!(documents.swap(&seen, &next).await.unwrap());
        self
    }

    /// A job whose stages are all done.
    pub(crate) async fn done() -> Self {
        let twins = Self::claimed().await;
        let (work, plan) = (twins.work(), &twins.plan);
        let folder = WorkFolder(&plan.job);
        let usage = Usage {
            ffmpeg_cpu_ms: 100,
            wall_ms: 50,
            started_ms: 1000,
        };
        let (video, audio) = (sample::video_results(plan), sample::audio_results(plan));
        let segment = SegmentResult {
            video_chunks: u32::try_from(video.len()).unwrap(),
            audio_chunks: u32::try_from(audio.len()).unwrap(),
            usage,
        };
        let thumbnails = ThumbnailResult {
            poster: None,
            storyboard: None,
            usage,
        };
        let manifest = ManifestResult {
            renditions: Vec::new(),
            usage,
        };
        work.write(folder.plan(), plan).await.unwrap();
        work.write(folder.segment_result(), &segment).await.unwrap();
        for result in video {
            let key = folder.video_result(result.index);
            work.write(key, &result).await.unwrap();
        }
        for result in audio {
            let key = folder.audio_result(result.index);
            work.write(key, &result).await.unwrap();
        }
        let key = folder.thumbnail_result();
        work.write(key, &thumbnails).await.unwrap();
        let key = folder.manifest_result();
        work.write(key, &manifest).await.unwrap();
        twins
    }

    pub(crate) fn work(&self) -> Work<'_, FolderStore> {
        Work::new(&self.ports.objects, &self.ports.work, &self.plan.job)
    }

    pub(crate) async fn ends(
        &self,
        error: Option<CaughtError>,
    ) -> Result<JobState, UpdateMetadataError> {
        let input = UpdateMetadataInput {
            request: SegmentInput::new(self.plan.source.clone(), Profile::default()),
            error,
        };
        let call = UpdateMetadataCall::Ended(input);
        let output = handle(call, &self.ports, &StageContext::for_tests()).await?;
        Ok(output.unwrap().state)
    }

    pub(crate) async fn removes(&self) -> Result<(), UpdateMetadataError> {
        self.removes_within(Duration::from_mins(1)).await
    }

    pub(crate) async fn removes_within(&self, time: Duration) -> Result<(), UpdateMetadataError> {
        let asset = self.plan.asset.clone();
        let remove = Removal { asset };
        let call = UpdateMetadataCall::Remove(RemoveInput { remove });
        let context = StageContext::new("removal", Instant::now() + time);
        let output = handle(call, &self.ports, &context).await?;
        assert!(output.is_none());
        Ok(())
    }

    /// Enters the asset into the library, with its job.
    pub(crate) async fn entered(&self) {
        let documents = &self.ports.documents;
        let entry = LibraryEntry::of(&self.plan.source, 1);
        documents.enter(&entry).await.unwrap();
        let job = documents.load(&self.plan.job).await.unwrap().unwrap();
        let noted = documents.note_job(&self.plan.asset, &self.plan.job, &job.order);
        noted.await.unwrap();
    }

    /// Remembers the upload that the source is from.
    pub(crate) async fn uploaded(&self) -> UploadId {
        let source = &self.plan.source;
        let record = UploadRecord {
            id: source.upload().unwrap(),
            owner: "ann".to_owned(),
            object: source.object.clone(),
            multipart: "m".to_owned(),
            name: "film.mp4".to_owned(),
            size: source.size,
            media_type: "video/mp4".to_owned(),
            title: "film".to_owned(),
            profile: "default".to_owned(),
            sha256: None,
            part_sha256: false,
            created_ms: 1,
            expires_ms: 2,
            state: UploadState::Completed {
                job: self.plan.job.clone(),
            },
        };
        self.ports.documents.keep_upload(&record).await.unwrap();
        record.id
    }

    /// What its owner does who gives it up.
    pub(crate) async fn given_up(&self) {
        self.said(|entry| entry.removing = true).await;
    }

    /// What its owner changes in the library.
    pub(crate) async fn said(&self, change: impl FnOnce(&mut LibraryEntry)) {
        let documents = &self.ports.documents;
        let seen = documents.entry(&self.plan.asset).await.unwrap().unwrap();
        let mut next = seen.entry.clone();
        change(&mut next);
        assert!(documents.change_entry(&seen, &next).await.unwrap());
    }

    /// What follows from a change.
    pub(crate) async fn changed(&self) {
        let asset = self.plan.asset.clone();
        let changed = ChangedAsset { asset };
        let call = UpdateMetadataCall::Changed(ChangedInput { changed });
        let context = StageContext::for_tests();
        let output = handle(call, &self.ports, &context).await.unwrap();
        assert!(output.is_none());
    }

    /// The title in the relational core, where it has one from the library.
    pub(crate) fn title(&self) -> String {
        self.ports.database.title.lock().unwrap().1.clone()
    }

    /// What both stores hold, which is the same.
    pub(crate) async fn agreed(&self) -> AssetDocument {
        let asset = self.ports.documents.asset(&self.plan.asset).await.unwrap();
        let row = self.ports.database.asset.lock().unwrap().clone();
        assert_eq!(row.map(|(_, asset)| asset), asset);
        asset.unwrap()
    }

    pub(crate) async fn reason(&self) -> domain::job::JobError {
        let asset = self.ports.documents.asset(&self.plan.asset).await.unwrap();
        asset.unwrap().error.unwrap()
    }
}

pub(crate) fn caught(error: &str, cause: &str) -> CaughtError {
    CaughtError {
        error: error.to_owned(),
        cause: cause.to_owned(),
    }
}
