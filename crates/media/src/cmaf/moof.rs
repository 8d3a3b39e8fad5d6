//! Writing one `moof` + `mdat` pair: one `traf`, default-base-is-moof, `tfdt` version 1, one
//! `trun` version 0 (ISO/IEC 23000-19, 7.5).

use super::boxes::BoxWriter;

/// A fragment to be written.
pub(super) struct NewFragment<'a> {
    pub(super) sequence: u32,
    pub(super) track_id: u32,
    pub(super) tfdt: u64,
    /// Ticks that every sample lasts.
    pub(super) duration: u32,
    pub(super) samples: NewSamples<'a>,
    /// The samples' bytes, one after another.
    pub(super) payload: &'a [u8],
}

/// What is said of each sample.
pub(super) enum NewSamples<'a> {
    /// Pictures: flags and composition offset differ.
    Pictures(&'a [NewPicture]),
    /// Audio packets: only the size differs, and each can be decoded first.
    Packets(&'a [u32]),
}

pub(super) struct NewPicture {
    pub(super) size: u32,
    pub(super) flags: u32,
    /// Ticks from decode time to presentation time; never negative.
    pub(super) composition_offset: u32,
}

/// `default-base-is-moof`, default duration present.
const TFHD: u32 = 0x02_0008;
/// Default flags present, too.
const TFHD_FLAGS: u32 = 0x20;
/// `sample_depends_on` = 2: a sync sample that needs no other.
const INDEPENDENT: u32 = 0x0200_0000;
/// Data offset, then size per sample.
const TRUN_SIZES: u32 = 0x201;
/// Data offset, then size, flags and composition offset per sample.
const TRUN_PICTURES: u32 = 0xe01;

/// Writes the pair and gives the number of bytes up to the first byte of the payload.
pub(super) fn write(w: &mut BoxWriter, fragment: &NewFragment<'_>) -> usize {
    let start = w.len();
    let data_offset_at = w.nest(*b"moof", |w| {
        w.nest_full(*b"mfhd", 0, 0, |w| w.u32(fragment.sequence));
        w.nest(*b"traf", |w| write_traf(w, fragment))
    });
    let head = w.len() - start + 8; // and the header of `mdat`
    w.nest(*b"mdat", |w| w.bytes(fragment.payload));
    w.put_u32(data_offset_at, u32::try_from(head).unwrap_or(u32::MAX));
    head
}

/// Writes what is in `traf` and gives the place of the data offset.
fn write_traf(w: &mut BoxWriter, fragment: &NewFragment<'_>) -> usize {
    let (tfhd, trun, count) = match fragment.samples {
        NewSamples::Pictures(pictures) => (TFHD, TRUN_PICTURES, pictures.len()),
        NewSamples::Packets(sizes) => (TFHD | TFHD_FLAGS, TRUN_SIZES, sizes.len()),
    };
    w.nest_full(*b"tfhd", 0, tfhd, |w| {
        w.u32(fragment.track_id);
        w.u32(fragment.duration);
        if tfhd & TFHD_FLAGS != 0 {
            w.u32(INDEPENDENT);
        }
    });
    w.nest_full(*b"tfdt", 1, 0, |w| w.u64(fragment.tfdt));
    w.nest_full(*b"trun", 0, trun, |w| {
        w.u32(u32::try_from(count).unwrap_or(u32::MAX));
        let data_offset_at = w.len();
        w.u32(0);
        match fragment.samples {
            NewSamples::Packets(sizes) => sizes.iter().for_each(|size| w.u32(*size)),
            NewSamples::Pictures(pictures) => {
                for picture in pictures {
                    w.u32(picture.size);
                    w.u32(picture.flags);
                    w.u32(picture.composition_offset);
                }
            }
        }
        data_offset_at
    })
}
