//! upload-api against twins of the cloud, asked as a client asks.
#![cfg(test)]

use api::upload::{CompletedUpload, SignedParts, Upload, UploadState, Uploads};
use api::{Problem, ProblemCode};
use axum::Router;
use axum::http::{Method, StatusCode};
use cloud::ports::KeepLibrary;
use domain::ids::AssetId;
use domain::object::BucketName;
use domain::upload::SMALLEST_PART;
use serde_json::{Value, json};
use service::finished;
use testkit::http::{self, Answer};
use testkit::store::{FailingStore, Faults, FolderStore, MemoryDocuments, RecordedExecutions};
use upload_api::{Documents, Executions, Objects, Ports, router};

/// A service with its stores in sight.
struct Service {
    router: Router,
    objects: FolderStore,
    documents: MemoryDocuments,
    executions: RecordedExecutions,
}

fn ports<S: Objects, D: Documents, E: Executions>(
    objects: S,
    documents: D,
    executions: E,
) -> Ports<S, D, E> {
    Ports {
        objects,
        documents,
        executions,
        bucket: BucketName::new("millrace-uploads"),
        max_bytes: 1 << 40,
    }
}

fn service() -> Service {
    let objects = FolderStore::temporary().unwrap();
    let documents = MemoryDocuments::default();
    let executions = RecordedExecutions::default();
    let ports = ports(objects.clone(), documents.clone(), executions.clone());
    Service {
        router: finished(router(ports)),
        objects,
        documents,
        executions,
    }
}

async fn ask(router: &Router, who: &str, method: Method, path: &str, body: Value) -> Answer {
    http::ask(router, who, method, path, body, &[]).await
}

async fn get(service: &Service, who: &str, path: &str) -> Answer {
    ask(&service.router, who, Method::GET, path, Value::Null).await
}

async fn post(service: &Service, who: &str, path: &str, body: Value) -> Answer {
    ask(&service.router, who, Method::POST, path, body).await
}

async fn begin(service: &Service, who: &str, size: u64) -> Upload {
    let body = json!({"name": "a film.mp4", "size": size, "type": "video/mp4", "title": "Summer"});
    let answer = post(service, who, "/api/uploads", body).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    answer.read()
}

/// Sends parts as a client does: to the addresses that it was given.
async fn send(service: &Service, upload: &Upload, bytes: &[u8], numbers: &[u32]) {
    let wanted: Vec<_> = numbers.iter().map(|n| json!({"number": n})).collect();
    let path = format!("/api/uploads/{}/parts", upload.id);
    let answer = post(service, "ann", &path, json!({"parts": wanted})).await;
    let signed: SignedParts = answer.read();
    for part in signed.parts {
        let start = usize::try_from(u64::from(part.number - 1) * upload.part_size).unwrap();
        let end = start + usize::try_from(part.size).unwrap();
        std::fs::write(part.url, &bytes[start..end]).unwrap();
    }
}

async fn complete(service: &Service, upload: &Upload) -> Answer {
    let path = format!("/api/uploads/{}/complete", upload.id);
    post(service, "ann", &path, Value::Null).await
}

fn film(parts: u64) -> Vec<u8> {
    let length = usize::try_from((parts - 1) * SMALLEST_PART + 5).unwrap();
    (0..length)
        .map(|n| u8::try_from(n % 251).unwrap())
        .collect()
}

#[tokio::test]
async fn parts_in_any_order_and_again_make_the_file_and_one_job() {
    let service = service();
    let bytes = film(3);
    let upload = begin(&service, "ann", bytes.len() as u64).await;
    assert_eq!((upload.part_count, upload.parts.len()), (3, 0));
    send(&service, &upload, &bytes, &[3, 1]).await;
    send(&service, &upload, &bytes, &[1]).await;
    let incomplete = complete(&service, &upload).await;
    assert_eq!(incomplete.code(), ProblemCode::UploadIncomplete);
    assert_eq!(incomplete.read::<Problem>().missing, [2]);
    send(&service, &upload, &bytes, &[2]).await;

    let done: CompletedUpload = complete(&service, &upload).await.read();
    assert_eq!(done.asset, upload.asset);
    assert_eq!(
        complete(&service, &upload).await.read::<CompletedUpload>(),
        done
    );
    let started = service.executions.started();
    assert_eq!(started.len(), 1);
    assert_eq!(started[0].0, done.job);
    let key = started[0].1["source"]["key"].as_str().unwrap();
    assert_eq!(key, format!("ann/{}/a film.mp4", upload.id));
    let file = service.objects.root().join("millrace-uploads").join(key);
    assert_eq!(std::fs::read(file).unwrap(), bytes);
}

