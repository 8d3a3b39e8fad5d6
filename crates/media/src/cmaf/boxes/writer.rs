use super::{BoxError, FourCc};

/// Builds boxes inside boxes; the size of each is filled in when it closes.
#[derive(Debug, Default)]
pub struct BoxWriter {
    bytes: Vec<u8>,
    too_large: Option<BoxError>,
}

impl BoxWriter {
    /// A writer that has written nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a box of this type around whatever `body` writes.
    pub fn nest<R>(&mut self, kind: [u8; 4], body: impl FnOnce(&mut Self) -> R) -> R {
        let start = self.bytes.len();
        self.u32(0);
        self.bytes(&kind);
        let result = body(self);
        let size = self.bytes.len().saturating_sub(start);
        match u32::try_from(size) {
            Ok(size) => self.put_u32(start, size),
            Err(_) => {
                self.too_large.get_or_insert(BoxError::TooLarge {
                    kind: FourCc(kind),
                    size: size as u64,
                });
            }
        }
        result
    }

    /// Writes a `FullBox`: `version` and the lower 24 bits of `flags`, then what `body` writes.
    pub fn nest_full<R>(
        &mut self,
        kind: [u8; 4],
        version: u8,
        flags: u32,
        body: impl FnOnce(&mut Self) -> R,
    ) -> R {
        self.nest(kind, |w| {
            w.u32(u32::from(version) << 24 | (flags & 0x00ff_ffff));
            body(w)
        })
    }

    /// Writes 8 bits.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Writes 16 bits.
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// Writes 32 bits.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// Writes 64 bits.
    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_be_bytes());
    }

    /// Writes bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Overwrites the 32 bits at `offset`, which must have been written already; otherwise
    /// nothing happens.
    pub fn put_u32(&mut self, offset: usize, value: u32) {
        let place = self.bytes.get_mut(offset..);
        if let Some(place) = place.and_then(<[u8]>::first_chunk_mut::<4>) {
            *place = value.to_be_bytes();
        }
    }

    /// What was written.
    ///
    /// # Errors
    /// [`BoxError::TooLarge`] when a box came out larger than its 32-bit size can state.
    pub fn finish(self) -> Result<Vec<u8>, BoxError> {
        match self.too_large {
            Some(error) => Err(error),
            None => Ok(self.bytes),
        }
    }
}
