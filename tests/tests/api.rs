//! The API with real storage and tables behind it: a film from its first part to its last trace.
#![cfg(test)]

use std::fs;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cloud::ports::{FindSource as _, ListObjects as _};
use cloud::signed_access::{Grant, SignedAccess};
use cloud::signing_key;
use domain::ids::{AssetId, JobId};
use domain::layout::{WorkFolder, media_prefix};
use domain::object::{BucketName, ObjectKey, ObjectRef};
use e2e::clips::{self, SMALL, padded};
use e2e::environment::variable;
use e2e::events::told_of;
use e2e::people::Person;
use e2e::stack::{Stack, eventually};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

const PART: usize = 8 * 1024 * 1024;

/// A film of three parts, the last one shorter.
fn film() -> Bytes {
    let folder = TempDir::new().unwrap();
    let clip = clips::make(SMALL, folder.path()).unwrap();
    let film = padded(&clip, 2 * PART + PART / 4).unwrap();
    let mut film = fs::read(film).unwrap();
    // No other run has begun to upload this one.
    film.truncate(film.len() - 4);
    film.extend(std::process::id().to_be_bytes());
    film.into()
}

/// What a client keeps of an upload.
struct Upload<'a> {
    person: &'a Person,
    path: String,
    film: &'a Bytes,
}

impl<'a> Upload<'a> {
    /// Begins it, or finds it again: the status tells which.
    async fn begin(person: &'a Person, film: &'a Bytes) -> (u16, Self) {
        let sum = format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(film)));
        let new = json!({
            "name": "film.mp4",
            "size": film.len(),
            "type": "video/mp4",
            "sha256": sum,
            "part_sha256": true,
        });
        let answer = person.tell("POST", "/api/uploads", &new).await.unwrap();
        let id = answer.json().unwrap()["id"].as_str().unwrap().to_owned();
        let path = format!("/api/uploads/{id}");
        (answer.status, Self { person, path, film })
    }

    fn part(&self, number: usize) -> Bytes {
        let end = self.film.len().min(number * PART);
        self.film.slice((number - 1) * PART..end)
    }

    /// Sends bytes as a part that should be another: storage's status.
    async fn send(&self, number: usize, bytes: Bytes) -> u16 {
        let sum = STANDARD.encode(Sha256::digest(self.part(number)));
        let wanted = json!({"parts": [{"number": number, "sha256": sum}]});
        let path = format!("{}/parts", self.path);
        let signed = self.person.tell("POST", &path, &wanted).await.unwrap();
        let signed = signed.with_status(200).unwrap()["parts"][0].take();
        let headers = signed["headers"].as_object().unwrap().iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let url = signed["url"].as_str().unwrap();
        let put = self.person.send("PUT", url, &headers, bytes).await;
        put.unwrap().status
    }

    async fn there(&self) -> Value {
        let answer = self.person.ask("GET", &self.path).await.unwrap();
        answer.with_status(200).unwrap()["parts"].take()
    }

    async fn complete(&self, status: u16) -> Value {
        let path = format!("{}/complete", self.path);
        let answer = self.person.ask("POST", &path).await.unwrap();
        answer.with_status(status).unwrap()
    }
}

/// What a complete upload has become.
struct Sent {
    upload: String,
    asset: String,
    job: JobId,
}

/// Sends the film as a client on a bad line would.
async fn sent_in_parts(stack: &Stack, ann: &Person, film: &Bytes) -> Sent {
    let (status, upload) = Upload::begin(ann, film).await;
    assert_eq!(status, 201);
    assert_eq!(upload.send(3, upload.part(3)).await, 200);
    let mut damaged = upload.part(1).to_vec();
    damaged[PART / 2] ^= 1;
    assert_eq!(upload.send(1, damaged.into()).await, 400, "other bytes");
    assert_eq!(
        upload.send(2, upload.part(2).slice(1..)).await,
        403,
        "too few"
    );
    let incomplete = upload.complete(409).await;
    assert_eq!(incomplete["code"], "UploadIncomplete");
    assert_eq!(incomplete["missing"], json!([1, 2]));
    // The client dies here. Another one has the file, and nothing else.
    let anew = stack.user().unwrap();
    let (status, upload) = Upload::begin(&anew, film).await;
    assert_eq!(status, 200);
    assert_eq!(
        upload.there().await,
        json!([{"number": 3, "size": PART / 4}])
    );
    let (second, first) = tokio::join!(
        upload.send(2, upload.part(2)),
        upload.send(1, upload.part(1))
    );
    let again = upload.send(3, upload.part(3)).await;
    assert_eq!([second, first, again], [200; 3]);
    let completed = upload.complete(200).await;
    assert_eq!(upload.complete(200).await, completed);
    let text = |name: &str| completed[name].as_str().unwrap().to_owned();
    let sent = Sent {
        upload: text("upload"),
        asset: text("asset"),
        job: JobId::new(text("job")).unwrap(),
    };
    told_again(stack, &sent).await;
    sent
}

