//! Chunks against the whole: every frame once, the same by range and by copy.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use domain::cost::{Capacity, Worker};
use domain::plan::{EncodeChunk, Plan};
use domain::profile::{CutChoice, Profile, VideoProfile};
use domain::time::FrameRange;
use ffmpeg::argv::{cut_source, video_chunk};
use ffmpeg::{Encoder, MediaInput, Process};

use crate::support::{Clips, X264, read, soon, up_to_graph};

/// Chunks of two seconds, one small rung.
fn profile(cut: CutChoice) -> Profile {
    Profile {
        cut,
        gops_per_segment: 1,
        segments_per_chunk: 1,
        video: VideoProfile {
            short_sides: vec![180],
            preset: "ultrafast".into(),
            ..VideoProfile::default()
        },
        ..Profile::default()
    }
}

/// Number and digest of each frame that the encoder of the last rung would get.
async fn frames(clips: &Clips, args: Vec<OsString>) -> Vec<(u64, String)> {
    let mut args = up_to_graph(args);
    let out = [
        "-map",
        "[o0]",
        "-fps_mode",
        "passthrough",
        "-f",
        "framemd5",
        "pipe:1",
    ];
    args.extend(out.map(OsString::from));
    let mut frames = Vec::new();
    let process = Process::ffmpeg(&clips.tools, args).lines(|line| {
        if !line.starts_with('#') {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            frames.push((fields[2].parse().unwrap(), fields[5].to_owned()));
        }
    });
    process.run(soon()).await.unwrap();
    frames
}

fn whole(plan: &Plan) -> EncodeChunk {
    EncodeChunk {
        job: plan.job.clone(),
        index: 1,
        frames: FrameRange {
            start: 0,
            end: plan.timeline.frames,
        },
        seek: None,
        worker: Worker::Function,
    }
}

async fn input(clips: &Clips, plan: &Plan, chunk: &EncodeChunk, source: &Path) -> MediaInput {
    let source = MediaInput::file(source);
    if plan.video.as_ref().unwrap().cut == domain::plan::CutMode::Range {
        return source;
    }
    let segment = clips.path(&format!("{:05}.nut", chunk.index));
    clips
        .run(cut_source(plan, chunk, &source, &segment).unwrap())
        .await;
    MediaInput::file(segment)
}

/// Chunked by range and by copy against one process for the whole.
async fn same(clips: &Clips, name: &str) {
    let source = clips.path(name);
    let output = [PathBuf::from("unused.mp4")];
    for cut in [CutChoice::Range, CutChoice::Copy] {
        let (mut plan, probed) = clips.plan(name, profile(CutChoice::Range)).await;
        let all = video_chunk(
            &plan,
            &whole(&plan),
            Encoder::Software,
            &MediaInput::file(&source),
            &output,
        );
        let expected = frames(clips, all.unwrap()).await;
        assert_eq!(expected.len() as u64, plan.timeline.frames, "{name}");
        if cut == CutChoice::Copy {
            plan = clips.plan(name, profile(cut)).await.0;
        }
        let chunks = plan.video_chunks(&probed.keyframes, &Capacity::FUNCTIONS);
        assert!(chunks.len() > 2, "{name}");
        let mut joined = Vec::new();
        for chunk in &chunks {
            let input = input(clips, &plan, chunk, &source).await;
            let args = video_chunk(&plan, chunk, Encoder::Software, &input, &output).unwrap();
            joined.extend(frames(clips, args).await);
        }
        assert_eq!(joined.len(), expected.len(), "{name} {cut:?}");
        for (n, (got, wanted)) in joined.iter().zip(&expected).enumerate() {
            assert_eq!(got, wanted, "{name} {cut:?}: frame {n}");
            assert_eq!(got.0, n as u64, "{name} {cut:?}");
        }
    }
}

#[tokio::test]
async fn closed_gops_an_edit_list_and_a_turn() {
    let clips = Clips::new();
    clips.clip("a.mp4", 9, "");
    clips.make("-ss 1.48 -i a.mp4 -c copy e.mp4 -display_rotation 90 -i a.mp4 -c copy r.mp4");
    for name in ["a.mp4", "e.mp4", "r.mp4"] {
        same(&clips, name).await;
    }
}

#[tokio::test]
async fn open_gops_of_both_codecs() {
    let clips = Clips::new();
    clips.make(&format!(
        "-f lavfi -i testsrc2=s=320x180:r=25:d=9 {X264} -g 40 -x264-params open-gop=1 o.mp4"
    ));
    clips.make(
        "-f lavfi -i testsrc2=s=320x180:r=25:d=9 -c:v libx265 -preset ultrafast -pix_fmt yuv420p \
         -x265-params open-gop=1:keyint=40:bframes=4:log-level=error -tag:v hvc1 h.mp4",
    );
    same(&clips, "o.mp4").await;
    same(&clips, "h.mp4").await;
}

