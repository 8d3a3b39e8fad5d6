//! Guarantees of the object ports.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use cloud::Content;
use cloud::ports::{
    DeletePrefix, DescribeSource, ListObjects, ListSources, ListedSource, READ_MAX, ReadObject,
    ReadRange, SignObject, SignSource, UploadFile, WriteObject,
};
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};

use super::fetch::fetch;
use super::{refused, sure};

/// What the suite puts as an upload.
pub const SOURCE_BODY: &[u8] = b"millrace source";

/// The `ETag` that S3 gives to [`SOURCE_BODY`] when it is put in one piece: its MD5.
pub const SOURCE_BODY_MD5: &str = "c85fd706bb61a57ca05d891d1b76e613";

/// Keys that upload forms and phones make, none of which may be altered on its way.
const AWKWARD_NAMES: [&str; 5] = [
    "my film.mp4",
    "Käse.mp4",
    "a+b.mp4",
    "100%20.mp4",
    "q?x=1&y#z'\"!()*.mp4",
];

/// Where the suite may write.
#[derive(Clone, Debug)]
pub struct ObjectPlace {
    /// The bucket; it exists.
    pub bucket: BucketName,
    /// Start of every key, without a slash at its end.
    pub prefix: String,
    /// The `ETag` that the store gives to [`SOURCE_BODY`].
    pub source_etag: String,
}

impl ObjectPlace {
    pub(super) fn at(&self, name: &str) -> ObjectRef {
        ObjectRef {
            bucket: self.bucket.clone(),
            key: ObjectKey::new(format!("{}/{name}", self.prefix)),
        }
    }
}

/// Every guarantee of the object ports. Leaves the prefix empty.
pub async fn objects<S>(store: &S, place: &ObjectPlace)
where
    S: ReadObject
        + ReadRange
        + WriteObject
        + UploadFile
        + ListObjects
        + DeletePrefix
        + DescribeSource
        + ListSources
        + SignSource
        + SignObject,
{
    what_is_written_is_read(store, place).await;
    a_range_is_exact_or_refused(store, place).await;
    a_read_has_a_limit(store, place).await;
    a_file_of_any_size_arrives(store, place).await;
    a_listing_is_complete_and_in_order(store, place).await;
    uploads_are_listed_page_by_page(store, place).await;
    only_a_folder_is_deleted(store, place).await;
    a_source_is_the_one_of_the_job(store, place).await;
    a_signed_url_opens_the_object(store, place).await;
    let folder = ObjectKey::new(format!("{}/", place.prefix));
    sure("tidy up", store.delete_prefix(&place.bucket, &folder).await);
    let left = sure(
        "list what is left",
        store.list(&place.bucket, &folder).await,
    );
    assert!(left.is_empty(), "a deleted folder is empty: {left:?}");
}

/// A bucket that does not exist is [`cloud::StoreError::NotFound`] (the folder has every bucket).
pub async fn missing_bucket<S>(store: &S, bucket: &BucketName)
where
    S: ReadObject + WriteObject + ListObjects + ListSources,
{
    let object = ObjectRef {
        bucket: bucket.clone(),
        key: ObjectKey::new("k"),
    };
    refused!(
        store.read(&object).await,
        NotFound,
        "reading from a missing bucket"
    );
    let written = store.write(&object, Bytes::new(), Content::Json).await;
    refused!(written, NotFound, "writing to a missing bucket");
    let listed = store.list(bucket, &object.key).await;
    refused!(listed, NotFound, "listing a missing bucket");
    let paged = store.sources(bucket, None).await;
    refused!(paged, NotFound, "listing the uploads of a missing bucket");
}

async fn put<S: WriteObject>(store: &S, object: &ObjectRef, body: impl Into<Bytes>) {
    let written = store.write(object, body.into(), Content::Json).await;
    sure("write an object", written);
}

