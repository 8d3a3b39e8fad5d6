//! Sends one file: begins or goes on, sends the parts that are missing, completes.

use std::path::Path;
use std::time::Duration;

use api::ProblemCode;
use api::upload::{CompletedUpload, NewUpload, SignedPart, Upload, UploadState};
use domain::upload::{Parts, UploadedPart, missing};
use futures_util::{StreamExt as _, TryStreamExt as _};
use hyper::{Request, header};
use indicatif::ProgressBar;
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::sync::Semaphore;

use super::files::SourceFile;
use super::memory::Memory;
use super::parts::{self, Meter};
use crate::api_client::Api;
use crate::arguments::UploadArgs;
use crate::bars::Bars;
use crate::error::CliError;
use crate::http::{self, HttpError};
use crate::ui::Ui;
use crate::words::{hex, printable};

/// Tries for one part.
const TRIES: u32 = 8;
/// Wait before the second try; it doubles from there.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// Times that an upload is completed: storage may have lost parts that it had taken.
const ROUNDS: u32 = 3;
/// A part may take a minute…
const PATIENCE: Duration = Duration::from_mins(1);
/// …and a second more for each of so many bytes: 256 kbit/s.
const SLOWEST: u64 = 32 * 1024;
/// Parts of one file that wait for a slot.
const WAITING: usize = 64;

/// What it takes to send files.
pub(crate) struct Sender<'a> {
    pub(crate) api: &'a Api,
    pub(crate) memory: &'a Memory<'a>,
    /// One for each part that may be on its way, of all files together.
    pub(crate) slots: &'a Semaphore,
    pub(crate) bars: &'a Bars,
    pub(crate) ui: Ui,
}

