//! What ffprobe does not say of a container: whether it is whole, and whether it has an index.
//!
//! Only box and element headers are read, a few kilobytes wherever they lie.

use super::error::ProbeError;
use super::prober::Prober;

/// The most top-level boxes that are walked: a file has five, a strange one a dozen.
const MOST_BOXES: usize = 40;

/// Bytes read at once: enough for the small boxes before a large one.
const GLANCE: u64 = 4096;

/// Bytes at the beginning of a Matroska file in which its `SeekHead` lies.
const MATROSKA_HEAD: u64 = 64 << 10;

/// The top level of an MP4 or MOV file.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Boxes {
    /// It begins as such files do.
    pub recognised: bool,
    /// There is a `moov`.
    pub movie: bool,
    /// There is a `moof`: samples are described beside their data, not in `moov`.
    pub fragmented: bool,
    /// Bytes that the boxes promise beyond the file's end.
    pub missing: u64,
}

/// The header of a box (ISO/IEC 14496-12 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct BoxHeader {
    kind: [u8; 4],
    /// Length with the header; none when the box reaches to the file's end.
    length: Option<u64>,
}

impl BoxHeader {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (kind, rest) = rest.split_first_chunk()?;
        let length = match u32::from_be_bytes(*length) {
            0 => None,
            1 => Some(u64::from_be_bytes(*rest.first_chunk()?)),
            length => Some(length.into()),
        };
        let plausible = kind.iter().all(|byte| matches!(byte, b' '..=b'~' | 0xa9));
        (plausible && length.is_none_or(|length| length >= 8)).then_some(Self {
            kind: *kind,
            length,
        })
    }
}

/// Walks the top level until it knows, reading only headers.
pub(super) async fn boxes(prober: &mut Prober<'_>) -> Result<Boxes, ProbeError> {
    let mut found = Boxes::default();
    let mut offset: u64 = 0;
    let mut glance = (0, Vec::new());
    for _ in 0..MOST_BOXES {
        let known = |glance: &(u64, Vec<u8>)| {
            let from = usize::try_from(offset.checked_sub(glance.0)?).ok()?;
            glance.1.get(from..).and_then(BoxHeader::read)
        };
        let mut header = known(&glance);
        if header.is_none() && offset < prober.size {
            glance = (offset, prober.bytes(offset, GLANCE).await?);
            header = known(&glance);
        }
        let Some(BoxHeader { kind, length }) = header else {
            break;
        };
        match &kind {
            b"ftyp" | b"styp" | b"moov" | b"mdat" | b"wide" | b"pnot" => found.recognised = true,
            b"moof" => found.fragmented = true,
            _ => {}
        }
        found.movie |= kind == *b"moov";
        let Some(end) = length.and_then(|length| offset.checked_add(length)) else {
            break;
        };
        found.missing = end.saturating_sub(prober.size);
        if found.fragmented || end >= prober.size {
            break;
        }
        offset = end;
    }
    Ok(found)
}

/// Whether a Matroska or `WebM` file has its index (`Cues`) within its bytes.
pub(super) async fn has_cues(prober: &mut Prober<'_>) -> Result<bool, ProbeError> {
    let head = prober.bytes(0, MATROSKA_HEAD).await?;
    Ok(cues(&head).is_some_and(|position| position < prober.size))
}

/// Where the Cues element is, in bytes from the beginning of the file (RFC 9559 6).
fn cues(head: &[u8]) -> Option<u64> {
    const SEGMENT: u64 = 0x1853_8067;
    const SEEK_HEAD: u64 = 0x114D_9B74;
    const CUES: u64 = 0x1C53_BB6B;
    const CLUSTER: u64 = 0x1F43_B675;
    let mut segment = None;
    let mut at = 0;
    loop {
        let element = Element::read(head, at)?;
        match (element.id, segment) {
            (SEGMENT, None) => {
                segment = Some(element.data);
                at = element.data;
                continue;
            }
            (CUES, Some(_)) => return u64::try_from(at).ok(),
            (CLUSTER, Some(_)) => return None,
            (SEEK_HEAD, Some(base)) => {
                if let Some(position) = sought(element.body(head)?, CUES) {
                    return u64::try_from(base).ok()?.checked_add(position);
                }
            }
            _ => {}
        }
        at = element.end()?;
    }
}

/// The position that a `SeekHead` gives for an element, counted from the segment's data.
fn sought(seek_head: &[u8], wanted: u64) -> Option<u64> {
    const SEEK: u64 = 0x4DBB;
    const SEEK_ID: u64 = 0x53AB;
    const SEEK_POSITION: u64 = 0x53AC;
    let mut at = 0;
    while let Some(seek) = Element::read(seek_head, at) {
        if seek.id == SEEK {
            let body = seek.body(seek_head)?;
            let mut inner = 0;
            let (mut id, mut position) = (None, None);
            while let Some(child) = Element::read(body, inner) {
                match child.id {
                    SEEK_ID => id = child.body(body).map(number),
                    SEEK_POSITION => position = child.body(body).map(number),
                    _ => {}
                }
                inner = child.end()?;
            }
            if id == Some(wanted) {
                return position;
            }
        }
        at = seek.end()?;
    }
    None
}

