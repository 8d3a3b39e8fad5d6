//! A part of a file as a body: read as it is sent, never held as a whole.

use std::io::{Error, ErrorKind, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::stream::try_unfold;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use indicatif::ProgressBar;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use crate::http::Body;

/// Bytes that are read at once.
const BLOCK: u64 = 64 * 1024;

/// What one try to send a part adds to a bar.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    bar: ProgressBar,
    sent: Arc<AtomicU64>,
}

impl Meter {
    pub(crate) fn new(bar: &ProgressBar) -> Self {
        Self {
            bar: bar.clone(),
            sent: Arc::default(),
        }
    }

    fn add(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
        self.bar.inc(bytes);
    }

    /// The try was for nothing.
    pub(crate) fn take_back(&self) {
        self.bar.dec(self.sent.swap(0, Ordering::Relaxed));
    }
}

/// The bytes of a range of a file. The meter counts them as they are taken.
///
/// # Errors
/// Those of opening the file. A file that ends too early breaks the body off.
pub(crate) async fn body(path: &Path, range: Range<u64>, meter: Meter) -> Result<Body, Error> {
    let mut file = File::open(path).await?;
    file.seek(SeekFrom::Start(range.start)).await?;
    let left = range.end - range.start;
    let blocks = try_unfold((file, left, meter), async |(mut file, left, meter)| {
        if left == 0 {
            return Ok(None);
        }
        let block = block(&mut file, left.min(BLOCK)).await?;
        let length = block.len() as u64;
        meter.add(length);
        Ok(Some((Frame::data(block), (file, left - length, meter))))
    });
    Ok(StreamBody::new(blocks).boxed_unsync())
}

/// Up to `most` bytes, at least one.
async fn block(file: &mut File, most: u64) -> Result<Bytes, Error> {
    let mut block = BytesMut::new();
    file.take(most).read_buf(&mut block).await?;
    if block.is_empty() {
        return Err(Error::new(
            ErrorKind::UnexpectedEof,
            "the file became shorter",
        ));
    }
    Ok(block.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(path: &Path, range: Range<u64>) -> Result<Bytes, Error> {
        let body = body(path, range, Meter::new(&ProgressBar::hidden())).await?;
        Ok(body.collect().await?.to_bytes())
    }

    #[tokio::test]
    async fn what_was_sent_for_nothing_is_not_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, [0; 1000]).unwrap();
        let bar = ProgressBar::hidden();
        bar.set_position(50);
        let meter = Meter::new(&bar);
        let body = body(&path, 0..1000, meter.clone()).await.unwrap();
        body.collect().await.unwrap();
        assert_eq!(bar.position(), 1050);
        meter.take_back();
        assert_eq!(bar.position(), 50);
    }

    #[tokio::test]
    async fn a_part_is_its_range_of_the_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &bytes).unwrap();
        let part = read(&path, 100_003..500_009).await.unwrap();
        assert_eq!(part, bytes[100_003..500_009]);
        let error = read(&path, 799_999..800_001).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
}
