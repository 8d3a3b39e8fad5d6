//! The stages in the order of the state machine, in one process, over a folder instead of S3.
//!
//! The handlers are the ones that Lambda runs; only the adapters differ. It takes the time of the
//! encoding and nothing more, so that many sources and profiles can be tried.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use domain::cost::Capacity;
use domain::message::{JobInput, SegmentInput, SegmentOutput};
use domain::object::{BucketName, ObjectKey, ObjectRef};
use domain::plan::{EncodeChunk, Plan};
use domain::profile::Profile;
use domain::result::ManifestResult;
use domain::{ErrorCode, Fault};
use ffmpeg::Tools;
use runtime::StageContext;
use stage::{Buckets, Work};
use tempfile::TempDir;
use testkit::store::FolderStore;

/// A pipeline with storage of its own, removed with it.
#[derive(Debug)]
pub struct Pipeline {
    folder: TempDir,
    store: FolderStore,
    buckets: Buckets,
    tools: Tools,
}

/// A published stream.
#[derive(Debug)]
pub struct Stream {
    /// What was asked for.
    pub request: SegmentInput,
    /// What was planned.
    pub plan: Plan,
    /// What was made.
    pub manifest: ManifestResult,
    /// The asset's folder on disk.
    pub folder: PathBuf,
}

/// A stage that gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Its name.
    pub stage: &'static str,
    /// Why.
    pub code: ErrorCode,
    /// In words.
    pub message: String,
}

impl Failed {
    fn at<E: Fault>(stage: &'static str) -> impl Fn(E) -> Self {
        move |error| Self {
            stage,
            code: error.code(),
            message: error.to_string(),
        }
    }
}

impl Pipeline {
    /// An empty one.
    ///
    /// # Errors
    /// When the tools are not named, or there is no room for a temporary folder.
    pub fn new() -> Result<Self> {
        Self::with(crate::environment::tools()?)
    }

    /// An empty one with tools of the caller's.
    ///
    /// # Errors
    /// When there is no room for a temporary folder.
    pub fn with(tools: Tools) -> Result<Self> {
        let folder = TempDir::new()?;
        Ok(Self {
            store: FolderStore::new(folder.path()),
            buckets: Buckets {
                work: BucketName::new("work"),
                media: BucketName::new("media"),
            },
            tools,
            folder,
        })
    }

    /// Puts a file into the uploads bucket.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn upload(&self, file: &Path, profile: Profile) -> Result<SegmentInput> {
        let name = file.file_name().context("the file has no name")?;
        let object = ObjectRef {
            bucket: BucketName::new("uploads"),
            key: ObjectKey::new(format!("tests/1/{}", name.to_string_lossy())),
        };
        let source = self.store.put_source(&object, file)?;
        Ok(SegmentInput::new(source, profile))
    }

    /// Uploads a file and runs every stage but the metadata.
    ///
    /// # Errors
    /// The stage that failed, in `Ok(Err(…))`; anything else that went wrong, in `Err`.
    pub async fn run(&self, file: &Path, profile: Profile) -> Result<Result<Stream, Failed>> {
        let request = self.upload(file, profile)?;
        let stages = async {
            let segmented = self.segment(&request).await?;
            self.encode(&request, &segmented).await?;
            self.assemble(&request).await
        };
        match stages.await {
            Ok(()) => Ok(Ok(self.stream(request).await?)),
            Err(failed) => Ok(Err(failed)),
        }
    }

    /// Runs segment.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn segment(&self, request: &SegmentInput) -> Result<SegmentOutput, Failed> {
        let ports = segment::Ports {
            objects: self.store.clone(),
            work: self.buckets.work.clone(),
            tools: self.tools.clone(),
            capacity: Capacity::FUNCTIONS,
        };
        let context = StageContext::for_tests();
        let output = segment::handle(request.clone(), &ports, &context).await;
        output.map_err(Failed::at("segment"))
    }

    /// Runs encode-video for every chunk, thumbnail, and encode-audio for every chunk.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn encode(
        &self,
        request: &SegmentInput,
        segmented: &SegmentOutput,
    ) -> Result<(), Failed> {
        let context = StageContext::for_tests();
        let video = encode_video::Ports {
            objects: self.store.clone(),
            buckets: self.buckets.clone(),
            tools: self.tools.clone(),
        };
        if segmented.video_chunks.is_some() {
            let key = self.work(request).folder().video_chunks();
            let chunks = self.work(request).read::<Vec<EncodeChunk>>(key).await;
            for chunk in chunks.map_err(Failed::at("segment"))? {
                let done = encode_video::handle(chunk, &video, &context).await;
                done.map_err(Failed::at("encode-video"))?;
            }
        }
        let pictures = thumbnail::Ports {
            objects: self.store.clone(),
            buckets: self.buckets.clone(),
            tools: self.tools.clone(),
        };
        let input = JobInput {
            job: request.job.clone(),
        };
        let done = thumbnail::handle(input, &pictures, &context).await;
        done.map_err(Failed::at("thumbnail"))?;
        let audio = encode_audio::Ports {
            objects: self.store.clone(),
            buckets: self.buckets.clone(),
            tools: self.tools.clone(),
        };
        for chunk in segmented.audio_chunks.clone() {
            let done = encode_audio::handle(chunk, &audio, &context).await;
            done.map_err(Failed::at("encode-audio"))?;
        }
        Ok(())
    }

    /// Runs assemble-manifest.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn assemble(&self, request: &SegmentInput) -> Result<(), Failed> {
        let ports = assemble_manifest::Ports {
            objects: self.store.clone(),
            buckets: self.buckets.clone(),
        };
        let input = JobInput {
            job: request.job.clone(),
        };
        let done = assemble_manifest::handle(input, &ports, &StageContext::for_tests()).await;
        done.map_err(Failed::at("assemble-manifest"))?;
        Ok(())
    }

    /// The job's folder in the work bucket.
    #[must_use]
    pub fn work<'a>(&'a self, request: &'a SegmentInput) -> Work<'a, FolderStore> {
        Work::new(&self.store, &self.buckets.work, &request.job)
    }

    /// The asset's folder on disk.
    #[must_use]
    pub fn media_folder(&self, request: &SegmentInput) -> PathBuf {
        let folder = format!("media/assets/{}/{}", request.asset, request.job);
        self.folder.path().join(folder)
    }

    /// The job's work folder on disk.
    #[must_use]
    pub fn work_folder(&self, request: &SegmentInput) -> PathBuf {
        self.folder
            .path()
            .join(format!("work/jobs/{}", request.job))
    }

    async fn stream(&self, request: SegmentInput) -> Result<Stream> {
        let work = self.work(&request);
        Ok(Stream {
            plan: work.plan().await?,
            manifest: work.read(work.folder().manifest_result()).await?,
            folder: self.media_folder(&request),
            request,
        })
    }
}
