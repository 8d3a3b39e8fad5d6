//! The probe against clips made by the real ffmpeg: exact facts.

use crate::support::{Clips, PICTURE, SOUND, X264};
use domain::source::{Rotation, VideoTrack};
use domain::time::Rational;
use domain::{ErrorCode, Fault};
use ffmpeg::Probed;

/// Frames between origin and end at the measured rate, exactly.
fn frames(track: &VideoTrack) -> Rational {
    track.duration() * track.rate
}

fn video(probed: &Probed) -> &VideoTrack {
    probed.probe.video.as_ref().unwrap()
}

fn fraction(num: i128, den: i128) -> Rational {
    Rational::new(num, den).unwrap()
}

#[tokio::test]
async fn an_mp4_has_its_frames_its_origin_and_its_end() {
    let clips = Clips::new();
    clips.clip("a.mp4", 6, "");
    let probed = clips.probe("a.mp4").await.unwrap();
    let track = video(&probed);
    assert_eq!(frames(track), Rational::whole(150));
    assert_eq!(track.start(), Rational::ZERO);
    assert_eq!((track.width, track.height), (320, 180));
    assert_eq!(track.rate, Rational::whole(25));
    assert!(track.constant_rate && !track.interlaced && probed.probe.indexed);
    assert!(probed.keyframes.is_empty());
    let sound = &probed.probe.audio[0];
    assert_eq!((sound.sample_rate, sound.channels), (48_000, 2));
    assert_eq!(sound.start, Rational::ZERO);
    assert!((sound.end - Rational::whole(6)).abs() < fraction(1, 40));
}

#[tokio::test]
async fn a_transport_stream_gives_its_keyframes() {
    let clips = Clips::new();
    clips.clip("a.ts", 6, "-f mpegts");
    let probed = clips.probe("a.ts").await.unwrap();
    let track = video(&probed);
    assert_eq!(frames(track), Rational::whole(150));
    assert!(!probed.probe.indexed && track.constant_rate);
    let times: Vec<i64> = probed
        .keyframes
        .iter()
        .map(|key| key.pts - track.origin)
        .collect();
    assert_eq!(times, [0, 180_000, 360_000]);
    assert!(probed.keyframes.iter().all(|key| key.dts < key.pts));
}

#[tokio::test]
async fn a_clock_that_wraps_goes_on() {
    let clips = Clips::new();
    clips.clip("a.ts", 6, "-output_ts_offset 95440 -muxdelay 0 -f mpegts");
    let probed = clips.probe("a.ts").await.unwrap();
    assert_eq!(frames(video(&probed)), Rational::whole(150));
    assert_eq!(probed.keyframes.len(), 3);
}

#[tokio::test]
async fn matroska_with_cues_is_sought_in_and_a_live_one_is_read_through() {
    let clips = Clips::new();
    clips.clip("a.mp4", 6, "");
    clips.make("-i a.mp4 -c copy a.mkv -i a.mp4 -c copy -live 1 live.mkv");
    let seeked = clips.probe("a.mkv").await.unwrap();
    let live = clips.probe("live.mkv").await.unwrap();
    assert!(seeked.probe.indexed && !live.probe.indexed);
    assert!(seeked.keyframes.is_empty());
    assert_eq!(live.keyframes.len(), 3);
    for probed in [&seeked, &live] {
        assert_eq!(frames(video(probed)), Rational::whole(150));
        assert_eq!(video(probed).time_base, fraction(1, 1000));
    }
}

#[tokio::test]
async fn a_fragmented_mp4_has_no_index() {
    let clips = Clips::new();
    clips.clip("a.mp4", 6, "-movflags +frag_keyframe+empty_moov");
    let probed = clips.probe("a.mp4").await.unwrap();
    assert!(!probed.probe.indexed);
    assert_eq!(frames(video(&probed)), Rational::whole(150));
    assert_eq!(probed.keyframes.len(), 3);
}

#[tokio::test]
async fn an_edit_list_hides_what_lies_before_it() {
    let clips = Clips::new();
    clips.clip("a.mp4", 6, "");
    clips.make("-ss 1.48 -i a.mp4 -c copy e.mp4");
    let probed = clips.probe("e.mp4").await.unwrap();
    assert_eq!(video(&probed).start(), Rational::ZERO);
    assert_eq!(frames(video(&probed)), Rational::whole(113));
}

