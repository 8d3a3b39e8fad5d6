//! The box structure of ISO/IEC 14496-12: a reader that cannot run past its bytes, and a writer
//! that fills in the sizes.
//!
//! Only structure is known here; what the fields of a box mean is known where the box is used.

mod reader;
mod writer;

use std::fmt;

pub use reader::{BoxRef, Boxes, Reader, children, find, require};
pub use writer::BoxWriter;

/// The four characters that name a box, a brand or a handler.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FourCc(pub [u8; 4]);

impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.escape_ascii(), f)
    }
}

impl fmt::Debug for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Size and type at the start of a box (ISO/IEC 14496-12, 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BoxHeader {
    /// The type.
    pub kind: FourCc,
    /// Bytes of the header itself: 8, or 16 with a 64-bit size.
    pub header_len: u8,
    /// Bytes of the whole box, header included; never less than `header_len`.
    pub size: u64,
}

impl BoxHeader {
    /// Most bytes that a header takes.
    pub const MAX_LEN: usize = 16;

    /// Reads the header at the start of `bytes`; 16 bytes are always enough.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when the header itself does not fit in `bytes`;
    /// [`BoxError::BadSize`] when the stated size is smaller than the header, or zero (a box that
    /// runs to the end of the file, which nothing in a fragmented file may do).
    pub fn read(bytes: &[u8]) -> Result<Self, BoxError> {
        let mut reader = Reader::new(bytes);
        let short = reader.u32()?;
        let kind = reader.four_cc()?;
        let (header_len, size) = match short {
            1 => (16, reader.u64()?),
            n => (8, u64::from(n)),
        };
        if size < u64::from(header_len) {
            return Err(BoxError::BadSize { kind, size });
        }
        Ok(Self {
            kind,
            header_len,
            size,
        })
    }
}

/// Why bytes are not the boxes they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BoxError {
    /// A field or a box ends beyond the bytes there are.
    #[error("{needed} more bytes needed where {available} are left")]
    Truncated {
        /// Bytes that the field or box takes.
        needed: u64,
        /// Bytes that are there.
        available: u64,
    },
    /// A box states a size smaller than its own header.
    #[error("box `{kind}` states a size of {size} bytes")]
    BadSize {
        /// The box.
        kind: FourCc,
        /// The stated size.
        size: u64,
    },
    /// A box that must be there is not.
    #[error("no `{kind}` box")]
    Missing {
        /// The box.
        kind: FourCc,
    },
    /// A box that may be there once is there twice.
    #[error("more than one `{kind}` box")]
    Duplicate {
        /// The box.
        kind: FourCc,
    },
    /// A box has a version that is not known.
    #[error("box `{kind}` has version {version}")]
    Version {
        /// The box.
        kind: FourCc,
        /// The version.
        version: u8,
    },
    /// What was to be written does not fit in the 32-bit size of a box.
    #[error("box `{kind}` would take {size} bytes, more than 32 bits can state")]
    TooLarge {
        /// The box.
        kind: FourCc,
        /// The size it would have.
        size: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_64_bit_size_is_read() {
        let mut bytes = vec![0, 0, 0, 1];
        bytes.extend(b"mdat");
        bytes.extend((1_u64 << 33).to_be_bytes());
        assert_eq!(
            BoxHeader::read(&bytes),
            Ok(BoxHeader {
                kind: FourCc(*b"mdat"),
                header_len: 16,
                size: 1 << 33
            })
        );
    }

    #[test]
    fn a_size_smaller_than_the_header_is_refused() {
        for size in [0_u8, 2, 7] {
            let bytes = [0, 0, 0, size, b'f', b'r', b'e', b'e'];
            assert!(matches!(
                BoxHeader::read(&bytes),
                Err(BoxError::BadSize { .. })
            ));
        }
    }

    #[test]
    fn nested_boxes_read_back() {
        let mut writer = BoxWriter::new();
        writer.nest(*b"moof", |w| {
            w.nest_full(*b"mfhd", 0, 0, |w| w.u32(7));
            w.nest(*b"free", |w| w.bytes(b"xy"));
        });
        let bytes = writer.finish().unwrap();
        let moof = require(&bytes, *b"moof").unwrap();
        assert_eq!(moof.whole.len(), 8 + 16 + 10);
        let mfhd = require(moof.body, *b"mfhd").unwrap();
        let (version, flags, mut fields) = mfhd.full().unwrap();
        assert_eq!((version, flags, fields.u32().unwrap()), (0, 0, 7));
        assert_eq!(require(moof.body, *b"free").unwrap().body, b"xy");
        assert_eq!(find(moof.body, *b"traf").unwrap(), None);
    }

    #[test]
    fn a_second_box_where_one_may_be_is_refused() {
        let mut writer = BoxWriter::new();
        writer.nest(*b"traf", |_| ());
        writer.nest(*b"traf", |_| ());
        let bytes = writer.finish().unwrap();
        assert!(matches!(
            require(&bytes, *b"traf"),
            Err(BoxError::Duplicate { .. })
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_are_boxes_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut covered = 0;
            for found in children(&bytes) {
                match found {
                    Ok(found) => covered += found.whole.len(),
                    Err(_) => return Ok(()),
                }
            }
            prop_assert_eq!(covered, bytes.len());
        }
    }
}
