//! Golden argument lists, one flag on each line.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::codec::VideoCodec;
use domain::cost::Capacity;
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::plan::{AudioChunk, Plan};
use domain::profile::{CutChoice, Profile};
use domain::source::{AudioTrack, Colour, Rotation, SourceProbe, VideoTrack};
use insta::assert_snapshot;

use super::*;
use crate::encoder::Encoder;

fn probe() -> SourceProbe {
    let video = VideoTrack {
        index: 0,
        codec: "h264".into(),
        width: 1920,
        height: 1080,
        pixel_format: "yuv420p".into(),
        sample_aspect: Rational::ONE,
        rotation: Rotation::None,
        interlaced: false,
        colour: Colour::default(),
        time_base: Rational::new(1, 30_000).unwrap(),
        origin: 2002,
        end: 2002 + 1001 * 30 * 7300,
        rate: Rational::new(30_000, 1001).unwrap(),
        constant_rate: true,
    };
    SourceProbe {
        container: "mov,mp4,m4a,3gp,3g2,mj2".into(),
        start: Rational::ZERO,
        indexed: true,
        video: Some(video),
        audio: vec![sound(48_000)],
        cover: None,
        tags: BTreeMap::new(),
    }
}

fn sound(sample_rate: u32) -> AudioTrack {
    AudioTrack {
        index: 1,
        codec: "aac".into(),
        sample_rate,
        channels: 6,
        start: Rational::ZERO,
        end: Rational::whole(7300),
        language: Some("deu".into()),
    }
}

fn plan(probe: SourceProbe, profile: Profile) -> Plan {
    let source = SourceObject {
        object: ObjectRef {
            bucket: BucketName::new("uploads"),
            key: ObjectKey::new("ann/u1/film.mp4"),
        },
        version: None,
        etag: "e".into(),
        size: 1000,
    };
    Plan::new(&SegmentInput::new(source, profile), probe, "8.1.2").unwrap()
}

fn paths(names: &[&str]) -> Vec<PathBuf> {
    names
        .iter()
        .map(|name| format!("/tmp/{name}.mp4").into())
        .collect()
}

const VIDEO: [&str; 4] = ["1080p", "720p", "480p", "240p"];

/// One flag on each line, with its value.
fn lines(args: &[OsString]) -> String {
    let mut text = String::new();
    for arg in args {
        let arg = arg.to_string_lossy();
        let mut start = arg.chars();
        let flag = start.next() == Some('-') && start.next().is_some_and(char::is_alphabetic);
        let separator = match (text.is_empty(), flag) {
            (true, _) => "",
            (false, true) => "\n",
            (false, false) => " ",
        };
        text += separator;
        text += &arg.replace(';', ";\n  ");
    }
    text
}

fn url() -> MediaInput {
    MediaInput::url("https://b.s3.amazonaws.com/film.mp4?X-Amz-Signature=s")
}

#[test]
fn a_chunk_by_range_is_the_recipe() {
    let plan = plan(probe(), Profile::default());
    let chunk = &plan.video_chunks(&[], &Capacity::FUNCTIONS)[1];
    assert_snapshot!(lines(
        &video_chunk(&plan, chunk, Encoder::Software, &url(), &paths(&VIDEO)).unwrap()
    ));
}

#[test]
fn a_first_chunk_of_a_turned_interlaced_source_by_copy() {
    let mut probe = probe();
    let track = probe.video.as_mut().unwrap();
    track.interlaced = true;
    track.rotation = Rotation::Clockwise;
    track.colour.matrix = Some("smpte170m".into());
    track.height = 360;
    track.width = 640;
    let profile = Profile {
        cut: CutChoice::Copy,
        ..Profile::default()
    };
    let plan = plan(probe, profile);
    let chunk = &plan.video_chunks(&[], &Capacity::FUNCTIONS)[0];
    let input = MediaInput::file("/tmp/00001.nut");
    let outputs = paths(&["360p", "240p"]);
    assert_snapshot!(lines(
        &video_chunk(&plan, chunk, Encoder::Software, &input, &outputs).unwrap()
    ));
}

/// A chunk in the middle of a film, encoded by a GPU.
fn on_gpu(probe: SourceProbe, codec: VideoCodec, outputs: &[&str]) -> String {
    let plan = plan(probe, Profile::default());
    let chunk = &plan.video_chunks(&[], &Capacity::FUNCTIONS)[1];
    let encoder = Encoder::Nvenc(codec);
    lines(&video_chunk(&plan, chunk, encoder, &url(), &paths(outputs)).unwrap())
}

#[test]
fn a_chunk_stays_on_the_gpu() {
    assert_snapshot!(on_gpu(probe(), VideoCodec::H264, &VIDEO));
}

#[test]
fn the_encoders_of_a_gpu() {
    let last = |codec| {
        let text = on_gpu(probe(), codec, &VIDEO);
        text.split("-map [o3]").nth(1).unwrap().to_owned()
    };
    let all = [VideoCodec::H264, VideoCodec::Hevc, VideoCodec::Av1].map(last);
    assert_snapshot!(all.join("\n"));
}