#[tokio::test]
async fn the_asset_has_its_title_from_the_moment_the_upload_is_complete() {
    let service = service();
    let bytes = film(1);
    let upload = begin(&service, "ann", bytes.len() as u64).await;
    send(&service, &upload, &bytes, &[1]).await;
    let done: CompletedUpload = complete(&service, &upload).await.read();
    let asset = AssetId::new(done.asset).unwrap();
    let stored = service.documents.entry(&asset).await.unwrap().unwrap();
    assert_eq!(stored.entry.title, "Summer");
    assert_eq!(stored.entry.owner, "ann");
    assert_eq!(stored.job.unwrap().as_str(), done.job);
}

#[tokio::test]
async fn a_client_that_died_goes_on_with_what_is_there() {
    let service = service();
    let bytes = film(3);
    let upload = begin(&service, "ann", bytes.len() as u64).await;
    send(&service, &upload, &bytes, &[2]).await;
    let listed: Uploads = get(&service, "ann", "/api/uploads").await.read();
    assert_eq!(listed.uploads[0].id, upload.id);
    let path = format!("/api/uploads/{}", upload.id);
    let found: Upload = get(&service, "ann", &path).await.read();
    assert_eq!(found.parts.len(), 1);
    assert_eq!(found.parts[0].number, 2);
    send(&service, &found, &bytes, &[1, 3]).await;
    assert_eq!(complete(&service, &upload).await.status, StatusCode::OK);
    let found: Upload = get(&service, "ann", &path).await.read();
    assert_eq!(found.state, UploadState::Completed);
    let listed: Uploads = get(&service, "ann", "/api/uploads").await.read();
    assert!(listed.uploads.is_empty());
}

#[tokio::test]
async fn a_checksum_finds_the_open_upload_of_the_same_file() {
    let service = service();
    let with =
        |sum: char| json!({"name": "f.mp4", "size": 9, "sha256": sum.to_string().repeat(64)});
    let first = post(&service, "ann", "/api/uploads", with('a')).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let again = post(&service, "ann", "/api/uploads", with('a')).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.read::<Upload>().id, first.read::<Upload>().id);
    for (who, sum) in [("ann", 'b'), ("bob", 'a')] {
        let other = post(&service, who, "/api/uploads", with(sum)).await;
        assert_eq!(other.status, StatusCode::CREATED);
    }
    let mut checked = with('a');
    checked["part_sha256"] = json!(true);
    let other = post(&service, "ann", "/api/uploads", checked).await;
    assert_eq!(other.status, StatusCode::CREATED, "sent in another way");
}

#[tokio::test]
async fn parts_have_checksums_if_and_only_if_they_were_announced() {
    let service = service();
    let sum = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    for announced in [true, false] {
        let body = json!({"name": "f.mp4", "size": 9, "part_sha256": announced});
        let upload: Upload = post(&service, "ann", "/api/uploads", body).await.read();
        assert_eq!(upload.part_sha256, announced);
        let path = format!("/api/uploads/{}/parts", upload.id);
        for (part, fits) in [
            (json!({"number": 1, "sha256": sum}), announced),
            (json!({"number": 1}), !announced),
            (json!({"number": 1, "sha256": "x"}), false),
        ] {
            let answer = post(&service, "ann", &path, json!({"parts": [part]})).await;
            assert_eq!(answer.status == StatusCode::OK, fits, "{announced} {part}");
            assert!(fits || answer.code() == ProblemCode::RequestInvalid);
        }
    }
}

#[tokio::test]
async fn another_owners_upload_is_not_there() {
    let service = service();
    let upload = begin(&service, "ann", 9).await;
    let path = format!("/api/uploads/{}", upload.id);
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/complete")),
    ] {
        let answer = ask(&service.router, "bob", method, &path, Value::Null).await;
        assert_eq!(answer.code(), ProblemCode::UploadNotFound);
    }
    let body = json!({"parts": [{"number": 1}]});
    let answer = post(&service, "bob", &format!("{path}/parts"), body).await;
    assert_eq!(answer.code(), ProblemCode::UploadNotFound);
    let answer = get(&service, "", &path).await;
    assert_eq!(answer.code(), ProblemCode::Unauthorized);
    let listed: Uploads = get(&service, "bob", "/api/uploads").await.read();
    assert!(listed.uploads.is_empty());
}

