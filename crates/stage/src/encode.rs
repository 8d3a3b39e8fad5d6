//! What encode-video and encode-audio share: an encoder's file becomes published segments.

use std::path::Path;

use cloud::StoreError;
use cloud::ports::WriteObject;
use domain::ids::{JobId, RungId};
use domain::plan::Plan;
use domain::result::RungResult;
use domain::{ErrorCode, Fault};
use ffmpeg::argv::ArgvError;
use ffmpeg::{RunError, Tools};
use media::cmaf::Segment;
use media::cmaf::audio::{AudioError, AudioPackager};
use media::cmaf::fragment::{Fragment, FragmentError};
use media::cmaf::init::{InitError, TrackInit};
use media::cmaf::video::{VideoError, VideoPackager};
use runtime::{ScratchError, StageContext};

use crate::WorkError;
use crate::fragments::{FragmentFile, FragmentsError, Piece};
use crate::publish::{PublishError, Rendition, sha256};

/// A chunk that was not made.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The plan has no such chunk.
    #[error("the plan of job {job} has no {kind} chunk {index} with these frames")]
    NotPlanned {
        /// The job.
        job: JobId,
        /// `video` or `audio`.
        kind: &'static str,
        /// Number of the chunk, from 1.
        index: u32,
    },
    /// The plan was made for another ffmpeg, which would write other bytes.
    #[error("the plan was made with ffmpeg {planned}, this function has {found}")]
    OtherFfmpeg {
        /// The plan's.
        planned: String,
        /// This function's.
        found: String,
    },
    /// The encoder wrote a file without an init segment.
    #[error("the encoder's file for {0} has no init segment")]
    WithoutInit(RungId),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work folder failed.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// ffmpeg failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A command line could not be built.
    #[error(transparent)]
    Argv(#[from] ArgvError),
    /// No scratch folder.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// The encoder's file does not read.
    #[error(transparent)]
    Fragments(#[from] FragmentsError),
    /// A fragment does not read.
    #[error(transparent)]
    Fragment(#[from] FragmentError),
    /// The init segment does not read.
    #[error(transparent)]
    Init(#[from] InitError),
    /// The frames of the picture are not those of the plan.
    #[error(transparent)]
    Video(#[from] VideoError),
    /// The frames of the sound are not those of the plan.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// A segment could not be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl Fault for EncodeError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotPlanned { .. } => ErrorCode::InputInvalid,
            Self::OtherFfmpeg { .. } => ErrorCode::ConfigInvalid,
            Self::WithoutInit(_) => ErrorCode::ChunkInvalid,
            Self::Store(error) => error.code(),
            Self::Work(error) => error.code(),
            Self::Run(error) => error.code(),
            Self::Argv(error) => error.code(),
            Self::Scratch(error) => error.code(),
            Self::Fragments(error) => error.code(),
            Self::Fragment(error) => error.code(),
            Self::Init(error) => error.code(),
            Self::Video(error) => error.code(),
            Self::Audio(error) => error.code(),
            Self::Publish(error) => error.code(),
        }
    }
}

/// Makes sure that this function has the ffmpeg that the plan was made for.
///
/// # Errors
/// [`EncodeError::OtherFfmpeg`], and [`EncodeError::Run`] when ffmpeg does not start.
pub async fn same_ffmpeg(
    plan: &Plan,
    tools: &Tools,
    context: &StageContext,
) -> Result<(), EncodeError> {
    let found = tools.version(context.deadline).await?;
    if found == plan.ffmpeg {
        return Ok(());
    }
    Err(EncodeError::OtherFfmpeg {
        planned: plan.ffmpeg.clone(),
        found,
    })
}

/// Turns an encoder's fragments into segments and checks them against the plan.
pub trait Packager {
    /// Takes the next fragment and gives the segments that it completes.
    ///
    /// # Errors
    /// What contradicts the plan.
    fn push(&mut self, fragment: &Fragment<'_>) -> Result<Vec<Segment>, EncodeError>;

    /// Ends the chunk.
    ///
    /// # Errors
    /// What is missing.
    fn finish(self) -> Result<(), EncodeError>;
}

impl Packager for VideoPackager {
    fn push(&mut self, fragment: &Fragment<'_>) -> Result<Vec<Segment>, EncodeError> {
        Ok(VideoPackager::push(self, fragment)?.into_iter().collect())
    }

    fn finish(self) -> Result<(), EncodeError> {
        VideoPackager::finish(self)?;
        Ok(())
    }
}

impl Packager for AudioPackager {
    fn push(&mut self, fragment: &Fragment<'_>) -> Result<Vec<Segment>, EncodeError> {
        Ok(AudioPackager::push(self, fragment)?)
    }

    fn finish(self) -> Result<(), EncodeError> {
        AudioPackager::finish(self)?;
        Ok(())
    }
}

/// Publishes an encoder's file of one rung, segment by segment as they are completed.
///
/// `rebuild` makes our init segment of the encoder's. `first` says whether this is the rung's
/// first chunk, which publishes the init segment; every chunk reports its hash.
///
/// # Errors
/// [`EncodeError`]; segments before the fault are published.
pub async fn publish_rung<S: WriteObject>(
    rung: &RungId,
    file: &Path,
    first: bool,
    rebuild: impl Fn(&[u8]) -> Result<Vec<u8>, InitError>,
    mut packager: impl Packager,
    rendition: Rendition<'_, S>,
) -> Result<RungResult, EncodeError> {
    let mut track: Option<(TrackInit, String)> = None;
    let mut segments = Vec::new();
    let mut fragments = FragmentFile::open(file).await?;
    while let Some(piece) = fragments.next().await? {
        match (piece, track.as_ref()) {
            (Piece::Init(init), _) => {
                let published = rebuild(&init)?;
                track = Some((TrackInit::parse(&init)?, sha256(&published)));
                if first {
                    rendition.write_init(published).await?;
                }
            }
            (Piece::Fragment(bytes), Some((init, _))) => {
                let fragment = Fragment::parse(&bytes, &init.defaults)?;
                for segment in packager.push(&fragment)? {
                    segments.push(rendition.write_segment(segment, &init.defaults).await?);
                }
            }
            (Piece::Fragment(_), None) => return Err(EncodeError::WithoutInit(rung.clone())),
        }
    }
    packager.finish()?;
    let (_, init_sha256) = track.ok_or_else(|| EncodeError::WithoutInit(rung.clone()))?;
    Ok(RungResult {
        rung: rung.clone(),
        init_sha256,
        segments,
    })
}
