//! The stages in one process, on real ffmpeg: what comes out is right, and the same every time.
#![cfg(test)]

use std::fs;
use std::path::Path;

use domain::ErrorCode;
use domain::profile::{CutChoice, Profile};
use domain::result::VideoChunkResult;
use domain::time::Rational;
use e2e::clips::{
    self, CLOSED_GOP, FULL_HD, NOISE, OPEN_GOP, Recipe, SMALL, TRANSPORT_STREAM, sound,
};
use e2e::environment::shipped_clip;
use e2e::folders::differences;
use e2e::judges;
use e2e::pipeline::{Failed, Pipeline, Stream};
use ffmpeg::Tools;
use tempfile::TempDir;

/// A profile whose encode chunks are two segments long, so that short clips have seams.
fn short_chunks(cut: CutChoice) -> Profile {
    Profile {
        segments_per_chunk: 2,
        cut,
        ..Profile::default()
    }
}

async fn ready(pipeline: &Pipeline, file: &Path, profile: Profile) -> Stream {
    pipeline.run(file, profile).await.unwrap().unwrap()
}

async fn failed(pipeline: &Pipeline, file: &Path) -> Failed {
    pipeline
        .run(file, Profile::default())
        .await
        .unwrap()
        .unwrap_err()
}

fn judged(stream: &Stream, source: &Path) {
    judges::rules(&stream.folder).unwrap();
    judges::mpd_schema(&stream.folder).unwrap();
    judges::decode(&stream.folder).unwrap();
    judges::picture(&stream.folder, source).unwrap();
}

/// Cuts one clip both ways and finds the same bytes, which every judge accepts.
async fn range_equals_copy(recipe: Recipe) {
    let clips = TempDir::new().unwrap();
    let file = clips::make(recipe, clips.path()).unwrap();
    let (one, two) = (Pipeline::new().unwrap(), Pipeline::new().unwrap());
    let range = ready(&one, &file, short_chunks(CutChoice::Range)).await;
    let copy = ready(&two, &file, short_chunks(CutChoice::Copy)).await;
    assert!(range.plan.timeline.chunks(2).len() > 1, "there is a seam");
    assert_eq!(differences(&range.folder, &copy.folder).unwrap(), [""; 0]);
    judged(&range, &file);
}

#[tokio::test]
async fn closed_gops_give_equal_bytes_by_range_and_by_copy() {
    range_equals_copy(CLOSED_GOP).await;
}

#[tokio::test]
async fn open_gops_give_equal_bytes_by_range_and_by_copy() {
    range_equals_copy(OPEN_GOP).await;
}

#[tokio::test]
async fn a_transport_stream_gives_equal_bytes_by_range_and_by_copy() {
    range_equals_copy(TRANSPORT_STREAM).await;
}

#[tokio::test]
async fn the_same_source_twice_gives_equal_bytes() {
    let (one, two) = (Pipeline::new().unwrap(), Pipeline::new().unwrap());
    let first = ready(&one, &shipped_clip(), Profile::default()).await;
    let second = ready(&two, &shipped_clip(), Profile::default()).await;
    assert_eq!(differences(&first.folder, &second.folder).unwrap(), [""; 0]);
    judged(&first, &shipped_clip());
    judges::storyboard(&first.folder, &shipped_clip()).unwrap();
}

/// Where the bound of the bitrate decides, an encoder's threads must not.
#[tokio::test]
async fn a_picture_at_the_bound_of_its_bitrate_gives_equal_bytes() {
    let clips = TempDir::new().unwrap();
    let file = clips::make(NOISE, clips.path()).unwrap();
    let first = Pipeline::new().unwrap();
    let stream = ready(&first, &file, Profile::default()).await;
    let picture = &stream.manifest.renditions[0];
    let bound = stream.plan.video.as_ref().unwrap().rungs[0].max_rate.0;
    assert!(picture.average_bandwidth * 10 > bound * 9, "{picture:?}");
    for _ in 0..2 {
        let pipeline = Pipeline::new().unwrap();
        let again = ready(&pipeline, &file, Profile::default()).await;
        assert_eq!(differences(&stream.folder, &again.folder).unwrap(), [""; 0]);
    }
}

