//! Reading a fragmented file that is too large to hold, part by part.
//!
//! The scanner does no I/O. It names a position; the caller reads a box header there and hands it
//! in; the scanner says when a part is complete and where it lies. So one part is in memory at a
//! time: `ftyp` + `moov` first, then each `moof` + `mdat` pair.
//!
//! ```
//! use media::cmaf::scan::{Part, ScanError, TopLevelScanner};
//!
//! fn parts(file: &[u8]) -> Result<Vec<Part>, ScanError> {
//!     let mut scanner = TopLevelScanner::new(file.len() as u64, 1 << 20);
//!     let mut parts = Vec::new();
//!     while let Some(position) = scanner.position() {
//!         let at = usize::try_from(position).unwrap_or(usize::MAX);
//!         let head: Vec<u8> = file.iter().skip(at).take(16).copied().collect();
//!         parts.extend(scanner.header(&head)?);
//!     }
//!     scanner.finish()?;
//!     Ok(parts)
//! }
//! ```

use std::ops::Range;

use super::boxes::{BoxError, BoxHeader, FourCc};

/// A run of bytes of the file to read as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// `ftyp` to the end of `moov`.
    Init(Range<u64>),
    /// One `moof` and the `mdat` behind it.
    Fragment(Range<u64>),
}

/// Walks the top-level boxes of a file whose bytes somebody else reads.
#[derive(Debug, Clone)]
pub struct TopLevelScanner {
    file_len: u64,
    max_part: u64,
    position: u64,
    open: Open,
    init_seen: bool,
}

/// What has begun and waits for its second box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    /// `ftyp` began here.
    Init(u64),
    /// `moof` began here.
    Fragment(u64),
}

/// Why a file is no `ftyp moov (moof mdat)*`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// No box header at this place.
    #[error("no box at byte {offset}: {source}")]
    Header {
        /// Where.
        offset: u64,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// The file ends inside a box.
    #[error("box `{kind}` at byte {offset} takes {size} bytes, the file ends at {file_len}")]
    Truncated {
        /// The box.
        kind: FourCc,
        /// Where it begins.
        offset: u64,
        /// The size it states.
        size: u64,
        /// Where the file ends.
        file_len: u64,
    },
    /// A part is larger than the caller is ready to hold.
    #[error("`{kind}` at byte {offset} makes a part of {size} bytes, the limit is {limit}")]
    PartTooLarge {
        /// The last box of the part.
        kind: FourCc,
        /// Where the part begins.
        offset: u64,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// A box is not where it may be: `mdat` without `moof`, a second `moov`, …
    #[error("box `{kind}` at byte {offset} is out of place")]
    OutOfPlace {
        /// The box.
        kind: FourCc,
        /// Where it begins.
        offset: u64,
    },
    /// The file ends between `ftyp` and `moov`, between `moof` and `mdat`, or has no `moov`.
    #[error("the file ends at byte {file_len} without the `{expected}` that should follow")]
    Incomplete {
        /// The box that is missing.
        expected: FourCc,
        /// Where the file ends.
        file_len: u64,
    },
}

impl TopLevelScanner {
    /// A scanner at the start of a file of `file_len` bytes that refuses parts of more than
    /// `max_part` bytes.
    #[must_use]
    pub const fn new(file_len: u64, max_part: u64) -> Self {
        Self {
            file_len,
            max_part,
            position: 0,
            open: Open::Nothing,
            init_seen: false,
        }
    }

    /// Where the next header is to be read, up to [`BoxHeader::MAX_LEN`] bytes of it; `None` at
    /// the end of the file.
    #[must_use]
    pub const fn position(&self) -> Option<u64> {
        if self.position < self.file_len {
            Some(self.position)
        } else {
            None
        }
    }

    /// Takes the bytes at [`Self::position`] and moves on behind that box; gives the part that
    /// the box completes.
    ///
    /// Boxes that are neither `ftyp`, `moov`, `moof` nor `mdat` are passed over, except between
    /// the two boxes of a part.
    ///
    /// # Errors
    /// A variant of [`ScanError`]; the scanner is of no use afterwards.
    pub fn header(&mut self, head: &[u8]) -> Result<Option<Part>, ScanError> {
        let offset = self.position;
        let header =
            BoxHeader::read(head).map_err(|source| ScanError::Header { offset, source })?;
        let BoxHeader { kind, size, .. } = header;
        let end = offset
            .checked_add(size)
            .filter(|end| *end <= self.file_len)
            .ok_or(ScanError::Truncated {
                kind,
                offset,
                size,
                file_len: self.file_len,
            })?;
        self.position = end;
        match (&kind.0, self.open) {
            (b"ftyp", Open::Nothing) if !self.init_seen => {
                self.open = Open::Init(offset);
                Ok(None)
            }
            (b"moov", Open::Init(start)) => {
                self.init_seen = true;
                self.close(kind, start..end).map(Part::Init).map(Some)
            }
            (b"moof", Open::Nothing) if self.init_seen => {
                self.open = Open::Fragment(offset);
                Ok(None)
            }
            (b"mdat", Open::Fragment(start)) => {
                self.close(kind, start..end).map(Part::Fragment).map(Some)
            }
            (b"ftyp" | b"moov" | b"moof" | b"mdat", _) | (_, Open::Fragment(_)) => {
                Err(ScanError::OutOfPlace { kind, offset })
            }
            _ => Ok(None),
        }
    }

    fn close(&mut self, kind: FourCc, part: Range<u64>) -> Result<Range<u64>, ScanError> {
        self.open = Open::Nothing;
        let size = part.end - part.start;
        if size > self.max_part {
            return Err(ScanError::PartTooLarge {
                kind,
                offset: part.start,
                size,
                limit: self.max_part,
            });
        }
        Ok(part)
    }

    /// Says whether the file ended where it may.
    ///
    /// # Errors
    /// [`ScanError::Incomplete`] when boxes are still to be read, or a part waits for its second
    /// box, or no `moov` was there.
    pub fn finish(self) -> Result<(), ScanError> {
        let expected = match self.open {
            Open::Fragment(_) => *b"mdat",
            Open::Nothing if self.init_seen && self.position >= self.file_len => return Ok(()),
            Open::Nothing if self.init_seen => *b"moof",
            Open::Nothing | Open::Init(_) => *b"moov",
        };
        Err(ScanError::Incomplete {
            expected: FourCc(expected),
            file_len: self.file_len,
        })
    }
}