async fn what_is_written_is_read<S: ReadObject + WriteObject>(store: &S, place: &ObjectPlace) {
    let object = place.at("plain/a.json");
    refused!(
        store.read(&object).await,
        NotFound,
        "a missing object is not found"
    );
    for body in [&b"one"[..], b"", b"another"] {
        put(store, &object, body).await;
        let read = sure("read an object", store.read(&object).await);
        assert_eq!(read, body, "the last bytes written are read");
    }
    for name in AWKWARD_NAMES {
        let object = place.at(&format!("names/{name}"));
        put(store, &object, name.as_bytes()).await;
        let read = sure("read an awkward key", store.read(&object).await);
        assert_eq!(read, name.as_bytes(), "a key is taken as it is");
    }
}

async fn a_range_is_exact_or_refused<S: ReadRange + WriteObject>(store: &S, place: &ObjectPlace) {
    let object = place.at("range");
    put(store, &object, &b"0123456789"[..]).await;
    for (range, expected) in [
        (0..10, "0123456789"),
        (0..1, "0"),
        (3..7, "3456"),
        (9..10, "9"),
    ] {
        let read = sure("read a range", store.read_range(&object, range).await);
        assert_eq!(read, expected, "a range is end-exclusive");
    }
    let empty = sure("read an empty range", store.read_range(&object, 4..4).await);
    assert!(empty.is_empty(), "an empty range is empty");
    for range in [5..11, 10..11, 50..60] {
        let read = store.read_range(&object, range).await;
        refused!(read, OutOfRange, "a range beyond the end is refused");
    }
    let read = store.read_range(&place.at("none"), 0..1).await;
    refused!(read, NotFound, "a range of a missing object is not found");
}

async fn a_read_has_a_limit<S>(store: &S, place: &ObjectPlace)
where
    S: ReadObject + ReadRange + WriteObject,
{
    let object = place.at("large");
    let limit = usize::try_from(READ_MAX).unwrap_or(usize::MAX);
    put(store, &object, vec![7; limit]).await;
    let read = sure("read the largest object", store.read(&object).await);
    assert_eq!(read.len(), limit, "the limit itself is allowed");
    put(store, &object, vec![7; limit + 1]).await;
    refused!(
        store.read(&object).await,
        TooLarge,
        "a larger object is not read"
    );
    let read = store.read_range(&object, 0..READ_MAX + 1).await;
    refused!(read, TooLarge, "a larger range is not read");
    let last = sure(
        "read its end",
        store.read_range(&object, READ_MAX..READ_MAX + 1).await,
    );
    assert_eq!(&*last, [7], "a large object is read by range");
}

/// `length` bytes that no shifted or repeated copy of themselves equals.
fn pattern(length: u64) -> Vec<u8> {
    (0..length.div_ceil(8))
        .flat_map(|word: u64| word.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes())
        .take(usize::try_from(length).unwrap_or(usize::MAX))
        .collect()
}

async fn a_file_of_any_size_arrives<S>(store: &S, place: &ObjectPlace)
where
    S: ReadRange + UploadFile + ListObjects,
{
    let missing = std::path::Path::new("/nonexistent/file");
    let nothing = store
        .upload(&place.at("file/0"), missing, Content::Nut)
        .await;
    refused!(
        nothing,
        LocalFile,
        "a missing local file is a fact of its own"
    );
    let mebibyte = 1024 * 1024;
    for length in [
        0,
        1,
        16 * mebibyte,
        16 * mebibyte + 1,
        85 * mebibyte + 12_345,
    ] {
        let body = pattern(length);
        let Ok(mut file) = tempfile::NamedTempFile::new() else {
            panic!("make a local file");
        };
        assert!(file.write_all(&body).is_ok(), "fill a local file");
        let object = place.at(&format!("file/{length}"));
        let sent = store
            .upload(&object, file.path(), Content::VideoSegment)
            .await;
        assert_eq!(
            sure("upload a file", sent),
            length,
            "an upload tells its length"
        );
        let listed = sure("list it", store.list(&object.bucket, &object.key).await);
        let sizes: Vec<u64> = listed.iter().map(|entry| entry.size).collect();
        assert_eq!(sizes, [length], "an uploaded file has its length");
        for (index, expected) in (0_u64..).zip(body.chunks(10 * 1024 * 1024)) {
            let start = index * 10 * mebibyte;
            let range = start..start + expected.len() as u64;
            let read = sure("read it back", store.read_range(&object, range).await);
            assert!(
                read == expected,
                "an uploaded file has its bytes, {length} of them"
            );
        }
    }
}

