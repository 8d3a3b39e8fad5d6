use media::cmaf::boxes::{BoxError, BoxWriter};
use media::cmaf::fragment::{Fragment, FragmentError, MAX_SAMPLES, Sample};
use media::cmaf::init::TrackDefaults;
use proptest::prelude::*;

use crate::support::*;

fn parse(bytes: &[u8]) -> Result<Fragment<'_>, FragmentError> {
    Fragment::parse(bytes, &DEFAULTS)
}

#[test]
fn a_fragment_of_ffmpeg_is_read_with_its_defaults() {
    let (_, pairs) = split(VIDEO_60);
    let fragment = parse(pairs[3]).unwrap();
    assert_eq!(
        (fragment.sequence, fragment.tfdt, fragment.samples.len()),
        (7, 120_000, 5)
    );
    let offsets: Vec<i64> = fragment
        .samples
        .iter()
        .map(|s| s.composition_offset)
        .collect();
    assert_eq!(offsets, [0, 3000, 0, -2000, -1000]);
    let sync: Vec<bool> = fragment.samples.iter().map(Sample::is_sync).collect();
    assert_eq!(sync, [true, false, false, false, false]);
    assert_eq!(fragment.duration(), 5000);
}

#[test]
fn the_payload_is_read_as_another_parser_reads_it() {
    for file in [VIDEO_0, VIDEO_60, AUDIO] {
        for pair in split(file).1 {
            let fragment = parse(pair).unwrap();
            let atoms = atoms(pair);
            let [mp4_atom::Any::Moof(moof), mp4_atom::Any::Mdat(mdat)] = atoms.as_slice() else {
                panic!("{atoms:?}");
            };
            assert_eq!(fragment.payload, mdat.data);
            assert_eq!(fragment.sequence, moof.mfhd.sequence_number);
            let sizes: Vec<_> = moof.traf[0].trun[0]
                .samples
                .iter()
                .map(|s| s.size)
                .collect();
            let ours: Vec<_> = fragment.samples.iter().map(|s| Some(s.size)).collect();
            assert_eq!(ours, sizes);
        }
    }
}

#[test]
fn every_cut_of_a_fragment_is_refused() {
    let pair = split(VIDEO_60).1[3];
    for end in 0..pair.len() {
        let error = parse(&pair[..end]).unwrap_err();
        assert!(matches!(error, FragmentError::Box(_)), "{end}: {error:?}");
    }
}

#[test]
fn bytes_behind_the_pair_are_refused() {
    let mut pair = split(VIDEO_60).1[3].to_vec();
    pair.push(0);
    assert!(matches!(
        parse(&pair),
        Err(FragmentError::TrailingBytes { found: 1 })
    ));
}

#[test]
fn a_fragment_of_another_track_is_refused() {
    let pair = split(VIDEO_60).1[3];
    let other = TrackDefaults {
        track_id: 2,
        ..DEFAULTS
    };
    assert_eq!(
        Fragment::parse(pair, &other),
        Err(FragmentError::WrongTrack {
            expected: 2,
            found: 1
        })
    );
}

/// A fragment whose `tfhd` has `flags` and whose runs are as given: flags, fields.
fn odd(tfhd_flags: u32, runs: &[(u32, &[u32])], payload: usize) -> Vec<u8> {
    let mut w = BoxWriter::new();
    w.nest(*b"moof", |w| {
        w.nest_full(*b"mfhd", 0, 0, |w| w.u32(1));
        w.nest(*b"traf", |w| {
            w.nest_full(*b"tfhd", 0, tfhd_flags, |w| w.u32(1));
            w.nest_full(*b"tfdt", 0, 0, |w| w.u32(77));
            for (flags, fields) in runs {
                w.nest_full(*b"trun", 0, *flags, |w| {
                    for field in *fields {
                        w.u32(*field);
                    }
                });
            }
        });
    });
    w.nest(*b"mdat", |w| w.bytes(&vec![0; payload]));
    w.finish().unwrap()
}

/// Bytes from `moof` to the payload for one run of so many fields.
fn head(fields: u32) -> u32 {
    8 + 16 + 8 + 16 + 16 + 12 + 4 * fields + 8
}

#[test]
fn defaults_of_the_track_hold_where_the_fragment_is_silent() {
    let defaults = TrackDefaults {
        track_id: 1,
        duration: 9,
        size: 5,
        flags: NON_SYNC,
    };
    // count, data offset, flags of the first
    let bytes = odd(0x02_0000, &[(0x005, &[3, head(3), SYNC])], 15);
    let fragment = Fragment::parse(&bytes, &defaults).unwrap();
    assert_eq!((fragment.tfdt, fragment.duration()), (77, 27));
    let flags: Vec<u32> = fragment.samples.iter().map(|s| s.flags).collect();
    assert_eq!(flags, [SYNC, NON_SYNC, NON_SYNC]);
    assert_eq!(fragment.payload.len(), 15);
}

