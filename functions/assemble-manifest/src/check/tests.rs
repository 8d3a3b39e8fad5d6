use domain::plan::Plan;
use proptest::prelude::*;
use testkit::sample;

use super::*;

fn planned() -> (Plan, Vec<VideoChunkResult>, Vec<AudioChunkResult>) {
    let plan = sample::plan(1000).unwrap();
    let (video, audio) = (sample::video_results(&plan), sample::audio_results(&plan));
    (plan, video, audio)
}

/// The picture's verdict after a change to what the encoders reported.
fn after(change: impl Fn(&mut Vec<VideoChunkResult>)) -> ErrorCode {
    let (plan, mut results, _) = planned();
    change(&mut results);
    super::video(&plan, &results).unwrap_err().code()
}

#[test]
fn what_was_planned_is_accepted_in_any_order() {
    let (plan, mut video, audio) = planned();
    video.reverse();
    let rungs = super::video(&plan, &video).unwrap();
    assert_eq!(rungs.len(), 4);
    assert_eq!(rungs[0].segments.len(), plan.timeline.segments().len());
    assert_eq!(super::audio(&plan, &audio).unwrap().len(), 1);
}

#[test]
fn a_missing_chunk_is_named() {
    let code = after(|results| {
        results.remove(1);
    });
    assert_eq!(code, ErrorCode::ChunkMissing);
    let (plan, _, _) = planned();
    assert_eq!(
        super::audio(&plan, &[]).unwrap_err().code(),
        ErrorCode::ChunkMissing
    );
}

#[test]
fn a_missing_rung_is_named() {
    let code = after(|results| {
        results[1].rungs.pop();
    });
    assert_eq!(code, ErrorCode::ChunkMissing);
}

#[test]
fn another_init_segment_is_refused() {
    let code = after(|results| results[1].rungs[2].init_sha256 = "f".repeat(64));
    assert_eq!(code, ErrorCode::InitMismatch);
}

#[test]
fn a_gap_in_time_is_refused() {
    let code = after(|results| results[1].rungs[0].segments[0].start += 1);
    assert_eq!(code, ErrorCode::TimelineGap);
}

#[test]
fn swapped_segments_are_refused() {
    let code = after(|results| results[0].rungs[0].segments.swap(0, 1));
    assert_eq!(code, ErrorCode::TimelineGap);
}

#[test]
fn a_frame_too_few_is_refused() {
    let code = after(|results| results[0].rungs[3].segments[1].frames -= 1);
    assert_eq!(code, ErrorCode::CountMismatch);
    let code = after(|results| results[0].rungs[3].segments[1].duration -= 1);
    assert_eq!(code, ErrorCode::CountMismatch);
    let code = after(|results| results[0].rungs[3].segments[1].iframes[0].frames -= 1);
    assert_eq!(code, ErrorCode::CountMismatch);
    let code = after(|results| results[0].frames.end -= 1);
    assert_eq!(code, ErrorCode::CountMismatch);
}

#[test]
fn a_lost_segment_is_refused() {
    let code = after(|results| {
        results[0].rungs[0].segments.pop();
    });
    assert_eq!(code, ErrorCode::CountMismatch);
}

proptest! {
    #[test]
    fn every_length_of_film_adds_up(frames in 1_u32..20_000) {
        let plan = sample::plan(frames).unwrap();
        prop_assert!(super::video(&plan, &sample::video_results(&plan)).is_ok());
        prop_assert!(super::audio(&plan, &sample::audio_results(&plan)).is_ok());
    }
}
