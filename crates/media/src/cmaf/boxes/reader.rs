use super::{BoxError, BoxHeader, FourCc};

/// Reads big-endian fields from the start of a slice; each read takes its bytes away.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not yet read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when fewer are left; then nothing is taken.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], BoxError> {
        let (head, tail) = self
            .rest
            .split_at_checked(count)
            .ok_or(BoxError::Truncated {
                needed: count as u64,
                available: self.rest.len() as u64,
            })?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BoxError> {
        let (head, tail) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(BoxError::Truncated {
                needed: N as u64,
                available: self.rest.len() as u64,
            })?;
        self.rest = tail;
        Ok(*head)
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] at the end.
    pub fn u8(&mut self) -> Result<u8, BoxError> {
        self.array::<1>().map(u8::from_be_bytes)
    }

    /// The next 16 bits.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when they are not there.
    pub fn u16(&mut self) -> Result<u16, BoxError> {
        self.array().map(u16::from_be_bytes)
    }

    /// The next 32 bits.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when they are not there.
    pub fn u32(&mut self) -> Result<u32, BoxError> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next 32 bits, signed.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when they are not there.
    pub fn i32(&mut self) -> Result<i32, BoxError> {
        self.array().map(i32::from_be_bytes)
    }

    /// The next 64 bits.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when they are not there.
    pub fn u64(&mut self) -> Result<u64, BoxError> {
        self.array().map(u64::from_be_bytes)
    }

    /// The next 64 bits, signed.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when they are not there.
    pub fn i64(&mut self) -> Result<i64, BoxError> {
        self.array().map(i64::from_be_bytes)
    }

    /// The next four characters.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when they are not there.
    pub fn four_cc(&mut self) -> Result<FourCc, BoxError> {
        self.array().map(FourCc)
    }

    /// Version and flags of a `FullBox` (ISO/IEC 14496-12, 4.2).
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when they are not there.
    pub fn version_and_flags(&mut self) -> Result<(u8, u32), BoxError> {
        let both = self.u32()?;
        let [version, ..] = both.to_be_bytes();
        Ok((version, both & 0x00ff_ffff))
    }
}

/// One box within a slice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BoxRef<'a> {
    /// The type.
    pub kind: FourCc,
    /// The box with its header.
    pub whole: &'a [u8],
    /// What follows the header.
    pub body: &'a [u8],
}

impl<'a> BoxRef<'a> {
    /// Version, flags and the fields after them, for a `FullBox`.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when the body is shorter than four bytes.
    pub fn full(&self) -> Result<(u8, u32, Reader<'a>), BoxError> {
        let mut reader = Reader::new(self.body);
        let (version, flags) = reader.version_and_flags()?;
        Ok((version, flags, reader))
    }
}

/// The boxes that lie one after another in a slice. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Boxes<'a> {
    rest: &'a [u8],
}

/// The boxes in `bytes`, in order; they cover every byte or the last item is an error.
#[must_use]
pub const fn children(bytes: &[u8]) -> Boxes<'_> {
    Boxes { rest: bytes }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Result<BoxRef<'a>, BoxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let found = first_box(self.rest);
        self.rest = match &found {
            Ok(found) => self.rest.get(found.whole.len()..).unwrap_or_default(),
            Err(_) => &[],
        };
        Some(found)
    }
}

fn first_box(bytes: &[u8]) -> Result<BoxRef<'_>, BoxError> {
    let header = BoxHeader::read(bytes)?;
    let truncated = BoxError::Truncated {
        needed: header.size,
        available: bytes.len() as u64,
    };
    let size = usize::try_from(header.size).map_err(|_| truncated.clone())?;
    let whole = bytes.get(..size).ok_or(truncated)?;
    Ok(BoxRef {
        kind: header.kind,
        whole,
        body: whole
            .get(usize::from(header.header_len)..)
            .unwrap_or_default(),
    })
}

/// The only box of this type among the boxes of `bytes`, if there is one.
///
/// # Errors
/// [`BoxError::Duplicate`] when there are two; any error of walking the boxes.
pub fn find(bytes: &[u8], kind: [u8; 4]) -> Result<Option<BoxRef<'_>>, BoxError> {
    let kind = FourCc(kind);
    let mut found = None;
    for child in children(bytes) {
        let child = child?;
        if child.kind != kind {
            continue;
        }
        if found.replace(child).is_some() {
            return Err(BoxError::Duplicate { kind });
        }
    }
    Ok(found)
}

/// The only box of this type among the boxes of `bytes`.
///
/// # Errors
/// [`BoxError::Missing`] when there is none, [`BoxError::Duplicate`] when there are two; any
/// error of walking the boxes.
pub fn require(bytes: &[u8], kind: [u8; 4]) -> Result<BoxRef<'_>, BoxError> {
    find(bytes, kind)?.ok_or(BoxError::Missing { kind: FourCc(kind) })
}