async fn a_listing_is_complete_and_in_order<S>(store: &S, place: &ObjectPlace)
where
    S: ListObjects + WriteObject,
{
    let names = ["l/Z", "l/a", "l/a/b", "l/b c", "l/é", "l/~", "l2/x"];
    // A folder cannot hold both `l/a` and `l/a/b`.
    let names: Vec<&str> = names.into_iter().filter(|name| *name != "l/a").collect();
    for name in names.iter().rev() {
        put(store, &place.at(name), name.as_bytes()).await;
    }
    let many: Vec<String> = (0..1100)
        .map(|index| format!("l/many/{index:04}"))
        .collect();
    for name in &many {
        put(store, &place.at(name), Bytes::new()).await;
    }
    let prefix = place.at("l/").key;
    let entries = sure("list a prefix", store.list(&place.bucket, &prefix).await);
    let mut expected: Vec<(String, u64)> = names
        .iter()
        .filter(|name| name.starts_with("l/"))
        .map(|name| (place.at(name).key.to_string(), name.len() as u64))
        .chain(many.iter().map(|name| (place.at(name).key.to_string(), 0)))
        .collect();
    expected.sort();
    let listed: Vec<(String, u64)> = entries
        .iter()
        .map(|entry| (entry.key.to_string(), entry.size))
        .collect();
    assert_eq!(listed, expected, "a listing is complete and in key order");
    let part = sure(
        "list part of a name",
        store.list(&place.bucket, &place.at("l/many/010").key).await,
    );
    assert_eq!(part.len(), 10, "a prefix need not be a folder");
    let none = sure(
        "list nothing",
        store.list(&place.bucket, &place.at("none/").key).await,
    );
    assert!(none.is_empty(), "nothing is an empty listing");
}

/// Every upload of the suite's bucket behind a key, from as many pages as there are.
async fn every_source<S: ListSources>(
    store: &S,
    place: &ObjectPlace,
    after: Option<ObjectKey>,
) -> Vec<ListedSource> {
    let mut listed = Vec::new();
    let mut after = after;
    loop {
        let page = store.sources(&place.bucket, after.as_ref()).await;
        let page = sure("list uploads", page);
        listed.extend(page.sources);
        assert!(
            page.next.is_none() || page.next > after,
            "a page gets further"
        );
        after = page.next;
        if after.is_none() {
            return listed;
        }
    }
}

async fn uploads_are_listed_page_by_page<S>(store: &S, place: &ObjectPlace)
where
    S: ListSources + ListObjects + WriteObject + DescribeSource,
{
    let source = place.at("u/My film.mp4");
    put(store, &source, &b"a film"[..]).await;
    put(store, &source, SOURCE_BODY).await;
    for name in AWKWARD_NAMES {
        put(store, &place.at(&format!("u/{name}!")), name.as_bytes()).await;
    }
    let ours = |listed: &ListedSource| listed.source.object.key.as_str().starts_with(&place.prefix);
    let mut listed = every_source(store, place, None).await;
    listed.retain(ours);
    let keys: Vec<_> = listed.iter().map(|each| &each.source.object.key).collect();
    let prefix = place.at("").key;
    let expected = sure("list it", store.list(&place.bucket, &prefix).await);
    let expected: Vec<_> = expected.iter().map(|entry| &entry.key).collect();
    assert!(keys.len() > 1000, "more than one page of S3 is listed");
    assert_eq!(keys, expected, "every upload comes once, in key order");

    let found = listed.iter().find(|each| each.source.object == source);
    let Some(found) = found else {
        panic!("an upload is listed");
    };
    assert_eq!(
        (found.source.etag.as_str(), found.source.size),
        (place.source_etag.as_str(), SOURCE_BODY.len() as u64),
        "an overwritten upload is what it is now"
    );
    let facts = sure("describe it", store.describe_source(&found.source).await);
    assert_eq!(
        facts.uploaded.0 / 1000,
        found.uploaded.0 / 1000,
        "a listing tells the same time, to the second"
    );

    let behind = every_source(store, place, Some(source.key.clone())).await;
    let behind = behind.iter().filter(|each| ours(each)).count();
    let until = keys.iter().filter(|key| ***key <= source.key).count();
    assert_eq!(behind, keys.len() - until, "a page begins behind its key");
}

