//! heavy-encode makes what the functions make, also after it was stopped in the middle.
#![cfg(test)]

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::path::Path;
use std::time::Duration;

use domain::ErrorCode;
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef};
use domain::plan::EncodeChunk;
use domain::profile::Profile;
use e2e::environment::{shipped_clip, variable};
use e2e::pipeline::Pipeline;
use heavy_encode::{Ended, Order};
use runtime::Config;
use serde_json::{Value, json};
use stage::Work;
use testkit::callback::{Call, RecordedCallback};
use testkit::store::{FolderStore, MemoryDocuments};

/// One container over the store, from its environment to its answer.
async fn container(
    store: &FolderStore,
    stage: &str,
    input: &Value,
    interrupted: impl Future<Output = ()>,
) -> (Ended, Vec<Call>) {
    let (ffmpeg, ffprobe) = (variable("MILLRACE_FFMPEG"), variable("MILLRACE_FFPROBE"));
    let (ffmpeg, ffprobe) = (ffmpeg.unwrap(), ffprobe.unwrap());
    let input = input.to_string();
    let config = Config::from_pairs([
        ("MILLRACE_WORK_BUCKET", "work"),
        ("MILLRACE_MEDIA_BUCKET", "media"),
        ("MILLRACE_FFMPEG", ffmpeg.to_str().unwrap()),
        ("MILLRACE_FFPROBE", ffprobe.to_str().unwrap()),
        ("MILLRACE_HEARTBEAT_SECONDS", "1"),
        ("MILLRACE_STAGE", stage),
        ("MILLRACE_INPUT", &input),
    ]);
    let callback = RecordedCallback::default();
    let order = Order::read(
        &config,
        store.clone(),
        MemoryDocuments::default(),
        "batch-job",
    );
    let ended = heavy_encode::run(order, &callback, interrupted).await;
    (ended, callback.answers())
}

/// The bytes of every file of the picture below an asset's folder.
fn picture(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for rung in std::fs::read_dir(folder.join("v")).unwrap().flatten() {
        for file in std::fs::read_dir(rung.path()).unwrap().flatten() {
            let path = file.path();
            let kind = path.extension().unwrap_or_default();
            // Playlists are assemble-manifest's.
            if kind == "m4s" || kind == "mp4" {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy();
                files.insert(name.into_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_was_stopped_and_tried_again_gives_the_bytes_of_the_functions() {
    let pipeline = Pipeline::new().unwrap();
    let clip = shipped_clip();
    let stream = pipeline.run(&clip, Profile::default()).await.unwrap();
    let expected = picture(&stream.unwrap().folder);
    assert!(expected.len() > 3, "{:?}", expected.keys());

    let store = FolderStore::temporary().unwrap();
    let object = ObjectRef {
        bucket: BucketName::new("uploads"),
        key: ObjectKey::new("tests/1/bbb_720p_5s.mp4"),
    };
    let source = store.put_source(&object, &clip).unwrap();
    let request = SegmentInput::new(source, Profile::default());
    let (ended, answers) = container(&store, "segment", &json!(request), pending()).await;
    assert_eq!(ended, Ended::Done, "{answers:?}");
    let bucket = BucketName::new("work");
    let work = Work::new(&store, &bucket, &request.job);
    let chunks: Vec<EncodeChunk> = work.read(work.folder().video_chunks()).await.unwrap();
    assert_eq!(chunks.len(), 1);

    // A machine that is taken away while ffmpeg encodes, then one that is not.
    let chunk = json!(chunks[0]);
    let soon = tokio::time::sleep(Duration::from_secs(1));
    let (ended, answers) = container(&store, "encode-video", &chunk, soon).await;
    assert_eq!(
        ended,
        Ended::Failed(ErrorCode::EncoderKilled),
        "{answers:?}"
    );
    let (ended, answers) = container(&store, "encode-video", &chunk, pending()).await;
    assert_eq!(ended, Ended::Done, "{answers:?}");
    let done = json!({
        "job": request.job,
        "result": work.object(work.folder().video_result(1)),
    });
    assert_eq!(answers, [Call::Success(done)]);

    let folder = format!("media/assets/{}/{}", request.asset, request.job);
    let made = picture(&store.root().join(folder));
    assert_eq!(
        made.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>()
    );
    assert!(made == expected, "other bytes");
}
