use std::time::Duration;

use std::collections::BTreeMap;

use super::*;
use crate::ladder::tests::track;
use crate::object::{BucketName, ObjectKey, ObjectRef};
use crate::source::AudioTrack;

fn request() -> SegmentInput {
    let source = SourceObject {
        object: ObjectRef {
            bucket: BucketName::new("uploads"),
            key: ObjectKey::new("ann/u1/film.mp4"),
        },
        version: None,
        etag: "e".into(),
        size: 1000,
    };
    SegmentInput::new(source, Profile::default())
}

fn sound(start: Rational, end: Rational) -> AudioTrack {
    AudioTrack {
        index: 1,
        codec: "aac".into(),
        sample_rate: 48_000,
        channels: 6,
        start,
        end,
        language: None,
    }
}

fn probe(seconds: i64, audio: Vec<AudioTrack>) -> SourceProbe {
    let mut video = track(1920, 1080);
    video.origin = 250;
    video.end = 250 + 25 * seconds;
    SourceProbe {
        container: "mov".into(),
        start: Rational::whole(10),
        indexed: true,
        video: Some(video),
        audio,
        cover: None,
        tags: BTreeMap::new(),
    }
}

/// The plan of a 1080p film of so many seconds.
pub(crate) fn plan_of(seconds: i64, with_sound: bool) -> Plan {
    let heard = with_sound.then(|| sound(Rational::whole(10), Rational::whole(10 + seconds)));
    let probe = probe(seconds, heard.into_iter().collect());
    Plan::new(&request(), probe, "8.1.2").unwrap()
}

#[test]
fn sound_that_outlasts_the_picture_holds_the_last_frame() {
    let end = |tenths: i64| Rational::new(100 + i128::from(tenths), 10).unwrap();
    let frames = |audio_end| {
        let probe = probe(
            10,
            vec![sound(Rational::whole(10), Rational::whole(10) + audio_end)],
        );
        Plan::new(&request(), probe, "x").unwrap().timeline.frames
    };
    assert_eq!(frames(end(1)), 250);
    assert_eq!(frames(end(10)), 275);
    assert_eq!(frames(end(-50)), 250);
}

#[test]
fn a_chunk_reads_from_a_little_before_its_first_frame() {
    let plan = Plan::new(&request(), probe(60, vec![]), "x").unwrap();
    let chunks = plan.video_chunks(&[], &Capacity::FUNCTIONS);
    assert_eq!(chunks[0].seek, None);
    assert_eq!(
        chunks[1].frames,
        FrameRange {
            start: 600,
            end: 1200
        }
    );
    assert_eq!(chunks[1].seek, Rational::from_decimal("23.9"));
}

#[test]
fn without_an_index_a_chunk_aims_at_the_keyframe_before() {
    let mut unindexed = probe(60, vec![]);
    unindexed.indexed = false;
    let plan = Plan::new(&request(), unindexed, "x").unwrap();
    assert_eq!(plan.video.as_ref().unwrap().cut, CutMode::Copy);
    let key = |pts| Keyframe { pts, dts: pts - 2 };
    let chunks = plan.video_chunks(&[key(250), key(800), key(848)], &Capacity::FUNCTIONS);
    // Frame 600 is shown at tick 850, and 2.5 frames of lead make 847.5: the key at 848 is late.
    assert_eq!(chunks[1].seek, Rational::from_decimal("21.919"));
}

#[test]
fn one_heavy_chunk_makes_all_of_the_job_heavy() {
    let mut request = request();
    request.profile.video.preset = "slower".into();
    let plan = Plan::new(&request, probe(60, vec![]), "x").unwrap();
    // 24 s of it take nearly five minutes; the last chunk is shorter by half.
    let short = Capacity {
        batch: true,
        function_time: Duration::from_mins(6),
        ..Capacity::FUNCTIONS
    };
    let chunks = plan.video_chunks(&[], &short);
    assert!(chunks[2].frames.len() < chunks[0].frames.len());
    assert!(chunks.iter().all(|chunk| chunk.worker == Worker::Batch));
    let long = Capacity {
        function_time: Duration::from_mins(15),
        ..short
    };
    assert_eq!(plan.video_chunks(&[], &long)[0].worker, Worker::Function);
}

#[test]
fn a_chunk_without_a_worker_is_a_function_s() {
    let plan = Plan::new(&request(), probe(6, vec![]), "x").unwrap();
    let mut line = serde_json::to_value(&plan.video_chunks(&[], &Capacity::FUNCTIONS)[0]).unwrap();
    assert_eq!(line["worker"], "function");
    line.as_object_mut().unwrap().remove("worker");
    let chunk: EncodeChunk = serde_json::from_value(line).unwrap();
    assert_eq!(chunk.worker, Worker::Function);
}

#[test]
fn sound_alone_has_the_length_of_its_samples() {
    let mut only = probe(
        0,
        vec![sound(
            Rational::ZERO,
            Rational::new(441_001, 44_100).unwrap(),
        )],
    );
    only.video = None;
    let plan = Plan::new(&request(), only, "x").unwrap();
    let audio = plan.audio.as_ref().unwrap();
    assert_eq!(plan.duration, Rational::new(441_001, 44_100).unwrap());
    assert_eq!(audio.timeline.samples, 480_001);
    assert_eq!(audio.rungs.len(), 3);
    assert_eq!(audio.channels, 2);
    assert_eq!(plan.audio_chunks().len(), 1);
    assert!(plan.video_chunks(&[], &Capacity::FUNCTIONS).is_empty());
}

#[test]
fn what_cannot_be_planned_is_named() {
    let mut nothing = probe(1, vec![]);
    nothing.video = None;
    assert_eq!(
        Plan::new(&request(), nothing, "x"),
        Err(PlanError::WithoutTracks)
    );
    let long = Plan::new(&request(), probe(90_000, vec![]), "x");
    assert_eq!(long, Err(PlanError::TooLong { seconds: 90_000 }));
    let mut huge = probe(1, vec![]);
    huge.video.as_mut().unwrap().width = 70_000;
    assert!(matches!(
        Plan::new(&request(), huge, "x"),
        Err(PlanError::Size { .. })
    ));
}

#[test]
fn a_plan_round_trips_through_json() {
    let plan = Plan::new(&request(), probe(7, vec![]), "8.1.2").unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
}

#[test]
fn twelve_hours_stay_a_small_plan() {
    let plan = Plan::new(&request(), probe(12 * 3600, vec![]), "8.1.2").unwrap();
    assert!(serde_json::to_vec(&plan).unwrap().len() < 10_000);
    assert!(plan.video_chunks(&[], &Capacity::FUNCTIONS).len() < 10_000);
}
