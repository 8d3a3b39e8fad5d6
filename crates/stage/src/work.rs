//! Typed access to a job's folder in the work bucket.

use bytes::Bytes;
use cloud::Content;
use cloud::StoreError;
use cloud::ports::{ReadObject, WriteObject};
use domain::ids::JobId;
use domain::layout::WorkFolder;
use domain::message::StageDone;
use domain::object::{BucketName, ObjectKey, ObjectRef};
use domain::plan::Plan;
use domain::result::StageFailure;
use domain::{ErrorCode, Fault};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads in flight at once: enough to hide the latency of thousands of them.
const READS: usize = 32;

/// A job's folder that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The job was never planned, or its folder is cleared.
    #[error("job {0} has no plan in the work bucket")]
    NotPlanned(JobId),
    /// An object is there, but it is not what its key says.
    #[error("{object} is not what this version of Millrace writes there")]
    Malformed {
        /// The object.
        object: ObjectRef,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl Fault for WorkError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Store(error) => error.code(),
            Self::NotPlanned(_) => ErrorCode::InputInvalid,
            Self::Malformed { .. } => ErrorCode::Internal,
        }
    }
}

/// One job's folder.
#[derive(Debug)]
pub struct Work<'a, S> {
    store: &'a S,
    bucket: &'a BucketName,
    job: &'a JobId,
}

// Derived, they would ask the same of the store, which is only borrowed.
impl<S> Clone for Work<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Work<'_, S> {}

impl<'a, S> Work<'a, S> {
    /// The folder of `job` in `bucket`.
    #[must_use]
    pub const fn new(store: &'a S, bucket: &'a BucketName, job: &'a JobId) -> Self {
        Self { store, bucket, job }
    }

    /// The keys in the folder.
    #[must_use]
    pub const fn folder(&self) -> WorkFolder<'a> {
        WorkFolder(self.job)
    }

    /// The object under a key of the folder.
    #[must_use]
    pub fn object(&self, key: ObjectKey) -> ObjectRef {
        ObjectRef {
            bucket: self.bucket.clone(),
            key,
        }
    }

    /// What a stage answers when its result lies under `key`.
    #[must_use]
    pub fn done(&self, key: ObjectKey) -> StageDone {
        StageDone {
            job: self.job.clone(),
            result: self.object(key),
        }
    }
}

impl<S: ReadObject> Work<'_, S> {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// [`WorkError`]; an absent object is [`StoreError::NotFound`].
    pub async fn read<T: DeserializeOwned>(&self, key: ObjectKey) -> Result<T, WorkError> {
        let object = self.object(key);
        let bytes = self.store.read(&object).await?;
        serde_json::from_slice(&bytes).map_err(|source| WorkError::Malformed { object, source })
    }

    /// Reads a JSON object that may not be there yet.
    ///
    /// # Errors
    /// [`WorkError`] for anything but absence.
    pub async fn find<T: DeserializeOwned>(&self, key: ObjectKey) -> Result<Option<T>, WorkError> {
        match self.read(key).await {
            Err(WorkError::Store(StoreError::NotFound { .. })) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Reads many JSON objects at once and gives those that are there, in the order of the keys.
    ///
    /// # Errors
    /// The first [`WorkError`] that is no absence.
    pub async fn find_all<T: DeserializeOwned>(
        &self,
        keys: impl Iterator<Item = ObjectKey>,
    ) -> Result<Vec<T>, WorkError> {
        let reads = stream::iter(keys.map(|key| self.find(key)));
        let found: Vec<Option<T>> = reads.buffered(READS).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Reads the plan.
    ///
    /// # Errors
    /// [`WorkError::NotPlanned`] when there is none, else as [`Work::read`].
    pub async fn plan(&self) -> Result<Plan, WorkError> {
        let plan = self.find(self.folder().plan()).await?;
        plan.ok_or_else(|| WorkError::NotPlanned(self.job.clone()))
    }
}

impl<S: ReadObject + WriteObject> Work<'_, S> {
    /// Makes a part of the job, unless its result is there: outputs are deterministic, so it would
    /// be the same. The result is written last; a failure is left as [`Work::watched`] leaves it.
    ///
    /// # Errors
    /// Those of `make`, and [`WorkError`].
    pub async fn once<T, E>(
        &self,
        stage: &str,
        part: u32,
        key: ObjectKey,
        make: impl Future<Output = Result<T, E>>,
    ) -> Result<StageDone, E>
    where
        T: Serialize + DeserializeOwned,
        E: Fault + From<WorkError>,
    {
        let outcome = async {
            if self.find::<T>(key.clone()).await?.is_none() {
                let result = make.await?;
                self.write(key.clone(), &result).await?;
            }
            Ok(self.done(key))
        };
        self.watched(stage, part, outcome.await).await
    }
}

impl<S: WriteObject> Work<'_, S> {
    /// Writes a JSON object.
    ///
    /// # Errors
    /// [`WorkError::Store`].
    pub async fn write<T: Serialize>(&self, key: ObjectKey, value: &T) -> Result<(), WorkError> {
        let object = self.object(key);
        let body = match serde_json::to_vec(value) {
            Ok(body) => Bytes::from(body),
            Err(source) => return Err(WorkError::Malformed { object, source }),
        };
        Ok(self.store.write(&object, body, Content::Json).await?)
    }

    /// Passes a stage's outcome on, and leaves a failure in the folder for update-metadata.
    ///
    /// `part` tells the chunks of a stage apart. A failure that cannot be left is logged: the
    /// stage's own error matters more.
    ///
    /// # Errors
    /// The stage's own.
    pub async fn watched<T, E: Fault>(
        &self,
        stage: &str,
        part: u32,
        outcome: Result<T, E>,
    ) -> Result<T, E> {
        if let Err(error) = &outcome {
            let failure = StageFailure {
                stage: stage.to_owned(),
                code: error.code(),
                message: error.to_string(),
            };
            let key = self.folder().failure(stage, part);
            if let Err(lost) = self.write(key, &failure).await {
                tracing::warn!(error = %lost, "failure could not be left");
            }
        }
        outcome
    }
}
