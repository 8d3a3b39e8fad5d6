//! Audio chunks against one process for the whole track: the same samples.

use std::ffi::OsString;
use std::path::PathBuf;

use domain::audio::AAC_FRAME_SAMPLES;
use domain::plan::{AudioChunk, Plan};
use domain::profile::{AudioProfile, Profile};
use domain::time::FrameRange;
use ffmpeg::argv::{audio_chunk, packets_to_drop};
use ffmpeg::{MediaInput, Process};

use crate::support::{Clips, PICTURE, X264, read, soon, up_to_graph};

/// Noise, because a tone repeats itself and hides a shift; another one in each channel.
const NOISE: &str = "anoisesrc=d=17:c=pink:a=0.4:seed=7";

fn profile() -> Profile {
    Profile {
        audio: AudioProfile {
            chunk_seconds: 6,
            ..AudioProfile::default()
        },
        ..Profile::default()
    }
}

/// The samples that the encoder would get, 32 bit float, interleaved.
async fn samples(clips: &Clips, plan: &Plan, chunk: &AudioChunk, name: &str) -> Vec<u8> {
    let input = MediaInput::file(clips.path(name));
    let rungs = plan.audio.as_ref().unwrap().rungs.len();
    let outputs = vec![PathBuf::from("unused.mp4"); rungs];
    let mut args = up_to_graph(audio_chunk(plan, chunk, &input, &outputs).unwrap());
    for n in 0..rungs {
        let target = if n == 0 { "pipe:1" } else { "/dev/null" };
        let map = format!("[o{n}]");
        let out = ["-map", &map, "-c:a", "pcm_f32le", "-f", "f32le", target];
        args.extend(out.map(OsString::from));
    }
    let process = Process::ffmpeg(&clips.tools, args).capture(64 << 20);
    process.run(soon()).await.unwrap().stdout
}

fn whole(plan: &Plan) -> AudioChunk {
    let mut chunk = plan.audio_chunks()[0].clone();
    let end = plan.audio.as_ref().unwrap().timeline.frames;
    chunk.range.frames = FrameRange { start: 0, end };
    chunk
}

/// The largest difference of a chunk's samples to those of the whole track, each of its seams
/// included; none when their number differs.
async fn difference(clips: &Clips, name: &str) -> Vec<f32> {
    let (plan, _) = clips.plan(name, profile()).await;
    let audio = plan.audio.clone().unwrap();
    let expected = samples(clips, &plan, &whole(&plan), name).await;
    let frame = usize::try_from(AAC_FRAME_SAMPLES * u64::from(audio.channels) * 4).unwrap();
    let all = usize::try_from(audio.timeline.frames).unwrap();
    assert_eq!(expected.len(), all * frame, "{name}");
    let chunks = plan.audio_chunks();
    assert!(chunks.len() > 1, "{name}");
    let mut worst = Vec::new();
    for chunk in chunks {
        let got = samples(clips, &plan, &chunk, name).await;
        let start = usize::try_from(chunk.range.frames.start).unwrap() + 1;
        let from = start - packets_to_drop(&chunk);
        let end = usize::try_from(chunk.range.frames.end + 2)
            .unwrap()
            .min(all);
        let wanted = &expected[from * frame..end * frame];
        assert_eq!(got.len(), wanted.len(), "{name}");
        let floats = |bytes: &[u8]| -> Vec<f32> {
            let fours = bytes.chunks_exact(4);
            fours
                .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
                .collect()
        };
        let pairs = floats(&got).into_iter().zip(floats(wanted));
        worst.push(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max));
    }
    worst
}

fn exact(worst: &[f32], name: &str) {
    assert!(worst.iter().all(|&off| off == 0.0), "{name} {worst:?}");
}

