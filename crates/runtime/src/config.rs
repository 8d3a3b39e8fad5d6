//! The one documented home of Millrace's environment variables.
//!
//! Region, credentials and endpoint are the AWS SDK's own variables and are not read here. A
//! function asks only for what it uses, so that nothing has to be set in vain.

mod database;
mod events;
mod heavy;
mod web;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use domain::object::BucketName;
use domain::{ErrorCode, Fault};

pub use database::{DatabaseAuth, DatabaseServer, DatabaseSettings, Secret};

/// One environment variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is not set; none where it must be set.
    pub default: Option<&'static str>,
    /// What it should look like.
    pub shape: &'static str,
    /// What it is for.
    pub purpose: &'static str,
}

macro_rules! variables {
    ($($constant:ident = $name:literal, $default:expr, $shape:literal, $purpose:literal;)+) => {
        $(pub(crate) const $constant: Variable = Variable {
            name: $name,
            default: $default,
            shape: $shape,
            purpose: $purpose,
        };)+

        /// Every variable that Millrace reads.
        pub const VARIABLES: &[Variable] = &[$($constant),+];
    };
}

variables! {
    WORK_BUCKET = "MILLRACE_WORK_BUCKET", None,
        "the name of a bucket, 3 to 63 characters", "plans, results and source segments";
    MEDIA_BUCKET = "MILLRACE_MEDIA_BUCKET", None,
        "the name of a bucket, 3 to 63 characters", "segments, manifests and thumbnails";
    UPLOADS_BUCKET = "MILLRACE_UPLOADS_BUCKET", None,
        "the name of a bucket, 3 to 63 characters", "where trigger looks for uploads without a job";
    SWEEP_DAYS = "MILLRACE_SWEEP_DAYS", Some("14"),
        "a number from 1 to 3650", "how old an upload may be that it looks at, in days";
    TABLE = "MILLRACE_TABLE", None,
        "the name of a DynamoDB table", "job records and asset documents";
    STATE_MACHINE = "MILLRACE_STATE_MACHINE_ARN", None,
        "arn:aws:states:REGION:ACCOUNT:stateMachine:NAME", "the state machine that jobs run on";
    FFMPEG = "MILLRACE_FFMPEG", Some("/opt/bin/ffmpeg"),
        "an absolute path", "the encoder, from the layer";
    FFPROBE = "MILLRACE_FFPROBE", Some("/opt/bin/ffprobe"),
        "an absolute path", "the prober, from the layer";
    BATCH = "MILLRACE_BATCH", Some("no"),
        "yes or no", "whether encode chunks that are too much for a function go to AWS Batch";
    ENCODER_SECONDS = "MILLRACE_ENCODER_SECONDS", Some("900"),
        "a number from 1 to 900", "the timeout of encode-video, in seconds";
    ENCODER_MEMORY = "MILLRACE_ENCODER_MEMORY_MB", Some("10240"),
        "a number from 128 to 10240", "the memory of encode-video, in MB";
    TASK_TOKEN = "MILLRACE_TASK_TOKEN", None,
        "a task token of Step Functions", "the state that waits for heavy-encode";
    STAGE = "MILLRACE_STAGE", None,
        "encode-video or segment", "whose work heavy-encode does";
    INPUT = "MILLRACE_INPUT", None,
        "JSON, as that function takes it", "what heavy-encode is to work on";
    DEADLINE_SECONDS = "MILLRACE_DEADLINE_SECONDS", Some("7200"),
        "a number from 1 to 86400", "how long heavy-encode may take, in seconds";
    HEARTBEAT_SECONDS = "MILLRACE_HEARTBEAT_SECONDS", Some("20"),
        "a number from 1 to 600", "time between two heartbeats of heavy-encode, in seconds";
    DATABASE_HOST = "MILLRACE_DATABASE_HOST", None,
        "a host name or address", "where PostgreSQL is";
    DATABASE_PORT = "MILLRACE_DATABASE_PORT", Some("5432"),
        "a number from 1 to 65535", "its port";
    DATABASE_NAME = "MILLRACE_DATABASE_NAME", Some("millrace"),
        "the name of a database", "which of its databases";
    DATABASE_USER = "MILLRACE_DATABASE_USER", Some("millrace"),
        "the name of a role", "who connects";
    DATABASE_AUTH = "MILLRACE_DATABASE_AUTH", Some("iam"),
        "iam or password", "how the role proves itself: a signed token over TLS, or a password";
    DATABASE_PASSWORD = "MILLRACE_DATABASE_PASSWORD", None,
        "a password", "needed where MILLRACE_DATABASE_AUTH is password";
    DATABASE_CA = "MILLRACE_DATABASE_CA", Some("the web's own authorities"),
        "an absolute path of a PEM file", "who signed the server's certificate";
    DATABASE_OWNER_SECRET = "MILLRACE_DATABASE_OWNER_SECRET", None,
        "the ARN of a secret in Secrets Manager",
        "user name and password of the owner of the schema, for migrate";
    MAX_UPLOAD_BYTES = "MILLRACE_MAX_UPLOAD_BYTES", Some("5497558138880"),
        "a number from 1 to 5497558138880", "the largest upload that upload-api takes, in bytes";
    ORIGIN = "MILLRACE_ORIGIN", None,
        "https://HOST, or http://HOST:PORT on loopback", "where viewers find page, API and streams";
    SIGNING_SECRET = "MILLRACE_SIGNING_SECRET", None,
        "the ARN of a secret in Secrets Manager", "the private keys that play-api signs access with";
    SIGNING_KEY_GENERATION = "MILLRACE_SIGNING_KEY_GENERATION", None,
        "a number from 1", "which key of the secret play-api signs with";
    SIGNING_KEY_ID = "MILLRACE_SIGNING_KEY_ID", None,
        "the id of a public key in CloudFront", "the other half of that key";
    OIDC_ISSUER = "MILLRACE_OIDC_ISSUER", None,
        "the URL of an OpenID Connect issuer", "who signs the tokens of those who sign in";
    OIDC_DISCOVERY = "MILLRACE_OIDC_DISCOVERY", None,
        "a URL", "where the issuer's discovery document is";
    OIDC_CLIENT = "MILLRACE_OIDC_CLIENT", None,
        "a client's id at the issuer", "as whom page and command line sign in";
    STACK = "MILLRACE_STACK", None,
        "the name of a stack", "what clients call this deployment";
    EVENT_BUS = "MILLRACE_EVENT_BUS", None,
        "the name of an event bus", "where announce tells what happens to assets";
    WEBHOOKS_QUEUE = "MILLRACE_WEBHOOKS_QUEUE_URL", None,
        "the URL of a queue", "events on their way to webhooks";
    PRIVATE_WEBHOOKS = "MILLRACE_PRIVATE_WEBHOOKS", Some("no"),
        "yes or no", "whether webhooks may be at private addresses, and without TLS";
    LOG = "MILLRACE_LOG", Some("info"),
        "error, warn, info, debug or trace, or target=level pairs with commas between",
        "how much is logged";
}

