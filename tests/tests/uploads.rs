//! Uploads on the local stack: told of many times, overwritten, and never told of.
#![cfg(test)]

use std::fs;

use anyhow::Context as _;
use cloud::ports::{ListObjects as _, ListSources as _};
use domain::ErrorCode;
use domain::job::JobState;
use domain::layout::MediaFolder;
use domain::object::{BucketName, ObjectKey, SourceObject};
use e2e::clips::{self, FILM, OTHER_FILM, SMALL};
use e2e::events::told_of;
use e2e::folders::differences;
use e2e::stack::{Stack, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;
use trigger::event::told;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_copies_of_an_event_through_three_ways_are_one_execution_and_one_asset() {
    let stack = Stack::connect().await.unwrap();
    let folder = TempDir::new().unwrap();
    let clip = clips::make(SMALL, folder.path()).unwrap();
    let key = ObjectKey::new("fay/1/small.mp4");
    let request = stack.client.upload(key, &clip).await.unwrap();
    let queue = stack.output("UploadsQueueUrl").unwrap();
    let [notification, announcement] = told_of(&request.source).unwrap();
    let mut calls = Vec::new();
    for copy in 0..100 {
        let body = [&notification, &announcement][copy / 3 % 2].to_string();
        let message = json!({"QueueUrl": queue, "MessageBody": body});
        calls.push(match copy % 3 {
            0 => stack.telling(&notification).unwrap(),
            1 => stack.telling(&announcement).unwrap(),
            _ => ("sqs", "send_message", message),
        });
    }
    for answer in stack.calls(&calls).unwrap() {
        let job = answer == json!([request.job]);
        assert!(job || answer.get("MessageId").is_some(), "{answer}");
    }
    let asset = stack.ended(&request).await.unwrap();
    assert_eq!(asset.state, JobState::Ready, "{:?}", asset.error);
    let waiting = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
    ];
    let waiting = json!({"QueueUrl": queue, "AttributeNames": waiting});
    eventually("an empty queue", async || {
        let left = stack.call("sqs", "get_queue_attributes", waiting.clone())?;
        let left = left["Attributes"].as_object().context("attributes")?;
        Ok(left.values().all(|number| number == "0").then_some(()))
    })
    .await
    .unwrap();
    // One that comes when all is over.
    stack.tell(&announcement).unwrap();
    assert_eq!(
        stack.executions(&request.job).unwrap(),
        [request.job.to_string()]
    );
    let assets = ObjectKey::new(format!("assets/{}/", request.asset));
    let names = stack.client.names();
    let published = stack
        .client
        .objects()
        .list(&names.media, &assets)
        .await
        .unwrap();
    let ours = |key: &ObjectKey| key.as_str().contains(request.job.as_str());
    assert!(!published.is_empty() && published.iter().all(|entry| ours(&entry.key)));
    assert_eq!(stack.client.asset(&request).await.unwrap(), Some(asset));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overwrite_while_the_job_runs_is_a_job_of_its_own_and_never_mixed() {
    let stack = Stack::connect().await.unwrap();
    let folder = TempDir::new().unwrap();
    let first = clips::make(FILM, folder.path()).unwrap();
    let second = clips::make(OTHER_FILM, folder.path()).unwrap();
    let key = ObjectKey::new("fay/2/film.mp4");
    let older = stack.client.upload(key.clone(), &first).await.unwrap();
    eventually("a first chunk", async || {
        let progress = stack.client.progress(&older).await?;
        Ok((progress.video_done > 0).then_some(()))
    })
    .await
    .unwrap();
    let newer = stack.client.upload(key, &second).await.unwrap();
    assert_eq!(newer.asset, older.asset);
    assert_ne!(newer.job, older.job);
    stack.ended(&older).await.unwrap();
    let asset = stack.ended(&newer).await.unwrap();
    assert_eq!(asset.state, JobState::Ready, "{:?}", asset.error);
    let published = asset.published.as_ref().unwrap();
    assert_eq!(published.job, newer.job);
    let record = stack.client.job(&older).await.unwrap().unwrap();
    let error = record.error.unwrap();
    assert_eq!(error.code, ErrorCode::SourceChanged, "{error:?}");

    let (_, alone) = stack.transcode("fay/3/other.mp4", &second).await.unwrap();
    let ours = stack.published(&asset).await.unwrap();
    let theirs = stack.published(&alone).await.unwrap();
    let differ = differences(ours.path(), theirs.path()).unwrap();
    assert_eq!(differ, [] as [String; 0], "the newer one is all its own");

    let (_, alone) = stack.transcode("fay/3/film.mp4", &first).await.unwrap();
    let whole = stack.published(&alone).await.unwrap();
    let left = TempDir::new().unwrap();
    let media = MediaFolder {
        asset: &older.asset,
        job: &older.job,
    };
    let media = media.prefix();
    stack
        .client
        .fetch(media.as_str(), left.path())
        .await
        .unwrap();
    let mut compared = 0;
    for name in differences(left.path(), whole.path()).unwrap() {
        assert!(
            !left.path().join(&name).exists(),
            "{name} is of the newer one"
        );
        compared += 1;
    }
    assert!(compared > 0, "the older one did not get to its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_events_were_all_lost_is_found_by_the_sweep_and_no_other() {
    let stack = Stack::alone().await.unwrap();
    let folder = TempDir::new().unwrap();
    let clip = clips::make(SMALL, folder.path()).unwrap();
    // Uploads that events tell of: in one piece and in several.
    let large = folder.path().join("large");
    fs::write(&large, vec![7; 17 * 1024 * 1024]).unwrap();
    for (key, file) in [
        ("gil/1/a+b, 100% é.mp4", &clip),
        ("gil/1/large.bin", &large),
    ] {
        stack.transcode(key, file).await.unwrap();
    }
    let uploads = stack.output("UploadsBucket").unwrap();
    let bucket = json!({"Bucket": uploads});
    let (get, put) = (
        "get_bucket_notification_configuration",
        "put_bucket_notification_configuration",
    );
    let ways = stack.call("s3", get, bucket).unwrap();
    let configured = |ways: &Value| json!({"Bucket": uploads, "NotificationConfiguration": ways});
    stack.call("s3", put, configured(&json!({}))).unwrap();
    let key = ObjectKey::new("gil/2/lost.mp4");
    let request = stack.client.upload(key, &clip).await;
    stack.call("s3", put, configured(&ways)).unwrap();
    let request = request.unwrap();
    assert_eq!(
        stack.client.job(&request).await.unwrap(),
        None,
        "it is lost"
    );

    let found = stack.tell(&json!({"sweep": {"all": true}})).unwrap();
    assert_eq!(found, json!([request.job]), "no other upload lacks its job");
    let asset = stack.ended(&request).await.unwrap();
    assert_eq!(asset.state, JobState::Ready, "{:?}", asset.error);
    let again = stack.tell(&json!({"sweep": {"all": true}})).unwrap();
    assert_eq!(again, json!([]), "what is done is left alone");
    assert_eq!(
        stack.executions(&request.job).unwrap(),
        [request.job.to_string()]
    );
}

/// Puts an object into a bucket of the test's own, before versions are kept, while they are, and
/// when they are not kept any more.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_and_the_sweep_name_every_upload_alike() {
    let stack = Stack::connect().await.unwrap();
    let bucket = "sweep-and-events";
    let call = |service, operation, arguments| stack.call(service, operation, arguments).unwrap();
    call("s3", "create_bucket", json!({"Bucket": bucket}));
    let queue = call("sqs", "create_queue", json!({"QueueName": bucket}));
    let queue = queue["QueueUrl"].as_str().unwrap();
    let attributes = json!({"QueueUrl": queue, "AttributeNames": ["QueueArn"]});
    let arn = call("sqs", "get_queue_attributes", attributes)["Attributes"]["QueueArn"].clone();
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }]});
    let policy = json!({"QueueUrl": queue, "Attributes": {"Policy": policy.to_string()}});
    call("sqs", "set_queue_attributes", policy);
    let ways =
        json!({"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]});
    let ways = json!({"Bucket": bucket, "NotificationConfiguration": ways});
    call("s3", "put_bucket_notification_configuration", ways);
    for (versions, key) in [
        ("", "ann/a + é.mp4"),
        ("Enabled", "ann/b 100%.mp4"),
        ("Suspended", "ann/c.mp4"),
    ] {
        if !versions.is_empty() {
            let kept = json!({"Bucket": bucket, "VersioningConfiguration": {"Status": versions}});
            call("s3", "put_bucket_versioning", kept);
        }
        for body in ["one", "two"] {
            call(
                "s3",
                "put_object",
                json!({"Bucket": bucket, "Key": key, "Body": body}),
            );
        }
    }

    let bucket = BucketName::new(bucket);
    let page = stack.client.objects().sources(&bucket, None).await.unwrap();
    let mut listed: Vec<SourceObject> = page.sources.into_iter().map(|each| each.source).collect();
    assert_eq!(listed.len(), 3);
    assert!(listed[1].version.is_some());
    eventually("the event of every listed version", async || {
        let receive = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1});
        let received = stack.call("sqs", "receive_message", receive)?;
        for message in received["Messages"].as_array().into_iter().flatten() {
            let sources = told(message["Body"].as_str().unwrap_or_default())?;
            listed.retain(|each| !sources.contains(each));
        }
        Ok(listed.is_empty().then_some(()))
    })
    .await
    .unwrap();
}