#[test]
fn what_a_gpu_cannot_filter_is_filtered_in_memory() {
    type Change = fn(&mut VideoTrack);
    let changes: [Change; 7] = [
        |track| track.interlaced = true,
        |track| track.rotation = Rotation::Half,
        |track| track.codec = "prores".into(),
        |track| track.pixel_format = "yuv420p10le".into(),
        |track| track.width = 8192,
        |track| track.colour.range = Some("pc".into()),
        |track| track.colour.matrix = Some("bt2020nc".into()),
    ];
    for change in changes {
        let mut probe = probe();
        change(probe.video.as_mut().unwrap());
        let text = on_gpu(probe, VideoCodec::H264, &VIDEO);
        assert!(text.contains("h264_nvenc"), "{text}");
        assert!(!text.contains("cuda"), "{text}");
    }
}

#[test]
fn every_encoder_gets_the_same_frames() {
    let plan = plan(probe(), Profile::default());
    let chunk = &plan.video_chunks(&[], &Capacity::FUNCTIONS)[1];
    let grid = |encoder| {
        let args = video_chunk(&plan, chunk, encoder, &url(), &paths(&VIDEO)).unwrap();
        let graph = args
            .iter()
            .position(|arg| arg == "-filter_complex")
            .unwrap()
            + 1;
        let graph = args[graph].to_string_lossy().into_owned();
        graph.split(",split=").next().unwrap().to_owned()
    };
    let software = grid(Encoder::Software);
    assert!(software.ends_with("trim=start_pts=720:end_pts=1440"));
    for codec in [VideoCodec::H264, VideoCodec::Hevc, VideoCodec::Av1] {
        assert_eq!(grid(Encoder::Nvenc(codec)), software);
    }
}

#[test]
fn a_source_segment() {
    let plan = plan(probe(), Profile::default());
    let chunk = &plan.video_chunks(&[], &Capacity::FUNCTIONS)[1];
    let output = PathBuf::from("/tmp/00002.nut");
    assert_snapshot!(lines(&cut_source(&plan, chunk, &url(), &output).unwrap()));
}

fn audio(probe: SourceProbe, chunk: usize, names: &[&str]) -> (String, AudioChunk) {
    let plan = plan(probe, Profile::default());
    let chunk = plan.audio_chunks()[chunk].clone();
    let args = audio_chunk(&plan, &chunk, &url(), &paths(names)).unwrap();
    (lines(&args), chunk)
}

#[test]
fn a_first_audio_chunk_is_the_recipe() {
    let (text, chunk) = audio(probe(), 0, &["a"]);
    assert_eq!(packets_to_drop(&chunk), 1);
    assert_snapshot!(text);
}

#[test]
fn a_later_audio_chunk_reads_from_shortly_before() {
    let mut probe = probe();
    probe.audio = vec![sound(44_100)];
    let (text, chunk) = audio(probe, 1, &["a"]);
    assert_eq!(packets_to_drop(&chunk), 17);
    assert_snapshot!(text);
}

#[test]
fn a_later_audio_chunk_of_matroska_counts_codec_frames() {
    let mut probe = probe();
    probe.container = "matroska,webm".into();
    assert_snapshot!(audio(probe, 1, &["a"]).0);
}

#[test]
fn a_later_audio_chunk_without_index_reads_from_the_beginning() {
    let mut probe = probe();
    probe.indexed = false;
    probe.container = "mpegts".into();
    assert_snapshot!(audio(probe, 1, &["a"]).0);
}

#[test]
fn sound_alone_has_three_rungs() {
    let mut probe = probe();
    probe.video = None;
    probe.audio = vec![AudioTrack {
        channels: 1,
        start: Rational::new(1105, 44_100).unwrap(),
        ..sound(44_100)
    }];
    assert_snapshot!(audio(probe, 0, &["a", "b", "c"]).0);
}

#[test]
fn pictures() {
    let sheet = Sheet {
        tile_width: 160,
        tile_height: 90,
        columns: 10,
        rows: 10,
    };
    let output = PathBuf::from("/tmp/x.jpg");
    let all = [
        previews(),
        storyboard(&sheet, "/tmp/thumbs".as_ref()),
        poster(3, &output),
        cover_art(&url(), 2, &output),
    ];
    let text: Vec<String> = all.iter().map(|args| lines(args)).collect();
    assert_snapshot!(text.join("\n\n"));
}

#[test]
fn what_does_not_fit_the_plan_is_refused() {
    let with = plan(probe(), Profile::default());
    let chunk = &with.video_chunks(&[], &Capacity::FUNCTIONS)[0];
    let too_few = video_chunk(&with, chunk, Encoder::Software, &url(), &paths(&["a"]));
    assert_eq!(
        too_few,
        Err(ArgvError::Outputs {
            rungs: 4,
            outputs: 1
        })
    );
    let mut alone = probe();
    alone.video = None;
    let alone = plan(alone, Profile::default());
    let none = video_chunk(&alone, chunk, Encoder::Software, &url(), &[]);
    assert_eq!(none, Err(ArgvError::WithoutPicture));
}
