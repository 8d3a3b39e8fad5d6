use domain::time::FrameRange;
use media::cmaf::Segment;
use media::cmaf::audio::{AudioChunk, AudioError, AudioPackager, AudioSummary};
use media::cmaf::fragment::{Fragment, Sample};
use mp4_atom::Any;

use crate::support::*;

/// The fixture's plan: 586 frames, segments nearest to the video's at 0, 6 and 10 s.
pub(crate) fn whole_track() -> AudioChunk {
    AudioChunk {
        frame_ticks: 1024,
        drop_packets: 1,
        spare_packets: 0,
        frames: FrameRange { start: 0, end: 586 },
        segment_starts: vec![0, 281, 469],
        first_segment_number: 1,
    }
}

fn package(chunk: AudioChunk, pairs: &[&[u8]]) -> Result<(Vec<Segment>, AudioSummary), AudioError> {
    let mut packager = AudioPackager::new(chunk)?;
    let mut segments = Vec::new();
    for pair in pairs {
        segments.extend(packager.push(&Fragment::parse(pair, &DEFAULTS).unwrap())?);
    }
    Ok((segments, packager.finish()?))
}

/// Every packet of the fixture, the priming one first.
fn packets() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for pair in split(AUDIO).1 {
        let fragment = Fragment::parse(pair, &DEFAULTS).unwrap();
        let mut rest = fragment.payload;
        for sample in &fragment.samples {
            let (packet, behind) = rest.split_at(sample.size as usize);
            packets.push(packet.to_vec());
            rest = behind;
        }
    }
    packets
}

#[test]
fn a_real_track_is_cut_at_the_planned_frames_without_its_priming() {
    let (segments, summary) = package(whole_track(), &split(AUDIO).1).unwrap();
    assert_eq!(
        summary,
        AudioSummary {
            frames: 586,
            spare: 0,
            segments: 3
        }
    );
    let mut next = 0;
    let mut packaged = Vec::new();
    for (segment, number) in segments.iter().zip(1..) {
        let atoms = atoms(&segment.bytes);
        let [Any::Styp(_), Any::Moof(moof), Any::Mdat(mdat)] = atoms.as_slice() else {
            panic!("{atoms:?}");
        };
        let traf = &moof.traf[0];
        assert_eq!(
            (segment.number, moof.mfhd.sequence_number),
            (number, number)
        );
        assert_eq!(
            traf.tfdt.as_ref().unwrap().base_media_decode_time,
            next * 1024
        );
        assert_eq!(traf.tfhd.default_sample_duration, Some(1024));
        assert_eq!(traf.tfhd.default_sample_flags, Some(SYNC));
        assert_eq!(segment.first_frame, next);
        next += traf.trun[0].samples.len() as u64;
        packaged.extend_from_slice(&mdat.data);
    }
    assert_eq!(next, 586);
    assert_eq!(packaged, packets()[1..].concat());
}

#[test]
fn a_later_chunk_drops_its_pre_roll_and_its_overrun() {
    // as if frames 100 to 500 came with 16 frames of pre-roll, priming, and 70 frames too many
    let chunk = AudioChunk {
        drop_packets: 17,
        spare_packets: 70 + 100,
        frames: FrameRange {
            start: 100,
            end: 500,
        },
        segment_starts: vec![100, 281, 469],
        first_segment_number: 4,
        ..whole_track()
    };
    let (segments, summary) = package(chunk, &split(AUDIO).1).unwrap();
    let numbers: Vec<_> = segments
        .iter()
        .map(|s| (s.number, s.first_frame, s.frames))
        .collect();
    assert_eq!(numbers, [(4, 100, 181), (5, 281, 188), (6, 469, 31)]);
    assert_eq!(summary.spare, 170);
    let Any::Mdat(mdat) = &atoms(&segments[0].bytes)[2] else {
        panic!();
    };
    assert_eq!(mdat.data, packets()[17..17 + 181].concat());
}

#[test]
fn too_few_and_too_many_packets_are_named() {
    let too_few = AudioChunk {
        frames: FrameRange { start: 0, end: 587 },
        ..whole_track()
    };
    assert_eq!(
        package(too_few, &split(AUDIO).1).unwrap_err(),
        AudioError::FramesMissing {
            expected: 587,
            found: 586
        }
    );
    let too_many = AudioChunk {
        frames: FrameRange { start: 0, end: 584 },
        spare_packets: 1,
        ..whole_track()
    };
    assert_eq!(
        package(too_many, &split(AUDIO).1).unwrap_err(),
        AudioError::TooManyPackets { allowed: 586 }
    );
    assert_eq!(
        package(whole_track(), &[]).unwrap_err(),
        AudioError::FramesMissing {
            expected: 586,
            found: 0
        }
    );
}

#[test]
fn dropped_and_swapped_fragments_are_named() {
    let (_, mut pairs) = split(AUDIO);
    pairs.swap(1, 2);
    let swapped = package(whole_track(), &pairs).unwrap_err();
    assert!(matches!(
        swapped,
        AudioError::Sequence {
            previous: 1,
            found: 3
        }
    ));
    let (_, mut pairs) = split(AUDIO);
    pairs.remove(1);
    let dropped = package(whole_track(), &pairs).unwrap_err();
    assert!(matches!(
        dropped,
        AudioError::Sequence {
            previous: 1,
            found: 3
        }
    ));
}

/// A fragment of packets of one byte that last as given.
fn lasting(durations: &[u32]) -> Fragment<'static> {
    Fragment {
        sequence: 1,
        track_id: 1,
        tfdt: 0,
        samples: durations
            .iter()
            .map(|duration| Sample {
                size: 1,
                duration: *duration,
                composition_offset: 0,
                flags: SYNC,
            })
            .collect(),
        payload: &[0; 8],
    }
}

#[test]
fn only_the_last_packet_may_be_short() {
    let chunk = AudioChunk {
        frames: FrameRange { start: 0, end: 2 },
        segment_starts: vec![0],
        ..whole_track()
    };
    let push = |durations: &[u32]| {
        let mut packager = AudioPackager::new(chunk.clone()).unwrap();
        packager.push(&lasting(durations)).map(|s| s.len())
    };
    assert_eq!(push(&[1024, 1024, 1024]), Ok(1));
    assert_eq!(push(&[1024, 1024, 600]), Ok(1));
    assert_eq!(
        push(&[1024, 600, 1024]),
        Err(AudioError::PacketDuration {
            packet: 1,
            expected: 1024,
            found: 600
        })
    );
    // a gap, or HE-AAC
    assert_eq!(
        push(&[1024, 2048, 1024]),
        Err(AudioError::PacketDuration {
            packet: 1,
            expected: 1024,
            found: 2048
        })
    );
    assert_eq!(
        push(&[1024; 9]),
        Err(AudioError::TooManyPackets { allowed: 3 })
    );
}

#[test]
fn a_cut_payload_is_named() {
    let chunk = AudioChunk {
        frames: FrameRange { start: 0, end: 9 },
        segment_starts: vec![0],
        ..whole_track()
    };
    let mut packager = AudioPackager::new(chunk).unwrap();
    assert_eq!(
        packager.push(&lasting(&[1024; 9])).unwrap_err(),
        AudioError::PayloadCut { packet: 8 }
    );
}
