//! What one container is started for.

use std::time::Duration;

use runtime::context::margin;
use runtime::{Config, ConfigError, StageContext};
use stage::Leased;
use tokio::time::Instant;

/// Between two heartbeats where the order does not say.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(20);

/// Whose work is to be done, with as much as that function may do.
#[derive(Debug)]
pub enum Task<S, D> {
    /// That of encode-video.
    EncodeVideo(Leased<encode_video::Ports<S>, D>),
    /// That of segment.
    Segment(Leased<segment::Ports<S>, D>),
}

/// One task, and what it takes to do it.
#[derive(Debug)]
pub struct Order<S, D> {
    /// Whose work, on which storage, with which tools.
    pub task: Task<S, D>,
    /// `MILLRACE_INPUT`: the input of that function as JSON.
    pub input: String,
    /// Time between two heartbeats.
    pub heartbeat: Duration,
    /// The deadline, less a margin in which to stop and to answer.
    pub context: StageContext,
}

impl<S, D> Order<S, D> {
    /// Reads the order from the environment. Its time begins now; `id` is for the log.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable that is missing or malformed.
    pub fn read(config: &Config, objects: S, documents: D, id: &str) -> Result<Self, ConfigError> {
        let time = config.deadline()?;
        let deadline = Instant::now() + time.saturating_sub(margin(time));
        Ok(Self {
            task: Task::read(config, objects, documents)?,
            input: config.input()?,
            heartbeat: config.heartbeat()?,
            context: StageContext {
                cold_start: true,
                ..StageContext::new(id, deadline)
            },
        })
    }
}

impl<S, D> Task<S, D> {
    fn read(config: &Config, objects: S, documents: D) -> Result<Self, ConfigError> {
        if config.stage()? == "segment" {
            let ports = segment::Ports::configured(config, objects)?;
            return Ok(Self::Segment(Leased::new(ports, documents)));
        }
        let ports = encode_video::Ports::configured(config, objects)?;
        Ok(Self::EncodeVideo(Leased::new(ports, documents)))
    }
}
