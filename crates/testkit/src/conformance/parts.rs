//! Guarantees of uploads in parts.

use std::time::Duration;

use cloud::ports::{DeleteObject, FindSource, PartToSign, ReadObject, TakeParts};
use domain::object::ObjectRef;
use domain::upload::UploadedPart;

use super::fetch::send;
use super::{ObjectPlace, refused, sure};

const LIFETIME: Duration = Duration::from_mins(1);
/// The smallest part but the last that S3 takes: 5 MiB.
const PART: usize = 5 * 1024 * 1024;
/// A part with a checksum, and that in base 64.
const BYTES: &[u8] = b"bytes";
const BYTES_SHA256: &str = "J3CJ2RwL308uaGK6fkoHYFEZQx9dE/cm3TUrBvGyBqk=";

/// Every guarantee of uploads in parts.
pub async fn parts<S: TakeParts + FindSource + ReadObject + DeleteObject>(
    store: &S,
    place: &ObjectPlace,
) {
    let object = place.at("parts/my film + more.mp4");
    parts_make_an_object(store, &object).await;
    what_was_given_up_is_gone(store, &place.at("parts/given-up")).await;
}

async fn put<S: TakeParts>(
    store: &S,
    object: &ObjectRef,
    multipart: &str,
    number: u32,
    body: &[u8],
) {
    let part = PartToSign {
        number,
        size: body.len() as u64,
        sha256: None,
    };
    let signed = store.sign_part(object, multipart, &part, LIFETIME).await;
    let signed = sure("sign a part", signed);
    send(&signed, body);
}

async fn parts_make_an_object<S>(store: &S, object: &ObjectRef)
where
    S: TakeParts + FindSource + ReadObject + DeleteObject,
{
    let multipart = sure("begin", store.begin_parts(object, "video/mp4", false).await);
    let none = sure("list no parts", store.arrived(object, &multipart).await);
    assert!(none.is_empty(), "nothing has arrived");
    let (first, last) = (vec![1; PART], vec![2; 7]);
    put(store, object, &multipart, 2, &last).await;
    put(store, object, &multipart, 1, &vec![9; PART]).await;
    put(store, object, &multipart, 1, &first).await;
    let there = sure("list parts", store.arrived(object, &multipart).await);
    let part = |number, size: usize| UploadedPart {
        number,
        size: size as u64,
    };
    assert_eq!(there, [part(1, PART), part(2, 7)], "by number");
    refused!(
        store.find_source(object).await,
        NotFound,
        "there is no object before the end"
    );
    sure("join", store.join_parts(object, &multipart).await);
    let body = sure("read", store.read(object).await);
    assert!(
        body == [first, last].concat(),
        "the last of each part, in order"
    );
    let (source, _) = sure("find", store.find_source(object).await);
    assert_eq!(source.size, (PART + 7) as u64);
    for _ in 0..2 {
        sure("delete", store.delete_object(object).await);
        refused!(
            store.find_source(object).await,
            NotFound,
            "a deleted object is gone"
        );
    }
    refused!(
        store.arrived(object, &multipart).await,
        NotFound,
        "joined parts are gone"
    );
    refused!(
        store.join_parts(object, &multipart).await,
        NotFound,
        "and not joined again"
    );
    sure(
        "drop what was joined",
        store.drop_parts(object, &multipart).await,
    );
}

async fn what_was_given_up_is_gone<S: TakeParts + FindSource>(store: &S, object: &ObjectRef) {
    let multipart = sure("begin", store.begin_parts(object, "audio/flac", true).await);
    let part = PartToSign {
        number: 1,
        size: BYTES.len() as u64,
        sha256: Some(BYTES_SHA256.to_owned()),
    };
    let signed = store.sign_part(object, &multipart, &part, LIFETIME).await;
    send(&sure("sign a part with a checksum", signed), BYTES);
    sure("give up", store.drop_parts(object, &multipart).await);
    sure("give up again", store.drop_parts(object, &multipart).await);
    refused!(
        store.arrived(object, &multipart).await,
        NotFound,
        "its parts are forgotten"
    );
    refused!(
        store.find_source(object).await,
        NotFound,
        "there is no object"
    );
}
