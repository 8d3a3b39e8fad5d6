use domain::time::FrameRange;
use domain::{ErrorCode, Fault as _};
use media::cmaf::fragment::Fragment;
use media::cmaf::video::{VideoChunk, VideoError, VideoPackager, VideoSummary};
use mp4_atom::Any;
use proptest::prelude::*;

use crate::support::*;

#[test]
fn two_chunks_of_a_real_encoder_make_one_track() {
    let (_, segments) = packaged_video();
    let spans: Vec<_> = segments
        .iter()
        .map(|s| (s.number, s.first_frame, s.frames))
        .collect();
    assert_eq!(spans, [(1, 0, 60), (2, 60, 40), (3, 100, 25)]);

    let mut decode = 0;
    let mut shown = Vec::new();
    let mut sequences = Vec::new();
    for segment in &segments {
        let (numbers, pictures) = pictures(&segment.bytes);
        sequences.extend(numbers);
        assert!(pictures[0].sync);
        for picture in pictures {
            assert_eq!(picture.decode, decode);
            assert!(picture.shown >= picture.decode, "negative offset");
            decode += 1000;
            shown.push(picture.shown);
        }
    }
    assert_eq!(sequences, [1, 2, 3, 4, 5, 6, 7]);
    shown.sort_unstable();
    let every_frame_once: Vec<i64> = (0..125).map(|n| n * 1000 + 2000).collect();
    assert_eq!(shown, every_frame_once);
}

#[test]
fn a_segment_is_styp_and_pairs_that_hold_the_encoders_bytes() {
    let (_, segments) = packaged_video();
    let (_, pairs) = split(VIDEO_0);
    let encoded: Vec<u8> = pairs
        .iter()
        .flat_map(|pair| Fragment::parse(pair, &DEFAULTS).unwrap().payload.to_vec())
        .collect();
    let mut kinds = Vec::new();
    let mut packaged = Vec::new();
    for atom in atoms(&segments[0].bytes) {
        kinds.push(atom.kind().to_string());
        match atom {
            Any::Styp(styp) => {
                assert_eq!(styp.major_brand, (*b"msdh").into());
                assert_eq!(
                    styp.compatible_brands,
                    [(*b"msdh").into(), (*b"cmfs").into()]
                );
            }
            Any::Moof(moof) => {
                let tfhd = &moof.traf[0].tfhd;
                assert_eq!(moof.traf.len(), 1);
                assert_eq!(tfhd.base_data_offset, None);
                assert_eq!(tfhd.default_sample_duration, Some(1000));
            }
            Any::Mdat(mdat) => packaged.extend(mdat.data),
            _ => {}
        }
    }
    assert_eq!(
        kinds,
        ["styp", "moof", "mdat", "moof", "mdat", "moof", "mdat"]
    );
    assert_eq!(packaged, encoded);
}

#[test]
fn an_i_frame_range_is_moof_and_exactly_one_sample() {
    let (_, segments) = packaged_video();
    for segment in &segments {
        let mut covered = 0;
        for iframe in &segment.iframes {
            let start = usize::try_from(iframe.offset).unwrap();
            let end = start + usize::try_from(iframe.length).unwrap();
            let range = &segment.bytes[start..end];
            let fragment = Fragment::parse_head(range, &DEFAULTS).unwrap();
            assert_eq!(fragment.payload.len(), fragment.samples[0].size as usize);
            assert_eq!(fragment.samples.len() as u64, iframe.frames);
            covered += iframe.frames;
        }
        assert_eq!(covered, segment.frames);
    }
}