impl Sender<'_> {
    /// Sends a file; what has arrived earlier is not sent again. It stays in memory: who calls
    /// forgets it.
    ///
    /// # Errors
    /// [`CliError`]: of the API, of the file, or [`CliError::Part`].
    pub(crate) async fn send(
        &self,
        file: &SourceFile,
        args: &UploadArgs,
    ) -> Result<CompletedUpload, CliError> {
        let upload = match self.begun(file).await? {
            Some(upload) => upload,
            None => self.begin(file, args).await?,
        };
        let bar = self.bars.bytes(&file.name, file.size);
        let sent = self.send_and_complete(file, &upload, &bar).await;
        bar.finish_and_clear();
        sent
    }

    /// The upload that the file has begun, if the stack still knows it.
    async fn begun(&self, file: &SourceFile) -> Result<Option<Upload>, CliError> {
        let Some(id) = self.memory.find(file) else {
            return Ok(None);
        };
        match self.api.upload(&id).await {
            Ok(upload) => Ok((upload.size == file.size).then_some(upload)),
            Err(CliError::Problem(problem))
                if [ProblemCode::UploadNotFound, ProblemCode::UploadEnded]
                    .contains(&problem.code) =>
            {
                self.memory.forget(file);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn begin(&self, file: &SourceFile, args: &UploadArgs) -> Result<Upload, CliError> {
        let sha256 = if args.sha256 {
            Some(self.checksum(file).await?)
        } else {
            None
        };
        let new = NewUpload {
            name: file.name.clone(),
            size: file.size,
            media_type: file.media_type().to_owned(),
            title: args.title.clone(),
            profile: args.profile.clone(),
            sha256,
            part_sha256: false,
        };
        let upload = self.api.begin_upload(&new).await?;
        if let Err(error) = self.memory.keep(file, &upload.id) {
            let words = format!("{}: this upload could not go on later: {error}", file.name);
            self.bars.suspend(|| self.ui.note(printable(&words)));
        }
        Ok(upload)
    }

    async fn checksum(&self, file: &SourceFile) -> Result<String, CliError> {
        let bar = self.bars.bytes(&format!("sha256 {}", file.name), file.size);
        let sum = checksum(&file.path, &bar).await;
        bar.finish_and_clear();
        sum.map_err(CliError::file(&file.path))
    }

    async fn send_and_complete(
        &self,
        file: &SourceFile,
        upload: &Upload,
        bar: &ProgressBar,
    ) -> Result<CompletedUpload, CliError> {
        let mut wanted = match upload.state {
            UploadState::Open => absent(upload),
            UploadState::Completed => Vec::new(),
        };
        let mut round = 1;
        loop {
            bar.set_position(file.size - bytes_of(upload, &wanted));
            self.send_parts(file, upload, &wanted, bar).await?;
            // Else parts of two films would be joined.
            file.was_unchanged()
                .inspect_err(|_| self.memory.forget(file))?;
            match self.api.complete_upload(&upload.id).await {
                Err(CliError::Problem(problem))
                    if problem.code == ProblemCode::UploadIncomplete && round < ROUNDS =>
                {
                    wanted = problem.missing;
                    round += 1;
                }
                other => return other,
            }
        }
    }

    async fn send_parts(
        &self,
        file: &SourceFile,
        upload: &Upload,
        wanted: &[u32],
        bar: &ProgressBar,
    ) -> Result<(), CliError> {
        let parts = futures_util::stream::iter(wanted);
        let parts = parts.map(|number| self.send_part(file, upload, *number, bar));
        parts.buffer_unordered(WAITING).try_collect().await
    }

    /// Sends one part until it is taken. Each try asks for a new address, so that none is too old.
    async fn send_part(
        &self,
        file: &SourceFile,
        upload: &Upload,
        number: u32,
        bar: &ProgressBar,
    ) -> Result<(), CliError> {
        // Nobody closes it.
        let _slot = self.slots.acquire().await;
        let mut wait = FIRST_WAIT;
        let mut tries = 1;
        loop {
            let signed = self.api.sign_part(&upload.id, number).await?;
            let meter = Meter::new(bar);
            let Some(reason) = self.put(file, upload, signed, &meter).await? else {
                return Ok(());
            };
            meter.take_back();
            if tries == TRIES {
                let name = file.name.clone();
                return Err(CliError::Part {
                    name,
                    number,
                    reason,
                });
            }
            tries += 1;
            tokio::time::sleep(wait).await;
            wait = LONGEST_WAIT.min(2 * wait);
        }
    }

    /// Puts a part to its address; gives the reason when it was not taken.
    async fn put(
        &self,
        file: &SourceFile,
        upload: &Upload,
        part: SignedPart,
        meter: &Meter,
    ) -> Result<Option<String>, CliError> {
        let start = u64::from(part.number.saturating_sub(1)) * upload.part_size;
        let range = start..file.size.min(start + upload.part_size);
        let length = range.end.saturating_sub(range.start);
        let body = parts::body(&file.path, range, meter.clone()).await;
        let body = body.map_err(CliError::file(&file.path))?;
        let mut request =
            Request::put(http::uri(&part.url)?).header(header::CONTENT_LENGTH, length);
        for (name, value) in &part.headers {
            request = request.header(name, value);
        }
        let request = request.body(body);
        let request =
            request.map_err(|_| HttpError::NoAddress("the address of a part".to_owned()))?;
        let patience = PATIENCE + Duration::from_secs(length / SLOWEST);
        Ok(match self.api.http().send(request, patience).await {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("storage answered {}", answer.status())),
            Err(error) => Some(error.to_string()),
        })
    }
}

/// Numbers of the parts that have not arrived, in order.
fn absent(upload: &Upload) -> Vec<u32> {
    let there = upload.parts.iter().map(|part| UploadedPart {
        number: part.number,
        size: part.size,
    });
    let there: Vec<UploadedPart> = there.collect();
    missing(Parts::new(upload.size, upload.part_size), &there)
}

/// Bytes of these parts together.
fn bytes_of(upload: &Upload, numbers: &[u32]) -> u64 {
    let parts = Parts::new(upload.size, upload.part_size);
    let ranges = numbers.iter().filter_map(|number| parts.range(*number));
    ranges.map(|range| range.end - range.start).sum()
}

/// SHA-256 of a file in hexadecimal digits.
async fn checksum(path: &Path, bar: &ProgressBar) -> std::io::Result<String> {
    let mut file = File::open(path).await?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        let length = file.read(&mut block).await?;
        let Some(bytes) = block.get(..length).filter(|bytes| !bytes.is_empty()) else {
            return Ok(hex(&hash.finalize()));
        };
        hash.update(bytes);
        bar.inc(bytes.len() as u64);
    }
}