fn key(stack: &Stack, upload: &str) -> ObjectKey {
    let owner = &stack.description.owner;
    ObjectKey::new(format!("{owner}/{upload}/film.mp4"))
}

/// The bucket's events name the job that the call has started.
async fn told_again(stack: &Stack, sent: &Sent) {
    let bucket = stack.client.names().uploads.clone();
    let key = key(stack, &sent.upload);
    let object = ObjectRef { bucket, key };
    let (source, _) = stack.client.objects().find_source(&object).await.unwrap();
    for event in told_of(&source).unwrap() {
        assert_eq!(stack.tell(&event).unwrap(), json!([sent.job]));
    }
}

async fn ready(ann: &Person, asset: &str) -> Value {
    let path = format!("/api/assets/{asset}");
    let asset = eventually("the end of the job", async || {
        let asset = ann.ask("GET", &path).await?.with_status(200)?;
        Ok((asset["state"] != "processing").then_some(asset))
    });
    let asset = asset.await.unwrap();
    assert_eq!(asset["state"], "ready", "{asset}");
    asset
}

/// To somebody else there is nothing, until its owner opens it.
async fn is_its_owners(ann: &Person, bob: &Person, asset: &str) {
    let path = format!("/api/assets/{asset}");
    let list = bob.ask("GET", "/api/assets").await.unwrap();
    assert_eq!(list.with_status(200).unwrap(), json!({"assets": []}));
    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/retry")),
        ("POST", format!("{path}/playback")),
        ("GET", format!("/api/public/assets/{asset}")),
    ] {
        let refused = bob.ask(method, &path).await.unwrap();
        assert_eq!(refused.status, 404, "{method} {path}");
    }
    let change = json!({"visibility": "unlisted"});
    let refused = bob.tell("PATCH", &path, &change).await.unwrap();
    assert_eq!(refused.status, 404);
    let changed = ann.tell("PATCH", &path, &change).await.unwrap();
    assert_eq!(changed.with_status(200).unwrap()["visibility"], "unlisted");
    let public = format!("/api/public/assets/{asset}");
    let address = bob.address(&public);
    let seen = bob
        .send("GET", &address, &[], Bytes::new())
        .await
        .unwrap()
        .with_status(200)
        .unwrap();
    assert_eq!((&seen["file"], seen.get("job")), (&json!(""), None));
}

/// It plays with its query and its cookies, and with no other access.
async fn plays_for_who_may(stack: &Stack, ann: &Person, asset: &str) {
    let path = format!("/api/assets/{asset}/playback");
    let playback = ann.ask("POST", &path).await.unwrap();
    assert_eq!(playback.headers.get_all("set-cookie").iter().count(), 4);
    let playback = playback.with_status(200).unwrap();
    let hls = ann.address(playback["hls"].as_str().unwrap());
    let status = async |query: &str| {
        let address = format!("{hls}?{query}");
        ann.send("GET", &address, &[], Bytes::new())
            .await
            .unwrap()
            .status
    };
    assert_eq!(status(playback["query"].as_str().unwrap()).await, 200);
    let (folder, _) = playback["hls"].as_str().unwrap().rsplit_once('/').unwrap();
    let folder = format!("{}/", folder.trim_start_matches('/'));
    let access = access(stack);
    let grant = |folder: &str, until| access.grant(folder, until).unwrap();
    let query = |grant: Grant| grant.query();
    let never = 4_000_000_000;
    assert_eq!(status(&query(grant(&folder, never))).await, 200);
    assert_eq!(
        status(&query(grant(&folder, 1_000_000_000))).await,
        403,
        "expired"
    );
    assert_eq!(
        status(&query(grant("assets/other/job/", never))).await,
        403,
        "foreign"
    );
    assert_eq!(status("").await, 403);
    let cookies = playback["cookies"].as_array().unwrap().iter();
    let cookies = cookies.map(|each| {
        let text = |name: &str| each[name].as_str().unwrap();
        format!("{}={}", text("name"), text("value"))
    });
    let cookies: Vec<String> = cookies.collect();
    let probed = Command::new(variable("MILLRACE_FFPROBE").unwrap())
        .args([
            "-v",
            "error",
            "-show_entries",
            "stream=codec_name",
            "-of",
            "csv=p=0",
        ])
        .args(["-headers", &format!("Cookie: {}\r\n", cookies.join("; "))])
        .arg(&hls)
        .output()
        .unwrap();
    let said = String::from_utf8(probed.stdout).unwrap();
    assert!(said.contains("h264") && said.contains("aac"), "{said}");
}