/// A variable that is missing or malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It must be set.
    #[error("{} is not set: it should be {} ({})", .0.name, .0.shape, .0.purpose)]
    Missing(Variable),
    /// It has a value that cannot be. The value is not shown, it may be a secret.
    #[error("{} is malformed: it should be {} ({})", .0.name, .0.shape, .0.purpose)]
    Malformed(Variable),
}

impl Fault for ConfigError {
    fn code(&self) -> ErrorCode {
        ErrorCode::ConfigInvalid
    }
}

/// The environment as it was when it was read.
///
/// Each method asks for one thing: [`ConfigError::Missing`] when its variable is not set (or
/// empty) and has no default, [`ConfigError::Malformed`] when it cannot be what it should be.
#[derive(Clone, Debug)]
pub struct Config {
    values: BTreeMap<&'static str, String>,
}

impl Config {
    /// Reads the process's environment.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Takes the variables from a list instead, for tests.
    #[must_use]
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let pairs: BTreeMap<&str, &str> = pairs.into_iter().collect();
        Self::from_lookup(|name| pairs.get(name).map(|&value| value.to_owned()))
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let values = VARIABLES
            .iter()
            .filter_map(|variable| Some((variable.name, lookup(variable.name)?)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { values }
    }

    /// `MILLRACE_WORK_BUCKET`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn work_bucket(&self) -> Result<BucketName, ConfigError> {
        self.bucket(WORK_BUCKET)
    }

