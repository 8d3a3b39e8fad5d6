use domain::time::{FrameRate, Rational};
use domain::{ErrorCode, Fault as _};
use media::presentation::{
    AudioRendition, IFrameRange, MediaSegment, Presentation, PresentationError, Storyboard,
    VideoRendition,
};
use media::storyboard::{StoryboardError, StoryboardGrid};

const RATE: FrameRate = FrameRate {
    num: 30_000,
    den: 1001,
};

/// A rung of 29.97 frames per second: segments of so many frames and bytes, GOPs of 60 frames.
pub(crate) fn video(id: &str, width: u32, height: u32, segments: &[(u64, u64)]) -> VideoRendition {
    let mut iframes = Vec::new();
    for (segment, (frames, bytes)) in (1..).zip(segments) {
        let gops = frames.div_ceil(60);
        for gop in 0..gops {
            iframes.push(IFrameRange {
                segment,
                offset: 24 + gop * (bytes / gops),
                length: bytes / gops / 10,
                duration: (frames - gop * 60).min(60) * 1001,
            });
        }
    }
    VideoRendition {
        id: id.into(),
        codec: format!("avc1.64{:04x}", height / 36),
        width,
        height,
        frame_rate: RATE,
        segments: segments
            .iter()
            .map(|(frames, bytes)| MediaSegment {
                duration: frames * 1001,
                bytes: *bytes,
            })
            .collect(),
        iframes,
    }
}

/// An AAC rendition: segments of so many AAC frames and bytes.
pub(crate) fn audio(id: &str, segments: &[(u64, u64)]) -> AudioRendition {
    AudioRendition {
        id: id.into(),
        group: "aac".into(),
        codec: "mp4a.40.2".into(),
        language: "und".into(),
        name: "Default".into(),
        channels: 2,
        sample_rate: 48_000,
        segments: segments
            .iter()
            .map(|(frames, bytes)| MediaSegment {
                duration: frames * 1024,
                bytes: *bytes,
            })
            .collect(),
    }
}

/// 929 frames at 29.97: segments of 6, 6, 6, 6, 4 and 2.97 s.
pub(crate) const FRAMES: [u64; 6] = [180, 180, 180, 180, 120, 89];

pub(crate) fn rungs() -> Vec<VideoRendition> {
    let sizes = |scale: u64| -> Vec<(u64, u64)> {
        let bytes = [9000, 7000, 8200, 7700, 5100, 3900];
        FRAMES.into_iter().zip(bytes.map(|b| b * scale)).collect()
    };
    vec![
        video("1080p", 1920, 1080, &sizes(400)),
        video("720p", 1280, 720, &sizes(150)),
        video("480p", 854, 480, &sizes(70)),
    ]
}

pub(crate) fn sound() -> AudioRendition {
    audio(
        "und-128k",
        &[
            (282, 97_000),
            (281, 96_000),
            (282, 96_500),
            (281, 96_100),
            (188, 64_000),
            (140, 48_000),
        ],
    )
}

pub(crate) fn board() -> Storyboard {
    Storyboard {
        grid: StoryboardGrid {
            interval: Rational::whole(2),
            tile_width: 160,
            tile_height: 90,
            columns: 4,
            rows: 3,
            tiles: 16,
        },
        sheet_bytes: vec![31_000, 12_000],
    }
}

pub(crate) fn duration() -> Rational {
    RATE.time_of(929)
}

pub(crate) fn film() -> Presentation {
    Presentation::new(duration(), rungs(), vec![sound()], Some(board())).unwrap()
}

fn refused(
    change: impl FnOnce(&mut Vec<VideoRendition>, &mut Vec<AudioRendition>, &mut Storyboard),
) -> PresentationError {
    let (mut video, mut audio, mut board) = (rungs(), vec![sound()], board());
    change(&mut video, &mut audio, &mut board);
    Presentation::new(duration(), video, audio, Some(board)).unwrap_err()
}

#[test]
fn nothing_to_play_is_refused() {
    let error = Presentation::new(duration(), vec![], vec![], None).unwrap_err();
    assert_eq!(error, PresentationError::NoRenditions);
}

#[test]
fn names_that_would_need_escaping_are_refused() {
    for name in ["", "a/b", "a b", "ä", "a\"", &"x".repeat(65)] {
        let error = refused(|video, _, _| video[0].id = name.into());
        assert!(matches!(error, PresentationError::BadName { .. }), "{name}");
    }
    let error = refused(|_, audio, _| audio[0].group = "a,b".into());
    assert!(matches!(error, PresentationError::BadName { .. }));
    let error = refused(|video, _, _| video[1].id = "1080p".into());
    assert!(matches!(error, PresentationError::DuplicateId { .. }));
}