/// What the stack signs with.
fn access(stack: &Stack) -> SignedAccess {
    let function = json!({"FunctionName": stack.output("PlayApiFunction").unwrap()});
    let function = stack.call("lambda", "get_function_configuration", function);
    let told = function.unwrap()["Environment"]["Variables"].take();
    let told = |name: &str| told[name].as_str().unwrap();
    let generation = told("MILLRACE_SIGNING_KEY_GENERATION").parse().unwrap();
    let version = signing_key::version(generation);
    let secret = json!({"SecretId": told("MILLRACE_SIGNING_SECRET"), "VersionId": version});
    let secret = stack
        .call("secretsmanager", "get_secret_value", secret)
        .unwrap();
    let key = secret["SecretString"].as_str().unwrap();
    SignedAccess::new(
        told("MILLRACE_ORIGIN"),
        told("MILLRACE_SIGNING_KEY_ID"),
        key,
    )
    .unwrap()
}

/// All that is kept of anything: rows of the database and items of the table.
async fn kept(stack: &Stack) -> String {
    let mut scan = json!({"TableName": stack.client.names().table});
    let mut kept = String::new();
    loop {
        let mut page = stack.call("dynamodb", "scan", scan.clone()).unwrap();
        let items = page["Items"].as_array().unwrap().iter();
        kept.extend(items.map(Value::to_string));
        match page.get_mut("LastEvaluatedKey") {
            Some(last) => scan["ExclusiveStartKey"] = last.take(),
            None => break,
        }
    }
    let pool = sqlx::PgPool::connect(&stack.description.database_url)
        .await
        .unwrap();
    let rows: Vec<String> = sqlx::query_scalar(
        "select to_jsonb(t)::text from assets t union all select to_jsonb(t)::text from jobs t \
         union all select to_jsonb(t)::text from publications t \
         union all select to_jsonb(t)::text from renditions t",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    kept + &rows.concat()
}

/// How many objects there are of it in each bucket.
async fn objects(stack: &Stack, sent: &Sent) -> [usize; 3] {
    let names = stack.client.names();
    let count = async |bucket: &BucketName, prefix: ObjectKey| {
        let found = stack.client.objects().list(bucket, &prefix).await;
        found.unwrap().len()
    };
    [
        count(&names.uploads, key(stack, &sent.upload)).await,
        count(
            &names.media,
            media_prefix(&AssetId::new(&sent.asset).unwrap()),
        )
        .await,
        count(&names.work, WorkFolder(&sent.job).prefix()).await,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_comes_in_parts_plays_for_who_may_and_leaves_nothing_behind() {
    let stack = Stack::connect().await.unwrap();
    let ann = stack.user().unwrap();
    let bob = stack.another_user("bob").unwrap();
    let film = film();
    let sent = sent_in_parts(&stack, &ann, &film).await;
    ready(&ann, &sent.asset).await;
    assert_eq!(
        stack.executions(&sent.job).unwrap(),
        [sent.job.to_string()],
        "call and events are one execution"
    );
    is_its_owners(&ann, &bob, &sent.asset).await;
    plays_for_who_may(&stack, &ann, &sent.asset).await;

    let traces = [sent.asset.as_str(), sent.job.as_str(), &sent.upload];
    let before = kept(&stack).await;
    assert!(traces.iter().all(|trace| before.contains(trace)));
    assert!(objects(&stack, &sent).await[1] > 0);
    let path = format!("/api/assets/{}", sent.asset);
    let removed = ann.ask("DELETE", &path).await.unwrap();
    assert_eq!(removed.with_status(202).unwrap()["state"], "deleting");
    eventually("its removal", async || {
        Ok((ann.ask("GET", &path).await?.status == 404).then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(objects(&stack, &sent).await, [0; 3]);
    let after = kept(&stack).await;
    for trace in traces {
        assert!(!after.contains(trace), "{trace} is kept");
    }
}
