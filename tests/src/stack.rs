//! The local stack that `cargo xtask test` brought up.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use client::{Stack as Client, StackNames};
use cloud::clients::{Account, AwsClients};
use domain::job::{AssetDocument, JobState};
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::calls::Call;
use crate::environment::variable;

/// How long a job of a short clip may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// The stack, as its supervisor describes it.
#[derive(Debug, Deserialize)]
pub struct Description {
    endpoint: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    /// PostgreSQL, with user and password.
    pub database_url: String,
    /// The page's address, ending in a slash.
    pub page: String,
    /// Who may sign in there.
    pub user: String,
    /// The password.
    pub password: String,
    /// The first part of the keys of that person's uploads.
    pub owner: String,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    log: PathBuf,
}

impl Description {
    fn output(&self, name: &str) -> Result<String> {
        let value = self.outputs.get(name).cloned();
        value.with_context(|| format!("the stack has no output {name}"))
    }

    /// Base URL of every service.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What a program of AWS reads in its environment.
    #[must_use]
    pub fn credentials(&self) -> [(&'static str, &str); 4] {
        [
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_REGION", &self.region),
            ("AWS_ACCESS_KEY_ID", &self.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret_access_key),
        ]
    }

    /// What `calls.py` reads.
    pub(crate) fn order(&self, calls: &[Call]) -> Value {
        json!({
            "calls": calls,
            "endpoint": self.endpoint,
            "region": self.region,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
        })
    }
}

/// A connection to it.
#[derive(Debug)]
pub struct Stack {
    /// What the supervisor says.
    pub description: Description,
    /// A client with administrator rights.
    pub client: Client,
    /// The SDK's clients behind it.
    pub aws: AwsClients,
    /// Held as long as the connection.
    _turn: File,
}

/// Waits until `done` gives something.
///
/// # Errors
/// Those of `done`, and when nothing comes in time.
pub async fn eventually<T>(
    what: &str,
    mut done: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let began = Instant::now();
    loop {
        if let Some(value) = done().await? {
            return Ok(value);
        }
        ensure!(began.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The file whose lock decides which tests run at the same time.
fn turn() -> Result<File> {
    let path = variable("MILLRACE_STACK")?.with_extension("lock");
    Ok(File::options().create(true).append(true).open(path)?)
}

impl Stack {
    /// Connects, beside other tests.
    ///
    /// # Errors
    /// When `MILLRACE_STACK` names no stack.
    pub async fn connect() -> Result<Self> {
        let turn = turn()?;
        turn.lock_shared()?;
        Self::open("MILLRACE_STACK", turn).await
    }

    /// Connects to the stack on which almost everything is heavy work, beside other tests.
    ///
    /// # Errors
    /// When `MILLRACE_HEAVY_STACK` names no stack.
    pub async fn connect_heavy() -> Result<Self> {
        let turn = turn()?;
        turn.lock_shared()?;
        Self::open("MILLRACE_HEAVY_STACK", turn).await
    }

    /// Connects when no other test does, and keeps them away: for tests that change the stack
    /// itself, or kill what others may need.
    ///
    /// # Errors
    /// When `MILLRACE_STACK` names no stack.
    pub async fn alone() -> Result<Self> {
        let turn = turn()?;
        turn.lock()?;
        Self::open("MILLRACE_STACK", turn).await
    }

    async fn open(name: &str, turn: File) -> Result<Self> {
        let path = variable(name)?;
        let text = std::fs::read_to_string(&path)?;
        let description: Description = serde_json::from_str(&text)?;
        let aws = AwsClients::at(&Account {
            endpoint: description.endpoint.clone(),
            region: description.region.clone(),
            access_key_id: description.access_key_id.clone(),
            secret_access_key: description.secret_access_key.clone(),
        })
        .await;
        let output = |name: &str| description.output(name);
        let names = StackNames {
            uploads: BucketName::new(output("UploadsBucket")?),
            work: BucketName::new(output("WorkBucket")?),
            media: BucketName::new(output("MediaBucket")?),
            table: output("Table")?,
        };
        Ok(Self {
            client: Client::new(&aws, names),
            description,
            aws,
            _turn: turn,
        })
    }

    /// What all runs of a function or container have logged.
    ///
    /// # Errors
    /// When the stack has no log.
    pub fn said_by(&self, program: &str) -> Result<String> {
        let log = std::fs::read_to_string(&self.description.log)?;
        // Each run begins with a line that names the program.
        let runs = log.split("--- ");
        Ok(runs
            .filter(|run| run.starts_with(&format!("{program} ")))
            .collect())
    }

    /// An output of the template.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn output(&self, name: &str) -> Result<String> {
        self.description.output(name)
    }

    /// Waits until a job has ended, and gives the document of its asset.
    ///
    /// # Errors
    /// When a call fails, or the job does not end.
    pub async fn ended(&self, request: &SegmentInput) -> Result<AssetDocument> {
        eventually("the job's end", async || {
            let record = self.client.job(request).await?;
            if record.is_none_or(|record| record.state == JobState::Running) {
                return Ok(None);
            }
            Ok(self.client.asset(request).await?)
        })
        .await
    }

    /// Copies what an asset has published.
    ///
    /// # Errors
    /// When nothing is published, or a call fails.
    pub async fn published(&self, asset: &AssetDocument) -> Result<TempDir> {
        let out = TempDir::new()?;
        let stream = asset.published.as_ref().context("nothing is published")?;
        self.client.fetch(&stream.folder, out.path()).await?;
        Ok(out)
    }

    /// Uploads a file and waits until its job has ended.
    ///
    /// # Errors
    /// When a call fails, or the job does not end.
    pub async fn transcode(&self, key: &str, file: &Path) -> Result<(SegmentInput, AssetDocument)> {
        let request = self.client.upload(ObjectKey::new(key), file).await?;
        let asset = self.ended(&request).await?;
        Ok((request, asset))
    }
}