#[test]
fn tags_and_codecs_of_no_shape_are_refused() {
    for language in ["", "-", "en-", "en_US", "123", "toolonglanguage", "e\"n"] {
        let error = refused(|_, audio, _| audio[0].language = language.into());
        assert!(
            matches!(error, PresentationError::BadLanguage { .. }),
            "{language}"
        );
    }
    for codec in ["", "avc1\"", "a b", "a,b"] {
        let error = refused(|video, _, _| video[0].codec = codec.into());
        assert!(
            matches!(error, PresentationError::BadCodec { .. }),
            "{codec}"
        );
    }
}

#[test]
fn empty_renditions_and_segments_are_refused() {
    let error = refused(|_, audio, _| audio[0].segments.clear());
    assert!(matches!(error, PresentationError::NoSegments { .. }));
    assert_eq!(error.code(), ErrorCode::ChunkMissing);
    let error = refused(|video, _, _| video[1].segments[2].bytes = 0);
    assert!(matches!(error, PresentationError::Zero { .. }));
    let error = refused(|_, audio, _| audio[0].channels = 0);
    assert!(matches!(error, PresentationError::Zero { .. }));
    for den in [0, 1] {
        let error = refused(|video, _, _| video[1].frame_rate.den = den);
        assert!(matches!(error, PresentationError::BadRate { .. }));
    }
}

#[test]
fn rungs_with_other_boundaries_are_refused() {
    let error = refused(|video, _, _| {
        video[2].segments[1].duration += 1001;
        video[2].segments[2].duration -= 1001;
        video[2].iframes[3].duration += 1001;
        video[2].iframes[6].duration -= 1001;
    });
    assert_eq!(
        error,
        PresentationError::Misaligned {
            id: "480p".into(),
            reference: "1080p".into(),
            number: 2
        }
    );
    assert_eq!(error.code(), ErrorCode::TimelineGap);
}

#[test]
fn a_missing_segment_is_refused() {
    let error = refused(|video, _, _| {
        video[0].segments.pop();
        video[0].iframes.truncate(14);
    });
    assert!(matches!(&error, PresentationError::WrongTotal { id, .. } if id == "1080p"));
    assert_eq!(error.code(), ErrorCode::CountMismatch);
    let error = refused(|_, audio, _| audio[0].segments.truncate(5));
    assert!(matches!(error, PresentationError::WrongTotal { .. }));
}

#[test]
fn i_frames_outside_their_segment_are_refused() {
    let error = refused(|video, _, _| video[0].iframes[4].length = 10_000_000);
    assert!(matches!(
        error,
        PresentationError::IFrameOutside {
            index: 4,
            segment: 2,
            ..
        }
    ));
    let error = refused(|video, _, _| video[0].iframes[4].segment = 7);
    assert!(matches!(error, PresentationError::IFrameOutside { .. }));
    let error = refused(|video, _, _| video[0].iframes[4].segment = 0);
    assert!(matches!(error, PresentationError::IFrameOutside { .. }));
    let error = refused(|video, _, _| video[0].iframes[4].offset = u64::MAX);
    assert!(matches!(error, PresentationError::IFrameOutside { .. }));
    let error = refused(|video, _, _| {
        video[0].iframes.remove(4);
    });
    assert!(matches!(
        error,
        PresentationError::IFrameCover { segment: 2, .. }
    ));
    let error = refused(|video, _, _| video[0].iframes.swap(0, 5));
    assert!(matches!(error, PresentationError::IFrameOutside { .. }));
}

#[test]
fn a_group_of_two_codecs_is_refused() {
    let error = refused(|_, audio, _| {
        audio.push(AudioRendition {
            id: "other".into(),
            codec: "mp4a.40.5".into(),
            ..sound()
        });
    });
    assert!(matches!(error, PresentationError::MixedGroup { .. }));
}

#[test]
fn two_bit_rates_of_one_track_must_line_up() {
    let error = refused(|_, audio, _| {
        let mut other = AudioRendition {
            id: "und-64k".into(),
            group: "aac-64k".into(),
            ..sound()
        };
        other.segments[0].duration -= 1024;
        other.segments[1].duration += 1024;
        audio.push(other);
    });
    assert!(matches!(
        error,
        PresentationError::Misaligned { number: 1, .. }
    ));
}

#[test]
fn a_storyboard_without_a_sheet_is_refused() {
    let error = refused(|_, _, board| board.sheet_bytes.truncate(1));
    assert_eq!(
        error,
        PresentationError::Storyboard(StoryboardError::SheetCount {
            expected: 2,
            found: 1
        })
    );
    let error = refused(|_, _, board| board.grid.tiles = 17);
    assert!(matches!(
        error,
        PresentationError::Storyboard(StoryboardError::BeyondEnd { .. })
    ));
}
