//! What one container is started for.

use std::time::Duration;

use ffmpeg::Tools;
use runtime::context::margin;
use runtime::{Config, ConfigError, StageContext};
use stage::Buckets;
use tokio::time::Instant;

/// Between two heartbeats where the order does not say.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(20);

/// What the container may do: as much as the functions whose work it does.
#[derive(Debug)]
pub struct Ports<S> {
    /// As encode-video.
    pub encode: encode_video::Ports<S>,
    /// As segment.
    pub segment: segment::Ports<S>,
}

/// One task, and what it takes to do it.
#[derive(Debug)]
pub struct Order<S> {
    /// `MILLRACE_TASK`: `{"encode": …}` or `{"segment": …}` with the input of that function.
    pub task: String,
    /// Time between two heartbeats.
    pub heartbeat: Duration,
    /// The deadline, less a margin in which to stop and to answer.
    pub context: StageContext,
    /// Storage and tools.
    pub ports: Ports<S>,
}

impl<S: Clone> Order<S> {
    /// Reads the order from the environment. Its time begins now; `id` is for the log.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable that is missing or malformed.
    pub fn read(config: &Config, objects: S, id: &str) -> Result<Self, ConfigError> {
        let buckets = Buckets {
            work: config.work_bucket()?,
            media: config.media_bucket()?,
        };
        let tools = Tools::new(config.ffmpeg()?, config.ffprobe()?);
        let time = config.deadline()?;
        let deadline = Instant::now() + time.saturating_sub(margin(time));
        Ok(Self {
            task: config.task()?,
            heartbeat: config.heartbeat()?,
            context: StageContext {
                cold_start: true,
                ..StageContext::new(id, deadline)
            },
            ports: Ports {
                segment: segment::Ports {
                    objects: objects.clone(),
                    work: buckets.work.clone(),
                    tools: tools.clone(),
                    capacity: config.capacity()?,
                },
                encode: encode_video::Ports {
                    objects,
                    buckets,
                    tools,
                },
            },
        })
    }
}