#[tokio::test]
async fn a_turned_picture_says_how_to_turn_it() {
    let clips = Clips::new();
    clips.clip("a.mp4", 2, "");
    for (degrees, wanted) in [
        (90, Rotation::CounterClockwise),
        (-90, Rotation::Clockwise),
        (180, Rotation::Half),
    ] {
        clips.make(&format!(
            "-display_rotation {degrees} -i a.mp4 -c copy r.mp4"
        ));
        let probed = clips.probe("r.mp4").await.unwrap();
        assert_eq!(video(&probed).rotation, wanted, "{degrees}");
    }
}

#[tokio::test]
async fn a_variable_rate_is_known_as_such() {
    let clips = Clips::new();
    let select = "select='if(lt(mod(t\\,4)\\,2)\\,not(mod(n\\,2))\\,1)'";
    clips.make(&format!(
        "-f lavfi -i testsrc2=s=320x180:r=60:d=8 -vf {select} -fps_mode vfr \
         -enc_time_base 1/90000 {X264} -video_track_timescale 90000 v.mp4"
    ));
    let probed = clips.probe("v.mp4").await.unwrap();
    let track = video(&probed);
    assert!(!track.constant_rate);
    assert!(
        (track.rate - Rational::whole(60)).abs() < Rational::ONE,
        "{track:?}"
    );
    assert_eq!(track.duration(), Rational::whole(8));
}

#[tokio::test]
async fn thirty_over_one_thousand_and_one_is_exact_everywhere() {
    let clips = Clips::new();
    clips.make(&format!(
        "-f lavfi -i testsrc2=s=320x180:r=30000/1001:d=10 {X264} a.mp4"
    ));
    clips.make("-i a.mp4 -c copy a.mkv -i a.mp4 -c copy a.ts");
    for name in ["a.mp4", "a.mkv", "a.ts"] {
        let probed = clips.probe(name).await.unwrap();
        let track = video(&probed);
        let rate = domain::time::FrameRate::snap(track.rate, track.constant_rate);
        assert_eq!(rate.exact(), fraction(30_000, 1001), "{name}");
        assert_eq!((track.duration() * rate.exact()).round(), 300, "{name}");
    }
}

#[tokio::test]
async fn fields_and_anamorphic_pixels_are_seen() {
    let clips = Clips::new();
    clips.make(&format!(
        "-f lavfi -i testsrc2=s=360x288:r=50:d=2 -vf tinterlace=interleave_top,setsar=16/15 {X264} \
         -flags +ilme+ildct i.mp4"
    ));
    let probed = clips.probe("i.mp4").await.unwrap();
    assert!(video(&probed).interlaced);
    assert_eq!(video(&probed).sample_aspect, fraction(16, 15));
}

#[tokio::test]
async fn sound_that_outlasts_the_picture_is_measured_by_its_packets() {
    let clips = Clips::new();
    clips.make(&format!(
        "-f lavfi -i {PICTURE}:d=2 -f lavfi -i {SOUND}:d=5 {X264} -c:a aac l.mp4"
    ));
    let probed = clips.probe("l.mp4").await.unwrap();
    assert_eq!(video(&probed).duration(), Rational::whole(2));
    let end = probed.probe.audio[0].end;
    assert!((end - Rational::whole(5)).abs() < fraction(1, 40), "{end}");
}

