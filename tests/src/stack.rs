//! The local stack that `cargo xtask test` brought up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use client::{Stack as Client, StackNames};
use cloud::clients::{Account, AwsClients};
use domain::job::{AssetDocument, JobState};
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey};
use serde::Deserialize;

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
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    log: PathBuf,
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
}

impl Stack {
    /// Connects.
    ///
    /// # Errors
    /// When `MILLRACE_STACK` names no stack.
    pub async fn connect() -> Result<Self> {
        Self::connect_to("MILLRACE_STACK").await
    }

    /// Connects to the stack on which almost everything is heavy work.
    ///
    /// # Errors
    /// When `MILLRACE_HEAVY_STACK` names no stack.
    pub async fn connect_heavy() -> Result<Self> {
        Self::connect_to("MILLRACE_HEAVY_STACK").await
    }

    async fn connect_to(name: &str) -> Result<Self> {
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
        let output = |name: &str| {
            let value = description.outputs.get(name).cloned();
            value.with_context(|| format!("the stack has no output {name}"))
        };
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

    /// Uploads a file and waits until its job has ended.
    ///
    /// # Errors
    /// When a call fails, or the job does not end.
    pub async fn transcode(&self, key: &str, file: &Path) -> Result<(SegmentInput, AssetDocument)> {
        let request = self.client.upload(ObjectKey::new(key), file).await?;
        let began = Instant::now();
        loop {
            let job = self.client.job(&request).await?;
            if job.is_some_and(|record| record.state != JobState::Running) {
                let asset = self.client.asset(&request).await?;
                let asset = asset.context("the job ended, but its asset has no document")?;
                return Ok((request, asset));
            }
            if began.elapsed() > PATIENCE {
                bail!("job {} of {key} did not end", request.job);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