#[tokio::test]
async fn streams_without_index_and_matroska() {
    let clips = Clips::new();
    clips.clip("a.mp4", 9, "-r 30000/1001");
    clips.make("-i a.mp4 -c copy a.ts -i a.mp4 -c copy a.mkv -i a.mp4 -c copy -live 1 live.mkv");
    clips.make("-i a.mp4 -c copy -movflags +frag_keyframe+empty_moov f.mp4");
    clips.clip("w.ts", 9, "-output_ts_offset 95438 -muxdelay 0 -f mpegts");
    clips.make("-f lavfi -i testsrc2=s=320x180:r=25:d=9 -c:v mpeg4 -q:v 4 -g 50 a.avi");
    for name in ["a.ts", "w.ts", "a.mkv", "live.mkv", "f.mp4", "a.avi"] {
        same(&clips, name).await;
    }
}

#[tokio::test]
async fn one_keyframe_a_variable_rate_and_fields() {
    let clips = Clips::new();
    clips.make(&format!(
        "-f lavfi -i testsrc2=s=320x180:r=25:d=9 {X264} -x264-params keyint=infinite:scenecut=0 l.mp4"
    ));
    clips.make("-i l.mp4 -c copy l.ts");
    let select = "select='if(lt(mod(t\\,4)\\,2)\\,not(mod(n\\,2))\\,gt(random(0)\\,0.5))'";
    clips.make(&format!(
        "-f lavfi -i testsrc2=s=320x180:r=60:d=9 -vf {select} -fps_mode vfr \
         -enc_time_base 1/90000 {X264} -g 50 -video_track_timescale 90000 v.mp4"
    ));
    clips.make(&format!(
        "-f lavfi -i testsrc2=s=320x180:r=50:d=9 -vf tinterlace=interleave_top {X264} \
         -flags +ilme+ildct -g 25 i.mp4"
    ));
    for name in ["l.mp4", "l.ts", "v.mp4", "i.mp4"] {
        same(&clips, name).await;
    }
}

#[tokio::test]
async fn by_range_and_by_copy_the_encoded_bytes_are_equal() {
    let clips = Clips::new();
    clips.make(&format!(
        "-f lavfi -i testsrc2=s=320x180:r=25:d=7 {X264} -g 40 -x264-params open-gop=1 o.mp4"
    ));
    let source = clips.path("o.mp4");
    let mut encoded = Vec::new();
    for cut in [CutChoice::Range, CutChoice::Copy] {
        let (plan, _) = clips.plan("o.mp4", profile(cut)).await;
        let chunk = &plan.video_chunks(&[], &Capacity::FUNCTIONS)[1];
        let input = input(&clips, &plan, chunk, &source).await;
        let output = clips.path(&format!("{cut:?}.mp4"));
        clips
            .run(
                video_chunk(
                    &plan,
                    chunk,
                    Encoder::Software,
                    &input,
                    std::slice::from_ref(&output),
                )
                .unwrap(),
            )
            .await;
        encoded.push(read(&output));
    }
    assert_eq!(encoded[0], encoded[1]);
    assert!(encoded[0].len() > 1000);
    clips.make("-i Range.mp4 -f framemd5 count.txt");
    let text = String::from_utf8(read(&clips.path("count.txt"))).unwrap();
    let count = text.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(count, 50);
}

/// The three samples of the first pixel.
fn pixel(clips: &Clips, name: &str, width: usize, height: usize) -> [u8; 3] {
    clips.make(&format!(
        "-i {name} -frames:v 1 -pix_fmt yuv420p -f rawvideo raw"
    ));
    let raw = read(&clips.path("raw"));
    let luma = width * height;
    [raw[0], raw[luma], raw[luma + luma / 4]]
}

#[tokio::test]
async fn colours_keep_their_values_with_and_without_tags() {
    let clips = Clips::new();
    for (width, height, code, wanted) in [
        (320, 180, 2, "smpte170m"),
        (1280, 720, 2, "bt709"),
        (320, 180, 1, "bt709"),
        (1280, 720, 6, "smpte170m"),
    ] {
        // The label alone is changed, so the samples are the same under each.
        clips.make(&format!(
            "-f lavfi -i color=red:s={width}x{height}:r=25:d=1 {X264} -qp 1 \
             -bsf:v h264_metadata=matrix_coefficients={code} c.mp4"
        ));
        let (plan, _) = clips.plan("c.mp4", profile(CutChoice::Range)).await;
        let rung = plan.video.as_ref().unwrap().rungs.last().unwrap();
        let output = clips.path("o.mp4");
        let rungs = plan.video.as_ref().unwrap().rungs.len();
        let outputs: Vec<_> = (1..rungs)
            .map(|n| clips.path(&format!("{n}.mp4")))
            .chain([output])
            .collect();
        let chunk = &plan.video_chunks(&[], &Capacity::FUNCTIONS)[0];
        let input = MediaInput::file(clips.path("c.mp4"));
        clips
            .run(video_chunk(&plan, chunk, Encoder::Software, &input, &outputs).unwrap())
            .await;
        let source = pixel(&clips, "c.mp4", width, height);
        let got = pixel(&clips, "o.mp4", rung.width as usize, rung.height as usize);
        let off = source.iter().zip(got).map(|(a, b)| a.abs_diff(b)).max();
        assert!(off <= Some(2), "{height} {code}: {source:?} became {got:?}");
        let track = clips.probe("o.mp4").await.unwrap().probe.video.unwrap();
        assert_eq!(
            track.colour.matrix.as_deref(),
            Some(wanted),
            "{height} {code}"
        );
    }
}
