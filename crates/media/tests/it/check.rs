use media::cmaf::check::{CheckError, read_segment};
use proptest::prelude::*;

use crate::support::*;

#[test]
fn segments_of_both_chunks_join() {
    let (_, segments) = packaged_video();
    let mut next = (0, 1);
    for segment in &segments {
        let facts = read_segment(&segment.bytes, &DEFAULTS).unwrap();
        assert_eq!(facts.tfdt, next.0);
        assert_eq!(facts.samples, segment.frames);
        for fragment in &facts.fragments {
            assert_eq!(fragment.sequence, next.1);
            assert!(fragment.starts_with_sync);
            assert_eq!(
                fragment.first_shown,
                i64::try_from(fragment.tfdt).unwrap() + 2000
            );
            next.1 += 1;
        }
        next.0 = facts.end();
    }
    assert_eq!(next, (125_000, 8));
}

/// The boxes of the first segment: styp, then three pairs.
fn pieces() -> Vec<Vec<u8>> {
    let (_, segments) = packaged_video();
    let mut rest = &segments[0].bytes[..];
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let size = u32::from_be_bytes(*rest.first_chunk().unwrap()) as usize;
        pieces.push(rest[..size].to_vec());
        rest = &rest[size..];
    }
    assert_eq!(pieces.len(), 7);
    pieces
}

#[test]
fn a_segment_without_one_of_its_boxes_is_refused() {
    let read = |without: &[usize]| {
        let mut bytes = Vec::new();
        for (index, piece) in pieces().iter().enumerate() {
            if !without.contains(&index) {
                bytes.extend_from_slice(piece);
            }
        }
        read_segment(&bytes, &DEFAULTS).unwrap_err()
    };
    assert!(matches!(read(&[0]), CheckError::OutOfPlace { .. }));
    assert!(matches!(read(&[1]), CheckError::OutOfPlace { .. }));
    assert!(matches!(read(&[2]), CheckError::OutOfPlace { .. }));
    assert!(matches!(read(&[6]), CheckError::Box(_)));
    assert!(matches!(
        read(&[3, 4]),
        CheckError::Gap {
            index: 1,
            expected: 20_000,
            found: 40_000
        }
    ));
    assert!(matches!(read(&[1, 2, 3, 4, 5, 6]), CheckError::NoFragment));
}

#[test]
fn fragments_numbered_backwards_are_refused() {
    let mut pieces = pieces();
    // mfhd's number is the last field of the first box within moof
    pieces[3][20..24].fill(0);
    let error = read_segment(&pieces.concat(), &DEFAULTS).unwrap_err();
    assert!(matches!(
        error,
        CheckError::Sequence {
            index: 1,
            previous: 1,
            found: 0
        }
    ));
}

proptest! {
    #[test]
    fn every_cut_is_refused(at in any::<prop::sample::Index>()) {
        let (_, segments) = packaged_video();
        let bytes = &segments[1].bytes;
        // a cut between two pairs leaves a shorter, valid segment: the plan tells those apart
        let whole = [24, segments[1].iframes[1].offset];
        let end = at.index(bytes.len());
        let read = read_segment(&bytes[..end], &DEFAULTS);
        prop_assert_eq!(read.is_ok(), end as u64 == whole[1]);
    }
}
