//! Where events go.

use super::{Config, ConfigError, EVENT_BUS, PRIVATE_WEBHOOKS, WEBHOOKS_QUEUE};

impl Config {
    /// `MILLRACE_EVENT_BUS`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn event_bus(&self) -> Result<String, ConfigError> {
        self.checked(EVENT_BUS, |name| !name.contains(char::is_whitespace))
    }

    /// `MILLRACE_WEBHOOKS_QUEUE_URL`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn webhooks_queue(&self) -> Result<String, ConfigError> {
        self.checked(WEBHOOKS_QUEUE, |url| {
            url.starts_with("https://") || url.starts_with("http://")
        })
    }

    /// `MILLRACE_PRIVATE_WEBHOOKS`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn private_webhooks(&self) -> Result<bool, ConfigError> {
        self.flag(PRIVATE_WEBHOOKS)
    }
}
