use media::cmaf::iframe_track::{IFrameTrackError, iframe_track};

use crate::support::*;

/// The init segment and the byte ranges of all I-frames.
fn ranges() -> (Vec<u8>, Vec<Vec<u8>>) {
    let (init, segments) = packaged_video();
    let mut ranges = Vec::new();
    for segment in &segments {
        for iframe in &segment.iframes {
            let start = usize::try_from(iframe.offset).unwrap();
            let end = start + usize::try_from(iframe.length).unwrap();
            ranges.push(segment.bytes[start..end].to_vec());
        }
    }
    (init, ranges)
}

#[test]
fn every_i_frame_is_there_at_its_time() {
    let (init, ranges) = ranges();
    let file = iframe_track(&init, &ranges).unwrap();
    assert!(file.starts_with(&init));
    let (sequences, pictures) = pictures(&file[init.len()..]);
    assert_eq!(sequences, [1, 2, 3, 4, 5, 6, 7]);
    let shown: Vec<i64> = pictures.iter().map(|p| p.shown - 2000).collect();
    assert_eq!(shown, [0, 20_000, 40_000, 60_000, 80_000, 100_000, 120_000]);
    assert!(pictures.iter().all(|picture| picture.sync));
}

#[test]
fn some_of_them_can_be_left_out() {
    let (init, ranges) = ranges();
    let some = [&ranges[2], &ranges[6]];
    let file = iframe_track(&init, &some).unwrap();
    let (_, pictures) = pictures(&file[init.len()..]);
    let decode: Vec<i64> = pictures.iter().map(|p| p.decode).collect();
    assert_eq!(decode, [40_000, 120_000]);
}

#[test]
fn a_range_that_is_cut_or_out_of_order_is_named() {
    let (init, ranges) = ranges();
    let mut cut = ranges.clone();
    cut[3].pop();
    assert!(matches!(
        iframe_track(&init, &cut),
        Err(IFrameTrackError::Incomplete { index: 3, .. })
    ));
    cut[3].truncate(100);
    assert!(matches!(
        iframe_track(&init, &cut),
        Err(IFrameTrackError::Fragment { index: 3, .. })
    ));
    let mut swapped = ranges.clone();
    swapped.swap(4, 5);
    assert!(matches!(
        iframe_track(&init, &swapped),
        Err(IFrameTrackError::OutOfOrder {
            index: 5,
            expected: 120_000,
            found: 80_000
        })
    ));
    assert!(matches!(
        iframe_track(&init[1..], &ranges),
        Err(IFrameTrackError::Init(_))
    ));
}

#[test]
fn a_picture_that_needs_others_is_refused() {
    let (init, _) = ranges();
    let fragment = ffmpeg_fragment(1, 0, 1000, &[(10, 0, NON_SYNC)]);
    assert_eq!(
        iframe_track(&init, &[fragment]),
        Err(IFrameTrackError::NotSync { index: 0 })
    );
}
