//! Fixtures, and fragments as ffmpeg writes them.

use domain::time::FrameRange;
use media::cmaf::boxes::BoxWriter;
use media::cmaf::fragment::Fragment;
use media::cmaf::init::{TrackDefaults, TrackInit};
use media::cmaf::scan::{Part, TopLevelScanner};
use media::cmaf::video::{VideoChunk, VideoError, VideoPackager, VideoSummary, composition_delay};
use media::cmaf::{Segment, init};
use mp4_atom::{Any, Decode};

/// Two encode chunks and an audio track out of ffmpeg 8.1.2; see `fixtures/make.sh`.
pub(crate) const VIDEO_0: &[u8] = include_bytes!("fixtures/video-0.mp4");
pub(crate) const VIDEO_60: &[u8] = include_bytes!("fixtures/video-60.mp4");
pub(crate) const AUDIO: &[u8] = include_bytes!("fixtures/audio.mp4");

pub(crate) const SYNC: u32 = 0x0200_0000;
pub(crate) const NON_SYNC: u32 = 0x0101_0000;

/// A file cut into its init segment and its `moof` + `mdat` pairs, as a function does it.
pub(crate) fn split(file: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let mut scanner = TopLevelScanner::new(file.len() as u64, 1 << 20);
    let mut init = None;
    let mut pairs = Vec::new();
    while let Some(at) = scanner.position() {
        let rest = &file[usize::try_from(at).unwrap()..];
        let slice = |range: std::ops::Range<u64>| {
            &file[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]
        };
        match scanner.header(&rest[..rest.len().min(16)]).unwrap() {
            Some(Part::Init(range)) => init = Some(slice(range)),
            Some(Part::Fragment(range)) => pairs.push(slice(range)),
            None => {}
        }
    }
    scanner.finish().unwrap();
    (init.unwrap(), pairs)
}

/// The fixtures' plan: 125 frames, `G` = 20, segments at 0, 60 and 100, chunks at 0 and 60.
pub(crate) fn chunk_0() -> VideoChunk {
    VideoChunk {
        timescale: 10_000,
        frame_ticks: 1000,
        gop_frames: 20,
        composition_delay: composition_delay(1000),
        frames: FrameRange { start: 0, end: 60 },
        total_frames: 125,
        segment_starts: vec![0],
        first_segment_number: 1,
    }
}

pub(crate) fn chunk_60() -> VideoChunk {
    VideoChunk {
        frames: FrameRange {
            start: 60,
            end: 125,
        },
        segment_starts: vec![60, 100],
        first_segment_number: 2,
        ..chunk_0()
    }
}

/// Packages a whole file of ffmpeg's, which may have been tampered with.
pub(crate) fn package(
    chunk: VideoChunk,
    init: &[u8],
    pairs: &[impl AsRef<[u8]>],
) -> Result<(Vec<Segment>, VideoSummary), VideoError> {
    let defaults = TrackInit::parse(init).unwrap().defaults;
    let mut packager = VideoPackager::new(chunk)?;
    let mut segments = Vec::new();
    for pair in pairs {
        segments.extend(packager.push(&Fragment::parse(pair.as_ref(), &defaults).unwrap())?);
    }
    Ok((segments, packager.finish()?))
}

/// All three segments of the fixtures' video, with the rebuilt init segment.
pub(crate) fn packaged_video() -> (Vec<u8>, Vec<Segment>) {
    let (init, first) = split(VIDEO_0);
    let (_, second) = split(VIDEO_60);
    let mut segments = package(chunk_0(), init, &first).unwrap().0;
    segments.extend(package(chunk_60(), init, &second).unwrap().0);
    (init::rebuild_video(init, 2000).unwrap(), segments)
}

pub(crate) const DEFAULTS: TrackDefaults = TrackDefaults {
    track_id: 1,
    duration: 0,
    size: 0,
    flags: 0,
};

/// One sample: size, composition offset, flags.
pub(crate) type Input = (u32, i32, u32);

/// A fragment with the flags ffmpeg sets: `tfhd` 0x2003a, `trun` version 1 0xa05 or 0xe01.
pub(crate) fn ffmpeg_fragment(
    sequence: u32,
    tfdt: u64,
    frame_ticks: u32,
    samples: &[Input],
) -> Vec<u8> {
    let mut w = BoxWriter::new();
    let data_offset_at = w.nest(*b"moof", |w| {
        w.nest_full(*b"mfhd", 0, 0, |w| w.u32(sequence));
        w.nest(*b"traf", |w| {
            w.nest_full(*b"tfhd", 0, 0x02_003a, |w| {
                w.u32(1); // track
                w.u32(1); // sample description
                w.u32(frame_ticks);
                w.u32(0);
                w.u32(NON_SYNC);
            });
            w.nest_full(*b"tfdt", 1, 0, |w| w.u64(tfdt));
            w.nest_full(*b"trun", 1, 0xe01, |w| {
                w.u32(u32::try_from(samples.len()).unwrap());
                let at = w.len();
                w.u32(0);
                for (size, offset, flags) in samples {
                    w.u32(*size);
                    w.u32(*flags);
                    w.u32(offset.cast_unsigned());
                }
                at
            })
        })
    });
    w.put_u32(data_offset_at, u32::try_from(w.len() + 8).unwrap());
    w.nest(*b"mdat", |w| {
        for (index, (size, ..)) in samples.iter().enumerate() {
            let fill = u8::try_from(index % 251).unwrap();
            w.bytes(&vec![fill; *size as usize]);
        }
    });
    w.finish().unwrap()
}

/// A file's boxes as another project's parser reads them; every byte must be read.
pub(crate) fn atoms(bytes: &[u8]) -> Vec<Any> {
    let mut rest = bytes;
    let mut atoms = Vec::new();
    while !rest.is_empty() {
        atoms.push(Any::decode(&mut rest).unwrap());
    }
    atoms
}

/// A picture as another project's parser reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) decode: i64,
    pub(crate) shown: i64,
    pub(crate) size: usize,
    pub(crate) sync: bool,
}

/// The pictures of a segment, in decode order, and the sequence number of each fragment.
pub(crate) fn pictures(segment: &[u8]) -> (Vec<u32>, Vec<Picture>) {
    let mut sequences = Vec::new();
    let mut pictures = Vec::new();
    for atom in atoms(segment) {
        let Any::Moof(moof) = atom else { continue };
        sequences.push(moof.mfhd.sequence_number);
        let traf = &moof.traf[0];
        let duration = i64::from(traf.tfhd.default_sample_duration.unwrap());
        let mut decode = i64::try_from(traf.tfdt.as_ref().unwrap().base_media_decode_time).unwrap();
        for entry in &traf.trun[0].samples {
            let flags = entry.flags.or(traf.tfhd.default_sample_flags).unwrap();
            pictures.push(Picture {
                decode,
                shown: decode + entry.cts.unwrap_or(0),
                size: entry.size.unwrap() as usize,
                sync: flags & 0x1_0000 == 0,
            });
            decode += duration;
        }
    }
    (sequences, pictures)
}
