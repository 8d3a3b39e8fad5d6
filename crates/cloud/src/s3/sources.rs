//! Uploads, listed page by page with what identifies each.

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{EncodingType, ObjectVersion};
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};

use super::{S3Store, length};
use crate::classify::classify;
use crate::encoded_key::decoded;
use crate::error::StoreError;
use crate::ports::{ListSources, ListedSource, SourcePage, UploadedAt};

impl ListSources for S3Store {
    async fn sources(
        &self,
        bucket: &BucketName,
        after: Option<&ObjectKey>,
    ) -> Result<SourcePage, StoreError> {
        let answer = self
            .client
            .list_object_versions()
            .bucket(bucket.as_str())
            // Without a version beside it: behind all versions of this key.
            .set_key_marker(after.map(ToString::to_string))
            // A key may hold characters that XML has no way to write. One such key would end the
            // sweep of the whole bucket.
            .encoding_type(EncodingType::Url)
            .send()
            .await
            .map_err(|error| {
                let action = format!("list the versions in {bucket}");
                classify(error, format!("bucket {bucket}"), action)
            })?;
        Ok(page(bucket, &answer))
    }
}

fn page(bucket: &BucketName, answer: &ListObjectVersionsOutput) -> SourcePage {
    let encoded = answer.encoding_type() == Some(&EncodingType::Url);
    let key = |text: Option<&str>| match text {
        Some(text) if encoded => decoded(text),
        text => text.map(ObjectKey::new),
    };
    let versions = answer.versions().iter();
    let current = versions
        .clone()
        .filter(|version| version.is_latest() == Some(true));
    let sources = current.filter_map(|version| listed(bucket, key(version.key())?, version));
    // A key's versions come newest first. So the page may end between two of them: behind its
    // last key there is no current version that was not seen.
    let deleted = answer.delete_markers().iter().map(|marker| marker.key());
    let last = versions
        .map(ObjectVersion::key)
        .chain(deleted)
        .filter_map(key)
        .max();
    SourcePage {
        sources: sources.collect(),
        next: last.filter(|_| answer.is_truncated() == Some(true)),
    }
}

fn listed(bucket: &BucketName, key: ObjectKey, version: &ObjectVersion) -> Option<ListedSource> {
    let id = version.version_id().filter(|id| *id != "null");
    let uploaded = version.last_modified();
    let uploaded = uploaded.and_then(|time| u64::try_from(time.to_millis().ok()?).ok());
    Some(ListedSource {
        source: SourceObject {
            object: ObjectRef {
                bucket: bucket.clone(),
                key,
            },
            version: id.map(str::to_owned),
            etag: version.e_tag()?.trim_matches('"').to_owned(),
            size: length(version.size()),
        },
        uploaded: UploadedAt(uploaded.unwrap_or(0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::operation::list_object_versions::builders::ListObjectVersionsOutputBuilder;
    use aws_sdk_s3::primitives::DateTime;
    use aws_sdk_s3::types::DeleteMarkerEntry;

    fn version(key: &str, id: &str, latest: bool) -> ObjectVersion {
        let version = ObjectVersion::builder().key(key).version_id(id);
        let version = version.is_latest(latest).size(7).e_tag("\"e\"");
        version.last_modified(DateTime::from_millis(1500)).build()
    }

    fn answer() -> ListObjectVersionsOutputBuilder {
        ListObjectVersionsOutput::builder().is_truncated(true)
    }

    fn read(answer: &ListObjectVersionsOutput) -> (Vec<String>, Option<String>) {
        let page = page(&BucketName::new("b"), answer);
        let key = |listed: &ListedSource| listed.source.object.key.to_string();
        (
            page.sources.iter().map(key).collect(),
            page.next.map(|key| key.to_string()),
        )
    }

    #[test]
    fn former_versions_and_deleted_keys_are_left_out_but_counted_on() {
        let answer = answer()
            .versions(version("a", "2", true))
            .versions(version("a", "1", false))
            .versions(version("gone", "1", false))
            .delete_markers(DeleteMarkerEntry::builder().key("gone").build());
        let expected = (vec!["a".to_owned()], Some("gone".to_owned()));
        assert_eq!(read(&answer.build()), expected);
    }

    #[test]
    fn the_last_page_has_no_next() {
        let answer = answer()
            .versions(version("a", "1", true))
            .is_truncated(false);
        assert_eq!(read(&answer.build()), (vec!["a".to_owned()], None));
    }

    #[test]
    fn keys_are_decoded_where_s3_says_that_it_encoded_them() {
        let plain = answer().versions(version("a+b%20", "1", true));
        let encoded = plain.clone().encoding_type(EncodingType::Url);
        assert_eq!(read(&plain.build()).0, ["a+b%20"]);
        assert_eq!(read(&encoded.build()).0, ["a b "]);
    }

    #[test]
    fn an_upload_is_named_as_its_event_does() {
        for (id, expected) in [("null", None), ("v1", Some("v1".to_owned()))] {
            let answer = answer().versions(version("ann/a", id, true)).build();
            let listed = page(&BucketName::new("b"), &answer).sources.remove(0);
            assert_eq!(listed.source.version, expected);
            assert_eq!((listed.source.etag.as_str(), listed.source.size), ("e", 7));
            assert_eq!(listed.uploaded, UploadedAt(1500));
        }
    }
}