#[tokio::test]
async fn an_upload_that_was_given_up_is_over() {
    let service = service();
    let upload = begin(&service, "ann", 9).await;
    let path = format!("/api/uploads/{}", upload.id);
    for _ in 0..2 {
        let answer = ask(&service.router, "ann", Method::DELETE, &path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(
        complete(&service, &upload).await.code(),
        ProblemCode::UploadEnded
    );
    assert_eq!(
        get(&service, "ann", &path).await.code(),
        ProblemCode::UploadEnded
    );
    let body = json!({"parts": [{"number": 1}]});
    let answer = post(&service, "ann", &format!("{path}/parts"), body).await;
    assert_eq!(answer.code(), ProblemCode::UploadEnded);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named() {
    let service = service();
    let upload = begin(&service, "ann", 9).await;
    let parts = format!("/api/uploads/{}/parts", upload.id);
    for (path, body, code) in [
        (
            "/api/uploads",
            json!({"name": "f", "size": 0}),
            ProblemCode::FileEmpty,
        ),
        (
            "/api/uploads",
            json!({"name": "f", "size": 1_u64 << 41}),
            ProblemCode::FileTooLarge,
        ),
        (
            "/api/uploads",
            json!({"name": "f", "size": -1}),
            ProblemCode::RequestInvalid,
        ),
        (
            "/api/uploads",
            json!({"name": "f", "size": 1, "owner": "bob"}),
            ProblemCode::RequestInvalid,
        ),
        (
            &*parts,
            json!({"parts": [{"number": 2}]}),
            ProblemCode::RequestInvalid,
        ),
        (
            &*parts,
            json!({"parts": [{"number": 0}]}),
            ProblemCode::RequestInvalid,
        ),
        (&*parts, json!({"parts": []}), ProblemCode::RequestInvalid),
        (
            &*parts,
            json!({"parts": [{"number": 1, "sha256": "x"}]}),
            ProblemCode::RequestInvalid,
        ),
        ("/api/nothing", json!({}), ProblemCode::NotFound),
    ] {
        assert_eq!(
            post(&service, "ann", path, body).await.code(),
            code,
            "{path}"
        );
    }
    let wrong = ask(
        &service.router,
        "ann",
        Method::PUT,
        "/api/uploads",
        Value::Null,
    )
    .await;
    assert_eq!(wrong.code(), ProblemCode::MethodNotAllowed);
    let wrong = get(&service, "ann", "/api/uploads?cursor=x").await;
    assert_eq!(wrong.code(), ProblemCode::RequestInvalid);
}

/// Whatever call fails, before it did anything or when it was done but nobody heard: the client's
/// next call makes the upload complete, and there is one job.
#[tokio::test]
async fn completing_may_die_anywhere_and_be_called_again() {
    for nth in 1.. {
        let mut untouched = 0;
        for faults in [Faults::before(nth), Faults::after(nth)] {
            let service = service();
            let bytes = film(1);
            let upload = begin(&service, "ann", bytes.len() as u64).await;
            send(&service, &upload, &bytes, &[1]).await;
            let failing = finished(router(ports(
                FailingStore::sharing(service.objects.clone(), &faults),
                FailingStore::sharing(service.documents.clone(), &faults),
                FailingStore::sharing(service.executions.clone(), &faults),
            )));
            let path = format!("/api/uploads/{}/complete", upload.id);
            let first = ask(&failing, "ann", Method::POST, &path, Value::Null).await;
            if first.status == StatusCode::OK {
                untouched += 1;
            } else {
                assert_eq!(first.code(), ProblemCode::Unavailable);
            }
            let done: CompletedUpload = complete(&service, &upload).await.read();
            let started = service.executions.started();
            assert_eq!(started.len(), 1, "call {nth}");
            assert_eq!(started[0].0, done.job);
            let asset = AssetId::new(done.asset).unwrap();
            let stored = service.documents.entry(&asset).await.unwrap().unwrap();
            assert_eq!(stored.entry.title, "Summer", "call {nth}");
            assert!(stored.job.is_some(), "call {nth}");
        }
        if untouched == 2 {
            assert!(nth > 8, "the faults were met");
            return;
        }
    }
}

#[test]
fn every_documented_operation_is_there_and_described() {
    let document = upload_api::document();
    let operations: Vec<_> = document.paths.paths.keys().cloned().collect();
    assert_eq!(
        operations,
        [
            "/api/uploads",
            "/api/uploads/{upload}",
            "/api/uploads/{upload}/complete",
            "/api/uploads/{upload}/parts",
        ]
    );
}