/// Packages fixture chunk 0 after something was done to its fragments.
fn with_pairs(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Result<VideoSummary, VideoError> {
    let (init, pairs) = split(VIDEO_0);
    let mut pairs: Vec<Vec<u8>> = pairs.into_iter().map(<[u8]>::to_vec).collect();
    change(&mut pairs);
    package(chunk_0(), init, &pairs).map(|(_, summary)| summary)
}

#[test]
fn untouched_fragments_pass() {
    let summary = with_pairs(|_| ()).unwrap();
    assert_eq!(
        summary,
        VideoSummary {
            frames: 60,
            fragments: 3,
            segments: 1
        }
    );
}

#[test]
fn a_missing_fragment_is_named() {
    let in_the_middle = with_pairs(|pairs| drop(pairs.remove(1)));
    assert!(
        matches!(
            in_the_middle,
            Err(VideoError::Sequence {
                previous: 1,
                found: 3
            })
        ),
        "{in_the_middle:?}"
    );
    let at_the_end = with_pairs(|pairs| drop(pairs.pop()));
    assert_eq!(
        at_the_end,
        Err(VideoError::FramesMissing {
            expected: 60,
            found: 40
        })
    );
}

#[test]
fn swapped_doubled_and_surplus_fragments_are_named() {
    let swapped = with_pairs(|pairs| pairs.swap(0, 1));
    assert!(matches!(
        swapped,
        Err(VideoError::Sequence {
            previous: 2,
            found: 1
        })
    ));
    let doubled = with_pairs(|pairs| pairs.insert(1, pairs[0].clone()));
    assert!(matches!(
        doubled,
        Err(VideoError::Sequence {
            previous: 1,
            found: 1
        })
    ));
    let surplus = with_pairs(|pairs| pairs.push(ffmpeg_fragment(4, 60_000, 1000, &plain(20))));
    assert_eq!(
        surplus,
        Err(VideoError::TooManyFrames { end: 60, found: 20 })
    );
}

/// `count` samples in order of presentation.
fn plain(count: usize) -> Vec<Input> {
    (0..count)
        .map(|k| (10, 0, if k == 0 { SYNC } else { NON_SYNC }))
        .collect()
}

/// What becomes of one GOP of `samples` in a track of 20 frames.
fn one_gop(samples: &[Input]) -> Result<Vec<Picture>, VideoError> {
    let chunk = VideoChunk {
        frames: FrameRange { start: 0, end: 20 },
        total_frames: 20,
        ..chunk_0()
    };
    let (init, _) = split(VIDEO_0);
    let pair = ffmpeg_fragment(1, 0, 1000, samples);
    let (segments, _) = package(chunk, init, &[pair])?;
    Ok(pictures(&segments[0].bytes).1)
}

#[test]
fn a_gop_of_another_length_is_named() {
    for count in [1, 19, 21] {
        assert_eq!(
            one_gop(&plain(count)),
            Err(VideoError::GopLength {
                first_frame: 0,
                expected: 20,
                found: count
            })
        );
    }
}

#[test]
fn a_gop_without_a_sync_sample_or_with_two_is_named() {
    let mut samples = plain(20);
    samples[0].2 = NON_SYNC;
    assert_eq!(
        one_gop(&samples),
        Err(VideoError::NoSyncSample { first_frame: 0 })
    );
    let mut samples = plain(20);
    samples[7].2 = SYNC;
    assert_eq!(
        one_gop(&samples),
        Err(VideoError::ExtraSyncSample {
            first_frame: 0,
            index: 7
        })
    );
}

#[test]
fn an_open_gop_is_named() {
    let mut samples = plain(20);
    samples[0].1 = 1000;
    samples[1].1 = -1000;
    assert_eq!(
        one_gop(&samples),
        Err(VideoError::OpenGop {
            first_frame: 0,
            leading: 1
        })
    );
}

#[test]
fn two_frames_at_one_time_and_a_hole_are_named() {
    let mut samples = plain(20);
    samples[4].1 = -1000;
    assert!(matches!(
        one_gop(&samples),
        Err(VideoError::UnevenTimes {
            rank: 4,
            found: 0,
            ..
        })
    ));
    let mut samples = plain(20);
    samples[19].1 = 500;
    assert!(matches!(
        one_gop(&samples),
        Err(VideoError::UnevenTimes {
            rank: 19,
            found: 1500,
            ..
        })
    ));
}

#[test]
fn reordering_deeper_than_the_delay_is_named() {
    // decoded 0 4 3 2 1 5 …: frame 1 comes fifth, three frames too late
    let mut samples = plain(20);
    for (k, p) in [(1_i32, 4_i32), (2, 3), (3, 2), (4, 1)] {
        samples[usize::try_from(k).unwrap()].1 = (p - k) * 1000;
    }
    let error = one_gop(&samples).unwrap_err();
    assert_eq!(
        error,
        VideoError::ReorderTooDeep {
            first_frame: 0,
            index: 4,
            early: 1000,
            delay: 2000
        }
    );
    assert_eq!(error.code(), ErrorCode::ChunkInvalid);
}

#[test]
fn the_head_of_a_fragment_is_not_packaged() {
    let pair = ffmpeg_fragment(1, 0, 1000, &plain(20));
    let cut = &pair[..pair.len() - 1];
    let fragment = Fragment::parse_head(cut, &DEFAULTS).unwrap();
    let error = VideoPackager::new(chunk_0()).unwrap().push(&fragment);
    assert!(matches!(
        error,
        Err(VideoError::PayloadCut {
            expected: 200,
            found: 199,
            ..
        })
    ));
}

/// An order of decoding of `count` frames that starts with the first and comes to each at most
/// two frames late: what `choices` picks among those that may be next.
fn decode_order(count: usize, choices: &[prop::sample::Index]) -> Vec<usize> {
    let mut waiting: Vec<usize> = (1..count).collect();
    let mut order = vec![0];
    while !waiting.is_empty() {
        let due = waiting[0] + 2 == order.len();
        let ahead = waiting.len().min(5);
        let pick = if due {
            0
        } else {
            choices[order.len()].index(ahead)
        };
        order.push(waiting.remove(pick));
    }
    order
}

proptest! {
    #[test]
    fn any_reordering_comes_out_on_the_grid(
        choices in proptest::collection::vec(any::<prop::sample::Index>(), 20),
        sizes in proptest::collection::vec(1_u32..50, 20),
        shift in prop_oneof![Just(0_i32), Just(2), -3..8_i32],
        late in 0_u64..5,
    ) {
        // ffmpeg's versions differ in `shift` and in the first decode time
        let order = decode_order(20, &choices);
        let samples: Vec<Input> = order.iter().zip(&sizes).enumerate().map(|(k, (p, size))| {
            let moved = i32::try_from(*p).unwrap() - i32::try_from(k).unwrap();
            (*size, (moved + shift) * 1000, if k == 0 { SYNC } else { NON_SYNC })
        }).collect();
        let chunk = VideoChunk {
            frames: FrameRange { start: 40, end: 60 },
            total_frames: 60,
            segment_starts: vec![40],
            first_segment_number: 7,
            ..chunk_0()
        };
        let (init, _) = split(VIDEO_0);
        let pair = ffmpeg_fragment(9, late * 1000, 1000, &samples);
        let (segments, _) = package(chunk, init, &[pair]).unwrap();
        let (sequences, pictures) = pictures(&segments[0].bytes);
        prop_assert_eq!(segments[0].number, 7);
        prop_assert_eq!(sequences, [3]);
        for (k, (picture, p)) in pictures.iter().zip(&order).enumerate() {
            prop_assert_eq!(picture.decode, 40_000 + 1000 * i64::try_from(k).unwrap());
            prop_assert_eq!(picture.shown, 40_000 + 1000 * i64::try_from(*p).unwrap() + 2000);
            prop_assert_eq!(picture.size, sizes[k] as usize);
            prop_assert_eq!(picture.sync, k == 0);
        }
    }

    #[test]
    fn any_offsets_give_the_grid_or_a_named_error(
        offsets in proptest::collection::vec(-5_i32..5, 20),
    ) {
        let samples: Vec<Input> = offsets.iter().enumerate()
            .map(|(k, o)| (3, o * 1000, if k == 0 { SYNC } else { NON_SYNC })).collect();
        if let Ok(pictures) = one_gop(&samples) {
            let mut shown: Vec<i64> = pictures.iter().map(|p| p.shown).collect();
            shown.sort_unstable();
            prop_assert_eq!(shown, (0..20).map(|n| n * 1000 + 2000).collect::<Vec<_>>());
        }
    }
}