#[tokio::test]
async fn sound_alone_is_counted_by_the_sample() {
    let clips = Clips::new();
    clips.make("-f lavfi -i sine=r=44100:d=3.3456 -ac 2 a.wav");
    clips.make("-i a.wav a.flac -i a.wav a.m4a -i a.wav a.mp3");
    clips.make("-i a.wav -write_xing 0 -id3v2_version 0 bare.mp3 -i a.wav -c:a libopus a.opus");
    clips.make("-ss 1 -i a.m4a -c copy e.m4a");
    for name in ["a.wav", "a.flac", "a.mp3", "bare.mp3", "a.opus"] {
        let sound = clips.probe(name).await.unwrap().probe.audio.remove(0);
        clips.make(&format!(
            "-i {name} -map 0:a:0 -c:a pcm_s16le -ac 1 -f s16le pcm"
        ));
        let decoded = crate::support::read(&clips.path("pcm")).len() / 2;
        let samples = (sound.end - sound.start) * Rational::whole(sound.sample_rate);
        assert_eq!(samples, Rational::whole(decoded as u64), "{name}");
    }
    // The edit list of an M4A leaves out what the encoder put behind; the decoder does not.
    for (name, length) in [("a.flac", 147_541), ("a.m4a", 147_541), ("e.m4a", 103_441)] {
        let exact = clips.probe(name).await.unwrap().probe.audio.remove(0);
        assert_eq!(exact.end - exact.start, fraction(length, 44_100), "{name}");
    }
}

#[tokio::test]
async fn a_cover_is_no_picture() {
    let clips = Clips::new();
    clips.make("-f lavfi -i testsrc2=s=100x100 -frames:v 1 c.jpg");
    clips.make("-f lavfi -i sine=r=44100:d=2 -i c.jpg -map 0 -map 1 -c:v copy -disposition:v attached_pic -metadata title=Song c.flac");
    let probed = clips.probe("c.flac").await.unwrap();
    assert!(probed.probe.video.is_none());
    assert_eq!(probed.probe.cover, Some(1));
    let title = probed
        .probe
        .tags
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("title"));
    assert_eq!(title.map(|(_, value)| value.as_str()), Some("Song"));
}

#[tokio::test]
async fn what_cannot_be_used_is_named() {
    let clips = Clips::new();
    clips.clip("a.mp4", 4, "");
    clips.make("-i a.mp4 -c copy -movflags +faststart fast.mp4 -i a.mp4 -c copy a.mkv -i a.mp4 -c copy a.ts");
    let cut = |from: &str, to: &str| {
        let bytes = crate::support::read(&clips.path(from));
        clips.write(to, &bytes[..bytes.len() * 2 / 3])
    };
    cut("a.mp4", "cut.mp4");
    cut("fast.mp4", "cutfast.mp4");
    cut("a.mkv", "cut.mkv");
    cut("a.ts", "cut.ts");
    clips.write("text.mp4", b"Dear diary, today nothing happened.\n");
    clips.write("empty.mp4", b"");
    clips.write(
        "list.m3u8",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n#EXT-X-ENDLIST\n",
    );
    clips.write("list.ffconcat", b"ffconcat version 1.0\nfile a.ts\n");
    clips.make("-f lavfi -i testsrc2=s=100x100 -frames:v 1 still.jpg");
    clips.make("-f lavfi -i testsrc2=s=320x180:r=25:d=1 -c:v libsvtav1 -preset 12 av1.mp4");
    let mut noise = crate::support::read(&clips.path("fast.mp4"));
    let mdat = noise.windows(4).position(|kind| kind == b"mdat").unwrap();
    for (n, byte) in noise.iter_mut().enumerate().skip(mdat + 4) {
        *byte = u8::try_from((n * n + 7 * n) % 251).unwrap();
    }
    clips.write("noise.mp4", &noise);
    for (name, code) in [
        ("cut.mp4", ErrorCode::SourceTruncated),
        ("cutfast.mp4", ErrorCode::SourceTruncated),
        ("text.mp4", ErrorCode::SourceNotMedia),
        ("list.m3u8", ErrorCode::SourceNotMedia),
        ("list.ffconcat", ErrorCode::SourceNotMedia),
        ("still.jpg", ErrorCode::SourceNotMedia),
        ("empty.mp4", ErrorCode::SourceEmpty),
        ("av1.mp4", ErrorCode::SourceCodecUnsupported),
        ("noise.mp4", ErrorCode::SourceDamaged),
    ] {
        let error = clips.probe(name).await.expect_err(name);
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(!error.to_string().contains('\n'), "{name}: {error}");
    }
    // A recording that broke off plays as far as it goes.
    for name in ["cut.mkv", "cut.ts"] {
        let probed = clips.probe(name).await.unwrap();
        let frames = frames(video(&probed));
        assert!(
            frames > Rational::whole(50) && frames < Rational::whole(90),
            "{name} {frames}"
        );
    }
}
