use bytes::Bytes;

use super::boxes::BoxWriter;

/// A finished segment, ready to be stored: `styp`, then `moof` + `mdat` pairs, nothing after
/// (ISO/IEC 23000-19, 7.3.2.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Number within the track, from 1.
    pub number: u32,
    /// First frame: on the output grid for video, AAC frames for audio.
    pub first_frame: u64,
    /// Number of frames.
    pub frames: u64,
    /// The file.
    pub bytes: Bytes,
    /// Where its I-frames lie, one per GOP; empty for audio.
    pub iframes: Vec<IFrame>,
}

/// The byte range of an I-frame within its segment: from the start of its `moof` to the end of
/// its sample (draft-pantos-hls-rfc8216bis, 4.4.3.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IFrame {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
    /// Frames until the next I-frame: the length of the GOP.
    pub frames: u64,
}

/// Starts a segment file: `styp` with brands `msdh` and `cmfs`.
pub(super) fn start() -> BoxWriter {
    let mut writer = BoxWriter::new();
    writer.nest(*b"styp", |w| {
        w.bytes(b"msdh");
        w.u32(0);
        w.bytes(b"msdhcmfs");
    });
    writer
}