async fn only_a_folder_is_deleted<S>(store: &S, place: &ObjectPlace)
where
    S: DeletePrefix + ListObjects + WriteObject + ReadObject,
{
    for name in ["d/1", "d/e/2", "d2"] {
        put(store, &place.at(name), name.as_bytes()).await;
    }
    for slip in ["", "/"] {
        let deleted = store
            .delete_prefix(&place.bucket, &ObjectKey::new(slip))
            .await;
        refused!(deleted, Refused, "a whole bucket is not deleted");
    }
    let deleted = store.delete_prefix(&place.bucket, &place.at("d").key).await;
    refused!(deleted, Refused, "half a name is not deleted");
    let folder = place.at("d/").key;
    for expected in [2, 0] {
        let deleted = sure(
            "delete a folder",
            store.delete_prefix(&place.bucket, &folder).await,
        );
        assert_eq!(
            deleted, expected,
            "what was deleted is counted, again is nothing"
        );
    }
    sure("read its neighbour", store.read(&place.at("d2")).await);
    // One page of a listing and one batch of a deletion are 1,000 keys.
    let many = place.at("l/many/").key;
    let deleted = sure(
        "delete many",
        store.delete_prefix(&place.bucket, &many).await,
    );
    assert_eq!(deleted, 1100, "a folder of any size is deleted");
}

async fn a_source_is_the_one_of_the_job<S>(store: &S, place: &ObjectPlace)
where
    S: DescribeSource + WriteObject + DeletePrefix,
{
    let mut source = SourceObject {
        object: place.at("s/My film.mp4"),
        version: None,
        etag: place.source_etag.clone(),
        size: SOURCE_BODY.len() as u64,
    };
    refused!(
        store.describe_source(&source).await,
        SourceMissing,
        "a missing source"
    );
    put(store, &source.object, SOURCE_BODY).await;
    let facts = sure("describe a source", store.describe_source(&source).await);
    assert_eq!(facts.size, source.size, "a source has its length");
    assert!(
        facts.uploaded.0 > 1_600_000_000_000,
        "a source has its time, in milliseconds"
    );
    put(store, &source.object, &b"another film"[..]).await;
    refused!(
        store.describe_source(&source).await,
        SourceChanged,
        "an overwritten source"
    );
    put(store, &source.object, SOURCE_BODY).await;
    let again = sure("describe it again", store.describe_source(&source).await);
    assert!(
        again.uploaded >= facts.uploaded,
        "a later upload is not earlier"
    );
    source.object = place.at("s/never");
    refused!(
        store.describe_source(&source).await,
        SourceMissing,
        "another missing source"
    );
}

async fn a_signed_url_opens_the_object<S>(store: &S, place: &ObjectPlace)
where
    S: SignSource + SignObject + WriteObject,
{
    for name in AWKWARD_NAMES {
        let object = place.at(&format!("signed/{name}"));
        put(store, &object, name.as_bytes()).await;
        let lifetime = Duration::from_mins(1);
        let url = sure("sign an object", store.sign_object(&object, lifetime).await);
        assert_eq!(
            fetch(&url),
            name.as_bytes(),
            "a signed URL opens the object"
        );
        let source = SourceObject {
            object,
            version: None,
            etag: String::new(),
            size: 0,
        };
        let url = sure("sign a source", store.sign_source(&source, lifetime).await);
        assert_eq!(
            fetch(&url),
            name.as_bytes(),
            "a signed URL opens the source"
        );
        assert!(
            !format!("{url} {url:?}").contains("Signature="),
            "a signature is not printed"
        );
    }
}
