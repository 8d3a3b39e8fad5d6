use media::cmaf::scan::{Part, ScanError, TopLevelScanner};
use proptest::prelude::*;

use crate::support::*;

/// Runs the scanner over bytes in memory.
fn scan(file: &[u8], max_part: u64) -> Result<Vec<Part>, ScanError> {
    let mut scanner = TopLevelScanner::new(file.len() as u64, max_part);
    let mut parts = Vec::new();
    while let Some(at) = scanner.position() {
        let rest = &file[usize::try_from(at).unwrap()..];
        parts.extend(scanner.header(&rest[..rest.len().min(16)])?);
    }
    scanner.finish()?;
    Ok(parts)
}

fn boxed(kind: [u8; 4], body: usize) -> Vec<u8> {
    let mut bytes = u32::try_from(body + 8).unwrap().to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.resize(body + 8, 0);
    bytes
}

fn file(boxes: &[&[u8; 4]]) -> Vec<u8> {
    boxes.iter().flat_map(|kind| boxed(**kind, 4)).collect()
}

#[test]
fn a_file_of_ffmpeg_is_init_and_fragments() {
    let parts = scan(VIDEO_60, 1 << 20).unwrap();
    assert!(matches!(&parts[0], Part::Init(range) if range.start == 0));
    assert_eq!(parts.len(), 1 + 4);
    // parts lie end to end and leave nothing out
    let mut end = 0;
    for part in &parts {
        let (Part::Init(range) | Part::Fragment(range)) = part;
        assert_eq!(range.start, end);
        end = range.end;
    }
    assert_eq!(end, VIDEO_60.len() as u64);
}

#[test]
fn other_boxes_are_passed_over() {
    let bytes = file(&[
        b"ftyp", b"free", b"moov", b"sidx", b"styp", b"moof", b"mdat", b"mfra",
    ]);
    assert_eq!(
        scan(&bytes, 100).unwrap(),
        [Part::Init(0..36), Part::Fragment(60..84)]
    );
}

#[test]
fn boxes_out_of_place_are_named() {
    let sequences: [&[&[u8; 4]]; 7] = [
        &[b"moov"],
        &[b"moof"],
        &[b"ftyp", b"moof"],
        &[b"ftyp", b"ftyp"],
        &[b"ftyp", b"moov", b"mdat"],
        &[b"ftyp", b"moov", b"moof", b"free"],
        &[b"ftyp", b"moov", b"ftyp"],
    ];
    for sequence in sequences {
        let error = scan(&file(sequence), 100).unwrap_err();
        assert!(
            matches!(error, ScanError::OutOfPlace { .. }),
            "{sequence:?}: {error}"
        );
    }
}

#[test]
fn a_file_that_ends_early_is_named() {
    let whole = [b"ftyp", b"moov", b"moof", b"mdat"];
    let bytes = file(&whole);
    let incomplete = |end: usize, kind: &[u8; 4]| {
        let error = scan(&bytes[..end], 100).unwrap_err();
        assert!(
            matches!(&error, ScanError::Incomplete { expected, .. } if expected.0 == *kind),
            "{end}: {error}"
        );
    };
    incomplete(0, b"moov");
    incomplete(12, b"moov");
    incomplete(36, b"mdat");
    for end in (0..bytes.len()).filter(|end| end % 12 != 0) {
        let error = scan(&bytes[..end], 100).unwrap_err();
        assert!(
            matches!(
                error,
                ScanError::Truncated { .. } | ScanError::Header { .. }
            ),
            "{end}: {error}"
        );
    }
}

#[test]
fn a_part_above_the_limit_is_refused_before_it_is_read() {
    let mut bytes = file(&[b"ftyp", b"moov", b"moof"]);
    bytes.extend(boxed(*b"mdat", 1000));
    assert!(matches!(
        scan(&bytes, 999),
        Err(ScanError::PartTooLarge {
            size: 1020,
            limit: 999,
            ..
        })
    ));
}

#[test]
fn a_scanner_left_before_the_end_is_not_finished() {
    let scanner = TopLevelScanner::new(100, 100);
    assert!(matches!(
        scanner.finish(),
        Err(ScanError::Incomplete { .. })
    ));
}

proptest! {
    #[test]
    fn garbage_ends(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = scan(&bytes, 1000);
    }
}
