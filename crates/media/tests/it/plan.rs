use domain::{ErrorCode, Fault as _};
use media::cmaf::audio::{AudioChunk, AudioError, AudioPackager};
use media::cmaf::plan::PlanError;
use media::cmaf::video::{VideoChunk, VideoError, VideoPackager};

use crate::audio::whole_track;
use crate::support::chunk_60;

#[test]
fn a_video_plan_that_contradicts_itself_is_refused() {
    let refused = |change: fn(&mut VideoChunk)| {
        let mut chunk = chunk_60();
        change(&mut chunk);
        match VideoPackager::new(chunk) {
            Err(VideoError::Plan(plan)) => {
                assert_eq!(plan.code(), ErrorCode::Internal);
                plan
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(
        refused(|c| c.frame_ticks = 0),
        PlanError::Zero { .. }
    ));
    assert!(matches!(
        refused(|c| c.gop_frames = 0),
        PlanError::Zero { .. }
    ));
    assert!(matches!(
        refused(|c| c.first_segment_number = 0),
        PlanError::Zero { .. }
    ));
    assert!(matches!(
        refused(|c| c.frames.end = 60),
        PlanError::Empty { .. }
    ));
    assert!(matches!(
        refused(|c| c.frames.end = 126),
        PlanError::BeyondTrack { .. }
    ));
    assert!(matches!(
        refused(|c| c.frames.end = 110),
        PlanError::OffGrid { frame: 110, .. }
    ));
    assert!(matches!(
        refused(|c| c.segment_starts = vec![60, 90]),
        PlanError::OffGrid { frame: 90, .. }
    ));
    assert!(matches!(
        refused(|c| c.segment_starts = vec![]),
        PlanError::FirstStart { found: None, .. }
    ));
    assert!(matches!(
        refused(|c| c.segment_starts = vec![80]),
        PlanError::FirstStart { .. }
    ));
    assert!(matches!(
        refused(|c| c.segment_starts = vec![60, 100, 80]),
        PlanError::Order { .. }
    ));
    assert!(matches!(
        refused(|c| c.segment_starts = vec![60, 60]),
        PlanError::Order { .. }
    ));
    assert!(matches!(
        refused(|c| c.segment_starts = vec![60, 140]),
        PlanError::Order { .. }
    ));
}

#[test]
fn an_audio_plan_that_contradicts_itself_is_refused() {
    let refused = |change: fn(&mut AudioChunk)| {
        let mut chunk = whole_track();
        change(&mut chunk);
        match AudioPackager::new(chunk) {
            Err(AudioError::Plan(plan)) => plan,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(
        refused(|c| c.frame_ticks = 0),
        PlanError::Zero { .. }
    ));
    assert!(matches!(
        refused(|c| c.frames.end = 0),
        PlanError::Empty { .. }
    ));
    assert!(matches!(
        refused(|c| c.frames.end = u64::MAX),
        PlanError::BeyondTrack { .. }
    ));
    assert!(matches!(
        refused(|c| c.segment_starts[2] = 600),
        PlanError::Order { .. }
    ));
}