/// An EBML element's header (RFC 8794 4 to 6).
#[derive(Clone, Copy, Debug)]
struct Element {
    id: u64,
    /// Where its data begins.
    data: usize,
    /// Length of its data; none when unknown.
    length: Option<usize>,
}

impl Element {
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        let (id, after_id) = variable(bytes, at, false)?;
        let (length, data) = variable(bytes, after_id, true)?;
        let unknown = (1 << (7 * (data - after_id))) - 1;
        Some(Self {
            id,
            data,
            length: (length != unknown).then(|| usize::try_from(length).ok())?,
        })
    }

    fn end(&self) -> Option<usize> {
        self.data.checked_add(self.length?)
    }

    fn body<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.data..self.end()?)
    }
}

/// A variable-length integer and where it ends; `masked` without its length marker.
fn variable(bytes: &[u8], at: usize, masked: bool) -> Option<(u64, usize)> {
    let first = *bytes.get(at)?;
    let width = first.leading_zeros() as usize + 1;
    if width > 8 {
        return None;
    }
    let value = number(bytes.get(at..at + width)?);
    let marker = 1 << (7 * width);
    Some((if masked { value & !marker } else { value }, at + width))
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |value, &byte| (value << 8) | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a file by Lavf 62: EBML header, Segment, `SeekHead` of four entries.
    const LAVF: [u8; 123] = [
        0x1a, 0x45, 0xdf, 0xa3, 0xa3, 0x42, 0x86, 0x81, 1, 0x42, 0xf7, 0x81, 1, 0x42, 0xf2, 0x81,
        4, 0x42, 0xf3, 0x81, 8, 0x42, 0x82, 0x88, 0x6d, 0x61, 0x74, 0x72, 0x6f, 0x73, 0x6b, 0x61,
        0x42, 0x87, 0x81, 4, 0x42, 0x85, 0x81, 2, 0x18, 0x53, 0x80, 0x67, 1, 0, 0, 0, 5, 0x98,
        0x2b, 0xe3, 0x11, 0x4d, 0x9b, 0x74, 0xc2, 0xbf, 0x84, 0x23, 0xb5, 0x0f, 0x37, 0x4d, 0xbb,
        0x8b, 0x53, 0xab, 0x84, 0x15, 0x49, 0xa9, 0x66, 0x53, 0xac, 0x81, 0xa1, 0x4d, 0xbb, 0x8b,
        0x53, 0xab, 0x84, 0x16, 0x54, 0xae, 0x6b, 0x53, 0xac, 0x81, 0xf1, 0x4d, 0xbb, 0x8c, 0x53,
        0xab, 0x84, 0x12, 0x54, 0xc3, 0x67, 0x53, 0xac, 0x82, 1, 0xdb, 0x4d, 0xbb, 0x8e, 0x53,
        0xab, 0x84, 0x1c, 0x53, 0xbb, 0x6b, 0x53, 0xac, 0x84, 5, 0x98, 3, 0x63,
    ];

    #[test]
    fn a_seek_head_tells_where_the_cues_are() {
        assert_eq!(cues(&LAVF), Some(0x0598_0363 + 0x34));
    }

    #[test]
    fn a_live_recording_has_no_cues() {
        let mut live = LAVF.to_vec();
        // The segment's size is unknown, and the fourth entry is for something else.
        live[44..52].copy_from_slice(&[1, 255, 255, 255, 255, 255, 255, 255]);
        let cues_id = [0x1c, 0x53, 0xbb, 0x6b];
        let entry = live.windows(4).position(|id| id == cues_id).unwrap();
        live[entry..entry + 4].copy_from_slice(&[0x10, 0x43, 0xa7, 0x70]);
        live.extend([0x1f, 0x43, 0xb6, 0x75, 0x81, 0]);
        assert_eq!(cues(&live), None);
        assert_eq!(cues(b"no matroska at all"), None);
        assert_eq!(cues(&[]), None);
    }

    #[test]
    fn a_box_header_is_read_or_refused() {
        let read = |bytes: &[u8]| BoxHeader::read(bytes).map(|header| header.length);
        assert_eq!(read(b"\0\0\0\x20ftypisom"), Some(Some(32)));
        assert_eq!(read(b"\0\0\0\0mdat"), Some(None));
        assert_eq!(
            read(b"\0\0\0\x01mdat\0\0\0\x02\0\0\0\0"),
            Some(Some(2 << 32))
        );
        assert_eq!(read(b"\0\0\0\x04mdat"), None);
        assert_eq!(read(b"\0\0\x01\0\0\0\0\0"), None);
        assert_eq!(read(b"\0\0"), None);
    }
}
