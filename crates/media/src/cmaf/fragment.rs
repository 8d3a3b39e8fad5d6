//! Parsing one `moof` + `mdat` pair into its samples (ISO/IEC 14496-12, 8.8).
//!
//! Robust against anything: a malformed pair is a named error, nothing is read outside the
//! bytes given, and no allocation is larger than the bytes that justify it.

use super::boxes::{self, BoxError, BoxHeader, BoxRef, FourCc, Reader};
use super::init::TrackDefaults;

/// One sample, as its fragment describes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sample {
    /// Bytes; never zero.
    pub size: u32,
    /// Ticks until the next sample in decode order.
    pub duration: u32,
    /// Presentation time minus decode time, in ticks.
    pub composition_offset: i64,
    /// Sample flags (ISO/IEC 14496-12, 8.8.3.1).
    pub flags: u32,
}

impl Sample {
    /// `sample_is_non_sync_sample` within the flags.
    const NON_SYNC: u32 = 1 << 16;

    /// Whether decoding can start here.
    #[must_use]
    pub const fn is_sync(&self) -> bool {
        self.flags & Self::NON_SYNC == 0
    }
}

/// One `moof` + `mdat` pair with one run of samples; borrows the payload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fragment<'a> {
    /// Sequence number (`mfhd`).
    pub sequence: u32,
    /// The track.
    pub track_id: u32,
    /// Decode time of the first sample, in ticks.
    pub tfdt: u64,
    /// The samples in decode order; never empty.
    pub samples: Vec<Sample>,
    /// The samples' bytes, one after another. Shorter than the samples say only when the fragment
    /// was read by [`Fragment::parse_head`].
    pub payload: &'a [u8],
}

/// Most samples that one fragment may have, about three hours of AAC. The bound keeps a damaged
/// count from becoming memory where the samples have no fields of their own.
pub const MAX_SAMPLES: u32 = 1 << 19;

/// Why a fragment is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    /// The boxes are damaged, or one is not there.
    #[error("fragment: {0}")]
    Box(#[from] BoxError),
    /// The fragment is of another track than the init segment.
    #[error("fragment is of track {found}, the init segment of track {expected}")]
    WrongTrack {
        /// The init segment's track.
        expected: u32,
        /// The fragment's track.
        found: u32,
    },
    /// The fragment places its data from the start of the file, which a segment does not know.
    #[error("fragment gives data offsets from the start of the file")]
    AbsoluteOffsets,
    /// There is something behind `mdat`.
    #[error("{found} bytes behind `mdat`")]
    TrailingBytes {
        /// How many.
        found: u64,
    },
    /// No sample at all.
    #[error("fragment has no samples")]
    NoSamples,
    /// More samples than bytes for them, or than [`MAX_SAMPLES`].
    #[error("fragment states {stated} samples where {possible} are possible")]
    TooManySamples {
        /// The stated number.
        stated: u32,
        /// The largest number that could be true.
        possible: u64,
    },
    /// A sample has no bytes.
    #[error("sample {index} is empty")]
    EmptySample {
        /// Number of the sample within the fragment, from 0.
        index: usize,
    },
    /// A run of samples does not lie inside `mdat`, right behind the run before it.
    #[error("samples lie at bytes {start} to {end}, `mdat` holds {payload_start} to {payload_end}")]
    OutsideMdat {
        /// First byte, from the start of `moof`.
        start: i64,
        /// One past the last byte.
        end: i64,
        /// First byte of `mdat`'s content.
        payload_start: i64,
        /// One past its last byte.
        payload_end: i64,
    },
    /// Two runs of samples in one fragment do not follow each other.
    #[error("second run of samples starts at byte {start} instead of {expected}")]
    ScatteredRuns {
        /// Where it should start, from the start of `moof`.
        expected: i64,
        /// Where it starts.
        start: i64,
    },
}

impl<'a> Fragment<'a> {
    /// Reads `moof` and the `mdat` behind it, which must be all of `bytes`.
    ///
    /// # Errors
    /// A variant of [`FragmentError`].
    pub fn parse(bytes: &'a [u8], defaults: &TrackDefaults) -> Result<Self, FragmentError> {
        let (moof, mdat) = split(bytes)?;
        let available = mdat.content.len() as u64;
        if let Some(found) = available.checked_sub(mdat.stated_len).filter(|n| *n > 0) {
            return Err(FragmentError::TrailingBytes { found });
        }
        if available < mdat.stated_len {
            return Err(FragmentError::Box(BoxError::Truncated {
                needed: mdat.stated_len,
                available,
            }));
        }
        Self::read(&moof, &mdat, defaults)
    }

