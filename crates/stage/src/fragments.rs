//! Reads ffmpeg's fragmented MP4 from disk, one fragment at a time.
//!
//! A file may be as long as a chunk of film; never more than one `moof` and `mdat` of it is in
//! memory.

use std::io::SeekFrom;
use std::ops::Range;
use std::path::{Path, PathBuf};

use domain::{ErrorCode, Fault};
use media::cmaf::scan::{Part, ScanError, TopLevelScanner};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// The longest fragment that is read, in bytes: a GOP of two seconds at over 200 Mb/s.
const MAX_PART: u64 = 64 * 1024 * 1024;

/// A top-level box header with a 64-bit length.
const LONGEST_HEADER: usize = 16;

/// ffmpeg's file could not be read as fragmented MP4.
#[derive(Debug, thiserror::Error)]
pub enum FragmentsError {
    /// The file system failed.
    #[error("{} cannot be read", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The boxes are not those of a fragmented MP4.
    #[error("{} is no fragmented MP4", .path.display())]
    Boxes {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ScanError,
    },
}

impl Fault for FragmentsError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::File { .. } => ErrorCode::Internal,
            Self::Boxes { .. } => ErrorCode::ChunkInvalid,
        }
    }
}

/// One part of the file, its bytes in memory.
#[derive(Debug)]
pub enum Piece {
    /// `ftyp` and `moov`.
    Init(Vec<u8>),
    /// One `moof` and its `mdat`.
    Fragment(Vec<u8>),
}

/// A fragmented MP4 that is read from front to back.
#[derive(Debug)]
pub struct FragmentFile {
    path: PathBuf,
    file: File,
    scanner: TopLevelScanner,
}

impl FragmentFile {
    /// Opens the file.
    ///
    /// # Errors
    /// [`FragmentsError::File`].
    pub async fn open(path: &Path) -> Result<Self, FragmentsError> {
        let opened = async {
            let file = File::open(path).await?;
            let length = file.metadata().await?.len();
            Ok((file, length))
        };
        let (file, length) = opened.await.map_err(|source| FragmentsError::File {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            scanner: TopLevelScanner::new(length, MAX_PART),
        })
    }

    /// The next part; none at the end of the file.
    ///
    /// # Errors
    /// [`FragmentsError`].
    pub async fn next(&mut self) -> Result<Option<Piece>, FragmentsError> {
        while let Some(at) = self.scanner.position() {
            let header = self.read_header(at).await?;
            let part = self.scanner.header(&header);
            let part = part.map_err(|source| FragmentsError::Boxes {
                path: self.path.clone(),
                source,
            })?;
            match part {
                Some(Part::Init(range)) => {
                    return Ok(Some(Piece::Init(self.read_range(range).await?)));
                }
                Some(Part::Fragment(range)) => {
                    return Ok(Some(Piece::Fragment(self.read_range(range).await?)));
                }
                None => {}
            }
        }
        Ok(None)
    }

    async fn read_header(&mut self, at: u64) -> Result<Vec<u8>, FragmentsError> {
        let mut header = Vec::with_capacity(LONGEST_HEADER);
        let read = async {
            self.file.seek(SeekFrom::Start(at)).await?;
            let mut head = (&mut self.file).take(LONGEST_HEADER as u64);
            head.read_to_end(&mut header).await
        };
        let read = read.await;
        self.named(read)?;
        Ok(header)
    }

    async fn read_range(&mut self, range: Range<u64>) -> Result<Vec<u8>, FragmentsError> {
        let length = range.end.saturating_sub(range.start);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        let read = async {
            self.file.seek(SeekFrom::Start(range.start)).await?;
            self.file.read_exact(&mut bytes).await
        };
        let read = read.await;
        self.named(read)?;
        Ok(bytes)
    }

    fn named<T>(&self, result: std::io::Result<T>) -> Result<T, FragmentsError> {
        result.map_err(|source| FragmentsError::File {
            path: self.path.clone(),
            source,
        })
    }
}
