//! All stages of a job read one version of the source, or the job fails.

use cloud::StoreError;
use cloud::ports::DescribeSource;
use domain::object::SourceObject;

/// Makes sure that what was just read was this version of the source. Where the bucket keeps no
/// versions, a signed URL opens whatever lies under the key by then, and no error tells.
///
/// To be asked after the reading, before anything that was made of it is used, and before a failure
/// is taken for one of the source.
///
/// # Errors
/// As [`DescribeSource::describe_source`].
pub async fn was_unchanged<S: DescribeSource>(
    objects: &S,
    source: &SourceObject,
) -> Result<(), StoreError> {
    // A version that is named never changes.
    if source.version.is_none() {
        objects.describe_source(source).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::object::{BucketName, ObjectKey, ObjectRef};
    use testkit::store::FolderStore;

    #[tokio::test]
    async fn an_overwritten_source_is_noticed_where_its_version_is_not_named() {
        let store = FolderStore::temporary().unwrap();
        let object = ObjectRef {
            bucket: BucketName::new("uploads"),
            key: ObjectKey::new("ann/film.mp4"),
        };
        let file = store.root().join("film");
        std::fs::write(&file, "one").unwrap();
        let mut source = store.put_source(&object, &file).unwrap();
        assert!(was_unchanged(&store, &source).await.is_ok());
        std::fs::write(&file, "two").unwrap();
        store.put_source(&object, &file).unwrap();
        let changed = was_unchanged(&store, &source).await;
        assert!(matches!(changed, Err(StoreError::SourceChanged { .. })));
        source.version = Some("v1".to_owned());
        assert!(was_unchanged(&store, &source).await.is_ok());
    }
}
