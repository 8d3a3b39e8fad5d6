//! A folder that stands for S3: object `k` of bucket `b` is the file `{root}/{b}/{k}`.
//!
//! Every bucket exists. Unlike S3 it cannot hold both `a` and `a/b`, a key that ends in `/`, or a
//! key with an empty part or `..`; and it keeps no versions.

use std::fs;
use std::hash::Hasher;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use cloud::ports::{
    DeletePrefix, DescribeSource, ListObjects, ListSources, ListedSource, ObjectEntry, READ_MAX,
    ReadObject, ReadRange, SignObject, SignSource, SourceFacts, SourcePage, UploadFile, UploadedAt,
    WriteObject,
};
use cloud::{Content, SignedUrl, StoreError};
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};

/// Uploads in a page of a listing.
const PAGE: usize = 100;

/// All object ports, on a folder. Clones share it.
#[derive(Clone, Debug)]
pub struct FolderStore {
    root: PathBuf,
    /// Removes the folder with the last clone.
    _temporary: Option<Arc<tempfile::TempDir>>,
}

impl FolderStore {
    /// The store in a folder, which stays.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            _temporary: None,
        }
    }

    /// A store in a new folder, which goes with the last clone.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn temporary() -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("millrace-store-")
            .tempdir()?;
        Ok(Self {
            root: folder.path().to_owned(),
            _temporary: Some(Arc::new(folder)),
        })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where an object's file is, whether it exists or not.
    #[must_use]
    pub fn path(&self, object: &ObjectRef) -> PathBuf {
        self.root
            .join(object.bucket.as_str())
            .join(object.key.as_str())
    }

    /// Puts a local file as an upload and returns what its event would name.
    ///
    /// # Errors
    /// When the file cannot be copied.
    pub fn put_source(&self, object: &ObjectRef, file: &Path) -> io::Result<SourceObject> {
        let target = self.path(object);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        let size = fs::copy(file, &target)?;
        Ok(SourceObject {
            object: object.clone(),
            version: None,
            etag: etag(&target)?,
            size,
        })
    }

    fn replace(&self, object: &ObjectRef, mut body: impl Read) -> Result<u64, StoreError> {
        let target = self.path(object);
        let plain = |part| matches!(part, Component::Normal(_));
        if !Path::new(object.key.as_str()).components().all(plain) {
            return Err(StoreError::Refused {
                action: format!("write {object}"),
                source: "the key is no path below a folder".into(),
            });
        }
        let mut write = || {
            fs::create_dir_all(target.parent().unwrap_or(&self.root))?;
            let mut file = tempfile::NamedTempFile::new_in(&self.root)?;
            let bytes = io::copy(&mut body, &mut file)?;
            file.flush()?;
            file.persist(&target)?;
            Ok(bytes)
        };
        write().map_err(|source| StoreError::LocalFile {
            path: target.clone(),
            source,
        })
    }

    /// What is under a key, as a listing says it.
    pub(super) fn look_at(&self, object: &ObjectRef) -> io::Result<ListedSource> {
        let path = self.path(object);
        let metadata = fs::metadata(&path)?;
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH);
        let modified = modified.unwrap_or_default().as_millis();
        Ok(ListedSource {
            source: SourceObject {
                object: object.clone(),
                version: None,
                etag: etag(&path)?,
                size: metadata.len(),
            },
            uploaded: UploadedAt(u64::try_from(modified).unwrap_or(u64::MAX)),
        })
    }

    fn open(&self, object: &ObjectRef) -> Result<(fs::File, u64), StoreError> {
        let path = self.path(object);
        let opened = fs::File::open(&path).and_then(|file| Ok((file.metadata()?, file)));
        match opened {
            Ok((metadata, file)) if metadata.is_file() => Ok((file, metadata.len())),
            Ok(_) => Err(missing(object)),
            Err(error) => Err(failed(object, &path, error)),
        }
    }

    fn sign(&self, object: &ObjectRef) -> SignedUrl {
        SignedUrl::new(self.path(object).to_string_lossy())
    }
}

impl ReadObject for FolderStore {
    async fn read(&self, object: &ObjectRef) -> Result<Bytes, StoreError> {
        let (_, size) = self.open(object)?;
        self.read_range(object, 0..size).await
    }
}

impl ReadRange for FolderStore {
    async fn read_range(&self, object: &ObjectRef, range: Range<u64>) -> Result<Bytes, StoreError> {
        let wanted = range.end.saturating_sub(range.start);
        if wanted > READ_MAX {
            return Err(StoreError::TooLarge {
                object: object.clone(),
                bytes: wanted,
                limit: READ_MAX,
            });
        }
        if wanted == 0 {
            return Ok(Bytes::new());
        }
        let (mut file, size) = self.open(object)?;
        if range.end > size {
            return Err(StoreError::OutOfRange {
                object: object.clone(),
                range,
            });
        }
        let mut read = || {
            let mut body = Vec::new();
            file.seek(SeekFrom::Start(range.start))?;
            Read::by_ref(&mut file)
                .take(wanted)
                .read_to_end(&mut body)?;
            Ok(Bytes::from(body))
        };
        read().map_err(|error| failed(object, &self.path(object), error))
    }
}