    /// Reads `moof` and as much of the `mdat` behind it as there is: what a player gets when it
    /// asks for the byte range of an I-frame. Then `payload` ends where `bytes` end, and only the
    /// first samples lie in it.
    ///
    /// # Errors
    /// A variant of [`FragmentError`].
    pub fn parse_head(bytes: &'a [u8], defaults: &TrackDefaults) -> Result<Self, FragmentError> {
        let (moof, mdat) = split(bytes)?;
        Self::read(&moof, &mdat, defaults)
    }

    /// Ticks that all samples last together.
    #[must_use]
    pub fn duration(&self) -> u64 {
        self.samples.iter().map(|s| u64::from(s.duration)).sum()
    }

    fn read(
        moof: &BoxRef<'_>,
        mdat: &Mdat<'a>,
        defaults: &TrackDefaults,
    ) -> Result<Self, FragmentError> {
        let (_, _, mut mfhd) = boxes::require(moof.body, *b"mfhd")?.full()?;
        let traf = boxes::require(moof.body, *b"traf")?;
        let defaults = read_tfhd(&boxes::require(traf.body, *b"tfhd")?, defaults)?;
        let tfdt = read_tfdt(&boxes::require(traf.body, *b"tfdt")?)?;
        let mut runs = Runs {
            samples: Vec::new(),
            span: None,
        };
        for child in boxes::children(traf.body) {
            let child = child?;
            if child.kind.0 == *b"trun" {
                runs.read(&child, &defaults, mdat)?;
            }
        }
        let Some((start, end)) = runs.span else {
            return Err(FragmentError::NoSamples);
        };
        Ok(Self {
            sequence: mfhd.u32()?,
            track_id: defaults.track_id,
            tfdt,
            samples: runs.samples,
            payload: mdat.slice(start, end)?,
        })
    }
}

/// An `mdat` box, perhaps cut short. Offsets count from the first byte of `moof`, as in `trun`.
struct Mdat<'a> {
    content_start: u64,
    stated_len: u64,
    content: &'a [u8],
}

impl<'a> Mdat<'a> {
    /// The bytes from `start` to `end` that are there, if `mdat` states to hold them.
    fn slice(&self, start: i64, end: i64) -> Result<&'a [u8], FragmentError> {
        let payload_start = i64::try_from(self.content_start).unwrap_or(i64::MAX);
        let payload_len = i64::try_from(self.stated_len).unwrap_or(i64::MAX);
        let payload_end = payload_start.saturating_add(payload_len);
        if start < payload_start || end > payload_end {
            return Err(FragmentError::OutsideMdat {
                start,
                end,
                payload_start,
                payload_end,
            });
        }
        let within = |at: i64| usize::try_from(at - payload_start).unwrap_or(usize::MAX);
        let last = within(end).min(self.content.len());
        Ok(self.content.get(within(start)..last).unwrap_or_default())
    }
}

/// `moof` at the very start and the `mdat` right behind it.
fn split(bytes: &[u8]) -> Result<(BoxRef<'_>, Mdat<'_>), BoxError> {
    let missing = |kind: &[u8; 4]| BoxError::Missing {
        kind: FourCc(*kind),
    };
    let moof = boxes::children(bytes).next().ok_or(missing(b"moof"))??;
    if moof.kind.0 != *b"moof" {
        return Err(missing(b"moof"));
    }
    let rest = bytes.get(moof.whole.len()..).unwrap_or_default();
    let header = BoxHeader::read(rest)?;
    if header.kind.0 != *b"mdat" {
        return Err(missing(b"mdat"));
    }
    let header_len = u64::from(header.header_len);
    let mdat = Mdat {
        content_start: moof.whole.len() as u64 + header_len,
        stated_len: header.size - header_len,
        content: rest.get(header.header_len.into()..).unwrap_or_default(),
    };
    Ok((moof, mdat))
}

/// The defaults of `tfhd` laid over those of `trex` (ISO/IEC 14496-12, 8.8.7).
fn read_tfhd(tfhd: &BoxRef<'_>, track: &TrackDefaults) -> Result<TrackDefaults, FragmentError> {
    let (_, flags, mut fields) = tfhd.full()?;
    let track_id = fields.u32()?;
    if track_id != track.track_id {
        return Err(FragmentError::WrongTrack {
            expected: track.track_id,
            found: track_id,
        });
    }
    if flags & 0x01 != 0 {
        return Err(FragmentError::AbsoluteOffsets);
    }
    if flags & 0x02 != 0 {
        fields.u32()?; // sample description index
    }
    let mut or_default = |flag: u32, default: u32| match flags & flag {
        0 => Ok(default),
        _ => fields.u32(),
    };
    Ok(TrackDefaults {
        track_id,
        duration: or_default(0x08, track.duration)?,
        size: or_default(0x10, track.size)?,
        flags: or_default(0x20, track.flags)?,
    })
}

