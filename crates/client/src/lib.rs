//! What a person does with a deployed stack: upload, follow, fetch.
//!
//! Used by the demo and the end-to-end tests. It only reads what every operator may read: the
//! three buckets and the table.

use std::path::{Path, PathBuf};

use cloud::clients::AwsClients;
use cloud::dynamodb::DynamoDocuments;
use cloud::ports::{FindSource, ListObjects, ReadDocuments, UploadFile};
use cloud::s3::S3Store;
use cloud::{Content, StoreError};
use domain::job::{AssetDocument, JobRecord};
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef};
use domain::profile::Profile;
use tokio::io::AsyncWriteExt;

pub use stage::progress::Progress;

/// Names of what a stack has, as its outputs say.
#[derive(Clone, Debug)]
pub struct StackNames {
    /// Where uploads go.
    pub uploads: BucketName,
    /// Where jobs work.
    pub work: BucketName,
    /// Where streams are published.
    pub media: BucketName,
    /// Jobs and asset documents.
    pub table: String,
}

/// A deployed stack.
#[derive(Debug)]
pub struct Stack {
    names: StackNames,
    objects: S3Store,
    documents: DynamoDocuments,
}

/// A stack that did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A call failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plan of a job does not read.
    #[error(transparent)]
    Work(#[from] stage::WorkError),
    /// A local file could not be written.
    #[error("{} cannot be written", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Stack {
    /// The stack behind these clients.
    #[must_use]
    pub fn new(aws: &AwsClients, names: StackNames) -> Self {
        Self {
            objects: aws.objects(),
            documents: aws.documents(names.table.clone()),
            names,
        }
    }

    /// The stack's names.
    #[must_use]
    pub const fn names(&self) -> &StackNames {
        &self.names
    }

    /// Its objects.
    #[must_use]
    pub const fn objects(&self) -> &S3Store {
        &self.objects
    }

    /// Uploads a file, streamed, and says which job and asset its event makes.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn upload(&self, key: ObjectKey, file: &Path) -> Result<SegmentInput, ClientError> {
        let object = ObjectRef {
            bucket: self.names.uploads.clone(),
            key,
        };
        self.objects.upload(&object, file, Content::Upload).await?;
        let (source, _) = self.objects.find_source(&object).await?;
        Ok(SegmentInput::new(source, Profile::default()))
    }

    /// The record of a job; none before its event arrived.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn job(&self, request: &SegmentInput) -> Result<Option<JobRecord>, ClientError> {
        Ok(self.documents.job(&request.job).await?)
    }

    /// The document of an asset; none before its first job ended.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn asset(
        &self,
        request: &SegmentInput,
    ) -> Result<Option<AssetDocument>, ClientError> {
        Ok(self.documents.asset(&request.asset).await?)
    }

    /// How far a job is. Once it is ready its work folder is gone, and nothing is planned.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn progress(&self, request: &SegmentInput) -> Result<Progress, ClientError> {
        let work = &self.names.work;
        Ok(stage::progress::of(&self.objects, work, &request.job).await?)
    }

    /// Copies everything under `folder` in the media bucket into a local folder, and returns how
    /// many bytes that were.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn fetch(&self, folder: &str, into: &Path) -> Result<u64, ClientError> {
        let prefix = ObjectKey::new(folder);
        let mut bytes = 0;
        for entry in self.objects.list(&self.names.media, &prefix).await? {
            let relative = entry.key.as_str().trim_start_matches(folder);
            let object = ObjectRef {
                bucket: self.names.media.clone(),
                key: entry.key.clone(),
            };
            let path = into.join(relative);
            self.fetch_one(&object, entry.size, &path).await?;
            bytes += entry.size;
        }
        Ok(bytes)
    }

    /// Copies one object in ranges, so that none is ever whole in memory.
    async fn fetch_one(
        &self,
        object: &ObjectRef,
        size: u64,
        path: &Path,
    ) -> Result<(), ClientError> {
        use cloud::ports::{READ_MAX, ReadRange};
        let named = |source| ClientError::File {
            path: path.to_owned(),
            source,
        };
        if let Some(parent) = path.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(named)?;
        }
        let mut file = tokio::fs::File::create(path).await.map_err(named)?;
        let mut at = 0;
        while at < size {
            let end = size.min(at + READ_MAX);
            let part = self.objects.read_range(object, at..end).await?;
            file.write_all(&part).await.map_err(named)?;
            at = end;
        }
        file.flush().await.map_err(named)
    }
}
