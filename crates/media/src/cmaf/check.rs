//! Reading a finished segment back, to hold it against the plan and its neighbours.
//!
//! This is not a second opinion: the same parser reads what the packagers wrote. It guards what
//! lies between writing and publishing (a segment of another rung, a file cut short). Other
//! people's parsers judge the bytes in the tests.

use super::boxes::{self, BoxError};
use super::fragment::{Fragment, FragmentError, Sample};
use super::init::TrackDefaults;

/// What a fragment says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FragmentFacts {
    /// Sequence number.
    pub sequence: u32,
    /// Decode time of the first sample, in ticks.
    pub tfdt: u64,
    /// Number of samples.
    pub samples: u64,
    /// Ticks that they last together.
    pub duration: u64,
    /// Whether the first sample can be decoded first.
    pub starts_with_sync: bool,
    /// Smallest presentation time of a sample, in ticks, before any edit list.
    pub first_shown: i64,
}

/// What a segment says of itself; it has at least one fragment, and they join without a gap.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentFacts {
    /// Decode time of the first sample, in ticks.
    pub tfdt: u64,
    /// Number of samples.
    pub samples: u64,
    /// Ticks that they last together.
    pub duration: u64,
    /// Its fragments, in order.
    pub fragments: Vec<FragmentFacts>,
}

impl SegmentFacts {
    /// Decode time that the next segment must begin with.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.tfdt.saturating_add(self.duration)
    }
}

/// Why a segment is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The boxes are damaged.
    #[error("segment: {0}")]
    Box(#[from] BoxError),
    /// A fragment is damaged.
    #[error("fragment {index}: {source}")]
    Fragment {
        /// Number of the fragment within the segment, from 0.
        index: usize,
        /// What is wrong with it.
        #[source]
        source: FragmentError,
    },
    /// The segment is not `styp` and then pairs of `moof` and `mdat`.
    #[error("segment has a box `{found}` where `{expected}` belongs")]
    OutOfPlace {
        /// The box that belongs there.
        expected: boxes::FourCc,
        /// The box that is there.
        found: boxes::FourCc,
    },
    /// There is no fragment.
    #[error("segment has no fragment")]
    NoFragment,
    /// Two fragments do not meet in time.
    #[error("fragment {index} begins at tick {found} instead of {expected}")]
    Gap {
        /// Number of the second fragment within the segment, from 0.
        index: usize,
        /// Where the fragment before ends.
        expected: u64,
        /// Where it begins.
        found: u64,
    },
    /// A fragment's number is not above the one before.
    #[error("fragment {index} has sequence number {found} after {previous}")]
    Sequence {
        /// Number of the second fragment within the segment, from 0.
        index: usize,
        /// Sequence number before.
        previous: u32,
        /// Its sequence number.
        found: u32,
    },
}

/// Reads a whole segment: `styp`, then `moof` + `mdat` pairs, nothing else.
///
/// # Errors
/// A variant of [`CheckError`].
pub fn read_segment(bytes: &[u8], defaults: &TrackDefaults) -> Result<SegmentFacts, CheckError> {
    let styp = expect_box(bytes, *b"styp")?;
    let mut rest = bytes.get(styp..).unwrap_or_default();
    let mut fragments: Vec<FragmentFacts> = Vec::new();
    while !rest.is_empty() {
        let index = fragments.len();
        let moof = expect_box(rest, *b"moof")?;
        let mdat = expect_box(rest.get(moof..).unwrap_or_default(), *b"mdat")?;
        let (pair, after) = rest.split_at_checked(moof + mdat).unwrap_or((rest, &[]));
        rest = after;
        let fragment = Fragment::parse(pair, defaults)
            .map_err(|source| CheckError::Fragment { index, source })?;
        let facts = facts_of(&fragment);
        if let Some(before) = fragments.last() {
            follows(before, &facts, index)?;
        }
        fragments.push(facts);
    }
    let first = fragments.first().ok_or(CheckError::NoFragment)?;
    Ok(SegmentFacts {
        tfdt: first.tfdt,
        samples: fragments.iter().map(|f| f.samples).sum(),
        duration: fragments.iter().map(|f| f.duration).sum(),
        fragments,
    })
}

/// Length of the first box, which must be of this type and complete.
fn expect_box(bytes: &[u8], kind: [u8; 4]) -> Result<usize, CheckError> {
    let expected = boxes::FourCc(kind);
    let missing = BoxError::Missing { kind: expected };
    let found = boxes::children(bytes).next().ok_or(missing)??;
    if found.kind != expected {
        return Err(CheckError::OutOfPlace {
            expected,
            found: found.kind,
        });
    }
    Ok(found.whole.len())
}

fn facts_of(fragment: &Fragment<'_>) -> FragmentFacts {
    let tfdt = i64::try_from(fragment.tfdt).unwrap_or(i64::MAX);
    let mut decode_time = tfdt;
    let mut first_shown = i64::MAX;
    for sample in &fragment.samples {
        first_shown = first_shown.min(decode_time.saturating_add(sample.composition_offset));
        decode_time = decode_time.saturating_add(sample.duration.into());
    }
    FragmentFacts {
        sequence: fragment.sequence,
        tfdt: fragment.tfdt,
        samples: fragment.samples.len() as u64,
        duration: fragment.duration(),
        starts_with_sync: fragment.samples.first().is_some_and(Sample::is_sync),
        first_shown,
    }
}

fn follows(before: &FragmentFacts, facts: &FragmentFacts, index: usize) -> Result<(), CheckError> {
    let expected = before.tfdt.saturating_add(before.duration);
    if facts.tfdt != expected {
        return Err(CheckError::Gap {
            index,
            expected,
            found: facts.tfdt,
        });
    }
    if facts.sequence <= before.sequence {
        return Err(CheckError::Sequence {
            index,
            previous: before.sequence,
            found: facts.sequence,
        });
    }
    Ok(())
}
