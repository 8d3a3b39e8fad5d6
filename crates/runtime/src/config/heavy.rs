//! What there is to encode with, and the order of one container of AWS Batch.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::cost::Capacity;

use super::{
    BATCH, Config, ConfigError, DEADLINE_SECONDS, ENCODER_MEMORY, ENCODER_SECONDS,
    HEARTBEAT_SECONDS, INPUT, STAGE, TASK_TOKEN, Variable,
};

impl Config {
    /// `MILLRACE_BATCH`, `MILLRACE_ENCODER_SECONDS`, `MILLRACE_ENCODER_MEMORY_MB`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn capacity(&self) -> Result<Capacity, ConfigError> {
        Ok(Capacity {
            batch: self.flag(BATCH)?,
            function_time: self.seconds(ENCODER_SECONDS, 1..=900)?,
            function_memory: self.number(ENCODER_MEMORY, 128..=10_240)?,
        })
    }

    /// `MILLRACE_TASK_TOKEN`, a secret.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn task_token(&self) -> Result<String, ConfigError> {
        self.text(TASK_TOKEN)
    }

    /// `MILLRACE_STAGE`: encode-video or segment.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn stage(&self) -> Result<String, ConfigError> {
        self.checked(STAGE, |text| ["encode-video", "segment"].contains(&text))
    }

    /// `MILLRACE_INPUT`, unread.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn input(&self) -> Result<String, ConfigError> {
        self.text(INPUT)
    }

    /// `MILLRACE_DEADLINE_SECONDS`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn deadline(&self) -> Result<Duration, ConfigError> {
        self.seconds(DEADLINE_SECONDS, 1..=86_400)
    }

    /// `MILLRACE_HEARTBEAT_SECONDS`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn heartbeat(&self) -> Result<Duration, ConfigError> {
        self.seconds(HEARTBEAT_SECONDS, 1..=600)
    }

    fn seconds(
        &self,
        variable: Variable,
        range: RangeInclusive<u32>,
    ) -> Result<Duration, ConfigError> {
        let seconds = self.number(variable, range)?;
        Ok(Duration::from_secs(seconds.into()))
    }
}
