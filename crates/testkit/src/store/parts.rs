//! Multipart uploads in a folder: part `n` of upload `u` is the file `{root}/.parts/{u}/{n}`.
//!
//! The address of a part is that file's path: whoever has it may write there.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cloud::ports::{DeleteObject, FindSource, PartToSign, SignedPut, SourceFacts, TakeParts};
use cloud::{SignedUrl, StoreError};
use domain::object::{ObjectRef, SourceObject};
use domain::upload::UploadedPart;

use super::FolderStore;

static UPLOADS: AtomicU32 = AtomicU32::new(1);

impl FolderStore {
    fn parts_folder(&self, multipart: &str) -> PathBuf {
        self.root().join(".parts").join(multipart)
    }

    /// The parts that are there, with their files.
    fn part_files(
        &self,
        object: &ObjectRef,
        multipart: &str,
    ) -> Result<BTreeMap<u32, PathBuf>, StoreError> {
        let listed = fs::read_dir(self.parts_folder(multipart));
        let listed = listed.map_err(|_| StoreError::NotFound {
            what: format!("the upload of {object}"),
        })?;
        let parts = listed.filter_map(|entry| {
            let path = entry.ok()?.path();
            let number = path.file_name()?.to_str()?.parse().ok()?;
            Some((number, path))
        });
        Ok(parts.collect())
    }
}

fn broken(object: &ObjectRef, source: io::Error) -> StoreError {
    StoreError::Unavailable {
        action: format!("write {object}"),
        source: Box::new(source),
    }
}

impl FindSource for FolderStore {
    async fn find_source(
        &self,
        object: &ObjectRef,
    ) -> Result<(SourceObject, SourceFacts), StoreError> {
        let listed = self.look_at(object).map_err(|_| StoreError::NotFound {
            what: object.to_string(),
        })?;
        let facts = SourceFacts {
            size: listed.source.size,
            uploaded: listed.uploaded,
        };
        Ok((listed.source, facts))
    }
}

impl DeleteObject for FolderStore {
    async fn delete_object(&self, object: &ObjectRef) -> Result<(), StoreError> {
        match fs::remove_file(self.path(object)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(broken(object, error)),
            _ => Ok(()),
        }
    }
}

impl TakeParts for FolderStore {
    async fn begin_parts(
        &self,
        object: &ObjectRef,
        _: &str,
        _: bool,
    ) -> Result<String, StoreError> {
        let id = format!("upload-{}", UPLOADS.fetch_add(1, Ordering::SeqCst));
        fs::create_dir_all(self.parts_folder(&id)).map_err(|error| broken(object, error))?;
        Ok(id)
    }

    async fn sign_part(
        &self,
        _: &ObjectRef,
        multipart: &str,
        part: &PartToSign,
        _: Duration,
    ) -> Result<SignedPut, StoreError> {
        let path = self.parts_folder(multipart).join(part.number.to_string());
        Ok(SignedPut {
            url: SignedUrl::new(path.to_string_lossy()),
            headers: BTreeMap::new(),
        })
    }

    async fn arrived(
        &self,
        object: &ObjectRef,
        multipart: &str,
    ) -> Result<Vec<UploadedPart>, StoreError> {
        let files = self.part_files(object, multipart)?;
        let parts = files.into_iter().map(|(number, path)| {
            let size = fs::metadata(path)?.len();
            Ok(UploadedPart { number, size })
        });
        let parts: io::Result<_> = parts.collect();
        parts.map_err(|error| broken(object, error))
    }

    async fn join_parts(&self, object: &ObjectRef, multipart: &str) -> Result<(), StoreError> {
        let files = self.part_files(object, multipart)?;
        let target = self.path(object);
        let joined = || -> io::Result<()> {
            let mut bytes = Vec::new();
            for path in files.values() {
                bytes.extend(fs::read(path)?);
            }
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&target, bytes)?;
            fs::remove_dir_all(self.parts_folder(multipart))
        };
        joined().map_err(|error| broken(object, error))
    }

    async fn drop_parts(&self, object: &ObjectRef, multipart: &str) -> Result<(), StoreError> {
        match fs::remove_dir_all(self.parts_folder(multipart)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(broken(object, error)),
            _ => Ok(()),
        }
    }
}