#[test]
fn a_count_without_bytes_behind_it_allocates_nothing() {
    // no fields per sample, a default size of zero: nothing but the payload bounds the count
    let huge = odd(0x02_0000, &[(0x001, &[u32::MAX, head(2)])], 15);
    assert_eq!(
        parse(&huge),
        Err(FragmentError::TooManySamples {
            stated: u32::MAX,
            possible: 15
        })
    );
    let huge = odd(0x02_0000, &[(0x201, &[u32::MAX, head(3), 7])], 7);
    assert_eq!(
        parse(&huge),
        Err(FragmentError::TooManySamples {
            stated: u32::MAX,
            possible: 1
        })
    );
    let limit = u64::from(MAX_SAMPLES);
    let sized = TrackDefaults {
        size: 1,
        ..DEFAULTS
    };
    let payload = 1 << 20;
    let huge = odd(0x02_0000, &[(0x001, &[1 << 20, head(2)])], payload);
    assert_eq!(
        Fragment::parse(&huge, &sized),
        Err(FragmentError::TooManySamples {
            stated: 1 << 20,
            possible: limit
        })
    );
}

#[test]
fn two_runs_that_follow_each_other_are_one_payload() {
    let start = head(3) + 12 + 8;
    let runs: [(u32, &[u32]); 2] = [(0x201, &[1, start, 4]), (0x200, &[1, 6])];
    let bytes = odd(0x02_0000, &runs, 10);
    let fragment = parse(&bytes).unwrap();
    assert_eq!(fragment.samples.len(), 2);
    assert_eq!(fragment.payload.len(), 10);
}

#[test]
fn runs_apart_are_refused() {
    let start = head(3) + 12 + 12;
    let runs: [(u32, &[u32]); 2] = [(0x201, &[1, start, 4]), (0x201, &[1, start + 5, 6])];
    assert_eq!(
        parse(&odd(0x02_0000, &runs, 11)),
        Err(FragmentError::ScatteredRuns {
            expected: i64::from(start) + 4,
            start: i64::from(start) + 5
        })
    );
}

#[test]
fn data_outside_mdat_is_refused() {
    for (offset, size) in [(0, 4), (head(3) - 1, 4), (head(3), 5), (u32::MAX, 4)] {
        let bytes = odd(0x02_0000, &[(0x201, &[1, offset, size])], 4);
        assert!(
            matches!(parse(&bytes), Err(FragmentError::OutsideMdat { .. })),
            "{offset} {size}"
        );
    }
}

#[test]
fn empty_samples_no_samples_and_absolute_offsets_are_refused() {
    let empty = odd(0x02_0000, &[(0x201, &[2, head(4), 4, 0])], 4);
    assert_eq!(parse(&empty), Err(FragmentError::EmptySample { index: 1 }));
    let none = odd(0x02_0000, &[(0x201, &[0, head(2)])], 4);
    assert_eq!(parse(&none), Err(FragmentError::NoSamples));
    let none = odd(0x02_0000, &[], 4);
    assert_eq!(parse(&none), Err(FragmentError::NoSamples));
    let absolute = odd(0x01, &[(0x201, &[1, head(3), 4])], 4);
    assert_eq!(parse(&absolute), Err(FragmentError::AbsoluteOffsets));
}

#[test]
fn something_else_than_moof_and_mdat_is_refused() {
    let pair = split(VIDEO_60).1[3];
    let mut other = pair.to_vec();
    other[4..8].copy_from_slice(b"free");
    assert!(matches!(
        parse(&other),
        Err(FragmentError::Box(BoxError::Missing { .. }))
    ));
}

proptest! {
    #[test]
    fn no_change_of_bytes_makes_it_panic(
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
        second in any::<prop::sample::Index>(),
        other in any::<u8>(),
    ) {
        let mut pair = split(VIDEO_60).1[3].to_vec();
        let len = pair.len();
        pair[at.index(len)] = value;
        pair[second.index(len)] = other;
        if let Ok(fragment) = parse(&pair) {
            let stated: usize = fragment.samples.iter().map(|s| s.size as usize).sum();
            prop_assert_eq!(stated, fragment.payload.len());
        }
    }

    #[test]
    fn garbage_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(parse(&bytes).is_err());
    }

    #[test]
    fn what_was_written_is_read(
        samples in proptest::collection::vec((1_u32..40, any::<i32>(), any::<u32>()), 1..60),
        sequence in any::<u32>(),
        tfdt in any::<u64>(),
    ) {
        let bytes = ffmpeg_fragment(sequence, tfdt, 1001, &samples);
        let fragment = parse(&bytes).unwrap();
        prop_assert_eq!((fragment.sequence, fragment.tfdt), (sequence, tfdt));
        for (read, (size, offset, flags)) in fragment.samples.iter().zip(&samples) {
            prop_assert_eq!((read.size, read.duration), (*size, 1001));
            prop_assert_eq!((read.composition_offset, read.flags), (i64::from(*offset), *flags));
        }
    }
}