impl WriteObject for FolderStore {
    async fn write(&self, object: &ObjectRef, body: Bytes, _: Content) -> Result<(), StoreError> {
        self.replace(object, body.as_ref()).map(|_| ())
    }
}

impl UploadFile for FolderStore {
    async fn upload(&self, object: &ObjectRef, file: &Path, _: Content) -> Result<u64, StoreError> {
        let source = fs::File::open(file).map_err(|source| StoreError::LocalFile {
            path: file.to_owned(),
            source,
        })?;
        self.replace(object, source)
    }
}

impl ListObjects for FolderStore {
    async fn list(
        &self,
        bucket: &BucketName,
        prefix: &ObjectKey,
    ) -> Result<Vec<ObjectEntry>, StoreError> {
        let root = self.root.join(bucket.as_str());
        let mut entries = Vec::new();
        walk(&root, &root, &mut entries).map_err(|source| StoreError::LocalFile {
            path: root.clone(),
            source,
        })?;
        entries.retain(|entry| entry.key.as_str().starts_with(prefix.as_str()));
        entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(entries)
    }
}

impl DeletePrefix for FolderStore {
    async fn delete_prefix(
        &self,
        bucket: &BucketName,
        folder: &ObjectKey,
    ) -> Result<u64, StoreError> {
        if folder.as_str().len() < 2 || !folder.as_str().ends_with('/') {
            return Err(StoreError::Refused {
                action: format!("delete everything under s3://{bucket}/{folder}"),
                source: "only a folder, ending in a slash, can be deleted".into(),
            });
        }
        let entries = self.list(bucket, folder).await?;
        for entry in &entries {
            let object = ObjectRef {
                bucket: bucket.clone(),
                key: entry.key.clone(),
            };
            let path = self.path(&object);
            fs::remove_file(&path).map_err(|error| failed(&object, &path, error))?;
        }
        Ok(entries.len() as u64)
    }
}

impl DescribeSource for FolderStore {
    async fn describe_source(&self, source: &SourceObject) -> Result<SourceFacts, StoreError> {
        let object = &source.object;
        let found = self.look_at(object).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::SourceMissing {
                object: object.clone(),
            },
            _ => failed(object, &self.path(object), error),
        })?;
        if found.source.etag != source.etag {
            return Err(StoreError::SourceChanged {
                object: object.clone(),
            });
        }
        Ok(SourceFacts {
            size: found.source.size,
            uploaded: found.uploaded,
        })
    }
}

impl ListSources for FolderStore {
    async fn sources(
        &self,
        bucket: &BucketName,
        after: Option<&ObjectKey>,
    ) -> Result<SourcePage, StoreError> {
        let mut keys = self.list(bucket, &ObjectKey::new("")).await?;
        keys.retain(|entry| after.is_none_or(|after| entry.key > *after));
        let more = keys.len() > PAGE;
        keys.truncate(PAGE);
        let next = keys.last().filter(|_| more).map(|entry| entry.key.clone());
        let sources = keys.into_iter().map(|entry| {
            let object = ObjectRef {
                bucket: bucket.clone(),
                key: entry.key,
            };
            let found = self.look_at(&object);
            found.map_err(|error| failed(&object, &self.path(&object), error))
        });
        Ok(SourcePage {
            sources: sources.collect::<Result<_, _>>()?,
            next,
        })
    }
}

impl SignSource for FolderStore {
    async fn sign_source(&self, s: &SourceObject, _: Duration) -> Result<SignedUrl, StoreError> {
        Ok(self.sign(&s.object))
    }
}

impl SignObject for FolderStore {
    async fn sign_object(&self, o: &ObjectRef, _: Duration) -> Result<SignedUrl, StoreError> {
        Ok(self.sign(o))
    }
}

/// All files under `folder`, their keys relative to `root`; none when it does not exist.
fn walk(root: &Path, folder: &Path, entries: &mut Vec<ObjectEntry>) -> io::Result<()> {
    let files = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        files => files?,
    };
    for file in files {
        let file = file?;
        if file.file_type()?.is_dir() {
            walk(root, &file.path(), entries)?;
        } else if let Ok(key) = file.path().strip_prefix(root) {
            entries.push(ObjectEntry {
                key: ObjectKey::new(key.to_string_lossy()),
                size: file.metadata()?.len(),
            });
        }
    }
    Ok(())
}

/// Changes with the bytes and only with them, as S3's does.
fn etag(file: &Path) -> io::Result<String> {
    let mut file = fs::File::open(file)?;
    let mut hash = std::hash::DefaultHasher::new();
    let mut block = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut block)?;
        match block.get(..read) {
            Some(bytes) if read > 0 => hash.write(bytes),
            _ => return Ok(format!("{:016x}", hash.finish())),
        }
    }
}

fn missing(object: &ObjectRef) -> StoreError {
    StoreError::NotFound {
        what: object.to_string(),
    }
}

fn failed(object: &ObjectRef, path: &Path, source: io::Error) -> StoreError {
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => missing(object),
        _ => StoreError::LocalFile {
            path: path.to_owned(),
            source,
        },
    }
}