#[tokio::test]
async fn sound_beside_a_picture_is_the_same_to_the_sample() {
    let clips = Clips::new();
    // Without noise substitution, whose noise is invented by the decoder anew each time.
    let codec = "-c:a aac -b:a 128k -ac 2 -aac_pns 0";
    clips.make(&format!(
        "-f lavfi -i {PICTURE}:d=17 -f lavfi -i {NOISE}:r=48000 {X264} -g 50 {codec} a.mp4"
    ));
    clips.make("-ss 1.48 -i a.mp4 -c copy e.mp4 -i a.mp4 -c copy a.mkv -i a.mp4 -c copy a.ts");
    clips.make("-i a.mp4 -itsoffset 0.7334 -i a.mp4 -map 0:v -map 1:a -c copy late.mp4");
    clips.make("-i a.mp4 -c:v copy -c:a libmp3lame mp3.mkv");
    clips.make(&format!("-i a.mp4 -c:v copy {codec} delay.mkv"));
    clips.make("-i a.mp4 -c:v copy -c:a pcm_s16le pcm.mov");
    for name in [
        "a.mp4",
        "e.mp4",
        "a.mkv",
        "a.ts",
        "late.mp4",
        "mp3.mkv",
        "delay.mkv",
        "pcm.mov",
    ] {
        exact(&difference(&clips, name).await, name);
    }
}

/// Decoders that invent noise, or never quite forget, give the same sound, not the same samples.
/// Shifted by a single sample, this noise would differ by 0.3.
#[tokio::test]
async fn decoders_that_do_not_repeat_themselves_come_close() {
    let clips = Clips::new();
    clips.make(&format!(
        "-f lavfi -i {PICTURE}:d=17 -f lavfi -i {NOISE}:r=48000 {X264} -g 50 -ac 2 -c:a flac a.mkv"
    ));
    clips.make("-i a.mkv -c:v copy -c:a ac3 -b:a 448k ac3.mkv");
    clips.make("-i a.mkv -c:v copy -c:a libopus -b:a 128k opus.mkv");
    clips.make("-i a.mkv -c:v copy -c:a aac -b:a 96k pns.mp4");
    for name in ["ac3.mkv", "opus.mkv", "pns.mp4"] {
        let worst = difference(&clips, name).await;
        assert!(worst.iter().all(|&off| off < 0.05), "{name} {worst:?}");
    }
}

#[tokio::test]
async fn sound_of_another_rate_keeps_the_resamplers_phase() {
    let clips = Clips::new();
    let codec = "-c:a aac -b:a 128k -ac 2 -aac_pns 0";
    clips.make(&format!(
        "-f lavfi -i {PICTURE}:d=17 -f lavfi -i {NOISE}:r=44100 {X264} -g 50 {codec} a.mp4"
    ));
    clips.make("-ss 1.48 -i a.mp4 -c copy e.mp4");
    clips.make("-i a.mp4 -itsoffset 0.7334 -i a.mp4 -map 0:v -map 1:a -c copy late.mp4");
    clips.make("-itsoffset 0.2501 -i a.mp4 -i a.mp4 -map 0:v -map 1:a -c copy early.mp4");
    clips.make("-i a.mp4 -vn -c copy a.m4a -i a.mp4 -vn a.flac -i a.mp4 -vn a.mp3");
    for name in [
        "a.mp4",
        "e.mp4",
        "late.mp4",
        "early.mp4",
        "a.m4a",
        "a.flac",
        "a.mp3",
    ] {
        exact(&difference(&clips, name).await, name);
    }
}

#[tokio::test]
async fn the_encoders_packets_are_those_that_were_promised() {
    let clips = Clips::new();
    clips.make(&format!("-f lavfi -i {NOISE}:r=48000 -ac 2 a.flac"));
    let (plan, _) = clips.plan("a.flac", profile()).await;
    let rungs = plan.audio.as_ref().unwrap().rungs.len();
    let input = MediaInput::file(clips.path("a.flac"));
    for chunk in plan.audio_chunks() {
        let outputs: Vec<_> = (0..rungs)
            .map(|n| clips.path(&format!("{n}.mp4")))
            .collect();
        let args = audio_chunk(&plan, &chunk, &input, &outputs).unwrap();
        clips.run(args.clone()).await;
        let first = read(&outputs[0]);
        clips.run(args).await;
        assert_eq!(
            first,
            read(&outputs[0]),
            "a second run writes the same bytes"
        );
        for n in 0..rungs {
            clips.make(&format!("-i {n}.mp4 -c copy -copyts -f framecrc count.txt"));
            let text = String::from_utf8(read(&clips.path("count.txt"))).unwrap();
            let packets = text.lines().filter(|line| !line.starts_with('#')).count() as u64;
            let wanted = packets_to_drop(&chunk) as u64 + chunk.range.frames.len();
            assert!(packets >= wanted, "{packets} of {wanted}");
            assert!(packets <= wanted + 3, "{packets} of {wanted}");
        }
    }
}