#[tokio::test]
async fn a_full_hd_source_gets_four_rungs_that_everybody_accepts() {
    let clips = TempDir::new().unwrap();
    let file = clips::make(FULL_HD, clips.path()).unwrap();
    let pipeline = Pipeline::new().unwrap();
    let stream = ready(&pipeline, &file, short_chunks(CutChoice::Auto)).await;
    let ids: Vec<_> = stream
        .manifest
        .renditions
        .iter()
        .map(|r| r.id.as_str())
        .collect();
    assert_eq!(ids, ["1080p", "720p", "480p", "240p", "und-128k"]);
    judged(&stream, &file);
    for engine in ["hlsjs", "shaka-hls", "shaka-dash"] {
        judges::plays(&stream.folder, engine).unwrap();
    }
}

#[tokio::test]
async fn sound_alone_gets_three_rungs_of_its_exact_length() {
    let clips = TempDir::new().unwrap();
    for name in ["sound.mp3", "sound.m4a", "sound.wav", "sound.flac"] {
        let file = clips::make(sound(name), clips.path()).unwrap();
        let pipeline = Pipeline::new().unwrap();
        let stream = ready(&pipeline, &file, Profile::default()).await;
        assert_eq!(stream.manifest.renditions.len(), 3, "{name}");
        assert_eq!(
            stream.plan.duration,
            Rational::from_decimal("12.5").unwrap(),
            "{name}"
        );
        judges::rules(&stream.folder).unwrap();
        judges::mpd_schema(&stream.folder).unwrap();
        judges::decode(&stream.folder).unwrap();
    }
}

#[tokio::test]
async fn what_does_not_add_up_is_refused_by_name() {
    let pipeline = Pipeline::new().unwrap();
    let stream = ready(&pipeline, &shipped_clip(), Profile::default()).await;
    let request = &stream.request;
    let result = pipeline.work_folder(request).join("results/v/00001.json");
    let good = fs::read(&result).unwrap();
    let chunk: VideoChunkResult = serde_json::from_slice(&good).unwrap();

    let mut changed = chunk.clone();
    changed.rungs[0].segments[0].start += 1;
    fs::write(&result, serde_json::to_vec(&changed).unwrap()).unwrap();
    assert_eq!(refusal(&pipeline, &stream).await, ErrorCode::TimelineGap);

    let mut changed = chunk.clone();
    changed.rungs[0].segments[0].frames -= 1;
    fs::write(&result, serde_json::to_vec(&changed).unwrap()).unwrap();
    assert_eq!(refusal(&pipeline, &stream).await, ErrorCode::CountMismatch);

    let mut changed = chunk;
    changed.rungs[0].init_sha256 = "0".repeat(64);
    fs::write(&result, serde_json::to_vec(&changed).unwrap()).unwrap();
    assert_eq!(refusal(&pipeline, &stream).await, ErrorCode::InitMismatch);

    fs::remove_file(&result).unwrap();
    assert_eq!(refusal(&pipeline, &stream).await, ErrorCode::ChunkMissing);
    fs::write(&result, good).unwrap();

    let segment = stream.folder.join("v/720p/00001.m4s");
    let bytes = fs::read(&segment).unwrap();
    fs::remove_file(&segment).unwrap();
    assert_eq!(refusal(&pipeline, &stream).await, ErrorCode::SegmentMissing);
    fs::write(&segment, &bytes[1..]).unwrap();
    assert_eq!(refusal(&pipeline, &stream).await, ErrorCode::SegmentMissing);
    fs::write(&segment, bytes).unwrap();

    let (init, other) = ("v/720p/init.mp4", "v/480p/init.mp4");
    fs::copy(stream.folder.join(other), stream.folder.join(init)).unwrap();
    assert_eq!(refusal(&pipeline, &stream).await, ErrorCode::InitMismatch);
}

async fn refusal(pipeline: &Pipeline, stream: &Stream) -> ErrorCode {
    pipeline.assemble(&stream.request).await.unwrap_err().code
}

#[tokio::test]
async fn a_bad_source_is_named_in_one_line() {
    let clips = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = clips.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let whole = fs::read(shipped_clip()).unwrap();
    let pipeline = Pipeline::new().unwrap();
    for (file, code) in [
        (write("empty.mp4", b""), ErrorCode::SourceEmpty),
        (
            write("notes.mp4", &b"dear diary\n".repeat(500)),
            ErrorCode::SourceNotMedia,
        ),
        (
            write("cut.mp4", &whole[..whole.len() / 2]),
            ErrorCode::SourceTruncated,
        ),
    ] {
        let failure = failed(&pipeline, &file).await;
        assert_eq!(failure.code, code, "{failure:?}");
        assert_eq!(failure.message.lines().count(), 1, "{failure:?}");
        let name = file.file_name().unwrap().to_string_lossy();
        assert!(failure.message.contains(&*name), "{failure:?}");
        assert!(pipeline.upload(&file, Profile::default()).is_ok());
    }
}