    /// `MILLRACE_MEDIA_BUCKET`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn media_bucket(&self) -> Result<BucketName, ConfigError> {
        self.bucket(MEDIA_BUCKET)
    }

    /// `MILLRACE_UPLOADS_BUCKET`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn uploads_bucket(&self) -> Result<BucketName, ConfigError> {
        self.bucket(UPLOADS_BUCKET)
    }

    /// `MILLRACE_SWEEP_DAYS`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn sweep_look_back(&self) -> Result<Duration, ConfigError> {
        let days = self.number(SWEEP_DAYS, 1..=3650)?;
        Ok(Duration::from_hours(24 * u64::from(days)))
    }

    /// `MILLRACE_TABLE`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn table(&self) -> Result<String, ConfigError> {
        self.checked(TABLE, |name| !name.contains(char::is_whitespace))
    }

    /// `MILLRACE_STATE_MACHINE_ARN`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn state_machine(&self) -> Result<String, ConfigError> {
        self.checked(STATE_MACHINE, |arn| {
            arn.starts_with("arn:") && arn.contains(":stateMachine:")
        })
    }

    /// `MILLRACE_FFMPEG`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn ffmpeg(&self) -> Result<PathBuf, ConfigError> {
        self.path(FFMPEG)
    }

    /// `MILLRACE_FFPROBE`.
    ///
    /// # Errors
    /// As [`Config`] says.
    pub fn ffprobe(&self) -> Result<PathBuf, ConfigError> {
        self.path(FFPROBE)
    }

    fn bucket(&self, variable: Variable) -> Result<BucketName, ConfigError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        let name = self.checked(variable, |name| {
            (3..=63).contains(&name.len()) && name.bytes().all(plain)
        })?;
        Ok(BucketName::new(name))
    }

    fn flag(&self, variable: Variable) -> Result<bool, ConfigError> {
        let text = self.checked(variable, |text| ["yes", "no"].contains(&text))?;
        Ok(text == "yes")
    }

    fn number(&self, variable: Variable, range: RangeInclusive<u32>) -> Result<u32, ConfigError> {
        let number = self.text(variable)?.parse().ok();
        let number = number.filter(|number| range.contains(number));
        number.ok_or(ConfigError::Malformed(variable))
    }

    fn path(&self, variable: Variable) -> Result<PathBuf, ConfigError> {
        let path = PathBuf::from(self.text(variable)?);
        if path.is_absolute() {
            Ok(path)
        } else {
            Err(ConfigError::Malformed(variable))
        }
    }

    fn checked(
        &self,
        variable: Variable,
        fits: impl Fn(&str) -> bool,
    ) -> Result<String, ConfigError> {
        let text = self.text(variable)?;
        if fits(&text) {
            Ok(text)
        } else {
            Err(ConfigError::Malformed(variable))
        }
    }

    fn text(&self, variable: Variable) -> Result<String, ConfigError> {
        self.set(variable)
            .or(variable.default)
            .map(str::to_owned)
            .ok_or(ConfigError::Missing(variable))
    }

    /// The value, if the variable is set.
    fn set(&self, variable: Variable) -> Option<&str> {
        self.values.get(variable.name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
