//! `estimate`: what a file will become, before anything is spent.
//!
//! The file is probed and planned with the code of the stage segment, and priced with the cost
//! model that decides who encodes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::cost::estimate::{DEFAULT_CAPACITY, Estimate};
use domain::cost::{Capacity, Worker, prices};
use domain::ladder::{AudioRung, VideoRung};
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::plan::Plan;
use domain::profile::Profile;
use ffmpeg::{MediaInput, ProbeError, Tools};
use serde::Serialize;
use tokio::time::Instant;

use super::profile;
use crate::arguments::EstimateArgs;
use crate::environment::Environment;
use crate::error::CliError;
use crate::local_stack::LocalStack;
use crate::ui::Ui;
use crate::words::{bytes, clock, dollars, duration, printable};

/// Longest probe of a file: one without an index is read through.
const PATIENCE: Duration = Duration::from_hours(1);

/// An estimate as JSON has it.
#[derive(Serialize)]
struct Document<'a> {
    file: String,
    duration_ms: u64,
    video: &'a [VideoRung],
    audio: &'a [AudioRung],
    #[serde(flatten)]
    estimate: Estimate,
    currency: &'static str,
    prices: &'static str,
}

/// Probes and plans a file, and says what that comes to.
///
/// # Errors
/// [`CliError::Probe`], [`CliError::Plan`], [`CliError::NoProgram`] without ffprobe.
pub(crate) async fn run(
    args: &EstimateArgs,
    environment: &Environment,
    ui: Ui,
) -> Result<(), CliError> {
    let profile = match &args.profile {
        Some(file) => profile::read(file)?,
        None => Profile::default(),
    };
    let tools = tools(args, environment)?;
    let size = std::fs::metadata(&args.file)
        .map_err(CliError::file(&args.file))?
        .len();
    let file = args.file.display().to_string();
    let deadline = Instant::now() + PATIENCE;
    let probed = ffmpeg::probe(&tools, &MediaInput::file(&args.file), size, deadline).await;
    let probed = probed.map_err(|reason| match reason {
        ProbeError::Run(error) => CliError::Tool(error),
        reason => CliError::Probe {
            file: file.clone(),
            reason,
        },
    })?;
    let version = tools.version(deadline).await?;
    let request = SegmentInput::new(source(&args.file, size), profile);
    let plan = Plan::new(&request, probed.probe, version);
    let plan = plan.map_err(|reason| CliError::Plan {
        file: file.clone(),
        reason,
    })?;
    let capacity = Capacity {
        batch: !args.no_batch,
        ..DEFAULT_CAPACITY
    };
    let milliseconds = plan.duration * domain::time::Rational::whole(1000);
    let document = Document {
        file,
        duration_ms: u64::try_from(milliseconds.round()).unwrap_or(0),
        video: plan.video.as_ref().map_or(&[], |video| &video.rungs),
        audio: plan.audio.as_ref().map_or(&[], |audio| &audio.rungs),
        estimate: Estimate::of(&plan, &probed.keyframes, &capacity),
        currency: "USD",
        prices: prices::SOURCE,
    };
    ui.result(&document, || describe(&document));
    Ok(())
}

/// The file as an upload would be; a plan depends on nothing of it.
fn source(file: &Path, size: u64) -> SourceObject {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    SourceObject {
        object: ObjectRef {
            bucket: BucketName::new("estimate"),
            key: ObjectKey::new(name),
        },
        version: None,
        etag: String::new(),
        size,
    }
}

/// ffprobe from the argument, the environment, a local stack or the search path, with ffmpeg of the
/// same build.
fn tools(args: &EstimateArgs, environment: &Environment) -> Result<Tools, CliError> {
    let named = args.ffprobe.clone().or_else(|| environment.ffprobe.clone());
    let folder = std::env::current_dir().unwrap_or_default();
    let local = || Some(LocalStack::around(&folder).into_iter().next()?.ffprobe);
    let ffprobe = named
        .or_else(local)
        .or_else(|| environment.program("ffprobe"));
    let missing = |program| CliError::NoProgram {
        program,
        advice: "install ffmpeg, or name its ffprobe with --ffprobe or MILLRACE_FFPROBE",
    };
    let ffprobe = ffprobe.ok_or(missing("ffprobe"))?;
    let ffmpeg = beside(&ffprobe).ok_or(missing("ffmpeg"))?;
    Ok(Tools::new(ffmpeg, ffprobe))
}

/// The ffmpeg of the same build: the same file name, but for the program's own.
fn beside(ffprobe: &Path) -> Option<PathBuf> {
    let name = ffprobe.file_name()?.to_str()?;
    Some(ffprobe.with_file_name(name.replacen("ffprobe", "ffmpeg", 1)))
}

fn describe(document: &Document<'_>) -> String {
    let Document { estimate, .. } = document;
    let mut text = format!(
        "{}: {}\n",
        printable(&document.file),
        clock(document.duration_ms)
    );
    let mut line = |name: &str, value: String| {
        // A text takes all that is written to it.
        let _ = writeln!(text, "  {name:<10} {value}");
    };
    for VideoRung {
        id,
        width,
        height,
        max_rate,
    } in document.video
    {
        line(
            "picture",
            format!(
                "{:<10} {width}x{height}, up to {} kbit/s",
                id.as_str(),
                max_rate.0 / 1000
            ),
        );
    }
    for AudioRung { id, bit_rate } in document.audio {
        line(
            "sound",
            format!("{:<10} {} kbit/s", id.as_str(), bit_rate.0 / 1000),
        );
    }
    let chunks = (estimate.video_chunks, estimate.audio_chunks);
    line(
        "chunks",
        format!(
            "{} of picture, {} of sound, at the same time",
            chunks.0, chunks.1
        ),
    );
    line(
        "encoders",
        match estimate.worker {
            Worker::Function => "functions".to_owned(),
            Worker::Batch => "AWS Batch: the chunks are too much for functions".to_owned(),
        },
    );
    line("CPU time", duration(estimate.cpu_ms));
    line(
        "ready in",
        format!("about {}", duration(estimate.elapsed_ms)),
    );
    let cost = estimate.cost;
    line(
        "cost",
        format!(
            "about {} (functions {}, Batch {}, steps {}, requests {})",
            dollars(cost.total),
            dollars(cost.functions),
            dollars(cost.batch),
            dollars(cost.steps),
            dollars(cost.requests),
        ),
    );
    line(
        "to keep",
        format!(
            "up to {}, {} each month",
            bytes(estimate.largest_bytes),
            dollars(estimate.storage_micros),
        ),
    );
    line("prices", document.prices.to_owned());
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ffmpeg_lies_beside_ffprobe_under_the_same_name() {
        let ffmpeg = |path: &str| beside(Path::new(path));
        assert_eq!(
            ffmpeg("/opt/ffprobe-linux-x64"),
            Some("/opt/ffmpeg-linux-x64".into())
        );
        assert_eq!(ffmpeg("ffprobe"), Some("ffmpeg".into()));
    }
}
