//! A small MP4 out of nothing but I-frames, for thumbnails.
//!
//! The lowest rung is already there when thumbnails are made, and its I-frames can be fetched by
//! byte range. Each becomes a fragment of one sample that keeps its decode time and composition
//! offset, so a decoder that reads the file from a pipe shows every picture at its own time of
//! the presentation.

use super::boxes::{BoxError, BoxWriter};
use super::fragment::{Fragment, FragmentError};
use super::init::{InitError, TrackInit};
use super::moof::{self, NewFragment, NewPicture, NewSamples};

/// Why no file can be made of the I-frames.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IFrameTrackError {
    /// The init segment is refused.
    #[error(transparent)]
    Init(#[from] InitError),
    /// The bytes of an I-frame are not `moof` and the start of `mdat`.
    #[error("I-frame {index}: {source}")]
    Fragment {
        /// Number of the I-frame, from 0.
        index: usize,
        /// What is wrong with it.
        #[source]
        source: FragmentError,
    },
    /// The range ends before the I-frame does, or its times fit no fragment.
    #[error("I-frame {index} has {found} bytes of {expected}")]
    Incomplete {
        /// Number of the I-frame, from 0.
        index: usize,
        /// Bytes of the picture.
        expected: u32,
        /// Bytes there.
        found: usize,
    },
    /// The sample is no sync sample.
    #[error("I-frame {index} cannot be decoded by itself")]
    NotSync {
        /// Number of the I-frame, from 0.
        index: usize,
    },
    /// An I-frame does not come after the one before it.
    #[error("I-frame {index} is at tick {found}, the one before lasts until {expected}")]
    OutOfOrder {
        /// Number of the I-frame, from 0.
        index: usize,
        /// Earliest tick at which it may be.
        expected: u64,
        /// The tick at which it is.
        found: u64,
    },
    /// The file does not fit the 32-bit sizes of its boxes.
    #[error("I-frame track: {0}")]
    TooLarge(BoxError),
}

/// The file: `init`, then one `moof` + `mdat` for each of `iframes`, in ascending time.
///
/// Each item of `iframes` is a byte range as [`super::IFrame`] names it: `moof`, and `mdat` as far
/// as the end of its first sample. A picture lasts as long as its GOP did.
///
/// # Errors
/// A variant of [`IFrameTrackError`].
pub fn iframe_track<B: AsRef<[u8]>>(
    init: &[u8],
    iframes: &[B],
) -> Result<Vec<u8>, IFrameTrackError> {
    let track = TrackInit::parse(init)?;
    let mut writer = BoxWriter::new();
    writer.bytes(init);
    let mut earliest = 0;
    for (index, range) in iframes.iter().enumerate() {
        let fragment = Fragment::parse_head(range.as_ref(), &track.defaults)
            .map_err(|source| IFrameTrackError::Fragment { index, source })?;
        if fragment.tfdt < earliest {
            return Err(IFrameTrackError::OutOfOrder {
                index,
                expected: earliest,
                found: fragment.tfdt,
            });
        }
        earliest = fragment.tfdt.saturating_add(fragment.duration());
        write_first(&mut writer, &fragment, index)?;
    }
    writer.finish().map_err(IFrameTrackError::TooLarge)
}

fn write_first(
    writer: &mut BoxWriter,
    fragment: &Fragment<'_>,
    index: usize,
) -> Result<(), IFrameTrackError> {
    let incomplete = |expected| IFrameTrackError::Incomplete {
        index,
        expected,
        found: fragment.payload.len(),
    };
    let first = fragment.samples.first().ok_or_else(|| incomplete(0))?;
    if !first.is_sync() {
        return Err(IFrameTrackError::NotSync { index });
    }
    let cut = || incomplete(first.size);
    let payload = fragment
        .payload
        .get(..first.size as usize)
        .ok_or_else(cut)?;
    let picture = NewPicture {
        size: first.size,
        flags: first.flags,
        composition_offset: u32::try_from(first.composition_offset).map_err(|_| cut())?,
    };
    moof::write(
        writer,
        &NewFragment {
            sequence: u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1),
            track_id: fragment.track_id,
            tfdt: fragment.tfdt,
            duration: u32::try_from(fragment.duration()).unwrap_or(u32::MAX),
            samples: NewSamples::Pictures(&[picture]),
            payload,
        },
    );
    Ok(())
}