/// ISO/IEC 14496-12, 8.8.12.
fn read_tfdt(tfdt: &BoxRef<'_>) -> Result<u64, BoxError> {
    let (version, _, mut fields) = tfdt.full()?;
    match version {
        0 => fields.u32().map(u64::from),
        1 => fields.u64(),
        version => Err(BoxError::Version {
            kind: tfdt.kind,
            version,
        }),
    }
}

/// The runs read so far, and the bytes they cover, counted from the start of `moof`.
struct Runs {
    samples: Vec<Sample>,
    span: Option<(i64, i64)>,
}

const DATA_OFFSET: u32 = 0x001;
const FIRST_FLAGS: u32 = 0x004;
const DURATION: u32 = 0x100;
const SIZE: u32 = 0x200;
const FLAGS: u32 = 0x400;
const COMPOSITION: u32 = 0x800;

impl Runs {
    /// One `trun` (ISO/IEC 14496-12, 8.8.8).
    fn read(
        &mut self,
        trun: &BoxRef<'_>,
        defaults: &TrackDefaults,
        mdat: &Mdat<'_>,
    ) -> Result<(), FragmentError> {
        let (version, flags, mut fields) = trun.full()?;
        let count = fields.u32()?;
        let previous_end = self.span.map(|(_, end)| end);
        let start = match flags & DATA_OFFSET {
            0 => previous_end.unwrap_or_default(),
            _ => i64::from(fields.i32()?),
        };
        if let Some(expected) = previous_end.filter(|end| *end != start) {
            return Err(FragmentError::ScatteredRuns { expected, start });
        }
        let mut first_flags = match flags & FIRST_FLAGS {
            0 => None,
            _ => Some(fields.u32()?),
        };
        self.reserve(count, flags, &fields, defaults, mdat)?;
        let mut end = start;
        for _ in 0..count {
            let sample = read_sample(version, flags, &mut fields, defaults, first_flags.take())?;
            if sample.size == 0 {
                let index = self.samples.len();
                return Err(FragmentError::EmptySample { index });
            }
            end += i64::from(sample.size);
            self.samples.push(sample);
        }
        if count > 0 {
            let first = self.span.map_or(start, |(first, _)| first);
            self.span = Some((first, end));
        }
        Ok(())
    }

    /// Makes room for `count` samples, if there can be so many.
    fn reserve(
        &mut self,
        count: u32,
        flags: u32,
        fields: &Reader<'_>,
        defaults: &TrackDefaults,
        mdat: &Mdat<'_>,
    ) -> Result<(), FragmentError> {
        let field_bytes =
            4 * u64::from((flags & (DURATION | SIZE | FLAGS | COMPOSITION)).count_ones());
        let by_bytes = match field_bytes {
            0 => mdat.stated_len / u64::from(defaults.size.max(1)),
            per_sample => fields.rest().len() as u64 / per_sample,
        };
        let by_limit = u64::from(MAX_SAMPLES).saturating_sub(self.samples.len() as u64);
        let possible = by_bytes.min(by_limit);
        if u64::from(count) > possible {
            return Err(FragmentError::TooManySamples {
                stated: count,
                possible,
            });
        }
        self.samples.reserve(count as usize);
        Ok(())
    }
}

fn read_sample(
    version: u8,
    flags: u32,
    fields: &mut Reader<'_>,
    defaults: &TrackDefaults,
    first_flags: Option<u32>,
) -> Result<Sample, BoxError> {
    let mut or_default = |flag: u32, default: u32| match flags & flag {
        0 => Ok(default),
        _ => fields.u32(),
    };
    let duration = or_default(DURATION, defaults.duration)?;
    let size = or_default(SIZE, defaults.size)?;
    let sample_flags = or_default(FLAGS, first_flags.unwrap_or(defaults.flags))?;
    let offset = or_default(COMPOSITION, 0)?;
    Ok(Sample {
        size,
        duration,
        composition_offset: match version {
            0 => offset.into(),
            _ => offset.cast_signed().into(),
        },
        flags: sample_flags,
    })
}