#[tokio::test]
async fn the_judges_notice_what_is_wrong() {
    let clips = TempDir::new().unwrap();
    let file = clips::make(CLOSED_GOP, clips.path()).unwrap();
    let pipeline = Pipeline::new().unwrap();
    let stream = ready(&pipeline, &file, short_chunks(CutChoice::Auto)).await;
    judges::selftest(&stream.folder, &file).unwrap();
}

/// An ffmpeg that uses no vector instructions, in its own code and in x264's.
fn plain_ffmpeg(folder: &Path) -> Tools {
    use std::os::unix::fs::PermissionsExt as _;
    let real = e2e::environment::tools().unwrap();
    let script = format!(
        "#!/usr/bin/env bash\n\
         # The version is asked without anything else.\n\
         [ \"$1\" = -version ] && exec {ffmpeg} -version\n\
         exec {ffmpeg} -cpuflags 0 \"${{@/#cpu-independent=1/asm=0:cpu-independent=1}}\"\n",
        ffmpeg = real.ffmpeg.display()
    );
    let path = folder.join("ffmpeg");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Tools::new(path, real.ffprobe)
}

#[tokio::test]
async fn a_processor_without_vector_instructions_gives_equal_bytes() {
    let clips = TempDir::new().unwrap();
    let file = clips::make(SMALL, clips.path()).unwrap();
    let (one, two) = (
        Pipeline::new().unwrap(),
        Pipeline::with(plain_ffmpeg(clips.path())).unwrap(),
    );
    let vector = ready(&one, &file, Profile::default()).await;
    let plain = ready(&two, &file, Profile::default()).await;
    assert_eq!(differences(&vector.folder, &plain.folder).unwrap(), [""; 0]);
}

#[tokio::test]
async fn sound_in_several_chunks_is_whole_and_in_time() {
    let clips = TempDir::new().unwrap();
    let file = clips::make(CLOSED_GOP, clips.path()).unwrap();
    let pipeline = Pipeline::new().unwrap();
    let mut profile = short_chunks(CutChoice::Auto);
    profile.audio.chunk_seconds = 8;
    let stream = ready(&pipeline, &file, profile).await;
    assert!(stream.plan.audio_chunks().len() > 2, "there are seams");
    judged(&stream, &file);
}

#[tokio::test]
async fn what_no_decoder_knows_and_what_has_no_track_is_named() {
    let clips = TempDir::new().unwrap();
    let pipeline = Pipeline::new().unwrap();
    fs::write(
        clips.path().join("words.srt"),
        "1\n00:00:00,000 --> 00:00:01,000\nwords\n",
    )
    .unwrap();
    let words = format!("-i {}", clips.path().join("words.srt").display());
    for (name, arguments, code) in [
        ("words.mkv", words.as_str(), ErrorCode::SourceWithoutTracks),
        (
            "film.mp4",
            "-f lavfi -i testsrc2=s=320x180:d=1 -c:v libsvtav1 -preset 12",
            ErrorCode::SourceCodecUnsupported,
        ),
    ] {
        let file = clips::make_from(name, arguments, clips.path()).unwrap();
        let failure = failed(&pipeline, &file).await;
        assert_eq!(failure.code, code, "{failure:?}");
        assert!(failure.message.starts_with(name), "{failure:?}");
    }
}

#[tokio::test]
async fn cover_art_becomes_the_poster_of_a_song() {
    let clips = TempDir::new().unwrap();
    let cover = "-f lavfi -i testsrc2=s=600x400 -frames:v 1";
    let cover = clips::make_from("cover.jpg", cover, clips.path()).unwrap();
    let song = format!(
        "-f lavfi -i sine=r=44100:d=5 -i {} -map 0 -map 1 -c:v copy -disposition:v attached_pic",
        cover.display()
    );
    let song = clips::make_from("song.mp3", &song, clips.path()).unwrap();
    let pipeline = Pipeline::new().unwrap();
    let stream = ready(&pipeline, &song, Profile::default()).await;
    assert!(stream.plan.video.is_none(), "a cover is no film");
    assert!(stream.folder.join("thumbs/poster.jpg").is_file());
    judges::rules(&stream.folder).unwrap();
}
