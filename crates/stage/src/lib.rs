//! What every stage does the same way: read the plan, read ffmpeg's files fragment by fragment,
//! publish segments, write a result last, leave a failure where update-metadata finds it.
//!
//! A stage is a pure function of (job, chunk): everything here may run twice and writes equal
//! bytes the second time.

pub mod encode;
pub mod fragments;
pub mod lease;
pub mod progress;
pub mod publish;
pub mod source;
pub mod usage;
pub mod work;

mod lambda;

use std::time::Duration;

use cloud::SignedUrl;
use domain::object::BucketName;
use ffmpeg::{MediaInput, Tools};
use runtime::{Config, ConfigError, StageContext};

pub use encode::EncodeError;
pub use lambda::serve;
pub use lease::{Leased, LeasedError};
pub use work::{Work, WorkError};

/// How long a signed URL for ffmpeg lives: a little longer than who reads it.
#[must_use]
pub fn url_lifetime(context: &StageContext) -> Duration {
    context.time_left() + Duration::from_mins(1)
}

/// The buckets that a stage works in.
#[derive(Clone, Debug)]
pub struct Buckets {
    /// Plans, results and source segments.
    pub work: BucketName,
    /// Published streams.
    pub media: BucketName,
}

impl Buckets {
    /// The buckets that the environment names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn configured(config: &Config) -> Result<Self, ConfigError> {
        Ok(Self {
            work: config.work_bucket()?,
            media: config.media_bucket()?,
        })
    }
}

/// The ffmpeg that the environment names.
///
/// # Errors
/// [`ConfigError`].
pub fn tools(config: &Config) -> Result<Tools, ConfigError> {
    Ok(Tools::new(config.ffmpeg()?, config.ffprobe()?))
}

/// What a stage that runs ffmpeg may do.
#[derive(Debug)]
pub struct Ports<S> {
    /// The source, the work bucket and the media bucket.
    pub objects: S,
    /// The buckets' names.
    pub buckets: Buckets,
    /// ffmpeg and ffprobe.
    pub tools: Tools,
}

impl<S> Ports<S> {
    /// What the environment names, on this storage.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn configured(config: &Config, objects: S) -> Result<Self, ConfigError> {
        Ok(Self {
            objects,
            buckets: Buckets::configured(config)?,
            tools: tools(config)?,
        })
    }
}

/// What ffmpeg reads under a signed URL, or under the local path that stands for one in tests.
#[must_use]
pub fn media_input(url: &SignedUrl) -> MediaInput {
    let text = url.reveal();
    if text.starts_with("http://") || text.starts_with("https://") {
        MediaInput::url(text)
    } else {
        MediaInput::file(text)
    }
}
